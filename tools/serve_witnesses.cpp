#include "tools/serve_witnesses.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/ssl/context.hpp>
#include <utility>

#include "tools/audit_closed.hpp"
#include "tools/web_address.hpp"

namespace tokenledger {
namespace {

WitnessPeer peer_of(const NamedWitness& witness, const std::string& file,
                    bool allow_insecure_http) {
  const auto what = escape_control(file) + ": the witness " + witness.name;
  if (witness.url.empty())
    throw Failure{ExitCode::usage, what + " has no URL, so it can't be asked"};
  const auto address = parse_web_address(what, witness.url);
  if (!address.is_https && !address.is_loopback() && !allow_insecure_http) {
    throw Failure{ExitCode::usage,
                  what + " is named by plain http: use https, or say --allow-insecure-http"};
  }
  auto path = address.path;
  while (path.ends_with('/')) path.pop_back();
  return {.is_https = address.is_https,
          .is_loopback = address.is_loopback(),
          .host = address.host,
          .port = address.port,
          .authority = address.authority(),
          .path = path + "/add-checkpoint"};
}

void require_certificates(const std::string& file) {
  if (file.empty()) return;
  boost::asio::ssl::context trust{boost::asio::ssl::context::tls_client};
  boost::system::error_code error;
  trust.load_verify_file(file, error);
  if (error) throw Failure{ExitCode::usage, "--witness-ca names no file of PEM certificates"};
}

}  // namespace

ServeWitnesses::ServeWitnesses(const std::string& policy_file, const std::string& ca_file,
                               bool allow_insecure_http)
    : policy_file_{policy_file} {
  if (policy_file.empty()) return;
  std::string why;
  auto policy = parse_tlog_policy(read_text(policy_file, kTlogPolicyBytesMax + 1), why);
  if (!policy)
    throw Failure{ExitCode::usage, escape_control(policy_file) + ": " + escape_control(why)};
  if (policy->witnesses.size() > kAskedWitnessesMax) {
    throw Failure{ExitCode::usage, escape_control(policy_file) + ": more than " +
                                       std::to_string(kAskedWitnessesMax) + " witnesses"};
  }
  if (policy->witnesses.empty()) {
    throw Failure{ExitCode::usage,
                  escape_control(policy_file) + " names no witness" +
                      (policy->unread_witnesses.empty() ? "" : " whose key can be verified here")};
  }
  for (const auto& name : policy->unread_witnesses) {
    spdlog::warn(
        "{}: the witness {} is not asked: its key is of a type that can't be verified here",
        escape_control(policy_file), name);
  }
  for (const auto& witness : policy->witnesses)
    options_.peers.push_back(peer_of(witness, policy_file, allow_insecure_http));
  require_certificates(ca_file);
  options_.ca_file = ca_file;
  logs_ = policy->logs;
  has_unread_logs_ = policy->has_unread_logs;
  const bool tells = std::ranges::any_of(options_.peers, &WitnessPeer::is_itself);
  board_ = std::make_shared<WitnessBoard>(std::move(*policy), tells);
}

void ServeWitnesses::add_options(CLI::App* command, std::string& policy_file,
                                 std::string& ca_file) {
  auto* policy = command->add_option(
      "--witness-policy", policy_file,
      "Ask the witnesses in this file (C2SP tlog-policy) to cosign every checkpoint, and refuse a "
      "directory older than what one of them saw");
  command
      ->add_option("--witness-ca", ca_file,
                   "PEM certificates that witnesses' are verified with (the system's)")
      ->needs(policy);
}

void ServeWitnesses::confirm_in(LedgerOptions& opening) const {
  if (board_ == nullptr) return;
  opening.confirm_newest = [this](const NewestCheckpoint& newest, std::string& why) {
    // A Failure, because it is the command line that is wrong; nothing was written yet.
    if (!is_for(newest.vkey)) {
      throw Failure{ExitCode::usage, escape_control(policy_file_) +
                                         " is a policy for other logs; this one is " + newest.vkey};
    }
    if (newest.note.empty()) return Result<void>{};
    auto confirmed = WitnessAsker::confirm(*board_, options_, newest, why);
    if (!confirmed && why.empty())
      why = "the witnesses can't be asked: " + confirmed.error().message();
    return confirmed;
  };
}

// A line that could not be read names another log: this one's key is of a type that can be.
bool ServeWitnesses::is_for(const std::string& vkey) const {
  if (logs_.empty() && !has_unread_logs_) return true;
  return std::ranges::any_of(logs_, [&](const NoteVerifier& log) { return log.vkey() == vkey; });
}

std::unique_ptr<WitnessAsker> ServeWitnesses::start(
    const Ledger& ledger, std::function<void(const std::string&)> on_older_copy) const {
  if (board_ == nullptr) return nullptr;
  auto options = options_;
  options.on_older_copy = std::move(on_older_copy);
  auto asker = WitnessAsker::start(ledger, board_, std::move(options));
  return require("ask the witnesses", std::move(asker));
}

}  // namespace tokenledger

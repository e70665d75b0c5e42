// `tokenledger token`: issue, list, show, check and revoke, on a directory that nobody has open;
// all but issue also on a running server with --url.
#include <algorithm>
#include <memory>

#include "api/rfc3339.hpp"
#include "tools/offline_ledger.hpp"
#include "tools/remote_tokens.hpp"
#include "tools/token_record.hpp"

namespace tokenledger {
namespace {

struct TokenOptions {
  std::string jti;
  std::string name;
  std::string audience;
  std::string client_id;
  std::string owner;
  std::vector<std::string> scopes;
  std::optional<std::uint32_t> expires_in_days;
  std::optional<std::uint32_t> expires_in_seconds;
  std::string expires_at;
  std::string out;
  std::string file;
  std::string status;
  std::string reason;
  std::uint32_t limit = 100;
};

// Exactly one of the three (R03).
void apply_expiry(const TokenOptions& options, IssueRequest& request) {
  const int given = (options.expires_in_days ? 1 : 0) + (options.expires_in_seconds ? 1 : 0) +
                    (options.expires_at.empty() ? 0 : 1);
  if (given != 1) {
    throw Failure{ExitCode::usage,
                  "say when the token expires: --expires-in-days, --expires-in-seconds or "
                  "--expires-at, one of them"};
  }
  request.lifetime_s = options.expires_in_seconds;
  if (options.expires_in_days) request.lifetime_s = *options.expires_in_days * 86'400;
  if (options.expires_at.empty()) return;
  const auto parsed = parse_rfc3339_or_date(options.expires_at);
  if (!parsed) {
    throw Failure{ExitCode::usage,
                  "--expires-at wants 2026-12-31T12:00:00Z, or 2026-12-31 for the end of that day "
                  "in UTC"};
  }
  request.expires_at = *parsed;
}

ExitCode issue_token(const CommandLine& line, const TokenOptions& options) {
  IssueRequest request;
  apply_expiry(options, request);
  request.client_id = options.client_id;
  request.audience = options.audience;
  request.scopes = options.scopes;
  request.name = options.name;
  request.owner = options.owner;
  SecretFile file{options.out};
  const auto ledger = open_offline(line);
  const auto issued = require("issue the token", ledger->issue(std::move(request)));
  Record answer;
  if (file.is_stdout()) {
    answer.emplace_back("token", issued.token);
  } else {
    file.write(issued.token);
  }
  const auto listed = require("read the token back", ledger->token(issued.index));
  for (auto& field : token_record(*ledger, listed)) answer.push_back(std::move(field));
  print(render(answer, line.format));
  return ExitCode::ok;
}

std::optional<TokenStatus> status_from_name(const std::string& name) {
  for (const auto status : {TokenStatus::active, TokenStatus::revoked, TokenStatus::expired}) {
    if (status_name(status) == name) return status;
  }
  return std::nullopt;
}

// --data or --url, one of them.
bool is_remote(const CommandLine& line) {
  if (line.data.empty() == line.url.empty())
    throw Failure{ExitCode::usage, "name the ledger with --data DIR, or a server with --url URL"};
  return !line.url.empty();
}

ExitCode list_tokens(const CommandLine& line, const TokenOptions& options) {
  if (is_remote(line)) return remote_list(line, options.client_id, options.status, options.limit);
  const auto ledger = open_offline(line);
  Ledger::ListRequest request;
  request.client_id = options.client_id;
  request.status = status_from_name(options.status);
  Listing listing{token_list_columns(), token_columns(), {}, {}};
  std::uint64_t total = 0;
  bool is_lower_bound = false;
  for (bool is_first = true;; is_first = false) {
    const auto left = options.limit - listing.items.size();
    request.limit = static_cast<std::uint32_t>(std::min<std::size_t>(left, kPageRowsMax));
    const auto list = require("list the tokens", ledger->list(request));
    for (const auto& token : list.page.tokens)
      listing.items.push_back(token_record(*ledger, token));
    if (is_first) {
      total = list.page.total;
      is_lower_bound = list.page.total_is_lower_bound;
      listing.summary = {{"as_of_seq", list.as_of_seq.value()},
                         {"as_of_time", format_rfc3339(list.as_of_time)}};
    }
    if (!list.page.below || listing.items.size() >= options.limit) break;
    request.below = list.page.below;
    request.as_of_seq = list.as_of_seq;
    request.as_of_time = list.as_of_time;
  }
  listing.summary.emplace_back("total", total);
  listing.summary.emplace_back("total_is_lower_bound", is_lower_bound);
  print(render(listing, line.format));
  return ExitCode::ok;
}

TokenIndex index_of(const Ledger& ledger, const std::string& jti) {
  const auto index = ledger.index_of(jti);
  if (!index) fail("find the token", Errc::token_not_found);
  return *index;
}

ExitCode show_token(const CommandLine& line, const std::string& jti) {
  if (is_remote(line)) return remote_show(line, jti);
  const auto ledger = open_offline(line);
  const auto listed = require("find the token", ledger->token(index_of(*ledger, jti)));
  print(render(token_record(*ledger, listed), line.format));
  return ExitCode::ok;
}

ExitCode check_token(const CommandLine& line, const TokenOptions& options) {
  if (is_remote(line)) return remote_check(line, options.file, options.audience, options.scopes);
  const auto& path = options.file.empty() ? line.token_file : options.file;
  if (path.empty())
    throw Failure{ExitCode::usage, "name the token's file with --file (- is stdin)"};
  const auto token = read_secret(path);
  const auto ledger = open_offline(line);
  const std::vector<std::string_view> scopes{options.scopes.begin(), options.scopes.end()};
  const auto answer = ledger->check_detailed(token, options.audience, scopes);
  print(render(check_record(*ledger, answer), line.format));
  return answer.failure == CheckFailure::none ? ExitCode::ok : ExitCode::refused;
}

ExitCode revoke_token(const CommandLine& line, const TokenOptions& options) {
  if (is_remote(line)) return remote_revoke(line, options.jti, options.reason);
  const auto ledger = open_offline(line);
  const auto index = index_of(*ledger, options.jti);
  Ledger::RevokeRequest request;
  request.reason = options.reason;
  require("revoke the token", ledger->revoke(index, std::move(request)));
  const auto listed = require("read the token back", ledger->token(index));
  print(render(token_record(*ledger, listed), line.format));
  return ExitCode::ok;
}

void add_issue(CLI::App* command, TokenOptions& options) {
  command->add_option("--name", options.name, "A label, stored plain")->required();
  command->add_option("--audience", options.audience, "The API's identifier")->required();
  command->add_option("--scope", options.scopes, "May repeat; absent: all that the grant holds");
  command->add_option("--client", options.client_id,
                      "The client it belongs to; absent: the built-in one for named tokens");
  command->add_option("--owner", options.owner, "Personal: stored encrypted");
  command->add_option("--expires-in-days", options.expires_in_days, "For instance 60, 90, 180, 365")
      ->check(CLI::Range(1, 3650));
  command->add_option("--expires-in-seconds", options.expires_in_seconds)
      ->check(CLI::Range(1u, kTokenLifetimeSecondsMax));
  command->add_option("--expires-at", options.expires_at,
                      "An RFC 3339 time, or a date: the end of that day in UTC");
  command->add_option("--out", options.out,
                      "Write the token to this new 0600 file instead of stdout");
}

}  // namespace

void add_token_commands(CommandLine& line) {
  const auto options = std::make_shared<TokenOptions>();
  auto* group = line.add_group("token", "Tokens");
  const auto add = [&](const std::string& name, const std::string& description,
                       const std::string& example, std::function<ExitCode()> run) {
    auto* command = line.add(group, name, description, example, std::move(run));
    const bool is_offline_only = name == "issue";
    line.add_data_options(command, is_offline_only);
    line.add_format_option(command);
    if (is_offline_only) return command;
    command->add_option("--url", line.url, "A running server instead of --data");
    command->add_option("--token-file", line.token_file,
                        name == "check" ? "With --url the file of the administrator's token; with "
                                          "--data the same as --file"
                                        : "With --url: the file of the administrator's token");
    return command;
  };
  add_issue(add("issue", "Make a token; it is shown once and stored nowhere",
                "token issue --data ./data --name nightly --audience urn:tokenledger:management "
                "--scope check --expires-in-days 90 --out nightly.token",
                [&line, options] { return issue_token(line, *options); }),
            *options);
  auto* list = add("list", "List tokens, newest first", "token list --data ./data --status active",
                   [&line, options] { return list_tokens(line, *options); });
  list->add_option("--client", options->client_id, "Only this client's");
  list->add_option("--status", options->status, "active, revoked or expired")
      ->check(CLI::IsMember({"active", "revoked", "expired"}));
  list->add_option("--limit", options->limit, "At most this many (100)")
      ->check(CLI::Range(1, 1'000'000));
  add("show", "Show one token's row", "token show JTI --data ./data",
      [&line, options] { return show_token(line, options->jti); })
      ->add_option("jti", options->jti, "The token's jti")
      ->required();
  auto* check =
      add("check", "Is this token good right now? Exit code 0: yes, 1: no",
          "token check --data ./data --file nightly.token --audience urn:tokenledger:management",
          [&line, options] { return check_token(line, *options); });
  check->add_option("--file", options->file, "File that holds the token; - is stdin");
  check->add_option("--audience", options->audience, "The API's identifier")->required();
  check->add_option("--scope", options->scopes, "A scope that it must have; may repeat");
  auto* revoke = add("revoke", "Revoke an active token",
                     "token revoke JTI --data ./data --reason 'laptop stolen'",
                     [&line, options] { return revoke_token(line, *options); });
  revoke->add_option("jti", options->jti, "The token's jti")->required();
  revoke->add_option("--reason", options->reason, "Free text, stored encrypted");
}

}  // namespace tokenledger

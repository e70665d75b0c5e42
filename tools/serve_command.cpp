// `tokenledger serve`: one ledger over HTTP until SIGTERM or SIGINT.
#include <pthread.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <memory>

#include "api/service.hpp"
#include "storage/audit.hpp"
#include "storage/ledger_core.hpp"
#include "storage/partial_directory.hpp"
#include "tools/admin_token.hpp"
#include "tools/listening.hpp"
#include "tools/offline_ledger.hpp"
#include "tools/serve_witnesses.hpp"
#include "tools/web_address.hpp"

namespace tokenledger {
namespace {

// Requests that were accepted may finish this long after a signal.
constexpr std::chrono::seconds kStopDeadline{10};
constexpr std::uint32_t kRateMax = 1'000'000;

struct ServeOptions {
  std::string listen = "127.0.0.1:8080";
  std::string issuer;
  unsigned threads = 0;
  std::string durability = "normal";
  std::string anchor;
  bool is_unwatched = false;
  unsigned checkpoint_every_ms = 500;
  bool allow_insecure_http = false;
  std::string tls_certificate;
  std::string tls_key;
  std::string access_log;
  std::string backup_directory;
  unsigned connections_max = 0;  // 0: the default
  TokenRequestRates rates;
  RateLimit sign_in_rate{.per_second = 1, .burst = 20};
  std::string witness_policy;
  std::string witness_ca;
};

// Why the server ends by itself. Outlives the ledger and the asker; the flags are set last.
struct SelfStop {
  std::atomic<bool> is_poisoned{false};
  std::string older_copy;
  std::atomic<bool> is_older_copy{false};
};

// One descriptor per connection; the default of 1024 is for programs that use select().
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);  // what is there then bounds the connections
}

// "RATE:BURST" or "RATE", whose burst is ten seconds' worth; 0: no limit.
std::string parse_rate(const std::string& text, RateLimit* limit) {
  const auto refuse = [] { return std::string{"wants RATE or RATE:BURST, whole numbers"}; };
  const auto number = [](std::string_view digits, std::uint32_t* value) {
    const auto* end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, *value);
    return read.ec == std::errc{} && read.ptr == end && *value <= kRateMax;
  };
  const auto colon = text.find(':');
  RateLimit parsed;
  if (!number(std::string_view{text}.substr(0, colon), &parsed.per_second)) return refuse();
  parsed.burst = std::max(1u, 10 * parsed.per_second);
  if (colon != std::string::npos &&
      (!number(std::string_view{text}.substr(colon + 1), &parsed.burst) || parsed.burst == 0))
    return refuse();
  *limit = parsed;
  return {};
}

void add_rate_option(CLI::App* command, const std::string& name, RateLimit* limit,
                     const std::string& help) {
  command->add_option_function<std::string>(
      name,
      [name, limit](const std::string& text) {
        if (auto why = parse_rate(text, limit); !why.empty()) throw CLI::ValidationError{name, why};
      },
      help);
}

// `$` and quotes of the path stay text for the shell that runs the lines below.
std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char character : text) quoted += character == '\'' ? "'\\''" : std::string{character};
  return quoted + "'";
}

// The first client's first token, in lines to copy. Token and secret travel through pipes and a
// 0600 file: neither is printed nor stands among a process's arguments (INV-5).
std::string quick_start(const std::string& url, const std::filesystem::path& admin_token) {
  return "  umask 077\n"
         "  at() { printf 'Authorization: Bearer %s' \"$(cat " +
         shell_quoted(admin_token.string()) +
         ")\" | curl -sS -H @- -H 'Content-Type: application/json' \"$@\"; }\n"
         "  at " +
         url +
         "/v1/apis -d '{\"identifier\":\"https://api.example/orders\","
         "\"name\":\"Orders\",\"scopes\":[{\"name\":\"read\",\"description\":\"See orders\"}]}'\n"
         "  at " +
         url +
         "/v1/clients -d '{\"client_id\":\"shop\",\"name\":\"Shop\"}' >shop.json\n"
         "  at " +
         url +
         "/v1/client-grants -d '{\"client_id\":\"shop\","
         "\"audience\":\"https://api.example/orders\",\"scopes\":[\"read\"]}'\n"
         "  sed 's/.*\"client_secret\":\"\\([^\"]*\\)\".*/grant_type=client_credentials\\&"
         "client_id=shop\\&client_secret=\\1\\&audience=https:\\/\\/api.example\\/orders/' "
         "shop.json "
         "| curl -sS -d @- " +
         url + "/oauth/token\n";
}

// stdout, so that it stands apart from the log. `admin_token` was made by this start.
void greet(const std::string& url, const std::optional<std::filesystem::path>& admin_token,
           const std::string& data) {
  std::string text = "tokenledger listens on " + url + "\n";
  const auto path = std::filesystem::path{data} / "admin-token";
  std::error_code ignored;
  if (admin_token) {
    text += "the administrator's token, good for 90 days, is in " + admin_token->string() +
            "; a first client and its token, to copy into another shell:\n" +
            quick_start(url, std::filesystem::absolute(*admin_token));
  } else {
    if (std::filesystem::exists(path, ignored))
      text += "the administrator's token made last is in " + path.string() + "\n";
    text += "for a new administrator's token stop this and run: tokenledger admin-token --data " +
            shell_quoted(data) + "\n";
  }
  print(text);
}

// What the tokens of a ledger that this start makes will say for ever (R12): it must be a URL that
// others can use, so nothing is guessed from port 0 or from "all addresses".
void require_lasting_issuer(const CommandLine& line, const ServeOptions& options,
                            const ListenAddress& endpoint) {
  if (!options.issuer.empty()) return require_issuer(options.issuer, options.allow_insecure_http);
  std::error_code ignored;
  const bool is_made = std::filesystem::exists(LedgerPaths{line.data}.head, ignored);
  if (is_made || endpoint.is_nameable()) return;
  throw Failure{ExitCode::usage,
                "a new ledger needs a lasting name for its tokens' `iss`: say --issuer URL, or "
                "listen on one address and a port that is not 0"};
}

// Below the ledger a backup would copy the backups before it.
void require_backup_directory(const CommandLine& line, const ServeOptions& options) {
  if (options.backup_directory.empty()) return;
  std::error_code ignored;
  if (!std::filesystem::is_directory(options.backup_directory, ignored)) {
    throw Failure{ExitCode::usage, "--backup-directory " +
                                       escape_control(options.backup_directory) +
                                       " is no directory: make it first"};
  }
  if (!lies_within(options.backup_directory, line.data)) return;
  throw Failure{ExitCode::usage, "--backup-directory must not lie within the ledger"};
}

// Keys are in what a server left there that was killed while it made a backup.
void remove_unfinished_backups(const ServeOptions& options) {
  if (options.backup_directory.empty()) return;
  std::string why;
  const auto files = make_posix_file_layer();
  const auto count = PartialDirectory::remove_left_behind(*files, options.backup_directory, why);
  if (count != 0) spdlog::warn("removed {} unfinished backups of a server that died", count);
  if (!why.empty()) spdlog::warn("{}", why);
}

std::string scheme_of(const ServeOptions& options) {
  return options.tls_certificate.empty() ? "http://" : "https://";
}

void require_private_transport(const ServeOptions& options, const ListenAddress& endpoint) {
  const bool has_tls = !options.tls_certificate.empty();
  if (endpoint.address.is_loopback() || has_tls || options.allow_insecure_http) return;
  throw Failure{ExitCode::usage,
                "plain HTTP beyond loopback shows every token to the network: give "
                "--tls-certificate and --tls-key, listen on 127.0.0.1 behind a TLS proxy, or say "
                "--allow-insecure-http"};
}

LedgerOptions opening_of(const CommandLine& line, const ServeOptions& options,
                         const ListenAddress& endpoint, SelfStop& self_stop) {
  LedgerOptions opening;
  opening.directory = line.data;
  opening.keyring_key_file = line.keyring_key_file;
  opening.durability = options.durability == "paranoid" ? Durability::paranoid : Durability::normal;
  opening.anchor = options.anchor;
  opening.is_unwatched = options.is_unwatched;
  opening.checkpoint_every = std::chrono::milliseconds{options.checkpoint_every_ms};
  // `iss` stays what it was when the server moves to another address (R12).
  opening.issuer = options.issuer;
  opening.issuer_when_new = scheme_of(options) + endpoint.text(endpoint.port);
  opening.on_warning = [](const std::string& what) { spdlog::warn("{}", what); };
  // Ends the wait for signals, which then leaves without a snapshot: what is on disk decides.
  opening.on_poisoned = [&self_stop, main_thread = ::pthread_self()](const std::string& what) {
    spdlog::critical("the ledger is poisoned, stopping: {}", what);
    self_stop.is_poisoned.store(true);
    ::pthread_kill(main_thread, SIGTERM);
  };
  return opening;
}

using FirstAdminToken = std::optional<std::filesystem::path>;

std::unique_ptr<ApiServer> start_server(Ledger& ledger, const ServeOptions& options,
                                        const ListenAddress& endpoint,
                                        const FirstAdminToken& admin_token,
                                        std::shared_ptr<WitnessBoard> witnesses) {
  const bool has_tls = !options.tls_certificate.empty();
  ApiServerOptions serving;
  serving.http.address = endpoint.address.to_string();
  serving.http.port = endpoint.port;
  serving.http.io_thread_count = options.threads;
  if (options.connections_max != 0)
    serving.http.limits.connection_count_max = options.connections_max;
  serving.access_log = options.access_log;
  serving.api.token_request_rates = options.rates;
  serving.api.sign_in_rates.per_address = pace_of(options.sign_in_rate);
  serving.api.backup_directory = options.backup_directory;
  serving.api.witnesses = std::move(witnesses);
  if (has_tls) serving.http.tls = {options.tls_certificate, options.tls_key};
  auto server = ApiServer::start(ledger, serving);
  if (!server && has_tls && server.error() == Errc::invalid_argument) {
    throw Failure{ExitCode::usage,
                  "--tls-certificate or --tls-key can't be used; the line above says why"};
  }
  if (!server) {
    throw Failure{
        ExitCode::cannot_open,
        "can't listen on " + endpoint.text(endpoint.port) + ": " +
            explain(to_errc(server.error())) +
            (admin_token ? ". The administrator's token is in " + admin_token->string() : "")};
  }
  return std::move(*server);
}

void serve_until_told_to_stop(ApiServer& server, const sigset_t& signals) {
  int received = 0;
  while (sigwait(&signals, &received) != 0 || received == SIGHUP) {
    if (received == SIGHUP) (void)server.reload();  // the log says what came of it
    received = 0;
  }
  spdlog::info("stopping");
  if (!server.stop(kStopDeadline)) spdlog::warn("some requests were cut off");
}

ExitCode serve(const CommandLine& line, const ServeOptions& options) {
  const auto endpoint = parse_listen(options.listen);
  require_private_transport(options, endpoint);
  require_lasting_issuer(line, options, endpoint);
  require_backup_directory(line, options);
  log_to_stderr();
  raise_descriptor_limit();
  const auto signals = block_signals();
  SelfStop self_stop;
  const ServeWitnesses witnesses{options.witness_policy, options.witness_ca,
                                 options.allow_insecure_http};
  auto opening = opening_of(line, options, endpoint, self_stop);
  witnesses.confirm_in(opening);
  const auto ledger = open_ledger(std::move(opening));
  if (Audit{*ledger}.awaits_keeper()) {
    throw Failure{
        ExitCode::usage,
        "this ledger was served with an anchor or witnesses: give --anchor FILE (an empty "
        "file begins a new one) or --witness-policy FILE as before, or --unwatched to do "
        "without what is not given from now on"};
  }
  // A poisoned ledger signs nothing more, not even when it closes.
  auto asker = witnesses.start(*ledger, [&](const std::string& what) {
    self_stop.older_copy = what;
    self_stop.is_older_copy.store(true);
    ledger->core().poison(what);
  });
  remove_unfinished_backups(options);
  const auto admin_token = make_first_admin_token(*ledger);
  auto server = start_server(*ledger, options, endpoint, admin_token, witnesses.board());
  const auto url = scheme_of(options) + endpoint.text(server->port());
  spdlog::info("serving {} on {}, seq {}", line.data, url, ledger->committed().value());
  greet(url, admin_token, line.data);
  serve_until_told_to_stop(*server, signals);
  server.reset();
  asker.reset();
  const auto closed = ledger->close();
  if (self_stop.is_older_copy.load()) throw Failure{ExitCode::difference, self_stop.older_copy};
  if (self_stop.is_poisoned.load()) {
    throw Failure{ExitCode::unknown_outcome,
                  "a write failed: what was not answered may or may not have happened; start again "
                  "to find out"};
  }
  if (!closed) spdlog::warn("closing: {}", explain(to_errc(closed.error())));
  return ExitCode::ok;
}

}  // namespace

void add_serve_command(CommandLine& line) {
  static ServeOptions options;
  auto* command = line.add_offline(
      line.app,
      {"serve",
       "Serve the ledger at DIR over HTTP; an empty directory becomes a new ledger, with the "
       "administrator's token in DIR/admin-token",
       "serve --data ./data --listen 127.0.0.1:8080", [&line] { return serve(line, options); }});
  command->add_option("--listen", options.listen, "ADDRESS:PORT (127.0.0.1:8080); port 0: any");
  command->add_option(
      "--issuer", options.issuer,
      "`iss` of the tokens, an https URL; absent: as at the first start, where it is "
      "http://ADDRESS:PORT");
  command->add_option("--threads", options.threads, "I/O threads (one per processor)")
      ->check(CLI::Range(1, 256));
  command->add_option("--durability", options.durability, "normal, or paranoid: HEAD per batch")
      ->check(CLI::IsMember({"normal", "paranoid"}));
  command->add_option("--anchor", options.anchor,
                      "Keep the newest checkpoint in this file, best on another disk, and refuse a "
                      "directory older than it; make it empty to begin one for a ledger that is "
                      "there already");
  command->add_flag("--unwatched", options.is_unwatched,
                    "Do without the anchor or the witnesses that the ledger had and that are not "
                    "given now; delete such an anchor's file");
  command
      ->add_option("--checkpoint-every", options.checkpoint_every_ms,
                   "Milliseconds until a signed checkpoint covers an event (500)")
      ->check(CLI::Range(10, 1'000));
  command
      ->add_option("--connections-max", options.connections_max,
                   "Open connections (8192); further ones are answered 503")
      ->check(CLI::Range(1, 1'000'000));
  command->add_option("--access-log", options.access_log,
                      "Append a JSON line per request to this file; - is stdout. SIGHUP opens the "
                      "file anew");
  command->add_option("--backup-directory", options.backup_directory,
                      "Where POST /v1/backups (ledger:backup) makes backups; absent: nowhere");
  add_rate_option(
      command, "--token-rate-per-client", &options.rates.per_client,
      "Token requests per second of one client that proves itself: RATE[:BURST] (500:5000); "
      "0: no limit");
  add_rate_option(
      command, "--token-rate-per-address", &options.rates.per_address,
      "The same of one address or IPv6 /64 (2000:20000); behind a proxy all share its own");
  add_rate_option(
      command, "--failed-authentication-rate", &options.rates.failed_per_address,
      "Failed client authentications of one address (5:200); beyond: 429 instead of 401");
  add_rate_option(command, "--sign-in-rate-per-address", &options.sign_in_rate,
                  "Wrong passwords of one address or IPv6 /64 (1:20); behind a proxy all share its "
                  "own, so give it as many as all people there may get wrong; 0: no limit. An "
                  "account has 5, then one in 30 seconds");
  ServeWitnesses::add_options(command, options.witness_policy, options.witness_ca);
  auto* certificate = command->add_option(
      "--tls-certificate", options.tls_certificate,
      "Serve HTTPS with this PEM chain, the server's own first; SIGHUP reads it again");
  auto* key = command->add_option("--tls-key", options.tls_key, "Its PEM key, not encrypted");
  certificate->needs(key);
  key->needs(certificate);
  command->add_flag("--allow-insecure-http", options.allow_insecure_http,
                    "Plain HTTP on an address that is not loopback, and to such witnesses");
}

}  // namespace tokenledger

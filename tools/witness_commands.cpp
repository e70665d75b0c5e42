// `tokenledger witness`: a witness for transparency logs (C2SP tlog-witness), for tests and for
// people who have a second machine.
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <filesystem>

#include "api/http_server.hpp"
#include "api/witness_endpoints.hpp"
#include "core/witness_request.hpp"
#include "storage/durable_file.hpp"
#include "storage/random.hpp"
#include "storage/witness.hpp"
#include "tools/audit_closed.hpp"
#include "tools/command_line.hpp"
#include "tools/listening.hpp"

namespace tokenledger {
namespace {

constexpr std::chrono::seconds kStopDeadline{10};
constexpr std::size_t kKeyFileBytesMax = 1'024;
constexpr unsigned kWorkers = 2;

struct WitnessOptions {
  std::string name;
  std::string key_file;
  std::string listen = "127.0.0.1:8090";
  std::string state;
  std::vector<std::string> logs;
  std::string tls_certificate;
  std::string tls_key;
};

// 0600 and never over another file: a witness that changes its key is another witness.
ExitCode make_key(const WitnessOptions& options) {
  SecretBytes seed{std::tuple_size_v<Digest>};
  fill_random(seed.writable());
  const auto key = format_cosigner_key(options.name, seed.view());
  if (!key) {
    throw Failure{ExitCode::usage,
                  "a witness's name is text without spaces and '+', best a host and a path: "
                  "witness.example/first"};
  }
  const auto signer = require("make a key", parse_cosigner_key(text_of(key->view())));
  const auto files = make_posix_file_layer();
  const auto written = create_durably(*files, options.key_file, key->view());
  if (!written) fail("write " + escape_control(options.key_file), written.error());
  print(signer.verifier().vkey() + "\n");
  return ExitCode::ok;
}

NoteSigner read_key(const std::string& path) {
  struct stat status{};
  const bool is_there = ::stat(path.c_str(), &status) == 0;
  if (is_there && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw Failure{ExitCode::usage,
                  escape_control(path) + " can be read by others: chmod 600, or make a new key"};
  }
  auto text = read_text(path, kKeyFileBytesMax);
  auto signer = parse_cosigner_key(text);
  wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  if (!signer) {
    throw Failure{ExitCode::usage, escape_control(path) +
                                       " holds no witness's key: see `tokenledger witness keygen`"};
  }
  return std::move(*signer);
}

std::shared_ptr<Witness> open_witness(const WitnessOptions& options) {
  Witness::Options opening{.directory = options.state};
  for (const auto& text : options.logs) {
    auto key = NoteVerifier::from_vkey(read_vkey(text));
    if (!key) throw Failure{ExitCode::usage, "--log wants a vkey, or a file that holds one"};
    opening.logs.push_back(std::move(*key));
  }
  std::string why;
  auto witness = Witness::open(std::move(opening), read_key(options.key_file), why);
  if (witness) return std::move(*witness);
  const bool is_usage =
      witness.error() == Errc::invalid_argument || witness.error() == Errc::too_large;
  throw Failure{is_usage ? ExitCode::usage : ExitCode::cannot_open, why};
}

ExitCode serve(const WitnessOptions& options) {
  const auto endpoint = parse_listen(options.listen);
  log_to_stderr();
  const auto signals = block_signals();
  const auto witness = open_witness(options);
  const auto workers = std::make_shared<WorkerPool>(kWorkers, kWitnessJobsMax);
  HttpRouter router;
  add_witness_endpoints(router, witness, workers);
  HttpServerOptions serving;
  serving.address = endpoint.address.to_string();
  serving.port = endpoint.port;
  serving.io_thread_count = 1;
  const bool has_tls = !options.tls_certificate.empty();
  if (has_tls) serving.tls = {options.tls_certificate, options.tls_key};
  auto server = HttpServer::start(std::move(router), serving);
  if (!server) {
    throw Failure{ExitCode::cannot_open, "can't listen on " + endpoint.text(endpoint.port) + ": " +
                                             explain(to_errc(server.error()))};
  }
  print("tokenledger witness " + witness->verifier().vkey() + " listens on " +
        (has_tls ? "https://" : "http://") + endpoint.text((*server)->port()) + "\n");
  int received = 0;
  while (sigwait(&signals, &received) != 0 || received == SIGHUP) {
    if (received == SIGHUP) (void)(*server)->reload_tls();  // the log says what came of it
    received = 0;
  }
  (void)(*server)->stop(kStopDeadline);
  workers->stop();
  return ExitCode::ok;
}

void add_key_file(CLI::App* command, WitnessOptions& options, const std::string& help) {
  command->add_option("--key-file", options.key_file, help)->required();
}

void add_serve(CommandLine& line, CLI::App* group, WitnessOptions& options) {
  auto* command = line.add(
      group,
      {"serve",
       "Cosign checkpoints of the named logs, each only while it extends the last one cosigned. "
       "Keep DIR: a witness that forgot what it cosigned must not use its key again",
       "witness serve --listen 127.0.0.1:8090 --state ./witness --key-file witness.key "
       "--log log.vkey",
       [&options] { return serve(options); }});
  command->add_option("--listen", options.listen, "ADDRESS:PORT (127.0.0.1:8090); port 0: any");
  command->add_option("--state", options.state, "DIR; one file per log, made when missing")
      ->required();
  add_key_file(command, options, "As `witness keygen` made it");
  command->add_option("--log", options.logs, "A log's vkey, or a file that holds it; repeat it")
      ->required();
  auto* certificate = command->add_option(
      "--tls-certificate", options.tls_certificate,
      "Serve HTTPS with this PEM chain, the server's own first; SIGHUP reads it again");
  auto* key = command->add_option("--tls-key", options.tls_key, "Its PEM key, not encrypted");
  certificate->needs(key);
  key->needs(certificate);
}

}  // namespace

void add_witness_commands(CommandLine& line) {
  static WitnessOptions options;
  auto* group = line.add_group("witness", "Watch other logs, so that none shows two histories",
                               "witness keygen witness.example/first --key-file witness.key");
  auto* keygen =
      line.add(group, {"keygen", "Make a witness's key, and print its public half as a vkey",
                       "witness keygen witness.example/first --key-file witness.key",
                       [] { return make_key(options); }});
  keygen->add_option("name", options.name, "Best a host and a path; it can't be changed")
      ->required();
  add_key_file(keygen, options, "A new file, readable by you alone");
  add_serve(line, group, options);
}

}  // namespace tokenledger

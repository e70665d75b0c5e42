// The program: parses the command line, runs one subcommand, and turns its end into an exit code.
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdio>
#include <exception>

#include "tools/command_line.hpp"

namespace tokenledger {
namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 done; 1 refused, or no such thing; 2 wrong usage; 3 the ledger can't be opened; "
    "4 a verification found a difference; 5 unknown outcome, look before you repeat.\n\n"
    "Example:\n  tokenledger serve --data ./data --listen 127.0.0.1:8080";

// A core file or a debugger of another process of this user would show every key (INV-5).
void forbid_core_dumps() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
}

int run(int argc, char** argv) {
  CLI::App app{"tokenledger: an OAuth 2.0 token service whose memory is an append-only ledger"};
  app.name("tokenledger");
  app.require_subcommand(1);
  app.footer(kExitCodes);
  app.set_version_flag("--version", "tokenledger " TOKENLEDGER_VERSION);
  CommandLine line{&app};
  add_serve_command(line);
  add_admin_token_command(line);
  add_client_commands(line);
  add_api_commands(line);
  add_grant_commands(line);
  add_token_commands(line);
  add_note_commands(line);
  add_replay_commands(line);
  add_views_commands(line);
  add_recover_command(line);
  line.add(&app, "version", "Print the version", "version", [] {
    print("tokenledger " TOKENLEDGER_VERSION "\n");
    return ExitCode::ok;
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::usage);
  }
  try {
    return static_cast<int>(line.action());
  } catch (const Failure& failure) {
    std::fprintf(stderr, "tokenledger: %s\n", failure.what());
    return static_cast<int>(failure.code());
  }
}

}  // namespace
}  // namespace tokenledger

int main(int argc, char** argv) {
  tokenledger::forbid_core_dumps();
  try {
    return tokenledger::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tokenledger: %s\n", error.what());
    return static_cast<int>(tokenledger::ExitCode::refused);
  }
}

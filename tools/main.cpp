// The program: parses the command line, runs one subcommand, and turns its end into an exit code.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <utility>

#include "tools/arguments.hpp"
#include "tools/command_line.hpp"

namespace tokenledger {
namespace {

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
  app.footer("Exit codes:\n" + exit_code_text() + "\n" + configuration_text() +
             "\nExample:\n  tokenledger serve --data ./data --listen 127.0.0.1:8080");
  app.set_version_flag("--version", "tokenledger " TOKENLEDGER_VERSION);
  CommandLine line{&app};
  add_serve_command(line);
  add_admin_token_command(line);
  add_client_commands(line);
  add_key_commands(line);
  add_api_commands(line);
  add_grant_commands(line);
  add_token_commands(line);
  add_introspect_command(line);
  add_revoke_all_command(line);
  add_events_command(line);
  add_note_commands(line);
  add_owner_commands(line);
  add_user_commands(line);
  add_group_commands(line);
  add_consent_commands(line);
  add_status_command(line);
  add_replay_commands(line);
  add_views_commands(line);
  add_audit_commands(line);
  add_recover_command(line);
  add_migrate_command(line);
  add_backup_command(line);
  add_restore_command(line);
  add_witness_commands(line);
  add_completion_command(line);
  add_man_command(line);
  line.add(&app, {"version", "Print the version", "version", [] {
                    print("tokenledger " TOKENLEDGER_VERSION "\n");
                    return ExitCode::ok;
                  }});
  line.settings.attach(app);
  try {
    auto arguments = arrange_arguments(app, {argv + 1, argv + argc});
    std::ranges::reverse(arguments);  // as CLI11 wants them
    app.parse(std::move(arguments));
    return static_cast<int>(line.action());
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::usage);
  } catch (const Failure& failure) {
    std::fprintf(stderr, "tokenledger: %s\n", failure.what());
    if (!line.was_changed || failure.code() == ExitCode::unknown_outcome)
      return static_cast<int>(failure.code());
    std::fputs("tokenledger: but what was asked for is done and durable: look, don't repeat it\n",
               stderr);
    return static_cast<int>(ExitCode::done_unsaid);
  }
}

}  // namespace
}  // namespace tokenledger

int main(int argc, char** argv) {
  tokenledger::forbid_core_dumps();
  // A reader that left is an error of print(), which can say what was done before.
  ::signal(SIGPIPE, SIG_IGN);
  try {
    return tokenledger::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tokenledger: %s\n", error.what());
    return static_cast<int>(tokenledger::ExitCode::refused);
  }
}

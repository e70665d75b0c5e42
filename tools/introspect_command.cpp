// `tokenledger introspect`: what RFC 7662 answers about a token, claims included.
#include "tools/answer.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

ExitCode introspect(CommandLine& line, const std::string& path) {
  if (path == "-" && line.token_file == "-" && !line.url.empty())
    throw Failure{ExitCode::usage, "only one of --file and --token-file can be stdin"};
  const auto token = read_secret(path);
  const auto door = open_door(line, Needs::views);
  const auto answer = ask(line, *door,
                          {.method = "POST",
                           .target = "/oauth/introspect",
                           .body = "token=" + percent_encoded(token),
                           .content_type = "application/x-www-form-urlencoded",
                           .changes = false});
  show(line, answer);
  const auto* active = answer.if_contains("active");
  return active != nullptr && active->is_bool() && active->get_bool() ? ExitCode::ok
                                                                      : ExitCode::refused;
}

}  // namespace

void add_introspect_command(CommandLine& line) {
  static std::string file;
  line.add_anywhere(line.app,
                    {"introspect",
                     "Show the claims of a token that is good (RFC 7662). Exit code 0: it "
                     "is active, 1: it is not",
                     "introspect --data ./data --file nightly.token",
                     [&line] { return introspect(line, file); }})
      ->add_option("--file", file, "File that holds the token; - is stdin")
      ->required();
}

}  // namespace tokenledger

// `tokenledger note`: the host's own audit trail (D07).
#include <cstdio>
#include <memory>

#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

// One byte more than allowed, so that what is too long is refused instead of cut.
std::string read_body(const std::string& path) {
  std::string body(kNoteBodyBytesMax + 1, '\0');
  std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rbe");
  if (file == nullptr) throw Failure{ExitCode::usage, "can't read " + escape_control(path)};
  body.resize(std::fread(body.data(), 1, body.size(), file));
  const bool is_read = std::ferror(file) == 0;
  if (file != stdin) std::fclose(file);
  if (!is_read) throw Failure{ExitCode::usage, "can't read " + escape_control(path)};
  if (body.size() > kNoteBodyBytesMax)
    throw Failure{ExitCode::usage, "a note has at most 4096 bytes"};
  return body;
}

}  // namespace

void add_note_commands(CommandLine& line) {
  struct Options {
    std::string topic, file;
  };
  const auto options = std::make_shared<Options>();
  auto* group = line.app->add_subcommand("note", "The host's own audit trail");
  group->require_subcommand(1);
  auto* append = line.add(
      group, "append",
      "Append a note; the topic is stored plain, the body encrypted under a key of its own",
      "note append deploy --data ./data --file notes.txt", [&line, options] {
        const auto body = read_body(options->file);
        const auto ledger = open_offline(line);
        const auto committed =
            require("append the note", ledger->append_note(options->topic, body));
        print(render(Record{{"seq", committed.seq.value()}}, line.format));
        return ExitCode::ok;
      });
  line.add_data_options(append);
  line.add_format_option(append);
  append->add_option("topic", options->topic, "A label")->required();
  append->add_option("--file", options->file, "The body; - is stdin")->required();
}

}  // namespace tokenledger

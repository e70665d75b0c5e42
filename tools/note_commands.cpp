// `tokenledger note`: the host's own audit trail (D07).
#include <boost/json.hpp>
#include <cstdio>

#include "core/event.hpp"
#include "core/utf8.hpp"
#include "tools/answer.hpp"

namespace tokenledger {
namespace {

namespace json = boost::json;

struct NoteOptions {
  std::string topic;
  std::string file;
};

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
  if (!is_utf8(body)) throw Failure{ExitCode::usage, "a note is text in UTF-8"};
  return body;
}

ExitCode append(CommandLine& line, const NoteOptions& options) {
  const json::object body{{"topic", options.topic}, {"body", read_body(options.file)}};
  const auto door = open_door(line, Needs::log);
  show(line,
       ask(line, *door, {.method = "POST", .target = "/v1/notes", .body = json::serialize(body)}));
  return ExitCode::ok;
}

}  // namespace

void add_note_commands(CommandLine& line) {
  static NoteOptions options;
  auto* group = line.add_group("note", "The host's own audit trail",
                               "note append deploy --data ./data --file notes.txt");
  auto* command = line.add_anywhere(
      group, {"append",
              "Append a note; the topic is stored plain, the body encrypted under a key of its own",
              "note append deploy --data ./data --file notes.txt",
              [&line] { return append(line, options); }});
  command
      ->add_option("topic", options.topic,
                   "A label, stored plain and never erased: nothing about a person")
      ->required();
  command
      ->add_option("--file", options.file,
                   "The body, at most 4096 bytes, stored encrypted and never erased: nothing "
                   "about a person; - is stdin")
      ->required();
}

}  // namespace tokenledger

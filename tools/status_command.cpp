// `tokenledger status`: is it well, and the figures of /metrics as names and values.
#include <charconv>

#include "tools/answer.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kPrefix = "tokenledger_";

// A sample of the text exposition format: `name value` or `name{label="x"} value`.
void append_sample(std::string_view sample, Record& record) {
  const auto space = sample.rfind(' ');
  if (sample.empty() || sample.front() == '#' || space == std::string_view::npos) return;
  auto name = sample.substr(0, space);
  if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
  const auto text = sample.substr(space + 1);
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
  record.emplace_back(std::string{name}, is_whole ? Value{number} : Value{std::string{text}});
}

ExitCode show_status(CommandLine& line) {
  const auto door = open_door(line, Needs::log);
  const auto ready = door->send({.method = "GET", .target = "/readyz"});
  const auto metrics = ask_for_text(line, *door, {.method = "GET", .target = "/metrics"});
  Record record{{"ready", ready.status == 200}};
  for (std::size_t at = 0; at < metrics.body.size();) {
    const auto end = std::min(metrics.body.find('\n', at), metrics.body.size());
    append_sample(std::string_view{metrics.body}.substr(at, end - at), record);
    at = end + 1;
  }
  print(render(record, line.format));
  return ready.status == 200 ? ExitCode::ok : ExitCode::refused;
}

}  // namespace

void add_status_command(CommandLine& line) {
  line.add_anywhere(line.app,
                    {"status", "Is the ledger well? Exit code 0: ready, 1: not; and its figures",
                     "status --url http://127.0.0.1:8080 --token-file data/admin-token",
                     [&line] { return show_status(line); }});
}

}  // namespace tokenledger

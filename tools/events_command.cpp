// `tokenledger events`: the log as JSON lines, and on a running server as it grows.
#include <charconv>
#include <chrono>
#include <thread>

#include "tools/answer.hpp"

namespace tokenledger {
namespace {

constexpr std::uint64_t kPageEventsMax = 1'000;

struct EventsOptions {
  std::uint64_t from = 1;
  std::uint64_t limit = 0;  // 0: no limit
  bool follow = false;
  std::uint32_t every_ms = 500;
};

std::uint64_t next_seq(const HttpAnswer& answer, std::uint64_t from) {
  std::uint64_t next = 0;
  const auto& text = answer.next_seq;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), next);
  const bool is_number = read.ec == std::errc{} && read.ptr == text.data() + text.size();
  if (!is_number || next < from)
    throw Failure{ExitCode::cannot_open,
                  "the answer does not say where to go on: is this "
                  "tokenledger?"};
  return next;
}

ExitCode show_events(CommandLine& line, const EventsOptions& options) {
  if (options.follow && line.url.empty())
    throw Failure{ExitCode::usage, "--follow needs --url: nobody writes to a directory at rest"};
  const auto door = open_door(line, Needs::log);
  auto from = options.from;
  for (std::uint64_t shown = 0; options.limit == 0 || shown < options.limit;) {
    const auto left = options.limit == 0 ? kPageEventsMax : options.limit - shown;
    const auto answer =
        ask_for_text(line, *door,
                     {.method = "GET",
                      .target = "/v1/events?from=" + std::to_string(from) +
                                "&limit=" + std::to_string(std::min(left, kPageEventsMax))});
    const auto next = next_seq(answer, from);
    print(answer.body);
    shown += next - from;
    if (next == from && !options.follow) break;
    if (next == from) std::this_thread::sleep_for(std::chrono::milliseconds{options.every_ms});
    from = next;
  }
  return ExitCode::ok;
}

}  // namespace

void add_events_command(CommandLine& line) {
  static EventsOptions options;
  auto* command = line.add_anywhere(
      line.app,
      {"events",
       "Print the log as JSON lines, one event each, whatever --format says; with --follow "
       "go on as it grows, without a gap or a repeat, until interrupted",
       "events --data ./data --from 1 --limit 10\n"
       "  tokenledger events --url http://127.0.0.1:8080 --token-file data/admin-token "
       "--follow",
       [&line] { return show_events(line, options); }});
  command->add_option("--from", options.from, "The first SEQ (1)")->check(CLI::PositiveNumber);
  command->add_option("--limit", options.limit, "At most this many; absent: all")
      ->check(CLI::PositiveNumber);
  command->add_flag("--follow,-f", options.follow, "Wait for more at the end; needs --url");
  command->add_option("--every-ms", options.every_ms, "With --follow: milliseconds between looks")
      ->check(CLI::Range(50, 60'000));
}

}  // namespace tokenledger

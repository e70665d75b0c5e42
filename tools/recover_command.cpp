// `tokenledger recover`: what a damaged ledger still holds, and the cut that makes it open again.
#include <memory>

#include "storage/recover_tool.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

struct RecoverOptions {
  std::optional<std::uint64_t> truncate_after;
  bool accept_loss = false;
  std::filesystem::path anchor;
};

std::string head_text(const RecoverySurvey& survey) {
  switch (survey.head) {
    case RecoverySurvey::HeadState::intact: return "intact";
    case RecoverySurvey::HeadState::damaged: return "damaged";
    case RecoverySurvey::HeadState::missing: return "missing";
  }
  return {};
}

Record survey_record(const RecoverySurvey& survey) {
  const auto lost = survey.lost_after(survey.last_good);
  Record record{
      {"last_good_seq", survey.last_good.value()},
      {"log_end_seq", survey.log_end.value()},
      {"head", head_text(survey)},
      {"head_seq", survey.head_seq == Sequence{} ? Value{} : Value{survey.head_seq.value()}},
      {"checkpoint_seq", survey.checkpoint_size == 0 ? Value{} : Value{survey.checkpoint_size}},
      {"anchor_seq", survey.anchor_size == 0 ? Value{} : Value{survey.anchor_size}},
      {"acknowledged_events_missing", lost ? Value{*lost} : Value{}},
      {"root_agrees", !survey.root_differs}};
  record.emplace_back("problem", survey.problem.empty() ? Value{} : Value{survey.problem});
  return record;
}

// The old ledger's last checkpoint is evidence: whoever reads this should be able to keep it.
void print_superseded(const RecoverTool::Superseded& superseded) {
  print(
      "checkpoints were signed beyond the cut, or may have been, so the ledger has a new "
      "checkpoint key and another "
      "origin; history and tiles stand in " +
      superseded.directory.string() + "\n");
  print(superseded.note.empty() ? std::string{"what the old key signed last is unknown\n"}
                                : "the old key signed last:\n\n" + superseded.note);
}

ExitCode recover(const CommandLine& line, const RecoverOptions& options) {
  std::string why;
  std::unique_ptr<RecoverTool> tool;
  {
    ProgressLine progress;
    auto opened = RecoverTool::open(
        {line.data,
         line.keyring_key_file,
         options.anchor,
         {},
         [&](Sequence done, Sequence end) { progress.show("log", done.value(), end.value()); }},
        why);
    if (!opened) throw Failure{ExitCode::cannot_open, why};
    tool = std::move(*opened);
  }
  const auto& survey = tool->survey();
  if (!options.truncate_after) {
    print(render(survey_record(survey), line.format));
    if (survey.problem.empty()) return ExitCode::ok;
    if (survey.is_anchor_unseen)
      throw Failure{ExitCode::difference, "look again with --anchor; nothing was changed"};
    throw Failure{ExitCode::difference,
                  "restore a backup, or keep what is good with `recover --truncate-after " +
                      std::to_string(survey.last_good.value()) + "`; nothing was changed"};
  }
  const auto aside =
      tool->truncate_after(Sequence{*options.truncate_after}, options.accept_loss, why);
  if (!aside) {
    if (aside.error() == Errc::unknown_outcome) throw Failure{ExitCode::unknown_outcome, why};
    if (!why.empty()) throw Failure{ExitCode::refused, why + "; nothing was changed"};
    fail("cut the log", aside.error());
  }
  print(aside->empty() ? std::string{"nothing to cut: log and HEAD agree already\n"}
                       : "the log ends at seq " + std::to_string(*options.truncate_after) +
                             "; what was cut stands in " + aside->string() + "\n");
  if (const auto& superseded = tool->superseded()) print_superseded(*superseded);
  return ExitCode::ok;
}

}  // namespace

void add_recover_command(CommandLine& line) {
  static RecoverOptions options;
  auto* command = line.add_offline(
      line.app,
      {"recover",
       "Show the last good seq of a damaged ledger beside HEAD and what may be lost; with "
       "--truncate-after set the tail aside and cut it. Copy the directory first",
       "recover --data ./data\n  tokenledger recover --data ./data --truncate-after 41",
       [&line] { return recover(line, options); }});
  command->add_option("--truncate-after", options.truncate_after, "The last SEQ to keep");
  command->add_flag("--accept-loss", options.accept_loss,
                    "Cut even what was acknowledged, or may have been");
  command->add_option(
      "--anchor", options.anchor,
      "The file that keeps the newest checkpoint outside the directory; a ledger that has "
      "one and is cut without it gets another checkpoint key");
  CommandLine::add_format_option(command, line.format);
}

}  // namespace tokenledger

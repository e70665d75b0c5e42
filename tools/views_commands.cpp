// `tokenledger views`: rebuild the views from the log, or prove that they are what it says (INV-3).
#include <cstdio>

#include "replay/closed_ledger.hpp"
#include "storage/ledger_core.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

ClosedLedger open_closed(const CommandLine& line) {
  std::string why;
  auto ledger = ClosedLedger::open({line.data, line.keyring_key_file, {}}, why);
  if (!ledger) throw Failure{ExitCode::cannot_open, why};
  return std::move(*ledger);
}

std::unique_ptr<Views> open_views(const ClosedLedger& ledger) {
  const Views::Options options{.directory = LedgerPaths{ledger.directory()}.views,
                               .files = ledger.files(),
                               .ledger_id = ledger.keys().ledger_id()};
  auto views = Views::open(options);
  if (views.has_error() && views.error() == Errc::view_corrupt) return nullptr;
  return require("open the views", std::move(views));
}

// From the first removed file on, a failure leaves the views half made.
void require_step(const std::string& what, const Result<void>& done) {
  if (done) return;
  throw Failure{ExitCode::unknown_outcome,
                "could not " + what + ": " + explain(to_errc(done.error())) +
                    "; the views are incomplete now, the log is untouched: mend the cause and run "
                    "`tokenledger views rebuild` again"};
}

ExitCode rebuild(const CommandLine& line) {
  const auto ledger = open_closed(line);
  const LedgerPaths paths{ledger.directory()};
  const auto last = require("read the log", ledger.log().last_seq());
  auto views = open_views(ledger);
  if (views == nullptr) {
    require_step("remove the damaged views",
                 Views::destroy({.directory = paths.views,
                                 .files = ledger.files(),
                                 .ledger_id = ledger.keys().ledger_id()}));
    views = open_views(ledger);
  }
  if (views == nullptr) require_step("rebuild the views", Errc::view_corrupt);
  {
    ProgressLine progress;
    const auto show = [&](Sequence seq) { progress.show("views", seq.value(), last.value()); };
    require_step("rebuild the views", views->rebuild(ledger.log(), last, show));
    require_step("write the views", views->flush());
    require_step("remove the mark of damage", clear_views_damaged(*ledger.files(), paths));
  }
  print("views rebuilt up to seq " + std::to_string(last.value()) + "\n");
  return ExitCode::ok;
}

ExitCode verify(const CommandLine& line) {
  const auto ledger = open_closed(line);
  const auto last = require("read the log", ledger.log().last_seq());
  auto views = open_views(ledger);
  std::string difference = "the views do not open";
  if (views != nullptr && views->cursor() > last) {
    difference = "the views are at seq " + std::to_string(views->cursor().value()) +
                 ", beyond the log's end at seq " + std::to_string(last.value());
  } else if (views != nullptr) {
    ProgressLine progress;
    const auto end = views->cursor().value();
    const auto verified = views->verify(
        ledger.log(), [&](Sequence seq) { progress.show("views", seq.value(), end); }, difference);
    if (verified) difference.clear();
    if (!verified && verified.error() != Errc::view_corrupt)
      fail("verify the views", verified.error());
  }
  if (!difference.empty()) {
    throw Failure{ExitCode::difference,
                  difference + "; `tokenledger views rebuild` makes them anew"};
  }
  print("views agree with the log up to seq " + std::to_string(views->cursor().value()) + "\n");
  return ExitCode::ok;
}

}  // namespace

void add_views_commands(CommandLine& line) {
  auto* group =
      line.add_group("views", "The indexes derived from the log", "views verify --data ./data");
  line.add_offline(group, {"rebuild", "Remove the views and make them from the log",
                           "views rebuild --data ./data", [&line] { return rebuild(line); }});
  line.add_offline(
      group, {"verify", "Compare the views with the log, row by row; exit code 4: a difference",
              "views verify --data ./data", [&line] { return verify(line); }});
}

}  // namespace tokenledger

// `audit verify` of a closed ledger beside the bare replay of its log (P6's mixture).
#include <benchmark/benchmark.h>

#include "bench/ledger_fixture.hpp"
#include "bench/mixed_ledger.hpp"
#include "replay/audit_verify.hpp"
#include "replay/closed_ledger.hpp"
#include "storage/recovery.hpp"

namespace tokenledger::bench {
namespace {

// One ledger for both, closed.
LedgerFixture& mixed_ledger() {
  static LedgerFixture fixture;
  static const bool is_filled = [] {
    fill_mixed(fixture, is_quick() ? 100'000 : 1'000'000);
    fixture.close();
    return true;
  }();
  static_cast<void>(is_filled);
  return fixture;
}

// Everything: files, log, snapshots, views. The counter is the log's part alone.
void audit_verify(benchmark::State& state) {
  const auto& fixture = mixed_ledger();
  std::uint64_t events = 0;
  double events_per_second = 0;
  for (auto _ : state) {
    std::string why;
    const auto report = must(verify_audit({.directory = fixture.directory()}, why), why.c_str());
    if (!report.differences.empty()) state.SkipWithError(report.differences.front().what.c_str());
    events += report.end.value();
    events_per_second = report.events_per_second;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
  state.counters["log_events_per_s"] = events_per_second;
}

void replay_alone(benchmark::State& state) {
  const auto& fixture = mixed_ledger();
  std::string why;
  const auto closed = must(ClosedLedger::open({fixture.directory(), {}, {}}, why), why.c_str());
  const auto end = must(closed.log().last_seq(), "end");
  const auto started = std::chrono::steady_clock::now();
  for (auto _ : state) {
    State replayed;
    ValidityIndex index;
    CompactRange range;
    const ReplayOptions options{.upto = end, .expected_root = {}, .hash_leaves = false};
    must(replay_log(closed.log(), replayed, index, range, options, why), why.c_str());
  }
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - started;
  const auto events = static_cast<std::int64_t>(end.value()) * state.iterations();
  state.SetItemsProcessed(events);
  state.counters["log_events_per_s"] = static_cast<double>(events) / passed.count();
}

BENCHMARK(audit_verify)
    ->Name("P6/audit_verify")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3)
    ->Repetitions(1);
BENCHMARK(replay_alone)
    ->Name("P6/yardstick_audit_verify")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3)
    ->Repetitions(1);

}  // namespace
}  // namespace tokenledger::bench

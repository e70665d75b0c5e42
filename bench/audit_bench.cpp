// What the transparency log costs and how fast it proves: appends with the audit tree on and off,
// proofs by random seq.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "bench/ledger_fixture.hpp"
#include "core/checkpoint.hpp"
#include "storage/audit.hpp"

namespace tokenledger::bench {
namespace {

inline constexpr std::uint64_t kWindow = 4'096;
// A producer that spins would take the core that the followers need.
inline constexpr std::chrono::microseconds kPause{100};
inline constexpr int kRounds = 5;
inline constexpr auto kCoverWait = std::chrono::seconds{60};

Command issue(LedgerFixture& fixture) { return fixture.issue_command(); }
Command note(LedgerFixture&) {
  return {Actor{.kind = ActorKind::host},
          {},
          std::nullopt,
          AppendNote{"bench", {std::string(64, 'n')}}};
}

LedgerOptions with_tree(bool is_on) {
  LedgerOptions options;
  if (!is_on) options.checkpoint_every = std::chrono::milliseconds{0};
  return options;
}

// Seconds until the last of `count` commands was answered.
double append_all(LedgerFixture& fixture, Command (*make)(LedgerFixture&), std::uint64_t count) {
  std::vector<Command> commands;
  commands.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) commands.push_back(make(fixture));
  std::atomic<std::uint64_t> done{0};
  std::atomic<bool> failed{false};
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t sent = 0; sent < count; ++sent) {
    while (sent - done.load(std::memory_order_acquire) >= kWindow)
      std::this_thread::sleep_for(kPause);
    if (std::holds_alternative<IssueToken>(commands[sent].payload)) fixture.stamp(commands[sent]);
    fixture.ledger().submit_async(std::move(commands[sent]), [&](const Result<Committed>& result) {
      if (!result) failed = true;
      done.fetch_add(1, std::memory_order_release);
    });
  }
  while (done.load() < count) std::this_thread::sleep_for(kPause);
  if (failed) throw std::runtime_error{"an append was refused"};
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

void wait_for_views(LedgerFixture& fixture) {
  must(fixture.ledger().core().views->wait_for(fixture.ledger().committed(), kCoverWait), "views");
}

// Both ledgers take turns, so that the machine's slow phases meet both; each round's ratio stands
// for itself. A round lasts several checkpoints, so the tree works beside the appends; what it
// leaves for later is waited for between the rounds and counted by the second ratio.
void append_with_tree(benchmark::State& state, Command (*make)(LedgerFixture&)) {
  const std::uint64_t count = is_quick() ? 20'000 : 1'000'000;
  for (auto _ : state) {
    LedgerFixture on{TokenKind::opaque, SignatureAlgorithm::es256, with_tree(true)};
    LedgerFixture off{TokenKind::opaque, SignatureAlgorithm::es256, with_tree(false)};
    std::vector<double> ratios, covered_ratios, on_times, off_times;
    for (int round = 0; round < (is_quick() ? 3 : kRounds); ++round) {
      double on_s = 0, covered_s = 0, off_s = 0;
      const auto measure_on = [&] {
        on_s = append_all(on, make, count);
        const auto began = std::chrono::steady_clock::now();
        must(Audit{on.ledger()}.wait_for_checkpoint(on.ledger().committed(), kCoverWait), "cover");
        covered_s = on_s + seconds_since(began);
        wait_for_views(on);
      };
      const auto measure_off = [&] {
        off_s = append_all(off, make, count);
        wait_for_views(off);
      };
      if (round % 2 == 0) {
        measure_on();
        measure_off();
      } else {
        measure_off();
        measure_on();
      }
      ratios.push_back(off_s / on_s);
      covered_ratios.push_back(off_s / covered_s);
      on_times.push_back(on_s);
      off_times.push_back(off_s);
    }
    const auto median = [](std::vector<double>& values) {
      std::ranges::sort(values);
      return values[values.size() / 2];
    };
    const auto on_s = median(on_times);
    state.SetIterationTime(on_s);
    state.counters["ratio"] = median(ratios);
    state.counters["ratio_until_signed"] = median(covered_ratios);
    state.counters["on_per_s"] = static_cast<double>(count) / on_s;
    state.counters["off_per_s"] = static_cast<double>(count) / median(off_times);
  }
}

// One ledger of a million notes for all proofs.
class Proved {
 public:
  static Proved& get() {
    static Proved proved;
    return proved;
  }
  Audit audit() { return Audit{fixture_.ledger()}; }
  std::uint64_t size() const { return size_; }
  std::uint64_t random_below(std::uint64_t end) { return random_() % end; }

 private:
  Proved() {
    const std::uint64_t count = is_quick() ? 50'000 : 1'000'000;
    append_all(fixture_, note, count);
    size_ = fixture_.ledger().committed().value();
    must(audit().wait_for_checkpoint(Sequence{size_}, kCoverWait), "cover");
  }
  LedgerFixture fixture_{TokenKind::opaque, SignatureAlgorithm::es256, with_tree(true)};
  std::mt19937_64 random_{20'260'101};
  std::uint64_t size_ = 0;
};

template <class Prove>
void prove(benchmark::State& state, Prove&& prove_one) {
  auto& proved = Proved::get();
  std::uint64_t hashes = 0;  // a result that is used
  for (auto _ : state) hashes += prove_one(proved);
  state.SetItemsProcessed(state.iterations());
  state.counters["hashes"] = static_cast<double>(hashes) /
                             static_cast<double>(std::max<std::int64_t>(state.iterations(), 1));
}

void inclusion(benchmark::State& state) {
  prove(state, [](Proved& proved) {
    const auto index = proved.random_below(proved.size());
    return must(proved.audit().inclusion_proof(index, proved.size()), "inclusion").size();
  });
}
void event_proof(benchmark::State& state) {
  prove(state, [](Proved& proved) {
    const Sequence seq{1 + proved.random_below(proved.size())};
    return must(proved.audit().prove_event(seq), "event").hashes.size();
  });
}
void consistency(benchmark::State& state) {
  prove(state, [](Proved& proved) {
    const auto from = 1 + proved.random_below(proved.size());
    return must(proved.audit().consistency_proof(from, proved.size()), "consistency").size();
  });
}

BENCHMARK_CAPTURE(append_with_tree, note, note)
    ->Name("P4/append_notes_with_tree")
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->Repetitions(1);
BENCHMARK_CAPTURE(append_with_tree, issue, issue)
    ->Name("P4/append_with_tree")
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->Repetitions(1);
BENCHMARK(inclusion)->Name("P10/inclusion_proof");
BENCHMARK(event_proof)->Name("P10/event_proof");
BENCHMARK(consistency)->Name("P10/consistency_proof");

}  // namespace
}  // namespace tokenledger::bench

// P4 and P9: durable appends, fsync on, beside RocksDB alone.
#include <benchmark/benchmark.h>
#include <rocksdb/db.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

#include "bench/ledger_fixture.hpp"

namespace tokenledger::bench {
namespace {

inline constexpr std::uint64_t kWindow = 4'096;
// A producer that spins would take the core that the views need.
inline constexpr std::chrono::microseconds kPause{100};

// RocksDB as the log opens it, without us.
class RawLog {
 public:
  RawLog()
      : directory_{std::filesystem::current_path() / ("bench-raw-" + std::to_string(::getpid()))} {
    std::filesystem::remove_all(directory_);
    rocksdb::Options options;
    options.create_if_missing = true;
    options.write_buffer_size = 128u << 20;
    options.compression = rocksdb::kLZ4Compression;
    rocksdb::DB* raw = nullptr;
    if (!rocksdb::DB::Open(options, directory_.string(), &raw).ok())
      throw std::runtime_error{"open raw"};
    db_.reset(raw);
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
  }
  ~RawLog() {
    db_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  void put(const std::string& value, std::size_t count) {
    rocksdb::WriteBatch batch;
    for (std::size_t i = 0; i < count; ++i) {
      const auto key = __builtin_bswap64(++seq_);
      batch.Put({reinterpret_cast<const char*>(&key), sizeof key}, value);
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    if (!db_->Write(options, &batch).ok()) throw std::runtime_error{"raw write"};
  }

 private:
  std::filesystem::path directory_;
  std::unique_ptr<rocksdb::DB> db_;
  std::uint64_t seq_ = 0;
};

// What one issue event and one batch looked like in the run that is being compared with.
std::size_t event_bytes = 128;
std::size_t batch_events = 1'000;

// Views want four inserts for it, from a thread that shares the processors with this one.
Command issue(LedgerFixture& fixture) { return fixture.issue_command(); }
// The host program's own trail: no view holds it, so this is the append alone.
Command note(LedgerFixture&) {
  return {Actor{.kind = ActorKind::host},
          {},
          std::nullopt,
          AppendNote{"bench", {std::string(64, 'n')}}};
}

// One producer keeps 4096 commands on their way.
void append_window(benchmark::State& state, Command (*make)(LedgerFixture&)) {
  LedgerFixture fixture;
  auto& ledger = fixture.ledger();
  const std::uint64_t count = is_quick() ? 50'000 : 1'000'000;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Command> commands;
    commands.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) commands.push_back(make(fixture));
    std::atomic<std::uint64_t> done{0};
    std::atomic<std::uint64_t> failed{0};
    const auto before = ledger.stats();
    state.ResumeTiming();
    for (std::uint64_t sent = 0; sent < count; ++sent) {
      while (sent - done.load(std::memory_order_acquire) >= kWindow)
        std::this_thread::sleep_for(kPause);
      if (std::holds_alternative<IssueToken>(commands[sent].payload)) fixture.stamp(commands[sent]);
      ledger.submit_async(std::move(commands[sent]), [&](Result<Committed> result) {
        if (!result && failed.fetch_add(1) == 0)
          std::fprintf(stderr, "refused: %s\n", result.error().message().c_str());
        done.fetch_add(1, std::memory_order_release);
      });
    }
    while (done.load() < count) std::this_thread::sleep_for(kPause);
    state.PauseTiming();
    const auto after = ledger.stats();
    batch_events = std::max<std::uint64_t>(
        1, count / std::max<std::uint64_t>(1, after.batches - before.batches));
    event_bytes = must(ledger.core().log->get(ledger.committed()), "get").size();
    state.ResumeTiming();
    if (failed.load() != 0) {
      state.SkipWithError("an append was refused");
      break;
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(count) * state.iterations());
  state.counters["batch_events"] = static_cast<double>(batch_events);
}

void rocksdb_same_batches(benchmark::State& state) {
  RawLog raw;
  const std::string value(event_bytes, 'v');
  const std::uint64_t count = is_quick() ? 50'000 : 1'000'000;
  for (auto _ : state) {
    for (std::uint64_t sent = 0; sent < count; sent += batch_events) {
      raw.put(value, std::min<std::uint64_t>(batch_events, count - sent));
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(count) * state.iterations());
}

// One caller's wait is mostly the disk's, which changes from minute to minute: both are measured in
// turns, in one benchmark, and the medians compared. The yardstick's benchmark only shows its half.
struct PairedMedians {
  double ours_s = 0;
  double yardstick_s = 0;
};
constexpr int kPairs = 1'000;

template <class Task>
double seconds_of(Task&& task) {
  const auto began = std::chrono::steady_clock::now();
  task();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

template <class Ours, class Between, class Yardstick>
PairedMedians in_pairs(Ours&& ours, Between&& between, Yardstick&& yardstick) {
  std::vector<double> our_times;
  std::vector<double> yardstick_times;
  for (int pair = 0; pair < kPairs; ++pair) {
    our_times.push_back(seconds_of(ours));
    between();
    yardstick_times.push_back(seconds_of(yardstick));
  }
  std::ranges::sort(our_times);
  std::ranges::sort(yardstick_times);
  return {our_times[kPairs / 2], yardstick_times[kPairs / 2]};
}

PairedMedians one_caller;
PairedMedians disabling;

void show(benchmark::State& state, const PairedMedians& medians, double time_s) {
  state.SetIterationTime(time_s);
  state.counters["ratio"] = medians.ours_s / medians.yardstick_s;
}

void append_one_caller(benchmark::State& state) {
  LedgerFixture fixture;
  RawLog raw;
  const std::string value(event_bytes, 'v');
  for (auto _ : state) {
    one_caller = in_pairs([&] { must(fixture.ledger().submit(fixture.issue_command()), "append"); },
                          [] {}, [&] { raw.put(value, 1); });
    show(state, one_caller, one_caller.ours_s);
  }
}
void synced_put_beside_append(benchmark::State& state) {
  for (auto _ : state) show(state, one_caller, one_caller.yardstick_s);
}

// P9: the client's tokens are in the index; disabling is one event however many there are.
void issue_many(LedgerFixture& fixture, std::uint64_t count) {
  std::atomic<std::uint64_t> done{0};
  for (std::uint64_t sent = 0; sent < count; ++sent) {
    while (sent - done.load() >= kWindow) std::this_thread::sleep_for(kPause);
    fixture.ledger().submit_async(fixture.issue_command(),
                                  [&](Result<Committed>) { done.fetch_add(1); });
  }
  while (done.load() < count) std::this_thread::sleep_for(kPause);
}

void wait_for_views(LedgerFixture& fixture) {
  must(fixture.ledger().core().views->wait_for(fixture.ledger().committed(),
                                               std::chrono::seconds{60}),
       "views");
}

void disable_client(benchmark::State& state) {
  LedgerFixture fixture;
  RawLog raw;
  const std::string value(event_bytes, 'v');
  const auto count = std::min<std::uint64_t>(token_count(1'000'000), 1'000'000);
  issue_many(fixture, count);
  wait_for_views(fixture);  // or their catching up would be measured
  const auto some_token = TokenIndex{Lane::day, count / 2};
  bool passed = false;
  for (auto _ : state) {
    disabling = in_pairs([&] { fixture.submit(DisableClient{"bench-client"}); },
                         [&] {
                           const auto verdict =
                               fixture.ledger().core().index.check_without_fingerprint(
                                   some_token, kOwnApi, 0, to_seconds(fixture.ledger().now()));
                           passed = passed || verdict == Verdict::good;
                           fixture.submit(EnableClient{"bench-client"});
                         },
                         [&] { raw.put(value, 1); });
    show(state, disabling, disabling.ours_s);
  }
  if (passed) state.SkipWithError("a token of the disabled client passed");
  fixture.submit(DisableClient{"bench-client"});
  state.counters["view_catch_up_ms"] = 1e3 * seconds_of([&] { wait_for_views(fixture); });
  state.counters["tokens"] = static_cast<double>(count);
}
void synced_put_beside_disabling(benchmark::State& state) {
  for (auto _ : state) show(state, disabling, disabling.yardstick_s);
}

BENCHMARK_CAPTURE(append_window, issue, issue)
    ->Name("P4/append_window_4096")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);
BENCHMARK(rocksdb_same_batches)
    ->Name("P4/yardstick_rocksdb_same_batches")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);
BENCHMARK_CAPTURE(append_window, note, note)
    ->Name("P4/append_notes_window_4096")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);
BENCHMARK(rocksdb_same_batches)
    ->Name("P4/yardstick_rocksdb_same_note_batches")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);
BENCHMARK(append_one_caller)->Name("P4/append_one_caller")->UseManualTime()->Iterations(1);
BENCHMARK(synced_put_beside_append)
    ->Name("P4/yardstick_synced_put")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(disable_client)->Name("P9/disable_client")->UseManualTime()->Iterations(1);
BENCHMARK(synced_put_beside_disabling)
    ->Name("P9/yardstick_synced_put")
    ->UseManualTime()
    ->Iterations(1);

}  // namespace
}  // namespace tokenledger::bench

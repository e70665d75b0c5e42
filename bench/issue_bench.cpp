// P5: the whole issue path, views kept up; and P6: memory and disk per token, replay, cold start.
// The same through the token endpoint: bench/token_endpoint_bench.cpp; memory of users' tokens:
// bench/user_memory_bench.cpp.
#include <benchmark/benchmark.h>
#include <algorithm>
#include <vector>

#include "bench/ledger_fixture.hpp"
#include "bench/mixed_ledger.hpp"
#include "bench/process_meters.hpp"
#include "core/sha256.hpp"
#include "core/signing_key.hpp"
#include "storage/recovery.hpp"

namespace tokenledger::bench {
namespace {

void issue(benchmark::State& state, TokenKind kind, SignatureAlgorithm algorithm,
           std::uint64_t count) {
  LedgerFixture fixture{kind, algorithm};
  auto& ledger = fixture.ledger();
  std::uint64_t failed = 0;
  const auto begun = process_seconds();
  for (auto _ : state) {
    failed += run_window(count, [&](auto done) {
      IssueRequest request;
      request.client_id = "bench-client";
      request.audience = kAudience;
      ledger.issue_async(std::move(request),
                         [done](Result<IssuedToken> issued) { done(issued.has_value()); });
    });
    // Views count as kept up only when they have reached the last token.
    must(ledger.core().views->wait_for(ledger.committed(), std::chrono::minutes{10}), "views");
  }
  if (failed != 0) state.SkipWithError("an issue was refused");
  state.SetItemsProcessed(static_cast<std::int64_t>(count) * state.iterations());
  // Of all processors: the thread that signs, the commit thread and those that follow the log.
  state.counters["cpu_us"] =
      (process_seconds() - begun) / static_cast<double>(count * state.iterations()) * 1e6;
}

void issue_opaque(benchmark::State& state) {
  issue(state, TokenKind::opaque, SignatureAlgorithm::es256, token_count(10'000'000));
}

constexpr int kSignaturesAtOnce = 1'000;

// Processor time of a signature alone, in this run.
double bare_sign_us(const SigningKey& key) {
  const std::string message(480, 'm');  // header and claims of such a token
  std::vector<double> took;
  for (int group = 0; group < 5; ++group) {
    const auto before = own_seconds();
    for (int count = 0; count < kSignaturesAtOnce; ++count)
      benchmark::DoNotOptimize(must(key.sign(bytes_of(message)), "sign"));
    took.push_back((own_seconds() - before) / kSignaturesAtOnce * 1e6);
  }
  return median(took);
}

// Beside the rate: the signature's share of the processor time.
void issue_jwt(benchmark::State& state, SignatureAlgorithm algorithm) {
  const auto key = must(SigningKey::generate(algorithm), "key");
  const auto before_us = bare_sign_us(key);
  const auto count = std::uint64_t{is_quick() ? 10'000u : 200'000u};
  issue(state, TokenKind::jwt, algorithm, count);
  const auto bare_us = (before_us + bare_sign_us(key)) / 2;
  state.counters["bare_us"] = bare_us;
  state.counters["cpu_share"] = bare_us / static_cast<double>(state.counters["cpu_us"]);
}
void bare_sign(benchmark::State& state, SignatureAlgorithm algorithm) {
  const auto key = must(SigningKey::generate(algorithm), "key");
  const std::string message(480, 'm');
  for (auto _ : state) benchmark::DoNotOptimize(must(key.sign(bytes_of(message)), "sign"));
  state.SetItemsProcessed(state.iterations());
}

void replay(benchmark::State& state) {
  LedgerFixture fixture;
  fill_mixed(fixture, is_quick() ? 100'000 : 5'000'000);
  const auto end = fixture.ledger().committed();
  for (auto _ : state) {
    State replayed;
    ValidityIndex index;
    CompactRange range;
    std::string why;
    const ReplayOptions options{
        .upto = end, .expected_root = {}, .hash_leaves = false, .progress = {}, .observe = {}};
    must(replay_log(*fixture.ledger().core().log, replayed, index, range, options, why),
         why.c_str());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(end.value()) * state.iterations());
}

std::uint64_t issue_plain(LedgerFixture& fixture, std::uint64_t count) {
  return run_window(count, [&](auto done) {
    fixture.ledger().submit_async(fixture.issue_command(),
                                  [done](Result<Committed> result) { done(result.has_value()); });
  });
}

// Opening with a snapshot of all tokens and nothing to replay; then what the process grew by.
void cold_start(benchmark::State& state) {
  LedgerFixture fixture;
  if (issue_plain(fixture, token_count(10'000'000)) != 0)
    state.SkipWithError("an issue was refused");
  for (auto _ : state) {
    state.PauseTiming();
    fixture.close();
    state.ResumeTiming();
    fixture.open();
  }
}

void memory(benchmark::State& state) {
  LedgerFixture fixture;
  const auto count = token_count(10'000'000);
  issue_plain(fixture, std::min<std::uint64_t>(count, 10'000));
  fixture.close();
  fixture.open();
  const auto before = resident_bytes();
  const auto index_before = fixture.ledger().stats().index_bytes;
  for (auto _ : state) issue_plain(fixture, count);
  fixture.close();
  fixture.open();
  // The index, State and whatever allocators kept; RocksDB's caches were filled before too.
  const auto after = resident_bytes();
  state.counters["rss_bytes_per_token"] =
      static_cast<double>(after - std::min(before, after)) / static_cast<double>(count);
  state.counters["index_bytes_per_token"] =
      static_cast<double>(fixture.ledger().stats().index_bytes - index_before) /
      static_cast<double>(count);
}

void disk(benchmark::State& state) {
  LedgerFixture fixture;
  const auto count = token_count(10'000'000);
  for (auto _ : state) issue_plain(fixture, count);
  fixture.close();
  std::uint64_t bytes = 0;
  for (const char* part : {"log", "views"}) {
    for (const auto& file :
         std::filesystem::recursive_directory_iterator{fixture.directory() / part}) {
      if (file.is_regular_file()) bytes += file.file_size();
    }
  }
  state.counters["disk_bytes_per_token"] = static_cast<double>(bytes) / static_cast<double>(count);
  fixture.open();
}

BENCHMARK(issue_opaque)
    ->Name("P5/issue_opaque")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->Repetitions(1);
BENCHMARK_CAPTURE(issue_jwt, es256, SignatureAlgorithm::es256)
    ->Name("P5/issue_jwt")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);
BENCHMARK_CAPTURE(bare_sign, es256, SignatureAlgorithm::es256)
    ->Name("P5/yardstick_bare_sign")
    ->UseRealTime()
    ->MinTime(1.0);
BENCHMARK_CAPTURE(issue_jwt, eddsa, SignatureAlgorithm::eddsa)
    ->Name("P5/issue_jwt_eddsa")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);
BENCHMARK_CAPTURE(bare_sign, eddsa, SignatureAlgorithm::eddsa)
    ->Name("P5/yardstick_bare_sign_eddsa")
    ->UseRealTime()
    ->MinTime(1.0);
BENCHMARK_CAPTURE(issue_jwt, rs256, SignatureAlgorithm::rs256)
    ->Name("P5/issue_jwt_rs256")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);
BENCHMARK_CAPTURE(bare_sign, rs256, SignatureAlgorithm::rs256)
    ->Name("P5/yardstick_bare_sign_rs256")
    ->UseRealTime()
    ->MinTime(1.0);
BENCHMARK(replay)
    ->Name("P6/replay")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3)
    ->Repetitions(1);
BENCHMARK(cold_start)
    ->Name("P6/cold_start")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3)
    ->Repetitions(1);
BENCHMARK(memory)
    ->Name("P6/memory_machine_token")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->Repetitions(1);
BENCHMARK(disk)
    ->Name("P6/disk")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->Repetitions(1);

}  // namespace
}  // namespace tokenledger::bench

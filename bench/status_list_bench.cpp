// Status lists: what a round of their thread costs over millions of tokens, and what a fetch costs.
//
// Rounds: `first` is the look at every token after a start, `cascade` the one after a cascade,
// `revocations` the usual one. 1 % of the tokens are revoked. Fetches: `kept` is a list that was
// signed a moment ago, `signed` one that must be signed anew; its array has this many bits set.
#include <benchmark/benchmark.h>

#include <atomic>
#include <optional>
#include <random>
#include <thread>

#include "bench/ledger_fixture.hpp"
#include "core/status_list_token.hpp"
#include "storage/status_list_bits.hpp"
#include "storage/status_lists.hpp"

namespace tokenledger::bench {
namespace {

constexpr std::uint8_t kSealKey[16] = {1};

// An index full of tokens of a hundred clients.
class ScanSubject {
 public:
  ScanSubject() : count_{token_count(10'000'000)} {
    for (std::uint32_t client = 1; client <= kClients; ++client) {
      TokenClass made{};
      made.client = ClientNumber{client};
      index_.publish_class(ClassNumber{client}, made);
    }
    std::mt19937_64 random{42};
    for (std::uint64_t counter = 0; counter < count_; ++counter) {
      const TokenIndex token{Lane::day, counter};
      index_.publish_issue(
          token, {.fingerprint = {counter, 1},
                  .expires_at = UnixSeconds{2'000'000'000},
                  .token_class = ClassNumber{static_cast<std::uint32_t>(counter % kClients + 1)},
                  .issued_seq = Sequence{counter + 1}});
      if (random() % 100 == 0) index_.publish_revoke(token);
    }
    reserved_[static_cast<std::size_t>(Lane::day)] = count_;
  }

  void revoke(std::uint64_t number) {
    index_.publish_revoke(TokenIndex{Lane::day, number % count_});
  }
  std::uint64_t count() const { return count_; }
  StatusListBits bits() const { return {index_, places_, range_}; }

 private:
  static constexpr std::uint32_t kClients = 100;
  std::uint64_t count_;
  ValidityIndex index_;
  StatusListPlaces places_{kSealKey};
  StatusListRange::Reserved reserved_{};
  std::vector<IncarnationRecord> incarnations_{{Incarnation{7}, {0, 0, 0, 0}}};
  StatusListRange range_{incarnations_, index_, reserved_};
};

ScanSubject& scan_subject() {
  static ScanSubject subject;
  return subject;
}

void count_tokens(benchmark::State& state, const StatusListBits& bits) {
  state.counters["tokens"] = static_cast<double>(scan_subject().count());
  state.counters["ended"] = static_cast<double>(bits.bit_count());
  state.counters["lists"] = static_cast<double>(bits.list_count());
}

void first_scan(benchmark::State& state) {
  const std::atomic<bool> stops{false};
  for (auto _ : state) {
    std::optional<StatusListBits> bits{scan_subject().bits()};
    benchmark::DoNotOptimize(bits->scan(StatusListBits::Depth::cascades, stops));
    state.PauseTiming();
    count_tokens(state, *bits);
    bits.reset();
    state.ResumeTiming();
  }
}
BENCHMARK(first_scan)->Name("status_list/scan_first")->Unit(benchmark::kMillisecond);

void next_scan(benchmark::State& state, StatusListBits::Depth depth) {
  const std::atomic<bool> stops{false};
  auto bits = scan_subject().bits();
  benchmark::DoNotOptimize(bits.scan(StatusListBits::Depth::cascades, stops));
  std::uint64_t number = 0;
  for (auto _ : state) {
    scan_subject().revoke(number += 7'919);
    benchmark::DoNotOptimize(bits.scan(depth, stops));
  }
  count_tokens(state, bits);
}
BENCHMARK_CAPTURE(next_scan, revocations, StatusListBits::Depth::revocations)
    ->Name("status_list/scan_revocations")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(next_scan, cascade, StatusListBits::Depth::cascades)
    ->Name("status_list/scan_cascade")
    ->Unit(benchmark::kMillisecond);

std::vector<std::uint8_t> array_with(std::int64_t bits_set) {
  std::vector<std::uint8_t> array(kStatusListBytes);
  std::mt19937_64 random{42};
  for (std::int64_t bit = 0; bit < bits_set; ++bit)
    set_status(array, 1, random() % kStatusListEntries, kStatusInvalid);
  return array;
}

void encode(benchmark::State& state, ZlibEffort effort) {
  const auto array = array_with(state.range(0));
  std::size_t lst = 0;
  for (auto _ : state) lst = must(encode_status_list(array, 1, effort), "encode").lst().size();
  state.counters["lst_characters"] = static_cast<double>(lst);
}
BENCHMARK_CAPTURE(encode, usual, ZlibEffort::usual)
    ->Name("status_list/encode")
    ->ArgName("bits")
    ->Arg(0)
    ->Arg(1'000)
    ->Arg(10'000)
    ->Arg(100'000)
    ->Arg(500'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(encode, highest, ZlibEffort::highest)
    ->Name("status_list/encode_highest")
    ->ArgName("bits")
    ->Arg(0)
    ->Arg(1'000)
    ->Arg(10'000)
    ->Unit(benchmark::kMillisecond);

void sign(benchmark::State& state) {
  const auto list =
      must(encode_status_list(array_with(state.range(0)), 1, ZlibEffort::usual), "encode");
  const auto key = must(SigningKey::generate(SignatureAlgorithm::es256), "key");
  StatusListToken token;
  for (auto _ : state) {
    token = must(
        sign_status_list(key, list, "https://issuer.example/statuslists/AAAAAAAAAAAAAAAAAAAAAA",
                         {UnixSeconds{1'700'000'000}, UnixSeconds{1'700'003'600}, 60}),
        "sign");
  }
  state.counters["jwt_bytes"] = static_cast<double>(token.jwt.size());
  state.counters["gzip_bytes"] = static_cast<double>(token.gzip.size());
}
BENCHMARK(sign)
    ->Name("status_list/fetch_signed")
    ->ArgName("bits")
    ->Arg(0)
    ->Arg(1'000)
    ->Arg(10'000)
    ->Arg(100'000)
    ->Arg(500'000)
    ->Unit(benchmark::kMicrosecond);

void fetch_kept(benchmark::State& state) {
  LedgerFixture fixture{TokenKind::jwt};
  const StatusLists lists{fixture.ledger()};
  while (!lists.stats().is_ready) std::this_thread::yield();
  const auto uri = lists.uris().front();
  const auto id = uri.substr(uri.rfind('/') + 1);
  must(lists.fetch(id), "fetch");
  std::uint64_t found = 0;
  for (auto _ : state) {
    const auto body = lists.fetch(id);
    found += body.has_value();
  }
  state.counters["found"] = static_cast<double>(found);
}
BENCHMARK(fetch_kept)->Name("status_list/fetch_kept");

void place(benchmark::State& state) {
  const StatusListPlaces places{kSealKey};
  std::uint64_t counter = 0;
  std::uint64_t sum = 0;
  for (auto _ : state) {
    const auto found = places.place_of(TokenIndex{Lane::day, counter++}, Incarnation{7});
    sum += found.index + places.id_of(found.name).size();
  }
  state.counters["sum"] = static_cast<double>(sum);
}
BENCHMARK(place)->Name("status_list/place_of_a_token");

}  // namespace
}  // namespace tokenledger::bench

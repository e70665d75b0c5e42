// P2 and P3: a check by index against one random read of the 32-byte entry array, a revocation bit
// against a bare one, and a check while the writer publishes against the same check alone.
//
// Each measurement and its yardstick run in turns of a few milliseconds, both in either benchmark,
// so that a neighbour's load or a clock change hits the two alike. Every operation starts when the
// one before it has completed: the next index follows from the result, and a fence keeps the
// processor from running ahead of a verdict that it has predicted.
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base64url.hpp"
#include "core/seal_key.hpp"
#include "core/validity_index.hpp"

namespace tokenledger {
namespace {

constexpr std::uint64_t kTokensDefault = 10'000'000;
constexpr std::uint64_t kTokensQuick = 100'000;
constexpr std::uint32_t kClasses = 1000;
constexpr std::uint64_t kSegmentChecks = 20'000;
constexpr UnixSeconds kNow{1'700'000'000};
constexpr UnixSeconds kLater{1'700'003'600};
constexpr ApiNumber kApi{1};
constexpr std::string_view kAudience = "https://api.example.com/calendar/v1/";

std::uint64_t tokens_wanted() {
  if (const char* const text = std::getenv("TOKENLEDGER_BENCH_TOKENS")) {
    return std::max<std::uint64_t>(1, std::strtoull(text, nullptr, 10));
  }
  return std::getenv("TOKENLEDGER_BENCH_QUICK") == nullptr ? kTokensDefault : kTokensQuick;
}

inline void wait_for_all_loads() {
#if defined(__x86_64__)
  __builtin_ia32_lfence();
#elif defined(__aarch64__)
  asm volatile("dsb ld\n\tisb" ::: "memory");
#endif
}

std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
  return value ^ (value >> 31);
}
Fingerprint fingerprint_of(std::uint64_t counter) { return {mix(counter), ~counter}; }

// An index of `tokens` tokens in 1000 classes, 1 % of them revoked; and beside it the bare array
// and the bare bitmap, filled with the same words and on the same kind of pages.
struct World {
  std::uint64_t tokens = tokens_wanted();
  ValidityIndex index;
  AddressSpace entries{tokens * kEntryBytes, AddressSpace::Pages::huge};
  AddressSpace bits{(tokens + 63) / 64 * sizeof(AtomicWord)};

  World() {
    index.publish_api(kApi, kAudience);
    index.publish_scope(kApi, 0, "read");
    for (std::uint32_t number = 1; number <= kClasses; ++number) {
      TokenClass token_class{
          .client = ClientNumber{number}, .grant = GrantNumber{number}, .key = KeyNumber{1}};
      token_class.apis[0] = {kApi, 1};
      index.publish_class(ClassNumber{number}, token_class);
    }
    for (std::uint64_t counter = 0; counter < tokens; ++counter) add(counter);
  }
  static IndexEntry entry_of(std::uint64_t counter) {
    return {.fingerprint = fingerprint_of(counter),
            .expires_at = kLater,
            .token_class = ClassNumber{static_cast<std::uint32_t>(mix(counter) % kClasses) + 1},
            .issued_seq = Sequence{counter + 1}};
  }
  void add(std::uint64_t counter) {
    const IndexEntry entry = entry_of(counter);
    const EntryWords packed = pack_entry(entry);
    index.publish_issue({Lane::hour, counter}, entry);
    for (std::size_t word = 0; word < kEntryWords; ++word) {
      entries.words()[counter * kEntryWords + word].store(packed.words[word],
                                                          std::memory_order_relaxed);
    }
    if (mix(counter) % 100 != 0) return;
    index.publish_revoke({Lane::hour, counter});
    bits.words()[counter / 64].fetch_or(std::uint64_t{1} << (counter % 64));
  }
};

World& world() {
  static World built;
  return built;
}

// Time this thread ran on a processor: what others on the machine take away is not the check's.
double thread_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct Segment {
  double seconds = 0;
  std::uint64_t checksum = 0;
};

// kSegmentChecks operations as one dependent chain over random counters.
template <class Operation>
Segment run_chain(std::uint64_t tokens, Operation&& operation) {
  static std::uint64_t chain = 0x853C49E6748FEA9Bu;
  Segment segment;
  std::uint64_t state = chain;
  const double start = thread_seconds();
  for (std::uint64_t step = 0; step < kSegmentChecks; ++step) {
    const std::uint64_t counter = ((state >> 32) * tokens) >> 32;
    const std::uint64_t result = operation(counter);
    segment.checksum += result;
    state = (state ^ result) * 6364136223846793005u + 1442695040888963407u;
  }
  segment.seconds = thread_seconds() - start;
  chain = state;
  return segment;
}

// Runs both in turns, counts the time of the first, and reports the median of the ratios.
template <class Measured, class Other>
void run_in_turns(benchmark::State& state, Measured&& measured, Other&& other) {
  std::vector<double> ratios;
  std::uint64_t checksum = 0;
  while (state.KeepRunningBatch(kSegmentChecks)) {
    const Segment mine = measured();
    const Segment theirs = other();
    state.SetIterationTime(mine.seconds);
    checksum += mine.checksum;
    ratios.push_back(mine.seconds / theirs.seconds);
  }
  std::nth_element(ratios.begin(), ratios.begin() + ratios.size() / 2, ratios.end());
  state.counters["ratio_median"] = ratios[ratios.size() / 2];
  state.counters["checksum"] = static_cast<double>(checksum);
  state.counters["tokens"] = static_cast<double>(world().tokens);
}

Segment read_entries() {
  const World& in = world();
  const AtomicWord* const words = in.entries.words();
  return run_chain(in.tokens, [&](std::uint64_t counter) {
    const AtomicWord* const entry = words + counter * kEntryWords;
    std::uint64_t sum = 0;
    for (std::size_t word = 0; word < kEntryWords; ++word) {
      sum ^= entry[word].load(std::memory_order_acquire);
    }
    wait_for_all_loads();
    return sum & 1;
  });
}

Segment check_by_index() {
  const World& in = world();
  return run_chain(in.tokens, [&](std::uint64_t counter) {
    const Verdict verdict =
        in.index.check_without_fingerprint(TokenIndex{Lane::hour, counter}, kApi, 1, kNow);
    wait_for_all_loads();
    return static_cast<std::uint64_t>(verdict);
  });
}

// What the check of a presented token asks of the index: fingerprint, and names not resolved
// before.
Segment check_by_name() {
  const World& in = world();
  static constexpr std::string_view kScopes[] = {"read"};
  return run_chain(in.tokens, [&](std::uint64_t counter) {
    const Verdict verdict = in.index.check(TokenIndex{Lane::hour, counter}, fingerprint_of(counter),
                                           kAudience, kScopes, kNow);
    wait_for_all_loads();
    return static_cast<std::uint64_t>(verdict);
  });
}

// By jti. Both sides seal the index first, for ten million stored texts would be a cache miss of
// their own; then one unseals the text and checks, the other decrypts the block and reads the entry
// that it names.
const SealKey& seal_key() {
  static const SealKey key{Aes128::Key{1, 2, 3}};
  return key;
}

Segment check_by_jti() {
  const World& in = world();
  return run_chain(in.tokens, [&](std::uint64_t counter) {
    const auto jti = seal_key().seal(TokenIndex{Lane::hour, counter}, Incarnation{7});
    const auto sealed = seal_key().unseal(text_of(jti));
    const Verdict verdict = in.index.check_without_fingerprint(sealed->index, kApi, 1, kNow);
    wait_for_all_loads();
    return static_cast<std::uint64_t>(verdict);
  });
}

Segment read_entries_and_aes() {
  const World& in = world();
  const AtomicWord* const words = in.entries.words();
  static const Aes128 aes{Aes128::Key{1, 2, 3}};
  return run_chain(in.tokens, [&](std::uint64_t counter) {
    // The same text is made; what is decrypted and read hangs on the block, as a look-up does.
    const auto sealed = seal_key().seal_bytes(TokenIndex{Lane::hour, counter}, Incarnation{7});
    Jti jti;
    base64url_encode_to(sealed, jti.data());
    benchmark::DoNotOptimize(jti);
    const Aes128::Block block = aes.decrypt(sealed);
    std::uint64_t index = 0;
    std::memcpy(&index, block.data(), sizeof index);
    const AtomicWord* const entry = words + TokenIndex::from_value(index).counter() * kEntryWords;
    std::uint64_t sum = block[8];
    for (std::size_t word = 0; word < kEntryWords; ++word)
      sum ^= entry[word].load(std::memory_order_acquire);
    wait_for_all_loads();
    return sum & 1;
  });
}

Segment test_bits() {
  const World& in = world();
  return run_chain(in.tokens, [&](std::uint64_t counter) {
    const bool revoked = in.index.is_revoked_individually(TokenIndex{Lane::hour, counter});
    wait_for_all_loads();
    return static_cast<std::uint64_t>(revoked);
  });
}

Segment test_bare_bits() {
  const World& in = world();
  const AtomicWord* const words = in.bits.words();
  return run_chain(in.tokens, [&](std::uint64_t counter) {
    const std::uint64_t bit =
        (words[counter / 64].load(std::memory_order_acquire) >> (counter % 64)) & 1;
    wait_for_all_loads();
    return bit;
  });
}

void check_by_index_benchmark(benchmark::State& state) {
  run_in_turns(state, check_by_index, read_entries);
}
void random_read_benchmark(benchmark::State& state) {
  run_in_turns(state, read_entries, check_by_index);
}
void check_by_name_benchmark(benchmark::State& state) {
  run_in_turns(state, check_by_name, read_entries);
}
void check_by_jti_benchmark(benchmark::State& state) {
  run_in_turns(state, check_by_jti, read_entries_and_aes);
}
void random_read_and_aes_benchmark(benchmark::State& state) {
  run_in_turns(state, read_entries_and_aes, check_by_jti);
}
void revocation_bit_benchmark(benchmark::State& state) {
  run_in_turns(state, test_bits, test_bare_bits);
}
void bare_bit_benchmark(benchmark::State& state) { run_in_turns(state, test_bare_bits, test_bits); }

// Publishes at full speed while it is told to: issues in another lane (with its retirements), every
// fourth followed by a revocation, and rewrites entries that the readers check.
class Publisher {
 public:
  Publisher() : thread_{[this] { run(); }} {}
  ~Publisher() {
    mode_.store(kStop);
    mode_.notify_one();
    thread_.join();
  }
  Segment during(Segment (*operation)()) {
    const std::uint64_t before = published_.load();
    mode_.store(kPublish);
    mode_.notify_one();
    // Until it is running on its processor.
    while (published_.load(std::memory_order_relaxed) < before + 1000) std::this_thread::yield();
    const Segment segment = operation();
    mode_.store(kPause);
    while (!paused_.load(std::memory_order_acquire)) std::this_thread::yield();
    return segment;
  }
  [[nodiscard]] std::uint64_t published() const { return published_.load(); }

 private:
  enum Mode : int { kPause, kPublish, kStop };

  void run() {
    for (;;) {
      mode_.wait(kPause);
      paused_.store(false, std::memory_order_release);
      while (mode_.load(std::memory_order_relaxed) == kPublish) publish_some();
      paused_.store(true, std::memory_order_release);
      if (mode_.load() == kStop) return;
    }
  }
  void publish_some() {
    constexpr std::uint64_t kSome = 100;
    constexpr std::uint64_t kKept = 4 * std::uint64_t{kChunkTokens};
    ValidityIndex& index = world().index;
    for (const std::uint64_t end = next_ + kSome; next_ < end; ++next_) {
      index.publish_issue({Lane::day, next_}, World::entry_of(next_));
      if (next_ % 4 == 0) index.publish_revoke({Lane::day, next_ - next_ % kChunkTokens / 2});
      index.publish_flags({Lane::hour, mix(next_) % world().tokens}, EntryFlags::none);
    }
    if (next_ > kKept) index.retire_chunks_below(Lane::day, next_ - kKept);
    published_.fetch_add(kSome, std::memory_order_relaxed);
  }

  std::uint64_t next_ = 0;
  alignas(64) std::atomic<int> mode_{kPause};
  alignas(64) std::atomic<bool> paused_{true};
  alignas(64) std::atomic<std::uint64_t> published_{0};
  std::thread thread_;
};

Publisher& publisher() {
  static Publisher running;
  return running;
}

void check_while_publishing_benchmark(benchmark::State& state) {
  (void)world();
  run_in_turns(state, [] { return publisher().during(check_by_index); }, check_by_index);
  state.counters["published"] = static_cast<double>(publisher().published());
}
void check_idle_benchmark(benchmark::State& state) {
  (void)world();
  run_in_turns(state, check_by_index, [] { return publisher().during(check_by_index); });
}

BENCHMARK(check_by_index_benchmark)->Name("P2/check_by_index")->UseManualTime();
BENCHMARK(random_read_benchmark)->Name("P2/yardstick_random_read")->UseManualTime();
BENCHMARK(check_by_name_benchmark)->Name("P2/check_by_index_with_names")->UseManualTime();
BENCHMARK(check_by_jti_benchmark)->Name("P2/check_by_jti")->UseManualTime();
BENCHMARK(random_read_and_aes_benchmark)->Name("P2/yardstick_random_read_and_aes")->UseManualTime();
BENCHMARK(revocation_bit_benchmark)->Name("P2/revocation_bit")->UseManualTime();
BENCHMARK(bare_bit_benchmark)->Name("P2/yardstick_bare_bit")->UseManualTime();
BENCHMARK(check_while_publishing_benchmark)->Name("P3/check_while_publishing")->UseManualTime();
BENCHMARK(check_idle_benchmark)->Name("P3/yardstick_check_idle")->UseManualTime();

}  // namespace
}  // namespace tokenledger

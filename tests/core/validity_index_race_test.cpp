// INV-2, Z06: once a revocation is acknowledged, no check on any thread says good.
//
// One writer plays a script over a ring of two chunks: it issues, revokes, cascades, suspends,
// withdraws consents, ends families, retires chunks and reuses the numbers of classes, consents and
// families, and acknowledges each step through an atomic counter.
// What token c is and what happens to it follows from c and the seed alone, so that readers on
// other threads know the truth without sharing anything else with the writer. They also compare
// whole entries and classes: nobody may ever see the data of another token.
//
// TOKENLEDGER_RACE_CHECKS sets the number of checks, TOKENLEDGER_RACE_SEED the seed (both printed).
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/validity_index.hpp"

namespace tokenledger {
namespace {

constexpr std::uint64_t kDefaultChecks = 10'000'000;
constexpr std::size_t kReaderCount = 3;
constexpr std::uint64_t kBatchTokens = 256;  // a power of two that divides a chunk
constexpr std::uint64_t kCapacity = 2 * std::uint64_t{kChunkTokens};
constexpr std::uint64_t kChunksKept = 1;  // so that a retired chunk's slots are written at once
constexpr std::uint64_t kNearTokens = 64;
constexpr std::uint64_t kGroupTokens = 4096;  // tokens with one class
constexpr std::uint64_t kRevokeLag = 2;       // batches between an issue and its revocation
constexpr std::uint32_t kClassNumbers = kCapacity / kGroupTokens;
constexpr std::uint32_t kApis = 61;
// Tokens of one consent and one family; both numbers come again with the slot's next life.
constexpr std::uint64_t kBoundTokens = kBatchTokens;
constexpr std::uint32_t kBoundNumbers = kCapacity / kBoundTokens;
constexpr std::uint64_t kBoundLag = 4;  // of these, between an issue and the end
constexpr UnixSeconds kNow{1'700'000'000};

std::uint64_t environment(const char* name, std::uint64_t fallback) {
  const char* const text = std::getenv(name);
  return text == nullptr ? fallback : static_cast<std::uint64_t>(std::strtod(text, nullptr));
}

std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
  return value ^ (value >> 31);
}

enum class Fate { stays, revoked, suspended, expired };

// What the seed says about every token, the same on every thread.
struct Script {
  std::uint64_t seed;

  [[nodiscard]] std::uint64_t hash(std::uint64_t counter) const { return mix(seed ^ mix(counter)); }
  [[nodiscard]] Fate fate(std::uint64_t counter) const {
    const std::uint64_t die = hash(counter) % 16;
    if (die < 5) return Fate::revoked;
    if (die == 5) return Fate::suspended;
    return die == 6 ? Fate::expired : Fate::stays;
  }
  static std::uint64_t group(std::uint64_t counter) { return counter / kGroupTokens; }
  // Every second group is ended by a cascade of one of its selectors, in turn.
  static bool is_cascaded(std::uint64_t group) { return group % 2 == 1; }
  static ClassNumber class_number(std::uint64_t group) {
    return ClassNumber{static_cast<std::uint32_t>(group % kClassNumbers) + 1};
  }
  static ApiNumber api(std::uint64_t group) {
    return ApiNumber{static_cast<std::uint32_t>(group % kApis) + 1};
  }
  static std::string audience(ApiNumber api) {
    return "https://api/" + std::to_string(api.value());
  }
  static TokenClass token_class(std::uint64_t group) {
    const auto number = static_cast<std::uint32_t>(group) + 1;
    TokenClass made{.client = ClientNumber{number},
                    .grant = GrantNumber{number},
                    .key = KeyNumber{number % (kKeyNumberEnd - 1) + 1}};
    made.apis[0] = {api(group), group + 1};
    return made;
  }
  // Not the API and not the whole ledger: they would end tokens of other groups as well.
  static Selector selector(std::uint64_t group) {
    const TokenClass ended = token_class(group);
    switch (group / 2 % 3) {
      case 0: return {SelectorKind::client, ended.client.value()};
      case 1: return {SelectorKind::grant, ended.grant.value()};
      default: return {SelectorKind::key, ended.key.value()};
    }
  }
  // A third of the tokens is machines', a third is users' with a family, a third without.
  [[nodiscard]] bool is_users(std::uint64_t counter) const { return hash(~counter) % 3 != 0; }
  [[nodiscard]] bool has_family(std::uint64_t counter) const { return hash(~counter) % 3 == 1; }
  static std::uint64_t bound_group(std::uint64_t counter) { return counter / kBoundTokens; }
  static std::uint32_t bound_number(std::uint64_t bound_group) {
    return static_cast<std::uint32_t>(bound_group % kBoundNumbers) + 1;
  }
  [[nodiscard]] bool ends_consent(std::uint64_t bound_group) const {
    return hash(bound_group ^ 0xC0) % 4 == 0;
  }
  [[nodiscard]] bool ends_family(std::uint64_t bound_group) const {
    return hash(bound_group ^ 0xFA) % 4 == 0;
  }
  // Whether its consent or its family is to end.
  [[nodiscard]] bool is_withdrawn(std::uint64_t counter) const {
    const std::uint64_t group = bound_group(counter);
    return (is_users(counter) && ends_consent(group)) ||
           (has_family(counter) && ends_family(group));
  }
  [[nodiscard]] IndexEntry entry(std::uint64_t counter) const {
    const std::uint32_t bound = bound_number(bound_group(counter));
    return {.fingerprint = {hash(counter), ~hash(counter)},
            .expires_at = fate(counter) == Fate::expired ? kNow : kNow.next(),
            .token_class = class_number(group(counter)),
            .issued_seq = Sequence{counter + 1},
            .kind = TokenKind::opaque,
            .flags = fate(counter) == Fate::suspended ? EntryFlags::suspended : EntryFlags::none,
            .binding = {ConsentNumber{is_users(counter) ? bound : 0},
                        FamilyNumber{has_family(counter) ? bound : 0}}};
  }
};

// What the writer has acknowledged: every counter below is issued, revoked (if that is its fate),
// cascaded (if its group is), withdrawn (likewise), or retired. `retiring` is stored before the
// step, the others after it.
struct Acknowledged {
  alignas(64) std::atomic<std::uint64_t> issued{0};
  alignas(64) std::atomic<std::uint64_t> revoked{0};
  alignas(64) std::atomic<std::uint64_t> revoking{0};
  alignas(64) std::atomic<std::uint64_t> cascaded{0};
  alignas(64) std::atomic<std::uint64_t> cascading{0};
  alignas(64) std::atomic<std::uint64_t> withdrawn{0};
  alignas(64) std::atomic<std::uint64_t> withdrawing{0};
  alignas(64) std::atomic<std::uint64_t> retired{0};
  alignas(64) std::atomic<std::uint64_t> retiring{0};
};

struct Counts {
  std::uint64_t checks = 0;
  std::uint64_t good = 0;
  std::uint64_t must_refuse = 0;      // checks of a token that an acknowledged step had ended
  std::uint64_t withdrawn_alone = 0;  // of these, by nothing but the end of a consent or family
  std::uint64_t stale_good = 0;       // of these, answered good: INV-2 is broken
  std::uint64_t must_accept = 0;      // checks of a token that nothing had ended, before or after
  std::uint64_t wrongly_refused = 0;  // of these, not answered good
  std::uint64_t foreign_data = 0;     // entry or class of another token, or a half of one
  std::uint64_t wrong_audience = 0;   // good for an API that is not the token's

  Counts& operator+=(const Counts& other) {
    checks += other.checks;
    good += other.good;
    must_refuse += other.must_refuse;
    withdrawn_alone += other.withdrawn_alone;
    stale_good += other.stale_good;
    must_accept += other.must_accept;
    wrongly_refused += other.wrongly_refused;
    foreign_data += other.foreign_data;
    wrong_audience += other.wrong_audience;
    return *this;
  }
};

class Writer {
 public:
  Writer(ValidityIndex& index, const Script& script, Acknowledged& acknowledged)
      : index_{index}, script_{script}, acknowledged_{acknowledged} {
    for (std::uint32_t api = 1; api <= kApis; ++api) {
      index_.publish_api(ApiNumber{api}, Script::audience(ApiNumber{api}));
    }
  }

  void run(const std::atomic<bool>& stop) {
    while (!stop.load(std::memory_order_relaxed)) play_batch();
  }
  [[nodiscard]] std::uint64_t issued() const { return next_; }
  [[nodiscard]] std::uint64_t classes_reused() const { return classes_reused_; }
  [[nodiscard]] std::uint64_t numbers_ended() const { return numbers_ended_; }
  [[nodiscard]] std::uint64_t numbers_freed() const { return numbers_freed_; }

 private:
  void play_batch() {
    if (next_ % kChunkTokens == 0) make_room();
    if (next_ % kGroupTokens == 0) start_group(Script::group(next_));
    free_numbers(Script::bound_group(next_));
    for (std::uint64_t counter = next_; counter < next_ + kBatchTokens; ++counter) {
      index_.publish_issue({Lane::hour, counter}, script_.entry(counter));
    }
    next_ += kBatchTokens;
    acknowledged_.issued.store(next_, std::memory_order_release);
    if (next_ >= (kRevokeLag + 1) * kBatchTokens)
      revoke_batch(next_ - (kRevokeLag + 1) * kBatchTokens);
    if (next_ > kBoundLag * kBoundTokens) withdraw(Script::bound_group(next_) - kBoundLag - 1);
    // One group later, so that its tokens live a while.
    if (next_ % kGroupTokens == 0 && next_ >= 2 * kGroupTokens) {
      end_group(Script::group(next_) - 2);
    }
  }

  void make_room() {
    const std::uint64_t chunk = next_ / kChunkTokens;
    if (chunk <= kChunksKept) return;
    const std::uint64_t floor = (chunk - kChunksKept) * kChunkTokens;
    acknowledged_.retiring.store(floor, std::memory_order_release);
    index_.retire_chunks_below(Lane::hour, floor);
    acknowledged_.retired.store(floor, std::memory_order_release);
  }

  void start_group(std::uint64_t group) {
    const ClassNumber number = Script::class_number(group);
    if (group >= kClassNumbers) {
      index_.free_class(number);
      ++classes_reused_;
    }
    index_.publish_class(number, Script::token_class(group));
  }

  // Their tokens' chunk was retired by make_room(), so the next ones may have the numbers.
  void free_numbers(std::uint64_t group) {
    if (group < kBoundNumbers) return;
    const std::uint64_t last = group - kBoundNumbers;
    const std::uint32_t number = Script::bound_number(last);
    if (script_.ends_consent(last)) index_.free_consent(ConsentNumber{number});
    if (script_.ends_family(last)) index_.free_family(FamilyNumber{number});
    numbers_freed_ += script_.ends_consent(last) + script_.ends_family(last);
  }

  void withdraw(std::uint64_t group) {
    const std::uint64_t to = (group + 1) * kBoundTokens;
    const std::uint32_t number = Script::bound_number(group);
    acknowledged_.withdrawing.store(to, std::memory_order_release);
    if (script_.ends_consent(group)) index_.publish_ended(ConsentNumber{number});
    if (script_.ends_family(group)) index_.publish_ended(FamilyNumber{number});
    numbers_ended_ += script_.ends_consent(group) + script_.ends_family(group);
    acknowledged_.withdrawn.store(to, std::memory_order_release);
  }

  void revoke_batch(std::uint64_t from) {
    const std::uint64_t to = from + kBatchTokens;
    acknowledged_.revoking.store(to, std::memory_order_release);
    for (std::uint64_t counter = from; counter < to; ++counter) {
      if (script_.fate(counter) == Fate::revoked) index_.publish_revoke({Lane::hour, counter});
    }
    acknowledged_.revoked.store(to, std::memory_order_release);
  }

  void end_group(std::uint64_t group) {
    const std::uint64_t to = (group + 1) * kGroupTokens;
    acknowledged_.cascading.store(to, std::memory_order_release);
    if (Script::is_cascaded(group)) {
      index_.publish_cascade(Script::selector(group), Sequence{to + 1});
    }
    acknowledged_.cascaded.store(to, std::memory_order_release);
  }

  ValidityIndex& index_;
  const Script& script_;
  Acknowledged& acknowledged_;
  std::uint64_t next_ = 0;
  std::uint64_t classes_reused_ = 0;
  std::uint64_t numbers_ended_ = 0;
  std::uint64_t numbers_freed_ = 0;
};

class Reader {
 public:
  Reader(const ValidityIndex& index, const Script& script, const Acknowledged& acknowledged,
         std::uint64_t seed)
      : index_{index}, script_{script}, acknowledged_{acknowledged}, random_{seed} {
    for (std::uint32_t api = 1; api <= kApis; ++api) {
      audiences_.push_back(Script::audience(ApiNumber{api}));
    }
  }

  void run(std::uint64_t checks) {
    while (acknowledged_.issued.load(std::memory_order_acquire) == 0) std::this_thread::yield();
    while (counts.checks < checks) {
      const std::uint64_t counter = pick();
      check(counter);
      if (counts.checks % 4 == 0) compare(counter);
    }
  }

  Counts counts;

 private:
  // Where things happen: first in the oldest chunk (its slots are the next to be retired and
  // written again), the same slots in their next life, being issued now, about to be revoked,
  // anywhere.
  std::uint64_t pick() {
    const std::uint64_t issued = acknowledged_.issued.load(std::memory_order_acquire);
    const std::uint64_t floor = acknowledged_.retired.load(std::memory_order_acquire);
    const std::uint64_t die = random_();
    const std::uint64_t spread = die >> 8;
    switch (die % 8) {
      case 0:
      case 1: return floor + spread % kNearTokens;
      case 2: return floor + kCapacity + spread % kNearTokens;
      case 3: return issued + spread % kBatchTokens;
      case 4:
      case 5: return issued - std::min(issued, spread % (2 * kGroupTokens));
      default: return floor + spread % kCapacity;
    }
  }

  static bool is_below(std::uint64_t counter, const std::atomic<std::uint64_t>& bound) {
    return counter < bound.load(std::memory_order_acquire);
  }

  [[nodiscard]] bool ended(std::uint64_t counter, const std::atomic<std::uint64_t>& revoked,
                           const std::atomic<std::uint64_t>& cascaded,
                           const std::atomic<std::uint64_t>& retired) const {
    const Fate fate = script_.fate(counter);
    if (fate == Fate::suspended || fate == Fate::expired) return true;
    if (fate == Fate::revoked && counter < revoked.load(std::memory_order_acquire)) return true;
    const bool is_cascaded = Script::is_cascaded(Script::group(counter));
    if (is_cascaded && counter < cascaded.load(std::memory_order_acquire)) return true;
    return counter < retired.load(std::memory_order_acquire);
  }

  Verdict ask(std::uint64_t counter, ApiNumber api) {
    const TokenIndex token{Lane::hour, counter};
    const Fingerprint fingerprint = script_.entry(counter).fingerprint;
    switch (counts.checks++ % 4) {
      case 0: return index_.check(token, fingerprint, audiences_[api.value() - 1], {}, kNow);
      case 1: return index_.check(token, fingerprint, api, 0, kNow);
      case 2: return index_.check_without_fingerprint(token, audiences_[api.value() - 1], {}, kNow);
      default: return index_.check_without_fingerprint(token, api, 0, kNow);
    }
  }

  void check(std::uint64_t counter) {
    const std::uint64_t group = Script::group(counter);
    const bool was_issued = counter < acknowledged_.issued.load(std::memory_order_acquire);
    const bool was_withdrawn =
        is_below(counter, acknowledged_.withdrawn) && script_.is_withdrawn(counter);
    const bool was_ended_else =
        ended(counter, acknowledged_.revoked, acknowledged_.cascaded, acknowledged_.retired);
    const bool was_ended = was_withdrawn || was_ended_else;
    const bool is_good = ask(counter, Script::api(group)) == Verdict::good;
    const bool may_be_ended =
        (script_.is_withdrawn(counter) && is_below(counter, acknowledged_.withdrawing)) ||
        ended(counter, acknowledged_.revoking, acknowledged_.cascading, acknowledged_.retiring);
    counts.good += is_good;
    counts.must_refuse += was_ended;
    counts.withdrawn_alone += was_withdrawn && !was_ended_else;
    counts.stale_good += was_ended && is_good;
    counts.must_accept += was_issued && !may_be_ended;
    counts.wrongly_refused += was_issued && !may_be_ended && !is_good;
    // The audience of the class that takes this class number, and this slot, next.
    const ApiNumber next_life = Script::api(group + kClassNumbers);
    counts.wrong_audience += ask(counter, next_life) == Verdict::good;
  }

  void compare(std::uint64_t counter) {
    const TokenIndex token{Lane::hour, counter};
    if (const auto entry = index_.find(token)) {
      counts.foreign_data += *entry != script_.entry(counter);
    }
    if (const auto token_class = index_.find_class(token)) {
      counts.foreign_data += *token_class != Script::token_class(Script::group(counter));
    }
    // The bit of a token that will never be revoked is never seen set.
    if (script_.fate(counter) != Fate::revoked) {
      counts.foreign_data += index_.is_revoked_individually(token);
    }
  }

  const ValidityIndex& index_;
  const Script& script_;
  const Acknowledged& acknowledged_;
  std::mt19937_64 random_;
  std::vector<std::string> audiences_;
};

static_assert(kClassNumbers % kApis != 0, "the next life of a class number has another API");

TEST(ValidityIndexRace, INV2Z06NoReaderSaysGoodAfterARevocationWasAcknowledged) {
  const std::uint64_t checks = environment("TOKENLEDGER_RACE_CHECKS", kDefaultChecks);
  const std::uint64_t seed = environment("TOKENLEDGER_RACE_SEED", std::random_device{}());
  std::cout << "seed " << seed << ", checks " << checks << ", readers " << kReaderCount
            << std::endl;
  const Script script{seed};
  Acknowledged acknowledged;
  ValidityIndex index{{.lane_capacities = {kCapacity, kChunkTokens, kChunkTokens, kChunkTokens}}};
  Writer writer{index, script, acknowledged};
  std::vector<Reader> readers;
  for (std::size_t reader = 0; reader < kReaderCount; ++reader) {
    readers.emplace_back(index, script, acknowledged, seed + reader);
  }
  std::atomic<bool> stop{false};
  std::thread writing{[&] { writer.run(stop); }};
  std::vector<std::thread> reading;
  for (Reader& reader : readers) {
    reading.emplace_back([&reader, checks] { reader.run(checks / kReaderCount + 1); });
  }
  for (std::thread& thread : reading) thread.join();
  stop.store(true);
  writing.join();

  Counts total;
  for (const Reader& reader : readers) total += reader.counts;
  std::cout << "issued " << writer.issued() << ", chunks retired " << index.oldest_chunk(Lane::hour)
            << ", classes reused " << writer.classes_reused() << ", consents and families ended "
            << writer.numbers_ended() << " and freed " << writer.numbers_freed() << "\nchecks "
            << total.checks << ", good " << total.good << ", must refuse " << total.must_refuse
            << ", by a consent or family alone " << total.withdrawn_alone << " (stale good "
            << total.stale_good << "), must accept " << total.must_accept << " (wrongly refused "
            << total.wrongly_refused << "), foreign data " << total.foreign_data
            << ", wrong audience " << total.wrong_audience << std::endl;
  EXPECT_GE(total.checks, checks);
  EXPECT_GT(total.must_refuse, 0u);
  EXPECT_GT(total.withdrawn_alone, 0u);
  EXPECT_GT(total.must_accept, 0u);
  EXPECT_GT(writer.numbers_freed(), 0u);
  EXPECT_EQ(total.stale_good, 0u);
  EXPECT_EQ(total.wrongly_refused, 0u);
  EXPECT_EQ(total.foreign_data, 0u);
  EXPECT_EQ(total.wrong_audience, 0u);
}

}  // namespace
}  // namespace tokenledger

// How the validity index takes, reuses, copies and returns memory.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <map>
#include <vector>

#include "tests/core/validity_index_fixture.hpp"

namespace tokenledger {
namespace {

using namespace testing_support;

constexpr std::uint64_t kChunk = kChunkTokens;

class ValidityIndexMemory : public testing::Test {
 protected:
  void SetUp() override { publish_calendar(index_); }
  void issue(std::uint64_t counter) { index_.publish_issue(hour(counter), entry_of(counter)); }
  void issue_range(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t counter = from; counter < to; ++counter) issue(counter);
  }
  void expect_gone(std::uint64_t counter) {
    EXPECT_FALSE(index_.find(hour(counter))) << counter;
    EXPECT_FALSE(index_.find_class(hour(counter))) << counter;
    EXPECT_FALSE(index_.is_revoked_individually(hour(counter))) << counter;
    EXPECT_EQ(check(index_, counter), Verdict::not_good) << counter;
  }
  ValidityIndex index_{kSmallIndex};
};

TEST_F(ValidityIndexMemory, EmptyIndexHoldsNothingAndCostsNothing) {
  EXPECT_EQ(index_.chunks(Lane::hour), (ChunkRange{0, 0}));
  EXPECT_LE(index_.committed_bytes(), 4096u);
  expect_gone(0);
}

TEST_F(ValidityIndexMemory, GrowsChunkByChunkAndReturnsWhatItRetires) {
  ValidityIndex index{{.lane_capacities = {8 * kChunk, kChunk, kChunk, kChunk}}};
  publish_calendar(index);
  const std::size_t before = index.committed_bytes();
  for (std::uint64_t chunk = 0; chunk < 8; ++chunk) {
    for (std::uint64_t counter = chunk * kChunk; counter < (chunk + 1) * kChunk; ++counter) {
      index.publish_issue(hour(counter), entry_of(counter));
    }
    EXPECT_EQ(index.committed_bytes(), before + (chunk + 1) * kChunkBytes);
  }
  for (std::uint64_t counter = 0; counter < 8 * kChunk; ++counter) {
    ASSERT_EQ(index.find(hour(counter)), entry_of(counter)) << counter;
  }
  EXPECT_EQ(index.chunks(Lane::hour), (ChunkRange{0, 8}));
  index.retire_chunks_below(Lane::hour, 3 * kChunk);
  EXPECT_EQ(index.committed_bytes(), before + 5 * kChunkBytes);
  EXPECT_EQ(index.chunks(Lane::hour), (ChunkRange{3, 8}));
}

TEST_F(ValidityIndexMemory, RingHoldsOneCapacityFromTheOldestChunk) {
  EXPECT_TRUE(index_.can_hold(hour(0)));
  EXPECT_TRUE(index_.can_hold(hour(kSmallCapacity - 1)));
  EXPECT_FALSE(index_.can_hold(hour(kSmallCapacity)));
  EXPECT_FALSE(index_.can_hold(hour(TokenIndex::kCounterMax)));
  EXPECT_FALSE(index_.can_hold(TokenIndex::from_value(~std::uint64_t{0})));
  index_.retire_chunks_below(Lane::hour, kChunk);
  EXPECT_FALSE(index_.can_hold(hour(kChunk - 1)));
  EXPECT_TRUE(index_.can_hold(hour(kChunk)));
  EXPECT_TRUE(index_.can_hold(hour(kSmallCapacity)));
  EXPECT_FALSE(index_.can_hold(hour(kSmallCapacity + kChunk)));
  EXPECT_TRUE(index_.can_hold(TokenIndex{Lane::day, 0})) << "lanes do not share";
}

TEST_F(ValidityIndexMemory, RetiresWholeChunksOnly) {
  issue(kChunk - 1);
  issue(kChunk);
  index_.retire_chunks_below(Lane::hour, kChunk - 1);
  EXPECT_EQ(check(index_, kChunk - 1), Verdict::good);
  EXPECT_EQ(index_.oldest_chunk(Lane::hour), 0u);
  index_.retire_chunks_below(Lane::hour, kChunk + 5);
  expect_gone(kChunk - 1);
  EXPECT_EQ(check(index_, kChunk), Verdict::good);
  EXPECT_EQ(index_.oldest_chunk(Lane::hour), 1u);
  index_.retire_chunks_below(Lane::hour, 0);
  EXPECT_EQ(index_.oldest_chunk(Lane::hour), 1u) << "never goes back";
}

TEST_F(ValidityIndexMemory, WrappedSlotForgetsEntryAndRevocationOfItsOldToken) {
  issue_range(0, kSmallCapacity);
  for (std::uint64_t counter = 0; counter < kChunk; counter += 3) {
    index_.publish_revoke(hour(counter));
  }
  index_.retire_chunks_below(Lane::hour, kChunk);
  for (std::uint64_t counter = 0; counter < kChunk; counter += 7) expect_gone(counter);
  // The first token of the slot's next life commits the chunk; the others are not issued yet.
  issue(kSmallCapacity);
  for (std::uint64_t counter = kSmallCapacity + 1; counter < kSmallCapacity + kChunk;
       counter += 7) {
    expect_gone(counter);
  }
  issue_range(kSmallCapacity, kSmallCapacity + kChunk);
  for (std::uint64_t counter = 0; counter < kChunk; ++counter) {
    ASSERT_EQ(index_.find(hour(kSmallCapacity + counter)), entry_of(kSmallCapacity + counter));
    ASSERT_FALSE(index_.is_revoked_individually(hour(kSmallCapacity + counter))) << counter;
    ASSERT_EQ(check(index_, kSmallCapacity + counter), Verdict::good) << counter;
    ASSERT_FALSE(index_.find(hour(counter))) << counter;
  }
}

TEST_F(ValidityIndexMemory, ManyTurnsOfTheRing) {
  for (std::uint64_t chunk = 0; chunk < 40; ++chunk) {
    if (chunk >= 2) index_.retire_chunks_below(Lane::hour, (chunk - 1) * kChunk);
    const std::uint64_t counter = chunk * kChunk + chunk * 997;
    issue(counter);
    index_.publish_revoke(hour(counter));
    EXPECT_TRUE(index_.is_revoked_individually(hour(counter)));
    if (chunk >= 2) expect_gone((chunk - 2) * kChunk + (chunk - 2) * 997);
  }
  EXPECT_EQ(index_.chunks(Lane::hour), (ChunkRange{38, 40}));
}

TEST_F(ValidityIndexMemory, RetiringFarAheadOfWhatWasUsedIsHarmless) {
  issue(5);
  index_.retire_chunks_below(Lane::hour, std::uint64_t{1} << 50);
  expect_gone(5);
  const std::uint64_t counter = (std::uint64_t{1} << 50) + 5;
  EXPECT_TRUE(index_.can_hold(hour(counter)));
  issue(counter);
  EXPECT_EQ(check(index_, counter), Verdict::good);
  EXPECT_EQ(index_.chunks(Lane::hour), (ChunkRange{std::uint64_t{1} << 34, (1ull << 34) + 1}));
}

TEST_F(ValidityIndexMemory, ClassNumberIsReusedAfterItsChunksRetired) {
  index_.publish_issue(hour(1), entry_of(1));
  index_.retire_chunks_below(Lane::hour, kChunk);
  index_.free_class(kClass);
  TokenClass other{.client = ClientNumber{6}};
  other.apis[0] = {kOtherApi, 1};
  index_.publish_class(kClass, other);
  index_.publish_issue(hour(kChunk), entry_of(kChunk));
  EXPECT_EQ(index_.find_class(hour(kChunk)), other);
  expect_gone(1);
  EXPECT_EQ(check(index_, kChunk), Verdict::not_good) << "the audience is the new class's";
  EXPECT_EQ(index_.check(hour(kChunk), fingerprint_of(kChunk), kOtherAudience, {}, kNow),
            Verdict::good);
}

TEST_F(ValidityIndexMemory, INV6TokenWhoseClassIsMissingIsNotGood) {
  issue(1);
  index_.free_class(kClass);
  EXPECT_FALSE(index_.find_class(hour(1)));
  EXPECT_EQ(check(index_, 1), Verdict::not_good);
}

TEST_F(ValidityIndexMemory, PublishingAgainOverALaterCopyChangesNothing) {
  issue(1);
  index_.publish_flags(hour(1), EntryFlags::narrowed);
  index_.publish_revoke(hour(1));
  issue(1);
  EXPECT_EQ(index_.find(hour(1))->flags, EntryFlags::narrowed);
  EXPECT_TRUE(index_.is_revoked_individually(hour(1)));
  index_.retire_chunks_below(Lane::hour, kChunk);
  issue(1);
  index_.publish_revoke(hour(1));
  index_.publish_flags(hour(1), EntryFlags::none);
  expect_gone(1);
}

TEST_F(ValidityIndexMemory, VisitsIssuedEntriesInOrderWithinTheRange) {
  for (const std::uint64_t counter : {3ull, 9ull, 70'000ull, 130'000ull}) issue(counter);
  const auto visited = [&](std::uint64_t from, std::uint64_t to) {
    std::vector<std::uint64_t> counters;
    index_.for_each_entry(Lane::hour, from, to, [&](TokenIndex index, const IndexEntry& entry) {
      EXPECT_EQ(entry, entry_of(index.counter()));
      counters.push_back(index.counter());
    });
    return counters;
  };
  using Counters = std::vector<std::uint64_t>;
  EXPECT_EQ(visited(0, ~std::uint64_t{0}), (Counters{3, 9, 70'000, 130'000}));
  EXPECT_EQ(visited(3, 130'000), (Counters{3, 9, 70'000}));
  EXPECT_EQ(visited(4, 9), Counters{});
  EXPECT_EQ(visited(10, 5), Counters{});
  index_.retire_chunks_below(Lane::hour, kChunk);
  EXPECT_EQ(visited(0, ~std::uint64_t{0}), (Counters{70'000, 130'000}));
}

class ChunkCopy : public ValidityIndexMemory {
 protected:
  void SetUp() override {
    ValidityIndexMemory::SetUp();
    issue_range(kChunk, kChunk + 1000);
    index_.publish_revoke(hour(kChunk + 7));
    index_.publish_flags(hour(kChunk + 9), EntryFlags::suspended);
    index_.publish_issue(hour(kChunk + 2000), user_entry_of(kChunk + 2000, ConsentNumber{8}, {}));
    index_.publish_issue(hour(kChunk + 2001),
                         user_entry_of(kChunk + 2001, ConsentNumber{9}, FamilyNumber{3}));
    index_.publish_ended(FamilyNumber{3});
  }
  bool copy(std::uint64_t chunk) {
    return index_.copy_chunk(Lane::hour, chunk,
                             {std::span<std::uint64_t, kChunkEntryWords>{entries_},
                              std::span<std::uint64_t, kChunkBitWords>{bits_},
                              std::span<std::uint64_t, kChunkTokens>{bindings_}});
  }
  Result<void> load(ValidityIndex& index, std::uint64_t chunk) {
    return index.load_chunk(Lane::hour, chunk,
                            {std::span<const std::uint64_t, kChunkEntryWords>{entries_},
                             std::span<const std::uint64_t, kChunkBitWords>{bits_},
                             std::span<const std::uint64_t, kChunkTokens>{bindings_}});
  }
  std::vector<std::uint64_t> entries_ = std::vector<std::uint64_t>(kChunkEntryWords);
  std::vector<std::uint64_t> bits_ = std::vector<std::uint64_t>(kChunkBitWords);
  std::vector<std::uint64_t> bindings_ = std::vector<std::uint64_t>(kChunkTokens);
};

TEST_F(ChunkCopy, LoadsIntoAnotherIndexAndAnswersTheSame) {
  ASSERT_TRUE(copy(1));
  ValidityIndex loaded{kSmallIndex};
  publish_calendar(loaded);
  loaded.publish_ended(FamilyNumber{3});
  ASSERT_TRUE(load(loaded, 1));
  for (std::uint64_t counter = 0; counter < kSmallCapacity; ++counter) {
    ASSERT_EQ(loaded.find(hour(counter)), index_.find(hour(counter))) << counter;
    ASSERT_EQ(check(loaded, counter), check(index_, counter)) << counter;
  }
  EXPECT_EQ(check(loaded, kChunk + 2001), Verdict::not_good);
  EXPECT_EQ(loaded.chunks(Lane::hour), (ChunkRange{0, 2}));
  EXPECT_EQ(loaded.committed_bytes(), index_.committed_bytes());
}

TEST_F(ChunkCopy, NothingToCopyWhereNoChunkIsInUse) {
  EXPECT_FALSE(copy(0));
  EXPECT_FALSE(copy(3)) << "the same slot, one turn later";
  EXPECT_FALSE(copy(~std::uint64_t{0}));
  EXPECT_FALSE(copy((std::uint64_t{1} << 48) + 1)) << "its first counter would overflow to chunk 1";
  index_.retire_chunks_below(Lane::hour, 2 * kChunk);
  EXPECT_FALSE(copy(1));
}

TEST_F(ChunkCopy, ChunkWithoutPlaceIsRefused) {
  ASSERT_TRUE(copy(1));
  EXPECT_EQ(load(index_, 1).error(), Errc::snapshot_corrupt) << "in use";
  ValidityIndex loaded{kSmallIndex};
  EXPECT_EQ(load(loaded, 2).error(), Errc::snapshot_corrupt) << "beyond the ring";
  EXPECT_EQ(load(loaded, ~std::uint64_t{0}).error(), Errc::snapshot_corrupt);
  loaded.retire_chunks_below(Lane::hour, 2 * kChunk);
  EXPECT_EQ(load(loaded, 1).error(), Errc::snapshot_corrupt) << "retired";
}

struct DamageCase {
  const char* name;
  void (*damage)(std::vector<std::uint64_t>& entries, std::vector<std::uint64_t>& bits,
                 std::vector<std::uint64_t>& bindings);
};
using Words = std::vector<std::uint64_t>;
constexpr DamageCase kDamageCases[] = {
    {"FingerprintWithoutIssuedMark", [](Words& entries, Words&, Words&) { entries[4 * 5000] = 1; }},
    {"ClassWithoutIssuedMark", [](Words& entries, Words&, Words&) { entries[4 * 65535 + 2] = 1; }},
    {"RevokedButNotIssued", [](Words&, Words& bits, Words&) { bits[1023] = 1; }},
    {"KindNone", [](Words& entries, Words&, Words&) { entries[3] &= ~0xFF00ull; }},
    {"KindUnknown", [](Words& entries, Words&, Words&) { entries[3] |= 0x0400ull; }},
    {"FlagUnknown", [](Words& entries, Words&, Words&) { entries[3] |= 0x08ull; }},
    {"NoSequence", [](Words& entries, Words&, Words&) { entries[3] &= 0xFFFFull; }},
    {"NoClass", [](Words& entries, Words&, Words&) { entries[2] &= ~0xFFFF'FFFFull; }},
    {"ClassTooGreat", [](Words& entries, Words&, Words&) { entries[2] |= kClassesMax; }},
    {"BoundWithoutBinding", [](Words& entries, Words&, Words&) { entries[3] |= kEntryBound; }},
    {"BindingOfAMachinesToken", [](Words&, Words&, Words& bindings) { bindings[0] = 1; }},
    {"BindingWithoutToken", [](Words&, Words&, Words& bindings) { bindings[5000] = 1; }},
    {"BindingGone", [](Words&, Words&, Words& bindings) { bindings[2000] = 0; }},
    {"BindingWithoutConsent", [](Words&, Words&, Words& bindings) { bindings[2001] &= ~255ull; }},
    {"ConsentTooGreat", [](Words&, Words&, Words& bindings) { bindings[2000] = kEndedNumberEnd; }},
    {"FamilyTooGreat",
     [](Words&, Words&, Words& bindings) {
       bindings[2000] |= std::uint64_t{kEndedNumberEnd} << 32;
     }},
};
class DamagedChunkCopy : public ChunkCopy, public testing::WithParamInterface<DamageCase> {};

TEST_P(DamagedChunkCopy, IsRefusedAndLeavesTheChunkEmpty) {
  ASSERT_TRUE(copy(1));
  const Words entries = entries_;
  const Words bits = bits_;
  const Words bindings = bindings_;
  GetParam().damage(entries_, bits_, bindings_);
  ValidityIndex loaded{kSmallIndex};
  publish_calendar(loaded);
  EXPECT_EQ(load(loaded, 1).error(), Errc::snapshot_corrupt);
  EXPECT_EQ(check(loaded, kChunk), Verdict::not_good);
  entries_ = entries;
  bits_ = bits;
  bindings_ = bindings;
  EXPECT_TRUE(load(loaded, 1)) << "the undamaged copy still has a place";
}

TEST_F(ChunkCopy, RefusedCopyLeavesNoEntryBehindForTheChunksFirstIssue) {
  ASSERT_TRUE(copy(1));
  entries_.back() = 1;  // after a thousand good entries
  ValidityIndex loaded{kSmallIndex};
  publish_calendar(loaded);
  EXPECT_EQ(load(loaded, 1).error(), Errc::snapshot_corrupt);
  loaded.publish_issue(hour(kChunk + 5000), entry_of(kChunk + 5000));
  EXPECT_EQ(check(loaded, kChunk + 5000), Verdict::good);
  EXPECT_EQ(check(loaded, kChunk), Verdict::not_good);
  EXPECT_FALSE(loaded.find(hour(kChunk + 1)));
}
INSTANTIATE_TEST_SUITE_P(Snapshot, DamagedChunkCopy, testing::ValuesIn(kDamageCases),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(AddressSpaceTest, DiscardedMemoryReadsAsZeroEvenIfItIsLocked) {
  for (const bool locked : {false, true}) {
    AddressSpace space{64 * 1024};
    if (locked && ::mlock(space.words(), 64 * 1024) != 0) GTEST_SKIP() << "no memory may be locked";
    for (std::size_t word = 0; word < 8192; ++word) space.words()[word].store(word + 1);
    space.discard(4096, 8192);
    for (std::size_t word = 0; word < 8192; ++word) {
      const bool inside = word >= 512 && word < 1536;
      ASSERT_EQ(space.words()[word].load(), inside ? 0 : word + 1) << word << " locked " << locked;
    }
  }
}

TEST(AddressSpaceTest, RangeThatTheSystemCannotReserveThrows) {
  EXPECT_THROW((AddressSpace{std::size_t{1} << 60}), std::bad_alloc);
}

}  // namespace
}  // namespace tokenledger

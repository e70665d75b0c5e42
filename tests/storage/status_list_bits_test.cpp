// The bits of status lists against a model, over an index that changes in between: revocations,
// cascades, chunks that are returned; lists with few places and with many.
#include "storage/status_list_bits.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <random>
#include <set>

namespace tokenledger {
namespace {

constexpr std::uint8_t kSealKey[16] = {4, 2};

class StatusListBitsTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kClients = 50;

  void SetUp() override {
    for (std::uint32_t client = 1; client <= kClients; ++client) {
      TokenClass made{};
      made.client = ClientNumber{client};
      index_.publish_class(ClassNumber{client}, made);
    }
  }

  // Of a client by its class.
  void issue(Lane lane, std::uint64_t counter, std::uint32_t client) {
    const TokenIndex token{lane, counter};
    index_.publish_issue(token, {.fingerprint = {counter, 1},
                                 .expires_at = UnixSeconds{2'000'000'000},
                                 .token_class = ClassNumber{client},
                                 .issued_seq = Sequence{++seq_}});
    client_of_[token] = client;
    auto& next = reserved_[static_cast<std::size_t>(lane)];
    next = std::max(next.load(), counter + 1);
  }
  void revoke(TokenIndex token) {
    index_.publish_revoke(token);
    ended_.insert(token);
  }
  void cascade(std::uint32_t client) {
    index_.publish_cascade({SelectorKind::client, client}, Sequence{++seq_});
    for (const auto& [token, owner] : client_of_) {
      if (owner == client) ended_.insert(token);
    }
  }

  // Everything that ended, and nothing else, in every list there is.
  void expect_the_model(StatusListBits& bits, const StatusListRange& range) {
    std::map<StatusListName, std::set<std::uint32_t>> wanted;
    for (const auto token : ended_) {
      const auto place = places_.place_of(token, range.incarnation_of(token));
      wanted[place.name].insert(place.index);
    }
    std::vector<std::uint8_t> array(kStatusListBytes);
    std::uint64_t count = 0;
    for (const auto& name : range.names(1'000)) {
      bits.write_array(name, std::span<std::uint8_t, kStatusListBytes>{array});
      std::set<std::uint32_t> found;
      for (std::uint32_t at = 0; at < kStatusListEntries; ++at) {
        if (status_at(array, 1, at) != kStatusValid) found.insert(at);
      }
      ASSERT_EQ(found, wanted[name]);
      count += found.size();
    }
    EXPECT_EQ(count, ended_.size());
    EXPECT_EQ(bits.bit_count(), ended_.size());
  }

  ValidityIndex index_{{.lane_capacities = {1 << 20, 1 << 20, 1 << 20, 1 << 20}}};
  StatusListPlaces places_{kSealKey};
  StatusListRange::Reserved reserved_{};
  std::vector<IncarnationRecord> incarnations_{{Incarnation{7}, {0, 0, 0, 0}}};
  std::map<TokenIndex, std::uint32_t> client_of_;
  std::set<TokenIndex> ended_;
  std::uint64_t seq_ = 0;
  std::atomic<bool> stops_{false};
};

TEST_F(StatusListBitsTest, FollowWhatEndsThroughSparseAndDenseLists) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random{seed};
  const StatusListRange range{incarnations_, index_, reserved_};
  StatusListBits bits{index_, places_, range};
  std::uint64_t next = 0;
  for (int round = 0; round < 4; ++round) {
    for (int count = 0; count < 40'000; ++count, ++next)
      issue(Lane::day, next, static_cast<std::uint32_t>(random() % kClients + 1));
    // Few first; more than 16,384 in a list in the end.
    const int revocations = round == 0 ? 100 : 30'000;
    for (int count = 0; count < revocations; ++count)
      revoke(TokenIndex{Lane::day, random() % next});
    ASSERT_TRUE(bits.scan(StatusListBits::Depth::revocations, stops_));
    expect_the_model(bits, range);
    EXPECT_EQ(bits.take_changed().size(), kListsPerSet);
    EXPECT_TRUE(bits.take_changed().empty());
    cascade(static_cast<std::uint32_t>(random() % kClients + 1));
    ASSERT_TRUE(bits.scan(StatusListBits::Depth::cascades, stops_));
    expect_the_model(bits, range);
  }
  std::printf("%zu tokens, %zu ended\n", client_of_.size(), ended_.size());
  EXPECT_GT(ended_.size(), 4 * 16'384u);
}

TEST_F(StatusListBitsTest, ACascadeShowsOnlyToAScanThatLooksForIt) {
  const StatusListRange range{incarnations_, index_, reserved_};
  StatusListBits bits{index_, places_, range};
  issue(Lane::hour, 0, 1);
  issue(Lane::hour, 1, 2);
  cascade(1);
  ASSERT_TRUE(bits.scan(StatusListBits::Depth::revocations, stops_));
  EXPECT_EQ(bits.bit_count(), 0u);
  ASSERT_TRUE(bits.scan(StatusListBits::Depth::cascades, stops_));
  expect_the_model(bits, range);
}

TEST_F(StatusListBitsTest, TwoOpeningsThatDrewTheSameIncarnationShareNoPlace) {
  incarnations_.push_back({Incarnation{7}, {1'000, 0, 0, 0}});
  incarnations_.push_back({Incarnation{8}, {2'000, 0, 0, 0}});
  const StatusListRange range{incarnations_, index_, reserved_};
  StatusListBits bits{index_, places_, range};
  for (std::uint64_t counter = 0; counter < 3'000; ++counter) {
    issue(Lane::hour, counter, 1);
    revoke(TokenIndex{Lane::hour, counter});
  }
  ASSERT_TRUE(bits.scan(StatusListBits::Depth::revocations, stops_));
  EXPECT_EQ(bits.list_count(), 2 * kListsPerSet);
  std::set<std::pair<StatusListName, std::uint32_t>> places;
  for (const auto token : ended_) {
    const auto place = places_.place_of(token, range.incarnation_of(token));
    EXPECT_TRUE(places.emplace(place.name, place.index).second);
  }
}

TEST_F(StatusListBitsTest, ChunksThatAreReturnedTakeTheirListsAlong) {
  incarnations_.push_back({Incarnation{8}, {kChunkTokens, 0, 0, 0}});
  const StatusListRange range{incarnations_, index_, reserved_};
  StatusListBits bits{index_, places_, range};
  for (const std::uint64_t counter : {std::uint64_t{3}, std::uint64_t{kChunkTokens}}) {
    issue(Lane::hour, counter, 1);
    revoke(TokenIndex{Lane::hour, counter});
  }
  ASSERT_TRUE(bits.scan(StatusListBits::Depth::revocations, stops_));
  EXPECT_EQ(bits.list_count(), 2u);
  const StatusListName first{Incarnation{7}, Lane::hour, 0, 0};
  const StatusListName second{Incarnation{8}, Lane::hour, 0, 0};
  EXPECT_TRUE(range.holds(first));
  EXPECT_TRUE(range.holds(second));
  index_.retire_chunks_below(Lane::hour, kChunkTokens);
  EXPECT_FALSE(range.holds(first));
  EXPECT_TRUE(range.holds(second));
  bits.forget_ended();
  EXPECT_EQ(bits.list_count(), 1u);
  ASSERT_TRUE(bits.scan(StatusListBits::Depth::cascades, stops_));
  EXPECT_EQ(bits.bit_count(), 1u);
  for (const auto& name : range.names(1'000)) EXPECT_NE(name.incarnation, Incarnation{7});
}

TEST_F(StatusListBitsTest, AScanThatIsToldToStopEnds) {
  const StatusListRange range{incarnations_, index_, reserved_};
  StatusListBits bits{index_, places_, range};
  issue(Lane::hour, 0, 1);
  stops_ = true;
  EXPECT_FALSE(bits.scan(StatusListBits::Depth::cascades, stops_));
}

TEST_F(StatusListBitsTest, NamesAreBoundedNewestFirst) {
  incarnations_.clear();
  for (std::uint32_t opened = 0; opened < 100; ++opened)
    incarnations_.push_back({Incarnation{opened}, {opened, 0, 0, 0}});
  reserved_[0] = 99;
  const StatusListRange range{incarnations_, index_, reserved_};
  const auto names = range.names(20);
  ASSERT_EQ(names.size(), 20u);
  EXPECT_EQ(names.front().incarnation, Incarnation{99});
  // Per opening the four lists of lane hour; the newest has those of all lanes.
  EXPECT_EQ(range.names(10'000).size(), 100 * kListsPerSet + 3 * kListsPerSet);
  for (const auto& name : range.names(10'000)) EXPECT_TRUE(range.holds(name));
}

}  // namespace
}  // namespace tokenledger

// State's canonical bytes: what a snapshot is made of (INV-3).
#include "core/state_codec.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "core/state.hpp"
#include "tests/core/random_people_ledger.hpp"

namespace tokenledger {
namespace {

using testing_support::RandomLedger;
using testing_support::RandomPeopleLedger;

std::uint64_t seed() {
  const char* given = std::getenv("SEED");
  const auto value = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << "SEED=" << value << "\n";
  return value;
}

template <class Kind>
std::ptrdiff_t count_of(const std::vector<Event>& events) {
  const auto count = std::ranges::count_if(
      events, [](const Event& event) { return std::holds_alternative<Kind>(event.payload); });
  std::cout << count << ' ' << event_kind_name(Payload{Kind{}}.index()) << '\n';
  return count;
}

TEST(StateCodec, INV3EveryStateOfARandomLifeReadsBackEqualAndGivesTheSameBytes) {
  RandomLedger ledger{seed()};
  int retired = 0;
  for (int i = 0; i < 3'000; ++i) {
    ledger.step();
    if (i == 2'000) {
      ledger.advance(4'000'000);
      ASSERT_TRUE(ledger.sweep(/*retire_all=*/true));
    }
    if (i % 10 != 0) continue;
    const std::string bytes = encode_state(ledger.state);
    State read;
    ASSERT_TRUE(decode_state(bytes, read)) << "after " << ledger.events.size() << " events";
    ASSERT_TRUE(read == ledger.state);
    ASSERT_EQ(encode_state(read), bytes);
    for (const auto& lane : ledger.state.lanes) retired += lane.oldest != 0;
  }
  EXPECT_GT(ledger.state.tokens_issued, 100u);
  EXPECT_GT(ledger.state.classes.size(), 2u);
  EXPECT_FALSE(ledger.state.idempotency.empty());
  EXPECT_GT(retired, 0) << "no chunk was ever retired";
}

// With users, consents, codes and families, which come to an end in every way.
TEST(StateCodec, INV3EveryStateOfALifeWithPeopleReadsBackEqualAndGivesTheSameBytes) {
  RandomPeopleLedger ledger{seed()};
  std::size_t user_tokens = 0;
  for (int i = 0; i < 3'000; ++i) {
    ledger.step();
    if (i % 1'000 == 999) {
      ledger.advance(4'000'000);
      ASSERT_TRUE(ledger.sweep(/*retire_all=*/true));
    }
    if (i % 10 != 0) continue;
    const std::string bytes = encode_state(ledger.state);
    State read;
    ASSERT_TRUE(decode_state(bytes, read)) << "after " << ledger.events.size() << " events";
    ASSERT_TRUE(read == ledger.state);
    ASSERT_EQ(encode_state(read), bytes);
    user_tokens = std::max(user_tokens, ledger.user_tokens());
  }
  std::cout << ledger.events.size() << " events, up to " << user_tokens << " tokens of users\n";
  EXPECT_GT(user_tokens, 20u);
  EXPECT_GT(count_of<CodeReused>(ledger.events), 0);
  EXPECT_GT(count_of<RefreshRotated>(ledger.events), 0);
  EXPECT_GT(count_of<FamilyEnded>(ledger.events), 0);
  EXPECT_GT(count_of<ConsentWithdrawn>(ledger.events), 0);
  EXPECT_GT(count_of<UserDisabled>(ledger.events), 0);
}

TEST(StateCodec, INV3EqualStatesGiveEqualBytesHoweverTheirMapsCameToBe) {
  const RandomLedger once{seed(), 500};
  State again;
  ValidityIndex index{RandomLedger::kIndexOptions};
  again.idempotency.reserve(10'000);
  again.class_numbers.reserve(1'000);
  for (const auto& event : once.events) {
    ASSERT_TRUE(fold(again, index, event));
    publish(again, index);
  }
  ASSERT_TRUE(again == once.state);
  EXPECT_EQ(encode_state(again), encode_state(once.state));
}

TEST(StateCodec, INV3EveryEventThatChangesTheStateChangesTheBytes) {
  RandomLedger ledger{seed()};
  for (int i = 0; i < 300; ++i) {
    const auto events = ledger.events.size();
    const std::string before = encode_state(ledger.state);
    ledger.step();
    EXPECT_EQ(encode_state(ledger.state) == before, ledger.events.size() == events);
  }
}

struct Change {
  const char* name;
  void (*apply)(State&);
};
constexpr Change kChanges[] = {
    {"LedgerId", [](State& state) { ++state.ledger_id[15]; }},
    {"LastSeq", [](State& state) { state.last_seq = state.last_seq.next(); }},
    {"LastRecordedAt",
     [](State& state) { state.last_recorded_at = state.last_recorded_at.next(); }},
    {"Incarnation", [](State& state) { state.incarnations.back().incarnation = Incarnation{9}; }},
    {"LaneStart", [](State& state) { ++state.incarnations.back().lane_start[3]; }},
    {"ChunkExpiry",
     [](State& state) { state.lanes[0].chunk_expires_at[0] = UnixSeconds{4'000'000'000}; }},
    {"ClassTokens", [](State& state) { ++state.classes[0].tokens; }},
    {"LiveTokens",
     [](State& state) {
       ++state.expiring.begin()->second;
       ++state.live_tokens_of_client.begin()->second;
     }},
    {"LiveTokensMax",
     [](State& state) {
       Event event{.seq = state.last_seq.next(), .recorded_at = state.last_recorded_at.next()};
       event.payload = ClientUpdated{ClientNumber{1}, {.name = "n", .live_tokens_max = 3}};
       ASSERT_TRUE(state.registries.apply(event));
     }},
    {"IdempotencyBody",
     [](State& state) { ++state.idempotency.at(state.idempotency_order.front()).body[0]; }},
    {"TokensIssued", [](State& state) { ++state.tokens_issued; }},
    {"TokensSwept", [](State& state) { ++state.tokens_swept; }},
    {"ErasedOwner", [](State& state) { ASSERT_TRUE(state.note_erased({7})); }},
    {"AllRevokedBefore",
     [](State& state) {
       ASSERT_TRUE(state.registries.raise_watermark({SelectorKind::all, 0}, state.last_seq.next()));
     }},
};
class EveryMember : public testing::TestWithParam<Change> {};
TEST_P(EveryMember, INV3IsInTheBytes) {
  RandomLedger ledger{7};
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(ledger.issue(0, 60));
  State changed = ledger.state;
  while (changed.idempotency.empty()) {
    ASSERT_TRUE(ledger.run(AppendNote{"topic", {}}));
    changed = ledger.state;
  }
  GetParam().apply(changed);
  ASSERT_FALSE(changed == ledger.state);
  const std::string bytes = encode_state(changed);
  EXPECT_NE(bytes, encode_state(ledger.state));
  State read;
  ASSERT_TRUE(decode_state(bytes, read));
  EXPECT_TRUE(read == changed);
}
INSTANTIATE_TEST_SUITE_P(StateCodec, EveryMember, testing::ValuesIn(kChanges),
                         [](const auto& info) { return std::string{info.param.name}; });

// --- refused ---

TEST(StateCodec, EveryPrefixAndEveryExtraByteIsRefusedAndLeavesTheStateAsItWas) {
  const RandomLedger ledger{11, 60};
  const std::string bytes = encode_state(ledger.state);
  State state;
  state.tokens_issued = 42;
  for (std::size_t size = 0; size < bytes.size(); ++size)
    ASSERT_EQ(decode_state(bytes.substr(0, size), state).error(), Errc::snapshot_corrupt) << size;
  EXPECT_EQ(decode_state(bytes + '\0', state).error(), Errc::snapshot_corrupt);
  EXPECT_EQ(state.tokens_issued, 42u);
}

TEST(StateCodec, ADamagedByteIsRefusedOrReadsAsWhatIsWrittenThen) {
  const RandomLedger ledger{13, 80};
  const std::string bytes = encode_state(ledger.state);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int bit : {0, 7}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      State read;
      if (decode_state(damaged, read)) {
        ASSERT_EQ(encode_state(read), damaged) << at;
      } else {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, bytes.size() / 4);
}

TEST(StateCodec, ANewerVersionIsUnsupportedAndAnOlderOneOutdated) {
  std::string bytes = encode_state(RandomLedger{1}.state);
  State state;
  ++bytes[0];
  EXPECT_EQ(decode_state(bytes, state).error(), Errc::unsupported_format);
  EXPECT_EQ(summarize_state(bytes).error(), Errc::unsupported_format);
  bytes[0] = static_cast<char>(bytes[0] - 2);
  EXPECT_EQ(decode_state(bytes, state).error(), Errc::outdated_format);
  EXPECT_EQ(summarize_state(bytes).error(), Errc::outdated_format);
}

TEST(StateCodec, AStateOfANewerFormatIsUnsupported) {
  RandomLedger ledger{1};
  ledger.state.format_version = kFormatVersion + 1;
  State read;
  EXPECT_EQ(decode_state(encode_state(ledger.state), read).error(), Errc::unsupported_format);
}

constexpr Change kContradictions[] = {
    {"LaneNotAligned", [](State& state) { state.lanes[1].oldest = 5; }},
    {"LaneRunsBackwards", [](State& state) { state.lanes[1].oldest = kChunkTokens; }},
    {"ChunkWithoutTokens",
     [](State& state) { state.lanes[0].chunk_expires_at.push_back(UnixSeconds{1}); }},
    {"ClassWithoutTokens", [](State& state) { state.classes[0].tokens = 0; }},
    {"ClassOfAnUnknownClient",
     [](State& state) { state.classes[0].token_class.client = ClientNumber{999}; }},
    {"ClassOfAnUnknownApi",
     [](State& state) { state.classes[0].token_class.apis[3].api = ApiNumber{999}; }},
    {"ClassTwice", [](State& state) { state.classes.push_back(state.classes[0]); }},
    {"FreeClassNotOnTheStack", [](State& state) { state.classes.emplace_back(); }},
    {"UsedClassOnTheStack", [](State& state) { state.free_classes.push_back(ClassNumber{1}); }},
    {"FreeClassTwice",
     [](State& state) {
       state.classes.resize(state.classes.size() + 2);
       const ClassNumber last{static_cast<std::uint32_t>(state.classes.size())};
       state.free_classes = {last, last};
     }},
    {"SecondsThatNoClientHas", [](State& state) { ++state.expiring.begin()->second; }},
    {"LiveTokensOfAnUnknownClient",
     [](State& state) {
       auto& live = state.live_tokens_of_client;
       const auto count = live.begin()->second;
       live.erase(live.begin());
       live[999] = count;
     }},
    {"NoLiveTokens", [](State& state) { state.live_tokens_of_client[1] = 0; }},
    {"SecondThatWasSwept", [](State& state) { state.expiring[state.expired_upto.value()] = 1; }},
    {"OwnerErasedTwice", [](State& state) { state.erased_owners.assign(2, {7}); }},
    {"NobodyErased", [](State& state) { state.erased_owners.push_back({}); }},
    {"KeyOfTheFuture",
     [](State& state) {
       state.idempotency.at(state.idempotency_order.back()).seq = state.last_seq.next();
     }},
};
class Contradiction : public testing::TestWithParam<Change> {};
TEST_P(Contradiction, IsRefused) {
  RandomLedger ledger{7};
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(ledger.issue(0, 60));
  while (ledger.state.idempotency.empty()) ASSERT_TRUE(ledger.run(AppendNote{"topic", {}}));
  State read;
  ASSERT_TRUE(decode_state(encode_state(ledger.state), read));
  GetParam().apply(ledger.state);
  EXPECT_EQ(decode_state(encode_state(ledger.state), read).error(), Errc::snapshot_corrupt);
}
INSTANTIATE_TEST_SUITE_P(StateCodec, Contradiction, testing::ValuesIn(kContradictions),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(StateCodec, TheSummaryIsReadWithoutTheRest) {
  const RandomLedger ledger{17, 40};
  const std::string bytes = encode_state(ledger.state);
  const auto summary = summarize_state(bytes);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->ledger_id, ledger.state.ledger_id);
  EXPECT_EQ(summary->last_seq, ledger.state.last_seq);
  for (std::size_t lane = 0; lane < kLaneCount; ++lane)
    EXPECT_EQ(summary->lane_oldest[lane], ledger.state.lanes[lane].oldest);
  EXPECT_EQ(summarize_state(bytes.substr(0, 30)).error(), Errc::snapshot_corrupt);
}

}  // namespace
}  // namespace tokenledger

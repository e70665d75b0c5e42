// fold() refuses a log that decide() did not write: each way to contradict the state, in one row.
#include "core/fold.hpp"

#include <algorithm>

#include "core/token_list.hpp"
#include "tests/core/decide_fixture.hpp"
#include "tests/core/event_samples_people.hpp"

namespace tokenledger {
namespace {

struct Contradiction {
  const char* name;
  Payload payload;
  Errc want = Errc::log_corrupt;
};

class Fold : public testing_support::DecideFixture {
 protected:
  Fold() {
    ok(issue(5));
    ok(issue(6));
    ok(RevokeToken{TokenIndex{Lane::hour, 6}});
  }
  Event next(Payload payload) const {
    Event event;
    event.seq = state.last_seq.next();
    event.recorded_at = LedgerTime{state.last_recorded_at.value() + 1};
    event.payload = std::move(payload);
    return event;
  }
  TokenIssued issued(TokenIndex at, ClassNumber token_class = ClassNumber{1}) const {
    return {.index = at,
            .token_class = token_class,
            .issued_at = UnixSeconds{seconds()},
            .expires_at = UnixSeconds{seconds() + 60}};
  }
  // With a list that is well-formed relative to `from`.
  TokensExpired expired(std::vector<ExpiringToken> tokens, std::uint32_t count,
                        UnixSeconds from = {}) const {
    const UnixSeconds to{seconds() + 60};
    auto part = encode_token_list(from, tokens)[0];
    TokensExpired made{.from = from, .to = to, .count = count};
    made.tokens = std::move(part.bytes);
    return made;
  }
};

TEST_F(Fold, RefusesWhatContradictsTheState_INV1) {
  const auto token = [](std::uint64_t counter) { return TokenIndex{Lane::hour, counter}; };
  auto early = issued(token(7));
  early.expires_at = state.expired_upto;
  auto known_as_new = issued(token(7), ClassNumber{2});
  known_as_new.new_class = *state.find_class(ClassNumber{1});
  auto gap_in_classes = issued(token(7), ClassNumber{3});
  gap_in_classes.new_class = TokenClass{.client = kApp};
  const UnixSeconds second{seconds() + 60};
  const auto from_elsewhere = expired({{second, token(5)}, {second, token(6)}}, 2, UnixSeconds{1});
  auto retires_live = expired({{second, token(5)}, {second, token(6)}}, 2);
  retires_live.to = second;
  retires_live.retire_below[0] = 5;

  ASSERT_TRUE(state.note_erased({5}));
  const Contradiction rows[] = {
      {"CreatedTwice", LedgerCreated{}},
      {"OpenedBelowIssuedIndexes", LedgerOpened{Incarnation{2}, {6, 0, 0, 0}}},
      {"FormatOfTheFuture", FormatActivated{kFormatVersion + 1}, Errc::unsupported_format},
      {"FormatThatIsActive", FormatActivated{kFormatVersionFirst}},
      {"ClientNumberOutOfOrder", ClientRegistered{ClientNumber{3}, "new", false, {}, {}}},
      {"ClientIdAgain", ClientRegistered{ClientNumber{2}, "app", false, {}, {}}},
      {"UnknownClientUpdated", ClientUpdated{ClientNumber{9}, {}}},
      {"UnknownClientDisabled", ClientDisabled{ClientNumber{9}}},
      {"EnabledClientEnabled", ClientEnabled{kApp}},
      {"UnknownClientDeleted", ClientDeleted{ClientNumber{9}}},
      {"GenerationSkipped", ClientSecretRotated{kApp, SecretGeneration{3}, {}}},
      {"ApiNumberOutOfOrder", ApiCreated{ApiNumber{9}, "new", false, settings(), {}}},
      {"ApiIdentifierAgain", ApiCreated{ApiNumber{3}, "https://api", false, settings(), {}}},
      {"UnknownApiUpdated", ApiUpdated{ApiNumber{9}, settings()}},
      {"UnknownApiDeleted", ApiDeleted{ApiNumber{9}}},
      {"GrantAgain", ClientGrantAdded{GrantNumber{2}, kApp, kApi, 1}},
      {"GrantToUnknownApi", ClientGrantAdded{GrantNumber{2}, kApp, ApiNumber{9}, 1}},
      {"UnknownGrantUpdated", ClientGrantUpdated{GrantNumber{9}, 1}},
      {"UnknownGrantRemoved", ClientGrantRemoved{GrantNumber{9}}},
      {"KidAgain", KeyAdded{KeyNumber{2}, SignatureAlgorithm::es256, "kid", "public", {}}},
      {"UnknownKeyRetired", KeyRetired{KeyNumber{9}}},
      {"IndexAgain", issued(token(5))},
      {"IndexBeyondTheRing", issued(token(kLaneCapacity))},
      {"IndexWithoutLane", issued(TokenIndex::from_value(~std::uint64_t{0}))},
      {"ExpiredWhenIssued", early},
      {"ClassNeverMade", issued(token(7), ClassNumber{2})},
      {"ClassMadeTwice", known_as_new},
      {"ClassNumberSkipped", gap_in_classes},
      {"RevokedTwice", TokenRevoked{token(6)}},
      {"UnknownTokenRevoked", TokenRevoked{token(7)}},
      {"CascadeBeforeTheFuture", TokensRevoked{{}, Sequence{1'000}}},
      {"CascadeOverUnknownClient", TokensRevoked{{SelectorKind::client, 9}, Sequence{1}}},
      {"OwnerErasedTwice", OwnerErased{{5}, {}}},
      {"NobodyErased", OwnerErased{}},
      {"SweepFromElsewhere", from_elsewhere},
      {"SweepMissesAToken", expired({{second, token(5)}}, 1)},
      {"SweepInventsAToken", expired({{second, token(5)}, {second, token(7)}}, 2)},
      {"SweepMiscounts", expired({{second, token(5)}, {second, token(6)}}, 3)},
      {"SweepRetiresPartOfAChunk", retires_live},
  };
  for (const auto& row : rows) {
    State copy = state;  // a refused fold leaves the state unusable
    const auto folded = fold(copy, index, next(row.payload));
    ASSERT_FALSE(folded) << row.name;
    EXPECT_EQ(to_errc(folded.error()), row.want) << row.name;
  }
}

TEST_F(Fold, RefusesAGapInTheSeqsAndTimeThatStandsStill_INV4) {
  auto event = next(NoteAppended{"topic", {}});
  event.seq = event.seq.next();
  EXPECT_EQ(to_errc(fold(state, index, event).error()), Errc::log_corrupt);
  event = next(NoteAppended{"topic", {}});
  event.recorded_at = state.last_recorded_at;
  EXPECT_EQ(to_errc(fold(state, index, event).error()), Errc::log_corrupt);
  EXPECT_TRUE(fold(state, index, next(NoteAppended{"topic", {}})));
}

// Spliced in before the format was activated: an older program would have refused the log there.
TEST_F(Fold, RefusesWhatNeedsANewerFormatThanTheActiveOne_INV3) {
  ASSERT_EQ(state.format_version, kFormatVersionFirst);
  auto all = samples::people();
  std::ranges::move(samples::added_fields(), std::back_inserter(all));
  for (auto& [name, event] : all) {
    event.seq = state.last_seq.next();
    event.recorded_at = LedgerTime{state.last_recorded_at.value() + 1};
    State copy = state;
    const auto folded = fold(copy, index, event);
    ASSERT_FALSE(folded) << name;
    EXPECT_EQ(to_errc(folded.error()), Errc::log_corrupt) << name;
  }
}

TEST_F(Fold, RefusesALogThatDoesNotBeginWithItsCreation) {
  State empty;
  Event event = next(NoteAppended{"topic", {}});
  event.seq = Sequence{1};
  EXPECT_EQ(to_errc(fold(empty, index, event).error()), Errc::log_corrupt);
}

}  // namespace
}  // namespace tokenledger

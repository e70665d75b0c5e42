// Rules of decide() that a random run does not reach, or that once were wrong.
#include "core/decide.hpp"

#include "core/event_codec.hpp"
#include "core/format_activation.hpp"
#include "tests/core/decide_fixture.hpp"

namespace tokenledger {
namespace {

class Decide : public testing_support::DecideFixture {};

// The rejections that tests/core/oracle_test.cpp can't reach are here, one by one.
class LimitsThatNoRandomRunReaches : public Decide {
 protected:
  // Registries that have room for nothing more of one kind.
  void fill(std::uint32_t clients, std::uint32_t apis, std::uint32_t grants, std::uint32_t keys) {
    const auto& now_there = state.registries;
    auto all_clients = now_there.clients();
    auto all_apis = now_there.apis();
    auto all_grants = now_there.grants();
    auto all_keys = now_there.keys();
    while (all_clients.size() < clients) {
      const auto number = static_cast<std::uint32_t>(all_clients.size() + 1);
      all_clients.push_back(
          {.number = ClientNumber{number}, .client_id = "c" + std::to_string(number)});
    }
    while (all_apis.size() < apis) {
      const auto number = static_cast<std::uint32_t>(all_apis.size() + 1);
      all_apis.push_back({.number = ApiNumber{number}, .identifier = "a" + std::to_string(number)});
    }
    while (all_grants.size() < grants) {
      const auto number = static_cast<std::uint32_t>(all_grants.size() + 1);
      all_grants.push_back(
          {.number = GrantNumber{number}, .client = kApp, .api = kApi, .removed = true});
    }
    while (all_keys.size() < keys) {
      const auto number = static_cast<std::uint32_t>(all_keys.size() + 1);
      all_keys.push_back({.number = KeyNumber{number}, .kid = "k" + std::to_string(number)});
    }
    ASSERT_TRUE(state.registries.restore(std::move(all_clients), std::move(all_apis),
                                         std::move(all_grants), std::move(all_keys), {}));
  }
};

TEST_F(LimitsThatNoRandomRunReaches, ClientsOverTheLedgersLife_INV7) {
  fill(kClientsMax - 1, 0, 0, 0);
  EXPECT_EQ(run(RegisterClient{"last", false, {.name = "last"}, {}}), "");
  EXPECT_EQ(run(RegisterClient{"more", false, {.name = "more"}, {}}), "limit_reached");
}

TEST_F(LimitsThatNoRandomRunReaches, ApisOverTheLedgersLife_INV7) {
  fill(0, kApisMax - 1, 0, 0);
  EXPECT_EQ(run(CreateApi{"last", false, settings(), {}}), "");
  EXPECT_EQ(run(CreateApi{"more", false, settings(), {}}), "limit_reached");
}

TEST_F(LimitsThatNoRandomRunReaches, GrantsOverTheLedgersLife_INV7) {
  ok(CreateApi{"https://second", false, settings(), {}});
  ok(CreateApi{"https://third", false, settings(), {}});
  fill(0, 0, kGrantsMax - 1, 0);
  EXPECT_EQ(run(AddClientGrant{"app", "https://second", {"read"}}), "");
  EXPECT_EQ(run(AddClientGrant{"app", "https://third", {"read"}}), "limit_reached");
}

TEST_F(LimitsThatNoRandomRunReaches, KeysOverTheLedgersLifeAlsoThoseOfApis_INV7) {
  fill(0, 0, 0, kKeysMax - 1);
  EXPECT_EQ(run(AddKey{SignatureAlgorithm::es256, "last", "public"}), "");
  EXPECT_EQ(run(AddKey{SignatureAlgorithm::es256, "more", "public"}), "limit_reached");
  auto own_key = settings();
  own_key.signing_alg = SignatureAlgorithm::hs256;
  EXPECT_EQ(run(CreateApi{"https://own", false, own_key, "own"}), "limit_reached");
}

TEST_F(LimitsThatNoRandomRunReaches, LiveClassesOfOneClient_INV7) {
  ok(issue(0));
  state.classes_of_client[kApp.value()] = kClassesPerClientMax;
  EXPECT_EQ(run(issue(1)), "") << "a known class is no new one";
  auto other = issue(2);
  other.apis[0].scope_mask = 2;
  EXPECT_EQ(run(other), "limit_reached");
}

TEST_F(LimitsThatNoRandomRunReaches, ClassNumbersThatTheIndexHas_INV7) {
  state.free_classes = {ClassNumber{kClassesMax}};
  EXPECT_EQ(run(issue(0)), "limit_reached");
}

TEST_F(LimitsThatNoRandomRunReaches, LiveIdempotencyKeys_INV7) {
  for (std::uint32_t i = 0; i < kIdempotencyKeysMax; ++i) {
    std::array<std::uint8_t, 16> key{};
    std::memcpy(key.data(), &i, sizeof i);
    state.idempotency.emplace(key, IdempotencyRecord{{}, Sequence{1}, LedgerTime{now}});
    state.idempotency_order.push_back(key);
  }
  idempotency = Idempotency{{255, 255, 255, 255, 1}, {}};
  EXPECT_EQ(run(AppendNote{"topic", {}}), "idempotency_full");
  wait(24 * 3600 - 1);
  EXPECT_EQ(run(AppendNote{"topic", {}}), "idempotency_full");
  wait(1);
  EXPECT_EQ(run(AppendNote{"topic", {}}), "") << "keys of yesterday take nobody's place";
  EXPECT_EQ(state.idempotency.size(), 1u);
}

TEST_F(LimitsThatNoRandomRunReaches, ErasedOwners_INV7) {
  for (std::uint32_t i = 1; i <= kErasedOwnersMax; ++i) {
    OwnerKeyId owner{0, 0, 0, 0, 1};
    std::memcpy(owner.data(), &i, sizeof i);
    ASSERT_TRUE(state.note_erased(owner));
  }
  EXPECT_EQ(run(EraseOwner{{1, 2, 3}, {}}), "limit_reached");
  EXPECT_EQ(run(EraseOwner{state.erased_owners.back(), {}}), "already_in_state");
}

TEST_F(Decide, AnOwnerIsErasedOnceAndARepeatedKeyIsAskedBeforeTheName_INV8) {
  EXPECT_EQ(run(EraseOwner{}), "owner_not_found");
  idempotency = Idempotency{{1}, {2}};
  ok(EraseOwner{{9}, {}});
  const auto first = log.back();
  EXPECT_EQ(std::get<OwnerErased>(first.payload).owner, OwnerKeyId{9});
  EXPECT_EQ(run(EraseOwner{}), "") << "the retry finds no name any more";
  EXPECT_EQ(log.back(), first);
  idempotency.reset();
  EXPECT_EQ(run(EraseOwner{{9}, {}}), "already_in_state");
  EXPECT_EQ(run(EraseOwner{{8}, {std::string(kSealedBytesMax + 1, 'r')}}), "too_large");
  EXPECT_EQ(state.erased_owners, std::vector<OwnerKeyId>{{9}});
}

TEST_F(Decide, ATokenSealedUnderTheKeyOfAnErasedOwnerIsStaleAndUnderAnotherIsNot_INV8) {
  const auto issue_under = [&](std::uint64_t counter, std::uint8_t key) {
    const OwnerKeyId id{key};
    auto made = issue(counter);
    made.owner.bytes = std::string{id.begin(), id.end()} + "ciphertext";
    return made;
  };
  ok(issue_under(0, 9));
  ok(EraseOwner{{9}, {}});
  EXPECT_EQ(run(issue_under(1, 9)), "stale_policy");
  ok(issue_under(1, 8));
  auto shorter = issue(2);
  shorter.owner.bytes = std::string(1, 9);
  ok(shorter);
}

TEST_F(Decide, AnIdempotencyKeyCountsForADayToTheNanosecond) {
  idempotency = Idempotency{{1}, {2}};
  ok(AppendNote{"topic", {}});
  const auto first = log.back();
  now = first.recorded_at.value() + kIdempotencyLifetimeNs - 1;
  EXPECT_EQ(run(AppendNote{"topic", {}}), "");
  EXPECT_EQ(log.back(), first) << "nothing was written again";
  idempotency->body = {3};
  EXPECT_EQ(run(AppendNote{"topic", {}}), "idempotency_mismatch");
  now = first.recorded_at.value() + kIdempotencyLifetimeNs;
  EXPECT_EQ(run(AppendNote{"topic", {}}), "");
  EXPECT_EQ(log.back().seq, first.seq.next());
}

TEST_F(Decide, AnEndBeforeTheBeginningIsExpiryInThePast_Z04) {
  for (const std::uint32_t earlier : {0u, 1u, 100'000u}) {
    auto backwards = issue(0);
    backwards.expires_at = UnixSeconds{backwards.issued_at.value() - earlier};
    EXPECT_EQ(run(backwards), "expiry_in_the_past") << earlier;
    backwards.default_lifetime = true;
    EXPECT_EQ(run(backwards), "expiry_in_the_past") << earlier;
  }
}

TEST_F(Decide, OnlyTheLedgerMakesTheManagementApiAndNobodyTakesItsName_B13) {
  const std::string management{kManagementAudience};
  EXPECT_EQ(run(CreateApi{"https://other", true, settings(), {}}), "invalid_argument");
  EXPECT_EQ(run(CreateApi{management, false, settings(), {}}), "invalid_argument");
  EXPECT_EQ(run(CreateApi{management, true, settings(), {}}), "api_exists");
  EXPECT_EQ(run(CreateApi{management, true, settings(), {}}, kHost), "insufficient_scope");
}

TEST_F(Decide, ATokenRetiredByASweepOfItsOwnBatchIsGoneForTheNextCommand) {
  now = now / kNanosecondsPerSecond * kNanosecondsPerSecond + kNanosecondsPerSecond - 3;
  const auto short_lived = issue(0, 1);
  ASSERT_EQ(run(short_lived), "");
  now += 3;
  SweepExpired sweep{.to = short_lived.expires_at,
                     .tokens = {{short_lived.expires_at, short_lived.index}}};
  sweep.retire_below[0] = kChunkTokens;
  ASSERT_EQ(run(sweep), "");
  const Actor app{.kind = ActorKind::client, .client = kApp, .generation = SecretGeneration{1}};
  EXPECT_EQ(run(RevokeToken{short_lived.index, Cause::client_self}, app), "token_not_found");
  EXPECT_EQ(run(RevokeToken{short_lived.index}, kHost), "not_active");
  publish(state, index);
  EXPECT_FALSE(index.find(short_lived.index));
}

// A ring of four chunks, used twice over in one unpublished stretch of the log.
TEST_F(Decide, RoomInALaneDoesNotDependOnWhereBatchesEnd_INV3) {
  ASSERT_EQ(run(issue(0)), "");
  EXPECT_EQ(run(issue(kLaneCapacity)), "limit_reached");
  publish(state, index);
  wait(61);
  SweepExpired sweep{.to = UnixSeconds{seconds()}};
  index.for_each_entry(Lane::hour, 0, kChunkTokens, [&](TokenIndex token, const IndexEntry& entry) {
    sweep.tokens.push_back({entry.expires_at, token});
  });
  sweep.retire_below[0] = kChunkTokens;
  ASSERT_EQ(run(sweep), "");
  EXPECT_EQ(run(issue(kLaneCapacity)), "") << "the sweep of this batch made room";
  EXPECT_EQ(run(issue(kLaneCapacity + kChunkTokens)), "limit_reached");
  publish(state, index);

  State replayed;
  ValidityIndex other{kIndexOptions};
  for (const auto& event : log) ASSERT_TRUE(fold(replayed, other, event)) << event.seq.value();
  publish(replayed, other);
  EXPECT_TRUE(replayed == state);
  EXPECT_EQ(other.find(TokenIndex{Lane::hour, kLaneCapacity}),
            index.find(TokenIndex{Lane::hour, kLaneCapacity}));
}

TEST_F(Decide, ALongSweepIsSeveralEventsOfOneBatchAndOnlyTheLastMovesTheMark_D01) {
  constexpr std::uint32_t kTokens = 30'000;
  for (std::uint32_t i = 0; i < kTokens; ++i)
    ASSERT_EQ(run(issue(i * 2, 1 + i % 3000 * 2654435761u % 3000)), "");
  publish(state, index);
  wait(3001);
  SweepExpired sweep{.to = UnixSeconds{seconds()}};
  index.for_each_entry(Lane::hour, 0, 2 * kTokens, [&](TokenIndex token, const IndexEntry& entry) {
    sweep.tokens.push_back({entry.expires_at, token});
  });
  std::ranges::sort(sweep.tokens);
  ASSERT_EQ(sweep.tokens.size(), kTokens);
  const auto before = log.size();
  ASSERT_EQ(run(sweep), "");
  ASSERT_GE(log.size() - before, 2u);
  std::uint32_t count = 0;
  for (auto i = before; i < log.size(); ++i) {
    const auto& part = std::get<TokensExpired>(log[i].payload);
    EXPECT_EQ(part.complete, i + 1 == log.size());
    EXPECT_TRUE(encode_event(log[i]));
    count += part.count;
  }
  EXPECT_EQ(count, kTokens);
  EXPECT_EQ(state.tokens_swept, kTokens);
  EXPECT_EQ(state.expired_upto, sweep.to);
  EXPECT_TRUE(state.expiring.empty());
}

// Also what replay() says, because the same fold makes the list there.
TEST_F(Decide, INV7OpeningsThatIssueNothingAreForgottenAndTheOthersBounded) {
  const auto before = state.incarnations.size();
  for (std::uint32_t i = 0; i < 10'000; ++i) ok(OpenLedger{Incarnation{100 + i}});
  ASSERT_EQ(state.incarnations.size(), before);
  EXPECT_EQ(state.incarnations.back().incarnation, Incarnation{100 + 9'999});
  for (std::uint32_t i = 0; i < 200; ++i) {
    ok(issue(i, i % 3 == 0 ? 7'200 : 60));
    if (i % 2 == 0) ok(OpenLedger{Incarnation{i}});
  }
  EXPECT_EQ(state.incarnations.size(), before + 100);
  std::size_t found = 0;
  for (std::uint32_t i = 0; i < 200; ++i) {
    for (const auto lane : {Lane::hour, Lane::day}) {
      const TokenIndex token{lane, i};
      const IncarnationRecord* want = nullptr;
      for (const auto& record : state.incarnations) {
        if (record.lane_start[token.lane_number()] <= i) want = &record;
      }
      EXPECT_EQ(owner_of(state.incarnations, token), want) << i;
      if (want != nullptr) ++found;
    }
  }
  EXPECT_EQ(found, 400u);
  EXPECT_EQ(owner_of({}, TokenIndex{Lane::hour, 1}), nullptr);

  const auto newest = state.incarnations.back();
  state.incarnations.resize(kIncarnationsMax, newest);
  EXPECT_EQ(run(OpenLedger{Incarnation{7}}), "limit_reached");
  state.incarnations.back().lane_start = {state.lanes[0].next, state.lanes[1].next,
                                          state.lanes[2].next, state.lanes[3].next};
  EXPECT_EQ(run(OpenLedger{Incarnation{7}}), "") << "takes the place of one that issued nothing";
  EXPECT_EQ(state.incarnations.size(), kIncarnationsMax);
}

struct NoEscalationCase {
  const char* name;
  CommandPayload command;
  const char* want;
};

// An administrator who may write clients and make tokens, but not revoke any.
TEST_F(Decide, NobodyHandsOutManagementScopesTheyLack_B13) {
  const std::string management{kManagementAudience};
  ok(RegisterClient{std::string{kNamedTokensClientId}, true, {.name = "named"}, {}}, kHost);
  ok(RegisterClient{"strong", false, {.name = "strong"}, {}}, kHost);
  ok(AddClientGrant{"strong", management, {"tokens:revoke"}}, kHost);
  ok(RegisterClient{"weak", false, {.name = "weak"}, {}}, kHost);
  ok(AddClientGrant{"weak", management, {"tokens:create"}}, kHost);
  ok(RegisterClient{"strong-off", false, {.name = "strong"}, {}}, kHost);
  ok(AddClientGrant{"strong-off", management, {"tokens:revoke"}}, kHost);
  ok(DisableClient{"strong-off"}, kHost);
  ok(RegisterClient{"weak-off", false, {.name = "weak"}, {}}, kHost);
  ok(AddClientGrant{"weak-off", management, {"tokens:create"}}, kHost);
  ok(DisableClient{"weak-off"}, kHost);
  const auto named = [&](std::uint64_t counter, std::uint64_t mask) {
    auto made = issue(counter);
    made.client = ClientNumber{2};
    made.grant = {};
    made.apis[0] = {ApiNumber{1}, mask};
    return made;
  };
  const auto own =
      mask_of(ManagementScope::clients_write) | mask_of(ManagementScope::tokens_create);
  ok(named(0, own), kHost);
  const Actor bearer{.kind = ActorKind::token, .token = TokenIndex{Lane::hour, 0}};

  const NoEscalationCase cases[] = {
      {"GrantMore", AddClientGrant{"app", management, {"tokens:revoke"}}, "insufficient_scope"},
      {"GrantMoreToo", AddClientGrant{"app", management, {"clients:write", "check"}},
       "insufficient_scope"},
      {"UpdateToMore", UpdateClientGrant{"weak", management, {"tokens:revoke"}},
       "insufficient_scope"},
      {"ResetStrongSecret", RotateClientSecret{"strong", {}}, "insufficient_scope"},
      {"ResetWeakSecret", RotateClientSecret{"weak", {}}, ""},
      {"ResetPlainSecret", RotateClientSecret{"app", {}}, ""},
      {"ChangeStrong", UpdateClient{"strong", {.name = "mine"}}, "insufficient_scope"},
      {"ChangeWeak", UpdateClient{"weak", {.name = "mine"}}, ""},
      {"ChangePlain", UpdateClient{"app", {.name = "mine"}}, ""},
      {"EnableStrong", EnableClient{"strong-off"}, "insufficient_scope"},
      {"EnableWeak", EnableClient{"weak-off"}, ""},
      {"DisableStrong", DisableClient{"strong"}, ""},
      {"TokenWithMore", named(1, own | mask_of(ManagementScope::tokens_revoke)),
       "insufficient_scope"},
      {"TokenWithTheSame", named(1, own), ""},
      {"GrantTheSame", AddClientGrant{"app", management, {"clients:write"}}, ""},
  };
  for (const auto& one : cases) EXPECT_EQ(run(one.command, bearer), one.want) << one.name;
  ok(RevokeToken{bearer.token}, kHost);
  EXPECT_EQ(run(RotateClientSecret{"app", {}}, bearer), "unauthorized_actor");
}

// Two who read the same settings and each change one of them: the second must not undo the first.
TEST_F(Decide, SettingsLaidOverAnOlderRecordAreStaleAndOverTheCurrentOneAreTaken) {
  const auto client_seq = [&] { return state.registries.find_client("app")->updated_seq; };
  const auto api_seq = [&] { return state.registries.find_api("https://api")->updated_seq; };
  const auto read_client = client_seq();
  const auto read_api = api_seq();
  auto changed = settings();
  changed.token_lifetime_s = 60;
  EXPECT_EQ(run(UpdateClient{"app", {.name = "one"}, read_client}, kHost), "");
  EXPECT_EQ(run(UpdateApi{"https://api", changed, read_api}, kHost), "");
  const auto last = state.last_seq;
  EXPECT_EQ(run(UpdateClient{"app", {.name = "two"}, read_client}, kHost), "stale_policy");
  EXPECT_EQ(run(UpdateApi{"https://api", settings(), read_api}, kHost), "stale_policy");
  EXPECT_EQ(run(UpdateClient{"app", {.name = "two"}, last.next()}, kHost), "stale_policy");
  EXPECT_EQ(state.last_seq, last);
  EXPECT_EQ(state.registries.find_client("app")->settings.name, "one");
  // A change of another kind counts too: what was read is no longer what stands there.
  ok(DisableClient{"app"}, kHost);
  EXPECT_EQ(run(UpdateClient{"app", {.name = "two"}, last}, kHost), "stale_policy");
  EXPECT_EQ(run(UpdateClient{"app", {.name = "two"}, client_seq()}, kHost), "");
  EXPECT_EQ(run(UpdateApi{"https://api", settings(), api_seq()}, kHost), "");
  EXPECT_EQ(run(UpdateApi{"https://api", changed}, kHost), "") << "nobody asked";
  // Idempotency first: a repeat finds what it did, whatever came after.
  idempotency = Idempotency{{1}, {2}};
  EXPECT_EQ(run(UpdateClient{"app", {.name = "three"}, client_seq()}, kHost), "");
  EXPECT_EQ(run(UpdateClient{"app", {.name = "three"}, last}, kHost), "");
}

TEST(FormatActivation, MovesUpToWhatTheProgramKnowsAndNeverBack) {
  struct Row {
    const char* name;
    FormatActivation activation;
    Errc want;  // Errc{}: allowed
  };
  const Row rows[] = {
      {"TheNext", {.active = 1, .wanted = 2, .known = 2}, Errc{}},
      {"SeveralAtOnce", {.active = 1, .wanted = 3, .known = 3}, Errc{}},
      {"BelowTheNewestKnown", {.active = 1, .wanted = 2, .known = 3}, Errc{}},
      {"BeyondTheProgram", {.active = 1, .wanted = 3, .known = 2}, Errc::unsupported_format},
      {"TheActiveOne", {.active = 2, .wanted = 2, .known = 3}, Errc::already_in_state},
      {"Back", {.active = 2, .wanted = 1, .known = 3}, Errc::already_in_state},
      {"None", {.active = 1, .wanted = 0, .known = 3}, Errc::already_in_state},
      // A ledger that went beyond this program is refused before anything is decided.
      {"OfANewerLedger", {.active = 3, .wanted = 3, .known = 2}, Errc::unsupported_format},
  };
  for (const auto& row : rows) {
    const auto checked = check_activation(row.activation);
    EXPECT_EQ(checked ? Errc{} : to_errc(checked.error()), row.want) << row.name;
  }
}

// One gate, whatever the rules of a command say: an older program must be able to read the log.
TEST_F(Decide, NothingOfANewerFormatIsWrittenBeforeItIsActive) {
  ASSERT_EQ(state.format_version, kFormatVersionFirst);
  ClientSettings public_client{.name = "in a browser",
                               .grant_types = static_cast<std::uint8_t>(GrantType::refresh_token)};
  public_client.is_public = true;
  public_client.authentication = ClientAuthentication::none;
  EXPECT_EQ(run(RegisterClient{"browser", false, public_client, {}}, kHost), "format_not_active");
  EXPECT_EQ(run(UpdateClient{"app", public_client, {}}, kHost), "format_not_active");
  auto offline = settings();
  offline.refresh_grace_s = 0;
  EXPECT_EQ(run(CreateApi{"https://offline", false, offline, {}}, kHost), "format_not_active");
  EXPECT_EQ(run(UpdateApi{"https://api", offline, {}}, kHost), "format_not_active");
  // Whoever may not ask at all hears only that.
  const Actor stranger{.kind = ActorKind::token, .token = TokenIndex{Lane::hour, 99}};
  EXPECT_EQ(run(CreateGroup{"staff"}, stranger), "unauthorized_actor");
  const CommandPayload commands[] = {
      RegisterUser{},     UpdateUser{},  SetPassword{},  DisableUser{},  EnableUser{},
      SetUserGroups{},    CreateGroup{}, DeleteGroup{},  GrantConsent{}, PreconfigureConsent{},
      WithdrawConsents{}, IssueCode{},   RedeemCode{},   Refresh{},      EndFamily{},
      ActivateKey{},      RevokeKey{},   ReportForgery{}};
  EXPECT_EQ(std::size(commands) + kCommandKindsOfFormat1, std::variant_size_v<CommandPayload>);
  for (const auto& command : commands)
    EXPECT_EQ(run(command, kHost), "format_not_active") << command.index();

  ok(ActivateFormat{2}, kHost);
  // From here on each is judged by rules of its own; what is empty passes none.
  for (const auto& command : commands) {
    const auto answer = run(command, kHost);
    EXPECT_NE(answer, "format_not_active") << command.index();
    EXPECT_NE(answer, "unsupported_format") << command.index();
    EXPECT_NE(answer, "") << command.index();
  }
  EXPECT_EQ(run(UpdateApi{"https://api", offline, {}}, kHost), "");
  EXPECT_EQ(run(CreateGroup{"staff"}, kHost), "");
}

TEST_F(Decide, EventsOfOneCommandSayThatItGoesOnOnceTheFormatCanSayIt) {
  auto symmetric = settings();
  symmetric.signing_alg = SignatureAlgorithm::hs256;
  ok(CreateApi{"https://first", false, symmetric, "kid-1"}, kHost);
  for (const auto& event : log) EXPECT_FALSE(event.more);
  ok(ActivateFormat{2}, kHost);
  log.clear();
  ok(CreateApi{"https://second", false, symmetric, "kid-2"}, kHost);
  ok(AppendNote{"topic", {}}, kHost);
  ASSERT_EQ(log.size(), 3u);
  EXPECT_TRUE(log[0].more) << "the key of the API";
  EXPECT_FALSE(log[1].more) << "the API itself";
  EXPECT_FALSE(log[2].more);
}

TEST_F(Decide, OnlyTheLedgerItselfChangesABuiltInApi) {
  auto management = state.registries.find_api(kManagementAudience)->settings;
  management.name = "changed";
  EXPECT_EQ(run(UpdateApi{std::string{kManagementAudience}, management, {}}, kHost),
            "api_built_in");
  ok(UpdateApi{std::string{kManagementAudience}, management, {}});
  EXPECT_EQ(run(DeleteApi{std::string{kManagementAudience}}), "api_built_in");
  EXPECT_EQ(run(CreateApi{"urn:tokenledger:userinfo", false, settings(), {}}, kHost),
            "invalid_argument");
}

TEST_F(Decide, CausesThatAreTheLedgersOwnWordsAreNobodysToGive) {
  for (const auto cause : {Cause::consent_withdrawn, Cause::refresh_reuse, Cause::code_reuse,
                           Cause::user_disabled, Cause::password_changed, Cause::group_left}) {
    EXPECT_EQ(run(RevokeToken{TokenIndex{Lane::hour, 0}, cause, {}}, kHost), "invalid_argument");
    EXPECT_EQ(run(RevokeTokens{{}, cause, {}, {}}, kHost), "invalid_argument");
    EXPECT_EQ(run(RevokeTokenList{{TokenIndex{Lane::hour, 0}}, cause, {}}, kHost),
              "invalid_argument");
  }
  for (const auto kind : {SelectorKind::consent, SelectorKind::family, SelectorKind::user})
    EXPECT_EQ(run(RevokeTokens{{kind, 1}, Cause::admin_manual, {}, {}}, kHost), "invalid_argument");
}

TEST_F(Decide, OnlyTheHostGoesOverToANewerFormatAndANewLedgerBeginsWithTheFirst) {
  EXPECT_EQ(state.format_version, kFormatVersionFirst);
  const auto& app = *state.registries.client(kApp);
  const Actor client{.kind = ActorKind::client, .client = kApp, .generation = app.generation};
  EXPECT_EQ(run(ActivateFormat{kFormatVersion}, client), "insufficient_scope");
  EXPECT_EQ(run(ActivateFormat{kFormatVersion + 1}, kHost), "unsupported_format");
  EXPECT_EQ(run(ActivateFormat{state.format_version}, kHost), "already_in_state");
  // As in a ledger that an older program made.
  state.format_version = kFormatVersion - 1;
  if (state.format_version == 0) return;  // there is no older one yet
  ok(ActivateFormat{kFormatVersion}, kHost);
  EXPECT_EQ(state.format_version, kFormatVersion);
}

}  // namespace
}  // namespace tokenledger

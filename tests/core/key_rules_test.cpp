// Signing keys, one rule at a time: next -> active -> retired, and revoked from each of them.
#include "core/status.hpp"
#include "tests/core/decide_fixture.hpp"

namespace tokenledger {
namespace {

constexpr auto kAlgorithm = SignatureAlgorithm::es256;
constexpr Actor kSystem{};

class KeyRules : public testing_support::DecideFixture {
 protected:
  KeyRules() { ok(ActivateFormat{2}, kHost); }

  static AddKey next_key(const std::string& kid, SignatureAlgorithm algorithm = kAlgorithm) {
    return {.algorithm = algorithm, .kid = kid, .public_key = "public", .is_next = true};
  }
  const KeyRecord& key(const std::string& kid) const { return *state.registries.find_key(kid); }
  std::string signing() const {
    const auto* found = state.registries.signing_key(kAlgorithm);
    return found == nullptr ? "" : found->kid;
  }
  // The bearer of a management token with these scopes.
  Actor bearer(std::uint64_t mask) {
    auto token = issue(next_counter_++, 3600);
    token.apis = {{{ApiNumber{1}, mask}}};
    token.grant = GrantNumber{2};
    if (state.registries.grants().size() < 2) {
      std::vector<std::string> all;
      for (const auto& scope : kManagementScopes) all.emplace_back(scope.name);
      ok(AddClientGrant{"app", std::string{kManagementAudience}, all}, kHost);
    }
    token.key = state.registries.signing_key(kAlgorithm)->number;
    ok(token, kHost);
    return {.kind = ActorKind::token, .token = token.index};
  }
  std::vector<std::size_t> kinds_since(std::size_t from) const {
    std::vector<std::size_t> kinds;
    for (auto at = from; at < log.size(); ++at) kinds.push_back(log[at].payload.index());
    return kinds;
  }
  template <class Kind>
  static std::size_t kind() {
    return Payload{Kind{}}.index();
  }

  std::uint64_t next_counter_ = 0;
};

TEST_F(KeyRules, ANextKeyWaitsUntilVerifiersHaveItAndThenReplacesTheOneBefore) {
  ok(next_key("second"), kHost);
  EXPECT_EQ(key("second").status, KeyStatus::next);
  EXPECT_EQ(signing(), "kid");
  EXPECT_EQ(run(ActivateKey{"second"}, kHost), "key_too_new");
  wait(kKeyNextSecondsMin);
  const auto from = log.size();
  ok(ActivateKey{"second"}, kHost);
  EXPECT_EQ(kinds_since(from), (std::vector{kind<KeyActivated>(), kind<KeyRetired>()}));
  EXPECT_TRUE(log[from].more) << "both or neither";
  EXPECT_EQ(signing(), "second");
  EXPECT_EQ(key("kid").status, KeyStatus::retired);
  EXPECT_EQ(run(ActivateKey{"second"}, kHost), "already_in_state");
  EXPECT_EQ(run(ActivateKey{"kid"}, kHost), "already_in_state") << "there is no way back";
}

TEST_F(KeyRules, TheOneThatWasActivatedLastSignsWhateverItsNumber) {
  ok(next_key("second"), kHost);
  ok(next_key("third"), kHost);
  wait(kKeyNextSecondsMin);
  ok(ActivateKey{"third"}, kHost);
  ok(ActivateKey{"second"}, kHost);
  EXPECT_EQ(signing(), "second");
  EXPECT_EQ(key("third").status, KeyStatus::retired);
}

TEST_F(KeyRules, TheHostMayForceAKeyThatIsTooNewAndNobodyElse) {
  const auto manager = bearer(mask_of(ManagementScope::keys_write));
  ok(next_key("second"), manager);
  EXPECT_EQ(run(ActivateKey{"second", true}, manager), "insufficient_scope");
  ok(ActivateKey{"second", true}, kHost);
  EXPECT_EQ(signing(), "second");
}

TEST_F(KeyRules, TheScopeForKeysOpensAllButImportsAndKeysThatSignAtOnce) {
  const auto manager = bearer(mask_of(ManagementScope::keys_write));
  const auto other = bearer(kManagementScopesAll & ~mask_of(ManagementScope::keys_write));
  auto at_once = next_key("at once");
  at_once.kid = "at-once";
  at_once.is_next = false;
  auto imported = next_key("imported");
  imported.imported = true;
  EXPECT_EQ(run(at_once, manager), "insufficient_scope");
  EXPECT_EQ(run(imported, manager), "insufficient_scope");
  for (const CommandPayload& command :
       {CommandPayload{next_key("second")}, CommandPayload{ActivateKey{"kid"}},
        CommandPayload{RetireKey{"kid"}}, CommandPayload{RevokeKey{"kid", {}}}}) {
    EXPECT_EQ(run(command, other), "insufficient_scope");
    EXPECT_NE(run(command, manager), "insufficient_scope");
  }
}

TEST_F(KeyRules, WaitingKeysOfOneAlgorithmAreBounded) {
  for (std::size_t count = 0; count < kNextKeysPerAlgorithmMax; ++count)
    ok(next_key("n" + std::to_string(count)), kHost);
  EXPECT_EQ(run(next_key("more"), kHost), "limit_reached");
  EXPECT_EQ(run(next_key("n0"), kHost), "key_exists");
  ok(next_key("other", SignatureAlgorithm::eddsa), kHost);
  ok(RetireKey{"n0"}, kHost);
  ok(next_key("more"), kHost);
}

TEST_F(KeyRules, TheKeyThatSignsIsRetiredByItsSuccessorOnly) {
  const auto manager = bearer(mask_of(ManagementScope::keys_write));
  EXPECT_EQ(run(RetireKey{"kid"}, manager), "key_signs");
  ok(next_key("second"), kHost);
  ok(RetireKey{"second"}, manager);
  EXPECT_EQ(key("second").activated_at, LedgerTime{}) << "it never signed";
  EXPECT_EQ(run(RetireKey{"second"}, manager), "already_in_state");
  EXPECT_EQ(run(RetireKey{"none"}, manager), "key_not_found");
}

TEST_F(KeyRules, TokensOfARetiredKeyStayGoodAndNewOnesNeedTheNewKey) {
  ok(issue(100));
  ok(next_key("second"), kHost);
  wait(kKeyNextSecondsMin);
  ok(issue(101, 3600));
  ok(ActivateKey{"second"}, kHost);
  EXPECT_EQ(run(issue(102)), "stale_policy") << "signed with the old key meanwhile";
  auto with_new = issue(103);
  with_new.key = key("second").number;
  ok(with_new);
  const auto old = state.find(index, issue(101, 3600).index);
  ASSERT_TRUE(old);
  EXPECT_FALSE(state.is_cascaded(*old));
}

TEST_F(KeyRules, RevokingAKeyEndsWhatItSignedInOneEventAndItsSuccessorSigns) {
  ok(issue(100));
  ok(next_key("second"), kHost);
  ok(next_key("third"), kHost);
  const auto from = log.size();
  ok(RevokeKey{"kid", {"why"}}, kHost);
  EXPECT_EQ(kinds_since(from), (std::vector{kind<KeyRevoked>(), kind<KeyActivated>()}));
  EXPECT_EQ(signing(), "second") << "though it is new: the longest published one";
  const auto token = issue(100).index;
  const auto entry = state.find(index, token);
  ASSERT_TRUE(entry);
  EXPECT_TRUE(state.is_cascaded(*entry));
  EXPECT_FALSE(index.find_live(token, nullptr, UnixSeconds{seconds()})) << "published";
  const auto cascade = cascade_of(log[from]);
  ASSERT_TRUE(cascade);
  EXPECT_EQ(cascade->selector, (Selector{SelectorKind::key, key("kid").number.value()}));
  EXPECT_EQ(cascade->revocation.cause, Cause::key_compromise);
  EXPECT_EQ(run(RevokeKey{"kid", {}}, kHost), "already_in_state");
  auto again = issue(101);
  EXPECT_EQ(run(again), "stale_policy");
  again.key = key("second").number;
  ok(again);
  EXPECT_FALSE(state.is_cascaded(*state.find(index, again.index)));
}

TEST_F(KeyRules, ARevokedKeyNeedsNoSuccessorAndARetiredOneTakesNoneAway) {
  ok(next_key("second"), kHost);
  wait(kKeyNextSecondsMin);
  ok(ActivateKey{"second"}, kHost);
  ok(next_key("third"), kHost);
  ok(RevokeKey{"kid", {}}, kHost);
  EXPECT_EQ(signing(), "second");
  EXPECT_EQ(key("third").status, KeyStatus::next);
  ok(RevokeKey{"third", {}}, kHost);
  ok(RevokeKey{"second", {}}, kHost);
  EXPECT_EQ(signing(), "") << "a stolen key goes at once";
}

TEST_F(KeyRules, AnApisOwnSecretIsNoneOfTheseKeys) {
  auto own = settings();
  own.signing_alg = SignatureAlgorithm::hs256;
  ok(CreateApi{"https://own", false, own, "own"}, kHost);
  EXPECT_EQ(run(ActivateKey{"own"}, kHost), "key_not_found");
  EXPECT_EQ(run(RetireKey{"own"}, kHost), "key_not_found");
  EXPECT_EQ(run(RevokeKey{"own", {}}, kHost), "key_not_found");
}

TEST_F(KeyRules, OnlyTheLedgerReportsForgeryAndItChangesNothing) {
  const ReportForgery unsealed{KeyNumber{1}, {}, ForgerySign::jti_not_sealed};
  const ReportForgery other{KeyNumber{1}, issue(7).index, ForgerySign::other_token};
  EXPECT_EQ(run(unsealed, kHost), "insufficient_scope");
  EXPECT_EQ(run(ReportForgery{KeyNumber{9}, {}, ForgerySign::jti_not_sealed}, kSystem),
            "key_not_found");
  EXPECT_EQ(run(ReportForgery{KeyNumber{1}, other.index, ForgerySign::jti_not_sealed}, kSystem),
            "invalid_argument");
  const auto without_lane = TokenIndex::from_value(4ull << 56);
  EXPECT_EQ(run(ReportForgery{KeyNumber{1}, without_lane, ForgerySign::other_token}, kSystem),
            "invalid_argument");
  const auto before = state.registries;
  ok(unsealed, kSystem);
  ok(other, kSystem);
  ok(ReportForgery{KeyNumber{1}, {}, ForgerySign::other_token},
     kSystem);  // the first token's index
  EXPECT_EQ(state.registries, before);
}

TEST_F(KeyRules, ALogThatContradictsTheKeysIsCorrupt) {
  ok(next_key("second"), kHost);
  const auto fold_error = [&](Payload payload) {
    Event event{.seq = state.last_seq.next(),
                .recorded_at = LedgerTime{state.last_recorded_at.value() + 1},
                .actor = {},
                .request_id = {},
                .idempotency = {},
                .payload = std::move(payload)};
    auto copy = state;
    const auto folded = fold(copy, index, event);
    return folded ? std::string{} : std::string{errc_name(to_errc(folded.error()))};
  };
  const auto second = key("second").number;
  EXPECT_EQ(fold_error(KeyActivated{KeyNumber{1}}), "log_corrupt") << "active";
  EXPECT_EQ(fold_error(KeyActivated{KeyNumber{9}}), "log_corrupt");
  EXPECT_EQ(fold_error(KeyRevoked{KeyNumber{9}, {}}), "log_corrupt");
  EXPECT_EQ(fold_error(ForgerySuspected{KeyNumber{9}, {}, {}}), "log_corrupt");
  EXPECT_EQ(fold_error(KeyActivated{second}), "");
  ok(RevokeKey{"second", {}}, kHost);
  EXPECT_EQ(fold_error(KeyRetired{second}), "log_corrupt");
  EXPECT_EQ(fold_error(KeyRevoked{second, {}}), "log_corrupt");
}

}  // namespace
}  // namespace tokenledger

// decide() on consents of users and of groups, and what is refused.
#include "tests/core/people_rules_fixture.hpp"

namespace tokenledger {
namespace {

class ConsentRules : public testing_support::PeopleRulesFixture {};

TEST_F(ConsentRules, OnlyWhatIsNewBecomesAnEvent_A10_A11) {
  ok(consent(1, kOpenId), as_user());
  EXPECT_EQ(last<ConsentGranted>().scope_mask, 1u);
  EXPECT_EQ(run(consent(1, kOpenId), as_user()), "already_in_state");
  EXPECT_EQ(run(consent(1, 0), as_user()), "already_in_state");
  ok(consent(3, kOpenId), as_user());
  EXPECT_EQ(last<ConsentExtended>().scope_mask, 2u);
  EXPECT_EQ(last<ConsentExtended>().identity_mask, 0u);
  EXPECT_EQ(count<ConsentGranted>(), 1);
}

TEST_F(ConsentRules, NobodyConsentsForSomebodyElse_A07) {
  EXPECT_EQ(run(consent(), kHost), "insufficient_scope");
  EXPECT_EQ(run(consent(), as_client()), "insufficient_scope");
  ok(RegisterUser{{2}, {"login"}, {}}, kHost);
  ok(SetPassword{UserNumber{2}, SecretGeneration{1}}, kHost);
  EXPECT_EQ(run(consent(), as_user(UserNumber{2})), "insufficient_scope");
}

TEST_F(ConsentRules, ScopesStayWithinTheClientsGrantAndTheListedOnes_A16) {
  EXPECT_EQ(run(consent(4, 0), as_user()), "scope_not_granted");
  EXPECT_EQ(run(consent(0, 0), as_user()), "invalid_argument");
  EXPECT_EQ(run(consent(0, 8), as_user()), "scope_unknown");
  EXPECT_EQ(run(GrantConsent{kUser, kWeb, ApiNumber{99}, 1, 0}, as_user()), "api_not_found");
  EXPECT_EQ(run(GrantConsent{kUser, kWeb, ApiNumber{1}, 1, 0}, as_user()), "api_built_in")
      << "nobody lets a client manage the ledger by a click";
  EXPECT_EQ(run(GrantConsent{kUser, kWeb, identity_api, 1, kOpenId}, as_user()), "scope_unknown");
  EXPECT_EQ(run(GrantConsent{kUser, kWeb, identity_api, 0, kOpenId}, as_user()), "");
  EXPECT_EQ(run(GrantConsent{kUser, kApp, kApi, 1, 0}, as_user()), "grant_type_refused");
  EXPECT_EQ(run(GrantConsent{kUser, ClientNumber{99}, kApi, 1, 0}, as_user()), "client_not_found");
  ok(RemoveClientGrant{"web", "https://api"});
  EXPECT_EQ(run(consent(), as_user()), "grant_not_found");
  ok(DisableClient{"web"});
  EXPECT_EQ(run(consent(), as_user()), "client_disabled");
}

TEST_F(ConsentRules, WithdrawnByItsUserOrByAnAdministratorAndByNobodyElse_A12) {
  ok(RegisterUser{{2}, {"login"}, {}}, kHost);
  ok(SetPassword{UserNumber{2}, SecretGeneration{1}}, kHost);
  ok(consent(), as_user());
  const auto first = withdraw({1});
  EXPECT_EQ(run(first, as_user(UserNumber{2})), "consent_not_found");
  EXPECT_EQ(run(first, as_client()), "insufficient_scope");
  ok(first, as_user());
  EXPECT_EQ(state.people.find_consent(kUser, kWeb, kApi), ConsentNumber{});
  const auto again = run(first, as_user());
  EXPECT_TRUE(again == "not_active" || again == "consent_not_found") << again;
  ok(consent(), as_user());
  const auto number = last<ConsentGranted>().consent;
  EXPECT_EQ(run(withdraw({number.value()}), kHost), "");
}

// A number whose consent is over goes to the next one: whoever saw the earlier one does not end it.
TEST_F(ConsentRules, AConsentIsWithdrawnAsItWasSeenOrNotAtAll) {
  ok(consent(), as_user());
  const auto seen = withdraw({1});
  ok(seen, as_user());
  wait(1);
  ok(consent(1, kOpenId), as_user());
  ASSERT_EQ(last<ConsentGranted>().consent, ConsentNumber{1}) << "the number is used again";
  EXPECT_EQ(run(seen, as_user()), "not_active");
  EXPECT_EQ(run(seen, kHost), "not_active");
  EXPECT_EQ(run(WithdrawConsents{{{ConsentNumber{1}, {}}}, {}}, kHost), "not_active");
  EXPECT_EQ(state.people.find_consent(kUser, kWeb, kApi), ConsentNumber{1});
  EXPECT_EQ(run(withdraw({1}), kHost), "");
}

TEST_F(ConsentRules, AListIsWithdrawnWholeOrNotAtAll) {
  ok(consent(), as_user());
  EXPECT_EQ(run(withdraw({1, 9}), kHost), "consent_not_found");
  EXPECT_EQ(state.people.find_consent(kUser, kWeb, kApi), ConsentNumber{1});
  EXPECT_EQ(run(WithdrawConsents{{}, {}}, kHost), "invalid_argument");
  EXPECT_EQ(run(withdraw({1, 1}), kHost), "invalid_argument");
  EXPECT_EQ(run(WithdrawConsents{std::vector<SeenConsent>(kWithdrawListMax + 1), {}}, kHost),
            "too_large");
  auto wordy = withdraw({1});
  wordy.reason.bytes = std::string(kSealedBytesMax + 1, 'x');
  EXPECT_EQ(run(wordy, kHost), "too_large");
}

TEST_F(ConsentRules, AGroupsConsentCoversItsMembersWhileTheyAreInIt_A12) {
  EXPECT_EQ(run(PreconfigureConsent{GroupNumber{9}, kWeb, kApi, 1, 0}, kHost), "group_not_found");
  EXPECT_EQ(run(PreconfigureConsent{kGroup, kWeb, kApi, 1, 0}, as_user()), "insufficient_scope");
  EXPECT_EQ(run(PreconfigureConsent{kGroup, kWeb, kApi, 8, 0}, kHost), "scope_not_granted");
  ok(PreconfigureConsent{kGroup, kWeb, kApi, 1, 0}, kHost);
  EXPECT_EQ(run(PreconfigureConsent{kGroup, kWeb, kApi, 2, 0}, kHost), "already_in_state");
  EXPECT_EQ(run(code(1, 1, 0), as_user()), "consent_required") << "an outsider";
  ok(SetUserGroups{kUser, {kGroup}, {}}, kHost);
  EXPECT_EQ(run(code(1, 1, 0), as_user()), "");
  EXPECT_EQ(run(code(2, 3, 0), as_user()), "consent_required") << "beyond what it allows";
  EXPECT_EQ(run(withdraw({1}), as_user()), "consent_not_found")
      << "one member does not end it for all";
  ok(SetUserGroups{kUser, {}, {}}, kHost);
  EXPECT_EQ(run(code(3, 1, 0), as_user()), "consent_required");
}

}  // namespace
}  // namespace tokenledger

// The consent behind tokens of implicit requests (rows A10, A12, A32): when it is asked for, what
// ends with it, and what comes between it and its token.
#include <future>

#include "core/user_id.hpp"
#include "storage/ledger_core.hpp"
#include "storage/ledger_implicit.hpp"
#include "tests/api/implicit_fixture.hpp"

namespace tokenledger::test {
namespace {

class ImplicitConsentTest : public ImplicitFixture {
 protected:
  struct Numbers {
    ClientNumber client;
    Sequence client_seq;
    ApiNumber api;
  };
  static Numbers numbers_of(const Stage& stage) {
    Numbers numbers;
    api().ledger().with_registries([&](const Registries& registries) {
      const auto* client = registries.find_client(stage.client);
      numbers = {client->number, client->updated_seq, registries.find_api(stage.audience)->number};
    });
    return numbers;
  }
  static Actor actor_of(const Person& person) {
    Actor actor{.kind = ActorKind::user};
    actor.user = person.number;
    actor.generation = api().ledger().people().find_sign_in(person.number)->generation;
    return actor;
  }
  // The user's consent to `read`, without any page.
  static ConsentNumber consent_to_read(const Stage& stage) {
    const auto numbers = numbers_of(stage);
    const auto granted = api().ledger().submit(
        {actor_of(stage.person),
         {},
         std::nullopt,
         GrantConsent{stage.person.number, numbers.client, numbers.api, 1, 0}});
    EXPECT_TRUE(granted.has_value()) << granted.error().message();
    ConsentNumber consent;
    api().ledger().people().with_people([&](const People& people) {
      consent = people.consents_for(stage.person.number, numbers.client, numbers.api).front();
    });
    return consent;
  }
  static ImplicitRequest request_for(const Stage& stage, ConsentNumber consent) {
    const auto numbers = numbers_of(stage);
    return {.actor = actor_of(stage.person),
            .request_id = {},
            .client = numbers.client,
            .client_based_on = numbers.client_seq,
            .consent = consent,
            .api = numbers.api,
            .scope_mask = 1,
            .identity_mask = 0,
            .auth_time = to_seconds(api().ledger().now()),
            .nonce = {}};
  }
  static Result<IssuedToken> issue(const ImplicitRequest& request) {
    std::promise<Result<IssuedToken>> promise;
    issue_implicitly_async(api().ledger(), request, [&](Result<IssuedToken> issued) {
      promise.set_value(std::move(issued));
    });
    return promise.get_future().get();
  }
};

TEST_F(ImplicitConsentTest, A10TheSecondVisitAndEverySubsetGetATokenWithoutAPage) {
  const auto stage = implicit_stage();
  Browser browser{api()};
  const auto first =
      parameter(authorize(browser, stage, asking(stage, "read write")), "access_token");
  for (const auto* scope : {"read write", "write read", "read"}) {
    const auto url = answer_of(browser, asking(stage, scope));
    EXPECT_TRUE(is_in_fragment(url)) << url;
    const auto token = parameter(url, "access_token");
    EXPECT_NE(token, first);
    EXPECT_EQ(api().authz(token, stage.audience, "read"), 200) << scope;
  }
  const auto quiet = with(asking(stage), {{"prompt", "none"}});
  EXPECT_NE(parameter(answer_of(browser, quiet), "access_token"), "-");
  const auto more = with(asking(stage, "read share"), {{"prompt", "none"}});
  EXPECT_EQ(parameter(answer_of(browser, more), "error"), "consent_required");
  Browser stranger{api()};
  const auto url = answer_of(stranger, quiet);
  EXPECT_TRUE(is_in_fragment(url)) << url;
  EXPECT_EQ(parameter(url, "error"), "login_required");
}

TEST_F(ImplicitConsentTest, A32WithdrawingTheConsentEndsTheTokensAndAsksAgain) {
  const auto stage = implicit_stage();
  Browser browser{api()};
  const auto first = parameter(authorize(browser, stage, asking(stage)), "access_token");
  const auto second = parameter(answer_of(browser, asking(stage)), "access_token");
  const auto account = browser.get("/oauth/account");
  EXPECT_EQ(browser.submit(account, "/oauth/account/withdraw", {}).status, 303);
  for (const auto& token : {first, second}) {
    EXPECT_EQ(api().authz(token, stage.audience), 401);
    EXPECT_EQ(api().check(token).text("status"), "revoked");
  }
  EXPECT_TRUE(browser.get(address(asking(stage))).has("See your events"));
}

// Tokens on a group's consent have a family of their own: a disabled member's end, others' do not;
// and all of them end with the consent.
TEST_F(ImplicitConsentTest, A12APreconfiguredConsentGivesTokensThatEndWithTheUserOrWithIt) {
  const auto stage = implicit_stage();
  auto other = stage;
  other.person = make_person("Charles Babbage");
  const auto group = make_group({stage.person, other.person});
  const auto numbers = numbers_of(stage);
  run(PreconfigureConsent{group, numbers.client, numbers.api, 1, 0});
  std::vector<std::string> tokens;
  for (const auto& member : {stage, other}) {
    Browser browser{api()};
    const auto sent = browser.get(sign_in(browser, member, asking(member)));
    ASSERT_EQ(sent.status, 302) << "no consent page: " << sent.body;
    tokens.push_back(parameter(location(sent), "access_token"));
    EXPECT_EQ(api().authz(tokens.back(), stage.audience, "read"), 200);
    const auto user = api().ledger().people().user(member.person.number);
    EXPECT_EQ(api().check(tokens.back()).text("subject"), user_id_text(user->record.id))
        << "the member, whose consent it is not";
    EXPECT_TRUE(consents_of(member.person.number).empty());
  }
  run(DisableUser{stage.person.number, {}});
  EXPECT_EQ(api().authz(tokens[0], stage.audience), 401);
  EXPECT_EQ(api().authz(tokens[1], stage.audience), 200);
  run(WithdrawConsents{{seen_of_groups(numbers.client, numbers.api)}, {}});
  EXPECT_EQ(api().authz(tokens[1], stage.audience), 401);
  Browser browser{api()};
  EXPECT_TRUE(browser.get(sign_in(browser, other, asking(other))).has("See your events"));
}

TEST_F(ImplicitConsentTest, A12LeavingTheGroupEndsWhatItsConsentGave) {
  const auto stage = implicit_stage();
  const auto group = make_group({stage.person});
  const auto numbers = numbers_of(stage);
  run(PreconfigureConsent{group, numbers.client, numbers.api, 1, 0});
  Browser browser{api()};
  const auto token =
      parameter(location(browser.get(sign_in(browser, stage, asking(stage)))), "access_token");
  EXPECT_EQ(api().authz(token, stage.audience, "read"), 200);
  run(SetUserGroups{stage.person.number, {}, {}});
  EXPECT_EQ(api().authz(token, stage.audience), 401);
  EXPECT_EQ(api().check(token).text("status"), "revoked");
}

TEST_F(ImplicitConsentTest, AListByConsentLeavesOutWhatAnEarlierOneOfTheNumberGave) {
  auto stage = implicit_stage();
  const auto number = consent_to_read(stage);
  const auto listed = [&] {
    return api()
        .as_admin("GET", "/v1/tokens?consent=" + std::to_string(number.value()))
        .item_count();
  };
  ASSERT_TRUE(issue(request_for(stage, number)));
  EXPECT_EQ(listed(), 1u);
  run(WithdrawConsents{{seen(number)}, {}});
  EXPECT_EQ(listed(), 1u) << "nobody else has the number yet";
  // Only a chunk that no token is put into any more is retired, and its tokens let their consents
  // go.
  for (auto& reserved : api().ledger().core().reserved) reserved = kChunkTokens;
  api().clock().advance_s(40 * 86'400);
  ASSERT_TRUE(api().ledger().sweep());
  ConsentNumber later;
  for (int tries = 0; tries < 32 && later != number; ++tries) {
    stage.person = make_person();
    later = consent_to_read(stage);
  }
  ASSERT_EQ(later, number) << "the number was not given out again";
  EXPECT_EQ(listed(), 0u);
  ASSERT_TRUE(issue(request_for(stage, later)));
  EXPECT_EQ(listed(), 1u);
}

// Consent is one event and the token another. Whatever comes between them, nothing is issued that
// nobody allowed, and nobody is asked twice.
TEST_F(ImplicitConsentTest, AConsentWhoseTokenACrashPreventedIsThereAfterARestart) {
  const auto stage = implicit_stage();
  (void)consent_to_read(stage);
  api().close();
  api().open();
  Browser browser{api()};
  const auto sent = browser.get(sign_in(browser, stage, asking(stage)));
  EXPECT_EQ(sent.status, 302) << "no consent page";
  EXPECT_EQ(api().authz(parameter(location(sent), "access_token"), stage.audience, "read"), 200);
}

TEST_F(ImplicitConsentTest, AnAddressJudgedByAnOlderRecordOfTheClientGetsNothing) {
  const auto stage = implicit_stage();
  auto request = request_for(stage, consent_to_read(stage));
  run(UpdateClient{stage.client, implicit_client(), {}});
  const auto before = api().ledger().committed();
  const auto issued = issue(request);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(to_errc(issued.error()), Errc::stale_policy);
  EXPECT_EQ(api().ledger().committed(), before);
}

// The token is signed and waits; the client's change is decided with it. Whoever looks at the
// answer then sees a client that has no such address any more.
TEST_F(ImplicitConsentTest, AClientThatChangesWhileTheTokenIsDecidedGetsNothing) {
  const auto stage = implicit_stage();
  const auto request = request_for(stage, consent_to_read(stage));
  std::promise<void> is_held;
  std::promise<void> let_go;
  // Holds up the commit thread, so that both commands wait and are decided together.
  api().ledger().submit_async({{.kind = ActorKind::host}, {}, {}, CreateGroup{fresh("hold")}},
                              [&](const Result<Committed>&) {
                                is_held.set_value();
                                let_go.get_future().wait();
                              });
  is_held.get_future().wait();
  std::promise<Result<IssuedToken>> promise;
  std::promise<Result<Committed>> updated;
  issue_implicitly_async(api().ledger(), request,
                         [&](Result<IssuedToken> issued) { promise.set_value(std::move(issued)); });
  auto settings = implicit_client();
  settings.redirect_uris = {"https://app.example/elsewhere"};
  api().ledger().submit_async(
      {{.kind = ActorKind::host}, {}, {}, UpdateClient{stage.client, settings, {}}},
      [&](const Result<Committed>& done) { updated.set_value(done); });
  let_go.set_value();
  const auto issued = promise.get_future().get();
  EXPECT_TRUE(updated.get_future().get().has_value());
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(to_errc(issued.error()), Errc::stale_policy);
}

}  // namespace
}  // namespace tokenledger::test

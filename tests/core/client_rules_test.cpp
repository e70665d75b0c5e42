// What a client's settings may say together, and how long what it authenticates with is good.
#include "core/signing_key.hpp"
#include "core/state_codec.hpp"
#include "tests/core/decide_fixture.hpp"

namespace tokenledger {
namespace {

constexpr auto kCredentials = static_cast<std::uint8_t>(GrantType::client_credentials);
constexpr auto kCode = static_cast<std::uint8_t>(GrantType::authorization_code);

ClientPublicKey public_key(const std::string& kid,
                           SignatureAlgorithm algorithm = SignatureAlgorithm::eddsa) {
  const auto key = SigningKey::generate(algorithm);
  EXPECT_TRUE(key);
  return {kid, algorithm, {key->public_bytes().begin(), key->public_bytes().end()}};
}

ClientSettings browser() {
  ClientSettings settings{
      .name = "browser", .grant_types = kCode, .redirect_uris = {"https://app.example/cb"}};
  settings.is_public = true;
  settings.authentication = ClientAuthentication::none;
  return settings;
}
ClientSettings signer() {
  ClientSettings settings{.name = "signer"};
  settings.authentication = ClientAuthentication::private_key_jwt;
  settings.keys = {public_key("")};
  return settings;
}

class ClientRules : public testing_support::DecideFixture {
 protected:
  ClientRules() { ok(ActivateFormat{2}, kHost); }
  std::string try_settings(const ClientSettings& settings, const Digest& secret = {}) {
    return run(RegisterClient{"c" + std::to_string(++count_), false, settings, secret}, kHost);
  }
  const ClientRecord& record(const std::string& id) const {
    return *state.registries.find_client(id);
  }
  Actor as(const std::string& id, std::uint32_t generation) const {
    return {.kind = ActorKind::client,
            .client = record(id).number,
            .generation = SecretGeneration{generation}};
  }
  // What the actor may do is nothing; whether it is somebody is told by another answer.
  bool is_known(const Actor& actor) {
    return run(DisableClient{"app"}, actor) == "insufficient_scope";
  }
  int count_ = 0;
};

struct SettingsCase {
  const char* name;
  void (*change)(ClientSettings&);
  const char* want;
};

// RFC 9068 §5: whoever may register clients must not speak for a user by that.
TEST_F(ClientRules, B09NoClientHasANameThatReadsLikeAUsers) {
  const ClientSettings settings{.name = "a client"};
  for (const char* id : {"usr_", "usr_AAECAwQFBgcICQoLDA0ODw", "usr_anything"})
    EXPECT_EQ(run(RegisterClient{id, false, settings, {}}, kHost), "invalid_argument") << id;
  for (const char* id : {"usr", "usr-1", "USR_1", "my_usr_1"})
    EXPECT_EQ(run(RegisterClient{id, false, settings, {}}, kHost), "") << id;
}

TEST_F(ClientRules, APublicClientHasNeitherSecretNorWaysThatNeedOne) {
  EXPECT_EQ(try_settings(browser()), "");
  EXPECT_EQ(try_settings(browser(), Digest{1}), "invalid_argument") << "a secret";
  const SettingsCase rows[] = {
      {"client_credentials", [](ClientSettings& s) { s.grant_types |= kCredentials; },
       "invalid_argument"},
      {"no PKCE", [](ClientSettings& s) { s.pkce_optional = true; }, "invalid_argument"},
      {"another method", [](ClientSettings& s) { s.authentication = ClientAuthentication::basic; },
       "invalid_argument"},
      {"not public", [](ClientSettings& s) { s.is_public = false; }, "invalid_argument"},
      {"keys", [](ClientSettings& s) { s.keys = {public_key("")}; }, "invalid_argument"},
      {"nowhere to go", [](ClientSettings& s) { s.redirect_uris.clear(); }, "invalid_argument"},
      {"http beyond loopback",
       [](ClientSettings& s) { s.redirect_uris = {"http://app.example/cb"}; }, "invalid_argument"},
      {"a fragment", [](ClientSettings& s) { s.redirect_uris = {"https://app.example/#a"}; },
       "invalid_argument"},
      {"a wildcard", [](ClientSettings& s) { s.redirect_uris = {"https://*.example/cb"}; },
       "invalid_argument"},
      {"loopback", [](ClientSettings& s) { s.redirect_uris = {"http://127.0.0.1/cb"}; }, ""},
  };
  for (const auto& row : rows) {
    auto settings = browser();
    row.change(settings);
    EXPECT_EQ(try_settings(settings), row.want) << row.name;
  }
}

TEST_F(ClientRules, AClientThatSignsAssertionsHasOneToFourKeysThatCanBeTold) {
  EXPECT_EQ(try_settings(signer()), "");
  EXPECT_EQ(try_settings(signer(), Digest{1}), "invalid_argument") << "a secret";
  const SettingsCase rows[] = {
      {"none", [](ClientSettings& s) { s.keys.clear(); }, "invalid_argument"},
      {"two without names", [](ClientSettings& s) { s.keys = {public_key(""), public_key("")}; },
       "invalid_argument"},
      {"two of one name", [](ClientSettings& s) { s.keys = {public_key("a"), public_key("a")}; },
       "invalid_argument"},
      {"two", [](ClientSettings& s) { s.keys = {public_key("a"), public_key("b")}; }, ""},
      {"five", [](ClientSettings& s) { s.keys.assign(5, public_key("a")); }, "too_large"},
      {"symmetric", [](ClientSettings& s) { s.keys[0].algorithm = SignatureAlgorithm::hs256; },
       "algorithm_not_allowed"},
      {"of another algorithm",
       [](ClientSettings& s) { s.keys[0].algorithm = SignatureAlgorithm::es256; },
       "invalid_argument"},
      {"not a key", [](ClientSettings& s) { s.keys[0].public_key = "public"; }, "invalid_argument"},
      {"keys beside a secret",
       [](ClientSettings& s) { s.authentication = ClientAuthentication::basic; },
       "invalid_argument"},
      {"symmetric id tokens", [](ClientSettings& s) { s.id_token_alg = SignatureAlgorithm::hs256; },
       "algorithm_not_allowed"},
  };
  for (const auto& row : rows) {
    auto settings = signer();
    row.change(settings);
    EXPECT_EQ(try_settings(settings), row.want) << row.name;
  }
}

TEST_F(ClientRules, TheSecretBeforeIsGoodForItsOverlapAndTheOneBeforeThatIsNot) {
  ok(RotateClientSecret{"app", Digest{1}, 100}, kHost);
  EXPECT_TRUE(is_known(as("app", 1)));
  EXPECT_TRUE(is_known(as("app", 2)));
  ok(RotateClientSecret{"app", Digest{2}, 100}, kHost);
  EXPECT_FALSE(is_known(as("app", 1))) << "two ago";
  EXPECT_TRUE(is_known(as("app", 2)));
  EXPECT_EQ(record("app").previous_hash, Digest{1});
  wait(100);
  EXPECT_FALSE(is_known(as("app", 2))) << "the overlap is half-open";
  EXPECT_TRUE(is_known(as("app", 3)));
  ok(RotateClientSecret{"app", Digest{3}}, kHost);
  EXPECT_FALSE(is_known(as("app", 3))) << "without an overlap it ends at once";
  EXPECT_EQ(record("app").previous_hash, Digest{});
  EXPECT_EQ(run(RotateClientSecret{"app", Digest{4}, kSecretOverlapSecondsMax + 1}, kHost),
            "invalid_argument");
}

TEST_F(ClientRules, AnotherWayToAuthenticateEndsWhoeverDidSoBefore) {
  ok(RotateClientSecret{"app", Digest{1}, 100}, kHost);
  auto settings = record("app").settings;
  settings.name = "only renamed";
  ok(UpdateClient{"app", settings}, kHost);
  EXPECT_TRUE(is_known(as("app", 2)));
  EXPECT_TRUE(is_known(as("app", 1)));
  settings.authentication = ClientAuthentication::private_key_jwt;
  settings.keys = {public_key("")};
  ok(UpdateClient{"app", settings}, kHost);
  EXPECT_FALSE(is_known(as("app", 2)));
  EXPECT_FALSE(is_known(as("app", 1))) << "the overlap ended with it";
  EXPECT_TRUE(is_known(as("app", 3)));
  EXPECT_EQ(run(RotateClientSecret{"app", Digest{9}}, kHost), "client_has_no_secret");
  settings.keys = {public_key("other")};
  ok(UpdateClient{"app", settings}, kHost);
  EXPECT_FALSE(is_known(as("app", 3))) << "another key";
  settings.authentication = ClientAuthentication::basic;
  settings.keys.clear();
  ok(UpdateClient{"app", settings}, kHost);
  EXPECT_EQ(record("app").secret_hash, Digest{}) << "the old secret does not come back";
}

TEST_F(ClientRules, WhatIsNewInTheRecordsSurvivesASnapshot) {
  ok(RegisterClient{"browser", false, browser(), {}}, kHost);
  auto settings = signer();
  settings.keys = {public_key("a"), public_key("b", SignatureAlgorithm::es256)};
  settings.id_token_alg = SignatureAlgorithm::rs256;
  settings.pkce_optional = true;
  ok(RegisterClient{"signer", false, settings, {}}, kHost);
  ok(RotateClientSecret{"app", Digest{1}, 100}, kHost);
  ok(AddKey{SignatureAlgorithm::es256, "next", "public", true, true}, kHost);
  ok(RevokeKey{"kid", {}}, kHost);
  State read;
  ASSERT_TRUE(decode_state(encode_state(state), read));
  EXPECT_EQ(read.registries, state.registries);
  EXPECT_TRUE(read.registries.find_key("next")->imported);
  EXPECT_EQ(read.registries.find_key("kid")->status, KeyStatus::revoked);
}

}  // namespace
}  // namespace tokenledger

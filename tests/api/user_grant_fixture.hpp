// A served ledger with a user, an API with offline access and two clients for codes; and the verbs
// to get a code and to present it. Codes are made by the ledger's own commands, as the user who
// signed in, so that these tests stand on the token endpoint alone.
#pragma once

#include "core/authorization_code.hpp"
#include "core/base64url.hpp"
#include "core/identity_scopes.hpp"
#include "core/sha256.hpp"
#include "core/user_id.hpp"
#include "storage/ledger_people.hpp"
#include "storage/random.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {

inline constexpr std::uint8_t kUserGrantTypes =
    static_cast<std::uint8_t>(GrantType::authorization_code) |
    static_cast<std::uint8_t>(GrantType::refresh_token);
inline constexpr std::string_view kRedirect = "https://app.example.com/back";

class UserGrantTest : public ApiTest {
 protected:
  struct Person {
    UserNumber number;
    std::string id;  // sub
  };
  struct App {
    std::string id;
    std::string secret;  // empty: a public client
    ClientNumber number;
  };

  static Person make_user(const std::string& login) {
    auto& people = api().ledger().people();
    const auto made = people.register_user({.login = login, .display_name = "Anna Example"}, {});
    EXPECT_TRUE(made.has_value());
    if (!made) return {};
    const auto id = user_id_text(made->id);
    const auto found = people.find_user(id);
    if (!found) return {};
    // Whoever has no password can't sign in, and so does nothing.
    EXPECT_TRUE(people.set_password(found->number, "correct horse battery", {}).has_value());
    return {found->number, id};
  }

  static App make_app(bool is_public, const std::function<void(ClientSettings&)>& adjust = {}) {
    const auto drawn = api().ledger().make_client_secret();
    RegisterClient add{
        .client_id = fresh("app"), .built_in = false, .settings = {}, .secret_hash = {}};
    add.settings.name = "An app";
    add.settings.grant_types = kUserGrantTypes;
    add.settings.redirect_uris = {std::string{kRedirect}};
    add.settings.is_public = is_public;
    if (is_public) add.settings.authentication = ClientAuthentication::none;
    if (!is_public) add.secret_hash = drawn.hash;
    if (adjust) adjust(add.settings);
    App app{add.client_id, is_public ? "" : drawn.secret, {}};
    const auto added = api().ledger().submit({kHost, {}, std::nullopt, std::move(add)});
    EXPECT_TRUE(added.has_value()) << added.error().message();
    api().ledger().with_registries(
        [&](const Registries& registries) { app.number = registries.find_client(app.id)->number; });
    return app;
  }

  static std::string make_offline_api(const std::string& more = "") {
    const auto audience = "urn:" + fresh("api");
    api().make_api(audience, R"(,"allow_offline_access":true)" + more);
    return audience;
  }

  // What a code is asked for, and what must come back with it.
  struct Ask {
    std::uint64_t scopes = 3;  // read and write
    std::uint64_t identity = kIdentityScopesAll;
    std::optional<std::string> verifier;
    bool names_redirect = true;
    bool has_challenge = true;
    std::string nonce = {};
  };

  // The text of a new code. A consent that is there already is used.
  static std::string make_code(const Person& person, const App& app, const std::string& audience,
                               const Ask& ask) {
    auto& ledger = api().ledger();
    const Actor actor{.kind = ActorKind::user,
                      .client = {},
                      .generation = SecretGeneration{1},
                      .user = person.number,
                      .token = {}};
    ApiNumber target;
    Sequence based_on;
    ledger.with_registries([&](const Registries& registries) {
      target = registries.find_api(audience)->number;
      based_on = registries.client(app.number)->updated_seq;
    });
    (void)ledger.submit(
        {actor,
         {},
         std::nullopt,
         GrantConsent{person.number, app.number, target, ask.scopes, ask.identity}});
    ConsentNumber consent;
    ledger.people().with_people([&](const People& people) {
      consent = people.consents_for(person.number, app.number, target).front();
    });
    const auto text = make_authorization_code(random_bytes<32>());
    const auto now = to_seconds(ledger.now());
    IssueCode issue{.code_sha256 = *hash_authorization_code(text),
                    .user = person.number,
                    .client = app.number,
                    .client_based_on = based_on,
                    .consent = consent,
                    .api = target,
                    .scope_mask = ask.scopes,
                    .identity_mask = ask.identity,
                    .redirect_sha256 = sha256(kRedirect),
                    .has_redirect = ask.names_redirect,
                    .challenge = {},
                    .auth_time = now,
                    .expires_at = UnixSeconds{now.value() + kAuthorizationCodeLifetimeSeconds},
                    .nonce = ask.nonce};
    if (ask.has_challenge) issue.challenge = sha256(ask.verifier.value_or(verifier()));
    const auto made = ledger.submit({actor, {}, std::nullopt, std::move(issue)});
    EXPECT_TRUE(made.has_value()) << made.error().message();
    return text;
  }

  static std::string verifier() { return std::string(43, 'v'); }
  static std::string credentials(const App& app) {
    return "client_id=" + app.id + (app.secret.empty() ? "" : "&client_secret=" + app.secret);
  }
  static Reply form(std::string_view path, const std::string& body) {
    return api().call("POST", path, {.body = body, .type = "application/x-www-form-urlencoded"});
  }
  static Reply redeem(const App& app, const std::string& code, const std::string& more = "") {
    return form("/oauth/token", "grant_type=authorization_code&" + credentials(app) +
                                    "&code=" + code + "&redirect_uri=" + std::string{kRedirect} +
                                    "&code_verifier=" + verifier() + more);
  }
  static Reply refresh(const App& app, const std::string& token, const std::string& more = "") {
    return form("/oauth/token",
                "grant_type=refresh_token&" + credentials(app) + "&refresh_token=" + token + more);
  }
  // The JSON in one part of a JWT.
  static std::string part(const std::string& token, std::size_t which) {
    std::size_t at = 0;
    for (; which > 0; --which) at = token.find('.', at) + 1;
    return base64url_decode(token.substr(at, token.find('.', at) - at)).value_or("?");
  }
  static Sequence committed() { return api().ledger().committed(); }

  static inline const Actor kHost{.kind = ActorKind::host};
};

}  // namespace tokenledger::test

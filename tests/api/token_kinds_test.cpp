// B04: a token of one kind is good where it belongs and nothing at every other endpoint that takes
// one. The whole matrix, kind by endpoint, through a real server; each cell has a text of its own.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

#include "api/http_form.hpp"
#include "core/client_assertion.hpp"
#include "core/jwt.hpp"
#include "core/signing_key.hpp"
#include "tests/api/user_grant_fixture.hpp"

namespace tokenledger::test {
namespace {

constexpr std::string_view kSigner = "kinds-signer";

class TokenKinds : public UserGrantTest {
 protected:
  static void SetUpTestSuite() {
    ApiTest::SetUpTestSuite();
    // Assertions from before the start are refused, so what follows is later.
    api().clock().advance_s(5);
    user_ = make_user(fresh("kim"));
    audience_ = make_offline_api(R"(,"signing_alg":"ES256")");
    for (const auto kind : {TokenKind::jwt, TokenKind::opaque, TokenKind::jwe}) {
      auto& app = apps_[static_cast<std::size_t>(kind)];
      app = make_app(false, [&](ClientSettings& settings) { settings.token_format = kind; });
      api().grant({app.id, ""}, audience_);
    }
    make_signer();
  }
  static void TearDownTestSuite() {
    key_.reset();
    ApiTest::TearDownTestSuite();
  }

  static void make_signer() {
    key_.emplace(*SigningKey::generate(SignatureAlgorithm::es256));
    const auto& jwk = key_->verify_key().jwk();
    const auto made =
        api().as_admin("POST", "/v1/clients",
                       R"({"client_id":")" + std::string{kSigner} +
                           R"(","name":"signer","token_endpoint_auth_method":"private_key_jwt",)"
                           R"("jwks":{"keys":[{"kty":"EC","crv":"P-256","x":")" +
                           jwk.x + R"(","y":")" + jwk.y + R"("}]}})");
    ASSERT_EQ(made.status, 201) << made.body;
  }

  static const App& app_of(TokenKind kind) { return apps_[static_cast<std::size_t>(kind)]; }
  static std::string code() { return make_code(user_, app_of(TokenKind::jwt), audience_, {}); }
  static std::string part_of_answer(TokenKind kind, const char* member) {
    const auto& app = app_of(kind);
    const auto reply = redeem(app, make_code(user_, app, audience_, {}));
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.text(member);
  }
  // As it is served, which is some moments after the start.
  static std::string status_list() {
    const auto decoded = decode_unverified(part_of_answer(TokenKind::jwt, "access_token"));
    EXPECT_TRUE(decoded && decoded->claims.status);
    const auto& uri = decoded->claims.status->uri;
    Reply reply;
    for (int look = 0; look < 1'000 && reply.status != 200; ++look) {
      reply = api().call("GET", uri.substr(uri.find("/statuslists/")), {});
      if (reply.status != 200) std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    EXPECT_EQ(reply.status, 200);
    return reply.body;
  }
  static std::string assertion() {
    const auto now = to_seconds(api().ledger().now()).value();
    const auto claims = R"({"iss":")" + std::string{kSigner} + R"(","sub":")" +
                        std::string{kSigner} + R"(","aud":")" + api().ledger().issuer() +
                        R"(","iat":)" + std::to_string(now) + R"(,"exp":)" +
                        std::to_string(now + 60) + R"(,"jti":")" + fresh("jti") + R"("})";
    auto text =
        base64url_encode(bytes_of(R"({"alg":"ES256"})")) + "." + base64url_encode(bytes_of(claims));
    const auto signature = key_->sign(bytes_of(text));
    EXPECT_TRUE(signature);
    return text + "." + base64url_encode(*signature);
  }

  // A client shows the text instead of a secret, and asks about nothing.
  static Reply show_as_assertion(std::string_view path, const std::string& text) {
    std::string body;
    append_form_field(body, "token", "nothing");
    append_form_field(body, "client_assertion_type", kClientAssertionType);
    append_form_field(body, "client_assertion", text);
    return form(path, body);
  }

  static inline Person user_;
  static inline std::string audience_;
  static inline std::array<App, 4> apps_;  // by TokenKind
  static inline std::optional<SigningKey> key_;

  struct Kind {
    const char* name;
    std::string (*make)();
    std::string_view belongs;  // to these endpoints, with spaces around each
  };
  struct Place {
    const char* name;
    bool (*accepts)(const std::string& text);
  };
  static const std::vector<Kind>& kinds();
  static const std::vector<Place>& places();
};

// The status is one of these two; true: the first.
bool is_first(const Reply& reply, int first, int second) {
  EXPECT_TRUE(reply.status == first || reply.status == second) << reply.head << reply.body;
  return reply.status == first;
}

const std::vector<TokenKinds::Kind>& TokenKinds::kinds() {
  static constexpr std::string_view kAccess = " authz check introspection userinfo revocation ";
  static const std::vector<Kind> kKinds = {
      {"access token, jwt", [] { return part_of_answer(TokenKind::jwt, "access_token"); }, kAccess},
      {"access token, opaque", [] { return part_of_answer(TokenKind::opaque, "access_token"); },
       kAccess},
      {"access token, jwe", [] { return part_of_answer(TokenKind::jwe, "access_token"); }, kAccess},
      {"id token", [] { return part_of_answer(TokenKind::jwt, "id_token"); }, " "},
      {"refresh token", [] { return part_of_answer(TokenKind::jwt, "refresh_token"); },
       " refresh revocation "},
      {"code", [] { return code(); }, " redemption "},
      {"status list", [] { return status_list(); }, " "},
      {"client assertion", [] { return assertion(); },
       " assertion-at-token assertion-at-introspection assertion-at-revocation "},
  };
  return kKinds;
}

const std::vector<TokenKinds::Place>& TokenKinds::places() {
  static const std::vector<Place> kPlaces = {
      {"authz", [](const std::string& text) { return api().authz(text, audience_) == 200; }},
      {"check",
       [](const std::string& text) {
         const auto reply = api().check(text);
         EXPECT_EQ(reply.status, 200) << reply.body;
         return reply.has(R"("good":true)");
       }},
      {"introspection",
       [](const std::string& text) {
         // By a bearer who sees everybody's tokens.
         const auto reply = api().call("POST", "/oauth/introspect",
                                       {.token = api().admin(),
                                        .body = "token=" + text,
                                        .type = "application/x-www-form-urlencoded"});
         EXPECT_EQ(reply.status, 200) << reply.body;
         const bool is_active = reply.has(R"("active":true)");
         if (!is_active) {
           EXPECT_EQ(reply.body, R"({"active":false})");
         }
         return is_active;
       }},
      {"userinfo",
       [](const std::string& text) {
         return is_first(api().get("/oauth/userinfo", text), 200, 401);
       }},
      {"management",
       [](const std::string& text) { return is_first(api().get("/v1/clients", text), 200, 401); }},
      {"redemption",
       [](const std::string& text) {
         return is_first(redeem(app_of(TokenKind::jwt), text), 200, 400);
       }},
      {"refresh",
       [](const std::string& text) {
         return is_first(refresh(app_of(TokenKind::jwt), text), 200, 400);
       }},
      {"revocation",
       [](const std::string& text) {
         const auto before = committed();
         // Each client may give back its own alone, and 200 says nothing (RFC 7009 §2.2).
         for (const auto kind : {TokenKind::jwt, TokenKind::opaque, TokenKind::jwe})
           (void)is_first(form("/oauth/revoke", credentials(app_of(kind)) + "&token=" + text), 200,
                          400);
         return committed() > before;
       }},
      // The signer has no grant: 400 says that the client was believed, 401 that it was not.
      {"assertion-at-token",
       [](const std::string& text) {
         std::string body = "grant_type=refresh_token&refresh_token=nothing";
         append_form_field(body, "client_assertion_type", kClientAssertionType);
         append_form_field(body, "client_assertion", text);
         return is_first(form("/oauth/token", body), 400, 401);
       }},
      {"assertion-at-introspection",
       [](const std::string& text) {
         return is_first(show_as_assertion("/oauth/introspect", text), 200, 401);
       }},
      {"assertion-at-revocation",
       [](const std::string& text) {
         return is_first(show_as_assertion("/oauth/revoke", text), 200, 401);
       }},
  };
  return kPlaces;
}

TEST_F(TokenKinds, B04EachKindIsGoodWhereItBelongsAndNowhereElse) {
  std::size_t cells = 0;
  std::size_t accepted = 0;
  for (const auto& kind : kinds()) {
    for (const auto& place : places()) {
      const auto text = kind.make();
      ASSERT_GT(text.size(), 20u) << kind.name;
      const bool belongs =
          kind.belongs.find(" " + std::string{place.name} + " ") != std::string_view::npos;
      const auto before = committed();
      EXPECT_EQ(place.accepts(text), belongs) << kind.name << " at " << place.name;
      if (!belongs) {
        EXPECT_EQ(committed(), before) << kind.name << " at " << place.name << " wrote something";
      }
      accepted += belongs ? 1 : 0;
      ++cells;
    }
  }
  std::printf("%zu cells: %zu accepted, %zu refused\n", cells, accepted, cells - accepted);
  EXPECT_EQ(cells, 88u);
  EXPECT_EQ(accepted, 3u * 5 + 2 + 1 + 3);
}

// What a hint says opens no other door (RFC 7662 §2.1, RFC 7009 §2.1).
TEST_F(TokenKinds, B04NoHintMakesOneKindAnother) {
  for (const auto& kind : kinds()) {
    if (kind.belongs.find(" introspection ") != std::string_view::npos) continue;
    const auto text = kind.make();
    for (const auto* hint : {"access_token", "refresh_token", "id_token", "code", "nonsense"}) {
      const auto reply =
          form("/oauth/introspect",
               credentials(app_of(TokenKind::jwt)) + "&token=" + text + "&token_type_hint=" + hint);
      EXPECT_EQ(reply.body, R"({"active":false})") << kind.name << " as " << hint;
    }
  }
}

// A text of one kind stays none of another with the other's prefix, type or last part.
TEST_F(TokenKinds, B04AKindIsNotAnotherInItsClothes) {
  const auto access = part_of_answer(TokenKind::jwt, "access_token");
  const auto id = part_of_answer(TokenKind::jwt, "id_token");
  const auto from = [](const std::string& text, std::size_t dots) {
    std::size_t at = 0;
    for (; dots > 0; --dots) at = text.find('.', at) + 1;
    return at;
  };
  const auto header_of_access = access.substr(0, from(access, 1));
  const auto signature_of_access = access.substr(from(access, 2));
  const std::vector<std::string> dressed = {
      header_of_access + id.substr(from(id, 1)),
      id.substr(0, from(id, 2)) + signature_of_access,
      header_of_access + id.substr(from(id, 1), from(id, 2) - from(id, 1)) + signature_of_access,
      "tlr_" + code().substr(4),
      "tlc_" + part_of_answer(TokenKind::jwt, "refresh_token").substr(4),
      part_of_answer(TokenKind::jwt, "refresh_token").substr(4),
      part_of_answer(TokenKind::opaque, "access_token") + ".a.b",
  };
  const auto before = committed();
  for (const auto& text : dressed) {
    EXPECT_EQ(api().authz(text, audience_), 401) << text.substr(0, 8);
    EXPECT_EQ(refresh(app_of(TokenKind::jwt), text).text("error"), "invalid_grant");
    EXPECT_EQ(redeem(app_of(TokenKind::jwt), text).text("error"), "invalid_grant");
  }
  EXPECT_EQ(committed(), before);
  EXPECT_EQ(api().authz(access, audience_), 200);
}

}  // namespace
}  // namespace tokenledger::test

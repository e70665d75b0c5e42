#include "core/id_token.hpp"

#include <gtest/gtest.h>

#include "core/base64url.hpp"
#include "core/jwt_signature.hpp"
#include "core/token_format.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kIssuer = "https://as.example";
const SealKey kSealKey{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

const SigningKey& key() {
  static const SigningKey made = *SigningKey::generate(SignatureAlgorithm::es256);
  return made;
}

IdTokenClaims usual_claims() {
  return {.issuer = std::string{kIssuer},
          .subject = "user-1",
          .client_id = "client-1",
          .expires_at = UnixSeconds{1'763'787'600},
          .issued_at = UnixSeconds{1'763'784'000},
          .signed_in_at = UnixSeconds{1'763'783'000},
          .nonce = "n-\"1\"",
          .access_token_hash = "77QmUPtjPfzWtF2AnpK9RQ",
          .session_id = "s1",
          .authentication_context = "1"};
}
std::string usual_token() { return *sign_id_token(key(), usual_claims()); }

std::string signed_token(const std::string& header, const std::string& payload,
                         const SigningKey& signer = key()) {
  std::string token =
      base64url_encode(bytes_of(header)) + "." + base64url_encode(bytes_of(payload));
  append_jwt_signature(*signer.sign(bytes_of(token)), token);
  return token;
}

// OpenID Connect Core appendix A.3 (at_hash) and A.4 (c_hash, made the same way); the EdDSA value
// was computed with Python's hashlib.
TEST(IdToken, AtHashIsTheLeftHalfOfTheAlgorithmsHash) {
  constexpr std::string_view kToken = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
  EXPECT_EQ(access_token_hash(SignatureAlgorithm::rs256, kToken), "77QmUPtjPfzWtF2AnpK9RQ");
  EXPECT_EQ(access_token_hash(SignatureAlgorithm::es256, kToken), "77QmUPtjPfzWtF2AnpK9RQ");
  EXPECT_EQ(access_token_hash(SignatureAlgorithm::rs256,
                              "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"),
            "LDktKdoQak3Pk0cnXxCltA");
  EXPECT_EQ(access_token_hash(SignatureAlgorithm::eddsa, kToken),
            "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM");
}

TEST(IdToken, SaysWhatWasWritten) {
  const auto jwt = decode_unverified(usual_token());
  ASSERT_TRUE(jwt);
  EXPECT_EQ(jwt->header_json, R"({"alg":"ES256","typ":"JWT","kid":")" + key().kid() + "\"}");
  EXPECT_EQ(jwt->payload_json,
            R"({"iss":"https://as.example","sub":"user-1","aud":"client-1","azp":"client-1",)"
            R"("exp":1763787600,"iat":1763784000,"auth_time":1763783000,"nonce":"n-\"1\"",)"
            R"("at_hash":"77QmUPtjPfzWtF2AnpK9RQ","sid":"s1","acr":"1"})");
  EXPECT_EQ(*verify_id_token(usual_token(), key().verify_key(), kIssuer), usual_claims());
}

TEST(IdToken, OptionalClaimsAreLeftOut) {
  IdTokenClaims claims = usual_claims();
  claims.signed_in_at = UnixSeconds{};
  claims.nonce.clear();
  claims.access_token_hash.clear();
  claims.session_id.clear();
  claims.authentication_context.clear();
  const std::string token = *sign_id_token(key(), claims);
  EXPECT_EQ(decode_unverified(token)->payload_json,
            R"({"iss":"https://as.example","sub":"user-1","aud":"client-1","azp":"client-1",)"
            R"("exp":1763787600,"iat":1763784000})");
  EXPECT_EQ(*verify_id_token(token, key().verify_key(), kIssuer), claims);
}

TEST(IdToken, EveryAsymmetricAlgorithmSigns) {
  for (const auto algorithm : {SignatureAlgorithm::rs256, SignatureAlgorithm::eddsa}) {
    const auto signer = *SigningKey::generate(algorithm);
    const auto token = sign_id_token(signer, usual_claims());
    ASSERT_TRUE(token);
    EXPECT_EQ(*verify_id_token(*token, signer.verify_key(), kIssuer), usual_claims());
  }
  const auto hmac = *SigningKey::generate(SignatureAlgorithm::hs256);
  EXPECT_EQ(sign_id_token(hmac, usual_claims()).error(), Errc::algorithm_not_allowed);
  const std::string header = R"({"alg":"HS256","typ":"JWT"})";
  const std::string payload = decode_unverified(usual_token())->payload_json;
  EXPECT_EQ(
      verify_id_token(signed_token(header, payload, hmac), hmac.verify_key(), kIssuer).error(),
      Errc::algorithm_not_allowed);
}

TEST(IdToken, WithoutItsRequiredClaimsItIsNotSigned) {
  const auto refused = [](auto change) {
    IdTokenClaims claims = usual_claims();
    change(claims);
    return sign_id_token(key(), claims).error() == Errc::invalid_argument;
  };
  EXPECT_TRUE(refused([](auto& claims) { claims.issuer.clear(); }));
  EXPECT_TRUE(refused([](auto& claims) { claims.subject.clear(); }));
  EXPECT_TRUE(refused([](auto& claims) { claims.client_id.clear(); }));
  EXPECT_TRUE(refused([](auto& claims) { claims.issued_at = UnixSeconds{}; }));
  EXPECT_TRUE(refused([](auto& claims) { claims.expires_at = claims.issued_at; }));
  IdTokenClaims claims = usual_claims();
  claims.nonce = std::string(kJwtLengthMax, 'n');
  EXPECT_EQ(sign_id_token(key(), claims).error(), Errc::too_large);
}

TEST(IdToken, B04IsNoAccessToken) {
  const std::string token = usual_token();
  EXPECT_EQ(verify_jwt(token, key().verify_key()).error(), Errc::malformed_token);
  EXPECT_EQ(locate_token(kSealKey, token), std::nullopt);
  EXPECT_EQ(jti_of_jwt(token), std::nullopt);
}

TEST(IdToken, B04AnAccessTokenIsNoIdToken) {
  JwtClaims claims;
  claims.jti = std::string{text_of(kSealKey.seal(TokenIndex{Lane::day, 1}, Incarnation{1}))};
  claims.issuer = kIssuer;
  claims.subject = "user-1";
  claims.audience = {"client-1"};
  claims.expires_at = UnixSeconds{1'763'787'600};
  claims.issued_at = UnixSeconds{1'763'784'000};
  const auto access_token = sign_jwt(key(), claims);
  ASSERT_TRUE(access_token);
  EXPECT_EQ(verify_id_token(*access_token, key().verify_key(), kIssuer).error(),
            Errc::malformed_token);
}

struct TokenCase {
  const char* name;
  const char* header;
  const char* payload;
  Errc want;
};
constexpr const char* kHeader = R"({"alg":"ES256","typ":"JWT"})";
constexpr const char* kPayload =
    R"({"iss":"https://as.example","sub":"u","aud":"c","azp":"c","exp":2,"iat":1})";
constexpr TokenCase kTokens[] = {
    {"NoType", R"({"alg":"ES256"})", kPayload, Errc::malformed_token},
    {"AccessTokenType", R"({"alg":"ES256","typ":"at+jwt"})", kPayload, Errc::malformed_token},
    {"AssertionType", R"({"alg":"ES256","typ":"client-authentication+jwt"})", kPayload,
     Errc::malformed_token},
    {"NoAlgorithm", R"({"alg":"none","typ":"JWT"})", kPayload, Errc::algorithm_not_allowed},
    {"OtherAlgorithm", R"({"alg":"HS256","typ":"JWT"})", kPayload, Errc::algorithm_not_allowed},
    {"OtherIssuer", kHeader, R"({"iss":"https://as.example/","sub":"u","aud":"c","azp":"c"})",
     Errc::invalid_argument},
    {"NoIssuer", kHeader, R"({"sub":"u","aud":"c","azp":"c"})", Errc::invalid_argument},
    {"NoSubject", kHeader, R"({"iss":"https://as.example","aud":"c","azp":"c"})",
     Errc::malformed_token},
    {"NoAudience", kHeader, R"({"iss":"https://as.example","sub":"u"})", Errc::malformed_token},
    {"TwoAudiences", kHeader, R"({"iss":"https://as.example","sub":"u","aud":["c","d"],"azp":"c"})",
     Errc::malformed_token},
    {"EmptyAudience", kHeader, R"({"iss":"https://as.example","sub":"u","aud":"","azp":""})",
     Errc::malformed_token},
    {"OtherParty", kHeader, R"({"iss":"https://as.example","sub":"u","aud":"c","azp":"d"})",
     Errc::malformed_token},
    {"HasJti", kHeader, R"({"iss":"https://as.example","sub":"u","aud":"c","azp":"c","jti":"j"})",
     Errc::malformed_token},
    {"HasScope", kHeader,
     R"({"iss":"https://as.example","sub":"u","aud":"c","azp":"c","scope":"read"})",
     Errc::malformed_token},
    {"HasClientId", kHeader,
     R"({"iss":"https://as.example","sub":"u","aud":"c","azp":"c","client_id":"c"})",
     Errc::malformed_token},
    {"NonceNumber", kHeader,
     R"({"iss":"https://as.example","sub":"u","aud":"c","azp":"c","nonce":1})",
     Errc::malformed_token},
    {"AuthTimeNegative", kHeader,
     R"({"iss":"https://as.example","sub":"u","aud":"c","azp":"c","auth_time":-1})",
     Errc::malformed_token},
    {"AuthTimeBeyond2106", kHeader,
     R"({"iss":"https://as.example","sub":"u","aud":"c","azp":"c","auth_time":4294967296})",
     Errc::malformed_token},
    {"AuthTimeText", kHeader,
     R"({"iss":"https://as.example","sub":"u","aud":"c","azp":"c","auth_time":"1"})",
     Errc::malformed_token},
};
class BadIdToken : public testing::TestWithParam<TokenCase> {};
TEST_P(BadIdToken, IsNoHint) {
  const auto token = signed_token(GetParam().header, GetParam().payload);
  EXPECT_EQ(verify_id_token(token, key().verify_key(), kIssuer).error(), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(OpenIdConnect, BadIdToken, testing::ValuesIn(kTokens),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(IdToken, AnotherKeysSignatureIsRefused) {
  EXPECT_TRUE(verify_id_token(signed_token(kHeader, kPayload), key().verify_key(), kIssuer));
  const auto other = *SigningKey::generate(SignatureAlgorithm::es256);
  EXPECT_EQ(verify_id_token(usual_token(), other.verify_key(), kIssuer).error(),
            Errc::signature_invalid);
  EXPECT_EQ(verify_id_token("", key().verify_key(), kIssuer).error(), Errc::malformed_token);
  EXPECT_EQ(
      verify_id_token(std::string(kJwtLengthMax + 1, 'a'), key().verify_key(), kIssuer).error(),
      Errc::too_large);
}

}  // namespace
}  // namespace tokenledger

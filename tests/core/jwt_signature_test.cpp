#include "core/jwt_signature.hpp"

#include <gtest/gtest.h>

#include "core/base64url.hpp"
#include "core/sha256.hpp"

namespace tokenledger {
namespace {

// The example of A18a: an access token of the documents this product follows, and its secret.
constexpr std::string_view kPublishedToken =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJpc3MiOiJodHRwczovL2V4YW1wbGUuYXV0aDAuY29tLyIsImF1ZCI6Imh0dHBzOi8vYXBpLmV4YW1wbGUuY29tL2NhbG"
    "FuZGFyL3YxLyIsInN1YiI6InVzcl8xMjMiLCJpYXQiOjE0NTg3ODU3OTYsImV4cCI6MTQ1ODg3MjE5Nn0."
    "CA7eaHjIHz5NxeIJoFK9krqaeZrPLwmMmgI_XiQiIkQ";
constexpr std::string_view kPublishedSecret = "keyboardcat";
constexpr JwtVerifyOptions kAnyType{.require_access_token_type = false,
                                    .signature_form = SignatureForm::any};

JwtClaims usual_claims() {
  JwtClaims claims;
  claims.jti = "0123456789abcdefghijkA";
  claims.issuer = "https://as.example";
  claims.subject = "client-1";
  claims.audience = {"https://api.example/"};
  claims.expires_at = UnixSeconds{1'763'870'400};
  claims.issued_at = UnixSeconds{1'763'784'000};
  claims.client_id = "client-1";
  claims.scope = "read";
  return claims;
}

std::string signed_by(const SigningKey& key, std::string_view header) {
  std::string token = base64url_encode(bytes_of(header)) + "." +
                      base64url_encode(bytes_of(write_jwt_claims(usual_claims())));
  append_jwt_signature(key.sign(bytes_of(token)).value(), token);
  return token;
}

const SigningKey& rsa_key() {
  static const SigningKey key = SigningKey::generate(SignatureAlgorithm::rs256).value();
  return key;
}
const SigningKey& eddsa_key() {
  static const SigningKey key = SigningKey::generate(SignatureAlgorithm::eddsa).value();
  return key;
}

TEST(PublishedToken, A18aVerifiesWithItsSecretAndSaysWhatItSays) {
  const auto key = VerifyKey::from_secret(bytes_of(kPublishedSecret));
  ASSERT_TRUE(key);
  const auto jwt = verify_jwt(kPublishedToken, *key, kAnyType);
  ASSERT_TRUE(jwt);
  EXPECT_EQ(jwt->claims.issuer, "https://example.auth0.com/");
  EXPECT_EQ(jwt->claims.audience, std::vector<std::string>{"https://api.example.com/calandar/v1/"});
  EXPECT_EQ(jwt->claims.subject, "usr_123");
  EXPECT_EQ(jwt->claims.issued_at, UnixSeconds{1'458'785'796});
  EXPECT_EQ(jwt->claims.expires_at, UnixSeconds{1'458'872'196});
}

TEST(PublishedToken, A18aA22IsRefusedWithAnotherSecretOrAsAnAccessToken) {
  const auto other = VerifyKey::from_secret(bytes_of("keyboardcaT"));
  EXPECT_EQ(verify_jwt(kPublishedToken, *other, kAnyType).error(),
            make_error_code(Errc::signature_invalid));
  const auto key = VerifyKey::from_secret(bytes_of(kPublishedSecret));
  EXPECT_EQ(verify_jwt(kPublishedToken, *key).error(), make_error_code(Errc::malformed_token))
      << "its typ is JWT";
}

TEST(PublishedToken, A18cHasNoScopeAndSoNoScopes) {
  const auto jwt = decode_unverified(kPublishedToken);
  ASSERT_TRUE(jwt);
  EXPECT_EQ(jwt->payload_json.find("scope"), std::string::npos);
  EXPECT_EQ(jwt->claims.scope, "");
}

TEST(PublishedToken, A18dLivesOneDay) {
  const auto claims = decode_unverified(kPublishedToken)->claims;
  EXPECT_EQ(claims.expires_at.value() - claims.issued_at.value(), 86'400u);
}

// RFC 7515 appendix A.1.
TEST(PublishedToken, Rfc7515HmacExampleVerifies) {
  const auto secret = base64url_decode(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
  const auto key = VerifyKey::from_secret(bytes_of(*secret));
  const auto jwt = verify_jwt(
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh"
      "0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
      *key, kAnyType);
  ASSERT_TRUE(jwt);
  EXPECT_EQ(jwt->claims.issuer, "joe");
  EXPECT_EQ(jwt->claims.expires_at, UnixSeconds{1'300'819'380});
}

// RFC 7515 appendix A.2.
TEST(PublishedToken, Rfc7515RsaExampleVerifies) {
  const auto modulus = base64url_decode(
      "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4"
      "d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5re"
      "xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxX"
      "FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ");
  ASSERT_TRUE(modulus);
  // RFC 8017 appendix A.1.1 inside RFC 5280 §4.1: n of 2048 bits, e = 65537.
  constexpr std::uint8_t kPrefix[] = {0x30, 0x82, 0x01, 0x22, 0x30, 0x0D, 0x06, 0x09, 0x2A,
                                      0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05,
                                      0x00, 0x03, 0x82, 0x01, 0x0F, 0x00, 0x30, 0x82, 0x01,
                                      0x0A, 0x02, 0x82, 0x01, 0x01, 0x00};
  constexpr std::uint8_t kExponent[] = {0x02, 0x03, 0x01, 0x00, 0x01};
  const std::string spki =
      std::string{text_of(kPrefix)} + *modulus + std::string{text_of(kExponent)};
  const auto key = VerifyKey::from_public(SignatureAlgorithm::rs256, bytes_of(spki));
  ASSERT_TRUE(key);
  EXPECT_TRUE(verify_jwt(
      "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmN"
      "vbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuH"
      "Im4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK"
      "5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7no"
      "OPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
      *key, kAnyType));
}

TEST(SignJwt, Z01A19TokensOfEveryAlgorithmVerifyWithTheirKey) {
  for (const auto algorithm : {SignatureAlgorithm::rs256, SignatureAlgorithm::es256,
                               SignatureAlgorithm::eddsa, SignatureAlgorithm::hs256}) {
    const auto key = SigningKey::generate(algorithm).value();
    const auto token = sign_jwt(key, usual_claims());
    ASSERT_TRUE(token);
    const auto jwt =
        verify_jwt(*token, key.verify_key(),
                   {.require_access_token_type = true, .signature_form = SignatureForm::canonical});
    ASSERT_TRUE(jwt) << algorithm_name(algorithm);
    EXPECT_EQ(jwt->claims, usual_claims());
    EXPECT_EQ(jwt->algorithm, algorithm_name(algorithm));
    EXPECT_EQ(jwt->key_id, key.kid());
    EXPECT_TRUE(jti_of_jwt(*token));
  }
}

TEST(VerifyJwt, A18bHmacTokenAtAnRsaKeyIsRefused) {
  const auto hmac_key = SigningKey::generate(SignatureAlgorithm::hs256).value();
  const std::string token = sign_jwt(hmac_key, usual_claims()).value();
  EXPECT_EQ(verify_jwt(token, rsa_key().verify_key()).error(),
            make_error_code(Errc::algorithm_not_allowed));
}

TEST(VerifyJwt, A18bRsaPublicKeyAsHmacSecretIsRefused) {
  std::string token = base64url_encode(bytes_of(R"({"alg":"HS256","typ":"at+jwt"})")) + "." +
                      base64url_encode(bytes_of(write_jwt_claims(usual_claims())));
  append_jwt_signature(hmac_sha256(rsa_key().public_bytes(), bytes_of(token)), token);
  EXPECT_EQ(verify_jwt(token, rsa_key().verify_key()).error(),
            make_error_code(Errc::algorithm_not_allowed));
}

struct HeaderCase {
  const char* name;
  std::string_view header;
  Errc want;
};
// Each is correctly signed by the EdDSA key; only the header's words differ.
constexpr HeaderCase kHeaders[] = {
    {"None", R"({"alg":"none","typ":"at+jwt"})", Errc::algorithm_not_allowed},
    {"NoneInCapitals", R"({"alg":"NONE","typ":"at+jwt"})", Errc::algorithm_not_allowed},
    {"OtherAlgorithm", R"({"alg":"RS256","typ":"at+jwt"})", Errc::algorithm_not_allowed},
    {"OtherCase", R"({"alg":"eddsa","typ":"at+jwt"})", Errc::algorithm_not_allowed},
    {"NoAlgorithm", R"({"typ":"at+jwt"})", Errc::malformed_token},
    {"NoType", R"({"alg":"EdDSA"})", Errc::malformed_token},
    {"IdTokenType", R"({"alg":"EdDSA","typ":"JWT"})", Errc::malformed_token},
    {"TypeWithSuffix", R"({"alg":"EdDSA","typ":"at+jwt2"})", Errc::malformed_token},
    {"EmbeddedKey", R"({"alg":"EdDSA","typ":"at+jwt","jwk":{}})", Errc::malformed_token},
    {"Critical", R"({"alg":"EdDSA","typ":"at+jwt","crit":["x"],"x":1})", Errc::malformed_token},
};
class SignedHeader : public testing::TestWithParam<HeaderCase> {};
TEST_P(SignedHeader, A18bNeverChoosesHowItIsVerified) {
  EXPECT_EQ(verify_jwt(signed_by(eddsa_key(), GetParam().header), eddsa_key().verify_key()).error(),
            make_error_code(GetParam().want));
}
INSTANTIATE_TEST_SUITE_P(Rfc8725, SignedHeader, testing::ValuesIn(kHeaders),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(VerifyJwt, A18bUnsignedTokenIsRefused) {
  const std::string token = base64url_encode(bytes_of(R"({"alg":"none","typ":"at+jwt"})")) + "." +
                            base64url_encode(bytes_of(write_jwt_claims(usual_claims()))) + ".";
  EXPECT_FALSE(verify_jwt(token, rsa_key().verify_key()));
  EXPECT_FALSE(verify_jwt(token, eddsa_key().verify_key()));
}

TEST(VerifyJwt, TypeIsComparedInAnyCase) {
  for (const auto* type : {"at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"}) {
    const std::string header = R"({"alg":"EdDSA","typ":")" + std::string{type} + R"("})";
    EXPECT_TRUE(verify_jwt(signed_by(eddsa_key(), header), eddsa_key().verify_key())) << type;
  }
}

TEST(VerifyJwt, AnyChangedCharacterIsRefused) {
  const std::string good = sign_jwt(eddsa_key(), usual_claims()).value();
  ASSERT_TRUE(verify_jwt(good, eddsa_key().verify_key()));
  for (std::size_t position = 0; position < good.size(); ++position) {
    std::string bad = good;
    bad[position] = bad[position] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(verify_jwt(bad, eddsa_key().verify_key())) << position;
  }
}

TEST(VerifyJwt, AnotherKeysTokenIsRefused) {
  const auto other = SigningKey::generate(SignatureAlgorithm::eddsa).value();
  const std::string token = sign_jwt(other, usual_claims()).value();
  EXPECT_EQ(verify_jwt(token, eddsa_key().verify_key()).error(),
            make_error_code(Errc::signature_invalid));
}

}  // namespace
}  // namespace tokenledger

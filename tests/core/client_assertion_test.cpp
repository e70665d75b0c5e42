#include "core/client_assertion.hpp"

#include <gtest/gtest.h>

#include "core/base64url.hpp"
#include "core/jwt.hpp"
#include "core/signing_key.hpp"
#include "core/spki.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kClient = "c1";
constexpr std::string_view kIssuer = "https://as.example";
constexpr std::string_view kEndpoint = "https://as.example/oauth/token";
constexpr UnixSeconds kNow{1'763'784'000};

// One key per algorithm for the whole program: RSA takes long to make.
const SigningKey& key_of(SignatureAlgorithm algorithm) {
  static const SigningKey rs256 = *SigningKey::generate(SignatureAlgorithm::rs256);
  static const SigningKey es256 = *SigningKey::generate(SignatureAlgorithm::es256);
  static const SigningKey eddsa = *SigningKey::generate(SignatureAlgorithm::eddsa);
  if (algorithm == SignatureAlgorithm::rs256) return rs256;
  return algorithm == SignatureAlgorithm::es256 ? es256 : eddsa;
}

// The members of a public key, without braces; `extra` begins with a comma.
std::string jwk_of(const SigningKey& key, const std::string& extra = "") {
  const Jwk& jwk = key.verify_key().jwk();
  std::string out = R"({"kty":")" + jwk.key_type + '"';
  const auto add = [&out](const char* name, const std::string& value) {
    if (!value.empty()) out += std::string{",\""} + name + "\":\"" + value + '"';
  };
  add("crv", jwk.curve);
  add("n", jwk.modulus);
  add("e", jwk.exponent);
  add("x", jwk.x);
  add("y", jwk.y);
  return out + extra + '}';
}
std::string jwks_of(const std::string& keys) { return R"({"keys":[)" + keys + "]}"; }
const std::string& ec_jwk() {
  static const std::string jwk = jwk_of(key_of(SignatureAlgorithm::es256));
  return jwk;
}
std::string with_member(std::string jwk, const std::string& extra) {
  jwk.insert(jwk.size() - 1, "," + extra);
  return jwk;
}

TEST(ClientJwks, KeysOfEveryKindAreRead) {
  const auto keys = read_client_jwks(jwks_of(
      jwk_of(key_of(SignatureAlgorithm::rs256), R"(,"kid":"r","alg":"RS256","use":"sig")") + "," +
      jwk_of(key_of(SignatureAlgorithm::es256), R"(,"kid":"e","key_ops":["verify"])") + "," +
      jwk_of(key_of(SignatureAlgorithm::eddsa), R"(,"kid":"d","alg":"Ed25519")")));
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 3u);
  for (const auto& [name, algorithm] :
       {std::pair{"r", SignatureAlgorithm::rs256}, std::pair{"e", SignatureAlgorithm::es256},
        std::pair{"d", SignatureAlgorithm::eddsa}}) {
    const ClientKey* key = find_client_key(*keys, name);
    ASSERT_NE(key, nullptr) << name;
    EXPECT_EQ(key->key.kid(), key_of(algorithm).kid()) << name;
    EXPECT_EQ(key->key.public_bytes(), key_of(algorithm).public_bytes()) << name;
  }
  EXPECT_EQ(find_client_key(*keys, "x"), nullptr);
  EXPECT_EQ(find_client_key(*keys, ""), nullptr) << "several keys: none is the default";
}

TEST(ClientJwks, ASingleKeyNeedsNoName) {
  const auto keys = read_client_jwks(jwks_of(ec_jwk()));
  ASSERT_TRUE(keys);
  EXPECT_EQ(find_client_key(*keys, ""), &keys->front());
  EXPECT_EQ(find_client_key(*keys, "x"), nullptr);
}

// RFC 7638 §3.1, RFC 8037 A.3 and RFC 9449 figure 2.
TEST(ClientJwks, PublishedKeysHaveTheirThumbprints) {
  const auto kid = [](const std::string& jwk) {
    const auto keys = read_client_jwks(jwks_of(jwk));
    return keys ? keys->front().key.kid() : "refused";
  };
  EXPECT_EQ(
      kid(R"({"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu)"
          R"(1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_)"
          R"(RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1)"
          R"(n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-)"
          R"(csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"})"),
      "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  EXPECT_EQ(
      kid(R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})"),
      "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  EXPECT_EQ(kid(R"({"kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",)"
                R"("y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"})"),
            "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
}

TEST(ClientJwks, PrivateAndSymmetricKeysAreRefused) {
  for (const char* name : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
    for (const char* value : {R"("AQAB")", "null", "[]"})
      EXPECT_EQ(
          read_client_jwks(jwks_of(with_member(ec_jwk(), std::string{"\""} + name + "\":" + value)))
              .error(),
          Errc::invalid_argument)
          << name << value;
  EXPECT_FALSE(read_client_jwks(jwks_of(R"({"kty":"oct","k":"c2VjcmV0"})")));
}

struct MemberCase {
  const char* name;
  const char* member;
  bool accepted;
};
constexpr MemberCase kMembers[] = {
    {"Unknown", R"("x5t":"abc")", true},
    {"UseSig", R"("use":"sig")", true},
    {"UseEnc", R"("use":"enc")", false},
    {"UseNumber", R"("use":1)", false},
    {"UseEmpty", R"("use":"")", false},
    {"OperationsVerify", R"("key_ops":["sign","verify"])", true},
    {"OperationsEncrypt", R"("key_ops":["encrypt"])", false},
    {"OperationsNone", R"("key_ops":[])", false},
    {"OperationsText", R"("key_ops":"verify")", false},
    {"OperationsMany", R"("key_ops":["verify",1,2,3,4,5,6,7,8])", false},
    {"AlgorithmRight", R"("alg":"ES256")", true},
    {"AlgorithmOther", R"("alg":"RS256")", false},
    {"AlgorithmHmac", R"("alg":"HS256")", false},
    {"AlgorithmNone", R"("alg":"none")", false},
    {"AlgorithmNumber", R"("alg":256)", false},
    {"KidNumber", R"("kid":1)", false},
    {"KidEmpty", R"("kid":"")", false},
    {"KidControl", R"("kid":"a\u0000b")", false},
};
class ClientJwkMember : public testing::TestWithParam<MemberCase> {};
TEST_P(ClientJwkMember, IsJudged) {
  EXPECT_EQ(read_client_jwks(jwks_of(with_member(ec_jwk(), GetParam().member))).has_value(),
            GetParam().accepted);
}
INSTANTIATE_TEST_SUITE_P(Rfc7517, ClientJwkMember, testing::ValuesIn(kMembers),
                         [](const auto& info) { return std::string{info.param.name}; });

struct JwksCase {
  const char* name;
  const char* text;
};
constexpr JwksCase kBadJwks[] = {
    {"Empty", ""},
    {"Array", "[]"},
    {"NoKeys", "{}"},
    {"KeysObject", R"({"keys":{}})"},
    {"KeysEmpty", R"({"keys":[]})"},
    {"KeyText", R"({"keys":["x"]})"},
    {"KeyWithoutType", R"({"keys":[{}]})"},
    {"KeyTypeUnknown", R"({"keys":[{"kty":"AKP"}]})"},
    {"KeyTypeLowerCase",
     R"({"keys":[{"kty":"okp","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})"},
    {"Duplicate",
     R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kty":"OKP"}]})"},
    {"OkpOtherCurve",
     R"({"keys":[{"kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})"},
    {"OkpShort", R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg"}]})"},
    {"OkpPadded",
     R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo="}]})"},
    {"OkpNeutralPoint",
     R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]})"},
    {"EcWithoutCurve",
     R"({"keys":[{"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}]})"},
    {"EcOtherCurve",
     R"({"keys":[{"kty":"EC","crv":"secp256k1","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}]})"},
    {"EcOffTheCurve",
     R"({"keys":[{"kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDE"}]})"},
    {"EcWithoutY",
     R"({"keys":[{"kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs"}]})"},
    {"EcZero",
     R"({"keys":[{"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]})"},
    {"RsaWithoutModulus", R"({"keys":[{"kty":"RSA","e":"AQAB"}]})"},
    {"RsaShort", R"({"keys":[{"kty":"RSA","n":"_____w","e":"AQAB"}]})"},
};
class BadClientJwks : public testing::TestWithParam<JwksCase> {};
TEST_P(BadClientJwks, IsRefused) {
  EXPECT_EQ(read_client_jwks(GetParam().text).error(), Errc::invalid_argument);
}
INSTANTIATE_TEST_SUITE_P(Rfc7518, BadClientJwks, testing::ValuesIn(kBadJwks),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(ClientJwks, RsaNumbersAreInTheirRanges) {
  const auto accepted = [](const std::string& modulus, const std::string& exponent) {
    return read_client_jwks(jwks_of(R"({"kty":"RSA","n":")" + base64url_encode(bytes_of(modulus)) +
                                    R"(","e":")" + base64url_encode(bytes_of(exponent)) + "\"}"))
        .has_value();
  };
  const auto odd = [](std::size_t bytes) { return std::string(bytes, '\xFF'); };
  const std::string usual{"\x01\x00\x01", 3};
  EXPECT_TRUE(accepted(odd(256), usual));
  EXPECT_TRUE(accepted(odd(512), usual));
  EXPECT_TRUE(accepted("\x7F" + odd(256), usual));
  EXPECT_FALSE(accepted(odd(255), usual)) << "2040 bits";
  EXPECT_FALSE(accepted("\x01" + odd(512), usual)) << "4097 bits";
  EXPECT_FALSE(accepted(std::string(1, '\0') + odd(256), usual)) << "leading zero";
  EXPECT_FALSE(accepted(odd(255) + '\xFE', usual)) << "even";
  EXPECT_TRUE(accepted(odd(256), odd(4)));
  EXPECT_FALSE(accepted(odd(256), "\x01" + odd(4)));
  EXPECT_FALSE(accepted(odd(256), "\x03"));
  EXPECT_FALSE(accepted(odd(256), "\xFF\xFF"));
  EXPECT_FALSE(accepted(odd(256), {"\x01\x00\x02", 3})) << "even";
  EXPECT_FALSE(accepted(odd(256), {"\x00\x01\x00\x01", 4})) << "leading zero";
}

// Put together, these are the bytes of a good point.
TEST(ClientJwks, CoordinatesHaveTheirLength) {
  const Jwk& jwk = key_of(SignatureAlgorithm::es256).verify_key().jwk();
  const std::string point = *base64url_decode(jwk.x) + *base64url_decode(jwk.y);
  const auto accepted = [&point](std::size_t length) {
    return read_client_jwks(jwks_of(R"({"kty":"EC","crv":"P-256","x":")" +
                                    base64url_encode(bytes_of(point.substr(0, length))) +
                                    R"(","y":")" +
                                    base64url_encode(bytes_of(point.substr(length))) + "\"}"))
        .has_value();
  };
  EXPECT_TRUE(accepted(32));
  EXPECT_FALSE(accepted(31));
  EXPECT_FALSE(accepted(33));
}

TEST(ClientJwks, HasBoundsAndDistinctNames) {
  const auto named = [](int number) {
    return with_member(ec_jwk(), R"("kid":"k)" + std::to_string(number) + '"');
  };
  std::string keys = named(0);
  for (int number = 1; number < static_cast<int>(kClientKeysMax); ++number)
    keys += "," + named(number);
  EXPECT_TRUE(read_client_jwks(jwks_of(keys)));
  EXPECT_EQ(read_client_jwks(jwks_of(keys + "," + named(99))).error(), Errc::too_large);
  EXPECT_EQ(read_client_jwks(jwks_of(named(1) + "," + named(1))).error(), Errc::invalid_argument);
  EXPECT_EQ(read_client_jwks(jwks_of(named(1) + "," + ec_jwk())).error(), Errc::invalid_argument);
  EXPECT_EQ(read_client_jwks(std::string(kClientJwksBytesMax + 1, ' ')).error(), Errc::too_large);
  EXPECT_FALSE(read_client_jwks(jwks_of(
      with_member(ec_jwk(), R"("kid":")" + std::string(kClientKeyIdBytesMax + 1, 'k') + '"'))));
}

// --- assertions ---

std::string sign(const SigningKey& key, const std::string& header, const std::string& payload) {
  std::string token =
      base64url_encode(bytes_of(header)) + "." + base64url_encode(bytes_of(payload));
  const auto signature = key.sign(bytes_of(token));
  append_jwt_signature(*signature, token);
  return token;
}
std::string header_of(std::string_view algorithm, const std::string& extra = "") {
  return R"({"alg":")" + std::string{algorithm} + "\"" + extra + "}";
}
const std::string kPayload =
    R"({"iss":"c1","sub":"c1","aud":"https://as.example","exp":1763784060,"iat":1763784000,"jti":"j1"})";

std::vector<ClientKey> keys_of(SignatureAlgorithm algorithm, const std::string& extra = "") {
  return *read_client_jwks(jwks_of(jwk_of(key_of(algorithm), extra)));
}
AssertionExpectation expected() {
  return {.client_id = kClient, .issuer = kIssuer, .legacy_token_endpoint = {}, .now = kNow};
}
// The outcome of an ES256 assertion with this payload: "ok" or the Errc's name.
std::string outcome(const std::string& payload, const AssertionExpectation& wanted = expected()) {
  const auto& key = key_of(SignatureAlgorithm::es256);
  const auto result = verify_client_assertion(sign(key, header_of("ES256"), payload),
                                              keys_of(SignatureAlgorithm::es256), wanted);
  return result ? "ok" : errc_name(to_errc(result.error()));
}

TEST(ClientAssertion, EveryAlgorithmProvesTheClient) {
  for (const auto algorithm :
       {SignatureAlgorithm::rs256, SignatureAlgorithm::es256, SignatureAlgorithm::eddsa}) {
    const auto verified = verify_client_assertion(
        sign(key_of(algorithm), header_of(algorithm_name(algorithm)), kPayload), keys_of(algorithm),
        expected());
    ASSERT_TRUE(verified) << algorithm_name(algorithm);
    EXPECT_EQ(verified->id, "j1");
    EXPECT_EQ(verified->expires_at, UnixSeconds{1'763'784'060});
  }
  EXPECT_TRUE(verify_client_assertion(
      sign(key_of(SignatureAlgorithm::eddsa), header_of("Ed25519"), kPayload),
      keys_of(SignatureAlgorithm::eddsa), expected()));
}

struct ClaimCase {
  const char* name;
  const char* payload;
  const char* want;
};
constexpr ClaimCase kClaims[] = {
    {"Row03OtherIssuer",
     R"({"iss":"c2","sub":"c1","aud":"https://as.example","exp":1763784060,"jti":"j"})",
     "invalid_argument"},
    {"Row03OtherSubject",
     R"({"iss":"c1","sub":"c2","aud":"https://as.example","exp":1763784060,"jti":"j"})",
     "invalid_argument"},
    {"Row03NoSubject", R"({"iss":"c1","aud":"https://as.example","exp":1763784060,"jti":"j"})",
     "invalid_argument"},
    {"Row04ArrayOfOne",
     R"({"iss":"c1","sub":"c1","aud":["https://as.example"],"exp":1763784060,"jti":"j"})", "ok"},
    {"Row04SecondValue",
     R"({"iss":"c1","sub":"c1","aud":["https://as.example","https://b"],"exp":1763784060,"jti":"j"})",
     "invalid_argument"},
    {"Row04TokenEndpoint",
     R"({"iss":"c1","sub":"c1","aud":"https://as.example/oauth/token","exp":1763784060,"jti":"j"})",
     "invalid_argument"},
    {"Row04OtherServer",
     R"({"iss":"c1","sub":"c1","aud":"https://as.example/","exp":1763784060,"jti":"j"})",
     "invalid_argument"},
    {"Row04NoAudience", R"({"iss":"c1","sub":"c1","exp":1763784060,"jti":"j"})",
     "invalid_argument"},
    {"Row06Expired",
     R"({"iss":"c1","sub":"c1","aud":"https://as.example","exp":1763784000,"jti":"j"})",
     "expiry_in_the_past"},
    {"Row06NoExpiry", R"({"iss":"c1","sub":"c1","aud":"https://as.example","jti":"j"})",
     "expiry_in_the_past"},
    {"Row06LastSecond",
     R"({"iss":"c1","sub":"c1","aud":"https://as.example","exp":1763784001,"jti":"j"})", "ok"},
    {"Row06Furthest",
     R"({"iss":"c1","sub":"c1","aud":"https://as.example","exp":1763784600,"jti":"j"})", "ok"},
    {"Row06TooFar",
     R"({"iss":"c1","sub":"c1","aud":"https://as.example","exp":1763784601,"jti":"j"})",
     "lifetime_too_long"},
    {"Row06Centuries",
     R"({"iss":"c1","sub":"c1","aud":"https://as.example","exp":99999999999,"jti":"j"})",
     "malformed_token"},
    {"Row07NoId", R"({"iss":"c1","sub":"c1","aud":"https://as.example","exp":1763784060})",
     "invalid_argument"},
    {"IssuedAMinuteAhead",
     R"({"iss":"c1","sub":"c1","aud":"https://as.example","exp":1763784100,"iat":1763784060,"jti":"j"})",
     "ok"},
    {"IssuedFurtherAhead",
     R"({"iss":"c1","sub":"c1","aud":"https://as.example","exp":1763784100,"iat":1763784061,"jti":"j"})",
     "invalid_argument"},
    {"NotBeforeAMinuteAhead",
     R"({"iss":"c1","sub":"c1","aud":"https://as.example","exp":1763784100,"nbf":1763784060,"jti":"j"})",
     "ok"},
    {"NotBeforeFurtherAhead",
     R"({"iss":"c1","sub":"c1","aud":"https://as.example","exp":1763784100,"nbf":1763784061,"jti":"j"})",
     "invalid_argument"},
    {"NotBeforeText",
     R"({"iss":"c1","sub":"c1","aud":"https://as.example","exp":1763784100,"nbf":"0","jti":"j"})",
     "invalid_argument"},
    {"NotBeforeNegative",
     R"({"iss":"c1","sub":"c1","aud":"https://as.example","exp":1763784100,"nbf":-1,"jti":"j"})",
     "invalid_argument"},
};
class AssertionClaims : public testing::TestWithParam<ClaimCase> {};
TEST_P(AssertionClaims, AreJudged) { EXPECT_EQ(outcome(GetParam().payload), GetParam().want); }
INSTANTIATE_TEST_SUITE_P(PrivateKeyJwt, AssertionClaims, testing::ValuesIn(kClaims),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(ClientAssertion, Row04TokenEndpointIsAnAudienceOnlyWhereItWasAllowed) {
  const std::string payload =
      R"({"iss":"c1","sub":"c1","aud":"https://as.example/oauth/token","exp":1763784060,"jti":"j"})";
  auto legacy = expected();
  legacy.legacy_token_endpoint = kEndpoint;
  EXPECT_EQ(outcome(payload, legacy), "ok");
  EXPECT_EQ(outcome(kPayload, legacy), "ok");
  EXPECT_EQ(outcome(R"({"iss":"c1","sub":"c1","aud":"","exp":1763784060,"jti":"j"})"),
            "invalid_argument");
}

TEST(ClientAssertion, NobodyIsExpectedWithoutAName) {
  auto nobody = expected();
  nobody.client_id = "";
  EXPECT_EQ(outcome(R"({"aud":"https://as.example","exp":1763784060,"jti":"j"})", nobody),
            "invalid_argument");
  auto nowhere = expected();
  nowhere.issuer = "";
  EXPECT_EQ(outcome(R"({"iss":"c1","sub":"c1","aud":"","exp":1763784060,"jti":"j"})", nowhere),
            "invalid_argument");
}

TEST(ClientAssertion, Row07IdHasABound) {
  const auto with_id = [](std::size_t bytes) {
    return R"({"iss":"c1","sub":"c1","aud":"https://as.example","exp":1763784060,"jti":")" +
           std::string(bytes, 'j') + "\"}";
  };
  EXPECT_EQ(outcome(with_id(kAssertionIdBytesMax)), "ok");
  EXPECT_EQ(outcome(with_id(kAssertionIdBytesMax + 1)), "invalid_argument");
}

TEST(ClientAssertion, Row05OnlyATypeOfAnotherUseIsRefused) {
  const auto with_type = [](const std::string& type) {
    return verify_client_assertion(sign(key_of(SignatureAlgorithm::es256),
                                        header_of("ES256", R"(,"typ":")" + type + '"'), kPayload),
                                   keys_of(SignatureAlgorithm::es256), expected())
        .has_value();
  };
  for (const char* type : {"JWT", "jwt", "client-authentication+jwt", "application/jwt",
                           "Application/Client-Authentication+JWT"})
    EXPECT_TRUE(with_type(type)) << type;
  for (const char* type : {"at+jwt", "dpop+jwt", "secevent+jwt", "statuslist+jwt", "logout+jwt",
                           "application/at+jwt", "jwt2", "JW", "x/jwt"})
    EXPECT_FALSE(with_type(type)) << type;
}

TEST(ClientAssertion, Row02AlgorithmIsTheKeys) {
  const auto error = [](const std::string& assertion, const std::vector<ClientKey>& keys) {
    return verify_client_assertion(assertion, keys, expected()).error();
  };
  const auto& es256 = key_of(SignatureAlgorithm::es256);
  const auto keys = keys_of(SignatureAlgorithm::es256);
  for (const char* algorithm : {"none", "HS256", "RS256", "ES384", "es256", "Ed25519"})
    EXPECT_EQ(error(sign(es256, header_of(algorithm), kPayload), keys), Errc::algorithm_not_allowed)
        << algorithm;
  // HMAC with the public key as the secret.
  const auto& rs256 = key_of(SignatureAlgorithm::rs256);
  std::string forged =
      base64url_encode(bytes_of(header_of("HS256"))) + "." + base64url_encode(bytes_of(kPayload));
  append_jwt_signature(hmac_sha256(rs256.public_bytes(), bytes_of(forged)), forged);
  EXPECT_EQ(error(forged, keys_of(SignatureAlgorithm::rs256)), Errc::algorithm_not_allowed);
}

TEST(ClientAssertion, Row02KeyAndSignatureAreTheClients) {
  const auto error = [](const std::string& assertion, const std::vector<ClientKey>& keys) {
    return verify_client_assertion(assertion, keys, expected()).error();
  };
  const auto& es256 = key_of(SignatureAlgorithm::es256);
  const auto keys = keys_of(SignatureAlgorithm::es256, R"(,"kid":"a")");
  const std::string good = sign(es256, header_of("ES256", R"(,"kid":"a")"), kPayload);
  EXPECT_TRUE(verify_client_assertion(good, keys, expected()));
  EXPECT_EQ(error(sign(es256, header_of("ES256", R"(,"kid":"b")"), kPayload), keys),
            Errc::key_not_found);
  EXPECT_EQ(error(good, {}), Errc::key_not_found);
  const auto other = *SigningKey::generate(SignatureAlgorithm::es256);
  EXPECT_EQ(error(sign(other, header_of("ES256", R"(,"kid":"a")"), kPayload), keys),
            Errc::signature_invalid);
  std::string moved = good;
  moved.replace(moved.find('.') + 1, kPayload.size() * 4 / 3,
                base64url_encode(bytes_of(kPayload)).substr(0, kPayload.size() * 4 / 3));
  EXPECT_TRUE(verify_client_assertion(moved, keys, expected())) << "the same text";
  moved[moved.find('.') + 40] ^= 1;
  EXPECT_FALSE(verify_client_assertion(moved, keys, expected()));
  EXPECT_EQ(error("", keys), Errc::malformed_token);
  EXPECT_EQ(error(good + ".", keys), Errc::malformed_token);
  EXPECT_EQ(error(sign(es256, header_of("ES256", R"(,"jwk":{})"), kPayload), keys),
            Errc::malformed_token);
  EXPECT_EQ(error(sign(es256, header_of("ES256", R"(,"crit":["b64"])"), kPayload), keys),
            Errc::malformed_token);
  EXPECT_EQ(error(std::string(kJwtLengthMax + 1, 'a'), keys), Errc::too_large);
}

TEST(ClientAssertion, SubjectIsReadWithoutKeys) {
  const auto& key = key_of(SignatureAlgorithm::es256);
  const auto subject = [&key](const std::string& payload, const std::string& extra = "") {
    const auto read = read_assertion_subject(sign(key, header_of("ES256", extra), payload));
    return read ? *read : std::string{"-"};
  };
  EXPECT_EQ(subject(kPayload), "c1");
  EXPECT_EQ(subject(R"({"iss":"c1","sub":"c2"})"), "-");
  EXPECT_EQ(subject("{}"), "-");
  EXPECT_EQ(subject(kPayload, R"(,"typ":"at+jwt")"), "-");
}

}  // namespace
}  // namespace tokenledger

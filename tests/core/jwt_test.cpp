#include "core/jwt.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "core/base64url.hpp"
#include "core/opaque_token.hpp"
#include "core/token_format.hpp"

namespace tokenledger {
namespace {

const SealKey kKey{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
const SealedJti kId{.index = TokenIndex{Lane::day, 42}, .incarnation = Incarnation{9}};
constexpr std::string_view kHeader = R"({"alg":"ES256","typ":"at+jwt","kid":"k1"})";

std::string token_of(std::string_view header, std::string_view payload,
                     std::string_view signature = "signature") {
  return base64url_encode(bytes_of(header)) + "." + base64url_encode(bytes_of(payload)) + "." +
         base64url_encode(bytes_of(signature));
}

JwtClaims usual_claims() {
  JwtClaims claims;
  claims.jti = std::string{text_of(kKey.seal(kId.index, kId.incarnation))};
  claims.issuer = "https://as.example";
  claims.subject = "user-1";
  claims.audience = {"https://api.example/"};
  claims.expires_at = UnixSeconds{1'763'870'400};
  claims.issued_at = UnixSeconds{1'763'784'000};
  claims.client_id = "client-1";
  claims.scope = "read write";
  return claims;
}

std::string usual_token() {
  auto input = jwt_signing_input(jwt_header_part(SignatureAlgorithm::es256, "k1"), usual_claims());
  append_jwt_signature(bytes_of("signature"), *input);
  return *input;
}

TEST(JwtClaims, A19AreAllWrittenWithJtiFirst) {
  JwtClaims claims = usual_claims();
  claims.jti = "J";
  EXPECT_EQ(write_jwt_claims(claims),
            R"({"jti":"J","iss":"https://as.example","sub":"user-1","aud":"https://api.example/",)"
            R"("exp":1763870400,"iat":1763784000,"client_id":"client-1","scope":"read write"})");
}

TEST(JwtClaims, A18cScopeIsLeftOutWhenThereIsNone) {
  JwtClaims claims = usual_claims();
  claims.scope.clear();
  const std::string json = write_jwt_claims(claims);
  EXPECT_EQ(json.find("scope"), std::string::npos);
  EXPECT_EQ(read_jwt_claims(json)->scope, "");
}

TEST(JwtClaims, SeveralAudiencesAreAnArrayAndAStatusIsKept) {
  JwtClaims claims = usual_claims();
  claims.audience = {"a", "b", "c"};
  claims.status = {.index = std::numeric_limits<std::uint64_t>::max(), .uri = "https://s/1"};
  const std::string json = write_jwt_claims(claims);
  EXPECT_NE(json.find(R"("aud":["a","b","c"])"), std::string::npos);
  EXPECT_NE(json.find(R"("status":{"status_list":{"idx":18446744073709551615,"uri":)"),
            std::string::npos);
  EXPECT_EQ(*read_jwt_claims(json), claims);
}

TEST(JwtClaims, EveryTextReturnsFromItsEscapes) {
  JwtClaims claims = usual_claims();
  std::string all;
  for (char letter = 0; letter < 0x7F; ++letter) all += letter;
  claims.subject = all + "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x94\x91";
  claims.scope = "\"";
  claims.client_id = "\\";
  claims.audience = {"\n", "a\"b\\c"};
  EXPECT_EQ(*read_jwt_claims(write_jwt_claims(claims)), claims);
}

struct PayloadCase {
  const char* name;
  std::string_view payload;
  bool accepted;
};
constexpr PayloadCase kPayloads[] = {
    {"Nothing", "{}", true},
    {"UnknownClaim", R"({"x":[1,{"y":null}]})", true},
    {"AudienceArray", R"({"aud":["a","b"]})", true},
    {"LastSecond", R"({"exp":4294967295})", true},
    {"OtherStatusMechanism", R"({"status":{"other":1}})", true},
    {"Array", "[]", false},
    {"Text", R"("jti")", false},
    {"DuplicateClaim", R"({"exp":1,"exp":2})", false},
    {"JtiNumber", R"({"jti":1})", false},
    {"IssuerNull", R"({"iss":null})", false},
    {"SubjectArray", R"({"sub":["a"]})", false},
    {"AudienceEmpty", R"({"aud":[]})", false},
    {"AudienceNumber", R"({"aud":1})", false},
    {"AudienceMixed", R"({"aud":["a",1]})", false},
    {"ScopeArray", R"({"scope":["read"]})", false},
    {"ClientIdObject", R"({"client_id":{}})", false},
    {"ExpiryText", R"({"exp":"1763870400"})", false},
    {"ExpiryNegative", R"({"exp":-1})", false},
    {"ExpiryFraction", R"({"exp":1.5})", false},
    {"ExpiryBeyond2106", R"({"exp":4294967296})", false},
    {"IssuedAtBool", R"({"iat":true})", false},
    {"StatusText", R"({"status":"x"})", false},
    {"StatusListWithoutUri", R"({"status":{"status_list":{"idx":1}}})", false},
    {"StatusIndexNegative", R"({"status":{"status_list":{"idx":-1,"uri":"u"}}})", false},
};
class JwtPayload : public testing::TestWithParam<PayloadCase> {};
TEST_P(JwtPayload, A19ClaimsHaveTheirTypes) {
  EXPECT_EQ(decode_unverified(token_of(kHeader, GetParam().payload)).has_value(),
            GetParam().accepted);
}
INSTANTIATE_TEST_SUITE_P(Rfc7519, JwtPayload, testing::ValuesIn(kPayloads),
                         [](const auto& info) { return std::string{info.param.name}; });

constexpr PayloadCase kHeaders[] = {
    {"AlgorithmOnly", R"({"alg":"RS256"})", true},
    {"UnknownMember", R"({"alg":"RS256","x":1})", true},
    {"NoAlgorithm", R"({"typ":"at+jwt"})", false},
    {"EmptyAlgorithm", R"({"alg":""})", false},
    {"AlgorithmNumber", R"({"alg":256})", false},
    {"DuplicateAlgorithm", R"({"alg":"RS256","alg":"none"})", false},
    {"TypeNumber", R"({"alg":"RS256","typ":1})", false},
    {"KeyIdNumber", R"({"alg":"RS256","kid":1})", false},
    {"Critical", R"({"alg":"RS256","crit":["exp"]})", false},
    {"UnencodedPayload", R"({"alg":"RS256","b64":false})", false},
    {"EmbeddedKey", R"({"alg":"RS256","jwk":{}})", false},
    {"KeyAddress", R"({"alg":"RS256","jku":"https://evil.example"})", false},
    {"CertificateAddress", R"({"alg":"RS256","x5u":"https://evil.example"})", false},
    {"CertificateChain", R"({"alg":"RS256","x5c":["MIIB"]})", false},
    {"Array", R"(["RS256"])", false},
};
class JwtHeader : public testing::TestWithParam<PayloadCase> {};
TEST_P(JwtHeader, A03OffersNoChoices) {
  EXPECT_EQ(decode_unverified(token_of(GetParam().payload, "{}")).has_value(), GetParam().accepted);
}
INSTANTIATE_TEST_SUITE_P(Rfc7515, JwtHeader, testing::ValuesIn(kHeaders),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(Jwt, Z01ATokenHasThreePartsAndSaysWhatWasWritten) {
  const auto jwt = decode_unverified(usual_token());
  ASSERT_TRUE(jwt);
  EXPECT_EQ(jwt->algorithm, "ES256");
  EXPECT_EQ(jwt->type, "at+jwt");
  EXPECT_EQ(jwt->key_id, "k1");
  EXPECT_EQ(jwt->header_json, kHeader);
  EXPECT_EQ(jwt->payload_json, write_jwt_claims(usual_claims()));
  EXPECT_EQ(jwt->claims, usual_claims());
  EXPECT_EQ(jwt->signature, "signature");
}

TEST(Jwt, A03AnythingButThreeCanonicalPartsIsRefused) {
  const std::string good = usual_token();
  const std::size_t first = good.find('.');
  const std::size_t second = good.rfind('.');
  const std::string cases[] = {
      "",
      "..",
      ".",
      good.substr(0, second),                           // two parts
      good + ".",                                       // four parts
      good + ".AAAA",                                   //
      "." + good,                                       //
      good.substr(0, second + 1),                       // no signature
      good.substr(first),                               // no header
      good.substr(0, first + 1) + good.substr(second),  // no payload
      good + "=",                                       // padding
      good + "\n",                                      //
      " " + good,                                       //
      good.substr(0, first) + "=" + good.substr(first),
      good.substr(0, first + 5) + "\n" + good.substr(first + 5),
  };
  for (const auto& text : cases)
    EXPECT_EQ(decode_unverified(text).error(), make_error_code(Errc::malformed_token)) << text;
  EXPECT_TRUE(decode_unverified(good));
}

TEST(Jwt, LengthIsBoundedBothWays) {
  EXPECT_EQ(decode_unverified(std::string(kJwtLengthMax + 1, 'A')).error(),
            make_error_code(Errc::too_large));
  JwtClaims claims = usual_claims();
  claims.subject = std::string(12'000, 's');
  EXPECT_EQ(jwt_signing_input("h", claims).error(), make_error_code(Errc::too_large));
}

TEST(JtiOfJwt, Z10ReadsTheSealedJtiFromItsFixedPlace) {
  const auto jti = jti_of_jwt(usual_token());
  ASSERT_TRUE(jti);
  EXPECT_EQ(kKey.unseal(text_of(*jti)), kId);
  EXPECT_EQ(text_of(*jti), decode_unverified(usual_token())->claims.jti);
}

TEST(JtiOfJwt, RefusesEverythingElse) {
  const std::string jti{text_of(kKey.seal(kId.index, kId.incarnation))};
  const auto found = [](std::string_view payload) {
    return jti_of_jwt(token_of(kHeader, payload)).has_value();
  };
  EXPECT_TRUE(found("{\"jti\":\"" + jti + "\"}"));
  EXPECT_TRUE(found("{\"jti\":\"" + jti + "\",\"iss\":\"x\"}"));
  EXPECT_FALSE(found("{\"jti\":\"" + jti + "x\"}"));                   // 23 characters
  EXPECT_FALSE(found("{\"jti\":\"" + jti.substr(1) + "\",\"a\":1}"));  // 21
  EXPECT_FALSE(found("{\"jti\":\"" + jti.substr(2) + "\\n\"}"));       // an escape
  EXPECT_FALSE(found("{\"iss\":\"x\",\"jti\":\"" + jti + "\"}"));
  EXPECT_FALSE(found("{ \"jti\":\"" + jti + "\"}"));
  EXPECT_FALSE(found("{\"jtj\":\"" + jti + "\"}"));
  EXPECT_FALSE(found("{\"jti\":\"" + jti.substr(0, 21) + "\xC3\"}"));
  EXPECT_FALSE(jti_of_jwt(""));
  EXPECT_FALSE(jti_of_jwt("."));
  EXPECT_FALSE(jti_of_jwt("no dot at all"));
  EXPECT_FALSE(jti_of_jwt(std::string(kJwtHeaderLengthMax, 'A') + usual_token()));
  const std::string token = usual_token();
  const std::size_t start = token.find('.') + 1;
  EXPECT_FALSE(jti_of_jwt(token.substr(0, start + 41)));
  EXPECT_TRUE(jti_of_jwt(token.substr(0, start + 42))) << "it reads no further";
}

TEST(LocateToken, TellsKindAndIndexByTheTextAlone) {
  const std::array<std::uint8_t, 16> secret{7};
  EXPECT_EQ(locate_token(kKey, usual_token()), (LocatedToken{.kind = TokenKind::jwt, .id = kId}));
  EXPECT_EQ(locate_token(kKey, make_opaque(kKey, kId, secret)),
            (LocatedToken{.kind = TokenKind::opaque, .id = kId}));
  EXPECT_EQ(locate_token(SealKey{Aes128::Key{}}, usual_token()), std::nullopt);
  EXPECT_EQ(locate_token(kKey, ""), std::nullopt);
  EXPECT_EQ(locate_token(kKey, "tlo_"), std::nullopt);
  EXPECT_EQ(locate_token(kKey, make_client_secret({})), std::nullopt);
}

TEST(AlgorithmNames, ReturnFromTheirNamesAndNothingElseDoes) {
  for (const auto algorithm : {SignatureAlgorithm::rs256, SignatureAlgorithm::es256,
                               SignatureAlgorithm::eddsa, SignatureAlgorithm::hs256})
    EXPECT_EQ(algorithm_from_name(algorithm_name(algorithm)), algorithm);
  for (const auto* name : {"", "none", "None", "rs256", "RS512", "PS256", "HS256 "})
    EXPECT_EQ(algorithm_from_name(name), std::nullopt) << name;
}

}  // namespace
}  // namespace tokenledger

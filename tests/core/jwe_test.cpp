#include "core/jwe.hpp"

#include <gtest/gtest.h>

#include "core/base64url.hpp"
#include "core/jwt.hpp"
#include "core/opaque_token.hpp"
#include "core/sha256.hpp"

namespace tokenledger {
namespace {

// RFC 7516 appendix A.1: the content encryption of its example, whose key management is another.
constexpr Digest kPublishedKey{177, 161, 244, 128, 84,  143, 225, 115, 63, 180, 3,
                               255, 107, 154, 212, 246, 138, 7,   110, 91, 112, 46,
                               34,  105, 47,  130, 203, 46,  122, 234, 64, 252};
constexpr GcmNonce kPublishedNonce{227, 197, 117, 252, 2, 219, 233, 68, 180, 225, 77, 219};
constexpr std::string_view kPublishedHeader = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ";
constexpr std::string_view kPublishedText =
    "The true sign of intelligence is not knowledge but imagination.";
constexpr std::string_view kPublishedCiphertext =
    "5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A";
constexpr std::string_view kPublishedTag = "XFBoMYUZodetZdvTiFvSkQ";

TEST(Aes256Gcm, PublishedExampleIsRepeated) {
  const auto sealed = gcm_seal(kPublishedKey, kPublishedNonce, kPublishedHeader, kPublishedText);
  ASSERT_TRUE(sealed);
  EXPECT_EQ(base64url_encode(bytes_of(sealed->ciphertext)), kPublishedCiphertext);
  EXPECT_EQ(base64url_encode(sealed->tag), kPublishedTag);
  EXPECT_EQ(*gcm_open(kPublishedKey, kPublishedNonce, kPublishedHeader, *sealed), kPublishedText);
}

TEST(Aes256Gcm, EveryFlippedBitIsNoticed) {
  const auto sealed = gcm_seal(kPublishedKey, kPublishedNonce, "head", "text");
  const auto open = [](const GcmSealed& bad, const Digest& key = kPublishedKey,
                       const GcmNonce& nonce = kPublishedNonce, std::string_view head = "head") {
    return gcm_open(key, nonce, head, bad).error();
  };
  for (int bit = 0; bit < 8 * 4; ++bit) {
    GcmSealed bad = *sealed;
    bad.ciphertext[static_cast<std::size_t>(bit / 8)] ^= static_cast<char>(1 << bit % 8);
    EXPECT_EQ(open(bad), Errc::signature_invalid) << bit;
  }
  for (int bit = 0; bit < 8 * 16; ++bit) {
    GcmSealed bad = *sealed;
    bad.tag[static_cast<std::size_t>(bit / 8)] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_EQ(open(bad), Errc::signature_invalid) << bit;
  }
  Digest key = kPublishedKey;
  key[31] ^= 1;
  GcmNonce nonce = kPublishedNonce;
  nonce[0] ^= 1;
  EXPECT_EQ(open(*sealed, key), Errc::signature_invalid);
  EXPECT_EQ(open(*sealed, kPublishedKey, nonce), Errc::signature_invalid);
  EXPECT_EQ(open(*sealed, kPublishedKey, kPublishedNonce, "heat"), Errc::signature_invalid);
  GcmSealed shorter = *sealed;
  shorter.ciphertext.pop_back();
  EXPECT_EQ(open(shorter), Errc::signature_invalid);
}

TEST(Aes256Gcm, EmptyTextsAreSealedAndLongOnesRefused) {
  const auto empty = gcm_seal(kPublishedKey, kPublishedNonce, "", "");
  ASSERT_TRUE(empty);
  EXPECT_EQ(*gcm_open(kPublishedKey, kPublishedNonce, "", *empty), "");
  EXPECT_EQ(gcm_open(kPublishedKey, kPublishedNonce, "x", *empty).error(), Errc::signature_invalid);
  const std::string longest(kGcmTextBytesMax, 'a');
  EXPECT_TRUE(gcm_seal(kPublishedKey, kPublishedNonce, longest, longest));
  EXPECT_EQ(gcm_seal(kPublishedKey, kPublishedNonce, "", longest + "a").error(), Errc::too_large);
  EXPECT_EQ(gcm_seal(kPublishedKey, kPublishedNonce, longest + "a", "").error(), Errc::too_large);
}

const SealKey kSealKey{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
constexpr GcmNonce kNonce{1, 2, 3};
constexpr std::array<std::uint8_t, 32> kSecret{7};
constexpr SealedJti kId{.index = TokenIndex{Lane::day, 42}, .incarnation = Incarnation{9}};

JweKey key_of(std::array<std::uint8_t, 32> secret = kSecret) {
  return *JweKey::from_secret(secret);
}
JwtClaims usual_claims() {
  JwtClaims claims;
  claims.jti = std::string{text_of(kSealKey.seal(kId.index, kId.incarnation))};
  claims.issuer = "https://as.example";
  claims.subject = "user-1";
  claims.audience = {"https://api.example/"};
  claims.expires_at = UnixSeconds{1'763'870'400};
  claims.issued_at = UnixSeconds{1'763'784'000};
  claims.client_id = "client-1";
  claims.scope = "read write";
  return claims;
}
std::string usual_token() { return *make_jwe(key_of(), usual_claims(), kNonce); }

struct Text {
  std::string header, key, nonce, text, tag;
  [[nodiscard]] std::string joined() const {
    return header + "." + key + "." + nonce + "." + text + "." + tag;
  }
};
Text parts_of(const std::string& token) {
  Text parts;
  std::string* const all[] = {&parts.header, &parts.key, &parts.nonce, &parts.text, &parts.tag};
  std::size_t part = 0;
  for (const char letter : token)
    if (letter == '.')
      ++part;
    else
      *all[part] += letter;
  return parts;
}

TEST(Jwe, B15ClaimsReturnAsTheyWere) {
  JwtClaims claims = usual_claims();
  claims.audience.push_back("b");
  claims.status = {.index = 7, .uri = "https://as.example/statuslists/1"};
  EXPECT_EQ(*open_jwe(key_of(), *make_jwe(key_of(), claims, kNonce)), claims);
}

TEST(Jwe, B06NobodyElseCanReadAClaim) {
  const Text parts = parts_of(usual_token());
  EXPECT_EQ(*base64url_decode(parts.header),
            R"({"jti":")" + usual_claims().jti +
                R"(","alg":"dir","enc":"A256GCM","typ":"at+jwt","kid":")" + key_of().kid() +
                R"("})");
  EXPECT_EQ(parts.key, "");
  const std::string ciphertext = *base64url_decode(parts.text);
  for (const char* claim : {"user-1", "client-1", "api.example", "read", "exp"})
    EXPECT_EQ(ciphertext.find(claim), std::string::npos) << claim;
  EXPECT_EQ(open_jwe(key_of({8}), usual_token()).error(), Errc::key_not_found);
}

TEST(Jwe, IndexIsFoundWithoutTheKey) {
  const auto sealed = sealed_of_jwe(usual_token());
  ASSERT_TRUE(sealed);
  EXPECT_EQ(kSealKey.unseal_bytes(*sealed), kId);
}

TEST(Jwe, EveryChangedCharacterIsRefused) {
  const std::string good = usual_token();
  const JweKey key = key_of();
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const char letter : {'A', 'B', 'g', '_', '=', '.', '+', ' ', '\0'}) {
      std::string bad = good;
      bad[at] = letter;
      if (bad == good) continue;
      ASSERT_FALSE(open_jwe(key, bad)) << at << " " << letter;
    }
}

// What the header says cannot be changed even by who has the key: it has one spelling.
struct HeaderCase {
  const char* name;
  const char* json;  // JTI and KID stand for the right ones
};
constexpr HeaderCase kHeaders[] = {
    {"Compressed",
     R"({"jti":"JTI","alg":"dir","enc":"A256GCM","zip":"DEF","typ":"at+jwt","kid":"KID"})"},
    {"PasswordCount",
     R"({"jti":"JTI","alg":"dir","p2c":1000000000,"enc":"A256GCM","typ":"at+jwt","kid":"KID"})"},
    {"Critical",
     R"({"jti":"JTI","alg":"dir","enc":"A256GCM","typ":"at+jwt","kid":"KID","crit":["x"]})"},
    {"EphemeralKey",
     R"({"jti":"JTI","alg":"ECDH-ES","enc":"A256GCM","typ":"at+jwt","kid":"KID","epk":{}})"},
    {"OtherManagement",
     R"({"jti":"JTI","alg":"A256KW","enc":"A256GCM","typ":"at+jwt","kid":"KID"})"},
    {"OtherEncryption", R"({"jti":"JTI","alg":"dir","enc":"A128GCM","typ":"at+jwt","kid":"KID"})"},
    {"OtherType", R"({"jti":"JTI","alg":"dir","enc":"A256GCM","typ":"JWT","kid":"KID"})"},
    {"OtherOrder", R"({"alg":"dir","jti":"JTI","enc":"A256GCM","typ":"at+jwt","kid":"KID"})"},
    {"Space", R"({"jti":"JTI", "alg":"dir","enc":"A256GCM","typ":"at+jwt","kid":"KID"})"},
    {"EscapedLetter",
     R"({"jti":"JTI","alg":"\u0064ir","enc":"A256GCM","typ":"at+jwt","kid":"KID"})"},
    {"SomethingBehind", R"({"jti":"JTI","alg":"dir","enc":"A256GCM","typ":"at+jwt","kid":"KID"} )"},
    {"KidMissing", R"({"jti":"JTI","alg":"dir","enc":"A256GCM","typ":"at+jwt"})"},
    {"KidShort", R"({"jti":"JTI","alg":"dir","enc":"A256GCM","typ":"at+jwt","kid":"K"})"},
    {"JtiMissing", R"({"alg":"dir","enc":"A256GCM","typ":"at+jwt","kid":"KID"})"},
    {"JtiShort", R"({"jti":"abc","alg":"dir","enc":"A256GCM","typ":"at+jwt","kid":"KID"})"},
    {"Empty", "{}"},
    {"Nothing", ""},
};
class JweHeader : public testing::TestWithParam<HeaderCase> {};
TEST_P(JweHeader, HasOneSpelling) {
  std::string json = GetParam().json;
  const auto fill = [&json](const std::string& word, const std::string& value) {
    if (const auto at = json.find("\"" + word + "\""); at != std::string::npos)
      json.replace(at + 1, word.size(), value);
  };
  fill("JTI", usual_claims().jti);
  fill("KID", key_of().kid());
  Text parts = parts_of(usual_token());
  parts.header = base64url_encode(bytes_of(json));
  const auto sealed = gcm_seal(key_of().content_key(usual_claims().jti), kNonce, parts.header,
                               write_jwt_claims(usual_claims()));
  ASSERT_TRUE(sealed);
  parts.text = base64url_encode(bytes_of(sealed->ciphertext));
  parts.tag = base64url_encode(sealed->tag);
  EXPECT_EQ(open_jwe(key_of(), parts.joined()).error(), Errc::malformed_token);
}
INSTANTIATE_TEST_SUITE_P(Rfc7516, JweHeader, testing::ValuesIn(kHeaders),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(Jwe, PartsAreFiveAndOfTheirLengths) {
  const auto refused = [](auto change) {
    Text parts = parts_of(usual_token());
    change(parts);
    return open_jwe(key_of(), parts.joined()).error() == Errc::malformed_token;
  };
  EXPECT_TRUE(refused([](Text& parts) { parts.key = "AAAA"; }));
  EXPECT_TRUE(refused([](Text& parts) { parts.nonce.clear(); }));
  EXPECT_TRUE(refused([](Text& parts) { parts.nonce += "AAAA"; }));
  EXPECT_TRUE(refused([](Text& parts) { parts.nonce.resize(12); }));
  EXPECT_TRUE(refused([](Text& parts) { parts.tag.resize(16); }));
  EXPECT_TRUE(refused([](Text& parts) { parts.tag += "AA"; }));
  EXPECT_TRUE(refused([](Text& parts) { parts.text += "="; }));
  EXPECT_TRUE(refused([](Text& parts) { parts.tag += "."; }));
  EXPECT_EQ(open_jwe(key_of(), "").error(), Errc::malformed_token);
  EXPECT_EQ(open_jwe(key_of(), "....").error(), Errc::malformed_token);
  const Text parts = parts_of(usual_token());
  EXPECT_EQ(open_jwe(key_of(), parts.header + "." + parts.text + "." + parts.tag).error(),
            Errc::malformed_token);
}

TEST(Jwe, ClaimsOfAnotherTokenDoNotPassUnderThisJti) {
  Text parts = parts_of(usual_token());
  JwtClaims other = usual_claims();
  other.jti = std::string{text_of(kSealKey.seal(TokenIndex{Lane::day, 43}, kId.incarnation))};
  const auto sealed = gcm_seal(key_of().content_key(usual_claims().jti), kNonce, parts.header,
                               write_jwt_claims(other));
  parts.text = base64url_encode(bytes_of(sealed->ciphertext));
  parts.tag = base64url_encode(sealed->tag);
  EXPECT_EQ(open_jwe(key_of(), parts.joined()).error(), Errc::malformed_token);
}

TEST(Jwe, AJtiHasOneSpellingAlsoForWhoHasTheKey) {
  JwtClaims claims = usual_claims();
  for (const char* jti : {"AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB"}) {
    claims.jti = jti;
    Text parts = parts_of(usual_token());
    std::string header = *base64url_decode(parts.header);
    header.replace(header.find(usual_claims().jti), kJtiLength, jti);
    parts.header = base64url_encode(bytes_of(header));
    const auto sealed =
        gcm_seal(key_of().content_key(jti), kNonce, parts.header, write_jwt_claims(claims));
    parts.text = base64url_encode(bytes_of(sealed->ciphertext));
    parts.tag = base64url_encode(sealed->tag);
    EXPECT_EQ(open_jwe(key_of(), parts.joined()).has_value(), jti[21] == 'A') << jti;
    EXPECT_EQ(sealed_of_jwe(parts.joined()).has_value(), jti[21] == 'A') << jti;
  }
}

TEST(Jwe, EachTokenHasAKeyOfItsOwn) {
  JwtClaims other = usual_claims();
  other.jti = std::string{text_of(kSealKey.seal(TokenIndex{Lane::day, 43}, kId.incarnation))};
  EXPECT_NE(key_of().content_key(usual_claims().jti), key_of().content_key(other.jti));
  EXPECT_NE(key_of().content_key(other.jti), key_of({8}).content_key(other.jti));
  // The same claims under the same nonce: only the 22 characters of the jti would differ.
  const auto one = *base64url_decode(parts_of(usual_token()).text);
  const auto two = *base64url_decode(parts_of(*make_jwe(key_of(), other, kNonce)).text);
  std::size_t equal = 0;
  for (std::size_t at = 0; at < one.size(); ++at) equal += one[at] == two[at] ? 1 : 0;
  EXPECT_LT(equal, one.size() / 8);
}

TEST(Jwe, BoundsAndBadArgumentsAreRefused) {
  JwtClaims claims = usual_claims();
  claims.scope = std::string(kJwtLengthMax, 's');
  EXPECT_EQ(make_jwe(key_of(), claims, kNonce).error(), Errc::too_large);
  EXPECT_EQ(open_jwe(key_of(), std::string(kJwtLengthMax + 1, '.')).error(), Errc::too_large);
  for (const char* jti : {"", "short", "AAAAAAAAAAAAAAAAAAAAA\"", "AAAAAAAAAAAAAAAAAAAAAB"}) {
    claims = usual_claims();
    claims.jti = jti;
    EXPECT_EQ(make_jwe(key_of(), claims, kNonce).error(), Errc::invalid_argument) << jti;
  }
  EXPECT_EQ(JweKey::from_secret(ByteView{kSecret}.first(31)).error(), Errc::invalid_argument);
  EXPECT_EQ(JweKey::from_secret({}).error(), Errc::invalid_argument);
}

TEST(Jwe, B04OtherKindsOfTokenHaveNoIndexHere) {
  auto jwt = *jwt_signing_input(jwt_header_part(SignatureAlgorithm::es256, "k1"), usual_claims());
  append_jwt_signature(bytes_of("signature"), jwt);
  EXPECT_EQ(sealed_of_jwe(jwt), std::nullopt);
  EXPECT_EQ(sealed_of_jwe(make_opaque(kSealKey, kId, {})), std::nullopt);
  EXPECT_EQ(sealed_of_jwe(""), std::nullopt);
  EXPECT_EQ(sealed_of_jwe(usual_token().substr(0, 43)), std::nullopt);
  EXPECT_EQ(sealed_of_jwt(usual_token()), std::nullopt);
  EXPECT_FALSE(decode_unverified(usual_token()));
  const auto sealed_of_header = [](std::string_view header) {
    return sealed_of_jwe(base64url_encode(bytes_of(header)));
  };
  EXPECT_TRUE(sealed_of_header(R"({"jti":"AAAAAAAAAAAAAAAAAAAAAA","alg":"dir"})"));
  EXPECT_FALSE(sealed_of_header(R"({"jtj":"AAAAAAAAAAAAAAAAAAAAAA","alg":"dir"})"));
  EXPECT_FALSE(sealed_of_header(R"({"jti":"AAAAAAAAAAAAAAAAAAAAAAA","alg":"dir"})"));
}

}  // namespace
}  // namespace tokenledger

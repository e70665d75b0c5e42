#include "core/pkce.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/sha256.hpp"

namespace tokenledger {
namespace {

// RFC 7636 appendix B.
constexpr std::string_view kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr std::string_view kChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

TEST(Pkce, PublishedVerifierRedeemsItsChallenge) {
  const auto challenge = parse_code_challenge(kChallenge);
  ASSERT_TRUE(challenge);
  EXPECT_TRUE(is_code_verified(challenge, kVerifier));
}

struct ChallengeCase {
  const char* name;
  std::string_view text;
};
constexpr ChallengeCase kBadChallenges[] = {
    {"Empty", ""},
    {"Short", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c"},
    {"Long", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMM"},
    {"Padded", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c="},
    {"PlainAlphabet", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"},
    {"StrayBits", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN"},
    {"Space", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw cM"},
    {"Tilde", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw~cM"},
};
class BadChallenge : public testing::TestWithParam<ChallengeCase> {};
TEST_P(BadChallenge, Row09OfAuthorizationEndpointIsRefused) {
  EXPECT_FALSE(parse_code_challenge(GetParam().text));
}
INSTANTIATE_TEST_SUITE_P(Rfc7636, BadChallenge, testing::ValuesIn(kBadChallenges),
                         [](const auto& info) { return std::string{info.param.name}; });

constexpr ChallengeCase kBadVerifiers[] = {
    {"Row01AnotherVerifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"},
    {"Row01OneMoreCharacter", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXkx"},
    {"Row01TheChallengeItself", kChallenge},
    {"Row02Missing", ""},
    {"Row04Short", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    {"Row04IllegalCharacter", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjX+"},
};
class BadVerifier : public testing::TestWithParam<ChallengeCase> {};
TEST_P(BadVerifier, RedeemsNothing) {
  EXPECT_FALSE(is_code_verified(parse_code_challenge(kChallenge), GetParam().text));
}
INSTANTIATE_TEST_SUITE_P(Rfc7636, BadVerifier, testing::ValuesIn(kBadVerifiers),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(Pkce, Row03AVerifierNobodyAskedForIsADowngrade) {
  EXPECT_FALSE(is_code_verified(std::nullopt, kVerifier));
  EXPECT_TRUE(is_code_verified(std::nullopt, ""));
}

TEST(Pkce, Row04ASyntaxFaultIsRefusedAlsoWhereTheHashFits) {
  for (const std::string& bad : {std::string(42, 'a'), std::string(129, 'a'), std::string(50, '+')})
    EXPECT_FALSE(is_code_verified(sha256(bad), bad)) << bad;
  EXPECT_FALSE(is_code_verified(sha256(""), ""));
}

TEST(Pkce, Row04VerifierHas43To128UnreservedCharacters) {
  EXPECT_FALSE(is_code_verifier(std::string(42, 'a')));
  EXPECT_TRUE(is_code_verifier(std::string(43, 'a')));
  EXPECT_TRUE(is_code_verifier(std::string(128, '~')));
  EXPECT_FALSE(is_code_verifier(std::string(129, 'a')));
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  for (int byte = 0; byte < 256; ++byte) {
    std::string text(50, 'a');
    text[25] = static_cast<char>(byte);
    EXPECT_EQ(is_code_verifier(text), kUnreserved.find(text[25]) != std::string_view::npos) << byte;
  }
}

}  // namespace
}  // namespace tokenledger

#include "core/authorization_code.hpp"

#include <gtest/gtest.h>

#include "core/pkce.hpp"
#include "core/sha256.hpp"

namespace tokenledger {
namespace {

// RFC 7636 appendix B.
constexpr std::string_view kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr std::string_view kChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

TEST(AuthorizationCode, IsFoundByItsHashAndRefusedAfterATypo) {
  const std::string code = make_authorization_code({1, 2, 3});
  EXPECT_EQ(code.size(), kAuthorizationCodeLength);
  EXPECT_TRUE(code.starts_with("tlc_"));
  EXPECT_EQ(hash_authorization_code(code), sha256(code));
  EXPECT_NE(make_authorization_code({1, 2, 4}), code);
  for (std::size_t position = 0; position < code.size(); ++position) {
    std::string bad = code;
    bad[position] = bad[position] == 'A' ? 'B' : 'A';
    EXPECT_EQ(hash_authorization_code(bad), std::nullopt) << position;
  }
  for (const std::string& bad : {std::string{}, code + "A", code.substr(0, 51), "tlcs_" + code})
    EXPECT_EQ(hash_authorization_code(bad), std::nullopt) << bad;
}

CodeBinding usual_code() {
  return {.client = ClientNumber{7},
          .redirect_uri = "https://app.example/cb",
          .has_redirect_uri = true,
          .challenge = parse_code_challenge(kChallenge),
          .expires_at = UnixSeconds{1'060}};
}
CodeRedemption usual_redemption() {
  return {.client = ClientNumber{7},
          .redirect_uri = "https://app.example/cb",
          .verifier = kVerifier,
          .now = UnixSeconds{1'000}};
}

// negative-cases, group token-endpoint.
TEST(AuthorizationCode, Row14ExpiresInTheSecondItNames) {
  auto redemption = usual_redemption();
  EXPECT_TRUE(is_redeemable(usual_code(), redemption));
  redemption.now = UnixSeconds{1'059};
  EXPECT_TRUE(is_redeemable(usual_code(), redemption));
  redemption.now = UnixSeconds{1'060};
  EXPECT_FALSE(is_redeemable(usual_code(), redemption));
}

TEST(AuthorizationCode, Row16BelongsToItsClient) {
  auto redemption = usual_redemption();
  redemption.client = ClientNumber{8};
  EXPECT_FALSE(is_redeemable(usual_code(), redemption));
  auto nobodys = usual_code();
  nobodys.client = redemption.client = ClientNumber{};
  EXPECT_FALSE(is_redeemable(nobodys, redemption));
}

TEST(AuthorizationCode, Row17RedirectUriIsRepeatedExactly) {
  auto redemption = usual_redemption();
  for (const std::string_view bad :
       {"", "https://app.example/cb/", "https://app.example/CB", "https://evil.example/"}) {
    redemption.redirect_uri = bad;
    EXPECT_FALSE(is_redeemable(usual_code(), redemption)) << bad;
  }
  auto unnamed = usual_code();
  unnamed.has_redirect_uri = false;
  EXPECT_FALSE(is_redeemable(unnamed, redemption)) << "named only now, and another";
  redemption.redirect_uri = "";
  EXPECT_TRUE(is_redeemable(unnamed, redemption));
  redemption.redirect_uri = unnamed.redirect_uri;
  EXPECT_TRUE(is_redeemable(unnamed, redemption));
}

TEST(AuthorizationCode, NeedsTheVerifierOfItsChallenge) {
  auto redemption = usual_redemption();
  redemption.verifier = "";
  EXPECT_FALSE(is_redeemable(usual_code(), redemption));
  auto unchallenged = usual_code();
  unchallenged.challenge.reset();
  EXPECT_TRUE(is_redeemable(unchallenged, redemption));
  EXPECT_FALSE(is_redeemable(unchallenged, usual_redemption()));
}

}  // namespace
}  // namespace tokenledger

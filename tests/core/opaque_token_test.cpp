#include "core/opaque_token.hpp"

#include <gtest/gtest.h>

#include <random>

#include "core/base64url.hpp"
#include "core/crc32.hpp"
#include "core/sha256.hpp"

namespace tokenledger {
namespace {

const SealKey kKey{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
const SealedJti kId{.index = TokenIndex{Lane::month, 42}, .incarnation = Incarnation{9}};
constexpr std::array<std::uint8_t, 16> kSecret{0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7,
                                               0xA8, 0xA9, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF};

TEST(OpaqueToken, A04CarriesItsSealedIndexAndNothingElse) {
  const std::string token = make_opaque(kKey, kId, kSecret);
  EXPECT_EQ(token.size(), kOpaqueTokenLength);
  EXPECT_TRUE(token.starts_with("tlo_"));
  EXPECT_EQ(parse_opaque(kKey, token), kId);
  const auto bytes = base64url_decode(token.substr(4));
  ASSERT_TRUE(bytes);
  EXPECT_EQ(base64url_encode(bytes_of(*bytes).first(16)),
            text_of(kKey.seal(kId.index, kId.incarnation)));
  EXPECT_EQ(bytes->substr(16, 16), text_of(ByteView{kSecret}));
}

TEST(OpaqueToken, ChecksumCanBeRepeatedByAScanner) {
  const std::string token = make_opaque(kKey, kId, kSecret);
  const auto bytes = base64url_decode(token.substr(4));
  ASSERT_TRUE(bytes);
  const std::uint32_t crc = crc32_of(bytes_of("tlo_" + bytes->substr(0, 32)));
  for (int position = 0; position < 4; ++position)
    EXPECT_EQ(static_cast<std::uint8_t>((*bytes)[32 + static_cast<std::size_t>(position)]),
              static_cast<std::uint8_t>(crc >> (24 - 8 * position)));
}

TEST(OpaqueToken, EveryChangedCharacterIsRefused) {
  const std::string good = make_opaque(kKey, kId, kSecret);
  for (std::size_t position = 0; position < good.size(); ++position)
    for (int letter = 0; letter < 256; ++letter) {
      std::string bad = good;
      bad[position] = static_cast<char>(letter);
      if (bad == good) continue;
      ASSERT_EQ(parse_opaque(kKey, bad), std::nullopt) << position << " " << letter;
    }
}

TEST(OpaqueToken, OtherLengthsPrefixesAndKeysAreRefused) {
  const std::string good = make_opaque(kKey, kId, kSecret);
  EXPECT_EQ(parse_opaque(kKey, ""), std::nullopt);
  EXPECT_EQ(parse_opaque(kKey, "tlo_"), std::nullopt);
  EXPECT_EQ(parse_opaque(kKey, good.substr(0, 51)), std::nullopt);
  EXPECT_EQ(parse_opaque(kKey, good + "A"), std::nullopt);
  EXPECT_EQ(parse_opaque(kKey, good + "="), std::nullopt);
  EXPECT_EQ(parse_opaque(kKey, " " + good), std::nullopt);
  EXPECT_EQ(parse_opaque(kKey, "TLO_" + good.substr(4)), std::nullopt);
  EXPECT_EQ(parse_opaque(kKey, make_client_secret({})), std::nullopt);
  EXPECT_EQ(parse_opaque(SealKey{Aes128::Key{}}, good), std::nullopt);
}

TEST(OpaqueToken, A04DifferentSecretsGiveDifferentTokensWithOneJti) {
  auto other = kSecret;
  other[0] ^= 1;
  const std::string first = make_opaque(kKey, kId, kSecret);
  const std::string second = make_opaque(kKey, kId, other);
  EXPECT_NE(sha256(first), sha256(second));
  EXPECT_EQ(parse_opaque(kKey, first), parse_opaque(kKey, second));
}

TEST(ClientSecret, IsFoundByItsPrefixAndRefusedAfterATypo) {
  const std::string secret = make_client_secret({1, 2, 3});
  EXPECT_EQ(secret.size(), kClientSecretLength);
  EXPECT_TRUE(secret.starts_with("tlcs_"));
  EXPECT_TRUE(is_client_secret(secret));
  for (std::size_t position = 0; position < secret.size(); ++position) {
    std::string bad = secret;
    bad[position] = bad[position] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(is_client_secret(bad)) << position;
  }
  EXPECT_FALSE(is_client_secret(""));
  EXPECT_FALSE(is_client_secret(secret + "A"));
}

TEST(ClientSecret, HashDependsOnPepperAndSecret) {
  const std::array<std::uint8_t, 32> pepper{1};
  const std::array<std::uint8_t, 32> other_pepper{2};
  const std::string secret = make_client_secret({1});
  EXPECT_EQ(hash_client_secret(pepper, secret), hash_client_secret(pepper, secret));
  EXPECT_NE(hash_client_secret(pepper, secret), hash_client_secret(other_pepper, secret));
  EXPECT_NE(hash_client_secret(pepper, secret),
            hash_client_secret(pepper, make_client_secret({2})));
  EXPECT_NE(hash_client_secret(pepper, secret), sha256(secret));
}

}  // namespace
}  // namespace tokenledger

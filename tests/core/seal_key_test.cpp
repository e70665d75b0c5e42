#include "core/seal_key.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

namespace tokenledger {
namespace {

constexpr Aes128::Key kKey{0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
                           0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F};
const SealedJti kId{.index = TokenIndex{Lane::day, 123'456'789}, .incarnation = Incarnation{77}};

class AesImplementations : public testing::TestWithParam<Aes128::Implementation> {};

// FIPS 197 appendix C.1.
TEST_P(AesImplementations, GiveThePublishedBlockBothWays) {
  const Aes128 aes{kKey, GetParam()};
  const Aes128::Block plain{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                            0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF};
  const Aes128::Block sealed{0x69, 0xC4, 0xE0, 0xD8, 0x6A, 0x7B, 0x04, 0x30,
                             0xD8, 0xCD, 0xB7, 0x80, 0x70, 0xB4, 0xC5, 0x5A};
  EXPECT_EQ(aes.encrypt(plain), sealed);
  EXPECT_EQ(aes.decrypt(sealed), plain);
}
INSTANTIATE_TEST_SUITE_P(Fips197, AesImplementations,
                         testing::Values(Aes128::Implementation::best,
                                         Aes128::Implementation::portable),
                         [](const auto& info) {
                           return info.param == Aes128::Implementation::best ? "Best" : "Portable";
                         });

TEST(Aes128, ImplementationsAgreeOnRandomKeysAndBlocks) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random{seed};
  for (int round = 0; round < 500; ++round) {
    Aes128::Key key;
    Aes128::Block block;
    for (auto& byte : key) byte = static_cast<std::uint8_t>(random());
    for (auto& byte : block) byte = static_cast<std::uint8_t>(random());
    const Aes128 best{key};
    const Aes128 portable{key, Aes128::Implementation::portable};
    ASSERT_EQ(best.encrypt(block), portable.encrypt(block));
    ASSERT_EQ(best.decrypt(block), portable.decrypt(block));
  }
}

TEST(SealKey, Z10EveryIndexReturnsFromItsJti) {
  const SealKey key{kKey};
  std::set<std::string> seen;
  for (const Lane lane : {Lane::hour, Lane::day, Lane::month, Lane::longer})
    for (const std::uint64_t counter :
         {std::uint64_t{0}, std::uint64_t{1}, TokenIndex::kCounterMax})
      for (const std::uint32_t incarnation : {0u, 1u, 0xFFFF'FFFFu}) {
        const SealedJti id{.index = TokenIndex{lane, counter},
                           .incarnation = Incarnation{incarnation}};
        const Jti jti = key.seal(id.index, id.incarnation);
        EXPECT_EQ(key.unseal(text_of(jti)), id);
        EXPECT_EQ(key.unseal_bytes(key.seal_bytes(id.index, id.incarnation)), id);
        EXPECT_TRUE(seen.emplace(text_of(jti)).second) << "two ids share a jti";
      }
}

TEST(SealKey, Z10FlippingAnyBitOfAJtiNamesNoTokenOrAnother) {
  const SealKey key{kKey};
  const Jti good = key.seal(kId.index, kId.incarnation);
  for (std::size_t position = 0; position < good.size(); ++position)
    for (int bit = 0; bit < 8; ++bit) {
      Jti bad = good;
      bad[position] = static_cast<char>(bad[position] ^ (1 << bit));
      EXPECT_NE(key.unseal(text_of(bad)), kId) << position << " bit " << bit;
    }
}

TEST(SealKey, Z10MadeUpTextsNameNoToken) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random{seed};
  const SealKey key{kKey};
  for (int round = 0; round < 100'000; ++round) {
    SealKey::Bytes block;
    for (auto& byte : block) byte = static_cast<std::uint8_t>(random());
    ASSERT_EQ(key.unseal_bytes(block), std::nullopt);
  }
}

TEST(SealKey, Z10AnotherKeysJtiNamesNoToken) {
  Aes128::Key other = kKey;
  other[15] ^= 1;
  const Jti jti = SealKey{other}.seal(kId.index, kId.incarnation);
  EXPECT_EQ(SealKey{kKey}.unseal(text_of(jti)), std::nullopt);
}

TEST(SealKey, RefusesASealWhoseZerosOrLaneAreWrong) {
  const SealKey key{kKey};
  const Aes128 aes{kKey};
  Aes128::Block block{};
  EXPECT_TRUE(key.unseal_bytes(aes.encrypt(block)));
  for (std::size_t position = 12; position < 16; ++position) {
    block = {};
    block[position] = 1;
    EXPECT_EQ(key.unseal_bytes(aes.encrypt(block)), std::nullopt) << position;
  }
  block = {};
  block[7] = kLaneCount;  // the index's top byte
  EXPECT_EQ(key.unseal_bytes(aes.encrypt(block)), std::nullopt);
}

TEST(SealKey, RefusesTextsThatAreNotTwentyTwoCanonicalCharacters) {
  const SealKey key{kKey};
  const Jti good = key.seal(kId.index, kId.incarnation);
  const std::string text{text_of(good)};
  EXPECT_EQ(key.unseal(""), std::nullopt);
  EXPECT_EQ(key.unseal(text.substr(1)), std::nullopt);
  EXPECT_EQ(key.unseal(text + "A"), std::nullopt);
  EXPECT_EQ(key.unseal(text + "=="), std::nullopt);
  std::string stray =
      text;  // the last character carries two bits; the next letter sets a stray one
  stray.back() = static_cast<char>(stray.back() + 1);
  EXPECT_EQ(key.unseal(stray), std::nullopt);
}

}  // namespace
}  // namespace tokenledger

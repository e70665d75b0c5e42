#include "core/refresh_token.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/authorization_code.hpp"
#include "core/checked_text.hpp"
#include "core/opaque_token.hpp"
#include "core/token_format.hpp"

namespace tokenledger {
namespace {

constexpr Aes128::Key kAes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
const RefreshTokenKey kKey{kAes};
const SealKey kSealKey{kAes};
constexpr RefreshTokenId kId{.family = FamilyNumber{70'000}, .generation = 3, .tag = 0xA1B2C3D4};
constexpr std::array<std::uint8_t, 16> kSecret{0xA0, 0xA1, 0xA2, 0xA3};

// A text with the right checksum around any sealed block.
std::string text_around(const Aes128::Block& block) {
  CheckedBody body{};
  std::ranges::copy(Aes128{kAes}.encrypt(block), body.begin());
  return CheckedTextKind{kRefreshTokenPrefix}.make(body);
}
Aes128::Block block_of(std::array<std::uint8_t, 12> numbers, std::string_view constant_part) {
  Aes128::Block block{};
  std::ranges::copy(constant_part, std::ranges::copy(numbers, block.begin()).out);
  return block;
}

TEST(RefreshToken, NamesItsFamilyGenerationAndTag) {
  const std::string token = kKey.make(kId, kSecret);
  EXPECT_EQ(token.size(), kRefreshTokenLength);
  EXPECT_TRUE(token.starts_with("tlr_"));
  EXPECT_EQ(kKey.parse(token), kId);
  const auto bytes = base64url_decode(token.substr(4));
  ASSERT_TRUE(bytes);
  EXPECT_EQ(bytes->substr(16, 16), text_of(ByteView{kSecret}));
}

struct LayoutCase {
  const char* name;
  std::array<std::uint8_t, 12> numbers;
  std::string_view constant_part;
  std::optional<RefreshTokenId> want;
};
const LayoutCase kLayoutCases[] = {
    {"Good", {0x70, 0x11, 1, 0, 3, 0, 0, 0, 0xD4, 0xC3, 0xB2, 0xA1}, "tlrf", kId},
    {"OtherConstant", {0x70, 0x11, 1, 0, 3, 0, 0, 0, 0xD4, 0xC3, 0xB2, 0xA1}, "tlrg", {}},
    {"JtisZeros", {0x70, 0x11, 1, 0, 3, 0, 0, 0, 0xD4, 0xC3, 0xB2, 0xA1}, {"\0\0\0\0", 4}, {}},
    {"NoFamily", {0, 0, 0, 0, 3, 0, 0, 0, 0xD4, 0xC3, 0xB2, 0xA1}, "tlrf", {}},
    {"NoGeneration", {0x70, 0x11, 1, 0, 0, 0, 0, 0, 0xD4, 0xC3, 0xB2, 0xA1}, "tlrf", {}},
    {"NoTag", {0x70, 0x11, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0}, "tlrf", {}},
};
TEST(RefreshToken, LayoutOfTheSealedBlockIsAsWritten) {
  for (const auto& row : kLayoutCases)
    EXPECT_EQ(kKey.parse(text_around(block_of(row.numbers, row.constant_part))), row.want)
        << row.name;
}

TEST(RefreshToken, EveryNumberReturns) {
  const std::uint64_t seed = std::random_device{}();
  std::mt19937_64 random{seed};
  for (int round = 0; round < 1'000; ++round) {
    RefreshTokenId id{.family = FamilyNumber{static_cast<std::uint32_t>(random())},
                      .generation = static_cast<std::uint32_t>(random()),
                      .tag = static_cast<std::uint32_t>(random())};
    if (round == 0)
      id = {.family = FamilyNumber{0xFFFFFFFF}, .generation = 0xFFFFFFFF, .tag = 0xFFFFFFFF};
    if (id.family == FamilyNumber{} || id.generation == 0 || id.tag == 0) continue;
    ASSERT_EQ(kKey.parse(kKey.make(id, kSecret)), id) << "seed " << seed << " round " << round;
  }
  RecordProperty("seed", std::to_string(seed));
  std::printf("seed %llu, 1000 ids\n", static_cast<unsigned long long>(seed));
}

TEST(RefreshToken, EveryChangedCharacterIsRefused) {
  const std::string good = kKey.make(kId, kSecret);
  for (std::size_t position = 0; position < good.size(); ++position)
    for (int letter = 0; letter < 256; ++letter) {
      std::string bad = good;
      bad[position] = static_cast<char>(letter);
      if (bad == good) continue;
      ASSERT_EQ(kKey.parse(bad), std::nullopt) << position << " " << letter;
    }
}

TEST(RefreshToken, OtherLengthsAndKeysAreRefused) {
  const std::string good = kKey.make(kId, kSecret);
  for (const std::string& bad : {std::string{}, good.substr(0, 51), good + "A", good + "AAAA",
                                 good + "=", " " + good, "TLR_" + good.substr(4), good.substr(4)})
    EXPECT_EQ(kKey.parse(bad), std::nullopt) << bad;
  EXPECT_EQ(RefreshTokenKey{Aes128::Key{}}.parse(good), std::nullopt);
}

// All under one AES key, and with the other kind's prefix and a right checksum.
TEST(RefreshToken, B04KindsNeverPassForEachOther) {
  const std::string refresh = kKey.make(kId, kSecret);
  const SealedJti jti{.index = TokenIndex{Lane::day, 42}, .incarnation = Incarnation{9}};
  const std::string opaque = make_opaque(kSealKey, jti, kSecret);
  const std::string code = make_authorization_code({1});
  const std::string secret = make_client_secret({1});
  EXPECT_EQ(locate_token(kSealKey, refresh), std::nullopt);
  EXPECT_EQ(locate_token(kSealKey, code), std::nullopt);
  for (const std::string& other : {opaque, code, secret})
    EXPECT_EQ(kKey.parse(other), std::nullopt);
  for (const std::string& other : {opaque, refresh, secret})
    EXPECT_EQ(hash_authorization_code(other), std::nullopt);
  EXPECT_FALSE(is_client_secret(code));
  EXPECT_FALSE(is_client_secret(refresh));

  CheckedBody body;
  ASSERT_TRUE(CheckedTextKind{kRefreshTokenPrefix}.read(refresh, body));
  EXPECT_EQ(parse_opaque(kSealKey, CheckedTextKind{kOpaqueTokenPrefix}.make(body)), std::nullopt);
  ASSERT_TRUE(CheckedTextKind{kOpaqueTokenPrefix}.read(opaque, body));
  EXPECT_EQ(kKey.parse(CheckedTextKind{kRefreshTokenPrefix}.make(body)), std::nullopt);
}

}  // namespace
}  // namespace tokenledger

// The token list of a sweep (P06, INV-3): one encoding per list, strict reading, bounded parts.
#include "core/token_list.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace tokenledger {
namespace {

constexpr UnixSeconds kFrom{1'000'000};

ExpiringToken token(std::uint32_t second, Lane lane, std::uint64_t counter) {
  return {UnixSeconds{kFrom.value() + second}, TokenIndex{lane, counter}};
}

std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}
std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string{text.substr(i, 2)}, nullptr, 16));
  return bytes;
}

Result<std::vector<ExpiringToken>> decode(std::string_view bytes) {
  std::vector<ExpiringToken> tokens;
  const auto decoded =
      decode_token_list(kFrom, bytes, [&](ExpiringToken each) { tokens.push_back(each); });
  if (!decoded) return decoded.error();
  return tokens;
}

struct GoldenCase {
  const char* name;
  std::vector<ExpiringToken> tokens;
  const char* bytes;
};
const GoldenCase kGoldenCases[] = {
    {"NoTokens", {}, ""},
    {"OneToken", {token(1, Lane::hour, 0)}, "0800"},
    {"OneLaneOneRun",
     {token(2, Lane::day, 5), token(2, Lane::day, 6), token(2, Lane::day, 7)},
     "130a01"},
    {"GapInOneSecond", {token(1, Lane::hour, 0), token(1, Lane::hour, 2)}, "08000002"},
    {"LanesOfOneSecond", {token(1, Lane::hour, 9), token(1, Lane::longer, 9)}, "08120612"},
    {"NextSecondGoesOnWhereTheLaneStopped",
     {token(1, Lane::hour, 9), token(2, Lane::hour, 10), token(2, Lane::hour, 11)},
     "0812090000"},
    {"NextSecondGoesBack", {token(1, Lane::hour, 9), token(2, Lane::hour, 8)}, "08120803"},
    {"LastOfEverything",
     {{UnixSeconds{UINT32_MAX}, TokenIndex{Lane::longer, TokenIndex::kCounterMax}}},
     "fedb97fc7ffeffffffffffffff01"},
};

TEST(TokenList, HasTheseBytes) {
  for (const auto& golden : kGoldenCases) {
    SCOPED_TRACE(golden.name);
    const auto parts = encode_token_list(kFrom, golden.tokens);
    ASSERT_EQ(parts.size(), 1u);
    EXPECT_EQ(hex(parts[0].bytes), golden.bytes);
    EXPECT_EQ(parts[0].count, golden.tokens.size());
    const auto decoded = decode(from_hex(golden.bytes));
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(*decoded, golden.tokens);
  }
}

struct RefusedCase {
  const char* name;
  const char* bytes;
};
constexpr RefusedCase kRefusedCases[] = {
    {"FirstRunInTheSecondFrom", "0000"},
    {"HeaderAlone", "08"},
    {"LengthMissing", "0900"},
    {"UnfinishedVarint", "0880"},
    {"VarintWithASuperfluousByte", "088000"},
    {"HeaderWithASuperfluousByte", "880000"},
    {"VarintOfMoreThan63Bits", "0880808080808080808001"},
    {"LanesDescendInOneSecond", "0a000000"},
    {"SameIndexTwice", "08000001"},
    {"RunThatWasOneRun", "08000000"},
    {"CounterBelowZero", "0801"},
    {"CounterBeyondTheLane", "08808080808080808002"},
    {"RunBeyondTheLane", "09feffffffffffffff0100"},
    {"SecondBeyond32Bits", "ffffffffff010000"},
    {"RunLongerThanAnyPart", "0900ffff3f"},
    {"LengthOf2To62", "0900808080808080808040"},
    {"TwoRunsLongerThanAnyPart", "0900feff3f0800"},
};

TEST(TokenList, RefusesEveryOtherEncoding) {
  for (const auto& refused : kRefusedCases) {
    const auto decoded = decode(from_hex(refused.bytes));
    ASSERT_FALSE(decoded.has_value()) << refused.name;
    EXPECT_EQ(to_errc(decoded.error()), Errc::log_corrupt) << refused.name;
  }
  EXPECT_TRUE(decode(from_hex("0900feff3f")).has_value()) << "as long as a part may be";
  EXPECT_FALSE(decode(std::string(kTokenListBytesMax + 2, '\x08')).has_value());
}

TEST(TokenList, CountsWithoutVisitingAndRefusesWhatLiesAfterTheSweep) {
  const auto bytes = encode_token_list(kFrom, kGoldenCases[2].tokens)[0].bytes;
  EXPECT_EQ(*count_token_list(kFrom, UnixSeconds{kFrom.value() + 2}, bytes), 3u);
  EXPECT_FALSE(count_token_list(kFrom, UnixSeconds{kFrom.value() + 1}, bytes).has_value());
  std::string too_long;
  while (too_long.size() <= kTokenListBytesMax) too_long += std::string{"\x08\x02", 2};
  EXPECT_FALSE(count_token_list(kFrom, UnixSeconds{UINT32_MAX}, too_long).has_value());
  too_long.resize(kTokenListBytesMax);
  EXPECT_TRUE(count_token_list(kFrom, UnixSeconds{UINT32_MAX}, too_long).has_value());
}

std::vector<ExpiringToken> random_tokens(std::mt19937_64& random, std::size_t count,
                                         std::uint64_t counters) {
  std::vector<ExpiringToken> tokens;
  for (std::size_t i = 0; i < count; ++i)
    tokens.push_back(
        token(1 + random() % 50, static_cast<Lane>(random() % 4), random() % counters));
  std::sort(tokens.begin(), tokens.end());
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
  return tokens;
}

// Accepted bytes have no second spelling; found by damaging good lists at every byte.
TEST(TokenList, RandomListsComeBackAndDamagedOnesAreTheEncodingOfWhatTheySay) {
  const auto seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937_64 random{seed};
  for (int round = 0; round < 200; ++round) {
    const auto tokens = random_tokens(random, random() % 60, 1 + random() % 300);
    const auto part = encode_token_list(kFrom, tokens)[0];
    ASSERT_EQ(*decode(part.bytes), tokens);
    for (std::size_t at = 0; at < part.bytes.size(); ++at) {
      auto damaged = part.bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
      TokenListReader reader{kFrom, damaged};
      while (!reader.at_end() && reader.next()) continue;
      if (!reader.at_end() || reader.tokens_read() > 10'000) continue;
      const auto decoded = decode(damaged);
      if (!decoded) continue;
      EXPECT_NE(*decoded, tokens);
      EXPECT_TRUE(std::is_sorted(decoded->begin(), decoded->end()));
      EXPECT_EQ(hex(encode_token_list(kFrom, *decoded)[0].bytes), hex(damaged));
    }
    for (std::size_t length = 0; length < part.bytes.size(); ++length) {
      const auto decoded = decode(part.bytes.substr(0, length));
      if (decoded) {
        EXPECT_LT(decoded->size(), tokens.size());
      }
    }
  }
}

TEST(TokenList, SplitsWhatDoesNotFitAndEveryPartStandsAlone) {
  const auto seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937_64 random{seed};
  const auto tokens = random_tokens(random, 100'000, std::uint64_t{1} << 40);
  const auto parts = encode_token_list(kFrom, tokens);
  EXPECT_GT(parts.size(), 5u);
  std::vector<ExpiringToken> decoded;
  for (const auto& part : parts) {
    EXPECT_LE(part.bytes.size(), kTokenListBytesMax);
    const auto one = decode(part.bytes);
    ASSERT_TRUE(one.has_value());
    EXPECT_EQ(one->size(), part.count);
    decoded.insert(decoded.end(), one->begin(), one->end());
  }
  EXPECT_EQ(decoded, tokens);
}

TEST(TokenList, ARunOfMoreTokensThanAPartMayHaveGoesOnInTheNext) {
  std::vector<ExpiringToken> tokens;
  for (std::uint64_t i = 0; i < kTokenListTokensMax + 5; ++i)
    tokens.push_back(token(1, Lane::month, i));
  const auto parts = encode_token_list(kFrom, tokens);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].count, kTokenListTokensMax);
  EXPECT_EQ(parts[1].count, 5u);
  EXPECT_LE(parts[0].bytes.size(), 5u);
  EXPECT_EQ(decode(parts[1].bytes)->front(), tokens[kTokenListTokensMax]);
}

TEST(TokenListDeathTest, TokensThatDoNotAscendAreABrokenInvariant) {
  const std::vector<ExpiringToken> twice{token(1, Lane::hour, 1), token(1, Lane::hour, 1)};
  EXPECT_DEATH((void)encode_token_list(kFrom, twice), "");
  const std::vector<ExpiringToken> early{token(0, Lane::hour, 1)};
  EXPECT_DEATH((void)encode_token_list(kFrom, early), "");
}

// SHA-256 of no bytes begins e3b0c442... (FIPS 180-4).
TEST(TokenList, DigestIsTheFirstHalfOfSha256) {
  const auto digest = token_list_digest("");
  EXPECT_EQ(hex({reinterpret_cast<const char*>(digest.data()), digest.size()}),
            "e3b0c44298fc1c149afbf4c8996fb924");
}

}  // namespace
}  // namespace tokenledger

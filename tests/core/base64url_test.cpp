#include "core/base64url.hpp"

#include <gtest/gtest.h>

#include <random>

namespace tokenledger {
namespace {

// RFC 4648 §10, and RFC 7515 appendix C for the two letters that differ.
struct EncodingCase {
  const char* name;
  std::string_view bytes;
  std::string_view url;
  std::string_view plain;
};
constexpr EncodingCase kEncodings[] = {
    {"Empty", "", "", ""},
    {"OneByte", "f", "Zg", "Zg=="},
    {"TwoBytes", "fo", "Zm8", "Zm8="},
    {"ThreeBytes", "foo", "Zm9v", "Zm9v"},
    {"FourBytes", "foob", "Zm9vYg", "Zm9vYg=="},
    {"FiveBytes", "fooba", "Zm9vYmE", "Zm9vYmE="},
    {"SixBytes", "foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"LettersThatDiffer", "\x03\xEC\xFF\xE0\xC1", "A-z_4ME", "A+z/4ME="},
};
class Base64Encoding : public testing::TestWithParam<EncodingCase> {};
TEST_P(Base64Encoding, FollowsRfc4648BothWays) {
  const auto& param = GetParam();
  EXPECT_EQ(base64url_encode(bytes_of(param.bytes)), param.url);
  EXPECT_EQ(base64url_decode(param.url), param.bytes);
  EXPECT_EQ(base64_encode(bytes_of(param.bytes)), param.plain);
  EXPECT_EQ(base64_decode(param.plain), param.bytes);
  EXPECT_EQ(base64url_length(param.bytes.size()), param.url.size());
  EXPECT_EQ(base64url_byte_count(param.url.size()), param.bytes.size());
}
INSTANTIATE_TEST_SUITE_P(Rfc4648, Base64Encoding, testing::ValuesIn(kEncodings),
                         [](const auto& info) { return std::string{info.param.name}; });

struct RefusedCase {
  const char* name;
  std::string_view text;
};
constexpr RefusedCase kRefusedUrl[] = {
    {"Padding", "Zg=="},
    {"OnePadding", "Zm8="},
    {"LoneLetter", "Z"},
    {"LoneLetterAfterAGroup", "Zm9vY"},
    {"StrayBitsInTwoLetters", "Zh"},
    {"StrayBitsInThreeLetters", "Zm9"},
    {"LeadingSpace", " Zg"},
    {"LineBreak", "Zm9v\n"},
    {"LineBreakInside", "Zm\n9"},
    {"PlusOfTheOtherAlphabet", "A+z_"},
    {"SlashOfTheOtherAlphabet", "A-z/"},
    {"Nul", std::string_view{"Zm9\0", 4}},
    {"HighByte", "Zm9\xC3"},
};
class Base64UrlRefusal : public testing::TestWithParam<RefusedCase> {};
TEST_P(Base64UrlRefusal, A03RefusesWhatIsNotCanonical) {
  EXPECT_EQ(base64url_decode(GetParam().text), std::nullopt);
}
INSTANTIATE_TEST_SUITE_P(Strict, Base64UrlRefusal, testing::ValuesIn(kRefusedUrl),
                         [](const auto& info) { return std::string{info.param.name}; });

constexpr RefusedCase kRefusedPlain[] = {
    {"NoPadding", "Zg"},
    {"ShortPadding", "Zg="},
    {"ThreePadding", "Z==="},
    {"OnlyPadding", "===="},
    {"PaddingInside", "Zg==Zm8="},
    {"StrayBits", "Zh=="},
    {"DashOfTheOtherAlphabet", "A-z/"},
    {"Space", "Zm 9"},
};
class Base64Refusal : public testing::TestWithParam<RefusedCase> {};
TEST_P(Base64Refusal, RefusesWhatIsNotCanonical) {
  EXPECT_EQ(base64_decode(GetParam().text), std::nullopt);
}
INSTANTIATE_TEST_SUITE_P(Strict, Base64Refusal, testing::ValuesIn(kRefusedPlain),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(Base64Url, RandomBytesReturnAndEveryAcceptedTextIsTheOnlyOne) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random{seed};
  for (int round = 0; round < 2'000; ++round) {
    std::string bytes(random() % 70, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    std::string text = base64url_encode(bytes_of(bytes));
    ASSERT_EQ(base64url_decode(text), bytes);
    if (text.empty()) continue;
    text[random() % text.size()] = static_cast<char>(random());
    const auto decoded = base64url_decode(text);
    if (decoded) {
      ASSERT_EQ(base64url_encode(bytes_of(*decoded)), text);
    }
  }
}

}  // namespace
}  // namespace tokenledger

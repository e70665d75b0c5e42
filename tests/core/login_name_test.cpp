// Logins: what may be one, and when two are the same.
#include "core/login_name.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tokenledger {
namespace {

struct LoginCase {
  const char* name;
  std::string login;
  const char* folded;  // null: refused
};

const std::string kLong(kLoginNameBytesMax, 'x');

const LoginCase kLoginCases[] = {
    {"AsciiCaseIsFolded", "Ada@EXAMPLE.org", "ada@example.org"},
    {"TheLetterBeforeAAndTheOneBehindZStay", "@[`{", "@[`{"},
    {"OtherLettersKeepTheirCase", "\u00C9mile", "\u00C9mile"},
    {"ADecomposedLetterIsAnotherName", "e\u0301", "e\u0301"},
    {"CyrillicIsNotLatin", "\u0430da", "\u0430da"},
    {"OneSpaceBetweenWords", "Ada Lovelace", "ada lovelace"},
    {"FourByteSequences", "\U0001F600", "\U0001F600"},
    {"TheGreatestCodePoint", "\U0010FFFF", "\U0010FFFF"},
    {"Longest", kLong, kLong.c_str()},
    {"Markup", "<script>", "<script>"},
    {"Empty", "", nullptr},
    {"TooLong", kLong + "x", nullptr},
    {"LeadingSpace", " ada", nullptr},
    {"TrailingSpace", "ada ", nullptr},
    {"TwoSpacesLookLikeOne", "ada  lovelace", nullptr},
    {"Nul", std::string{"a\0b", 3}, nullptr},
    {"LineFeed", "a\nb", nullptr},
    {"Tab", "a\tb", nullptr},
    {"Delete", "a\x7f", nullptr},
    {"NextLineOfC1", "a\u0085", nullptr},
    {"NoBreakSpace", "a\u00A0b", nullptr},
    {"IdeographicSpace", "a\u3000b", nullptr},
    {"EnQuad", "a\u2000b", nullptr},
    {"SoftHyphen", "a\u00ADb", nullptr},
    {"ZeroWidthSpace", "a\u200Bb", nullptr},
    {"ZeroWidthJoiner", "a\u200Db", nullptr},
    {"RightToLeftMark", "a\u200Fb", nullptr},
    {"RightToLeftOverride", "a\u202Eb", nullptr},
    {"PopDirectionalIsolate", "a\u2069", nullptr},
    {"ArabicLetterMark", "a\u061C", nullptr},
    {"LineSeparator", "a\u2028b", nullptr},
    {"HangulFiller", "\u3164", nullptr},
    {"VariationSelector", "a\uFE0F", nullptr},
    {"ByteOrderMark", "\uFEFFa", nullptr},
    {"TagCharacter", "a\U000E0061", nullptr},
    {"Overlong", "a\xC0\xAF", nullptr},
    {"Surrogate", "\xED\xA0\x80", nullptr},
    {"BeyondUnicode", "\xF4\x90\x80\x80", nullptr},
    {"CutSequence", "ada\xC3", nullptr},
};

class LoginName : public testing::TestWithParam<LoginCase> {};

TEST_P(LoginName, IsFoldedInAsciiOnlyOrRefused) {
  const auto folded = fold_login_name(GetParam().login);
  ASSERT_EQ(folded.has_value(), GetParam().folded != nullptr);
  if (!folded) return;
  EXPECT_EQ(*folded, GetParam().folded);
  EXPECT_EQ(*fold_login_name(*folded), *folded) << "folding twice changes nothing";
}

INSTANTIATE_TEST_SUITE_P(Rows, LoginName, testing::ValuesIn(kLoginCases),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(LoginNameErrors, TooLongIsToldFromMalformed) {
  EXPECT_EQ(fold_login_name(kLong + "x").error(), Errc::too_large);
  EXPECT_EQ(fold_login_name(" x").error(), Errc::invalid_argument);
}

// Each end of every refused range, and its neighbours, by way of the three rules that name them.
TEST(PersonText, TheNeighboursOfRefusedCodePointsPass) {
  for (const char* good : {"\u00A1", "\u00AC", "\u00AE", "\u034E", "\u0350", "\u1FFF", "\u2010",
                           "\u2027", "\u2030", "\u205E", "\u2070", "\u2FFF", "\u3001", "\uFDFF",
                           "\uFE10", "\uFEFE", "\uFFFC", "\U000DFFFF", "\U000E1000"}) {
    EXPECT_TRUE(is_person_text(good, 10)) << good;
  }
  EXPECT_FALSE(is_person_text("four", 3));
}

}  // namespace
}  // namespace tokenledger

#include "api/http_form.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace tokenledger {
namespace {

struct Case {
  const char* name;
  std::string text;
  std::optional<std::string> want;  // "name=value;" for each field; null: refused
};

using namespace std::string_literals;

const Case kCases[] = {
    {"Empty", "", ""},
    {"Plain", "grant_type=client_credentials&scope=a", "grant_type=client_credentials;scope=a;"},
    {"PlusIsSpace", "scope=read+write", "scope=read write;"},
    {"PlusEscaped", "a=%2B", "a=+;"},
    {"BothCases", "a=%2f%2F", "a=//;"},
    {"NoValue", "a&b=", "a=;b=;"},
    {"EqualsInValue", "a=b=c", "a=b=c;"},
    {"EmptyPieces", "&a=1&&b=2&", "a=1;b=2;"},
    {"NameEscaped", "%61=1", "a=1;"},
    {"AmpersandEscaped", "a=1%262", "a=1&2;"},
    {"DecodedOnce", "a=%2541", "a=%41;"},
    {"Utf8", "a=%C3%A9", "a=\xc3\xa9;"},
    {"NoName", "=1", std::nullopt},
    {"EscapeCut", "a=%4", std::nullopt},
    {"EscapeNotHex", "a=%4g", std::nullopt},
    {"EscapeAcrossFields", "a=%4&1=b", std::nullopt},
    {"Nul", "a=%00", std::nullopt},
    {"RawNul", "a=b\0"s, std::nullopt},
    {"Control", "a=%1f", std::nullopt},
    {"Utf8Broken", "a=%C3", std::nullopt},
    {"Utf8Overlong", "a=%C0%80", std::nullopt},
    {"Utf8Surrogate", "a=%ED%A0%80", std::nullopt},
};

class FormParse : public testing::TestWithParam<Case> {};
TEST_P(FormParse, IsStrict) {
  FormFields fields;
  const auto parsed = fields.parse(GetParam().text);
  ASSERT_EQ(parsed.has_value(), GetParam().want.has_value());
  std::string got;
  for (std::size_t index = 0; index < fields.size(); ++index)
    got += std::string{fields.name(index)} + "=" + std::string{fields.value(index)} + ";";
  EXPECT_EQ(got, GetParam().want.value_or(""));
}
INSTANTIATE_TEST_SUITE_P(Forms, FormParse, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(FormFields, ReportRepeatsUnlessAllowed) {
  FormFields fields;
  ASSERT_TRUE(fields.parse("resource=a&x=1&resource=b&x=2"));
  EXPECT_EQ(fields.first_repeated(), "resource");
  EXPECT_EQ(fields.first_repeated({"resource"}), "x");
  EXPECT_EQ(fields.first_repeated({"resource", "x"}), std::nullopt);
  EXPECT_EQ(fields.all("resource"), (std::vector<std::string_view>{"a", "b"}));
  EXPECT_EQ(fields.get("x"), "1");
  EXPECT_EQ(fields.get("y"), std::nullopt);
  EXPECT_EQ(fields.first_unknown({"x"}), "resource");
  EXPECT_EQ(fields.first_unknown({"x", "resource"}), std::nullopt);
}

TEST(FormFields, AreBoundedInNumber) {
  std::string text;
  for (std::size_t index = 0; index < kFormFieldCountMax; ++index)
    text += "a" + std::to_string(index) + "=1&";
  FormFields fields;
  EXPECT_TRUE(fields.parse(text));
  EXPECT_EQ(to_errc(fields.parse(text + "b=1").error()), Errc::too_large);
  EXPECT_EQ(fields.size(), 0u) << "a refused form leaves nothing behind";
}

TEST(FormFields, AppendedFieldsParseBackTheSame) {
  const std::string odd = " &=+%/?#\xc3\xa9\"<>";
  std::string text;
  append_form_field(text, odd, odd);
  append_form_field(text, "b", "");
  FormFields fields;
  ASSERT_TRUE(fields.parse(text));
  EXPECT_EQ(fields.get(odd), odd);
  EXPECT_EQ(fields.get("b"), "");
}

}  // namespace
}  // namespace tokenledger

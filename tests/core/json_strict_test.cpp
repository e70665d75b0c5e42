#include "core/json_strict.hpp"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <string>

namespace tokenledger {
namespace {

struct JsonCase {
  const char* name;
  std::string_view text;
  bool accepted;
};
constexpr JsonCase kCases[] = {
    {"Object", R"({"a":1,"b":[true,null,"x"],"c":{"a":1.5}})", true},
    {"SameNameAtDifferentLevels", R"({"a":{"a":{"a":1}}})", true},
    {"SameNameInSiblings", R"([{"a":1},{"a":2}])", true},
    {"WhiteSpaceAround", " {\"a\" : 1 }\r\n", true},
    {"BareNumber", "12", true},
    {"DuplicateName", R"({"a":1,"a":1})", false},
    {"DuplicateNameApart", R"({"a":1,"b":2,"a":3})", false},
    {"DuplicateNameInside", R"({"x":[{"y":{"a":1,"a":2}}]})", false},
    {"DuplicateNameAfterANestedObject", R"({"a":{"b":1},"a":2})", false},
    {"DuplicateNameByEscape", R"({"a":1,"\u0061":2})", false},
    {"DuplicateEmptyName", R"({"":1,"":2})", false},
    {"TwoValues", "{}{}", false},
    {"GarbageBehind", "{} x", false},
    {"Nul", std::string_view{"{}\0", 3}, false},
    {"TrailingComma", R"({"a":1,})", false},
    {"Comment", "{/* */}", false},
    {"SingleQuotes", "{'a':1}", false},
    {"NotUtf8", "{\"a\":\"\xFF\"}", false},
    {"LoneSurrogate", R"({"a":"\ud800"})", false},
    {"ByteOrderMark", "\xEF\xBB\xBF{}", false},
    {"ControlCharacterInText", "{\"a\":\"\n\"}", false},
    {"NumberBeyondDouble", R"({"a":1e999})", false},
    {"LeadingZero", R"({"a":01})", false},
    {"NotANumber", R"({"a":NaN})", false},
    {"Cut", R"({"a":1)", false},
    {"Empty", "", false},
};
class StrictJson : public testing::TestWithParam<JsonCase> {};
TEST_P(StrictJson, A03TakesOneMeaningOrNone) {
  EXPECT_EQ(parse_json_strict(GetParam().text).has_value(), GetParam().accepted);
}
INSTANTIATE_TEST_SUITE_P(Rfc8259, StrictJson, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(StrictJson, KeepsValuesWithLongEscapedNames) {
  const std::string name(3'000, 'n');
  const auto value = parse_json_strict("{\"" + name + "\\u0041\":\"" + name + "\\n\"}");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->as_object().at(name + "A").as_string(), name + "\n");
}

TEST(StrictJson, NestingIsBounded) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parse_json_strict(nested(kJsonDepthMax)));
  EXPECT_FALSE(parse_json_strict(nested(kJsonDepthMax + 1)));
  EXPECT_FALSE(parse_json_strict(nested(100'000)));
}

TEST(StrictJson, LengthIsBounded) {
  const std::string text = "\"" + std::string(kJsonBytesMax, 'a') + "\"";
  EXPECT_EQ(parse_json_strict(text).error(), make_error_code(Errc::too_large));
}

}  // namespace
}  // namespace tokenledger

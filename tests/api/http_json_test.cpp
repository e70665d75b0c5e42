#include "api/http_json.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <optional>

namespace tokenledger {
namespace {

std::string nested(std::size_t depth) {
  return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
}

std::string many_members(std::size_t count) {
  std::string text = "{";
  for (std::size_t index = 0; index < count; ++index)
    text += (index == 0 ? "\"" : ",\"") + std::to_string(index) + "\":0";
  return text + "}";
}

std::string many_values(std::size_t count) {
  std::string text = "{\"a\":[0";
  for (std::size_t index = 3; index < count; ++index) text += ",0";
  return text + "]}";
}

struct Case {
  const char* name;
  std::string text;
  std::optional<Errc> want;  // null: accepted
};

const Case kCases[] = {
    {"Empty", "{}", std::nullopt},
    {"Spaced", " {\"a\" : [1, 2.5, null, true, {\"b\":\"\"}]} \r\n", std::nullopt},
    {"DepthAtBound", nested(kJsonDepthMax), std::nullopt},
    {"DepthBeyond", nested(kJsonDepthMax + 1), Errc::too_large},
    {"MembersAtBound", many_members(kJsonMemberCountMax), std::nullopt},
    {"MembersBeyond", many_members(kJsonMemberCountMax + 1), Errc::too_large},
    {"ValuesAtBound", many_values(kJsonValueCountMax), std::nullopt},
    {"ValuesBeyond", many_values(kJsonValueCountMax + 1), Errc::too_large},
    {"Nothing", "", Errc::invalid_argument},
    {"Array", "[]", Errc::invalid_argument},
    {"Text", "\"a\"", Errc::invalid_argument},
    {"Trailing", "{} {}", Errc::invalid_argument},
    {"Cut", "{\"a\":1", Errc::invalid_argument},
    {"Duplicate", "{\"a\":1,\"a\":2}", Errc::invalid_argument},
    {"DuplicateByEscape", "{\"a\":1,\"\\u0061\":2}", Errc::invalid_argument},
    {"DuplicateInside", "{\"x\":[{\"a\":1,\"b\":{},\"a\":1}]}", Errc::invalid_argument},
    {"SameNameElsewhere", "{\"a\":{\"a\":1},\"b\":{\"a\":1}}", std::nullopt},
    {"Comment", "{/* */}", Errc::invalid_argument},
    {"TrailingComma", "{\"a\":1,}", Errc::invalid_argument},
    {"SingleQuotes", "{'a':1}", Errc::invalid_argument},
    {"LeadingZero", "{\"a\":01}", Errc::invalid_argument},
    {"NotANumber", "{\"a\":NaN}", Errc::invalid_argument},
    {"Utf8Broken", "{\"a\":\"\xff\"}", Errc::invalid_argument},
    {"Utf8Overlong", "{\"a\":\"\xc0\x80\"}", Errc::invalid_argument},
    {"LoneSurrogate", "{\"a\":\"\\ud800\"}", Errc::invalid_argument},
    {"RawControl", "{\"a\":\"\x01\"}", Errc::invalid_argument},
    {"ByteOrderMark", "\xef\xbb\xbf{}", Errc::invalid_argument},
};

class JsonParse : public testing::TestWithParam<Case> {};
TEST_P(JsonParse, IsStrict) {
  const auto parsed = parse_json_object(GetParam().text);
  ASSERT_EQ(parsed.has_value(), !GetParam().want.has_value());
  if (!parsed) {
    EXPECT_EQ(to_errc(parsed.error()), *GetParam().want);
  }
}
INSTANTIATE_TEST_SUITE_P(Rfc8259, JsonParse, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(JsonFields, ReadEveryType) {
  const auto body = parse_json_object(
      R"({"name":"a\u00e9\n","days":30,"flag":true,"scopes":["read","write"],"gone":null,"least":-9223372036854775808})");
  ASSERT_TRUE(body);
  JsonFields fields{*body};
  EXPECT_EQ(fields.required_string("name", 10), "a\xc3\xa9\n");
  EXPECT_EQ(fields.required_integer("days", 1, 30), 30);
  EXPECT_EQ(fields.required_integer("least", INT64_MIN, 0), INT64_MIN);
  EXPECT_TRUE(fields.required_bool("flag"));
  EXPECT_EQ(fields.required_strings("scopes", {2, 5}),
            (std::vector<std::string_view>{"read", "write"}));
  EXPECT_EQ(fields.optional_string("gone", 1), std::nullopt);
  EXPECT_EQ(fields.optional_string("never", 1), std::nullopt);
  EXPECT_FALSE(fields.fault()) << fields.fault()->message();
}

TEST(JsonFields, NameTheFirstFaultAndNeverItsValue) {
  const auto body = parse_json_object(
      R"({"text":"hunter2","big":18446744073709551615,"real":1.0,"list":["a",7],"long":["abc"]})");
  ASSERT_TRUE(body);
  using Kind = JsonFault::Kind;
  struct Row {
    std::function<void(JsonFields&)> read;
    Kind kind;
    const char* field;
  };
  const Row rows[] = {
      {[](auto& f) { f.required_string("none", 9); }, Kind::missing, "none"},
      {[](auto& f) { f.required_string("text", 6); }, Kind::too_long, "text"},
      {[](auto& f) { f.required_string("big", 6); }, Kind::wrong_type, "big"},
      {[](auto& f) { f.required_integer("text", 0, 9); }, Kind::wrong_type, "text"},
      {[](auto& f) { f.required_integer("big", 0, INT64_MAX); }, Kind::out_of_range, "big"},
      {[](auto& f) { f.required_integer("real", 0, 9); }, Kind::wrong_type, "real"},
      {[](auto& f) { f.required_bool("text"); }, Kind::wrong_type, "text"},
      {[](auto& f) { f.required_strings("text", {9, 9}); }, Kind::wrong_type, "text"},
      {[](auto& f) { f.required_strings("list", {9, 9}); }, Kind::wrong_type, "list[1]"},
      {[](auto& f) { f.required_strings("list", {1, 9}); }, Kind::too_long, "list"},
      {[](auto& f) { f.required_strings("long", {1, 2}); }, Kind::too_long, "long[0]"},
      {[](auto& f) { f.allow_only({"text", "big", "real", "list"}); }, Kind::unknown, "long"},
  };
  for (const auto& row : rows) {
    JsonFields fields{*body};
    row.read(fields);
    fields.required_string("later", 1);
    ASSERT_TRUE(fields.fault()) << row.field;
    EXPECT_EQ(fields.fault()->kind, row.kind) << row.field;
    EXPECT_EQ(fields.fault()->field, row.field);
    EXPECT_EQ(fields.fault()->message().find("hunter2"), std::string::npos);
  }
}

}  // namespace
}  // namespace tokenledger

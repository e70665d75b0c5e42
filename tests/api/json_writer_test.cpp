#include "api/json_writer.hpp"

#include <gtest/gtest.h>

#include "api/problem.hpp"

namespace tokenledger {
namespace {

TEST(JsonWriter, PutsCommasAndNamesWhereTheyBelong) {
  std::string out;
  JsonWriter json{&out};
  json.begin_object().member("a", 1).name("b").begin_array().value("x").value(true).null();
  json.begin_object().end_object().begin_array().end_array().end_array();
  json.member("c", std::uint64_t{18446744073709551615u}).member("d", std::int64_t{INT64_MIN});
  json.name("e").raw("{}").end_object();
  EXPECT_EQ(out, R"({"a":1,"b":["x",true,null,{},[]],"c":18446744073709551615,)"
                 R"("d":-9223372036854775808,"e":{}})");
  EXPECT_TRUE(json.is_complete());
}

TEST(JsonWriter, EscapesWhateverTextItGets) {
  const std::pair<std::string, const char*> rows[] = {
      {"plain", R"("plain")"},
      {"\"\\", R"("\"\\")"},
      {"\n\r\t", R"("\n\r\t")"},
      {std::string("\0\x1f\x7f", 3), R"("\u0000\u001f\u007f")"},
      {"</script>", R"("\u003c/script>")"},
      {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
      {"\xc3", "\"\xef\xbf\xbd\""},
      {"a\xff\xed\xa0\x80", "\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
      {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
  };
  for (const auto& [text, want] : rows) {
    std::string out;
    append_json_string(out, text);
    EXPECT_EQ(out, want);
  }
}

TEST(JsonWriterDeathTest, MisuseIsAnInvariant) {
  EXPECT_DEATH(
      {
        std::string out;
        JsonWriter{&out}.begin_object().value(1);
      },
      "invariant");
  EXPECT_DEATH(
      {
        std::string out;
        JsonWriter{&out}.begin_object().end_array();
      },
      "invariant");
}

TEST(Problem, FollowsRfc9457) {
  const auto response = problem(409, "not_active", "the token is revoked");
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body,
            R"({"type":"about:blank","title":"Conflict","status":409,"code":"not_active",)"
            R"("detail":"the token is revoked"})");
}

TEST(OauthError, FollowsRfc6749AndItsCharset) {
  const auto response = oauth_error(400, "invalid_grant", "a \"b\" \\ \xc3\xa9\n");
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, R"({"error":"invalid_grant","error_description":"a ?b? ? ???"})");
  EXPECT_NE(response.header_lines.find("Cache-Control: no-store\r\n"), std::string::npos);
  EXPECT_NE(response.header_lines.find("Pragma: no-cache\r\n"), std::string::npos);
}

}  // namespace
}  // namespace tokenledger

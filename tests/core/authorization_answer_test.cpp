#include "core/authorization_answer.hpp"

#include <gtest/gtest.h>

namespace tokenledger {
namespace {

constexpr std::string_view kIssuer = "https://as.example";
constexpr std::string_view kEscapedIssuer = "&iss=https%3A%2F%2Fas.example";

AnswerTarget target(std::string redirect_uri, AnswerPart part = AnswerPart::query,
                    std::string state = "s") {
  return {.redirect_uri = std::move(redirect_uri), .part = part, .state = std::move(state)};
}

struct QueryCase {
  const char* name;
  const char* redirect_uri;
  const char* start;
};
constexpr QueryCase kQueries[] = {
    {"None", "https://a.example/cb", "https://a.example/cb?code=c&state=s"},
    {"WithoutPath", "https://a.example", "https://a.example?code=c&state=s"},
    {"Kept", "https://a.example/cb?x=%26", "https://a.example/cb?x=%26&code=c&state=s"},
    {"Empty", "https://a.example/cb?", "https://a.example/cb?code=c&state=s"},
    {"OpenAtItsEnd", "https://a.example/cb?x=1&", "https://a.example/cb?x=1&code=c&state=s"},
    {"PrivateScheme", "com.example.app:/cb", "com.example.app:/cb?code=c&state=s"},
};
class AnswerQuery : public testing::TestWithParam<QueryCase> {};
TEST_P(AnswerQuery, Rfc6749KeepsWhatStandsThere) {
  EXPECT_EQ(code_answer_url(target(GetParam().redirect_uri), "c", kIssuer),
            std::string{GetParam().start}.append(kEscapedIssuer));
}
INSTANTIATE_TEST_SUITE_P(Rfc6749, AnswerQuery, testing::ValuesIn(kQueries),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(AuthorizationAnswer, A08StateIsEchoedWhateverItHolds) {
  std::string all;
  for (char letter = 0x20; letter < 0x7F; ++letter) all += letter;
  const auto url = code_answer_url(target("https://a.example/", AnswerPart::query, all), "c", "i");
  EXPECT_EQ(url,
            "https://a.example/?code=c&state="
            "%20%21%22%23%24%25%26%27%28%29%2A%2B%2C-.%2F0123456789%3A%3B%3C%3D%3E%3F%40"
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ%5B%5C%5D%5E_%60abcdefghijklmnopqrstuvwxyz%7B%7C%7D~&iss=i");
}

TEST(AuthorizationAnswer, AnEmptyStateIsLeftOut) {
  EXPECT_EQ(code_answer_url(target("https://a.example/", AnswerPart::query, ""), "c", "i"),
            "https://a.example/?code=c&iss=i");
}

TEST(AuthorizationAnswer, Row16ErrorsNameTheIssuerToo) {
  EXPECT_EQ(error_answer_url(target("https://a.example/"), AuthorizationError::invalid_scope,
                             "the scope is malformed", kIssuer),
            std::string{"https://a.example/?error=invalid_scope&error_description="
                        "the%20scope%20is%20malformed&state=s"}
                .append(kEscapedIssuer));
}

TEST(AuthorizationAnswer, A08TokenTravelsInTheFragment) {
  const auto implicit = target("https://a.example/cb?x=1", AnswerPart::fragment);
  EXPECT_EQ(
      token_answer_url(implicit, {.access_token = "t", .expires_in_s = 86'400, .scope = {}}, "i"),
      "https://a.example/cb?x=1#access_token=t&token_type=Bearer&expires_in=86400&state=s&iss=i");
  EXPECT_EQ(token_answer_url(implicit,
                             {.access_token = "t", .expires_in_s = 1, .scope = "read write"}, "i"),
            "https://a.example/cb?x=1#access_token=t&token_type=Bearer&expires_in=1"
            "&scope=read%20write&state=s&iss=i");
  const auto with_nonce = token_answer_url(
      implicit, {.access_token = "t", .expires_in_s = 1, .scope = {}, .nonce = "a&b"}, "i");
  EXPECT_TRUE(with_nonce.ends_with("&state=s&iss=i&nonce=a%26b")) << with_nonce;
  EXPECT_EQ(error_answer_url(implicit, AuthorizationError::access_denied, {}, "i"),
            "https://a.example/cb?x=1#error=access_denied&state=s&iss=i");
}

TEST(AuthorizationAnswer, ATokenNeverTravelsInAQuery) {
  EXPECT_DEATH((void)token_answer_url(target("https://a.example/"), {.access_token = "t"}, "i"),
               "fragment");
}

TEST(AuthorizationAnswer, EveryErrorHasItsOwnName) {
  std::string all;
  for (int error = 0; error <= static_cast<int>(AuthorizationError::registration_not_supported);
       ++error) {
    const auto name = error_name(static_cast<AuthorizationError>(error));
    EXPECT_EQ(all.find("(" + std::string{name} + ")"), std::string::npos) << name;
    all.append("(").append(name).append(")");
  }
}

}  // namespace
}  // namespace tokenledger

// The pure parts of an authorization request on its way through pages.
#include "api/authorization_ask.hpp"

#include <gtest/gtest.h>

#include "api/authorization_run.hpp"

namespace tokenledger {
namespace {

TEST(AuthorizationAsk, AfterASignInNothingAsksForAnother) {
  const std::pair<std::string_view, std::string_view> kRows[] = {
      {"client_id=a&state=b%20c", "client_id=a&state=b%20c"},
      {"client_id=a&prompt=login&state=b", "client_id=a&state=b"},
      {"prompt=select_account", ""},
      {"prompt=login%20consent&client_id=a", "prompt=consent&client_id=a"},
      {"prompt=consent+login", "prompt=consent"},
      {"pr%6Fmpt=login&client_id=a", "client_id=a"},
      {"max_age=0&client_id=a", "client_id=a"},
      {"max_age=000&client_id=a", "client_id=a"},
      {"max_age=10&client_id=a", "max_age=10&client_id=a"},
      {"max_age=&client_id=a", "max_age=&client_id=a"},
      {"&&client_id=a&", "client_id=a"},
      {"", ""}};
  for (const auto& [query, expected] : kRows) EXPECT_EQ(after_sign_in(query), expected) << query;
}

TEST(AuthorizationAsk, AConsentFormsTextComesBackAsItWas) {
  const std::pair<ShownConsent, std::string_view> kRows[] = {
      {{ApiNumber{1}, {0, 0}}, ""},
      {{ApiNumber{UINT32_MAX}, {UINT64_MAX, UINT64_MAX}}, "client_id=a&scope=1.2.3."},
      {{ApiNumber{7}, {5, 2}}, "..."}};
  for (const auto& [shown, query] : kRows) {
    const auto text = consent_request(shown, query);
    const auto parsed = parse_consent_request(text);
    ASSERT_TRUE(parsed.has_value()) << text;
    EXPECT_EQ(parsed->shown.api, shown.api);
    EXPECT_EQ(parsed->shown.scopes, shown.scopes);
    EXPECT_EQ(parsed->query, query);
  }
}

TEST(AuthorizationAsk, ATextThatNoPageMadeIsNoConsent) {
  for (const std::string_view text :
       {"", ".", "...", "1", "1.2", "1.2.3", "1..3.q", "x.2.3.q", "-1.2.3.q", "+1.2.3.q",
        " 1.2.3.q", "100000000.2.3.q", "1.10000000000000000.3.q", "client_id=a"})
    EXPECT_FALSE(parse_consent_request(text).has_value()) << text;
}

TEST(AuthorizationAsk, MasksSayWhatIsMissing) {
  const ScopeMasks asked{.scopes = 7, .identity = 3};
  EXPECT_EQ(asked.without({.scopes = 2, .identity = 3}), (ScopeMasks{.scopes = 5, .identity = 0}));
  EXPECT_TRUE(asked.without(asked).empty());
  EXPECT_FALSE((ScopeMasks{.scopes = 0, .identity = 1}).empty());
}

}  // namespace
}  // namespace tokenledger

// Forms that others made are refused.
#include "api/form_guard.hpp"

#include <gtest/gtest.h>

#include "api/browser_cookie.hpp"
#include "api/web_origin.hpp"

namespace tokenledger {
namespace {

constexpr FormPurpose kPurposes[] = {FormPurpose::sign_in, FormPurpose::consent,
                                     FormPurpose::withdraw, FormPurpose::change_password,
                                     FormPurpose::sign_out};

TEST(FormGuard, ATokenIsGoodForItsFormOnly) {
  const FormGuard guard;
  const auto cookie = make_cookie_value();
  const auto other_cookie = make_cookie_value();
  for (const auto purpose : kPurposes) {
    const FormGuard::Form form{purpose, cookie, "client_id=a&state=1"};
    const auto token = guard.token_for(form);
    EXPECT_EQ(token.size(), 43u);
    EXPECT_TRUE(guard.is_genuine(form, token));
    for (const auto other : kPurposes)
      EXPECT_EQ(guard.is_genuine({other, cookie, form.request}, token), other == purpose);
    EXPECT_FALSE(guard.is_genuine({purpose, other_cookie, form.request}, token));
    EXPECT_FALSE(guard.is_genuine({purpose, cookie, "client_id=a&state=2"}, token));
    EXPECT_FALSE(guard.is_genuine({purpose, cookie, {}}, token));
    EXPECT_FALSE(FormGuard{}.is_genuine(form, token)) << "of another process";
  }
}

TEST(FormGuard, NoTokenIsGoodWithoutACookie) {
  const FormGuard guard;
  const FormGuard::Form form{FormPurpose::sign_in, {}, "x"};
  EXPECT_FALSE(guard.is_genuine(form, guard.token_for(form)));
}

TEST(FormGuard, CookieAndRequestDoNotRunIntoEachOther) {
  const FormGuard guard;
  const auto token = guard.token_for({FormPurpose::consent, "ab", "c"});
  EXPECT_FALSE(guard.is_genuine({FormPurpose::consent, "a", "bc"}, token));
}

TEST(FormGuard, EveryChangedCharacterOfATokenIsNoticed) {
  const FormGuard guard;
  const FormGuard::Form form{FormPurpose::consent, "cookie", "request"};
  const auto token = guard.token_for(form);
  for (std::size_t index = 0; index < token.size(); ++index) {
    auto changed = token;
    changed[index] = changed[index] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(guard.is_genuine(form, changed));
  }
  for (const auto& wrong : {std::string{}, token.substr(1), token + "A", token + "="})
    EXPECT_FALSE(guard.is_genuine(form, wrong));
}

struct OriginCase {
  const char* name;
  const char* origin;
  const char* fetch_site;
  bool is_own;
};
constexpr OriginCase kOriginCases[] = {
    {"OurOwn", "https://login.example", "same-origin", true},
    {"OldBrowserSendsNeither", "", "", true},
    {"OnlyOrigin", "https://login.example", "", true},
    {"OnlyFetchSite", "", "same-origin", true},
    {"TypedByTheUser", "", "none", true},
    {"ForeignOrigin", "https://evil.example", "", false},
    {"ForeignOriginThatClaimsToBeOurs", "https://evil.example", "same-origin", false},
    {"SandboxedFrame", "null", "cross-site", false},
    {"NullAlone", "null", "", false},
    {"OtherScheme", "http://login.example", "", false},
    {"OtherPort", "https://login.example:8443", "", false},
    {"Prefix", "https://login.example.evil.example", "", false},
    {"WithAPath", "https://login.example/", "", false},
    {"OtherCase", "https://LOGIN.example", "", false},
    {"CrossSite", "", "cross-site", false},
    {"Neighbour", "", "same-site", false},
    {"NeighbourWithOurOrigin", "https://login.example", "same-site", false},
    {"UnknownWord", "", "Same-Origin", false},
    {"List", "https://login.example https://evil.example", "", false},
};
TEST(OwnForm, OriginAndFetchSiteMustBeOursWhereTheyAreSent) {
  for (const auto& each : kOriginCases) {
    EXPECT_EQ(is_own_form("https://Login.example:443/tenant", each.origin, each.fetch_site),
              each.is_own)
        << each.name;
  }
  EXPECT_FALSE(is_own_form("no url", "null", "")) << "an issuer without origin owns no form";
}

}  // namespace
}  // namespace tokenledger

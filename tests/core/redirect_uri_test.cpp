#include "core/redirect_uri.hpp"

#include <gtest/gtest.h>

#include "core/event.hpp"

namespace tokenledger {
namespace {

struct UriCase {
  const char* name;
  std::string_view uri;
};
std::string name_of(const testing::TestParamInfo<UriCase>& info) { return info.param.name; }

constexpr UriCase kGood[] = {
    {"Https", "https://app.example/cb"},
    {"HttpsWithoutPath", "https://app.example"},
    {"HttpsWithPort", "https://app.example:8443/cb"},
    {"HttpsWithQuery", "https://app.example/cb?tenant=a&x=%C3%A4"},
    {"HttpsIpv6", "https://[2001:db8::1]:8443/cb"},
    {"NameThatOnlyBeginsLikeAnAnswer", "https://app.example/cb?codes=1&xstate=2"},
    {"LoopbackIpv4", "http://127.0.0.1/cb"},
    {"LoopbackIpv4Port", "http://127.0.0.1:49152/cb"},
    {"LoopbackIpv6", "http://[::1]:8080/cb"},
    {"Localhost", "http://localhost:3000/cb"},
    {"PrivateScheme", "com.example.app:/cb"},
    {"PrivateSchemeWithAuthority", "com.example.app://callback/cb"},
};
class GoodRedirectUri : public testing::TestWithParam<UriCase> {};
TEST_P(GoodRedirectUri, MayBeRegistered) { EXPECT_TRUE(check_redirect_uri(GetParam().uri)); }
INSTANTIATE_TEST_SUITE_P(Rfc8252, GoodRedirectUri, testing::ValuesIn(kGood), name_of);

constexpr UriCase kBad[] = {
    {"Empty", ""},
    {"Relative", "/cb"},
    {"WithoutScheme", "//app.example/cb"},
    {"SchemeOnly", "https:"},
    {"WithoutAuthority", "https:/app.example/cb"},
    {"WithoutHost", "https:///cb"},
    {"HostOnlyPort", "https://:443/cb"},
    {"UpperCaseScheme", "HTTPS://app.example/cb"},
    {"Fragment", "https://app.example/cb#x"},
    {"EmptyFragment", "https://app.example/cb#"},
    {"UserInformation", "https://app.example@evil.example/cb"},
    {"UserAndPassword", "https://a:b@evil.example/cb"},
    {"WildcardHost", "https://*.app.example/cb"},
    {"WildcardPath", "https://app.example/*"},
    {"PlainHttp", "http://app.example/cb"},
    {"LoopbackLookalike", "http://127.0.0.1.evil.example/cb"},
    {"LocalhostLookalike", "http://localhost.evil.example/cb"},
    {"LoopbackAsUser", "http://127.0.0.1@evil.example/cb"},
    {"LoopbackAsUserWithPort", "http://127.0.0.1:80@evil.example/cb"},
    {"OtherLoopbackSpelling", "http://127.1/cb"},
    {"Ipv6LoopbackLookalike", "http://[::1].evil.example/cb"},
    {"OpenBracket", "https://[::1/cb"},
    {"BracketsWithoutAddress", "https://[]/cb"},
    {"Script", "javascript:alert(1)"},
    {"ScriptThatLooksLikeAnAddress", "javascript://app.example/%0aalert(1)"},
    {"Data", "data:text/html,x"},
    {"File", "file:///etc/passwd"},
    {"Urn", "urn:ietf:wg:oauth:2.0:oob"},
    {"PrivateSchemeWithoutDot", "myapp://callback"},
    {"PrivateSchemeEndsWithDot", "myapp.:/callback"},
    {"PrivateSchemeWithoutPath", "com.example.app:"},
    {"PrivateSchemeOpaque", "com.example.app:callback"},
    {"PrivateSchemeUpperCase", "Com.example.app:/cb"},
    {"PrivateSchemeBeginsWithDigit", "9com.example.app:/cb"},
    {"PrivateSchemeBeginsWithDot", ".app:/cb"},
    {"PrivateSchemeUser", "com.example.app://a@b/cb"},
    {"PortZero", "https://app.example:0/cb"},
    {"PortTooBig", "https://app.example:65536/cb"},
    {"PortEmpty", "https://app.example:/cb"},
    {"PortLeadingZero", "https://app.example:0443/cb"},
    {"PortTwice", "https://app.example:1:2/cb"},
    {"Space", "https://app.example/c b"},
    {"LineBreak", "https://app.example/cb\r\nSet-Cookie:a=b"},
    {"Nul", std::string_view{"https://app.example/\0", 21}},
    {"Backslash", "https://app.example\\@evil.example/cb"},
    {"Quote", "https://app.example/\"cb"},
    {"NotAscii", "https://app.ex\xC3\xA4mple/cb"},
    {"ZeroWidthSpace", "https://app.example\xE2\x80\x8B/cb"},
    {"BrokenEscape", "https://app.example/%4"},
    {"EscapeOfALetter", "https://app.example/cb?%63ode=1"},
    {"NamesCode", "https://app.example/cb?code=1"},
    {"NamesState", "https://app.example/cb?a=1&state=2"},
    {"NamesIssuerWithoutValue", "https://app.example/cb?a&iss"},
    {"NamesErrorBehindSemicolon", "https://app.example/cb?a=1;error=x"},
    {"NamesAccessToken", "https://app.example/cb?access_token="},
};
class BadRedirectUri : public testing::TestWithParam<UriCase> {};
TEST_P(BadRedirectUri, RegistrationRow02IsRefused) {
  EXPECT_EQ(check_redirect_uri(GetParam().uri).error(), Errc::invalid_argument);
}
INSTANTIATE_TEST_SUITE_P(Rfc9700, BadRedirectUri, testing::ValuesIn(kBad), name_of);

TEST(RedirectUri, HasABound) {
  const std::string start = "https://app.example/";
  EXPECT_TRUE(check_redirect_uri(start + std::string(kRedirectUriBytesMax - start.size(), 'a')));
  EXPECT_EQ(
      check_redirect_uri(start + std::string(kRedirectUriBytesMax - start.size() + 1, 'a')).error(),
      Errc::too_large);
}

struct MatchCase {
  const char* name;
  std::string_view registered;
  std::string_view requested;
  bool with_fixed_port;
  bool with_any_port;
};
constexpr MatchCase kMatches[] = {
    {"Same", "https://a.example/cb", "https://a.example/cb", true, true},
    {"Row02Case", "https://a.example/cb", "https://a.example/CB", false, false},
    {"Row02CaseOfHost", "https://a.example/cb", "https://A.example/cb", false, false},
    {"Row02TrailingSlash", "https://a.example/cb", "https://a.example/cb/", false, false},
    {"Row02ExtraQuery", "https://a.example/cb", "https://a.example/cb?x=1", false, false},
    {"Row02Fragment", "https://a.example/cb", "https://a.example/cb#", false, false},
    {"Prefix", "https://a.example/cb", "https://a.example/cb.evil.example", false, false},
    {"HttpsPort", "https://a.example/cb", "https://a.example:443/cb", false, false},
    {"LoopbackSamePort", "http://127.0.0.1:1/cb", "http://127.0.0.1:1/cb", true, true},
    {"LoopbackOtherPort", "http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb", false, true},
    {"LoopbackPortAdded", "http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", false, true},
    {"LoopbackPortLeftOut", "http://[::1]:1/cb", "http://[::1]/cb", false, true},
    {"LoopbackOtherFamily", "http://127.0.0.1/cb", "http://[::1]/cb", false, false},
    {"LoopbackOtherPath", "http://127.0.0.1:1/cb", "http://127.0.0.1:2/cd", false, false},
    {"LoopbackOtherQuery", "http://127.0.0.1:1/cb?a=1", "http://127.0.0.1:2/cb", false, false},
    {"LoopbackHttps", "http://127.0.0.1:1/cb", "https://127.0.0.1:2/cb", false, false},
    {"HttpsLoopbackPort", "https://127.0.0.1:1/cb", "https://127.0.0.1:2/cb", false, false},
    {"LocalhostPort", "http://localhost:1/cb", "http://localhost:2/cb", false, false},
    {"PortOfUser", "http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb", false, false},
    {"PortNotANumber", "http://127.0.0.1/cb", "http://127.0.0.1:x/cb", false, false},
    {"PortTooBig", "http://127.0.0.1/cb", "http://127.0.0.1:65536/cb", false, false},
    {"PortEmpty", "http://127.0.0.1/cb", "http://127.0.0.1:/cb", false, false},
    {"Lookalike", "http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", false, false},
    {"PrivateScheme", "com.example.app:/cb", "com.example.app:/cb", true, true},
    {"PrivateSchemePort", "com.example.app://h:1/", "com.example.app://h:2/", false, false},
    {"Nothing", "https://a.example/cb", "", false, false},
};
class RedirectUriMatch : public testing::TestWithParam<MatchCase> {};
TEST_P(RedirectUriMatch, A08IsExactButForTheLoopbackPort) {
  const auto& row = GetParam();
  EXPECT_EQ(is_redirect_uri_match(row.registered, row.requested, LoopbackPort::as_registered),
            row.with_fixed_port);
  EXPECT_EQ(is_redirect_uri_match(row.registered, row.requested, LoopbackPort::any),
            row.with_any_port);
}
INSTANTIATE_TEST_SUITE_P(Rfc8252, RedirectUriMatch, testing::ValuesIn(kMatches),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(RedirectUri, FirstOfSeveralThatMatchesIsFound) {
  const std::string registered[] = {"https://a.example/1", "http://127.0.0.1/",
                                    "https://b.example/"};
  const auto find = [&](std::string_view uri) {
    return find_redirect_uri(registered, uri, LoopbackPort::any);
  };
  EXPECT_EQ(find("https://b.example/"), 2u);
  EXPECT_EQ(find("http://127.0.0.1:7/"), 1u);
  EXPECT_EQ(find("https://b.example"), std::nullopt);
  EXPECT_EQ(find_redirect_uri({}, "https://a.example/1", LoopbackPort::any), std::nullopt);
}

}  // namespace
}  // namespace tokenledger

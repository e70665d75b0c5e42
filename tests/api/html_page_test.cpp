// The pages as bytes: nothing that came from outside is markup, and the policy fits what is there.
#include "api/html_page.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <string>

#include "api/web_origin.hpp"
#include "core/base64url.hpp"
#include "core/sha256.hpp"
#include "tests/browser/sample_pages.hpp"

namespace tokenledger::test {
namespace {

const std::string kIssuer = "https://login.example.org/tenant";

std::string escaped(std::string_view text) {
  std::string out;
  append_html_escaped(out, text);
  return out;
}

// Name to value; a name that comes twice fails.
std::map<std::string, std::string> headers_of(const HttpResponse& response) {
  std::map<std::string, std::string> headers;
  std::string_view lines = response.header_lines;
  while (!lines.empty()) {
    const auto line = lines.substr(0, lines.find("\r\n"));
    lines.remove_prefix(line.size() + 2);
    const auto colon = line.find(": ");
    EXPECT_TRUE(headers.emplace(line.substr(0, colon), std::string{line.substr(colon + 2)}).second);
  }
  return headers;
}

struct EscapeCase {
  const char* name;
  std::string text;
  const char* want;
};
const EscapeCase kEscapeCases[] = {
    {"Plain", "Ada", "Ada"},
    {"Markup", "<b a=\"x\" c='y'>&amp;", "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;amp;"},
    {"OtherScripts", "\u00E9\u6F22\U0001F600", "\u00E9\u6F22\U0001F600"},
    {"TabAndLineFeedStay", "a\tb\nc", "a\tb\nc"},
    {"ControlsAreReplaced", std::string{"a\0b\x1f\x7f\r", 6}, "a\uFFFDb\uFFFD\uFFFD\uFFFD"},
    {"BrokenUtf8IsReplaced", "a\xC3(\xE2\x82", "a\uFFFD(\uFFFD\uFFFD"},
    {"OverlongIsNoBracket", "\xC0\xBCscript>", "\uFFFD\uFFFDscript&gt;"},
    {"Empty", "", ""},
};
class HtmlEscape : public testing::TestWithParam<EscapeCase> {};
TEST_P(HtmlEscape, LeavesOnlyText) { EXPECT_EQ(escaped(GetParam().text), GetParam().want); }
INSTANTIATE_TEST_SUITE_P(Rows, HtmlEscape, testing::ValuesIn(kEscapeCases),
                         [](const auto& info) { return std::string{info.param.name}; });

// Every tag and attribute name of a page, in order: what a name could add to.
std::string skeleton_of(const std::string& body) {
  static const std::regex tag{"<(/?[a-z0-9]+|!doctype)((?: [a-z-]+(?:=\"[^\"]*\")?|\\s)*)>"};
  static const std::regex attribute{"([a-z-]+)(?:=\"[^\"]*\")?"};
  std::string skeleton;
  for (std::sregex_iterator next{body.begin(), body.end(), tag}, last; next != last; ++next) {
    skeleton += (*next)[1].str();
    const std::string attributes = (*next)[2].str();
    for (std::sregex_iterator each{attributes.begin(), attributes.end(), attribute}; each != last;
         ++each)
      skeleton += " " + (*each)[1].str();
    skeleton += "\n";
  }
  return skeleton;
}

class EveryPage : public testing::TestWithParam<NamedPage> {};

TEST_P(EveryPage, HasNoMarkupBeyondOurOwnWhateverTheNames) {
  const std::string& body = GetParam().response.body;
  EXPECT_EQ(body.find("<script"), std::string::npos);
  EXPECT_EQ(body.find("<img"), std::string::npos);
  // Each '<' begins one of our tags: none is left over.
  const auto opened = static_cast<std::size_t>(std::ranges::count(body, '<'));
  const std::string skeleton = skeleton_of(body);
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(skeleton, '\n')), opened);
}

TEST_P(EveryPage, HasThePolicyWhoseHashIsThatOfItsOnlyStyleSheet) {
  const auto& response = GetParam().response;
  const auto begin = response.body.find("<style>") + 7;
  const auto end = response.body.find("</style>");
  ASSERT_LT(begin, end);
  EXPECT_EQ(response.body.find("<style>", begin), std::string::npos);
  EXPECT_EQ(response.body.find(" style="), std::string::npos) << "the policy would block it";
  const auto hash = base64_encode(sha256(response.body.substr(begin, end - begin)));
  auto headers = headers_of(response);
  const auto policy = headers["Content-Security-Policy"];
  EXPECT_NE(policy.find("default-src 'none'; style-src 'sha256-" + hash +
                        "'; img-src 'self'; form-action 'self'"),
            std::string::npos)
      << policy;
  EXPECT_TRUE(policy.ends_with("; frame-ancestors 'none'; base-uri 'none'")) << policy;
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
}

TEST_P(EveryPage, HasEveryHeaderOfAPage) {
  auto headers = headers_of(GetParam().response);
  EXPECT_EQ(GetParam().response.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(headers["Cache-Control"], "no-store");
  EXPECT_EQ(headers["Referrer-Policy"], "same-origin");
  EXPECT_EQ(headers["X-Content-Type-Options"], "nosniff");
  EXPECT_EQ(headers["X-Frame-Options"], "DENY");
  EXPECT_EQ(headers.count("Access-Control-Allow-Origin"), 0u);
  EXPECT_FALSE(GetParam().response.is_broken);
}

TEST_P(EveryPage, IsReadableWithoutSeeingIt) {
  const std::string& body = GetParam().response.body;
  EXPECT_NE(body.find("<html lang=\"en\">"), std::string::npos);
  EXPECT_NE(body.find("<main>"), std::string::npos);
  EXPECT_EQ(body.find("<h1>"), body.rfind("<h1>")) << "one heading of the first order";
  EXPECT_NE(body.find("width=device-width"), std::string::npos);
  EXPECT_EQ(body.find("maximum-scale"), std::string::npos);
  // Each field that is shown has a label.
  static const std::regex field{"<input id=\"([a-z]+)\""};
  for (std::sregex_iterator next{body.begin(), body.end(), field}, last; next != last; ++next)
    EXPECT_NE(body.find("<label for=\"" + (*next)[1].str() + "\">"), std::string::npos);
  const bool is_fault = body.find("<title>Error: ") != std::string::npos;
  const bool is_told = body.find("role=\"alert\"") != std::string::npos ||
                       GetParam().response.status == 400 || GetParam().name == "stale";
  EXPECT_EQ(is_fault, is_told);
}

TEST_P(EveryPage, SendsItsFormsBelowTheIssuersPathAndNowhereElse) {
  const std::string& body = GetParam().response.body;
  static const std::regex form{"<form ([^>]*)>"};
  for (std::sregex_iterator next{body.begin(), body.end(), form}, last; next != last; ++next)
    EXPECT_TRUE((*next)[1].str().starts_with("method=\"post\" action=\"/tenant/oauth/"));
}

INSTANTIATE_TEST_SUITE_P(Samples, EveryPage, testing::ValuesIn(sample_pages({.issuer = kIssuer})),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(Pages, AHostileNameGivesThePageOfAPlainOne) {
  const PageSite site{.issuer = kIssuer};
  EXPECT_EQ(skeleton_of(sample_page("consent", site)->body),
            skeleton_of(sample_page("consent-hostile", site)->body));
  EXPECT_EQ(skeleton_of(sample_page("account", site)->body),
            skeleton_of(sample_page("account-hostile", site)->body));
  EXPECT_EQ(skeleton_of(sample_page("sign-in-wrong", site)->body),
            skeleton_of(sample_page("sign-in-hostile", site)->body));
  // The check above can fail: another page has another skeleton.
  EXPECT_NE(skeleton_of(sample_page("consent", site)->body),
            skeleton_of(sample_page("consent-more", site)->body));
}

TEST(Pages, ANameOfOthersIsSetApartFromTheWordsAroundIt) {
  const auto body = sample_consent({.issuer = kIssuer}, kHostileNames, false).body;
  const auto name = escaped(kHostileName);
  std::size_t count = 0;
  for (auto at = body.find(name); at != std::string::npos; at = body.find(name, at + 1)) {
    const bool is_field = body.compare(at - 7, 7, "value=\"") == 0;
    EXPECT_TRUE(is_field || body.compare(at - 5, 5, "<bdi>") == 0) << body.substr(at - 40, 60);
    ++count;
  }
  EXPECT_GE(count, 7u);
}

TEST(Pages, AHiddenFieldHoldsExactlyTheRequest) {
  const std::string request = "client_id=a%26b&state=\"'<>&amp;\u00E9";
  const auto body = sign_in_page({.site = {.issuer = kIssuer}, .request = request}).body;
  EXPECT_NE(body.find("name=\"request\" value=\"" + escaped(request) + "\""), std::string::npos);
}

TEST(Pages, A09ConsentListsExactlyTheScopesItIsGiven) {
  const auto listed = [](bool is_more) {
    const auto body = sample_consent({.issuer = kIssuer}, kPlainNames, is_more).body;
    std::size_t count = 0;
    for (auto at = body.find("<li>"); at != std::string::npos; at = body.find("<li>", at + 1))
      ++count;
    return count;
  };
  EXPECT_EQ(listed(false), 5u);
  EXPECT_EQ(listed(true), 3u);
  const auto body = sample_consent({.issuer = kIssuer}, kPlainNames, true).body;
  EXPECT_NE(body.find("beyond what you allowed before"), std::string::npos);
  EXPECT_EQ(body.find("autofocus"), std::string::npos) << "nobody allows by typing on";
}

TEST(Pages, WrongPasswordAndTooManyAttemptsHaveTheirStatusAndKeepTheName) {
  const PageSite site{.issuer = kIssuer};
  const auto wrong = *sample_page("sign-in-wrong", site);
  EXPECT_EQ(wrong.status, 200);
  EXPECT_NE(wrong.body.find("value=\"ada@example.org\""), std::string::npos);
  auto limited = *sample_page("sign-in-limited", site);
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(headers_of(limited)["Retry-After"], "30");
  EXPECT_NE(limited.body.find("Try again in 30 seconds."), std::string::npos);
}

TEST(Pages, OnlyOnesOwnConsentsCanBeWithdrawn) {
  const auto body = sample_page("account", {.issuer = kIssuer})->body;
  static const std::regex button{"name=\"consent\" value=\"([^\"]*)\""};
  std::string ids;
  for (std::sregex_iterator next{body.begin(), body.end(), button}, last; next != last; ++next)
    ids += (*next)[1].str() + ";";
  EXPECT_EQ(ids, "1;2;ada@example.org;");
  EXPECT_NE(body.find("allowed for your group by an administrator"), std::string::npos);
}

struct SourceCase {
  const char* redirect_uri;
  const char* want;
};
const SourceCase kSourceCases[] = {
    {"https://app.example/callback?x=1", "https://app.example"},
    {"https://APP.example:8443/", "https://app.example:8443"},
    {"https://app.example:443/cb", "https://app.example"},
    {"https://app.example", "https://app.example"},
    {"http://127.0.0.1:49152/cb", "http://127.0.0.1:49152"},
    {"http://localhost/cb", "http://localhost"},
    {"http://[::1]:5000/cb", "http:"},
    {"com.example.app:/cb", "com.example.app:"},
    {"com.example.app://cb", "com.example.app:"},
    {"", ""},
    {"javascript:alert(1)", ""},
    {"data:text/html,x", ""},
    {"https://", ""},
    {"https://a;script-src *", ""},
    {"https://a,b/", ""},
    {"https://a b/", ""},
    {"https://'unsafe-inline'/", ""},
    {"https://*/", ""},
    {"https://user@app.example/", ""},
    {"com.example; x:/cb", ""},
};
TEST(FormAction, NamesTheClientsOriginAndNothingThatEndsTheDirective) {
  for (const auto& each : kSourceCases) {
    EXPECT_EQ(form_action_source(each.redirect_uri), each.want) << each.redirect_uri;
    const auto policy = page_policy(each.redirect_uri);
    EXPECT_EQ(std::ranges::count(policy, ';'), 5) << policy;
    EXPECT_EQ(policy.find(','), std::string::npos);
  }
}

TEST(Origins, AreWrittenAsBrowsersDo) {
  EXPECT_EQ(origin_of("https://Login.Example.org:443/tenant"), "https://login.example.org");
  EXPECT_EQ(origin_of("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
  EXPECT_EQ(origin_of("http://h:443/"), "http://h:443");
  EXPECT_EQ(origin_of("HTTPS://h"), "https://h");
  for (const char* none : {"", "h", "ftp://h/", "https://", "https:///x", "https://u:p@h/"})
    EXPECT_EQ(origin_of(none), "") << none;
  EXPECT_EQ(place_name_of("https://login.example.org:8443/x"), "login.example.org:8443");
  EXPECT_EQ(place_name_of("com.example.app:/x"), "com.example.app");
  EXPECT_EQ(base_path_of("https://h"), "");
  EXPECT_EQ(base_path_of("https://h/"), "");
  EXPECT_EQ(base_path_of("https://h/a/b/"), "/a/b");
  EXPECT_EQ(base_path_of("https://h//evil.example"), "") << "would name another server";
  EXPECT_EQ(base_path_of("https://h/a\"b"), "");
}

TEST(AccountPage, TwoClientsOfOneNameAreTwo) {
  const AccountConsent consents[] = {
      {ClientNumber{2}, "Calendar", "Events", {}, UnixSeconds{1}, "1.1"},
      {ClientNumber{2}, "Calendar", "Tasks", {}, UnixSeconds{1}, "2.1"},
      {ClientNumber{3}, "Calendar", "Events", {}, UnixSeconds{1}, "3.1"}};
  const auto page = account_page({.site = {.issuer = kIssuer}, .consents = consents});
  const std::string_view heading = "<h3>";
  std::size_t count = 0;
  for (auto at = page.body.find(heading); at != std::string::npos;
       at = page.body.find(heading, at + 1))
    ++count;
  EXPECT_EQ(count, 2u);
}

}  // namespace
}  // namespace tokenledger::test

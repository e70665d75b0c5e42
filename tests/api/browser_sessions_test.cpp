// Cookies and the sessions behind them: bounded, and only ours.
#include "api/browser_sessions.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "api/browser_cookie.hpp"

namespace tokenledger {
namespace {

constexpr UnixSeconds kStart{1'800'000'000};
UnixSeconds after(std::uint32_t seconds) { return UnixSeconds{kStart.value() + seconds}; }
BrowserSession of_user(std::uint32_t user, UnixSeconds now = kStart) {
  return {.user = SubjectNumber{user}, .password_generation = 7, .auth_time = now};
}

TEST(BrowserSessions, ASignedInUserIsFoundByTheCookieAlone) {
  BrowserSessions sessions;
  const auto cookie = sessions.begin(of_user(5), {});
  EXPECT_EQ(cookie.size(), kCookieValueLength);
  const auto found = sessions.use(cookie, after(1));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user, SubjectNumber{5});
  EXPECT_EQ(found->password_generation, 7u);
  EXPECT_EQ(found->auth_time, kStart);
  EXPECT_FALSE(sessions.use("", after(1)));
  EXPECT_FALSE(sessions.use(cookie.substr(1), after(1)));
  EXPECT_FALSE(sessions.use(make_cookie_value(), after(1)));
  sessions.end(cookie);
  EXPECT_FALSE(sessions.use(cookie, after(1)));
  sessions.end(cookie);
}

TEST(BrowserSessions, SigningInGivesANewValueAndEndsTheEarlierSession) {
  BrowserSessions sessions;
  const auto planted = sessions.begin(of_user(66), {});
  const auto cookie = sessions.begin(of_user(5), planted);
  EXPECT_NE(cookie, planted);
  EXPECT_FALSE(sessions.use(planted, after(1)));
  EXPECT_EQ(sessions.size(), 1u);
}

TEST(BrowserSessions, AnHourWithoutUseEndsIt) {
  BrowserSessions sessions;
  const auto cookie = sessions.begin(of_user(5), {});
  EXPECT_TRUE(sessions.use(cookie, after(kSessionIdleSecondsMax)));
  EXPECT_TRUE(sessions.use(cookie, after(2 * kSessionIdleSecondsMax)));
  EXPECT_FALSE(sessions.use(cookie, after(3 * kSessionIdleSecondsMax + 1)));
  EXPECT_FALSE(sessions.use(cookie, after(2 * kSessionIdleSecondsMax))) << "it stays ended";
  EXPECT_EQ(sessions.size(), 0u);
}

TEST(BrowserSessions, TwelveHoursEndItWhateverItsUse) {
  BrowserSessions sessions;
  const auto cookie = sessions.begin(of_user(5), {});
  for (std::uint32_t second = 0; second <= kSessionSecondsMax; second += 1'800)
    ASSERT_TRUE(sessions.use(cookie, after(second))) << second;
  EXPECT_FALSE(sessions.use(cookie, after(kSessionSecondsMax + 1)));
}

TEST(BrowserSessions, AClockThatStepsBackEndsNothing) {
  BrowserSessions sessions;
  const auto cookie = sessions.begin(of_user(5), {});
  EXPECT_TRUE(sessions.use(cookie, after(100)));
  EXPECT_TRUE(sessions.use(cookie, UnixSeconds{kStart.value() - 30}));
  EXPECT_TRUE(sessions.use(cookie, after(100 + kSessionIdleSecondsMax)));
}

TEST(BrowserSessions, INV7OfAUserTheOneUsedLongestAgoGoes) {
  BrowserSessions sessions;
  std::vector<std::string> cookies;
  for (std::size_t index = 0; index < kSessionsPerUserMax; ++index)
    cookies.push_back(sessions.begin(of_user(5), {}));
  const auto other = sessions.begin(of_user(6), {});
  EXPECT_TRUE(sessions.use(cookies[0], kStart));  // in the same second as all the others
  const auto another = sessions.begin(of_user(5), {});
  EXPECT_EQ(sessions.size(), kSessionsPerUserMax + 1);
  EXPECT_TRUE(sessions.use(cookies[0], kStart));
  EXPECT_FALSE(sessions.use(cookies[1], kStart));
  EXPECT_TRUE(sessions.use(cookies[2], kStart));
  EXPECT_TRUE(sessions.use(another, kStart));
  EXPECT_TRUE(sessions.use(other, kStart));
}

TEST(BrowserSessions, INV7OfAllTheOneUsedLongestAgoGoes) {
  BrowserSessions sessions;
  const auto first = sessions.begin(of_user(1), {});
  const auto second = sessions.begin(of_user(2), {});
  for (std::uint32_t user = 3; user <= kSessionsMax; ++user)
    static_cast<void>(sessions.begin(of_user(user), {}));
  EXPECT_EQ(sessions.size(), kSessionsMax);
  EXPECT_TRUE(sessions.use(first, after(1)));
  const auto last = sessions.begin(of_user(70'000, after(1)), {});
  EXPECT_EQ(sessions.size(), kSessionsMax);
  EXPECT_TRUE(sessions.use(first, after(1)));
  EXPECT_FALSE(sessions.use(second, after(1)));
  EXPECT_TRUE(sessions.use(last, after(1)));
}

TEST(BrowserSessions, IdleOnesLeaveTheTableAsOthersCome) {
  BrowserSessions sessions;
  for (std::uint32_t user = 1; user <= 1'000; ++user)
    static_cast<void>(sessions.begin(of_user(user), {}));
  const auto late = after(kSessionIdleSecondsMax + 1);
  for (std::uint32_t user = 1; user <= 100; ++user)
    static_cast<void>(sessions.begin(of_user(user, late), {}));
  EXPECT_EQ(sessions.size(), 100u);
}

TEST(BrowserSessions, EndingAllOfAUserLeavesTheOneAskedForAndOtherUsers) {
  BrowserSessions sessions;
  std::vector<std::string> cookies;
  for (int index = 0; index < 4; ++index) cookies.push_back(sessions.begin(of_user(5), {}));
  const auto other = sessions.begin(of_user(6), {});
  sessions.end_all(SubjectNumber{5}, cookies[2]);
  for (int index = 0; index < 4; ++index)
    EXPECT_EQ(sessions.use(cookies[index], kStart).has_value(), index == 2);
  sessions.end_all(SubjectNumber{5});
  EXPECT_FALSE(sessions.use(cookies[2], kStart));
  EXPECT_TRUE(sessions.use(other, kStart));
}

TEST(BrowserSessions, ManyThreadsKeepTheBounds) {
  BrowserSessions sessions;
  std::vector<std::thread> threads;
  for (std::uint32_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&sessions, thread] {
      for (std::uint32_t index = 0; index < 2'000; ++index) {
        const auto cookie = sessions.begin(of_user(1 + index % 3), {});
        static_cast<void>(sessions.use(cookie, after(index)));
        if (index % 7 == thread) sessions.end(cookie);
        if (index % 500 == 499) sessions.end_all(SubjectNumber{1});
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(sessions.size(), 3 * kSessionsPerUserMax);
}

const std::string kValue(kCookieValueLength, 'A');
const std::string kOther = std::string(kCookieValueLength - 1, 'B') + "A";

struct FieldCase {
  const char* name;
  std::string field;
  bool is_found;
};
const FieldCase kFieldCases[] = {
    {"Alone", "__Host-tl_session=" + kValue, true},
    {"AmongOthers", "a=1; __Host-tl_session=" + kValue + "; b=2", true},
    {"WithoutSpaces", "a=1;__Host-tl_session=" + kValue + ";b=2", true},
    {"SpacesAroundAreStripped", " \t__Host-tl_session \t=\t " + kValue + " ", true},
    {"OthersWithoutEquals", "junk; ;;__Host-tl_session=" + kValue, true},
    {"OthersWithEqualsInside", "a=b=c; __Host-tl_session=" + kValue, true},
    {"BesideTheOtherCookie", "__Host-tl_form=" + kOther + "; __Host-tl_session=" + kValue, true},
    {"Empty", "", false},
    {"Absent", "a=1; b=2", false},
    {"Twice", "__Host-tl_session=" + kValue + "; __Host-tl_session=" + kOther, false},
    {"TwiceTheSame", "__Host-tl_session=" + kValue + "; __Host-tl_session=" + kValue, false},
    {"TwiceOneBroken", "__Host-tl_session=; __Host-tl_session=" + kValue, false},
    {"PlainNameOfAnHttpSite", "tl_session=" + kValue, false},
    {"OtherCase", "__host-tl_session=" + kValue, false},
    {"LongerName", "x__Host-tl_session=" + kValue, false},
    {"NameInAValue", "a=__Host-tl_session=" + kValue, false},
    {"Quoted", "__Host-tl_session=\"" + kValue + "\"", false},
    {"QuotesDoNotHideASemicolon", "a=\"; __Host-tl_session=" + kValue + "; \"", true},
    {"TooShort", "__Host-tl_session=" + kValue.substr(1), false},
    {"TooLong", "__Host-tl_session=" + kValue + "A", false},
    {"NotBase64Url", "__Host-tl_session=" + kValue.substr(1) + "+", false},
    {"UnusedBitsSet", "__Host-tl_session=" + kValue.substr(1) + "B", false},
    {"SeparatedByAComma", "a=1, __Host-tl_session=" + kValue, false},
};
class CookieField : public testing::TestWithParam<FieldCase> {};
TEST_P(CookieField, YieldsOurValueOnceOrNothing) {
  const auto found = find_cookie(GetParam().field, BrowserCookie::session, CookieSite::https);
  ASSERT_EQ(found.has_value(), GetParam().is_found);
  if (!found) return;
  EXPECT_EQ(*found, kValue);
}
INSTANTIATE_TEST_SUITE_P(Rows, CookieField, testing::ValuesIn(kFieldCases),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(Cookies, INV7MoreCookiesThanABrowserKeepsAreNone) {
  std::string field = "__Host-tl_session=" + kValue;
  for (std::size_t count = 1; count < kCookiesMax; ++count) field += ";a=1";
  EXPECT_TRUE(find_cookie(field, BrowserCookie::session, CookieSite::https));
  EXPECT_FALSE(find_cookie(field + ";a=1", BrowserCookie::session, CookieSite::https));
}

TEST(Cookies, AreSetForThisHostAloneAndOutOfReachOfScripts) {
  EXPECT_EQ(set_cookie(BrowserCookie::session, CookieSite::https, kValue),
            "__Host-tl_session=" + kValue + "; Path=/; Secure; HttpOnly; SameSite=Lax");
  EXPECT_EQ(set_cookie(BrowserCookie::form, CookieSite::http, kValue),
            "tl_form=" + kValue + "; Path=/; HttpOnly; SameSite=Lax");
  EXPECT_EQ(clear_cookie(BrowserCookie::session, CookieSite::https),
            "__Host-tl_session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
  EXPECT_EQ(cookie_site_of("http://127.0.0.1:8080"), CookieSite::http);
  EXPECT_EQ(cookie_site_of("https://h"), CookieSite::https);
  EXPECT_EQ(cookie_site_of("HTTP://h"), CookieSite::https) << "on doubt the strict one";
}

TEST(Cookies, ValuesAreNewEachTimeAndFoundAgain) {
  std::set<std::string> values;
  for (int index = 0; index < 1'000; ++index) values.insert(make_cookie_value());
  EXPECT_EQ(values.size(), 1'000u);
  for (const auto& value : values)
    EXPECT_EQ(find_cookie("tl_form=" + value, BrowserCookie::form, CookieSite::http), value);
}

}  // namespace
}  // namespace tokenledger

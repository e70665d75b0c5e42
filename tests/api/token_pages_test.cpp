// GET /v1/tokens through a real server: parameters, totals, cursors, and who is shown (Z07-Z16,
// Z24, Z25, D04, S13, C2, C3).
#include <algorithm>

#include "api/rfc3339.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

constexpr const char* kAudience = "https://list.example/v1";

class TokenList : public ApiTest {
 protected:
  void SetUp() override {
    static bool is_made = false;
    if (!is_made) api().make_api(kAudience);
    is_made = true;
    client = api().make_client(fresh("Listed "));
    api().grant(client, kAudience);
  }
  static Reply list(const std::string& query) {
    return api().as_admin("GET", "/v1/tokens?" + query);
  }
  // Of a token that an administrator names.
  static std::string make(const std::string& name, const std::string& more = "") {
    const auto reply = api().as_admin("POST", "/v1/tokens",
                                      R"({"name":")" + name + R"(","audience":")" + kAudience +
                                          R"(","scopes":[],"expires_in_days":1)" + more + "}");
    EXPECT_EQ(reply.status, 201) << reply.body;
    return reply.text("jti");
  }
  static std::string text_of(LedgerTime time) {
    auto text = format_rfc3339(time);
    return text;
  }
  static void expect_total(const std::string& query, std::int64_t total) {
    const auto reply = list(query);
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.number("total"), total) << query << '\n' << reply.body;
    EXPECT_EQ(reply.item_count(), static_cast<std::size_t>(total)) << query;
    EXPECT_TRUE(reply.has(R"("total_is_lower_bound":false)"));
  }

  ApiUnderTest::Client client;
};

TEST_F(TokenList, EveryFilterFindsItsTokensAndNoOthers_D04_Z25_S13) {
  const auto first = api().new_token(client, kAudience);
  static_cast<void>(api().new_token(client, kAudience));
  const auto own = "client_id=" + client.id;
  expect_total(own, 2);
  expect_total("subject=" + client.id, 2);
  expect_total(own + "&subject=tokenledger-named", 0);
  expect_total(own + "&api=" + kAudience, 2);
  expect_total(own + "&api=https://nobody.example", 0);
  expect_total(own + "&origin=oauth_flow", 2);
  expect_total(own + "&origin=api", 0);
  expect_total("q=" + client.id, 2);
  expect_total("q=" + api().jti_of(first), 1);
  expect_total("q=nobody-is-called-so", 0);
  expect_total(own + "&status=active", 2);
  ASSERT_EQ(api().as_admin("POST", "/v1/tokens/" + api().jti_of(first) + "/revoke").status, 200);
  expect_total(own + "&status=revoked", 1);
  expect_total(own + "&status=active", 1);
  expect_total("client_id=never-registered", 0);
}

TEST_F(TokenList, NamesAndOwnersAreFoundInAnyCaseAndByTheWholeName_Z25) {
  const auto name = fresh("Quarterly ");
  const auto owner = fresh("Ada ");
  const auto jti = make(name, R"(,"owner":")" + owner + "\"");
  make(name + " too", R"(,"owner":")" + owner + "\"");
  make(name + " three", R"(,"owner":"Somebody Else")");
  std::string lower = name;
  std::ranges::transform(lower, lower.begin(), [](char c) { return std::tolower(c); });
  std::ranges::replace(lower, ' ', '+');
  expect_total("q=" + lower, 3);
  auto known = owner;
  std::ranges::replace(known, ' ', '+');
  expect_total("owner=" + known, 2);
  expect_total("owner=" + known.substr(0, known.size() - 1), 0);
  expect_total("owner=" + known + "&q=" + jti, 1);
  EXPECT_EQ(list("owner=" + known).status, 200);
  EXPECT_TRUE(list("owner=" + known).has(R"("owner":")" + owner + "\""));
}

TEST_F(TokenList, RangesHoldTheirBeginAndNotTheirEnd_Z15_Z16_C3) {
  const auto token = api().new_token(client, kAudience);
  const auto jti = api().jti_of(token);
  const auto row = api().as_admin("GET", "/v1/tokens/" + jti);
  const auto at = row.text("issued_at");
  const auto ends = row.text("expires_at");
  const auto later = [](const std::string& time, std::int64_t seconds) {
    const auto parsed = parse_rfc3339(time);
    return format_rfc3339(
        UnixSeconds{static_cast<std::uint32_t>(to_seconds(*parsed).value() + seconds)});
  };
  const auto own = "client_id=" + client.id;
  expect_total(own + "&issued_from=" + at, 1);
  expect_total(own + "&issued_from=" + later(at, 1), 0);
  expect_total(own + "&issued_to=" + at, 0);
  expect_total(own + "&issued_from=" + at + "&issued_to=" + later(at, 1), 1);
  expect_total(own + "&issued_from=" + at + "&issued_to=" + at, 0);
  // A fraction of the second is after the token's whole second.
  expect_total(own + "&issued_from=" + at.substr(0, at.size() - 1) + ".5Z", 0);
  expect_total(own + "&expires_from=" + ends + "&expires_to=" + later(ends, 1), 1);
  expect_total(own + "&expires_to=" + ends, 0);
  expect_total(own + "&expired_from=" + at, 0);

  ASSERT_EQ(api().as_admin("POST", "/v1/tokens/" + jti + "/revoke").status, 200);
  const auto revoked_at = api().as_admin("GET", "/v1/tokens/" + jti).text("revoked_at");
  const auto exact = *parse_rfc3339(revoked_at);
  expect_total(own + "&revoked_from=" + revoked_at, 1);
  expect_total(own + "&revoked_to=" + revoked_at, 0);
  expect_total(own + "&revoked_from=" + text_of(exact.next()), 0);
  expect_total(own + "&revoked_to=" + text_of(exact.next()), 1);
}

TEST_F(TokenList, ACascadeEndsTokensAtItsOwnTime_Z21) {
  static_cast<void>(api().new_token(client, kAudience));
  static_cast<void>(api().new_token(client, kAudience));
  const auto before = text_of(api().ledger().now());
  ASSERT_LT(api().as_admin("POST", "/v1/clients/" + client.id + "/disable").status, 300);
  const auto own = "client_id=" + client.id;
  expect_total(own + "&status=revoked", 2);
  expect_total(own + "&revoked_from=" + before, 2);
  expect_total(own + "&revoked_to=" + before, 0);
}

TEST_F(TokenList, DeletedTokensAreShownOnRequestOnly_C2) {
  const auto index = api().ledger().index_of(api().jti_of(api().new_token(client, kAudience)));
  static_cast<void>(api().new_token(client, kAudience));
  ASSERT_TRUE(api().ledger().revoke(*index, {.cause = Cause::deleted}));
  const auto own = "client_id=" + client.id;
  expect_total(own, 1);
  expect_total(own + "&include_deleted=false", 1);
  expect_total(own + "&include_deleted=true", 2);
  expect_total(own + "&status=revoked", 0);
  const auto shown = list(own + "&status=revoked&include_deleted=true");
  EXPECT_EQ(shown.number("total"), 1);
  EXPECT_TRUE(shown.has(R"("cause":"deleted")")) << shown.body;
}

TEST_F(TokenList, EverySortWalksAllPagesAndKeepsTheFirstPagesTotal_Z11_Z12) {
  for (int count = 0; count < 7; ++count) static_cast<void>(api().new_token(client, kAudience));
  for (const std::string sort : {"issued_at", "-issued_at", "expires_at", "-expires_at"}) {
    const auto path = "client_id=" + client.id + "&limit=3&sort=" + sort;
    std::vector<std::string> shown;
    std::string cursor;
    const auto total = list(path).number("total");
    do {
      const auto reply = list(cursor.empty() ? path : path + "&cursor=" + cursor);
      ASSERT_EQ(reply.status, 200) << reply.body;
      EXPECT_EQ(reply.number("total"), total);
      const auto object = reply.json();
      for (const auto& item : *object->find("items")->get_if<JsonValue::Array>())
        shown.push_back(*item.find("jti")->get_if<std::string>());
      cursor = reply.text("next_cursor");
      static_cast<void>(api().new_token(client, kAudience));
    } while (cursor != "-");
    EXPECT_EQ(shown.size(), static_cast<std::size_t>(total)) << sort;
    std::ranges::sort(shown);
    EXPECT_EQ(std::ranges::unique(shown).begin(), shown.end()) << "a token came twice";
  }
}

struct Refusal {
  const char* name;
  const char* query;
  const char* code = "invalid_parameter";
};
constexpr Refusal kRefusals[] = {
    {"Unknown", "colour=red", "unknown_parameter"},
    {"Repeated", "status=active&status=active", "repeated_parameter"},
    {"StatusUnknown", "status=unknown"},
    {"StatusInCapitals", "status=Active"},
    {"OriginUnknown", "origin=moon"},
    {"SortUnknown", "sort=name"},
    {"EmptySearch", "q="},
    {"EmptyOwner", "owner="},
    {"EmptyClient", "client_id="},
    {"LimitZero", "limit=0"},
    {"LimitTooLarge", "limit=1001"},
    {"IncludeDeletedYes", "include_deleted=yes"},
    {"NotATime", "issued_from=yesterday"},
    {"ADateAlone", "issued_from=2026-01-01"},
    {"EndBeforeBegin", "expires_from=2026-01-02T00:00:00Z&expires_to=2026-01-01T00:00:00Z"},
    {"ExpiredButActive", "expired_from=2026-01-01T00:00:00Z&status=active"},
    {"RevokedButExpired", "revoked_to=2026-01-01T00:00:00Z&status=expired"},
    {"ExpiredAndRevoked", "expired_from=2026-01-01T00:00:00Z&revoked_from=2026-01-01T00:00:00Z"},
    {"CursorOfNobody", "cursor=abc", "cursor_invalid"},
};
class TokenListRefusal : public ApiTest, public testing::WithParamInterface<Refusal> {};
TEST_P(TokenListRefusal, Is400) {
  const auto reply = api().as_admin("GET", std::string{"/v1/tokens?"} + GetParam().query);
  EXPECT_EQ(reply.status, 400) << reply.body;
  EXPECT_EQ(reply.text("code"), GetParam().code);
}
INSTANTIATE_TEST_SUITE_P(D08, TokenListRefusal, testing::ValuesIn(kRefusals),
                         [](const auto& info) { return std::string{info.param.name}; });

// INV-7: a thousand rows with the largest extra fields are more than an answer may hold.
TEST_F(TokenList, APageOfLargeRowsEndsEarlyAndTheNextOneGoesOn) {
  constexpr std::size_t kTokens = 2'100;
  for (std::size_t i = 0; i < kTokens; ++i) {
    IssueRequest request;
    request.client_id = client.id;
    request.audience = kAudience;
    request.extra_fields = R"({ "x" :)"
                           "\n\"" +
                           std::string(4'000, 'x') + "\"}";
    ASSERT_TRUE(api().ledger().issue(std::move(request)));
  }
  for (const std::string sort : {"-issued_at", "expires_at"}) {
    std::size_t seen = 0;
    std::size_t pages = 0;
    std::string cursor;
    do {
      const auto reply = list("client_id=" + client.id + "&limit=1000&sort=" + sort +
                              (cursor.empty() ? "" : "&cursor=" + cursor));
      ASSERT_EQ(reply.status, 200) << reply.body.substr(0, 200);
      EXPECT_LT(reply.body.size(), 5'000'000u);
      EXPECT_EQ(reply.body.find('\n'), std::string::npos) << "extra fields are written on one line";
      for (std::size_t at = 0; (at = reply.body.find(R"("jti":)", at)) != std::string::npos; ++at)
        ++seen;
      ++pages;
      const auto mark = reply.body.find(R"("next_cursor":")");
      cursor.clear();
      if (mark == std::string::npos) continue;
      cursor = reply.body.substr(mark + 15, reply.body.find('"', mark + 15) - mark - 15);
    } while (!cursor.empty());
    EXPECT_EQ(seen, kTokens) << sort;
    EXPECT_GE(pages, 3u) << sort;
  }
}

TEST_F(TokenList, ACursorIsGoodForItsOwnQueryOnly) {
  for (int count = 0; count < 3; ++count) static_cast<void>(api().new_token(client, kAudience));
  const auto own = "client_id=" + client.id + "&limit=1";
  const auto cursor = list(own).text("next_cursor");
  EXPECT_EQ(list(own + "&cursor=" + cursor).status, 200);
  // limit is not part of the query.
  EXPECT_EQ(list("client_id=" + client.id + "&limit=2&cursor=" + cursor).status, 200);
  for (const std::string other :
       {"&status=active", "&sort=issued_at", "&q=a", "&include_deleted=true", "&owner=x",
        "&issued_from=2026-01-01T00:00:00Z"}) {
    const auto reply = list(own + other + "&cursor=" + cursor);
    EXPECT_EQ(reply.status, 400) << other;
    EXPECT_EQ(reply.text("code"), "cursor_invalid");
  }
  for (std::size_t at = 0; at < cursor.size(); ++at) {
    auto forged = cursor;
    forged[at] = forged[at] == 'A' ? 'B' : 'A';
    EXPECT_EQ(list(own + "&cursor=" + forged).text("code"), "cursor_invalid") << at;
  }
}

}  // namespace
}  // namespace tokenledger::test

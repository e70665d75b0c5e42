#include "api/http_router.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "api/http_parser.hpp"

namespace tokenledger {
namespace {

// A request as the parser would make it, with the text it points into.
struct Parsed {
  std::string text;
  HttpRequest request;
  Parsed(std::string_view method, std::string_view path)
      : text{std::string{method} + " " + std::string{path} + " HTTP/1.0\r\n\r\n"} {
    HttpParser parser{HttpLimits{}};
    EXPECT_EQ(parser.advance_head(text, request), HttpParser::Step::done);
    std::size_t size = text.size();
    EXPECT_EQ(parser.advance_body(text.data(), &size, 0, request), HttpParser::Step::done);
  }
  Parsed(const Parsed&) = delete;
};

HttpRouter make_router() {
  HttpRouter router;
  const auto named = [](std::string name) {
    return [name](const HttpRequest&) { return HttpResponse{.body = name}; };
  };
  router.add(HttpMethod::get, "/v1/tokens", named("list"));
  router.add(HttpMethod::post, "/v1/tokens", named("make"));
  router.add(HttpMethod::get, "/v1/tokens/special", named("special"));
  router.add(HttpMethod::get, "/v1/tokens/{jti}", named("one"));
  router.add(HttpMethod::post, "/v1/tokens/{jti}/revoke", named("revoke"));
  router.add(HttpMethod::get, "/tile/{level}/{rest...}", named("tile"));
  return router;
}

struct Row {
  const char* method;
  const char* path;
  const char* want;  // a body, "404" or "405"
};

TEST(HttpRouter, FindsByMethodAndPath) {
  const HttpRouter router = make_router();
  const Row rows[] = {
      {"GET", "/v1/tokens", "list"},
      {"GET", "/v1/tokens?limit=1", "list"},
      {"POST", "/v1/tokens", "make"},
      {"GET", "/v1/tokens/special", "special"},
      {"GET", "/v1/tokens/abc", "one"},
      {"POST", "/v1/tokens/abc/revoke", "revoke"},
      {"GET", "/tile/0/x001/234", "tile"},
      {"GET", "/tile/0/", "404"},
      {"GET", "/v1/tokens/", "404"},
      {"GET", "/v1/tokens/a/b", "404"},
      {"GET", "/v1/Tokens", "404"},
      {"GET", "/v1/%74okens", "404"},
      {"GET", "/", "404"},
      {"DELETE", "/v1/tokens", "405"},
      {"HEAD", "/v1/tokens", "list"},
      {"HEAD", "/v1/tokens/abc", "one"},
      {"HEAD", "/v1/tokens/abc/revoke", "405"},
      {"GET", "/v1/tokens/abc/revoke", "405"},
  };
  for (const auto& row : rows) {
    Parsed parsed{row.method, row.path};
    const HttpRoute* route = router.find(parsed.request);
    const std::string got = route != nullptr ? route->sync(parsed.request).body
                                             : std::to_string(router.refuse(parsed.request).status);
    EXPECT_EQ(got, row.want) << row.method << " " << row.path;
  }
}

TEST(HttpRouter, AMethodNotAllowedListsTheAllowedOnes) {
  const HttpRouter router = make_router();
  Parsed parsed{"DELETE", "/v1/tokens"};
  EXPECT_EQ(router.refuse(parsed.request).header_lines, "Allow: GET, HEAD, POST\r\n");
}

TEST(HttpRouter, ParametersAreDecodedOnceAndStrictly) {
  const HttpRouter router = make_router();
  const std::pair<const char*, std::optional<std::string>> rows[] = {
      {"/v1/tokens/abc", "abc"},
      {"/v1/tokens/https%3A%2F%2Fapi%2Fv1%2F", "https://api/v1/"},
      {"/v1/tokens/a+b", "a+b"},
      {"/v1/tokens/a%252Fb", "a%2Fb"},
      {"/v1/tokens/a%2", std::nullopt},
      {"/v1/tokens/a%zz", std::nullopt},
      {"/v1/tokens/a%00", std::nullopt},
      {"/v1/tokens/a%0a", std::nullopt},
  };
  for (const auto& [path, want] : rows) {
    Parsed parsed{"GET", path};
    ASSERT_NE(router.find(parsed.request), nullptr) << path;
    const auto got = parsed.request.path_parameter(0);
    ASSERT_EQ(got.has_value(), want.has_value()) << path;
    EXPECT_EQ(got ? *got : "", want.value_or("")) << path;
  }
}

TEST(HttpRouter, AnOwnedCopyOutlivesTheBytes) {
  const HttpRouter router = make_router();
  std::optional<OwnedHttpRequest> owned;
  {
    Parsed parsed{"POST", "/v1/tokens/abc/revoke?x=1"};
    ASSERT_NE(router.find(parsed.request), nullptr);
    owned.emplace(parsed.request);
    parsed.text.assign(parsed.text.size(), '#');
  }
  EXPECT_EQ((*owned)->path(), "/v1/tokens/abc/revoke");
  EXPECT_EQ((*owned)->query(), "x=1");
  EXPECT_EQ((*owned)->path_parameter(0).value(), "abc");
}

}  // namespace
}  // namespace tokenledger

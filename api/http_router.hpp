// HttpRouter finds the handler for a method and a path.
//
// Patterns are exact paths ("/v1/check") or have segments in braces ("/v1/tokens/{jti}/revoke");
// "{rest...}" as the last segment matches everything left, slashes too. A parameter never matches
// an empty text. A GET route serves HEAD too. Exact paths win and cost one hash look-up; among
// patterns the first added wins. Fixed text is compared as sent: an escaped spelling of it is
// another path (404).
//
// Threads: add routes first; then any number of threads may find.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "api/http_request.hpp"
#include "api/http_responder.hpp"
#include "api/http_response.hpp"

namespace tokenledger {

// Runs on the I/O thread: for checks and reads that never block. The request is valid during the
// call only.
using SyncHttpHandler = std::function<HttpResponse(const HttpRequest&)>;
// Starts on the I/O thread and must not block there; the Responder may be used anywhere, any time.
using AsyncHttpHandler = std::function<void(OwnedHttpRequest, Responder)>;

// Runs on the I/O thread like a SyncHttpHandler and may decline: the route's asynchronous handler
// then starts the same request from the beginning. For what memory nearly always answers.
using HttpAttempt = std::function<std::optional<HttpResponse>(const HttpRequest&)>;

struct HttpRouteOptions {
  std::size_t body_bytes_max = 0;  // 0: HttpLimits::body_bytes_max; else at most kHttpBodyBytesMax
  // Called with the head alone where the body may be larger than HttpLimits::body_bytes_max, before
  // any of it is read: what it answers refuses the request and ends the connection. The handler
  // must check the same again: the body can take its time.
  HttpAttempt before_large_body = {};
  // May answer with HttpResponse::stream. Its answer is the connection's last, so nothing that was
  // pipelined behind it waits for a body without end: it is not begun.
  bool streams = false;
};

// Exactly one of sync and async is set; an attempt only beside async.
struct HttpRoute {
  SyncHttpHandler sync;
  AsyncHttpHandler async;
  HttpAttempt attempt;
  HttpRouteOptions options;
  std::string pattern = {};
};

class HttpRouter {
 public:
  HttpRouter();
  HttpRouter(HttpRouter&&) noexcept;
  HttpRouter& operator=(HttpRouter&&) noexcept;
  ~HttpRouter();

  // Programming errors (invariants): a pattern without leading '/', more than
  // kPathParameterCountMax parameters, the same method and pattern twice.
  void add(HttpMethod method, std::string_view pattern, SyncHttpHandler handler,
           HttpRouteOptions options = {});
  void add_async(HttpMethod method, std::string_view pattern, AsyncHttpHandler handler,
                 HttpRouteOptions options = {});
  void add_attempt(HttpMethod method, std::string_view pattern, HttpAttempt attempt,
                   AsyncHttpHandler otherwise, HttpRouteOptions options = {});
  // What answers when nothing matches; the default is an empty body. `status` is 404 or 405; the
  // router adds Allow to a 405 itself (RFC 9110 §15.5.6).
  void set_fallback(std::function<HttpResponse(const HttpRequest&, int status)> fallback);

  // Every method and pattern added, sorted by pattern, then by method.
  [[nodiscard]] std::vector<std::pair<std::string, HttpMethod>> routes() const;

  // Sets the request's path parameters. Null: no such path, or not with this method.
  [[nodiscard]] const HttpRoute* find(HttpRequest& request) const;
  // The answer when find returned null.
  [[nodiscard]] HttpResponse refuse(const HttpRequest& request) const;

 private:
  using MethodTable = std::array<std::unique_ptr<HttpRoute>, kHttpMethodCount>;
  struct Pattern {
    std::string text;
    std::vector<std::string> segments;  // empty: a parameter
    bool takes_rest = false;            // the last segment is {rest...}
    MethodTable methods;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };

  MethodTable& table_for(std::string_view pattern);
  void insert(HttpMethod method, std::string_view pattern, HttpRoute route);
  [[nodiscard]] const MethodTable* find_table(HttpRequest& request) const;
  [[nodiscard]] static const HttpRoute* route_in(const MethodTable& table, HttpMethod method);
  [[nodiscard]] static bool matches(const Pattern& pattern, HttpRequest& request);

  std::unordered_map<std::string, MethodTable, TextHash, std::equal_to<>> exact_;
  std::vector<Pattern> patterns_;
  std::function<HttpResponse(const HttpRequest&, int)> fallback_;
};

}  // namespace tokenledger

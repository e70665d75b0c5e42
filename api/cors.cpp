#include "api/cors.hpp"

#include <algorithm>
#include <array>

namespace tokenledger {
namespace {

struct OpenPath {
  std::string_view path;
  std::string_view methods;
};
constexpr std::array<OpenPath, 4> kOpenPaths = {{
    {"/oauth/token", "POST"},
    {"/oauth/revoke", "POST"},
    {"/oauth/userinfo", "GET, POST"},
    {"/userinfo", "GET, POST"},
}};

}  // namespace

void allow_any_origin(HttpResponse& response) {
  response.add_header("Access-Control-Allow-Origin", "*");
  // Else a script could not tell why it was refused, nor when to come back.
  response.add_header("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After");
}

std::optional<HttpResponse> answer_preflight(const HttpRequest& request) {
  if (request.method() != HttpMethod::options) return std::nullopt;
  const auto found = std::ranges::find(kOpenPaths, request.path(), &OpenPath::path);
  if (found == kOpenPaths.end()) return std::nullopt;
  HttpResponse response{.status = 204};
  allow_any_origin(response);
  response.add_header("Access-Control-Allow-Methods", found->methods);
  response.add_header("Access-Control-Allow-Headers", "Authorization, Content-Type");
  response.add_header("Access-Control-Max-Age", "600");
  return response;
}

}  // namespace tokenledger

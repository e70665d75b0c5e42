#include "api/http_router.hpp"

#include <algorithm>

#include "core/invariant.hpp"

namespace tokenledger {
namespace {

std::vector<std::string> split_segments(std::string_view path) {
  std::vector<std::string> segments;
  path.remove_prefix(1);
  for (;;) {
    const auto slash = path.find('/');
    segments.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

}  // namespace

HttpRouter::HttpRouter() = default;
HttpRouter::HttpRouter(HttpRouter&&) noexcept = default;
HttpRouter& HttpRouter::operator=(HttpRouter&&) noexcept = default;
HttpRouter::~HttpRouter() = default;

void HttpRouter::add(HttpMethod method, std::string_view pattern, SyncHttpHandler handler,
                     HttpRouteOptions options) {
  insert(method, pattern, {std::move(handler), {}, {}, options});
}

void HttpRouter::add_async(HttpMethod method, std::string_view pattern, AsyncHttpHandler handler,
                           HttpRouteOptions options) {
  insert(method, pattern, {{}, std::move(handler), {}, options});
}

void HttpRouter::add_attempt(HttpMethod method, std::string_view pattern, HttpAttempt attempt,
                             AsyncHttpHandler otherwise, HttpRouteOptions options) {
  insert(method, pattern, {{}, std::move(otherwise), std::move(attempt), options});
}

void HttpRouter::set_fallback(
    std::function<HttpResponse(const HttpRequest&, int status)> fallback) {
  fallback_ = std::move(fallback);
}

void HttpRouter::insert(HttpMethod method, std::string_view pattern, HttpRoute route) {
  LEDGER_INVARIANT(!pattern.empty() && pattern.front() == '/');
  LEDGER_INVARIANT(route.options.body_bytes_max <= kHttpBodyBytesMax);
  auto& entry = table_for(pattern)[static_cast<std::size_t>(method)];
  LEDGER_INVARIANT(entry == nullptr);
  entry = std::make_unique<HttpRoute>(std::move(route));
  entry->pattern = pattern;
}

std::vector<std::pair<std::string, HttpMethod>> HttpRouter::routes() const {
  std::vector<std::pair<std::string, HttpMethod>> all;
  const auto add_table = [&all](const std::string& pattern, const MethodTable& table) {
    for (std::size_t index = 0; index < table.size(); ++index)
      if (table[index]) all.emplace_back(pattern, static_cast<HttpMethod>(index));
  };
  for (const auto& [pattern, table] : exact_) add_table(pattern, table);
  for (const auto& pattern : patterns_) add_table(pattern.text, pattern.methods);
  std::ranges::sort(all);
  return all;
}

HttpRouter::MethodTable& HttpRouter::table_for(std::string_view text) {
  if (text.find('{') == std::string_view::npos) return exact_[std::string{text}];
  for (auto& pattern : patterns_)
    if (pattern.text == text) return pattern.methods;
  Pattern& pattern = patterns_.emplace_back();
  pattern.text = text;
  pattern.segments = split_segments(text);
  std::size_t parameter_count = 0;
  for (std::size_t index = 0; index < pattern.segments.size(); ++index) {
    auto& segment = pattern.segments[index];
    if (!is_parameter(segment)) {
      LEDGER_INVARIANT(segment.find_first_of("{}") == std::string::npos && !segment.empty());
      continue;
    }
    LEDGER_INVARIANT(!pattern.takes_rest);  // {rest...} is the last segment
    pattern.takes_rest = segment.ends_with("...}");
    segment.clear();
    ++parameter_count;
  }
  LEDGER_INVARIANT(parameter_count <= kPathParameterCountMax);
  return pattern.methods;
}

bool HttpRouter::matches(const Pattern& pattern, HttpRequest& request) {
  std::string_view left = request.path();
  const char* block = request.block_;
  request.parameter_count_ = 0;
  for (std::size_t index = 0; index < pattern.segments.size(); ++index) {
    if (left.empty() || left.front() != '/') return false;
    left.remove_prefix(1);
    const bool is_last = index + 1 == pattern.segments.size();
    const auto size =
        is_last && pattern.takes_rest ? left.size() : std::min(left.find('/'), left.size());
    const std::string_view text = left.substr(0, size);
    const std::string& fixed = pattern.segments[index];
    if (fixed.empty()) {
      if (text.empty()) return false;
      request.parameters_[request.parameter_count_++] = {
          static_cast<std::uint16_t>(text.data() - block), static_cast<std::uint16_t>(text.size())};
    } else if (text != fixed) {
      return false;
    }
    left.remove_prefix(size);
  }
  return left.empty();
}

// RFC 9110 §9.3.2: HEAD is GET without the body, which the session leaves out.
const HttpRoute* HttpRouter::route_in(const MethodTable& table, HttpMethod method) {
  const auto* route = table[static_cast<std::size_t>(method)].get();
  if (route != nullptr || method != HttpMethod::head) return route;
  return table[static_cast<std::size_t>(HttpMethod::get)].get();
}

const HttpRouter::MethodTable* HttpRouter::find_table(HttpRequest& request) const {
  const auto exact = exact_.find(request.path());
  if (exact != exact_.end()) return &exact->second;
  // A later pattern may serve the method that an earlier match lacks.
  const MethodTable* first = nullptr;
  for (const auto& pattern : patterns_) {
    if (!matches(pattern, request)) continue;
    if (route_in(pattern.methods, request.method()) != nullptr) return &pattern.methods;
    if (first == nullptr) first = &pattern.methods;
  }
  return first;
}

const HttpRoute* HttpRouter::find(HttpRequest& request) const {
  const MethodTable* table = find_table(request);
  return table == nullptr ? nullptr : route_in(*table, request.method());
}

HttpResponse HttpRouter::refuse(const HttpRequest& request) const {
  HttpRequest copy = request;
  const MethodTable* table = find_table(copy);
  const int status = table == nullptr ? 404 : 405;
  HttpResponse response = fallback_ ? fallback_(request, status) : HttpResponse{.status = status};
  if (table == nullptr) return response;
  std::string allow;
  for (std::size_t index = 0; index < kHttpMethodCount; ++index) {
    if (route_in(*table, static_cast<HttpMethod>(index)) == nullptr) continue;
    if (!allow.empty()) allow += ", ";
    allow += method_name(static_cast<HttpMethod>(index));
  }
  response.add_header("Allow", allow);
  return response;
}

}  // namespace tokenledger

// HttpRequest: one parsed request, as views into the bytes that arrived.
//
// All text lies in one block (head, then body) that somebody else owns: the connection during a
// synchronous call, an OwnedHttpRequest otherwise. Only positions are stored, so moving the block
// costs nothing. A view is valid while the block is; a synchronous handler must not keep one after
// it returned. Threads: immutable once dispatched, any thread may read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/http_options.hpp"
#include "core/errc.hpp"
#include "core/event.hpp"  // kRequestIdBytesMax: a request's id stands in its events

namespace tokenledger {

enum class HttpMethod : std::uint8_t { get, head, post, put, patch, remove, options };
inline constexpr std::size_t kHttpMethodCount = 7;
[[nodiscard]] std::string_view method_name(HttpMethod method) noexcept;  // "DELETE" for remove

// Fields found without a search. Each occurs at most once; a second one is refused (400), because
// two readers could pick different ones.
enum class HttpHeader : std::uint8_t {
  accept,
  authorization,
  content_type,
  cookie,
  host,
  idempotency_key,
  if_match,
  if_none_match,
  origin,
  x_request_id,
};
inline constexpr std::size_t kHttpHeaderKnownCount = 10;

// A short text stored by value; N is its bound in bytes.
template <std::size_t N>
struct BoundedText {
  static_assert(N < 256);
  std::array<char, N> bytes;
  std::uint8_t size = 0;
  // Cuts at N bytes.
  void assign(std::string_view text) noexcept {
    size = static_cast<std::uint8_t>(text.copy(bytes.data(), N));
  }
  [[nodiscard]] std::string_view view() const noexcept { return {bytes.data(), size}; }
};

inline constexpr std::size_t kPathParameterCountMax = 4;

class HttpRequest {
 public:
  [[nodiscard]] HttpMethod method() const noexcept { return method_; }
  // The path as sent, still percent-encoded, without the query: begins with '/'.
  [[nodiscard]] std::string_view path() const noexcept { return at(path_); }
  // What follows the first '?', still encoded; empty when absent. See FormFields.
  [[nodiscard]] std::string_view query() const noexcept { return at(query_); }
  [[nodiscard]] std::string_view body() const noexcept {
    return {block_ + head_bytes_, body_bytes_};
  }

  // Empty when absent (or sent empty; no rule of ours tells these apart).
  [[nodiscard]] std::string_view header(HttpHeader known) const noexcept;
  // The first field of this name, whatever its case; empty when absent. Cost: a scan.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
  // The media type of Content-Type without parameters and surrounding space, as sent.
  [[nodiscard]] std::string_view media_type() const noexcept;

  // The text matched by the index-th {parameter} of the route, percent-decoded.
  // invalid_argument: a broken escape, or it decodes to a control character.
  // Requires index < the route's parameter count.
  [[nodiscard]] Result<std::string> path_parameter(std::size_t index) const;

  // The caller's X-Request-Id if it is 1-64 of [A-Za-z0-9._-], else one we made.
  [[nodiscard]] std::string_view request_id() const noexcept { return request_id_.view(); }
  // It was made by the holder of the directory in this process and never was on a wire: it may do
  // everything. See HostRequests, the only one who sets it.
  [[nodiscard]] bool is_from_host() const noexcept { return is_from_host_; }
  // The numeric address of the other end.
  [[nodiscard]] std::string_view peer() const noexcept { return peer_.view(); }

 private:
  friend class HttpParser;
  friend class HttpHeadReader;
  friend class HttpRouter;
  friend class HttpSession;
  friend class OwnedHttpRequest;
  friend class HostRequests;

  struct Span {
    std::uint16_t offset = 0;
    std::uint16_t size = 0;
  };
  struct Field {
    Span name;
    Span value;
  };
  [[nodiscard]] std::string_view at(Span span) const noexcept {
    return {block_ + span.offset, span.size};
  }

  const char* block_ = nullptr;
  std::uint32_t head_bytes_ = 0;
  std::uint32_t body_bytes_ = 0;
  Span path_;
  Span query_;
  std::array<Span, kHttpHeaderKnownCount> known_;
  std::array<Span, kPathParameterCountMax> parameters_;
  std::uint8_t parameter_count_ = 0;
  std::uint8_t field_count_ = 0;
  HttpMethod method_ = HttpMethod::get;
  bool keep_alive_ = false;
  bool version_11_ = false;
  bool expects_continue_ = false;
  bool is_from_host_ = false;
  BoundedText<kRequestIdBytesMax> request_id_;
  BoundedText<46> peer_;  // INET6_ADDRSTRLEN
  std::array<Field, kHttpHeaderCountMax> fields_;
};
static_assert(kHttpHeadBytesMax <= UINT16_MAX, "Span holds any position of a head");

// A request with its own copy of the bytes, for handlers that answer later. Move-only: the bytes
// may hold a credential, and are wiped when it ends (INV-5).
class OwnedHttpRequest {
 public:
  explicit OwnedHttpRequest(const HttpRequest& request);
  OwnedHttpRequest(OwnedHttpRequest&&) noexcept = default;
  OwnedHttpRequest& operator=(OwnedHttpRequest&&) = delete;
  ~OwnedHttpRequest();

  [[nodiscard]] const HttpRequest& operator*() const noexcept { return *request_; }
  [[nodiscard]] const HttpRequest* operator->() const noexcept { return request_.get(); }

 private:
  std::unique_ptr<char[]> block_;
  std::unique_ptr<HttpRequest> request_;
};

}  // namespace tokenledger

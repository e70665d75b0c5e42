#include "api/http_head_reader.hpp"

#include <algorithm>
#include <boost/algorithm/string/predicate.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>
#include <optional>

#include "core/invariant.hpp"

namespace tokenledger {
namespace {

namespace http = boost::beast::http;
using boost::algorithm::iequals;

std::optional<HttpMethod> to_method(http::verb verb) noexcept {
  switch (verb) {
    case http::verb::get: return HttpMethod::get;
    case http::verb::head: return HttpMethod::head;
    case http::verb::post: return HttpMethod::post;
    case http::verb::put: return HttpMethod::put;
    case http::verb::patch: return HttpMethod::patch;
    case http::verb::delete_: return HttpMethod::remove;
    case http::verb::options: return HttpMethod::options;
    default: return std::nullopt;  // Beast knows WebDAV and more; we answer 501
  }
}

std::optional<HttpHeader> to_known(http::field field, std::string_view name) noexcept {
  switch (field) {
    case http::field::accept: return HttpHeader::accept;
    case http::field::authorization: return HttpHeader::authorization;
    case http::field::content_type: return HttpHeader::content_type;
    case http::field::cookie: return HttpHeader::cookie;
    case http::field::host: return HttpHeader::host;
    case http::field::if_match: return HttpHeader::if_match;
    case http::field::if_none_match: return HttpHeader::if_none_match;
    case http::field::origin: return HttpHeader::origin;
    case http::field::unknown:
      if (iequals(name, "Idempotency-Key")) return HttpHeader::idempotency_key;
      if (iequals(name, "X-Request-Id")) return HttpHeader::x_request_id;
      return std::nullopt;
    default: return std::nullopt;
  }
}

// Visible ASCII; a fragment never travels (RFC 9110 §7.1).
bool is_target_byte(char byte) noexcept { return byte > 0x20 && byte < 0x7f && byte != '#'; }

// RFC 9112 §3.2: uri-host [ ":" port ], by its alphabet only.
bool is_host_byte(char byte) noexcept {
  constexpr std::string_view kOther = "-._~:%!$&'()*+,;=[]";
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || kOther.find(byte) != std::string_view::npos;
}

// RFC 9112 §3: three words, the last HTTP/d.d. A space in the target makes more of them, which is
// no version that we lack but no request line.
bool has_version_word(std::string_view head) noexcept {
  const auto line = head.substr(0, head.find("\r\n"));
  const auto word = line.substr(line.rfind(' ') + 1);
  const auto is_digit = [](char byte) { return byte >= '0' && byte <= '9'; };
  return std::ranges::count(line, ' ') == 2 && word.size() == 8 && word.starts_with("HTTP/") &&
         is_digit(word[5]) && word[6] == '.' && is_digit(word[7]);
}

}  // namespace

HttpHeadReader::HttpHeadReader(std::string_view head, std::size_t header_count_max,
                               HttpRequest& request)
    : head_{head}, header_count_max_{header_count_max}, request_{request} {
  skip(true);
  header_limit(kHttpHeadBytesMax + 1);
}

HttpRefusal HttpHeadReader::read() {
  request_.block_ = head_.data();
  request_.head_bytes_ = static_cast<std::uint32_t>(head_.size());
  request_.body_bytes_ = 0;
  request_.field_count_ = 0;
  request_.parameter_count_ = 0;
  request_.known_.fill({});
  request_.expects_continue_ = false;
  Error error;
  const auto used = put(boost::asio::const_buffer{head_.data(), head_.size()}, error);
  if (error || !is_done() || used != head_.size()) return refusal_for(error);
  const bool has_host = (seen_ & (1u << static_cast<unsigned>(HttpHeader::host))) != 0;
  if (request_.version_11_ && !has_host) return HttpRefusal::malformed;
  if (has_transfer_encoding_ && has_content_length_) return HttpRefusal::malformed;
  // RFC 9112 §6.1: a client of version 1.0 cannot mean it.
  if (has_transfer_encoding_ && !request_.version_11_) return HttpRefusal::malformed;
  request_.keep_alive_ = keep_alive();
  return HttpRefusal::none;
}

void HttpHeadReader::refuse(HttpRefusal refusal, Error& error) {
  refusal_ = refusal;
  error = http::make_error_code(http::error::bad_field);
}

HttpRefusal HttpHeadReader::refusal_for(const Error& error) const noexcept {
  if (refusal_ != HttpRefusal::none) return refusal_;
  const bool is_version = error == http::error::bad_version && has_version_word(head_);
  return is_version ? HttpRefusal::version : HttpRefusal::malformed;
}

HttpRequest::Span HttpHeadReader::span(std::string_view text) const noexcept {
  if (text.empty()) return {};
  return {static_cast<std::uint16_t>(text.data() - head_.data()),
          static_cast<std::uint16_t>(text.size())};
}

void HttpHeadReader::on_request_impl(http::verb verb, View, View target, int version,
                                     Error& error) {
  const auto method = to_method(verb);
  request_.version_11_ = version == 11;
  if (!set_target({target.data(), target.size()})) return refuse(HttpRefusal::malformed, error);
  if (!method) return refuse(HttpRefusal::method, error);
  request_.method_ = *method;
}

// RFC 9112 §3.2: origin-form, or absolute-form whose authority is of no interest to us.
bool HttpHeadReader::set_target(std::string_view target) {
  if (!std::all_of(target.begin(), target.end(), is_target_byte)) return false;
  if (target.front() != '/') {
    const auto scheme_bytes = target.find("://");
    if (scheme_bytes == std::string_view::npos) return false;
    const auto scheme = target.substr(0, scheme_bytes);
    if (!iequals(scheme, "http") && !iequals(scheme, "https")) return false;
    const auto path_at = target.find_first_of("/?", scheme_bytes + 3);
    if (path_at == std::string_view::npos || path_at == scheme_bytes + 3) return false;
    if (target[path_at] != '/') return false;
    target.remove_prefix(path_at);
  }
  const auto question = target.find('?');
  request_.path_ = span(target.substr(0, question));
  request_.query_ =
      question == std::string_view::npos ? HttpRequest::Span{} : span(target.substr(question + 1));
  return true;
}

void HttpHeadReader::on_field_impl(Field field, View name_view, View value_view, Error& error) {
  const std::string_view name{name_view.data(), name_view.size()};
  const std::string_view value{value_view.data(), value_view.size()};
  if (request_.field_count_ >= header_count_max_) return refuse(HttpRefusal::head_too_large, error);
  // Lines are never folded here, so Beast's value points into the head.
  LEDGER_INVARIANT(value.empty() || (value.data() >= head_.data() &&
                                     value.data() + value.size() <= head_.data() + head_.size()));
  request_.fields_[request_.field_count_++] = {span(name), span(value)};
  const HttpRefusal framing = set_framing(field, value);
  if (framing != HttpRefusal::none) return refuse(framing, error);
  const auto known = to_known(field, name);
  if (known && !set_known(*known, value)) return refuse(HttpRefusal::malformed, error);
}

bool HttpHeadReader::set_known(HttpHeader known, std::string_view value) {
  const auto bit = 1u << static_cast<unsigned>(known);
  if ((seen_ & bit) != 0) return false;
  seen_ |= bit;
  if (known == HttpHeader::host && !std::all_of(value.begin(), value.end(), is_host_byte))
    return false;
  request_.known_[static_cast<std::size_t>(known)] = span(value);
  return true;
}

// Beast accepts lists and repeats; every proxy reads those its own way, so we take one plain value.
HttpRefusal HttpHeadReader::set_framing(Field field, std::string_view value) {
  if (field == Field::content_length) {
    const bool is_plain = !value.empty() && value.size() <= 18 &&
                          std::all_of(value.begin(), value.end(),
                                      [](char digit) { return digit >= '0' && digit <= '9'; });
    if (has_content_length_ || !is_plain) return HttpRefusal::malformed;
    has_content_length_ = true;
    content_length_ = 0;
    for (const char digit : value)
      content_length_ = content_length_ * 10 + static_cast<std::size_t>(digit - '0');
  } else if (field == Field::transfer_encoding) {
    if (has_transfer_encoding_) return HttpRefusal::malformed;
    if (!iequals(value, "chunked")) return HttpRefusal::transfer_coding;
    has_transfer_encoding_ = true;
  } else if (field == Field::expect) {
    if (!iequals(value, "100-continue")) return HttpRefusal::expectation;
    request_.expects_continue_ = request_.version_11_;
  }
  return HttpRefusal::none;
}

}  // namespace tokenledger

#include "api/http_request.hpp"

#include <openssl/crypto.h>

#include <boost/algorithm/string/predicate.hpp>

#include "api/http_percent.hpp"
#include "core/invariant.hpp"

namespace tokenledger {

std::string_view method_name(HttpMethod method) noexcept {
  switch (method) {
    case HttpMethod::get: return "GET";
    case HttpMethod::head: return "HEAD";
    case HttpMethod::post: return "POST";
    case HttpMethod::put: return "PUT";
    case HttpMethod::patch: return "PATCH";
    case HttpMethod::remove: return "DELETE";
    case HttpMethod::options: return "OPTIONS";
  }
  return "";
}

std::string_view HttpRequest::header(HttpHeader known) const noexcept {
  return at(known_[static_cast<std::size_t>(known)]);
}

std::string_view HttpRequest::header(std::string_view name) const noexcept {
  for (std::size_t index = 0; index < field_count_; ++index)
    if (boost::algorithm::iequals(at(fields_[index].name), name)) return at(fields_[index].value);
  return {};
}

std::string_view HttpRequest::media_type() const noexcept {
  std::string_view type = header(HttpHeader::content_type);
  type = type.substr(0, type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return type;
}

Result<std::string> HttpRequest::path_parameter(std::size_t index) const {
  LEDGER_INVARIANT(index < parameter_count_);
  std::string text;
  if (!append_percent_decoded(text, at(parameters_[index]), PlusSign::is_plus))
    return Errc::invalid_argument;
  for (const char byte : text)
    if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f) return Errc::invalid_argument;
  return text;
}

OwnedHttpRequest::OwnedHttpRequest(const HttpRequest& request)
    : block_{new char[request.head_bytes_ + request.body_bytes_]},
      request_{std::make_unique<HttpRequest>(request)} {
  std::memcpy(block_.get(), request.block_, request.head_bytes_ + request.body_bytes_);
  request_->block_ = block_.get();
}

OwnedHttpRequest::~OwnedHttpRequest() {
  if (request_)
    OPENSSL_cleanse(block_.get(), std::size_t{request_->head_bytes_} + request_->body_bytes_);
}

}  // namespace tokenledger

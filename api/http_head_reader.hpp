// HttpHeadReader: Beast's header parser, writing positions into an HttpRequest. Private to api/.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <string_view>

#include "api/http_parser.hpp"

namespace tokenledger {

// Reads one complete head, shown in a single piece; good for one use.
class HttpHeadReader final : public boost::beast::http::basic_parser<true> {
 public:
  HttpHeadReader(std::string_view head, std::size_t header_count_max, HttpRequest& request);

  // none: the request's head part is filled.
  [[nodiscard]] HttpRefusal read();

  [[nodiscard]] bool has_chunks() const noexcept { return has_transfer_encoding_; }
  [[nodiscard]] std::size_t announced_bytes() const noexcept { return content_length_; }

 private:
  using Error = boost::beast::error_code;
  using View = boost::beast::string_view;
  using Field = boost::beast::http::field;

  void on_request_impl(boost::beast::http::verb verb, View method, View target, int version,
                       Error& error) override;
  void on_field_impl(Field field, View name, View value, Error& error) override;
  void on_header_impl(Error&) override {}
  void on_finish_impl(Error&) override {}
  // Never called: the parser is told to skip the body, and this is not a response.
  void on_response_impl(int, View, int, Error&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
  std::size_t on_body_impl(View body, Error&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, View, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View body, Error&) override { return body.size(); }

  void refuse(HttpRefusal refusal, Error& error);
  [[nodiscard]] HttpRequest::Span span(std::string_view text) const noexcept;
  [[nodiscard]] bool set_target(std::string_view target);
  [[nodiscard]] HttpRefusal set_framing(Field field, std::string_view value);
  [[nodiscard]] bool set_known(HttpHeader known, std::string_view value);
  [[nodiscard]] HttpRefusal refusal_for(const Error& error) const noexcept;

  std::string_view head_;
  std::size_t header_count_max_;
  HttpRequest& request_;
  HttpRefusal refusal_ = HttpRefusal::none;
  std::uint32_t seen_ = 0;  // bit per HttpHeader
  std::size_t content_length_ = 0;
  bool has_content_length_ = false;
  bool has_transfer_encoding_ = false;
};

}  // namespace tokenledger

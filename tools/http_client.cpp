#include "tools/http_client.hpp"

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>
#include <exception>
#include <optional>

#include "tools/failure.hpp"

namespace tokenledger {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

// Of connecting with the TLS handshake, of sending, and of the whole answer.
constexpr std::chrono::seconds kStepDeadline{30};
constexpr std::chrono::seconds kAnswerDeadline{150};  // the server gives itself 120
constexpr std::size_t kAnswerBytesMax = 64u << 20;
constexpr std::uint32_t kAnswerHeadBytesMax = 64u << 10;

using Request = http::request<http::string_body>;
using Parser = http::response_parser<http::string_body>;

bool is_header_text(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char byte) { return byte > 0x20 && byte < 0x7F; });
}

// How far it came, which decides what a failure means.
enum class Stage { connecting, sent };

struct Exchange {
  WebAddress address;
  Request request;
  Parser parser;
  Stage stage = Stage::connecting;
};

template <class Stream>
asio::awaitable<void> talk(Stream& stream, Exchange& exchange) {
  auto& lowest = beast::get_lowest_layer(stream);
  beast::flat_buffer buffer;
  lowest.expires_after(kStepDeadline);
  exchange.stage = Stage::sent;
  co_await http::async_write(stream, exchange.request, asio::use_awaitable);
  lowest.expires_after(kAnswerDeadline);
  co_await http::async_read(stream, buffer, exchange.parser, asio::use_awaitable);
}

asio::ssl::context trust(const std::string& ca_file) {
  asio::ssl::context context{asio::ssl::context::tls_client};
  context.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
  context.set_verify_mode(asio::ssl::verify_peer);
  if (ca_file.empty()) {
    context.set_default_verify_paths();
    return context;
  }
  boost::system::error_code error;
  context.load_verify_file(ca_file, error);
  if (error) throw Failure{ExitCode::usage, "--ca names no file of PEM certificates"};
  return context;
}

// SNI takes no addresses (RFC 6066 §3).
bool is_name(const std::string& host) {
  boost::system::error_code error;
  asio::ip::make_address(host, error);
  return static_cast<bool>(error);
}

// `context` is null for plain HTTP.
asio::awaitable<void> run_exchange(Exchange& exchange, asio::ssl::context* context) {
  const auto executor = co_await asio::this_coro::executor;
  const auto& host = exchange.address.host;
  tcp::resolver resolver{executor};
  const auto found = co_await resolver.async_resolve(host, std::to_string(exchange.address.port),
                                                     asio::use_awaitable);
  beast::tcp_stream plain{executor};
  plain.expires_after(kStepDeadline);
  co_await plain.async_connect(found, asio::use_awaitable);
  if (context == nullptr) {
    co_await talk(plain, exchange);
    co_return;
  }
  beast::ssl_stream<beast::tcp_stream> secure{std::move(plain), *context};
  secure.set_verify_callback(asio::ssl::host_name_verification{host});
  if (is_name(host) && SSL_set_tlsext_host_name(secure.native_handle(), host.c_str()) != 1)
    throw Failure{ExitCode::usage, "--url names a host that TLS can't ask for"};
  beast::get_lowest_layer(secure).expires_after(kStepDeadline);
  co_await secure.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
  // Content-Length or the last chunk tell where an answer ends, so a missing close_notify at its
  // end can't cut it.
  co_await talk(secure, exchange);
}

[[noreturn]] void fail_exchange(const Exchange& exchange, const std::string& why) {
  const auto where =
      (exchange.address.is_https ? "https://" : "http://") + exchange.address.authority();
  if (exchange.stage == Stage::connecting) {
    throw Failure{ExitCode::cannot_open,
                  "can't talk to " + where + " (" + why + "): is the server running there?"};
  }
  if (exchange.request.method() == http::verb::get) {
    throw Failure{ExitCode::cannot_open,
                  "the answer of " + where + " broke off or is no HTTP (" + why + ")"};
  }
  throw Failure{ExitCode::unknown_outcome,
                "the answer of " + where + " broke off or is no HTTP (" + why +
                    "): it may or may not have done it; look before you repeat it"};
}

}  // namespace

HttpClient::HttpClient(HttpClientOptions options)
    : options_{std::move(options)}, address_{parse_web_address("--url", options_.url)} {
  if (!address_.path.empty() && address_.path != "/")
    throw Failure{ExitCode::usage, "--url wants no path: http://127.0.0.1:8080"};
  if (!is_header_text(options_.bearer))
    throw Failure{ExitCode::usage, "the file named by --token-file does not hold a token"};
  if (!address_.is_https && !address_.is_loopback() && !options_.allow_insecure_http) {
    throw Failure{ExitCode::usage,
                  "http://" + address_.authority() +
                      " would show the administrator's token to the network: use https, or say "
                      "--allow-insecure-http"};
  }
}

HttpAnswer HttpClient::send(const HttpQuestion& question) {
  Exchange exchange;
  exchange.address = address_;
  exchange.parser.body_limit(kAnswerBytesMax);
  exchange.parser.header_limit(kAnswerHeadBytesMax);
  auto& request = exchange.request;
  request.version(11);
  request.method_string(question.method);
  request.target(question.target);
  request.set(http::field::host, address_.authority());
  request.set(http::field::connection, "close");
  request.set(http::field::authorization, "Bearer " + options_.bearer);
  if (question.method != "GET") {
    request.set(http::field::content_type, question.content_type);
    request.body() = question.body;
    request.prepare_payload();
    request.content_length(question.body.size());
  }
  std::optional<asio::ssl::context> context;
  if (address_.is_https) context = trust(options_.ca_file);
  asio::io_context io;
  std::exception_ptr failure;
  asio::co_spawn(io, run_exchange(exchange, context ? &*context : nullptr),
                 [&](std::exception_ptr thrown) { failure = thrown; });
  io.run();
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    fail_exchange(exchange, error.code().message());
  }
  auto response = exchange.parser.release();
  const auto text = [&](std::string_view name) {
    const auto value = response[{name.data(), name.size()}];
    return std::string{value.data(), value.size()};
  };
  return {static_cast<int>(response.result_int()), text("Content-Type"), std::move(response.body()),
          text("X-Next-Seq")};
}

}  // namespace tokenledger

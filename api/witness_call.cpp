#include "api/witness_call.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <utility>
#include <vector>

#include "api/name_lookup.hpp"

namespace tokenledger {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using Deadline = std::chrono::steady_clock::time_point;

using Request = http::request<http::string_body>;
using Parser = http::response_parser<http::string_body>;
using Endpoints = std::vector<tcp::endpoint>;

enum class Step : std::uint8_t { connecting, handshake, talking };

struct Exchange {
  WitnessPeer peer;
  Request request;
  Parser parser;
  Deadline deadline;
  Step step = Step::connecting;
};

asio::awaitable<Endpoints> find(const WitnessPeer& peer, Deadline deadline) {
  boost::system::error_code not_numeric;
  const auto address = asio::ip::make_address(peer.host, not_numeric);
  if (!not_numeric) co_return Endpoints{{address, peer.port}};
  Endpoints endpoints;
  for (const auto& found : co_await look_up(peer.host, deadline))
    endpoints.emplace_back(found, peer.port);
  co_return endpoints;
}

template <class Stream>
asio::awaitable<void> talk(Stream& stream, Exchange& exchange) {
  exchange.step = Step::talking;
  beast::get_lowest_layer(stream).expires_at(exchange.deadline);
  co_await http::async_write(stream, exchange.request, asio::use_awaitable);
  beast::flat_buffer buffer{kWitnessAnswerHeadBytesMax + kWitnessAnswerBytesMax};
  co_await http::async_read(stream, buffer, exchange.parser, asio::use_awaitable);
}

asio::awaitable<void> run(Exchange& exchange, asio::ssl::context& trust) {
  const auto endpoints = co_await find(exchange.peer, exchange.deadline);
  beast::tcp_stream plain{co_await asio::this_coro::executor};
  plain.expires_at(exchange.deadline);
  co_await plain.async_connect(endpoints, asio::use_awaitable);
  if (!exchange.peer.is_https) {
    co_await talk(plain, exchange);
    co_return;
  }
  exchange.step = Step::handshake;
  const auto& host = exchange.peer.host;
  beast::ssl_stream<beast::tcp_stream> secure{std::move(plain), trust};
  secure.set_verify_mode(asio::ssl::verify_peer);
  secure.set_verify_callback(asio::ssl::host_name_verification{host});
  boost::system::error_code is_name;  // SNI takes no addresses (RFC 6066 §3)
  asio::ip::make_address(host, is_name);
  if (is_name && SSL_set_tlsext_host_name(secure.native_handle(), host.c_str()) != 1)
    throw boost::system::system_error{asio::error::invalid_argument};
  beast::get_lowest_layer(secure).expires_at(exchange.deadline);
  co_await secure.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
  co_await talk(secure, exchange);
}

WitnessTrouble trouble_of(Step step, const boost::system::error_code& error, Deadline deadline) {
  const bool is_late = std::chrono::steady_clock::now() >= deadline;
  if (is_late || error == beast::error::timeout) return WitnessTrouble::timed_out;
  switch (step) {
    case Step::connecting: return WitnessTrouble::unreachable;
    case Step::handshake: return WitnessTrouble::tls_failed;
    case Step::talking: return WitnessTrouble::bad_answer;
  }
  return WitnessTrouble::bad_answer;
}

}  // namespace

std::shared_ptr<asio::ssl::context> make_witness_trust(const std::string& ca_file) {
  const auto trust = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  boost::system::error_code error;
  trust->set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
  trust->set_verify_mode(asio::ssl::verify_peer);
  if (ca_file.empty()) {
    trust->set_default_verify_paths(error);
  } else {
    trust->load_verify_file(ca_file, error);
  }
  if (error) return nullptr;
  return trust;
}

asio::awaitable<WitnessReply> call_witness(WitnessPeer peer, asio::ssl::context& trust,
                                           std::string body, Deadline deadline) {
  Exchange exchange{.peer = std::move(peer), .deadline = deadline};
  exchange.parser.body_limit(kWitnessAnswerBytesMax);
  exchange.parser.header_limit(kWitnessAnswerHeadBytesMax);
  auto& request = exchange.request;
  request.version(11);
  request.method(http::verb::post);
  request.target(exchange.peer.path);
  request.set(http::field::host, exchange.peer.authority);
  request.set(http::field::user_agent, "tokenledger");
  request.set(http::field::content_type, "text/plain; charset=utf-8");
  request.set(http::field::connection, "close");
  request.body() = std::move(body);
  request.prepare_payload();
  WitnessReply reply;
  try {
    co_await run(exchange, trust);
  } catch (const boost::system::system_error& error) {
    reply.trouble = trouble_of(exchange.step, error.code(), deadline);
    co_return reply;
  }
  auto response = exchange.parser.release();
  reply.status = response.result_int();
  const auto type = response[http::field::content_type];
  reply.content_type.assign(type.data(), type.size());
  reply.body = std::move(response.body());
  co_return reply;
}

}  // namespace tokenledger

// TlsHttpConnection: a TCP connection under TLS (OpenSSL). Private to api/.
//
// The handshake has a deadline of its own; nothing of HTTP begins before it is done. At the end a
// close_notify goes out, so that a client can tell a finished answer from a cut one (RFC 8446
// §6.1).
#pragma once

#include <boost/asio/ssl/stream.hpp>

#include "api/http_connection.hpp"
#include "api/http_tls.hpp"

namespace tokenledger {

class TlsHttpConnection final : public HttpConnection {
 public:
  using Socket = PlainHttpConnection::Socket;

  TlsHttpConnection(HttpIoThread& thread, Socket socket, std::string_view peer,
                    HttpTls::Context context)
      : HttpConnection{thread, peer},
        context_{std::move(context)},
        stream_{std::move(socket), *context_} {}

 private:
  void start_transport() override;
  void start_read(std::span<char> space) override;
  void start_write(std::string_view bytes) override;
  void shutdown_send() noexcept override;
  void close_stream() noexcept override;

  HttpTls::Context context_;
  boost::asio::ssl::stream<Socket> stream_;
};

}  // namespace tokenledger

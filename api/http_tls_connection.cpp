#include "api/http_tls_connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

namespace tokenledger {

void TlsHttpConnection::start_transport() {
  const auto self = std::static_pointer_cast<TlsHttpConnection>(shared_from_this());
  stream_.async_handshake(boost::asio::ssl::stream_base::server,
                          [this, self](const Error& error) { on_transport(error); });
}

void TlsHttpConnection::start_read(std::span<char> space) {
  const auto self = std::static_pointer_cast<TlsHttpConnection>(shared_from_this());
  stream_.async_read_some(
      boost::asio::buffer(space.data(), space.size()),
      [this, self](const Error& error, std::size_t count) { on_read(error, count); });
}

void TlsHttpConnection::start_write(std::string_view bytes) {
  const auto self = std::static_pointer_cast<TlsHttpConnection>(shared_from_this());
  boost::asio::async_write(stream_, boost::asio::buffer(bytes.data(), bytes.size()),
                           [this, self](const Error& error, std::size_t) { on_written(error); });
}

// Whether the other end answers the close_notify is its business: the linger deadline ends us.
void TlsHttpConnection::shutdown_send() noexcept {
  const auto self = std::static_pointer_cast<TlsHttpConnection>(shared_from_this());
  try {
    stream_.async_shutdown([this, self](const Error&) {
      Error ignored;
      stream_.next_layer().shutdown(boost::asio::socket_base::shutdown_send, ignored);
    });
  } catch (...) {  // no memory for a farewell; what was answered is sent
    Error ignored;
    stream_.next_layer().shutdown(boost::asio::socket_base::shutdown_send, ignored);
  }
}

void TlsHttpConnection::close_stream() noexcept {
  Error ignored;
  stream_.next_layer().close(ignored);
}

}  // namespace tokenledger

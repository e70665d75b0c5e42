// What programs that listen have in common: where, what they log, which signals end them.
#pragma once

#include <signal.h>

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <string>

namespace tokenledger {

struct ListenAddress {
  boost::asio::ip::address address;
  std::uint16_t port = 0;

  // An address that somebody else could connect to.
  [[nodiscard]] bool is_nameable() const { return port != 0 && !address.is_unspecified(); }
  // As it stands in a URL.
  [[nodiscard]] std::string text(std::uint16_t at_port) const;
};

// "ADDRESS:PORT" of --listen; localhost is 127.0.0.1. A Failure with usage otherwise.
[[nodiscard]] ListenAddress parse_listen(const std::string& text);

// spdlog's default logger writes to stderr from here on. Once.
void log_to_stderr();

// Blocks the signals that stop a server or have it read files again (SIGTERM, SIGINT, SIGHUP) in
// this thread and in all that it starts later.
[[nodiscard]] sigset_t block_signals();

}  // namespace tokenledger

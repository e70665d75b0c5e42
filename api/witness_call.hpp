// One question to a witness: a POST over a connection of its own, with everything about the answer
// bounded. HTTP/1.1, over TLS with the certificate and the host name verified (RFC 9110 §4.3.4).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "api/witness_board.hpp"

namespace boost::asio::ssl {
class context;
}

namespace tokenledger {

inline constexpr std::size_t kWitnessAnswerBytesMax = 16 * 1024;
inline constexpr std::uint32_t kWitnessAnswerHeadBytesMax = 16 * 1024;

struct WitnessPeer {
  bool is_https = false;
  bool is_loopback = false;  // as it is written
  std::string host;          // an IPv6 address without its brackets
  std::uint16_t port = 0;
  std::string authority;  // both, as the Host field says them
  std::string path;       // of add-checkpoint, "/..."

  // Nobody on the way could have answered in its stead.
  [[nodiscard]] bool is_itself() const noexcept { return is_https || is_loopback; }
};

struct WitnessReply {
  WitnessTrouble trouble = WitnessTrouble::none;  // else nothing below is set
  unsigned status = 0;
  std::string content_type;
  std::string body;
};

// How witnesses' certificates are verified. `ca_file` is PEM; empty: the system's. null: it can't
// be used.
[[nodiscard]] std::shared_ptr<boost::asio::ssl::context> make_witness_trust(
    const std::string& ca_file);

// Ends by the deadline. `trust` is used for https only and outlives the call.
[[nodiscard]] boost::asio::awaitable<WitnessReply> call_witness(
    WitnessPeer peer, boost::asio::ssl::context& trust, std::string body,
    std::chrono::steady_clock::time_point deadline);

}  // namespace tokenledger

// Addresses of a host, with an end: getaddrinfo() can't be interrupted, and one dead name server
// would hold up whoever waits for its thread, when stopping as well. So each name is looked up on a
// detached thread that shares nothing but its result, one per name and at most kNameLookupsMax.
//
// Threads: any; a coroutine stays on its executor.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace tokenledger {

inline constexpr std::size_t kNameLookupsMax = 32;

using Addresses = std::vector<boost::asio::ip::address>;
// Blocks for as long as it likes; empty: there is no such host. Called on a thread that may outlive
// everything else, so it owns what it uses.
using BlockingLookup = std::function<Addresses(const std::string& host)>;

// Of the system: /etc/hosts, name servers.
[[nodiscard]] Addresses look_up_blocking(const std::string& host);

// Throws boost::system::system_error: timed_out by the deadline, host_not_found, no_buffer_space
// when too many names are being looked up. A name that is being looked up already is waited for,
// whoever began it.
[[nodiscard]] boost::asio::awaitable<Addresses> look_up(
    std::string host, std::chrono::steady_clock::time_point deadline,
    BlockingLookup lookup = look_up_blocking);

}  // namespace tokenledger

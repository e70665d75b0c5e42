// What a server costs per request beside the least that Asio can do, for the HTTP programs (P8).
//
// The yardstick is a bare Asio server in this process that looks for the end of a head and answers
// a constant of the size that the measured server answered. Both get the same requests over
// loopback from the same client, in turn, round by round, so that a busy machine disturbs both
// alike; figures are medians over the rounds. A server's cost is the CPU time of its threads,
// the client's thread is not among them.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tokenledger::bench {

// The server at this loopback port, one I/O thread, against a bare one.
struct Comparison {
  std::uint16_t port = 0;
  // Sent in turn over all connections. Each must always get an answer of the same size; it is sent
  // once before measuring, to learn that size and to see that the answer is a 200 that contains
  // `expected`.
  std::span<const std::string> requests;
  std::string_view expected;
  std::size_t pipelined = 1;  // requests that a connection sends before it reads; 1 to 64
};

// The body of a benchmark with UseManualTime. An iteration is a round at the measured server, its
// time the wall's: items per second are requests answered per second. Counters: ratio (CPU per
// request over the bare server's), server_us and bare_us. Throws std::runtime_error when a server
// does not answer as expected. All other threads of the process count as the server's.
void compare_with_bare(benchmark::State& state, const Comparison& comparison);

}  // namespace tokenledger::bench

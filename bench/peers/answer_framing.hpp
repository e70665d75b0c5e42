// Where one server's answer ends: just enough of three protocols to tell complete from incomplete
// and success from failure. Malformed bytes throw std::runtime_error. Threads: any (pure).
#pragma once

#include <cstddef>
#include <string_view>

namespace tokenledger::peers {

struct FramedAnswer {
  std::size_t size = 0;  // 0: not complete yet
  std::size_t body_at = 0;
  bool is_failure = false;
};
// `count` answers at the start of `input`; for PostgreSQL an answer ends with ReadyForQuery.
using Framing = FramedAnswer (*)(std::string_view input, std::size_t count);

FramedAnswer frame_http(std::string_view input, std::size_t count);      // Content-Length only
FramedAnswer frame_resp(std::string_view input, std::size_t count);      // RESP 2
FramedAnswer frame_postgres(std::string_view input, std::size_t count);  // protocol 3.0

// "http", "resp" or "postgres".
Framing framing_of(std::string_view protocol);

}  // namespace tokenledger::peers

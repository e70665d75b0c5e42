// Door: the way into a ledger, which is a directory that nobody has open or a running server.
//
// Commands speak the management API of design section 8 to either and cannot tell them apart: what
// works over HTTP works over a directory, with the same names and the same refusals.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tools/command_line.hpp"

namespace tokenledger {

struct HttpAnswer {
  int status = 0;
  std::string content_type;
  std::string body;
  std::string next_seq;  // X-Next-Seq, of /v1/events
};

struct HttpQuestion {
  std::string method;  // GET, POST, PUT, PATCH, DELETE
  std::string target;  // path and query, percent-encoded
  std::string body = {};
  std::string content_type = "application/json";
  bool changes = true;  // false: a POST that only asks
};

class Door {
 public:
  virtual ~Door() = default;
  // A Failure when there is no answer: cannot_open when nothing can have happened, else
  // unknown_outcome.
  [[nodiscard]] virtual HttpAnswer send(const HttpQuestion& question) = 0;
};

// By line.data or line.url, whichever settle_place() left. `reads_views`: lists and rows are asked
// for, so an offline door first waits, with a progress bar, until the views caught up.
enum class Needs : std::uint8_t { log, views };
[[nodiscard]] std::unique_ptr<Door> open_door(const CommandLine& line, Needs needs);

// What may stand in a query or path segment as it is; everything else becomes %XX.
[[nodiscard]] std::string percent_encoded(std::string_view text);

}  // namespace tokenledger

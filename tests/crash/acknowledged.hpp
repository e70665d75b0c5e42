// Acknowledged: what a ledger promised to a caller. Written down by the one who was answered, and
// compared afterwards with what the ledger still knows.
//
// As a line of text, so that it can be sent through a pipe with one write (shorter than PIPE_BUF,
// hence whole or not at all): kind seq index expires_at name token, "-" for an empty text.
#pragma once

#include <optional>
#include <sstream>
#include <string>

#include "core/ids.hpp"

namespace tokenledger::crash_testing {

enum class Promise : char {
  issued = 'i',           // name: the audience
  revoked = 'r',          // index
  client_disabled = 'd',  // name: the client; ends its tokens
  client_deleted = 'D',   // likewise
  client_revoked = 'c',   // likewise, by a cascade over the client
  api_deleted = 'a',      // name: the audience; ends its tokens
  other = 'o',            // an event that ends nothing
};

struct Acknowledged {
  Promise promise = Promise::other;
  Sequence seq;
  TokenIndex index;
  UnixSeconds expires_at;
  std::string name;
  std::string client_id;  // of an issued token
  std::string token;
};

inline std::string to_line(const Acknowledged& what) {
  const auto shown = [](const std::string& text) { return text.empty() ? "-" : text; };
  std::ostringstream line;
  line << static_cast<char>(what.promise) << ' ' << what.seq.value() << ' ' << what.index.value()
       << ' ' << what.expires_at.value() << ' ' << shown(what.name) << ' ' << shown(what.client_id)
       << ' ' << shown(what.token) << '\n';
  return line.str();
}

// nullopt: not such a line.
inline std::optional<Acknowledged> from_line(const std::string& line) {
  std::istringstream in{line};
  char promise = 0;
  std::uint64_t seq = 0;
  std::uint64_t index = 0;
  std::uint32_t expires_at = 0;
  Acknowledged what;
  in >> promise >> seq >> index >> expires_at >> what.name >> what.client_id >> what.token;
  if (in.fail()) return std::nullopt;
  what.promise = static_cast<Promise>(promise);
  what.seq = Sequence{seq};
  what.index = TokenIndex::from_value(index);
  what.expires_at = UnixSeconds{expires_at};
  for (auto* text : {&what.name, &what.client_id, &what.token})
    if (*text == "-") text->clear();
  return what;
}

}  // namespace tokenledger::crash_testing

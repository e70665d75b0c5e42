// Cursors of lists: opaque to the caller, and good for the query they were made for only.
//
// base64url of as_of_seq (8 bytes, little-endian) | as_of_time (8) | position (4 and 8) | total (8,
// its highest bit: a lower bound) | MAC (16): the first half of HMAC-SHA-256, under the ledger's
// cursor key, of the query's hash and the fields. A cursor that was forged, cut or taken to another
// query is cursor_invalid. The total was counted for the first page and is as of the same moment,
// so later pages need not count again.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/http_form.hpp"
#include "core/errc.hpp"
#include "core/ids.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {

struct ListCursor {
  Sequence as_of_seq;
  LedgerTime as_of_time;
  ListPosition after;
  std::uint64_t total = 0;  // below 2^63
  bool total_is_lower_bound = false;
};

// Of the path and those parameters that choose the rows, in the order of `filters`; not of limit or
// cursor.
[[nodiscard]] Digest hash_query(std::string_view path, const FormFields& query,
                                std::span<const std::string_view> filters);
[[nodiscard]] inline Digest hash_query(std::string_view path, const FormFields& query,
                                       std::initializer_list<std::string_view> filters) {
  return hash_query(path, query, std::span{filters.begin(), filters.size()});
}

[[nodiscard]] std::string seal_cursor(const Ledger& ledger, const ListCursor& cursor,
                                      const Digest& query_hash);
[[nodiscard]] Result<ListCursor> open_cursor(const Ledger& ledger, std::string_view text,
                                             const Digest& query_hash);

// The parameter `limit`; nullopt when it is no number in 1 .. max.
[[nodiscard]] std::optional<std::uint64_t> read_limit(const FormFields& query,
                                                      std::uint64_t when_absent,
                                                      std::uint64_t max) noexcept;

}  // namespace tokenledger

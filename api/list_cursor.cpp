#include "api/list_cursor.hpp"

#include <algorithm>

#include "api/endpoint.hpp"
#include "core/base64url.hpp"
#include "core/sha256.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kMacBytes = 16;
constexpr std::size_t kFieldBytes = 4 * 8 + 4;
constexpr std::uint64_t kLowerBound = std::uint64_t{1} << 63;

void append_number(std::string& out, std::uint64_t value, int bytes) {
  for (int byte = 0; byte < bytes; ++byte) out.push_back(static_cast<char>(value >> (8 * byte)));
}

// Takes the number off the front.
std::uint64_t take_number(std::string_view& text, int bytes) {
  std::uint64_t value = 0;
  for (int byte = 0; byte < bytes; ++byte)
    value |= std::uint64_t{static_cast<std::uint8_t>(text[byte])} << (8 * byte);
  text.remove_prefix(static_cast<std::size_t>(bytes));
  return value;
}

std::string mac_of(const Ledger& ledger, std::string_view fields, const Digest& query_hash) {
  std::string message{"tokenledger cursor v2"};
  message.append(reinterpret_cast<const char*>(query_hash.data()), query_hash.size());
  message += fields;
  const auto mac = hmac_sha256(ledger.core().keys->cursor_key(), bytes_of(message));
  return {reinterpret_cast<const char*>(mac.data()), kMacBytes};
}

}  // namespace

Digest hash_query(std::string_view path, const FormFields& query,
                  std::span<const std::string_view> filters) {
  // Lengths stand before the texts, so that no two queries are the same bytes.
  std::string message = std::to_string(path.size()) + ':';
  message += path;
  for (const auto filter : filters) {
    const auto value = query.get(filter);
    message += value ? std::to_string(value->size()) + ':' : "-";
    if (value) message += *value;
  }
  return sha256(message);
}

std::string seal_cursor(const Ledger& ledger, const ListCursor& cursor, const Digest& query_hash) {
  std::string fields;
  append_number(fields, cursor.as_of_seq.value(), 8);
  append_number(fields, cursor.as_of_time.value(), 8);
  append_number(fields, cursor.after.expires_at.value(), 4);
  append_number(fields, cursor.after.number, 8);
  append_number(fields, cursor.total | (cursor.total_is_lower_bound ? kLowerBound : 0), 8);
  fields += mac_of(ledger, fields, query_hash);
  return base64url_encode(bytes_of(fields));
}

Result<ListCursor> open_cursor(const Ledger& ledger, std::string_view text,
                               const Digest& query_hash) {
  if (text.size() != base64url_length(kFieldBytes + kMacBytes)) return Errc::cursor_invalid;
  const auto bytes = base64url_decode(text);
  if (!bytes) return Errc::cursor_invalid;
  const std::string_view all{*bytes};
  const auto fields = all.substr(0, kFieldBytes);
  const auto mac = mac_of(ledger, fields, query_hash);
  if (!equal_constant_time(bytes_of(mac), bytes_of(all.substr(kFieldBytes))))
    return Errc::cursor_invalid;
  auto rest = fields;
  ListCursor cursor;
  cursor.as_of_seq = Sequence{take_number(rest, 8)};
  cursor.as_of_time = LedgerTime{take_number(rest, 8)};
  cursor.after.expires_at = UnixSeconds{static_cast<std::uint32_t>(take_number(rest, 4))};
  cursor.after.number = take_number(rest, 8);
  const auto total = take_number(rest, 8);
  cursor.total = total & ~kLowerBound;
  cursor.total_is_lower_bound = (total & kLowerBound) != 0;
  return cursor;
}

std::optional<std::uint64_t> read_limit(const FormFields& query, std::uint64_t when_absent,
                                        std::uint64_t max) noexcept {
  const auto text = query.get("limit");
  if (!text) return when_absent;
  const auto limit = parse_number(*text);
  return limit && *limit >= 1 && *limit <= max ? limit : std::nullopt;
}

}  // namespace tokenledger

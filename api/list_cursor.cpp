#include "api/list_cursor.hpp"

#include <algorithm>

#include "api/endpoint.hpp"
#include "core/base64url.hpp"
#include "core/sha256.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kMacBytes = 16;
constexpr std::size_t kFieldBytes = 3 * 8;

void append_u64(std::string& out, std::uint64_t value) {
  for (int byte = 0; byte < 8; ++byte) out.push_back(static_cast<char>(value >> (8 * byte)));
}

std::uint64_t read_u64(std::string_view bytes) {
  std::uint64_t value = 0;
  for (int byte = 0; byte < 8; ++byte)
    value |= std::uint64_t{static_cast<std::uint8_t>(bytes[byte])} << (8 * byte);
  return value;
}

std::string mac_of(const Ledger& ledger, std::string_view fields, const Digest& query_hash) {
  std::string message{"tokenledger cursor v1"};
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
  append_u64(fields, cursor.as_of_seq.value());
  append_u64(fields, cursor.as_of_time.value());
  append_u64(fields, cursor.below.value());
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
  return ListCursor{.as_of_seq = Sequence{read_u64(fields)},
                    .as_of_time = LedgerTime{read_u64(fields.substr(8))},
                    .below = Sequence{read_u64(fields.substr(16))}};
}

std::optional<std::uint64_t> read_limit(const FormFields& query, std::uint64_t when_absent,
                                        std::uint64_t max) noexcept {
  const auto text = query.get("limit");
  if (!text) return when_absent;
  const auto limit = parse_number(*text);
  return limit && *limit >= 1 && *limit <= max ? limit : std::nullopt;
}

}  // namespace tokenledger

// The small texts that checkpoints, notes, proofs and tile paths are made of: lines, decimal
// numbers, hashes in base64. Each value has exactly one accepted text, so that two readers never
// differ. No allocation unless said; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/byte_view.hpp"
#include "core/ids.hpp"

namespace tokenledger {

// The next line without its newline, removed from `text` together with it; nullopt, with `text`
// unchanged, when no newline is left.
[[nodiscard]] std::optional<std::string_view> take_line(std::string_view& text) noexcept;

// Decimal digits without sign or leading zero ("0" itself is fine); at most `value_max`.
[[nodiscard]] std::optional<std::uint64_t> parse_decimal(std::string_view text,
                                                         std::uint64_t value_max) noexcept;

// Standard base64 with padding (RFC 4648 §4), 44 characters. Writing allocates the text.
[[nodiscard]] std::string digest_to_base64(const Digest& digest);
[[nodiscard]] std::optional<Digest> digest_from_base64(std::string_view text);

// nullopt unless there are exactly 32 bytes.
[[nodiscard]] std::optional<Digest> digest_from_bytes(ByteView bytes) noexcept;

// One line of a signed text: well-formed UTF-8, not empty, no byte below 0x20 (so no newline).
[[nodiscard]] bool is_plain_line(std::string_view line) noexcept;

}  // namespace tokenledger

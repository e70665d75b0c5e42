// base64url without padding (RFC 4648 §5, RFC 7515 §2), and base64 with padding for HTTP Basic
// (RFC 4648 §4).
//
// Decoding is strict: one byte string has exactly one accepted text. Refused are padding
// (base64url) or missing padding (base64), unused bits that are not zero, white space, line breaks
// and every letter of the other alphabet. A stray bit would give one token two spellings. Any
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/byte_view.hpp"

namespace tokenledger {

// Characters for this many bytes.
[[nodiscard]] constexpr std::size_t base64url_length(std::size_t byte_count) noexcept {
  return byte_count / 3 * 4 + (byte_count % 3 == 0 ? 0 : byte_count % 3 + 1);
}
// Bytes in this many characters, when they are accepted at all (length % 4 == 1 never is).
[[nodiscard]] constexpr std::size_t base64url_byte_count(std::size_t length) noexcept {
  return length / 4 * 3 + (length % 4 == 0 ? 0 : length % 4 - 1);
}

// Writes base64url_length(bytes.size()) characters at `out` and returns the end. No allocation.
char* base64url_encode_to(ByteView bytes, char* out) noexcept;
[[nodiscard]] std::string base64url_encode(ByteView bytes);

// Decodes into exactly base64url_byte_count(text.size()) bytes at `out`. False, with `out`
// unspecified, when the text is not canonical. No allocation.
[[nodiscard]] bool base64url_decode_to(std::string_view text, std::uint8_t* out) noexcept;
// The bytes as a string; nullopt when the text is not canonical.
[[nodiscard]] std::optional<std::string> base64url_decode(std::string_view text);

[[nodiscard]] std::string base64_encode(ByteView bytes);
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

}  // namespace tokenledger

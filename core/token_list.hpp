// The token list of a sweep (TokensExpired.tokens): many (expires_at, index) pairs in a few bytes.
//
// Pairs ascend strictly by (expires_at, index). Consecutive indexes of one second and lane make one
// run, and a run costs two to four bytes when tokens expire in the order in which they were issued.
// A list has exactly one encoding; the decoder refuses every other one. All parts of one sweep are
// relative to the sweep's `from`. Layout: see token_list.cpp. Stateless, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/command.hpp"
#include "core/errc.hpp"

namespace tokenledger {

// Leaves room for the rest of the event below kEventBytesMax.
inline constexpr std::size_t kTokenListBytesMax = 60'000;
// Bounds the work that a few damaged bytes can ask of a reader.
inline constexpr std::uint32_t kTokenListTokensMax = 1u << 20;

struct TokenListPart {
  std::string bytes;  // at most kTokenListBytesMax
  std::uint32_t count = 0;
  friend bool operator==(const TokenListPart&, const TokenListPart&) = default;
};

// At least one part; no tokens: one empty part. The caller has checked that `tokens` ascends
// strictly, that every expires_at is after `from` and every index has a lane: anything else is a
// broken invariant.
[[nodiscard]] std::vector<TokenListPart> encode_token_list(UnixSeconds from,
                                                           std::span<const ExpiringToken> tokens);

// `count` tokens with consecutive indexes of one lane, from `first` on.
struct TokenRun {
  UnixSeconds expires_at;
  TokenIndex first;
  std::uint32_t count = 0;
};

// Reads a list run by run. The bytes must outlive the reader.
class TokenListReader {
 public:
  TokenListReader(UnixSeconds from, std::string_view bytes) noexcept;
  [[nodiscard]] bool at_end() const noexcept { return position_ == bytes_.size(); }
  // log_corrupt: truncated, not the canonical encoding, out of range, or more tokens than
  // kTokenListTokensMax. Requires !at_end(); after a failure the reader is not used again.
  [[nodiscard]] Result<TokenRun> next() noexcept;
  [[nodiscard]] std::uint32_t tokens_read() const noexcept { return tokens_read_; }

 private:
  [[nodiscard]] bool read_varint(std::uint64_t& value) noexcept;

  std::string_view bytes_;
  std::size_t position_ = 0;
  std::uint32_t tokens_read_ = 0;
  std::uint32_t second_;
  std::uint64_t lane_ = 0;  // of the last run
  std::array<std::uint64_t, kLaneCount> next_counter_{};
};

// Checks the whole list without visiting its tokens: how many there are. log_corrupt also for an
// expires_at after `to` and for more than kTokenListBytesMax bytes.
[[nodiscard]] Result<std::uint32_t> count_token_list(UnixSeconds from, UnixSeconds to,
                                                     std::string_view bytes) noexcept;

// Calls each(ExpiringToken) in ascending order. On log_corrupt the tokens before the damage were
// already visited.
template <class Each>
[[nodiscard]] Result<void> decode_token_list(UnixSeconds from, std::string_view bytes, Each each) {
  if (bytes.size() > kTokenListBytesMax) return Errc::log_corrupt;
  TokenListReader reader{from, bytes};
  while (!reader.at_end()) {
    const auto run = reader.next();
    if (!run) return run.error();
    for (std::uint32_t i = 0; i < run->count; ++i)
      each(ExpiringToken{run->expires_at, TokenIndex::from_value(run->first.value() + i)});
  }
  return {};
}

// TokensExpired.digest: the first half of SHA-256 of the list's bytes (FIPS 180-4).
[[nodiscard]] std::array<std::uint8_t, 16> token_list_digest(std::string_view bytes);

}  // namespace tokenledger

// StatusLists: the Token Status Lists of an open ledger (draft-ietf-oauth-status-list-21), for
// resource servers that judge a JWT without asking here.
//
// A list holds one bit per token: set once the token was revoked, by itself or by a cascade. What
// is committed stands in every list given out kStatusListLagMax later, or none is given out. Lists
// whose tokens all expired are gone.
//
// A view of an open ledger, which must outlive it. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/errc.hpp"
#include "core/ids.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {

// The published bound. A revocation usually shows within a second or two.
inline constexpr std::chrono::seconds kStatusListLagMax{10};
// When a verifier should fetch again (`ttl`), and how long a copy may be believed at most.
inline constexpr std::uint32_t kStatusListTtlSeconds = 60;
inline constexpr std::uint32_t kStatusListLifetimeSeconds = 3'600;
// Named by uris(), newest first; there may be more.
inline constexpr std::size_t kStatusListsNamedMax = 4'096;

// A signed list as it goes out.
struct StatusListBody {
  std::string jwt;
  std::string gzip;  // the same, compressed
  // Strong tags (RFC 9110 §8.8.3) of the two, with their quotes.
  std::string jwt_tag;
  std::string gzip_tag;
  UnixSeconds issued_at;
};

struct StatusListStats {
  bool is_ready = false;             // the first look at all tokens is done
  std::uint64_t lists = 0;           // with a bit set
  std::uint64_t invalid_tokens = 0;  // bits set in them
  std::uint64_t signed_lists = 0;    // signed and kept
  std::uint64_t signatures = 0;      // since open()
  // How long what is committed may be missing; 0 when ready: all is there.
  std::chrono::milliseconds lag{};
};

class StatusLists {
 public:
  explicit StatusLists(const Ledger& ledger) noexcept : ledger_{&ledger} {}

  // False: switched off (LedgerOptions::status_lists).
  [[nodiscard]] bool is_running() const noexcept;
  // The list of this id, signed at most half a ttl ago; signing takes 25 us and a copy.
  // file_not_found: no list of this ledger, switched off, or all its tokens expired. view_behind:
  // not within the bound now. key_not_found: there is no ES256 key. unknown_outcome, shutting_down,
  // crypto_failure.
  using Body = std::shared_ptr<const StatusListBody>;
  [[nodiscard]] Result<Body> fetch(std::string_view id) const;
  // The same without a signature or a wait; nullopt: one is needed.
  [[nodiscard]] std::optional<Result<Body>> fetch_in_memory(std::string_view id) const;
  // URIs of lists that have, or are about to get, a token that has not expired; newest first, at
  // most kStatusListsNamedMax. Empty when switched off.
  [[nodiscard]] std::vector<std::string> uris() const;
  [[nodiscard]] StatusListStats stats() const;

 private:
  const Ledger* ledger_;
};

}  // namespace tokenledger

// TokenClass: what many tokens have in common, interned once, so that a token's entry is 32 bytes.
//
// It holds what a check must know beyond the entry (which APIs, which scopes there) and names the
// selectors whose cascades end the token. Scope sets are bit masks over an API's scope list: an API
// has at most kScopesPerApiMax different scope names during its whole life, each keeps its bit for
// ever.
#pragma once

#include <array>
#include <cstdint>

#include "core/ids.hpp"

namespace tokenledger {

inline constexpr std::size_t kScopesPerApiMax = 64;
inline constexpr std::size_t kApisPerTokenMax = 4;

// What a token may do at one API. Unused elements have api 0 and mask 0 and stand at the end.
struct ApiScopes {
  ApiNumber api;
  std::uint64_t scope_mask = 0;
  friend constexpr bool operator==(const ApiScopes&, const ApiScopes&) = default;
};

struct TokenClass {
  ClientNumber client;
  GrantNumber grant;                               // 0: made without a grant (a named token)
  KeyNumber key;                                   // 0: opaque, not signed
  std::array<ApiScopes, kApisPerTokenMax> apis{};  // ascending by api
  friend constexpr bool operator==(const TokenClass&, const TokenClass&) = default;
};

// What a cascade ends: every token of one client, API, grant or signing key, or of the whole ledger
// (id 0). A token's consent, family and user do not stand in its class: they end by events of their
// own, never by TokensRevoked.
enum class SelectorKind : std::uint8_t {
  client = 1,
  api = 2,
  grant = 3,
  key = 4,
  all = 5,
  consent = 6,
  family = 7,
  user = 8,
};
inline constexpr SelectorKind kSelectorKindLast = SelectorKind::user;
// Whether it names tokens by a number that each token has of its own. There is one such event per
// withdrawal, so nobody keeps all of them in memory.
[[nodiscard]] constexpr bool ends_by_number(SelectorKind kind) noexcept {
  return kind == SelectorKind::consent || kind == SelectorKind::family ||
         kind == SelectorKind::user;
}
struct Selector {
  SelectorKind kind = SelectorKind::all;
  std::uint32_t id = 0;
  friend constexpr bool operator==(const Selector&, const Selector&) = default;
};

// Never 0: a zero kind in an index entry means "not issued". Values are on disk.
enum class TokenKind : std::uint8_t { jwt = 1, opaque = 2, jwe = 3 };

// Where a token came from. Values are on disk.
enum class Origin : std::uint8_t {
  console = 1,
  api = 2,
  oauth_flow = 3,
  external = 4,
  embedded = 5
};
[[nodiscard]] constexpr std::uint8_t bit_of(Origin origin) noexcept {
  return static_cast<std::uint8_t>(1u << static_cast<unsigned>(origin));
}
inline constexpr std::uint8_t kOriginBitsAll = 0x3e;

// Flags of an index entry; any flag sends a check to the slow path.
enum class EntryFlags : std::uint8_t { none = 0, sender_bound = 1, narrowed = 2, suspended = 4 };

// What a token of a user stands on besides its class; both 0: a token of a client.
struct TokenBinding {
  ConsentNumber consent;
  FamilyNumber family;  // 0: none
  friend constexpr bool operator==(const TokenBinding&, const TokenBinding&) = default;
};
static_assert(sizeof(TokenBinding) == 8, "one word beside the entry");

// What the validity index keeps per token.
struct IndexEntry {
  Fingerprint fingerprint;
  UnixSeconds expires_at;  // first second in which the token is no longer good
  ClassNumber token_class;
  Sequence issued_seq;  // < 2^48
  TokenKind kind = TokenKind::jwt;
  Origin origin = Origin::oauth_flow;
  EntryFlags flags = EntryFlags::none;
  TokenBinding binding;
  friend constexpr bool operator==(const IndexEntry&, const IndexEntry&) = default;
};

}  // namespace tokenledger

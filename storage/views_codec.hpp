// Rows of the views as bytes. Numbers are varints (7 bits a byte, low first), signed ones zigzag.
//
//   actor    = kind:1 number*              as ActorKind needs
//   facts    = flags:1 position issued_at expires_at-issued_at recorded_at-issued_at
//              [subject] [consent family] (generation | actor) [ordinal]
//   details  = len name, len owner, len extra_fields
//   token    = class_id facts
//   named    = issued_seq class_id facts
//   expiry   = issued_seq class_id [subject consent family]
//   ended    = cause:1 actor seq at has_reason:1, in front of the facts of a revoked token
//   revocation = cause:1 actor seq at len reason
//   cascade  = selector_kind:1 selector_id before revocation
//   end place = selector_kind:1 selector_id
//   number   = client grant key (api mask)*4
//   class    = number origin:1 lifetime_bucket:1
//   counts   = issued newest_seq deleted users lag_min lag_max life_min life_max
//   meta     = layout ledger_id:16 cursor issued deleted
//
// position = counter * kLaneCount + lane. Most tokens are issued by their own client, so that actor
// takes only its generation. Every kOrdinalStride-th row of a sequence carries its ordinal, so that
// "how many up to here?" costs one seek and at most that many steps.
//
// Decoders take any bytes: nullopt when they are not exactly one row.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/status.hpp"

namespace tokenledger::views {

// Older layouts are emptied and rebuilt.
inline constexpr std::uint32_t kLayoutVersion = 4;
inline constexpr std::uint64_t kOrdinalStride = 64;

// What a list needs to know of a token without a second read.
struct TokenRowFacts {
  TokenIndex index;
  UnixSeconds issued_at;
  UnixSeconds expires_at;
  LedgerTime recorded_at;
  TokenKind kind = TokenKind::jwt;
  SubjectNumber subject;
  TokenBinding binding;
  Actor issued_by;
  bool has_details = false;
  std::uint64_t ordinal = 0;  // 1 for the first of its sequence; 0: not in this row
  friend bool operator==(const TokenRowFacts&, const TokenRowFacts&) = default;

  // Whether an event about a consent, a family or a user may end it.
  [[nodiscard]] bool is_users() const noexcept {
    return subject != SubjectNumber{} || binding != TokenBinding{};
  }
};

struct TokenDetails {
  std::string_view name;
  std::string_view owner;
  std::string_view extra_fields;
};

struct IssuedPlace {
  Sequence seq;
  Sequence class_id;
};

// What a class of the views has in common.
struct ClassContent {
  TokenClass token_class;
  Origin origin = Origin::oauth_flow;
  std::uint8_t lifetime_bucket = 0;
  friend bool operator==(const ClassContent&, const ClassContent&) = default;
};
// A quarter of a power of two, so lifetimes of one bucket differ by less than a fourth.
[[nodiscard]] std::uint8_t lifetime_bucket(UnixSeconds issued_at, UnixSeconds expires_at) noexcept;

// Seconds from `iat` to the issue event and from the issue event to expiry, over some tokens: with
// them the time of an issue event bounds the token's times, and the other way round.
struct Spread {
  std::int64_t lag_min = 0;
  std::int64_t lag_max = 0;
  std::int64_t life_min = 0;
  std::int64_t life_max = 0;
  friend bool operator==(const Spread&, const Spread&) = default;
};

struct RevocationRow {
  Revocation revocation;
  Sealed reason;
};

// A token's own revocation as its rows repeat it, so that a list of revoked tokens needs no second
// read; the reason stands in the revocation's row only.
struct EndedFacts {
  Revocation revocation;
  bool has_reason = false;
  friend bool operator==(const EndedFacts&, const EndedFacts&) = default;
};

struct CascadeRow {
  Cascade cascade;
  Sealed reason;
};

struct ClassCount {
  std::uint64_t issued = 0;
  Sequence newest;
  std::uint64_t deleted = 0;
  std::uint64_t users = 0;  // tokens of users among the issued ones
  Spread spread;
};

struct Meta {
  std::uint32_t layout = kLayoutVersion;
  std::array<std::uint8_t, 16> ledger_id{};
  Sequence cursor;
  std::uint64_t issued = 0;
  std::uint64_t deleted = 0;
};

// Encoders append to `out`. `owner` is the client of the token's class.
void append_facts(std::string& out, const TokenRowFacts& facts, ClientNumber client);
void append_token(std::string& out, Sequence class_id, const TokenRowFacts& facts,
                  ClientNumber client);
void append_details(std::string& out, const TokenDetails& details);
void append_place(std::string& out, const IssuedPlace& place);
// The place, and of a user's token whose it is.
void append_expiry(std::string& out, const IssuedPlace& place, const TokenRowFacts& facts);
void append_end_place(std::string& out, Selector selector);
void append_revocation(std::string& out, const Revocation& revocation, const Sealed& reason);
void append_ended(std::string& out, const EndedFacts& ended);
void append_cascade(std::string& out, const CascadeRow& row);
void append_number(std::string& out, const TokenClass& token_class);
void append_class(std::string& out, const ClassContent& content);
void append_count(std::string& out, const ClassCount& count);
void append_meta(std::string& out, const Meta& meta);
void append_seq(std::string& out, Sequence seq);
void append_u64(std::string& out, std::uint64_t value);

// Takes the class id off a row that starts with it: its client must be known to decode the rest.
[[nodiscard]] std::optional<Sequence> take_class_id(std::string_view& bytes);
[[nodiscard]] std::optional<IssuedPlace> take_place(std::string_view& bytes);
// Sets subject and binding; false when the bytes are no expiry row.
[[nodiscard]] bool decode_expiry(std::string_view bytes, IssuedPlace& place, TokenRowFacts& facts);
[[nodiscard]] std::optional<Selector> decode_end_place(std::string_view bytes);
[[nodiscard]] std::optional<EndedFacts> take_ended(std::string_view& bytes);
[[nodiscard]] std::optional<TokenRowFacts> decode_facts(std::string_view bytes,
                                                        ClientNumber client);
// Points into the bytes.
[[nodiscard]] std::optional<TokenDetails> decode_details(std::string_view bytes);
[[nodiscard]] std::optional<RevocationRow> decode_revocation(std::string_view bytes);
[[nodiscard]] std::optional<CascadeRow> decode_cascade(std::string_view bytes);
[[nodiscard]] std::optional<TokenClass> decode_number(std::string_view bytes);
[[nodiscard]] std::optional<ClassContent> decode_class(std::string_view bytes);
[[nodiscard]] std::optional<ClassCount> decode_count(std::string_view bytes);
[[nodiscard]] std::optional<Meta> decode_meta(std::string_view bytes);
[[nodiscard]] std::optional<Sequence> decode_seq(std::string_view bytes);
[[nodiscard]] std::optional<std::uint64_t> decode_u64(std::string_view bytes);

}  // namespace tokenledger::views

// Rows of the views as bytes. Numbers are varints (7 bits a byte, low first), signed ones zigzag.
//
//   actor    = kind:1 number*              as ActorKind needs
//   facts    = flags:1 origin:1 position issued_at expires_at-issued_at recorded_at-issued_at
//              [subject] (generation | actor) [ordinal]
//   details  = len name, len owner, len extra_fields
//   token    = class_id facts [details]
//   revocation = cause:1 actor seq at len reason
//   cascade  = selector_kind:1 selector_id before revocation
//   class    = client grant key (api mask)*4
//   counts   = issued newest_seq
//   meta     = layout ledger_id:16 cursor issued
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
inline constexpr std::uint32_t kLayoutVersion = 1;
inline constexpr std::uint64_t kOrdinalStride = 64;

// What a list needs to know of a token without a second read.
struct TokenRowFacts {
  TokenIndex index;
  UnixSeconds issued_at;
  UnixSeconds expires_at;
  LedgerTime recorded_at;
  TokenKind kind = TokenKind::jwt;
  Origin origin = Origin::oauth_flow;
  SubjectNumber subject;
  Actor issued_by;
  bool has_details = false;
  std::uint64_t ordinal = 0;  // 1 for the first of its sequence; 0: not in this row
  friend bool operator==(const TokenRowFacts&, const TokenRowFacts&) = default;
};

struct TokenDetails {
  std::string_view name;
  std::string_view owner;
  std::string_view extra_fields;
};

struct DecodedToken {
  Sequence class_id;
  TokenRowFacts facts;
  TokenDetails details;  // points into the decoded bytes
};

struct RevocationRow {
  Revocation revocation;
  Sealed reason;
};

struct CascadeRow {
  Cascade cascade;
  Sealed reason;
};

struct ClassCount {
  std::uint64_t issued = 0;
  Sequence newest;
};

struct Meta {
  std::uint32_t layout = kLayoutVersion;
  std::array<std::uint8_t, 16> ledger_id{};
  Sequence cursor;
  std::uint64_t issued = 0;
};

// Encoders append to `out`. `owner` is the client of the token's class.
void append_facts(std::string& out, const TokenRowFacts& facts, ClientNumber client);
void append_token(std::string& out, Sequence class_id, const TokenRowFacts& facts,
                  ClientNumber client, const TokenDetails& details);
void append_revocation(std::string& out, const Revocation& revocation, const Sealed& reason);
void append_cascade(std::string& out, const CascadeRow& row);
void append_class(std::string& out, const TokenClass& token_class);
void append_count(std::string& out, const ClassCount& count);
void append_meta(std::string& out, const Meta& meta);
void append_seq(std::string& out, Sequence seq);

// The class id that a token row starts with: its client must be known to decode the rest.
[[nodiscard]] std::optional<Sequence> decode_class_id(std::string_view bytes);
[[nodiscard]] std::optional<DecodedToken> decode_token(std::string_view bytes, ClientNumber client);
[[nodiscard]] std::optional<TokenRowFacts> decode_facts(std::string_view bytes,
                                                        ClientNumber client);
[[nodiscard]] std::optional<RevocationRow> decode_revocation(std::string_view bytes);
[[nodiscard]] std::optional<CascadeRow> decode_cascade(std::string_view bytes);
[[nodiscard]] std::optional<TokenClass> decode_class(std::string_view bytes);
[[nodiscard]] std::optional<ClassCount> decode_count(std::string_view bytes);
[[nodiscard]] std::optional<Meta> decode_meta(std::string_view bytes);
[[nodiscard]] std::optional<Sequence> decode_seq(std::string_view bytes);

}  // namespace tokenledger::views

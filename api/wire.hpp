// The wire form of what /v1 shows (design §8: scripts rely on these names): records to JSON and
// names to values.
//
// Writers append one whole object. Threads: pure functions; those that take a Ledger open sealed
// fields.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/json_writer.hpp"
#include "core/registries.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {

[[nodiscard]] std::string_view token_kind_name(TokenKind kind) noexcept;
[[nodiscard]] std::optional<TokenKind> token_kind_from_name(std::string_view name) noexcept;
[[nodiscard]] std::string_view origin_name(Origin origin) noexcept;
[[nodiscard]] std::optional<Origin> origin_from_name(std::string_view name) noexcept;
[[nodiscard]] std::optional<GrantType> grant_type_from_name(std::string_view name) noexcept;
[[nodiscard]] std::optional<TokenStatus> token_status_from_name(std::string_view name) noexcept;
// 64 lower-case hexadecimal digits.
[[nodiscard]] std::optional<Digest> digest_from_hex(std::string_view text) noexcept;

// The members of settings, inside an object that was begun.
void write_client_settings(JsonWriter& json, const ClientSettings& settings);
void write_api_settings(JsonWriter& json, const ApiSettings& settings);

// `secret` is written when it is not empty: shown once.
void write_client(JsonWriter& json, const ClientRecord& client, std::string_view secret = {});
void write_api(JsonWriter& json, const ApiRecord& api, std::string_view secret = {});
void write_grant(JsonWriter& json, const GrantRecord& grant, const Registries& registries);

// "host", "system", "client:<client_id>", "token:<jti>". The host may be an embedding program or
// the offline command line.
[[nodiscard]] std::string actor_text(const Ledger& ledger, const Actor& actor);
// {cause, actor, reason, seq, revoked_at}; reason is null when there is none or it was erased.
void write_revocation(JsonWriter& json, const Ledger& ledger, const Revocation& revocation,
                      const std::optional<std::string>& reason);

// A token row, ready to be written.
struct TokenWire {
  std::string shown_once;  // the token itself, right after it was made; else empty
  std::string jti;
  std::string name;
  std::string client_id;
  std::string subject;  // a user_id; of a client's own token the client_id
  std::vector<std::string> audiences;
  std::string scope;
  TokenStatus status = TokenStatus::active;
  UnixSeconds issued_at;
  UnixSeconds expires_at;
  std::optional<Revocation> revocation;
  std::optional<std::string> reason;
  std::optional<std::string> owner;
  std::optional<std::string> extra_fields;      // JSON text
  std::vector<std::string_view> erased_fields;  // names of those that are null because of that
  Origin origin = Origin::api;
  TokenKind format = TokenKind::jwt;
  TokenBinding binding{};  // of a user's token
  // Of one token asked for by name: of the refresh token that came with it; 0: none did.
  std::uint32_t generation = 0;
  Sequence seq;
  // Decoded, as JSON, of one active token asked for by name (Z13); empty: left out. An opaque token
  // has claims and no header.
  std::string header;
  std::string claims;
};
// client_id, audiences and scope of a class, under the names they have now.
void name_class(TokenWire& wire, const TokenClass& token_class, const Registries& registries);
// A text for one, else an array.
void write_audience(JsonWriter& json, const std::vector<std::string>& audiences);
void write_text_or_null(JsonWriter& json, std::string_view name,
                        const std::optional<std::string>& text);
// "erased_fields": what is null although it was given once (INV-8).
void write_erased_fields(JsonWriter& json, const std::vector<std::string_view>& names);
// With the sealed fields opened and the reason of its own revocation or of the cascade that ended
// it. May read the views.
[[nodiscard]] TokenWire token_wire(const Ledger& ledger, const ListedToken& token);
void write_token(JsonWriter& json, const Ledger& ledger, const TokenWire& token);

}  // namespace tokenledger

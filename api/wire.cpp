#include "api/wire.hpp"

#include <array>
#include <shared_mutex>
#include <utility>

#include "api/client_authentication_wire.hpp"
#include "api/rfc3339.hpp"
#include "core/invariant.hpp"
#include "core/user_id.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

constexpr Origin kOrigins[] = {Origin::console, Origin::api, Origin::oauth_flow, Origin::external,
                               Origin::embedded};

constexpr std::array<std::pair<std::string_view, GrantType>, 4> kGrantTypes = {{
    {"client_credentials", GrantType::client_credentials},
    {"authorization_code", GrantType::authorization_code},
    {"refresh_token", GrantType::refresh_token},
    {"implicit", GrantType::implicit},
}};

std::string_view client_status_name(ClientStatus status) noexcept {
  switch (status) {
    case ClientStatus::enabled: return "enabled";
    case ClientStatus::disabled: return "disabled";
    case ClientStatus::deleted: return "deleted";
  }
  return "deleted";
}

int hex_digit(char byte) noexcept {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  return -1;
}

std::optional<std::string> reason_of_cascade(const Ledger& ledger, Sequence seq) {
  const auto& core = ledger.core();
  Result<std::optional<Sealed>> sealed = Errc::shutting_down;
  {
    const std::shared_lock files{core.files_mutex};
    if (core.check_readable()) sealed = core.views->reason_of_cascade(seq);
  }
  if (!sealed || !*sealed) return std::nullopt;
  return ledger.open_sealed(**sealed);
}

std::optional<std::string> reason_of(const Ledger& ledger, const ListedToken& token) {
  const auto& revocation = token.answer.revocation;
  if (!revocation) return std::nullopt;
  const auto& own = token.row.own_revocation;
  if (own && own->seq == revocation->seq) return ledger.open_sealed(token.row.own_reason);
  return reason_of_cascade(ledger, revocation->seq);
}

std::string user_id_of(const Ledger& ledger, SubjectNumber subject) {
  std::string text;
  ledger.people().with_people([&](const People& people) {
    if (const auto* user = people.user(subject)) text = user_id_text(user->id);
  });
  return text;
}

}  // namespace

std::string_view token_kind_name(TokenKind kind) noexcept {
  switch (kind) {
    case TokenKind::jwt: return "jwt";
    case TokenKind::opaque: return "opaque";
    case TokenKind::jwe: return "jwe";
  }
  return {};
}

std::optional<TokenKind> token_kind_from_name(std::string_view name) noexcept {
  for (const auto kind : {TokenKind::jwt, TokenKind::opaque, TokenKind::jwe})
    if (name == token_kind_name(kind)) return kind;
  return std::nullopt;
}

std::optional<Origin> origin_from_name(std::string_view name) noexcept {
  for (const auto origin : kOrigins)
    if (origin_name(origin) == name) return origin;
  return std::nullopt;
}
std::string_view origin_name(Origin origin) noexcept {
  switch (origin) {
    case Origin::console: return "console";
    case Origin::api: return "api";
    case Origin::oauth_flow: return "oauth_flow";
    case Origin::external: return "external";
    case Origin::embedded: return "embedded";
  }
  return {};
}

std::optional<GrantType> grant_type_from_name(std::string_view name) noexcept {
  for (const auto& [known, type] : kGrantTypes)
    if (name == known) return type;
  return std::nullopt;
}

std::optional<TokenStatus> token_status_from_name(std::string_view name) noexcept {
  for (const auto status : {TokenStatus::active, TokenStatus::revoked, TokenStatus::expired})
    if (name == status_name(status)) return status;
  return std::nullopt;
}

std::optional<Digest> digest_from_hex(std::string_view text) noexcept {
  Digest digest{};
  if (text.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t index = 0; index < digest.size(); ++index) {
    const int high = hex_digit(text[2 * index]);
    const int low = hex_digit(text[2 * index + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    digest[index] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return digest;
}

void write_text_or_null(JsonWriter& json, std::string_view name,
                        const std::optional<std::string>& text) {
  json.name(name);
  if (text) {
    json.value(*text);
  } else {
    json.null();
  }
}

void write_erased_fields(JsonWriter& json, const std::vector<std::string_view>& names) {
  json.name("erased_fields").begin_array();
  for (const auto name : names) json.value(name);
  json.end_array();
}

void name_class(TokenWire& wire, const TokenClass& token_class, const Registries& registries) {
  if (const auto* client = registries.client(token_class.client))
    wire.client_id = client->client_id;
  for (const auto& at : token_class.apis) {
    const auto* api = registries.api(at.api);
    if (api == nullptr) continue;
    wire.audiences.push_back(api->identifier);
    const auto names = api->scope_string(at.scope_mask);
    if (!wire.scope.empty() && !names.empty()) wire.scope += ' ';
    wire.scope += names;
  }
}

void write_audience(JsonWriter& json, const std::vector<std::string>& audiences) {
  json.name("audience");
  if (audiences.size() == 1) {
    json.value(audiences.front());
    return;
  }
  json.begin_array();
  for (const auto& audience : audiences) json.value(audience);
  json.end_array();
}

void write_client_settings(JsonWriter& json, const ClientSettings& settings) {
  json.member("name", settings.name).name("grant_types").begin_array();
  for (const auto& [name, type] : kGrantTypes)
    if ((settings.grant_types & static_cast<std::uint8_t>(type)) != 0) json.value(name);
  json.end_array().name("redirect_uris").begin_array();
  for (const auto& uri : settings.redirect_uris) json.value(uri);
  json.end_array().name("token_format");
  if (settings.token_format) {
    json.value(token_kind_name(*settings.token_format));
  } else {
    json.null();
  }
  const auto limit = settings.live_tokens_max;
  json.member("live_tokens_max", limit == 0 ? kLiveTokensPerClientMax : limit);
  write_client_authentication(json, settings);
}

void write_client(JsonWriter& json, const ClientRecord& client, std::string_view secret) {
  json.begin_object().member("client_id", client.client_id);
  if (!secret.empty()) json.member("client_secret", secret);
  json.member("status", client_status_name(client.status));
  write_client_settings(json, client.settings);
  json.member("built_in", client.built_in)
      .member("created_at", format_rfc3339(to_seconds(client.created_at)))
      .end_object();
}

void write_api_settings(JsonWriter& json, const ApiSettings& settings) {
  json.member("name", settings.name).name("scopes").begin_array();
  for (const auto& scope : settings.scopes) {
    json.begin_object()
        .member("name", scope.name)
        .member("description", scope.description)
        .end_object();
  }
  json.end_array()
      .member("token_lifetime", settings.token_lifetime_s)
      .member("token_lifetime_max", settings.token_lifetime_max_s)
      .member("allow_offline_access", settings.allow_offline_access)
      .member("refresh_token_lifetime", settings.refresh_lifetime_s)
      .member("refresh_token_idle", settings.refresh_idle_s)
      .member("refresh_token_grace", settings.refresh_grace_s)
      .member("revocable_by_admins_only", settings.revocable_by_admins_only)
      .member("revocable", !settings.not_revocable)
      .name("admin_revocable_origins")
      .begin_array();
  for (const auto origin : kOrigins)
    if ((settings.origins_kept & bit_of(origin)) == 0) json.value(origin_name(origin));
  json.end_array()
      .member("signing_alg", algorithm_name(settings.signing_alg))
      .member("token_format", token_kind_name(settings.token_format))
      .name("introspectors")
      .begin_array();
  for (const auto& client_id : settings.introspectors) json.value(client_id);
  json.end_array();
}

void write_api(JsonWriter& json, const ApiRecord& api, std::string_view secret) {
  json.begin_object().member("identifier", api.identifier);
  if (!secret.empty()) json.member("signing_secret", secret);
  write_api_settings(json, api.settings);
  json.member("built_in", api.built_in)
      .member("created_at", format_rfc3339(to_seconds(api.created_at)))
      .end_object();
}

void write_grant(JsonWriter& json, const GrantRecord& grant, const Registries& registries) {
  const auto* client = registries.client(grant.client);
  const auto* api = registries.api(grant.api);
  LEDGER_INVARIANT(client != nullptr);
  LEDGER_INVARIANT(api != nullptr);
  json.begin_object()
      .member("client_id", client->client_id)
      .member("audience", api->identifier)
      .name("scopes")
      .begin_array();
  for (std::size_t bit = 0; bit < api->scope_names.size(); ++bit)
    if ((grant.scope_mask >> bit & 1) != 0) json.value(api->scope_names[bit]);
  json.end_array().member("created_at", format_rfc3339(to_seconds(grant.created_at))).end_object();
}

std::string actor_text(const Ledger& ledger, const Actor& actor) {
  switch (actor.kind) {
    case ActorKind::system: return "system";
    case ActorKind::host: return "host";
    case ActorKind::client: {
      std::string text = "client:";
      ledger.with_registries([&](const Registries& registries) {
        if (const auto* client = registries.client(actor.client)) text += client->client_id;
      });
      return text;
    }
    case ActorKind::token: return "token:" + ledger.jti_of(actor.token);
    case ActorKind::user: return "user:" + std::to_string(actor.user.value());
  }
  return {};
}

void write_revocation(JsonWriter& json, const Ledger& ledger, const Revocation& revocation,
                      const std::optional<std::string>& reason) {
  json.begin_object()
      .member("cause", cause_name(revocation.cause))
      .member("actor", actor_text(ledger, revocation.actor));
  write_text_or_null(json, "reason", reason);
  json.member("seq", revocation.seq.value())
      .member("revoked_at", format_rfc3339(revocation.at))
      .end_object();
}

TokenWire token_wire(const Ledger& ledger, const ListedToken& token) {
  const auto& row = token.row;
  TokenWire wire;
  wire.jti = ledger.jti_of(row.index);
  wire.name = row.name;
  ledger.with_registries(
      [&](const Registries& registries) { name_class(wire, row.token_class, registries); });
  wire.subject = row.subject == SubjectNumber{} ? wire.client_id : user_id_of(ledger, row.subject);
  wire.binding = row.binding;
  wire.status = token.answer.status;
  wire.issued_at = row.issued_at;
  wire.expires_at = row.expires_at;
  wire.revocation = token.answer.revocation;
  wire.reason = reason_of(ledger, token);
  wire.owner = ledger.open_sealed(row.owner);
  wire.extra_fields = ledger.open_sealed(row.extra_fields);
  if (!wire.owner && ledger.is_erased(row.owner)) wire.erased_fields.push_back("owner");
  if (!wire.extra_fields && ledger.is_erased(row.extra_fields))
    wire.erased_fields.push_back("extra_fields");
  wire.origin = row.origin;
  wire.format = row.kind;
  wire.seq = row.issued_seq;
  return wire;
}

namespace {

template <class Number>
void write_number_or_null(JsonWriter& json, std::string_view name, Number number) {
  json.name(name);
  if (number == Number{})
    json.null();
  else
    json.value(std::uint64_t{number.value()});
}

// The refresh token of generation n was given for that of n - 1 (A31).
void write_binding(JsonWriter& json, const TokenWire& token) {
  write_number_or_null(json, "consent", token.binding.consent);
  write_number_or_null(json, "family", token.binding.family);
  if (token.generation == 0) return;
  json.member("generation", token.generation).name("parent");
  if (token.generation == 1) {
    json.null();
  } else {
    json.begin_object()
        .member("family", token.binding.family.value())
        .member("generation", token.generation - 1)
        .end_object();
  }
}

}  // namespace

void write_token(JsonWriter& json, const Ledger& ledger, const TokenWire& token) {
  json.begin_object();
  if (!token.shown_once.empty()) json.member("token", token.shown_once);
  json.member("jti", token.jti)
      .member("name", token.name)
      .member("client_id", token.client_id)
      .member("subject", token.subject);
  write_audience(json, token.audiences);
  json.member("scope", token.scope)
      .member("status", status_name(token.status))
      .member("issued_at", format_rfc3339(token.issued_at))
      .member("expires_at", format_rfc3339(token.expires_at));
  json.name("revoked_at");
  if (token.revocation) {
    json.value(format_rfc3339(token.revocation->at)).name("revocation");
    write_revocation(json, ledger, *token.revocation, token.reason);
  } else {
    json.null().name("revocation").null();
  }
  write_text_or_null(json, "owner", token.owner);
  json.name("extra_fields");
  if (token.extra_fields) {
    json.raw(*token.extra_fields);  // checked when it was taken, and sealed since
  } else {
    json.null();
  }
  write_erased_fields(json, token.erased_fields);
  json.name("plans").begin_array().end_array();
  json.member("origin", origin_name(token.origin)).member("format", token_kind_name(token.format));
  write_binding(json, token);
  json.member("seq", token.seq.value());
  if (!token.claims.empty()) {
    json.name("header");
    if (token.header.empty()) {
      json.null();
    } else {
      json.raw(token.header);
    }
    json.name("claims").raw(token.claims);
  }
  json.end_object();
}

}  // namespace tokenledger

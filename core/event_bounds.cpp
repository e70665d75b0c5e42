#include "core/event_bounds.hpp"

#include "core/event_verdict.hpp"
#include "core/token_list.hpp"

namespace tokenledger {
namespace {

constexpr std::uint8_t kGrantTypesAll = static_cast<std::uint8_t>(GrantType::client_credentials) |
                                        static_cast<std::uint8_t>(GrantType::authorization_code) |
                                        static_cast<std::uint8_t>(GrantType::refresh_token) |
                                        static_cast<std::uint8_t>(GrantType::implicit);

void check(Verdict& verdict, const Event&, const LedgerCreated& payload) {
  verdict.require_text(payload.issuer, kIdentifierBytesMax);
}
void check(Verdict& verdict, const Event&, const LedgerOpened& payload) {
  verdict.require_counters(payload.lane_start);
}
void check(Verdict& verdict, const Event&, const FormatActivated& payload) {
  verdict.require_version(payload.version);
}

void check(Verdict& verdict, const ClientPublicKey& key) {
  verdict.require_text(key.kid, kLabelBytesMax);
  verdict.require_enum(key.algorithm, SignatureAlgorithm::eddsa);
  verdict.require(!key.public_key.empty());
  verdict.require_size(key.public_key.size(), kKeyBytesMax);
}
void check(Verdict& verdict, const ClientSettings& settings) {
  verdict.require_text(settings.name, kLabelBytesMax);
  verdict.require((settings.grant_types & ~kGrantTypesAll) == 0);
  verdict.require_size(settings.redirect_uris.size(), kRedirectUrisMax);
  for (const auto& uri : settings.redirect_uris) verdict.require_name(uri, kRedirectUriBytesMax);
  if (settings.token_format) verdict.require_enum(*settings.token_format, TokenKind::jwe);
  verdict.require(settings.live_tokens_max <= kLiveTokensPerClientMax);
  verdict.require(settings.authentication <= kClientAuthenticationLast);
  const bool has_no_secret = settings.authentication == ClientAuthentication::none;
  verdict.require(settings.is_public == has_no_secret);
  verdict.require_size(settings.keys.size(), kClientKeysMax);
  for (const auto& key : settings.keys) check(verdict, key);
  const bool has_keys = settings.authentication == ClientAuthentication::private_key_jwt;
  verdict.require(has_keys == !settings.keys.empty());
  if (settings.id_token_alg)
    verdict.require_enum(*settings.id_token_alg, SignatureAlgorithm::eddsa);
  verdict.require(!(settings.pkce_optional && settings.is_public));
}
void check(Verdict& verdict, const Event&, const ClientRegistered& payload) {
  verdict.require_number(payload.client);
  verdict.require_name(payload.client_id, kLabelBytesMax);
  check(verdict, payload.settings);
}
void check(Verdict& verdict, const Event&, const ClientUpdated& payload) {
  verdict.require_number(payload.client);
  check(verdict, payload.settings);
}
void check(Verdict& verdict, const Event&, const ClientDisabled& payload) {
  verdict.require_number(payload.client);
}
void check(Verdict& verdict, const Event&, const ClientEnabled& payload) {
  verdict.require_number(payload.client);
}
void check(Verdict& verdict, const Event&, const ClientDeleted& payload) {
  verdict.require_number(payload.client);
}
void check(Verdict& verdict, const Event&, const ClientSecretRotated& payload) {
  verdict.require_number(payload.client);
  verdict.require_number(payload.generation);
}

void check(Verdict& verdict, const ApiSettings& settings) {
  verdict.require_text(settings.name, kLabelBytesMax);
  verdict.require_size(settings.scopes.size(), kScopesPerApiMax);
  for (const auto& scope : settings.scopes) {
    verdict.require_name(scope.name, kLabelBytesMax);
    verdict.require_text(scope.description, kDescriptionBytesMax);
  }
  verdict.require(settings.token_lifetime_s != 0);
  verdict.require(settings.token_lifetime_max_s != 0);
  verdict.require_enum(settings.signing_alg, SignatureAlgorithm::hs256);
  verdict.require_enum(settings.token_format, TokenKind::jwe);
  verdict.require((settings.origins_kept & ~kOriginBitsAll) == 0);
  verdict.require_size(settings.introspectors.size(), kIntrospectorsMax);
  for (const auto& client : settings.introspectors) verdict.require_name(client, kLabelBytesMax);
  verdict.require(settings.refresh_lifetime_s != 0);
  verdict.require(settings.refresh_lifetime_s <= kRefreshLifetimeSecondsMax);
  verdict.require(settings.refresh_idle_s <= kRefreshLifetimeSecondsMax);
  verdict.require(settings.refresh_grace_s <= kRefreshGraceSecondsMax);
}
void check(Verdict& verdict, const Event&, const ApiCreated& payload) {
  verdict.require_number(payload.api);
  verdict.require_name(payload.identifier, kIdentifierBytesMax);
  check(verdict, payload.settings);
  const bool has_own_key = payload.settings.signing_alg == SignatureAlgorithm::hs256;
  verdict.require(has_own_key == (payload.secret_key != KeyNumber{}));
}
void check(Verdict& verdict, const Event&, const ApiUpdated& payload) {
  verdict.require_number(payload.api);
  check(verdict, payload.settings);
}
void check(Verdict& verdict, const Event&, const ApiDeleted& payload) {
  verdict.require_number(payload.api);
}

void check(Verdict& verdict, const Event&, const ClientGrantAdded& payload) {
  verdict.require_number(payload.grant);
  verdict.require_number(payload.client);
  verdict.require_number(payload.api);
}
void check(Verdict& verdict, const Event&, const ClientGrantUpdated& payload) {
  verdict.require_number(payload.grant);
}
void check(Verdict& verdict, const Event&, const ClientGrantRemoved& payload) {
  verdict.require_number(payload.grant);
}

void check(Verdict& verdict, const Event&, const KeyAdded& payload) {
  verdict.require_number(payload.key);
  verdict.require_enum(payload.algorithm, SignatureAlgorithm::hs256);
  verdict.require_name(payload.kid, kLabelBytesMax);
  verdict.require_size(payload.public_key.size(), kKeyBytesMax);
  const bool symmetric = payload.algorithm == SignatureAlgorithm::hs256;
  verdict.require(symmetric == payload.public_key.empty());
  verdict.require(symmetric == (payload.api != ApiNumber{}));
  // An API's own secret signs from its first moment on and was made here.
  verdict.require(!symmetric || (!payload.is_next && !payload.imported));
}
void check(Verdict& verdict, const Event&, const KeyRetired& payload) {
  verdict.require_number(payload.key);
}

void check(Verdict& verdict, const TokenClass& token_class) {
  verdict.require_number(token_class.client);
  for (std::size_t i = 0; i < kApisPerTokenMax; ++i) {
    const auto& here = token_class.apis[i];
    if (here.api == ApiNumber{}) {
      verdict.require(here.scope_mask == 0);
    } else if (i > 0) {
      verdict.require(token_class.apis[i - 1].api < here.api);  // also: nothing after an unused one
      verdict.require_number(token_class.apis[i - 1].api);
    }
  }
}
void check(Verdict& verdict, const Event&, const TokenIssued& payload) {
  verdict.require(payload.index.has_lane());
  verdict.require_number(payload.token_class);
  if (payload.new_class) check(verdict, *payload.new_class);
  verdict.require(payload.expires_at > payload.issued_at);
  verdict.require_enum(payload.kind, TokenKind::jwe);
  verdict.require_enum(payload.origin, Origin::embedded);
  verdict.require_text(payload.name, kLabelBytesMax);
  verdict.require_sealed(payload.owner);
  verdict.require_sealed(payload.extra_fields);
  verdict.require_text(payload.nonce, kNonceBytesMax);
  if (payload.user) {
    verdict.require_number(payload.subject);
    verdict.require_number(payload.user->consent);
    verdict.require_number(payload.user->auth_time);
  } else {
    verdict.require(payload.nonce.empty());
  }
}
void check(Verdict& verdict, const Event&, const TokenRevoked& payload) {
  verdict.require(payload.index.has_lane());
  verdict.require_enum(payload.cause, kCauseLast);
  verdict.require_sealed(payload.reason);
}
void check(Verdict& verdict, const Event& event, const TokensRevoked& payload) {
  verdict.require_enum(payload.selector.kind, SelectorKind::all);
  verdict.require((payload.selector.kind == SelectorKind::all) == (payload.selector.id == 0));
  verdict.require_number(payload.before);
  verdict.require(payload.before <= event.seq);
  verdict.require_enum(payload.cause, kCascadeCauseLast);
  verdict.require_sealed(payload.reason);
}
void check(Verdict& verdict, const Event&, const TokensExpired& payload) {
  verdict.require(payload.from < payload.to);
  verdict.require_size(payload.tokens.size(), kTokenListBytesMax);
  verdict.require_counters(payload.retire_below);
  const bool retires = payload.retire_below != decltype(payload.retire_below){};
  verdict.require(payload.complete || !retires);
  if (!verdict.result()) return;  // the list is the dear part
  const auto count = count_token_list(payload.from, payload.to, payload.tokens);
  verdict.require(count && *count == payload.count);
  verdict.require(payload.digest == token_list_digest(payload.tokens));
}
void check(Verdict& verdict, const Event&, const NoteAppended& payload) {
  verdict.require_name(payload.topic, kNoteTopicBytesMax);
  // kNoteBodyBytesMax bounds the text; its ciphertext is a little longer.
  verdict.require_sealed(payload.body);
}

void check(Verdict& verdict, const Event&, const OwnerErased& payload) {
  verdict.require(payload.owner != OwnerKeyId{});
  verdict.require_sealed(payload.reason);
}

bool is_request_id(std::string_view id) {
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

// Each kind has its own members; the others stay zero, for the canonical bytes do not hold them.
// The others need nothing but themselves.
template <class Other>
void check(Verdict& verdict, const Event&, const Other& payload) {
  check(verdict, payload);
}

void check(Verdict& verdict, const Actor& actor) {
  verdict.require_enum(actor.kind, kActorKindLast);
  const bool is_client = actor.kind == ActorKind::client;
  const bool is_user = actor.kind == ActorKind::user;
  verdict.require(is_client == (actor.client != ClientNumber{}));
  verdict.require(is_user == (actor.user != UserNumber{}));
  verdict.require((is_client || is_user) == (actor.generation != SecretGeneration{}));
  verdict.require(actor.kind == ActorKind::token ? actor.token.has_lane()
                                                 : actor.token == TokenIndex{});
}

// --- which version's program is the first that can read it ---

bool needs_2(const ClientSettings& settings) {
  return settings.is_public || settings.authentication != ClientAuthentication::basic_or_post ||
         !settings.keys.empty() || settings.id_token_alg || settings.pkce_optional;
}
bool needs_2(const ApiSettings& settings) {
  const ApiSettings absent;
  return settings.refresh_lifetime_s != absent.refresh_lifetime_s ||
         settings.refresh_idle_s != absent.refresh_idle_s ||
         settings.refresh_grace_s != absent.refresh_grace_s;
}
bool needs_2(const ClientRegistered& payload) { return needs_2(payload.settings); }
bool needs_2(const ClientUpdated& payload) { return needs_2(payload.settings); }
bool needs_2(const ApiCreated& payload) { return needs_2(payload.settings); }
bool needs_2(const ApiUpdated& payload) { return needs_2(payload.settings); }
bool needs_2(const ClientSecretRotated& payload) { return payload.previous_until != UnixSeconds{}; }
bool needs_2(const KeyAdded& payload) { return payload.is_next || payload.imported; }
bool needs_2(const TokenIssued& payload) { return payload.user || !payload.nonce.empty(); }
bool needs_2(const TokenRevoked& payload) { return payload.cause > kCauseLastOfFormat1; }
template <class Other>
bool needs_2(const Other&) {
  return false;
}

}  // namespace

std::uint32_t format_needed(const Payload& payload) {
  const bool has_new_kind = payload.index() >= kEventKindsOfFormat1;
  const bool has_new_field = std::visit([](const auto& each) { return needs_2(each); }, payload);
  return has_new_kind || has_new_field ? 2 : kFormatVersionFirst;
}

std::uint32_t format_needed(const Event& event) {
  if (event.more || event.actor.kind > kActorKindLastOfFormat1) return 2;
  return format_needed(event.payload);
}

Result<void> check_event(const Event& event) {
  Verdict verdict;
  verdict.require(event.seq.value() >= 1 && event.seq.value() <= kSequenceMax);
  verdict.require(event.recorded_at != LedgerTime{});
  verdict.require(event.recorded_at.value() / kNanosecondsPerSecond <= UINT32_MAX);  // to_seconds
  check(verdict, event.actor);
  verdict.require_size(event.request_id.size(), kRequestIdBytesMax);
  verdict.require(is_request_id(event.request_id));
  std::visit([&](const auto& payload) { check(verdict, event, payload); }, event.payload);
  return verdict.result();
}

}  // namespace tokenledger

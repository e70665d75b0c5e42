// Writes canonical bytes. Children are written in the order of the payload's members, then their
// table; tables by the generated Create functions, which order fields by size. The golden bytes in
// the tests notice any change.
#include <algorithm>

#include "core/event_bounds.hpp"
#include "core/event_codec.hpp"
#include "core/event_writing.hpp"
#include "core/invariant.hpp"

namespace tokenledger {
namespace {

using Strings = flatbuffers::Vector<Offset<flatbuffers::String>>;

constexpr std::size_t kBufferBytesStart = 1024;  // the frequent kinds fit

static_assert(static_cast<std::size_t>(wire::Payload::MAX) == kEventKindCount);
static_assert(kLaneCount == 4 && kApisPerTokenMax == 4, "array lengths of event.fbs");

Offset<Strings> texts(Builder& builder, const std::vector<std::string>& values) {
  LEDGER_INVARIANT(values.size() <= std::max(kRedirectUrisMax, kIntrospectorsMax));
  if (values.empty()) return 0;
  std::array<Offset<flatbuffers::String>, std::max(kRedirectUrisMax, kIntrospectorsMax)> offsets;
  for (std::size_t i = 0; i < values.size(); ++i) offsets[i] = builder.CreateString(values[i]);
  return builder.CreateVector(offsets.data(), values.size());
}

wire::Lanes lanes(const std::array<std::uint64_t, kLaneCount>& counters) {
  return wire::Lanes{flatbuffers::make_span(counters)};
}

Position write(Builder& builder, const LedgerCreated& payload) {
  const wire::Bytes16 ledger_id{flatbuffers::make_span(payload.ledger_id)};
  const auto issuer = write_text(builder, payload.issuer);
  return wire::CreateLedgerCreated(builder, &ledger_id, issuer).Union();
}
Position write(Builder& builder, const LedgerOpened& payload) {
  const auto lane_start = lanes(payload.lane_start);
  return wire::CreateLedgerOpened(builder, &lane_start, payload.incarnation.value()).Union();
}
Position write(Builder& builder, const FormatActivated& payload) {
  return wire::CreateFormatActivated(builder, payload.version).Union();
}

Offset<flatbuffers::Vector<Offset<wire::ClientPublicKey>>> write(
    Builder& builder, const std::vector<ClientPublicKey>& keys) {
  LEDGER_INVARIANT(keys.size() <= kClientKeysMax);
  if (keys.empty()) return 0;
  std::array<Offset<wire::ClientPublicKey>, kClientKeysMax> offsets;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto kid = write_text(builder, keys[i].kid);
    const auto public_key = write_bytes(builder, keys[i].public_key);
    offsets[i] = wire::CreateClientPublicKey(
        builder, kid, static_cast<std::uint8_t>(keys[i].algorithm), public_key);
  }
  return builder.CreateVector(offsets.data(), keys.size());
}
// 0: absent.
template <class Enum>
std::uint8_t number_of(const std::optional<Enum>& value) {
  return value ? static_cast<std::uint8_t>(*value) : std::uint8_t{0};
}
Offset<wire::ClientSettings> write(Builder& builder, const ClientSettings& settings) {
  const auto name = write_text(builder, settings.name);
  const auto redirect_uris = texts(builder, settings.redirect_uris);
  const auto keys = write(builder, settings.keys);
  return wire::CreateClientSettings(builder, name, redirect_uris, settings.grant_types,
                                    number_of(settings.token_format), settings.live_tokens_max,
                                    settings.is_public,
                                    static_cast<std::uint8_t>(settings.authentication), keys,
                                    number_of(settings.id_token_alg), settings.pkce_optional);
}
Position write(Builder& builder, const ClientRegistered& payload) {
  const auto client_id = write_text(builder, payload.client_id);
  const auto settings = write(builder, payload.settings);
  const wire::Bytes32 secret_hash{flatbuffers::make_span(payload.secret_hash)};
  return wire::CreateClientRegistered(builder, payload.client.value(), payload.built_in, client_id,
                                      settings,
                                      is_zero(payload.secret_hash) ? nullptr : &secret_hash)
      .Union();
}
Position write(Builder& builder, const ClientUpdated& payload) {
  const auto settings = write(builder, payload.settings);
  return wire::CreateClientUpdated(builder, payload.client.value(), settings).Union();
}
Position write(Builder& builder, const ClientDisabled& payload) {
  return wire::CreateClientDisabled(builder, payload.client.value()).Union();
}
Position write(Builder& builder, const ClientEnabled& payload) {
  return wire::CreateClientEnabled(builder, payload.client.value()).Union();
}
Position write(Builder& builder, const ClientDeleted& payload) {
  return wire::CreateClientDeleted(builder, payload.client.value()).Union();
}
Position write(Builder& builder, const ClientSecretRotated& payload) {
  const wire::Bytes32 secret_hash{flatbuffers::make_span(payload.secret_hash)};
  return wire::CreateClientSecretRotated(
             builder, payload.client.value(), payload.generation.value(),
             is_zero(payload.secret_hash) ? nullptr : &secret_hash, payload.previous_until.value())
      .Union();
}

Offset<flatbuffers::Vector<Offset<wire::ScopeDefinition>>> write(
    Builder& builder, const std::vector<ScopeDefinition>& scopes) {
  LEDGER_INVARIANT(scopes.size() <= kScopesPerApiMax);
  if (scopes.empty()) return 0;
  std::array<Offset<wire::ScopeDefinition>, kScopesPerApiMax> offsets;
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    const auto name = write_text(builder, scopes[i].name);
    const auto description = write_text(builder, scopes[i].description);
    offsets[i] = wire::CreateScopeDefinition(builder, name, description);
  }
  return builder.CreateVector(offsets.data(), scopes.size());
}
Offset<wire::ApiSettings> write(Builder& builder, const ApiSettings& settings) {
  const auto name = write_text(builder, settings.name);
  const auto scopes = write(builder, settings.scopes);
  const auto introspectors = texts(builder, settings.introspectors);
  return wire::CreateApiSettings(
      builder, name, scopes, introspectors, settings.token_lifetime_s,
      settings.token_lifetime_max_s, static_cast<std::uint8_t>(settings.signing_alg),
      static_cast<std::uint8_t>(settings.token_format), settings.allow_offline_access,
      settings.revocable_by_admins_only, settings.not_revocable, settings.origins_kept,
      settings.refresh_lifetime_s, settings.refresh_idle_s,
      static_cast<std::uint8_t>(settings.refresh_grace_s));
}
Position write(Builder& builder, const ApiCreated& payload) {
  const auto identifier = write_text(builder, payload.identifier);
  const auto settings = write(builder, payload.settings);
  return wire::CreateApiCreated(builder, payload.api.value(), payload.secret_key.value(),
                                payload.built_in, identifier, settings)
      .Union();
}
Position write(Builder& builder, const ApiUpdated& payload) {
  const auto settings = write(builder, payload.settings);
  return wire::CreateApiUpdated(builder, payload.api.value(), settings).Union();
}
Position write(Builder& builder, const ApiDeleted& payload) {
  return wire::CreateApiDeleted(builder, payload.api.value()).Union();
}

Position write(Builder& builder, const ClientGrantAdded& payload) {
  return wire::CreateClientGrantAdded(builder, payload.scope_mask, payload.grant.value(),
                                      payload.client.value(), payload.api.value())
      .Union();
}
Position write(Builder& builder, const ClientGrantUpdated& payload) {
  return wire::CreateClientGrantUpdated(builder, payload.scope_mask, payload.grant.value()).Union();
}
Position write(Builder& builder, const ClientGrantRemoved& payload) {
  return wire::CreateClientGrantRemoved(builder, payload.grant.value()).Union();
}

Position write(Builder& builder, const KeyAdded& payload) {
  const auto kid = write_text(builder, payload.kid);
  const auto public_key = write_bytes(builder, payload.public_key);
  return wire::CreateKeyAdded(builder, payload.key.value(), payload.api.value(),
                              static_cast<std::uint8_t>(payload.algorithm), kid, public_key,
                              payload.is_next, payload.imported)
      .Union();
}
Position write(Builder& builder, const KeyRetired& payload) {
  return wire::CreateKeyRetired(builder, payload.key.value()).Union();
}

wire::NewClass to_wire(const TokenClass& token_class) {
  std::array<std::uint64_t, kApisPerTokenMax> scope_masks{};
  std::array<std::uint32_t, kApisPerTokenMax> apis{};
  for (std::size_t i = 0; i < kApisPerTokenMax; ++i) {
    scope_masks[i] = token_class.apis[i].scope_mask;
    apis[i] = token_class.apis[i].api.value();
  }
  return {flatbuffers::make_span(std::as_const(scope_masks)),
          flatbuffers::make_span(std::as_const(apis)), token_class.client.value(),
          token_class.grant.value(), token_class.key.value()};
}
Position write(Builder& builder, const TokenIssued& payload) {
  const wire::TokenFixed fixed{payload.index.value(),
                               flatbuffers::make_span(payload.token_sha256),
                               payload.token_class.value(),
                               payload.issued_at.value(),
                               payload.expires_at.value(),
                               payload.subject.value(),
                               static_cast<std::uint8_t>(payload.kind),
                               static_cast<std::uint8_t>(payload.origin)};
  const auto name = write_text(builder, payload.name);
  const auto owner = write_bytes(builder, payload.owner.bytes);
  const auto extra_fields = write_bytes(builder, payload.extra_fields.bytes);
  const auto nonce = write_text(builder, payload.nonce);
  wire::NewClass new_class;
  if (payload.new_class) new_class = to_wire(*payload.new_class);
  wire::UserPart user;
  if (payload.user)
    user = {payload.user->consent.value(), payload.user->family.value(),
            payload.user->auth_time.value()};
  return wire::CreateTokenIssued(builder, &fixed, payload.new_class ? &new_class : nullptr, name,
                                 owner, extra_fields, payload.user ? &user : nullptr, nonce)
      .Union();
}
Position write(Builder& builder, const TokenRevoked& payload) {
  const auto reason = write_bytes(builder, payload.reason.bytes);
  return wire::CreateTokenRevoked(builder, payload.index.value(),
                                  static_cast<std::uint8_t>(payload.cause), reason)
      .Union();
}
Position write(Builder& builder, const TokensRevoked& payload) {
  const wire::RevokedFixed fixed{payload.before.value(), payload.selector.id,
                                 static_cast<std::uint8_t>(payload.selector.kind),
                                 static_cast<std::uint8_t>(payload.cause)};
  const auto reason = write_bytes(builder, payload.reason.bytes);
  return wire::CreateTokensRevoked(builder, &fixed, reason).Union();
}
Position write(Builder& builder, const TokensExpired& payload) {
  const wire::ExpiredFixed fixed{payload.from.value(), payload.to.value(), payload.count,
                                 flatbuffers::make_span(payload.digest)};
  const auto tokens = write_bytes(builder, payload.tokens);
  const auto retire_below = lanes(payload.retire_below);
  const bool retires = payload.retire_below != decltype(payload.retire_below){};
  return wire::CreateTokensExpired(builder, &fixed, payload.complete, tokens,
                                   retires ? &retire_below : nullptr)
      .Union();
}
Position write(Builder& builder, const NoteAppended& payload) {
  const auto topic = write_text(builder, payload.topic);
  const auto body = write_bytes(builder, payload.body.bytes);
  return wire::CreateNoteAppended(builder, topic, body).Union();
}

Position write(Builder& builder, const OwnerErased& payload) {
  const wire::Bytes16 owner{flatbuffers::make_span(payload.owner)};
  const auto reason = write_bytes(builder, payload.reason.bytes);
  return wire::CreateOwnerErased(builder, &owner, reason).Union();
}

std::uint64_t packed(const Actor& actor) {
  if (actor.kind == ActorKind::token) return actor.token.value();
  const auto number = actor.kind == ActorKind::user ? actor.user.value() : actor.client.value();
  return static_cast<std::uint64_t>(actor.generation.value()) << 32 | number;
}

}  // namespace

struct EventEncoder::Buffer {
  Builder builder{kBufferBytesStart};
};
EventEncoder::EventEncoder() : buffer_{std::make_unique<Buffer>()} {}
EventEncoder::~EventEncoder() = default;
EventEncoder::EventEncoder(EventEncoder&&) noexcept = default;
EventEncoder& EventEncoder::operator=(EventEncoder&&) noexcept = default;

Result<std::span<const std::uint8_t>> encode_event(const Event& event, EventEncoder& encoder) {
  if (auto checked = check_event(event); !checked) return checked.error();
  auto& builder = encoder.buffer_->builder;
  builder.Clear();
  const auto payload =
      std::visit([&](const auto& each) { return write(builder, each); }, event.payload);
  const wire::Header header{event.seq.value(), event.recorded_at.value(), packed(event.actor)};
  const auto request_id = write_text(builder, event.request_id);
  wire::Idempotency idempotency;
  if (event.idempotency)
    idempotency = {flatbuffers::make_span(event.idempotency->key),
                   flatbuffers::make_span(event.idempotency->body)};
  builder.Finish(wire::CreateEvent(builder, &header,
                                   static_cast<wire::Payload>(event.payload.index() + 1), payload,
                                   static_cast<std::uint8_t>(event.actor.kind), request_id,
                                   event.idempotency ? &idempotency : nullptr, event.more));
  if (builder.GetSize() > kEventBytesMax) return Errc::too_large;
  return std::span<const std::uint8_t>{builder.GetBufferPointer(), builder.GetSize()};
}

Result<std::vector<std::uint8_t>> encode_event(const Event& event) {
  EventEncoder encoder;
  const auto bytes = encode_event(event, encoder);
  if (!bytes) return bytes.error();
  return std::vector<std::uint8_t>{bytes->begin(), bytes->end()};
}

}  // namespace tokenledger

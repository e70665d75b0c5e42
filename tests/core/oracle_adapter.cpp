#include "tests/core/oracle_adapter.hpp"

namespace oracle {
namespace {

namespace tl = tokenledger;

tl::ClientSettings settings(const ClientSettings& plain) {
  tl::ClientSettings made{.name = plain.name,
                          .grant_types = static_cast<std::uint8_t>(plain.grant_types),
                          .redirect_uris = plain.redirect_uris};
  if (plain.token_format != 0) made.token_format = static_cast<tl::TokenKind>(plain.token_format);
  made.live_tokens_max = plain.live_tokens_max;
  return made;
}

tl::ApiSettings settings(const ApiSettings& plain) {
  tl::ApiSettings made{.name = plain.name};
  for (const auto& scope : plain.scopes) made.scopes.push_back({scope, "may " + scope});
  made.token_lifetime_s = plain.lifetime;
  made.token_lifetime_max_s = plain.lifetime_max;
  made.revocable_by_admins_only = plain.admins_only;
  made.not_revocable = plain.nobody;
  for (const auto origin : plain.kept_origins)
    made.origins_kept |= static_cast<std::uint8_t>(1u << origin);
  made.signing_alg = static_cast<tl::SignatureAlgorithm>(plain.algorithm);
  made.token_format = static_cast<tl::TokenKind>(plain.token_format);
  made.introspectors = plain.introspectors;
  return made;
}

std::array<tl::ApiScopes, tl::kApisPerTokenMax> api_scopes(const ApiList& plain) {
  std::array<tl::ApiScopes, tl::kApisPerTokenMax> made;
  for (std::size_t i = 0; i < made.size(); ++i)
    made[i] = {tl::ApiNumber{plain[i].api}, plain[i].mask};
  return made;
}

std::array<std::uint8_t, 16> hash_of(std::uint32_t number) {
  std::array<std::uint8_t, 16> hash{};
  for (std::size_t i = 0; i < hash.size(); ++i)
    hash[i] = static_cast<std::uint8_t>(number * 31 + i * 7 + 1);
  return hash;
}

struct Translator {
  tl::CommandPayload operator()(const CreateLedger& c) const {
    return tl::CreateLedger{{1, 2, 3}, c.issuer};
  }
  tl::CommandPayload operator()(const OpenLedger& c) const {
    return tl::OpenLedger{tl::Incarnation{c.incarnation}};
  }
  tl::CommandPayload operator()(const RegisterClient& c) const {
    return tl::RegisterClient{c.client_id, c.built_in, settings(c.settings), digest_of(1)};
  }
  tl::CommandPayload operator()(const UpdateClient& c) const {
    return tl::UpdateClient{c.client_id, settings(c.settings), tl::Sequence{c.read_at}};
  }
  tl::CommandPayload operator()(const DisableClient& c) const {
    return tl::DisableClient{c.client_id};
  }
  tl::CommandPayload operator()(const EnableClient& c) const {
    return tl::EnableClient{c.client_id};
  }
  tl::CommandPayload operator()(const DeleteClient& c) const {
    return tl::DeleteClient{c.client_id};
  }
  tl::CommandPayload operator()(const RotateSecret& c) const {
    return tl::RotateClientSecret{c.client_id, digest_of(2)};
  }
  tl::CommandPayload operator()(const CreateApi& c) const {
    return tl::CreateApi{c.identifier, c.built_in, settings(c.settings), c.kid};
  }
  tl::CommandPayload operator()(const UpdateApi& c) const {
    return tl::UpdateApi{c.identifier, settings(c.settings), tl::Sequence{c.read_at}};
  }
  tl::CommandPayload operator()(const DeleteApi& c) const { return tl::DeleteApi{c.identifier}; }
  tl::CommandPayload operator()(const AddGrant& c) const {
    return tl::AddClientGrant{c.client_id, c.audience, c.scopes};
  }
  tl::CommandPayload operator()(const UpdateGrant& c) const {
    return tl::UpdateClientGrant{c.client_id, c.audience, c.scopes};
  }
  tl::CommandPayload operator()(const RemoveGrant& c) const {
    return tl::RemoveClientGrant{c.client_id, c.audience};
  }
  tl::CommandPayload operator()(const AddKey& c) const {
    return tl::AddKey{static_cast<tl::SignatureAlgorithm>(c.algorithm), c.kid, c.public_key};
  }
  tl::CommandPayload operator()(const RetireKey& c) const { return tl::RetireKey{c.kid}; }
  tl::CommandPayload operator()(const Issue& c) const {
    return tl::IssueToken{.index = translate(c.token),
                          .token_sha256 = digest_of(c.secret),
                          .client = tl::ClientNumber{c.client},
                          .grant = tl::GrantNumber{c.grant},
                          .key = tl::KeyNumber{c.key},
                          .apis = api_scopes(c.apis),
                          .issued_at = tl::UnixSeconds{c.issued_at},
                          .expires_at = tl::UnixSeconds{c.expires_at},
                          .default_lifetime = c.default_lifetime,
                          .kind = static_cast<tl::TokenKind>(c.kind),
                          .origin = static_cast<tl::Origin>(c.origin),
                          .name = c.name,
                          .owner = {c.owner}};
  }
  tl::CommandPayload operator()(const Revoke& c) const {
    return tl::RevokeToken{translate(c.token), static_cast<tl::Cause>(c.cause), {c.reason}};
  }
  tl::CommandPayload operator()(const RevokeList& c) const {
    tl::RevokeTokenList made{{}, static_cast<tl::Cause>(c.cause), {c.reason}};
    for (const auto& name : c.tokens) made.tokens.push_back(translate(name));
    return made;
  }
  tl::CommandPayload operator()(const RevokeMany& c) const {
    tl::RevokeTokens made{{static_cast<tl::SelectorKind>(c.selector), c.id},
                          static_cast<tl::Cause>(c.cause),
                          {c.reason},
                          {}};
    if (c.before) made.before = tl::Sequence{*c.before};
    return made;
  }
  tl::CommandPayload operator()(const Sweep& c) const {
    tl::SweepExpired made{.to = tl::UnixSeconds{c.to}};
    for (const auto& token : c.tokens)
      made.tokens.push_back({tl::UnixSeconds{token.expires_at}, translate(token.token)});
    made.retire_below = c.retire_below;
    return made;
  }
  tl::CommandPayload operator()(const EraseOwner& c) const {
    return tl::EraseOwner{owner_key(c.owner), {c.reason}};
  }
  tl::CommandPayload operator()(const Note& c) const { return tl::AppendNote{c.topic, {c.body}}; }
};

}  // namespace

tl::TokenIndex translate(TokenName name) {
  return tl::TokenIndex{static_cast<tl::Lane>(name.lane), name.counter};
}

tl::OwnerKeyId owner_key(std::uint32_t owner) {
  const auto bytes = owner_key_bytes(owner);
  tl::OwnerKeyId id{};
  std::ranges::copy(bytes, id.begin());
  return id;
}

tl::Actor translate(const Who& who) {
  tl::Actor actor{.kind = static_cast<tl::ActorKind>(who.kind)};
  if (who.kind == 3) {
    actor.client = tl::ClientNumber{who.client};
    actor.generation = tl::SecretGeneration{who.generation};
  }
  if (who.kind == 4) actor.token = translate(who.token);
  return actor;
}

tl::TokenClass class_of(const Issue& issue) {
  return {.client = tl::ClientNumber{issue.client},
          .grant = tl::GrantNumber{issue.grant},
          .key = tl::KeyNumber{issue.key},
          .apis = api_scopes(issue.apis)};
}

tl::Digest digest_of(std::uint64_t secret) {
  tl::Digest digest{};
  for (auto& byte : digest) {
    secret = secret * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
    byte = static_cast<std::uint8_t>(secret >> 56);
  }
  return digest;
}

tl::Command translate(const Command& command) {
  tl::Command made{translate(command.who), command.request_id, std::nullopt,
                   std::visit(Translator{}, command.request)};
  if (command.once)
    made.idempotency = {hash_of(command.once->key), hash_of(1000 + command.once->body)};
  return made;
}

void Facts::follow(const tl::Event& event) {
  if (const auto* issued = std::get_if<tl::TokenIssued>(&event.payload)) {
    if (issued->new_class) classes_[issued->token_class.value()] = *issued->new_class;
    tokens_[issued->index] = {event.seq, issued->expires_at, classes_[issued->token_class.value()],
                              std::nullopt};
  } else if (const auto* revoked = std::get_if<tl::TokenRevoked>(&event.payload)) {
    tokens_[revoked->index].own = {revoked->cause, event.actor, event.seq, event.recorded_at};
  } else if (const auto cascade = tl::cascade_of(event)) {
    cascades_.add(*cascade);
  }
}

tl::StatusAnswer Facts::status(tl::TokenIndex token, tl::Sequence seq, tl::LedgerTime at) const {
  const auto found = tokens_.find(token);
  if (found == tokens_.end()) return {};
  const auto cascades = cascades_.for_class(found->second.token_class);
  return tl::status(found->second, cascades, seq, at);
}

std::string difference(const tl::StatusAnswer& got, const Status& want) {
  if (tl::status_name(got.status) != want.name)
    return "status " + std::string{tl::status_name(got.status)} + ", the oracle says " + want.name;
  if (got.revocation.has_value() != (want.end != nullptr)) return "a revocation only one side sees";
  if (want.end == nullptr) return {};
  if (tl::cause_name(got.revocation->cause) != want.end->cause)
    return "cause " + std::string{tl::cause_name(got.revocation->cause)} + ", the oracle says " +
           want.end->cause;
  if (got.revocation->seq.value() != want.end->seq) return "another revocation came first";
  if (got.revocation->at.value() != want.end->at) return "revoked at another time";
  if (got.revocation->actor != translate(want.end->who)) return "revoked by somebody else";
  return {};
}

}  // namespace oracle

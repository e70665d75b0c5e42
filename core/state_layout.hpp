// The one description of State's canonical bytes, for both directions; private to
// core/state_codec.cpp. `Codec` is StateWriter or StateReader.
//
// state    := version(4) ledger_id(16) last_seq(8) lane_oldest(8)*kLaneCount
//             format_version(4) last_recorded_at(8) expired_upto(4) tokens_issued(8)
//             tokens_swept(8)
//             registries incarnations lanes classes free_classes expiring live_tokens idempotency
//             erased_owners people
// registries := list<client> list<api> list<grant> list<key> all_revoked_before(8)
// lanes    := (next(8) list<chunk_expires_at(4)>)*kLaneCount
// classes  := list<class tokens(4)>; a free number is an empty class
// expiring := list<second(4) count(4)>, ascending
// live_tokens := list<client(4) count(4)>, ascending; the counts add up to those of expiring
// idempotency := list<key(16) body(16) seq(8) at(8)>, oldest first
//
// erased_owners := list<key id(16)>, in the order of the log, each once
//
// people stands in core/people_layout.hpp
//
// class_numbers, classes_of_client and the registries' names follow from these and are not written.
#pragma once

#include <limits>

#include "core/class_table.hpp"
#include "core/state.hpp"
#include "core/state_bytes.hpp"

namespace tokenledger::state_layout {

// Longest lists that are not bounded elsewhere; both far beyond what a ledger reaches.
inline constexpr std::size_t kSecondsMax = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::size_t kChunksPerLaneMax = 1u << 24;
inline constexpr std::uint8_t kGrantTypesAll = 0x0F;

template <class Codec, class Settings>
void code_client_settings(Codec& codec, Settings& settings) {
  codec.text(settings.name, 0, kLabelBytesMax);
  codec.integer(settings.grant_types);
  codec.list(settings.redirect_uris, kRedirectUrisMax,
             [&](auto& uri) { codec.text(uri, 0, kRedirectUriBytesMax); });
  bool has_format = settings.token_format.has_value();
  codec.flag(has_format);
  if constexpr (Codec::kReads) {
    codec.require((settings.grant_types & ~kGrantTypesAll) == 0);
    if (has_format) settings.token_format.emplace();
  }
  if (has_format) codec.choice(*settings.token_format, TokenKind::jwt, TokenKind::jwe);
  codec.integer(settings.live_tokens_max);
  if constexpr (Codec::kReads) codec.require(settings.live_tokens_max <= kLiveTokensPerClientMax);
  codec.flag(settings.is_public);
  codec.choice(settings.authentication, ClientAuthentication::basic_or_post,
               kClientAuthenticationLast);
  codec.list(settings.keys, kClientKeysMax, [&](auto& key) {
    codec.text(key.kid, 0, kLabelBytesMax);
    codec.choice(key.algorithm, SignatureAlgorithm::rs256, SignatureAlgorithm::eddsa);
    codec.text(key.public_key, 1, kKeyBytesMax);
  });
  bool has_id_token_alg = settings.id_token_alg.has_value();
  codec.flag(has_id_token_alg);
  if constexpr (Codec::kReads) {
    if (has_id_token_alg) settings.id_token_alg.emplace();
  }
  if (has_id_token_alg)
    codec.choice(*settings.id_token_alg, SignatureAlgorithm::rs256, SignatureAlgorithm::eddsa);
  codec.flag(settings.pkce_optional);
}

template <class Codec, class Client>
void code_client(Codec& codec, Client& client) {
  codec.number(client.number);
  codec.text(client.client_id, 1, kLabelBytesMax);
  codec.flag(client.built_in);
  codec.choice(client.status, ClientStatus::enabled, ClientStatus::deleted);
  code_client_settings(codec, client.settings);
  codec.bytes(client.secret_hash);
  codec.number(client.generation);
  codec.bytes(client.previous_hash);
  codec.number(client.previous_until);
  codec.number(client.created_at);
  codec.number(client.updated_seq);
  codec.number(client.revoked_before);
}

template <class Codec, class Settings>
void code_api_settings(Codec& codec, Settings& settings) {
  codec.text(settings.name, 0, kLabelBytesMax);
  codec.list(settings.scopes, kScopesPerApiMax, [&](auto& scope) {
    codec.text(scope.name, 1, kLabelBytesMax);
    codec.text(scope.description, 0, kDescriptionBytesMax);
  });
  codec.integer(settings.token_lifetime_s);
  codec.integer(settings.token_lifetime_max_s);
  codec.flag(settings.allow_offline_access);
  codec.flag(settings.revocable_by_admins_only);
  codec.flag(settings.not_revocable);
  codec.integer(settings.origins_kept);
  if constexpr (Codec::kReads) codec.require((settings.origins_kept & ~kOriginBitsAll) == 0);
  codec.choice(settings.signing_alg, SignatureAlgorithm::rs256, SignatureAlgorithm::hs256);
  codec.choice(settings.token_format, TokenKind::jwt, TokenKind::jwe);
  codec.list(settings.introspectors, kIntrospectorsMax,
             [&](auto& client) { codec.text(client, 0, kLabelBytesMax); });
  codec.integer(settings.refresh_lifetime_s);
  codec.integer(settings.refresh_idle_s);
  codec.integer(settings.refresh_grace_s);
}

template <class Codec, class Api>
void code_api(Codec& codec, Api& api) {
  codec.number(api.number);
  codec.text(api.identifier, 1, kIdentifierBytesMax);
  codec.flag(api.built_in);
  codec.flag(api.deleted);
  code_api_settings(codec, api.settings);
  codec.number(api.secret_key);
  codec.list(api.scope_names, kScopesPerApiMax,
             [&](auto& name) { codec.text(name, 1, kLabelBytesMax); });
  codec.number(api.created_at);
  codec.number(api.updated_seq);
  codec.number(api.revoked_before);
}

template <class Codec, class Grant>
void code_grant(Codec& codec, Grant& grant) {
  codec.number(grant.number);
  codec.number(grant.client);
  codec.number(grant.api);
  codec.integer(grant.scope_mask);
  codec.flag(grant.removed);
  codec.number(grant.created_at);
  codec.number(grant.updated_seq);
  codec.number(grant.revoked_before);
}

template <class Codec, class Key>
void code_key(Codec& codec, Key& key) {
  codec.number(key.number);
  codec.choice(key.algorithm, SignatureAlgorithm::rs256, SignatureAlgorithm::hs256);
  codec.text(key.kid, 0, kLabelBytesMax);
  codec.text(key.public_key, 0, kKeyBytesMax);
  codec.number(key.api);
  codec.choice(key.status, KeyStatus::next, KeyStatus::revoked);
  codec.flag(key.imported);
  codec.number(key.created_at);
  codec.number(key.activated_at);
  codec.number(key.ended_at);
  codec.number(key.revoked_before);
}

template <class Codec, class Clients, class Apis, class Grants, class Keys, class Watermark>
void code_registries(Codec& codec, Clients& clients, Apis& apis, Grants& grants, Keys& keys,
                     Watermark& all_revoked_before) {
  codec.list(clients, kClientsMax, [&](auto& client) { code_client(codec, client); });
  codec.list(apis, kApisMax, [&](auto& api) { code_api(codec, api); });
  codec.list(grants, kGrantsMax, [&](auto& grant) { code_grant(codec, grant); });
  codec.list(keys, kKeysMax, [&](auto& key) { code_key(codec, key); });
  codec.number(all_revoked_before);
}

template <class Codec, class Class>
void code_class(Codec& codec, Class& token_class) {
  codec.number(token_class.client);
  codec.number(token_class.grant);
  codec.number(token_class.key);
  for (auto& scopes : token_class.apis) {
    codec.number(scopes.api);
    codec.integer(scopes.scope_mask);
  }
}

// What summarize_state reads, so it stands first.
template <class Codec, class Version, class Id, class Seq, class Lanes>
void code_head(Codec& codec, Version& version, Id& ledger_id, Seq& last_seq, Lanes& lane_oldest) {
  codec.integer(version);
  codec.bytes(ledger_id);
  codec.number(last_seq);
  for (auto& oldest : lane_oldest) codec.integer(oldest);
}

template <class Codec, class AnyState>
void code_counters(Codec& codec, AnyState& state) {
  codec.integer(state.format_version);
  codec.number(state.last_recorded_at);
  codec.number(state.expired_upto);
  codec.integer(state.tokens_issued);
  codec.integer(state.tokens_swept);
}

template <class Codec, class AnyState>
void code_tokens(Codec& codec, AnyState& state) {
  codec.list(state.incarnations, kIncarnationsMax, [&](auto& record) {
    codec.number(record.incarnation);
    for (auto& start : record.lane_start) codec.integer(start);
  });
  for (auto& lane : state.lanes) {
    codec.integer(lane.next);
    codec.list(lane.chunk_expires_at, kChunksPerLaneMax,
               [&](auto& second) { codec.number(second); });
  }
  codec.list(state.classes, kClassesMax, [&](auto& slot) {
    code_class(codec, slot.token_class);
    codec.integer(slot.tokens);
  });
  codec.list(state.free_classes, kClassesMax, [&](auto& number) { codec.number(number); });
}

// The parts that are maps in memory; `codec.repeat` and the map are the caller's.
template <class Codec, class Key, class Count>
void code_count(Codec& codec, Key& key, Count& count) {
  codec.integer(key);
  codec.integer(count);
}
template <class Codec, class Key, class Record>
void code_idempotency(Codec& codec, Key& key, Record& record) {
  codec.bytes(key);
  codec.bytes(record.body);
  codec.number(record.seq);
  codec.number(record.at);
}

template <class Codec, class Owners>
void code_erased_owners(Codec& codec, Owners& owners) {
  codec.list(owners, kErasedOwnersMax, [&](auto& owner) { codec.bytes(owner); });
}

}  // namespace tokenledger::state_layout

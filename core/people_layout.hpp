// The canonical bytes of People, part of State's; private to core/state_codec.cpp. `Codec` is
// StateWriter or StateReader.
//
// people := list<user> list<group> list<consent> list<family> list<code> free_consent(4)
//           free_family(4) looked_at(4) first_code(4) redeeming(4) pre_consents(4)
//
// Records stand as they are in memory, field by field, free numbers and links included: the order
// of the lists that go through them decides which number is given out next. What a reader accepts
// is for People::restore to say.
#pragma once

#include "core/people.hpp"
#include "core/state_bytes.hpp"

namespace tokenledger::people_layout {

template <class Codec, class User>
void code_user(Codec& codec, User& user) {
  codec.bytes(user.id);
  codec.number(user.created_at);
  codec.number(user.profile_seq);
  codec.number(user.updated_seq);
  codec.number(user.codes_ended_before);
  for (auto& group : user.groups) codec.number(group);
  codec.number(user.password_generation);
  codec.number(user.first_consent);
  codec.number(user.first_family);
  codec.integer(user.consents);
  codec.integer(user.families);
  codec.choice(user.status, UserStatus::enabled, UserStatus::erased);
}

template <class Codec, class Group>
void code_group(Codec& codec, Group& group) {
  codec.text(group.name, 1, kLabelBytesMax);
  codec.flag(group.deleted);
  codec.integer(group.consents);
  codec.number(group.created_at);
}

template <class Codec, class Consent>
void code_consent(Codec& codec, Consent& consent) {
  codec.integer(consent.scope_mask);
  codec.number(consent.user);
  codec.number(consent.client);
  codec.number(consent.api);
  codec.integer(consent.tokens);
  codec.integer(consent.holders);
  codec.number(consent.next);
  codec.number(consent.granted_at);
  codec.number(consent.group);
  codec.integer(consent.identity_mask);
  codec.choice(consent.state, ConsentState::free, ConsentState::ended);
}

template <class Codec, class Family>
void code_family(Codec& codec, Family& family) {
  codec.integer(family.scope_mask);
  codec.integer(family.fingerprint.word0);
  codec.integer(family.fingerprint.word1);
  codec.number(family.issued_seq);
  codec.number(family.user);
  codec.number(family.consent);
  codec.integer(family.tag);
  codec.integer(family.generation);
  codec.number(family.rotated_at);
  codec.number(family.expires_at);
  codec.integer(family.idle_s);
  codec.number(family.auth_time);
  codec.integer(family.tokens);
  codec.number(family.next);
  codec.number(family.previous);
  codec.integer(family.identity_mask);
  codec.choice(family.state, FamilyState::free, FamilyState::ended);
}

template <class Codec, class Code>
void code_code(Codec& codec, Code& code) {
  codec.bytes(code.sha256);
  codec.bytes(code.redirect_sha256);
  bool has_challenge = code.challenge.has_value();
  codec.flag(has_challenge);
  if constexpr (Codec::kReads) {
    if (has_challenge) code.challenge.emplace();
  }
  if (has_challenge) codec.bytes(*code.challenge);
  codec.integer(code.scope_mask);
  codec.number(code.issued_seq);
  codec.number(code.user);
  codec.number(code.client);
  codec.number(code.consent);
  codec.number(code.api);
  codec.number(code.auth_time);
  codec.number(code.expires_at);
  codec.text(code.nonce, 0, kNonceBytesMax);
  codec.flag(code.has_redirect);
  codec.integer(code.identity_mask);
  codec.choice(code.state, CodeState::issued, CodeState::reused);
  codec.number(code.family);
  codec.integer(code.family_tag);
  bool has_token = code.token.has_value();
  codec.flag(has_token);
  std::uint64_t token = has_token ? code.token->value() : 0;
  if (has_token) codec.integer(token);
  if constexpr (Codec::kReads) {
    if (has_token) code.token = TokenIndex::from_value(token);
  }
}

template <class Codec, class Parts>
void code_people(Codec& codec, Parts& parts) {
  codec.list(parts.users, kUsersMax, [&](auto& user) { code_user(codec, user); });
  codec.list(parts.groups, kGroupsMax, [&](auto& group) { code_group(codec, group); });
  codec.list(parts.consents, kConsentsMax, [&](auto& consent) { code_consent(codec, consent); });
  codec.list(parts.families, kFamiliesMax, [&](auto& family) { code_family(codec, family); });
  codec.list(parts.codes, kCodesMax, [&](auto& code) { code_code(codec, code); });
  codec.number(parts.free_consent);
  codec.number(parts.free_family);
  codec.number(parts.looked_at);
  codec.number(parts.first_code);
  codec.number(parts.redeeming);
  codec.integer(parts.pre_consents);
}

}  // namespace tokenledger::people_layout

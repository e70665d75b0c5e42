// Reads the kinds of core/event_people.hpp; see core/event_decode.cpp.
#include "core/event_reading.hpp"

namespace tokenledger {

void PeopleReader::read(const wire::UserRegistered& from, UserRegistered& to) {
  expect_fields(from, wire::UserRegistered::VT_DISPLAY_NAME);
  to.user = UserNumber{from.user()};
  if (const auto* id = present(from.id())) copy(id->bytes(), to.id);
  bytes(from.login(), to.login.bytes);
  bytes(from.display_name(), to.display_name.bytes);
}
void PeopleReader::read(const wire::UserUpdated& from, UserUpdated& to) {
  expect_fields(from, wire::UserUpdated::VT_DISPLAY_NAME);
  to.user = UserNumber{from.user()};
  bytes(from.login(), to.login.bytes);
  bytes(from.display_name(), to.display_name.bytes);
}
void PeopleReader::read(const wire::UserPasswordSet& from, UserPasswordSet& to) {
  expect_fields(from, wire::UserPasswordSet::VT_GENERATION);
  to.user = UserNumber{from.user()};
  to.generation = SecretGeneration{from.generation()};
}
void PeopleReader::read(const wire::UserDisabled& from, UserDisabled& to) {
  expect_fields(from, wire::UserDisabled::VT_REASON);
  to.user = UserNumber{from.user()};
  bytes(from.reason(), to.reason.bytes);
}
void PeopleReader::read(const wire::UserEnabled& from, UserEnabled& to) {
  expect_fields(from, wire::UserEnabled::VT_USER);
  to.user = UserNumber{from.user()};
}
void PeopleReader::read(const wire::UserGroupsSet& from, UserGroupsSet& to) {
  expect_fields(from, wire::UserGroupsSet::VT_GROUPS);
  to.user = UserNumber{from.user()};
  to.groups.clear();
  if (from.groups() == nullptr) return;
  if (from.groups()->size() > kUserGroupsMax) return damaged();
  for (const auto number : *from.groups()) to.groups.push_back(GroupNumber{number});
}
void PeopleReader::read(const wire::GroupCreated& from, GroupCreated& to) {
  expect_fields(from, wire::GroupCreated::VT_NAME);
  to.group = GroupNumber{from.group()};
  text(from.name(), to.name);
}
void PeopleReader::read(const wire::GroupDeleted& from, GroupDeleted& to) {
  expect_fields(from, wire::GroupDeleted::VT_GROUP);
  to.group = GroupNumber{from.group()};
}

void PeopleReader::read(const wire::ConsentGranted& from, ConsentGranted& to) {
  expect_fields(from, wire::ConsentGranted::VT_FIXED);
  const auto* fixed = present(from.fixed());
  if (fixed == nullptr) return;
  to.consent = ConsentNumber{fixed->consent()};
  to.user = UserNumber{fixed->user()};
  to.client = ClientNumber{fixed->client()};
  to.api = ApiNumber{fixed->api()};
  to.scope_mask = fixed->scope_mask();
  to.identity_mask = fixed->identity_mask();
}
void PeopleReader::read(const wire::ConsentExtended& from, ConsentExtended& to) {
  expect_fields(from, wire::ConsentExtended::VT_IDENTITY_MASK);
  to.consent = ConsentNumber{from.consent()};
  to.scope_mask = from.scope_mask();
  to.identity_mask = from.identity_mask();
}
void PeopleReader::read(const wire::ConsentPreconfigured& from, ConsentPreconfigured& to) {
  expect_fields(from, wire::ConsentPreconfigured::VT_IDENTITY_MASK);
  to.consent = ConsentNumber{from.consent()};
  to.group = GroupNumber{from.group()};
  to.client = ClientNumber{from.client()};
  to.api = ApiNumber{from.api()};
  to.scope_mask = from.scope_mask();
  to.identity_mask = from.identity_mask();
}
void PeopleReader::read(const wire::ConsentWithdrawn& from, ConsentWithdrawn& to) {
  expect_fields(from, wire::ConsentWithdrawn::VT_REASON);
  to.consent = ConsentNumber{from.consent()};
  bytes(from.reason(), to.reason.bytes);
}

void PeopleReader::read(const wire::CodeIssued& from, CodeIssued& to) {
  expect_fields(from, wire::CodeIssued::VT_NONCE);
  if (const auto* fixed = present(from.fixed())) {
    to.code = CodeNumber{fixed->code()};
    copy(fixed->sha256(), to.sha256);
    to.user = UserNumber{fixed->user()};
    to.client = ClientNumber{fixed->client()};
    to.consent = ConsentNumber{fixed->consent()};
    to.api = ApiNumber{fixed->api()};
    to.scope_mask = fixed->scope_mask();
    to.identity_mask = fixed->identity_mask();
    copy(fixed->redirect_sha256(), to.redirect_sha256);
    to.auth_time = UnixSeconds{fixed->auth_time()};
    to.expires_at = UnixSeconds{fixed->expires_at()};
  }
  to.has_redirect = from.has_redirect();
  to.challenge.reset();
  if (from.challenge() != nullptr) digest(from.challenge(), to.challenge.emplace());
  text(from.nonce(), to.nonce);
}
void PeopleReader::read(const wire::CodeRedeemed& from, CodeRedeemed& to) {
  expect_fields(from, wire::CodeRedeemed::VT_CODE);
  to.code = CodeNumber{from.code()};
}
void PeopleReader::read(const wire::CodeReused& from, CodeReused& to) {
  expect_fields(from, wire::CodeReused::VT_FAMILY);
  to.code = CodeNumber{from.code()};
  to.family = FamilyNumber{from.family()};
}

void PeopleReader::read(const wire::FamilyStarted& from, FamilyStarted& to) {
  expect_fields(from, wire::FamilyStarted::VT_REFRESH_SHA256);
  if (const auto* fixed = present(from.fixed())) {
    to.family = FamilyNumber{fixed->family()};
    to.tag = fixed->tag();
    to.user = UserNumber{fixed->user()};
    to.consent = ConsentNumber{fixed->consent()};
    to.scope_mask = fixed->scope_mask();
    to.identity_mask = fixed->identity_mask();
    to.auth_time = UnixSeconds{fixed->auth_time()};
    to.expires_at = UnixSeconds{fixed->expires_at()};
    to.idle_s = fixed->idle_s();
  }
  digest(from.refresh_sha256(), to.refresh_sha256);
}
void PeopleReader::read(const wire::RefreshRotated& from, RefreshRotated& to) {
  expect_fields(from, wire::RefreshRotated::VT_FIXED);
  const auto* fixed = present(from.fixed());
  if (fixed == nullptr) return;
  to.family = FamilyNumber{fixed->family()};
  to.generation = fixed->generation();
  copy(fixed->refresh_sha256(), to.refresh_sha256);
}
void PeopleReader::read(const wire::FamilyEnded& from, FamilyEnded& to) {
  expect_fields(from, wire::FamilyEnded::VT_REASON);
  to.family = FamilyNumber{from.family()};
  to.cause = static_cast<Cause>(from.cause());
  bytes(from.reason(), to.reason.bytes);
}

void PeopleReader::read(const wire::KeyActivated& from, KeyActivated& to) {
  expect_fields(from, wire::KeyActivated::VT_KEY);
  to.key = KeyNumber{from.key()};
}
void PeopleReader::read(const wire::KeyRevoked& from, KeyRevoked& to) {
  expect_fields(from, wire::KeyRevoked::VT_REASON);
  to.key = KeyNumber{from.key()};
  bytes(from.reason(), to.reason.bytes);
}
void PeopleReader::read(const wire::ForgerySuspected& from, ForgerySuspected& to) {
  expect_fields(from, wire::ForgerySuspected::VT_SIGN);
  to.key = KeyNumber{from.key()};
  to.index = TokenIndex::from_value(from.index());
  to.sign = static_cast<ForgerySign>(from.sign());
}

}  // namespace tokenledger

// Writes the kinds of core/event_people.hpp; see core/event_encode.cpp.
#include <vector>

#include "core/event_writing.hpp"
#include "core/invariant.hpp"

namespace tokenledger {
namespace {

// check_event bounds it by kIdentityMaskAll.
std::uint8_t identity_byte(std::uint64_t mask) { return static_cast<std::uint8_t>(mask); }
static_assert(kIdentityMaskAll <= UINT8_MAX);

}  // namespace

Position write(Builder& builder, const UserRegistered& payload) {
  const wire::Bytes16 id{flatbuffers::make_span(payload.id)};
  const auto login = write_bytes(builder, payload.login.bytes);
  const auto display_name = write_bytes(builder, payload.display_name.bytes);
  return wire::CreateUserRegistered(builder, payload.user.value(), &id, login, display_name)
      .Union();
}
Position write(Builder& builder, const UserUpdated& payload) {
  const auto login = write_bytes(builder, payload.login.bytes);
  const auto display_name = write_bytes(builder, payload.display_name.bytes);
  return wire::CreateUserUpdated(builder, payload.user.value(), login, display_name).Union();
}
Position write(Builder& builder, const UserPasswordSet& payload) {
  return wire::CreateUserPasswordSet(builder, payload.user.value(), payload.generation.value())
      .Union();
}
Position write(Builder& builder, const UserDisabled& payload) {
  const auto reason = write_bytes(builder, payload.reason.bytes);
  return wire::CreateUserDisabled(builder, payload.user.value(), reason).Union();
}
Position write(Builder& builder, const UserEnabled& payload) {
  return wire::CreateUserEnabled(builder, payload.user.value()).Union();
}
Position write(Builder& builder, const UserGroupsSet& payload) {
  LEDGER_INVARIANT(payload.groups.size() <= kUserGroupsMax);
  std::array<std::uint16_t, kUserGroupsMax> numbers{};
  for (std::size_t i = 0; i < payload.groups.size(); ++i) numbers[i] = payload.groups[i].value();
  Offset<flatbuffers::Vector<std::uint16_t>> groups = 0;
  if (!payload.groups.empty()) groups = builder.CreateVector(numbers.data(), payload.groups.size());
  return wire::CreateUserGroupsSet(builder, payload.user.value(), groups).Union();
}
Position write(Builder& builder, const GroupCreated& payload) {
  const auto name = write_text(builder, payload.name);
  return wire::CreateGroupCreated(builder, payload.group.value(), name).Union();
}
Position write(Builder& builder, const GroupDeleted& payload) {
  return wire::CreateGroupDeleted(builder, payload.group.value()).Union();
}

Position write(Builder& builder, const ConsentGranted& payload) {
  const wire::ConsentFixed fixed{payload.scope_mask,   payload.consent.value(),
                                 payload.user.value(), payload.client.value(),
                                 payload.api.value(),  identity_byte(payload.identity_mask)};
  return wire::CreateConsentGranted(builder, &fixed).Union();
}
Position write(Builder& builder, const ConsentExtended& payload) {
  return wire::CreateConsentExtended(builder, payload.scope_mask, payload.consent.value(),
                                     identity_byte(payload.identity_mask))
      .Union();
}
Position write(Builder& builder, const ConsentPreconfigured& payload) {
  return wire::CreateConsentPreconfigured(
             builder, payload.scope_mask, payload.consent.value(), payload.client.value(),
             payload.api.value(), payload.group.value(), identity_byte(payload.identity_mask))
      .Union();
}
Position write(Builder& builder, const ConsentWithdrawn& payload) {
  const auto reason = write_bytes(builder, payload.reason.bytes);
  return wire::CreateConsentWithdrawn(builder, payload.consent.value(), reason).Union();
}

Position write(Builder& builder, const CodeIssued& payload) {
  const wire::CodeFixed fixed{payload.scope_mask,
                              flatbuffers::make_span(payload.sha256),
                              flatbuffers::make_span(payload.redirect_sha256),
                              payload.code.value(),
                              payload.user.value(),
                              payload.client.value(),
                              payload.consent.value(),
                              payload.api.value(),
                              payload.auth_time.value(),
                              payload.expires_at.value(),
                              identity_byte(payload.identity_mask)};
  wire::Bytes32 challenge;
  if (payload.challenge) challenge = wire::Bytes32{flatbuffers::make_span(*payload.challenge)};
  const auto nonce = write_text(builder, payload.nonce);
  return wire::CreateCodeIssued(builder, &fixed, payload.has_redirect,
                                payload.challenge ? &challenge : nullptr, nonce)
      .Union();
}
Position write(Builder& builder, const CodeRedeemed& payload) {
  return wire::CreateCodeRedeemed(builder, payload.code.value()).Union();
}
Position write(Builder& builder, const CodeReused& payload) {
  return wire::CreateCodeReused(builder, payload.code.value(), payload.family.value()).Union();
}

Position write(Builder& builder, const FamilyStarted& payload) {
  const wire::FamilyFixed fixed{
      payload.scope_mask,         payload.family.value(),  payload.tag,
      payload.user.value(),       payload.consent.value(), payload.auth_time.value(),
      payload.expires_at.value(), payload.idle_s,          identity_byte(payload.identity_mask)};
  const wire::Bytes32 refresh{flatbuffers::make_span(payload.refresh_sha256)};
  return wire::CreateFamilyStarted(builder, &fixed,
                                   is_zero(payload.refresh_sha256) ? nullptr : &refresh)
      .Union();
}
Position write(Builder& builder, const RefreshRotated& payload) {
  const wire::RotatedFixed fixed{flatbuffers::make_span(payload.refresh_sha256),
                                 payload.family.value(), payload.generation};
  return wire::CreateRefreshRotated(builder, &fixed).Union();
}
Position write(Builder& builder, const FamilyEnded& payload) {
  const auto reason = write_bytes(builder, payload.reason.bytes);
  return wire::CreateFamilyEnded(builder, payload.family.value(),
                                 static_cast<std::uint8_t>(payload.cause), reason)
      .Union();
}

Position write(Builder& builder, const KeyActivated& payload) {
  return wire::CreateKeyActivated(builder, payload.key.value()).Union();
}
Position write(Builder& builder, const KeyRevoked& payload) {
  const auto reason = write_bytes(builder, payload.reason.bytes);
  return wire::CreateKeyRevoked(builder, payload.key.value(), reason).Union();
}
Position write(Builder& builder, const ForgerySuspected& payload) {
  return wire::CreateForgerySuspected(builder, payload.index.value(), payload.key.value(),
                                      static_cast<std::uint8_t>(payload.sign))
      .Union();
}

}  // namespace tokenledger

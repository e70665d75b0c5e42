// check_event for the kinds of core/event_people.hpp.
#include "core/event_verdict.hpp"

namespace tokenledger {

namespace {

// A profile names its user at least by a login.
template <class Profile>
void check_profile(Verdict& verdict, const Profile& payload) {
  verdict.require_number(payload.user);
  verdict.require(!payload.login.bytes.empty());
  verdict.require_sealed(payload.login);
  verdict.require_sealed(payload.display_name);
}

}  // namespace

void check(Verdict& verdict, const UserRegistered& payload) {
  check_profile(verdict, payload);
  verdict.require(payload.id != UserId{});
}
void check(Verdict& verdict, const UserUpdated& payload) { check_profile(verdict, payload); }
void check(Verdict& verdict, const UserPasswordSet& payload) {
  verdict.require_number(payload.user);
  verdict.require_number(payload.generation);
}
void check(Verdict& verdict, const UserDisabled& payload) {
  verdict.require_number(payload.user);
  verdict.require_sealed(payload.reason);
}
void check(Verdict& verdict, const UserEnabled& payload) { verdict.require_number(payload.user); }
void check(Verdict& verdict, const UserGroupsSet& payload) {
  verdict.require_number(payload.user);
  verdict.require_ascending(payload.groups, kUserGroupsMax);
  for (const auto group : payload.groups) verdict.require(group.value() <= kGroupsMax);
}
void check(Verdict& verdict, const GroupCreated& payload) {
  verdict.require_number(payload.group);
  verdict.require(payload.group.value() <= kGroupsMax);
  verdict.require_name(payload.name, kLabelBytesMax);
}
void check(Verdict& verdict, const GroupDeleted& payload) {
  verdict.require_number(payload.group);
  verdict.require(payload.group.value() <= kGroupsMax);
}

void check(Verdict& verdict, const ConsentGranted& payload) {
  verdict.require_number(payload.consent);
  verdict.require_number(payload.user);
  verdict.require_number(payload.client);
  verdict.require_number(payload.api);
  verdict.require_identity_mask(payload.identity_mask);
}
void check(Verdict& verdict, const ConsentExtended& payload) {
  verdict.require_number(payload.consent);
  verdict.require_identity_mask(payload.identity_mask);
  verdict.require(payload.scope_mask != 0 || payload.identity_mask != 0);
}
void check(Verdict& verdict, const ConsentPreconfigured& payload) {
  verdict.require_number(payload.consent);
  verdict.require_number(payload.group);
  verdict.require(payload.group.value() <= kGroupsMax);
  verdict.require_number(payload.client);
  verdict.require_number(payload.api);
  verdict.require_identity_mask(payload.identity_mask);
}
void check(Verdict& verdict, const ConsentWithdrawn& payload) {
  verdict.require_number(payload.consent);
  verdict.require_sealed(payload.reason);
}

void check(Verdict& verdict, const CodeIssued& payload) {
  verdict.require_number(payload.code);
  verdict.require(payload.sha256 != Digest{});
  verdict.require_number(payload.user);
  verdict.require_number(payload.client);
  verdict.require_number(payload.consent);
  verdict.require_number(payload.api);
  verdict.require_identity_mask(payload.identity_mask);
  verdict.require(payload.redirect_sha256 != Digest{});
  verdict.require_number(payload.auth_time);
  verdict.require(payload.expires_at > payload.auth_time);
  verdict.require_text(payload.nonce, kNonceBytesMax);
}
void check(Verdict& verdict, const CodeRedeemed& payload) { verdict.require_number(payload.code); }
void check(Verdict& verdict, const CodeReused& payload) { verdict.require_number(payload.code); }

void check(Verdict& verdict, const FamilyStarted& payload) {
  verdict.require_number(payload.family);
  verdict.require(payload.tag != 0);
  verdict.require_number(payload.user);
  verdict.require_number(payload.consent);
  verdict.require_identity_mask(payload.identity_mask);
  verdict.require_number(payload.auth_time);
  verdict.require(payload.expires_at > payload.auth_time);
  verdict.require(payload.idle_s <= kRefreshLifetimeSecondsMax);
}
void check(Verdict& verdict, const RefreshRotated& payload) {
  verdict.require_number(payload.family);
  verdict.require(payload.generation >= 2);
  verdict.require(payload.refresh_sha256 != Digest{});
}
void check(Verdict& verdict, const FamilyEnded& payload) {
  verdict.require_number(payload.family);
  verdict.require_enum(payload.cause, kCauseLast);
  verdict.require(payload.cause != Cause::deleted);  // nothing hides many tokens at once
  verdict.require_sealed(payload.reason);
}

void check(Verdict& verdict, const KeyActivated& payload) { verdict.require_number(payload.key); }
void check(Verdict& verdict, const KeyRevoked& payload) {
  verdict.require_number(payload.key);
  verdict.require_sealed(payload.reason);
}
void check(Verdict& verdict, const ForgerySuspected& payload) {
  verdict.require_number(payload.key);
  verdict.require_enum(payload.sign, kForgerySignLast);
  const bool names_token = payload.sign == ForgerySign::other_token;
  verdict.require(names_token ? payload.index.has_lane() : payload.index == TokenIndex{});
}

}  // namespace tokenledger

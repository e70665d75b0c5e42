#include "api/event_data_writer.hpp"
#include "api/rfc3339.hpp"
#include "core/base64url.hpp"
#include "core/identity_scopes.hpp"
#include "core/status.hpp"

namespace tokenledger {
namespace {

std::string_view sign_name(ForgerySign sign) {
  switch (sign) {
    case ForgerySign::jti_not_sealed: return "jti_not_sealed";
    case ForgerySign::other_token: return "other_token";
  }
  return {};
}

}  // namespace

void PeopleDataWriter::operator()(const UserRegistered& data) {
  json_.member("user", data.user.value()).member("user_id", "usr_" + base64url_encode(data.id));
  profile(data.login, data.display_name);
}
void PeopleDataWriter::operator()(const UserUpdated& data) {
  json_.member("user", data.user.value());
  profile(data.login, data.display_name);
}
void PeopleDataWriter::operator()(const UserPasswordSet& data) {
  json_.member("user", data.user.value()).member("generation", data.generation.value());
}
void PeopleDataWriter::operator()(const UserDisabled& data) {
  json_.member("user", data.user.value());
  sealed("reason", data.reason, visibility_.people);
}
void PeopleDataWriter::operator()(const UserEnabled& data) {
  json_.member("user", data.user.value());
}
void PeopleDataWriter::operator()(const UserGroupsSet& data) {
  json_.member("user", data.user.value()).name("groups").begin_array();
  for (const auto group : data.groups) json_.value(group.value());
  json_.end_array();
}
void PeopleDataWriter::operator()(const GroupCreated& data) {
  json_.member("group", data.group.value()).member("name", data.name);
}
void PeopleDataWriter::operator()(const GroupDeleted& data) {
  json_.member("group", data.group.value());
}

void PeopleDataWriter::operator()(const ConsentGranted& data) {
  json_.member("consent", data.consent.value()).member("user", data.user.value());
  client(data.client);
  api("audience", data.api);
  scopes(data.api, data.scope_mask);
  identity_scopes(data.identity_mask);
}
void PeopleDataWriter::operator()(const ConsentExtended& data) {
  json_.member("consent", data.consent.value());
  scope_bits(data.scope_mask);
  identity_scopes(data.identity_mask);
}
void PeopleDataWriter::operator()(const ConsentPreconfigured& data) {
  json_.member("consent", data.consent.value()).member("group", data.group.value());
  client(data.client);
  api("audience", data.api);
  scopes(data.api, data.scope_mask);
  identity_scopes(data.identity_mask);
}
void PeopleDataWriter::operator()(const ConsentWithdrawn& data) {
  json_.member("consent", data.consent.value());
  sealed("reason", data.reason, visibility_.people);
}

void PeopleDataWriter::operator()(const CodeIssued& data) {
  json_.member("code", data.code.value()).member("user", data.user.value());
  client(data.client);
  json_.member("consent", data.consent.value());
  api("audience", data.api);
  scopes(data.api, data.scope_mask);
  identity_scopes(data.identity_mask);
  json_.member("redirect_uri_named", data.has_redirect)
      .member("code_challenge_given", data.challenge.has_value())
      .member("auth_time", format_rfc3339(data.auth_time))
      .member("expires_at", format_rfc3339(data.expires_at));
}
void PeopleDataWriter::operator()(const CodeRedeemed& data) {
  json_.member("code", data.code.value());
}
void PeopleDataWriter::operator()(const CodeReused& data) {
  json_.member("code", data.code.value());
  if (data.family != FamilyNumber{}) json_.member("family", data.family.value());
}

void PeopleDataWriter::operator()(const FamilyStarted& data) {
  json_.member("family", data.family.value())
      .member("user", data.user.value())
      .member("consent", data.consent.value());
  scope_bits(data.scope_mask);
  identity_scopes(data.identity_mask);
  json_.member("has_refresh_token", data.refresh_sha256 != Digest{})
      .member("auth_time", format_rfc3339(data.auth_time))
      .member("expires_at", format_rfc3339(data.expires_at));
  if (data.idle_s != 0) json_.member("idle_seconds", data.idle_s);
}
void PeopleDataWriter::operator()(const RefreshRotated& data) {
  json_.member("family", data.family.value()).member("generation", data.generation);
}
void PeopleDataWriter::operator()(const FamilyEnded& data) {
  json_.member("family", data.family.value()).member("cause", cause_name(data.cause));
  sealed("reason", data.reason, visibility_.people);
}

void PeopleDataWriter::operator()(const KeyActivated& data) { key(data.key); }
void PeopleDataWriter::operator()(const KeyRevoked& data) {
  key(data.key);
  sealed("reason", data.reason, visibility_.token_fields);
}
void PeopleDataWriter::operator()(const ForgerySuspected& data) {
  key(data.key);
  json_.member("sign", sign_name(data.sign));
  if (data.sign == ForgerySign::other_token) json_.member("jti", ledger_.jti_of(data.index));
}

void PeopleDataWriter::profile(const Sealed& login, const Sealed& display_name) {
  sealed("login", login, visibility_.people);
  sealed("display_name", display_name, visibility_.people);
  write_erased_fields(json_, erased_);
}

void PeopleDataWriter::identity_scopes(std::uint64_t mask) {
  json_.name("identity_scopes").begin_array();
  for (std::size_t bit = 0; bit < kIdentityScopes.size(); ++bit)
    if ((mask >> bit & 1) != 0) json_.value(kIdentityScopes[bit].name);
  json_.end_array();
}

// Positions in the list of all scope names that the consent's API ever had: which API that is, the
// event that granted the consent says.
void PeopleDataWriter::scope_bits(std::uint64_t mask) {
  json_.name("scope_bits").begin_array();
  for (std::uint64_t bit = 0; bit < kScopesPerApiMax; ++bit)
    if ((mask >> bit & 1) != 0) json_.value(bit);
  json_.end_array();
}

}  // namespace tokenledger

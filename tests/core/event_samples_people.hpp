// The samples of format 2: its kinds, and the fields that it adds to older ones.
#pragma once

#include "core/event_bounds.hpp"
#include "tests/core/event_sample.hpp"

namespace tokenledger::samples {

// In the order of the variant, after the kinds of format 1: as all().
inline std::vector<Sample> people() {
  const UserNumber user{21};
  const GroupNumber group{5};
  const ConsentNumber consent{31};
  const ClientNumber client{7};
  const ApiNumber api{3};
  const KeyNumber key{5};
  const FamilyNumber family{41};
  const CodeNumber code{51};
  const UnixSeconds auth_time{1'800'000'000};
  const UnixSeconds expires_at{1'800'000'060};
  const std::uint64_t mask = 0x8000'0000'0000'0003;
  const Digest digest = counting<32>(0x80);
  const Sealed reason{"sealed reason"};
  const Sealed login{"sealed login"};
  const Sealed name{"sealed name"};
  return {
      {"UserRegisteredMinimal", minimal(UserRegistered{user, counting<16>(0x50), {"l"}, {}})},
      {"UserRegisteredFull", full(UserRegistered{user, counting<16>(0x60), login, name})},
      {"UserUpdatedMinimal", minimal(UserUpdated{user, {"l"}, {}})},
      {"UserUpdatedFull", full(UserUpdated{user, login, name})},
      {"UserPasswordSetMinimal", minimal(UserPasswordSet{user, SecretGeneration{1}})},
      {"UserPasswordSetFull", full(UserPasswordSet{user, SecretGeneration{9}})},
      {"UserDisabledMinimal", minimal(UserDisabled{user, {}})},
      {"UserDisabledFull", full(UserDisabled{user, reason})},
      {"UserEnabledMinimal", minimal(UserEnabled{user})},
      {"UserEnabledFull", full(UserEnabled{user})},
      {"UserGroupsSetMinimal", minimal(UserGroupsSet{user, {}})},
      {"UserGroupsSetFull",
       full(UserGroupsSet{user, {GroupNumber{1}, GroupNumber{9}, GroupNumber{4'096}}})},
      {"GroupCreatedMinimal", minimal(GroupCreated{group, "g"})},
      {"GroupCreatedFull", full(GroupCreated{group, "Buchhaltung Köln"})},
      {"GroupDeletedMinimal", minimal(GroupDeleted{group})},
      {"GroupDeletedFull", full(GroupDeleted{group})},
      {"ConsentGrantedMinimal", minimal(ConsentGranted{consent, user, client, api, 0, 0})},
      {"ConsentGrantedFull", full(ConsentGranted{consent, user, client, api, mask, 0xFF})},
      {"ConsentExtendedMinimal", minimal(ConsentExtended{consent, 1, 0})},
      {"ConsentExtendedFull", full(ConsentExtended{consent, mask, 0x81})},
      {"ConsentPreconfiguredMinimal",
       minimal(ConsentPreconfigured{consent, group, client, api, 0, 0})},
      {"ConsentPreconfiguredFull",
       full(ConsentPreconfigured{consent, group, client, api, mask, 0x81})},
      {"ConsentWithdrawnMinimal", minimal(ConsentWithdrawn{consent, {}})},
      {"ConsentWithdrawnFull", full(ConsentWithdrawn{consent, reason})},
      {"CodeIssuedMinimal", minimal(CodeIssued{.code = code,
                                               .sha256 = digest,
                                               .user = user,
                                               .client = client,
                                               .consent = consent,
                                               .api = api,
                                               .redirect_sha256 = counting<32>(0xA0),
                                               .challenge = {},
                                               .auth_time = auth_time,
                                               .expires_at = expires_at,
                                               .nonce = ""})},
      {"CodeIssuedFull", full(CodeIssued{.code = code,
                                         .sha256 = digest,
                                         .user = user,
                                         .client = client,
                                         .consent = consent,
                                         .api = api,
                                         .scope_mask = mask,
                                         .identity_mask = 0x81,
                                         .redirect_sha256 = counting<32>(0xA0),
                                         .has_redirect = true,
                                         .challenge = counting<32>(0xC0),
                                         .auth_time = auth_time,
                                         .expires_at = expires_at,
                                         .nonce = "n-0S6_WzA2Mj"})},
      {"CodeRedeemedMinimal", minimal(CodeRedeemed{code})},
      {"CodeRedeemedFull", full(CodeRedeemed{code})},
      {"CodeReusedMinimal", minimal(CodeReused{code, {}})},
      {"CodeReusedFull", full(CodeReused{code, family})},
      {"FamilyStartedMinimal", minimal(FamilyStarted{.family = family,
                                                     .tag = 1,
                                                     .user = user,
                                                     .consent = consent,
                                                     .auth_time = auth_time,
                                                     .expires_at = expires_at})},
      {"FamilyStartedFull", full(FamilyStarted{.family = family,
                                               .tag = 0xA1B2'C3D4,
                                               .user = user,
                                               .consent = consent,
                                               .scope_mask = mask,
                                               .identity_mask = 0x81,
                                               .refresh_sha256 = digest,
                                               .auth_time = auth_time,
                                               .expires_at = expires_at,
                                               .idle_s = 1'209'600})},
      {"RefreshRotatedMinimal", minimal(RefreshRotated{family, 2, digest})},
      {"RefreshRotatedFull", full(RefreshRotated{family, 0xFFFF'FFFF, digest})},
      {"FamilyEndedMinimal", minimal(FamilyEnded{family, Cause::admin_manual, {}})},
      {"FamilyEndedFull", full(FamilyEnded{family, Cause::refresh_reuse, reason})},
      {"KeyActivatedMinimal", minimal(KeyActivated{key})},
      {"KeyActivatedFull", full(KeyActivated{key})},
      {"KeyRevokedMinimal", minimal(KeyRevoked{key, {}})},
      {"KeyRevokedFull", full(KeyRevoked{key, reason})},
      {"ForgerySuspectedMinimal",
       minimal(ForgerySuspected{key, TokenIndex{}, ForgerySign::jti_not_sealed})},
      {"ForgerySuspectedFull",
       full(ForgerySuspected{key, TokenIndex{Lane::month, 77}, ForgerySign::other_token})},
  };
}

inline ClientSettings assertion_client() {
  auto settings = full_client();
  settings.authentication = ClientAuthentication::private_key_jwt;
  settings.keys = {{"first", SignatureAlgorithm::es256, "its public key"},
                   {"", SignatureAlgorithm::eddsa, "another one"}};
  settings.id_token_alg = SignatureAlgorithm::rs256;
  settings.pkce_optional = true;
  return settings;
}
inline ClientSettings public_client() {
  auto settings = full_client();
  settings.is_public = true;
  settings.authentication = ClientAuthentication::none;
  return settings;
}
inline ApiSettings offline_api() {
  auto settings = full_api();
  settings.refresh_lifetime_s = 86'400;
  settings.refresh_idle_s = 0;
  settings.refresh_grace_s = 60;
  return settings;
}
inline TokenIssued user_token() {
  auto token = full_token();
  token.user = UserPart{.consent = ConsentNumber{31},
                        .family = FamilyNumber{41},
                        .auth_time = UnixSeconds{1'799'999'990}};
  token.nonce = "n-0S6_WzA2Mj";
  return token;
}
inline Event by_user(Payload payload) {
  auto event = minimal(std::move(payload));
  event.actor = {
      .kind = ActorKind::user, .generation = SecretGeneration{3}, .user = UserNumber{21}};
  return event;
}
inline Event with_more(Payload payload) {
  auto event = minimal(std::move(payload));
  event.more = true;
  return event;
}

// Kinds of format 1 with what format 2 adds to them.
inline std::vector<Sample> added_fields() {
  const ClientNumber client{7};
  const ApiNumber api{3};
  const KeyNumber key{5};
  const Digest digest = counting<32>(0x80);
  return {
      {"ClientRegisteredPublic",
       minimal(ClientRegistered{client, "client-7", false, public_client(), Digest{}})},
      {"ClientRegisteredWithKeys",
       full(ClientRegistered{client, "client-7", false, assertion_client(), digest})},
      {"ClientUpdatedWithKeys", minimal(ClientUpdated{client, assertion_client()})},
      {"ClientSecretRotatedWithOverlap",
       minimal(
           ClientSecretRotated{client, SecretGeneration{2}, digest, UnixSeconds{1'800'000'000}})},
      {"ApiCreatedOffline", minimal(ApiCreated{api, "a", false, offline_api(), key})},
      {"ApiUpdatedOffline", full(ApiUpdated{api, offline_api()})},
      {"KeyAddedNext", minimal(KeyAdded{key, SignatureAlgorithm::es256, "k", "public key",
                                        ApiNumber{}, true, false})},
      {"KeyAddedImported", minimal(KeyAdded{key, SignatureAlgorithm::es256, "k", "public key",
                                            ApiNumber{}, true, true})},
      {"TokenIssuedToAUser", full(user_token())},
      {"TokenRevokedForCodeReuse",
       minimal(TokenRevoked{TokenIndex{Lane::hour, 4}, Cause::code_reuse, {}})},
      {"ByAUser", by_user(ClientEnabled{client})},
      {"WithMore", with_more(ClientEnabled{client})},
  };
}

}  // namespace tokenledger::samples

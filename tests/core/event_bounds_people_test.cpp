// What may stand in an event (core/event_bounds.hpp): what format 2 adds, one broken rule per row.
#include <gtest/gtest.h>

#include "core/event_bounds.hpp"
#include "core/event_codec.hpp"
#include "core/token_list.hpp"
#include "tests/core/event_samples.hpp"

namespace tokenledger {
namespace {

// Each row takes a good full event and breaks one rule.
struct BrokenCase {
  const char* name;
  std::size_t kind;
  Errc want;
  void (*change)(Event&);
};
template <class T>
T& payload_of(Event& event) {
  return std::get<T>(event.payload);
}
const BrokenCase kBrokenCases[] = {
    {"UserActorWithoutUser", 5, Errc::invalid_argument,
     [](Event& e) { e.actor = {.kind = ActorKind::user, .generation = SecretGeneration{1}}; }},
    {"UserActorWithoutGeneration", 5, Errc::invalid_argument,
     [](Event& e) { e.actor = {.kind = ActorKind::user, .user = UserNumber{1}}; }},
    {"ClientActorWithUser", 5, Errc::invalid_argument,
     [](Event& e) { e.actor.user = UserNumber{1}; }},
    {"UserActorWithToken", 5, Errc::invalid_argument,
     [](Event& e) {
       e.actor = {.kind = ActorKind::user,
                  .generation = SecretGeneration{1},
                  .user = UserNumber{1},
                  .token = TokenIndex{Lane::hour, 1}};
     }},
    {"PublicClientWithASecretsMethod", 4, Errc::invalid_argument,
     [](Event& e) { payload_of<ClientUpdated>(e).settings.is_public = true; }},
    {"NoMethodThoughNotPublic", 4, Errc::invalid_argument,
     [](Event& e) {
       payload_of<ClientUpdated>(e).settings.authentication = ClientAuthentication::none;
     }},
    {"UnknownMethod", 4, Errc::invalid_argument,
     [](Event& e) {
       payload_of<ClientUpdated>(e).settings.authentication = static_cast<ClientAuthentication>(5);
     }},
    {"AssertionsWithoutKeys", 4, Errc::invalid_argument,
     [](Event& e) {
       payload_of<ClientUpdated>(e).settings.authentication = ClientAuthentication::private_key_jwt;
     }},
    {"KeysWithoutAssertions", 4, Errc::invalid_argument,
     [](Event& e) {
       payload_of<ClientUpdated>(e).settings.keys = samples::assertion_client().keys;
     }},
    {"TooManyKeys", 4, Errc::too_large,
     [](Event& e) {
       auto& settings = payload_of<ClientUpdated>(e).settings = samples::assertion_client();
       settings.keys.assign(kClientKeysMax + 1, settings.keys[0]);
     }},
    {"ClientKeyOfASecret", 4, Errc::invalid_argument,
     [](Event& e) {
       auto& settings = payload_of<ClientUpdated>(e).settings = samples::assertion_client();
       settings.keys[1].algorithm = SignatureAlgorithm::hs256;
     }},
    {"ClientKeyWithoutBytes", 4, Errc::invalid_argument,
     [](Event& e) {
       auto& settings = payload_of<ClientUpdated>(e).settings = samples::assertion_client();
       settings.keys[0].public_key.clear();
     }},
    {"ClientKeyTooLong", 4, Errc::too_large,
     [](Event& e) {
       auto& settings = payload_of<ClientUpdated>(e).settings = samples::assertion_client();
       settings.keys[0].public_key.assign(kKeyBytesMax + 1, 'k');
     }},
    {"IdTokensSignedWithASecret", 4, Errc::invalid_argument,
     [](Event& e) {
       payload_of<ClientUpdated>(e).settings.id_token_alg = SignatureAlgorithm::hs256;
     }},
    {"PublicClientWithoutPkce", 4, Errc::invalid_argument,
     [](Event& e) {
       auto& settings = payload_of<ClientUpdated>(e).settings = samples::public_client();
       settings.pkce_optional = true;
     }},
    {"RefreshLifetimeZero", 10, Errc::invalid_argument,
     [](Event& e) { payload_of<ApiUpdated>(e).settings.refresh_lifetime_s = 0; }},
    {"RefreshLifetimeTooLong", 10, Errc::invalid_argument,
     [](Event& e) {
       payload_of<ApiUpdated>(e).settings.refresh_lifetime_s = kRefreshLifetimeSecondsMax + 1;
     }},
    {"RefreshIdleTooLong", 10, Errc::invalid_argument,
     [](Event& e) {
       payload_of<ApiUpdated>(e).settings.refresh_idle_s = kRefreshLifetimeSecondsMax + 1;
     }},
    {"RefreshGraceTooLong", 10, Errc::invalid_argument,
     [](Event& e) { payload_of<ApiUpdated>(e).settings.refresh_grace_s = 61; }},
    {"SecretThatWaits", 15, Errc::invalid_argument,
     [](Event& e) {
       e.payload =
           KeyAdded{KeyNumber{1}, SignatureAlgorithm::hs256, "k", "", ApiNumber{1}, true, false};
     }},
    {"UserTokenWithoutSubject", 17, Errc::invalid_argument,
     [](Event& e) {
       auto& token = payload_of<TokenIssued>(e) = samples::user_token();
       token.subject = {};
     }},
    {"UserTokenWithoutConsent", 17, Errc::invalid_argument,
     [](Event& e) {
       auto& token = payload_of<TokenIssued>(e) = samples::user_token();
       token.user->consent = {};
     }},
    {"UserTokenWithoutSignIn", 17, Errc::invalid_argument,
     [](Event& e) {
       auto& token = payload_of<TokenIssued>(e) = samples::user_token();
       token.user->auth_time = {};
     }},
    {"NonceWithoutUser", 17, Errc::invalid_argument,
     [](Event& e) { payload_of<TokenIssued>(e).nonce = "n"; }},
    {"NonceTooLong", 17, Errc::too_large,
     [](Event& e) {
       auto& token = payload_of<TokenIssued>(e) = samples::user_token();
       token.nonce.assign(kNonceBytesMax + 1, 'n');
     }},
    {"CascadeOverAConsent", 19, Errc::invalid_argument,
     [](Event& e) { payload_of<TokensRevoked>(e).selector.kind = SelectorKind::consent; }},
    {"CascadeInTheLedgersOwnWords", 19, Errc::invalid_argument,
     [](Event& e) { payload_of<TokensRevoked>(e).cause = Cause::refresh_reuse; }},
    {"UserZero", 23, Errc::invalid_argument,
     [](Event& e) { payload_of<UserRegistered>(e).user = {}; }},
    {"UserIdZero", 23, Errc::invalid_argument,
     [](Event& e) { payload_of<UserRegistered>(e).id = {}; }},
    {"UserWithoutLogin", 23, Errc::invalid_argument,
     [](Event& e) { payload_of<UserRegistered>(e).login.bytes.clear(); }},
    {"LoginTooLong", 23, Errc::too_large,
     [](Event& e) { payload_of<UserRegistered>(e).login.bytes.assign(8193, 'l'); }},
    {"DisplayNameTooLong", 24, Errc::too_large,
     [](Event& e) { payload_of<UserUpdated>(e).display_name.bytes.assign(8193, 'n'); }},
    {"UpdateOfUserZero", 24, Errc::invalid_argument,
     [](Event& e) { payload_of<UserUpdated>(e).user = {}; }},
    {"UpdateWithoutLogin", 24, Errc::invalid_argument,
     [](Event& e) { payload_of<UserUpdated>(e).login.bytes.clear(); }},
    {"PasswordOfUserZero", 25, Errc::invalid_argument,
     [](Event& e) { payload_of<UserPasswordSet>(e).user = {}; }},
    {"PasswordGenerationZero", 25, Errc::invalid_argument,
     [](Event& e) { payload_of<UserPasswordSet>(e).generation = {}; }},
    {"DisablesUserZero", 26, Errc::invalid_argument,
     [](Event& e) { payload_of<UserDisabled>(e).user = {}; }},
    {"DisablingReasonTooLong", 26, Errc::too_large,
     [](Event& e) { payload_of<UserDisabled>(e).reason.bytes.assign(8193, 'r'); }},
    {"EnablesUserZero", 27, Errc::invalid_argument,
     [](Event& e) { payload_of<UserEnabled>(e).user = {}; }},
    {"GroupsOfUserZero", 28, Errc::invalid_argument,
     [](Event& e) { payload_of<UserGroupsSet>(e).user = {}; }},
    {"GroupsDescend", 28, Errc::invalid_argument,
     [](Event& e) { payload_of<UserGroupsSet>(e).groups = {GroupNumber{2}, GroupNumber{1}}; }},
    {"GroupTwice", 28, Errc::invalid_argument,
     [](Event& e) { payload_of<UserGroupsSet>(e).groups = {GroupNumber{2}, GroupNumber{2}}; }},
    {"InGroupZero", 28, Errc::invalid_argument,
     [](Event& e) { payload_of<UserGroupsSet>(e).groups = {GroupNumber{}}; }},
    {"InAGroupBeyondTheLast", 28, Errc::invalid_argument,
     [](Event& e) { payload_of<UserGroupsSet>(e).groups = {GroupNumber{4'097}}; }},
    {"TooManyGroups", 28, Errc::too_large,
     [](Event& e) {
       auto& groups = payload_of<UserGroupsSet>(e).groups;
       groups.clear();
       for (std::uint16_t group = 1; group <= kUserGroupsMax + 1; ++group)
         groups.push_back(GroupNumber{group});
     }},
    {"GroupZero", 29, Errc::invalid_argument,
     [](Event& e) { payload_of<GroupCreated>(e).group = {}; }},
    {"GroupBeyondTheLast", 29, Errc::invalid_argument,
     [](Event& e) { payload_of<GroupCreated>(e).group = GroupNumber{4'097}; }},
    {"GroupWithoutName", 29, Errc::invalid_argument,
     [](Event& e) { payload_of<GroupCreated>(e).name.clear(); }},
    {"GroupNameTooLong", 29, Errc::too_large,
     [](Event& e) { payload_of<GroupCreated>(e).name.assign(201, 'n'); }},
    {"DeletesGroupZero", 30, Errc::invalid_argument,
     [](Event& e) { payload_of<GroupDeleted>(e).group = {}; }},
    {"ConsentZero", 31, Errc::invalid_argument,
     [](Event& e) { payload_of<ConsentGranted>(e).consent = {}; }},
    {"ConsentOfUserZero", 31, Errc::invalid_argument,
     [](Event& e) { payload_of<ConsentGranted>(e).user = {}; }},
    {"ConsentForClientZero", 31, Errc::invalid_argument,
     [](Event& e) { payload_of<ConsentGranted>(e).client = {}; }},
    {"ConsentAtApiZero", 31, Errc::invalid_argument,
     [](Event& e) { payload_of<ConsentGranted>(e).api = {}; }},
    {"NinthIdentityScope", 31, Errc::invalid_argument,
     [](Event& e) { payload_of<ConsentGranted>(e).identity_mask = 0x100; }},
    {"ExtendsConsentZero", 32, Errc::invalid_argument,
     [](Event& e) { payload_of<ConsentExtended>(e).consent = {}; }},
    {"ExtendsByNothing", 32, Errc::invalid_argument,
     [](Event& e) { e.payload = ConsentExtended{ConsentNumber{1}, 0, 0}; }},
    {"NinthIdentityScopeAdded", 32, Errc::invalid_argument,
     [](Event& e) { payload_of<ConsentExtended>(e).identity_mask = 0x100; }},
    {"PreconsentZero", 33, Errc::invalid_argument,
     [](Event& e) { payload_of<ConsentPreconfigured>(e).consent = {}; }},
    {"PreconsentOfGroupZero", 33, Errc::invalid_argument,
     [](Event& e) { payload_of<ConsentPreconfigured>(e).group = {}; }},
    {"PreconsentForClientZero", 33, Errc::invalid_argument,
     [](Event& e) { payload_of<ConsentPreconfigured>(e).client = {}; }},
    {"PreconsentAtApiZero", 33, Errc::invalid_argument,
     [](Event& e) { payload_of<ConsentPreconfigured>(e).api = {}; }},
    {"NinthIdentityScopeInAdvance", 33, Errc::invalid_argument,
     [](Event& e) { payload_of<ConsentPreconfigured>(e).identity_mask = 0x100; }},
    {"WithdrawsConsentZero", 34, Errc::invalid_argument,
     [](Event& e) { payload_of<ConsentWithdrawn>(e).consent = {}; }},
    {"WithdrawalReasonTooLong", 34, Errc::too_large,
     [](Event& e) { payload_of<ConsentWithdrawn>(e).reason.bytes.assign(8193, 'r'); }},
    {"CodeZero", 35, Errc::invalid_argument, [](Event& e) { payload_of<CodeIssued>(e).code = {}; }},
    {"CodeWithoutHash", 35, Errc::invalid_argument,
     [](Event& e) { payload_of<CodeIssued>(e).sha256 = {}; }},
    {"CodeOfUserZero", 35, Errc::invalid_argument,
     [](Event& e) { payload_of<CodeIssued>(e).user = {}; }},
    {"CodeForClientZero", 35, Errc::invalid_argument,
     [](Event& e) { payload_of<CodeIssued>(e).client = {}; }},
    {"CodeOnConsentZero", 35, Errc::invalid_argument,
     [](Event& e) { payload_of<CodeIssued>(e).consent = {}; }},
    {"CodeAtApiZero", 35, Errc::invalid_argument,
     [](Event& e) { payload_of<CodeIssued>(e).api = {}; }},
    {"CodeWithoutAddress", 35, Errc::invalid_argument,
     [](Event& e) { payload_of<CodeIssued>(e).redirect_sha256 = {}; }},
    {"CodeWithoutSignIn", 35, Errc::invalid_argument,
     [](Event& e) { payload_of<CodeIssued>(e).auth_time = {}; }},
    {"CodeExpiresAtSignIn", 35, Errc::invalid_argument,
     [](Event& e) { payload_of<CodeIssued>(e).expires_at = payload_of<CodeIssued>(e).auth_time; }},
    {"NinthIdentityScopeOfACode", 35, Errc::invalid_argument,
     [](Event& e) { payload_of<CodeIssued>(e).identity_mask = 0x100; }},
    {"NonceOfACodeTooLong", 35, Errc::too_large,
     [](Event& e) { payload_of<CodeIssued>(e).nonce.assign(kNonceBytesMax + 1, 'n'); }},
    {"NonceWithALineBreak", 35, Errc::invalid_argument,
     [](Event& e) { payload_of<CodeIssued>(e).nonce = "a\nb"; }},
    {"RedeemsCodeZero", 36, Errc::invalid_argument,
     [](Event& e) { payload_of<CodeRedeemed>(e).code = {}; }},
    {"ReusesCodeZero", 37, Errc::invalid_argument,
     [](Event& e) { payload_of<CodeReused>(e).code = {}; }},
    {"FamilyZero", 38, Errc::invalid_argument,
     [](Event& e) { payload_of<FamilyStarted>(e).family = {}; }},
    {"TagZero", 38, Errc::invalid_argument, [](Event& e) { payload_of<FamilyStarted>(e).tag = 0; }},
    {"FamilyOfUserZero", 38, Errc::invalid_argument,
     [](Event& e) { payload_of<FamilyStarted>(e).user = {}; }},
    {"FamilyOnConsentZero", 38, Errc::invalid_argument,
     [](Event& e) { payload_of<FamilyStarted>(e).consent = {}; }},
    {"FamilyWithoutSignIn", 38, Errc::invalid_argument,
     [](Event& e) { payload_of<FamilyStarted>(e).auth_time = {}; }},
    {"FamilyExpiresAtSignIn", 38, Errc::invalid_argument,
     [](Event& e) {
       payload_of<FamilyStarted>(e).expires_at = payload_of<FamilyStarted>(e).auth_time;
     }},
    {"FamilyIdleTooLong", 38, Errc::invalid_argument,
     [](Event& e) { payload_of<FamilyStarted>(e).idle_s = kRefreshLifetimeSecondsMax + 1; }},
    {"NinthIdentityScopeOfAFamily", 38, Errc::invalid_argument,
     [](Event& e) { payload_of<FamilyStarted>(e).identity_mask = 0x100; }},
    {"RotatesFamilyZero", 39, Errc::invalid_argument,
     [](Event& e) { payload_of<RefreshRotated>(e).family = {}; }},
    {"RotatesToTheFirstGeneration", 39, Errc::invalid_argument,
     [](Event& e) { payload_of<RefreshRotated>(e).generation = 1; }},
    {"RotatesToNoToken", 39, Errc::invalid_argument,
     [](Event& e) { payload_of<RefreshRotated>(e).refresh_sha256 = {}; }},
    {"EndsFamilyZero", 40, Errc::invalid_argument,
     [](Event& e) { payload_of<FamilyEnded>(e).family = {}; }},
    {"EndsAFamilyWithoutCause", 40, Errc::invalid_argument,
     [](Event& e) { payload_of<FamilyEnded>(e).cause = Cause{}; }},
    {"EndsAFamilyForAnUnknownCause", 40, Errc::invalid_argument,
     [](Event& e) { payload_of<FamilyEnded>(e).cause = static_cast<Cause>(17); }},
    {"FamilyThatHides", 40, Errc::invalid_argument,
     [](Event& e) { payload_of<FamilyEnded>(e).cause = Cause::deleted; }},
    {"FamilyReasonTooLong", 40, Errc::too_large,
     [](Event& e) { payload_of<FamilyEnded>(e).reason.bytes.assign(8193, 'r'); }},
    {"ActivatesKeyZero", 41, Errc::invalid_argument,
     [](Event& e) { payload_of<KeyActivated>(e).key = {}; }},
    {"RevokesKeyZero", 42, Errc::invalid_argument,
     [](Event& e) { payload_of<KeyRevoked>(e).key = {}; }},
    {"KeyReasonTooLong", 42, Errc::too_large,
     [](Event& e) { payload_of<KeyRevoked>(e).reason.bytes.assign(8193, 'r'); }},
    {"ForgeryOfKeyZero", 43, Errc::invalid_argument,
     [](Event& e) { payload_of<ForgerySuspected>(e).key = {}; }},
    {"ForgeryWithoutSign", 43, Errc::invalid_argument,
     [](Event& e) { payload_of<ForgerySuspected>(e).sign = ForgerySign{}; }},
    {"ForgeryOfUnknownSign", 43, Errc::invalid_argument,
     [](Event& e) { payload_of<ForgerySuspected>(e).sign = static_cast<ForgerySign>(3); }},
    {"ForgeryWithoutLane", 43, Errc::invalid_argument,
     [](Event& e) { payload_of<ForgerySuspected>(e).index = TokenIndex::from_value(4ull << 56); }},
    {"UnsealedJtiWithAnIndex", 43, Errc::invalid_argument,
     [](Event& e) { payload_of<ForgerySuspected>(e).sign = ForgerySign::jti_not_sealed; }},
};

TEST(EventBounds, AnEventThatBreaksOneRuleOfFormat2IsNotEncoded) {
  const auto all = samples::all();
  for (const auto& broken : kBrokenCases) {
    auto event = all[2 * broken.kind + 1].event;
    ASSERT_TRUE(encode_event(event).has_value()) << broken.name;
    broken.change(event);
    const auto bytes = encode_event(event);
    ASSERT_FALSE(bytes.has_value()) << broken.name;
    EXPECT_EQ(to_errc(bytes.error()), broken.want) << broken.name;
  }
}

// RFC 7636 §4.2: a challenge of zeros is one, and must never be read as none.
TEST(EventBounds, AChallengeOfZerosIsNoMissingChallenge) {
  auto event = samples::all()[2 * 35].event;
  auto& code = payload_of<CodeIssued>(event);
  ASSERT_FALSE(code.challenge);
  code.challenge.emplace();
  const auto decoded = decode_event(*encode_event(event));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<CodeIssued>(decoded->payload).challenge, Digest{});
}

}  // namespace
}  // namespace tokenledger

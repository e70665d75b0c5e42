// One smallest and one full event of every kind, and random ones, for tests of whatever takes
// events.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "core/command.hpp"
#include "core/event.hpp"
#include "core/token_list.hpp"
#include "tests/core/event_sample.hpp"
#include "tests/core/event_samples_people.hpp"

namespace tokenledger::samples {

// The tokens of one sweep as the payload of its only event.
inline TokensExpired sweep(UnixSeconds from, UnixSeconds to,
                           const std::vector<ExpiringToken>& tokens) {
  const auto part = encode_token_list(from, tokens).front();
  TokensExpired expired;
  expired.from = from;
  expired.to = to;
  expired.count = part.count;
  expired.digest = token_list_digest(part.bytes);
  expired.tokens = part.bytes;
  return expired;
}
inline TokensExpired full_sweep() {
  auto expired = sweep(UnixSeconds{1'800'000'000}, UnixSeconds{1'800'000'060},
                       {{UnixSeconds{1'800'000'001}, TokenIndex{Lane::hour, 10}},
                        {UnixSeconds{1'800'000'001}, TokenIndex{Lane::hour, 11}},
                        {UnixSeconds{1'800'000'060}, TokenIndex{Lane::longer, 3}}});
  expired.retire_below = {65'536, 0, 0, 131'072};
  return expired;
}

// In the order of the variant: every kind, first at its smallest, then with every field.
inline std::vector<Sample> all() {
  const ClientNumber client{7};
  const ApiNumber api{3};
  const GrantNumber grant{4};
  const KeyNumber key{5};
  const Digest digest = counting<32>(0x80);
  const Sealed reason{"sealed reason"};
  std::vector<Sample> samples{
      {"LedgerCreatedMinimal", minimal(LedgerCreated{})},
      {"LedgerCreatedFull", full(LedgerCreated{counting<16>(0xA0), "https://issuer.example/"})},
      {"LedgerOpenedMinimal", minimal(LedgerOpened{})},
      {"LedgerOpenedFull", full(LedgerOpened{Incarnation{0xDEADBEEF}, {1, 2, 3, 4}})},
      {"FormatActivatedMinimal", minimal(FormatActivated{1})},
      {"FormatActivatedFull", full(FormatActivated{1})},
      {"ClientRegisteredMinimal",
       minimal(ClientRegistered{client, "c", false, {.name = ""}, Digest{}})},
      {"ClientRegisteredFull",
       full(ClientRegistered{client, "client-7", true, full_client(), digest})},
      {"ClientUpdatedMinimal", minimal(ClientUpdated{client, {.name = ""}})},
      {"ClientUpdatedFull", full(ClientUpdated{client, full_client()})},
      {"ClientDisabledMinimal", minimal(ClientDisabled{client})},
      {"ClientDisabledFull", full(ClientDisabled{client})},
      {"ClientEnabledMinimal", minimal(ClientEnabled{client})},
      {"ClientEnabledFull", full(ClientEnabled{client})},
      {"ClientDeletedMinimal", minimal(ClientDeleted{client})},
      {"ClientDeletedFull", full(ClientDeleted{client})},
      {"ClientSecretRotatedMinimal",
       minimal(ClientSecretRotated{client, SecretGeneration{1}, Digest{}})},
      {"ClientSecretRotatedFull", full(ClientSecretRotated{client, SecretGeneration{2}, digest})},
      {"ApiCreatedMinimal", minimal(ApiCreated{api, "a", false, minimal_api(), KeyNumber{}})},
      {"ApiCreatedFull", full(ApiCreated{api, "https://orders.example", true, full_api(), key})},
      {"ApiUpdatedMinimal", minimal(ApiUpdated{api, minimal_api()})},
      {"ApiUpdatedFull", full(ApiUpdated{api, full_api()})},
      {"ApiDeletedMinimal", minimal(ApiDeleted{api})},
      {"ApiDeletedFull", full(ApiDeleted{api})},
      {"ClientGrantAddedMinimal", minimal(ClientGrantAdded{grant, client, api, 0})},
      {"ClientGrantAddedFull", full(ClientGrantAdded{grant, client, api, 0x8000'0000'0000'0003})},
      {"ClientGrantUpdatedMinimal", minimal(ClientGrantUpdated{grant, 0})},
      {"ClientGrantUpdatedFull", full(ClientGrantUpdated{grant, 6})},
      {"ClientGrantRemovedMinimal", minimal(ClientGrantRemoved{grant})},
      {"ClientGrantRemovedFull", full(ClientGrantRemoved{grant})},
      {"KeyAddedMinimal", minimal(KeyAdded{key, SignatureAlgorithm::hs256, "k", "", ApiNumber{3}})},
      {"KeyAddedFull",
       full(KeyAdded{key, SignatureAlgorithm::eddsa, "key-2027", "public key", ApiNumber{}})},
      {"KeyRetiredMinimal", minimal(KeyRetired{key})},
      {"KeyRetiredFull", full(KeyRetired{key})},
      {"TokenIssuedMinimal", minimal(minimal_token())},
      {"TokenIssuedFull", full(full_token())},
      {"TokenRevokedMinimal", minimal(TokenRevoked{})},
      {"TokenRevokedFull", full(TokenRevoked{TokenIndex{Lane::month, TokenIndex::kCounterMax},
                                             Cause::key_compromise, reason})},
      {"TokensRevokedMinimal",
       minimal(TokensRevoked{{}, Sequence{1}, Cause::admin_manual, Sealed{}})},
      {"TokensRevokedFull",
       full(TokensRevoked{
           {SelectorKind::key, 5}, Sequence{0x0123'4567'89AB}, Cause::key_compromise, reason})},
      {"TokensExpiredMinimal", minimal(sweep(UnixSeconds{0}, UnixSeconds{1}, {}))},
      {"TokensExpiredFull", full(full_sweep())},
      {"NoteAppendedMinimal", minimal(NoteAppended{"t", Sealed{}})},
      {"NoteAppendedFull", full(NoteAppended{"deployment", Sealed{"sealed body"}})},
      {"OwnerErasedMinimal", minimal(OwnerErased{counting<16>(0x50), Sealed{}})},
      {"OwnerErasedFull", full(OwnerErased{counting<16>(0x60), reason})},
  };
  std::ranges::move(people(), std::back_inserter(samples));
  return samples;
}

// Random values within the bounds, small and large ones alike.
class RandomEvents {
 public:
  explicit RandomEvents(std::uint64_t seed) : random_{seed} {}

  Event next(std::size_t kind) {
    Event event = minimal(make(kind));
    event.seq = Sequence{number((std::uint64_t{1} << 48) - 1)};
    event.recorded_at = LedgerTime{number(4'000'000'000'000'000'000)};
    event.actor = actor();
    for (auto length = below(5) == 0 ? below(kRequestIdBytesMax + 1) : 0; length > 0; --length)
      event.request_id += kRequestIdCharacters[below(kRequestIdCharacters.size())];
    if (coin()) event.idempotency = Idempotency{bytes<16>(), bytes<16>()};
    event.more = coin();
    if (auto* revoked = std::get_if<TokensRevoked>(&event.payload))
      revoked->before = Sequence{number(event.seq.value())};
    return event;
  }

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool coin() { return below(2) == 0; }
  TokenIndex index() { return {static_cast<Lane>(below(kLaneCount)), number(1u << 20)}; }

 private:
  static constexpr std::string_view kRequestIdCharacters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

  // 1..max, of any magnitude.
  std::uint64_t number(std::uint64_t max) { return 1 + (random_() >> below(64)) % max; }
  std::uint32_t small() { return static_cast<std::uint32_t>(number(UINT32_MAX)); }
  template <class Enum>
  Enum any(std::uint64_t last) {
    return static_cast<Enum>(1 + below(last));
  }
  template <std::size_t size>
  std::array<std::uint8_t, size> bytes() {
    std::array<std::uint8_t, size> filled{};
    for (auto& byte : filled) byte = static_cast<std::uint8_t>(random_());
    return filled;
  }
  std::string blob(std::size_t size_max) {
    std::string filled(coin() ? 0 : (coin() ? below(40) : below(size_max)) + 1, '\0');
    for (auto& byte : filled) byte = static_cast<char>(random_());
    return filled;
  }
  std::string text(std::size_t bytes_max) {
    static constexpr const char* kPieces[] = {"a", "Z", "9", " ", "ß", "語", "🔑", "-", "\u00A0"};
    std::string written = "x";
    const auto bytes = coin() ? below(20) : below(bytes_max);
    while (written.size() + 4 <= bytes) written += kPieces[below(std::size(kPieces))];
    return written;
  }
  std::string maybe_text(std::size_t bytes_max) { return coin() ? text(bytes_max) : ""; }

  Actor actor() {
    Actor made;
    made.kind = any<ActorKind>(5);
    if (made.kind == ActorKind::client) {
      made.client = ClientNumber{small()};
      made.generation = SecretGeneration{small()};
    }
    if (made.kind == ActorKind::token) made.token = index();
    if (made.kind == ActorKind::user) {
      made.user = UserNumber{small()};
      made.generation = SecretGeneration{small()};
    }
    return made;
  }
  ClientSettings client() {
    ClientSettings settings;
    settings.name = maybe_text(kLabelBytesMax);
    settings.grant_types = static_cast<std::uint8_t>(below(16));
    for (auto left = below(kRedirectUrisMax + 1); left > 0; --left)
      settings.redirect_uris.push_back(text(kRedirectUriBytesMax));
    if (coin()) settings.token_format = any<TokenKind>(3);
    if (coin())
      settings.live_tokens_max = static_cast<std::uint32_t>(below(kLiveTokensPerClientMax + 1));
    settings.authentication = static_cast<ClientAuthentication>(below(5));
    settings.is_public = settings.authentication == ClientAuthentication::none;
    if (settings.authentication == ClientAuthentication::private_key_jwt)
      for (auto left = 1 + below(kClientKeysMax); left > 0; --left)
        settings.keys.push_back(
            {maybe_text(kLabelBytesMax), any<SignatureAlgorithm>(3), "k" + blob(kKeyBytesMax - 1)});
    if (coin()) settings.id_token_alg = any<SignatureAlgorithm>(3);
    settings.pkce_optional = !settings.is_public && coin();
    return settings;
  }
  ApiSettings api(bool symmetric) {
    ApiSettings settings;
    settings.name = maybe_text(kLabelBytesMax);
    for (auto left = below(kScopesPerApiMax + 1); left > 0; --left)
      settings.scopes.push_back({text(kLabelBytesMax), maybe_text(kDescriptionBytesMax)});
    settings.token_lifetime_s = small();
    settings.token_lifetime_max_s = small();
    settings.allow_offline_access = coin();
    settings.revocable_by_admins_only = coin();
    settings.not_revocable = coin();
    settings.origins_kept = static_cast<std::uint8_t>(below(32) << 1);
    settings.signing_alg = symmetric ? SignatureAlgorithm::hs256 : any<SignatureAlgorithm>(3);
    settings.token_format = any<TokenKind>(3);
    for (auto left = below(kIntrospectorsMax + 1); left > 0; --left)
      settings.introspectors.push_back(text(kLabelBytesMax));
    if (coin()) {
      settings.refresh_lifetime_s =
          1 + static_cast<std::uint32_t>(below(kRefreshLifetimeSecondsMax));
      settings.refresh_idle_s = static_cast<std::uint32_t>(below(kRefreshLifetimeSecondsMax));
      settings.refresh_grace_s = static_cast<std::uint32_t>(below(kRefreshGraceSecondsMax + 1));
    }
    return settings;
  }
  TokenIssued token() {
    TokenIssued token;
    token.index = index();
    token.token_sha256 = bytes<32>();
    token.token_class = ClassNumber{small()};
    if (coin()) {
      auto& made = token.new_class.emplace();
      made.client = ClientNumber{small()};
      made.grant = GrantNumber{coin() ? 0 : small()};
      made.key = KeyNumber{coin() ? 0 : small()};
      for (std::uint32_t i = 0, used = below(kApisPerTokenMax + 1); i < used; ++i)
        made.apis[i] = {ApiNumber{(i << 20) + 1 + static_cast<std::uint32_t>(below(1 << 20))},
                        random_()};
    }
    token.issued_at = UnixSeconds{static_cast<std::uint32_t>(below(4'000'000'000))};
    token.expires_at =
        UnixSeconds{token.issued_at.value() + static_cast<std::uint32_t>(number(100'000'000))};
    token.kind = any<TokenKind>(3);
    token.origin = any<Origin>(5);
    token.subject = SubjectNumber{coin() ? 0 : small()};
    token.name = maybe_text(kLabelBytesMax);
    token.owner.bytes = blob(kSealedBytesMax);
    token.extra_fields.bytes = blob(kSealedBytesMax);
    if (coin()) {
      token.subject = SubjectNumber{small()};
      token.user = UserPart{.consent = ConsentNumber{small()},
                            .family = FamilyNumber{coin() ? 0 : small()},
                            .auth_time = UnixSeconds{small()}};
      token.nonce = maybe_text(kNonceBytesMax);
    }
    return token;
  }
  TokensExpired expired() {
    std::vector<ExpiringToken> tokens;
    const auto from = static_cast<std::uint32_t>(below(4'000'000'000));
    for (auto left = below(200); left > 0; --left)
      tokens.push_back({UnixSeconds{from + 1 + static_cast<std::uint32_t>(below(60))}, index()});
    std::sort(tokens.begin(), tokens.end());
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    auto made = sweep(UnixSeconds{from}, UnixSeconds{from + 60}, tokens);
    made.complete = coin();
    if (made.complete && coin())
      for (auto& counter : made.retire_below) counter = below(TokenIndex::kCounterMax);
    return made;
  }

  std::uint64_t identity() { return below(kIdentityMaskAll + 1); }
  std::vector<GroupNumber> groups() {
    std::vector<GroupNumber> made;
    for (auto left = below(kUserGroupsMax + 1); left > 0; --left) made.push_back(group());
    std::ranges::sort(made);
    made.erase(std::unique(made.begin(), made.end()), made.end());
    return made;
  }
  GroupNumber group() { return GroupNumber{static_cast<std::uint16_t>(number(kGroupsMax))}; }
  CodeIssued code() {
    CodeIssued made{.code = CodeNumber{small()},
                    .sha256 = bytes<32>(),
                    .user = UserNumber{small()},
                    .client = ClientNumber{small()},
                    .consent = ConsentNumber{small()},
                    .api = ApiNumber{small()},
                    .scope_mask = random_(),
                    .identity_mask = identity(),
                    .redirect_sha256 = bytes<32>(),
                    .has_redirect = coin(),
                    .challenge = {},
                    .auth_time = UnixSeconds{static_cast<std::uint32_t>(number(4'000'000'000))},
                    .nonce = maybe_text(kNonceBytesMax)};
    if (coin()) made.challenge = coin() ? bytes<32>() : Digest{};
    made.expires_at = UnixSeconds{made.auth_time.value() + static_cast<std::uint32_t>(number(60))};
    return made;
  }
  FamilyStarted family() {
    FamilyStarted made{.family = FamilyNumber{small()},
                       .tag = small(),
                       .user = UserNumber{small()},
                       .consent = ConsentNumber{small()},
                       .scope_mask = random_(),
                       .identity_mask = identity(),
                       .refresh_sha256 = coin() ? Digest{} : bytes<32>(),
                       .auth_time = UnixSeconds{static_cast<std::uint32_t>(number(4'000'000'000))},
                       .idle_s = static_cast<std::uint32_t>(below(1'000'000))};
    made.expires_at = UnixSeconds{made.auth_time.value() + static_cast<std::uint32_t>(number(60))};
    return made;
  }
  Payload make_people(std::size_t kind) {
    const UserNumber user{small()};
    const ConsentNumber consent{small()};
    const ClientNumber client_number{small()};
    const ApiNumber api_number{small()};
    const FamilyNumber family_number{small()};
    const Sealed reason{blob(kSealedBytesMax)};
    const Sealed login{"l" + blob(kSealedBytesMax - 1)};
    switch (kind) {
      case 23: return UserRegistered{user, bytes<16>(), login, {blob(kSealedBytesMax)}};
      case 24: return UserUpdated{user, login, {blob(kSealedBytesMax)}};
      case 25: return UserPasswordSet{user, SecretGeneration{small()}};
      case 26: return UserDisabled{user, reason};
      case 27: return UserEnabled{user};
      case 28: return UserGroupsSet{user, groups()};
      case 29: return GroupCreated{group(), text(kLabelBytesMax)};
      case 30: return GroupDeleted{group()};
      case 31:
        return ConsentGranted{consent, user, client_number, api_number, random_(), identity()};
      case 32: return ConsentExtended{consent, random_() | 1, identity()};
      case 33:
        return ConsentPreconfigured{consent,    group(),   client_number,
                                    api_number, random_(), identity()};
      case 34: return ConsentWithdrawn{consent, reason};
      case 35: return code();
      case 36: return CodeRedeemed{CodeNumber{small()}};
      case 37: return CodeReused{CodeNumber{small()}, coin() ? FamilyNumber{} : family_number};
      case 38: return family();
      case 39: return RefreshRotated{family_number, small() | 2, bytes<32>()};
      case 40: return FamilyEnded{family_number, any<Cause>(9), reason};
      case 41: return KeyActivated{KeyNumber{small()}};
      case 42: return KeyRevoked{KeyNumber{small()}, reason};
      default:
        if (coin()) return ForgerySuspected{KeyNumber{small()}, index(), ForgerySign::other_token};
        return ForgerySuspected{KeyNumber{small()}, {}, ForgerySign::jti_not_sealed};
    }
  }

  Payload make(std::size_t kind) {
    if (kind >= kEventKindsOfFormat1) return make_people(kind);
    const ClientNumber client_number{small()};
    const ApiNumber api_number{small()};
    const GrantNumber grant{small()};
    const KeyNumber key{small()};
    const bool symmetric = coin();
    switch (kind) {
      case 0: return LedgerCreated{bytes<16>(), maybe_text(kIdentifierBytesMax)};
      case 1: return LedgerOpened{Incarnation{small()}, {number(9), 0, number(1u << 30), 0}};
      case 2: return FormatActivated{kFormatVersion};
      case 3:
        return ClientRegistered{client_number, text(kLabelBytesMax), coin(), client(),
                                coin() ? Digest{} : bytes<32>()};
      case 4: return ClientUpdated{client_number, client()};
      case 5: return ClientDisabled{client_number};
      case 6: return ClientEnabled{client_number};
      case 7: return ClientDeleted{client_number};
      case 8:
        return ClientSecretRotated{client_number, SecretGeneration{small()}, bytes<32>(),
                                   UnixSeconds{coin() ? 0 : small()}};
      case 9:
        return ApiCreated{api_number, text(kIdentifierBytesMax), coin(), api(symmetric),
                          symmetric ? key : KeyNumber{}};
      case 10: return ApiUpdated{api_number, api(symmetric)};
      case 11: return ApiDeleted{api_number};
      case 12: return ClientGrantAdded{grant, client_number, api_number, random_()};
      case 13: return ClientGrantUpdated{grant, random_()};
      case 14: return ClientGrantRemoved{grant};
      case 15:
        if (symmetric)
          return KeyAdded{key, SignatureAlgorithm::hs256, text(kLabelBytesMax), "", api_number};
        return KeyAdded{key,
                        any<SignatureAlgorithm>(3),
                        text(kLabelBytesMax),
                        "k" + blob(kKeyBytesMax - 1),
                        ApiNumber{},
                        coin(),
                        coin()};
      case 16: return KeyRetired{key};
      case 17: return token();
      case 18: return TokenRevoked{index(), any<Cause>(15), {blob(kSealedBytesMax)}};
      case 19:
        if (coin()) return TokensRevoked{{}, Sequence{1}, any<Cause>(9), {blob(kSealedBytesMax)}};
        return TokensRevoked{
            {any<SelectorKind>(4), small()}, Sequence{1}, any<Cause>(9), {blob(kSealedBytesMax)}};
      case 20: return expired();
      case 21: return NoteAppended{text(kNoteTopicBytesMax), {blob(kSealedBytesMax)}};
      default: return OwnerErased{bytes<16>(), {blob(kSealedBytesMax)}};
    }
  }

  std::mt19937_64 random_;
};

}  // namespace tokenledger::samples

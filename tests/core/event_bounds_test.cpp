// What may stand in an event (core/event_bounds.hpp): kinds of format 1, one broken rule per row.
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
    {"SeqZero", 5, Errc::invalid_argument, [](Event& e) { e.seq = {}; }},
    {"SeqOf49Bits", 5, Errc::invalid_argument, [](Event& e) { e.seq = Sequence{1ull << 48}; }},
    {"NoTime", 5, Errc::invalid_argument, [](Event& e) { e.recorded_at = {}; }},
    {"TimeAfter2106", 5, Errc::invalid_argument,
     [](Event& e) { e.recorded_at = LedgerTime{4'294'967'296'000'000'000}; }},
    {"ActorKindZero", 5, Errc::invalid_argument, [](Event& e) { e.actor.kind = ActorKind{}; }},
    {"ActorKindUnknown", 5, Errc::invalid_argument,
     [](Event& e) { e.actor.kind = static_cast<ActorKind>(6); }},
    {"ClientActorWithoutGeneration", 5, Errc::invalid_argument,
     [](Event& e) { e.actor.generation = {}; }},
    {"ClientActorWithToken", 5, Errc::invalid_argument,
     [](Event& e) { e.actor.token = TokenIndex{Lane::hour, 1}; }},
    {"TokenActorWithClient", 5, Errc::invalid_argument,
     [](Event& e) { e.actor.kind = ActorKind::token; }},
    {"TokenActorWithoutLane", 5, Errc::invalid_argument,
     [](Event& e) {
       e.actor = {ActorKind::token, {}, {}, {}, TokenIndex::from_value(4ull << 56)};
     }},
    {"SystemActorWithClient", 5, Errc::invalid_argument,
     [](Event& e) { e.actor.kind = ActorKind::system; }},
    {"RequestIdTooLong", 5, Errc::too_large, [](Event& e) { e.request_id.assign(65, 'a'); }},
    {"RequestIdWithASpace", 5, Errc::invalid_argument, [](Event& e) { e.request_id = "a b"; }},
    {"IssuerWithALineBreak", 0, Errc::invalid_argument,
     [](Event& e) { payload_of<LedgerCreated>(e).issuer = "a\nb"; }},
    {"LaneStartBeyondTheLane", 1, Errc::invalid_argument,
     [](Event& e) { payload_of<LedgerOpened>(e).lane_start[3] = 1ull << 56; }},
    {"NoVersion", 2, Errc::invalid_argument,
     [](Event& e) { payload_of<FormatActivated>(e).version = 0; }},
    {"LaterVersion", 2, Errc::unsupported_format,
     [](Event& e) { payload_of<FormatActivated>(e).version = kFormatVersion + 1; }},
    {"ClientZero", 3, Errc::invalid_argument,
     [](Event& e) { payload_of<ClientRegistered>(e).client = {}; }},
    {"NoClientId", 3, Errc::invalid_argument,
     [](Event& e) { payload_of<ClientRegistered>(e).client_id.clear(); }},
    {"ClientNameTooLong", 3, Errc::too_large,
     [](Event& e) { payload_of<ClientRegistered>(e).settings.name.assign(201, 'n'); }},
    {"ClientNameNotUtf8", 3, Errc::invalid_argument,
     [](Event& e) { payload_of<ClientRegistered>(e).settings.name = "\xC0\x80"; }},
    {"ClientNameWithAControlCharacter", 3, Errc::invalid_argument,
     [](Event& e) { payload_of<ClientRegistered>(e).settings.name = "\u0085"; }},
    {"UnknownGrantType", 4, Errc::invalid_argument,
     [](Event& e) { payload_of<ClientUpdated>(e).settings.grant_types = 16; }},
    {"TooManyRedirectUris", 4, Errc::too_large,
     [](Event& e) { payload_of<ClientUpdated>(e).settings.redirect_uris.assign(17, "u"); }},
    {"UnknownTokenFormat", 4, Errc::invalid_argument,
     [](Event& e) {
       payload_of<ClientUpdated>(e).settings.token_format = static_cast<TokenKind>(4);
     }},
    {"MoreLiveTokensThanAnyClientMayHave", 4, Errc::invalid_argument,
     [](Event& e) {
       payload_of<ClientUpdated>(e).settings.live_tokens_max = kLiveTokensPerClientMax + 1;
     }},
    {"GenerationZero", 8, Errc::invalid_argument,
     [](Event& e) { payload_of<ClientSecretRotated>(e).generation = {}; }},
    {"TooManyScopes", 9, Errc::too_large,
     [](Event& e) { payload_of<ApiCreated>(e).settings.scopes.assign(65, {"s", ""}); }},
    {"ScopeWithoutName", 9, Errc::invalid_argument,
     [](Event& e) { payload_of<ApiCreated>(e).settings.scopes[0].name.clear(); }},
    {"TooManyIntrospectors", 9, Errc::too_large,
     [](Event& e) { payload_of<ApiCreated>(e).settings.introspectors.assign(33, "i"); }},
    {"AlgorithmZero", 9, Errc::invalid_argument,
     [](Event& e) { payload_of<ApiCreated>(e).settings.signing_alg = {}; }},
    {"KeyOfItsOwnWithoutHs256", 9, Errc::invalid_argument,
     [](Event& e) { payload_of<ApiCreated>(e).settings.signing_alg = SignatureAlgorithm::es256; }},
    {"LifetimeZero", 10, Errc::invalid_argument,
     [](Event& e) { payload_of<ApiUpdated>(e).settings.token_lifetime_s = 0; }},
    {"GrantWithoutApi", 12, Errc::invalid_argument,
     [](Event& e) { payload_of<ClientGrantAdded>(e).api = {}; }},
    {"KeyWithoutKid", 15, Errc::invalid_argument,
     [](Event& e) { payload_of<KeyAdded>(e).kid.clear(); }},
    {"PublicKeyMissing", 15, Errc::invalid_argument,
     [](Event& e) { payload_of<KeyAdded>(e).public_key.clear(); }},
    {"PublicKeyTooLong", 15, Errc::too_large,
     [](Event& e) { payload_of<KeyAdded>(e).public_key.assign(1025, 'k'); }},
    {"TokenWithoutLane", 17, Errc::invalid_argument,
     [](Event& e) { payload_of<TokenIssued>(e).index = TokenIndex::from_value(~0ull); }},
    {"TokenWithoutClass", 17, Errc::invalid_argument,
     [](Event& e) { payload_of<TokenIssued>(e).token_class = {}; }},
    {"TokenKindZero", 17, Errc::invalid_argument,
     [](Event& e) { payload_of<TokenIssued>(e).kind = TokenKind{}; }},
    {"OriginUnknown", 17, Errc::invalid_argument,
     [](Event& e) { payload_of<TokenIssued>(e).origin = static_cast<Origin>(6); }},
    {"ExpiresWhenIssued", 17, Errc::invalid_argument,
     [](Event& e) {
       payload_of<TokenIssued>(e).expires_at = payload_of<TokenIssued>(e).issued_at;
     }},
    {"ApisDescend", 17, Errc::invalid_argument,
     [](Event& e) { payload_of<TokenIssued>(e).new_class->apis[1].api = ApiNumber{1}; }},
    {"ApiAfterAnUnusedOne", 17, Errc::invalid_argument,
     [](Event& e) { payload_of<TokenIssued>(e).new_class->apis[0] = {}; }},
    {"ScopesWithoutApi", 17, Errc::invalid_argument,
     [](Event& e) { payload_of<TokenIssued>(e).new_class->apis[3].scope_mask = 1; }},
    {"OwnerTooLong", 17, Errc::too_large,
     [](Event& e) { payload_of<TokenIssued>(e).owner.bytes.assign(8193, 'o'); }},
    {"CauseZero", 18, Errc::invalid_argument,
     [](Event& e) { payload_of<TokenRevoked>(e).cause = Cause{}; }},
    {"CauseUnknown", 18, Errc::invalid_argument,
     [](Event& e) { payload_of<TokenRevoked>(e).cause = static_cast<Cause>(17); }},
    {"SelectorUnknown", 19, Errc::invalid_argument,
     [](Event& e) { payload_of<TokensRevoked>(e).selector.kind = static_cast<SelectorKind>(6); }},
    {"WholeLedgerWithId", 19, Errc::invalid_argument,
     [](Event& e) { payload_of<TokensRevoked>(e).selector.kind = SelectorKind::all; }},
    {"CascadeOverTheFuture", 19, Errc::invalid_argument,
     [](Event& e) { payload_of<TokensRevoked>(e).before = e.seq.next(); }},
    {"SweepOfNoTime", 20, Errc::invalid_argument,
     [](Event& e) { payload_of<TokensExpired>(e).from = payload_of<TokensExpired>(e).to; }},
    {"SweepMiscounted", 20, Errc::invalid_argument,
     [](Event& e) { ++payload_of<TokensExpired>(e).count; }},
    {"SweepWithAnotherDigest", 20, Errc::invalid_argument,
     [](Event& e) { payload_of<TokensExpired>(e).digest[15] ^= 1; }},
    {"SweepBeyondItsEnd", 20, Errc::invalid_argument,
     [](Event& e) { payload_of<TokensExpired>(e).to = UnixSeconds{1'800'000'059}; }},
    {"RetiresBeforeTheLastPart", 20, Errc::invalid_argument,
     [](Event& e) { payload_of<TokensExpired>(e).complete = false; }},
    {"ActorKindUnknownAndNothingElse", 5, Errc::invalid_argument,
     [](Event& e) { e.actor = {static_cast<ActorKind>(6), {}, {}, {}, {}}; }},
    {"ClientActorWithoutClient", 5, Errc::invalid_argument, [](Event& e) { e.actor.client = {}; }},
    {"RedirectUriEmpty", 4, Errc::invalid_argument,
     [](Event& e) { payload_of<ClientUpdated>(e).settings.redirect_uris[1].clear(); }},
    {"UpdateOfClientZero", 4, Errc::invalid_argument,
     [](Event& e) { payload_of<ClientUpdated>(e).client = {}; }},
    {"DisablesClientZero", 5, Errc::invalid_argument,
     [](Event& e) { payload_of<ClientDisabled>(e).client = {}; }},
    {"EnablesClientZero", 6, Errc::invalid_argument,
     [](Event& e) { payload_of<ClientEnabled>(e).client = {}; }},
    {"DeletesClientZero", 7, Errc::invalid_argument,
     [](Event& e) { payload_of<ClientDeleted>(e).client = {}; }},
    {"RotatesClientZero", 8, Errc::invalid_argument,
     [](Event& e) { payload_of<ClientSecretRotated>(e).client = {}; }},
    {"ApiZero", 9, Errc::invalid_argument, [](Event& e) { payload_of<ApiCreated>(e).api = {}; }},
    {"NoIdentifier", 9, Errc::invalid_argument,
     [](Event& e) { payload_of<ApiCreated>(e).identifier.clear(); }},
    {"ApiNameTooLong", 9, Errc::too_large,
     [](Event& e) { payload_of<ApiCreated>(e).settings.name.assign(201, 'n'); }},
    {"DescriptionTooLong", 9, Errc::too_large,
     [](Event& e) { payload_of<ApiCreated>(e).settings.scopes[1].description.assign(501, 'd'); }},
    {"IntrospectorEmpty", 9, Errc::invalid_argument,
     [](Event& e) { payload_of<ApiCreated>(e).settings.introspectors[1].clear(); }},
    {"ApiWithoutTokenFormat", 9, Errc::invalid_argument,
     [](Event& e) { payload_of<ApiCreated>(e).settings.token_format = TokenKind{}; }},
    {"Hs256WithoutAKeyOfItsOwn", 9, Errc::invalid_argument,
     [](Event& e) { payload_of<ApiCreated>(e).secret_key = {}; }},
    {"UpdateOfApiZero", 10, Errc::invalid_argument,
     [](Event& e) { payload_of<ApiUpdated>(e).api = {}; }},
    {"UpdateToNoAlgorithm", 10, Errc::invalid_argument,
     [](Event& e) { payload_of<ApiUpdated>(e).settings.signing_alg = {}; }},
    {"LongestLifetimeZero", 10, Errc::invalid_argument,
     [](Event& e) { payload_of<ApiUpdated>(e).settings.token_lifetime_max_s = 0; }},
    {"DeletesApiZero", 11, Errc::invalid_argument,
     [](Event& e) { payload_of<ApiDeleted>(e).api = {}; }},
    {"AddsGrantZero", 12, Errc::invalid_argument,
     [](Event& e) { payload_of<ClientGrantAdded>(e).grant = {}; }},
    {"GrantWithoutClient", 12, Errc::invalid_argument,
     [](Event& e) { payload_of<ClientGrantAdded>(e).client = {}; }},
    {"UpdatesGrantZero", 13, Errc::invalid_argument,
     [](Event& e) { payload_of<ClientGrantUpdated>(e).grant = {}; }},
    {"RemovesGrantZero", 14, Errc::invalid_argument,
     [](Event& e) { payload_of<ClientGrantRemoved>(e).grant = {}; }},
    {"KeyZero", 15, Errc::invalid_argument, [](Event& e) { payload_of<KeyAdded>(e).key = {}; }},
    {"KeyOfUnknownAlgorithm", 15, Errc::invalid_argument,
     [](Event& e) { payload_of<KeyAdded>(e).algorithm = static_cast<SignatureAlgorithm>(5); }},
    {"PublicKeyOfOneApi", 15, Errc::invalid_argument,
     [](Event& e) { payload_of<KeyAdded>(e).api = ApiNumber{1}; }},
    {"RetiresKeyZero", 16, Errc::invalid_argument,
     [](Event& e) { payload_of<KeyRetired>(e).key = {}; }},
    {"ClassWithoutClient", 17, Errc::invalid_argument,
     [](Event& e) { payload_of<TokenIssued>(e).new_class->client = {}; }},
    {"TokenNameTooLong", 17, Errc::too_large,
     [](Event& e) { payload_of<TokenIssued>(e).name.assign(201, 'n'); }},
    {"ExtraFieldsTooLong", 17, Errc::too_large,
     [](Event& e) { payload_of<TokenIssued>(e).extra_fields.bytes.assign(8193, 'x'); }},
    {"RevokesATokenWithoutLane", 18, Errc::invalid_argument,
     [](Event& e) { payload_of<TokenRevoked>(e).index = TokenIndex::from_value(4ull << 56); }},
    {"ReasonTooLong", 18, Errc::too_large,
     [](Event& e) { payload_of<TokenRevoked>(e).reason.bytes.assign(8193, 'r'); }},
    {"CascadeBeforeTheLog", 19, Errc::invalid_argument,
     [](Event& e) { payload_of<TokensRevoked>(e).before = {}; }},
    {"CascadeWithoutCause", 19, Errc::invalid_argument,
     [](Event& e) { payload_of<TokensRevoked>(e).cause = Cause{}; }},
    {"CascadeThatHides", 19, Errc::invalid_argument,
     [](Event& e) { payload_of<TokensRevoked>(e).cause = Cause::deleted; }},
    {"ReasonOfACascadeTooLong", 19, Errc::too_large,
     [](Event& e) { payload_of<TokensRevoked>(e).reason.bytes.assign(8193, 'r'); }},
    {"EmptySweepOfNoTime", 20, Errc::invalid_argument,
     [](Event& e) {
       auto sweep = samples::sweep(UnixSeconds{1}, UnixSeconds{2}, {});
       sweep.to = sweep.from;
       e.payload = sweep;
     }},
    {"TokenListTooLong", 20, Errc::too_large,
     [](Event& e) { payload_of<TokensExpired>(e).tokens.resize(kTokenListBytesMax + 1); }},
    {"RetiresBeyondTheLane", 20, Errc::invalid_argument,
     [](Event& e) { payload_of<TokensExpired>(e).retire_below[1] = 1ull << 56; }},
    {"NoteTooLong", 21, Errc::too_large,
     [](Event& e) { payload_of<NoteAppended>(e).body.bytes.assign(8193, 'b'); }},
    {"NoteWithoutTopic", 21, Errc::invalid_argument,
     [](Event& e) { payload_of<NoteAppended>(e).topic.clear(); }},
    {"ErasesNobody", 22, Errc::invalid_argument,
     [](Event& e) { payload_of<OwnerErased>(e).owner = {}; }},
    {"ErasureReasonTooLong", 22, Errc::too_large,
     [](Event& e) { payload_of<OwnerErased>(e).reason.bytes.assign(8193, 'r'); }},
};

TEST(EventBounds, AnEventThatBreaksOneRuleIsNotEncoded) {
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

}  // namespace
}  // namespace tokenledger

// The canonical bytes of events (INV-1, INV-3): golden bytes per kind, strict reading, bounds.
#include "core/event_codec.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <map>

#include "core/event_bounds.hpp"
#include "core/token_list.hpp"
#include "tests/core/event_golden.hpp"
#include "tests/core/event_samples.hpp"

namespace tokenledger {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::string hex(const Bytes& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const auto byte : bytes) text += {kDigits[byte >> 4], kDigits[byte & 15]};
  return text;
}
Bytes from_hex(std::string_view text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(
        static_cast<std::uint8_t>(std::stoi(std::string{text.substr(i, 2)}, nullptr, 16)));
  return bytes;
}
Errc error_of(const Bytes& bytes) {
  const auto event = decode_event(bytes);
  return event ? Errc{} : to_errc(event.error());
}

TEST(EventGolden, EveryKindHasTheseBytesForEver) {
  const auto all = samples::all();
  ASSERT_EQ(all.size(), 2 * kEventKindCount);
  ASSERT_EQ(std::size(samples::kGoldenEvents), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE(all[i].name);
    EXPECT_EQ(all[i].event.payload.index(), i / 2);
    const auto bytes = encode_event(all[i].event);
    ASSERT_TRUE(bytes.has_value());
    std::printf("%-28s %4zu bytes\n", all[i].name.c_str(), bytes->size());
    EXPECT_EQ(hex(*bytes), samples::kGoldenEvents[i]) << all[i].name;
    const auto decoded = decode_event(from_hex(samples::kGoldenEvents[i]));
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(*decoded, all[i].event);
    EXPECT_TRUE(is_canonical(from_hex(samples::kGoldenEvents[i])));
  }
}

// P6: disk <= 150 bytes per token for log and views.
TEST(EventGolden, ATokenOfTheOauthFlowIsSmall) {
  auto event = samples::minimal(samples::minimal_token());
  event.actor = {ActorKind::client, ClientNumber{7}, SecretGeneration{1}, TokenIndex{}};
  EXPECT_LE(encode_event(event)->size(), 136u);
}

TEST(EventCodec, RandomEventsOfEveryKindComeBackAndEncodeTheSameAgain) {
  const auto seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  samples::RandomEvents random{seed};
  EventEncoder encoder;
  Event reused;
  for (int round = 0; round < 100; ++round) {
    for (std::size_t kind = 0; kind < kEventKindCount; ++kind) {
      SCOPED_TRACE(event_kind_name(kind));
      const auto event = random.next(kind);
      const auto bytes = encode_event(event, encoder);
      ASSERT_TRUE(bytes.has_value()) << bytes.error().message();
      ASSERT_EQ(event.payload.index(), kind);
      ASSERT_LE(bytes->size(), kEventBytesMax);
      const auto decoded = decode_event(*bytes);
      ASSERT_TRUE(decoded.has_value()) << decoded.error().message();
      ASSERT_EQ(*decoded, event);
      ASSERT_TRUE(decode_event_into(*bytes, reused).has_value());
      ASSERT_EQ(reused, event) << "nothing of the event before is left";
      ASSERT_EQ(*encode_event(reused), Bytes(bytes->begin(), bytes->end()));
    }
  }
}

TEST(EventCodec, ReusedEventsKeepNothingOfTheirPredecessorOfTheSameKind) {
  const auto all = samples::all();
  Event reused;
  for (std::size_t kind = 0; kind < kEventKindCount; ++kind) {
    const auto& small = all[2 * kind].event;
    const auto& large = all[2 * kind + 1].event;
    for (const auto* event : {&large, &small, &large}) {
      ASSERT_TRUE(decode_event_into(*encode_event(*event), reused).has_value());
      EXPECT_EQ(reused, *event) << event_kind_name(kind);
    }
  }
}

// Bytes inside a storage block stand at any address.
TEST(EventCodec, BytesAtAnyAddressDecode) {
  auto events = samples::all();
  events.push_back({"LargerThanTheStackCopy",
                    samples::minimal(NoteAppended{"t", Sealed{std::string(5000, 'x')}})});
  for (const auto& [name, event] : events) {
    const auto bytes = *encode_event(event);
    for (std::size_t shift = 0; shift < 8; ++shift) {
      Bytes shifted(shift);
      shifted.insert(shifted.end(), bytes.begin(), bytes.end());
      const auto decoded = decode_event(std::span{shifted}.subspan(shift));
      ASSERT_TRUE(decoded.has_value()) << name << " at " << shift;
      EXPECT_EQ(*decoded, event);
    }
  }
}

// What damaged bytes say is refused, or is an event within the bounds and not the one before.
void expect_safe(const Bytes& damaged, const Event& original) {
  const auto decoded = decode_event(damaged);
  if (!decoded) {
    const auto error = to_errc(decoded.error());
    EXPECT_TRUE(error == Errc::log_corrupt || error == Errc::unsupported_format);
    return;
  }
  EXPECT_TRUE(check_event(*decoded).has_value());
  if (*decoded == original) {
    EXPECT_FALSE(is_canonical(damaged)) << hex(damaged);
  }
}

TEST(EventCodec, EveryChangedByteOfAGoldenEventIsSafe) {
  for (const auto& [name, event] : samples::all()) {
    SCOPED_TRACE(name);
    const auto golden = *encode_event(event);
    for (std::size_t at = 0; at < golden.size(); ++at) {
      for (const int change : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
        auto damaged = golden;
        damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ change);
        expect_safe(damaged, event);
      }
    }
  }
}

TEST(EventCodec, EveryTruncationAndExtensionOfAGoldenEventIsSafe) {
  for (const auto& [name, event] : samples::all()) {
    SCOPED_TRACE(name);
    const auto golden = *encode_event(event);
    for (std::size_t length = 0; length < golden.size(); ++length)
      expect_safe(Bytes(golden.begin(), golden.begin() + static_cast<std::ptrdiff_t>(length)),
                  event);
    auto longer = golden;
    longer.push_back(0);
    expect_safe(longer, event);
    EXPECT_FALSE(is_canonical(longer));
  }
}

TEST(EventCodec, UnknownKindsAndVersionsAreUnsupportedNotCorrupt) {
  const auto golden = *encode_event(samples::minimal(ClientDisabled{ClientNumber{7}}));
  std::map<Errc, int> by_error;
  for (std::size_t at = 0; at < golden.size(); ++at) {
    auto changed = golden;
    if (changed[at] != 6) continue;  // the kind of client_disabled, and whatever else is 6
    changed[at] = kEventKindCount + 1;
    ++by_error[error_of(changed)];
  }
  EXPECT_EQ(by_error[Errc::unsupported_format], 1);

  auto version = *encode_event(samples::minimal(FormatActivated{kFormatVersion}));
  const auto& next = version.end()[-8] == 1 ? version.end() - 8 : version.end() - 4;
  ASSERT_EQ(*next, kFormatVersion);
  *next = kFormatVersion + 1;
  EXPECT_EQ(error_of(version), Errc::unsupported_format);
  *next = 0;
  EXPECT_EQ(error_of(version), Errc::log_corrupt);
}

TEST(EventCodec, NoBytesTooManyBytesAndZerosAreCorrupt) {
  EXPECT_EQ(error_of({}), Errc::log_corrupt);
  EXPECT_EQ(error_of(Bytes(200)), Errc::log_corrupt);
  auto padded = *encode_event(samples::all()[0].event);
  padded.resize(kEventBytesMax);
  EXPECT_EQ(error_of(padded), Errc{}) << "only not canonical";
  EXPECT_FALSE(is_canonical(padded));
  padded.resize(kEventBytesMax + 1);
  EXPECT_EQ(error_of(padded), Errc::log_corrupt);
}

// The bounds of check_event add up to less than kEventBytesMax, so too_large never surprises after
// decide has checked the parts.
TEST(EventCodec, TheLargestEventsOfEveryKindFit) {
  const std::string sealed(kSealedBytesMax, '\xFF');
  auto api = samples::full_api();
  api.name = std::string(kLabelBytesMax, 'n');
  api.scopes.assign(kScopesPerApiMax,
                    {std::string(kLabelBytesMax, 's'), std::string(kDescriptionBytesMax, 'd')});
  api.introspectors.assign(kIntrospectorsMax, std::string(kLabelBytesMax, 'i'));
  auto client = samples::full_client();
  client.redirect_uris.assign(kRedirectUrisMax, std::string(kRedirectUriBytesMax, 'u'));
  auto token = samples::full_token();
  token.name = std::string(kLabelBytesMax, 'n');
  token.owner.bytes = token.extra_fields.bytes = sealed;
  std::vector<ExpiringToken> tokens;
  for (std::uint64_t i = 0; i < 100'000; ++i)
    tokens.push_back({UnixSeconds{1}, TokenIndex{Lane::hour, i * 3}});
  auto expired = samples::sweep(UnixSeconds{0}, UnixSeconds{1}, tokens);
  EXPECT_GT(expired.tokens.size(), kTokenListBytesMax - 100);
  expired.retire_below.fill(65'536);
  const Payload largest[] = {
      ApiCreated{ApiNumber{1}, std::string(kIdentifierBytesMax, 'a'), true, api, KeyNumber{1}},
      ClientRegistered{ClientNumber{1}, std::string(kLabelBytesMax, 'c'), true, client,
                       samples::counting<32>(1)},
      token, expired, NoteAppended{std::string(kNoteTopicBytesMax, 't'), {sealed}}};
  for (const auto& payload : largest) {
    auto event = samples::full(payload);
    event.request_id = std::string(kRequestIdBytesMax, 'r');
    const auto bytes = encode_event(event);
    ASSERT_TRUE(bytes.has_value()) << event_kind_name(payload.index());
    EXPECT_EQ(*decode_event(*bytes), event);
  }
}

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
     [](Event& e) { e.actor.kind = static_cast<ActorKind>(5); }},
    {"ClientActorWithoutGeneration", 5, Errc::invalid_argument,
     [](Event& e) { e.actor.generation = {}; }},
    {"ClientActorWithToken", 5, Errc::invalid_argument,
     [](Event& e) { e.actor.token = TokenIndex{Lane::hour, 1}; }},
    {"TokenActorWithClient", 5, Errc::invalid_argument,
     [](Event& e) { e.actor.kind = ActorKind::token; }},
    {"TokenActorWithoutLane", 5, Errc::invalid_argument,
     [](Event& e) { e.actor = {ActorKind::token, {}, {}, TokenIndex::from_value(4ull << 56)}; }},
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
     [](Event& e) { payload_of<TokenRevoked>(e).cause = static_cast<Cause>(10); }},
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
    {"NoteWithoutTopic", 21, Errc::invalid_argument,
     [](Event& e) { payload_of<NoteAppended>(e).topic.clear(); }},
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

TEST(EventKindName, NamesEveryKindOnceAndNothingBeyond) {
  EXPECT_STREQ(event_kind_name(0), "ledger_created");
  EXPECT_STREQ(event_kind_name(Payload{TokenIssued{}}.index()), "token_issued");
  EXPECT_STREQ(event_kind_name(Payload{NoteAppended{}}.index()), "note_appended");
  EXPECT_EQ(event_kind_name(kEventKindCount), nullptr);
}

}  // namespace
}  // namespace tokenledger

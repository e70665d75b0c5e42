// The canonical bytes of events (INV-1, INV-3): golden bytes per kind, strict reading, bounds.
#include "core/event_codec.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
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
  event.actor = {
      .kind = ActorKind::client, .client = ClientNumber{7}, .generation = SecretGeneration{1}};
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

// Walks the tables of an encoded event and rewrites them, as a later version or an attacker would.
// FlatBuffers: a table begins with the distance back to its vtable; the vtable is its own size, the
// table's size and one 16-bit position per field; references count from where they stand.
class Tables {
 public:
  explicit Tables(Bytes bytes) : bytes_{std::move(bytes)} {}

  [[nodiscard]] std::size_t root() const { return read<std::uint32_t>(0); }
  [[nodiscard]] std::size_t payload() const { return follow(root(), 2); }
  // The table, or first element of the vector of tables, that a field refers to.
  [[nodiscard]] std::size_t follow(std::size_t table, std::size_t field) const {
    const auto at = table + read<std::uint16_t>(vtable(table) + 4 + 2 * field);
    return at + read<std::uint32_t>(at);
  }
  [[nodiscard]] std::size_t first_element(std::size_t vector) const {
    return vector + 4 + read<std::uint32_t>(vector + 4);
  }

  [[nodiscard]] Bytes without_field(std::size_t table, std::size_t field) const {
    auto changed = bytes_;
    write<std::uint16_t>(changed, vtable(table) + 4 + 2 * field, 0);
    return changed;
  }
  // A copy of the vtable with one more field goes to the end; the new field lies over the first.
  [[nodiscard]] Bytes with_one_field_more(std::size_t table) const {
    auto changed = bytes_;
    const auto from = vtable(table);
    const auto size = read<std::uint16_t>(from);
    const auto to = changed.size();
    changed.insert(changed.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(from),
                   bytes_.begin() + static_cast<std::ptrdiff_t>(from + size));
    changed.resize(to + size + 2);
    write<std::uint16_t>(changed, to, static_cast<std::uint16_t>(size + 2));
    write<std::uint16_t>(changed, to + size, 4);
    write<std::int32_t>(changed, table,
                        static_cast<std::int32_t>(table) - static_cast<std::int32_t>(to));
    return changed;
  }

 private:
  template <class Number>
  [[nodiscard]] Number read(std::size_t at) const {
    Number number{};
    std::memcpy(&number, bytes_.data() + at, sizeof number);
    return number;
  }
  template <class Number>
  static void write(Bytes& bytes, std::size_t at, Number number) {
    std::memcpy(bytes.data() + at, &number, sizeof number);
  }
  [[nodiscard]] std::size_t vtable(std::size_t table) const {
    return table - static_cast<std::size_t>(read<std::int32_t>(table));
  }

  Bytes bytes_;
};

TEST(EventCodec, AFieldOfALaterVersionIsUnsupportedInEveryTable) {
  const auto all = samples::all();
  constexpr std::size_t kNoSettings = 99;
  const std::map<std::size_t, std::size_t> settings_field{{3, 3}, {4, 1}, {9, 4}, {10, 1}};
  for (std::size_t kind = 0; kind < kEventKindCount; ++kind) {
    SCOPED_TRACE(event_kind_name(kind));
    const Tables tables{*encode_event(all[2 * kind + 1].event)};
    const auto expect_unsupported = [&](std::size_t table) {
      EXPECT_EQ(error_of(tables.with_one_field_more(table)), Errc::unsupported_format);
    };
    expect_unsupported(tables.root());
    expect_unsupported(tables.payload());
    const auto found = settings_field.find(kind);
    const auto field = found == settings_field.end() ? kNoSettings : found->second;
    if (field == kNoSettings) continue;
    const auto settings = tables.follow(tables.payload(), field);
    expect_unsupported(settings);
    if (kind >= 9) expect_unsupported(tables.first_element(tables.follow(settings, 1)));
  }
}

struct MissingCase {
  std::size_t kind;
  std::size_t field;
};

TEST(EventCodec, AnEventWithoutOneOfItsFixedPartsIsCorrupt) {
  constexpr MissingCase kMissingCases[] = {{0, 0},  {1, 0},  {3, 3},  {4, 1}, {9, 4},
                                           {10, 1}, {17, 0}, {19, 0}, {20, 0}};
  const auto all = samples::all();
  for (const auto& [kind, field] : kMissingCases) {
    SCOPED_TRACE(event_kind_name(kind));
    const auto& event = all[2 * kind + 1].event;
    const Tables tables{*encode_event(event)};
    // Into the same event again: what it held before must not stand in for what is missing.
    Event reused = event;
    const auto decoded = decode_event_into(tables.without_field(tables.payload(), field), reused);
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(to_errc(decoded.error()), Errc::log_corrupt);
  }
  const Tables tables{*encode_event(all[1].event)};
  for (const std::size_t field : {0, 1, 2, 3})
    EXPECT_EQ(error_of(tables.without_field(tables.root(), field)), Errc::log_corrupt) << field;
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
     [](Event& e) { payload_of<TokenRevoked>(e).cause = static_cast<Cause>(16); }},
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

TEST(EventKindName, NamesEveryKindOnceAndNothingBeyond) {
  EXPECT_STREQ(event_kind_name(0), "ledger_created");
  EXPECT_STREQ(event_kind_name(Payload{TokenIssued{}}.index()), "token_issued");
  EXPECT_STREQ(event_kind_name(Payload{NoteAppended{}}.index()), "note_appended");
  EXPECT_STREQ(event_kind_name(Payload{OwnerErased{}}.index()), "owner_erased");
  EXPECT_EQ(event_kind_name(kEventKindCount), nullptr);
}

}  // namespace
}  // namespace tokenledger

// The canonical bytes of events (INV-1, INV-3): golden bytes per kind, strict reading, bounds.
#include "core/event_codec.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <map>

#include "core/event_bounds.hpp"
#include "core/token_list.hpp"
#include "tests/core/event_golden.hpp"
#include "tests/core/event_golden_people.hpp"
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

void expect_golden(const samples::Sample& sample, const char* golden) {
  const auto bytes = encode_event(sample.event);
  ASSERT_TRUE(bytes.has_value());
  std::printf("%-30s %4zu bytes\n", sample.name.c_str(), bytes->size());
  EXPECT_EQ(hex(*bytes), golden);
  const auto decoded = decode_event(from_hex(golden));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, sample.event);
  EXPECT_TRUE(is_canonical(from_hex(golden)));
}

TEST(EventGolden, EveryKindHasTheseBytesForEver) {
  const auto all = samples::all();
  ASSERT_EQ(all.size(), 2 * kEventKindCount);
  constexpr auto kOlder = std::size(samples::kGoldenEvents);
  ASSERT_EQ(kOlder, 2 * kEventKindsOfFormat1);
  ASSERT_EQ(kOlder + std::size(samples::kGoldenPeople), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE(all[i].name);
    EXPECT_EQ(all[i].event.payload.index(), i / 2);
    expect_golden(all[i],
                  i < kOlder ? samples::kGoldenEvents[i] : samples::kGoldenPeople[i - kOlder]);
    EXPECT_EQ(format_needed(all[i].event), i < kOlder ? 1u : 2u);
  }
}

TEST(EventGolden, FieldsThatFormat2AddsHaveTheseBytesForEver) {
  const auto all = samples::added_fields();
  ASSERT_EQ(std::size(samples::kGoldenAddedFields), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE(all[i].name);
    expect_golden(all[i], samples::kGoldenAddedFields[i]);
    EXPECT_EQ(format_needed(all[i].event), 2u);
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
  const auto& next = version.end()[-8] == kFormatVersion ? version.end() - 8 : version.end() - 4;
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

// With the last field of each of its tables, so that one more is none that we know.
std::vector<Event> fullest_events() {
  std::vector<Event> events;
  for (const auto& [name, event] : samples::all())
    if (name.ends_with("Full")) events.push_back(event);
  for (const auto& [name, event] : samples::added_fields())
    if (format_needed(event.payload) == 2 && !std::holds_alternative<TokenRevoked>(event.payload))
      events[event.payload.index()].payload = event.payload;
  for (auto& event : events) event.more = true;
  return events;
}

TEST(EventCodec, AFieldOfALaterVersionIsUnsupportedInEveryTable) {
  const auto all = fullest_events();
  ASSERT_EQ(all.size(), kEventKindCount);
  constexpr std::size_t kNoSettings = 99;
  const std::map<std::size_t, std::size_t> settings_field{{3, 3}, {4, 1}, {9, 4}, {10, 1}};
  for (std::size_t kind = 0; kind < kEventKindCount; ++kind) {
    SCOPED_TRACE(event_kind_name(kind));
    const Tables tables{*encode_event(all[kind])};
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

// An event of format 1 says of what came later what was true then.
TEST(EventGolden, FieldsThatAreAbsentMeanWhatFormat1Meant) {
  const auto client =
      std::get<ClientRegistered>(decode_event(from_hex(samples::kGoldenEvents[7]))->payload);
  EXPECT_FALSE(client.settings.is_public);
  EXPECT_EQ(client.settings.authentication, ClientAuthentication::basic_or_post);
  EXPECT_TRUE(client.settings.keys.empty());
  EXPECT_FALSE(client.settings.id_token_alg);
  EXPECT_FALSE(client.settings.pkce_optional);
  const auto rotated =
      std::get<ClientSecretRotated>(decode_event(from_hex(samples::kGoldenEvents[17]))->payload);
  EXPECT_EQ(rotated.previous_until, UnixSeconds{}) << "the secret before ended at once";
  const auto api =
      std::get<ApiCreated>(decode_event(from_hex(samples::kGoldenEvents[19]))->payload);
  EXPECT_EQ(api.settings.refresh_lifetime_s, 30u * 86'400);
  EXPECT_EQ(api.settings.refresh_idle_s, 14u * 86'400);
  EXPECT_EQ(api.settings.refresh_grace_s, 10u);
  const auto key = std::get<KeyAdded>(decode_event(from_hex(samples::kGoldenEvents[31]))->payload);
  EXPECT_FALSE(key.is_next) << "it signs at once";
  EXPECT_FALSE(key.imported);
  const auto token =
      std::get<TokenIssued>(decode_event(from_hex(samples::kGoldenEvents[35]))->payload);
  EXPECT_FALSE(token.user);
  EXPECT_TRUE(token.nonce.empty());
  for (const auto* golden : samples::kGoldenEvents)
    EXPECT_FALSE(decode_event(from_hex(golden))->more);
}

// Our encoder never writes more groups than a user may have; somebody else's might.
TEST(EventCodec, AListBeyondItsBoundIsCorrupt) {
  UserGroupsSet payload{UserNumber{1}, {}};
  for (std::uint16_t group = 1; group <= kUserGroupsMax; ++group)
    payload.groups.push_back(GroupNumber{group});
  auto bytes = *encode_event(samples::minimal(payload));
  const Tables tables{bytes};
  const auto count_at = tables.follow(tables.payload(), 1);
  ASSERT_EQ(bytes[count_at], kUserGroupsMax);
  bytes[count_at] = kUserGroupsMax + 1;
  const auto end = count_at + 4 + 2 * kUserGroupsMax;
  if (bytes.size() < end + 2) bytes.resize(end + 2);
  bytes[end] = kUserGroupsMax + 1;  // ascends, so nothing but the count is wrong
  EXPECT_EQ(error_of(bytes), Errc::log_corrupt);
}

TEST(EventCodec, AFieldOfALaterVersionIsUnsupportedInAClientsKeys) {
  const Tables tables{*encode_event(samples::added_fields()[1].event)};
  const auto settings = tables.follow(tables.payload(), 3);
  const auto key = tables.first_element(tables.follow(settings, 7));
  EXPECT_EQ(error_of(tables.with_one_field_more(key)), Errc::unsupported_format);
}

struct MissingCase {
  std::size_t kind;
  std::size_t field;
};

TEST(EventCodec, AnEventWithoutOneOfItsFixedPartsIsCorrupt) {
  constexpr MissingCase kMissingCases[] = {{0, 0},  {1, 0},  {3, 3},  {4, 1},  {9, 4},
                                           {10, 1}, {17, 0}, {19, 0}, {20, 0}, {23, 1},
                                           {31, 0}, {35, 0}, {38, 0}, {39, 0}};
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
  auto client = samples::assertion_client();
  client.keys.assign(kClientKeysMax, {std::string(kLabelBytesMax, 'k'), SignatureAlgorithm::rs256,
                                      std::string(kKeyBytesMax, 'p')});
  client.redirect_uris.assign(kRedirectUrisMax, std::string(kRedirectUriBytesMax, 'u'));
  auto token = samples::user_token();
  token.nonce = std::string(kNonceBytesMax, 'n');
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
      token,
      expired,
      NoteAppended{std::string(kNoteTopicBytesMax, 't'), {sealed}},
      UserRegistered{UserNumber{1}, samples::counting<16>(1), {sealed}, {sealed}}};
  for (const auto& payload : largest) {
    auto event = samples::full(payload);
    event.request_id = std::string(kRequestIdBytesMax, 'r');
    const auto bytes = encode_event(event);
    ASSERT_TRUE(bytes.has_value()) << event_kind_name(payload.index());
    EXPECT_EQ(*decode_event(*bytes), event);
  }
}

TEST(EventKindName, NamesEveryKindOnceAndNothingBeyond) {
  EXPECT_STREQ(event_kind_name(0), "ledger_created");
  EXPECT_STREQ(event_kind_name(Payload{TokenIssued{}}.index()), "token_issued");
  EXPECT_STREQ(event_kind_name(Payload{NoteAppended{}}.index()), "note_appended");
  EXPECT_STREQ(event_kind_name(Payload{OwnerErased{}}.index()), "owner_erased");
  EXPECT_STREQ(event_kind_name(Payload{UserRegistered{}}.index()), "user_registered");
  EXPECT_STREQ(event_kind_name(Payload{ConsentGranted{}}.index()), "consent_granted");
  EXPECT_STREQ(event_kind_name(Payload{FamilyEnded{}}.index()), "family_ended");
  EXPECT_STREQ(event_kind_name(Payload{ForgerySuspected{}}.index()), "forgery_suspected");
  EXPECT_EQ(event_kind_name(kEventKindCount), nullptr);
}

}  // namespace
}  // namespace tokenledger

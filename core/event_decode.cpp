// Reads events from bytes of unknown origin, in four steps: the FlatBuffers verifier makes every
// offset safe; unknown fields and kinds are refused; parts and counts are checked before anything
// is copied; check_event judges the values.
#include <algorithm>
#include <cstring>

#include "core/event_bounds.hpp"
#include "core/event_codec.hpp"
#include "core/event_reading.hpp"

namespace tokenledger {
namespace {

// As PeopleReader.
class Reader : public PeopleReader {
 public:
  using PeopleReader::read;

  void read(const wire::LedgerCreated& from, LedgerCreated& to) {
    expect_fields(from, wire::LedgerCreated::VT_ISSUER);
    if (const auto* id = present(from.ledger_id())) copy(id->bytes(), to.ledger_id);
    text(from.issuer(), to.issuer);
  }
  void read(const wire::LedgerOpened& from, LedgerOpened& to) {
    expect_fields(from, wire::LedgerOpened::VT_INCARNATION);
    to.incarnation = Incarnation{from.incarnation()};
    if (const auto* start = present(from.lane_start())) copy(start->counter(), to.lane_start);
  }
  void read(const wire::FormatActivated& from, FormatActivated& to) {
    expect_fields(from, wire::FormatActivated::VT_VERSION);
    to.version = from.version();
  }

  void read(const wire::ClientSettings* from, ClientSettings& to) {
    if (present(from) == nullptr) return;
    expect_fields(*from, wire::ClientSettings::VT_PKCE_OPTIONAL);
    text(from->name(), to.name);
    to.grant_types = from->grant_types();
    texts(from->redirect_uris(), kRedirectUrisMax, to.redirect_uris);
    to.token_format.reset();
    if (from->token_format() != 0) to.token_format = static_cast<TokenKind>(from->token_format());
    to.live_tokens_max = from->live_tokens_max();
    to.is_public = from->is_public();
    to.authentication = static_cast<ClientAuthentication>(from->authentication());
    keys(from->keys(), to.keys);
    to.id_token_alg.reset();
    if (from->id_token_alg() != 0)
      to.id_token_alg = static_cast<SignatureAlgorithm>(from->id_token_alg());
    to.pkce_optional = from->pkce_optional();
  }
  void read(const wire::ClientRegistered& from, ClientRegistered& to) {
    expect_fields(from, wire::ClientRegistered::VT_SECRET_HASH);
    to.client = ClientNumber{from.client()};
    text(from.client_id(), to.client_id);
    to.built_in = from.built_in();
    read(from.settings(), to.settings);
    digest(from.secret_hash(), to.secret_hash);
  }
  void read(const wire::ClientUpdated& from, ClientUpdated& to) {
    expect_fields(from, wire::ClientUpdated::VT_SETTINGS);
    to.client = ClientNumber{from.client()};
    read(from.settings(), to.settings);
  }
  void read(const wire::ClientDisabled& from, ClientDisabled& to) {
    expect_fields(from, wire::ClientDisabled::VT_CLIENT);
    to.client = ClientNumber{from.client()};
  }
  void read(const wire::ClientEnabled& from, ClientEnabled& to) {
    expect_fields(from, wire::ClientEnabled::VT_CLIENT);
    to.client = ClientNumber{from.client()};
  }
  void read(const wire::ClientDeleted& from, ClientDeleted& to) {
    expect_fields(from, wire::ClientDeleted::VT_CLIENT);
    to.client = ClientNumber{from.client()};
  }
  void read(const wire::ClientSecretRotated& from, ClientSecretRotated& to) {
    expect_fields(from, wire::ClientSecretRotated::VT_PREVIOUS_UNTIL);
    to.client = ClientNumber{from.client()};
    to.generation = SecretGeneration{from.generation()};
    digest(from.secret_hash(), to.secret_hash);
    to.previous_until = UnixSeconds{from.previous_until()};
  }

  void read(const wire::ApiSettings* from, ApiSettings& to) {
    if (present(from) == nullptr) return;
    expect_fields(*from, wire::ApiSettings::VT_REFRESH_GRACE_S);
    text(from->name(), to.name);
    scopes(from->scopes(), to.scopes);
    to.token_lifetime_s = from->token_lifetime_s();
    to.token_lifetime_max_s = from->token_lifetime_max_s();
    to.allow_offline_access = from->allow_offline_access();
    to.revocable_by_admins_only = from->revocable_by_admins_only();
    to.not_revocable = from->not_revocable();
    to.origins_kept = from->origins_kept();
    to.signing_alg = static_cast<SignatureAlgorithm>(from->signing_alg());
    to.token_format = static_cast<TokenKind>(from->token_format());
    texts(from->introspectors(), kIntrospectorsMax, to.introspectors);
    to.refresh_lifetime_s = from->refresh_lifetime_s();
    to.refresh_idle_s = from->refresh_idle_s();
    to.refresh_grace_s = from->refresh_grace_s();
  }
  void read(const wire::ApiCreated& from, ApiCreated& to) {
    expect_fields(from, wire::ApiCreated::VT_SETTINGS);
    to.api = ApiNumber{from.api()};
    text(from.identifier(), to.identifier);
    to.built_in = from.built_in();
    read(from.settings(), to.settings);
    to.secret_key = KeyNumber{from.secret_key()};
  }
  void read(const wire::ApiUpdated& from, ApiUpdated& to) {
    expect_fields(from, wire::ApiUpdated::VT_SETTINGS);
    to.api = ApiNumber{from.api()};
    read(from.settings(), to.settings);
  }
  void read(const wire::ApiDeleted& from, ApiDeleted& to) {
    expect_fields(from, wire::ApiDeleted::VT_API);
    to.api = ApiNumber{from.api()};
  }

  void read(const wire::ClientGrantAdded& from, ClientGrantAdded& to) {
    expect_fields(from, wire::ClientGrantAdded::VT_API);
    to.grant = GrantNumber{from.grant()};
    to.client = ClientNumber{from.client()};
    to.api = ApiNumber{from.api()};
    to.scope_mask = from.scope_mask();
  }
  void read(const wire::ClientGrantUpdated& from, ClientGrantUpdated& to) {
    expect_fields(from, wire::ClientGrantUpdated::VT_GRANT);
    to.grant = GrantNumber{from.grant()};
    to.scope_mask = from.scope_mask();
  }
  void read(const wire::ClientGrantRemoved& from, ClientGrantRemoved& to) {
    expect_fields(from, wire::ClientGrantRemoved::VT_GRANT);
    to.grant = GrantNumber{from.grant()};
  }

  void read(const wire::KeyAdded& from, KeyAdded& to) {
    expect_fields(from, wire::KeyAdded::VT_IMPORTED);
    to.key = KeyNumber{from.key()};
    to.algorithm = static_cast<SignatureAlgorithm>(from.algorithm());
    text(from.kid(), to.kid);
    bytes(from.public_key(), to.public_key);
    to.api = ApiNumber{from.api()};
    to.is_next = from.is_next();
    to.imported = from.imported();
  }
  void read(const wire::KeyRetired& from, KeyRetired& to) {
    expect_fields(from, wire::KeyRetired::VT_KEY);
    to.key = KeyNumber{from.key()};
  }

  void read(const wire::TokenIssued& from, TokenIssued& to) {
    expect_fields(from, wire::TokenIssued::VT_NONCE);
    if (const auto* fixed = present(from.fixed())) read(*fixed, to);
    to.new_class.reset();
    if (const auto* new_class = from.new_class()) read(*new_class, to.new_class.emplace());
    text(from.name(), to.name);
    bytes(from.owner(), to.owner.bytes);
    bytes(from.extra_fields(), to.extra_fields.bytes);
    to.user.reset();
    if (const auto* user = from.user())
      to.user = UserPart{.consent = ConsentNumber{user->consent()},
                         .family = FamilyNumber{user->family()},
                         .auth_time = UnixSeconds{user->auth_time()}};
    text(from.nonce(), to.nonce);
  }
  void read(const wire::TokenRevoked& from, TokenRevoked& to) {
    expect_fields(from, wire::TokenRevoked::VT_REASON);
    to.index = TokenIndex::from_value(from.index());
    to.cause = static_cast<Cause>(from.cause());
    bytes(from.reason(), to.reason.bytes);
  }
  void read(const wire::TokensRevoked& from, TokensRevoked& to) {
    expect_fields(from, wire::TokensRevoked::VT_REASON);
    if (const auto* fixed = present(from.fixed())) {
      to.selector = {static_cast<SelectorKind>(fixed->selector_kind()), fixed->selector_id()};
      to.before = Sequence{fixed->before()};
      to.cause = static_cast<Cause>(fixed->cause());
    }
    bytes(from.reason(), to.reason.bytes);
  }
  void read(const wire::TokensExpired& from, TokensExpired& to) {
    expect_fields(from, wire::TokensExpired::VT_RETIRE_BELOW);
    if (const auto* fixed = present(from.fixed())) {
      to.from = UnixSeconds{fixed->from_s()};
      to.to = UnixSeconds{fixed->to_s()};
      to.count = fixed->count();
      copy(fixed->digest(), to.digest);
    }
    bytes(from.tokens(), to.tokens);
    to.complete = from.complete();
    to.retire_below = {};
    if (const auto* below = from.retire_below()) copy(below->counter(), to.retire_below);
  }
  void read(const wire::NoteAppended& from, NoteAppended& to) {
    expect_fields(from, wire::NoteAppended::VT_BODY);
    text(from.topic(), to.topic);
    bytes(from.body(), to.body.bytes);
  }

  void read(const wire::OwnerErased& from, OwnerErased& to) {
    expect_fields(from, wire::OwnerErased::VT_REASON);
    if (const auto* owner = present(from.owner())) copy(owner->bytes(), to.owner);
    bytes(from.reason(), to.reason.bytes);
  }

 private:
  // The count is checked first: many offsets may name the same long string.
  void texts(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* from,
             std::size_t count_max, std::vector<std::string>& to) {
    to.clear();
    if (from == nullptr) return;
    if (from->size() > count_max) return damaged();
    for (const auto* each : *from) to.emplace_back(each->data(), each->size());
  }
  void scopes(const flatbuffers::Vector<flatbuffers::Offset<wire::ScopeDefinition>>* from,
              std::vector<ScopeDefinition>& to) {
    to.clear();
    if (from == nullptr) return;
    if (from->size() > kScopesPerApiMax) return damaged();
    for (const auto* each : *from) {
      expect_fields(*each, wire::ScopeDefinition::VT_DESCRIPTION);
      auto& scope = to.emplace_back();
      text(each->name(), scope.name);
      text(each->description(), scope.description);
    }
  }
  void keys(const flatbuffers::Vector<flatbuffers::Offset<wire::ClientPublicKey>>* from,
            std::vector<ClientPublicKey>& to) {
    to.clear();
    if (from == nullptr) return;
    if (from->size() > kClientKeysMax) return damaged();
    for (const auto* each : *from) {
      expect_fields(*each, wire::ClientPublicKey::VT_PUBLIC_KEY);
      auto& key = to.emplace_back();
      text(each->kid(), key.kid);
      key.algorithm = static_cast<SignatureAlgorithm>(each->algorithm());
      bytes(each->public_key(), key.public_key);
    }
  }
  static void read(const wire::TokenFixed& from, TokenIssued& to) {
    to.index = TokenIndex::from_value(from.index());
    copy(from.sha256(), to.token_sha256);
    to.token_class = ClassNumber{from.token_class()};
    to.issued_at = UnixSeconds{from.issued_at()};
    to.expires_at = UnixSeconds{from.expires_at()};
    to.subject = SubjectNumber{from.subject()};
    to.kind = static_cast<TokenKind>(from.kind());
    to.origin = static_cast<Origin>(from.origin());
  }
  static void read(const wire::NewClass& from, TokenClass& to) {
    to.client = ClientNumber{from.client()};
    to.grant = GrantNumber{from.grant()};
    to.key = KeyNumber{from.key()};
    for (flatbuffers::uoffset_t i = 0; i < kApisPerTokenMax; ++i)
      to.apis[i] = {ApiNumber{from.api()->Get(i)}, from.scope_mask()->Get(i)};
  }
};

// The schema's table of each payload, in the order of the variant; `read_payload` checks that.
template <class... Tables>
struct TableList {};
using Tables =
    TableList<wire::LedgerCreated, wire::LedgerOpened, wire::FormatActivated,
              wire::ClientRegistered, wire::ClientUpdated, wire::ClientDisabled,
              wire::ClientEnabled, wire::ClientDeleted, wire::ClientSecretRotated, wire::ApiCreated,
              wire::ApiUpdated, wire::ApiDeleted, wire::ClientGrantAdded, wire::ClientGrantUpdated,
              wire::ClientGrantRemoved, wire::KeyAdded, wire::KeyRetired, wire::TokenIssued,
              wire::TokenRevoked, wire::TokensRevoked, wire::TokensExpired, wire::NoteAppended,
              wire::OwnerErased, wire::UserRegistered, wire::UserUpdated, wire::UserPasswordSet,
              wire::UserDisabled, wire::UserEnabled, wire::UserGroupsSet, wire::GroupCreated,
              wire::GroupDeleted, wire::ConsentGranted, wire::ConsentExtended,
              wire::ConsentPreconfigured, wire::ConsentWithdrawn, wire::CodeIssued,
              wire::CodeRedeemed, wire::CodeReused, wire::FamilyStarted, wire::RefreshRotated,
              wire::FamilyEnded, wire::KeyActivated, wire::KeyRevoked, wire::ForgerySuspected>;

template <std::size_t position, class Table>
void read_at(Reader& reader, const void* from, Payload& to) {
  static_assert(static_cast<std::size_t>(wire::PayloadTraits<Table>::enum_value) == position + 1);
  auto* held = std::get_if<position>(&to);
  reader.read(*static_cast<const Table*>(from), held != nullptr ? *held : to.emplace<position>());
}

template <class... Each, std::size_t... positions>
void read_payload(TableList<Each...>, std::index_sequence<positions...>, Reader& reader,
                  std::size_t position, const void* from, Payload& to) {
  static_assert(sizeof...(Each) == kEventKindCount);
  using ReadFunction = void (*)(Reader&, const void*, Payload&);
  static constexpr ReadFunction kReadFunctions[] = {&read_at<positions, Each>...};
  kReadFunctions[position](reader, from, to);
}

void read_actor(const wire::Event& from, Actor& to) {
  to = {};
  to.kind = static_cast<ActorKind>(from.actor_kind());
  const auto packed = from.header()->actor();
  if (to.kind == ActorKind::token) {
    to.token = TokenIndex::from_value(packed);
  } else {
    const auto number = static_cast<std::uint32_t>(packed);
    if (to.kind == ActorKind::user)
      to.user = UserNumber{number};
    else
      to.client = ClientNumber{number};
    to.generation = SecretGeneration{static_cast<std::uint32_t>(packed >> 32)};
  }
}

Result<void> read_event(const wire::Event& from, Event& to) {
  Reader reader;
  reader.expect_fields(from, wire::Event::VT_MORE);
  const auto kind = static_cast<std::size_t>(from.payload_type());
  if (kind > kEventKindCount) return Errc::unsupported_format;
  if (kind == 0 || from.payload() == nullptr || from.header() == nullptr) return Errc::log_corrupt;
  to.seq = Sequence{from.header()->seq()};
  to.recorded_at = LedgerTime{from.header()->recorded_at()};
  read_actor(from, to.actor);
  Reader::text(from.request_id(), to.request_id);
  to.idempotency.reset();
  if (const auto* idempotency = from.idempotency()) {
    auto& filled = to.idempotency.emplace();
    Reader::copy(idempotency->key(), filled.key);
    Reader::copy(idempotency->body(), filled.body);
  }
  to.more = from.more();
  read_payload(Tables{}, std::make_index_sequence<kEventKindCount>{}, reader, kind - 1,
               from.payload(), to.payload);
  return reader.result();
}

Result<void> decode_aligned(const std::uint8_t* data, std::size_t size, Event& event) {
  flatbuffers::Verifier verifier{data, size};
  if (!wire::VerifyEventBuffer(verifier)) return Errc::log_corrupt;
  if (auto read = read_event(*wire::GetEvent(data), event); !read) return read;
  const auto checked = check_event(event);
  if (checked) return {};
  return checked.error() == Errc::unsupported_format ? Errc::unsupported_format : Errc::log_corrupt;
}

constexpr std::size_t kAlignmentBytes = 8;  // of the widest scalar
constexpr std::size_t kStackBytes = 1024;   // the frequent kinds fit

}  // namespace

Result<void> decode_event_into(std::span<const std::uint8_t> bytes, Event& event) {
  if (bytes.size() > kEventBytesMax) return Errc::log_corrupt;
  // Bytes inside a larger buffer, such as a RocksDB block, stand anywhere.
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % kAlignmentBytes == 0)
    return decode_aligned(bytes.data(), bytes.size(), event);
  if (bytes.size() <= kStackBytes) {
    alignas(kAlignmentBytes) std::uint8_t copy[kStackBytes];
    std::memcpy(copy, bytes.data(), bytes.size());
    return decode_aligned(copy, bytes.size(), event);
  }
  std::vector<std::uint64_t> copy(bytes.size() / sizeof(std::uint64_t) + 1);
  std::memcpy(copy.data(), bytes.data(), bytes.size());
  return decode_aligned(reinterpret_cast<const std::uint8_t*>(copy.data()), bytes.size(), event);
}

Result<Event> decode_event(std::span<const std::uint8_t> bytes) {
  Event event;
  if (auto decoded = decode_event_into(bytes, event); !decoded) return decoded.error();
  return event;
}

bool is_canonical(std::span<const std::uint8_t> bytes) {
  const auto event = decode_event(bytes);
  if (!event) return false;
  const auto again = encode_event(*event);
  return again && std::equal(again->begin(), again->end(), bytes.begin(), bytes.end());
}

}  // namespace tokenledger

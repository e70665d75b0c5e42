#include "storage/views_codec.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace tokenledger::views {
namespace {

enum Flag : std::uint8_t {
  kKindMask = 0x03,
  kHasOrdinal = 0x04,
  kHasDetails = 0x08,
  kByOwnClient = 0x10,
  kHasSubject = 0x20,
  kHasBinding = 0x40,
  kFlagsAll = 0x7F,
};

void append_byte(std::string& out, std::uint8_t byte) { out.push_back(static_cast<char>(byte)); }

void append_varint(std::string& out, std::uint64_t value) {
  char bytes[10];
  std::size_t size = 0;
  while (value >= 0x80) {
    bytes[size++] = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  bytes[size++] = static_cast<char>(value);
  out.append(bytes, size);
}

void append_signed(std::string& out, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  append_varint(out, bits << 1 ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

void append_text(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out.append(text);
}

void append_actor(std::string& out, const Actor& actor) {
  append_byte(out, static_cast<std::uint8_t>(actor.kind));
  if (actor.kind == ActorKind::client) {
    append_varint(out, actor.client.value());
    append_varint(out, actor.generation.value());
  } else if (actor.kind == ActorKind::token) {
    append_varint(out, actor.token.value());
  } else if (actor.kind == ActorKind::user) {
    append_varint(out, actor.user.value());
    append_varint(out, actor.generation.value());
  }
}

void append_binding(std::string& out, TokenBinding binding) {
  append_varint(out, binding.consent.value());
  append_varint(out, binding.family.value());
}

void append_selector(std::string& out, Selector selector) {
  append_byte(out, static_cast<std::uint8_t>(selector.kind));
  append_varint(out, selector.id);
}

void append_bare(std::string& out, const Revocation& revocation) {
  append_byte(out, static_cast<std::uint8_t>(revocation.cause));
  append_actor(out, revocation.actor);
  append_varint(out, revocation.seq.value());
  append_varint(out, revocation.at.value());
}

// Reads one field after the other; after the first that does not fit everything is 0 and ok() says
// no.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_{bytes} {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool ended() const { return ok_ && rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }

  std::uint8_t byte() {
    if (rest_.empty()) return fail();
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto next = byte();
      if (!ok_) return 0;
      if (shift == 63 && next > 1) return fail();
      value |= static_cast<std::uint64_t>(next & 0x7F) << shift;
      if ((next & 0x80) == 0) return value;
    }
    return fail();
  }
  std::uint32_t varint32() {
    const auto value = varint();
    if (value > std::numeric_limits<std::uint32_t>::max()) return fail();
    return static_cast<std::uint32_t>(value);
  }
  std::int64_t signed_varint() {
    const auto value = varint();
    return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
  }
  std::string_view text() {
    const auto size = varint();
    if (size > rest_.size()) {
      fail();
      return {};
    }
    const auto found = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return found;
  }
  // Enum values start at 1.
  template <class Enum>
  Enum enumerator(std::uint8_t value, Enum last) {
    if (value == 0 || value > static_cast<std::uint8_t>(last)) fail();
    return static_cast<Enum>(value);
  }
  Actor actor() {
    Actor actor;
    actor.kind = enumerator(byte(), kActorKindLast);
    if (actor.kind == ActorKind::client) {
      actor.client = ClientNumber{varint32()};
      actor.generation = SecretGeneration{varint32()};
    } else if (actor.kind == ActorKind::token) {
      actor.token = TokenIndex::from_value(varint());
    } else if (actor.kind == ActorKind::user) {
      actor.user = UserNumber{varint32()};
      actor.generation = SecretGeneration{varint32()};
    }
    return actor;
  }
  Revocation revocation() {
    Revocation revocation;
    revocation.cause = enumerator(byte(), kCauseLast);
    revocation.actor = actor();
    revocation.seq = Sequence{varint()};
    revocation.at = LedgerTime{varint()};
    return revocation;
  }
  TokenRowFacts facts(ClientNumber client);
  TokenBinding binding() {
    TokenBinding binding;
    binding.consent = ConsentNumber{varint32()};
    binding.family = FamilyNumber{varint32()};
    return binding;
  }
  Selector selector() {
    Selector selector;
    selector.kind = enumerator(byte(), kSelectorKindLast);
    selector.id = varint32();
    return selector;
  }
  TokenClass token_class() {
    TokenClass token_class;
    token_class.client = ClientNumber{varint32()};
    token_class.grant = GrantNumber{varint32()};
    token_class.key = KeyNumber{varint32()};
    for (auto& scopes : token_class.apis) {
      scopes.api = ApiNumber{varint32()};
      scopes.scope_mask = varint();
    }
    return token_class;
  }
  std::uint8_t fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

TokenRowFacts Reader::facts(ClientNumber client) {
  TokenRowFacts facts;
  const auto flags = byte();
  if ((flags & ~kFlagsAll) != 0) fail();
  facts.kind = enumerator(flags & kKindMask, TokenKind::jwe);
  const auto position = varint();
  facts.index = TokenIndex{static_cast<Lane>(position % kLaneCount), position / kLaneCount};
  const auto issued_at = varint32();
  facts.issued_at = UnixSeconds{issued_at};
  facts.expires_at = UnixSeconds{issued_at + static_cast<std::uint32_t>(signed_varint())};
  facts.recorded_at =
      LedgerTime{to_time(facts.issued_at).value() + static_cast<std::uint64_t>(signed_varint())};
  if ((flags & kHasSubject) != 0) facts.subject = SubjectNumber{varint32()};
  if ((flags & kHasBinding) != 0) facts.binding = binding();
  if ((flags & kByOwnClient) != 0) {
    facts.issued_by = {
        .kind = ActorKind::client, .client = client, .generation = SecretGeneration{varint32()}};
  } else {
    facts.issued_by = actor();
  }
  facts.has_details = (flags & kHasDetails) != 0;
  if ((flags & kHasOrdinal) != 0) facts.ordinal = varint();
  return facts;
}

template <class Row>
std::optional<Row> whole(const Reader& reader, Row row) {
  if (!reader.ended()) return std::nullopt;
  return row;
}

}  // namespace

void append_facts(std::string& out, const TokenRowFacts& facts, ClientNumber client) {
  const bool by_own_client = facts.issued_by.kind == ActorKind::client &&
                             facts.issued_by.client == client &&
                             facts.issued_by.token == TokenIndex{};
  auto flags = static_cast<std::uint8_t>(facts.kind);
  if (facts.ordinal != 0) flags |= kHasOrdinal;
  if (facts.has_details) flags |= kHasDetails;
  if (by_own_client) flags |= kByOwnClient;
  if (facts.subject != SubjectNumber{}) flags |= kHasSubject;
  if (facts.binding != TokenBinding{}) flags |= kHasBinding;
  append_byte(out, flags);
  append_varint(out, facts.index.counter() * kLaneCount + facts.index.lane_number());
  append_varint(out, facts.issued_at.value());
  append_signed(out, std::int64_t{facts.expires_at.value()} - facts.issued_at.value());
  append_signed(
      out, static_cast<std::int64_t>(facts.recorded_at.value() - to_time(facts.issued_at).value()));
  if (facts.subject != SubjectNumber{}) append_varint(out, facts.subject.value());
  if (facts.binding != TokenBinding{}) append_binding(out, facts.binding);
  if (by_own_client) {
    append_varint(out, facts.issued_by.generation.value());
  } else {
    append_actor(out, facts.issued_by);
  }
  if (facts.ordinal != 0) append_varint(out, facts.ordinal);
}

void append_token(std::string& out, Sequence class_id, const TokenRowFacts& facts,
                  ClientNumber client) {
  append_varint(out, class_id.value());
  append_facts(out, facts, client);
}

void append_details(std::string& out, const TokenDetails& details) {
  append_text(out, details.name);
  append_text(out, details.owner);
  append_text(out, details.extra_fields);
}

void append_place(std::string& out, const IssuedPlace& place) {
  append_varint(out, place.seq.value());
  append_varint(out, place.class_id.value());
}

void append_expiry(std::string& out, const IssuedPlace& place, const TokenRowFacts& facts) {
  append_place(out, place);
  if (!facts.is_users()) return;
  append_varint(out, facts.subject.value());
  append_binding(out, facts.binding);
}

void append_end_place(std::string& out, Selector selector) { append_selector(out, selector); }

void append_revocation(std::string& out, const Revocation& revocation, const Sealed& reason) {
  append_bare(out, revocation);
  append_text(out, reason.bytes);
}

void append_ended(std::string& out, const EndedFacts& ended) {
  append_bare(out, ended.revocation);
  append_byte(out, ended.has_reason ? 1 : 0);
}

void append_cascade(std::string& out, const CascadeRow& row) {
  append_selector(out, row.cascade.selector);
  append_varint(out, row.cascade.before.value());
  append_revocation(out, row.cascade.revocation, row.reason);
}

void append_number(std::string& out, const TokenClass& token_class) {
  append_varint(out, token_class.client.value());
  append_varint(out, token_class.grant.value());
  append_varint(out, token_class.key.value());
  for (const auto& scopes : token_class.apis) {
    append_varint(out, scopes.api.value());
    append_varint(out, scopes.scope_mask);
  }
}

void append_class(std::string& out, const ClassContent& content) {
  append_number(out, content.token_class);
  append_byte(out, static_cast<std::uint8_t>(content.origin));
  append_byte(out, content.lifetime_bucket);
}

void append_count(std::string& out, const ClassCount& count) {
  append_varint(out, count.issued);
  append_varint(out, count.newest.value());
  append_varint(out, count.deleted);
  append_varint(out, count.users);
  append_signed(out, count.spread.lag_min);
  append_signed(out, count.spread.lag_max);
  append_signed(out, count.spread.life_min);
  append_signed(out, count.spread.life_max);
}

void append_meta(std::string& out, const Meta& meta) {
  append_varint(out, meta.layout);
  out.append(meta.ledger_id.begin(), meta.ledger_id.end());
  append_varint(out, meta.cursor.value());
  append_varint(out, meta.issued);
  append_varint(out, meta.deleted);
}

void append_seq(std::string& out, Sequence seq) { append_varint(out, seq.value()); }
void append_u64(std::string& out, std::uint64_t value) { append_varint(out, value); }

std::optional<Sequence> take_class_id(std::string_view& bytes) {
  Reader reader{bytes};
  const Sequence class_id{reader.varint()};
  if (!reader.ok()) return std::nullopt;
  bytes = reader.rest();
  return class_id;
}

std::optional<IssuedPlace> take_place(std::string_view& bytes) {
  Reader reader{bytes};
  IssuedPlace place;
  place.seq = Sequence{reader.varint()};
  place.class_id = Sequence{reader.varint()};
  if (!reader.ok()) return std::nullopt;
  bytes = reader.rest();
  return place;
}

bool decode_expiry(std::string_view bytes, IssuedPlace& place, TokenRowFacts& facts) {
  const auto found = take_place(bytes);
  if (!found) return false;
  place = *found;
  facts.subject = {};
  facts.binding = {};
  if (bytes.empty()) return true;
  Reader reader{bytes};
  facts.subject = SubjectNumber{reader.varint32()};
  facts.binding = reader.binding();
  return reader.ended() && facts.is_users();
}

std::optional<Selector> decode_end_place(std::string_view bytes) {
  Reader reader{bytes};
  const auto selector = reader.selector();
  return whole(reader, selector);
}

std::optional<EndedFacts> take_ended(std::string_view& bytes) {
  Reader reader{bytes};
  EndedFacts ended;
  ended.revocation = reader.revocation();
  const auto has_reason = reader.byte();
  if (!reader.ok() || has_reason > 1) return std::nullopt;
  ended.has_reason = has_reason == 1;
  bytes = reader.rest();
  return ended;
}

std::optional<TokenDetails> decode_details(std::string_view bytes) {
  Reader reader{bytes};
  TokenDetails details;
  details.name = reader.text();
  details.owner = reader.text();
  details.extra_fields = reader.text();
  return whole(reader, details);
}

std::optional<TokenRowFacts> decode_facts(std::string_view bytes, ClientNumber client) {
  Reader reader{bytes};
  const auto facts = reader.facts(client);
  return whole(reader, facts);
}

std::optional<RevocationRow> decode_revocation(std::string_view bytes) {
  Reader reader{bytes};
  RevocationRow row;
  row.revocation = reader.revocation();
  row.reason.bytes = reader.text();
  return whole(reader, std::move(row));
}

std::optional<CascadeRow> decode_cascade(std::string_view bytes) {
  Reader reader{bytes};
  CascadeRow row;
  row.cascade.selector = reader.selector();
  row.cascade.before = Sequence{reader.varint()};
  row.cascade.revocation = reader.revocation();
  row.reason.bytes = reader.text();
  return whole(reader, std::move(row));
}

std::optional<TokenClass> decode_number(std::string_view bytes) {
  Reader reader{bytes};
  const auto token_class = reader.token_class();
  return whole(reader, token_class);
}

std::optional<ClassContent> decode_class(std::string_view bytes) {
  Reader reader{bytes};
  ClassContent content;
  content.token_class = reader.token_class();
  content.origin = reader.enumerator(reader.byte(), Origin::embedded);
  content.lifetime_bucket = reader.byte();
  return whole(reader, content);
}

std::optional<ClassCount> decode_count(std::string_view bytes) {
  Reader reader{bytes};
  ClassCount count;
  count.issued = reader.varint();
  count.newest = Sequence{reader.varint()};
  count.deleted = reader.varint();
  count.users = reader.varint();
  count.spread.lag_min = reader.signed_varint();
  count.spread.lag_max = reader.signed_varint();
  count.spread.life_min = reader.signed_varint();
  count.spread.life_max = reader.signed_varint();
  return whole(reader, count);
}

std::optional<Meta> decode_meta(std::string_view bytes) {
  Reader reader{bytes};
  Meta meta;
  meta.layout = reader.varint32();
  for (auto& byte : meta.ledger_id) byte = reader.byte();
  meta.cursor = Sequence{reader.varint()};
  meta.issued = reader.varint();
  if (meta.layout == kLayoutVersion) meta.deleted = reader.varint();
  // Only the beginning of an older or newer layout's row must be as here.
  if (!reader.ok()) return std::nullopt;
  if (meta.layout == kLayoutVersion && !reader.ended()) return std::nullopt;
  return meta;
}

std::optional<Sequence> decode_seq(std::string_view bytes) {
  Reader reader{bytes};
  const Sequence seq{reader.varint()};
  return whole(reader, seq);
}

std::optional<std::uint64_t> decode_u64(std::string_view bytes) {
  Reader reader{bytes};
  const auto value = reader.varint();
  return whole(reader, value);
}

std::uint8_t lifetime_bucket(UnixSeconds issued_at, UnixSeconds expires_at) noexcept {
  const std::uint32_t seconds = expires_at.value() - issued_at.value();
  if (seconds < 4) return static_cast<std::uint8_t>(seconds);
  const auto power = static_cast<unsigned>(std::bit_width(seconds)) - 1;
  return static_cast<std::uint8_t>(4 * power + (seconds >> (power - 2) & 3));
}

}  // namespace tokenledger::views

#include "storage/views_keys.hpp"

namespace tokenledger::views {
namespace {

std::uint64_t read_big_endian(std::string_view bytes) noexcept {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<std::uint8_t>(byte);
  return value;
}

bool is_key_of(ViewKind kind, std::string_view key, std::size_t field_bytes) noexcept {
  return key.size() == 1 + field_bytes && key[0] == static_cast<char>(kind);
}

std::optional<TokenIndex> checked_index(std::uint64_t value) noexcept {
  const auto index = TokenIndex::from_value(value);
  if (!index.has_lane()) return std::nullopt;
  return index;
}

}  // namespace

std::string_view view_name(char prefix) noexcept {
  switch (static_cast<ViewKind>(prefix)) {
    case ViewKind::meta: return "meta";
    case ViewKind::classes: return "classes";
    case ViewKind::counts: return "counts";
    case ViewKind::numbers: return "numbers";
    case ViewKind::cascades: return "cascades";
    case ViewKind::ends: return "ends";
    case ViewKind::end_places: return "end_places";
    case ViewKind::tokens: return "tokens";
    case ViewKind::indexes: return "indexes";
    case ViewKind::by_class: return "by_class";
    case ViewKind::expiry: return "expiry";
    case ViewKind::revoked: return "revoked";
    case ViewKind::ended: return "ended";
    case ViewKind::names: return "names";
    case ViewKind::marks: return "marks";
    case ViewKind::details: return "details";
    case ViewKind::owners: return "owners";
    case ViewKind::subjects: return "subjects";
    case ViewKind::ended_tokens: return "ended_tokens";
    case ViewKind::ended_by_class: return "ended_by_class";
    case ViewKind::deleted: return "deleted";
  }
  return "unknown";
}

Key meta_key() { return Key{ViewKind::meta}; }
Key class_key(Sequence class_id) { return Key{ViewKind::classes}.add_u64(class_id.value()); }
Key count_key(Sequence class_id) { return Key{ViewKind::counts}.add_u64(class_id.value()); }
Key number_key(ClassNumber number) { return Key{ViewKind::numbers}.add_u32(number.value()); }
Key cascade_key(Sequence seq) { return Key{ViewKind::cascades}.add_u64(seq.value()); }
Key end_key(Selector selector, Sequence seq) {
  return Key{ViewKind::ends}
      .add_u8(static_cast<std::uint8_t>(selector.kind))
      .add_u32(selector.id)
      .add_u64(seq.value());
}
Key end_place_key(Sequence seq) { return Key{ViewKind::end_places}.add_u64(seq.value()); }
Key mark_key(Sequence seq) { return Key{ViewKind::marks}.add_u64(seq.value()); }
Key details_key(Sequence issued_seq) { return Key{ViewKind::details}.add_u64(newest(issued_seq)); }
Key ended_token_key(Sequence issued_seq) {
  return Key{ViewKind::ended_tokens}.add_u64(newest(issued_seq));
}
Key class_prefix(ViewKind kind, Sequence class_id) { return Key{kind}.add_u64(class_id.value()); }
Key owner_prefix(const OwnerHandle& owner) { return Key{ViewKind::owners}.add_bytes(owner); }
Key subject_prefix(SubjectNumber subject) {
  return Key{ViewKind::subjects}.add_u32(subject.value());
}
Key ended_by_class_key(Sequence class_id, Sequence issued_seq) {
  return class_prefix(ViewKind::ended_by_class, class_id).add_u64(newest(issued_seq));
}
Key deleted_key(Sequence class_id, Sequence seq) {
  return class_prefix(ViewKind::deleted, class_id).add_u64(newest(seq));
}
Key owner_key(const OwnerHandle& owner, Sequence issued_seq) {
  return owner_prefix(owner).add_u64(newest(issued_seq));
}
Key subject_key(SubjectNumber subject, Sequence issued_seq) {
  return subject_prefix(subject).add_u64(newest(issued_seq));
}
Key token_key(Sequence issued_seq) { return Key{ViewKind::tokens}.add_u64(newest(issued_seq)); }
Key index_key(TokenIndex index) { return Key{ViewKind::indexes}.add_u64(index.value()); }
Key by_class_key(Sequence class_id, Sequence issued_seq) {
  return Key{ViewKind::by_class}.add_u64(class_id.value()).add_u64(newest(issued_seq));
}
Key expiry_key(UnixSeconds expires_at, TokenIndex index) {
  return Key{ViewKind::expiry}.add_u32(expires_at.value()).add_u64(index.value());
}
Key revoked_key(TokenIndex index) { return Key{ViewKind::revoked}.add_u64(newest(index)); }
Key ended_key(Sequence seq, TokenIndex index) {
  return Key{ViewKind::ended}.add_u64(seq.value()).add_u64(index.value());
}

std::string name_key(std::string_view name, TokenIndex index) {
  std::string key{static_cast<char>(ViewKind::names)};
  key += fold_name(name);
  key += '\0';  // a label holds no control character
  key += Key{ViewKind::names}.add_u64(index.value()).view().substr(1);
  return key;
}

std::string fold_name(std::string_view name) {
  std::string folded{name};
  for (char& byte : folded) {
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
  }
  return folded;
}

std::string end_of(ViewKind kind) {
  return std::string(1, static_cast<char>(static_cast<char>(kind) + 1));
}

std::optional<Sequence> parse_seq_key(ViewKind kind, std::string_view key) {
  if (!is_key_of(kind, key, 8)) return std::nullopt;
  return Sequence{read_big_endian(key.substr(1))};
}

std::optional<ClassNumber> parse_number_key(std::string_view key) {
  if (!is_key_of(ViewKind::numbers, key, 4)) return std::nullopt;
  return ClassNumber{static_cast<std::uint32_t>(read_big_endian(key.substr(1)))};
}

std::optional<Sequence> parse_newest_key(std::string_view prefix, std::string_view key) {
  if (key.size() != prefix.size() + 8 || !key.starts_with(prefix)) return std::nullopt;
  return Sequence{~read_big_endian(key.substr(prefix.size()))};
}

std::optional<ExpiryKey> parse_expiry_key(std::string_view key) {
  if (!is_key_of(ViewKind::expiry, key, 12)) return std::nullopt;
  const auto index = checked_index(read_big_endian(key.substr(5)));
  if (!index) return std::nullopt;
  const auto seconds = static_cast<std::uint32_t>(read_big_endian(key.substr(1, 4)));
  return ExpiryKey{UnixSeconds{seconds}, *index};
}

std::optional<EndKey> parse_end_key(std::string_view key) {
  if (!is_key_of(ViewKind::ends, key, 13)) return std::nullopt;
  const auto kind = static_cast<SelectorKind>(key[1]);
  if (!ends_by_number(kind)) return std::nullopt;
  const auto id = static_cast<std::uint32_t>(read_big_endian(key.substr(2, 4)));
  return EndKey{{kind, id}, Sequence{read_big_endian(key.substr(6))}};
}

bool is_of_key(const Cascade& cascade, const EndKey& key) noexcept {
  return cascade.selector == key.selector && cascade.before == key.seq &&
         cascade.revocation.seq == key.seq;
}

std::optional<TokenIndex> parse_revoked_key(std::string_view key) {
  if (!is_key_of(ViewKind::revoked, key, 8)) return std::nullopt;
  return checked_index(read_big_endian(key.substr(1)) ^ TokenIndex::kCounterMax);
}

std::optional<Sequence> parse_ended_key(std::string_view key) {
  if (!is_key_of(ViewKind::ended, key, 16)) return std::nullopt;
  return Sequence{read_big_endian(key.substr(1, 8))};
}

std::optional<TokenIndex> parse_name_key(std::string_view key) {
  constexpr std::size_t kFixedBytes = 1 + 1 + 8;
  if (key.size() <= kFixedBytes || key[0] != static_cast<char>(ViewKind::names)) {
    return std::nullopt;
  }
  if (key[key.size() - 9] != '\0') return std::nullopt;
  return checked_index(read_big_endian(key.substr(key.size() - 8)));
}

}  // namespace tokenledger::views

namespace tokenledger {

std::optional<OwnerHandle> owner_handle(const Sealed& owner) noexcept {
  OwnerHandle handle{};
  if (owner.bytes.size() < handle.size()) return std::nullopt;
  std::copy_n(owner.bytes.begin(), handle.size(), handle.begin());
  return handle;
}

}  // namespace tokenledger

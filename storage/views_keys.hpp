// Keys of the views' one column family: a prefix byte for the view, then big-endian fields.
//
//   meta     'm'                            layout, cursor, ledger id, tokens issued
//   classes  'k' class_id:8                 TokenClass, origin, lifetime bucket
//   counts   'o' class_id:8                 tokens issued with this class, seq of the newest,
//   spread numbers  'n' class_number:4             the TokenClass that the ledger's number means
//   now marks    'h' seq:8                      every kMarkStride-th token: second of its issue
//   event cascades 'x' seq:8                      one event that ended many tokens, with its reason
//   ends     'q' selector_kind:1 id:4 seq:8 likewise, of one consent, family or user
//   end_places 'p' seq:8                    selector kind and id of that row
//   tokens   't' newest(seq):8              class id, facts
//   details  'd' newest(seq):8              name, owner, extra fields (tokens with one of them
//   only) indexes  'i' index:8                    seq of the issue event by_class 'c' class_id:8
//   newest(seq):8   facts expiry   'e' expires_at:4 index:8       seq of the issue event, class id
//   owners   'u' handle:16 newest(seq):8    class id, facts
//   subjects 's' subject:4 newest(seq):8    class id, facts   (subjects other than the client)
//   names    'w' folded_name 0x00 index:8   seq of the issue event, class id, facts
// and of tokens with a revocation of their own:
//   revoked  'r' lane:1 newest(counter):7   the revocation, with its reason
//   ended    'v' seq:8 index:8              seq of the issue event   (seq of the revocation)
//   ended_tokens   'z' newest(seq):8             class id, ended, facts  (seq of the issue event)
//   ended_by_class 'y' class_id:8 newest(seq):8  ended, facts            (likewise)
//   deleted  'g' class_id:8 newest(seq):8   how many were deleted up to here (seq of the
//   revocation;
//                                           class id 0: of all classes)
//
// A class of the views is finer than the ledger's: it also holds the origin, and lifetimes that are
// much alike, so that in it the order of issue is nearly the order of expiry.
// newest(x) is the complement of x, so that a forward scan, which RocksDB does best, goes from the
// newest to the oldest. The ledger uses class numbers again; a class id never is: it is the seq of
// the first event that made a class of this content. No key holds a status and no row goes away
// when a token ends.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/ids.hpp"
#include "core/status.hpp"
#include "storage/list_query.hpp"

namespace tokenledger::views {

enum class ViewKind : char {
  meta = 'm',
  classes = 'k',
  counts = 'o',
  numbers = 'n',
  cascades = 'x',
  ends = 'q',
  end_places = 'p',
  tokens = 't',
  indexes = 'i',
  by_class = 'c',
  expiry = 'e',
  revoked = 'r',
  ended = 'v',
  names = 'w',
  marks = 'h',
  details = 'd',
  owners = 'u',
  subjects = 's',
  ended_tokens = 'z',
  ended_by_class = 'y',
  deleted = 'g',
};

// "tokens"; "unknown" for a byte that is no view's.
[[nodiscard]] std::string_view view_name(char prefix) noexcept;

// A key of at most 25 bytes without allocation.
class Key {
 public:
  static constexpr std::size_t kKeyBytesMax = 25;
  explicit Key(ViewKind kind) { bytes_[size_++] = static_cast<char>(kind); }
  Key& add_u8(std::uint8_t value) noexcept { return add(value, 1); }
  Key& add_u32(std::uint32_t value) noexcept { return add(value, 4); }
  Key& add_u64(std::uint64_t value) noexcept { return add(value, 8); }
  Key& add_bytes(const OwnerHandle& handle) noexcept {
    std::ranges::copy(handle, bytes_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += handle.size();
    return *this;
  }
  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), size_}; }

 private:
  Key& add(std::uint64_t value, std::size_t width) noexcept {
    for (std::size_t i = 0; i < width; ++i) {
      bytes_[size_ + i] = static_cast<char>(value >> (8 * (width - 1 - i)));
    }
    size_ += width;
    return *this;
  }
  std::array<char, kKeyBytesMax> bytes_{};
  std::size_t size_ = 0;
};

// The complement within the lane, so that the lane stays in front.
[[nodiscard]] constexpr std::uint64_t newest(TokenIndex index) noexcept {
  return index.value() ^ TokenIndex::kCounterMax;
}
[[nodiscard]] constexpr std::uint64_t newest(Sequence seq) noexcept { return ~seq.value(); }

[[nodiscard]] Key meta_key();
[[nodiscard]] Key class_key(Sequence class_id);
[[nodiscard]] Key count_key(Sequence class_id);
[[nodiscard]] Key number_key(ClassNumber number);
[[nodiscard]] Key cascade_key(Sequence seq);
[[nodiscard]] Key end_key(Selector selector, Sequence seq);
[[nodiscard]] Key end_place_key(Sequence seq);
[[nodiscard]] Key mark_key(Sequence seq);
[[nodiscard]] Key details_key(Sequence issued_seq);
[[nodiscard]] Key ended_token_key(Sequence issued_seq);
[[nodiscard]] Key ended_by_class_key(Sequence class_id, Sequence issued_seq);
[[nodiscard]] Key deleted_key(Sequence class_id, Sequence seq);
[[nodiscard]] Key owner_key(const OwnerHandle& owner, Sequence issued_seq);
[[nodiscard]] Key subject_key(SubjectNumber subject, Sequence issued_seq);
// What keys of one class, owner or subject begin with; a seq follows.
[[nodiscard]] Key class_prefix(ViewKind kind, Sequence class_id);
[[nodiscard]] Key owner_prefix(const OwnerHandle& owner);
[[nodiscard]] Key subject_prefix(SubjectNumber subject);
[[nodiscard]] Key token_key(Sequence issued_seq);
[[nodiscard]] Key index_key(TokenIndex index);
[[nodiscard]] Key by_class_key(Sequence class_id, Sequence issued_seq);
[[nodiscard]] Key expiry_key(UnixSeconds expires_at, TokenIndex index);
[[nodiscard]] Key revoked_key(TokenIndex index);
[[nodiscard]] Key ended_key(Sequence seq, TokenIndex index);
[[nodiscard]] std::string name_key(std::string_view name, TokenIndex index);

// Lower case for a-z only; other bytes stay.
[[nodiscard]] std::string fold_name(std::string_view name);

// The first key behind the view's last one.
[[nodiscard]] std::string end_of(ViewKind kind);

// --- back from bytes; nullopt: not a key of this view ---
[[nodiscard]] std::optional<Sequence> parse_seq_key(ViewKind kind, std::string_view key);
[[nodiscard]] std::optional<ClassNumber> parse_number_key(std::string_view key);
// The seq behind the prefix, written as newest(seq).
[[nodiscard]] std::optional<Sequence> parse_newest_key(std::string_view prefix,
                                                       std::string_view key);
struct ExpiryKey {
  UnixSeconds expires_at;
  TokenIndex index;
};
[[nodiscard]] std::optional<ExpiryKey> parse_expiry_key(std::string_view key);
struct EndKey {
  Selector selector;
  Sequence seq;
};
[[nodiscard]] std::optional<EndKey> parse_end_key(std::string_view key);
// Whether the row of this cascade has this key.
[[nodiscard]] bool is_of_key(const Cascade& cascade, const EndKey& key) noexcept;
[[nodiscard]] std::optional<TokenIndex> parse_revoked_key(std::string_view key);
[[nodiscard]] std::optional<TokenIndex> parse_name_key(std::string_view key);
[[nodiscard]] std::optional<Sequence> parse_ended_key(std::string_view key);

}  // namespace tokenledger::views

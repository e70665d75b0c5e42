// ListQuery: which tokens a list shows, in which order, as of when.
//
// All conditions hold at once. Ranges are half-open: from <= x < to; an absent end is open.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/status.hpp"

namespace tokenledger {

inline constexpr std::uint32_t kPageRowsMax = 1'000;

// How much one request may cost; tests make them small. The first two are in rows of a scan, and a
// row at a random place counts as many (storage/views_work.hpp): a page
// ends within about 15 ms, a total within some 50 ms. What
// a page shows (up to kPageRowsMax rows with their reasons) and what a sort gathers come on top.
struct ListBounds {
  std::uint32_t scan_rows_max = 30'000;          // an empty page with a position is allowed
  std::uint32_t count_rows_max = 100'000;        // for a filtered list's total
  std::uint32_t merge_classes_max = 256;         // each costs a seek
  std::uint32_t plan_classes_max = 4'096;        // looked at to find those that remain
  std::uint32_t gather_rows_max = 20'000;        // read and sorted per page
  std::uint32_t gather_revocations_max = 2'000;  // likewise, of a range of time
};

template <class Time>
struct TimeRange {
  std::optional<Time> from;
  std::optional<Time> to;
  [[nodiscard]] bool is_open() const noexcept { return !from && !to; }
  [[nodiscard]] bool contains(Time time) const noexcept {
    return (!from || *from <= time) && (!to || time < *to);
  }
  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

// By issue means by the seq of the issue event. By expiry: by expires_at, then index.
enum class ListSort : std::uint8_t {
  issued_descending = 1,
  issued_ascending = 2,
  expires_descending = 3,
  expires_ascending = 4,
};
[[nodiscard]] constexpr bool is_by_expiry(ListSort sort) noexcept {
  return sort == ListSort::expires_descending || sort == ListSort::expires_ascending;
}
[[nodiscard]] constexpr bool is_descending(ListSort sort) noexcept {
  return sort == ListSort::issued_descending || sort == ListSort::expires_descending;
}

// The last row that was looked at; the next page goes on behind it.
struct ListPosition {
  UnixSeconds expires_at;    // sorts by expiry only
  std::uint64_t number = 0;  // seq of the issue event; sorts by expiry: the index
  friend bool operator==(const ListPosition&, const ListPosition&) = default;
};
// Of a row with these values.
[[nodiscard]] constexpr ListPosition position_of(ListSort sort, UnixSeconds expires_at,
                                                 TokenIndex index, Sequence issued_seq) noexcept {
  if (is_by_expiry(sort)) return {expires_at, index.value()};
  return {{}, issued_seq.value()};
}

// What stands for an owner in events and views: the id of the owner's key. Whoever knows the name
// finds it in the key store, until the owner is erased (INV-8).
using OwnerHandle = std::array<char, 16>;
// nullopt: no owner.
[[nodiscard]] std::optional<OwnerHandle> owner_handle(const Sealed& owner) noexcept;

// Tokens of these clients, tokens whose name begins with the prefix (a-z and A-Z alike), and one
// token.
struct TextMatch {
  std::vector<ClientNumber> clients;  // ascending
  std::string name_prefix;            // not empty
  std::optional<TokenIndex> index;
};

struct ListQuery {
  std::optional<ClientNumber> client;
  std::optional<TokenStatus> status;
  TimeRange<UnixSeconds> issued;   // iat
  TimeRange<UnixSeconds> expires;  // whatever the status
  TimeRange<UnixSeconds> expired;  // only tokens that are expired (C3)
  TimeRange<LedgerTime> revoked;   // only tokens that are revoked, by the time of what ended them
  std::optional<OwnerHandle> owner;
  std::optional<SubjectNumber> subject;        // 0: the client itself
  std::optional<ConsentNumber> consent;        // tokens that stand on it
  std::optional<std::vector<ApiNumber>> apis;  // a token for any of them
  std::optional<Origin> origin;
  std::optional<TextMatch> text;
  bool include_deleted = false;
  ListSort sort = ListSort::issued_descending;

  // Pages of one list share as_of, and so are stable while tokens are issued, revoked and expire.
  Sequence as_of_seq;
  LedgerTime as_of_time;
  std::optional<ListPosition> after;  // from the previous page
  std::uint32_t limit = 100;          // 1..kPageRowsMax
  bool count_total = true;            // false spares the counting: a later page knows the total
};

}  // namespace tokenledger

#include "storage/views_agreement.hpp"

#include <rocksdb/perf_level.h>

#include "storage/random.hpp"
#include "storage/views_rows.hpp"

namespace tokenledger::views {
namespace {

constexpr unsigned kPrefixes = 256;

unsigned prefix_of(const rocksdb::Iterator& rows) {
  const auto key = rows.key();
  return key.empty() ? 0 : static_cast<std::uint8_t>(key[0]);
}

}  // namespace

void SummedRows::put(std::string_view key, std::string_view value) {
  switch (static_cast<ViewKind>(key[0])) {
    case ViewKind::meta:
    case ViewKind::counts:
    case ViewKind::numbers: replaced_.insert_or_assign(std::string{key}, value); break;
    default: sum_.add(key, value);
  }
}

const RowSum& SummedRows::finish() {
  for (const auto& [key, value] : replaced_) sum_.add(key, value);
  replaced_.clear();
  return sum_;
}

ViewsAgreement::ViewsAgreement(Options options)
    : options_{std::move(options)},
      key_{random_bytes<sizeof(RowSum::HashKey)>()},
      stored_{key_},
      right_{key_},
      builder_{tables_, meta_, right_, [this](TokenIndex index) { return find_stored(index); },
               [this](TokenIndex index) { return awaits_revocation(index); }} {
  meta_.ledger_id = options_.ledger_id;
}

ViewsAgreement::~ViewsAgreement() {
  fail();
  if (reader_.joinable()) reader_.join();
}

void ViewsAgreement::read_beside() {
  reader_ = std::thread{[this] {
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    RowSum sum{key_};  // its own, so that no cache line goes back and forth with each row
    add_stored(sum);
    stored_.add(sum);
  }};
}

void ViewsAgreement::add(const Event& event) {
  if (event.seq > options_.cursor || has_failed()) return;
  if (event.seq != meta_.cursor.next() || !builder_.add(event)) return fail();
  awaited_ -= builder_.forget_revoked();
}

bool ViewsAgreement::agrees() {
  if (has_failed() || meta_.cursor != options_.cursor) return false;
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
  if (!reader_.joinable()) read_beside();
  builder_.finish();
  RowSum helped{key_};
  add_stored(helped);
  reader_.join();
  stored_.add(helped);
  const bool is_same = !has_failed() && stored_.is_same(right_.finish());
  fail();  // asked once
  return is_same;
}

// Where the stored bit is wrong, so is a stored row, and the sums differ anyway.
bool ViewsAgreement::awaits_revocation(TokenIndex index) {
  if (awaited_ == options_.awaited_tokens_max) return false;
  auto& lane = lanes_[index.lane_number()];
  if (const auto number = RevokedBits::chunk_number(index); number != lane.chunk_number) {
    auto chunk = options_.revoked(index);
    if (!chunk) {
      fail();
      return false;
    }
    lane = {number, std::move(*chunk)};
  }
  if (!lane.chunk->test(index)) return false;
  ++awaited_;
  return true;
}

// Stored keys are unique, so whatever stands under a key that the events do not give, or stands
// there otherwise, makes the sums differ. A stored row may be used to check others: it comes from
// the issue event alone, so its own sum shows whether it is right, and only when all are is
// anything concluded from the others.
Result<std::optional<KnownToken>> ViewsAgreement::find_stored(TokenIndex index) {
  const auto bytes = options_.database.get(index_key(index).view());
  if (!bytes) return bytes.error();
  if (!*bytes) return std::optional<KnownToken>{};
  const auto seq = decode_seq(**bytes);
  if (!seq) return Errc::view_corrupt;
  const auto found = read_token(options_.database, tables_, *seq);
  if (!found) return found.error();
  return std::optional{KnownToken{*seq, tables_.find(found->entry->id), found->facts}};
}

void ViewsAgreement::add_stored(RowSum& sum) {
  const auto rows = options_.database.iterate_all(options_.snapshot);
  for (;;) {
    const auto prefix = next_prefix_.fetch_add(1, std::memory_order_relaxed);
    if (prefix >= kPrefixes || has_failed()) return;
    add_stored_view(*rows, prefix, sum);
    if (!rows->status().ok()) fail();
  }
}

void ViewsAgreement::add_stored_view(rocksdb::Iterator& rows, unsigned prefix, RowSum& sum) {
  const auto first = static_cast<char>(prefix);
  prefix == 0 ? rows.SeekToFirst() : rows.Seek({&first, 1});
  const auto found = rows.Valid() ? prefix_of(rows) : kPrefixes;
  // What lies between is empty, so nobody needs to look for it.
  auto next = next_prefix_.load(std::memory_order_relaxed);
  while (next < found &&
         !next_prefix_.compare_exchange_weak(next, found, std::memory_order_relaxed)) {
  }
  for (; rows.Valid() && prefix_of(rows) == prefix; rows.Next()) {
    sum.add(rows.key().ToStringView(), rows.value().ToStringView());
  }
}

}  // namespace tokenledger::views

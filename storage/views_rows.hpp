// RowSource: tokens in the order of a list. StatusScan: what was true of each.
//
// Both belong to one query on one thread and must be gone before the database is closed.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "storage/views_codec.hpp"
#include "storage/views_database.hpp"
#include "storage/views_ends.hpp"
#include "storage/views_revoked_bits.hpp"
#include "storage/views_tables.hpp"
#include "storage/views_work.hpp"

namespace tokenledger::views {

class RowSource {
 public:
  virtual ~RowSource() = default;
  // Moves to the next row; false at the end, and from then on. view_corrupt, io_error.
  [[nodiscard]] virtual Result<bool> next() = 0;

  [[nodiscard]] Sequence seq() const noexcept { return seq_; }
  [[nodiscard]] const ClassEntry& token_class() const noexcept { return *entry_; }
  // The facts; only index, expires_at, subject and binding when is_short().
  [[nodiscard]] const TokenRowFacts& facts() const noexcept { return facts_; }
  [[nodiscard]] bool is_short() const noexcept { return is_short_; }
  // The token's own revocation, where the row repeats it; nullopt says nothing.
  [[nodiscard]] const std::optional<EndedFacts>& ended() const noexcept { return ended_; }

 protected:
  Sequence seq_;
  const ClassEntry* entry_ = nullptr;
  TokenRowFacts facts_;
  bool is_short_ = false;
  std::optional<EndedFacts> ended_;
};

// Every token of the range; newest first unless `oldest_first`.
[[nodiscard]] std::unique_ptr<RowSource> issue_order(const Database& database, const Tables& tables,
                                                     SeqRange range, bool oldest_first);
// The same of one owner, one subject, or (ended_tokens) those with a revocation of their own:
// `prefix` is a key without its seq.
[[nodiscard]] std::unique_ptr<RowSource> rows_below(const Database& database, const Tables& tables,
                                                    const Key& prefix, SeqRange range,
                                                    bool oldest_first);

// A class, and which of its tokens are wanted.
struct ClassRange {
  const ClassEntry* entry = nullptr;
  SeqRange range;
};
// Those of these classes, in the view by_class or ended_by_class: a merge that opens a class only
// when its next token may come next.
[[nodiscard]] std::unique_ptr<RowSource> rows_of_classes(const Database& database, ViewKind kind,
                                                         const std::vector<ClassRange>& classes,
                                                         bool oldest_first, WorkMeter& work);

// Rows that were gathered, in their order.
struct GatheredRow {
  Sequence seq;
  const ClassEntry* entry = nullptr;
  TokenRowFacts facts;
  std::optional<EndedFacts> ended = {};
};
[[nodiscard]] std::unique_ptr<RowSource> gathered_rows(std::vector<GatheredRow> rows);

// Tokens with a revocation of their own, by the seqs of their issue events, in that order; each is
// read when it is its turn.
[[nodiscard]] std::unique_ptr<RowSource> listed_rows(const Database& database, const Tables& tables,
                                                     std::vector<Sequence> issued, WorkMeter& work);

// All sources together, each in the order of issue; a token that several have comes once.
[[nodiscard]] std::unique_ptr<RowSource> merged_rows(
    std::vector<std::unique_ptr<RowSource>> sources, bool oldest_first);

// In the order of (expires_at, index), short rows with expires_at in [first, last], and behind
// `after`; whenever issued, so that a caller counts those it skips.
struct ExpiryRange {
  UnixSeconds first;
  UnixSeconds last;
  std::optional<ListPosition> after;
};
[[nodiscard]] std::unique_ptr<RowSource> expiry_order(const Database& database,
                                                      const Tables& tables,
                                                      const ExpiryRange& range, bool descending);

// The token issued at this seq, and its details, which must be there (view_corrupt).
[[nodiscard]] Result<GatheredRow> read_token(const Database& database, const Tables& tables,
                                             Sequence issued_seq);
[[nodiscard]] Result<std::string> read_details(const Database& database, Sequence issued_seq);

// The ordinal of the row that next() would give first, 0 when there is none. Consumes at most
// kOrdinalStride rows of a fresh source: issue_order, or rows_of_classes of one class, newest
// first.
[[nodiscard]] Result<std::uint64_t> ordinal_of_next(RowSource& source);

class StatusScan {
 public:
  StatusScan(const Database& database, const Tables& tables, RevokedBits& bits,
             RevokedBits::Load load, Sequence at_seq, LedgerTime at_time, WorkMeter& work);

  struct Verdict {
    StatusAnswer answer;
    std::optional<RevocationRow> own;  // when its seq is not beyond at_seq
    bool lacks_reason = false;         // `own` has one, which add_reason() reads
  };
  [[nodiscard]] Result<Verdict> decide(const RowSource& row);
  [[nodiscard]] Result<void> add_reason(TokenIndex index, Verdict& verdict);

 private:
  [[nodiscard]] Result<bool> may_be_revoked(TokenIndex index);
  [[nodiscard]] Result<std::optional<RevocationRow>> find_own(TokenIndex index);
  [[nodiscard]] const std::vector<Cascade>& cascades_of(const ClassEntry& entry);
  // With the ends of what the token stands on.
  [[nodiscard]] Result<std::span<const Cascade>> cascades_of(const ClassEntry& entry,
                                                             const TokenFacts& token);

  const Tables& tables_;
  RevokedBits& bits_;
  const RevokedBits::Load load_;
  const Sequence at_seq_;
  const LedgerTime at_time_;
  const Database& database_;
  const Database::Bounds revoked_bounds_{ViewKind::revoked};
  WorkMeter& work_;
  EndFinder ends_;
  std::vector<Cascade> with_ends_;  // used again, so that it keeps its memory
  // Of each lane, made when first needed: a list takes lanes by turns, and within one its rows come
  // nearly in the order of these keys.
  std::array<std::unique_ptr<rocksdb::Iterator>, kLaneCount> revoked_;
  boost::unordered_flat_map<const ClassEntry*, std::vector<Cascade>> cascades_;
  boost::unordered_flat_map<std::uint64_t, std::shared_ptr<const RevokedChunk>> chunks_;
  std::uint64_t last_chunk_number_ = ~std::uint64_t{0};
  const RevokedChunk* last_chunk_ = nullptr;
  const ClassEntry* last_class_ = nullptr;
  const std::vector<Cascade>* last_cascades_ = nullptr;
};

}  // namespace tokenledger::views

// RowSource: tokens of a list, newest first. StatusScan: what was true of each.
//
// Both belong to one query on one thread and must be gone before the database is closed.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "storage/views_codec.hpp"
#include "storage/views_database.hpp"
#include "storage/views_revoked_bits.hpp"
#include "storage/views_tables.hpp"

namespace tokenledger::views {

class RowSource {
 public:
  virtual ~RowSource() = default;
  // Moves to the next older row; false at the end. view_corrupt, io_error.
  [[nodiscard]] virtual Result<bool> next() = 0;

  [[nodiscard]] Sequence seq() const noexcept { return seq_; }
  [[nodiscard]] const ClassEntry& token_class() const noexcept { return *entry_; }
  [[nodiscard]] const TokenRowFacts& facts() const noexcept { return facts_; }

 protected:
  Sequence seq_;
  const ClassEntry* entry_ = nullptr;
  TokenRowFacts facts_;
};

// Every token issued before `end`.
[[nodiscard]] std::unique_ptr<RowSource> all_rows(const Database& database, const Tables& tables,
                                                  Sequence end);
// Those of these classes: a merge that opens a class only when its newest token may come next.
[[nodiscard]] std::unique_ptr<RowSource> rows_of_classes(
    const Database& database, const std::vector<const ClassEntry*>& classes, Sequence end);

// The ordinal of the row that next() would give first, 0 when there is none. Consumes at most
// kOrdinalStride rows of a fresh source: all_rows, or rows_of_classes of one class.
[[nodiscard]] Result<std::uint64_t> ordinal_of_next(RowSource& source);

class StatusScan {
 public:
  StatusScan(const Database& database, const Tables& tables, RevokedBits& bits,
             RevokedBits::Load load, Sequence at_seq, LedgerTime at_time);

  struct Verdict {
    StatusAnswer answer;
    std::optional<RevocationRow> own;  // when its seq is not beyond at_seq
  };
  [[nodiscard]] Result<Verdict> decide(const RowSource& row);

 private:
  [[nodiscard]] Result<bool> may_be_revoked(TokenIndex index);
  [[nodiscard]] Result<std::optional<RevocationRow>> find_own(TokenIndex index);
  [[nodiscard]] const std::vector<Cascade>& cascades_of(const ClassEntry& entry);

  const Tables& tables_;
  RevokedBits& bits_;
  const RevokedBits::Load load_;
  const Sequence at_seq_;
  const LedgerTime at_time_;
  const Database& database_;
  const Database::Bounds revoked_bounds_{ViewKind::revoked};
  std::unique_ptr<rocksdb::Iterator> revoked_;  // made when first needed
  boost::unordered_flat_map<const ClassEntry*, std::vector<Cascade>> cascades_;
  boost::unordered_flat_map<std::uint64_t, std::shared_ptr<const RevokedChunk>> chunks_;
  std::uint64_t last_chunk_number_ = ~std::uint64_t{0};
  const RevokedChunk* last_chunk_ = nullptr;
  const ClassEntry* last_class_ = nullptr;
  const std::vector<Cascade>* last_cascades_ = nullptr;
};

}  // namespace tokenledger::views

// ViewsAgreement: are the stored views what the log says? The quick half of Views::verify(): yes,
// or else somebody has to look closer.
//
// The rows are made again from the events while the log is read, the stored ones are read by two
// threads, and only sums of both are compared: nothing is sorted and nothing is written.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "storage/views.hpp"
#include "storage/views_database.hpp"
#include "storage/views_revoked_bits.hpp"
#include "storage/views_row_sum.hpp"
#include "storage/views_tables.hpp"
#include "storage/views_writer.hpp"

namespace tokenledger::views {

// Tokens kept in memory until their revocation comes, of those that have one: some 150 bytes each.
// Revocations of the others read the token's stored row.
inline constexpr std::size_t kAwaitedTokensMax = std::size_t{1} << 20;

// A RowSum of everything that a BatchBuilder puts, with each row as its last put left it.
class SummedRows final : public RowSink {
 public:
  explicit SummedRows(const RowSum::HashKey& key) : sum_{key} {}
  void put(std::string_view key, std::string_view value) override;
  [[nodiscard]] const RowSum& finish();

 private:
  RowSum sum_;
  // Rows that later ones replace: some for each class.
  boost::unordered_flat_map<std::string, std::string> replaced_;
};

class ViewsAgreement final : public ViewsComparison {
 public:
  struct Options {
    const Database& database;
    const rocksdb::Snapshot* snapshot = nullptr;  // of the stored rows; null: nobody writes
    std::array<std::uint8_t, 16> ledger_id{};
    Sequence cursor;  // of the stored rows
    // The stored bits of a chunk: they say which tokens are worth keeping, and no more than that.
    std::function<Result<std::shared_ptr<const RevokedChunk>>(TokenIndex)> revoked;
    std::size_t awaited_tokens_max = kAwaitedTokensMax;
  };
  explicit ViewsAgreement(Options options);
  ~ViewsAgreement() override;

  // A second thread reads the stored rows from now on, beside add(). Otherwise it does in agrees().
  void read_beside();
  [[nodiscard]] bool has_failed() const noexcept { return failed_.load(std::memory_order_relaxed); }
  [[nodiscard]] Sequence reached() const noexcept { return meta_.cursor; }

  void add(const Event& event) override;
  [[nodiscard]] bool agrees() override;

 private:
  void add_stored(RowSum& sum);
  void add_stored_view(rocksdb::Iterator& rows, unsigned prefix, RowSum& sum);
  [[nodiscard]] bool awaits_revocation(TokenIndex index);
  [[nodiscard]] Result<std::optional<KnownToken>> find_stored(TokenIndex index);
  void fail() noexcept { failed_.store(true, std::memory_order_relaxed); }

  const Options options_;
  const RowSum::HashKey key_;
  std::atomic<bool> failed_{false};
  std::atomic<unsigned> next_prefix_{0};  // the first byte of the keys that nobody has taken yet
  RowSum stored_;                         // the second thread's, until it is joined
  std::thread reader_;

  // --- of the thread that adds ---
  Tables tables_;
  Meta meta_;
  SummedRows right_;
  BatchBuilder builder_;
  std::size_t awaited_ = 0;
  struct Lane {
    std::uint64_t chunk_number = ~std::uint64_t{0};
    std::shared_ptr<const RevokedChunk> chunk;
  };
  std::array<Lane, kLaneCount> lanes_;
};

}  // namespace tokenledger::views

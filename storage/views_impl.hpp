// ViewsImpl: Views on a Database. Its members are spread over views.cpp (opening and writing),
// views_queries.cpp, views_list.cpp and views_rebuild.cpp.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include "storage/views.hpp"
#include "storage/views_database.hpp"
#include "storage/views_filter.hpp"
#include "storage/views_revoked_bits.hpp"
#include "storage/views_tables.hpp"
#include "storage/views_writer.hpp"

namespace tokenledger::views {

class RowSource;
class ViewsAgreement;
class StatusScan;

// A row with everything but its details and its own revocation.
[[nodiscard]] TokenRow to_row(Sequence issued_seq, const ClassEntry& entry,
                              const TokenRowFacts& facts);
void set_details(TokenRow& row, const TokenDetails& details);
void set_own(TokenRow& row, RevocationRow own);

class ViewsImpl final : public Views {
 public:
  explicit ViewsImpl(Options options);
  ~ViewsImpl() override;
  [[nodiscard]] Result<void> start();

  [[nodiscard]] Result<void> apply(std::span<const Event> events) override;
  [[nodiscard]] Result<void> rebuild(const EventLog& log, Sequence upto,
                                     const std::function<void(Sequence)>& progress) override;
  [[nodiscard]] Result<void> verify(const EventLog& log,
                                    const std::function<void(Sequence)>& progress,
                                    std::string& difference) override;
  [[nodiscard]] std::unique_ptr<ViewsComparison> compare() override;
  [[nodiscard]] Result<void> flush() override;

  [[nodiscard]] Sequence cursor() const noexcept override {
    return Sequence{cursor_.load(std::memory_order_acquire)};
  }
  [[nodiscard]] Result<void> wait_for(Sequence seq, std::chrono::milliseconds timeout) override;
  [[nodiscard]] Result<std::optional<TokenRow>> token(TokenIndex index) const override;
  [[nodiscard]] Result<StatusAnswer> status_of(const TokenRow& row, Sequence at_seq,
                                               LedgerTime at_time) const override;
  [[nodiscard]] Result<ListPage> list(const ListQuery& query) const override;
  [[nodiscard]] Result<void> expiring(UnixSeconds from, UnixSeconds to, std::size_t count_max,
                                      std::vector<std::pair<UnixSeconds, TokenIndex>>& out,
                                      UnixSeconds& reached) const override;
  [[nodiscard]] Result<StatusTotals> totals(Sequence at_seq, LedgerTime at_time) const override;
  [[nodiscard]] Result<std::vector<TokenIndex>> named(std::string_view prefix,
                                                      std::size_t count_max) const override;
  [[nodiscard]] Result<std::optional<Sealed>> reason_of_cascade(Sequence seq) const override;
  [[nodiscard]] std::uint64_t bytes_on_disk() const override;
  [[nodiscard]] std::uint64_t class_count() const override { return tables_.class_count(); }
  void mark_stopped() override;
  [[nodiscard]] bool stopped() const noexcept override {
    return stopped_.load(std::memory_order_acquire);
  }

 private:
  // --- opening and emptying; the caller holds lifetime_ alone, or nobody else knows us yet ---
  [[nodiscard]] Result<void> load();
  [[nodiscard]] Result<void> load_classes();
  [[nodiscard]] Result<void> load_counts();
  [[nodiscard]] Result<void> load_numbers();
  [[nodiscard]] Result<void> load_marks();
  [[nodiscard]] Result<void> load_cascades();
  [[nodiscard]] Result<void> load_ends();
  [[nodiscard]] Result<void> empty();
  void publish_cursor(Sequence seq);
  [[nodiscard]] FindToken finder();

  // The quick half of verify(), of the rows as `snapshot` has them; the caller holds lifetime_
  // shared.
  [[nodiscard]] std::unique_ptr<ViewsAgreement> agreement(Sequence cursor,
                                                          const rocksdb::Snapshot* snapshot) const;
  [[nodiscard]] bool agrees(const EventLog& log, Sequence cursor, const rocksdb::Snapshot* snapshot,
                            const std::function<void(Sequence)>& progress) const;
  // --- queries; the caller holds lifetime_ shared ---
  [[nodiscard]] Result<void> load_revoked(TokenIndex first, RevokedChunk& chunk,
                                          WorkMeter& work) const;
  // `work` must outlive it.
  [[nodiscard]] std::unique_ptr<StatusScan> scan(Sequence at_seq, LedgerTime at_time,
                                                 WorkMeter& work) const;
  [[nodiscard]] Result<std::optional<RevocationRow>> own_revocation(TokenIndex index) const;
  [[nodiscard]] Result<ListedToken> listed(const RowSource& row, StatusScan& status,
                                           RowTest::Match& match) const;
  [[nodiscard]] Result<void> fill_page(const ListQuery& query, ListPage& page) const;
  // --- views_count.cpp ---
  [[nodiscard]] Result<void> count_total(const ListQuery& query, ListPage& page) const;
  [[nodiscard]] Result<std::uint64_t> count_class(const ClassEntry& entry, Sequence upto) const;
  [[nodiscard]] Result<std::uint64_t> deleted_upto(Sequence class_id, Sequence upto) const;
  [[nodiscard]] Result<void> count_matches(const ListQuery& query, ListPage& page) const;

  const Options options_;
  // Shared: a query, a batch. Alone: the database is replaced. Taken before every other lock.
  mutable std::shared_mutex lifetime_;
  std::unique_ptr<Database> database_;
  Tables tables_;
  mutable RevokedBits revoked_bits_;

  // The writer's.
  Meta meta_;
  std::optional<Errc> broken_;  // a batch failed: memory may be ahead of the database
  const std::unique_ptr<rocksdb::WriteBatch> batch_;  // used again, so that it keeps its memory

  std::atomic<std::uint64_t> cursor_{0};
  std::atomic<bool> stopped_{false};
  std::mutex wait_mutex_;
  std::condition_variable moved_;
};

}  // namespace tokenledger::views

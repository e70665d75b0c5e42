#include "storage/views_watch.hpp"

namespace tokenledger::views {
namespace {

class WatchedViews final : public Views {
 public:
  WatchedViews(std::unique_ptr<Views> inner, std::function<void()> on_damage)
      : inner_{std::move(inner)}, on_damage_{std::move(on_damage)} {}

  Result<void> apply(std::span<const Event> events) override { return heed(inner_->apply(events)); }
  Result<void> rebuild(const EventLog& log, Sequence upto,
                       const std::function<void(Sequence)>& progress) override {
    return heed(inner_->rebuild(log, upto, progress));
  }
  Result<void> verify(const EventLog& log, const std::function<void(Sequence)>& progress,
                      std::string& difference) override {
    return heed(inner_->verify(log, progress, difference));
  }
  std::unique_ptr<ViewsComparison> compare() override { return inner_->compare(); }
  Result<void> flush() override { return heed(inner_->flush()); }

  Sequence cursor() const noexcept override { return inner_->cursor(); }
  Result<void> wait_for(Sequence seq, std::chrono::milliseconds timeout) override {
    return inner_->wait_for(seq, timeout);
  }
  Result<std::optional<TokenRow>> token(TokenIndex index) const override {
    return heed(inner_->token(index));
  }
  Result<StatusAnswer> status_of(const TokenRow& row, Sequence at_seq,
                                 LedgerTime at_time) const override {
    return heed(inner_->status_of(row, at_seq, at_time));
  }
  Result<ListPage> list(const ListQuery& query) const override { return heed(inner_->list(query)); }
  Result<void> expiring(UnixSeconds from, UnixSeconds to, std::size_t count_max,
                        std::vector<std::pair<UnixSeconds, TokenIndex>>& out,
                        UnixSeconds& reached) const override {
    return heed(inner_->expiring(from, to, count_max, out, reached));
  }
  Result<StatusTotals> totals(Sequence at_seq, LedgerTime at_time) const override {
    return heed(inner_->totals(at_seq, at_time));
  }
  Result<std::vector<TokenIndex>> named(std::string_view prefix,
                                        std::size_t count_max) const override {
    return heed(inner_->named(prefix, count_max));
  }
  Result<std::optional<Sealed>> reason_of_cascade(Sequence seq) const override {
    return heed(inner_->reason_of_cascade(seq));
  }
  std::uint64_t bytes_on_disk() const override { return inner_->bytes_on_disk(); }
  std::uint64_t class_count() const override { return inner_->class_count(); }
  void mark_stopped() override { inner_->mark_stopped(); }
  bool stopped() const noexcept override { return inner_->stopped(); }

 private:
  template <class T>
  [[nodiscard]] Result<T> heed(Result<T> result) const {
    if (result.has_error() && result.error() == Errc::view_corrupt) on_damage_();
    return result;
  }

  const std::unique_ptr<Views> inner_;
  const std::function<void()> on_damage_;
};

}  // namespace

std::unique_ptr<Views> watched(std::unique_ptr<Views> inner, std::function<void()> on_damage) {
  return std::make_unique<WatchedViews>(std::move(inner), std::move(on_damage));
}

}  // namespace tokenledger::views

#include "storage/views_tables.hpp"

#include <algorithm>
#include <limits>
#include <mutex>

namespace tokenledger::views {
namespace {

std::string content_of(const TokenClass& token_class) {
  std::string content;
  append_number(content, token_class);
  return content;
}

std::uint16_t kind_of(Origin origin, std::uint8_t lifetime_bucket) noexcept {
  return static_cast<std::uint16_t>(static_cast<unsigned>(origin) << 8 | lifetime_bucket);
}

}  // namespace

void SharedSpread::widen(const Spread& by, bool is_first) noexcept {
  const auto low = [&](std::atomic<std::int64_t>& held, std::int64_t value) {
    if (is_first || value < held.load(std::memory_order_relaxed))
      held.store(value, std::memory_order_relaxed);
  };
  const auto high = [&](std::atomic<std::int64_t>& held, std::int64_t value) {
    if (is_first || value > held.load(std::memory_order_relaxed))
      held.store(value, std::memory_order_relaxed);
  };
  low(lag_min_, by.lag_min);
  high(lag_max_, by.lag_max);
  low(life_min_, by.life_min);
  high(life_max_, by.life_max);
}

Spread SharedSpread::load() const noexcept {
  return {lag_min_.load(std::memory_order_relaxed), lag_max_.load(std::memory_order_relaxed),
          life_min_.load(std::memory_order_relaxed), life_max_.load(std::memory_order_relaxed)};
}

LedgerClass* Tables::class_of(ClassNumber number) noexcept {
  return number.value() < by_number_.size() ? by_number_[number.value()] : nullptr;
}

LedgerClass& Tables::ledger_class_of(const TokenClass& token_class) {
  auto& found = by_content_[content_of(token_class)];
  if (found == nullptr) found = &ledger_classes_.emplace_back(LedgerClass{token_class, {}});
  return *found;
}

LedgerClass& Tables::set_number(ClassNumber number, const TokenClass& token_class) {
  if (number.value() >= by_number_.size()) by_number_.resize(number.value() + std::size_t{1});
  auto& meant = ledger_class_of(token_class);
  by_number_[number.value()] = &meant;
  return meant;
}

ClassEntry* Tables::find(const LedgerClass& ledger_class, Origin origin,
                         std::uint8_t lifetime_bucket) {
  const auto found = ledger_class.entries.find(kind_of(origin, lifetime_bucket));
  return found == ledger_class.entries.end() ? nullptr : found->second;
}

ClassEntry* Tables::add_class(Sequence class_id, const ClassContent& content) {
  const std::unique_lock lock{mutex_};
  auto& ledger_class = ledger_class_of(content.token_class);
  auto& place = ledger_class.entries[kind_of(content.origin, content.lifetime_bucket)];
  if (place != nullptr || by_id_.contains(class_id.value())) return nullptr;
  place = &classes_.emplace_back(class_id, content);
  by_id_.emplace(class_id.value(), place);
  by_client_[content.token_class.client.value()].push_back(place);
  for (const auto& scopes : content.token_class.apis) {
    if (scopes.api != ApiNumber{}) by_api_[scopes.api.value()].push_back(place);
  }
  return place;
}

void Tables::widen(const Spread& spread) {
  spread_.widen(spread, !has_spread_);
  has_spread_ = true;
}

void Tables::add_mark(Sequence seq, UnixSeconds recorded_at) {
  const std::unique_lock lock{mutex_};
  marks_.push_back({seq, recorded_at.value()});
}

void Tables::add_cascade(const Cascade& cascade) {
  const std::unique_lock lock{mutex_};
  cascades_.add(cascade);
}

bool Tables::add_end(const Cascade& end) {
  const auto [kind, id] = end.selector;
  if (!ends_by_number(kind) || id == 0 || id >= kEndedNumberEnd) return false;
  ended_->of(kind).set(id);
  const std::unique_lock lock{mutex_};
  const auto& revocation = end.revocation;
  if (!ends_) ends_ = EndsSpan{revocation.at, revocation.seq};
  ends_->first_at = std::min(ends_->first_at, revocation.at);
  ends_->last = std::max(ends_->last, revocation.seq);
  return true;
}

void Tables::clear() {
  const std::unique_lock lock{mutex_};
  by_number_.clear();
  by_content_.clear();
  by_api_.clear();
  by_client_.clear();
  by_id_.clear();
  ledger_classes_.clear();
  classes_.clear();
  marks_.clear();
  cascades_ = {};
  ended_ = std::make_unique<Ended>();
  ends_.reset();
  has_spread_ = false;
}

const ClassEntry* Tables::find(Sequence class_id) const {
  const std::shared_lock lock{mutex_};
  const auto found = by_id_.find(class_id.value());
  return found == by_id_.end() ? nullptr : found->second;
}

ClassEntry* Tables::find(Sequence class_id) {
  return const_cast<ClassEntry*>(std::as_const(*this).find(class_id));
}

std::optional<std::vector<const ClassEntry*>> Tables::of_client(ClientNumber client,
                                                                std::size_t count_max) const {
  const std::shared_lock lock{mutex_};
  const auto found = by_client_.find(client.value());
  if (found == by_client_.end()) return std::vector<const ClassEntry*>{};
  if (found->second.size() > count_max) return std::nullopt;
  return found->second;
}

std::optional<std::vector<const ClassEntry*>> Tables::of_apis(const std::vector<ApiNumber>& apis,
                                                              std::size_t count_max) const {
  std::vector<const ClassEntry*> entries;
  {
    const std::shared_lock lock{mutex_};
    for (const auto api : apis) {
      const auto found = by_api_.find(api.value());
      if (found == by_api_.end()) continue;
      if (entries.size() + found->second.size() > count_max) return std::nullopt;
      entries.insert(entries.end(), found->second.begin(), found->second.end());
    }
  }
  std::ranges::sort(entries);
  const auto repeated = std::ranges::unique(entries);
  entries.erase(repeated.begin(), repeated.end());
  return entries;
}

std::size_t Tables::class_count() const {
  const std::shared_lock lock{mutex_};
  return classes_.size();
}

std::optional<std::vector<const ClassEntry*>> Tables::all(std::size_t count_max) const {
  const std::shared_lock lock{mutex_};
  if (classes_.size() > count_max) return std::nullopt;
  std::vector<const ClassEntry*> entries;
  entries.reserve(classes_.size());
  for (const auto& entry : classes_) entries.push_back(&entry);
  return entries;
}

std::vector<Cascade> Tables::cascades_of(const TokenClass& token_class, Sequence upto) const {
  std::vector<Cascade> cascades;
  {
    const std::shared_lock lock{mutex_};
    cascades = cascades_.for_class(token_class);
  }
  std::erase_if(cascades, [&](const Cascade& cascade) { return cascade.revocation.seq > upto; });
  return cascades;
}

std::optional<EndsSpan> Tables::ends() const {
  const std::shared_lock lock{mutex_};
  return ends_;
}

bool Tables::has_cascades() const {
  const std::shared_lock lock{mutex_};
  return cascades_.size() != 0;
}

SeqRange Tables::issued_between(std::int64_t from, std::int64_t to) const {
  SeqRange range{Sequence{1}, Sequence{std::numeric_limits<std::uint64_t>::max()}};
  if (from > to) return {Sequence{1}, Sequence{}};
  const std::shared_lock lock{mutex_};
  const auto time_of = [](const Mark& mark) { return std::int64_t{mark.recorded_at}; };
  const auto first = std::ranges::lower_bound(marks_, from, {}, time_of);
  if (first != marks_.begin()) range.first = std::prev(first)->seq.next();
  const auto last = std::ranges::upper_bound(marks_, to, {}, time_of);
  if (last != marks_.end()) range.last = Sequence{last->seq.value() - 1};
  return range;
}

std::uint64_t Tables::about(const SeqRange& range) const {
  if (range.is_empty()) return 0;
  const std::shared_lock lock{mutex_};
  const auto first = std::ranges::lower_bound(marks_, range.first, {}, &Mark::seq);
  const auto last = std::ranges::upper_bound(marks_, range.last, {}, &Mark::seq);
  return static_cast<std::uint64_t>(std::max<std::ptrdiff_t>(last - first, 0) + 1) * kMarkStride;
}

}  // namespace tokenledger::views

#include "storage/views_tables.hpp"

#include <mutex>

#include "core/invariant.hpp"
#include "storage/views_codec.hpp"

namespace tokenledger::views {
namespace {

std::string content_of(const TokenClass& token_class) {
  std::string content;
  append_class(content, token_class);
  return content;
}

}  // namespace

ClassEntry* Tables::class_of(ClassNumber number) noexcept {
  return number.value() < by_number_.size() ? by_number_[number.value()] : nullptr;
}

ClassEntry* Tables::find_content(const TokenClass& token_class) {
  const auto found = by_content_.find(content_of(token_class));
  return found == by_content_.end() ? nullptr : found->second;
}

ClassEntry& Tables::add_class(Sequence class_id, const TokenClass& token_class) {
  const std::unique_lock lock{mutex_};
  ClassEntry& entry = classes_.emplace_back(class_id, token_class);
  const bool new_id = by_id_.emplace(class_id.value(), &entry).second;
  const bool new_content = by_content_.emplace(content_of(token_class), &entry).second;
  LEDGER_INVARIANT(new_id);
  LEDGER_INVARIANT(new_content);
  by_client_[token_class.client.value()].push_back(&entry);
  return entry;
}

void Tables::set_number(ClassNumber number, ClassEntry& entry) {
  if (number.value() >= by_number_.size()) by_number_.resize(number.value() + std::size_t{1});
  by_number_[number.value()] = &entry;
}

void Tables::add_cascade(const Cascade& cascade) {
  const std::unique_lock lock{mutex_};
  cascades_.add(cascade);
}

void Tables::clear() {
  const std::unique_lock lock{mutex_};
  by_number_.clear();
  by_client_.clear();
  by_content_.clear();
  by_id_.clear();
  classes_.clear();
  cascades_ = {};
}

const ClassEntry* Tables::find(Sequence class_id) const {
  const std::shared_lock lock{mutex_};
  const auto found = by_id_.find(class_id.value());
  return found == by_id_.end() ? nullptr : found->second;
}

ClassEntry* Tables::find(Sequence class_id) {
  const std::shared_lock lock{mutex_};
  const auto found = by_id_.find(class_id.value());
  return found == by_id_.end() ? nullptr : found->second;
}

std::vector<const ClassEntry*> Tables::of_client(ClientNumber client) const {
  const std::shared_lock lock{mutex_};
  const auto found = by_client_.find(client.value());
  return found == by_client_.end() ? std::vector<const ClassEntry*>{} : found->second;
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

}  // namespace tokenledger::views

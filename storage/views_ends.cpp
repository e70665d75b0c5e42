#include "storage/views_ends.hpp"

#include <algorithm>
#include <array>

namespace tokenledger::views {
namespace {

std::array<Selector, 3> selectors_of(const TokenFacts& token) noexcept {
  return {{{SelectorKind::consent, token.binding.consent.value()},
           {SelectorKind::family, token.binding.family.value()},
           {SelectorKind::user, token.subject.value()}}};
}

}  // namespace

bool EndFinder::may_have_ended(const TokenFacts& token) const noexcept {
  return std::ranges::any_of(selectors_of(token), [&](const Selector& selector) {
    return tables_.may_have_ended(selector);
  });
}

Result<void> EndFinder::add(const TokenFacts& token, std::vector<Cascade>& found) {
  for (const auto& selector : selectors_of(token)) {
    if (!tables_.may_have_ended(selector)) continue;
    if (auto added = add(selector, token.issued_seq, found); !added) return added;
  }
  return {};
}

Result<void> EndFinder::add(Selector selector, Sequence issued, std::vector<Cascade>& found) {
  if (!rows_) rows_ = database_.iterate(bounds_);
  rows_->Seek(end_key(selector, issued.next()).view());
  work_.random_read();
  if (!rows_->Valid()) return rows_->status().ok() ? Result<void>{} : to_view_errc(rows_->status());
  const auto key = parse_end_key(rows_->key().ToStringView());
  if (!key) return Errc::view_corrupt;
  if (key->selector != selector) return {};
  const auto row = decode_cascade(rows_->value().ToStringView());
  if (!row || !is_of_key(row->cascade, *key)) return Errc::view_corrupt;
  found.push_back(row->cascade);
  return {};
}

}  // namespace tokenledger::views

// The read side of Ledger: checks and rows.
#include <algorithm>

#include "core/invariant.hpp"
#include "core/sha256.hpp"
#include "core/token_format.hpp"
#include "storage/forgery_watch.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
bool Ledger::check(std::string_view token, std::string_view audience,
                   std::span<const std::string_view> scopes) const noexcept {
  const auto& core = *core_;
  if (token.size() > kTokenBytesMax || !core.can_answer()) return false;
  const auto located = locate_token(core.keys->seal_key(), token);
  if (!located) {
    core.forgery_watch->offer(token);
    return false;
  }
  core.index.prefetch(located->id.index);
  const auto fingerprint = Fingerprint::of(sha256(token));
  const auto verdict =
      core.index.check(located->id.index, fingerprint, audience, scopes, to_seconds(now()));
  if (verdict == Verdict::good) return true;
  const auto entry = core.index.find(located->id.index);
  if (entry && entry->fingerprint != fingerprint) core.forgery_watch->offer(token);
  return false;
}

std::optional<TokenIndex> Ledger::index_of(std::string_view jti) const noexcept {
  const auto sealed = core_->keys->seal_key().unseal(jti);
  if (!sealed) return std::nullopt;
  const auto* owner = owner_of(core_->incarnations, sealed->index);
  if (owner == nullptr || owner->incarnation != sealed->incarnation) return std::nullopt;
  return sealed->index;
}

std::string Ledger::jti_of(TokenIndex index) const {
  const auto* owner = owner_of(core_->incarnations, index);
  LEDGER_INVARIANT(owner != nullptr);
  return std::string{text_of(core_->keys->seal_key().seal(index, owner->incarnation))};
}

Result<ListedToken> Ledger::token(TokenIndex index) const {
  const std::shared_lock files{core_->files_mutex};
  if (auto readable = core_->check_readable(); !readable) return readable.error();
  const auto committed = core_->signal.committed();
  if (auto waited = core_->views->wait_for(committed, kViewWaitMax); !waited) return waited.error();
  auto row = core_->views->token(index);
  if (!row) return row.error();
  if (!*row) return Errc::token_not_found;
  ListedToken listed{std::move(**row), {}};
  auto answer = core_->views->status_of(listed.row, core_->signal.committed(), now());
  if (!answer) return answer.error();
  listed.answer = std::move(*answer);
  return listed;
}

Result<void> Ledger::wait_for_views(Sequence seq) const {
  const std::shared_lock files{core_->files_mutex};
  if (auto readable = core_->check_readable(); !readable) return readable.error();
  return core_->views->wait_for(seq, kViewWaitMax);
}

Result<StatusTotals> Ledger::totals() const {
  const std::shared_lock files{core_->files_mutex};
  if (auto readable = core_->check_readable(); !readable) return readable.error();
  const auto committed = core_->signal.committed();
  if (auto waited = core_->views->wait_for(committed, kViewWaitMax); !waited) return waited.error();
  return core_->views->totals(committed, now());
}

}  // namespace tokenledger

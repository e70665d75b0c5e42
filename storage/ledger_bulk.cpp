// Revoking many tokens at once, and counting them first.
#include <algorithm>
#include <functional>
#include <map>

#include "core/event_codec.hpp"
#include "storage/ledger_core.hpp"
#include "storage/log_events.hpp"

namespace tokenledger {
namespace {

bool names(const Selector& selector, const TokenClass& token_class) {
  switch (selector.kind) {
    case SelectorKind::client: return token_class.client.value() == selector.id;
    case SelectorKind::grant: return token_class.grant.value() == selector.id;
    case SelectorKind::key: return token_class.key.value() == selector.id;
    case SelectorKind::api:
      return std::ranges::any_of(token_class.apis, [&](const ApiScopes& scopes) {
        return scopes.api.value() == selector.id;
      });
    case SelectorKind::all: return true;
    // decide() refuses to revoke by these.
    case SelectorKind::consent:
    case SelectorKind::family:
    case SelectorKind::user: return false;
  }
  return false;
}

}  // namespace

Ledger::BlastRadius Ledger::blast_radius(const BulkSelection& selection) const {
  const auto& index = core_->index;
  const auto before = selection.before.value_or(committed().next());
  const auto second = to_seconds(now());
  std::map<std::uint32_t, std::uint64_t> counts;
  for (std::size_t lane_number = 0; lane_number < kLaneCount; ++lane_number) {
    const auto lane = static_cast<Lane>(lane_number);
    const auto used = index.chunks(lane);
    for (auto counter = used.first * kChunkTokens; counter < used.end * kChunkTokens; ++counter) {
      const auto live = index.find_live(TokenIndex{lane, counter}, nullptr, second);
      if (!live || live->entry.issued_seq >= before) continue;
      if (names(selection.selector, live->token_class)) ++counts[live->token_class.client.value()];
    }
  }
  BlastRadius radius;
  for (const auto& [client, count] : counts) {
    radius.active += count;
    radius.by_client.emplace_back(ClientNumber{client}, count);
  }
  // Most tokens first, then by number: a whole order, so no stable sort is needed.
  std::ranges::sort(radius.by_client, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  return radius;
}

void Ledger::revoke_selected_async(const BulkSelection& selection, RevokeRequest request,
                                   Completion done) {
  if (request.reason.size() > kNoteBodyBytesMax) return done(Errc::too_large);
  auto reason = core_->seal_reason(request.reason, done);
  if (!reason) return done(reason.error());
  submit_async(
      {request.actor, std::move(request.request_id), request.idempotency,
       RevokeTokens{selection.selector, request.cause, std::move(*reason), selection.before}},
      std::move(done));
}

Result<Sequence> Ledger::first_seq_at(LedgerTime time) const {
  const std::shared_lock files{core_->files_mutex};
  if (auto readable = core_->check_readable(); !readable) return readable.error();
  // The answer lies in [low, high]; times strictly increase with seq (INV-4).
  std::uint64_t low = 1;
  std::uint64_t high = core_->signal.committed().value() + 1;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    const auto event = read_event(*core_->log, Sequence{middle});
    if (!event) return event.error();
    if (event->recorded_at < time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return Sequence{low};
}

}  // namespace tokenledger

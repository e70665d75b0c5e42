// The expiry sweep: names in the log what expired since the last one, and returns the memory of old
// chunks.
#include <algorithm>

#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

inline constexpr std::size_t kSweepTokensMax = 200'000;  // per command, but always whole seconds
// Reservations are answered within seconds; a chunk whose newest token expired a minute ago has
// none open.
inline constexpr std::uint32_t kReservationSecondsMax = 60;

using Expired = std::vector<std::pair<UnixSeconds, TokenIndex>>;

// The same from the validity index, which holds every token that was not swept: O(tokens in
// memory), for the time in which the views can't say. Live tokens are counted until they are swept,
// so issuing must not wait for views that a person has to mend.
void find_in_index(const ValidityIndex& index, UnixSeconds from, UnixSeconds upto, Expired& expired,
                   UnixSeconds& reached) {
  expired.clear();
  for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
    index.for_each_entry(static_cast<Lane>(lane), 0, TokenIndex::kCounterMax,
                         [&](TokenIndex token, const IndexEntry& entry) {
                           if (entry.expires_at > from && entry.expires_at <= upto)
                             expired.emplace_back(entry.expires_at, token);
                         });
  }
  std::ranges::sort(expired);
  reached = upto;
  if (expired.size() <= kSweepTokensMax) return;
  // Whole seconds, and at least one.
  const auto cut = expired[kSweepTokensMax].first;
  reached = std::max(expired.front().first, UnixSeconds{cut.value() - 1});
  const auto rest =
      std::ranges::find_if(expired, [&](const auto& token) { return token.first > reached; });
  expired.erase(rest, expired.end());
}

}  // namespace

Result<void> LedgerCore::find_expired(UnixSeconds from, UnixSeconds upto,
                                      std::vector<std::pair<UnixSeconds, TokenIndex>>& expired,
                                      UnixSeconds& reached) const {
  const std::shared_lock files{files_mutex};
  if (auto readable = check_readable(); !readable) return readable;
  const auto waited = views->wait_for(signal.committed(), kViewWaitMax);
  // Behind only: they catch up.
  if (!waited && !views->stopped()) return waited;
  if (waited) {
    if (views->expiring(from, upto, kSweepTokensMax, expired, reached)) return {};
  }
  find_in_index(index, from, upto, expired, reached);
  return {};
}

// One sweep command at a time, whole seconds each, until the present is reached. A crash between
// two loses nothing: the next sweep starts at State::expired_upto.
Result<void> LedgerCore::sweep() {
  const std::scoped_lock one_at_a_time{sweep_mutex_};
  for (;;) {
    const auto upto = to_seconds(now());
    const auto from = UnixSeconds{expired_upto.load()};
    if (upto <= from) return {};
    std::vector<std::pair<UnixSeconds, TokenIndex>> expired;
    UnixSeconds reached = upto;
    if (auto found = find_expired(from, upto, expired, reached); !found) return found;
    SweepExpired sweep{.to = reached, .tokens = {}, .retire_below = {}};
    sweep.tokens.reserve(expired.size());
    for (const auto& [second, token] : expired) sweep.tokens.push_back({second, token});
    if (!retire_paused.load()) sweep.retire_below = retirable(reached);
    const bool retires =
        std::ranges::any_of(sweep.retire_below, [](auto below) { return below != 0; });
    // Nothing to name: no event, so an idle ledger stays silent.
    if (sweep.tokens.empty() && !retires) return {};
    auto committed = submit({Actor{}, {}, std::nullopt, std::move(sweep)});
    if (!committed) return committed.error();
    if (reached >= upto) return {};
  }
}

// Per lane the counter below which every chunk holds only tokens that expired, with no reservation
// open.
std::array<std::uint64_t, kLaneCount> LedgerCore::retirable(UnixSeconds upto) const {
  std::array<std::uint64_t, kLaneCount> below{};
  for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
    const auto reserved_chunks = reserved[lane].load() / kChunkTokens;
    const auto oldest = index.oldest_chunk(static_cast<Lane>(lane));
    for (auto chunk = oldest; chunk < reserved_chunks; ++chunk) {
      UnixSeconds last;
      index.for_each_entry(
          static_cast<Lane>(lane), chunk * kChunkTokens, (chunk + 1) * kChunkTokens,
          [&](TokenIndex, const IndexEntry& entry) { last = std::max(last, entry.expires_at); });
      // An empty chunk may be one whose tokens are still being signed: it waits for a later one
      // that had tokens.
      if (last == UnixSeconds{}) continue;
      if (last.value() + kReservationSecondsMax > upto.value()) break;
      below[lane] = (chunk + 1) * kChunkTokens;
    }
  }
  return below;
}

}  // namespace tokenledger

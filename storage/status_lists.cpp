#include "storage/status_lists.hpp"

#include "storage/ledger_core.hpp"
#include "storage/status_list_follower.hpp"
#include "storage/status_list_reference.hpp"

namespace tokenledger {

void LedgerCore::start_status_lists() {
  if (options.status_lists) status_lists = std::make_unique<StatusListFollower>(*this);
}

std::optional<StatusListReference> status_reference(const LedgerCore& core, TokenIndex index,
                                                    Incarnation incarnation) {
  if (!core.options.status_lists) return std::nullopt;
  const auto& places = core.keys->status_places();
  const auto place = places.place_of(index, incarnation);
  return StatusListReference{
      .index = place.index,
      .uri = status_list_uri_prefix(core.options.issuer) + places.id_of(place.name)};
}

bool StatusLists::is_running() const noexcept { return ledger_->core().status_lists != nullptr; }

Result<StatusLists::Body> StatusLists::fetch(std::string_view id) const {
  if (!is_running()) return Errc::file_not_found;
  return ledger_->core().status_lists->fetch(id);
}

std::optional<Result<StatusLists::Body>> StatusLists::fetch_in_memory(std::string_view id) const {
  if (!is_running()) return Result<Body>{Errc::file_not_found};
  return ledger_->core().status_lists->fetch_in_memory(id);
}

std::vector<std::string> StatusLists::uris() const {
  return is_running() ? ledger_->core().status_lists->uris() : std::vector<std::string>{};
}

StatusListStats StatusLists::stats() const {
  return is_running() ? ledger_->core().status_lists->stats() : StatusListStats{};
}

}  // namespace tokenledger

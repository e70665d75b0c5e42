#include "core/fold_people.hpp"

#include "core/state.hpp"

namespace tokenledger {
namespace {

bool is_live(const State& state, ClientNumber client, ApiNumber api) {
  const auto* client_record = state.registries.client(client);
  const auto* api_record = state.registries.api(api);
  return client_record != nullptr && client_record->status != ClientStatus::deleted &&
         api_record != nullptr && !api_record->deleted;
}

struct FitsState {
  const State& state;
  // The id of an erased owner's key never becomes a user's.
  bool operator()(const UserRegistered& payload) const { return !state.is_erased(payload.id); }
  bool operator()(const ConsentGranted& payload) const {
    return is_live(state, payload.client, payload.api);
  }
  bool operator()(const ConsentPreconfigured& payload) const {
    return is_live(state, payload.client, payload.api);
  }
  template <class Other>
  bool operator()(const Other&) const {
    return true;
  }
};

}  // namespace

Result<void> fold_people(State& state, const Event& event) {
  if (!std::visit(FitsState{state}, event.payload)) return Errc::log_corrupt;
  return state.people.apply(event, state.pending.ops);
}

bool fits_redemption(const State& state, const Event& event) {
  if (state.people.is_settled()) return true;
  if (const auto* issued = std::get_if<TokenIssued>(&event.payload))
    return issued->user.has_value();
  return std::holds_alternative<FamilyStarted>(event.payload);
}

}  // namespace tokenledger

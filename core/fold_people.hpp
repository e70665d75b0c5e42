// The part of fold() that is about people: what State must say before People takes the event.
// Private to core/.
#pragma once

#include <concepts>

#include "core/errc.hpp"
#include "core/event.hpp"

namespace tokenledger {

class State;

template <class Kind, class... Kinds>
concept OneOf = (std::same_as<Kind, Kinds> || ...);

template <class Kind>
concept PeopleEvent = OneOf<Kind, UserRegistered, UserUpdated, UserPasswordSet, UserDisabled,
                            UserEnabled, UserGroupsSet, GroupCreated, GroupDeleted, ConsentGranted,
                            ConsentExtended, ConsentPreconfigured, ConsentWithdrawn, CodeIssued,
                            CodeRedeemed, CodeReused, FamilyStarted, RefreshRotated, FamilyEnded>;

// Requires an event of such a kind. log_corrupt as fold(). Cost: see People::apply.
[[nodiscard]] Result<void> fold_people(State& state, const Event& event);

// Whether the event may come where a code's redemption is half done, or none is: the family that
// it starts and the token that it makes stand right behind a CodeRedeemed.
[[nodiscard]] bool fits_redemption(const State& state, const Event& event);

}  // namespace tokenledger

// WatchedViews: tells somebody when a call meets damage in the views.
#pragma once

#include <functional>
#include <memory>

#include "storage/views.hpp"

namespace tokenledger::views {

// Forwards everything to `inner`. `on_damage` runs on the thread of the call that answers
// view_corrupt, each time, before it returns.
[[nodiscard]] std::unique_ptr<Views> watched(std::unique_ptr<Views> inner,
                                             std::function<void()> on_damage);

}  // namespace tokenledger::views

// Place: one among a bounded number of requests at work, free again when the last one who holds it
// lets go. For what costs and is open to everybody (INV-7). Threads: any.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace tokenledger {

class Place {
 public:
  using Held = std::atomic<std::size_t>;
  // nullptr: `held_max` are taken.
  [[nodiscard]] static std::shared_ptr<Place> take(std::shared_ptr<Held> held,
                                                   std::size_t held_max) {
    auto place = std::make_shared<Place>(std::move(held), held_max);
    return place->is_within_ ? place : nullptr;
  }
  Place(std::shared_ptr<Held> held, std::size_t held_max)
      : held_{std::move(held)}, is_within_{held_->fetch_add(1) < held_max} {}
  ~Place() { held_->fetch_sub(1); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  const std::shared_ptr<Held> held_;
  const bool is_within_;
};

}  // namespace tokenledger

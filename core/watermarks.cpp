#include "core/watermarks.hpp"

#include <limits>

#include "core/invariant.hpp"

namespace tokenledger {
namespace {

AtomicWord* element(AtomicWord* words, std::uint32_t id, std::uint32_t bound) noexcept {
  return id != 0 && id < bound ? words + id : nullptr;
}

}  // namespace

Watermarks::Watermarks()
    : client_space_{kClientNumberEnd * sizeof(AtomicWord)},
      api_space_{kApiNumberEnd * sizeof(AtomicWord)},
      grant_space_{kGrantNumberEnd * sizeof(AtomicWord)},
      key_space_{kKeyNumberEnd * sizeof(AtomicWord)},
      clients_{client_space_.words()},
      apis_{api_space_.words()},
      grants_{grant_space_.words()},
      keys_{key_space_.words()} {}

AtomicWord* Watermarks::find(Selector selector) noexcept {
  switch (selector.kind) {
    case SelectorKind::client: return element(clients_, selector.id, kClientNumberEnd);
    case SelectorKind::api: return element(apis_, selector.id, kApiNumberEnd);
    case SelectorKind::grant: return element(grants_, selector.id, kGrantNumberEnd);
    case SelectorKind::key: return element(keys_, selector.id, kKeyNumberEnd);
    case SelectorKind::all: return selector.id == 0 ? &all_ : nullptr;
    // No part of a class: they end by a bit of their own.
    case SelectorKind::consent:
    case SelectorKind::family:
    case SelectorKind::user: return nullptr;
  }
  return nullptr;
}

Sequence Watermarks::of(Selector selector) const noexcept {
  const AtomicWord* const word = const_cast<Watermarks*>(this)->find(selector);
  if (word == nullptr) return Sequence{std::numeric_limits<std::uint64_t>::max()};
  return Sequence{word->load(std::memory_order_acquire)};
}

void Watermarks::publish(Selector selector, Sequence revoked_before) noexcept {
  AtomicWord* const word = find(selector);
  LEDGER_INVARIANT(word != nullptr);
  if (word->load(std::memory_order_relaxed) >= revoked_before.value()) return;
  word->store(revoked_before.value(), std::memory_order_release);
}

}  // namespace tokenledger

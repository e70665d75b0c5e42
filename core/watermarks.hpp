// Watermarks: what a cascade ended, in one word per selector.
//
// A token is revoked if it was issued before the `revoked_before` of any of its selectors: its
// client, its APIs, its grant, its signing key, or the whole ledger. Ending a million tokens is one
// store. A watermark only grows, and tokens issued at or after it are untouched (Z21): enabling a
// client again neither brings its old tokens back nor hurts new ones.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/address_space.hpp"
#include "core/class_table.hpp"
#include "core/token_class.hpp"

namespace tokenledger {

// Numbers are below these bounds; 0 names nothing.
inline constexpr std::uint32_t kClientNumberEnd = std::uint32_t{1} << 24;
inline constexpr std::uint32_t kApiNumberEnd = std::uint32_t{1} << 16;
inline constexpr std::uint32_t kGrantNumberEnd = std::uint32_t{1} << 26;
inline constexpr std::uint32_t kKeyNumberEnd = std::uint32_t{1} << 16;

static_assert(kApisPerTokenMax == 4, "greatest_of spells them out, to stay in registers");

class Watermarks {
 public:
  Watermarks();  // address space only; throws std::bad_alloc

  // Any thread, wait-free. 0 when nothing was cascaded; the greatest Sequence for a selector that
  // cannot exist, so that a doubt reads as revoked (INV-6).
  [[nodiscard]] Sequence of(Selector selector) const noexcept;
  // The greatest over the selectors that the class names. Number 0 needs no test of its own: nobody
  // ever cascades it.
  [[nodiscard]] Sequence greatest_of(const ClassRecord& record) const noexcept {
    std::uint64_t greatest = all_.load(std::memory_order_acquire);
    greatest = std::max(greatest, clients_[record.client()].load(std::memory_order_acquire));
    greatest = std::max(greatest, grants_[record.grant()].load(std::memory_order_acquire));
    greatest = std::max(greatest, keys_[record.key()].load(std::memory_order_acquire));
    greatest = std::max(greatest, apis_[record.api(0)].load(std::memory_order_acquire));
    greatest = std::max(greatest, apis_[record.api(1)].load(std::memory_order_acquire));
    greatest = std::max(greatest, apis_[record.api(2)].load(std::memory_order_acquire));
    greatest = std::max(greatest, apis_[record.api(3)].load(std::memory_order_acquire));
    return Sequence{greatest};
  }

  // The writer only. Release: whoever sees it sees everything published before. Never lowers.
  // Requires a selector that exists: id in (0, bound), or 0 for the whole ledger.
  void publish(Selector selector, Sequence revoked_before) noexcept;

 private:
  [[nodiscard]] AtomicWord* find(Selector selector) noexcept;

  AddressSpace client_space_;
  AddressSpace api_space_;
  AddressSpace grant_space_;
  AddressSpace key_space_;
  AtomicWord* clients_;
  AtomicWord* apis_;
  AtomicWord* grants_;
  AtomicWord* keys_;
  AtomicWord all_{0};
};

}  // namespace tokenledger

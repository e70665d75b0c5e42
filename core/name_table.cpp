#include "core/name_table.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "core/invariant.hpp"
#include "core/watermarks.hpp"

namespace tokenledger {

struct NameTable::Name {
  std::uint32_t size;
  [[nodiscard]] const char* bytes() const noexcept {
    return reinterpret_cast<const char*>(this + 1);
  }
};

// The slots hold addresses as words: they start as zero pages, and zero is "no name".
NameTable::NameTable() : space_{kApiNumberEnd * kSlotsPerApi * sizeof(AtomicWord)} {}

AtomicWord& NameTable::slot(ApiNumber number, std::size_t position) const noexcept {
  return space_.words()[number.value() * kSlotsPerApi + position];
}

std::string_view NameTable::load(ApiNumber number, std::size_t position) const noexcept {
  if (number.value() >= kApiNumberEnd) return {};
  const std::uint64_t address = slot(number, position).load(std::memory_order_acquire);
  if (address == 0) return {};
  const auto* const name = reinterpret_cast<const Name*>(address);
  return {name->bytes(), name->size};
}

std::string_view NameTable::api(ApiNumber number) const noexcept { return load(number, 0); }

std::string_view NameTable::scope(ApiNumber number, std::uint32_t bit) const noexcept {
  if (bit >= kScopesPerApiMax) return {};
  return load(number, 1 + bit);
}

ApiNumber NameTable::find_api(std::string_view identifier) const noexcept {
  if (identifier.empty()) return {};
  const std::uint64_t greatest = greatest_api_.load(std::memory_order_acquire);
  for (std::uint64_t number = greatest; number > 0; --number) {
    const ApiNumber candidate{static_cast<std::uint32_t>(number)};
    if (api(candidate) == identifier) return candidate;
  }
  return {};
}

std::optional<std::uint64_t> NameTable::scope_mask(ApiNumber number,
                                                   std::span<const std::string_view> names,
                                                   std::uint64_t candidates) const noexcept {
  std::uint64_t mask = 0;
  for (const std::string_view name : names) {
    if (name.empty()) return std::nullopt;
    std::uint64_t left = candidates;
    while (left != 0 && scope(number, static_cast<std::uint32_t>(std::countr_zero(left))) != name) {
      left &= left - 1;
    }
    if (left == 0) return std::nullopt;
    mask |= left & (~left + 1);
  }
  return mask;
}

void NameTable::publish_api(ApiNumber number, std::string_view identifier) {
  publish(number, 0, identifier);
  const std::uint64_t greatest = greatest_api_.load(std::memory_order_relaxed);
  greatest_api_.store(std::max<std::uint64_t>(greatest, number.value()), std::memory_order_release);
}

void NameTable::publish_scope(ApiNumber number, std::uint32_t bit, std::string_view name) {
  LEDGER_INVARIANT(bit < kScopesPerApiMax);
  publish(number, 1 + bit, name);
}

void NameTable::publish(ApiNumber number, std::size_t position, std::string_view text) {
  LEDGER_INVARIANT(number.value() != 0);
  LEDGER_INVARIANT(number.value() < kApiNumberEnd);
  LEDGER_INVARIANT(!text.empty());
  LEDGER_INVARIANT(text.size() <= kNameBytesMax);
  const std::string_view present = load(number, position);
  LEDGER_INVARIANT(present.empty() || present == text);
  if (!present.empty()) return;
  auto block = std::make_unique<char[]>(sizeof(Name) + text.size());
  auto* const name = new (block.get()) Name{static_cast<std::uint32_t>(text.size())};
  std::memcpy(block.get() + sizeof(Name), text.data(), text.size());
  blocks_.push_back(std::move(block));
  slot(number, position).store(reinterpret_cast<std::uintptr_t>(name), std::memory_order_release);
}

}  // namespace tokenledger

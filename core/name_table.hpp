// NameTable: the strings a check compares: API identifiers and scope names.
//
// A name never changes and its memory stays until the destructor, so a reader may keep the view. A
// deleted API keeps its names; its watermark ends its tokens.
// Threads: one writer; readers on any thread, wait-free.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/address_space.hpp"
#include "core/token_class.hpp"

namespace tokenledger {

class NameTable {
 public:
  static constexpr std::size_t kNameBytesMax = 65'535;

  NameTable();  // address space only; throws std::bad_alloc

  // Empty when there is no such API.
  [[nodiscard]] std::string_view api(ApiNumber number) const noexcept;
  // Empty when the API has no such scope.
  [[nodiscard]] std::string_view scope(ApiNumber number, std::uint32_t bit) const noexcept;
  // Byte-identical (A20). Of several APIs that ever had this identifier, the newest; none: 0.
  // Cost: one comparison per API; resolve once, not per check.
  [[nodiscard]] ApiNumber find_api(std::string_view identifier) const noexcept;
  // The mask of these scope names, looked for among `candidates` only; none if one is not there.
  [[nodiscard]] std::optional<std::uint64_t> scope_mask(ApiNumber number,
                                                        std::span<const std::string_view> names,
                                                        std::uint64_t candidates = ~std::uint64_t{
                                                            0}) const noexcept;

  // The writer only. Publishing the same name again changes nothing; another name for the same
  // place breaks an invariant. 0 < number < kApiNumberEnd, bit < kScopesPerApiMax, 0 < size <=
  // kNameBytesMax.
  void publish_api(ApiNumber number, std::string_view identifier);
  void publish_scope(ApiNumber number, std::uint32_t bit, std::string_view name);

 private:
  // Length and bytes in one block, so that a comparison follows one pointer.
  struct Name;
  static constexpr std::size_t kSlotsPerApi = 1 + kScopesPerApiMax;

  [[nodiscard]] AtomicWord& slot(ApiNumber number, std::size_t position) const noexcept;
  [[nodiscard]] std::string_view load(ApiNumber number, std::size_t position) const noexcept;
  void publish(ApiNumber number, std::size_t position, std::string_view text);

  AddressSpace space_;
  AtomicWord greatest_api_{0};
  std::vector<std::unique_ptr<char[]>> blocks_;  // the writer's; frees the names at the end
};

}  // namespace tokenledger

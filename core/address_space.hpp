// AddressSpace: a large range of zeroed memory that costs nothing until it is written.
//
// The range is reserved once and never moves or shrinks before the destructor, so a pointer into it
// stays good without any reclamation scheme. Pages are taken at the first write and given back with
// discard().
// Threads: discard() belongs to one writer; readers may read at any time, also a discarded range.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace tokenledger {

using AtomicWord = std::atomic<std::uint64_t>;
static_assert(AtomicWord::is_always_lock_free, "D05: a check never takes a lock");
static_assert(sizeof(AtomicWord) == sizeof(std::uint64_t),
              "a zeroed page is an array of zero words");

class AddressSpace {
 public:
  // huge asks for 2 MiB pages and aligns the range to them: one page per chunk of entries, so that
  // a cold check pays one cache miss and no page walk.
  enum class Pages { small, huge };
  static constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

  // Reserves `bytes` > 0, all zero. Throws std::bad_alloc if the system refuses the range.
  explicit AddressSpace(std::size_t bytes, Pages pages = Pages::small);
  ~AddressSpace();
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;

  [[nodiscard]] AtomicWord* words() const noexcept { return words_; }

  // Makes [offset, offset + bytes) zero again and returns its pages. Both are multiples of 4 KiB
  // and the range lies inside. The range reads as zero afterwards even if the system keeps the
  // pages.
  void discard(std::size_t offset, std::size_t bytes) noexcept;

 private:
  void* mapping_ = nullptr;
  std::size_t mapping_bytes_ = 0;
  std::size_t bytes_ = 0;
  AtomicWord* words_ = nullptr;
};

}  // namespace tokenledger

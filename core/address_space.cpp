#include "core/address_space.hpp"

#include <sys/mman.h>

#include <new>

#include "core/invariant.hpp"

namespace tokenledger {

AddressSpace::AddressSpace(std::size_t bytes, Pages pages) : bytes_{bytes} {
  LEDGER_INVARIANT(bytes > 0);
  const bool huge = pages == Pages::huge;
  mapping_bytes_ = bytes + (huge ? kHugePageBytes : 0);
  mapping_ = ::mmap(nullptr, mapping_bytes_, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping_ == MAP_FAILED) throw std::bad_alloc{};
  auto address = reinterpret_cast<std::uintptr_t>(mapping_);
  if (huge) {
    address = (address + kHugePageBytes - 1) & ~(kHugePageBytes - 1);
    // Advice only: without huge pages everything works, a cold check is slower.
    (void)::madvise(reinterpret_cast<void*>(address), bytes, MADV_HUGEPAGE);
  }
  words_ = reinterpret_cast<AtomicWord*>(address);
}

AddressSpace::~AddressSpace() { ::munmap(mapping_, mapping_bytes_); }

void AddressSpace::discard(std::size_t offset, std::size_t bytes) noexcept {
  LEDGER_INVARIANT(offset + bytes <= bytes_);
  AtomicWord* const first = words_ + offset / sizeof(AtomicWord);
  if (::madvise(first, bytes, MADV_DONTNEED) == 0) return;
  // Locked memory (mlockall of the host program) cannot be returned; what stood there must still
  // go.
  for (std::size_t word = 0; word < bytes / sizeof(AtomicWord); ++word) {
    first[word].store(0, std::memory_order_release);
  }
}

}  // namespace tokenledger

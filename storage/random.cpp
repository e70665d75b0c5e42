#include "storage/random.hpp"

#include <pthread.h>
#include <sodium.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "core/invariant.hpp"

namespace tokenledger {
namespace {

std::atomic<std::uint64_t> fork_generation{1};

void watch_forks() {
  static const int registered =
      ::pthread_atfork(nullptr, nullptr, [] { fork_generation.fetch_add(1); });
  LEDGER_INVARIANT(registered == 0);
}

struct Block {
  std::array<std::uint8_t, 4096> bytes;
  std::size_t used = sizeof bytes;
  std::uint64_t generation = 0;
  ~Block() { ::sodium_memzero(bytes.data(), bytes.size()); }
};

void refill(Block& block) {
  static const int ready = ::sodium_init();
  LEDGER_INVARIANT(ready >= 0);
  watch_forks();
  ::randombytes_buf(block.bytes.data(), block.bytes.size());
  block.used = 0;
  block.generation = fork_generation.load();
}

}  // namespace

void fill_random(std::span<std::uint8_t> out) {
  thread_local Block block;
  while (!out.empty()) {
    if (block.used == block.bytes.size() || block.generation != fork_generation.load())
      refill(block);
    const auto count = std::min(out.size(), block.bytes.size() - block.used);
    std::memcpy(out.data(), block.bytes.data() + block.used, count);
    // What was handed out must not be found in this thread's memory later.
    ::sodium_memzero(block.bytes.data() + block.used, count);
    block.used += count;
    out = out.subspan(count);
  }
}

}  // namespace tokenledger

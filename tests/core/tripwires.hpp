// Tripwires for D05: a test program that includes this once counts every operator new and every
// pthread lock of the calling thread. Under a sanitizer, which owns both,
// TOKENLEDGER_OWNS_ALLOCATOR is 0 and nothing is counted.
#pragma once

#include <dlfcn.h>
#include <pthread.h>

#include <cstdint>
#include <cstdlib>
#include <new>

#include "tests/core/owns_allocator.hpp"

namespace {
// Of this thread: others may do what they like.
thread_local std::uint64_t allocations = 0;
thread_local std::uint64_t locks = 0;
}  // namespace

#if TOKENLEDGER_OWNS_ALLOCATOR
namespace {
void* count_and_allocate(std::size_t bytes) {
  ++allocations;
  if (void* const memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc{};
}
template <class Function>
Function* next_symbol(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}
}  // namespace

void* operator new(std::size_t bytes) { return count_and_allocate(bytes); }
void* operator new[](std::size_t bytes) { return count_and_allocate(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

extern "C" int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  static const auto next = next_symbol<int(pthread_mutex_t*)>("pthread_mutex_lock");
  ++locks;
  return next(mutex);
}
extern "C" int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
  static const auto next = next_symbol<int(pthread_rwlock_t*)>("pthread_rwlock_rdlock");
  ++locks;
  return next(lock);
}
#endif

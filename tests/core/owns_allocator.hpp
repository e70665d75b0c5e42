// TOKENLEDGER_OWNS_ALLOCATOR: 1 where a test program may replace operator new and pthread's locks;
// 0 under a sanitizer, which owns them.
#pragma once

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define TOKENLEDGER_OWNS_ALLOCATOR 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define TOKENLEDGER_OWNS_ALLOCATOR 0
#endif
#endif
#ifndef TOKENLEDGER_OWNS_ALLOCATOR
#define TOKENLEDGER_OWNS_ALLOCATOR 1
#endif

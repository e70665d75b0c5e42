// How the log's RocksDB is set up. Internal to storage/.
#pragma once

#include <rocksdb/options.h>

#include <atomic>
#include <functional>
#include <memory>

namespace tokenledger {

// Every option that matters is said here, whatever RocksDB's default is. Nothing of it comes from a
// caller, so no configuration can make RocksDB's assertions abort the process.
[[nodiscard]] rocksdb::Options log_rocks_options(rocksdb::Env* env, bool accept_damaged_tail,
                                                 std::function<void()> on_background_error);

// A read-ahead for scans: large enough that a cold disk streams.
inline constexpr std::size_t kScanReadAheadBytes = 4 * 1024 * 1024;
[[nodiscard]] rocksdb::ReadOptions log_read_options(bool scan);

}  // namespace tokenledger

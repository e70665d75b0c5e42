// LogDatabase: the open RocksDB of the log, its keys, and its reader. Internal to storage/.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/iterator.h>

#include <array>
#include <memory>
#include <optional>

#include "storage/event_log.hpp"

namespace tokenledger {

// A key is the seq, big-endian, so that RocksDB's byte order is log order.
using LogKey = std::array<char, 8>;
[[nodiscard]] inline LogKey log_key(Sequence seq) noexcept {
  LogKey key;
  for (std::size_t at = 0; at < key.size(); ++at)
    key[at] = static_cast<char>(seq.value() >> (8 * (key.size() - 1 - at)));
  return key;
}
[[nodiscard]] inline rocksdb::Slice slice_of(const LogKey& key) noexcept {
  return {key.data(), key.size()};
}
// nullopt: not a key of ours.
[[nodiscard]] inline std::optional<Sequence> sequence_of(const rocksdb::Slice& key) noexcept {
  if (key.size() != LogKey{}.size()) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t at = 0; at < key.size(); ++at)
    value = value << 8 | static_cast<std::uint8_t>(key[at]);
  return Sequence{value};
}

struct LogDatabase {
  std::shared_ptr<rocksdb::Env> env;  // outlives the database
  std::unique_ptr<rocksdb::DB> rocks;
};

// Greatest seq present; 0: empty. log_corrupt when the last key is not a seq.
[[nodiscard]] Result<Sequence> find_last(rocksdb::DB& rocks);

// `end`: what the reader must reach, or the log has a hole at its end. Keeps the database open.
[[nodiscard]] std::unique_ptr<LogReader> make_log_reader(
    std::shared_ptr<const LogDatabase> database, Sequence from, Sequence end, bool scan);

// Writes everything after `seq` to the new file `aside`, durably; see storage/log_tail.cpp.
[[nodiscard]] Result<void> copy_tail(FileLayer& files, rocksdb::DB& rocks, Sequence seq,
                                     const std::filesystem::path& aside);

}  // namespace tokenledger

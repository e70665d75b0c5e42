// LogSurgery: changes the log of a closed ledger as RocksDB does, so that every checksum is right.
#pragma once

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/byte_view.hpp"
#include "core/event_codec.hpp"

namespace tokenledger::crash_testing {

class LogSurgery {
 public:
  explicit LogSurgery(const std::filesystem::path& log) {
    rocksdb::DB* raw = nullptr;
    const auto status = rocksdb::DB::Open({}, log.string(), &raw);
    EXPECT_TRUE(status.ok()) << status.ToString();
    rocks_.reset(raw);
  }
  std::uint64_t last() {
    const std::unique_ptr<rocksdb::Iterator> at{rocks_->NewIterator({})};
    at->SeekToLast();
    std::uint64_t seq = 0;
    for (const char byte : at->key().ToStringView())
      seq = seq << 8 | static_cast<std::uint8_t>(byte);
    return seq;
  }
  void remove(std::uint64_t seq) { EXPECT_TRUE(rocks_->Delete({}, key(seq)).ok()); }
  void change_request_id(std::uint64_t seq) {
    auto event = decode_event(bytes_of(read(seq)));
    ASSERT_TRUE(event);
    event->request_id = "forged";
    const auto encoded = encode_event(*event);
    ASSERT_TRUE(encoded);
    put(seq, text_of(*encoded));
  }
  // Bytes that decode to the same event and are not those that we write.
  void append_a_byte(std::uint64_t seq) { put(seq, read(seq) + std::string(4, '\0')); }

 private:
  std::string read(std::uint64_t seq) {
    std::string bytes;
    EXPECT_TRUE(rocks_->Get({}, key(seq), &bytes).ok());
    return bytes;
  }
  void put(std::uint64_t seq, std::string_view bytes) {
    EXPECT_TRUE(rocks_->Put({}, key(seq), rocksdb::Slice{bytes.data(), bytes.size()}).ok());
  }
  static std::string key(std::uint64_t seq) {
    std::string key(8, '\0');
    for (int i = 7; i >= 0; --i, seq >>= 8)
      key[static_cast<std::size_t>(i)] = static_cast<char>(seq);
    return key;
  }
  std::unique_ptr<rocksdb::DB> rocks_;
};

}  // namespace tokenledger::crash_testing

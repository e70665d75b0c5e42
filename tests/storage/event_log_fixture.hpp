// A log on a disk that fails when asked to, and what may be done to it behind its back.
#pragma once

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "storage/event_log.hpp"
#include "storage/fault_injection.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger::testing_support {

// Power cuts are simulated here, so a RAM disk loses nothing and spares thousands of real fsyncs.
inline const bool kUsesRamDisk =
    std::filesystem::exists("/dev/shm") && ::setenv("TMPDIR", "/dev/shm", /*overwrite=*/0) == 0;

inline std::string text_of(std::uint64_t seq) { return "event " + std::to_string(seq); }

class EventLogTest : public testing::Test {
 protected:
  EventLog::Options options(bool create = false) {
    return {.directory = directory / "log", .files = files, .create = create};
  }
  Errc open(const EventLog::Options& how) {
    log.reset();
    auto opened = EventLog::open(how);
    if (!opened) return to_errc(opened.error());
    log = std::move(*opened);
    return {};
  }
  void make() { ASSERT_EQ(open(options(true)), Errc{}); }
  Errc reopen() { return open(options()); }

  Errc append(std::uint64_t count, std::size_t padding = 0) {
    const auto first = log->last_seq()->next();
    std::vector<std::string> texts;
    for (std::uint64_t i = 0; i < count; ++i)
      texts.push_back(text_of(first.value() + i) + std::string(padding, 'x'));
    std::vector<std::span<const std::uint8_t>> events;
    for (const auto& text : texts) events.push_back(as_bytes(text));
    const auto appended = log->append(first, events);
    return appended ? Errc{} : to_errc(appended.error());
  }
  std::uint64_t last() { return log->last_seq()->value(); }

  // Reads from `from` on; every text must be its seq's. How far it came, and why it stopped.
  struct Read {
    std::uint64_t last = 0;
    Errc failure{};
    bool operator==(const Read&) const = default;
  };
  Read read(std::uint64_t from = 1, bool scan = true) {
    const auto reader = log->read(Sequence{from}, scan);
    for (;;) {
      const auto event = reader->next();
      if (!event) return {reader->position().value(), to_errc(event.error())};
      if (event->empty()) return {reader->position().value(), {}};
      const std::string text{event->begin(), event->end()};
      EXPECT_EQ(text.substr(0, text.find('x')), text_of(reader->position().value()));
    }
  }

  // Behind the log's back, while it is closed.
  void with_rocks(const std::function<void(rocksdb::DB&)>& change) {
    log.reset();
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, (directory / "log").string(), &raw).ok());
    change(*raw);
    delete raw;
  }
  std::filesystem::path only_file(std::string_view suffix) {
    std::filesystem::path found;
    std::uintmax_t size = 0;
    for (const auto& entry : std::filesystem::directory_iterator{directory / "log"}) {
      const auto name = entry.path().filename().string();
      if (name.ends_with(suffix) && entry.file_size() >= size) {
        size = entry.file_size();
        found = entry.path();
      }
    }
    return found;
  }
  void flip_byte(const std::filesystem::path& path, std::size_t at) {
    std::string bytes = contents(path);
    ASSERT_LT(at, bytes.size());
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    std::ofstream{path, std::ios::binary} << bytes;
  }
  void cut_power() {
    files->crash();
    log.reset();
    ASSERT_TRUE(files->drop_unsynced());
  }

  TemporaryDirectory directory;
  TemporaryDirectory scratch;
  std::shared_ptr<FaultInjectingFileLayer> files =
      std::make_shared<FaultInjectingFileLayer>(scratch.path());
  std::unique_ptr<EventLog> log;
};

inline std::string key_of(std::uint64_t seq) {
  std::string key(8, '\0');
  for (int at = 7; at >= 0; --at, seq >>= 8) key[at] = static_cast<char>(seq);
  return key;
}

}  // namespace tokenledger::testing_support

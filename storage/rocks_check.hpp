// What can be said about the files of a RocksDB directory without trusting RocksDB's recovery.
//
// RocksDB checks what it reads, and reads what it needs: a record torn at the end of a WAL or a
// MANIFEST is dropped in silence, the zeros that fill a block are never looked at, and a table is
// compared with its checksum only when somebody asks. Here every byte of CURRENT, MANIFEST, WAL and
// tables counts. LOG, OPTIONS, IDENTITY and LOCK say nothing about the contents and are left alone.
//
// A WAL and a MANIFEST are block logs (RocksDB's log_format.h): blocks of 32 KiB, each
//   record := crc32c(4, masked) length(2) type(1: full, 2: first, 3: middle, 4: last) payload
// and zeros where less than a record's head fits before the block's end. This ledger neither
// recycles nor compresses WALs, so no other type is allowed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/byte_view.hpp"
#include "core/errc.hpp"

namespace tokenledger {

class File;
class FileLayer;

// What a look at files found; `file` is a name inside the directory.
struct RocksFinding {
  std::string file;
  std::string what;            // a sentence, with the byte where one is known
  bool is_difference = false;  // false: something a person may want to know
};

struct RocksCheckCounts {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  bool may_open = true;  // false: CURRENT, MANIFEST, WAL or a footer is damaged
};

struct RocksCheckOptions {
  std::filesystem::path directory;
  // Whole tables are read and compared with the checksums that the MANIFEST keeps; without it
  // their names and lengths alone.
  bool reads_tables = true;
  std::function<void(const RocksFinding&)> report;
  // Asked between the files; true ends it with shutting_down. May be empty.
  std::function<bool()> stops = {};
};

// A name that RocksDB gives to its files. Those of them that a difference may be reported of,
// DestroyDB removes.
[[nodiscard]] bool is_rocks_name(std::string_view name) noexcept;

// Nobody may write the directory meanwhile. Changes nothing but RocksDB's LOG. io_error: the
// directory can't be listed; shutting_down: `stops` said so; everything else is reported.
[[nodiscard]] Result<RocksCheckCounts> check_rocks_files(const std::shared_ptr<FileLayer>& files,
                                                         const RocksCheckOptions& options);

// What the records of a whole block log hold, one behind the other, without the heads that blocks
// put between them; from the first fault's block on the bytes as they stand.
[[nodiscard]] std::vector<std::uint8_t> block_log_payload(ByteView log);

// The first fault of a block log: empty when there is none. io_error.
[[nodiscard]] Result<std::string> find_block_log_fault(const File& file);

}  // namespace tokenledger

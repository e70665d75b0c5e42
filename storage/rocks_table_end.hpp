// The end of a RocksDB table, looked at before RocksDB does.
//
// A footer that names another checksum turns every later check off, and the properties block is
// taken apart before its checksum is compared: a RocksDB built with assertions aborts on some of
// what a damaged disk leaves there. Costs four short reads a table. Threads: any.
#pragma once

#include <filesystem>
#include <string>

#include "core/errc.hpp"

namespace tokenledger {

class File;
class FileLayer;

// The fault of a table's footer, meta index or the end of its properties block, with the byte;
// empty: none. Says nothing about the rest, which RocksDB's checksums cover. io_error.
[[nodiscard]] Result<std::string> find_table_end_fault(const File& table);

// A sentence about the first table of the directory that RocksDB must not be led to; empty: there
// is none, or no directory. A table that the MANIFEST does not name with its length is passed over:
// RocksDB removes what an interrupted write left, or says itself that a length is wrong. io_error.
[[nodiscard]] Result<std::string> find_dangerous_table(FileLayer& files,
                                                       const std::filesystem::path& directory);

}  // namespace tokenledger

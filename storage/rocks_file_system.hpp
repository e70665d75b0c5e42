// Leads RocksDB through our FileLayer.
#pragma once

#include <memory>

#include "storage/file_layer.hpp"

namespace rocksdb {
class Env;
}

namespace tokenledger {

// The environment for every RocksDB instance of one ledger. Without a fault policy it is RocksDB's
// own; with one, each change RocksDB makes on disk is asked for first. Keep the pointer until the
// last database is closed: rocksdb::Options holds it bare.
[[nodiscard]] std::shared_ptr<rocksdb::Env> make_rocks_env(std::shared_ptr<FileLayer> files);

}  // namespace tokenledger

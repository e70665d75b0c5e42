// The one border at which rocksdb::Status becomes our Errc. Internal to storage/.
#pragma once

#include "core/errc.hpp"

namespace rocksdb {
class Status;
}

namespace tokenledger {

// log_corrupt: a checksum failed or what RocksDB needs is not there. io_error: everything else that
// is not ok; a full disk too. Requires a status that is not ok.
[[nodiscard]] Errc to_errc(const rocksdb::Status& status) noexcept;
[[nodiscard]] Result<void> to_result(const rocksdb::Status& status) noexcept;

}  // namespace tokenledger

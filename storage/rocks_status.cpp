#include "storage/rocks_status.hpp"

#include <rocksdb/status.h>

#include "core/invariant.hpp"

namespace tokenledger {

Errc to_errc(const rocksdb::Status& status) noexcept {
  LEDGER_INVARIANT(!status.ok());
  // A file that MANIFEST names and the directory lacks is damage, not weather.
  if (status.IsCorruption() || status.IsPathNotFound()) return Errc::log_corrupt;
  return Errc::io_error;
}

Result<void> to_result(const rocksdb::Status& status) noexcept {
  if (!status.ok()) return to_errc(status);
  return {};
}

}  // namespace tokenledger

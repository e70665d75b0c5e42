// BackupManifest: what a backup holds, as the small text file `backup` in it.
//
//   tokenledger-backup 1
//   ledger <id, hex>
//   seq <last event>
//   made-at <nanoseconds since 1970>
//   <SHA-256, hex> <bytes> <name>          one line per file, ascending by name
//   end <SHA-256 of everything before this line, hex>
//
// The file stands there, empty, from before the first other one is copied: whatever has it is no
// ledger, and what has it empty is no backup yet either. The digests find damage and what is
// missing, and name the file; against somebody who rewrites both only a kept checkpoint helps.
// Threads: any (pure).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/errc.hpp"
#include "core/ids.hpp"

namespace tokenledger {

inline constexpr std::size_t kBackupFilesMax = 65'536;  // a table of the log has up to 256 MiB
inline constexpr std::size_t kBackupNameBytesMax = 128;
inline constexpr std::size_t kBackupManifestBytesMax = 16 * 1024 * 1024;

struct BackupFile {
  std::string name;  // "HEAD" or "log/000012.sst": two parts at most, no other folder than ours
  std::uint64_t bytes = 0;
  Digest sha256{};
  friend bool operator==(const BackupFile&, const BackupFile&) = default;
};

struct BackupManifest {
  std::array<std::uint8_t, 16> ledger_id{};
  Sequence seq;
  LedgerTime made_at;
  std::vector<BackupFile> files;  // ascending by name
  friend bool operator==(const BackupManifest&, const BackupManifest&) = default;

  // Of all files together; the greatest number there is when they are more.
  [[nodiscard]] std::uint64_t bytes() const noexcept;
};

// The folders that a backup may have below its own.
inline constexpr std::array<std::string_view, 3> kBackupFolders = {"audit", "log", "snapshots"};

// too_large: too many files; invalid_argument: a name that may not stand there, or their order.
[[nodiscard]] Result<std::string> format_backup_manifest(const BackupManifest& manifest);
// audit_corrupt: not exactly what format_backup_manifest() writes.
[[nodiscard]] Result<BackupManifest> parse_backup_manifest(std::string_view text);

}  // namespace tokenledger

#include "storage/durable_file.hpp"

namespace tokenledger {
namespace {

Result<void> write_through_temporary(FileLayer& files, const std::filesystem::path& path,
                                     std::span<const std::uint8_t> bytes,
                                     FileLayer::Replace replace) {
  std::filesystem::path temporary = path;
  temporary += kTemporarySuffix;
  // Left behind by a crash before the rename below; nothing refers to it.
  const auto stale = files.exists(temporary);
  if (!stale) return stale.error();
  if (*stale) {
    if (const auto removed = files.remove(temporary); !removed) return removed.error();
  }

  auto file = files.create(temporary);
  if (!file) return file.error();
  // A crash here leaves the old file and an empty or partial temporary one.
  if (const auto written = (*file)->append(bytes); !written) return written.error();
  if (const auto synced = (*file)->sync(); !synced) return synced.error();
  file->reset();
  // A crash here leaves the old file; the complete temporary one is never looked at.
  if (const auto renamed = files.rename(temporary, path, replace); !renamed) {
    (void)files.remove(temporary);  // it may hold secrets; the next write would remove it anyway
    return renamed.error();
  }
  // A process that dies here leaves the new file; a power cut leaves the old one or the new one.
  return files.sync_directory(parent_directory(path));
  // From here the new file survives everything.
}

}  // namespace

std::filesystem::path parent_directory(const std::filesystem::path& path) {
  const auto parent = path.parent_path();
  return parent.empty() ? std::filesystem::path{"."} : parent;
}

Result<void> write_durably(FileLayer& files, const std::filesystem::path& path,
                           std::span<const std::uint8_t> bytes) {
  return write_through_temporary(files, path, bytes, FileLayer::Replace::yes);
}

Result<void> create_durably(FileLayer& files, const std::filesystem::path& path,
                            std::span<const std::uint8_t> bytes) {
  const auto there = files.exists(path);
  if (!there) return there.error();
  if (*there) return Errc::file_exists;  // the rename would refuse too; this spares the writing
  return write_through_temporary(files, path, bytes, FileLayer::Replace::no);
}

Result<std::vector<std::uint8_t>> read_whole(FileLayer& files, const std::filesystem::path& path,
                                             std::size_t bytes_max) {
  const auto file = files.open_for_reading(path);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  if (*size > bytes_max) return Errc::too_large;
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(*size));
  const auto count = (*file)->read_at(0, bytes);
  if (!count) return count.error();
  if (*count != bytes.size()) return Errc::io_error;  // it shrank while we read
  return bytes;
}

Result<void> ensure_directory(FileLayer& files, const std::filesystem::path& path) {
  const auto made = files.make_directory(path);
  if (!made && made.error() != Errc::file_exists) return made.error();
  // Also when it existed: an earlier start may have died between making and syncing the name.
  return files.sync_directory(parent_directory(path));
}

}  // namespace tokenledger

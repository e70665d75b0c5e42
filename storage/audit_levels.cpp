#include "storage/audit_levels.hpp"

#include "core/invariant.hpp"

namespace tokenledger {
AuditLevels::AuditLevels(FileLayer& files, std::filesystem::path directory)
    : files_{files}, directory_{std::move(directory)} {}

std::filesystem::path AuditLevels::path(const std::filesystem::path& directory, unsigned level) {
  return directory / ("level-" + std::to_string(level));
}

Result<std::unique_ptr<AuditLevels>> AuditLevels::open(FileLayer& files,
                                                       const std::filesystem::path& directory,
                                                       std::uint64_t size) {
  std::unique_ptr<AuditLevels> made{new AuditLevels{files, directory}};
  for (unsigned level = 1; level <= kLevels; ++level) {
    const auto opened = made->open_level(level, tile_level_hashes(level, size));
    if (!opened) return opened.error();
  }
  return made;
}

// Bytes behind what was synced are those of a crash: maybe whole, maybe torn. They are made again.
Result<void> AuditLevels::open_level(unsigned level, std::uint64_t hashes) {
  auto opened = files_.open(path(directory_, level));
  if (!opened) {
    const bool is_missing = opened.error() == Errc::file_not_found;
    if (is_missing && hashes == 0) return {};
    return is_missing ? boost::system::error_code{Errc::audit_corrupt} : opened.error();
  }
  const auto bytes = (*opened)->size();
  if (!bytes) return bytes.error();
  if (*bytes < hashes * sizeof(Digest)) return Errc::audit_corrupt;
  if (*bytes > hashes * sizeof(Digest)) {
    if (auto cut = (*opened)->truncate(hashes * sizeof(Digest)); !cut) return cut;
  }
  auto& made = levels_[level - 1];
  made.file = std::move(*opened);
  made.durable.store(hashes, std::memory_order_release);
  return {};
}

Result<void> AuditLevels::destroy(FileLayer& files, const std::filesystem::path& directory) {
  for (unsigned level = 1; level <= kLevels; ++level) {
    const auto removed = files.remove(path(directory, level));
    if (!removed && removed.error() != Errc::file_not_found) return removed;
  }
  return files.sync_directory(directory);
}

void AuditLevels::append(unsigned level, const Digest& hash) {
  LEDGER_INVARIANT(level >= 1 && level <= kLevels);
  auto& waiting = levels_[level - 1].waiting;
  waiting.insert(waiting.end(), hash.begin(), hash.end());
  ++waiting_;
}

Result<void> AuditLevels::sync() {
  bool made_file = false;
  for (unsigned level = 1; level <= kLevels; ++level) {
    auto& at = levels_[level - 1];
    if (at.waiting.empty()) continue;
    if (at.file == nullptr) {
      auto created = files_.create(path(directory_, level));
      if (!created) return created.error();
      at.file = std::move(*created);
      made_file = true;
    }
    if (auto appended = at.file->append(at.waiting); !appended) return appended;
    if (auto synced = at.file->sync_data(); !synced) return synced;
  }
  if (made_file) {
    if (auto named = files_.sync_directory(directory_); !named) return named;
  }
  for (auto& at : levels_) {
    at.durable.fetch_add(at.waiting.size() / sizeof(Digest), std::memory_order_release);
    at.waiting.clear();
  }
  waiting_ = 0;
  return {};
}

Result<std::vector<std::uint8_t>> AuditLevels::read_tile(const TileId& id) const {
  if (id.level < 1 || id.level > kLevels) return Errc::invalid_argument;
  const auto& level = levels_[id.level - 1];
  const auto end = id.index * kTileHashes + id.width;
  if (end > level.durable.load(std::memory_order_acquire)) return Errc::sequence_in_future;
  std::vector<std::uint8_t> bytes(id.width * sizeof(Digest));
  const std::scoped_lock lock{readers_mutex_};
  if (level.reader == nullptr) {
    auto opened = files_.open_for_reading(path(directory_, id.level));
    if (!opened) return opened.error();
    level.reader = std::move(*opened);
  }
  const auto read = level.reader->read_at(id.index * kTileBytesMax, bytes);
  if (!read) return read.error();
  if (*read != bytes.size()) return Errc::audit_corrupt;
  return bytes;
}

}  // namespace tokenledger

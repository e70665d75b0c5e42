#include "replay/audit_export.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/byte_view.hpp"
#include "core/log_tile.hpp"
#include "core/merkle.hpp"
#include "storage/durable_file.hpp"

namespace tokenledger {
namespace {

inline constexpr std::uint64_t kProgressEvery = 1u << 14;

class Exporter {
 public:
  Exporter(FileLayer& files, const AuditExportOptions& options)
      : files_{files}, options_{options}, directory_{options.directory} {
    if (!directory_.has_filename()) directory_ = directory_.parent_path();  // "out/"
  }

  Result<void> begin() {
    if (auto made = ensure_directory(files_, directory_); !made) return made;
    const auto names = files_.list(directory_);
    if (!names) return names.error();
    return names->empty() ? Result<void>{} : Errc::directory_not_empty;
  }

  Result<void> add(ByteView event) {
    if (options_.with_entries) {
      entries_.emplace_back(event.begin(), event.end());
      if (entries_.size() == kTileHashes) {
        if (auto written = write_bundle(); !written) return written;
      }
    }
    Result<void> outcome;
    range_.append(leaf_hash(event), [&](unsigned level, std::uint64_t number, const Digest& hash) {
      if (level % kTileNodeLevels != 0 || !outcome) return;
      outcome = add_hash(level / kTileNodeLevels, number, hash);
    });
    return outcome;
  }

  // The partial tiles at the right edge, then every name made durable, then the checkpoint.
  Result<AuditExported> finish(const ShownCheckpoint& signed_by) {
    if (range_.root() != signed_by.root) return Errc::root_mismatch;
    for (auto& [level, tile] : open_tiles_) {
      if (tile.bytes.empty()) continue;
      if (auto written = write_tile(level, tile); !written) return written.error();
    }
    if (!entries_.empty()) {
      if (auto written = write_bundle(); !written) return written.error();
    }
    for (const auto& directory : made_) {
      if (auto synced = files_.sync_directory(directory); !synced) return synced.error();
    }
    // A crash before this line leaves tiles without a checkpoint: nobody takes that for a log.
    const auto path = directory_ / "checkpoint";
    if (auto written = create_durably(files_, path, bytes_of(signed_by.note)); !written)
      return written.error();
    exported_.size = range_.size();
    return exported_;
  }

 private:
  struct OpenTile {
    std::uint64_t index = 0;
    std::vector<std::uint8_t> bytes;
  };

  Result<void> add_hash(unsigned level, std::uint64_t number, const Digest& hash) {
    auto& tile = open_tiles_[level];
    tile.index = number / kTileHashes;
    tile.bytes.insert(tile.bytes.end(), hash.begin(), hash.end());
    return tile.bytes.size() == kTileBytesMax ? write_tile(level, tile) : Result<void>{};
  }

  Result<void> write_tile(unsigned level, OpenTile& tile) {
    const TileId id{level, tile.index, tile.bytes.size() / sizeof(Digest)};
    ++exported_.tiles;
    auto written = write(tile_path(id), tile.bytes);
    tile.bytes.clear();
    return written;
  }

  Result<void> write_bundle() {
    const std::vector<ByteView> views{entries_.begin(), entries_.end()};
    const auto bundle = encode_entry_bundle(views);
    if (!bundle) return bundle.error();
    const TileId id{0, exported_.bundles++, entries_.size()};
    entries_.clear();
    return write(entry_bundle_path(id), *bundle);
  }

  Result<void> write(const std::string& name, ByteView bytes) {
    const auto path = directory_ / name;
    if (auto made = make_parents(path.parent_path()); !made) return made;
    auto file = files_.create(path);
    if (!file) return file.error();
    if (auto appended = (*file)->append(bytes); !appended) return appended;
    return (*file)->sync();
  }

  Result<void> make_parents(const std::filesystem::path& directory) {
    if (directory == directory_ || made_.contains(directory)) return {};
    if (auto made = make_parents(directory.parent_path()); !made) return made;
    const auto made = files_.make_directory(directory);
    if (!made && made.error() != Errc::file_exists) return made;
    made_.insert(directory);
    return {};
  }

  FileLayer& files_;
  const AuditExportOptions& options_;
  std::filesystem::path directory_;
  CompactRange range_;
  std::map<unsigned, OpenTile> open_tiles_;         // at most kTileLevelMax
  std::vector<std::vector<std::uint8_t>> entries_;  // at most kTileHashes
  std::set<std::filesystem::path> made_;
  AuditExported exported_;
};

}  // namespace

Result<AuditExported> export_audit(FileLayer& files, const EventLog& log, const AuditFiles& audit,
                                   const AuditExportOptions& options) {
  const auto signed_by = audit.newest();
  if (!signed_by) return signed_by.error();
  Exporter exporter{files, options};
  if (auto begun = exporter.begin(); !begun) return begun.error();
  const auto end = signed_by->size;
  const auto reader = log.read(Sequence{1}, true);
  for (std::uint64_t done = 0; done < end; ++done) {
    const auto event = reader->next();
    if (!event) return event.error();
    if (event->empty()) return Errc::log_corrupt;
    if (auto added = exporter.add(*event); !added) return added.error();
    if (options.progress && done % kProgressEvery == 0) options.progress(done, end);
  }
  return exporter.finish(*signed_by);
}

}  // namespace tokenledger

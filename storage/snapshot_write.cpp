#include <algorithm>
#include <vector>

#include "core/byte_view.hpp"
#include "core/invariant.hpp"
#include "core/state_codec.hpp"
#include "core/validity_index.hpp"
#include "storage/crc32c.hpp"
#include "storage/durable_file.hpp"
#include "storage/file_layer.hpp"
#include "storage/snapshot.hpp"
#include "storage/snapshot_format.hpp"

namespace tokenledger {
namespace {

// Written pages are handed to the disk in pieces: one fsync of all at the end would hold up the
// log's own.
constexpr std::uint64_t kSyncEveryBytes = 32 * 1024 * 1024;

ByteView bytes_of_words(std::span<const std::uint64_t> words) {
  return {reinterpret_cast<const std::uint8_t*>(words.data()), words.size_bytes()};
}

// One snapshot on its way into its temporary file.
class SnapshotWriter {
 public:
  SnapshotWriter(File& file, const FrozenState& frozen, const StateSummary& summary,
                 const ValidityIndex& index)
      : file_{file},
        frozen_{frozen},
        summary_{summary},
        index_{index},
        entries_(kChunkEntryWords),
        bits_(kChunkBitWords),
        bindings_(kChunkTokens) {}

  Result<void> write(const std::function<Sequence()>& published) {
    // Holds the header's place; a file without its header is no snapshot.
    const std::array<std::uint8_t, kSnapshotHeaderBytes> empty{};
    if (auto written = append(empty); !written) return written;
    if (auto written = append(bytes_of(frozen_.state)); !written) return written;
    if (auto written = append(bytes_of(frozen_.compact_range)); !written) return written;
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      if (auto written = write_lane(static_cast<Lane>(lane)); !written) return written;
    }
    if (!nothing_was_retired()) return Errc::snapshot_corrupt;
    // After the last word was copied: whatever stands in the copy was published by now.
    const Sequence end = published();
    LEDGER_INVARIANT(end >= frozen_.seq);
    if (auto written = append(bytes_of(table_)); !written) return written;
    return file_.write_at(0, encode_snapshot_header(header(end)));
  }

 private:
  Result<void> append(ByteView bytes) {
    if (auto written = file_.append(bytes); !written) return written;
    file_bytes_ += bytes.size();
    unsynced_bytes_ += bytes.size();
    if (unsynced_bytes_ < kSyncEveryBytes) return {};
    unsynced_bytes_ = 0;
    return file_.sync_data();
  }

  SnapshotHeader header(Sequence end) const {
    return {.chunk_count = static_cast<std::uint32_t>(table_.size() / kChunkRecordBytes),
            .ledger_id = summary_.ledger_id,
            .seq = frozen_.seq,
            .end = end,
            .file_bytes = file_bytes_,
            .state_bytes = frozen_.state.size(),
            .state_crc = crc32c(bytes_of(frozen_.state)),
            .range_bytes = static_cast<std::uint32_t>(frozen_.compact_range.size()),
            .range_crc = crc32c(bytes_of(frozen_.compact_range)),
            .table_crc = crc32c(bytes_of(table_))};
  }

  // Chunks that are made while we copy hold only tokens issued after S, so the range as it is now
  // is enough.
  Result<void> write_lane(Lane lane) {
    const ChunkRange range = index_.chunks(lane);
    for (std::uint64_t chunk = range.first; chunk < range.end; ++chunk) {
      const ChunkWords<std::uint64_t> words{std::span{entries_}.first<kChunkEntryWords>(),
                                            std::span{bits_}.first<kChunkBitWords>(),
                                            std::span{bindings_}.first<kChunkTokens>()};
      if (!index_.copy_chunk(lane, chunk, words)) continue;  // never used; or see below
      if (auto written = write_chunk(TokenIndex{lane, chunk * kChunkTokens}); !written)
        return written;
    }
    return {};
  }

  Result<void> write_chunk(TokenIndex base) {
    const std::uint32_t count = forget_later_tokens();
    if (count == 0) return {};
    const auto entries = bytes_of_words(std::span{entries_}.first(count * kEntryWords));
    const auto bits = bytes_of_words(std::span{bits_}.first((count + 63) / 64));
    const auto bound = gather_bindings(count);
    const auto bindings = bytes_of_words(std::span{bindings_}.first(bound));
    append_chunk_record(table_, {.base = base,
                                 .entries = count,
                                 .bound = bound,
                                 .crc = crc32c(bindings, crc32c(bits, crc32c(entries)))});
    if (auto written = append(entries); !written) return written;
    if (auto written = append(bits); !written) return written;
    return append(bindings);
  }

  // Clears what was issued after S; returns the count up to the last entry that stays.
  std::uint32_t forget_later_tokens() {
    std::uint32_t count = 0;
    for (std::uint32_t slot = 0; slot < kChunkTokens; ++slot) {
      const EntryWords entry = entry_at(slot);
      if (!entry.is_issued()) continue;
      if (entry.issued_seq() > frozen_.seq) {
        std::fill_n(entries_.data() + slot * kEntryWords, kEntryWords, 0);
        bits_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
      } else {
        count = slot + 1;
      }
    }
    return count;
  }

  // Moves the bindings of the bound entries among the first `count` to the front; how many.
  std::uint32_t gather_bindings(std::uint32_t count) {
    std::uint32_t bound = 0;
    for (std::uint32_t slot = 0; slot < count; ++slot) {
      if (entry_at(slot).is_bound()) bindings_[bound++] = bindings_[slot];
    }
    return bound;
  }

  // Its word 3 alone.
  EntryWords entry_at(std::uint32_t slot) const {
    return {{0, 0, 0, entries_[slot * kEntryWords + 3]}};
  }

  // A chunk that was retired after S would be missing, and the fold of its retirement would then
  // find no tokens to count.
  bool nothing_was_retired() const {
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      if (index_.oldest_chunk(static_cast<Lane>(lane)) * kChunkTokens !=
          summary_.lane_oldest[lane]) {
        return false;
      }
    }
    return true;
  }

  File& file_;
  const FrozenState& frozen_;
  const StateSummary& summary_;
  const ValidityIndex& index_;
  std::vector<std::uint64_t> entries_;
  std::vector<std::uint64_t> bits_;
  std::vector<std::uint64_t> bindings_;
  std::string table_;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t unsynced_bytes_ = 0;
};

// Temporary files of writers that died; only one writes at a time.
Result<void> remove_temporaries(FileLayer& files, const std::filesystem::path& directory) {
  const auto names = files.list(directory);
  if (!names) return names.error();
  for (const auto& name : *names) {
    std::string_view stem{name};
    if (!stem.ends_with(kTemporarySuffix)) continue;
    stem.remove_suffix(std::string_view{kTemporarySuffix}.size());
    if (!parse_snapshot_name(stem)) continue;
    if (auto removed = files.remove(directory / name); !removed) return removed;
  }
  return {};
}

// A crash in between leaves more than the kept ones; the next writer removes them.
Result<void> remove_older(FileLayer& files, const std::filesystem::path& directory) {
  const auto names = files.list(directory);
  if (!names) return names.error();
  std::vector<Sequence> snapshots;
  for (const auto& name : *names) {
    if (const auto seq = parse_snapshot_name(name)) snapshots.push_back(*seq);
  }
  std::ranges::sort(snapshots, std::ranges::greater{});
  for (std::size_t i = kSnapshotsKept; i < snapshots.size(); ++i) {
    if (auto removed = files.remove(directory / snapshot_name(snapshots[i])); !removed)
      return removed;
  }
  return {};
}

Result<void> write_temporary(FileLayer& files, const std::filesystem::path& temporary,
                             const FrozenState& frozen, const StateSummary& summary,
                             const ValidityIndex& index,
                             const std::function<Sequence()>& published) {
  auto file = files.create(temporary);
  if (!file) return file.error();
  SnapshotWriter writer{**file, frozen, summary, index};
  if (auto written = writer.write(published); !written) return written;
  return (*file)->sync();
}

}  // namespace

Result<void> write_snapshot(FileLayer& files, const std::filesystem::path& directory,
                            const FrozenState& frozen, const ValidityIndex& index,
                            const std::function<Sequence()>& published) {
  const auto summary = summarize_state(frozen.state);
  if (!summary) return summary.error();
  LEDGER_INVARIANT(summary->last_seq == frozen.seq);
  if (auto removed = remove_temporaries(files, directory); !removed) return removed;
  const auto path = directory / snapshot_name(frozen.seq);
  std::filesystem::path temporary = path;
  temporary += kTemporarySuffix;
  // A crash until the rename leaves the older snapshots and a temporary file nobody reads.
  if (auto written = write_temporary(files, temporary, frozen, *summary, index, published);
      !written) {
    (void)files.remove(temporary);  // the next writer would remove it anyway
    return written;
  }
  if (auto renamed = files.rename(temporary, path, FileLayer::Replace::yes); !renamed)
    return renamed;
  // A power cut here leaves the older snapshots or all; each is whole.
  if (auto synced = files.sync_directory(directory); !synced) return synced;
  // From here the new one survives everything, so an older one may go.
  return remove_older(files, directory);
}

}  // namespace tokenledger

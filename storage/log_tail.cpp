// tail   := "TLTAIL01" record*
// record := seq(8) length(4) crc32c(4) of the event, then its bytes; integers little-endian
//
// Seqs ascend; a hole in the log is a hole here. What `recover` cut off is kept like this, for a
// person to look at; nothing reads it back.
#include <cstring>
#include <string>

#include "core/byte_view.hpp"
#include "storage/crc32c.hpp"
#include "storage/durable_file.hpp"
#include "storage/event_log_options.hpp"
#include "storage/file_layer.hpp"
#include "storage/log_database.hpp"
#include "storage/rocks_status.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kMagic = "TLTAIL01";
constexpr std::size_t kWriteBytes = 1024 * 1024;

template <class Integer>
void put(std::string& out, Integer value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

Result<void> write_records(File& file, rocksdb::DB& rocks, Sequence after) {
  std::string pending{kMagic};
  const std::unique_ptr<rocksdb::Iterator> iterator{rocks.NewIterator(log_read_options(true))};
  for (iterator->Seek(slice_of(log_key(after.next()))); iterator->Valid(); iterator->Next()) {
    const auto value = iterator->value();
    const std::string_view bytes{value.data(), value.size()};
    put(pending, sequence_of(iterator->key()).value_or(Sequence{}).value());
    put(pending, static_cast<std::uint32_t>(bytes.size()));
    put(pending, crc32c(bytes_of(bytes)));
    pending.append(bytes);
    if (pending.size() < kWriteBytes) continue;
    if (auto written = file.append(bytes_of(pending)); !written) return written;
    pending.clear();
  }
  if (const auto status = iterator->status(); !status.ok()) return to_errc(status);
  if (auto written = file.append(bytes_of(pending)); !written) return written;
  return file.sync();
}

}  // namespace

Result<void> copy_tail(FileLayer& files, rocksdb::DB& rocks, Sequence seq,
                       const std::filesystem::path& aside) {
  const auto there = files.exists(aside);
  if (!there) return there.error();
  if (*there) return Errc::file_exists;
  std::filesystem::path temporary = aside;
  temporary += kTemporarySuffix;
  // Left behind by a crash before the rename below; the log still holds all of it.
  if (const auto removed = files.remove(temporary);
      !removed && to_errc(removed.error()) != Errc::file_not_found) {
    return removed.error();
  }
  auto file = files.create(temporary);
  if (!file) return file.error();
  if (auto written = write_records(**file, rocks, seq); !written) return written;
  file->reset();
  // A crash here leaves the log whole and a complete copy under its temporary name.
  if (auto renamed = files.rename(temporary, aside, FileLayer::Replace::no); !renamed)
    return renamed;
  // A power cut before the next line may lose the copy's name, but then the log is whole.
  return files.sync_directory(parent_directory(aside));
}

}  // namespace tokenledger

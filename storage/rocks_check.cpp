#include "storage/rocks_check.hpp"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/metadata.h>
#include <rocksdb/sst_file_reader.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <vector>

#include "core/byte_view.hpp"
#include "storage/byte_codec.hpp"
#include "storage/crc32c.hpp"
#include "storage/durable_file.hpp"
#include "storage/file_layer.hpp"
#include "storage/rocks_file_system.hpp"
#include "storage/rocks_table_end.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kCurrentBytesMax = 64;
constexpr std::size_t kReadBytes = 1024 * 1024;
constexpr std::string_view kManifest = "MANIFEST-";

// Of more digits RocksDB makes no number of a file, and so takes no notice of the name.
constexpr std::size_t kNumberDigitsMax = 19;

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= kNumberDigitsMax &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// "000012.log" with ".log".
bool is_numbered(std::string_view name, std::string_view suffix) {
  return name.ends_with(suffix) && is_number(name.substr(0, name.size() - suffix.size()));
}

bool is_manifest(std::string_view name) {
  return name.starts_with(kManifest) && is_number(name.substr(kManifest.size()));
}

bool is_temporary(std::string_view name) { return name.ends_with(".dbtmp"); }

bool says_nothing(std::string_view name) {
  return name == "LOG" || name.starts_with("LOG.old.") || name.starts_with("OPTIONS-") ||
         name == "IDENTITY" || name == "LOCK";
}

rocksdb::Options plain_options(rocksdb::Env* env) {
  rocksdb::Options options;
  options.env = env;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  return options;
}

// As RocksDB's crc32c generator writes it: big-endian.
std::string stored_form(std::uint32_t crc) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(crc >> shift);
  return text;
}

class RocksCheck {
 public:
  RocksCheck(const std::shared_ptr<FileLayer>& files, const RocksCheckOptions& options)
      : files_{files}, options_{options} {}

  Result<RocksCheckCounts> run() {
    const auto names = files_->list(options_.directory);
    if (!names) return names.error();
    for (const auto& name : *names) {
      if (stops()) return Errc::shutting_down;
      look_at(name);
    }
    if (!has_current_) fault("CURRENT", "the file is missing");
    if (counts_.may_open && !check_tables()) return Errc::shutting_down;
    return counts_;
  }

 private:
  [[nodiscard]] bool stops() const { return options_.stops && options_.stops(); }
  void report(const std::string& file, const std::string& what, bool is_difference) {
    if (options_.report) options_.report({file, what, is_difference});
  }
  // Of a file without which RocksDB would be led astray.
  void fault(const std::string& file, const std::string& what) {
    counts_.may_open = false;
    report(file, what, true);
  }

  void look_at(const std::string& name) {
    if (says_nothing(name)) return;
    if (is_numbered(name, ".sst")) {
      found_tables_.insert(name);
      check_footer(name);
    } else if (name == "CURRENT") {
      check_current();
    } else if (is_manifest(name) || is_numbered(name, ".log")) {
      check_block_log(name);
    } else if (is_temporary(name)) {
      report(name, "left behind by an interrupted write; the next start removes it", false);
    } else {
      report(name, "no file of this ledger has this name", true);
    }
  }

  void check_current() {
    has_current_ = true;
    ++counts_.files;
    const auto bytes = read_whole(*files_, options_.directory / "CURRENT", kCurrentBytesMax);
    const std::string text = bytes ? std::string{bytes->begin(), bytes->end()} : std::string{};
    const bool names_manifest =
        text.ends_with('\n') && is_manifest(std::string_view{text}.substr(0, text.size() - 1));
    if (!names_manifest) return fault("CURRENT", "it does not name a MANIFEST");
    const auto there = files_->exists(options_.directory / text.substr(0, text.size() - 1));
    if (!there || !*there) fault("CURRENT", "the MANIFEST that it names is missing");
  }

  void check_block_log(const std::string& name) {
    ++counts_.files;
    const auto file = files_->open_for_reading(options_.directory / name);
    if (!file) return fault(name, "can't be read: " + file.error().message());
    if (const auto size = (*file)->size(); size) counts_.bytes += *size;
    const auto found = find_block_log_fault(**file);
    if (!found) return fault(name, "can't be read: " + found.error().message());
    if (!found->empty()) fault(name, *found);
  }

  void check_footer(const std::string& name) {
    const auto file = files_->open_for_reading(options_.directory / name);
    const auto found = file ? find_table_end_fault(**file) : Result<std::string>{file.error()};
    if (!found) return fault(name, "can't be read: " + found.error().message());
    if (!found->empty()) fault(name, *found);
  }

  // False: it was told to stop.
  [[nodiscard]] bool check_tables() {
    const auto env = make_rocks_env(files_);
    rocksdb::DB* raw = nullptr;
    const auto status =
        rocksdb::DB::OpenForReadOnly(plain_options(env.get()), options_.directory.string(), &raw);
    const std::unique_ptr<rocksdb::DB> database{raw};
    if (!status.ok()) {
      counts_.may_open = false;
      return blame_tables(env.get(), status);
    }
    std::vector<rocksdb::LiveFileMetaData> tables;
    database->GetLiveFilesMetaData(&tables);
    for (const auto& table : tables) {
      if (stops()) return false;
      check_table(table);
    }
    for (const auto& name : found_tables_) {
      report(name, "left behind by an interrupted write; the next start removes it", false);
    }
    return true;
  }

  void check_table(const rocksdb::LiveFileMetaData& table) {
    const auto& name = table.relative_filename;
    found_tables_.erase(name);
    ++counts_.files;
    const auto file = files_->open_for_reading(options_.directory / name);
    if (!file) return report(name, "can't be read: " + file.error().message(), true);
    const auto size = (*file)->size();
    if (!size || *size != table.size)
      return report(name, "the table has another length than the MANIFEST says", true);
    counts_.bytes += *size;
    if (!options_.reads_tables) return;
    if (table.file_checksum_func_name != "FileChecksumCrc32c")
      return report(name, "the MANIFEST has no checksum of this table", true);
    const auto crc = checksum_of(**file, *size);
    if (!crc) return report(name, "can't be read: " + crc.error().message(), true);
    if (stored_form(*crc) != table.file_checksum)
      report(name, "the table's bytes do not have the checksum in the MANIFEST", true);
  }

  static Result<std::uint32_t> checksum_of(const File& file, std::uint64_t size) {
    std::vector<std::uint8_t> block(
        static_cast<std::size_t>(std::min<std::uint64_t>(size, kReadBytes)));
    std::uint32_t crc = 0;
    for (std::uint64_t at = 0; at < size;) {
      const auto count = file.read_at(at, block);
      if (!count) return count.error();
      if (*count == 0) return Errc::io_error;
      crc = crc32c(std::span{block}.first(*count), crc);
      at += *count;
    }
    return crc;
  }

  // RocksDB gives up at the first table it can't use; a person wants to know which. False: told to
  // stop.
  [[nodiscard]] bool blame_tables(rocksdb::Env* env, const rocksdb::Status& refusal) {
    bool is_named = false;
    for (const auto& name : found_tables_) {
      if (stops()) return false;
      rocksdb::SstFileReader reader{plain_options(env)};
      auto status = reader.Open((options_.directory / name).string());
      if (status.ok()) status = reader.VerifyChecksum();
      if (status.ok()) continue;
      is_named = true;
      report(name, "the table is damaged", true);
    }
    if (!is_named) report({}, "RocksDB does not open it: " + refusal.ToString(), true);
    return true;
  }

  const std::shared_ptr<FileLayer>& files_;
  const RocksCheckOptions& options_;
  RocksCheckCounts counts_;
  std::set<std::string> found_tables_;
  bool has_current_ = false;
};

}  // namespace

bool is_rocks_name(std::string_view name) noexcept {
  return says_nothing(name) || name == "CURRENT" || is_manifest(name) || is_temporary(name) ||
         is_numbered(name, ".sst") || is_numbered(name, ".log");
}

Result<RocksCheckCounts> check_rocks_files(const std::shared_ptr<FileLayer>& files,
                                           const RocksCheckOptions& options) {
  return RocksCheck{files, options}.run();
}

}  // namespace tokenledger

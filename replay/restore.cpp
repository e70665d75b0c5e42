#include "replay/restore.hpp"

#include <algorithm>

#include "core/checkpoint.hpp"
#include "replay/copy_check.hpp"
#include "replay/restore_key.hpp"
#include "storage/backup_manifest.hpp"
#include "storage/durable_file.hpp"
#include "storage/file_copy.hpp"
#include "storage/ledger_core.hpp"
#include "storage/partial_directory.hpp"

namespace tokenledger {
namespace {

class Restoration {
 public:
  Restoration(const RestoreOptions& options, std::string& why)
      : options_{options},
        why_{why},
        files_{options.files ? options.files : make_posix_file_layer()} {}

  Result<Restored> run() {
    if (auto read = read_manifest(); !read) return read.error();
    const auto growing = partial_path(options_.target);
    if (lies_within(options_.target, options_.backup) || lies_within(growing, options_.backup) ||
        lies_within(options_.backup, growing) || lies_within(options_.backup, options_.target)) {
      why_ = "the restored ledger, which grows as " + growing.string() +
             ", and the backup must not lie within each other";
      return Errc::invalid_argument;
    }
    // A slip there is said before hours of copying; what they say is compared with the log after.
    if (auto read = read_kept(); !read) return read.error();
    auto partial = PartialDirectory::make(*files_, options_.target, manifest_.bytes(), why_);
    if (!partial) return partial.error();
    const auto& directory = (*partial)->path();
    if (auto copied = copy_files(directory); !copied) return copied.error();
    if (auto synced = (*partial)->sync_names(); !synced)
      return fail("make the copy durable", synced.error()).error();
    if (auto checked = check_copy(check_of(directory), why_); !checked) return checked.error();
    restored_.seq = manifest_.seq;
    restored_.made_at = manifest_.made_at;
    auto settled = settle_checkpoint_key(files_, {directory, options_.keyring_key_file, kept_},
                                         restored_, why_);
    if (!settled) return settled.error();
    if (auto published = (*partial)->publish(PartialDirectory::Mark::goes, why_); !published)
      return published.error();
    return std::move(restored_);
  }

 private:
  Result<void> fail(const std::string& what, boost::system::error_code error) {
    why_ = "can't " + what + ": " + error.message();
    return error;
  }
  Result<void> refuse(Errc code, std::string sentence) {
    why_ = std::move(sentence);
    return code;
  }

  // The anchor is read here and never again: what is compared with the log is what was looked at.
  Result<void> read_kept() {
    if (!options_.checkpoint.empty()) {
      if (auto added = add_kept(options_.checkpoint, "the kept checkpoint", false); !added)
        return added;
    }
    if (options_.anchor.empty()) return {};
    const auto who = "the anchor " + options_.anchor.string();
    const auto bytes = read_whole(*files_, options_.anchor, kNoteBytesMax);
    if (!bytes) return fail("read " + who, bytes.error());
    if (bytes->empty()) return {};  // it has seen nothing, so it shows nothing
    return add_kept(std::string{text_of(*bytes)}, who, true);
  }

  Result<void> add_kept(std::string text, const std::string& who, bool is_anchor) {
    const auto note = parse_note(text);
    if (!note || !parse_checkpoint(note->text))
      return refuse(Errc::audit_corrupt, who + " holds no signed checkpoint");
    kept_.push_back({.note = std::move(text), .who = who, .is_anchor = is_anchor});
    return {};
  }

  Result<void> read_manifest() {
    const auto path = LedgerPaths{options_.backup}.backup;
    const auto bytes = read_whole(*files_, path, kBackupManifestBytesMax);
    if (!bytes && bytes.error() == Errc::file_not_found)
      return refuse(Errc::not_a_ledger, "there is no backup at " + options_.backup.string());
    if (!bytes) return fail("read " + path.string(), bytes.error());
    if (bytes->empty()) {
      return refuse(Errc::not_a_ledger, options_.backup.string() +
                                            " was never finished, so it is no backup: take an "
                                            "older one");
    }
    auto manifest = parse_backup_manifest(text_of(*bytes));
    if (!manifest)
      return refuse(Errc::audit_corrupt,
                    "the backup is damaged: " + path.string() + " is not as it was written");
    manifest_ = std::move(*manifest);
    return {};
  }

  // The backup itself is only read, and may stand on a disk that allows nothing else. Verified is
  // what was written here.
  Result<void> copy_files(const std::filesystem::path& directory) {
    const auto end = manifest_.bytes();
    std::uint64_t done = 0;
    const auto step = [&](std::uint64_t more) {
      done += more;
      if (options_.progress) options_.progress({"copy", done, end});
      return true;
    };
    for (const auto& file : manifest_.files) {
      const auto damaged = [&](const std::string& what) {
        return refuse(Errc::audit_corrupt, "the backup is damaged: " + file.name + " " + what);
      };
      const auto from = files_->open_for_reading(options_.backup / file.name);
      if (!from && from.error() == Errc::file_not_found) return damaged("is missing");
      if (!from) return fail("read " + file.name + " of the backup", from.error());
      const auto size = (*from)->size();
      if (!size) return fail("read " + file.name + " of the backup", size.error());
      if (*size != file.bytes) {
        return damaged("has " + std::to_string(*size) + " bytes instead of " +
                       std::to_string(file.bytes));
      }
      if (auto made = make_folder_of(*files_, directory / file.name); !made)
        return fail("make the folder of " + file.name, made.error());
      const auto digest = copy_file(*files_, **from, file.bytes, directory / file.name, step);
      if (!digest) return fail("copy " + file.name, digest.error());
      if (*digest != file.sha256) return damaged("is not as it was written (SHA-256)");
    }
    return {};
  }

  [[nodiscard]] CopyCheck check_of(const std::filesystem::path& directory) const {
    return {.directory = directory,
            .keyring_key_file = options_.keyring_key_file,
            .vkey = options_.vkey,
            .checkpoint = {},  // restore_key compares what was kept, also where it is newer
            .end = manifest_.seq,
            .files = files_,
            .progress = [this](const BackupProgress& at) {
              if (options_.progress) options_.progress(at);
              return true;
            }};
  }

  const RestoreOptions& options_;
  std::string& why_;
  const std::shared_ptr<FileLayer> files_;
  BackupManifest manifest_;
  std::vector<KeptNote> kept_;
  Restored restored_;
};

}  // namespace

Result<Restored> restore_backup(const RestoreOptions& options, std::string& why) {
  return Restoration{options, why}.run();
}

}  // namespace tokenledger

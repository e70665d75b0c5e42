#include "replay/restore.hpp"

#include <algorithm>

#include "core/checkpoint.hpp"
#include "replay/audit_verify.hpp"
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
    if (auto parsed = parse_kept(); !parsed) return parsed.error();
    auto partial = PartialDirectory::make(*files_, options_.target, manifest_.bytes(), why_);
    if (!partial) return partial.error();
    const auto& directory = (*partial)->path();
    if (auto copied = copy_files(directory); !copied) return copied.error();
    if (auto synced = (*partial)->sync_names(); !synced)
      return fail("make the copy durable", synced.error()).error();
    if (auto verified = verify(directory); !verified) return verified.error();
    restored_.seq = manifest_.seq;
    restored_.made_at = manifest_.made_at;
    auto settled = settle_checkpoint_key(files_, directory, options_, restored_, why_);
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

  Result<void> parse_kept() {
    const auto parse = [&](std::string_view text, const std::string& who) -> Result<void> {
      const auto note = parse_note(text);
      const bool is_checkpoint = note && parse_checkpoint(note->text);
      return is_checkpoint ? Result<void>{}
                           : refuse(Errc::audit_corrupt, who + " holds no signed checkpoint");
    };
    if (!options_.checkpoint.empty()) {
      if (auto parsed = parse(options_.checkpoint, "the kept checkpoint"); !parsed) return parsed;
    }
    if (options_.anchor.empty()) return {};
    const auto who = "the anchor " + options_.anchor.string();
    const auto bytes = read_whole(*files_, options_.anchor, kNoteBytesMax);
    if (!bytes) return fail("read " + who, bytes.error());
    return bytes->empty() ? Result<void>{} : parse(text_of(*bytes), who);
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

  Result<void> verify(const std::filesystem::path& directory) {
    AuditVerifyOptions verifying{.directory = directory,
                                 .keyring_key_file = options_.keyring_key_file,
                                 .vkey = options_.vkey,
                                 .checkpoint = {},
                                 .anchor = {},
                                 .files = files_,
                                 .progress = {},
                                 .stops = {},
                                 .is_locked = true};
    if (options_.progress) {
      verifying.progress = [&](const AuditProgress& at) {
        options_.progress({at.stage, at.done, at.end});
      };
    }
    const auto report = verify_audit(verifying, why_);
    if (!report) return report.error();
    if (!report->differences.empty()) {
      const auto& first = report->differences.front();
      return refuse(Errc::audit_corrupt,
                    "the backup does not verify; first at " + first.place + ": " + first.what);
    }
    if (report->end == manifest_.seq) return {};
    return refuse(Errc::audit_corrupt, "the backup ends at seq " +
                                           std::to_string(report->end.value()) + " instead of " +
                                           std::to_string(manifest_.seq.value()));
  }

  const RestoreOptions& options_;
  std::string& why_;
  const std::shared_ptr<FileLayer> files_;
  BackupManifest manifest_;
  Restored restored_;
};

}  // namespace

Result<Restored> restore_backup(const RestoreOptions& options, std::string& why) {
  return Restoration{options, why}.run();
}

}  // namespace tokenledger

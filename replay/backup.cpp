#include "replay/backup.hpp"

#include <sys/stat.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "replay/copy_check.hpp"
#include "storage/audit.hpp"
#include "storage/durable_file.hpp"
#include "storage/file_copy.hpp"
#include "storage/ledger_copy.hpp"
#include "storage/ledger_core.hpp"
#include "storage/partial_directory.hpp"

namespace tokenledger {
namespace {

using namespace std::chrono_literals;

constexpr auto kCheckpointPatience = 5s;
constexpr auto kCheckpointSlice = 100ms;  // so often it is asked whether to go on

// On the ledger's own file system a backup must not take the space without which the ledger makes
// no tokens.
std::uint64_t reserve_of(const LedgerCore& core, const std::filesystem::path& target) {
  struct stat ours{};
  struct stat theirs{};
  const bool is_known = ::stat(core.paths.directory.c_str(), &ours) == 0 &&
                        ::stat(parent_directory(target).c_str(), &theirs) == 0;
  return !is_known || ours.st_dev == theirs.st_dev ? core.options.free_bytes_min : 0;
}

Result<void> write_manifest(FileLayer& files, const std::filesystem::path& directory,
                            const LedgerCore& core, const LedgerCopy& copy, std::uint64_t& bytes) {
  const BackupManifest manifest{.ledger_id = core.keys->ledger_id(),
                                .seq = copy.seq,
                                .made_at = core.now(),
                                .files = copy.files};
  bytes = manifest.bytes();
  const auto text = format_backup_manifest(manifest);
  if (!text) return text.error();
  return write_durably(files, LedgerPaths{directory}.backup, bytes_of(*text));
}

constexpr const char* kEnded = "the backup was ended";

// Said once, it stays said: whoever asks later hears it again.
class Stopping {
 public:
  explicit Stopping(const BackupOptions& options) : options_{options} {}
  bool tell(const BackupProgress& at) {
    if (options_.progress && !options_.progress(at)) is_stopped_ = true;
    return !is_stopped_;
  }
  [[nodiscard]] bool is_stopped() const noexcept { return is_stopped_; }

 private:
  const BackupOptions& options_;
  bool is_stopped_ = false;
};

// So that a signed root covers what was committed when the backup was asked for. A ledger that
// signs nothing has backups too, so only being told to end is an error.
Result<void> wait_for_checkpoint(Ledger& ledger, Stopping& stopping, std::string& why) {
  struct Arrival {
    std::mutex mutex;
    std::condition_variable came;
    bool is_here = false;  // guarded by mutex
  };
  const auto arrival = std::make_shared<Arrival>();  // the answer may come after this has ended
  Audit{ledger}.when_covered(ledger.committed(), [arrival](const Result<void>&) {
    {
      const std::scoped_lock lock{arrival->mutex};
      arrival->is_here = true;
    }
    arrival->came.notify_all();
  });
  for (auto waited = 0ms; waited < kCheckpointPatience; waited += kCheckpointSlice) {
    if (!stopping.tell({"checkpoint", 0, 0})) {
      why = kEnded;
      return Errc::shutting_down;
    }
    std::unique_lock lock{arrival->mutex};
    if (arrival->came.wait_for(lock, kCheckpointSlice, [&] { return arrival->is_here; })) break;
  }
  return {};
}

// What a restore will ask first: files that follow from nothing (RocksDB's OPTIONS) are compared
// here alone.
Result<void> compare_files(FileLayer& files, const std::filesystem::path& directory,
                           const LedgerCopy& copy, Stopping& stopping, std::string& why) {
  BackupProgress at{.stage = "compare", .done = 0, .end = 0};
  for (const auto& file : copy.files) at.end += file.bytes;
  const auto step = [&](std::uint64_t more) {
    at.done += more;
    return stopping.tell(at);
  };
  for (const auto& file : copy.files) {
    const auto digest = hash_file(files, directory / file.name, step);
    if (digest && *digest == file.sha256) continue;
    why = stopping.is_stopped()
              ? kEnded
              : "the copy is no backup: " + file.name + " can't be read as it was written";
    return digest ? Errc::audit_corrupt : to_errc(digest.error());
  }
  return {};
}

// From the bytes of the copy alone.
CopyCheck check_of(const LedgerCore& core, const std::filesystem::path& directory,
                   const LedgerCopy& copy, Stopping& stopping) {
  return {.directory = directory,
          .keyring_key_file = core.options.keyring_key_file,
          .vkey = {},
          .checkpoint = copy.checkpoint,
          .end = copy.seq,
          .files = core.files,
          .progress = [&stopping](const BackupProgress& at) { return stopping.tell(at); }};
}

}  // namespace

Result<Backup> make_backup(Ledger& ledger, const BackupOptions& options, std::string& why) {
  auto& core = ledger.core();
  const auto growing = partial_path(options.target);
  if (lies_within(options.target, core.paths.directory) ||
      lies_within(growing, core.paths.directory) || lies_within(core.paths.directory, growing) ||
      lies_within(core.paths.directory, options.target)) {
    why = "the backup must not lie within the ledger's own directory, nor that within it: " +
          core.paths.directory.string();
    return Errc::invalid_argument;
  }
  const auto fail = [&](const char* what, boost::system::error_code error) {
    why = std::string{"can't "} + what + ": " + error.message();
    return error;
  };
  const auto bytes = estimate_copy(core);
  if (!bytes) return fail("look at the ledger", bytes.error());
  auto partial = PartialDirectory::make(*core.files, options.target,
                                        *bytes + reserve_of(core, options.target), why);
  if (!partial) return partial.error();
  const auto& directory = (*partial)->path();
  Stopping stopping{options};
  if (auto waited = wait_for_checkpoint(ledger, stopping, why); !waited) return waited.error();
  const CopyProgress progress = [&](std::uint64_t done, std::uint64_t end) {
    return stopping.tell({"copy", done, end});
  };
  const auto copy = copy_ledger(core, directory, progress, why);
  if (!copy) return copy.error();
  Backup made{.seq = copy->seq,
              .checkpoint = copy->checkpoint,
              .checkpoint_size = copy->checkpoint_size,
              .bytes = 0,
              .files = copy->files.size()};
  if (auto synced = (*partial)->sync_names(); !synced)
    return fail("make the backup durable", synced.error());
  if (auto compared = compare_files(*core.files, directory, *copy, stopping, why); !compared)
    return compared.error();
  if (auto checked = check_copy(check_of(core, directory, *copy, stopping), why); !checked)
    return checked.error();
  // From here on it is a backup, under whatever name: everything in it is durable and verified.
  if (auto written = write_manifest(*core.files, directory, core, *copy, made.bytes); !written)
    return fail("write the list of the backup's files", written.error());
  if (auto published = (*partial)->publish(PartialDirectory::Mark::stays, why); !published)
    return published.error();
  return made;
}

}  // namespace tokenledger

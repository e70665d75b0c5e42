#include "storage/ledger_copy.hpp"

#include <algorithm>
#include <mutex>
#include <shared_mutex>

#include "core/sha256.hpp"
#include "storage/audit_tree.hpp"
#include "storage/commit_wait.hpp"
#include "storage/durable_file.hpp"
#include "storage/file_copy.hpp"
#include "storage/keyring.hpp"
#include "storage/ledger_core.hpp"
#include "storage/partial_directory.hpp"
#include "storage/snapshot_format.hpp"
#include "storage/snapshot_load.hpp"

namespace tokenledger {
namespace {

struct Cut {
  Result<std::unique_ptr<LogCut>> log = Errc::unknown_outcome;
  Sequence seq;
  CompactRange range;
};

// Runs on the commit thread between two batches, where log, State and range end at one event.
class CutRequest final : public CommitRequest {
 public:
  explicit CutRequest(const LedgerCore& core) : CommitRequest{Command{}}, core_{core} {}
  void complete() noexcept override {
    Cut cut;
    if (!core_.poisoned.load()) {
      cut.seq = core_.state.last_seq;
      cut.range = core_.range;
      cut.log = core_.log->cut();
    }
    latch_.set(std::move(cut));
  }
  Cut wait() { return latch_.wait(); }

 private:
  const LedgerCore& core_;
  Latch<Cut> latch_;
};

std::uint64_t size_of(FileLayer& files, const std::filesystem::path& path) {
  const auto file = files.open_for_reading(path);
  if (!file) return 0;
  const auto size = (*file)->size();
  return size ? *size : 0;
}

// With files_mutex held.
Result<std::uint64_t> sum_sizes(const LedgerCore& core) {
  auto& files = *core.files;
  auto total = core.log->bytes_on_disk() + core.key_store->mark().bytes +
               size_of(files, core.paths.keyring) + HeadFile::kFileBytes +
               size_of(files, core.paths.audit / "checkpoints");
  for (unsigned level = 1; level <= AuditLevels::kLevels; ++level)
    total += size_of(files, AuditLevels::path(core.paths.audit, level));
  const auto snapshots = list_snapshots(files, core.paths.snapshots);
  if (!snapshots) return snapshots.error();
  if (!snapshots->empty())
    total += size_of(files, core.paths.snapshots / snapshot_name(snapshots->front()));
  return total;
}

class LedgerCopier {
 public:
  LedgerCopier(LedgerCore& core, const std::filesystem::path& directory,
               const CopyProgress& progress, std::string& why)
      : core_{core}, files_{*core.files}, to_{directory}, progress_{progress}, why_{why} {}

  Result<LedgerCopy> run() {
    const std::shared_lock open{core_.files_mutex};
    if (auto readable = core_.check_readable(); !readable)
      return fail("the ledger", readable.error()).error();
    if (const auto end = sum_sizes(core_)) end_ = *end;
    for (const auto step :
         {&LedgerCopier::copy_snapshot, &LedgerCopier::copy_history, &LedgerCopier::take_cut,
          &LedgerCopier::copy_log, &LedgerCopier::copy_levels, &LedgerCopier::copy_keys,
          &LedgerCopier::write_head}) {
      if (auto done = (this->*step)(); !done) return done.error();
    }
    std::ranges::sort(made_.files, std::ranges::less{}, &BackupFile::name);
    return std::move(made_);
  }

 private:
  Result<void> fail(const std::string& what, boost::system::error_code error) {
    why_ = error == Errc::shutting_down
               ? std::string{"the ledger is closing, or the copy was ended"}
               : "can't copy " + what + ": " + error.message();
    return error;
  }

  // The first bytes of an open file.
  Result<void> copy(const std::string& name, const File& from, std::uint64_t bytes) {
    const auto step = [&](std::uint64_t more) {
      done_ += more;
      if (core_.closed.load()) return false;
      return !progress_ || progress_(std::min(done_, end_), end_);
    };
    if (auto made = make_folder_of(files_, to_.directory / name); !made)
      return fail(name, made.error());
    const auto digest = copy_file(files_, from, bytes, to_.directory / name, step);
    if (!digest) return fail(name, digest.error());
    made_.files.push_back({.name = name, .bytes = bytes, .sha256 = *digest});
    return {};
  }
  Result<void> copy_beginning(const std::string& name, std::uint64_t bytes) {
    const auto from = files_.open_for_reading(core_.paths.directory / name);
    return from ? copy(name, **from, bytes) : fail(name, from.error());
  }

  // Two are kept, so the newest one may go while this looks; without one the log is read instead.
  Result<void> copy_snapshot() {
    const auto snapshots = list_snapshots(files_, core_.paths.snapshots);
    if (!snapshots) return fail("snapshots", snapshots.error());
    for (const auto seq : *snapshots) {
      const auto name = "snapshots/" + snapshot_name(seq);
      const auto from = files_.open_for_reading(core_.paths.directory / name);
      if (!from && from.error() == Errc::file_not_found) continue;
      if (!from) return fail(name, from.error());
      const auto size = (*from)->size();
      return size ? copy(name, **from, *size) : fail(name, size.error());
    }
    return {};
  }

  // Whole records: one that is just being appended belongs to nobody yet.
  Result<void> copy_history() {
    const std::string name = "audit/checkpoints";
    const auto signer = make_checkpoint_signer(core_.options.issuer, core_.keys->checkpoint_seed());
    if (!signer) return fail(name, signer.error());
    const auto& key = signer->verifier();
    const auto history = CheckpointHistory::open_for_reading(
        files_, core_.paths.directory / name,
        {.ledger_id = core_.keys->ledger_id(), .public_key = key.public_key()});
    if (!history && history.error() == Errc::file_not_found) return {};
    const auto newest = history ? newest_checkpoint(**history, key)
                                : Result<std::optional<ShownCheckpoint>>{history.error()};
    if (!newest) return fail(name, newest.error());
    if (*newest) {
      made_.checkpoint = (*newest)->note;
      made_.checkpoint_size = (*newest)->size;
    }
    // The count is of when it was opened; what was appended since is left out.
    return copy_beginning(name, (1 + (*history)->count()) * CheckpointHistory::kRecordBytes);
  }

  Result<void> take_cut() {
    CutRequest request{core_};
    if (auto accepted = core_.accept(request); !accepted) return fail("log", accepted.error());
    cut_ = request.wait();
    if (!cut_.log) return fail("log", cut_.log.error());
    made_.seq = cut_.seq;
    return {};
  }

  Result<void> copy_log() {
    for (const auto& file : (*cut_.log)->files()) {
      const auto name = "log/" + file.name;
      const auto copied = file.contents.empty() ? copy_beginning(name, file.bytes)
                                                : write(name, bytes_of(file.contents));
      if (!copied) return copied;
    }
    cut_.log = Errc::unknown_outcome;  // its files may be removed again
    return {};
  }

  Result<void> write(const std::string& name, std::span<const std::uint8_t> bytes) {
    if (auto made = make_folder_of(files_, to_.directory / name); !made)
      return fail(name, made.error());
    auto file = files_.create(to_.directory / name);
    auto done = file ? (*file)->append(bytes) : Result<void>{file.error()};
    if (done) done = (*file)->sync();
    if (!done) return fail(name, done.error());
    made_.files.push_back({.name = name, .bytes = bytes.size(), .sha256 = sha256(bytes)});
    return {};
  }

  // As a tree of the newest copied checkpoint has them; that much was synced before it was signed.
  Result<void> copy_levels() {
    for (unsigned level = 1; level <= AuditLevels::kLevels; ++level) {
      const auto hashes = made_.checkpoint_size >> (kTileNodeLevels * level);
      if (hashes == 0) return {};
      const auto path = AuditLevels::path("audit", level);
      auto copied = copy_beginning(path.string(), hashes * Digest{}.size());
      if (!copied) return copied;
    }
    return {};
  }

  // An erasure holds this lock from before its event until no byte of the key is left.
  Result<void> copy_keys() {
    {
      const std::scoped_lock no_erasure{core_.owner_keys.erasing()};
      auto opened = core_.key_store->open_durable();
      if (!opened) return fail("keystore", opened.error());
      durable_keys_ = std::move(*opened);
    }
    const auto& mark = durable_keys_.mark;
    if (auto copied = copy("keystore", *durable_keys_.file, mark.bytes); !copied) return copied;
    // Replaced as a whole by whoever changes it, so what is read is one state of it.
    const auto keyring = read_whole(files_, core_.paths.keyring, Keyring::kFileBytesMax);
    return keyring ? write("keyring", *keyring) : fail("keyring", keyring.error());
  }

  Result<void> write_head() {
    const Head head{.seq = cut_.seq,
                    .range = cut_.range,
                    .ledger_id = core_.keys->ledger_id(),
                    .key_store = durable_keys_.mark};
    auto made = HeadFile::create(files_, to_.head, head);
    if (!made) return fail("HEAD", made.error());
    const auto bytes = read_whole(files_, to_.head, HeadFile::kFileBytes);
    if (!bytes) return fail("HEAD", bytes.error());
    made_.files.push_back({.name = "HEAD", .bytes = bytes->size(), .sha256 = sha256(*bytes)});
    return {};
  }

  LedgerCore& core_;
  FileLayer& files_;
  const LedgerPaths to_;
  const CopyProgress& progress_;
  std::string& why_;
  LedgerCopy made_;
  Cut cut_;
  KeyStore::Durable durable_keys_;
  std::uint64_t done_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace

Result<std::uint64_t> estimate_copy(const LedgerCore& core) {
  const std::shared_lock open{core.files_mutex};
  if (auto readable = core.check_readable(); !readable) return readable.error();
  return sum_sizes(core);
}

Result<LedgerCopy> copy_ledger(LedgerCore& core, const std::filesystem::path& directory,
                               const CopyProgress& progress, std::string& why) {
  return LedgerCopier{core, directory, progress, why}.run();
}

}  // namespace tokenledger

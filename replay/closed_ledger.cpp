#include "replay/closed_ledger.hpp"

#include <utility>

#include "storage/format_version.hpp"
#include "storage/keyring.hpp"
#include "storage/ledger_core.hpp"
#include "storage/log_events.hpp"

namespace tokenledger {
namespace {

std::string sentence_for_keyring(const std::filesystem::path& path, Errc code) {
  if (code == Errc::keyring_wrong_key) {
    return "the key does not open " + path.string() +
           ": give the right one with --keyring-key-file or TOKENLEDGER_KEYRING_KEY";
  }
  if (code == Errc::keyring_missing || code == Errc::file_not_found)
    return "there is no keyring at " + path.string() + ": put it back from a backup";
  if (code == Errc::unsupported_format) return newer_format_sentence(path);
  return "can't use " + path.string() + ": " + errc_name(code);
}

}  // namespace

ClosedLedger::ClosedLedger(std::filesystem::path directory, std::shared_ptr<FileLayer> files,
                           DirectoryLock lock)
    : directory_{std::move(directory)}, files_{std::move(files)}, lock_{std::move(lock)} {}

Result<DirectoryLock> ClosedLedger::lock(const Options& options, std::string& why) {
  const LedgerPaths paths{options.directory};
  const auto files = options.files ? options.files : make_posix_file_layer();
  // Asked before the lock, whose file would be made in any directory.
  const auto there = files->exists(paths.log);
  if (!there || !*there) {
    why = "there is no ledger at " + options.directory.string() + ": check --data";
    return there ? Errc::not_a_ledger : to_errc(there.error());
  }
  auto lock = DirectoryLock::acquire(paths.directory);
  if (!lock) {
    why = lock.error() == Errc::directory_locked
              ? "another process has the ledger at " + options.directory.string() +
                    " open: stop it, or talk to it with --url"
              : "can't lock " + paths.lock.string() + ": check that it is writable";
  }
  return lock;
}

Result<ClosedLedger> ClosedLedger::open(const Options& options, std::string& why) {
  auto held = lock(options, why);
  if (!held) return held.error();
  return open(options, std::move(*held), why);
}

Result<ClosedLedger> ClosedLedger::open(const Options& options, DirectoryLock lock,
                                        std::string& why) {
  const LedgerPaths paths{options.directory};
  auto files = options.files ? options.files : make_posix_file_layer();
  ClosedLedger ledger{options.directory, files, std::move(lock)};
  auto key = find_keyring_key(*files, options.keyring_key_file);
  if (!key) {
    why = "can't read the keyring key: it must be 32 bytes, raw or as 64 hex digits";
    return key.error();
  }
  auto keyring = Keyring::load(files, paths.keyring, std::move(*key));
  if (!keyring) {
    why = sentence_for_keyring(paths.keyring, to_errc(keyring.error()));
    return keyring.error();
  }
  auto keys = LedgerKeys::make(std::move(*keyring));
  if (!keys) {
    why = "a signing key in " + paths.keyring.string() + " does not load";
    return keys.error();
  }
  ledger.keys_ = std::move(*keys);
  std::string what;
  auto log = open_log_for_reading(files, paths.log, what);
  if (!log) {
    why = "the log at " + paths.log.string() + " is damaged (" +
          EventLog::explain(log.error(), what) + "): see `tokenledger recover`";
    return log.error();
  }
  ledger.log_ = std::move(*log);
  return ledger;
}

}  // namespace tokenledger

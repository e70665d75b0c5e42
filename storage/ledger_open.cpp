// Opening and closing a ledger directory: what must be there, in which order it is trusted, what a
// crash leaves.
#include <algorithm>

#include "storage/audit_follower.hpp"
#include "storage/audit_tree.hpp"
#include "storage/commit_thread.hpp"
#include "storage/durable_file.hpp"
#include "storage/forgery_watch.hpp"
#include "storage/format_version.hpp"
#include "storage/keyring.hpp"
#include "storage/ledger_core.hpp"
#include "storage/log_events.hpp"
#include "storage/recovery.hpp"
#include "storage/status_list_follower.hpp"

namespace tokenledger {
namespace {

inline constexpr std::uint64_t kClockBehindNsMax = 60 * kNanosecondsPerSecond;

ValidityIndex::Options index_options(const LedgerOptions& options) {
  ValidityIndex::Options made;
  made.lane_capacities = options.lane_capacities;
  return made;
}

// RocksDB makes CURRENT before the first WAL, so a directory without CURRENT, WAL and tables never
// held an event: a crash cut its making short.
Result<bool> is_unfinished_log(FileLayer& files, const std::filesystem::path& log) {
  const auto names = files.list(log);
  if (!names) return to_errc(names.error());
  return std::ranges::none_of(*names, [](const std::string& name) {
    return name == "CURRENT" || name.ends_with(".log") || name.ends_with(".sst");
  });
}

}  // namespace

LedgerPaths::LedgerPaths(const std::filesystem::path& at)
    : directory{at},
      lock{at / "LOCK"},
      keyring{at / "keyring"},
      head{at / "HEAD"},
      log{at / "log"},
      views{at / "views"},
      key_store{at / "keystore"},
      snapshots{at / "snapshots"},
      views_damaged{at / "views.damaged"},
      audit{at / "audit"},
      backup{at / "backup"} {}

LedgerCore::LedgerCore(LedgerOptions given)
    : index{index_options(given)},
      options{std::move(given)},
      paths{options.directory},
      files{options.files ? options.files : make_posix_file_layer()},
      clock{options.clock ? options.clock : system_clock()},
      queue{options.queue_commands_max} {}

LedgerCore::~LedgerCore() { static_cast<void>(close()); }

LedgerTime LedgerCore::now() const noexcept {
  return std::max(clock->now(), LedgerTime{last_recorded_at.load(std::memory_order_acquire)});
}

Result<void> LedgerCore::check_readable() const {
  if (poisoned.load()) return Errc::unknown_outcome;
  return closed.load() ? Errc::shutting_down : Result<void>{};
}

void LedgerCore::poison(const std::string& what) {
  if (poisoned.exchange(true)) return;
  queue.close(Errc::unknown_outcome);
  if (options.on_poisoned) options.on_poisoned(what);
}

void LedgerCore::warn(const std::string& what) const {
  if (options.on_warning) options.on_warning(what);
}

Result<void> LedgerCore::open(std::string& why) {
  if (auto opened = open_files(why); !opened) return opened;
  if (auto recovered = recover(why); !recovered) return recovered;
  if (auto repeated = repeat_erasures(why); !repeated) return repeated;
  if (auto dropped = drop_unnamed_user_entries(why); !dropped) return dropped;
  if (auto adopted = adopt_issuer(why); !adopted) return adopted;
  if (auto checked = check_clock(why); !checked) return checked;
  if (auto whole = refuse_half_cut(why); !whole) return whole;
  if (auto opened = open_audit(why); !opened) return opened;
  if (auto opened = open_views(why); !opened) return opened;
  if (auto dropped = drop_unnamed_api_keys(why); !dropped) return dropped;
  registries = state.registries;
  last_recorded_at.store(state.last_recorded_at.value());
  expired_upto.store(state.expired_upto.value());
  signal.announce(state.last_seq);
  start_threads();
  if (auto bootstrapped = bootstrap(why); !bootstrapped) return bootstrapped;
  if (auto noted = note_superseded(why); !noted) return noted;
  start_audit();
  start_status_lists();
  forgery_watch = std::make_unique<ForgeryWatch>(*this);
  return {};
}

// The order of creation is the order of trust: keyring, HEAD, log. A crash between two leaves a
// directory in which nothing was acknowledged, and the next open goes on where it stopped.
Result<void> LedgerCore::open_files(std::string& why) {
  const auto refuse = [&](boost::system::error_code error, std::string sentence) -> Result<void> {
    why = std::move(sentence);
    return error;
  };
  const auto directory = paths.directory.string();
  const auto exists = files->exists(paths.directory);
  if (!exists) return refuse(exists.error(), "can't look at " + directory);
  if (!*exists) {
    if (!options.create_if_missing)
      return refuse(Errc::not_a_ledger, "there is no ledger at " + directory);
    if (auto made = ensure_directory(*files, paths.directory); !made) {
      return refuse(made.error(), "can't make the directory " + directory +
                                      ": check that its parent exists and is writable");
    }
  }
  const auto names = files->list(paths.directory);
  if (!names) return refuse(names.error(), "can't read the directory " + directory);
  const auto has = [&](const std::filesystem::path& path) {
    return std::ranges::find(*names, path.filename().string()) != names->end();
  };
  if (has(paths.backup)) {
    return refuse(Errc::not_a_ledger,
                  directory +
                      " is a backup, and what is signed there could contradict the ledger "
                      "it was made of: see `tokenledger restore`");
  }
  const bool has_keyring = has(paths.keyring);
  const bool has_log = has(paths.log);
  if (!has_keyring && has_log) {
    return refuse(Errc::keyring_missing,
                  "the keyring of " + directory +
                      " is missing: put keyring back from a backup; without it no token can be "
                      "made or checked");
  }
  const bool only_ours = std::ranges::all_of(*names, [&](const std::string& name) {
    return name == paths.lock.filename() || name.ends_with(kTemporarySuffix) ||
           name == "lost+found";
  });
  if (!has_keyring && !only_ours) {
    return refuse(Errc::directory_not_empty,
                  directory + " holds something that is not a ledger: name an empty directory");
  }
  if (!has_keyring && !options.create_if_missing)
    return refuse(Errc::not_a_ledger, "there is no ledger at " + directory);

  auto locked = DirectoryLock::acquire(paths.directory);
  if (!locked) {
    const bool is_busy = locked.error() == Errc::directory_locked;
    return refuse(locked.error(),
                  is_busy ? "another process has the ledger at " + directory +
                                " open: stop it, or talk to it with --url"
                          : "can't lock " + paths.lock.string() + ": check that it is writable");
  }
  lock = std::make_unique<DirectoryLock>(std::move(*locked));
  // An earlier open may have made the directory and died before its name was durable. Whoever else
  // made it may keep its parent from us, so this is no reason to refuse.
  if (*exists && !has_keyring) {
    if (auto synced = files->sync_directory(parent_directory(paths.directory)); !synced)
      warn("can't make the name of " + directory + " durable: its parent can't be synced");
  }
  if (auto opened = open_keys(has_keyring, why); !opened) return opened;
  return open_log(has_log, why);
}

Result<void> LedgerCore::open_keys(bool exists, std::string& why) {
  auto key = find_keyring_key(*files, options.keyring_key_file);
  if (!key) {
    why = "can't read the keyring key: it must be 32 bytes, raw or as 64 hex digits";
    return key.error();
  }
  const bool is_protected = key->has_value();
  auto keyring = exists ? Keyring::load(files, paths.keyring, std::move(*key))
                        : Keyring::create(files, paths.keyring, std::move(*key));
  if (!keyring) {
    const auto code = to_errc(keyring.error());
    why = code == Errc::keyring_wrong_key
              ? "the key does not open " + paths.keyring.string() +
                    ": give the right one with --keyring-key-file or TOKENLEDGER_KEYRING_KEY"
          : code == Errc::unsupported_format
              ? newer_format_sentence(paths.keyring)
              : "can't use " + paths.keyring.string() + ": " + keyring.error().message();
    return keyring.error();
  }
  if (!exists && !is_protected)
    warn("the keyring is unprotected: give --keyring-key-file to encrypt it");
  auto made = LedgerKeys::make(std::move(*keyring));
  if (!made) {
    why =
        "a signing key in " + paths.keyring.string() + " does not load: " + made.error().message();
    return made.error();
  }
  keys = std::move(*made);
  return {};
}

namespace {

Result<void> cannot_use(boost::system::error_code error, const std::filesystem::path& path,
                        std::string& why) {
  why = error == Errc::unsupported_format ? newer_format_sentence(path)
                                          : "can't use " + path.string() + ": " + error.message();
  return error;
}

// Made where there is no log yet, of the keyring's ledger.
Result<std::unique_ptr<HeadFile>> open_head(FileLayer& files, const LedgerPaths& paths,
                                            const LedgerId& ledger_id, bool log_exists,
                                            std::string& why) {
  auto opened = HeadFile::open(files, paths.head);
  const bool lacks_head = opened.has_error() && opened.error() == Errc::file_not_found;
  if (lacks_head && !log_exists) {
    Head none;
    none.ledger_id = ledger_id;
    if (auto made = HeadFile::create(files, paths.head, none); !made)
      return cannot_use(made.error(), paths.head, why).error();
    opened = HeadFile::open(files, paths.head);
  }
  if (!opened) {
    if (opened.error() != Errc::head_corrupt && !lacks_head)
      return cannot_use(opened.error(), paths.head, why).error();
    why =
        "HEAD is missing or damaged, so nobody can say whether the log is whole: see `tokenledger "
        "recover`";
    return Errc::head_corrupt;
  }
  if ((*opened)->head().ledger_id != ledger_id) {
    why = "the keyring and HEAD of " + paths.directory.string() + " belong to different ledgers";
    return Errc::keyring_mismatch;
  }
  return opened;
}

}  // namespace

// HEAD and key store are there, durably, before the log gets its first event; so a log with events
// and no HEAD has lost it, and a HEAD without a log belongs to a creation that a crash cut short.
Result<void> LedgerCore::open_log(bool exists, std::string& why) {
  auto opened_head = open_head(*files, paths, keys->ledger_id(), exists, why);
  if (!opened_head) return opened_head.error();
  head = std::move(*opened_head);
  if (head->found_damaged_slot())
    warn("one slot of HEAD was damaged; the other one is intact and was used");
  if (auto made = ensure_directory(*files, paths.snapshots); !made)
    return cannot_use(made.error(), paths.snapshots, why);
  if (auto store = open_key_store(); !store) {
    const bool is_missing = store.error() == Errc::file_not_found;
    if (!is_missing) return cannot_use(store.error(), paths.key_store, why);
    why = "the key store at " + paths.key_store.string() + " is missing, but HEAD names seq " +
          std::to_string(head->head().seq.value()) +
          ": put keystore back from a backup; without it no personal field can be read";
    return Errc::key_store_corrupt;
  }

  if (!exists && head->head().seq != Sequence{}) {
    why = "the log at " + paths.log.string() + " is missing, but HEAD names seq " +
          std::to_string(head->head().seq.value()) +
          ": put log back from a backup; nothing was changed";
    return Errc::log_shorter_than_head;
  }
  bool creates = !exists;
  if (exists && head->head().seq == Sequence{}) {
    const auto unfinished = is_unfinished_log(*files, paths.log);
    if (!unfinished) return cannot_use(unfinished.error(), paths.log, why);
    creates = *unfinished;
  }
  EventLog::Options log_options{
      .directory = paths.log,
      .files = files,
      .create = creates,
      .read_only = false,
      .sync = options.sync,
      .on_background_error = [this] { poison("RocksDB could not write in the background"); }};
  std::string what;
  auto opened_log = EventLog::open(log_options, &what);
  if (!opened_log && creates) return cannot_use(opened_log.error(), paths.log, why);
  if (!opened_log) {
    why = "the log at " + paths.log.string() + " is damaged (" +
          EventLog::explain(opened_log.error(), what) +
          "); nothing was changed: see `tokenledger recover`";
    return opened_log.error();
  }
  log = std::move(*opened_log);
  return {};
}

Result<void> LedgerCore::open_key_store() {
  auto opened = KeyStore::open(files, paths.key_store, keys->ledger_id(), keys->master_key(),
                               head->head().key_store);
  // Made after HEAD and before the log's first event.
  const bool may_be_new =
      head->head().seq == Sequence{} && head->head().key_store == KeyStoreMark{};
  if (opened.has_error() && opened.error() == Errc::file_not_found && may_be_new) {
    if (auto made = KeyStore::create(*files, paths.key_store, keys->ledger_id()); !made)
      return made;
    opened = KeyStore::open(files, paths.key_store, keys->ledger_id(), keys->master_key(), {});
  }
  if (!opened) return opened.error();
  key_store = std::move(*opened);
  return {};
}

// What the log must be: at least as long as HEAD says, dense, with HEAD's root. Never cut silently.
Result<void> LedgerCore::recover(std::string& why) {
  const auto last = log->last_seq();
  if (!last) {
    why = "can't read the end of the log: " + last.error().message();
    return last.error();
  }
  const auto& known = head->head();
  if (*last < known.seq) {
    why = "the log ends at seq " + std::to_string(last->value()) + " but HEAD names seq " +
          std::to_string(known.seq.value()) +
          ": acknowledged events are missing; see `tokenledger recover`";
    return Errc::log_shorter_than_head;
  }
  auto loaded = load_snapshot(
      *files, paths.snapshots, keys->ledger_id(), *log, state, index,
      [this](const auto& path, Errc code) {
        warn(code == Errc::outdated_format
                 ? "the log is read instead of a snapshot of an older layout: " + path.string()
                 : "ignored a damaged snapshot: " + path.string());
      });
  if (!loaded) {
    why = loaded.error() == Errc::snapshot_beyond_log
              ? "the newest snapshot covers events that the log no longer holds; see `tokenledger "
                "recover`"
          : loaded.error() == Errc::unsupported_format
              ? newer_cache_sentence(paths.snapshots)
              : "can't read the snapshots at " + paths.snapshots.string() +
                    " or the log behind them: " + loaded.error().message();
    return loaded.error();
  }
  if (*loaded) {
    const auto& saved = (*loaded)->compact_range;
    auto restored = CompactRange::deserialize(
        {reinterpret_cast<const std::uint8_t*>(saved.data()), saved.size()});
    if (!restored || restored->size() != (*loaded)->seq.value()) {
      why = "the newest snapshot has a Merkle range of another size";
      return Errc::snapshot_corrupt;
    }
    range = std::move(*restored);
    last_snapshot_ = (*loaded)->seq;
    // After a clean stop both name the same seq, and nothing is replayed that could be compared.
    if (known.seq == (*loaded)->seq && known.range.root() != range.root()) {
      why = "the newest snapshot and HEAD have different Merkle roots at seq " +
            std::to_string(known.seq.value()) + "; see `tokenledger recover`";
      return Errc::root_mismatch;
    }
  }
  ReplayOptions replay{
      .upto = *last, .expected_root = {}, .hash_leaves = true, .progress = {}, .observe = {}};
  if (known.seq > last_snapshot_.load())
    replay.expected_root = {known.range.size(), known.range.root()};
  if (options.progress) {
    replay.progress = [this, last](Sequence seq) { options.progress({"log", seq, *last}); };
  }
  if (auto replayed = replay_log(*log, state, index, range, replay, why); !replayed)
    return replayed;
  const bool is_ours = state.last_seq == Sequence{} || state.ledger_id == keys->ledger_id();
  if (!is_ours) {
    why = "the log and the keyring of " + paths.directory.string() + " belong to different ledgers";
    return Errc::keyring_mismatch;
  }
  return {};
}

// Resource servers compare `iss` byte for byte, so a ledger keeps the one it began with.
Result<void> LedgerCore::adopt_issuer(std::string& why) {
  if (state.last_seq == Sequence{}) {
    if (options.issuer.empty()) options.issuer = options.issuer_when_new;
    return {};
  }
  const auto issuer = issuer_of(*log);
  if (!issuer) {
    why = "can't read the first event of the log at " + paths.log.string();
    return issuer.error();
  }
  if (options.issuer.empty()) options.issuer = *issuer;
  if (options.issuer == *issuer) return {};
  why = "the ledger at " + paths.directory.string() + " was created with the issuer " + *issuer +
        " and keeps it: leave the issuer out, or name a new directory";
  return Errc::invalid_argument;
}

Result<void> LedgerCore::check_clock(std::string& why) const {
  const auto last = state.last_recorded_at.value();
  if (clock->now().value() + kClockBehindNsMax >= last) return {};
  why =
      "the clock is more than a minute behind the newest event in the log: set the clock, then "
      "start again";
  return Errc::clock_behind;
}

// Views are only a cache (INV-3): damage in them is mended from the log. A disk that refuses to be
// read is no damage, and deleting there would help nobody.
Result<void> LedgerCore::open_views(std::string& why) {
  const auto marked = files->exists(paths.views_damaged);
  if (!marked) {
    why = "can't look for " + paths.views_damaged.string() + ": " + marked.error().message();
    return marked.error();
  }
  const Views::Options view_options{.directory = paths.views,
                                    .files = files,
                                    .ledger_id = keys->ledger_id(),
                                    .on_damage = [this] { mark_views_damaged(); }};
  auto opened = Views::open(view_options);
  bool rebuilds = opened && (*opened)->cursor() > state.last_seq;
  if (rebuilds) warn("the views are ahead of the log; rebuilding them");
  if (opened && *marked) {
    warn("damage was met in the views at " + paths.views.string() + "; rebuilding them");
    rebuilds = true;
  }
  if (opened.has_error() && opened.error() == Errc::view_corrupt) {
    warn("the views at " + paths.views.string() + " are damaged; rebuilding them from the log");
    rebuilds = true;
    const auto gone = Views::destroy(view_options);
    opened = gone ? Views::open(view_options) : Result<std::unique_ptr<Views>>{gone.error()};
  }
  if (opened.has_error() && opened.error() == Errc::unsupported_format) {
    why = newer_cache_sentence(paths.views);
    return opened.error();
  }
  if (!opened) {
    why = "can't open the views at " + paths.views.string() + " (" + opened.error().message() +
          "): remove that directory and start again, it is rebuilt from the log";
    return opened.error();
  }
  views = std::move(*opened);
  if (!rebuilds) return {};
  const auto progress = [this](Sequence seq) {
    if (options.progress) options.progress({"views", seq, state.last_seq});
  };
  auto rebuilt = views->rebuild(*log, state.last_seq, progress);
  // The mark stays until no crash can bring the damaged files back.
  if (rebuilt) rebuilt = views->flush();
  if (rebuilt) rebuilt = clear_views_damaged(*files, paths);
  if (!rebuilt) why = "can't rebuild the views: " + rebuilt.error().message();
  views_damaged.store(false);
  return rebuilt;
}

Result<void> clear_views_damaged(FileLayer& files, const LedgerPaths& paths) {
  const auto marked = files.exists(paths.views_damaged);
  if (!marked) return marked.error();
  if (!*marked) return {};
  if (auto removed = files.remove(paths.views_damaged); !removed) return removed;
  return files.sync_directory(paths.directory);
}

// Whoever meets a damaged block leaves a mark for the next open: the small tables that open() reads
// may well be whole. Any thread.
void LedgerCore::mark_views_damaged() {
  if (views_damaged.exchange(true)) return;
  warn("the views are damaged, so some lists fail: open the ledger again to rebuild them");
  constexpr std::string_view kNote = "The views are rebuilt at the next start.\n";
  const auto made = create_durably(*files, paths.views_damaged, bytes_of(kNote));
  if (!made && made.error() != Errc::file_exists)
    warn("could not note that the views are damaged: run `tokenledger views rebuild`");
}

}  // namespace tokenledger

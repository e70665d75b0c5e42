#include "storage/recover_tool.hpp"

#include <algorithm>

#include "core/state.hpp"
#include "core/validity_index.hpp"
#include "storage/durable_file.hpp"
#include "storage/file_copy.hpp"
#include "storage/format_version.hpp"
#include "storage/keyring.hpp"
#include "storage/ledger_core.hpp"
#include "storage/log_events.hpp"
#include "storage/recover_checkpoints.hpp"
#include "storage/recovery.hpp"

namespace tokenledger {
namespace {

constexpr int kAsideNamesMax = 1'000;

class DirectoryRecoverTool final : public RecoverTool {
 public:
  explicit DirectoryRecoverTool(const Options& options)
      : options_{options},
        paths_{options.directory},
        files_{options.files ? options.files : make_posix_file_layer()} {}

  Result<void> start(std::string& why) {
    const auto is_backup = files_->exists(paths_.backup);
    if (!is_backup || *is_backup) {
      why = options_.directory.string() + " is a backup: restore it, and recover what was restored";
      return is_backup ? Errc::not_a_ledger : to_errc(is_backup.error());
    }
    const auto there = files_->exists(paths_.log);
    if (!there || !*there) {
      why = "there is no ledger at " + options_.directory.string() + ": check --data";
      return there ? Errc::not_a_ledger : to_errc(there.error());
    }
    auto lock = DirectoryLock::acquire(paths_.directory);
    if (!lock) {
      why = lock.error() == Errc::directory_locked
                ? "another process has the ledger at " + options_.directory.string() +
                      " open: stop it first"
                : "can't lock " + paths_.lock.string() + ": check that it is writable";
      return lock.error();
    }
    lock_ = std::make_unique<DirectoryLock>(std::move(*lock));
    if (auto opened = open_keys(why); !opened) return opened;
    if (auto read = read_head(why); !read) return read;
    if (auto looked = look_at_log(why); !looked) return looked;
    return look_at_checkpoints(why);
  }

  const RecoverySurvey& survey() const noexcept override { return survey_; }
  const std::optional<Superseded>& superseded() const noexcept override { return superseded_; }

  Result<std::filesystem::path> truncate_after(Sequence seq, bool accept_loss,
                                               std::string& why) override {
    if (auto allowed = check(seq, accept_loss, why); !allowed) return allowed.error();
    const bool cuts = seq < survey_.log_end || survey_.is_wal_damaged;
    const bool rewrites_head =
        survey_.head != RecoverySurvey::HeadState::intact || survey_.head_seq > seq;
    const bool supersedes = checkpoints_->is_superseded_by(seq.value());
    if (!cuts && !rewrites_head && !supersedes) return std::filesystem::path{};
    CompactRange range;
    if (auto folded = fold(seq, range, why); !folded) return folded.error();
    std::filesystem::path aside;
    if (cuts || rewrites_head) {
      auto made = make_aside(seq);
      if (!made) return made.error();
      aside = std::move(*made);
    }
    log_.reset();
    auto done = supersedes ? checkpoints_->begin() : Result<void>{};
    if (done && (cuts || rewrites_head)) done = cut_log(seq, aside);
    // A crash here leaves a HEAD that names more than the log has: the ledger refuses to open.
    if (done && rewrites_head) done = rewrite_head(seq, range, aside);
    if (done && supersedes) done = supersede();
    if (done) return aside;
    why = "the cut stopped half-way (" + done.error().message() +
          "), and something was changed: what was set aside stands in " +
          options_.directory.string() + "; mend the cause and cut again after seq " +
          std::to_string(seq.value()) +
          " before anything else opens the ledger (with --accept-loss where HEAD is missing now)";
    return Errc::unknown_outcome;
  }

 private:
  Result<void> open_keys(std::string& why) {
    auto key = find_keyring_key(*files_, options_.keyring_key_file);
    if (!key) {
      why = "can't read the keyring key: it must be 32 bytes, raw or as 64 hex digits";
      return key.error();
    }
    auto keyring = Keyring::load(files_, paths_.keyring, std::move(*key));
    auto keys = keyring ? LedgerKeys::make(std::move(*keyring))
                        : Result<std::unique_ptr<LedgerKeys>>{keyring.error()};
    if (keys.has_error() && keys.error() == Errc::unsupported_format) {
      why = newer_format_sentence(paths_.keyring);
      return keys.error();
    }
    if (!keys) {
      why = "can't use " + paths_.keyring.string() + " (" + keys.error().message() +
            "): without the right keyring nothing can be recovered";
      return keys.error();
    }
    keys_ = std::move(*keys);
    return {};
  }

  // What a newer program wrote is whole for all this one knows: cutting it would be a loss.
  Result<void> read_head(std::string& why) {
    const auto opened = HeadFile::open(*files_, paths_.head);
    if (opened.has_error() && opened.error() == Errc::unsupported_format) {
      why = newer_format_sentence(paths_.head);
      return opened.error();
    }
    if (opened && (*opened)->head().ledger_id == keys_->ledger_id()) {
      head_ = (*opened)->head();
      survey_.head_seq = head_.seq;
      return {};
    }
    const bool is_missing = opened.has_error() && opened.error() == Errc::file_not_found;
    survey_.head =
        is_missing ? RecoverySurvey::HeadState::missing : RecoverySurvey::HeadState::damaged;
    survey_.problem = is_missing ? "HEAD is missing" : "HEAD is damaged or of another ledger";
    survey_.problem += ": nobody can say how many events were acknowledged";
    return {};
  }

  Result<std::unique_ptr<EventLog>> open_log(bool read_only, std::string* what = nullptr) const {
    return EventLog::open({.directory = paths_.log,
                           .files = files_,
                           .create = false,
                           .read_only = read_only,
                           .accept_damaged_tail = survey_.is_wal_damaged,
                           .sync = true,
                           .on_background_error = {}},
                          what);
  }

  Result<void> look_at_log(std::string& why) {
    std::string what;
    auto opened = open_log(true);
    if (opened.has_error() && opened.error() == Errc::log_corrupt) {
      survey_.is_wal_damaged = true;
      opened = open_log(true, &what);
    }
    if (!opened) {
      why = "RocksDB can't read the log at " + paths_.log.string() + " (" +
            EventLog::explain(opened.error(), what) + "): restore a backup";
      return opened.error();
    }
    log_ = std::move(*opened);
    const auto last = log_->last_seq();
    if (!last) return last.error();
    survey_.log_end = *last;
    CompactRange range;
    std::string problem;
    if (auto folded = fold(*last, range, problem); !folded) {
      if (folded.error() == Errc::unsupported_format) {
        why = std::move(problem);
        return folded;
      }
      note(problem);
    }
    if (survey_.is_wal_damaged)
      note("the log's newest file is damaged after seq " + std::to_string(last->value()));
    if (survey_.last_good < survey_.head_seq) {
      note("HEAD names seq " + std::to_string(survey_.head_seq.value()) +
           " as acknowledged, and the log is good only up to seq " +
           std::to_string(survey_.last_good.value()));
    }
    return {};
  }

  Result<void> look_at_checkpoints(std::string& why) {
    const auto issuer = issuer_of(*log_);
    checkpoints_.emplace(*files_, paths_.directory, options_.anchor, *keys_);
    const auto looked = checkpoints_->look(issuer ? std::optional{*issuer} : std::nullopt);
    if (!looked) {
      why = newer_format_sentence(paths_.audit / "checkpoints");
      return looked;
    }
    if (const auto& signed_last = checkpoints_->signed_last())
      survey_.checkpoint_size = signed_last->size;
    if (const auto& anchored = checkpoints_->anchored()) survey_.anchor_size = anchored->size;
    survey_.is_anchor_unseen = checkpoints_->is_anchor_unseen();
    if (!checkpoints_->problem().empty()) note(checkpoints_->problem());
    if (checkpoints_->newest_size() > survey_.last_good.value()) {
      note("a checkpoint was signed at seq " + std::to_string(checkpoints_->newest_size()) +
           ", and the log is good only up to seq " + std::to_string(survey_.last_good.value()));
    }
    return {};
  }

  Result<void> supersede() {
    auto directory = checkpoints_->finish();
    if (!directory) return directory.error();
    superseded_ = {.note = checkpoints_->superseded_note(), .directory = std::move(*directory)};
    return {};
  }

  void note(const std::string& problem) {
    survey_.problem += (survey_.problem.empty() ? "" : "; ") + problem;
  }

  // Folds everything up to `upto`; last_good tells how far that went.
  Result<void> fold(Sequence upto, CompactRange& range, std::string& why) {
    State state;
    ValidityIndex index;
    ReplayOptions replay{
        .upto = upto, .expected_root = {}, .hash_leaves = true, .progress = {}, .observe = {}};
    if (survey_.head == RecoverySurvey::HeadState::intact && head_.seq != Sequence{})
      replay.expected_root = {head_.range.size(), head_.range.root()};
    if (options_.progress)
      replay.progress = [this, upto](Sequence seq) { options_.progress(seq, upto); };
    auto folded = replay_log(*log_, state, index, range, replay, why);
    survey_.last_good = std::max(survey_.last_good, state.last_seq);
    if (folded.has_error() && folded.error() == Errc::root_mismatch) survey_.root_differs = true;
    return folded;
  }

  Result<void> check(Sequence seq, bool accept_loss, std::string& why) const {
    if (seq == Sequence{} || seq > survey_.last_good) {
      why = "the log is good only up to seq " + std::to_string(survey_.last_good.value()) +
            ": name a seq from 1 to that";
      return Errc::invalid_argument;
    }
    if (survey_.root_differs && seq >= survey_.head_seq) {
      why = "an event at or before seq " + std::to_string(survey_.head_seq.value()) +
            " was changed, and cutting behind it does not mend that: restore a backup";
      return Errc::invalid_argument;
    }
    if (auto whole = check_whole_command(seq, why); !whole) return whole;
    if (checkpoints_->is_anchor_foreign()) {
      why = "the anchor " + options_.anchor.string() +
            " is damaged or of another ledger: name the right one, or none";
      return Errc::invalid_argument;
    }
    const auto lost = survey_.lost_after(seq);
    const bool supersedes = checkpoints_->is_superseded_by(seq.value());
    if (accept_loss || (lost && *lost == 0 && !supersedes)) return {};
    if (supersedes && lost && *lost == 0) {
      why =
          "what was signed may contradict a log cut there: with --accept-loss the ledger gets a "
          "new checkpoint key and another origin";
      return Errc::log_shorter_than_head;
    }
    why = lost ? "at least " + std::to_string(*lost) +
                     " acknowledged events would be lost: with --accept-loss it is done"
               : std::string{
                     "without HEAD nobody knows what is lost: with --accept-loss it is "
                     "done"};
    return Errc::log_shorter_than_head;
  }

  // Of a command's events all stay or none: half a sweep would make every later one a mismatch.
  Result<void> check_whole_command(Sequence seq, std::string& why) const {
    const auto is_inside = goes_on_after(seq);
    if (!is_inside) return is_inside.error();
    if (!*is_inside) return {};
    std::string or_above;
    auto below = seq.value();
    auto above = seq.value();
    for (auto goes_on = is_inside; *goes_on && below > 1;) {
      goes_on = goes_on_after(Sequence{--below});
      if (!goes_on) return goes_on.error();
    }
    for (auto goes_on = is_inside; *goes_on && above < survey_.last_good.value();) {
      goes_on = goes_on_after(Sequence{++above});
      if (!goes_on) return goes_on.error();
      if (!*goes_on) or_above = " or after seq " + std::to_string(above);
    }
    why = "seq " + std::to_string(seq.value()) +
          " lies inside one change of several events, which stay together: cut after seq " +
          std::to_string(below) + or_above;
    return Errc::invalid_argument;
  }

  // Whether the event at `seq` is not the last one of its command.
  Result<bool> goes_on_after(Sequence seq) const {
    const auto event = read_event(*log_, seq);
    if (!event) return to_errc(event.error());
    if (event->more) return true;
    // Events of format 1 do not say so; these kinds were all that came in several.
    if (const auto* expired = std::get_if<TokensExpired>(&event->payload))
      return !expired->complete;
    // The key of an HS256 API comes before the API.
    const auto* key = std::get_if<KeyAdded>(&event->payload);
    if (key != nullptr && key->api != ApiNumber{}) return true;
    return revokes_on(*event);
  }

  // Tokens ended by one request: the time of each is one nanosecond after the one before it, and
  // they share the reason's key. Two requests that look alike are only kept together.
  Result<bool> revokes_on(const Event& event) const {
    const auto* revoked = std::get_if<TokenRevoked>(&event.payload);
    if (revoked == nullptr || event.seq >= survey_.last_good) return false;
    const auto next = read_event(*log_, event.seq.next());
    if (!next) return to_errc(next.error());
    const auto* also = std::get_if<TokenRevoked>(&next->payload);
    return also != nullptr && also->cause == revoked->cause && also->reason == revoked->reason &&
           next->actor == event.actor && next->request_id == event.request_id &&
           next->recorded_at.value() == event.recorded_at.value() + 1;
  }

  Result<std::filesystem::path> make_aside(Sequence seq) {
    const auto base = "cut-after-" + std::to_string(seq.value());
    for (int attempt = 0; attempt < kAsideNamesMax; ++attempt) {
      const auto name = attempt == 0 ? base : base + "." + std::to_string(attempt);
      const auto path = paths_.directory / name;
      const auto made = files_->make_directory(path);
      if (made.has_error() && made.error() == Errc::file_exists) continue;
      if (!made) return made.error();
      if (auto synced = files_->sync_directory(paths_.directory); !synced) return synced.error();
      return path;
    }
    return Errc::limit_reached;
  }

  // Caches first: a snapshot or view of what is gone must never meet the events that come after.
  // Even where the log itself is short already: HEAD's seq then was theirs too.
  Result<void> cut_log(Sequence seq, const std::filesystem::path& aside) {
    if (auto moved = move_snapshots(aside); !moved) return moved;
    const Views::Options views{
        .directory = paths_.views, .files = files_, .ledger_id = keys_->ledger_id()};
    if (auto gone = Views::destroy(views); !gone) return gone;
    if (survey_.is_wal_damaged) {
      if (auto copied = copy_wal(aside); !copied) return copied;
    }
    const auto log = open_log(false);
    if (!log) return log.error();
    return (*log)->truncate_after(seq, aside / "tail");
  }

  Result<void> move_snapshots(const std::filesystem::path& aside) {
    const auto there = files_->exists(paths_.snapshots);
    if (!there || !*there) return there ? Result<void>{} : there.error();
    const auto names = files_->list(paths_.snapshots);
    if (!names) return names.error();
    for (const auto& name : *names) {
      auto moved = files_->rename(paths_.snapshots / name, aside / name, FileLayer::Replace::no);
      if (!moved) return moved;
    }
    if (auto synced = files_->sync_directory(aside); !synced) return synced;
    return files_->sync_directory(paths_.snapshots);
  }

  Result<void> copy_wal(const std::filesystem::path& aside) {
    const auto names = files_->list(paths_.log);
    if (!names) return names.error();
    for (const auto& name : *names) {
      if (!name.ends_with(".log")) continue;
      if (auto copied = copy_file(*files_, paths_.log / name, aside / name); !copied)
        return copied.error();
    }
    return files_->sync_directory(aside);
  }

  Result<void> rewrite_head(Sequence seq, const CompactRange& range,
                            const std::filesystem::path& aside) {
    Head made{.seq = seq, .range = range, .ledger_id = keys_->ledger_id(), .key_store = {}};
    if (survey_.head == RecoverySurvey::HeadState::intact) {
      made.key_store = head_.key_store;
    } else {
      const auto store =
          KeyStore::open(files_, paths_.key_store, keys_->ledger_id(), keys_->master_key(), {});
      if (!store) return store.error();
      made.key_store = (*store)->mark();
    }
    if (survey_.head != RecoverySurvey::HeadState::missing) {
      auto moved = files_->rename(paths_.head, aside / "HEAD", FileLayer::Replace::no);
      if (!moved) return moved;
      if (auto synced = files_->sync_directory(aside); !synced) return synced;
    }
    return HeadFile::create(*files_, paths_.head, made);
  }

  const Options options_;
  const LedgerPaths paths_;
  const std::shared_ptr<FileLayer> files_;
  std::unique_ptr<DirectoryLock> lock_;
  std::unique_ptr<LedgerKeys> keys_;
  std::unique_ptr<EventLog> log_;
  Head head_;
  RecoverySurvey survey_;
  std::optional<RecoverCheckpoints> checkpoints_;  // there from the survey on
  std::optional<Superseded> superseded_;
};

}  // namespace

std::optional<std::uint64_t> RecoverySurvey::lost_after(Sequence kept) const noexcept {
  if (head != HeadState::intact) return std::nullopt;
  const auto known = std::max({head_seq.value(), checkpoint_size, anchor_size});
  return known > kept.value() ? known - kept.value() : 0;
}

Result<std::unique_ptr<RecoverTool>> RecoverTool::open(const Options& options, std::string& why) {
  auto tool = std::make_unique<DirectoryRecoverTool>(options);
  if (auto started = tool->start(why); !started) return started.error();
  return std::unique_ptr<RecoverTool>{std::move(tool)};
}

}  // namespace tokenledger

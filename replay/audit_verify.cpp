#include "replay/audit_verify.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/byte_view.hpp"
#include "core/checkpoint.hpp"
#include "replay/audit_files.hpp"
#include "replay/audit_findings.hpp"
#include "replay/audit_log_check.hpp"
#include "storage/directory_lock.hpp"
#include "storage/durable_file.hpp"
#include "storage/format_version.hpp"
#include "storage/head_slots.hpp"
#include "storage/key_store_check.hpp"
#include "storage/keyring.hpp"
#include "storage/ledger_core.hpp"
#include "storage/log_events.hpp"
#include "storage/rocks_check.hpp"
#include "storage/snapshot_format.hpp"
#include "storage/views.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kLeftBehind =
    "left behind by an interrupted write or an earlier repair; no part of the ledger";

class Verification {
 public:
  Verification(const AuditVerifyOptions& options, std::string& why)
      : options_{options},
        why_{why},
        paths_{options.directory},
        files_{options.files ? options.files : make_posix_file_layer()},
        findings_{report_, options.differences_max} {}

  Result<AuditReport> run() {
    if (auto prepared = prepare(); !prepared) return prepared.error();
    for (const auto step :
         {&Verification::check_names, &Verification::check_head, &Verification::check_keys,
          &Verification::check_log_files, &Verification::read_kept, &Verification::open_views,
          &Verification::check_log, &Verification::check_torn_head, &Verification::check_views}) {
      if (findings_.is_full()) break;
      (this->*step)();
      // What was not read is no difference.
      if (stops()) return refuse(Errc::shutting_down, "the verification was ended").error();
    }
    return std::move(report_);
  }

 private:
  // Said once, it stays said: a step that ended early must not pass for one that found no more.
  bool stops() {
    is_stopped_ = is_stopped_ || (options_.stops && options_.stops());
    return is_stopped_;
  }
  Result<void> refuse(boost::system::error_code error, std::string sentence) {
    why_ = std::move(sentence);
    return error;
  }

  // What can't be read can't be verified, and that is a difference, whatever the reason.
  static std::string explain(const boost::system::error_code& error) {
    return error == Errc::unsupported_format
               ? "made by a newer version of tokenledger: upgrade this program"
               : error.message();
  }

  Result<void> prepare() {
    if (options_.differences_max < 1 || options_.differences_max > kAuditDifferencesMax)
      return refuse(Errc::invalid_argument, "the bound of differences must be 1 to " +
                                                std::to_string(kAuditDifferencesMax));
    if (!options_.vkey.empty()) {
      auto key = NoteVerifier::from_vkey(options_.vkey);
      if (!key) return refuse(key.error(), "the vkey is not a public key of a signed note");
      key_ = std::move(*key);
    }
    // Asked before the lock, whose file would be made in any directory.
    const auto there = files_->exists(paths_.log);
    if (!there || !*there) {
      return refuse(there ? Errc::not_a_ledger : to_errc(there.error()),
                    "there is no ledger at " + options_.directory.string() + ": check --data");
    }
    if (options_.is_locked) return load_keyring();
    auto lock = DirectoryLock::acquire(paths_.directory);
    if (!lock) {
      return refuse(lock.error(), lock.error() == Errc::directory_locked
                                      ? "another process has the ledger at " +
                                            options_.directory.string() + " open: stop it first"
                                      : "can't lock " + paths_.lock.string());
    }
    lock_.emplace(std::move(*lock));
    return load_keyring();
  }

  // Its checksum is compared before the key is tried, so a wrong key says that the file is whole.
  Result<void> load_keyring() {
    auto secret = find_keyring_key(*files_, options_.keyring_key_file);
    if (!secret) {
      return refuse(secret.error(),
                    "can't read the keyring key: it must be 32 bytes, raw or as 64 hex digits");
    }
    auto loaded = Keyring::load(files_, paths_.keyring, std::move(*secret));
    if (loaded) {
      keyring_ = std::move(*loaded);
      return {};
    }
    if (loaded.error() == Errc::unsupported_format)
      return refuse(loaded.error(), newer_format_sentence(paths_.keyring));
    if (loaded.error() != Errc::keyring_wrong_key) {
      findings_.difference("keyring", loaded.error().message());
      return {};
    }
    if (key_) {
      findings_.note("keyring", "it is whole, but its key is not here: values stay sealed");
      return {};
    }
    return refuse(loaded.error(), "the key does not open " + paths_.keyring.string() +
                                      ": give the right one, or the log's public key with --vkey");
  }

  void check_names() {
    progress("files");
    check_folder(paths_.directory, "", [](const std::string& name) {
      constexpr std::string_view kOurs[] = {"LOCK",        "keyring",   "HEAD",      "log",
                                            "views",       "keystore",  "snapshots", "audit",
                                            "admin-token", "lost+found"};
      return std::ranges::find(kOurs, name) != std::end(kOurs);
    });
    check_folder(paths_.snapshots, "snapshots/",
                 [](const std::string& name) { return parse_snapshot_name(name).has_value(); });
    check_folder(paths_.audit, "audit/", [](const std::string& name) {
      constexpr std::string_view kLevel = "level-";
      return name == "checkpoints" ||
             (name.size() == kLevel.size() + 1 && name.starts_with(kLevel) && name.back() >= '1' &&
              name.back() <= static_cast<char>('0' + AuditLevels::kLevels));
    });
  }

  template <class IsOurs>
  void check_folder(const std::filesystem::path& directory, const std::string& prefix,
                    IsOurs is_ours) {
    const auto names = files_->list(directory);
    if (!names) {
      if (names.error() != Errc::file_not_found)
        findings_.difference(prefix, "the directory can't be read: " + names.error().message());
      return;
    }
    for (const auto& name : *names) {
      if (is_ours(name)) continue;
      const bool is_left_behind = name.ends_with(kTemporarySuffix) ||
                                  name.starts_with("cut-after-") || name == "views.verify";
      const bool is_superseded = name.starts_with("audit.aside-") || name == "superseded";
      if (name == "backup") {
        findings_.note(name, "a backup, or one that was begun: `restore` makes a ledger of it");
      } else if (is_superseded) {
        findings_.note(prefix + name, "of a checkpoint key that a cut of the log replaced");
      } else if (name == "superseded.pending") {
        findings_.difference(name, "a cut of the log was interrupted: finish it with `recover`");
      } else if (name == "views.damaged") {
        findings_.difference(name, "a read met damage in the views; the next start rebuilds them");
      } else if (is_left_behind) {
        findings_.note(prefix + name, std::string{kLeftBehind});
      } else if (prefix == "audit/" && name == kDamageName) {
        read_tree_mark();
      } else {
        findings_.difference(prefix + name, "no file of this ledger has this name");
      }
    }
  }

  void read_tree_mark() {
    const auto mark = read_damage_mark(*files_, paths_.audit);
    if (mark) {
      tree_mark_ = *mark;
    } else {
      findings_.difference("audit/damaged", "can't be read: " + mark.error().message());
    }
  }

  void check_head() {
    const auto slots = read_head_slots(*files_, paths_.head);
    if (!slots) return findings_.difference("HEAD", explain(slots.error()));
    for (std::size_t at = 0; at < slots->size(); ++at) {
      const auto& slot = (*slots)[at];
      const auto place =
          "slot " + std::to_string(at) + " at byte " + std::to_string(at * HeadFile::kSlotBytes);
      if (slot.head) {
        add_head(*slot.head, place);
      } else if (const auto& whole = (*slots)[1 - at].head; whole && slot.torn) {
        torn_head_ = TornHead{place, *slot.torn, whole->seq};
        // Whoever writes HEAD has made that much of the key store durable before.
        raise_key_store(slot.torn->key_store);
        known_.push_back(root_of(*slot.torn, place));
      } else {
        findings_.difference("HEAD", place + " is damaged");
      }
    }
    if (keyring_ != nullptr && ledger_id_ && keyring_->ledger_id() != *ledger_id_)
      findings_.difference("keyring", "it is another ledger's than HEAD");
    if (keyring_ != nullptr) ledger_id_ = keyring_->ledger_id();
  }

  void add_head(const Head& head, const std::string& place) {
    if (ledger_id_ && *ledger_id_ != head.ledger_id)
      findings_.difference("HEAD", place + " is another ledger's");
    ledger_id_ = head.ledger_id;
    raise_key_store(head.key_store);
    known_.push_back(root_of(head, place));
  }

  void raise_key_store(const KeyStoreMark& mark) {
    if (mark.generation > key_store_.generation ||
        (mark.generation == key_store_.generation && mark.bytes > key_store_.bytes)) {
      key_store_ = mark;
    }
  }

  static KnownRoot root_of(const Head& head, const std::string& place) {
    return {head.seq.value(), head.range.root(), "HEAD", "HEAD (" + place + ")"};
  }

  // A power cut tears a slot only while it is written, which is done when the log has events behind
  // those of the other slot. The head in it must be one that the log has: its root was compared.
  void check_torn_head() {
    if (!torn_head_) return;
    const auto& [place, head, other_seq] = *torn_head_;
    const bool was_written = other_seq < report_.end && head.seq <= report_.end && ledger_id_ &&
                             head.ledger_id == *ledger_id_;
    if (!was_written) return findings_.difference("HEAD", place + " is damaged");
    findings_.note("HEAD", place +
                               " has the checksum of another write; a power cut leaves such, "
                               "the next start goes by the other slot");
  }

  void check_keys() {
    if (!ledger_id_) return;
    const auto master = keyring_ == nullptr ? ByteView{} : keyring_->master_key();
    const auto checked =
        check_key_store(*files_, paths_.key_store, *ledger_id_, key_store_, master);
    if (!checked) return findings_.difference("keystore", explain(checked.error()));
    if (!checked->problem.empty()) return findings_.difference("keystore", checked->problem);
    report_.data_keys = checked->values;
  }

  bool check_rocks(const std::filesystem::path& directory, const std::string& prefix) {
    RocksCheckOptions options{.directory = directory, .reads_tables = !options_.quick};
    options.report = [&](const RocksFinding& found) {
      const auto place = prefix + found.file;
      found.is_difference ? findings_.difference(place, found.what)
                          : findings_.note(place, found.what);
    };
    options.stops = [this] { return stops(); };
    const auto checked = check_rocks_files(files_, options);
    if (!checked && checked.error() == Errc::shutting_down) return false;
    if (!checked) {
      findings_.difference(prefix, "the directory can't be read: " + checked.error().message());
      return false;
    }
    report_.files += checked->files;
    return checked->may_open;
  }

  void check_log_files() {
    if (!check_rocks(paths_.log, "log/")) return;
    std::string what;
    auto opened = open_log_for_reading(files_, paths_.log, what);
    if (!opened) {
      return findings_.difference("log",
                                  "it does not open: " + EventLog::explain(opened.error(), what));
    }
    log_ = std::move(*opened);
    adopt_key();
  }

  void adopt_key() {
    if (keyring_ == nullptr) return;
    auto own = checkpoint_key_of(*log_, keyring_->checkpoint_seed());
    if (!own) return findings_.difference("log", "seq 1 does not say which ledger this is");
    if (key_ && *key_ != *own) {
      return findings_.difference(
          "keyring", "its checkpoint key is " + own->vkey() + ", not the one that was given");
    }
    key_ = std::move(*own);
  }

  // What somebody outside kept.
  void read_kept() {
    if (key_) report_.origin = key_->name();
    const bool asks = !options_.checkpoint.empty() || !options_.anchor.empty();
    if (!asks) return;
    if (!key_) return findings_.difference("--checkpoint", "without the log's key it says nothing");
    if (!options_.checkpoint.empty())
      add_kept(options_.checkpoint, "--checkpoint", "the kept checkpoint");
    if (options_.anchor.empty()) return;
    const auto place = options_.anchor.string();
    const auto bytes = read_whole(*files_, options_.anchor, kNoteBytesMax);
    if (!bytes) return findings_.difference(place, "the anchor: " + bytes.error().message());
    if (bytes->empty())
      return findings_.note(place, "the anchor is empty: it has seen nothing yet");
    add_kept(text_of(*bytes), place, "the anchor");
  }

  void add_kept(std::string_view note, const std::string& place, const std::string& who) {
    const auto opened = open_checkpoint(note, *key_);
    if (!opened) {
      return findings_.difference(
          place, who + " is damaged or of another log (this one is " + key_->name() + ")");
    }
    known_.push_back({opened->checkpoint.size, opened->checkpoint.root, place, who});
    has_kept_ = true;
  }

  void check_log() {
    if (log_ == nullptr || !ledger_id_) return;
    AuditLogCheck::Options options{
        .files = files_,
        .audit = paths_.audit,
        .snapshots = paths_.snapshots,
        .ledger_id = *ledger_id_,
        .key = key_,
        .key_has_signed = keyring_ != nullptr && keyring_->has_signed_checkpoint(),
        .tree_mark = tree_mark_,
        .known = known_,
        .root_wanted_at = options_.root_wanted_at,
        .quick = options_.quick,
        .progress = options_.progress,
        .stops = [this] { return stops(); },
        .observe = {}};
    // The log is read once for both.
    const auto comparison = views_ == nullptr ? nullptr : views_->compare();
    if (comparison) options.observe = [&](const Event& event) { comparison->add(event); };
    const auto before = report_.differences.size();
    AuditLogCheck{*log_, std::move(options), findings_, report_}.run();
    report_.extends_kept = has_kept_ && report_.differences.size() == before;
    if (comparison == nullptr || findings_.is_full()) return;
    progress("views", 0, views_->cursor().value());
    report_.has_compared_views = comparison->agrees();
  }

  // A cache that is missing or behind is made by the next start; one that is wrong is not.
  void open_views() {
    const auto there = files_->exists(paths_.views);
    if (!there || !*there)
      return findings_.note("views", "there are none; the next start makes them");
    if (!check_rocks(paths_.views, "views/")) return;
    if (options_.quick || log_ == nullptr || !ledger_id_) return;
    auto opened = Views::open(
        {.directory = paths_.views, .files = files_, .ledger_id = *ledger_id_, .read_only = true});
    if (opened.has_error() && opened.error() == Errc::outdated_format)
      return findings_.note("views", "of an older layout; the next start makes them anew");
    if (!opened)
      return findings_.difference("views", "they do not load: " + explain(opened.error()));
    if ((*opened)->cursor() == Sequence{})
      return findings_.note("views", "they are empty; the next start makes them");
    views_ = std::move(*opened);
  }

  // Row by row, where something did not agree when the log was read.
  void check_views() {
    if (views_ == nullptr || report_.has_compared_views) return;
    const auto cursor = views_->cursor();
    if (cursor > report_.end)
      return findings_.difference(
          "views", "they are at seq " + std::to_string(cursor.value()) + ", beyond the log");
    std::string difference;
    const auto verified = views_->verify(
        *log_, [&](Sequence seq) { progress("views", seq.value(), cursor.value()); }, difference);
    if (!verified)
      return findings_.difference("views",
                                  difference.empty() ? verified.error().message() : difference);
    report_.has_compared_views = true;
  }

  void progress(const char* stage, std::uint64_t done = 0, std::uint64_t end = 0) {
    if (options_.progress) options_.progress({stage, done, end, 0});
  }

  const AuditVerifyOptions& options_;
  std::string& why_;
  const LedgerPaths paths_;
  const std::shared_ptr<FileLayer> files_;
  AuditReport report_;
  AuditFindings findings_;
  std::optional<DirectoryLock> lock_;
  std::unique_ptr<Keyring> keyring_;  // null: damaged, or its key is not here
  std::optional<NoteVerifier> key_;
  std::optional<std::array<std::uint8_t, 16>> ledger_id_;
  KeyStoreMark key_store_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<Views> views_;  // null: none, or there is nothing to compare
  struct TornHead {
    std::string place;
    Head head;
    Sequence other_seq;  // of the whole slot
  };
  std::optional<TornHead> torn_head_;
  std::vector<KnownRoot> known_;
  bool has_kept_ = false;
  bool is_stopped_ = false;
  DamageMark tree_mark_ = DamageMark::none;
};

}  // namespace

Result<AuditReport> verify_audit(const AuditVerifyOptions& options, std::string& why) {
  return Verification{options, why}.run();
}

}  // namespace tokenledger

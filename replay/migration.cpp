#include "replay/migration.hpp"

#include <algorithm>
#include <utility>

#include "core/state_codec.hpp"
#include "replay/closed_ledger.hpp"
#include "storage/byte_codec.hpp"
#include "storage/checkpoint_history.hpp"
#include "storage/crc32c.hpp"
#include "storage/directory_lock.hpp"
#include "storage/format_version.hpp"
#include "storage/head_slots.hpp"
#include "storage/key_store_check.hpp"
#include "storage/keyring.hpp"
#include "storage/ledger_core.hpp"
#include "storage/recovery.hpp"
#include "storage/rocks_check.hpp"
#include "storage/snapshot_format.hpp"
#include "storage/snapshot_load.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kReadBytes = 1024 * 1024;

std::shared_ptr<FileLayer> files_of(const MigrationOptions& options) {
  return options.files ? options.files : make_posix_file_layer();
}

MigrationStep step_for(std::optional<std::uint32_t> version, std::uint32_t newest,
                       MigrationStep when_older) {
  if (!version || *version == newest) return MigrationStep::none;
  return *version > newest ? MigrationStep::upgrade_program : when_older;
}

// A version counts where the file's own decoder finds it whole: damage is no newer version. What is
// damaged has none here; `audit verify` and whoever opens the ledger name it.
class Surveyor {
 public:
  // Of the first `before` events the root is kept, see root_then().
  Surveyor(const MigrationOptions& options, std::string& why, Sequence before = {})
      : options_{options},
        why_{why},
        files_{files_of(options)},
        paths_{options.directory},
        before_{before} {}

  // The files that need no key first: a newer one may keep everything else from being read.
  Result<MigrationSurvey> run() {
    auto lock = ClosedLedger::lock({options_.directory, {}, files_}, why_);
    if (!lock) return lock.error();
    if (auto added = add_head(); !added) return added.error();
    if (auto added = add_keyring(); !added) return added.error();
    if (auto added = add_key_store(); !added) return added.error();
    if (auto added = add_history(); !added) return added.error();
    if (auto added = add_snapshots(); !added) return added.error();
    if (survey_.has(MigrationStep::upgrade_program)) return std::move(survey_);
    const auto views = add_views();
    if (survey_.has(MigrationStep::upgrade_program)) return std::move(survey_);
    if (auto verified = verify(); !verified) return verified.error();
    // A disk that refuses is no damage.
    const bool is_explained = survey_.views_damage || survey_.has(MigrationStep::upgrade_program);
    if (!views && !is_explained) return refuse(views.error(), paths_.views).error();
    return std::move(survey_);
  }
  // nullopt: the log does not reach so far.
  [[nodiscard]] const std::optional<Digest>& root_then() const noexcept { return root_then_; }

  // The header and the state inside have versions of their own.
  Result<void> add_snapshots() {
    const auto found = list_snapshots(*files_, paths_.snapshots);
    if (!found) return refuse(found.error(), paths_.snapshots);
    for (const auto seq : *found) {
      if (auto added = add_snapshot(snapshot_name(seq)); !added) return added;
    }
    return {};
  }
  [[nodiscard]] const MigrationSurvey& survey() const noexcept { return survey_; }

 private:
  Result<void> refuse(const boost::system::error_code& error, const std::filesystem::path& path) {
    why_ = "can't read " + path.string() + ": " + error.message();
    return error;
  }

  void add(std::string part, std::optional<std::uint32_t> version, std::uint32_t newest,
           MigrationStep when_older) {
    survey_.parts.push_back(
        {std::move(part), version, newest, step_for(version, newest, when_older)});
  }

  // The beginning of a file; shorter where the file is. file_not_found.
  Result<std::vector<std::uint8_t>> beginning(const std::filesystem::path& path,
                                              std::size_t bytes_max) {
    const auto file = files_->open_for_reading(path);
    if (!file) return file.error();
    std::vector<std::uint8_t> bytes(bytes_max);
    const auto count = (*file)->read_at(0, bytes);
    if (!count) return count.error();
    bytes.resize(*count);
    return bytes;
  }

  // `at`: where the version's magic begins in a file that its decoder took, or that it refused as a
  // newer program's.
  Result<void> add_version(const std::filesystem::path& path, std::size_t at, std::uint32_t newest,
                           MigrationStep when_older, bool is_newer) {
    const auto bytes = beginning(path, at + kFilePrefixBytes);
    if (!bytes) return refuse(bytes.error(), path);
    std::optional<std::uint32_t> version;
    if (bytes->size() == at + kFilePrefixBytes)
      version = version_behind_magic(ByteView{*bytes}.subspan(at));
    add(part_of(path), version, newest, when_older);
    if (is_newer) survey_.parts.back().step = MigrationStep::upgrade_program;
    return {};
  }

  // What the decoder said, where the version stands at the file's beginning. `damage` is no error.
  Result<void> add_decoded(const std::filesystem::path& path, const boost::system::error_code& said,
                           Errc damage, std::uint32_t newest, MigrationStep when_older) {
    if (said == Errc::file_not_found || said == damage) {
      add(part_of(path), {}, newest, when_older);
      return {};
    }
    const bool is_newer = said == Errc::unsupported_format;
    if (said && !is_newer) return refuse(said, path);
    return add_version(path, 0, newest, when_older, is_newer);
  }

  [[nodiscard]] std::string part_of(const std::filesystem::path& path) const {
    return path.lexically_relative(paths_.directory).generic_string();
  }

  Result<void> add_head() {
    const auto slots = read_head_slots(*files_, paths_.head);
    if (!slots && slots.error() == Errc::unsupported_format) return add_newer_head();
    if (!slots) {
      return add_decoded(paths_.head, slots.error(), Errc::head_corrupt, kHeadVersion,
                         MigrationStep::none);
    }
    const auto whole =
        std::ranges::find_if(*slots, [](const auto& slot) { return slot.head.has_value(); });
    if (whole == slots->end()) {
      add("HEAD", {}, kHeadVersion, MigrationStep::none);
      return {};
    }
    ledger_id_ = whole->head->ledger_id;
    const auto at = static_cast<std::size_t>(whole - slots->begin()) * HeadFile::kSlotBytes;
    return add_version(paths_.head, at, kHeadVersion, MigrationStep::none, false);
  }

  // The newer of its two slots counts: the other one may be from before the program was upgraded.
  Result<void> add_newer_head() {
    constexpr auto kSlotBytes = HeadFile::kSlotBytes;
    const auto bytes = beginning(paths_.head, kSlotBytes + kFilePrefixBytes);
    if (!bytes) return refuse(bytes.error(), paths_.head);
    std::optional<std::uint32_t> version;
    if (bytes->size() == kSlotBytes + kFilePrefixBytes) {
      const ByteView slots{*bytes};
      version =
          std::max(version_behind_magic(slots), version_behind_magic(slots.subspan(kSlotBytes)));
    }
    survey_.parts.push_back({"HEAD", version, kHeadVersion, MigrationStep::upgrade_program});
    return {};
  }

  // Its checksum and version are looked at before the key is, so none is needed.
  Result<void> add_keyring() {
    const auto loaded = Keyring::load(files_, paths_.keyring, {});
    auto said = loaded ? boost::system::error_code{} : loaded.error();
    if (said == Errc::keyring_wrong_key) said = {};
    if (said == Errc::keyring_missing) said = Errc::file_not_found;
    return add_decoded(paths_.keyring, said, Errc::keyring_corrupt, kKeyringVersion,
                       MigrationStep::write_again);
  }

  Result<void> add_key_store() {
    const auto checked = check_key_store(*files_, paths_.key_store, ledger_id_, {}, {});
    auto said = checked ? boost::system::error_code{} : checked.error();
    if (checked && !checked->problem.empty()) said = Errc::key_store_corrupt;
    return add_decoded(paths_.key_store, said, Errc::key_store_corrupt, kKeyStoreVersion,
                       MigrationStep::none);
  }

  Result<void> add_history() {
    const auto path = paths_.audit / "checkpoints";
    const auto owner = CheckpointHistory::read_owner(*files_, path);
    const auto said = owner ? boost::system::error_code{} : owner.error();
    return add_decoded(path, said, Errc::audit_corrupt, kCheckpointHistoryVersion,
                       MigrationStep::none);
  }

  // A damaged one has no version. Whoever opens the ledger skips it; a migration does not: verify()
  // makes a difference of it, and nothing is migrated until somebody removes that file.
  Result<void> add_snapshot(const std::string& name) {
    const auto path = paths_.snapshots / name;
    const auto bytes = beginning(path, kSnapshotHeaderBytes);
    if (!bytes) return refuse(bytes.error(), path);
    const auto header = decode_snapshot_header(*bytes);
    if (!header && header.error() == Errc::snapshot_corrupt) return {};
    const bool is_newer = !header && header.error() == Errc::unsupported_format;
    auto added = add_version(path, 0, kSnapshotFormatVersion, MigrationStep::make_anew, is_newer);
    if (!added || !header) return added;
    const auto state = state_version(path, *header);
    if (!state) return refuse(state.error(), path);
    if (*state)
      add("snapshots/" + name + " (state)", *state, kStateFormatVersion, MigrationStep::make_anew);
    return {};
  }

  // nullopt: its checksum is another one.
  Result<std::optional<std::uint32_t>> state_version(const std::filesystem::path& path,
                                                     const SnapshotHeader& header) {
    const auto file = files_->open_for_reading(path);
    if (!file) return file.error();
    std::vector<std::uint8_t> block(kReadBytes);
    std::optional<std::uint32_t> version;
    std::uint32_t crc = 0;
    for (std::uint64_t at = 0; at < header.state_bytes;) {
      const auto wanted = std::min<std::uint64_t>(block.size(), header.state_bytes - at);
      const auto part = std::span{block}.first(static_cast<std::size_t>(wanted));
      const auto count = (*file)->read_at(kSnapshotHeaderBytes + at, part);
      if (!count) return count.error();
      if (*count == 0) return std::optional<std::uint32_t>{};
      if (at == 0 && *count >= sizeof(std::uint32_t))
        version = ByteReader{part}.integer<std::uint32_t>();
      crc = crc32c(part.first(*count), crc);
      at += *count;
    }
    return crc == header.state_crc ? version : std::optional<std::uint32_t>{};
  }

  // The log's version is what folding it gives, and verifying folds it: once for both.
  Result<void> verify() {
    AuditVerifyOptions verifying{.directory = options_.directory,
                                 .keyring_key_file = options_.keyring_key_file,
                                 .root_wanted_at = before_,
                                 .files = files_,
                                 .is_locked = true};
    if (options_.progress) {
      verifying.progress = [&](const AuditProgress& at) {
        options_.progress(at.stage, Sequence{at.done}, Sequence{at.end});
      };
    }
    auto report = verify_audit(verifying, why_);
    if (!report) return report.error();
    if (report->is_log_newer) {
      // Which version it is stands in an event that this program can't read.
      survey_.parts.push_back({"log", {}, kFormatVersion, MigrationStep::upgrade_program});
      return {};
    }
    take_differences(std::move(report->differences));
    if (auto readable = require_readable_views(); !readable) return readable;
    root_then_ = report->root_then;
    if (report->log_format == 0) return {};  // damaged, then
    survey_.end = report->end;
    survey_.root = report->root;
    add("log", report->log_format, kFormatVersion, MigrationStep::activate_format);
    return {};
  }

  // Whether making the views anew does away with it. A file that is no view's stays where it is.
  static bool is_mended_by_rebuild(const AuditFinding& found) {
    constexpr std::string_view kInside = "views/";
    if (!found.place.starts_with(kInside))
      return found.place == "views" || found.place == "views.damaged";
    const auto name = std::string_view{found.place}.substr(kInside.size());
    return name.empty() || is_rocks_name(name);
  }

  // A disk that refuses is no damage, and a view that could not be read may be sound: it is not
  // removed for that. Verifying words both as differences, so the files are read once more.
  Result<void> require_readable_views() {
    if (!survey_.views_damage) return {};
    const auto names = files_->list(paths_.views);
    if (!names && names.error() == Errc::file_not_found) return {};
    if (!names) return refuse(names.error(), paths_.views);
    for (const auto& name : *names) {
      if (!is_rocks_name(name)) continue;
      if (auto read = read_to_end(paths_.views / name); !read)
        return refuse(read.error(), paths_.views / name);
    }
    return {};
  }

  Result<void> read_to_end(const std::filesystem::path& path) {
    const auto file = files_->open_for_reading(path);
    if (!file) return file.error();
    std::vector<std::uint8_t> block(kReadBytes);
    for (std::uint64_t at = 0;;) {
      const auto count = (*file)->read_at(at, block);
      if (!count) return count.error();
      if (*count == 0) return {};
      at += *count;
    }
  }

  void take_differences(std::vector<AuditFinding> differences) {
    for (auto& found : differences) {
      if (!is_mended_by_rebuild(found))
        survey_.damage.push_back(std::move(found));
      else if (!survey_.views_damage)
        survey_.views_damage = std::move(found);
    }
    if (!survey_.views_damage) return;
    std::erase_if(survey_.parts, [](const FormatFound& found) { return found.part == "views"; });
    survey_.parts.push_back({"views", {}, Views::layout_made(), MigrationStep::make_anew});
  }

  Result<void> add_views() {
    const auto layout = Views::layout_of({.directory = paths_.views, .files = files_});
    if (!layout && layout.error() == Errc::view_corrupt) {
      survey_.parts.push_back({"views", {}, Views::layout_made(), MigrationStep::make_anew});
      return {};
    }
    if (!layout) return layout.error();
    add("views", *layout, Views::layout_made(), MigrationStep::make_anew);
    return {};
  }

  const MigrationOptions& options_;
  std::string& why_;
  const std::shared_ptr<FileLayer> files_;
  const LedgerPaths paths_;
  const Sequence before_;
  LedgerId ledger_id_{};  // HEAD's; zeros where it is damaged
  MigrationSurvey survey_;
  std::optional<Digest> root_then_;
};

// The follower would take rows that are wrong for those of before, so nothing of them may stay. A
// crash here leaves a ledger without views: the next open makes them.
Result<void> remove_views(const MigrationOptions& options, std::string& why) {
  const auto files = files_of(options);
  const auto lock = ClosedLedger::lock({options.directory, {}, files}, why);
  if (!lock) return lock.error();
  const LedgerPaths paths{options.directory};
  auto gone = Views::destroy({.directory = paths.views, .files = files});
  if (!gone) why = "can't remove the damaged views: " + gone.error().message();
  return gone;
}

Result<void> take_steps(const MigrationOptions& options, const MigrationSurvey& survey,
                        std::string& why) {
  LedgerOptions ledger_options;
  ledger_options.directory = options.directory;
  ledger_options.create_if_missing = false;
  ledger_options.keyring_key_file = options.keyring_key_file;
  ledger_options.files = options.files;
  // An anchor never sees what would be signed here.
  ledger_options.checkpoint_every = std::chrono::milliseconds{0};
  const auto opened = Ledger::open(ledger_options, &why);
  if (!opened) return opened.error();
  const auto half_way = [&](const boost::system::error_code& error) -> Result<void> {
    why =
        "the migration stopped half-way (" + error.message() + "): mend the cause and run it again";
    return Errc::unknown_outcome;
  };
  Ledger& ledger = **opened;
  if (survey.has(MigrationStep::activate_format)) {
    const auto activated =
        ledger.submit({Actor{.kind = ActorKind::host}, {}, {}, ActivateFormat{kFormatVersion}});
    if (!activated) return half_way(activated.error());
  }
  // The follower makes the views anew; however long that takes, it is what was asked for.
  Result<void> reached = Errc::view_behind;
  for (;;) {
    const auto stats = ledger.stats();
    if (options.progress) options.progress("views", stats.view_cursor, stats.committed);
    if (reached || reached.error() != Errc::view_behind || stats.views_stopped) break;
    reached = ledger.wait_for_views(stats.committed);
  }
  if (!reached) return half_way(reached.error());
  if (auto closed = ledger.close(); !closed) return half_way(closed.error());  // with a snapshot
  return {};
}

Result<void> write_keyring_again(const MigrationOptions& options) {
  const auto files = files_of(options);
  const LedgerPaths paths{options.directory};
  const auto lock = DirectoryLock::acquire(paths.directory);
  if (!lock) return lock.error();
  auto key = find_keyring_key(*files, options.keyring_key_file);
  if (!key) return key.error();
  const auto keyring = Keyring::load(files, paths.keyring, std::move(*key));
  if (!keyring) return keyring.error();
  return (*keyring)->write_again();
}

Result<void> remove_outdated_snapshots(const MigrationOptions& options, std::string& why) {
  const auto files = files_of(options);
  const LedgerPaths paths{options.directory};
  const auto lock = ClosedLedger::lock({options.directory, {}, files}, why);
  if (!lock) return lock.error();
  Surveyor surveyor{options, why};
  if (auto listed = surveyor.add_snapshots(); !listed) return listed;
  for (const auto& found : surveyor.survey().parts) {
    if (found.step != MigrationStep::make_anew) continue;
    const auto name = found.part.substr(0, found.part.find(' '));
    if (auto removed = files->remove(paths.directory / name); !removed) return removed;
  }
  return files->sync_directory(paths.snapshots);
}

// Every byte again, and that the events of before are a prefix of those of now.
Result<MigrationSurvey> survey_after(const MigrationOptions& options, const MigrationSurvey& before,
                                     std::string& why) {
  Surveyor surveyor{options, why, before.end};
  auto after = surveyor.run();
  if (!after) return after;
  if (!after->damage.empty()) {
    const auto& first = after->damage.front();
    why = "the ledger does not verify after the migration; first at " + first.place + ": " +
          first.what;
    return Errc::audit_corrupt;
  }
  if (surveyor.root_then() == before.root) return after;
  why = "the events up to seq " + std::to_string(before.end.value()) +
        " are not those of before the migration";
  return Errc::root_mismatch;
}

}  // namespace

bool MigrationSurvey::has(MigrationStep step) const noexcept {
  return std::ranges::any_of(parts, [&](const auto& found) { return found.step == step; });
}

bool MigrationSurvey::is_done() const noexcept {
  return std::ranges::all_of(parts,
                             [](const auto& found) { return found.step == MigrationStep::none; });
}

Result<MigrationSurvey> survey_formats(const MigrationOptions& options, std::string& why) {
  return Surveyor{options, why}.run();
}

Result<MigrationSurvey> migrate(const MigrationOptions& options, const MigrationSurvey& survey,
                                std::string& why) {
  why.clear();  // whoever says nothing further down must not pass on an earlier call's sentence
  for (const auto& found : survey.parts) {
    if (found.step != MigrationStep::upgrade_program) continue;
    why = newer_format_sentence(options.directory / found.part);
    return Errc::unsupported_format;
  }
  if (!survey.damage.empty()) {
    const auto& first = survey.damage.front();
    why = "the ledger does not verify before the migration; first at " + first.place + ": " +
          first.what + "; nothing was changed";
    return Errc::audit_corrupt;
  }
  if (survey.is_done()) return survey;
  if (survey.views_damage) {
    if (auto removed = remove_views(options, why); !removed) return removed.error();
  }
  if (auto taken = take_steps(options, survey, why); !taken) return taken.error();
  if (survey.has(MigrationStep::write_again)) {
    if (auto written = write_keyring_again(options); !written) {
      why = "can't write the keyring again: " + written.error().message();
      return Errc::unknown_outcome;
    }
  }
  if (auto removed = remove_outdated_snapshots(options, why); !removed) {
    if (why.empty()) why = "can't remove outdated snapshots: " + removed.error().message();
    return Errc::unknown_outcome;
  }
  return survey_after(options, survey, why);
}

}  // namespace tokenledger

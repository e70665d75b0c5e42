#include "replay/migration.hpp"

#include <algorithm>
#include <utility>

#include "core/state_codec.hpp"
#include "replay/closed_ledger.hpp"
#include "storage/byte_codec.hpp"
#include "storage/directory_lock.hpp"
#include "storage/format_version.hpp"
#include "storage/keyring.hpp"
#include "storage/ledger_core.hpp"
#include "storage/recovery.hpp"
#include "storage/snapshot_format.hpp"
#include "storage/snapshot_load.hpp"

namespace tokenledger {
namespace {

std::shared_ptr<FileLayer> files_of(const MigrationOptions& options) {
  return options.files ? options.files : make_posix_file_layer();
}

MigrationStep step_for(std::optional<std::uint32_t> version, std::uint32_t newest,
                       MigrationStep when_older) {
  if (!version || *version == newest) return MigrationStep::none;
  return *version > newest ? MigrationStep::upgrade_program : when_older;
}

class Surveyor {
 public:
  Surveyor(const MigrationOptions& options, std::string& why)
      : options_{options}, why_{why}, files_{files_of(options)}, paths_{options.directory} {}

  // The files that need no key first: a newer one may keep everything else from being read.
  Result<MigrationSurvey> run() {
    const auto there = files_->exists(paths_.log);
    if (!there || !*there) {
      why_ = "there is no ledger at " + options_.directory.string() + ": check --data";
      return there ? Errc::not_a_ledger : to_errc(there.error());
    }
    if (auto added = add_head(); !added) return added.error();
    struct Kept {
      std::filesystem::path path;
      std::uint32_t newest;
      MigrationStep when_older = MigrationStep::none;
    };
    const Kept kept[] = {{paths_.keyring, kKeyringVersion, MigrationStep::write_again},
                         {paths_.key_store, kKeyStoreVersion},
                         {paths_.audit / "checkpoints", kCheckpointHistoryVersion}};
    for (const auto& [path, newest, when_older] : kept) {
      if (auto added = add_file(path, newest, when_older); !added) return added.error();
    }
    if (auto added = add_snapshots(); !added) return added.error();
    if (survey_.has(MigrationStep::upgrade_program)) return std::move(survey_);
    auto ledger = ClosedLedger::open({options_.directory, options_.keyring_key_file, files_}, why_);
    if (!ledger) return ledger.error();
    if (auto added = add_log(*ledger); !added) return added.error();
    if (survey_.has(MigrationStep::upgrade_program)) return std::move(survey_);
    if (auto added = add_views(*ledger); !added) return added.error();
    return std::move(survey_);
  }

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

  // Checksums are `audit verify`'s business; a file cut short has no version and is found there.
  Result<void> add_file(const std::filesystem::path& path, std::uint32_t newest,
                        MigrationStep when_older) {
    const auto part = path.lexically_relative(paths_.directory).generic_string();
    const auto bytes = beginning(path, kFilePrefixBytes);
    if (!bytes && bytes.error() != Errc::file_not_found) return refuse(bytes.error(), path);
    std::optional<std::uint32_t> version;
    if (bytes && bytes->size() == kFilePrefixBytes) version = version_behind_magic(*bytes);
    add(part, version, newest, when_older);
    return {};
  }

  // The newer of its two slots counts: the other one may be from before the program was upgraded.
  Result<void> add_head() {
    constexpr auto kSlotBytes = HeadFile::kSlotBytes;
    const auto bytes = beginning(paths_.head, kSlotBytes + kFilePrefixBytes);
    if (!bytes && bytes.error() != Errc::file_not_found) return refuse(bytes.error(), paths_.head);
    std::optional<std::uint32_t> version;
    if (bytes && bytes->size() == kSlotBytes + kFilePrefixBytes) {
      const ByteView slots{*bytes};
      version =
          std::max(version_behind_magic(slots), version_behind_magic(slots.subspan(kSlotBytes)));
    }
    add("HEAD", version, kHeadVersion, MigrationStep::none);
    return {};
  }

  // The header and the state inside have versions of their own.
  Result<void> add_snapshots() {
    const auto found = list_snapshots(*files_, paths_.snapshots);
    if (!found) return refuse(found.error(), paths_.snapshots);
    for (const auto seq : *found) {
      const auto path = paths_.snapshots / snapshot_name(seq);
      const auto bytes = beginning(path, kSnapshotHeaderBytes + sizeof(std::uint32_t));
      if (!bytes) return refuse(bytes.error(), path);
      const auto part = "snapshots/" + snapshot_name(seq);
      if (bytes->size() < kSnapshotHeaderBytes + sizeof(std::uint32_t)) continue;
      add(part, version_behind_magic(*bytes), kSnapshotFormatVersion, MigrationStep::make_anew);
      if (version_behind_magic(*bytes) != kSnapshotFormatVersion) continue;
      ByteReader state{std::span{*bytes}.subspan(kSnapshotHeaderBytes)};
      add(part + " (state)", state.integer<std::uint32_t>(), kStateFormatVersion,
          MigrationStep::make_anew);
    }
    return {};
  }

  Result<void> add_log(const ClosedLedger& ledger) {
    const auto last = ledger.log().last_seq();
    if (!last) return refuse(last.error(), paths_.log);
    State state;
    ValidityIndex index;
    CompactRange range;
    ReplayOptions replay{.upto = *last};
    if (options_.progress)
      replay.progress = [&](Sequence at) { options_.progress("log", at, *last); };
    const auto folded = replay_log(ledger.log(), state, index, range, replay, why_);
    if (folded.has_error() && folded.error() == Errc::unsupported_format) {
      // Which version it is stands in an event that this program can't read.
      survey_.parts.push_back({"log", {}, kFormatVersion, MigrationStep::upgrade_program});
      return {};
    }
    if (!folded) return folded;
    survey_.end = *last;
    survey_.root = range.root();
    add("log", state.format_version, kFormatVersion, MigrationStep::activate_format);
    return {};
  }

  Result<void> add_views(const ClosedLedger& ledger) {
    const auto layout = Views::layout_of(
        {.directory = paths_.views, .files = files_, .ledger_id = ledger.keys().ledger_id()});
    if (!layout) return refuse(layout.error(), paths_.views);
    add("views", *layout, Views::layout_made(), MigrationStep::make_anew);
    return {};
  }

  const MigrationOptions& options_;
  std::string& why_;
  const std::shared_ptr<FileLayer> files_;
  const LedgerPaths paths_;
  MigrationSurvey survey_;
};

Result<void> take_steps(const MigrationOptions& options, const MigrationSurvey& survey,
                        std::string& why) {
  LedgerOptions ledger_options;
  ledger_options.directory = options.directory;
  ledger_options.create_if_missing = false;
  ledger_options.keyring_key_file = options.keyring_key_file;
  ledger_options.files = options.files;
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
  while (!reached && reached.error() == Errc::view_behind && !ledger.stats().views_stopped)
    reached = ledger.wait_for_views(ledger.committed());
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
  const auto after = survey_formats(options, why);
  if (!after) return after.error();
  for (const auto& found : after->parts) {
    const bool is_snapshot = found.part.starts_with("snapshots/");
    if (!is_snapshot || found.step != MigrationStep::make_anew) continue;
    const auto name = found.part.substr(0, found.part.find(' '));
    if (auto removed = files->remove(paths.directory / name); !removed) return removed;
  }
  return files->sync_directory(paths.snapshots);
}

// The events of before are a prefix of those of now, byte for byte.
Result<void> check_prefix(const MigrationOptions& options, const MigrationSurvey& before,
                          std::string& why) {
  const auto ledger =
      ClosedLedger::open({options.directory, options.keyring_key_file, options.files}, why);
  if (!ledger) return ledger.error();
  const auto last = ledger->log().last_seq();
  if (!last) return last.error();
  if (*last < before.end) {
    why = "the log ends at seq " + std::to_string(last->value()) + " and ended at " +
          std::to_string(before.end.value()) + " before";
    return Errc::root_mismatch;
  }
  State state;
  ValidityIndex index;
  CompactRange range;
  ReplayOptions replay{.upto = *last};
  Digest root{};
  replay.on_leaf = [&](const CompactRange& at) {
    if (at.size() == before.end.value()) root = at.root();
  };
  if (auto folded = replay_log(ledger->log(), state, index, range, replay, why); !folded)
    return folded;
  if (root == before.root) return {};
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

Result<void> migrate(const MigrationOptions& options, const MigrationSurvey& survey,
                     std::string& why) {
  for (const auto& found : survey.parts) {
    if (found.step != MigrationStep::upgrade_program) continue;
  // An anchor never sees what would be signed here.
  ledger_options.checkpoint_every = std::chrono::milliseconds{0};
    why = newer_format_sentence(options.directory / found.part);
    return Errc::unsupported_format;
  }
  if (survey.is_done()) return {};
  if (auto taken = take_steps(options, survey, why); !taken) return taken;
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
  return check_prefix(options, survey, why);
}

}  // namespace tokenledger

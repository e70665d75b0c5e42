#include "replay/audit_log_check.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/checkpoint.hpp"
#include "core/merkle_proof.hpp"
#include "core/state_codec.hpp"
#include "core/tile_hash_source.hpp"
#include "replay/audit_files.hpp"
#include "storage/byte_codec.hpp"
#include "storage/snapshot_format.hpp"
#include "storage/snapshot_load.hpp"

namespace tokenledger {
namespace {

constexpr const char* kHistory = "audit/checkpoints";

std::string at_seq(std::uint64_t seq) { return "seq " + std::to_string(seq); }

std::string describe_record(std::uint64_t number) {
  const auto byte = (number + 1) * CheckpointHistory::kRecordBytes;
  return "record " + std::to_string(number) + " at byte " + std::to_string(byte);
}

}  // namespace

AuditLogCheck::AuditLogCheck(const EventLog& log, Options options, AuditFindings& findings,
                             AuditReport& report)
    : log_{log}, options_{std::move(options)}, findings_{findings}, report_{report} {
  std::ranges::sort(options_.known, std::ranges::less{},
                    [](const KnownRoot& known) { return std::tie(known.size, known.place); });
}

void AuditLogCheck::run() {
  const auto last = log_.last_seq();
  if (!last) return findings_.difference("log", "its end can't be read");
  end_ = *last;
  if (options_.quick) begin_at_snapshot();
  report_.from = state_.last_seq.next();
  report_.end = end_;
  open_history();
  levels_ = std::make_unique<AuditLevelsCheck>(
      *options_.files, options_.audit, state_.last_seq.value(), options_.tree_mark, findings_);
  replay();
}

void AuditLogCheck::begin_at_snapshot() {
  const auto snapshots = list_snapshots(*options_.files, options_.snapshots);
  if (!snapshots || snapshots->empty())
    return findings_.note("snapshots", "there is none, so --quick reads the whole log");
  const SnapshotPlace place{options_.snapshots, snapshots->front(), options_.ledger_id};
  const auto loaded = load_snapshot_at(*options_.files, place, log_, state_, index_);
  const auto name = "snapshots/" + snapshot_name(place.seq);
  if (loaded.has_error() && loaded.error() == Errc::outdated_format)
    return findings_.note(name, "of an older layout, so --quick reads the whole log");
  if (!loaded) return findings_.difference(name, "does not load: " + loaded.error().message());
  auto range = CompactRange::deserialize(bytes_of(loaded->compact_range));
  // The loader compared sizes already.
  if (range) range_ = std::move(*range);
}

// An opened ledger always makes the file, so only one that makes no checkpoints has no directory.
void AuditLogCheck::open_history() {
  if (!options_.key) return;
  std::uint64_t unfinished = 0;
  auto opened = CheckpointHistory::open_for_reading(
      *options_.files, options_.audit / "checkpoints",
      {.ledger_id = options_.ledger_id, .public_key = options_.key->public_key()}, &unfinished);
  if (opened.has_error() && opened.error() == Errc::file_not_found) {
    const auto there = options_.files->exists(options_.audit);
    if (there && !*there && !options_.key_has_signed)
      return findings_.note("audit",
                            "this ledger signs no checkpoints: nothing in it can be proved");
    return findings_.difference(kHistory, "the checkpoint history is missing");
  }
  if (!opened) {
    return findings_.difference(kHistory,
                                opened.error() == Errc::audit_corrupt
                                    ? "the header at byte 0 is damaged, or of another ledger or key"
                                    : "can't be read: " + opened.error().message());
  }
  history_ = std::move(*opened);
  look_at_unfinished(unfinished);
  next_record();
  while (record_ && record_->size < state_.last_seq.value()) next_record();
}

// Behind the last whole record. An append that a crash interrupted leaves the beginning of a
// record, which would have been the next, or no more than its length.
void AuditLogCheck::look_at_unfinished(std::uint64_t bytes) {
  if (bytes == 0) return;
  const auto what = "the last " + std::to_string(bytes) + " bytes are no record";
  if (!is_interrupted_record(bytes)) return findings_.difference(kHistory, what);
  findings_.note(kHistory, what + "; an interrupted write leaves such, the next start removes it");
}

bool AuditLogCheck::is_interrupted_record(std::uint64_t bytes) const {
  if (bytes > CheckpointHistory::kRecordBytes) return false;
  std::vector<std::uint8_t> found(static_cast<std::size_t>(bytes));
  const auto file = options_.files->open_for_reading(options_.audit / "checkpoints");
  const auto begin = (history_->count() + 1) * CheckpointHistory::kRecordBytes;
  const auto count = file ? (*file)->read_at(begin, found) : Result<std::size_t>{file.error()};
  if (!count || *count != found.size()) return false;
  if (std::ranges::all_of(found, [](auto byte) { return byte == 0; })) return true;
  const auto newest = history_->newest();
  ByteReader reader{found};
  const auto size = reader.integer<std::uint64_t>();
  if (!newest || !reader.ok()) return newest.has_value();  // not even its first field
  return size > (*newest ? (*newest)->size : 0) && size <= end_.value();
}

void AuditLogCheck::next_record() {
  record_.reset();
  while (record_at_ < history_->count()) {
    const auto number = record_at_++;
    const auto record = history_->read(number);
    if (!record) {
      findings_.difference(kHistory, describe_record(number) + " is damaged");
    } else if (record->size <= record_size_) {
      findings_.difference(kHistory, describe_record(number) + " does not follow the one before");
    } else {
      record_ = *record;
      record_size_ = record->size;
      return;
    }
  }
}

void AuditLogCheck::replay() {
  started_ = std::chrono::steady_clock::now();
  check_tree(range_);
  auto snapshots = list_snapshots(*options_.files, options_.snapshots);
  if (!snapshots) return findings_.difference("snapshots", "the directory can't be read");
  std::ranges::reverse(*snapshots);
  for (const auto seq : *snapshots) {
    if (findings_.is_full()) return;
    if (options_.quick) break;
    if (seq > end_) {
      findings_.difference("snapshots/" + snapshot_name(seq),
                           "the log ends before it, at " + at_seq(end_.value()));
      continue;
    }
    if (!replay_to(seq)) return;
    compare_snapshot(seq);
  }
  if (replay_to(end_)) finish();
}

bool AuditLogCheck::replay_to(Sequence upto) {
  const auto first = report_.from.value();
  const auto rate = [&](std::uint64_t reached) {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - started_;
    return passed.count() > 0 ? static_cast<double>(reached + 1 - first) / passed.count() : 0;
  };
  ReplayOptions options{.upto = upto, .expected_root = {}, .hash_leaves = true};
  options.requires_canonical = true;
  options.stops = options_.stops;
  options.observe = options_.observe;
  options.on_tile_hash = [&](unsigned level, std::uint64_t number, const Digest& hash) {
    levels_->compare(level, number, hash);
  };
  options.on_leaf = [&](const CompactRange& range) { check_tree(range); };
  options.progress = [&](Sequence seq) {
    report_.events_per_second = rate(seq.value());
    if (options_.progress)
      options_.progress({"log", seq.value(), end_.value(), report_.events_per_second});
  };
  std::string why;
  const auto replayed = replay_log(log_, state_, index_, range_, options, why);
  if (replayed) return true;
  report_.is_log_newer = replayed.error() == Errc::unsupported_format;
  findings_.difference("log", why.empty() ? replayed.error().message() : why);
  return false;
}

void AuditLogCheck::check_tree(const CompactRange& range) {
  if (range.size() != 0 && range.size() == options_.root_wanted_at.value())
    report_.root_then = range.root();
  for (; known_at_ < options_.known.size(); ++known_at_) {
    const auto& known = options_.known[known_at_];
    if (known.size > range.size()) break;
    if (known.size < range.size()) continue;  // before the first event that is read: see finish()
    if (known.root != range.root())
      findings_.difference(known.place, "the log is not the one that " + known.who + " saw at " +
                                            at_seq(known.size) +
                                            ": its Merkle root there is another");
  }
  if (record_ && record_->size == range.size()) {
    check_record(range);
    next_record();
  }
}

void AuditLogCheck::check_record(const CompactRange& range) {
  const auto number = record_at_ - 1;
  const auto place = describe_record(number) + " (" + at_seq(record_->size) + ")";
  report_.newest_checkpoint = record_->size;
  if (record_->root != range.root())
    return findings_.difference(kHistory, place + ": the log has another Merkle root there");
  const auto text = format_checkpoint({options_.key->name(), record_->size, record_->root});
  if (!text || !options_.key->verify(*text, record_->signature))
    return findings_.difference(kHistory, place + ": the signature is not the log key's");
  ++report_.checkpoints;
}

// A snapshot is a cache: what it says must be what the events say (INV-3).
void AuditLogCheck::compare_snapshot(Sequence seq) {
  const auto place = "snapshots/" + snapshot_name(seq);
  State saved;
  ValidityIndex saved_index;
  const auto loaded = load_snapshot_at(
      *options_.files, {options_.snapshots, seq, options_.ledger_id}, log_, saved, saved_index);
  if (loaded.has_error() && loaded.error() == Errc::outdated_format)
    return findings_.note(place, "of an older layout; the log is read instead");
  if (!loaded) return findings_.difference(place, "does not load: " + loaded.error().message());
  const auto range = range_.serialize();
  if (!std::ranges::equal(range, bytes_of(loaded->compact_range)))
    return findings_.difference(place, "its Merkle range is not that of the events");
  if (encode_state(saved) != encode_state(state_))
    return findings_.difference(place, "its state is not that of the events");
  compare_index(place, saved_index);
  ++report_.snapshots;
}

void AuditLogCheck::compare_index(const std::string& place, const ValidityIndex& saved) {
  std::vector<std::uint64_t> entries[2]{std::vector<std::uint64_t>(kChunkEntryWords),
                                        std::vector<std::uint64_t>(kChunkEntryWords)};
  std::vector<std::uint64_t> bits[2]{std::vector<std::uint64_t>(kChunkBitWords),
                                     std::vector<std::uint64_t>(kChunkBitWords)};
  std::vector<std::uint64_t> bindings[2]{std::vector<std::uint64_t>(kChunkTokens),
                                         std::vector<std::uint64_t>(kChunkTokens)};
  const auto copy = [&](const ValidityIndex& index, Lane lane, std::uint64_t chunk, int to) {
    const ChunkWords<std::uint64_t> words{std::span{entries[to]}.first<kChunkEntryWords>(),
                                          std::span{bits[to]}.first<kChunkBitWords>(),
                                          std::span{bindings[to]}.first<kChunkTokens>()};
    if (index.copy_chunk(lane, chunk, words)) return;
    std::ranges::fill(entries[to], 0);  // not in use: as good as empty
    std::ranges::fill(bits[to], 0);
    std::ranges::fill(bindings[to], 0);
  };
  for (std::size_t number = 0; number < kLaneCount; ++number) {
    const auto lane = static_cast<Lane>(number);
    const auto ours = index_.chunks(lane);
    const auto theirs = saved.chunks(lane);
    for (auto chunk = std::min(ours.first, theirs.first); chunk < std::max(ours.end, theirs.end);
         ++chunk) {
      copy(index_, lane, chunk, 0);
      copy(saved, lane, chunk, 1);
      if (entries[0] == entries[1] && bits[0] == bits[1] && bindings[0] == bindings[1]) continue;
      findings_.difference(place, "the tokens of lane " + std::to_string(number) +
                                      " from counter " + std::to_string(chunk * kChunkTokens) +
                                      " are not those of the events");
    }
  }
}

void AuditLogCheck::finish() {
  report_.root = range_.root();
  report_.log_format = state_.format_version;
  levels_->finish(report_.newest_checkpoint);
  report_.tile_hashes = levels_->compared();
  if (state_.last_seq != Sequence{} && state_.ledger_id != options_.ledger_id)
    findings_.difference("log", "the events are another ledger's");
  for (; record_; next_record()) {
    findings_.difference(kHistory, describe_record(record_at_ - 1) + ": it was signed at " +
                                       at_seq(record_->size) + ", but the log ends at " +
                                       at_seq(end_.value()) + ": acknowledged events are missing");
  }
  for (const auto& known : options_.known) {
    if (known.size > end_.value()) {
      findings_.difference(known.place, known.who + " has seen " + at_seq(known.size) +
                                            ", but the log ends at " + at_seq(end_.value()) +
                                            ": this is an older copy, or events are missing");
    } else if (known.size != 0 && known.size + 1 < report_.from.value()) {
      check_older(known);
    }
  }
}

// The tree on disk shows that it began with what was known and leads to what the events gave; of
// events that no checkpoint covered when the process was killed it may lack hashes.
void AuditLogCheck::check_older(const KnownRoot& known) {
  const auto fail = [&](const std::string& what) { findings_.difference(known.place, what); };
  if (!options_.key) return fail("can't be compared without the log's key; leave --quick out");
  auto audit = AuditFiles::open(options_.files, log_,
                                {.directory = options_.audit,
                                 .key = *options_.key,
                                 .ledger_id = options_.ledger_id,
                                 .completes_levels = true});
  if (!audit) return fail("can't be compared without the tree; leave --quick out");
  TileHashSource source{end_.value(), **audit};
  const auto proof = consistency_proof(known.size, end_.value(), source);
  if (!proof) return fail("the tree can't be read; leave --quick out");
  const ConsistencyClaim claim{.from_size = known.size,
                               .to_size = end_.value(),
                               .from_root = known.root,
                               .to_root = range_.root()};
  if (!verify_consistency(claim, *proof))
    fail("the log is not shown to extend what " + known.who + " saw at " + at_seq(known.size) +
         ": leave --quick out to see which of log and tree it is");
}

}  // namespace tokenledger

// Opening the audit tree: what kept checkpoints say about the log that is there now.
#include <algorithm>

#include "core/hex.hpp"
#include "core/sha256.hpp"
#include "storage/audit_follower.hpp"
#include "storage/audit_tree.hpp"
#include "storage/byte_codec.hpp"
#include "storage/durable_file.hpp"
#include "storage/event_log.hpp"
#include "storage/format_version.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

inline constexpr std::size_t kOriginKeyBytes = 8;  // of the public key's SHA-256

std::string describe(const Checkpoint& checkpoint) {
  return "seq " + std::to_string(checkpoint.size);
}

std::string checkpoint_key_name(std::string_view issuer, ByteView public_key) {
  const auto digest = sha256(public_key);
  const auto key = "tokenledger/" + to_hex(std::span{digest}.first(kOriginKeyBytes));
  if (const auto scheme = issuer.find("://"); scheme != std::string_view::npos)
    issuer.remove_prefix(scheme + 3);
  while (issuer.ends_with('/')) issuer.remove_suffix(1);
  const auto name = std::string{issuer} + "/" + key;
  const bool is_usable =
      !issuer.empty() && name.size() <= kNoteKeyNameBytesMax && is_note_key_name(name);
  return is_usable ? name : key;
}

}  // namespace

Result<NoteSigner> make_checkpoint_signer(std::string_view issuer, ByteView seed) {
  const auto unnamed = NoteSigner::from_seed("tokenledger", NoteKeyType::ed25519, seed);
  if (!unnamed) return unnamed.error();
  return NoteSigner::from_seed(checkpoint_key_name(issuer, unnamed->verifier().public_key()),
                               NoteKeyType::ed25519, seed);
}

Result<NoteVerifier> make_checkpoint_verifier(std::string_view issuer, ByteView public_key) {
  return NoteVerifier::from_public(checkpoint_key_name(issuer, public_key), NoteKeyType::ed25519,
                                   public_key);
}

Result<std::unique_ptr<AuditTree>> AuditTree::open(FileLayer& files, EventLog& log,
                                                   NoteSigner signer, const CompactRange& range,
                                                   Options options, std::string& why) {
  std::unique_ptr<AuditTree> tree{new AuditTree{files, log, std::move(signer), std::move(options)}};
  const auto& directory = tree->options_.directory;
  if (auto made = ensure_directory(files, directory); !made) {
    why = "can't make " + directory.string() + ": " + made.error().message();
    return made.error();
  }
  if (auto read = tree->open_history(why); !read) return read.error();
  if (auto read = tree->read_anchor(range, why); !read) return read.error();
  if (auto caught_up = tree->catch_up(range, why); !caught_up) return caught_up.error();
  tree->anchored_.reset();
  return tree;
}

// The newest record must be this key's: nobody else can have added it.
Result<void> AuditTree::open_history(std::string& why) {
  const auto path = options_.directory / "checkpoints";
  const auto fail = [&](const boost::system::error_code& error,
                        const char* what = "is damaged or another ledger's") -> Result<void> {
    why = error == Errc::audit_corrupt
              ? "the checkpoint history at " + path.string() + " " + what +
                    ", so nobody can say what was signed: put the newest copy of it back; where "
                    "there is none, `tokenledger recover --truncate-after` the log's end with "
                    "--accept-loss begins a log of another key and origin"
          : error == Errc::unsupported_format
              ? newer_format_sentence(path)
              : "can't use " + path.string() + ": " + error.message();
    return error;
  };
  const auto is_there = files_.exists(path);
  if (!is_there) return fail(is_there.error());
  // With an empty one this key could sign a size again that it has signed already.
  if (!*is_there && options_.key_has_signed) return fail(Errc::audit_corrupt, "is missing");
  auto opened = CheckpointHistory::open(
      files_, path, {.ledger_id = options_.ledger_id, .public_key = verifier().public_key()});
  if (!opened) return fail(opened.error());
  history_ = std::move(*opened);
  const auto made = newest_checkpoint(*history_, verifier());
  if (!made) return fail(made.error());
  if (!*made) return {};
  newest_ = std::make_shared<const ShownCheckpoint>(**made);
  signed_.store((*made)->size, std::memory_order_release);
  return {};
}

// An anchor that is gone may have been taken away together with events; an empty file says that
// somebody begins anew on purpose. A new ledger makes that file itself, before its first event: it
// may die before its first checkpoint, and then it is new no more.
Result<void> AuditTree::read_anchor(const CompactRange& range, std::string& why) {
  const auto& path = options_.anchor;
  if (path.empty()) return {};
  const auto bytes = read_whole(files_, path, kNoteBytesMax);
  if (bytes && bytes->empty()) return {};
  if (!bytes) {
    const bool is_missing = bytes.error() == Errc::file_not_found;
    if (is_missing && options_.is_new) {
      auto begun = create_durably(files_, path, {});
      if (!begun) why = "can't make the anchor " + path.string() + ": " + begun.error().message();
      return begun;
    }
    why = is_missing ? "the anchor " + path.string() +
                           " is missing, so nobody can say whether this ledger is an older copy: "
                           "find it, or make an empty file there to begin a new anchor"
                     : "can't read the anchor " + path.string() + ": " + bytes.error().message();
    return is_missing ? boost::system::error_code{Errc::audit_corrupt} : bytes.error();
  }
  const auto opened = open_checkpoint(text_of(*bytes), verifier());
  if (!opened) {
    why = "the anchor " + path.string() + " is damaged or of another ledger (this one is " +
          verifier().name() + "); nothing was changed";
    return Errc::audit_corrupt;
  }
  anchored_ = opened->checkpoint;
  anchored_size_ = anchored_->size;
  if (anchored_->size <= range.size()) return {};
  why = "the anchor " + path.string() + " has seen " + describe(*anchored_) +
        " but the log ends at seq " + std::to_string(range.size()) +
        ": this directory is an older copy, or acknowledged events are missing";
  return Errc::older_than_checkpoint;
}

Result<void> AuditTree::catch_up(const CompactRange& range, std::string& why) {
  const auto newest_known = newest();
  Checkpoint newest_signed{.origin = verifier().name()};
  if (newest_known != nullptr) {
    newest_signed.size = newest_known->size;
    newest_signed.root = newest_known->root;
  }
  if (newest_signed.size > range.size()) {
    why = "a checkpoint was signed at " + describe(newest_signed) + " but the log ends at seq " +
          std::to_string(range.size()) +
          ": acknowledged events are missing; see `tokenledger recover`";
    return Errc::older_than_checkpoint;
  }
  const auto adopted = adopt_levels(newest_signed.size, newest_signed.root);
  if (!adopted) {
    why = "can't use " + options_.directory.string() + ": " + adopted.error().message();
    return adopted.error();
  }
  // Ascending, so that each root is met on the way and nothing is hashed twice.
  const bool has_later_anchor = anchored_ && anchored_->size > newest_signed.size;
  if (anchored_ && !has_later_anchor) {
    if (auto passed = pass(*anchored_, "the anchor", why); !passed) return passed;
  }
  if (newest_signed.size != 0) {
    if (auto passed = pass(newest_signed, "the newest checkpoint", why); !passed) return passed;
  }
  if (auto cleared = clear_damage(); !cleared) {
    why = "can't remove " + damage_mark().string() + ": " + cleared.error().message();
    return cleared;
  }
  if (has_later_anchor) {
    if (auto passed = pass(*anchored_, "the anchor", why); !passed) return passed;
  }
  return pass({.origin = {}, .size = range.size(), .root = range.root()}, "recovery", why);
}

// Brings the tree to the known size, unless it is beyond it, and compares roots.
Result<void> AuditTree::pass(const Checkpoint& known, const std::string& what, std::string& why) {
  if (auto extended = extend(Sequence{known.size}); !extended) {
    why = std::string{"can't "} + step_ + " the audit tree at " + options_.directory.string() +
          ": " + extended.error().message();
    return extended;
  }
  TileHashSource source{size(), *this};
  const auto root =
      known.size == size() ? Result<Digest>{range_.root()} : tree_root(known.size, source);
  if (!root) {
    why = "can't compute the root at " + describe(known) + ": " + root.error().message();
    return root.error();
  }
  if (*root == known.root) return {};
  why = "the log is not the one that " + what + " saw at " + describe(known) +
        ": its Merkle root there is another; nothing was changed";
  return Errc::root_mismatch;
}

// The tree of `size` leaves as levels and the last events give it. nullopt: not all of it can be
// read; a hole in the log is not mended by hashing it again, but then extend() says where.
std::optional<CompactRange> AuditTree::read_edge(std::uint64_t size) {
  std::vector<std::uint8_t> edge;
  ByteWriter{edge}.integer(size);
  TileHashSource source{size, *this};
  for (const auto& node : nodes_of({.begin = 0, .end = size})) {
    const auto hash = source.node(node);
    if (!hash) return std::nullopt;
    ByteWriter{edge}.bytes(*hash);
  }
  auto range = CompactRange::deserialize(edge);
  return range ? std::optional{std::move(*range)} : std::nullopt;
}

// Levels that are not those of this checkpoint are thrown away: the tree begins anew from the log.
Result<void> AuditTree::adopt_levels(std::uint64_t size, const Digest& root) {
  const auto is_marked = files_.exists(damage_mark());
  if (!is_marked) return is_marked.error();
  auto opened = *is_marked ? Result<std::unique_ptr<AuditLevels>>{Errc::audit_corrupt}
                           : AuditLevels::open(files_, options_.directory, size);
  if (!opened && opened.error() != Errc::audit_corrupt) return opened.error();
  if (opened) {
    levels_ = std::move(*opened);
    if (size == 0) return {};
    integrated_.store(size, std::memory_order_release);
    if (auto edge = read_edge(size); edge && edge->root() == root) {
      range_ = std::move(*edge);
      return {};
    }
    integrated_.store(0, std::memory_order_release);
  }
  if (options_.warn)
    options_.warn("the audit tree at " + options_.directory.string() +
                  " does not fit its newest checkpoint; it is made anew from the log");
  return restart_levels();
}

// The mark stands until the levels reach the newest checkpoint again: a crash on the way leaves
// files that may be long enough and hold zeros, which their right edge need not show.
Result<void> AuditTree::restart_levels() {
  levels_.reset();
  if (auto marked = write_durably(files_, damage_mark(), bytes_of(kRebuildsLevels)); !marked)
    return marked;
  if (auto gone = AuditLevels::destroy(files_, options_.directory); !gone) return gone;
  auto opened = AuditLevels::open(files_, options_.directory, 0);
  if (!opened) return opened.error();
  levels_ = std::move(*opened);
  return {};
}

// Called when everything below the newest checkpoint is synced and led to its root.
Result<void> AuditTree::clear_damage() {
  const auto is_marked = files_.exists(damage_mark());
  if (!is_marked) return is_marked.error();
  if (!*is_marked) return {};
  if (auto removed = files_.remove(damage_mark()); !removed) return removed;
  return files_.sync_directory(options_.directory);
}

// Before anything is served: what checkpoints and anchor say decides whether this log may be used.
Result<void> LedgerCore::open_audit(std::string& why) {
  if (options.checkpoint_every.count() == 0) {
    if (options.anchor.empty() && !options.confirm_newest) return {};
    why = "anchors and witnesses need checkpoints, and they are switched off";
    return Errc::invalid_argument;
  }
  auto signer = make_checkpoint_signer(options.issuer, keys->checkpoint_seed());
  if (!signer) {
    why = "can't use the checkpoint key: " + signer.error().message();
    return signer.error();
  }
  AuditTree::Options audit_options{
      .directory = paths.audit,
      .anchor = options.anchor,
      .ledger_id = keys->ledger_id(),
      .is_new = state.last_seq == Sequence{},
      .key_has_signed = keys->has_signed_checkpoint(),
      .mark_key_signed = [this] { return keys->mark_checkpoint_signed(); },
      .progress = {},
      .warn = [this](const std::string& what) { warn(what); }};
  if (options.progress) {
    audit_options.progress = [this](std::uint64_t leaves) {
      options.progress({"audit tree", Sequence{leaves}, state.last_seq});
    };
  }
  auto opened =
      AuditTree::open(*files, *log, std::move(*signer), range, std::move(audit_options), why);
  if (!opened) return opened.error();
  audit = std::move(*opened);
  if (options.confirm_newest) {
    const auto shown = audit->newest();
    const NewestCheckpoint newest{
        .note = shown == nullptr ? std::string{} : shown->note,
        .vkey = audit->verifier().vkey(),
        .was_signed = [this](std::uint64_t size) { return audit->was_signed(size); },
        .checkpoint_of = [this](std::uint64_t size) -> Result<std::string> {
          auto shown_then = audit->signed_at(size);
          if (!shown_then) return to_errc(shown_then.error());
          return std::move(shown_then->note);
        }};
    if (auto confirmed = options.confirm_newest(newest, why); !confirmed) return confirmed;
  }
  return note_keepers(why);
}

// After anchor and witnesses were heard, and durable before the first checkpoint that they keep.
Result<void> LedgerCore::note_keepers(std::string& why) {
  const auto kept = options.is_unwatched ? CheckpointKeepers{} : keys->keepers();
  const CheckpointKeepers given{.anchor = !options.anchor.empty(),
                                .witnesses = static_cast<bool>(options.confirm_newest)};
  // Witnesses are no substitute for an anchor: restore believes its size.
  const bool misses_witnesses = kept.witnesses && !given.witnesses && !given.anchor;
  awaits_keeper = (kept.anchor && !given.anchor) || misses_witnesses;
  if (awaits_keeper) {
    warn(std::string{"this ledger has "} + (kept.anchor ? "an anchor" : "witnesses") +
         ", not given here: no checkpoints are signed meanwhile");
    return {};
  }
  auto marked = keys->set_keepers({kept.anchor || given.anchor, kept.witnesses || given.witnesses});
  if (!marked) why = "can't write " + paths.keyring.string() + ": " + marked.error().message();
  return marked;
}

void LedgerCore::start_audit() {
  if (audit == nullptr || awaits_keeper) return;
  AuditFollower::Options follower_options{
      .every = options.checkpoint_every,
      .gap_min = std::min(kCheckpointGapMin, options.checkpoint_every)};
  follower_options.head = [this]() -> std::optional<CompactRange> {
    const std::scoped_lock guard{head_mutex};
    if (poisoned.load()) return std::nullopt;
    return head->head().range;
  };
  follower_options.on_failure = [this](Errc error) {
    warn(std::string{"no more checkpoints are signed ("} + errc_name(error) +
         "): proofs answer 503 until the ledger is opened again; see `tokenledger audit verify`");
  };
  audit_follower =
      std::make_unique<AuditFollower>(*audit, signal, *clock, std::move(follower_options));
}

}  // namespace tokenledger

#include "storage/audit.hpp"

#include <condition_variable>

#include "storage/audit_follower.hpp"
#include "storage/audit_tree.hpp"
#include "storage/ledger_core.hpp"
#include "storage/log_tiles.hpp"

namespace tokenledger {
namespace {

// Keeps the files open while a read lasts.
class Reading {
 public:
  explicit Reading(const LedgerCore& core) : lock_{core.files_mutex}, core_{core} {}
  [[nodiscard]] Result<void> can_read() const {
    if (auto readable = core_.check_readable(); !readable) return readable;
    return core_.audit == nullptr ? Errc::audit_stopped : Result<void>{};
  }
  [[nodiscard]] AuditTree& tree() const { return *core_.audit; }

 private:
  std::shared_lock<std::shared_mutex> lock_;
  const LedgerCore& core_;
};

// What when_covered() answers, for a thread that waits for it. Shared with the callback, which may
// come after the thread gave up.
struct Arrival {
  std::mutex mutex;
  std::condition_variable arrived;
  std::optional<Result<std::shared_ptr<const ShownCheckpoint>>> answer;
};

Result<std::shared_ptr<const ShownCheckpoint>> wait_for(AuditFollower& follower, Sequence seq,
                                                        std::chrono::milliseconds timeout) {
  const auto arrival = std::make_shared<Arrival>();
  follower.when_covered(seq, [arrival](const auto& answer) {
    {
      const std::scoped_lock lock{arrival->mutex};
      arrival->answer = answer;
    }
    arrival->arrived.notify_all();
  });
  std::unique_lock lock{arrival->mutex};
  arrival->arrived.wait_for(lock, timeout, [&] { return arrival->answer.has_value(); });
  return arrival->answer.value_or(Errc::view_behind);
}

// No proof is given away that does not lead to a signed root: whoever gets one that fails must be
// able to say that the log was changed, not that a cache of it was.
Result<std::vector<Digest>> checked_inclusion(AuditTree& tree, const ShownCheckpoint& checkpoint,
                                              std::uint64_t size, std::uint64_t index,
                                              const Digest& leaf) {
  TileHashSource source{checkpoint.size, tree};
  auto hashes = inclusion_proof(index, size, source);
  if (!hashes) return hashes;
  const auto root = tree.root_below(checkpoint, size, source);
  if (!root) return root.error();
  if (verify_inclusion({.index = index, .size = size, .leaf = leaf, .root = *root}, *hashes))
    return hashes;
  tree.mark_damaged();
  return Errc::audit_corrupt;
}

Result<std::vector<Digest>> checked_consistency(AuditTree& tree, const ShownCheckpoint& checkpoint,
                                                std::uint64_t from, std::uint64_t to) {
  TileHashSource source{checkpoint.size, tree};
  auto hashes = consistency_proof(from, to, source);
  if (!hashes) return hashes;
  const auto from_root = tree.root_below(checkpoint, from, source);
  if (!from_root) return from_root.error();
  const auto to_root = tree.root_below(checkpoint, to, source);
  if (!to_root) return to_root.error();
  const ConsistencyClaim claim{
      .from_size = from, .to_size = to, .from_root = *from_root, .to_root = *to_root};
  if (verify_consistency(claim, *hashes)) return hashes;
  tree.mark_damaged();
  return Errc::audit_corrupt;
}

// That a perfect node stands in the checkpoint. Seen from its level up, a tree is one of fewer
// leaves and the same splits, so it is an inclusion like that of a leaf.
Result<void> check_node(NodeId node, const Digest& hash, const ShownCheckpoint& checkpoint,
                        TileHashSource& source) {
  const auto size = ((checkpoint.size - 1) >> node.level) + 1;
  const auto plan = inclusion_plan(node.index, size);
  if (!plan) return plan.error();
  std::vector<Digest> proof;
  for (const auto& range : *plan) {
    const auto sibling = range_hash(
        {range.begin << node.level, range.end == size ? checkpoint.size : range.end << node.level},
        source);
    if (!sibling) return sibling.error();
    proof.push_back(*sibling);
  }
  return verify_inclusion(
      {.index = node.index, .size = size, .leaf = hash, .root = checkpoint.root}, proof);
}

// As with proofs: hashes that do not lead to the signed root are not given away.
Result<void> check_hash_tile(AuditTree& tree, const ShownCheckpoint& checkpoint, const TileId& id,
                             ByteView bytes) {
  TileHashSource source{checkpoint.size, tree};
  for (const auto& node : nodes_of({.begin = 0, .end = id.width})) {
    const auto hash = hash_in_tile(bytes, node.level, static_cast<std::size_t>(node.index));
    if (!hash) return hash.error();
    const NodeId in_tree{.level = id.level * kTileNodeLevels + node.level,
                         .index = ((id.index * kTileHashes) >> node.level) + node.index};
    const auto checked = check_node(in_tree, *hash, checkpoint, source);
    if (checked) continue;
    if (checked.error() != Errc::root_mismatch) return checked;
    tree.mark_damaged();
    return Errc::audit_corrupt;
  }
  return {};
}

Result<std::vector<std::uint8_t>> hashes_of_entries(ByteView bundle, std::size_t width) {
  const auto entries = decode_entry_bundle(bundle, width);
  if (!entries) return entries.error();
  std::vector<std::uint8_t> hashes;
  hashes.reserve(width * sizeof(Digest));
  for (const auto& entry : *entries) {
    const auto hash = leaf_hash(entry);
    hashes.insert(hashes.end(), hash.begin(), hash.end());
  }
  return hashes;
}

Result<ProofFile> prove(AuditTree& tree, const EventLog& log, const ShownCheckpoint& checkpoint,
                        Sequence seq) {
  auto proof = make_proof(log, tree, checkpoint, seq);
  if (proof.has_error() && proof.error() == Errc::audit_corrupt) tree.mark_damaged();
  return proof;
}

}  // namespace

Audit::Audit(const Ledger& ledger) noexcept : ledger_{&ledger} {}

AuditSizes Audit::sizes() const {
  const auto& core = ledger_->core();
  AuditSizes sizes;
  {
    const Reading reading{core};
    if (reading.can_read()) {
      if (const auto newest = reading.tree().newest()) {
        sizes.signed_size = newest->size;
        sizes.signed_at = newest->signed_at;
      }
      sizes.integrated = reading.tree().integrated_size();
    }
  }
  sizes.durable = core.signal.committed().value();  // last: the others follow it
  return sizes;
}

bool Audit::is_running() const {
  const auto& core = ledger_->core();
  const Reading reading{core};
  return reading.can_read() && core.audit_follower != nullptr && !core.audit_follower->has_failed();
}

bool Audit::has_anchor() const { return !ledger_->core().options.anchor.empty(); }

bool Audit::awaits_keeper() const { return ledger_->core().awaits_keeper; }

Result<std::string> Audit::vkey() const {
  const Reading reading{ledger_->core()};
  if (auto readable = reading.can_read(); !readable) return readable.error();
  return reading.tree().verifier().vkey();
}

Result<std::string> Audit::checkpoint() const {
  const Reading reading{ledger_->core()};
  if (auto readable = reading.can_read(); !readable) return readable.error();
  const auto newest = reading.tree().newest();
  return newest == nullptr ? Result<std::string>{Errc::view_behind} : newest->note;
}

Result<std::string> Audit::checkpoint_of(std::uint64_t size) const {
  const Reading reading{ledger_->core()};
  if (auto readable = reading.can_read(); !readable) return readable.error();
  auto found = reading.tree().signed_at(size);
  if (!found) return found.error();
  return std::move(found->note);
}

Result<bool> Audit::was_signed(std::uint64_t size) const {
  const Reading reading{ledger_->core()};
  if (auto readable = reading.can_read(); !readable) return to_errc(readable.error());
  return reading.tree().was_signed(size);
}

Result<std::string> Audit::wait_for_checkpoint(Sequence seq,
                                               std::chrono::milliseconds timeout) const {
  const auto& core = ledger_->core();
  if (seq > core.signal.committed()) return Errc::sequence_in_future;
  const Reading reading{core};
  if (auto readable = reading.can_read(); !readable) return readable.error();
  if (core.audit_follower == nullptr) return Errc::audit_stopped;
  const auto covered = wait_for(*core.audit_follower, seq, timeout);
  if (!covered) return covered.error();
  return (*covered)->note;
}

void Audit::when_covered(Sequence seq, Covered done) const {
  const auto& core = ledger_->core();
  Result<void> possible;
  {
    const Reading reading{core};
    possible = reading.can_read();
    if (possible && core.audit_follower == nullptr) possible = Errc::audit_stopped;
    if (possible && seq > core.signal.committed()) possible = Errc::sequence_in_future;
    if (possible) {
      return core.audit_follower->when_covered(seq, [done = std::move(done)](const auto& covered) {
        done(covered ? Result<void>{} : Result<void>{covered.error()});
      });
    }
  }
  done(possible);
}

Result<std::vector<std::uint8_t>> Audit::tile(const TileId& id) const {
  const Reading reading{ledger_->core()};
  if (auto readable = reading.can_read(); !readable) return readable.error();
  auto& tree = reading.tree();
  const auto newest = tree.newest();
  if (newest == nullptr || id.width > tile_width(id.level, id.index, newest->size))
    return Errc::sequence_in_future;
  auto bytes = tree.read_tile(id);
  if (!bytes) return bytes;
  if (auto checked = check_hash_tile(tree, *newest, id, *bytes); !checked) return checked.error();
  return bytes;
}

Result<std::vector<std::uint8_t>> Audit::entries(const TileId& id) const {
  const Reading reading{ledger_->core()};
  if (auto readable = reading.can_read(); !readable) return readable.error();
  auto& tree = reading.tree();
  const auto newest = tree.newest();
  if (newest == nullptr || id.width > tile_width(0, id.index, newest->size))
    return Errc::sequence_in_future;
  auto bundle = tree.read_entries(id);
  if (!bundle) return bundle;
  const auto hashes = hashes_of_entries(*bundle, id.width);
  if (!hashes) return hashes.error();
  if (auto checked = check_hash_tile(tree, *newest, id, *hashes); !checked) return checked.error();
  return bundle;
}

Result<std::vector<Digest>> Audit::inclusion_proof(std::uint64_t index, std::uint64_t size) const {
  const auto& core = ledger_->core();
  const Reading reading{core};
  if (auto readable = reading.can_read(); !readable) return readable.error();
  const auto newest = reading.tree().newest();
  if (newest == nullptr || size > newest->size) return Errc::sequence_in_future;
  if (index >= size) return Errc::invalid_argument;
  const auto event = core.log->get(Sequence{index + 1});
  if (!event) return event.error();
  return checked_inclusion(reading.tree(), *newest, size, index, leaf_hash(*event));
}

Result<std::vector<Digest>> Audit::consistency_proof(std::uint64_t from, std::uint64_t to) const {
  const Reading reading{ledger_->core()};
  if (auto readable = reading.can_read(); !readable) return readable.error();
  const auto newest = reading.tree().newest();
  if (newest == nullptr || to > newest->size) return Errc::sequence_in_future;
  return checked_consistency(reading.tree(), *newest, from, to);
}

Result<ProofFile> Audit::prove_event(Sequence seq) const {
  const auto& core = ledger_->core();
  const Reading reading{core};
  if (auto readable = reading.can_read(); !readable) return readable.error();
  const auto newest = reading.tree().newest();
  if (newest == nullptr) return Errc::sequence_in_future;
  return prove(reading.tree(), *core.log, *newest, seq);
}

Result<ProofFile> Audit::prove_event_at(Sequence seq, std::uint64_t size) const {
  const auto& core = ledger_->core();
  const Reading reading{core};
  if (auto readable = reading.can_read(); !readable) return readable.error();
  const auto checkpoint = reading.tree().signed_at(size);
  if (!checkpoint) return checkpoint.error();
  return prove(reading.tree(), *core.log, *checkpoint, seq);
}

Result<Sequence> Audit::deciding_event(TokenIndex index) const {
  const auto token = ledger_->token(index);
  if (!token) return token.error();
  return token->answer.revocation ? token->answer.revocation->seq : token->row.issued_seq;
}

Result<ProofFile> Audit::prove_token(TokenIndex index, std::chrono::milliseconds timeout) const {
  const auto& core = ledger_->core();
  const auto seq = deciding_event(index);
  if (!seq) return seq.error();
  const Reading reading{core};
  if (auto readable = reading.can_read(); !readable) return readable.error();
  if (core.audit_follower == nullptr) return Errc::audit_stopped;
  const auto covered = wait_for(*core.audit_follower, *seq, timeout);
  if (!covered) return covered.error();
  return prove(reading.tree(), *core.log, **covered, *seq);
}

}  // namespace tokenledger

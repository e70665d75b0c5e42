#include "storage/log_tiles.hpp"

#include <utility>

#include "core/merkle.hpp"
#include "core/merkle_proof.hpp"

namespace tokenledger {
namespace {

template <class Visit>
Result<void> for_each_entry(const EventLog& log, const TileId& id, Visit&& visit) {
  const auto reader = log.read(Sequence{id.index * kTileHashes + 1}, false);
  for (std::size_t at = 0; at < id.width; ++at) {
    const auto event = reader->next();
    if (!event) return event.error();
    if (event->empty()) return Errc::log_corrupt;
    visit(*event);
  }
  return {};
}

}  // namespace

Result<void> check_tile(const TileId& id, std::uint64_t size) {
  if (id.width == 0 || id.width > kTileHashes || id.index > kTileIndexMax)
    return Errc::invalid_argument;
  const bool is_there = id.width <= tile_width(id.level, id.index, size);
  return is_there ? Result<void>{} : Errc::sequence_in_future;
}

Result<std::vector<std::uint8_t>> hash_tile_of(const EventLog& log, const TileId& id) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(id.width * sizeof(Digest));
  const auto read = for_each_entry(log, id, [&](ByteView event) {
    const auto hash = leaf_hash(event);
    bytes.insert(bytes.end(), hash.begin(), hash.end());
  });
  if (!read) return read.error();
  return bytes;
}

Result<std::vector<std::uint8_t>> entry_bundle_of(const EventLog& log, const TileId& id) {
  std::vector<std::vector<std::uint8_t>> events;
  const auto read = for_each_entry(
      log, id, [&](ByteView event) { events.emplace_back(event.begin(), event.end()); });
  if (!read) return read.error();
  const std::vector<ByteView> views{events.begin(), events.end()};
  return encode_entry_bundle(views);
}

Result<ProofFile> make_proof(const EventLog& log, TileReader& tiles,
                             const ShownCheckpoint& checkpoint, Sequence seq) {
  if (seq == Sequence{} || seq.value() > checkpoint.size) return Errc::sequence_in_future;
  auto event = log.get(seq);
  if (!event) return event.error();
  const InclusionClaim claim{.index = seq.value() - 1,
                             .size = checkpoint.size,
                             .leaf = leaf_hash(*event),
                             .root = checkpoint.root};
  TileHashSource source{claim.size, tiles};
  auto hashes = inclusion_proof(claim.index, claim.size, source);
  if (!hashes) return hashes.error();
  if (!verify_inclusion(claim, *hashes)) return Errc::audit_corrupt;
  return ProofFile{.extra = std::move(*event),
                   .index = claim.index,
                   .hashes = std::move(*hashes),
                   .checkpoint = checkpoint.note};
}

}  // namespace tokenledger

// Writes a log of our making as files, for verifiers that others wrote.
//
//   write_tlog DIRECTORY SIZE STEP
//
// Entries "entry-0" to "entry-<SIZE - 1>". In DIRECTORY, which must not exist:
//
//   log/checkpoint log/tile/...       as C2SP tlog-tiles lays them out, entry bundles too
//   vkey witness_vkey                 who signed and who cosigned
//   entry-<i> inclusion-<i>.json proof-<i>.tlog-proof      for every STEP-th leaf and the last
//   checkpoint-<n> consistency-<n>.json                    for every STEP-th size and the last
//
// The keys are the published ones of tests/core/note_fixture.hpp, so every byte is the same each
// time.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/proof_file.hpp"
#include "tests/core/note_fixture.hpp"

namespace {

using namespace tokenledger;
using namespace tokenledger::testing_support;

void write(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file{path, std::ios::binary};
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) throw std::filesystem::filesystem_error{"can't write", path, {}};
}

std::string json_of(std::span<const Digest> hashes) {
  std::string json = "{\"hashes\":[";
  for (const auto& hash : hashes) {
    if (!json.ends_with('[')) json += ",";
    json += "\"" + digest_to_base64(hash) + "\"";
  }
  return json + "]}\n";
}

// Signed by the log and cosigned by the witness.
std::string checkpoint_of(std::uint64_t size, const Digest& root) {
  const auto log_key = signer(kExampleOrigin, NoteKeyType::ed25519, kExampleLogSeed);
  const auto witness = signer(kExampleWitnessName, NoteKeyType::cosignature, kExampleWitnessSeed);
  const Checkpoint checkpoint{.origin = std::string{kExampleOrigin}, .size = size, .root = root};
  auto note = parse_note(sign_checkpoint(checkpoint, log_key).value()).value();
  note.signatures.push_back(cosign_checkpoint(note, witness, kExampleCosignatureTime).value());
  return format_note(note).value();
}

void write_tiles(const std::filesystem::path& directory, MemoryLog& log) {
  for (unsigned level = 0; tile_level_hashes(level, log.size()) > 0; ++level)
    for (TileId id{.level = level};; ++id.index) {
      id.width = tile_width(level, id.index, log.size());
      if (id.width == 0) break;
      write(directory / tile_path(id), text_of(log.read_tile(id).value()));
      if (level == 0) write(directory / entry_bundle_path(id), text_of(log.entry_bundle(id)));
    }
}

void write_proofs(const std::filesystem::path& directory, MemoryLog& log, std::uint64_t step) {
  const std::uint64_t size = log.size();
  const std::string checkpoint = checkpoint_of(size, log.root());
  for (std::uint64_t index = 0; index < size; ++index) {
    if (index % step != 0 && index + 1 < size) continue;
    const std::string number = std::to_string(index);
    // From tiles, as a reader of the directory would make them.
    TileHashSource tiles{size, log};
    const auto hashes = inclusion_proof(index, size, tiles).value();
    write(directory / ("entry-" + number), log.entry(index));
    write(directory / ("inclusion-" + number + ".json"), json_of(hashes));
    const ProofFile file{.extra = {}, .index = index, .hashes = hashes, .checkpoint = checkpoint};
    write(directory / ("proof-" + number + ".tlog-proof"), format_proof_file(file).value());
    const std::uint64_t from = index + 1;
    const std::string from_number = std::to_string(from);
    write(directory / ("checkpoint-" + from_number),
          checkpoint_of(from, tree_root(from, tiles).value()));
    write(directory / ("consistency-" + from_number + ".json"),
          json_of(consistency_proof(from, size, tiles).value()));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "usage: write_tlog DIRECTORY SIZE STEP\n"), 2;
  const std::filesystem::path directory = argv[1];
  const auto step = std::strtoull(argv[3], nullptr, 10);
  if (step == 0 || !std::filesystem::create_directory(directory)) return 2;
  MemoryLog log{"entry-", std::strtoull(argv[2], nullptr, 10)};
  write(directory / "log" / "checkpoint", checkpoint_of(log.size(), log.root()));
  write(directory / "vkey", kExampleLogVkey);
  write(directory / "witness_vkey", kExampleWitnessVkey);
  write_tiles(directory / "log", log);
  write_proofs(directory, log, step);
}

// The log as a transparency log: what is signed, what is served, what is refused at the next open.
#include "storage/audit.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <random>

#include "core/sha256.hpp"
#include "storage/audit_follower.hpp"
#include "storage/audit_tree.hpp"
#include "tests/storage/ledger_fixture.hpp"

namespace tokenledger {
namespace {

using namespace std::chrono_literals;
using testing_support::LedgerTest;
namespace fs = std::filesystem;

// RFC 6962 §2.1 as it is written there: split at the largest power of two below n.
Digest plain_root(std::span<const std::vector<std::uint8_t>> leaves) {
  std::vector<std::uint8_t> bytes;
  if (leaves.size() == 1) {
    bytes.push_back(0);
    bytes.insert(bytes.end(), leaves[0].begin(), leaves[0].end());
    return sha256(bytes);
  }
  std::size_t split = 1;
  while (split * 2 < leaves.size()) split *= 2;
  const auto left = plain_root(leaves.first(split));
  const auto right = plain_root(leaves.subspan(split));
  bytes.push_back(1);
  bytes.insert(bytes.end(), left.begin(), left.end());
  bytes.insert(bytes.end(), right.begin(), right.end());
  return sha256(bytes);
}

class AuditTest : public LedgerTest {
 protected:
  fs::path directory() { return directory_ / "ledger"; }
  Audit audit() const { return Audit{*ledger_}; }
  NoteVerifier key() const { return *NoteVerifier::from_vkey(*audit().vkey()); }
  Checkpoint covering(Sequence seq) const {
    const auto note = audit().wait_for_checkpoint(seq, 10s);
    EXPECT_TRUE(note) << note.error().message();
    const auto opened = open_checkpoint(*note, key());
    EXPECT_TRUE(opened);
    return opened->checkpoint;
  }
  // Of the checkpoint in the anchor.
  std::uint64_t anchored_size(const LedgerOptions& options) const {
    return open_checkpoint(testing_support::contents(options.anchor), key())->checkpoint.size;
  }
  std::vector<std::vector<std::uint8_t>> events() const {
    std::vector<std::vector<std::uint8_t>> all;
    for (std::uint64_t seq = 1; seq <= ledger_->committed().value(); ++seq)
      all.push_back(*ledger_->core().log->get(Sequence{seq}));
    return all;
  }
  void add_notes(int count) {
    for (int i = 1; i < count; ++i) {
      ledger_->submit_async({.actor = {.kind = ActorKind::host}, .payload = AppendNote{"note", {}}},
                            [](const Result<Committed>& committed) { EXPECT_TRUE(committed); });
      if (i % 4'096 == 0) {
        ASSERT_TRUE(ledger_->append_note("keeps the queue short", ""));
      }
    }
    ASSERT_TRUE(ledger_->append_note("last", ""));
  }
  fs::path audit_path(const char* name) { return directory() / "audit" / name; }
};

void flip_byte(const fs::path& path, std::uint64_t at) {
  std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
  file.seekg(static_cast<std::streamoff>(at));
  const auto byte = file.get();
  file.seekp(static_cast<std::streamoff>(at));
  file.put(static_cast<char>(byte ^ 1));
}

TEST_F(AuditTest, ACheckpointCoversEveryEventAndItsRootIsTheOneOfRfc6962) {
  add_api();
  add_client("a");
  for (int i = 0; i < 20; ++i) issue("a");
  const auto seq = ledger_->committed();
  const auto checkpoint = covering(seq);
  EXPECT_EQ(checkpoint.size, seq.value());
  EXPECT_EQ(checkpoint.root, plain_root(events()));
  EXPECT_EQ(*audit().checkpoint_of(checkpoint.size), *audit().checkpoint());
  EXPECT_EQ(audit().checkpoint_of(checkpoint.size + 1).error(), Errc::file_not_found);
}

TEST_F(AuditTest, EveryEventHasAProofAndEveryPairOfSizesToo) {
  add_api();
  add_client("a");
  add_notes(600);
  const auto checkpoint = covering(ledger_->committed());
  const auto all = events();
  for (std::uint64_t seq = 1; seq <= checkpoint.size; ++seq) {
    const auto proof = audit().prove_event(Sequence{seq});
    ASSERT_TRUE(proof) << seq;
    EXPECT_EQ(proof->extra, all[seq - 1]);
    const auto known = check_proof_file(*proof, leaf_hash(proof->extra), {.log_key = key()});
    ASSERT_TRUE(known) << seq;
    EXPECT_EQ(*known, checkpoint);
  }
  const auto seed = std::random_device{}();
  std::cout << "SEED=" << seed << "\n";
  std::mt19937_64 random{seed};
  for (int round = 0; round < 200; ++round) {
    const auto to = 1 + random() % checkpoint.size;
    const auto from = 1 + random() % to;
    const auto proof = audit().consistency_proof(from, to);
    ASSERT_TRUE(proof);
    EXPECT_TRUE(verify_consistency({.from_size = from,
                                    .to_size = to,
                                    .from_root = plain_root(std::span{all}.first(from)),
                                    .to_root = plain_root(std::span{all}.first(to))},
                                   *proof))
        << from << " " << to;
  }
  EXPECT_EQ(audit().consistency_proof(0, 5).error(), Errc::invalid_argument);
  EXPECT_EQ(audit().consistency_proof(5, checkpoint.size + 1).error(), Errc::sequence_in_future);
  EXPECT_EQ(audit().inclusion_proof(5, 5).error(), Errc::invalid_argument);
  EXPECT_EQ(audit().prove_event(Sequence{checkpoint.size + 1}).error(), Errc::sequence_in_future);
  EXPECT_EQ(audit().prove_event(Sequence{}).error(), Errc::sequence_in_future);
}

TEST_F(AuditTest, TheProofOfATokenIsThatOfItsIssueThenOfWhatRevokedIt) {
  add_api();
  add_client("a");
  const auto token = issue("a");
  const auto other = issue("a");
  const auto issued = audit().prove_token(token.index, 10s);
  ASSERT_TRUE(issued);
  EXPECT_TRUE(std::holds_alternative<TokenIssued>(decode_event(issued->extra)->payload));
  const auto revoked = ledger_->revoke(token.index, {});
  ASSERT_TRUE(revoked);
  const auto proof = audit().prove_token(token.index, 10s);
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->index + 1, revoked->seq.value());
  EXPECT_TRUE(check_proof_file(*proof, leaf_hash(proof->extra), {.log_key = key()}));
  const auto disabled = submit(DisableClient{"a"});
  ASSERT_TRUE(disabled);
  EXPECT_EQ(audit().prove_token(other.index, 10s)->index + 1, disabled->seq.value());
  EXPECT_EQ(audit().prove_token(TokenIndex{Lane::hour, 77}, 1s).error(), Errc::token_not_found);
}

TEST_F(AuditTest, TilesOfALargeLogAreSlicesOfTheSameTree) {
  add_notes(66'000);  // past 65,536, where the second level begins
  const auto size = covering(ledger_->committed()).size;
  const auto all = events();
  for (unsigned level = 0; level <= 2; ++level) {
    const auto hashes = tile_level_hashes(level, size);
    ASSERT_GT(hashes, 0u);
    const auto last = (hashes - 1) / kTileHashes;
    // Whatever is asked for is held against the signed root, so it must fit at every width.
    for (std::size_t width = 1; width <= tile_width(level, last, size); ++width)
      EXPECT_TRUE(audit().tile({.level = level, .index = last, .width = width})) << width;
    for (const auto index : {std::uint64_t{0}, last / 2, last}) {
      const auto width = tile_width(level, index, size);
      const auto tile = audit().tile({.level = level, .index = index, .width = width});
      ASSERT_TRUE(tile) << level << "/" << index;
      const auto leaves = std::uint64_t{1} << (kTileNodeLevels * level);
      for (const auto at : {std::size_t{0}, width - 1}) {
        const auto begin = (index * kTileHashes + at) * leaves;
        const auto want = plain_root(std::span{all}.subspan(begin, leaves));
        EXPECT_TRUE(std::ranges::equal(want, std::span{*tile}.subspan(at * 32, 32)));
      }
      EXPECT_EQ(audit().tile({.level = level, .index = last, .width = kTileHashes}).has_value(),
                hashes % kTileHashes == 0);
    }
  }
  EXPECT_EQ(audit().tile({.level = 3, .index = 0, .width = 1}).error(), Errc::sequence_in_future);
  EXPECT_EQ(audit().tile({.level = 9, .index = 0, .width = 1}).error(), Errc::sequence_in_future);
  const auto entries = audit().entries({.level = 0, .index = 1, .width = kTileHashes});
  ASSERT_TRUE(entries);
  const auto decoded = decode_entry_bundle(*entries, kTileHashes);
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(std::ranges::equal((*decoded)[3], all[256 + 3]));
}

TEST_F(AuditTest, ReopeningGoesOnWhereTheLastCheckpointEnded) {
  add_notes(700);
  ASSERT_TRUE(ledger_->close());
  const auto bytes = fs::file_size(audit_path("checkpoints"));
  reopen();
  EXPECT_EQ(audit().sizes().integrated, audit().sizes().signed_size);
  const auto checkpoint = covering(ledger_->committed());
  EXPECT_EQ(checkpoint.root, plain_root(events()));
  EXPECT_GE(fs::file_size(audit_path("checkpoints")), bytes + 128) << "history is kept";
}

// INV-3: the levels are a cache; whatever happens to them, the tree is that of the log.
TEST_F(AuditTest, DamagedShortenedOrMissingLevelsAreMadeAnew) {
  const auto ways = {+[](const fs::path& path) { flip_byte(path, 33); },
                     +[](const fs::path& path) { fs::resize_file(path, 32); },
                     +[](const fs::path& path) { fs::remove(path); },
                     +[](const fs::path& path) { fs::resize_file(path, 40'000); }};
  for (const auto& damage : ways) {
    add_notes(600);
    ASSERT_TRUE(ledger_->close());
    damage(audit_path("level-1"));
    reopen();
    EXPECT_EQ(covering(ledger_->committed()).root, plain_root(events()));
  }
}

// INV-3, INV-6: what a damaged cache would say is never given away, and the next open mends it. The
// damage lies where the right edge, which open() compares, does not show it.
TEST_F(AuditTest, ADamagedTileMakesNoProofAndIsMadeAnewByTheNextOpen) {
  add_notes(66'000);
  covering(ledger_->committed());
  ASSERT_TRUE(ledger_->close());
  flip_byte(audit_path("level-1"), 32 * 100 + 5);
  std::vector<std::string> warnings;
  auto warned = options();
  warned.on_warning = [&](const std::string& what) { warnings.push_back(what); };
  reopen(warned);
  const auto size = open_checkpoint(*audit().checkpoint(), key())->checkpoint.size;
  EXPECT_TRUE(audit().prove_event(Sequence{66'000})) << "elsewhere nothing is wrong";
  const TileId full{.level = 1, .index = 0, .width = kTileHashes};
  EXPECT_EQ(audit().tile(full).error(), Errc::audit_corrupt);
  EXPECT_FALSE(warnings.empty()) << "a tile alone shows it";
  EXPECT_EQ(audit().tile({.level = 1, .index = 0, .width = 101}).error(), Errc::audit_corrupt);
  EXPECT_TRUE(audit().tile({.level = 2, .index = 0, .width = 1})) << "it stands on its own";
  // Each of these needs the hash of leaves 25,600 to 25,855.
  EXPECT_EQ(audit().prove_event(Sequence{25'000}).error(), Errc::audit_corrupt);
  EXPECT_EQ(audit().inclusion_proof(25'000, size).error(), Errc::audit_corrupt);
  EXPECT_EQ(audit().inclusion_proof(25'700, 25'900).error(), Errc::audit_corrupt);
  EXPECT_EQ(audit().consistency_proof(25'900, size).error(), Errc::audit_corrupt);
  EXPECT_EQ(std::ranges::count_if(
                warnings,
                [](const std::string& what) { return what.find("damaged") != std::string::npos; }),
            1);
  reopen(warned);
  EXPECT_TRUE(audit().tile(full));
  EXPECT_TRUE(audit().prove_event(Sequence{25'000}));
  EXPECT_TRUE(audit().inclusion_proof(25'700, 25'900));
  EXPECT_TRUE(audit().consistency_proof(25'900, size));
  EXPECT_FALSE(fs::exists(audit_path("damaged")));
}

TEST_F(AuditTest, ADamagedHistoryIsRefusedAndATornEndIsNot) {
  add_notes(5);
  ASSERT_TRUE(ledger_->close());
  const auto path = audit_path("checkpoints");
  const auto whole = fs::file_size(path);
  std::ofstream{path, std::ios::app | std::ios::binary} << std::string(77, 'x');
  reopen();
  ASSERT_TRUE(ledger_->close());
  EXPECT_EQ(fs::file_size(path) % 128, 0u);
  for (const auto at : {std::uint64_t{3}, std::uint64_t{40}, fs::file_size(path) - 128 + 9,
                        fs::file_size(path) - 1}) {
    flip_byte(path, at);
    std::string why;
    EXPECT_EQ(Ledger::open(options(), &why).error(), Errc::audit_corrupt) << at;
    EXPECT_NE(why.find("checkpoints"), std::string::npos) << why;
    flip_byte(path, at);
  }
  EXPECT_GE(fs::file_size(path), whole);
  reopen();
}

// INV-1: what a checkpoint saw and the log lost is missed even where HEAD went with it.
TEST_F(AuditTest, AnOlderCopyOfLogAndHeadIsRefused) {
  add_notes(10);
  ASSERT_TRUE(ledger_->close());
  const auto copy = directory().parent_path() / "copy";
  fs::copy(directory(), copy, fs::copy_options::recursive);
  reopen();
  add_notes(10);
  ASSERT_TRUE(ledger_->close());
  for (const auto* name : {"log", "HEAD", "snapshots", "views", "keystore"}) {
    fs::remove_all(directory() / name);
    fs::rename(copy / name, directory() / name);
  }
  std::string why;
  EXPECT_EQ(Ledger::open(options(), &why).error(), Errc::older_than_checkpoint);
  EXPECT_NE(why.find("checkpoint"), std::string::npos) << why;
}

TEST_F(AuditTest, AnAnchorTellsAnOlderCopyOfTheWholeDirectory) {
  const auto anchor = directory().parent_path() / "anchor";
  auto anchored = options();
  anchored.anchor = anchor;
  std::string why;
  ASSERT_TRUE(ledger_->close());
  EXPECT_EQ(Ledger::open(anchored, &why).error(), Errc::audit_corrupt) << "not a new ledger";
  std::ofstream{anchor}.flush();
  reopen(anchored);
  add_notes(3);
  ASSERT_TRUE(ledger_->close());
  const auto copy = directory().parent_path() / "copy";
  fs::copy(directory(), copy, fs::copy_options::recursive);
  reopen(anchored);
  add_notes(3);
  ASSERT_TRUE(ledger_->close());
  auto older = anchored;
  older.directory = copy;
  EXPECT_EQ(Ledger::open(older, &why).error(), Errc::older_than_checkpoint);
  EXPECT_NE(why.find("older copy"), std::string::npos) << why;
  older.anchor.clear();
  EXPECT_TRUE(Ledger::open(older)) << "nothing inside the directory can tell";
  flip_byte(anchor, 5);
  EXPECT_EQ(Ledger::open(anchored, &why).error(), Errc::audit_corrupt);
  flip_byte(anchor, 5);
  reopen(anchored);
}

// An anchor that is not the newest checkpoint says of an older copy that it is the newest.
TEST_F(AuditTest, ALedgerWithAnAnchorSignsNothingWithoutIt) {
  auto anchored = options();
  anchored.anchor = directory().parent_path() / "anchor";
  std::ofstream{anchored.anchor}.flush();
  reopen(anchored);
  const auto size = covering(ledger_->committed()).size;
  reopen(options());
  EXPECT_TRUE(audit().awaits_keeper());
  EXPECT_FALSE(audit().is_running());
  add_notes(3);
  EXPECT_EQ(audit().wait_for_checkpoint(ledger_->committed(), 10s).error(), Errc::audit_stopped);
  reopen(options());  // a clean stop signs nothing either
  EXPECT_EQ(audit().sizes().signed_size, anchored_size(anchored));
  EXPECT_GE(audit().sizes().signed_size, size);

  reopen(anchored);
  EXPECT_FALSE(audit().awaits_keeper());
  EXPECT_EQ(covering(ledger_->committed()).size, ledger_->committed().value());
  auto without = options();
  without.is_unwatched = true;
  reopen(without);
  covering(ledger_->committed());
  reopen(options());
  EXPECT_FALSE(audit().awaits_keeper());
  EXPECT_EQ(covering(ledger_->committed()).size, ledger_->committed().value());
}

// INV-1: witnesses keep the newest checkpoint as an anchor does, and are asked before any mark.
TEST_F(AuditTest, ALedgerWithWitnessesSignsNothingWithoutThemAndAsksThemFirst) {
  const auto size = covering(ledger_->committed()).size;
  const auto keyring = testing_support::contents(directory() / "keyring");
  auto watched = options();
  std::string why;
  watched.confirm_newest = [](const NewestCheckpoint&, std::string& reason) -> Result<void> {
    reason = "older";
    return Errc::older_than_checkpoint;
  };
  ASSERT_TRUE(ledger_->close());
  ledger_.reset();
  EXPECT_EQ(Ledger::open(watched, &why).error(), Errc::older_than_checkpoint);
  EXPECT_EQ(testing_support::contents(directory() / "keyring"), keyring) << "nothing was noted";
  open(options());
  EXPECT_FALSE(audit().awaits_keeper());

  int asked = 0;
  watched.confirm_newest = [&](const NewestCheckpoint& newest, std::string&) -> Result<void> {
    const auto own = NoteVerifier::from_vkey(newest.vkey).value();
    const auto shown = open_checkpoint(newest.note, own).value().checkpoint.size;
    EXPECT_TRUE(newest.was_signed(size).value());
    EXPECT_TRUE(newest.was_signed(shown).value());
    EXPECT_FALSE(newest.was_signed(shown + 1).value());
    ++asked;
    return {};
  };
  reopen(watched);
  EXPECT_EQ(asked, 1);
  const auto seen = covering(ledger_->committed()).size;
  reopen(options());
  EXPECT_TRUE(audit().awaits_keeper());
  add_notes(3);
  reopen(options());
  EXPECT_EQ(audit().sizes().signed_size, seen);
  // An anchor in their place will do, but not they in its place.
  auto anchored = options();
  anchored.anchor = directory().parent_path() / "anchor";
  std::ofstream{anchored.anchor}.flush();
  reopen(anchored);
  EXPECT_FALSE(audit().awaits_keeper());
  reopen(watched);
  EXPECT_TRUE(audit().awaits_keeper());
  watched.is_unwatched = true;
  reopen(watched);
  EXPECT_FALSE(audit().awaits_keeper());
  reopen(options());
  EXPECT_TRUE(audit().awaits_keeper());
  auto unwatched = options();
  unwatched.is_unwatched = true;
  reopen(unwatched);
  reopen(options());
  EXPECT_FALSE(audit().awaits_keeper());
}

// The gap bounds what the history grows by, whoever waits. Only too many are counted: how long a
// checkpoint takes is nobody's promise here.
TEST_F(AuditTest, HoweverManyWaitThereIsAGapBetweenTwoCheckpoints) {
  const auto records = [&] { return fs::file_size(audit_path("checkpoints")) / 128 - 1; };
  covering(ledger_->committed());
  const auto before = records();
  const auto begin = std::chrono::steady_clock::now();
  constexpr int kRounds = 8;
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_TRUE(ledger_->append_note("waits", ""));
    covering(ledger_->committed());
  }
  const auto passed = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(records() - before, kRounds);
  EXPECT_GE(passed, (kRounds - 1) * kCheckpointGapMin);
}

TEST_F(AuditTest, WithoutCheckpointsNothingIsProved) {
  auto without = options();
  without.checkpoint_every = 0ms;
  ASSERT_TRUE(ledger_->close());
  reopen(without);
  EXPECT_EQ(audit().checkpoint().error(), Errc::audit_stopped);
  EXPECT_EQ(audit().prove_event(Sequence{1}).error(), Errc::audit_stopped);
  EXPECT_FALSE(audit().is_running());
  add_notes(300);
  ASSERT_TRUE(ledger_->close());
  reopen();
  EXPECT_EQ(covering(ledger_->committed()).root, plain_root(events())) << "caught up at open";
}

}  // namespace
}  // namespace tokenledger

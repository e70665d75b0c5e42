// Proofs and exports from the files of a closed ledger, checked by what an outsider has: a key.
#include "replay/audit_files.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "core/byte_view.hpp"
#include "core/event_codec.hpp"
#include "core/merkle.hpp"
#include "replay/audit_export.hpp"
#include "replay/closed_ledger.hpp"
#include "storage/durable_file.hpp"
#include "storage/fault_injection.hpp"
#include "tests/storage/ledger_fixture.hpp"

namespace tokenledger {
namespace {

using std::filesystem::path;

class AuditFilesTest : public testing_support::LedgerTest {
 protected:
  void SetUp() override {
    LedgerTest::SetUp();
    add_api(TokenKind::opaque);
    add_client("app");
    for (int number = 0; number < 260; ++number) issued_.push_back(issue("app"));
    ASSERT_TRUE(ledger_->revoke(issued_[3].index, {}));
    revoked_at_ = ledger_->committed();
    ASSERT_TRUE(submit(DisableClient{"app"}));
    cascaded_at_ = ledger_->committed();
    ASSERT_TRUE(ledger_->close());
    ledger_.reset();
    reopen_files();
  }

  void reopen_files() {
    audit_.reset();
    closed_.reset();
    std::string why;
    auto closed = ClosedLedger::open({options().directory, {}, {}}, why);
    ASSERT_TRUE(closed) << why;
    closed_ = std::make_unique<ClosedLedger>(std::move(*closed));
    auto key = checkpoint_key_of(closed_->log(), closed_->keys().checkpoint_seed());
    ASSERT_TRUE(key);
    auto audit =
        AuditFiles::open(closed_->files(), closed_->log(),
                         {options().directory / "audit", *key, closed_->keys().ledger_id()});
    ASSERT_TRUE(audit) << audit.error();
    audit_ = std::move(*audit);
  }

  SealedJti jti_of(std::size_t number) const {
    const auto jti = closed_->keys().seal_key().unseal(issued_[number].jti);
    EXPECT_TRUE(jti);
    return *jti;
  }

  std::vector<IssuedToken> issued_;
  Sequence revoked_at_;
  Sequence cascaded_at_;
  std::unique_ptr<ClosedLedger> closed_;
  std::unique_ptr<AuditFiles> audit_;
};

TEST_F(AuditFilesTest, EveryEventIsProvedToWhoeverHasTheKey) {
  const auto size = audit_->newest()->size;
  EXPECT_EQ(size, closed_->log().last_seq()->value());
  for (std::uint64_t seq = 1; seq <= size; ++seq) {
    const auto proof = audit_->prove_event(Sequence{seq});
    ASSERT_TRUE(proof) << seq;
    const auto file = format_proof_file(*proof);
    ASSERT_TRUE(file);
    const auto read = parse_proof_file(*file);
    ASSERT_TRUE(read);
    const auto checked = check_proof_file(*read, leaf_hash(read->extra), {audit_->key()});
    ASSERT_TRUE(checked) << seq;
    EXPECT_EQ(decode_event(read->extra)->seq, Sequence{seq});
  }
  EXPECT_EQ(audit_->prove_event(Sequence{size + 1}).error(), Errc::sequence_in_future);
  EXPECT_EQ(audit_->prove_event(Sequence{}).error(), Errc::sequence_in_future);
}

TEST_F(AuditFilesTest, ATokensProofIsOfTheEventThatDecidesItsStatus) {
  EXPECT_EQ(audit_->prove_token(jti_of(3))->index + 1, revoked_at_.value());
  EXPECT_EQ(audit_->prove_token(jti_of(4))->index + 1, cascaded_at_.value());
  auto unknown = jti_of(5);
  unknown.incarnation = Incarnation{unknown.incarnation.value() + 1};
  EXPECT_EQ(audit_->prove_token(unknown).error(), Errc::token_not_found);
}

TEST_F(AuditFilesTest, ADamagedLevelGivesNoProof) {
  const auto file = options().directory / "audit" / "level-1";
  std::fstream{file, std::ios::binary | std::ios::in | std::ios::out}.put('?');
  reopen_files();
  // Of an event whose path leads over the first full tile.
  EXPECT_EQ(audit_->prove_event(cascaded_at_).error(), Errc::audit_corrupt);
  std::filesystem::remove(file);
  EXPECT_EQ(audit_->prove_event(cascaded_at_).error(), Errc::audit_corrupt);
}

TEST_F(AuditFilesTest, AnExportHoldsTheTilesAndTheEntriesAskedFor) {
  for (const bool with_entries : {false, true}) {
    const auto out = directory_ / (with_entries ? "with" : "without");
    const auto exported = export_audit(*closed_->files(), closed_->log(), *audit_,
                                       {.directory = out, .with_entries = with_entries});
    ASSERT_TRUE(exported) << exported.error();
    const auto size = audit_->newest()->size;
    EXPECT_EQ(exported->size, size);
    EXPECT_EQ(testing_support::contents(out / "checkpoint"), audit_->newest()->note);
    EXPECT_EQ(exported->tiles, 3u);  // 256 leaves, the others, and one hash above
    for (const TileId& id : {TileId{0, 0, 256}, TileId{0, 1, size - 256}, TileId{1, 0, 1}}) {
      const auto tile = audit_->read_tile(id);
      ASSERT_TRUE(tile);
      EXPECT_EQ(testing_support::contents(out / tile_path(id)), text_of(*tile)) << tile_path(id);
    }
    EXPECT_EQ(exported->bundles, with_entries ? 2u : 0u);
    EXPECT_EQ(std::filesystem::exists(out / "tile" / "entries"), with_entries);
    if (!with_entries) continue;
    const auto bundle = testing_support::contents(out / entry_bundle_path({0, 1, size - 256}));
    const auto entries = decode_entry_bundle(bytes_of(bundle), size - 256);
    ASSERT_TRUE(entries);
    EXPECT_EQ(decode_event(entries->back())->seq.value(), size);
  }
  EXPECT_EQ(
      export_audit(*closed_->files(), closed_->log(), *audit_, {.directory = directory_ / "with"})
          .error(),
      Errc::directory_not_empty);
}

// Whatever the last change was: a checkpoint stands there only when every tile does.
TEST_F(AuditFilesTest, AnInterruptedExportIsNeverTakenForAWholeOne) {
  const auto note = audit_->newest()->note;
  std::uint64_t ways = 0;
  for (const auto kind : {FaultKind::not_persisted, FaultKind::persisted, FaultKind::torn}) {
    bool is_done = false;
    for (std::uint64_t stop = 1; !is_done; ++stop, ++ways) {
      ASSERT_LT(stop, 200u);
      FaultInjectingFileLayer files{directory_ / "scratch"};
      files.set_fault({.operation = stop, .kind = kind, .torn_bytes = 5});
      const auto out = directory_ / ("out" + std::to_string(ways));
      is_done = export_audit(files, closed_->log(), *audit_,
                             {.directory = out / "", .with_entries = true})
                    .has_value();
      if (!std::filesystem::exists(out / "checkpoint")) continue;
      EXPECT_EQ(testing_support::contents(out / "checkpoint"), note) << stop;
      for (const auto* name : {"tile/0/000", "tile/1/000.p/1", "tile/entries/000"})
        EXPECT_TRUE(std::filesystem::exists(out / name)) << stop << " " << name;
    }
  }
  std::printf("%llu ways to end\n", static_cast<unsigned long long>(ways));
  EXPECT_GT(ways, 30u);
}

}  // namespace
}  // namespace tokenledger

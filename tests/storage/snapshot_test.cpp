// A snapshot is a cache of the log (INV-3): whatever happens to it, opening gives the same state.
#include "storage/snapshot.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <iostream>
#include <thread>

#include "core/byte_view.hpp"
#include "core/entry_words.hpp"
#include "core/event_codec.hpp"
#include "core/merkle.hpp"
#include "core/state_codec.hpp"
#include "storage/crc32c.hpp"
#include "storage/event_log.hpp"
#include "storage/fault_injection.hpp"
#include "storage/snapshot_format.hpp"
#include "tests/core/random_people_ledger.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger {
namespace {

using testing_support::contents;
using testing_support::RandomPeopleLedger;
using testing_support::TemporaryDirectory;

struct Token {
  TokenIndex index;
  IndexEntry entry;
  bool revoked = false;
  bool operator==(const Token&) const = default;
};
std::vector<Token> tokens_of(const ValidityIndex& index) {
  std::vector<Token> tokens;
  for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
    index.for_each_entry(static_cast<Lane>(lane), 0, UINT64_MAX,
                         [&](TokenIndex token, const IndexEntry& entry) {
                           tokens.push_back({token, entry, index.is_revoked_individually(token)});
                         });
  }
  return tokens;
}

class SnapshotTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files->make_directory(directory / "snapshots"));
    ASSERT_TRUE(files->sync_directory(directory.path()));
    auto opened = EventLog::open({.directory = directory / "log", .create = true});
    ASSERT_TRUE(opened);
    log = std::move(*opened);
  }
  // What the ledger decided, up to `upto`, becomes durable.
  void append(std::uint64_t upto = UINT64_MAX) {
    for (auto seq = *log->last_seq(); seq.value() < std::min(upto, ledger.state.last_seq.value());
         seq = seq.next()) {
      const auto bytes = encode_event(ledger.events[seq.value()]);
      ASSERT_TRUE(bytes);
      const std::span<const std::uint8_t> event{*bytes};
      ASSERT_TRUE(log->append(seq.next(), {&event, 1}));
    }
  }
  FrozenState freeze() const {
    CompactRange range;
    for (const auto& event : ledger.events) range.append(leaf_hash(*encode_event(event)));
    const auto serialized = range.serialize();
    return {ledger.state.last_seq, encode_state(ledger.state), std::string{text_of(serialized)}};
  }
  Result<void> write(const FrozenState& frozen) {
    return write_snapshot(*files, directory / "snapshots", frozen, ledger.index,
                          [this] { return ledger.state.last_seq; });
  }
  std::filesystem::path path_of(Sequence seq) {
    return directory / "snapshots" / snapshot_name(seq);
  }

  struct Loaded {
    State state;
    ValidityIndex index{RandomPeopleLedger::kIndexOptions};
    std::optional<Sequence> from;
    std::string compact_range;
    Errc failure{};
    int damaged = 0;
  };
  std::unique_ptr<Loaded> load() {
    auto loaded = std::make_unique<Loaded>();
    const auto found = load_snapshot(
        *files, directory / "snapshots", ledger.state.ledger_id, *log, loaded->state, loaded->index,
        [&](const std::filesystem::path&, Errc) { ++loaded->damaged; });
    if (!found) {
      loaded->failure = to_errc(found.error());
    } else if (*found) {
      loaded->from = (*found)->seq;
      loaded->compact_range = (*found)->compact_range;
    }
    return loaded;
  }
  // Folds what the snapshot does not know and compares with the ledger that never stopped.
  void expect_same_after_fold(Loaded& loaded) {
    for (auto seq = loaded.state.last_seq; seq < ledger.state.last_seq; seq = seq.next()) {
      ASSERT_TRUE(fold(loaded.state, loaded.index, ledger.events[seq.value()])) << seq.value();
      publish(loaded.state, loaded.index);
    }
    EXPECT_TRUE(loaded.state == ledger.state);
    EXPECT_TRUE(tokens_of(loaded.index) == tokens_of(ledger.index));
    for (const auto& token : tokens_of(ledger.index)) {
      EXPECT_EQ(loaded.index.find_class(token.index), ledger.index.find_class(token.index));
      // Also what ended with a consent or a family.
      EXPECT_EQ(loaded.index.find_unrevoked(token.index, nullptr).has_value(),
                ledger.index.find_unrevoked(token.index, nullptr).has_value());
    }
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      EXPECT_EQ(loaded.index.oldest_chunk(static_cast<Lane>(lane)),
                ledger.index.oldest_chunk(static_cast<Lane>(lane)));
    }
    const Selector everybody{SelectorKind::client, 1};
    EXPECT_EQ(loaded.index.watermark(everybody), ledger.index.watermark(everybody));
  }
  void live(int steps) {
    for (int i = 0; i < steps; ++i) ledger.step();
  }
  // Tokens and revocations only: what may happen while a copy runs.
  void issue_and_revoke(int count) {
    for (int i = 0; i < count; ++i) {
      (void)ledger.issue();
      if (i % 3 == 0) (void)ledger.revoke();
    }
  }
  // So many tokens of users, all in one chunk.
  void sign_in(std::size_t count) {
    const auto wanted = ledger.user_tokens() + count;
    for (int i = 0; ledger.user_tokens() < wanted; ++i) {
      ASSERT_LT(i, 1'000);
      (void)ledger.sign_in(60);
    }
  }
  // A snapshot of now, taken apart: where its only chunk stands.
  struct Chunk {
    Sequence seq;
    std::string before;  // header, state and range
    std::string bytes;
    ChunkRecord record;
  };
  Chunk only_chunk() {
    const auto frozen = freeze();
    EXPECT_TRUE(write(frozen));
    append();
    const std::string whole = contents(path_of(frozen.seq));
    const auto header = header_of(frozen.seq);
    EXPECT_EQ(header.chunk_count, 1u);
    const auto chunk_at = kSnapshotHeaderBytes + header.state_bytes + header.range_bytes;
    const auto table_at = whole.size() - kChunkRecordBytes;
    const auto record = decode_chunk_record(bytes_of(whole).subspan(table_at), std::nullopt);
    EXPECT_TRUE(record);
    return {frozen.seq, whole.substr(0, chunk_at), whole.substr(chunk_at, table_at - chunk_at),
            record ? *record : ChunkRecord{}};
  }
  // The same snapshot with other chunks, every checksum fitting.
  void put_chunks(Sequence seq, const std::string& before, const std::string& chunks,
                  const std::string& table) {
    auto header = *decode_snapshot_header(bytes_of(before).first(kSnapshotHeaderBytes));
    header.chunk_count = static_cast<std::uint32_t>(table.size() / kChunkRecordBytes);
    header.file_bytes = before.size() + chunks.size() + table.size();
    header.table_crc = crc32c(bytes_of(table));
    std::string whole = before + chunks + table;
    const auto encoded = encode_snapshot_header(header);
    whole.replace(0, encoded.size(), text_of(encoded));
    std::ofstream{path_of(seq), std::ios::binary} << whole;
  }
  void put_chunk(const Chunk& chunk, const std::string& bytes, std::uint32_t bound) {
    std::string table;
    append_chunk_record(table, {.base = chunk.record.base,
                                .entries = chunk.record.entries,
                                .bound = bound,
                                .crc = crc32c(bytes_of(bytes))});
    put_chunks(chunk.seq, chunk.before, bytes, table);
  }
  void damage(const std::filesystem::path& path, std::size_t at) {
    std::string bytes = contents(path);
    ASSERT_LT(at, bytes.size());
    bytes[at] = static_cast<char>(bytes[at] ^ 0x04);
    std::ofstream{path, std::ios::binary} << bytes;
  }
  SnapshotHeader header_of(Sequence seq) {
    const std::string bytes = contents(path_of(seq));
    return *decode_snapshot_header(bytes_of(bytes).first(kSnapshotHeaderBytes));
  }
  std::vector<std::string> names() { return *files->list(directory / "snapshots"); }

  TemporaryDirectory directory;
  TemporaryDirectory scratch;
  std::shared_ptr<FaultInjectingFileLayer> files =
      std::make_shared<FaultInjectingFileLayer>(scratch.path());
  std::unique_ptr<EventLog> log;
  std::uint64_t seed = std::random_device{}();
  RandomPeopleLedger ledger{(std::cout << "seed " << seed << "\n", seed)};
};

TEST_F(SnapshotTest, INV3LoadingAndFoldingTheRestGivesTheSameStateAndIndex) {
  for (int round = 0; round < 4; ++round) {
    live(300);
    const auto frozen = freeze();
    ASSERT_TRUE(write(frozen));
    append();
    const auto exact = load();
    EXPECT_EQ(exact->from, frozen.seq);
    EXPECT_EQ(exact->compact_range, frozen.compact_range);
    expect_same_after_fold(*exact);
    live(150);
    append();
    const auto behind = load();
    EXPECT_EQ(behind->from, frozen.seq);
    EXPECT_EQ(behind->damaged, 0);
    expect_same_after_fold(*behind);
  }
}

TEST_F(SnapshotTest, WithoutAnyThereIsNothingToLoad) {
  const auto none = load();
  EXPECT_EQ(none->from, std::nullopt);
  EXPECT_EQ(none->failure, Errc{});
  std::filesystem::remove(directory / "snapshots");
  EXPECT_EQ(load()->failure, Errc{});
}

TEST_F(SnapshotTest, INV3WhatWasIssuedOrRevokedAfterSIsForgottenAndFoldedAgain) {
  ASSERT_TRUE(ledger.issue(0, 3'600));
  const TokenIndex old{Lane::hour, 0};
  const auto frozen = freeze();
  ASSERT_TRUE(ledger.run(RevokeToken{old}));
  ASSERT_TRUE(ledger.issue(0, 3'600));
  const TokenIndex young{Lane::hour, 1};
  ASSERT_TRUE(ledger.run(RevokeToken{young}));
  ASSERT_TRUE(write(frozen));
  append();
  EXPECT_LT(header_of(frozen.seq).seq, header_of(frozen.seq).end);
  const auto loaded = load();
  ASSERT_EQ(loaded->from, frozen.seq);
  EXPECT_FALSE(loaded->index.is_revoked_individually(old));
  EXPECT_FALSE(loaded->index.find(young));
  expect_same_after_fold(*loaded);
  EXPECT_TRUE(loaded->index.is_revoked_individually(old));
}

TEST_F(SnapshotTest, INV3ACopyBesideALiveWriterLoadsAndFoldsToTheSame) {
  live(200);
  for (int i = 0; i < 200; ++i) (void)ledger.issue(1'000);  // spread over several chunks
  const auto frozen = freeze();
  std::atomic<std::uint64_t> published = frozen.seq.value();
  std::atomic<bool> done = false;
  std::thread copier{[&] {
    EXPECT_TRUE(write_snapshot(*files, directory / "snapshots", frozen, ledger.index,
                               [&] { return Sequence{published.load()}; }));
    done = true;
  }};
  do {
    issue_and_revoke(5);
    published = ledger.state.last_seq.value();
  } while (!done);
  copier.join();
  append();
  const auto loaded = load();
  EXPECT_EQ(loaded->from, frozen.seq);
  expect_same_after_fold(*loaded);
}

TEST_F(SnapshotTest, ALogThatEndsBeforeEIsRefused) {
  live(100);
  const auto frozen = freeze();
  issue_and_revoke(20);
  ASSERT_TRUE(write(frozen));
  const auto end = header_of(frozen.seq).end;
  append(end.value() - 1);
  EXPECT_EQ(load()->failure, Errc::snapshot_beyond_log);
  append(end.value());
  EXPECT_EQ(load()->from, frozen.seq);
}

// --- damage ---

TEST_F(SnapshotTest, ADamagedByteInAnyPartFallsBackToTheOlderSnapshot) {
  live(200);
  const auto older = freeze();
  ASSERT_TRUE(write(older));
  live(100);
  const auto newer = freeze();
  ASSERT_TRUE(write(newer));
  append();
  const auto size = std::filesystem::file_size(path_of(newer.seq));
  std::vector<std::size_t> places;
  for (std::size_t at = 0; at < kSnapshotHeaderBytes; at += 3) places.push_back(at);
  for (std::size_t at = kSnapshotHeaderBytes; at < size; at += size / 50) places.push_back(at);
  places.push_back(kSnapshotHeaderBytes + newer.state.size() + 5);  // the compact range
  places.push_back(size - 1);                                       // the table
  for (const std::size_t at : places) {
    damage(path_of(newer.seq), at);
    const auto loaded = load();
    ASSERT_EQ(loaded->from, older.seq) << "byte " << at << " of " << size;
    EXPECT_EQ(loaded->damaged, 1);
    if (at % 5 == 0) expect_same_after_fold(*loaded);
    damage(path_of(newer.seq), at);
  }
  EXPECT_EQ(load()->from, newer.seq) << "the damage was undone";
  damage(path_of(older.seq), 20);
  damage(path_of(newer.seq), 20);
  const auto none = load();
  EXPECT_EQ(none->from, std::nullopt);
  EXPECT_EQ(none->failure, Errc{});
  EXPECT_EQ(none->damaged, 2);
  expect_same_after_fold(*none);
}

TEST_F(SnapshotTest, ATruncatedOrLongerFileIsIgnored) {
  live(200);
  const auto frozen = freeze();
  ASSERT_TRUE(write(frozen));
  append();
  const std::string whole = contents(path_of(frozen.seq));
  for (std::size_t size = 0; size < whole.size(); size += 1 + whole.size() / 60) {
    std::ofstream{path_of(frozen.seq), std::ios::binary} << whole.substr(0, size);
    EXPECT_EQ(load()->damaged, 1) << size;
  }
  std::ofstream{path_of(frozen.seq), std::ios::binary} << whole << 'x';
  EXPECT_EQ(load()->damaged, 1);
}

TEST_F(SnapshotTest, AForeignOrRenamedSnapshotIsIgnored) {
  live(50);
  const auto frozen = freeze();
  ASSERT_TRUE(write(frozen));
  append();
  const Sequence other{frozen.seq.value() - 1};
  std::filesystem::copy(path_of(frozen.seq), path_of(other));
  std::filesystem::remove(path_of(frozen.seq));
  EXPECT_EQ(load()->damaged, 1);
  std::filesystem::rename(path_of(other), path_of(frozen.seq));
  EXPECT_EQ(load()->from, frozen.seq);
  ++ledger.state.ledger_id[0];
  EXPECT_EQ(load()->damaged, 1);
}

// Every checksum fits, but a chunk is not there: the state's own counts notice.
TEST_F(SnapshotTest, AChunkThatIsLeftOutIsNoticedAndTheIndexIsEmptyAgain) {
  ASSERT_TRUE(ledger.issue(0, 60));
  const auto older = freeze();
  ASSERT_TRUE(write(older));
  ASSERT_TRUE(ledger.issue(0, 60));
  ASSERT_TRUE(ledger.issue(0, 4'000'000));
  const auto newer = freeze();
  ASSERT_TRUE(write(newer));
  append();
  const std::string bytes = contents(path_of(newer.seq));
  const auto header = header_of(newer.seq);
  ASSERT_EQ(header.chunk_count, 2u);
  const std::string first = bytes.substr(bytes.size() - 2 * kChunkRecordBytes, kChunkRecordBytes);
  const auto record = decode_chunk_record(bytes_of(first), std::nullopt);
  const auto chunks = kSnapshotHeaderBytes + header.state_bytes + header.range_bytes;
  put_chunks(newer.seq, bytes.substr(0, chunks), bytes.substr(chunks, record->bytes()), first);
  const auto loaded = load();
  EXPECT_EQ(loaded->damaged, 1);
  EXPECT_EQ(loaded->from, older.seq);
  expect_same_after_fold(*loaded);
}

TEST_F(SnapshotTest, INV3WhatTokensOfUsersStandOnIsSavedWithThem) {
  // Beyond the first chunk of a lane, and behind an empty stretch.
  for (int i = 0; i < 20; ++i) (void)ledger.issue(1'000 * (i % 2));
  for (int i = 0; i < 400 || ledger.user_tokens() < 20; ++i) {
    ASSERT_LT(i, 10'000);
    ledger.step();
    (void)ledger.sign_in();
  }
  const auto frozen = freeze();
  ASSERT_TRUE(write(frozen));
  append();
  const auto loaded = load();
  ASSERT_EQ(loaded->from, frozen.seq);
  std::cout << ledger.user_tokens() << " tokens of users\n";
  expect_same_after_fold(*loaded);
  EXPECT_EQ(loaded->index.committed_bytes(), ledger.index.committed_bytes());
}

TEST_F(SnapshotTest, INV3AUsersTokenIssuedAfterSIsForgottenWithItsBinding) {
  sign_in(2);
  const auto frozen = freeze();
  const auto wanted = tokens_of(ledger.index);
  sign_in(2);
  ASSERT_TRUE(write(frozen));
  append();
  const auto loaded = load();
  ASSERT_EQ(loaded->from, frozen.seq);
  EXPECT_TRUE(tokens_of(loaded->index) == wanted);
  expect_same_after_fold(*loaded);
}

// Every checksum fits, but there are fewer or more bindings than bound entries.
TEST_F(SnapshotTest, INV6ABindingTooFewOrTooManyIsNoticed) {
  sign_in(2);
  const auto chunk = only_chunk();
  ASSERT_EQ(chunk.record.bound, 2u);
  for (const std::uint32_t bound : {2u, 1u, 0u, 3u, 4u}) {
    auto bytes = chunk.bytes;
    bytes.resize(bytes.size() - 16 + 8 * bound, '\1');
    put_chunk(chunk, bytes, bound);
    EXPECT_EQ(load()->damaged, bound == 2 ? 0 : 1) << bound;
  }
}

// A withdrawal would not reach a token whose binding names another consent or family: the state's
// own counts notice.
TEST_F(SnapshotTest, INV6ABindingThatNamesAnotherConsentOrFamilyIsNoticed) {
  sign_in(2);
  const auto chunk = only_chunk();
  ASSERT_EQ(chunk.record.bound, 2u);
  const auto at = chunk.bytes.size() - 8;  // the last binding: consent, then family
  std::uint64_t binding;
  std::memcpy(&binding, chunk.bytes.data() + at, sizeof binding);
  const auto [consent, family] = unpack_binding(binding);
  const FamilyNumber other{family.value() == 1 ? 0u : 1u};
  for (const auto changed :
       {pack_binding({consent.next(), family}), pack_binding({{}, family}),
        pack_binding({ConsentNumber{kConsentsMax - 1}, family}), pack_binding({consent, other}),
        pack_binding({consent, FamilyNumber{kFamiliesMax - 1}})}) {
    auto bytes = chunk.bytes;
    std::memcpy(bytes.data() + at, &changed, sizeof changed);
    put_chunk(chunk, bytes, 2);
    EXPECT_EQ(load()->damaged, 1) << binding << ' ' << changed;
  }
  put_chunk(chunk, chunk.bytes, 2);
  EXPECT_EQ(load()->damaged, 0);
}

TEST_F(SnapshotTest, ACopyDuringWhichChunksWereRetiredIsGivenUp) {
  ASSERT_TRUE(ledger.issue(0, 60));
  const auto frozen = freeze();
  ledger.advance(100);
  ASSERT_TRUE(ledger.sweep(/*retire_all=*/true));
  ASSERT_NE(ledger.state.lanes[0].oldest, 0u);
  EXPECT_FALSE(write(frozen));
  EXPECT_TRUE(names().empty());
}

// --- writing ---

TEST_F(SnapshotTest, TheNewestTwoAreKeptAndLeftOversGo) {
  std::vector<std::string> written;
  std::ofstream{directory / "snapshots/snapshot-00000000000000000001.new"} << "left over";
  std::ofstream{directory / "snapshots/notes.new"} << "not ours";
  for (int round = 0; round < 4; ++round) {
    live(20);
    const auto frozen = freeze();
    ASSERT_TRUE(write(frozen));
    ASSERT_TRUE(write(frozen)) << "once more at the same seq";
    written.push_back(snapshot_name(frozen.seq));
  }
  EXPECT_EQ(names(), (std::vector<std::string>{"notes.new", written[2], written[3]}));
}

TEST_F(SnapshotTest, AtEveryFaultPointOfWritingTheNewOneIsWholeOrTheOldOneIsUsed) {
  live(100);
  const auto older = freeze();
  ASSERT_TRUE(write(older));
  live(20);
  const auto newer = freeze();
  append();
  for (const auto kind : {FaultKind::not_persisted, FaultKind::persisted, FaultKind::torn}) {
    for (std::uint64_t operation = 1;; ++operation) {
      SCOPED_TRACE("operation " + std::to_string(operation));
      files->restart();
      files->set_fault({.operation = operation, .kind = kind, .torn_bytes = 40});
      const bool written = write(newer).has_value();
      const bool reached = files->crashed();
      ASSERT_TRUE(files->drop_unsynced());
      const auto loaded = load();
      EXPECT_EQ(loaded->damaged, 0) << "a half-written file has its name";
      EXPECT_TRUE(loaded->from == newer.seq || (!written && loaded->from == older.seq));
      if (std::filesystem::exists(path_of(newer.seq))) {
        ASSERT_TRUE(files->remove(path_of(newer.seq)));
        ASSERT_TRUE(files->sync_directory(directory / "snapshots"));
      }
      if (!reached) {
        EXPECT_GT(operation, 8u);
        break;
      }
    }
  }
}

}  // namespace
}  // namespace tokenledger

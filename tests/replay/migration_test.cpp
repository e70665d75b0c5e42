// Versions of every kind of file: a newer one is refused and left alone, by whatever opens a
// ledger; an older cache is made anew. Each row patches a version number and mends the checksum.
#include "replay/migration.hpp"

#include <rocksdb/db.h>
#include <sodium.h>

#include <cstring>
#include <functional>

#include "core/event_codec.hpp"
#include "core/state_codec.hpp"
#include "replay/audit_verify.hpp"
#include "storage/crc32c.hpp"
#include "storage/directory_lock.hpp"
#include "storage/format_version.hpp"
#include "storage/recover_tool.hpp"
#include "storage/snapshot_format.hpp"
#include "storage/snapshot_load.hpp"
#include "tests/storage/forwarding_files.hpp"
#include "tests/storage/ledger_fixture.hpp"

namespace tokenledger {
namespace {

namespace fs = std::filesystem;
using testing_support::contents;
using testing_support::overwrite;

void put32(std::string& bytes, std::size_t at, std::uint32_t value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}
std::uint32_t get32(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}
// crc32c of [begin, end), stored at `at`.
void mend(std::string& bytes, std::size_t begin, std::size_t end, std::size_t at) {
  put32(bytes, at, crc32c(bytes_of(std::string_view{bytes}.substr(begin, end - begin))));
}

constexpr std::size_t kVersionAt = 8;
constexpr std::size_t kSlotBytes = 4096;
constexpr std::size_t kSnapshotStateCrcAt = 64;

void head(std::string& bytes, int by) {
  for (std::size_t slot = 0; slot < 2 * kSlotBytes; slot += kSlotBytes) {
    put32(bytes, slot + kVersionAt, kHeadVersion + static_cast<std::uint32_t>(by));
    mend(bytes, slot, slot + kSlotBytes - 4, slot + kSlotBytes - 4);
  }
}
// The slot that is older may be the newer program's: it was there, and somebody went back.
void head_second_slot(std::string& bytes, int by) {
  put32(bytes, kSlotBytes + kVersionAt, kHeadVersion + static_cast<std::uint32_t>(by));
  mend(bytes, kSlotBytes, 2 * kSlotBytes - 4, 2 * kSlotBytes - 4);
}
void keyring(std::string& bytes, int by) {
  constexpr std::size_t kChecksumBytes = 32;
  put32(bytes, kVersionAt, kKeyringVersion + static_cast<std::uint32_t>(by));
  const auto body = bytes.size() - kChecksumBytes;
  auto* data = reinterpret_cast<std::uint8_t*>(bytes.data());
  crypto_generichash(data + body, kChecksumBytes, data, body, nullptr, 0);
}
void key_store(std::string& bytes, int by) {
  constexpr std::size_t kHeaderBytes = 48;
  put32(bytes, kVersionAt, kKeyStoreVersion + static_cast<std::uint32_t>(by));
  mend(bytes, 0, kHeaderBytes - 4, kHeaderBytes - 4);
}
void history(std::string& bytes, int by) {
  constexpr std::size_t kHeaderBytes = 128;
  put32(bytes, kVersionAt, kCheckpointHistoryVersion + static_cast<std::uint32_t>(by));
  mend(bytes, 0, kHeaderBytes - 4, kHeaderBytes - 4);
}
void snapshot(std::string& bytes, int by) {
  put32(bytes, kVersionAt, kSnapshotFormatVersion + static_cast<std::uint32_t>(by));
  mend(bytes, 0, kSnapshotHeaderBytes - 4, kSnapshotHeaderBytes - 4);
}
void snapshot_state(std::string& bytes, int by) {
  put32(bytes, kSnapshotHeaderBytes, kStateFormatVersion + static_cast<std::uint32_t>(by));
  const auto state_bytes = get32(bytes, kSnapshotStateCrcAt - 8);
  mend(bytes, kSnapshotHeaderBytes, kSnapshotHeaderBytes + state_bytes, kSnapshotStateCrcAt);
  mend(bytes, 0, kSnapshotHeaderBytes - 4, kSnapshotHeaderBytes - 4);
}

// A table of the views whose first bytes the disk does not give.
class BadSector final : public File {
 public:
  explicit BadSector(std::unique_ptr<File> base) : base_{std::move(base)} {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    return offset == 0 ? Result<std::size_t>{Errc::io_error} : base_->read_at(offset, out);
  }
  Result<std::uint64_t> size() const override { return base_->size(); }
  Result<void> append(std::span<const std::uint8_t>) override { return Errc::io_error; }
  Result<void> write_at(std::uint64_t, std::span<const std::uint8_t>) override {
    return Errc::io_error;
  }
  Result<void> truncate(std::uint64_t) override { return Errc::io_error; }
  Result<void> sync() override { return Errc::io_error; }
  Result<void> sync_data() override { return Errc::io_error; }

 private:
  std::unique_ptr<File> base_;
};
class BadSectorInViews final : public testing_support::ForwardingFiles {
 public:
  Result<std::unique_ptr<File>> open_for_reading(const fs::path& path) override {
    auto file = ForwardingFiles::open_for_reading(path);
    if (!file || path.extension() != ".sst" || path.parent_path().filename() != "views")
      return file;
    return std::unique_ptr<File>{std::make_unique<BadSector>(std::move(*file))};
  }
};

class Migration : public testing_support::LedgerTest {
 protected:
  void SetUp() override {
    LedgerTest::SetUp();
    add_api();
    add_client("shop");
    stays_ = issue("shop", 100'000);
    revoked_ = issue("shop", 100'000);
    ASSERT_TRUE(ledger_->revoke(*ledger_->index_of(revoked_.jti), {}));
    close();
  }
  void close() {
    ASSERT_TRUE(ledger_->close());
    ledger_.reset();
  }
  fs::path ledger_path() const { return directory_ / "ledger"; }
  // Tables of the views and their bytes.
  std::vector<std::pair<fs::path, std::string>> view_tables() const {
    std::vector<std::pair<fs::path, std::string>> found;
    for (const auto& entry : fs::directory_iterator{ledger_path() / "views"})
      if (entry.path().extension() == ".sst")
        found.emplace_back(entry.path(), contents(entry.path()));
    std::ranges::sort(found);
    return found;
  }
  // "*" is the newest snapshot.
  fs::path path_of(const std::string& part) const {
    if (part != "snapshots/*") return ledger_path() / part;
    const auto found = list_snapshots(*make_posix_file_layer(), ledger_path() / "snapshots");
    EXPECT_TRUE(found && !found->empty());
    return ledger_path() / "snapshots" / snapshot_name(found->front());
  }
  void patch_views(int by) {
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, (ledger_path() / "views").string(), &raw).ok());
    const std::unique_ptr<rocksdb::DB> db{raw};
    std::string meta;
    ASSERT_TRUE(db->Get({}, "m", &meta).ok());
    meta[0] = static_cast<char>(meta[0] + by);
    ASSERT_TRUE(db->Put({}, "m", meta).ok());
  }
  void remove_last_view_row() {
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, (ledger_path() / "views").string(), &raw).ok());
    const std::unique_ptr<rocksdb::DB> db{raw};
    const std::unique_ptr<rocksdb::Iterator> rows{db->NewIterator({})};
    rows->SeekToLast();
    while (rows->Valid() && rows->key() == "m") rows->Prev();
    ASSERT_TRUE(rows->Valid());
    ASSERT_TRUE(db->Delete({}, rows->key()).ok());
  }
  // An event that only a newer program writes, behind the log's end.
  void append_newer_event() {
    const auto log = EventLog::open({.directory = ledger_path() / "log"});
    ASSERT_TRUE(log);
    const auto last = (*log)->last_seq();
    const auto newest = decode_event(*(*log)->get(*last));
    Event event{.seq = last->next(),
                .recorded_at = LedgerTime{newest->recorded_at.value() + 1},
                .actor = {},
                .request_id = {},
                .idempotency = {},
                .payload = FormatActivated{kFormatVersion}};
    auto bytes = *encode_event(event);
    const auto& version = bytes.end()[-8] == kFormatVersion ? bytes.end() - 8 : bytes.end() - 4;
    ASSERT_EQ(*version, kFormatVersion);
    *version = kFormatVersion + 1;
    const std::span<const std::uint8_t> spans[] = {bytes};
    ASSERT_TRUE((*log)->append(event.seq, spans));
  }

  void expect_refused(const std::string& part) {
    std::string why;
    const auto opened = Ledger::open(options(), &why);
    ASSERT_FALSE(opened) << part;
    EXPECT_EQ(to_errc(opened.error()), Errc::unsupported_format) << part << ": " << why;
    EXPECT_NE(why.find("newer version of tokenledger: upgrade this program"), std::string::npos)
        << part << ": " << why;
    EXPECT_NE(why.find("nothing was changed"), std::string::npos) << part << ": " << why;
    const auto survey = survey_formats({.directory = ledger_path()}, why);
    ASSERT_TRUE(survey) << part << ": " << why;
    EXPECT_TRUE(survey->has(MigrationStep::upgrade_program)) << part;
    EXPECT_EQ(to_errc(migrate({.directory = ledger_path()}, *survey, why).error()),
              Errc::unsupported_format)
        << part;
    EXPECT_NE(why.find("newer version"), std::string::npos) << part << ": " << why;
    // Whoever verifies hears it too, as a difference or before anything else.
    const auto report = verify_audit({.directory = ledger_path()}, why);
    const bool is_named =
        report ? !report->differences.empty() : report.error() == Errc::unsupported_format;
    EXPECT_TRUE(is_named) << part;
  }
  void expect_good() {
    EXPECT_TRUE(check(stays_));
    expect_good_lists();
  }
  // Also by a later clock, when the tokens have expired.
  void expect_good_lists() {
    EXPECT_EQ(status(revoked_), TokenStatus::revoked);
    ASSERT_TRUE(ledger_->wait_for_views(ledger_->committed()));
    const auto list = ledger_->list({.client_id = "shop"});
    ASSERT_TRUE(list);
    EXPECT_EQ(list->page.tokens.size(), 2u);
  }

  IssuedToken stays_, revoked_;
};

struct Kind {
  const char* name;
  const char* part;
  void (*patch)(std::string&, int by);
  bool is_cache = false;
  bool cut_would_lose = false;  // `recover` reads it too, and must not take it for damage
};
constexpr Kind kKinds[] = {
    {"head", "HEAD", head, false, true},
    {"one slot of HEAD", "HEAD", head_second_slot, false, true},
    {"keyring", "keyring", keyring, false, true},
    {"key store", "keystore", key_store},
    {"checkpoint history", "audit/checkpoints", history, false, true},
    {"snapshot", "snapshots/*", snapshot, true},
    {"state in a snapshot", "snapshots/*", snapshot_state, true},
};

TEST_F(Migration, ANewerVersionOfEveryFileIsRefusedWithASentenceAndLeftAlone) {
  for (const auto& kind : kKinds) {
    const auto path = path_of(kind.part);
    const auto before = contents(path);
    auto newer = before;
    kind.patch(newer, 0);
    ASSERT_EQ(newer, before) << kind.name << ": the patch mends the checksum";
    kind.patch(newer, 1);
    overwrite(path, newer);
    expect_refused(kind.name);
    EXPECT_EQ(contents(path), newer) << kind.name;
    if (kind.cut_would_lose) {
      std::string why;
      const auto tool = RecoverTool::open({.directory = ledger_path()}, why);
      ASSERT_FALSE(tool) << kind.name;
      EXPECT_EQ(to_errc(tool.error()), Errc::unsupported_format) << kind.name;
      EXPECT_NE(why.find("newer version"), std::string::npos) << kind.name << ": " << why;
    }
    overwrite(path, before);
  }
  open();
  expect_good();
}

TEST_F(Migration, NewerViewsAreRefusedAndLeftAlone) {
  patch_views(1);
  expect_refused("views");
  patch_views(-1);
  open();
  expect_good();
}

TEST_F(Migration, AnEventOfANewerFormatIsRefusedAndRecoverDoesNotOfferToCutIt) {
  append_newer_event();
  expect_refused("log");
  std::string why;
  const auto tool = RecoverTool::open({.directory = ledger_path()}, why);
  ASSERT_FALSE(tool);
  EXPECT_EQ(to_errc(tool.error()), Errc::unsupported_format);
  EXPECT_NE(why.find("newer version"), std::string::npos) << why;
}

// There never was a version 0 of these.
TEST_F(Migration, AnOlderVersionThatNeverWasIsDamage) {
  for (const auto& kind : kKinds) {
    if (kind.is_cache || kind.patch == head_second_slot) continue;
    const auto path = path_of(kind.part);
    const auto before = contents(path);
    auto older = before;
    kind.patch(older, -1);
    overwrite(path, older);
    std::string why;
    const auto opened = Ledger::open(options(), &why);
    ASSERT_FALSE(opened) << kind.name;
    EXPECT_NE(to_errc(opened.error()), Errc::unsupported_format) << kind.name;
    overwrite(path, before);
  }
}

// Only the version says so, and no checksum: whoever upgraded because of it would find it damaged.
TEST_F(Migration, ADamagedVersionIsNotTakenForANewerOne) {
  std::string why;
  for (const auto& kind : kKinds) {
    const auto path = path_of(kind.part);
    const auto before = contents(path);
    auto damaged = before;
    const bool is_state = kind.patch == snapshot_state;
    damaged[is_state ? kSnapshotHeaderBytes : kVersionAt] ^= 0x40;
    if (kind.patch == head) damaged[kSlotBytes + kVersionAt] ^= 0x40;
    overwrite(path, damaged);
    why.clear();
    const auto survey = survey_formats({.directory = ledger_path()}, why);
    EXPECT_FALSE(survey && survey->has(MigrationStep::upgrade_program)) << kind.name;
    EXPECT_EQ(why.find("newer version"), std::string::npos) << kind.name << ": " << why;
    overwrite(path, before);
  }
}

TEST_F(Migration, DamagedViewsAreMadeAnew_INV3) {
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open({}, (ledger_path() / "views").string(), &raw).ok());
  ASSERT_TRUE(raw->Put({}, "m", "?").ok());
  delete raw;
  std::string why;
  const MigrationOptions options{.directory = ledger_path()};
  const auto survey = survey_formats(options, why);
  ASSERT_TRUE(survey) << why;
  EXPECT_TRUE(survey->has(MigrationStep::make_anew));
  ASSERT_TRUE(migrate(options, *survey, why)) << why;
  EXPECT_TRUE(survey_formats(options, why)->is_done());
}

// Each is no damage that layout and cursor show, or that RocksDB would meet when it opens them.
TEST_F(Migration, ViewsThatDoNotVerifyStopNothingAndAreMadeAnew_INV3) {
  const auto views = ledger_path() / "views";
  const auto tables = [&] {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator{views})
      if (entry.path().extension() == ".sst") found.push_back(entry.path());
    return found;
  };
  const std::pair<const char*, std::function<void()>> damages[] = {
      {"a changed table",
       [&] {
         auto bytes = contents(tables().front());
         bytes[bytes.size() / 3] ^= 1;
         overwrite(tables().front(), bytes);
       }},
      {"no tables",
       [&] {
         for (const auto& table : tables()) fs::remove(table);
       }},
      {"no CURRENT", [&] { fs::remove(views / "CURRENT"); }},
      {"a row is gone, and every checksum is right", [&] { remove_last_view_row(); }},
      {"a mark of damage", [&] { overwrite(ledger_path() / "views.damaged", "x"); }},
  };
  for (const auto& [name, damage] : damages) {
    SCOPED_TRACE(name);
    ASSERT_FALSE(tables().empty());
    damage();
    std::string why;
    const MigrationOptions options{.directory = ledger_path()};
    const auto survey = survey_formats(options, why);
    ASSERT_TRUE(survey) << why;
    EXPECT_TRUE(survey->damage.empty()) << survey->damage.front().what;
    ASSERT_TRUE(survey->views_damage);
    EXPECT_TRUE(survey->views_damage->place.starts_with("views")) << survey->views_damage->place;
    EXPECT_TRUE(survey->has(MigrationStep::make_anew));
    const auto after = migrate(options, *survey, why);
    ASSERT_TRUE(after) << why;
    EXPECT_TRUE(after->is_done());
    EXPECT_FALSE(after->views_damage) << after->views_damage->what;
    EXPECT_GT(after->end, survey->end);
    auto today = this->options();
    today.clock = nullptr;
    open(today);
    expect_good_lists();
    close();
  }
}

// Making the views anew would not remove it: they would be gone, and the file still there.
TEST_F(Migration, AStrangeFileInTheViewsStopsTheMigrationAndLeavesThemAlone) {
  const MigrationOptions options{.directory = ledger_path()};
  const auto tables = view_tables();
  ASSERT_FALSE(tables.empty());
  for (const auto* name : {"notes.txt", "99999999999999999999.sst", "MANIFEST-x"}) {
    for (const bool is_marked : {false, true}) {
      SCOPED_TRACE(name);
      overwrite(ledger_path() / "views" / name, "kept by somebody");
      if (is_marked) overwrite(ledger_path() / "views.damaged", "x");
      std::string why;
      const auto survey = survey_formats(options, why);
      ASSERT_TRUE(survey) << why;
      ASSERT_EQ(survey->damage.size(), 1u);
      EXPECT_EQ(survey->damage.front().place, std::string{"views/"} + name);
      EXPECT_EQ(survey->views_damage.has_value(), is_marked);
      EXPECT_EQ(to_errc(migrate(options, *survey, why).error()), Errc::audit_corrupt);
      EXPECT_NE(why.find("no file of this ledger has this name"), std::string::npos) << why;
      EXPECT_TRUE(fs::remove(ledger_path() / "views" / name));
      EXPECT_TRUE(view_tables() == tables) << "as they were";
      fs::remove(ledger_path() / "views.damaged");
      const auto after = survey_formats(options, why);
      ASSERT_TRUE(after) << why;
      EXPECT_TRUE(after->damage.empty());
      EXPECT_TRUE(after->is_done());
    }
  }
}

TEST_F(Migration, ViewsThatTheDiskRefusesToReadAreNotTakenForDamaged) {
  const auto tables = view_tables();
  ASSERT_FALSE(tables.empty());
  std::string why;
  const auto survey = survey_formats({.directory = ledger_path(),
                                      .keyring_key_file = {},
                                      .files = std::make_shared<BadSectorInViews>()},
                                     why);
  ASSERT_FALSE(survey);
  EXPECT_EQ(to_errc(survey.error()), Errc::io_error);
  EXPECT_NE(why.find("can't read " + (ledger_path() / "views").string()), std::string::npos) << why;
  EXPECT_TRUE(view_tables() == tables) << "as they were";
  ASSERT_TRUE(survey_formats({.directory = ledger_path()}, why)) << why;
}

TEST_F(Migration, WhatDoesNotVerifyElsewhereIsLeftAloneAndSoAreTheViews) {
  overwrite(ledger_path() / "views.damaged", "x");
  const auto path = path_of("keystore");
  const auto damaged = contents(path) + "trailing";
  overwrite(path, damaged);
  std::string why;
  const MigrationOptions options{.directory = ledger_path()};
  const auto survey = survey_formats(options, why);
  ASSERT_TRUE(survey) << why;
  ASSERT_FALSE(survey->damage.empty());
  EXPECT_EQ(survey->damage.front().place, "keystore");
  EXPECT_TRUE(survey->views_damage);
  EXPECT_EQ(to_errc(migrate(options, *survey, why).error()), Errc::audit_corrupt);
  EXPECT_NE(why.find("does not verify before the migration; first at keystore"), std::string::npos)
      << why;
  EXPECT_EQ(contents(path), damaged);
  EXPECT_EQ(contents(ledger_path() / "views.damaged"), "x");
}

TEST_F(Migration, TheLogIsReadOnceBeforeAndOnceAfter) {
  overwrite(ledger_path() / "views.damaged", "x");
  int passes = 0;
  std::vector<std::string> stages;
  const MigrationOptions options{.directory = ledger_path(),
                                 .keyring_key_file = {},
                                 .files = {},
                                 .progress = [&](const char* stage, Sequence at, Sequence end) {
                                   if (std::string_view{stage} == "log" && at == end) ++passes;
                                   stages.emplace_back(stage);
                                 }};
  std::string why;
  const auto survey = survey_formats(options, why);
  ASSERT_TRUE(survey) << why;
  EXPECT_EQ(passes, 1);
  stages.clear();
  ASSERT_TRUE(migrate(options, *survey, why)) << why;
  EXPECT_EQ(stages.front(), "views") << "while they are made; only then all is verified again";
  EXPECT_EQ(passes, 2);
}

// Of files that somebody may be writing nothing is said.
TEST_F(Migration, TheDirectoryIsLockedBeforeAnythingIsLookedAt) {
  const auto path = path_of("keystore");
  auto newer = contents(path);
  key_store(newer, 1);
  overwrite(path, newer);
  const auto lock = DirectoryLock::acquire(ledger_path());
  ASSERT_TRUE(lock);
  std::string why;
  EXPECT_EQ(to_errc(survey_formats({.directory = ledger_path()}, why).error()),
            Errc::directory_locked);
  EXPECT_NE(why.find("another process"), std::string::npos) << why;
}

TEST_F(Migration, OlderCachesAreReadAroundAndMadeAnewNeverMisread_INV3) {
  for (const auto& kind : kKinds) {
    if (!kind.is_cache) continue;
    const auto path = path_of(kind.part);
    auto older = contents(path);
    kind.patch(older, -1);
    overwrite(path, older);
    warnings_.clear();
    open();
    EXPECT_NE(warnings_.find("of an older layout"), std::string::npos) << kind.name << warnings_;
    expect_good();
    close();
  }
  patch_views(-1);
  open();
  expect_good();
}

TEST_F(Migration, MigrateMakesOlderCachesAnewAndKeepsTheOldEvents) {
  patch_views(-1);
  const auto path = path_of("snapshots/*");
  auto older = contents(path);
  snapshot(older, -1);
  overwrite(path, older);

  std::string why;
  const MigrationOptions options{.directory = ledger_path()};
  const auto before = survey_formats(options, why);
  ASSERT_TRUE(before) << why;
  EXPECT_TRUE(before->has(MigrationStep::make_anew));
  EXPECT_FALSE(before->has(MigrationStep::activate_format));
  const auto verified = verify_audit({.directory = ledger_path()}, why);
  ASSERT_TRUE(verified);
  EXPECT_TRUE(verified->differences.empty()) << verified->differences.front().what;
  EXPECT_EQ(verified->root, before->root);

  const auto signed_before = contents(ledger_path() / "audit" / "checkpoints");
  why = "of an earlier call";
  ASSERT_TRUE(migrate(options, *before, why)) << why;
  EXPECT_EQ(why, "");
  EXPECT_EQ(contents(ledger_path() / "audit" / "checkpoints"), signed_before)
      << "an anchor would not have seen what is signed here";
  EXPECT_FALSE(fs::exists(path)) << "the outdated snapshot";
  const auto after = survey_formats(options, why);
  ASSERT_TRUE(after) << why;
  EXPECT_TRUE(after->is_done());
  EXPECT_GT(after->end, before->end);
  EXPECT_EQ(verify_audit({.directory = ledger_path()}, why)->notes.size(), 0u);

  // Another history of the same length is not taken for the old one.
  auto other = *before;
  other.root[0] ^= 1;
  other.parts.front().step = MigrationStep::make_anew;
  EXPECT_EQ(to_errc(migrate(options, other, why).error()), Errc::root_mismatch);
  EXPECT_NE(why.find("are not those of before the migration"), std::string::npos) << why;
  // By the system's clock, which migrate() used, the tokens have expired long ago.
  auto today = this->options();
  today.clock = nullptr;
  open(today);
  ASSERT_TRUE(ledger_->wait_for_views(ledger_->committed()));
  const auto list = ledger_->list({.client_id = "shop"});
  ASSERT_TRUE(list);
  EXPECT_EQ(list->page.tokens.size(), 2u);
  EXPECT_EQ(status(revoked_), TokenStatus::revoked);
}

TEST_F(Migration, ALedgerOfTodayHasNothingToDoAndIsNotOpened) {
  const auto head_before = contents(ledger_path() / "HEAD");
  std::string why;
  const auto survey = survey_formats({.directory = ledger_path()}, why);
  ASSERT_TRUE(survey) << why;
  EXPECT_TRUE(survey->is_done());
  ASSERT_TRUE(migrate({.directory = ledger_path()}, *survey, why));
  EXPECT_EQ(contents(ledger_path() / "HEAD"), head_before);
  EXPECT_EQ(to_errc(survey_formats({.directory = directory_ / "nothing"}, why).error()),
            Errc::not_a_ledger);
}

}  // namespace
}  // namespace tokenledger

// Whatever is changed in a ledger's directory is found by an offline verification, which says
// where; what an older or foreign part does at open; what can't be seen without a kept checkpoint.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>

#include "core/byte_view.hpp"
#include "storage/crc32c.hpp"
#include "storage/head_file.hpp"
#include "tests/crash/audit_place.hpp"
#include "tests/crash/log_surgery.hpp"

namespace tokenledger::crash_testing {
namespace {

using std::filesystem::path;

// What says nothing about the ledger (storage/rocks_check.hpp), and the owner's token.
bool is_free_to_change(const path& file) {
  const auto name = file.filename().string();
  return name == "LOG" || name.starts_with("LOG.old") || name.starts_with("OPTIONS-") ||
         name == "IDENTITY" || name == "LOCK" || name == "admin-token";
}

std::vector<std::string> files_of(const path& directory) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{directory}) {
    if (entry.is_regular_file() && !is_free_to_change(entry.path()) && entry.file_size() > 0)
      files.push_back(entry.path().lexically_relative(directory).string());
  }
  std::ranges::sort(files);
  return files;
}

class Byte {
 public:
  Byte(const path& file, std::uint64_t at) : file_{file}, at_{at} {}
  [[nodiscard]] char read() const {
    std::ifstream in{file_, std::ios::binary};
    in.seekg(static_cast<std::streamoff>(at_));
    return static_cast<char>(in.get());
  }
  void write(char value) const {
    std::fstream out{file_, std::ios::binary | std::ios::in | std::ios::out};
    out.seekp(static_cast<std::streamoff>(at_));
    out.put(value);
    out.flush();
    ASSERT_TRUE(out.good()) << file_;
  }

 private:
  path file_;
  std::uint64_t at_;
};

std::string first_of(const AuditReport& report) {
  if (report.differences.empty()) return "nothing";
  return report.differences.front().place + ": " + report.differences.front().what;
}

class Tampering : public testing::Test {
 protected:
  Tampering() {
    std::random_device device;
    seed_ = device();
    if (const char* text = std::getenv("TOKENLEDGER_SEED"))
      seed_ = std::strtoull(text, nullptr, 10);
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed_));
    random_.seed(seed_);
  }

  // One byte after the other, each put back: verifying changes nothing.
  void flip_bytes_in(const path& directory, std::size_t flips_min) {
    const auto clean = verify(directory);
    ASSERT_TRUE(clean && clean->differences.empty()) << first_of(*clean);
    const auto files = files_of(directory);
    const auto each = flips_min / files.size() + 1;
    for (const auto& name : files) {
      const auto bytes = std::filesystem::file_size(directory / name);
      for (std::size_t flip = 0; flip < each; ++flip) flip_one(directory, name, bytes);
      std::printf("%6zu flips in %s (%llu bytes)\n", each, name.c_str(),
                  static_cast<unsigned long long>(bytes));
      total_ += each;
    }
    const auto after = verify(directory);
    EXPECT_TRUE(after && after->differences.empty()) << first_of(*after);
  }

  std::size_t total_ = 0;

 private:
  void flip_one(const path& directory, const std::string& name, std::uint64_t bytes) {
    const auto at = random_() % bytes;
    const auto mask = static_cast<char>(1 + random_() % 255);
    const Byte byte{directory / name, at};
    const auto before = byte.read();
    byte.write(static_cast<char>(before ^ mask));
    const auto report = verify(directory, {.differences_max = 1});
    const auto what = name + " byte " + std::to_string(at) + " xor " +
                      std::to_string(static_cast<unsigned char>(mask));
    if (report) {
      ASSERT_EQ(report->differences.size(), 1u) << what << " goes unseen";
      EXPECT_EQ(report->differences[0].place, name) << what << ": " << first_of(*report);
      EXPECT_GT(report->differences[0].what.size(), 5u) << what;
    }
    byte.write(before);
  }

  std::uint64_t seed_ = 0;
  std::mt19937_64 random_;
};

TEST_F(Tampering, OneByteAnywhereIsFoundAndItsFileNamed) {
  const auto& place = AuditPlace::get();
  flip_bytes_in(place.closed, 1'030);
  flip_bytes_in(place.killed, 1'030);
  std::printf("%zu flips, each found\n", total_);
  EXPECT_GE(total_, 2'000u);
}

// Another ciphertext in the first frame of the key store, with the frame's checksum made anew.
void change_sealed_value(const path& key_store) {
  constexpr std::size_t kFrameAt = 48;  // storage/key_store.hpp
  constexpr std::size_t kPayloadAt = kFrameAt + 24;
  constexpr std::size_t kSealedAt = kPayloadAt + 20;
  auto bytes = testing_support::contents(key_store);
  ASSERT_GT(bytes.size(), kSealedAt + 8);
  std::size_t payload_bytes = 0;
  for (std::size_t at = 0; at < 4; ++at)
    payload_bytes |= std::size_t{static_cast<std::uint8_t>(bytes[kFrameAt + 4 + at])} << (8 * at);
  bytes[kSealedAt + 8] = static_cast<char>(bytes[kSealedAt + 8] ^ 1);
  const auto frame = std::string_view{bytes}.substr(kFrameAt, 24 + payload_bytes);
  const auto crc = crc32c(bytes_of(frame));
  for (std::size_t at = 0; at < 4; ++at)
    bytes[kPayloadAt + payload_bytes + at] = static_cast<char>(crc >> (8 * at));
  testing_support::overwrite(key_store, bytes);
}

// Damage whose checksums are right.
struct Forgery {
  const char* name;
  const char* place;  // of one of the differences
  const char* what;   // a part of its sentence
  void (*forge)(const AuditPlace&, const path&);
};
void replace(const path& ledger, const path& from, const char* name) {
  std::filesystem::remove_all(ledger / name);
  std::filesystem::copy(from / name, ledger / name, std::filesystem::copy_options::recursive);
}
const Forgery kForgeries[] = {
    {"AnEventWasChanged", "audit/checkpoints", "another Merkle root",
     [](const AuditPlace&, const path& at) { LogSurgery{at / "log"}.change_request_id(9); }},
    {"AnEventWasChangedUnderATile", "audit/level-1", "byte 0 is not what the events give",
     [](const AuditPlace&, const path& at) { LogSurgery{at / "log"}.change_request_id(9); }},
    {"AnEventIsNotCanonical", "log", "seq 11",
     [](const AuditPlace&, const path& at) { LogSurgery{at / "log"}.append_a_byte(11); }},
    {"AnEventIsMissing", "log", "seq 5",
     [](const AuditPlace&, const path& at) { LogSurgery{at / "log"}.remove(5); }},
    {"SnapshotIsOfAnotherHistory", "snapshots/", "is not that of the events",
     [](const AuditPlace& from, const path& at) { replace(at, from.branch, "snapshots"); }},
    {"CheckpointsAreOfAnotherHistory", "audit/checkpoints", "another Merkle root",
     [](const AuditPlace& from, const path& at) { replace(at, from.branch, "audit"); }},
    {"CheckpointsAreOfAnotherLedger", "audit/checkpoints", "another ledger or key",
     [](const AuditPlace& from, const path& at) { replace(at, from.other, "audit"); }},
    {"CheckpointsAreGone", "audit/checkpoints", "missing",
     [](const AuditPlace&, const path& at) {
       std::filesystem::remove(at / "audit" / "checkpoints");
     }},
    {"LevelIsGone", "audit/level-1", "ends at byte 0",
     [](const AuditPlace&, const path& at) { std::filesystem::remove(at / "audit" / "level-1"); }},
    {"HeadIsOfAnotherHistory", "HEAD", "another",
     [](const AuditPlace& from, const path& at) { replace(at, from.branch, "HEAD"); }},
    {"LogIsAnOlderCopy", "HEAD", "older copy, or events are missing",
     [](const AuditPlace& from, const path& at) { replace(at, from.older, "log"); }},
    {"LogIsAnOthers", "HEAD", "another",
     [](const AuditPlace& from, const path& at) { replace(at, from.other, "log"); }},
    {"KeyringIsAnothers", "keyring", "another ledger's than HEAD",
     [](const AuditPlace& from, const path& at) { replace(at, from.other, "keyring"); }},
    {"KeyStoreIsAnOlderCopy", "keystore", "byte",
     [](const AuditPlace& from, const path& at) { replace(at, from.older, "keystore"); }},
    {"AValueOfTheKeyStoreWasChanged", "keystore", "does not open under the keyring's key",
     [](const AuditPlace&, const path& at) { change_sealed_value(at / "keystore"); }},
    {"ViewsAreOfAnotherHistory", "views", "key",
     [](const AuditPlace& from, const path& at) { replace(at, from.branch, "views"); }},
    {"ViewsAreAnothers", "views", "do not load",
     [](const AuditPlace& from, const path& at) { replace(at, from.other, "views"); }},
    {"AFileIsTooMany", "notes.txt", "no file of this ledger",
     [](const AuditPlace&, const path& at) { std::ofstream{at / "notes.txt"} << "hello"; }},
    {"AFileIsTooManyInTheLog", "log/000001.txt", "no file of this ledger",
     [](const AuditPlace&, const path& at) { std::ofstream{at / "log" / "000001.txt"} << "?"; }},
    {"ATableIsMissing", "log/", "RocksDB does not open it",
     [](const AuditPlace&, const path& at) {
       for (const auto& name : files_of(at))
         if (name.starts_with("log/") && name.ends_with(".sst")) std::filesystem::remove(at / name);
     }},
};
// The two slots of a HEAD, and which one was written last.
class HeadBytes {
 public:
  explicit HeadBytes(const path& directory)
      : file_{directory / "HEAD"}, bytes_{testing_support::contents(file_)} {}
  [[nodiscard]] std::size_t newer() const { return counter(0) > counter(1) ? 0 : 1; }
  // The last sectors as another write left them, of the other slot, which is as good as any.
  void tear(std::size_t slot) {
    constexpr std::size_t kSector = 512;
    bytes_.replace((slot + 1) * kSlot - kSector, kSector,
                   bytes_.substr((2 - slot) * kSlot - kSector, kSector));
    save();
  }
  void flip(std::size_t slot, std::size_t at) {
    bytes_[slot * kSlot + at] = static_cast<char>(bytes_[slot * kSlot + at] ^ 0x10);
    save();
  }
  void take(std::size_t slot, const HeadBytes& from, std::size_t from_slot) {
    bytes_.replace(slot * kSlot, kSlot, from.bytes_.substr(from_slot * kSlot, kSlot));
    save();
  }
  static constexpr std::size_t kSlot = HeadFile::kSlotBytes;

 private:
  [[nodiscard]] std::uint64_t counter(std::size_t slot) const {
    std::uint64_t value = 0;
    for (std::size_t i = 8; i-- > 0;)
      value = value << 8 | static_cast<std::uint8_t>(bytes_[slot * kSlot + 16 + i]);
    return value;
  }
  void save() const {
    std::ofstream{file_, std::ios::binary}.write(bytes_.data(),
                                                 static_cast<std::streamsize>(bytes_.size()));
  }
  const path file_;
  std::string bytes_;
};

class TornHead : public testing::Test {
 protected:
  TornHead() { AuditPlace::copy(AuditPlace::get().killed, ledger); }
  bool has_note() const {
    const auto report = verify(ledger);
    EXPECT_TRUE(report);
    return report->differences.empty() && std::ranges::any_of(report->notes, [](const auto& note) {
             return note.place == "HEAD";
           });
  }
  std::string difference() const {
    const auto report = verify(ledger);
    EXPECT_TRUE(report);
    return first_of(*report);
  }
  testing_support::TemporaryDirectory root;
  path ledger = root / "ledger";
};

TEST_F(TornHead, TheNewerSlotWithTheChecksumOfAnotherWriteIsANoteAndTheNextStartMendsIt) {
  HeadBytes head{ledger};
  head.tear(head.newer());
  EXPECT_TRUE(has_note()) << difference();
  open_and_work(ledger, 1);
  const auto mended = verify(ledger);
  EXPECT_TRUE(mended && mended->differences.empty()) << first_of(*mended);
}

TEST_F(TornHead, WhatNoPowerCutLeavesIsADifference) {
  const HeadBytes clean{ledger};
  const auto newer = clean.newer();
  const auto is_damaged = [&](auto change) {
    HeadBytes head{ledger};
    change(head);
    EXPECT_EQ(difference().find("HEAD: slot"), 0u) << difference();
    EXPECT_NE(difference().find("is damaged"), std::string::npos) << difference();
    head.take(0, clean, 0);
    head.take(1, clean, 1);
  };
  is_damaged([&](HeadBytes& head) { head.flip(newer, HeadBytes::kSlot - 2); });  // of the checksum
  is_damaged([&](HeadBytes& head) { head.flip(newer, 30); });
  is_damaged([&](HeadBytes& head) { head.flip(newer, 3'000); });  // zeros
  // What nothing else is compared with: the counter, and how far the key store is.
  for (const std::size_t at : {16, 23, 88, 95, 96, 103})
    is_damaged([&](HeadBytes& head) { head.flip(newer, at); });
  // Nothing was behind the newer slot's events, so nobody wrote the older one.
  is_damaged([&](HeadBytes& head) { head.tear(1 - newer); });
  for (const std::size_t at : {std::size_t{30}, std::size_t{3'000}}) {
    is_damaged([&](HeadBytes& head) {
      head.tear(newer);
      head.flip(newer, at);
    });
  }
  EXPECT_EQ(difference(), "nothing");
}

// The slot that is told to be torn still says how much of the key store there must be.
TEST_F(TornHead, AKeyStoreCutBackBehindATornSlotIsADifference) {
  const auto keystore = ledger / "keystore";
  const auto bytes = testing_support::contents(keystore);
  HeadBytes head{ledger};
  head.tear(head.newer());
  std::filesystem::resize_file(keystore, bytes.size() - 1);
  EXPECT_EQ(difference().find("keystore: "), 0u) << difference();
}

TEST_F(TornHead, AHeadOfAnotherHistoryIsADifferenceWhateverItsChecksum) {
  HeadBytes head{ledger};
  const HeadBytes branch{AuditPlace::get().longer};
  head.take(head.newer(), branch, branch.newer());
  head.tear(head.newer());
  EXPECT_EQ(difference().find("HEAD: "), 0u) << difference();
}

class VerifyFinds : public testing::TestWithParam<Forgery> {};

TEST_P(VerifyFinds, WhatHasRightChecksums) {
  const auto& place = AuditPlace::get();
  const testing_support::TemporaryDirectory root;
  const auto ledger = root / "ledger";
  AuditPlace::copy(place.closed, ledger);
  GetParam().forge(place, ledger);
  const auto report = verify(ledger);
  ASSERT_TRUE(report);
  std::string all;
  bool is_named = false;
  for (const auto& found : report->differences) {
    all += found.place + ": " + found.what + "\n";
    is_named = is_named || (found.place.starts_with(GetParam().place) &&
                            found.what.find(GetParam().what) != std::string::npos);
  }
  EXPECT_TRUE(is_named) << all;
}
INSTANTIATE_TEST_SUITE_P(All, VerifyFinds, testing::ValuesIn(kForgeries),
                         [](const auto& info) { return std::string{info.param.name}; });

// A WAL cut where a record ends: RocksDB sees nothing wrong with it.
void cut_last_record(const path& wal) {
  constexpr std::size_t kBlock = 32'768;
  constexpr std::size_t kHead = 7;
  const auto bytes = testing_support::contents(wal);
  std::size_t last = 0;
  for (std::size_t at = 0; at + kHead <= bytes.size();) {
    if (kBlock - at % kBlock < kHead) {
      at += kBlock - at % kBlock;
      continue;
    }
    const auto length =
        static_cast<std::uint8_t>(bytes[at + 4]) + 256u * static_cast<std::uint8_t>(bytes[at + 5]);
    const auto type = bytes[at + 6];
    if (type == 1 || type == 2) last = at;  // where a whole record begins
    at += kHead + length;
  }
  ASSERT_GT(last, 0u);
  std::filesystem::resize_file(wal, last);
}

struct Swap {
  const char* name;
  Errc want;
  void (*damage)(const AuditPlace&, const path&);
};
const Swap kSwaps[] = {
    {"TailOfTheLogIsGone", Errc::log_shorter_than_head,
     [](const AuditPlace&, const path& at) {
       for (const auto& name : files_of(at))
         if (name.starts_with("log/") && name.ends_with(".log")) cut_last_record(at / name);
     }},
    {"LogHasAHole", Errc::log_corrupt,
     [](const AuditPlace&, const path& at) {
       std::filesystem::remove_all(at / "snapshots");
       LogSurgery{at / "log"}.remove(5);
     }},
    {"LogIsAnOlderCopy", Errc::log_shorter_than_head,
     [](const AuditPlace& from, const path& at) { replace(at, from.older, "log"); }},
    {"KeyStoreIsAnothers", Errc::key_store_corrupt,
     [](const AuditPlace& from, const path& at) { replace(at, from.other, "keystore"); }},
    {"AllButTheCheckpointsIsAnOlderCopy", Errc::older_than_checkpoint,
     [](const AuditPlace& from, const path& at) {
       for (const auto* name : {"log", "HEAD", "keystore", "snapshots", "views", "keyring"})
         replace(at, from.older, name);
     }},
    {"CheckpointsAreOfAnotherLedger", Errc::audit_corrupt,
     [](const AuditPlace& from, const path& at) { replace(at, from.other, "audit"); }},
    {"CheckpointsAreOfAnotherHistory", Errc::root_mismatch,
     [](const AuditPlace& from, const path& at) { replace(at, from.branch, "audit"); }},
    {"KeyringIsAnothers", Errc::keyring_mismatch,
     [](const AuditPlace& from, const path& at) { replace(at, from.other, "keyring"); }},
};
class OpenRefusesSwapped : public testing::TestWithParam<Swap> {};

TEST_P(OpenRefusesSwapped, PartsAndVerifyFindsThem) {
  const auto& place = AuditPlace::get();
  const testing_support::TemporaryDirectory root;
  const auto ledger = root / "ledger";
  AuditPlace::copy(place.killed, ledger);
  GetParam().damage(place, ledger);
  const auto report = verify(ledger);
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->differences.empty());
  std::string why;
  const auto opened = Ledger::open(audit_options(ledger), &why);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), GetParam().want) << opened.error() << ": " << why;
  EXPECT_GT(why.size(), 20u);
}
INSTANTIATE_TEST_SUITE_P(All, OpenRefusesSwapped, testing::ValuesIn(kSwaps),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(OlderCopy, IsUnseenWithoutAKeptCheckpointAndFoundWithOne) {
  const auto& place = AuditPlace::get();
  const auto unaware = verify(place.older);
  ASSERT_TRUE(unaware);
  EXPECT_TRUE(unaware->differences.empty()) << first_of(*unaware);
  EXPECT_FALSE(unaware->extends_kept);

  for (const bool quick : {false, true}) {
    const auto aware = verify(place.older, {.checkpoint = place.kept, .quick = quick});
    ASSERT_TRUE(aware);
    ASSERT_EQ(aware->differences.size(), 1u);
    EXPECT_EQ(aware->differences[0].place, "--checkpoint");
    EXPECT_NE(aware->differences[0].what.find("older copy"), std::string::npos);
  }
  const testing_support::TemporaryDirectory root;
  std::ofstream{root / "anchor"} << place.kept;
  const auto anchored = verify(place.older, {.anchor = root / "anchor"});
  ASSERT_TRUE(anchored);
  EXPECT_EQ(first_of(*anchored).find((root / "anchor").string()), 0u) << first_of(*anchored);

  const auto copy = root / "older";
  AuditPlace::copy(place.older, copy);
  auto options = audit_options(copy);
  options.anchor = root / "anchor";
  std::string why;
  const auto opened = Ledger::open(options, &why);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), Errc::older_than_checkpoint) << why;
}

TEST(KeptCheckpoint, IsExtendedByItsOwnLedgerAndByNoOther) {
  const auto& place = AuditPlace::get();
  for (const bool quick : {false, true}) {
    for (const auto& kept : {place.kept, place.kept_early}) {
      const auto whole = verify(place.closed, {.checkpoint = kept, .quick = quick});
      ASSERT_TRUE(whole);
      EXPECT_TRUE(whole->differences.empty()) << first_of(*whole);
      EXPECT_TRUE(whole->extends_kept);
    }
    const auto branched = verify(place.branch, {.checkpoint = place.kept, .quick = quick});
    ASSERT_TRUE(branched);
    EXPECT_FALSE(branched->differences.empty()) << "a history that went another way";
    EXPECT_FALSE(branched->extends_kept);
    const auto longer = verify(place.longer, {.checkpoint = place.kept, .quick = quick});
    ASSERT_TRUE(longer);
    EXPECT_FALSE(longer->differences.empty()) << "it is behind the newest snapshot by now";
    EXPECT_FALSE(longer->extends_kept);
    const auto foreign = verify(place.other, {.checkpoint = place.kept, .quick = quick});
    ASSERT_TRUE(foreign);
    EXPECT_NE(first_of(*foreign).find("of another log"), std::string::npos) << first_of(*foreign);
  }
}

TEST(QuickVerify, ReadsFromTheNewestSnapshotOnAndFindsATamperedTail) {
  const auto& place = AuditPlace::get();
  const auto quick = verify(place.killed, {.quick = true});
  ASSERT_TRUE(quick);
  EXPECT_TRUE(quick->differences.empty()) << first_of(*quick);
  EXPECT_GT(quick->from.value(), 256u);
  EXPECT_EQ(quick->end, verify(place.killed)->end);
  const testing_support::TemporaryDirectory root;
  AuditPlace::copy(place.killed, root / "ledger");
  LogSurgery{root / "ledger" / "log"}.change_request_id(quick->end.value() - 3);
  EXPECT_FALSE(verify(root / "ledger", {.quick = true})->differences.empty());
}

TEST(VerifyAudit, RefusesWhatItCannotLookAtAndSaysWhy) {
  const testing_support::TemporaryDirectory root;
  std::string why;
  EXPECT_EQ(verify_audit({.directory = root / "none"}, why).error(), Errc::not_a_ledger);
  EXPECT_GT(why.size(), 20u);
  AuditPlace::copy(AuditPlace::get().closed, root / "ledger");
  EXPECT_EQ(verify_audit({.directory = root / "ledger", .vkey = "nonsense"}, why).error(),
            Errc::invalid_argument);
  const auto opened = Ledger::open(audit_options(root / "ledger"));
  ASSERT_TRUE(opened);
  EXPECT_EQ(verify_audit({.directory = root / "ledger"}, why).error(), Errc::directory_locked);
}

}  // namespace
}  // namespace tokenledger::crash_testing

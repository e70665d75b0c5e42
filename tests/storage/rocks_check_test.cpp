// Block logs and RocksDB directories as an auditor reads them: every byte counts.
#include "storage/rocks_check.hpp"

#include <gtest/gtest.h>

#include <rocksdb/db.h>
#include <algorithm>

#include "storage/crc32c.hpp"
#include "storage/file_layer.hpp"
#include "tests/storage/forwarding_files.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger {
namespace {

using testing_support::as_bytes;
using testing_support::TemporaryDirectory;

constexpr std::size_t kBlock = 32'768;
constexpr std::size_t kHead = 7;

std::string record(char type, const std::string& payload) {
  const auto crc = crc32c(as_bytes(type + payload));
  const auto masked = (crc >> 15 | crc << 17) + 0xA282'EAD8u;
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(masked >> shift);
  bytes += static_cast<char>(payload.size());
  bytes += static_cast<char>(payload.size() >> 8);
  return bytes + type + payload;
}

// One record that leaves five bytes of its block, one over two blocks, a short one.
std::string block_log() {
  auto log = record(1, std::string(kBlock - kHead - 5, 'a'));
  log += std::string(5, '\0');
  log += record(2, std::string(kBlock - kHead, 'b')) + record(4, "c") + record(1, "");
  return log;
}

class BlockLog : public testing::Test {
 protected:
  std::string fault_of(const std::string& bytes) {
    const auto path = directory_ / "000001.log";
    testing_support::overwrite(path, bytes);
    const auto file = make_posix_file_layer()->open_for_reading(path);
    EXPECT_TRUE(file);
    const auto fault = find_block_log_fault(**file);
    EXPECT_TRUE(fault);
    return fault ? *fault : "unreadable";
  }
  TemporaryDirectory directory_;
};

TEST_F(BlockLog, IsWholeAsRocksDbWritesIt) {
  EXPECT_EQ(fault_of(""), "");
  EXPECT_EQ(fault_of(record(1, "")), "");
  EXPECT_EQ(fault_of(block_log()), "");
}

TEST_F(BlockLog, NamesTheByteOfPaddingThatIsNotZero) {
  for (std::size_t at = kBlock - 5; at < kBlock; ++at) {
    auto bytes = block_log();
    bytes[at] = 1;
    EXPECT_EQ(fault_of(bytes), "the padding is not zero at byte 32763") << at;
  }
}

TEST_F(BlockLog, NamesEveryChangedByteAroundARecordsHead) {
  const auto whole = block_log();
  const auto tail = whole.size() - 2 * kHead - 1;  // the last two records
  for (std::size_t at = tail - 9; at < whole.size(); ++at) {
    for (const int mask : {1, 8, 128, 255}) {
      auto bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ mask);
      EXPECT_NE(fault_of(bytes).find(" at byte "), std::string::npos) << at << " xor " << mask;
    }
  }
}

TEST_F(BlockLog, IsCutOnlyBetweenRecordsWithoutAFault) {
  const auto whole = block_log();
  EXPECT_EQ(fault_of(whole.substr(0, whole.size() - kHead)), "");  // the last record is gone whole
  for (std::size_t bytes = whole.size() - kHead - 8; bytes < whole.size() - kHead; ++bytes)
    EXPECT_NE(fault_of(whole.substr(0, bytes)), "") << bytes;
  EXPECT_EQ(fault_of(whole.substr(0, 2 * kBlock)), "the last record has no end");
}

TEST_F(BlockLog, RefusesPartsOutOfOrderAndTypesThatThisLedgerNeverWrites) {
  for (const auto& bytes : {record(3, "x"), record(4, "x"), record(2, "x") + record(1, "y"),
                            record(2, "x") + record(2, "y"), record(0, ""), record(5, "x"),
                            record(9, "x"), std::string(kHead, '\0')})
    EXPECT_NE(fault_of(bytes), "");
}

class RocksFiles : public testing::Test {
 protected:
  void SetUp() override {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, path().string(), &raw).ok());
    const std::unique_ptr<rocksdb::DB> database{raw};
    ASSERT_TRUE(database->Put({}, "key", "value").ok());
    ASSERT_TRUE(database->Flush({}).ok());
  }
  std::filesystem::path path() const { return directory_ / "db"; }
  std::vector<RocksFinding> look() {
    std::vector<RocksFinding> found;
    const auto checked = check_rocks_files(
        make_posix_file_layer(),
        {.directory = path(), .report = [&](const auto& finding) { found.push_back(finding); }});
    EXPECT_TRUE(checked);
    return found;
  }
  TemporaryDirectory directory_;
};

TEST_F(RocksFiles, WithoutAChecksumOfATableAreADifference) {
  const auto found = look();  // made without our options, so the MANIFEST has none
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].is_difference);
  EXPECT_TRUE(found[0].file.ends_with(".sst"));
}

// RocksDB with assertions aborts on some of these when it is let near them.
TEST_F(RocksFiles, WithADamagedFooterAreNamedAndNeverOpened) {
  std::string name;
  for (const auto& entry : std::filesystem::directory_iterator{path()})
    if (entry.path().extension() == ".sst") name = entry.path().filename().string();
  const auto whole = testing_support::contents(path() / name);
  for (std::size_t back = 1; back <= 53; ++back) {
    const bool is_in_handles = back > 12 && back < 53;  // a block's own checksum catches these
    for (const int mask : {1, 4, 255}) {
      auto bytes = whole;
      bytes[bytes.size() - back] = static_cast<char>(bytes[bytes.size() - back] ^ mask);
      testing_support::overwrite(path() / name, bytes);
      const auto found = look();
      ASSERT_FALSE(found.empty()) << back;
      EXPECT_EQ(found[0].file, name) << back;
      if (is_in_handles) continue;
      EXPECT_NE(found[0].what.find("its footer at byte "), std::string::npos) << back;
    }
  }
}

// The same for the blocks before the footer: that of the properties is taken apart unchecked.
TEST_F(RocksFiles, WithDamageInTheLastBlocksAreNamedAndNeverAbort) {
  constexpr std::size_t kBytes = 2'048;
  std::string name;
  for (const auto& entry : std::filesystem::directory_iterator{path()})
    if (entry.path().extension() == ".sst") name = entry.path().filename().string();
  const auto whole = testing_support::contents(path() / name);
  for (std::size_t back = 54; back <= std::min(kBytes, whole.size()); ++back) {
    auto bytes = whole;
    bytes[bytes.size() - back] = static_cast<char>(bytes[bytes.size() - back] ^ 0x80);
    testing_support::overwrite(path() / name, bytes);
    const auto found = look();
    ASSERT_FALSE(found.empty()) << back;
    EXPECT_EQ(found[0].file, name) << back;
  }
}

// What a caller that wants to stop has to wait for is one file.
TEST_F(RocksFiles, AreCheckedUntilToldToStopWhichIsAskedBeforeEachOfThem) {
  class Opened final : public testing_support::ForwardingFiles {
   public:
    Result<std::unique_ptr<File>> open_for_reading(const std::filesystem::path& file) override {
      EXPECT_TRUE(was_asked) << file;
      if (file.extension() == ".sst") was_asked = false;
      ++count;
      return ForwardingFiles::open_for_reading(file);
    }
    bool was_asked = false;
    int count = 0;
  };
  {
    rocksdb::DB* raw = nullptr;
    rocksdb::Options options;
    options.disable_auto_compactions = true;
    ASSERT_TRUE(rocksdb::DB::Open(options, path().string(), &raw).ok());
    const std::unique_ptr<rocksdb::DB> database{raw};
    for (const auto* key : {"a", "b"}) {
      ASSERT_TRUE(database->Put({}, key, "value").ok());
      ASSERT_TRUE(database->Flush({}).ok());
    }
  }
  const auto opened_until = [&](int asked_max, bool ends) {
    const auto files = std::make_shared<Opened>();
    int asked = 0;
    const auto checked = check_rocks_files(files, {.directory = path(),
                                                   .report = [](const RocksFinding&) {},
                                                   .stops =
                                                       [&] {
                                                         files->was_asked = true;
                                                         return ++asked > asked_max;
                                                       }});
    EXPECT_EQ(checked.has_value(), ends) << asked_max;
    if (!checked) {
      EXPECT_EQ(checked.error(), Errc::shutting_down);
      EXPECT_EQ(asked, asked_max + 1) << "and not asked again";
    }
    return std::pair{asked, files->count};
  };
  const auto [asked, all] = opened_until(1'000'000, true);
  EXPECT_GE(asked, 6) << "three tables, each by its end and whole";
  for (int before = 0, at = 0; at < asked; ++at) {
    const auto opened = opened_until(at, false).second;
    EXPECT_GE(opened, before);
    EXPECT_LT(opened, all);
    before = opened;
  }
}

TEST_F(RocksFiles, NotNamedByTheManifestAreAtLeastMentioned) {
  // A whole table that the MANIFEST does not name.
  for (const auto& entry : std::filesystem::directory_iterator{path()}) {
    if (entry.path().extension() != ".sst") continue;
    std::filesystem::copy_file(entry.path(), path() / "000999.sst");
    break;
  }
  testing_support::overwrite(path() / "000998.dbtmp", "left behind");
  std::size_t notes = 0;
  for (const auto& finding : look()) notes += finding.is_difference ? 0 : 1;
  EXPECT_EQ(notes, 2u);
}

}  // namespace
}  // namespace tokenledger

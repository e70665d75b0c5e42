// Damaged ends of tables: RocksDB is not led to them, and an open says what is wrong.
#include <gtest/gtest.h>

#include <fstream>

#include "storage/crc32c.hpp"
#include "storage/recover_tool.hpp"
#include "storage/rocks_table_end.hpp"
#include "tests/storage/ledger_fixture.hpp"

namespace tokenledger {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFooterBytes = 53;

class TableDamage : public testing_support::LedgerTest {
 protected:
  void SetUp() override {
    open();
    add_api();
    add_client("a");
    for (int i = 0; i < 50; ++i) issue("a");
    ASSERT_TRUE(ledger_->wait_for_views(ledger_->committed()));
    ASSERT_TRUE(ledger_->close());
    ledger_.reset();
    fs::copy(at_, whole_, fs::copy_options::recursive);
  }
  void restore() {
    fs::remove_all(at_);
    fs::copy(whole_, at_, fs::copy_options::recursive);
  }
  fs::path table_in(const char* folder) const {
    for (const auto& entry : fs::directory_iterator{at_ / folder})
      if (entry.path().extension() == ".sst") return entry.path();
    ADD_FAILURE() << "no table in " << folder;
    return {};
  }
  static void flip(const fs::path& table, std::size_t back) {
    auto bytes = testing_support::contents(table);
    ASSERT_GE(bytes.size(), back);
    bytes[bytes.size() - back] = static_cast<char>(bytes[bytes.size() - back] ^ 0x80);
    testing_support::overwrite(table, bytes);
  }
  // Each byte, or each `step`th, of what RocksDB reads first, then some of the blocks before it.
  static std::vector<std::size_t> places(const fs::path& table, std::size_t step) {
    const auto bytes = std::min<std::size_t>(fs::file_size(table), 2'048);
    std::vector<std::size_t> made;
    for (std::size_t back = 1; back <= bytes; back += back < 110 ? step : 97) made.push_back(back);
    return made;
  }

  const fs::path at_ = directory_ / "ledger";
  const fs::path whole_ = directory_ / "whole";
};

TEST_F(TableDamage, OfTheLogIsRefusedByNameAndNeverAborts) {
  std::size_t refused = 0;
  for (const auto back : places(table_in("log"), 1)) {
    flip(table_in("log"), back);
    std::string why;
    const auto opened = Ledger::open(options(), &why);
    if (opened) {
      ASSERT_TRUE((*opened)->close());
    } else {
      ++refused;
      EXPECT_EQ(opened.error(), Errc::log_corrupt) << back << ": " << why;
      EXPECT_NE(why.find("recover"), std::string::npos) << why;
      // Of the footer at least; RocksDB itself does not say where it met a bad checksum.
      if (back <= kFooterBytes) {
        const auto name = table_in("log").filename().string();
        EXPECT_NE(why.find(name), std::string::npos) << back << ": " << why;
        EXPECT_FALSE(RecoverTool::open({.directory = at_}, why)) << back;
        EXPECT_NE(why.find(name), std::string::npos) << back << ": " << why;
      }
    }
    restore();
  }
  std::printf("%zu refused\n", refused);
  EXPECT_GT(refused, 40u);
}

TEST_F(TableDamage, OfTheViewsIsMendedFromTheLogAndNeverAborts_INV3) {
  std::size_t rebuilt = 0;
  for (const auto back : places(table_in("views"), 4)) {
    warnings_.clear();
    flip(table_in("views"), back);
    std::string why;
    const auto opened = Ledger::open(options(), &why);
    ASSERT_TRUE(opened) << back << ": " << why;
    rebuilt += warnings_.find("rebuilding") == std::string::npos ? 0 : 1;
    ASSERT_TRUE((*opened)->close());
    restore();
  }
  std::printf("%zu rebuilt\n", rebuilt);
  EXPECT_GT(rebuilt, 10u);
}

// A crash may leave a table that no MANIFEST names, in whatever state the disk was.
TEST_F(TableDamage, OfWhatAnInterruptedWriteLeftIsNoReasonToRefuse) {
  for (const char* folder : {"log", "views"}) {
    const auto left = at_ / folder / "000999.sst";
    fs::copy_file(table_in(folder), left);
    flip(left, 53);
    std::string why;
    const auto opened = Ledger::open(options(), &why);
    ASSERT_TRUE(opened) << why;
    EXPECT_FALSE(fs::exists(left)) << "RocksDB removes it";
    EXPECT_EQ(warnings_.find("rebuilding"), std::string::npos);
    ASSERT_TRUE((*opened)->close());
    restore();
  }
}

// A record of a block log, its checksum masked as RocksDB masks it.
std::string block_log_record(char type, const std::string& payload) {
  const auto typed = type + payload;
  const auto crc = crc32c(bytes_of(typed));
  const auto masked = (crc >> 15 | crc << 17) + 0xA282'EAD8;
  std::string record;
  for (int shift = 0; shift < 32; shift += 8) record += static_cast<char>(masked >> shift);
  record += static_cast<char>(payload.size());
  record += static_cast<char>(payload.size() >> 8);
  return record + typed;
}

// The head of the next block's record may stand between any two bytes that name a table.
TEST_F(TableDamage, ATableWhoseNameABlockOfTheManifestDividesIsNamedAllTheSame) {
  constexpr std::size_t kFirstBytes = 32'768 - 7;
  constexpr char kFirst = 2, kLast = 4;
  const auto directory = directory_ / "table";
  fs::create_directory(directory);
  const auto files = make_posix_file_layer();
  testing_support::overwrite(directory / "CURRENT", "MANIFEST-000001\n");
  testing_support::overwrite(directory / "000300.sst", std::string(1'000, 'x'));
  const std::string named = "\xAC\x02\xE8\x07";  // 300 and 1000, as varints
  for (std::size_t before = 0; before <= named.size(); ++before) {
    const auto filled = std::string(kFirstBytes - before, 'f') + named.substr(0, before);
    auto manifest = block_log_record(kFirst, filled);
    manifest += block_log_record(kLast, named.substr(before) + "behind");
    testing_support::overwrite(directory / "MANIFEST-000001", manifest);
    const auto found = find_dangerous_table(*files, directory);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->substr(0, 10), "000300.sst") << before << " bytes in the first block";
    // Another length: RocksDB says itself that it is wrong.
    fs::resize_file(directory / "000300.sst", 999);
    EXPECT_EQ(*find_dangerous_table(*files, directory), "") << before;
    fs::resize_file(directory / "000300.sst", 1'000);
  }
}

}  // namespace
}  // namespace tokenledger

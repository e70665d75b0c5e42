// HEAD: whatever one write or one bad byte does to it, it is the newest whole slot or a refusal.
#include "storage/head_file.hpp"

#include <gtest/gtest.h>

#include <cstdio>

#include "storage/fault_injection.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger {
namespace {

using testing_support::contents;
using testing_support::overwrite;
using testing_support::TemporaryDirectory;

Head head_at(std::uint64_t seq) {
  Head head;
  head.seq = Sequence{seq};
  for (std::uint64_t i = 0; i < seq; ++i) {
    const std::uint8_t leaf[] = {static_cast<std::uint8_t>(i)};
    head.range.append(leaf_hash(leaf));
  }
  head.ledger_id.fill(0x5A);
  head.key_store = {.generation = 3, .bytes = 100 * seq};
  return head;
}

class HeadFileTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(HeadFile::create(*files, path, head_at(0))); }
  std::unique_ptr<HeadFile> open() {
    auto head = HeadFile::open(*files, path);
    EXPECT_TRUE(head) << head.error().message();
    return head ? std::move(*head) : nullptr;
  }
  Errc open_error() {
    const auto head = HeadFile::open(*files, path);
    EXPECT_FALSE(head);
    return head ? Errc::invalid_argument : to_errc(head.error());
  }

  TemporaryDirectory directory;
  TemporaryDirectory scratch;
  std::shared_ptr<FaultInjectingFileLayer> files =
      std::make_shared<FaultInjectingFileLayer>(scratch.path());
  std::filesystem::path path = directory / "HEAD";
};

TEST_F(HeadFileTest, GivesBackTheLastWrite) {
  EXPECT_EQ(open()->head(), head_at(0));
  for (std::uint64_t seq : {1, 2, 3, 7, 300}) {
    auto head = open();
    ASSERT_TRUE(head->write(head_at(seq)));
    EXPECT_EQ(head->head(), head_at(seq));
    if (seq % 2 == 0) {
      ASSERT_TRUE(head->sync());
    }
    head = open();
    EXPECT_EQ(head->head(), head_at(seq));
    EXPECT_FALSE(head->found_damaged_slot());
    EXPECT_EQ(contents(path).size(), HeadFile::kFileBytes);
  }
}

TEST_F(HeadFileTest, MissingIsNotDamaged) {
  ASSERT_TRUE(files->remove(path));
  EXPECT_EQ(open_error(), Errc::file_not_found);
}

TEST_F(HeadFileTest, AnExistingHeadIsNotReplaced) {
  EXPECT_EQ(HeadFile::create(*files, path, head_at(1)).error(), Errc::file_exists);
  EXPECT_EQ(open()->head(), head_at(0));
}

TEST_F(HeadFileTest, AnyFlippedByteOfTheNewestSlotFallsBackToTheOlderOne) {
  auto head = open();
  ASSERT_TRUE(head->write(head_at(5)));
  ASSERT_TRUE(head->sync());
  ASSERT_TRUE(head->write(head_at(6)));
  ASSERT_TRUE(head->sync());
  head.reset();
  const std::string good = contents(path);
  constexpr std::size_t kCounterAt = 16;
  const std::size_t newest = good[kCounterAt] > good[HeadFile::kSlotBytes + kCounterAt] ? 0 : 1;
  for (std::size_t at = 0; at < HeadFile::kSlotBytes; ++at) {
    for (const std::size_t slot : {0, 1}) {
      std::string bad = good;
      bad[slot * HeadFile::kSlotBytes + at] ^= 0x10;
      std::FILE* file = std::fopen(path.c_str(), "r+b");
      ASSERT_EQ(std::fwrite(bad.data(), 1, bad.size(), file), bad.size());
      ASSERT_EQ(std::fclose(file), 0);
      const auto opened = open();
      ASSERT_TRUE(opened);
      EXPECT_TRUE(opened->found_damaged_slot());
      EXPECT_EQ(opened->head(), head_at(slot == newest ? 5 : 6)) << slot << " " << at;
    }
  }
}

TEST_F(HeadFileTest, BothSlotsDamagedIsRefused) {
  std::string bad = contents(path);
  bad[100] ^= 1;
  bad[HeadFile::kSlotBytes + 4000] ^= 1;
  overwrite(path, bad);
  EXPECT_EQ(open_error(), Errc::head_corrupt);
}

TEST_F(HeadFileTest, AnotherLengthIsRefused) {
  const std::string good = contents(path);
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{1}, HeadFile::kSlotBytes, HeadFile::kFileBytes - 1}) {
    overwrite(path, good.substr(0, length));
    EXPECT_EQ(open_error(), Errc::head_corrupt) << length;
  }
  overwrite(path, good + "x");
  EXPECT_EQ(open_error(), Errc::head_corrupt);
}

TEST_F(HeadFileTest, SyncingTwiceDoesNotExposeTheSyncedSlot) {
  auto head = open();
  ASSERT_TRUE(head->write(head_at(1)));
  ASSERT_TRUE(head->sync());
  ASSERT_TRUE(head->sync());
  files->set_fault(
      {.operation = files->operation_count() + 1, .kind = FaultKind::torn, .torn_bytes = 100});
  EXPECT_FALSE(head->write(head_at(2)));
  head.reset();
  files->restart();
  EXPECT_EQ(open()->head(), head_at(1));
}

// Many writes between syncs, each torn at many places: never behind the last sync, never refused.
TEST_F(HeadFileTest, ATornWriteAtAnyPlaceLeavesAtLeastTheLastSyncedHead) {
  for (std::size_t torn = 0; torn < HeadFile::kSlotBytes; torn += 61) {
    auto head = open();
    ASSERT_TRUE(head->write(head_at(10)));
    ASSERT_TRUE(head->sync());
    ASSERT_TRUE(head->write(head_at(11)));
    ASSERT_TRUE(head->write(head_at(12)));
    files->set_fault(
        {.operation = files->operation_count() + 1, .kind = FaultKind::torn, .torn_bytes = torn});
    EXPECT_FALSE(head->write(head_at(13)));
    head.reset();
    files->restart();
    EXPECT_GE(open()->head().seq, Sequence{10}) << torn;
  }
}

TEST_F(HeadFileTest, APowerCutGoesBackToTheLastSync) {
  auto head = open();
  ASSERT_TRUE(head->write(head_at(4)));
  ASSERT_TRUE(head->sync());
  ASSERT_TRUE(head->write(head_at(5)));
  head.reset();
  ASSERT_TRUE(files->drop_unsynced());
  EXPECT_EQ(open()->head(), head_at(4));
}

}  // namespace
}  // namespace tokenledger

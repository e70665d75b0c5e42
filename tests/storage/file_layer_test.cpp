// The file layer, durable files, the directory lock and the checksum, on the real file system.
#include "storage/file_layer.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/crc32c.hpp"
#include "storage/directory_lock.hpp"
#include "storage/durable_file.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger {
namespace {

using testing_support::as_bytes;
using testing_support::contents;
using testing_support::overwrite;
using testing_support::TemporaryDirectory;

class FileLayerTest : public testing::Test {
 protected:
  mode_t mode_of(const std::filesystem::path& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 0777;
  }
  TemporaryDirectory directory;
  std::shared_ptr<FileLayer> files = make_posix_file_layer();
};

TEST_F(FileLayerTest, AppendsOverwritesTruncatesAndReadsBack) {
  auto file = files->create(directory / "f");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append(as_bytes("hello ")));
  ASSERT_TRUE((*file)->append(as_bytes("world")));
  ASSERT_TRUE((*file)->write_at(0, as_bytes("J")));
  ASSERT_TRUE((*file)->truncate(8));
  ASSERT_TRUE((*file)->append(as_bytes("!")));
  ASSERT_TRUE((*file)->sync());
  ASSERT_TRUE((*file)->sync_data());
  EXPECT_EQ(*(*file)->size(), 9u);
  EXPECT_EQ(contents(directory / "f"), "Jello wo!");
  std::vector<std::uint8_t> out(100);
  EXPECT_EQ(*(*file)->read_at(6, out), 3u);  // short only at the end
  EXPECT_EQ(*(*file)->read_at(50, out), 0u);
}

TEST_F(FileLayerTest, AFileOpenedAgainAppendsBehindItsEnd) {
  overwrite(directory / "f", "abc");
  auto file = files->open(directory / "f");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append(as_bytes("d")));
  EXPECT_EQ(contents(directory / "f"), "abcd");
}

TEST_F(FileLayerTest, NamesWhatIsMissingAndWhatIsInTheWay) {
  overwrite(directory / "there", "x");
  EXPECT_EQ(files->open(directory / "gone").error(), Errc::file_not_found);
  EXPECT_EQ(files->open_for_reading(directory / "gone").error(), Errc::file_not_found);
  EXPECT_EQ(files->create(directory / "there").error(), Errc::file_exists);
  EXPECT_EQ(files->create(directory / "no/where").error(), Errc::file_not_found);
  EXPECT_EQ(files->open_for_reading(directory.path()).error(), Errc::io_error);
  EXPECT_EQ(files->remove(directory / "gone").error(), Errc::file_not_found);
  EXPECT_EQ(files->list(directory / "gone").error(), Errc::file_not_found);
  EXPECT_EQ(files->sync_directory(directory / "gone").error(), Errc::file_not_found);
  EXPECT_EQ(files->free_bytes(directory / "gone").error(), Errc::file_not_found);
  EXPECT_EQ(files->make_directory(directory / "there").error(), Errc::file_exists);
  EXPECT_EQ(*files->exists(directory / "gone"), false);
  EXPECT_EQ(*files->exists(directory / "there"), true);
  EXPECT_GT(*files->free_bytes(directory.path()), 0u);
}

TEST_F(FileLayerTest, ChangingAFileOpenedForReadingIsRefused) {
  overwrite(directory / "f", "abc");
  auto file = files->open_for_reading(directory / "f");
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->append(as_bytes("d")).error(), Errc::invalid_argument);
  EXPECT_EQ((*file)->truncate(0).error(), Errc::invalid_argument);
  EXPECT_EQ(contents(directory / "f"), "abc");
}

TEST_F(FileLayerTest, DoesNotFollowASymbolicLink) {
  overwrite(directory / "secret", "x");
  std::filesystem::create_symlink(directory / "secret", directory / "link");
  EXPECT_EQ(files->open(directory / "link").error(), Errc::io_error);
}

TEST_F(FileLayerTest, RenameWithoutReplaceLeavesBothFilesAlone) {
  overwrite(directory / "a", "1");
  overwrite(directory / "b", "2");
  EXPECT_EQ(files->rename(directory / "a", directory / "b", FileLayer::Replace::no).error(),
            Errc::file_exists);
  EXPECT_EQ(contents(directory / "a"), "1");
  EXPECT_EQ(contents(directory / "b"), "2");
  ASSERT_TRUE(files->rename(directory / "a", directory / "b", FileLayer::Replace::yes));
  EXPECT_EQ(contents(directory / "b"), "1");
  EXPECT_EQ(*files->list(directory.path()), std::vector<std::string>{"b"});
}

TEST_F(FileLayerTest, NewFilesAndDirectoriesArePrivate) {
  ASSERT_TRUE(files->create(directory / "f"));
  ASSERT_TRUE(files->make_directory(directory / "d"));
  EXPECT_EQ(mode_of(directory / "f"), 0600u);
  EXPECT_EQ(mode_of(directory / "d"), 0700u);
}

TEST_F(FileLayerTest, WriteDurablyReplacesTheWholeFileAndALeftOverTemporary) {
  overwrite(directory / "f", "a long first text");
  overwrite(directory / "f.new", "left by a crash");
  ASSERT_TRUE(write_durably(*files, directory / "f", as_bytes("short")));
  EXPECT_EQ(contents(directory / "f"), "short");
  EXPECT_EQ(*files->list(directory.path()), std::vector<std::string>{"f"});
  EXPECT_EQ(mode_of(directory / "f"), 0600u);
}

TEST_F(FileLayerTest, CreateDurablyRefusesToReplace) {
  ASSERT_TRUE(create_durably(*files, directory / "f", as_bytes("first")));
  EXPECT_EQ(create_durably(*files, directory / "f", as_bytes("second")).error(), Errc::file_exists);
  EXPECT_EQ(contents(directory / "f"), "first");
  EXPECT_EQ(create_durably(*files, directory / "no/f", as_bytes("x")).error(),
            Errc::file_not_found);
}

TEST_F(FileLayerTest, ReadWholeIsBounded) {
  overwrite(directory / "f", "12345");
  EXPECT_EQ(read_whole(*files, directory / "f", 5)->size(), 5u);
  EXPECT_EQ(read_whole(*files, directory / "f", 4).error(), Errc::too_large);
  EXPECT_EQ(read_whole(*files, directory / "gone", 4).error(), Errc::file_not_found);
}

TEST_F(FileLayerTest, EnsureDirectoryAcceptsAnExistingOneButNotAMissingParent) {
  EXPECT_TRUE(ensure_directory(*files, directory / "d"));
  EXPECT_TRUE(ensure_directory(*files, directory / "d"));
  EXPECT_EQ(ensure_directory(*files, directory / "x/y").error(), Errc::file_not_found);
}

TEST_F(FileLayerTest, ASecondLockIsRefusedUntilTheFirstIsGone) {
  {
    const auto first = DirectoryLock::acquire(directory.path());
    ASSERT_TRUE(first);
    EXPECT_EQ(DirectoryLock::acquire(directory.path()).error(), Errc::directory_locked);
  }
  EXPECT_TRUE(DirectoryLock::acquire(directory.path()));
  EXPECT_EQ(DirectoryLock::acquire(directory / "gone").error(), Errc::file_not_found);
}

TEST_F(FileLayerTest, ALockHeldByAnotherProcessIsRefusedAndEndsWithIt) {
  int ready[2];
  int finish[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(finish), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = DirectoryLock::acquire(directory.path());
    char byte = lock ? 'y' : 'n';
    (void)!::write(ready[1], &byte, 1);
    (void)!::read(finish[0], &byte, 1);
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  EXPECT_EQ(DirectoryLock::acquire(directory.path()).error(), Errc::directory_locked);
  ASSERT_EQ(::write(finish[1], &byte, 1), 1);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(DirectoryLock::acquire(directory.path()));
}

TEST(Crc32c, MatchesTheVectorsOfRfc3720) {
  EXPECT_EQ(crc32c({}), 0u);
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283u);
  EXPECT_EQ(crc32c(std::vector<std::uint8_t>(32, 0x00)), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::vector<std::uint8_t>(32, 0xFF)), 0x62A8AB43u);
}

TEST(Crc32c, OfPiecesIsTheCrcOfTheWhole) {
  const std::string text = "the quick brown fox jumps over the lazy dog";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const auto first = crc32c(as_bytes(std::string_view{text}.substr(0, cut)));
    EXPECT_EQ(crc32c(as_bytes(std::string_view{text}.substr(cut)), first), crc32c(as_bytes(text)));
  }
}

}  // namespace
}  // namespace tokenledger

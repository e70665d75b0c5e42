#include "storage/directory_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace tokenledger {

// Not through the FileLayer: the lock file holds no data, so no crash can lose anything in it.
Result<DirectoryLock> DirectoryLock::acquire(const std::filesystem::path& directory) {
  const auto path = directory / kFileName;
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return errno == ENOENT ? Errc::file_not_found : Errc::io_error;
  // flock belongs to the open file, so a second open in this same process is refused as well.
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const Errc error = errno == EWOULDBLOCK ? Errc::directory_locked : Errc::io_error;
    ::close(descriptor);
    return error;
  }
  DirectoryLock lock{descriptor};
  // Between the two calls its holder may have given the directory another name.
  struct stat held{};
  struct stat named{};
  const bool is_still_there = ::fstat(descriptor, &held) == 0 &&
                              ::lstat(path.c_str(), &named) == 0 && held.st_dev == named.st_dev &&
                              held.st_ino == named.st_ino;
  if (!is_still_there) return Errc::directory_locked;
  return lock;
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : descriptor_{std::exchange(other.descriptor_, -1)} {}

DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace tokenledger

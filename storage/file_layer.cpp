#include "storage/file_layer.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace tokenledger {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirectoryMode = 0700;

Errc errc_from_errno() noexcept {
  if (errno == ENOENT) return Errc::file_not_found;
  if (errno == EEXIST) return Errc::file_exists;
  return Errc::io_error;
}

// Repeats a system call that a signal interrupted before it did anything.
template <class Call>
auto uninterrupted(Call call) noexcept {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

Result<void> to_result(int status) {
  if (status != 0) return errc_from_errno();
  return {};
}

class Descriptor {
 public:
  explicit Descriptor(int value) noexcept : value_{value} {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  // close is never repeated: on Linux the number is free again even after EINTR.
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  [[nodiscard]] int value() const noexcept { return value_; }

 private:
  int value_;
};

class PosixFile final : public File {
 public:
  PosixFile(int descriptor, std::uint64_t size, bool writable)
      : descriptor_{descriptor}, size_{size}, writable_{writable} {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t count = uninterrupted([&] {
        return ::pread(descriptor_.value(), out.data() + done, out.size() - done,
                       static_cast<off_t>(offset + done));
      });
      if (count < 0) return Errc::io_error;
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

  Result<std::uint64_t> size() const override { return size_; }

  Result<void> append(std::span<const std::uint8_t> bytes) override {
    return write_at(size_, bytes);
  }

  Result<void> write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) override {
    if (!writable_) return Errc::invalid_argument;
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t count = uninterrupted([&] {
        return ::pwrite(descriptor_.value(), bytes.data() + done, bytes.size() - done,
                        static_cast<off_t>(offset + done));
      });
      if (count <= 0) return Errc::io_error;
      done += static_cast<std::size_t>(count);
      size_ = std::max(size_, offset + done);
    }
    return {};
  }

  Result<void> truncate(std::uint64_t size) override {
    if (!writable_) return Errc::invalid_argument;
    const int status =
        uninterrupted([&] { return ::ftruncate(descriptor_.value(), static_cast<off_t>(size)); });
    if (status != 0) return Errc::io_error;
    size_ = size;
    return {};
  }

  // A failed fsync is never repeated: the kernel may have dropped the dirty pages and would say
  // yes.
  Result<void> sync() override { return to_result(::fsync(descriptor_.value())); }
  Result<void> sync_data() override { return to_result(::fdatasync(descriptor_.value())); }

 private:
  Descriptor descriptor_;
  std::uint64_t size_;
  bool writable_;
};

Result<std::unique_ptr<File>> open_posix(const std::filesystem::path& path, int flags) {
  const int descriptor = uninterrupted(
      [&] { return ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, kFileMode); });
  if (descriptor < 0) return errc_from_errno();
  struct stat status{};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor);
    return Errc::io_error;
  }
  const bool writable = (flags & O_ACCMODE) != O_RDONLY;
  return std::unique_ptr<File>{
      new PosixFile{descriptor, static_cast<std::uint64_t>(status.st_size), writable}};
}

class PosixFileLayer final : public FileLayer {
 public:
  Result<std::unique_ptr<File>> create(const std::filesystem::path& path) override {
    return open_posix(path, O_RDWR | O_CREAT | O_EXCL);
  }
  Result<std::unique_ptr<File>> open(const std::filesystem::path& path) override {
    return open_posix(path, O_RDWR);
  }
  Result<std::unique_ptr<File>> open_for_reading(const std::filesystem::path& path) override {
    return open_posix(path, O_RDONLY);
  }

  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to,
                      Replace replace) override {
    if (replace == Replace::yes) return to_result(::rename(from.c_str(), to.c_str()));
    const int status = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
    if (status == 0 || (errno != EINVAL && errno != ENOSYS)) return to_result(status);
    // This file system has no exclusive rename: link refuses an existing target just as well.
    if (::link(from.c_str(), to.c_str()) != 0) return errc_from_errno();
    return to_result(::unlink(from.c_str()));
  }

  Result<void> remove(const std::filesystem::path& path) override {
    return to_result(::unlink(path.c_str()));
  }
  Result<void> make_directory(const std::filesystem::path& path) override {
    return to_result(::mkdir(path.c_str(), kDirectoryMode));
  }

  Result<void> sync_directory(const std::filesystem::path& directory) override {
    const Descriptor descriptor{uninterrupted(
        [&] { return ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); })};
    if (descriptor.value() < 0) return errc_from_errno();
    return to_result(::fsync(descriptor.value()));
  }

  Result<std::vector<std::string>> list(const std::filesystem::path& directory) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream{::opendir(directory.c_str()), ::closedir};
    if (!stream) return errc_from_errno();
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(stream.get());
      if (entry == nullptr) break;
      const std::string name{entry->d_name};
      if (name != "." && name != "..") names.push_back(name);
    }
    if (errno != 0) return Errc::io_error;
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<bool> exists(const std::filesystem::path& path) override {
    struct stat status{};
    if (::lstat(path.c_str(), &status) == 0) return true;
    if (errno == ENOENT) return false;
    return Errc::io_error;
  }

  Result<std::uint64_t> free_bytes(const std::filesystem::path& path) override {
    struct statvfs status{};
    if (uninterrupted([&] { return ::statvfs(path.c_str(), &status); }) != 0) {
      return errc_from_errno();
    }
    return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
  }
};

}  // namespace

std::shared_ptr<FileLayer> make_posix_file_layer() { return std::make_shared<PosixFileLayer>(); }

}  // namespace tokenledger

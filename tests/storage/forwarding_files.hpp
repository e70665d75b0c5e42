// ForwardingFiles: the operating system's files, for tests that change one thing about them.
#pragma once

#include "storage/file_layer.hpp"

namespace tokenledger::testing_support {

class ForwardingFiles : public FileLayer {
 public:
  Result<std::unique_ptr<File>> create(const std::filesystem::path& path) override {
    return base_->create(path);
  }
  Result<std::unique_ptr<File>> open(const std::filesystem::path& path) override {
    return base_->open(path);
  }
  Result<std::unique_ptr<File>> open_for_reading(const std::filesystem::path& path) override {
    return base_->open_for_reading(path);
  }
  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to,
                      Replace replace) override {
    return base_->rename(from, to, replace);
  }
  Result<void> remove(const std::filesystem::path& path) override { return base_->remove(path); }
  Result<void> make_directory(const std::filesystem::path& path) override {
    return base_->make_directory(path);
  }
  Result<void> sync_directory(const std::filesystem::path& directory) override {
    return base_->sync_directory(directory);
  }
  Result<std::vector<std::string>> list(const std::filesystem::path& directory) override {
    return base_->list(directory);
  }
  Result<bool> exists(const std::filesystem::path& path) override { return base_->exists(path); }
  Result<std::uint64_t> free_bytes(const std::filesystem::path& path) override {
    return base_->free_bytes(path);
  }

 private:
  const std::shared_ptr<FileLayer> base_ = make_posix_file_layer();
};

}  // namespace tokenledger::testing_support

// A fresh directory for one test, removed with everything in it at the end.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "storage/durable_file.hpp"
#include "storage/file_layer.hpp"

namespace tokenledger::testing_support {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    // In memory where there is such a place: the tests model power cuts, they need no real disk.
    const std::filesystem::path memory = "/dev/shm";
    const auto parent =
        std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
    std::string pattern = (parent / "tokenledger-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) ADD_FAILURE() << "no temporary directory";
    path_ = pattern;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

inline std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// The file's contents as text; "<missing>" when it is not there.
inline std::string contents(const std::filesystem::path& path) {
  constexpr std::size_t kBytesMax = 64u << 20;
  const auto files = make_posix_file_layer();
  const auto bytes = read_whole(*files, path, kBytesMax);
  if (!bytes) return "<missing>";
  return {bytes->begin(), bytes->end()};
}

// Replaces the file behind the ledger's back.
inline void overwrite(const std::filesystem::path& path, std::string_view text) {
  const auto files = make_posix_file_layer();
  ASSERT_TRUE(write_durably(*files, path, as_bytes(text)));
}

}  // namespace tokenledger::testing_support

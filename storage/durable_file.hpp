// Whole small files, written so that a power cut leaves the old contents or the new, never a
// mixture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "core/errc.hpp"
#include "storage/file_layer.hpp"

namespace tokenledger {

// The suffix of the temporary file beside the real one; a left-over is replaced by the next write.
inline constexpr const char* kTemporarySuffix = ".new";

// Replaces the file at `path` (or makes it, 0600). On success the new contents are durable. On an
// error the file holds the old contents or the new, whole. One writer per path at a time.
[[nodiscard]] Result<void> write_durably(FileLayer& files, const std::filesystem::path& path,
                                         std::span<const std::uint8_t> bytes);

// The same for a file that must not exist yet: file_exists otherwise, and then nothing was changed.
[[nodiscard]] Result<void> create_durably(FileLayer& files, const std::filesystem::path& path,
                                          std::span<const std::uint8_t> bytes);

// The whole file; too_large when it is longer than bytes_max, file_not_found when it is not there.
[[nodiscard]] Result<std::vector<std::uint8_t>> read_whole(FileLayer& files,
                                                           const std::filesystem::path& path,
                                                           std::size_t bytes_max);

// Makes the directory if it is missing and makes its name durable. The parent must exist.
[[nodiscard]] Result<void> ensure_directory(FileLayer& files, const std::filesystem::path& path);

// The directory that holds `path`; "." for a bare name.
[[nodiscard]] std::filesystem::path parent_directory(const std::filesystem::path& path);

}  // namespace tokenledger

// Copying files, with the digest of what was copied. Threads: any, one copy at a time each.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "core/errc.hpp"
#include "core/ids.hpp"
#include "storage/file_layer.hpp"

namespace tokenledger {

// Told how many bytes were copied, or hashed, just now; false stops that.
using CopyStep = std::function<bool(std::uint64_t bytes)>;

// The first `bytes` bytes of `from` as the new file `to`, whose contents are durable then (its name
// is not). Returns their SHA-256. file_exists; io_error, also for a file that is shorter;
// shutting_down: `step` said so. What was made of `to` stays after an error.
[[nodiscard]] Result<Digest> copy_file(FileLayer& files, const File& from, std::uint64_t bytes,
                                       const std::filesystem::path& to, const CopyStep& step = {});

// The whole file.
[[nodiscard]] Result<Digest> copy_file(FileLayer& files, const std::filesystem::path& from,
                                       const std::filesystem::path& to);

// SHA-256 of the whole file. file_not_found, io_error; shutting_down: `step` said so.
[[nodiscard]] Result<Digest> hash_file(FileLayer& files, const std::filesystem::path& path,
                                       const CopyStep& step = {});

}  // namespace tokenledger

// HEAD as an auditor reads it: both slots, and nothing is changed. storage/head_file.hpp has the
// layout.
#pragma once

#include <array>
#include <filesystem>
#include <optional>

#include "core/errc.hpp"
#include "storage/head_file.hpp"

namespace tokenledger {

// In the order of the file; nullopt: that slot is damaged (a power cut during a write does that,
// and so does a change). file_not_found; head_corrupt: the file has another length;
// unsupported_format: a slot was written by a newer program; io_error.
[[nodiscard]] Result<std::array<std::optional<Head>, 2>> read_head_slots(
    FileLayer& files, const std::filesystem::path& path);

}  // namespace tokenledger

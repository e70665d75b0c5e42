// HEAD as an auditor reads it: both slots, and nothing is changed. storage/head_file.hpp has the
// layout.
#pragma once

#include <array>
#include <filesystem>
#include <optional>

#include "core/errc.hpp"
#include "storage/head_file.hpp"

namespace tokenledger {

struct HeadSlot {
  std::optional<Head> head;  // nullopt: the slot is damaged
  // Of a damaged slot: everything but the checksum is as one write left it, and more than one byte
  // of the checksum is not, as where a power cut came between the sectors of a write. Whether this
  // head ever was, its checksum does not say: compare it with the log.
  std::optional<Head> torn;
};

// In the order of the file. file_not_found; head_corrupt: the file has another length;
// unsupported_format: a slot was written by a newer program; io_error.
[[nodiscard]] Result<std::array<HeadSlot, 2>> read_head_slots(FileLayer& files,
                                                              const std::filesystem::path& path);

}  // namespace tokenledger

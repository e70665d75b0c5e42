// Small files that a person names on the command line.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace tokenledger {

// A whole file, or stdin for "-"; nullopt: missing, unreadable or longer than bytes_max.
[[nodiscard]] std::optional<std::string> read_small_file(const std::string& path,
                                                         std::size_t bytes_max);

}  // namespace tokenledger

// The program's arguments, put into an order in which none can be mistaken.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace tokenledger {

// One jti or client id in 64 begins with '-', which CLI11 would take for options. What is no option
// of the command and does not look like a long one is therefore moved behind "--", where it is
// text; so is every other positional. A mistyped --option stays where it is and is refused.
[[nodiscard]] std::vector<std::string> arrange_arguments(const CLI::App& app,
                                                         std::vector<std::string> arguments);

}  // namespace tokenledger

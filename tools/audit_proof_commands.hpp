// `tokenledger audit prove` and `audit check-proof`.
#pragma once

#include "tools/command_line.hpp"

namespace tokenledger {

void add_audit_proof_commands(CommandLine& line, CLI::App* group);

}  // namespace tokenledger

// `tokenledger token ... --url`: the same commands against a running server, through its HTTP API.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/command_line.hpp"

namespace tokenledger {

// line.url and line.token_file name the server and the bearer token's file. Each prints what the
// server answered; a problem of the server is a Failure with its sentence.
ExitCode remote_list(const CommandLine& line, const std::string& client_id,
                     const std::string& status, std::uint32_t limit);
ExitCode remote_show(const CommandLine& line, const std::string& jti);
ExitCode remote_revoke(const CommandLine& line, const std::string& jti, const std::string& reason);
ExitCode remote_check(const CommandLine& line, const std::string& token_path,
                      const std::string& audience, const std::vector<std::string>& scopes);

}  // namespace tokenledger

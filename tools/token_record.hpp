// A token's row and a check's answer as records, with the names of the HTTP API.
#pragma once

#include <string>
#include <vector>

#include "storage/ledger.hpp"
#include "tools/output.hpp"

namespace tokenledger {

[[nodiscard]] const std::vector<std::string>& token_columns();
// Those worth a terminal's width.
[[nodiscard]] const std::vector<std::string>& token_list_columns();
[[nodiscard]] Record token_record(const Ledger& ledger, const ListedToken& token);
[[nodiscard]] Record check_record(const Ledger& ledger, const CheckAnswer& answer);
// The audience and scope of a class's first API.
[[nodiscard]] std::pair<std::string, std::string> audience_and_scope(const TokenClass& token_class,
                                                                     const Registries& registries);
[[nodiscard]] std::string_view origin_name(Origin origin) noexcept;
[[nodiscard]] std::string_view kind_name(TokenKind kind) noexcept;
[[nodiscard]] std::string_view failure_name(CheckFailure failure) noexcept;

}  // namespace tokenledger

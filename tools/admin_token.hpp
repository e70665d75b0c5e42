// The administrator's token in <data>/admin-token: 0600, one line, never printed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "storage/ledger.hpp"

namespace tokenledger {

// Issues one and durably replaces the file, whose path is returned. A Failure otherwise.
std::filesystem::path replace_admin_token(Ledger& ledger, std::uint32_t lifetime_s);
// At the first start: makes the file exclusively. nullopt: there is one, or tokens were issued
// before, so that a removed file does not come back by itself.
std::optional<std::filesystem::path> make_first_admin_token(Ledger& ledger);

}  // namespace tokenledger

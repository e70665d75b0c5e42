// Whose a token is (A25, RFC 9068 §2.2): the id of the user that it was issued for, or the client's
// own for a token that is nobody else's.
#pragma once

#include <optional>
#include <string>

#include "storage/ledger.hpp"

namespace tokenledger {

// `answer` is what this ledger said of a token just now. Memory alone is asked, under a shared lock
// for a user's token and none for a client's. nullopt: the token expired, and memory may not know
// any more. Threads: any.
[[nodiscard]] std::optional<std::string> subject_of(const Ledger& ledger,
                                                    const CheckAnswer& answer);

}  // namespace tokenledger

// The text of a user's id: `sub` of the user's tokens (RFC 9068 §2.2), and its name under /v1.
//
// "usr_" and the 16 bytes in base64url: random, so it says nothing of the person, of when they came
// or of how many there are. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/event_parts.hpp"

namespace tokenledger {

// No client may be registered with an id that begins so: it is the `sub` of its own tokens.
inline constexpr std::string_view kUserIdPrefix = "usr_";

[[nodiscard]] std::string user_id_text(const UserId& id);
// nullopt: anything but what user_id_text() writes; the id of zeros is nobody's.
[[nodiscard]] std::optional<UserId> parse_user_id(std::string_view text);

}  // namespace tokenledger

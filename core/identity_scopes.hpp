// The scopes of the built-in API of identity (OpenID Connect Core §5.4, §11): what a user lets a
// client know, apart from what it may do at an API.
//
// A scope's bit in an identity mask is its position in kIdentityScopes: new ones go to the end.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/event_parts.hpp"

namespace tokenledger {

inline constexpr std::string_view kIdentityAudience = "urn:tokenledger:userinfo";

enum class IdentityScope : std::uint8_t { openid, profile, offline_access };

struct IdentityScopeText {
  std::string_view name;
  std::string_view description;
};
inline constexpr std::array<IdentityScopeText, 3> kIdentityScopes = {{
    {"openid", "Know that it is you"},
    {"profile", "See your name and your account name"},
    {"offline_access", "Keep access while you are away"},
}};

[[nodiscard]] constexpr std::uint64_t mask_of(IdentityScope scope) noexcept {
  return std::uint64_t{1} << static_cast<unsigned>(scope);
}
inline constexpr std::uint64_t kIdentityScopesAll =
    (std::uint64_t{1} << kIdentityScopes.size()) - 1;
static_assert((kIdentityScopesAll & ~kIdentityMaskAll) == 0);

}  // namespace tokenledger

#include "api/denial.hpp"

namespace tokenledger {

std::string_view denial_name(DenialReason reason) noexcept {
  switch (reason) {
    case DenialReason::none: return {};
    case DenialReason::no_credentials: return "no_credentials";
    case DenialReason::malformed: return "malformed";
    case DenialReason::unknown: return "unknown";
    case DenialReason::revoked: return "revoked";
    case DenialReason::expired: return "expired";
    case DenialReason::retired: return "retired";
    case DenialReason::wrong_audience: return "wrong_audience";
    case DenialReason::insufficient_scope: return "insufficient_scope";
    case DenialReason::not_visible: return "not_visible";
    case DenialReason::client_authentication: return "client_authentication";
    case DenialReason::stale_actor: return "stale_actor";
    case DenialReason::unavailable: return "unavailable";
  }
  return {};
}

}  // namespace tokenledger

#include "core/event.hpp"

namespace tokenledger {
namespace {

constexpr const char* kEventKindNames[] = {
    "ledger_created",        "ledger_opened",         "format_activated",     "client_registered",
    "client_updated",        "client_disabled",       "client_enabled",       "client_deleted",
    "client_secret_rotated", "api_created",           "api_updated",          "api_deleted",
    "client_grant_added",    "client_grant_updated",  "client_grant_removed", "key_added",
    "key_retired",           "token_issued",          "token_revoked",        "tokens_revoked",
    "tokens_expired",        "note_appended",         "owner_erased",         "user_registered",
    "user_updated",          "user_password_set",     "user_disabled",        "user_enabled",
    "user_groups_set",       "group_created",         "group_deleted",        "consent_granted",
    "consent_extended",      "consent_preconfigured", "consent_withdrawn",    "code_issued",
    "code_redeemed",         "code_reused",           "family_started",       "refresh_rotated",
    "family_ended",          "key_activated",         "key_revoked",          "forgery_suspected",
};
static_assert(std::size(kEventKindNames) == kEventKindCount, "one name per kind, in their order");

}  // namespace

const char* event_kind_name(std::size_t position) noexcept {
  return position < kEventKindCount ? kEventKindNames[position] : nullptr;
}

}  // namespace tokenledger

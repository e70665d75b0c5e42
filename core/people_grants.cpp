// Events of codes and families, and the tokens that stand on them.
#include "core/people_folder.hpp"
#include "core/people_keys.hpp"

namespace tokenledger {
namespace {

struct Masks {
  std::uint64_t scopes = 0;
  std::uint64_t identity = 0;
};
template <class Record>
Masks masks_of(const Record& record) {
  return {record.scope_mask, record.identity_mask};
}
bool is_within(Masks wanted, Masks allowed) {
  return (wanted.scopes & ~allowed.scopes) == 0 && (wanted.identity & ~allowed.identity) == 0;
}

}  // namespace

FamilyRecord* PeopleFolder::live(FamilyNumber number) {
  if (people_.family(number) == nullptr) return nullptr;
  auto& record = people_.at(number);
  return record.state == FamilyState::live ? &record : nullptr;
}

CodeRecord* PeopleFolder::code(CodeNumber number) {
  if (people_.code(number) == nullptr) return nullptr;
  return &parts_.codes[number.value() - parts_.first_code.value()];
}

Result<void> PeopleFolder::operator()(const CodeIssued& payload) {
  people_.forget_codes(to_seconds(event_.recorded_at), ops_);
  if (parts_.codes.size() >= kCodesMax) return Errc::log_corrupt;
  if (payload.code == CodeNumber{} || payload.code != people_.next_code()) return Errc::log_corrupt;
  if (enabled(payload.user) == nullptr || !people_.covers(payload.consent, payload.user))
    return Errc::log_corrupt;
  auto& consent = *granted(payload.consent);
  if (consent.client != payload.client || consent.api != payload.api) return Errc::log_corrupt;
  if (!is_within(masks_of(payload), masks_of(consent))) return Errc::log_corrupt;
  if (!people_.code_by_hash_.emplace(payload.sha256, payload.code).second) return Errc::log_corrupt;
  ++consent.holders;
  parts_.codes.push_back({.sha256 = payload.sha256,
                          .redirect_sha256 = payload.redirect_sha256,
                          .challenge = payload.challenge,
                          .scope_mask = payload.scope_mask,
                          .issued_seq = event_.seq,
                          .user = payload.user,
                          .client = payload.client,
                          .consent = payload.consent,
                          .api = payload.api,
                          .auth_time = payload.auth_time,
                          .expires_at = payload.expires_at,
                          .nonce = payload.nonce,
                          .has_redirect = payload.has_redirect,
                          .identity_mask = static_cast<std::uint8_t>(payload.identity_mask)});
  return {};
}

Result<void> PeopleFolder::operator()(const CodeRedeemed& payload) {
  auto* record = code(payload.code);
  if (record == nullptr || record->state != CodeState::issued) return Errc::log_corrupt;
  if (to_seconds(event_.recorded_at) >= record->expires_at) return Errc::log_corrupt;
  if (!people_.still_stands(*record)) return Errc::log_corrupt;
  record->state = CodeState::redeemed;
  parts_.redeeming = payload.code;
  return {};
}

Result<void> PeopleFolder::operator()(const CodeReused& payload) {
  auto* record = code(payload.code);
  if (record == nullptr || record->state != CodeState::redeemed) return Errc::log_corrupt;
  if (payload.family != people_.live_family_of(*record)) return Errc::log_corrupt;
  record->state = CodeState::reused;
  if (payload.family != FamilyNumber{}) people_.end(payload.family, ops_);
  return {};
}

Result<void> PeopleFolder::operator()(const FamilyStarted& payload) {
  const auto* user = enabled(payload.user);
  if (user == nullptr || user->families >= kFamiliesPerUserMax) return Errc::log_corrupt;
  if (!people_.covers(payload.consent, payload.user)) return Errc::log_corrupt;
  if (!people_.is_free(payload.family) || payload.tag == 0) return Errc::log_corrupt;
  auto& consent = *granted(payload.consent);
  if (!is_within(masks_of(payload), masks_of(consent))) return Errc::log_corrupt;
  if (!people_.is_settled()) {
    auto& redeemed = *code(parts_.redeeming);
    if (redeemed.family != FamilyNumber{}) return Errc::log_corrupt;
    if (redeemed.user != payload.user || redeemed.consent != payload.consent)
      return Errc::log_corrupt;
    if (!is_within(masks_of(payload), masks_of(redeemed))) return Errc::log_corrupt;
    redeemed.family = payload.family;
    redeemed.family_tag = payload.tag;
  }
  people_.take(payload.family);
  people_.at(payload.family) = {.scope_mask = payload.scope_mask,
                                .fingerprint = Fingerprint::of(payload.refresh_sha256),
                                .issued_seq = event_.seq,
                                .user = payload.user,
                                .consent = payload.consent,
                                .tag = payload.tag,
                                .generation = 1,
                                .rotated_at = to_seconds(event_.recorded_at),
                                .expires_at = payload.expires_at,
                                .idle_s = payload.idle_s,
                                .auth_time = payload.auth_time,
                                .identity_mask = static_cast<std::uint8_t>(payload.identity_mask),
                                .state = FamilyState::live};
  people_.link(payload.family);
  ++consent.holders;
  return {};
}

Result<void> PeopleFolder::operator()(const RefreshRotated& payload) {
  auto* family = live(payload.family);
  if (family == nullptr || !family->has_refresh()) return Errc::log_corrupt;
  if (payload.generation != family->generation + 1) return Errc::log_corrupt;
  const auto now = to_seconds(event_.recorded_at);
  if (family->is_past(now) || !people_.covers(family->consent, family->user))
    return Errc::log_corrupt;
  const auto fingerprint = Fingerprint::of(payload.refresh_sha256);
  if (fingerprint == Fingerprint{}) return Errc::log_corrupt;
  family->generation = payload.generation;
  family->fingerprint = fingerprint;
  family->issued_seq = event_.seq;
  family->rotated_at = now;
  return {};
}

Result<void> PeopleFolder::operator()(const FamilyEnded& payload) {
  if (live(payload.family) == nullptr) return Errc::log_corrupt;
  people_.end(payload.family, ops_);
  return {};
}

Result<void> People::apply(const Event& event, Ops& ops) {
  return std::visit(PeopleFolder{*this, event, ops}, event.payload);
}

Result<void> People::count_token(const TokenIssued& issued, ClientNumber client) {
  const auto& part = *issued.user;
  const auto* subject = user(issued.subject);
  if (subject == nullptr || subject->status != UserStatus::enabled) return Errc::log_corrupt;
  if (!covers(part.consent, issued.subject)) return Errc::log_corrupt;
  auto& consent = at(part.consent);
  if (consent.client != client) return Errc::log_corrupt;
  if (part.family == FamilyNumber{}) {
    // The consent of a group does not end when one user is disabled; a family does.
    if (consent.user == UserNumber{}) return Errc::log_corrupt;
  } else {
    const auto* record = family(part.family);
    if (record == nullptr || record->state != FamilyState::live) return Errc::log_corrupt;
    if (record->user != issued.subject || record->consent != part.consent) return Errc::log_corrupt;
  }
  if (!is_settled()) {
    auto& code = parts_.codes[parts_.redeeming.value() - parts_.first_code.value()];
    if (code.user != issued.subject || code.consent != part.consent) return Errc::log_corrupt;
    if (code.family != part.family) return Errc::log_corrupt;
    code.token = issued.index;
    parts_.redeeming = {};
  }
  ++consent.tokens;
  if (part.family != FamilyNumber{}) ++at(part.family).tokens;
  return {};
}

}  // namespace tokenledger

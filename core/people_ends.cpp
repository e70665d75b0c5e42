// How consents, families and codes end and are forgotten.
#include <algorithm>

#include "core/people.hpp"
#include "core/people_keys.hpp"

namespace tokenledger {

void People::end(ConsentNumber number, Ops& ops) {
  LEDGER_INVARIANT(at(number).state == ConsentState::granted);
  unlink(number);
  at(number).state = ConsentState::ended;
  ops.push_back({.kind = PublishOp::Kind::consent_ended, .consent = number});
  release(number, ops);
}

void People::end(FamilyNumber number, Ops& ops) {
  LEDGER_INVARIANT(at(number).state == FamilyState::live);
  unlink(number);
  at(number).state = FamilyState::ended;
  ops.push_back({.kind = PublishOp::Kind::family_ended, .family = number});
  release(number, UnixSeconds{}, ops);
}

void People::release(ConsentNumber number, Ops& ops) {
  const auto& record = at(number);
  if (record.state != ConsentState::ended || record.tokens != 0 || record.holders != 0) return;
  put_back(number);
  ops.push_back({.kind = PublishOp::Kind::consent_freed, .consent = number});
}

// One without a refresh token goes with its last token; so does one whose consent ended, which is
// good for nothing.
void People::release(FamilyNumber number, UnixSeconds now, Ops& ops) {
  const auto& record = at(number);
  if (record.state == FamilyState::free || record.tokens != 0) return;
  const auto consent = record.consent;
  const bool is_over = record.state == FamilyState::ended || record.is_past(now) ||
                       !record.has_refresh() || at(consent).state != ConsentState::granted;
  if (!is_over) return;
  if (record.state == FamilyState::live) unlink(number);
  put_back(number);
  ops.push_back({.kind = PublishOp::Kind::family_freed, .family = number});
  --at(consent).holders;
  release(consent, ops);
}

void People::forget_codes(UnixSeconds now, Ops& ops) {
  auto& codes = parts_.codes;
  while (!codes.empty() && people_keys::is_forgotten(codes.front(), now)) {
    const auto consent = codes.front().consent;
    code_by_hash_.erase(codes.front().sha256);
    codes.pop_front();
    parts_.first_code = parts_.first_code.next();
    --at(consent).holders;
    release(consent, ops);
  }
}

bool People::drop_token(TokenBinding binding) {
  if (binding == TokenBinding{}) return true;
  if (consent(binding.consent) == nullptr || at(binding.consent).tokens == 0) return false;
  if (--at(binding.consent).tokens == 0) emptied_consents_.push_back(binding.consent);
  if (binding.family == FamilyNumber{}) return true;
  if (family(binding.family) == nullptr || at(binding.family).tokens == 0) return false;
  if (--at(binding.family).tokens == 0) emptied_families_.push_back(binding.family);
  return true;
}

void People::forget_over(UnixSeconds upto, std::uint64_t swept, Ops& ops) {
  // The order in which they were emptied depends on where their tokens stood; the order in which
  // their numbers are given out again must not.
  std::ranges::sort(emptied_families_);
  std::ranges::sort(emptied_consents_);
  for (const auto number : emptied_families_) release(number, upto, ops);
  for (const auto number : emptied_consents_) release(number, ops);
  emptied_families_.clear();
  emptied_consents_.clear();
  forget_codes(upto, ops);
  // Those whose time ran out after their last token was retired. In turn and a few at a time: they
  // harm nobody, and a queue by time would cost each of them some bytes.
  const auto size = static_cast<std::uint32_t>(parts_.families.size());
  const auto wanted =
      std::clamp<std::uint64_t>(swept * 4, kFamiliesPerSweepMin, kFamiliesPerSweepMax);
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(wanted, size); ++i) {
    parts_.looked_at = FamilyNumber{parts_.looked_at.value() % size + 1};
    release(parts_.looked_at, upto, ops);
  }
}

}  // namespace tokenledger

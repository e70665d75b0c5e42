#include "storage/token_subject.hpp"

#include "core/user_id.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

// A group's consent says nothing of the member; the family does, which such a token always has.
UserNumber user_of(const People& people, const TokenBinding& binding) {
  if (const auto* consent = people.consent(binding.consent);
      consent != nullptr && consent->user != UserNumber{})
    return consent->user;
  const auto* family = people.family(binding.family);
  return family == nullptr ? UserNumber{} : family->user;
}

}  // namespace

std::optional<std::string> subject_of(const Ledger& ledger, const CheckAnswer& answer) {
  const auto& core = ledger.core();
  const auto entry = core.index.find(answer.index);
  if (!entry) return std::nullopt;
  if (entry->binding == TokenBinding{}) return answer.client_id;
  std::optional<std::string> subject;
  core.people.with_people([&](const People& people) {
    const auto* user = people.user(user_of(people, entry->binding));
    if (user != nullptr) subject = user_id_text(user->id);
  });
  // Only a token that expired gives its numbers back, to be somebody else's then.
  if (to_seconds(ledger.now()) >= entry->expires_at) return std::nullopt;
  return subject;
}

}  // namespace tokenledger

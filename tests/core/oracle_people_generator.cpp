#include <algorithm>

#include "tests/core/oracle_people.hpp"

namespace oracle::people {

const Consent* Generator::any_consent() {
  std::vector<const Consent*> found;
  for (const auto& consent : model_.consents) {
    if (!consent.ended) found.push_back(&consent);
  }
  return found.empty() ? nullptr : found[below(found.size())];
}

const Family* Generator::any_family() {
  std::vector<const Family*> found;
  for (const auto& family : model_.families) {
    if (!family.ended && !family.gone) found.push_back(&family);
  }
  return found.empty() ? nullptr : found[below(found.size())];
}

std::uint32_t Generator::user_of(const Consent& consent) {
  if (consent.user != 0) return consent.user;
  for (int attempt = 0; attempt < 8; ++attempt) {
    const auto user = any_user();
    if (model_.is_member(user, consent.group)) return user;
  }
  return any_user();
}

Fact Generator::next() {
  if (model_.users.size() < 3) return user_fact();
  Fact fact;
  if (model_.redeeming && chance(95)) {
    fact = token_fact();
  } else {
    const auto kind = below(100);
    if (kind < 12) {
      fact = user_fact();
    } else if (kind < 30) {
      fact = consent_fact();
    } else if (kind < 60) {
      fact = grant_fact();
    } else if (kind < 82) {
      fact = token_fact();
    } else {
      fact = end_fact();
    }
  }
  return chance(8) ? wrong(std::move(fact)) : fact;
}

Fact Generator::user_fact() {
  Fact fact;
  fact.user = any_user();
  const auto count = static_cast<std::uint32_t>(model_.groups.size());
  switch (model_.users.size() < 3 ? 0 : below(12)) {
    case 0:
      fact.kind = "user_registered";
      fact.user = static_cast<std::uint32_t>(model_.users.size()) + 1;
      fact.id = chance(90) ? fact.user : any_user();
      break;
    case 1: fact.kind = "user_disabled"; break;
    case 2:
    case 3:
      fact.kind = "user_enabled";
      for (std::uint32_t i = 0; i < model_.users.size(); ++i)
        if (model_.users[i].status == "disabled") fact.user = i + 1;
      break;
    case 4:
      fact.kind = "user_password_set";
      if (fact.user <= model_.users.size())
        fact.generation = model_.users[fact.user - 1].generation + (chance(90) ? 1 : 2);
      break;
    case 5:
      fact.kind = "owner_erased";
      fact.id = fact.user;
      for (const auto& user : model_.users)
        if (user.status == "disabled" && chance(50)) fact.id = user.id;
      break;
    case 6:
      fact.kind = "group_created";
      fact.group = count + 1;
      fact.name = "group-" + std::to_string(below(4));
      break;
    case 7:
      fact.kind = chance(70) ? "group_deleted" : "user_enabled";
      fact.group = 1 + below(count + 1);
      break;
    default:
      fact.kind = "user_groups_set";
      for (std::uint32_t group = 1; group <= count; ++group)
        if (chance(60) && (!model_.groups[group - 1].deleted || chance(1)))
          fact.groups.push_back(group);
  }
  return fact;
}

Fact Generator::consent_fact() {
  Fact fact;
  fact.client = 1 + below(2);
  fact.api = 1 + below(2);
  fact.mask = 1 + below(7);
  fact.identity = below(4);
  const auto* consent = any_consent();
  const auto kind = below(10);
  if (kind < 5 || consent == nullptr) {
    fact.kind = "consent_granted";
    fact.user = any_user();
  } else if (kind < 7) {
    fact.kind = "consent_preconfigured";
    fact.group = 1 + below(model_.groups.size() + 1);
  } else if (kind < 9) {
    fact.kind = "consent_extended";
    fact.consent = consent->number;
    fact.mask &= chance(80) ? ~consent->mask : ~std::uint64_t{0};
    fact.identity &= ~consent->identity;
  } else {
    fact.kind = "consent_withdrawn";
    fact.consent = consent->number;
  }
  return fact;
}

// Codes and families.
Fact Generator::grant_fact() {
  Fact fact;
  const auto* consent = any_consent();
  const auto* family = any_family();
  const auto kind = below(10);
  const auto codes = static_cast<std::uint32_t>(model_.codes.size());
  fact.secret = ++secrets_;
  if (kind < 3 && consent != nullptr) {
    fact.kind = "code_issued";
    fact.code = codes + 1;
    fact.user = user_of(*consent);
    fact.consent = consent->number;
    fact.client = consent->client;
    fact.api = consent->api;
    fact.mask = consent->mask & (1 + below(7));
    fact.lifetime_s = 60;
  } else if (kind < 6) {
    fact.kind = "code_redeemed";
    fact.code = codes - std::min(codes, below(4));
  } else if (kind < 7) {
    fact.kind = "code_reused";
    fact.code = codes - std::min(codes, below(6));
    if (fact.code == 0) return fact;
    const auto& code = model_.codes[fact.code - 1];
    if (!code.family) return fact;
    const auto& made = model_.families[*code.family];
    if (!made.ended && !made.gone) fact.family = made.number;
  } else if (kind < 8 && consent != nullptr) {
    fact.kind = "family_started";
    fact.user = user_of(*consent);
    fact.consent = consent->number;
    fact.mask = consent->mask;
    fact.tag = 1 + below(1'000'000);
    if (chance(20)) fact.secret = 0;
    fact.lifetime_s = chance(50) ? 100 + below(5'000) : 1'000'000;
    fact.idle_s = chance(30) ? 1 + below(2'000) : 0;
  } else if (family != nullptr) {
    fact.kind = "refresh_rotated";
    fact.family = family->number;
    fact.generation = family->generation + (chance(95) ? 1 : 2);
  } else {
    fact.kind = "code_redeemed";
    fact.code = codes;
  }
  return fact;
}

Fact Generator::token_fact() {
  Fact fact;
  fact.kind = "token_issued";
  fact.lifetime_s = 1 + below(chance(50) ? 100 : 3'600);
  fact.key = 1 + below(2);
  if (model_.redeeming) {
    const auto& code = model_.codes[*model_.redeeming];
    const auto& consent = model_.consents[code.consent];
    fact.user = code.user;
    fact.consent = consent.number;
    fact.client = consent.client;
    if (code.family) fact.family = model_.families[*code.family].number;
    if (code.family || (consent.user != 0 && chance(40))) return fact;
    fact.kind = "family_started";
    fact.mask = code.mask;
    fact.tag = 1 + below(1'000'000);
    fact.secret = ++secrets_;
    fact.lifetime_s = 100 + below(5'000);
    return fact;
  }
  if (const auto* family = any_family(); family != nullptr && chance(60)) {
    const auto& consent = model_.consents[family->consent];
    fact.user = family->user;
    fact.family = family->number;
    fact.consent = consent.number;
    fact.client = consent.client;
  } else if (const auto* consent = any_consent()) {
    fact.user = user_of(*consent);
    fact.consent = consent->number;
    fact.client = consent->client;
  } else {
    fact.kind = "tokens_expired";
  }
  return fact;
}

Fact Generator::end_fact() {
  Fact fact;
  const auto* family = any_family();
  fact.client = 1 + below(2);
  switch (below(9)) {
    case 0: fact.kind = chance(30) ? "client_disabled" : "client_enabled"; break;
    case 1:
      fact.kind = chance(10) ? "key_revoked" : "client_enabled";
      fact.key = 1 + below(2);
      break;
    case 2:
    case 3:
      fact.kind = "token_revoked";
      if (!model_.tokens.empty()) fact.token = model_.tokens[below(model_.tokens.size())].counter;
      break;
    case 4:
      fact.kind = "consent_withdrawn";
      if (const auto* consent = any_consent()) fact.consent = consent->number;
      break;
    case 5:
    case 6:
      fact.kind = "family_ended";
      fact.family = family != nullptr ? family->number : 1;
      fact.name = chance(50) ? "refresh_reuse" : "password_changed";
      break;
    default: fact.kind = "tokens_expired";
  }
  return fact;
}

// One number in it is another one, mostly of something that exists or existed.
Fact Generator::wrong(Fact fact) {
  switch (below(5)) {
    case 0: fact.user = any_user(); break;
    case 1:
      if (!model_.consents.empty())
        fact.consent = model_.consents[below(model_.consents.size())].number;
      break;
    case 2:
      if (!model_.families.empty())
        fact.family = model_.families[below(model_.families.size())].number;
      break;
    case 3: fact.code = below(model_.codes.size() + 2); break;
    default: fact.mask |= 8;
  }
  return fact;
}

}  // namespace oracle::people

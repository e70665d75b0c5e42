#include "tests/core/oracle_people.hpp"

#include <algorithm>

namespace oracle::people {

const Consent* Model::granted(std::uint32_t number) const {
  for (const auto& consent : consents) {
    if (number != 0 && consent.number == number && !consent.ended) return &consent;
  }
  return nullptr;
}

const Family* Model::live(std::uint32_t number) const {
  for (const auto& family : families) {
    if (number != 0 && family.number == number && !family.ended && !family.gone) return &family;
  }
  return nullptr;
}

bool Model::is_member(std::uint32_t user, std::uint32_t group) const {
  if (user == 0 || user > users.size() || group == 0 || group > groups.size()) return false;
  return !groups[group - 1].deleted && std::ranges::count(users[user - 1].groups, group) != 0;
}

bool Model::covers(const Consent& consent, std::uint32_t user) const {
  if (consent.ended || user == 0) return false;
  return consent.user == user || (consent.user == 0 && is_member(user, consent.group));
}

std::uint32_t Model::own_consent(std::uint32_t user, std::uint32_t client,
                                 std::uint32_t api) const {
  for (const auto& consent : consents) {
    if (!consent.ended && consent.user == user && consent.client == client && consent.api == api)
      return consent.number;
  }
  return 0;
}

bool Model::is_past(const Family& family, std::uint32_t second) const {
  return second >= family.expires_at ||
         (family.idle_s != 0 && second >= family.rotated_at + family.idle_s);
}

bool Model::has_tokens(std::size_t family) const {
  return std::ranges::any_of(
      tokens, [&](const Token& token) { return token.family == family && !token.retired; });
}

bool Model::may_go(std::size_t at) const {
  const auto& family = families[at];
  if (has_tokens(at)) return false;
  return family.ended || family.secret == 0 || is_past(family, swept_to) ||
         consents[family.consent].ended;
}

bool Model::must_go(std::size_t at) const { return families[at].ended && !has_tokens(at); }

bool Model::must_go_consent(std::size_t at) const {
  const auto names = [&](const auto& thing) { return thing.consent == at; };
  return consents[at].ended &&
         !std::ranges::any_of(tokens, [&](const Token& t) { return names(t) && !t.retired; }) &&
         !std::ranges::any_of(codes, [&](const Code& c) { return names(c) && !c.forgotten; }) &&
         !std::ranges::any_of(families, [&](const Family& f) { return names(f) && !f.gone; });
}

bool Model::stands(const Code& code) const {
  const auto& user = users[code.user - 1];
  return user.status == "enabled" && code.seq >= user.codes_from &&
         covers(consents[code.consent], code.user);
}

User* Model::kept(std::uint32_t number) {
  if (number == 0 || number > users.size()) return nullptr;
  return users[number - 1].status == "erased" ? nullptr : &users[number - 1];
}
User* Model::enabled(std::uint32_t number) {
  auto* user = kept(number);
  return user != nullptr && user->status == "enabled" ? user : nullptr;
}

template <class Selects>
void Model::end(const std::string& cause, Selects selects) {
  for (auto& token : tokens) {
    if (selects(token)) token.ends.push_back({seq_, now_, cause});
  }
}

void Model::end_family(std::size_t at, const std::string& cause) {
  families[at].ended = true;
  end(cause, [&](const Token& token) { return token.family == at; });
}

void Model::forget_codes(std::uint32_t second) {
  for (auto& code : codes) {
    if (code.forgotten) continue;
    if (second < code.expires_at + 600) return;
    code.forgotten = true;
  }
}

bool Model::apply(const Fact& fact, std::uint64_t seq, std::uint32_t second) {
  seq_ = seq;
  now_ = second;
  const bool follows = fact.kind == "family_started" || fact.kind == "token_issued";
  if (redeeming && !follows) return false;
  if (fact.kind.starts_with("user_") || fact.kind == "owner_erased") return user_fact(fact);
  if (fact.kind.starts_with("group_")) return group_fact(fact);
  if (fact.kind.starts_with("consent_")) return consent_fact(fact);
  if (fact.kind.starts_with("code_")) return code_fact(fact);
  if (fact.kind.starts_with("family_") || fact.kind == "refresh_rotated") return family_fact(fact);
  if (fact.kind == "tokens_expired") return sweep(fact);
  return token_fact(fact);
}

bool Model::user_fact(const Fact& fact) {
  if (fact.kind == "user_registered") {
    if (fact.user != users.size() + 1 || fact.id == 0) return false;
    if (std::ranges::count(users, fact.id, &User::id) != 0) return false;
    if (std::ranges::count(erased_others, fact.id) != 0) return false;
    users.push_back({.id = fact.id});
    return true;
  }
  if (fact.kind == "owner_erased") {
    for (auto& user : users) {
      if (user.id != fact.id) continue;
      if (user.status != "disabled") return false;
      user.status = "erased";
      return true;
    }
    // Of an owner that is no user; the id never becomes one.
    if (fact.id == 0 || std::ranges::count(erased_others, fact.id) != 0) return false;
    erased_others.push_back(fact.id);
    return true;
  }
  auto* user = kept(fact.user);
  if (user == nullptr) return false;
  if (fact.kind == "user_password_set") {
    if (fact.generation != user->generation + 1) return false;
    user->generation = fact.generation;
    user->codes_from = seq_;
  } else if (fact.kind == "user_disabled") {
    if (user->status != "enabled") return false;
    user->status = "disabled";
    user->codes_from = seq_;
    for (auto& consent : consents) consent.ended = consent.ended || consent.user == fact.user;
    for (auto& family : families) family.ended = family.ended || family.user == fact.user;
    end("user_disabled", [&](const Token& token) { return token.user == fact.user; });
  } else if (fact.kind == "user_enabled") {
    if (user->status != "disabled") return false;
    user->status = "enabled";
  } else {  // user_groups_set
    for (const auto group : fact.groups) {
      if (group == 0 || group > groups.size() || groups[group - 1].deleted) return false;
    }
    user->groups = fact.groups;
  }
  return true;
}

bool Model::group_fact(const Fact& fact) {
  const auto has_name = [&](const Group& group) {
    return !group.deleted && group.name == fact.name;
  };
  if (fact.kind == "group_created") {
    if (fact.group != groups.size() + 1) return false;
    if (std::ranges::any_of(groups, has_name)) return false;
    groups.push_back({fact.name});
    return true;
  }
  if (fact.group == 0 || fact.group > groups.size() || groups[fact.group - 1].deleted) return false;
  for (const auto& consent : consents) {
    if (!consent.ended && consent.group == fact.group) return false;
  }
  groups[fact.group - 1].deleted = true;
  return true;
}

bool Model::consent_fact(const Fact& fact) {
  const bool is_new = fact.kind == "consent_granted" || fact.kind == "consent_preconfigured";
  if (is_new) {
    for (const auto& other : consents) {
      if (other.number == fact.consent && !other.gone) return false;
    }
    if (fact.kind == "consent_granted") {
      if (enabled(fact.user) == nullptr) return false;
      if (own_consent(fact.user, fact.client, fact.api) != 0) return false;
    } else {
      if (fact.group == 0 || fact.group > groups.size() || groups[fact.group - 1].deleted)
        return false;
      for (const auto& other : consents) {
        if (!other.ended && other.group == fact.group && other.client == fact.client &&
            other.api == fact.api)
          return false;
      }
    }
    consents.push_back(
        {fact.consent, fact.user, fact.group, fact.client, fact.api, fact.mask, fact.identity});
    return true;
  }
  auto* consent = const_cast<Consent*>(granted(fact.consent));
  if (consent == nullptr) return false;
  if (fact.kind == "consent_extended") {
    if (consent->user == 0 || (fact.mask == 0 && fact.identity == 0)) return false;
    if ((fact.mask & consent->mask) != 0 || (fact.identity & consent->identity) != 0) return false;
    consent->mask |= fact.mask;
    consent->identity |= fact.identity;
    return true;
  }
  consent->ended = true;  // consent_withdrawn
  const auto at = static_cast<std::size_t>(consent - consents.data());
  end("consent_withdrawn", [&](const Token& token) { return token.consent == at; });
  return true;
}

bool Model::code_fact(const Fact& fact) {
  if (fact.kind == "code_issued") {
    const auto* consent = granted(fact.consent);
    if (fact.code != codes.size() + 1 || enabled(fact.user) == nullptr) return false;
    if (consent == nullptr || !covers(*consent, fact.user)) return false;
    if (consent->client != fact.client || consent->api != fact.api) return false;
    if ((fact.mask & ~consent->mask) != 0) return false;
    forget_codes(now_);
    codes.push_back({.user = fact.user,
                     .expires_at = now_ + fact.lifetime_s,
                     .consent = static_cast<std::size_t>(consent - consents.data()),
                     .mask = fact.mask,
                     .seq = seq_,
                     .secret = fact.secret});
    return true;
  }
  if (fact.code == 0 || fact.code > codes.size() || codes[fact.code - 1].forgotten) return false;
  auto& code = codes[fact.code - 1];
  if (fact.kind == "code_redeemed") {
    if (code.redeemed || now_ >= code.expires_at || !stands(code)) return false;
    code.redeemed = true;
    redeeming = fact.code - 1;
    return true;
  }
  // code_reused: it names the family as long as there is something to end.
  if (!code.redeemed || code.reused) return false;
  const auto* made = code.family ? &families[*code.family] : nullptr;
  const bool lives = made != nullptr && !made->ended && !made->gone;
  if (fact.family != (lives ? made->number : 0)) return false;
  code.reused = true;
  if (lives) end_family(*code.family, "code_reuse");
  return true;
}

bool Model::family_fact(const Fact& fact) {
  if (fact.kind == "family_started") {
    const auto* consent = granted(fact.consent);
    if (enabled(fact.user) == nullptr || consent == nullptr) return false;
    if (!covers(*consent, fact.user) || (fact.mask & ~consent->mask) != 0) return false;
    if (fact.family == 0 || fact.tag == 0) return false;
    for (const auto& other : families) {
      if (other.number == fact.family && !other.gone) return false;
    }
    const auto at = static_cast<std::size_t>(consent - consents.data());
    if (redeeming) {
      auto& code = codes[*redeeming];
      if (code.family || code.user != fact.user || code.consent != at) return false;
      if ((fact.mask & ~code.mask) != 0) return false;
      code.family = families.size();
    }
    families.push_back({.number = fact.family,
                        .tag = fact.tag,
                        .user = fact.user,
                        .consent = at,
                        .mask = fact.mask,
                        .secret = fact.secret,
                        .rotated_at = now_,
                        .expires_at = now_ + fact.lifetime_s,
                        .idle_s = fact.idle_s});
    return true;
  }
  auto* family = const_cast<Family*>(live(fact.family));
  if (family == nullptr) return false;
  if (fact.kind == "family_ended") {
    end_family(static_cast<std::size_t>(family - families.data()), fact.name);
    return true;
  }
  // refresh_rotated
  if (family->secret == 0 || fact.secret == 0) return false;
  if (fact.generation != family->generation + 1 || is_past(*family, now_)) return false;
  if (!covers(consents[family->consent], family->user)) return false;
  family->generation = fact.generation;
  family->secret = fact.secret;
  family->rotated_at = now_;
  return true;
}

bool Model::token_fact(const Fact& fact) {
  const auto of = [&](std::uint32_t Token::* member, std::uint32_t number) {
    return [=](const Token& token) { return token.*member == number; };
  };
  if (fact.kind == "client_disabled") {
    if (!client_enabled[fact.client - 1]) return false;
    client_enabled[fact.client - 1] = false;
    end("client_disabled", of(&Token::client, fact.client));
    return true;
  }
  if (fact.kind == "client_enabled") {
    if (client_enabled[fact.client - 1]) return false;
    client_enabled[fact.client - 1] = true;
    return true;
  }
  if (fact.kind == "key_revoked") {
    key_revoked[fact.key - 1] = true;
    end("key_compromise", of(&Token::key, fact.key));
    return true;
  }
  if (fact.kind == "token_revoked") {
    for (auto& token : tokens) {
      if (token.counter != fact.token || token.retired) continue;
      for (const auto& past : token.ends)
        if (past.cause == "admin_manual") return false;
      token.ends.push_back({seq_, now_, "admin_manual"});
      return true;
    }
    return false;
  }
  // token_issued
  const auto* consent = granted(fact.consent);
  if (enabled(fact.user) == nullptr || consent == nullptr) return false;
  if (!covers(*consent, fact.user) || consent->client != fact.client) return false;
  const auto* family = live(fact.family);
  const auto at = static_cast<std::size_t>(consent - consents.data());
  if (fact.family == 0 ? consent->user == 0 : family == nullptr) return false;
  if (family != nullptr && (family->user != fact.user || family->consent != at)) return false;
  Token token{.counter = fact.token,
              .seq = seq_,
              .user = fact.user,
              .client = fact.client,
              .key = fact.key,
              .expires_at = now_ + fact.lifetime_s,
              .consent = at};
  if (family != nullptr) token.family = static_cast<std::size_t>(family - families.data());
  if (redeeming) {
    auto& code = codes[*redeeming];
    if (code.user != fact.user || code.consent != at || code.family != token.family) return false;
    code.token = tokens.size();
    redeeming.reset();
  }
  tokens.push_back(std::move(token));
  return true;
}

// All that has expired is named; the caller asks for retirement only when nothing else is left.
bool Model::sweep(const Fact&) {
  swept_to = now_;
  for (auto& token : tokens) token.swept = token.swept || token.expires_at <= now_;
  const bool all = std::ranges::all_of(tokens, &Token::swept);
  for (auto& token : tokens) token.retired = all || token.retired;
  forget_codes(now_);
  return true;
}

}  // namespace oracle::people

// How the oracle's generator makes tokens and sweeps.
#include <algorithm>

#include "tests/core/oracle_generator.hpp"

namespace oracle {
namespace {

int lane_of(std::uint32_t lifetime) {
  if (lifetime <= 3600) return 0;
  if (lifetime <= 86'400) return 1;
  return lifetime <= 31 * 86'400 ? 2 : 3;
}

constexpr std::uint32_t kLifetimes[] = {
    1,          2, 5, 30, 600, 3600, 3601, 20'000, 86'400, 86'401, 31 * 86'400, 31 * 86'400 + 1,
    40 * 86'400};

}  // namespace

TokenName Generator::reserve(int lane) {
  auto& counter = reserved_[static_cast<std::size_t>(lane)];
  if (chance(2)) counter = model_.next_counter(lane);
  if (!model_.openings.empty())
    counter = std::max(counter, model_.openings.back()[static_cast<std::size_t>(lane)]);
  const auto full = model_.oldest[static_cast<std::size_t>(lane)] + 3 * kChunk;
  if (counter > full && chance(60)) counter = std::min(counter, model_.next_counter(lane));
  // Sparse: chunks fill with holes, and soon the next one begins.
  if (chance(9)) counter = (counter / kChunk + 1) * kChunk;
  if (chance(5)) counter = (counter / kChunk + 1) * kChunk - 1;
  if (chance(30)) stash_.push_back({lane, counter++});
  const auto waiting = std::ranges::find(stash_, lane, &TokenName::lane);
  if (waiting != stash_.end() && chance(40)) {
    const auto name = *waiting;
    stash_.erase(waiting);
    return name;
  }
  return {lane, counter++};
}

Issue Generator::issue_on(std::uint32_t client, std::uint32_t grant, ApiList apis,
                          std::uint64_t now) {
  Issue issue{.secret = ++secrets_, .client = client, .grant = grant, .apis = apis};
  const auto& api = model_.apis[apis[0].api - 1];
  const bool is_hs256 = api.settings.algorithm == 4;
  const int own_format = model_.clients[client - 1].settings.token_format;
  issue.kind = is_hs256 ? 1 : own_format != 0 ? own_format : api.settings.token_format;
  if (issue.kind == 1) {
    for (std::uint32_t i = 0; i < model_.keys.size(); ++i) {
      const auto& key = model_.keys[i];
      const bool signs =
          is_hs256 ? i + 1 == api.own_key : key.api == 0 && key.algorithm == api.settings.algorithm;
      if (signs && !key.retired) issue.key = i + 1;
    }
  }
  issue.default_lifetime = chance(15);
  const auto lifetime = issue.default_lifetime ? api.settings.lifetime
                        : chance(50)           ? kLifetimes[below(5)]
                                               : kLifetimes[below(std::size(kLifetimes))];
  issue.issued_at = static_cast<std::uint32_t>(now / kSecond) - (chance(70) ? 0 : below(3));
  issue.expires_at = issue.issued_at + lifetime;
  issue.token = reserve(lane_of(lifetime));
  if (chance(30)) issue.name = "token " + std::to_string(below(100));
  if (chance(20)) issue.owner = chance(70) ? owner_key_bytes(1 + below(39)) + sealed() : sealed();
  issue.origin = 1 + static_cast<int>(below(5));
  return issue;
}

Command Generator::issue_command(std::uint64_t now) {
  std::vector<std::uint32_t> live;
  for (std::uint32_t i = 0; i < model_.grants.size(); ++i) {
    const auto& grant = model_.grants[i];
    const auto status = model_.clients[grant.client - 1].status;
    if ((!grant.removed && status == "enabled" && !model_.apis[grant.api - 1].deleted) || chance(4))
      live.push_back(i + 1);
  }
  if (live.empty() || chance(30)) {
    // For nobody's grant: the built-in client, one to three APIs.
    ApiList apis{};
    std::size_t used = 0;
    for (std::uint32_t number = 1; number <= model_.apis.size() && used < 3; ++number) {
      if (model_.apis[number - 1].deleted && !chance(5)) continue;
      if (used == 0 ? !chance(50) && number != model_.apis.size() : !chance(25)) continue;
      const auto listed = model_.mask_of(number, model_.apis[number - 1].settings.scopes);
      apis[used++] = {number, chance(50) ? listed : listed & random_()};
    }
    if (used == 0 || model_.clients.empty())
      return by("tokens:create", Issue{.token = {0, 0}, .client = 1, .apis = {{{1, 0}}}});
    auto issue = issue_on(1, 0, apis, now);
    if (chance(20)) spoil(issue);
    return by("tokens:create", issue);
  }
  const auto number = any(live);
  const auto& grant = model_.grants[number - 1];
  const auto& listed = model_.apis[grant.api - 1].settings.scopes;
  auto mask = model_.mask_of(grant.api, grant.scopes);
  if (chance(90)) mask &= model_.mask_of(grant.api, listed);
  if (chance(40)) mask &= random_();
  auto issue = issue_on(grant.client, number, {{{grant.api, mask}}}, now);
  if (chance(20)) spoil(issue);
  auto command = by("tokens:create", issue);
  if (chance(50)) {
    command.who = {.kind = 3,
                   .client = chance(95) ? grant.client : 1 + below(6),
                   .generation = model_.clients[grant.client - 1].generation};
  }
  return command;
}

// One thing that is wrong, or was right a moment ago.
void Generator::spoil(Issue& issue) {
  const auto lane = static_cast<std::size_t>(issue.token.lane);
  switch (below(21)) {
    case 0: issue.token.counter += model_.oldest[lane] + 4 * kChunk; break;
    case 1: issue.token = any_name(); break;
    case 2: issue.token.lane = static_cast<int>(below(6)); break;
    case 3: issue.issued_at -= 3; break;
    case 4: issue.issued_at += 2; break;
    case 5: issue.expires_at = issue.issued_at - below(2); break;
    case 6: issue.expires_at = issue.issued_at + 300 * 86'400; break;
    case 7: issue.key = below(model_.keys.size() + 3); break;
    case 8: issue.kind = 1 + static_cast<int>(below(3)); break;
    case 9: issue.grant = below(model_.grants.size() + 2); break;
    case 10: issue.client = below(model_.clients.size() + 2); break;
    case 11: issue.apis[0].api = below(model_.apis.size() + 2); break;
    case 12: issue.apis[0].mask |= std::uint64_t{1} << below(8); break;
    case 13: issue.apis[0].mask |= random_(); break;
    case 14: issue.apis[1] = issue.apis[0]; break;
    case 15: issue.apis[2] = {0, 5}; break;
    case 16: issue.name = chance(50) ? "two\nlines" : std::string(201, 'n'); break;
    case 17: issue.owner = std::string(8193, 'o'); break;
    case 18: issue.default_lifetime = true; break;
    case 19: issue.token.counter = below(model_.oldest[lane] + 1); break;
    default: issue.apis[1] = {static_cast<std::uint32_t>(model_.apis.size()), 1}; break;
  }
}

Command Generator::sweep_command(std::uint64_t now) {
  const auto second = static_cast<std::uint32_t>(now / kSecond);
  Sweep sweep{.to = second};
  if (chance(25) && second > model_.swept_to)
    sweep.to = std::max(model_.swept_to + 1, second - below(10));
  sweep.tokens = model_.expiring(model_.swept_to, sweep.to);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    // As many chunks as hold no good token, sometimes one less or more.
    auto below_counter = (model_.next_counter(static_cast<int>(lane)) / kChunk) * kChunk;
    for (const auto& token : model_.tokens) {
      const auto& name = token.issue.token;
      if (name.lane == static_cast<int>(lane) && token.issue.expires_at > sweep.to)
        below_counter = std::min(below_counter, name.counter / kChunk * kChunk);
    }
    if (chance(10)) below_counter += kChunk;
    if (below_counter > model_.oldest[lane] && chance(60)) sweep.retire_below[lane] = below_counter;
  }
  if (chance(25)) spoil(sweep);
  return by_system(sweep);
}

void Generator::spoil(Sweep& sweep) {
  auto& tokens = sweep.tokens;
  switch (below(9)) {
    case 0:
      if (!tokens.empty()) tokens.erase(tokens.begin() + below(tokens.size()));
      break;
    case 1:
      if (!tokens.empty()) tokens.insert(tokens.begin(), tokens.back());
      break;
    case 2:
      if (!tokens.empty()) any(tokens).expires_at -= 1;
      break;
    case 3: tokens.push_back({sweep.to, any_name()}); break;
    case 4: std::ranges::reverse(tokens); break;
    case 5: sweep.to += 1 + below(100); break;
    case 6: sweep.to = model_.swept_to - below(2); break;
    case 7: sweep.retire_below[below(kLanes)] += 5; break;
    default: sweep.retire_below[below(kLanes)] = kChunk * (1 + below(20)); break;
  }
}

}  // namespace oracle

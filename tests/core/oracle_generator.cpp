#include "tests/core/oracle_generator.hpp"

#include <algorithm>

namespace oracle {
namespace {

const std::vector<std::string> kManagementNames = {
    "tokens:read",   "tokens:create", "tokens:revoke", "tokens:edit",  "clients:read",
    "clients:write", "apis:read",     "apis:write",    "events:read",  "audit:read",
    "notes:write",   "check",         "introspect",    "metrics:read", "owners:erase"};
const std::vector<std::string> kScopeNames = {"read", "write", "admin", "list", "export", "sync"};
constexpr const char* kNamed = "tokenledger-named";
constexpr Who kSystem{.kind = 1};
constexpr Who kHost{.kind = 2};

}  // namespace

std::uint64_t Generator::pause(std::uint64_t now) {
  const auto roll = below(1000);
  if (roll < 4) return 70 * 86'400 * kSecond + random_() % kSecond;
  if (roll < 20) return (20 + below(200)) * 3600 * kSecond;
  if (roll < 60) return (1 + below(5000)) * kSecond;
  if (roll < 110) return kSecond - 1 - now % kSecond;  // the next commands fall into two seconds
  if (roll < 700) return random_() % (4 * kSecond);
  return random_() % 1000;
}

Who Generator::any_client() {
  Who who{.kind = 3};
  if (model_.clients.empty()) return {.kind = 3, .client = 1, .generation = 1};
  who.client = 1 + below(model_.clients.size());
  who.generation = model_.clients[who.client - 1].generation;
  if (chance(5)) who.client += 50;
  if (chance(8)) ++who.generation;
  if (chance(8) && who.generation > 1) --who.generation;
  return who;
}

// A token that holds the scope, if there is one.
Who Generator::any_token(const char* scope) {
  Who who{.kind = 4};
  std::vector<const Token*> fitting;
  for (const auto& token : model_.tokens) {
    const Who bearer{.kind = 4, .token = token.issue.token};
    const auto names = model_.management_scopes(bearer);
    const bool active = model_.status(token, model_.last_seq, model_.last_at).name == "active";
    if ((active || chance(10)) && std::ranges::count(names, scope) != 0) fitting.push_back(&token);
  }
  if (!fitting.empty() && chance(80)) {
    who.token =
        fitting[fitting.size() - 1 - below(std::min<std::size_t>(fitting.size(), 4))]->issue.token;
  } else if (chance(60)) {
    return kHost;
  } else {
    who.token = any_name();
  }
  return who;
}

Who Generator::someone(const char* scope) {
  const auto roll = below(100);
  if (roll < 45) return kHost;
  if (roll < 55) return kSystem;
  if (roll < 86) return any_token(scope);
  if (roll < 98) return any_client();
  return {.kind = 0};
}

Command Generator::by(const char* scope, Request request) {
  return {someone(scope), {}, {}, std::move(request)};
}
Command Generator::by_system(Request request) {
  return {chance(92) ? kSystem : someone("check"), {}, {}, std::move(request)};
}

std::string Generator::client_id() {
  if (chance(40)) return focus_;
  if (chance(5)) return kNamed;
  if (chance(50) && !model_.clients.empty()) {
    const auto& client = any(model_.clients);
    if (client.status != "deleted") return focus_ = client.id;
  }
  return focus_ = "client-" + std::to_string(below(8));
}

std::string Generator::audience() {
  return chance(15) ? kManagement : "https://api-" + std::to_string(below(5));
}

std::vector<std::string> Generator::some(const std::vector<std::string>& names) {
  std::vector<std::string> chosen;
  for (const auto& name : names) {
    if (chance(60)) chosen.push_back(name);
  }
  return chosen;
}

std::string Generator::sealed() {
  return chance(2) ? std::string(8193, 's') : std::string(below(20), 's');
}

std::string Generator::label() {
  if (chance(92)) return "a label " + std::to_string(below(100));
  const std::vector<std::string> bad = {"", "two\nlines", std::string(201, 'x'), "\xFF"};
  return any(bad);
}

ClientSettings Generator::client_settings() {
  ClientSettings settings{.name = label()};
  if (chance(20)) settings.grant_types = static_cast<int>(below(18));
  if (chance(3)) settings.redirect_uris.assign(17, "https://a.example");
  if (chance(10)) settings.redirect_uris = {chance(70) ? "https://a.example/cb" : "not a uri"};
  if (chance(30)) settings.token_format = 1 + static_cast<int>(below(3));
  if (chance(3)) settings.token_format = 4;
  if (chance(15)) settings.live_tokens_max = static_cast<std::uint32_t>(1 + below(6));
  if (chance(3)) settings.live_tokens_max = (1u << 24) + static_cast<std::uint32_t>(below(2));
  return settings;
}

ApiSettings Generator::api_settings() {
  ApiSettings settings{.name = label(), .scopes = some(kScopeNames)};
  if (chance(2)) settings.scopes.push_back("bad scope");
  if (chance(2)) settings.scopes.assign(2, "twice");
  if (chance(4)) {
    const auto base = below(1000);
    settings.scopes.clear();
    for (std::uint32_t i = 0; i < 60 + below(8); ++i)
      settings.scopes.push_back("s" + std::to_string(base + i));
  }
  if (chance(20)) settings.lifetime = 1 + below(7200);
  if (chance(20)) settings.lifetime_max = 7200 + below(100 * 86'400);
  if (chance(2)) settings.lifetime = 0;
  if (chance(2)) settings.lifetime_max = 10 * 365 * 86'400 + 1;
  settings.admins_only = chance(20);
  settings.nobody = chance(5);
  for (int origin = 1; origin <= 5; ++origin)
    if (chance(5)) settings.kept_origins.push_back(origin);
  if (chance(1)) settings.kept_origins.push_back(6);
  settings.algorithm = chance(70) ? 2 : 1 + static_cast<int>(below(4));
  if (chance(2)) settings.algorithm = 5;
  if (chance(25)) settings.token_format = 2 + static_cast<int>(below(2));
  if (chance(2)) settings.token_format = 4;
  if (chance(2)) settings.introspectors.assign(33, "client-1");
  if (chance(10)) settings.introspectors = {chance(80) ? "client-1" : "two words"};
  return settings;
}

// Half the changes were made without looking; of the others some looked too early, or elsewhere.
template <class Rows, class Name>
std::uint64_t Generator::read_at(const Rows& rows, Name name, const std::string& wanted) {
  if (chance(50)) return 0;
  std::uint64_t seq = 0;
  for (const auto& row : rows)
    if (row.*name == wanted) seq = row.updated_seq;
  return chance(35) ? 1 + below(model_.last_seq + 1) : seq;
}

Command Generator::client_command() {
  const auto id = client_id();
  const char* const scope = "clients:write";
  switch (below(10)) {
    case 0: {
      auto command = by(scope, RegisterClient{id, chance(5), client_settings()});
      auto& add = std::get<RegisterClient>(command.request);
      if (chance(10)) add.client_id = chance(50) ? "with space" : "";
      return command;
    }
    case 1:
      return by(scope,
                UpdateClient{id, client_settings(), read_at(model_.clients, &Client::id, id)});
    case 2:
    case 3: return by(scope, DisableClient{id});
    case 4:
    case 5:
    case 6: {
      for (const auto& client : model_.clients) {
        if (client.status == "disabled" && chance(60)) return by(scope, EnableClient{client.id});
      }
      return by(scope, EnableClient{id});
    }
    case 7: return by(scope, DeleteClient{chance(20) ? id : "client-" + std::to_string(below(30))});
    default: return by(scope, RotateSecret{id});
  }
}

Command Generator::api_command() {
  const char* const scope = "apis:write";
  switch (below(6)) {
    case 0:
    case 1:
    case 2: {
      CreateApi create{audience(), false, api_settings(), {}};
      const bool needs_kid = create.settings.algorithm == 4;
      if (needs_kid != chance(5)) create.kid = "own-" + std::to_string(below(30));
      if (chance(3)) create.identifier = "no good";
      if (chance(5)) create.built_in = true;
      return by(scope, create);
    }
    case 3:
    case 4: {
      const auto name = audience();
      return by(scope,
                UpdateApi{name, api_settings(), read_at(model_.apis, &Api::identifier, name)});
    }
    default: return by(scope, DeleteApi{audience()});
  }
}

Command Generator::grant_command() {
  const char* const scope = "clients:write";
  const auto id = client_id();
  const auto to = audience();
  auto scopes = some(kScopeNames);
  const bool manages = to == kManagement;
  for (const auto& api : model_.apis) {
    if (!api.deleted && api.identifier == to && chance(90)) scopes = some(api.settings.scopes);
  }
  if (manages && chance(50)) scopes = {kManagementNames[below(kManagementNames.size())]};
  if (chance(1)) scopes.assign(65, "read");
  const auto roll = below(6);
  if (roll < 3) return by(scope, AddGrant{id, to, scopes});
  if (!model_.grants.empty() && chance(60)) {
    const auto& grant = any(model_.grants);
    const auto& client = model_.clients[grant.client - 1].id;
    const auto& api = model_.apis[grant.api - 1];
    if (roll == 5) return by(scope, RemoveGrant{client, api.identifier});
    return by(scope, UpdateGrant{client, api.identifier, some(api.settings.scopes)});
  }
  if (roll == 5) return by(scope, RemoveGrant{id, to});
  return by(scope, UpdateGrant{id, to, scopes});
}

Command Generator::key_command() {
  const auto who = chance(85) ? kHost : someone("check");
  const auto kid = chance(5) ? std::string{"bad kid"} : "kid-" + std::to_string(below(12));
  if (chance(60)) {
    AddKey add{1 + static_cast<int>(below(3)), kid, chance(95) ? "public" : ""};
    if (chance(5)) add.algorithm = 4;
    return {who, {}, {}, add};
  }
  const bool own = chance(10) && !model_.keys.empty();
  return {who, {}, {}, RetireKey{own ? any(model_.keys).kid : kid}};
}

TokenName Generator::any_name() {
  if (model_.tokens.empty() || chance(6))
    return {static_cast<int>(below(6)), below(3) * kChunk + below(5)};
  const auto count = model_.tokens.size();
  const auto back = chance(60) ? below(std::min<std::size_t>(count, 8)) : below(count);
  return model_.tokens[count - 1 - back].issue.token;
}

Command Generator::revoke_command() {
  const auto name = any_name();
  auto command = by("tokens:revoke", Revoke{name, cause(), sealed()});
  const auto* token = model_.find(name);
  if (token != nullptr && chance(25)) {
    command.who = {.kind = 3, .client = token->issue.client};
    if (token->issue.client <= model_.clients.size())
      command.who.generation = model_.clients[token->issue.client - 1].generation;
    if (chance(90)) std::get<Revoke>(command.request).cause = 3;
  }
  return command;
}

Command Generator::revoke_list_command() {
  RevokeList revoke{{}, cause(), sealed()};
  for (auto left = chance(3) ? 0 : 1 + below(8); left > 0; --left)
    revoke.tokens.push_back(any_name());
  if (chance(95)) {
    std::ranges::sort(revoke.tokens);
    const auto twice = std::ranges::unique(revoke.tokens);
    revoke.tokens.erase(twice.begin(), twice.end());
  }
  return by("tokens:revoke", revoke);
}

Command Generator::revoke_many_command() {
  RevokeMany revoke{1 + static_cast<int>(below(5)), 0, cause(), sealed(), {}};
  if (revoke.selector == 5 && chance(60)) revoke.selector = 1 + static_cast<int>(below(4));
  if (chance(2)) revoke.selector = 6;
  if (revoke.selector != 5 || chance(10)) revoke.id = below(10);
  if (chance(50)) revoke.before = below(model_.last_seq + 3);
  return by("tokens:revoke", revoke);
}

Command Generator::rest_command() {
  if (chance(60)) {
    Note note{label(), sealed()};
    return by("notes:write", note);
  }
  if (chance(40)) return by("owners:erase", EraseOwner{below(40), sealed()});
  if (chance(50)) return by_system(OpenLedger{below(1u << 31) + 1});
  return by_system(CreateLedger{std::string(chance(50) ? 3 : 501, 'i')});
}

Command Generator::next(std::uint64_t now) {
  const auto make = [&] {
    const auto roll = below(100);
    if (roll < 38) return issue_command(now);
    if (roll < 52) return revoke_command();
    if (roll < 56) return revoke_many_command();
    if (roll < 58) return revoke_list_command();
    if (roll < 66) return sweep_command(now);
    if (roll < 80) return client_command();
    if (roll < 85) return api_command();
    if (roll < 94) return grant_command();
    if (roll < 97) return key_command();
    return rest_command();
  };
  // Conflicts: the same once more, by the same actor or another one.
  const bool repeats = last_ && chance(10);
  Command command = repeats ? *last_ : chance(6) ? undercut() : make();
  if (repeats && chance(30)) command.who = someone("tokens:revoke");
  if (!repeats && chance(15)) command.once = {below(12), below(100) < 80 ? 0 : below(3)};
  if (!repeats && chance(20)) command.request_id = "request-" + std::to_string(below(50));
  if (chance(1)) command.request_id = chance(50) ? "two words" : std::string(65, 'r');
  last_ = command;
  return command;
}

// Takes away what the newest tokens rest on: commands already made for it then come too late.
Command Generator::undercut() {
  if (model_.tokens.empty()) return revoke_command();
  const auto& issue = model_.tokens.back().issue;
  if (issue.grant != 0 && chance(50)) {
    const auto& grant = model_.grants[issue.grant - 1];
    return {
        kHost,
        {},
        {},
        RemoveGrant{model_.clients[grant.client - 1].id, model_.apis[grant.api - 1].identifier}};
  }
  if (model_.clients[issue.client - 1].built_in) return revoke_command();
  return {kHost, {}, {}, DisableClient{model_.clients[issue.client - 1].id}};
}

std::optional<Command> Generator::prologue(std::uint64_t now) {
  ApiSettings management{.name = "management", .scopes = kManagementNames};
  management.lifetime_max = 100 * 86'400;
  const auto client = [&](std::size_t number) {
    return RegisterClient{"client-" + std::to_string(number), false, {.name = "a client"}};
  };
  const ApiSettings plain{.name = "an API", .scopes = kScopeNames};
  auto own_key = plain;
  own_key.algorithm = 4;
  auto opaque = plain;
  opaque.token_format = 2;
  switch (step_++) {
    case 0: return chance(10) ? next(now) : Command{kHost, {}, {}, Note{"too early", {}}};
    case 1: return Command{kSystem, {}, {}, CreateLedger{"https://issuer.example"}};
    case 2: return chance(20) ? next(now) : Command{kHost, {}, {}, Note{"created", {}}};
    case 3: return Command{kSystem, {}, {}, CreateApi{kManagement, true, management, {}}};
    case 4: return Command{kHost, {}, {}, RegisterClient{kNamed, true, {.name = "named"}}};
    case 5: return Command{kHost, {}, {}, AddKey{2, "kid-0", "public"}};
    case 6: return issue_command(now);
    case 7: return Command{kSystem, {}, {}, OpenLedger{below(1u << 31) + 1}};
    case 8: return Command{kHost, {}, {}, AddKey{1, "kid-1", "public"}};
    case 9: return Command{kHost, {}, {}, CreateApi{"https://api-0", false, plain, {}}};
    case 10: return Command{kHost, {}, {}, CreateApi{"https://api-1", false, own_key, "own-0"}};
    case 11: return Command{kHost, {}, {}, CreateApi{"https://api-2", false, opaque, {}}};
    case 12:
    case 13:
    case 14:
    case 15: return Command{kHost, {}, {}, client(step_ - 13)};
    case 16: return Command{kHost, {}, {}, AddGrant{"client-0", "https://api-0", kScopeNames}};
    case 17: return Command{kHost, {}, {}, AddGrant{"client-1", "https://api-0", {"read"}}};
    case 18: return Command{kHost, {}, {}, AddGrant{"client-2", "https://api-1", {"read"}}};
    case 19: return Command{kHost, {}, {}, AddGrant{"client-3", "https://api-2", kScopeNames}};
    case 20:
      return Command{kHost, {}, {}, AddGrant{"client-0", kManagement, some(kManagementNames)}};
    case 21:
    case 22: {
      // An administrator's tokens: all scopes, then some.
      if (model_.apis.empty() || model_.clients.empty()) return next(now);
      const auto scopes = step_ == 22 ? kManagementNames : some(kManagementNames);
      return Command{kHost, {}, {}, issue_on(1, 0, {{{1, model_.mask_of(1, scopes)}}}, now)};
    }
    default: return std::nullopt;
  }
}

}  // namespace oracle

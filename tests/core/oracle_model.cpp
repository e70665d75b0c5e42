#include "tests/core/oracle_model.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace oracle {
namespace {

constexpr std::uint64_t kDayNs = 24 * 3600 * kSecond;
constexpr const char* kCauses[] = {"",
                                   "admin_manual",
                                   "owner_request",
                                   "client_self",
                                   "client_disabled",
                                   "client_deleted",
                                   "api_deleted",
                                   "grant_removed",
                                   "key_compromise",
                                   "epoch",
                                   "deleted"};

std::uint32_t seconds(std::uint64_t ns) { return static_cast<std::uint32_t>(ns / kSecond); }

bool is_cause(int cause, int last) { return cause >= 1 && cause <= last; }

bool selects(const Cascade& cascade, const Issue& token) {
  switch (cascade.selector) {
    case 1: return token.client == cascade.id;
    case 2:
      return std::ranges::any_of(token.apis, [&](const auto& at) { return at.api == cascade.id; });
    case 3: return token.grant == cascade.id;
    case 4: return token.key == cascade.id;
    default: return true;
  }
}

}  // namespace

Status Model::status(const Token& token, std::uint64_t seq, std::uint64_t at) const {
  if (token.seq > seq) return {"unknown", nullptr};
  for (const auto& end : token.ends) {
    if (end.seq > seq || end.at > at) continue;
    if (seconds(end.at) < token.issue.expires_at) return {"revoked", &end};
  }
  return {token.issue.expires_at <= seconds(at) ? "expired" : "active", nullptr};
}

std::string Model::check(const Token& token, const std::string& audience,
                         const std::vector<std::string>& scopes, std::uint32_t now) const {
  if (is_retired(token.issue.token) || !token.ends.empty() || now >= token.issue.expires_at)
    return "not_good";
  for (const auto& at : token.issue.apis) {
    if (at.api == 0 || api(at.api)->identifier != audience) continue;
    const auto held = names_of(at.api, at.mask);
    const bool all = std::ranges::all_of(
        scopes, [&](const auto& scope) { return std::ranges::count(held, scope) != 0; });
    return all ? "good" : "insufficient_scope";
  }
  return "not_good";
}

Totals Model::totals(std::uint64_t seq, std::uint64_t at) const {
  Totals totals;
  for (const auto& token : tokens) {
    const auto name = status(token, seq, at).name;
    totals.issued += name != "unknown";
    totals.active += name == "active";
    totals.revoked += name == "revoked";
    totals.expired += name == "expired";
  }
  return totals;
}

bool Model::is_retired(TokenName name) const {
  return name.lane >= 0 && name.lane < kLanes &&
         name.counter < oldest[static_cast<std::size_t>(name.lane)];
}

const Token* Model::find(TokenName name) const {
  for (const auto& token : tokens) {
    if (token.issue.token == name) return &token;
  }
  return nullptr;
}

std::uint64_t Model::watermark(int selector, std::uint32_t id) const {
  std::uint64_t greatest = 0;
  for (const auto& cascade : cascades) {
    if (cascade.selector == selector && cascade.id == id)
      greatest = std::max(greatest, cascade.before);
  }
  return greatest;
}

std::uint64_t Model::mask_of(std::uint32_t number, const std::vector<std::string>& names) const {
  std::uint64_t mask = 0;
  const auto& ever = api(number)->names_ever;
  for (std::size_t bit = 0; bit < ever.size(); ++bit) {
    if (std::ranges::count(names, ever[bit]) != 0) mask |= std::uint64_t{1} << bit;
  }
  return mask;
}

std::vector<std::string> Model::names_of(std::uint32_t number, std::uint64_t mask) const {
  std::vector<std::string> names;
  const auto& ever = api(number)->names_ever;
  for (std::size_t bit = 0; bit < 64; ++bit) {
    if ((mask >> bit & 1) != 0) names.push_back(bit < ever.size() ? ever[bit] : "<no such scope>");
  }
  return names;
}

std::vector<SweptToken> Model::expiring(std::uint32_t from, std::uint32_t to) const {
  std::vector<SweptToken> found;
  for (const auto& token : tokens) {
    if (token.issue.expires_at > from && token.issue.expires_at <= to)
      found.push_back({token.issue.expires_at, token.issue.token});
  }
  std::ranges::sort(found);
  return found;
}

std::uint64_t Model::next_counter(int lane) const {
  auto next = oldest[static_cast<std::size_t>(lane)];
  for (const auto& token : tokens) {
    if (token.issue.token.lane == lane) next = std::max(next, token.issue.token.counter + 1);
  }
  return next;
}

Model::Class Model::class_of(const Issue& issue) {
  return {issue.client, issue.grant, issue.key, issue.apis};
}

std::map<Model::Class, std::uint32_t> Model::classes() const {
  std::map<Class, std::uint32_t> counts;
  for (const auto& token : tokens) {
    if (!is_retired(token.issue.token)) ++counts[class_of(token.issue)];
  }
  return counts;
}

std::vector<Remembered> Model::remembered() const {
  std::vector<Remembered> fresh;
  for (const auto& once : onces) {
    if (once.at + kDayNs > last_at) fresh.push_back(once);
  }
  return fresh;
}

const Api* Model::api(std::uint32_t number) const {
  return number == 0 || number > apis.size() ? nullptr : &apis[number - 1];
}
std::uint32_t Model::find_client(const std::string& id) const {
  for (std::uint32_t i = 0; i < clients.size(); ++i) {
    if (clients[i].id == id) return i + 1;
  }
  return 0;
}
std::uint32_t Model::live_client(const std::string& id) const {
  const auto number = find_client(id);
  return number != 0 && clients[number - 1].status != "deleted" ? number : 0;
}
std::uint32_t Model::live_api(const std::string& identifier) const {
  for (std::uint32_t i = 0; i < apis.size(); ++i) {
    if (apis[i].identifier == identifier && !apis[i].deleted) return i + 1;
  }
  return 0;
}
std::uint32_t Model::live_grant(std::uint32_t client, std::uint32_t on_api) const {
  for (std::uint32_t i = 0; i < grants.size(); ++i) {
    if (grants[i].client == client && grants[i].api == on_api && !grants[i].removed) return i + 1;
  }
  return 0;
}
std::uint32_t Model::find_key(const std::string& kid) const {
  for (std::uint32_t i = 0; i < keys.size(); ++i) {
    if (keys[i].kid == kid) return i + 1;
  }
  return 0;
}

std::vector<std::string> Model::management_scopes(const Who& who) const {
  const auto management = live_api(kManagement);
  if (management == 0) return {};
  if (who.kind == 1 || who.kind == 2) return api(management)->names_ever;
  const auto* token = who.kind == 4 ? find(who.token) : nullptr;
  if (token == nullptr) return {};
  for (const auto& at : token->issue.apis) {
    if (at.api == management) return names_of(management, at.mask);
  }
  return {};
}

bool Model::may(const char* scope) const {
  return is_host() || std::ranges::count(management_scopes(command_->who), scope) != 0;
}

// Nobody hands out management scopes they lack; the host lacks only those that do not exist.
bool Model::covers(std::uint32_t number, const std::vector<std::string>& names) const {
  const auto* record = api(number);
  if (record == nullptr || !record->built_in) return true;
  const auto own = management_scopes(command_->who);
  return std::ranges::all_of(names,
                             [&](const auto& name) { return std::ranges::count(own, name) != 0; });
}

std::string Model::actor_fault() const {
  const auto& who = command_->who;
  if (is_host()) return {};
  if (who.kind == 3) {
    if (who.client == 0 || who.client > clients.size()) return "unauthorized_actor";
    const auto& client = clients[who.client - 1];
    if (client.status == "deleted") return "unauthorized_actor";
    if (client.generation != who.generation) return "unauthorized_actor";
    return client.status == "disabled" ? "client_disabled" : "";
  }
  if (who.kind != 4) return "unauthorized_actor";
  const auto* token = find(who.token);
  if (token == nullptr || is_retired(who.token)) return "unauthorized_actor";
  if (!token->ends.empty() || seconds(now_) >= token->issue.expires_at) return "unauthorized_actor";
  return live_api(kManagement) == 0 ? "unauthorized_actor" : "";
}

void Model::log(const char* kind) {
  ++last_seq;
  last_at = now_ + told_.size();
  told_.emplace_back(kind);
}

void Model::cascade(int selector, std::uint32_t id, std::uint64_t before, const char* cause) {
  cascades.push_back({selector, id, before, last_seq});
  for (auto& token : tokens) {
    if (token.seq < before && selects(cascades.back(), token.issue))
      token.ends.push_back({last_seq, last_at, cause, command_->who, false});
  }
}

Answer Model::submit(const Command& command, std::uint64_t now) {
  command_ = &command;
  now_ = now;
  told_.clear();
  const auto& id = command.request_id;
  const bool fits =
      id.size() <= 64 && std::ranges::all_of(id, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
      });
  if (!fits) return {"invalid_argument", {}, {}};
  if (std::holds_alternative<CreateLedger>(command.request) == created)
    return {"invalid_argument", {}, {}};
  if (const auto fault = actor_fault(); !fault.empty()) return {fault, {}, {}};
  if (command.once) {
    for (const auto& past : onces) {
      if (past.once.key != command.once->key || past.at + kDayNs <= now) continue;
      if (past.once.body != command.once->body) return {"idempotency_mismatch", {}, {}};
      return {"", past.seq, {}};
    }
  }
  const auto first = last_seq + 1;
  if (auto no = std::visit([&](const auto& request) { return on(request); }, command.request);
      !no.empty()) {
    return {no, {}, {}};
  }
  if (command.once) onces.push_back({*command.once, first, now});
  return {"", {}, told_};
}

std::string Model::revocable(const Token& token) const {
  if (!token.ends.empty() || seconds(now_) >= token.issue.expires_at) return "not_active";
  for (const auto& at : token.issue.apis) {
    if (at.api == 0) continue;
    const auto& settings = api(at.api)->settings;
    const bool kept = std::ranges::count(settings.kept_origins, token.issue.origin) != 0;
    if (settings.nobody || (kept && command_->who.kind != 3)) return "not_revocable";
  }
  return {};
}

std::string Model::on(const Revoke& revoke) {
  if (revoke.reason.size() > 8192) return "too_large";
  // The later causes are the ledger's own words.
  if (revoke.cause > 10) return "invalid_argument";
  if ((command_->who.kind == 3) != (revoke.cause == 3)) return "invalid_argument";
  const auto* token = is_retired(revoke.token) ? nullptr : find(revoke.token);
  if (command_->who.kind == 3) {
    // RFC 7009 2.1: its own tokens, unless an API leaves revoking to administrators (Z05).
    if (token == nullptr || token->issue.client != command_->who.client) return "token_not_found";
    for (const auto& at : token->issue.apis) {
      if (at.api != 0 && api(at.api)->settings.admins_only) return "insufficient_scope";
    }
  } else if (!may("tokens:revoke")) {
    return "insufficient_scope";
  }
  if (token == nullptr) return is_retired(revoke.token) ? "not_active" : "token_not_found";
  if (auto no = revocable(*token); !no.empty()) return no;
  if (!is_cause(revoke.cause, 10)) return "invalid_argument";
  log("token_revoked");
  const_cast<Token*>(token)->ends.push_back(
      {last_seq, last_at, kCauses[revoke.cause], command_->who, true});
  return {};
}

std::string Model::on(const RevokeMany& revoke) {
  if (revoke.reason.size() > 8192) return "too_large";
  if (!may("tokens:revoke")) return "insufficient_scope";
  const auto known = [&](std::size_t count) { return revoke.id != 0 && revoke.id <= count; };
  switch (revoke.selector) {
    case 1:
      if (!known(clients.size())) return "client_not_found";
      break;
    case 2:
      if (!known(apis.size())) return "api_not_found";
      break;
    case 3:
      if (!known(grants.size())) return "grant_not_found";
      break;
    case 4:
      if (!known(keys.size())) return "key_not_found";
      break;
    case 5:
      if (revoke.id != 0) return "invalid_argument";
      break;
    default: return "invalid_argument";
  }
  const auto before = revoke.before.value_or(last_seq + 1);
  if (before == 0 || before > last_seq + 1 || !is_cause(revoke.cause, 9)) return "invalid_argument";
  log("tokens_revoked");
  cascade(revoke.selector, revoke.id, before, kCauses[revoke.cause]);
  return {};
}

std::string Model::on(const RevokeList& revoke) {
  if (revoke.reason.size() > 8192) return "too_large";
  if (!may("tokens:revoke")) return "insufficient_scope";
  if (revoke.tokens.size() > 4096) return "too_large";
  const std::set<TokenName> sorted(revoke.tokens.begin(), revoke.tokens.end());
  const bool in_order = std::vector(sorted.begin(), sorted.end()) == revoke.tokens;
  if (revoke.tokens.empty() || !in_order || revoke.cause == 3 || revoke.cause > 10)
    return "invalid_argument";
  std::vector<Token*> good;
  for (const auto& name : revoke.tokens) {
    const auto* token = is_retired(name) ? nullptr : find(name);
    if (token == nullptr) continue;
    const auto no = revocable(*token);
    if (no == "not_active") continue;
    if (!no.empty()) return no;
    if (!is_cause(revoke.cause, 10)) return "invalid_argument";
    good.push_back(const_cast<Token*>(token));
  }
  if (good.empty()) return "not_active";
  for (auto* token : good) {
    log("token_revoked");
    token->ends.push_back({last_seq, last_at, kCauses[revoke.cause], command_->who, true});
  }
  return {};
}

std::string Model::on(const Sweep& sweep) {
  if (command_->who.kind != 1) return "insufficient_scope";
  if (sweep.to <= swept_to || sweep.to > seconds(now_)) return "sweep_mismatch";
  if (sweep.tokens != expiring(swept_to, sweep.to)) return "sweep_mismatch";
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const auto below = sweep.retire_below[lane];
    if (below == 0) continue;
    if (below % kChunk != 0 || below <= oldest[lane]) return "invalid_argument";
    for (const auto& token : tokens) {
      const auto& name = token.issue.token;
      if (name.lane != static_cast<int>(lane) || is_retired(name)) continue;
      if (name.counter < below && token.issue.expires_at > sweep.to) return "sweep_mismatch";
    }
  }
  log("tokens_expired");
  swept_to = sweep.to;
  for (std::size_t lane = 0; lane < kLanes; ++lane)
    oldest[lane] = std::max(oldest[lane], sweep.retire_below[lane]);
  return {};
}

std::string Model::issue_authority(const Issue& issue) const {
  if (command_->who.kind == 3) {
    if (command_->who.client != issue.client) return "insufficient_scope";
    return issue.grant == 0 ? "grant_not_found" : "";
  }
  if (!may("tokens:create")) return "insufficient_scope";
  for (const auto& at : issue.apis) {
    if (at.api != 0 && api(at.api) != nullptr && !covers(at.api, names_of(at.api, at.mask)))
      return "insufficient_scope";
  }
  return {};
}

std::string Model::issue_policy(const Issue& issue, const ApiAndMask& at) const {
  const auto* record = api(at.api);
  if (record == nullptr || record->deleted) return "api_not_found";
  const auto& client = clients[issue.client - 1];
  const auto wanted = names_of(at.api, at.mask);
  const auto within = [&](const std::vector<std::string>& allowed) {
    return std::ranges::all_of(
        wanted, [&](const auto& name) { return std::ranges::count(allowed, name) != 0; });
  };
  if (client.built_in) {
    if (issue.grant != 0) return "invalid_argument";
  } else {
    const auto grant = live_grant(issue.client, at.api);
    if (grant == 0) return "grant_not_found";
    if (grant != issue.grant) return "stale_policy";
    if (!within(grants[grant - 1].scopes)) return "scope_not_granted";
  }
  const auto& settings = record->settings;
  if (!within(settings.scopes)) return "scope_unknown";
  const auto lifetime = issue.expires_at - issue.issued_at;
  if (issue.default_lifetime && lifetime != settings.lifetime) return "stale_policy";
  if (lifetime > settings.lifetime_max) return "lifetime_too_long";
  const bool is_hs256 = settings.algorithm == 4;
  const auto format = is_hs256                            ? 1
                      : client.settings.token_format != 0 ? client.settings.token_format
                                                          : settings.token_format;
  if (issue.kind != format) return "stale_policy";
  if (format == 2) return issue.key == 0 ? "" : "invalid_argument";
  if (issue.key == 0 || issue.key > keys.size()) return "key_not_found";
  const auto& key = keys[issue.key - 1];
  if (key.retired || key.algorithm != settings.algorithm) return "stale_policy";
  return key.api == (is_hs256 ? at.api : 0) ? "" : "stale_policy";
}

// Time and index: what may have moved since the token was signed.
std::string Model::issue_place(const Issue& issue) const {
  const auto now = seconds(now_);
  if (issue.issued_at > now || now - issue.issued_at > 2) return "stale_policy";
  if (issue.expires_at <= now || issue.expires_at <= swept_to) return "expiry_in_the_past";
  const auto lifetime = issue.expires_at - issue.issued_at;
  const int lane = lifetime <= 3600 ? 0 : lifetime <= 86'400 ? 1 : lifetime <= 2'678'400 ? 2 : 3;
  if (issue.token.lane != lane) return "invalid_argument";
  const auto at = static_cast<std::size_t>(lane);
  if (openings.empty() || issue.token.counter < openings.back()[at]) return "stale_policy";
  if (is_retired(issue.token)) return "stale_policy";
  if (issue.token.counter / kChunk >= oldest[at] / kChunk + chunks_per_lane_)
    return "limit_reached";
  return find(issue.token) == nullptr ? "" : "stale_policy";
}

std::string Model::on(const Issue& issue) {
  for (std::size_t i = 0; i < issue.apis.size(); ++i) {
    const auto& at = issue.apis[i];
    if (at.api == 0 ? i == 0 || at.mask != 0 : i > 0 && at.api <= issue.apis[i - 1].api)
      return "invalid_argument";
  }
  if (issue.name.size() > 200 || std::ranges::count(issue.name, '\n') != 0)
    return "invalid_argument";
  if (issue.owner.size() > 8192) return "too_large";
  if (issue.expires_at <= issue.issued_at) return "expiry_in_the_past";
  if (issue.client == 0 || issue.client > clients.size()) return "client_not_found";
  const auto& client = clients[issue.client - 1];
  if (client.status == "deleted") return "client_not_found";
  if (auto no = issue_authority(issue); !no.empty()) return no;
  if (client.status == "disabled") return "client_disabled";
  for (const auto& at : issue.apis) {
    if (at.api == 0) continue;
    if (auto no = issue_policy(issue, at); !no.empty()) return no;
  }
  if (auto no = issue_place(issue); !no.empty()) return no;
  for (const auto owner : erased)
    if (issue.owner.starts_with(owner_key_bytes(owner))) return "stale_policy";
  const auto limit = client.settings.live_tokens_max;
  const auto live = std::ranges::count_if(tokens, [&](const Token& token) {
    return token.issue.client == issue.client && token.issue.expires_at > swept_to;
  });
  if (static_cast<std::uint64_t>(live) >= (limit == 0 ? 1u << 24 : limit))
    return "too_many_live_tokens";
  log("token_issued");
  tokens.push_back({issue, command_->who, last_seq, last_at, {}});
  return {};
}

}  // namespace oracle

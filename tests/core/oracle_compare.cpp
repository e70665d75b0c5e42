#include "tests/core/oracle_compare.hpp"

#include <algorithm>

namespace oracle {
namespace {

namespace tl = tokenledger;

#define ORACLE_SAME(got, want)                 \
  if (!((got) == (want))) return std::string { \
      #got " differs from " #want              \
    }

std::string text(tl::ClientStatus status) {
  switch (status) {
    case tl::ClientStatus::enabled: return "enabled";
    case tl::ClientStatus::disabled: return "disabled";
    case tl::ClientStatus::deleted: return "deleted";
  }
  return {};
}

// The model never combines selectors into one number; here they are, one by one, on both sides.
std::string compare_watermark(const Model& model, const tl::ValidityIndex& index, int selector,
                              std::uint32_t id, tl::Sequence in_state) {
  const auto want = model.watermark(selector, id);
  ORACLE_SAME(in_state.value(), want);
  const tl::Selector of{static_cast<tl::SelectorKind>(selector), id};
  ORACLE_SAME(index.watermark(of).value(), want);
  return {};
}

std::string compare_client(const Model& model, const tl::State& state,
                           const tl::ValidityIndex& index, std::size_t at) {
  const auto& got = state.registries.clients()[at];
  const auto& want = model.clients[at];
  ORACLE_SAME(got.number.value(), at + 1);
  ORACLE_SAME(got.client_id, want.id);
  ORACLE_SAME(got.built_in, want.built_in);
  ORACLE_SAME(text(got.status), want.status);
  ORACLE_SAME(got.generation.value(), want.generation);
  ORACLE_SAME(got.settings.name, want.settings.name);
  ORACLE_SAME(got.settings.redirect_uris, want.settings.redirect_uris);
  const auto format = got.settings.token_format ? static_cast<int>(*got.settings.token_format) : 0;
  ORACLE_SAME(format, want.settings.token_format);
  ORACLE_SAME(got.settings.live_tokens_max, want.settings.live_tokens_max);
  ORACLE_SAME(got.created_at.value(), want.created_at);
  ORACLE_SAME(got.updated_seq.value(), want.updated_seq);
  return compare_watermark(model, index, 1, got.number.value(), got.revoked_before);
}

std::string compare_api(const Model& model, const tl::State& state, const tl::ValidityIndex& index,
                        std::size_t at) {
  const auto& got = state.registries.apis()[at];
  const auto& want = model.apis[at];
  ORACLE_SAME(got.identifier, want.identifier);
  ORACLE_SAME(got.built_in, want.built_in);
  ORACLE_SAME(got.deleted, want.deleted);
  ORACLE_SAME(got.scope_names, want.names_ever);
  ORACLE_SAME(got.secret_key.value(), want.own_key);
  ORACLE_SAME(got.settings.token_lifetime_s, want.settings.lifetime);
  ORACLE_SAME(got.settings.token_lifetime_max_s, want.settings.lifetime_max);
  ORACLE_SAME(static_cast<int>(got.settings.signing_alg), want.settings.algorithm);
  ORACLE_SAME(got.updated_seq.value(), want.updated_seq);
  ORACLE_SAME(index.names().api(got.number), want.identifier);
  return compare_watermark(model, index, 2, got.number.value(), got.revoked_before);
}

std::string compare_idempotency(const Model& model, const tl::State& state) {
  const auto want = model.remembered();
  ORACLE_SAME(state.idempotency.size(), want.size());
  ORACLE_SAME(state.idempotency_order.size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    const auto command = translate(Command{{}, {}, want[i].once, Note{}});
    ORACLE_SAME(state.idempotency_order[i], command.idempotency->key);
    const auto found = state.idempotency.find(command.idempotency->key);
    if (found == state.idempotency.end()) return "an Idempotency-Key is lost";
    ORACLE_SAME(found->second.body, command.idempotency->body);
    ORACLE_SAME(found->second.seq.value(), want[i].seq);
    ORACLE_SAME(found->second.at.value(), want[i].at);
  }
  return {};
}

std::string compare_classes(const Model& model, const tl::State& state) {
  const auto want = model.classes();
  std::map<std::uint32_t, std::uint32_t> per_client;
  std::size_t used = 0;
  for (std::uint32_t i = 0; i < state.classes.size(); ++i) {
    const auto& slot = state.classes[i];
    if (slot.tokens == 0) continue;
    ++used;
    ++per_client[slot.token_class.client.value()];
    const auto number = state.class_numbers.find(slot.token_class);
    if (number == state.class_numbers.end() || number->second.value() != i + 1)
      return "a class is not found by its value";
  }
  ORACLE_SAME(used, want.size());
  ORACLE_SAME(state.class_numbers.size(), want.size());
  ORACLE_SAME(state.classes.size(), want.size() + state.free_classes.size());
  for (const auto& [key, count] : want) {
    Issue issue;
    std::tie(issue.client, issue.grant, issue.key, issue.apis) = key;
    const auto number = state.class_numbers.find(class_of(issue));
    if (number == state.class_numbers.end()) return "a class is missing";
    ORACLE_SAME(state.classes[number->second.value() - 1].tokens, count);
  }
  ORACLE_SAME(state.classes_of_client.size(), per_client.size());
  for (const auto& [client, count] : per_client)
    ORACLE_SAME(state.classes_of_client.find(client)->second, count);
  return {};
}

std::string compare_lane(const Model& model, const tl::State& state, const tl::ValidityIndex& index,
                         std::size_t lane) {
  const auto& got = state.lanes[lane];
  const auto oldest = model.oldest[lane];
  const auto next = model.next_counter(static_cast<int>(lane));
  ORACLE_SAME(got.oldest, oldest);
  ORACLE_SAME(got.next, next);
  ORACLE_SAME(index.oldest_chunk(static_cast<tl::Lane>(lane)), oldest / kChunk);
  std::vector<std::uint32_t> latest((next - oldest + kChunk - 1) / kChunk);
  for (const auto& token : model.tokens) {
    const auto& name = token.issue.token;
    if (name.lane != static_cast<int>(lane) || name.counter < oldest) continue;
    auto& second = latest[(name.counter - oldest) / kChunk];
    second = std::max(second, token.issue.expires_at);
  }
  ORACLE_SAME(got.chunk_expires_at.size(), latest.size());
  for (std::size_t i = 0; i < latest.size(); ++i)
    ORACLE_SAME(got.chunk_expires_at[i].value(), latest[i]);
  return {};
}

std::string compare_token(const Model& model, const tl::State& state,
                          const tl::ValidityIndex& index, const Token& token) {
  const auto name = translate(token.issue.token);
  const auto entry = index.find(name);
  ORACLE_SAME(entry.has_value(), !model.is_retired(token.issue.token));
  ORACLE_SAME(state.find(index, name), entry);
  if (!entry) {
    ORACLE_SAME(index.is_revoked_individually(name), false);
    return {};
  }
  ORACLE_SAME(entry->fingerprint, tl::Fingerprint::of(digest_of(token.issue.secret)));
  ORACLE_SAME(entry->expires_at.value(), token.issue.expires_at);
  ORACLE_SAME(entry->issued_seq.value(), token.seq);
  ORACLE_SAME(static_cast<int>(entry->kind), token.issue.kind);
  const auto* in_state = state.find_class(entry->token_class);
  if (in_state == nullptr) return "a token's class is free";
  ORACLE_SAME(*in_state, class_of(token.issue));
  ORACLE_SAME(index.find_class(name), class_of(token.issue));
  const bool own = std::ranges::any_of(token.ends, &End::is_own);
  ORACLE_SAME(index.is_revoked_individually(name), own);
  ORACLE_SAME(state.is_revoked(index, name), own);
  const bool cascaded = !std::ranges::all_of(token.ends, &End::is_own);
  ORACLE_SAME(state.is_cascaded(*entry), cascaded);
  return {};
}

const char* text(tl::Verdict verdict) {
  switch (verdict) {
    case tl::Verdict::good: return "good";
    case tl::Verdict::not_good: return "not_good";
    case tl::Verdict::insufficient_scope: return "insufficient_scope";
    case tl::Verdict::ask_status: return "ask_status";
  }
  return "";
}

std::string compare_check(const Model& model, const tl::ValidityIndex& index, const Token& token,
                          Generator& random) {
  const auto name = translate(token.issue.token);
  const auto fingerprint = tl::Fingerprint::of(digest_of(token.issue.secret));
  const auto api =
      random.chance(80) ? token.issue.apis[0].api : 1 + random.below(model.apis.size());
  const auto& identifier = model.apis[api - 1].identifier;
  std::vector<std::string> scopes;
  for (const auto& scope : model.apis[api - 1].names_ever) {
    if (scopes.size() < 2 && random.chance(15)) scopes.push_back(scope);
  }
  const std::vector<std::string_view> required(scopes.begin(), scopes.end());
  const auto second = static_cast<std::uint32_t>(model.last_at / kSecond) + random.below(4);
  const auto now = tl::UnixSeconds{second};
  const auto want = model.check(token, identifier, scopes, second);
  ORACLE_SAME(text(index.check(name, fingerprint, identifier, required, now)), want);
  ORACLE_SAME(text(index.check_without_fingerprint(name, identifier, required, now)), want);
  const auto other = tl::Fingerprint{fingerprint.word0, fingerprint.word1 ^ 1};
  ORACLE_SAME(index.check(name, other, identifier, required, now), tl::Verdict::not_good);
  // By number an API is what it was when the token was issued, whatever its identifier names today.
  const auto in_token = std::ranges::find(token.issue.apis, api, &ApiAndMask::api);
  const bool names_api = in_token != token.issue.apis.end();
  const auto mask = model.mask_of(api, scopes);
  const auto verdict = index.check(name, fingerprint, tl::ApiNumber{api}, mask, now);
  if (names_api) ORACLE_SAME(text(verdict), want);
  if (!names_api) ORACLE_SAME(verdict, tl::Verdict::not_good);
  return {};
}

}  // namespace

std::string compare_registries(const Model& model, const tl::State& state,
                               const tl::ValidityIndex& index) {
  const auto& got = state.registries;
  ORACLE_SAME(got.clients().size(), model.clients.size());
  ORACLE_SAME(got.apis().size(), model.apis.size());
  ORACLE_SAME(got.grants().size(), model.grants.size());
  ORACLE_SAME(got.keys().size(), model.keys.size());
  for (std::size_t i = 0; i < model.clients.size(); ++i) {
    if (auto no = compare_client(model, state, index, i); !no.empty()) return no;
  }
  for (std::size_t i = 0; i < model.apis.size(); ++i) {
    if (auto no = compare_api(model, state, index, i); !no.empty()) return no;
  }
  for (std::uint32_t i = 0; i < model.grants.size(); ++i) {
    const auto& grant = got.grants()[i];
    const auto& want = model.grants[i];
    ORACLE_SAME(grant.client.value(), want.client);
    ORACLE_SAME(grant.api.value(), want.api);
    ORACLE_SAME(grant.scope_mask, model.mask_of(want.api, want.scopes));
    ORACLE_SAME(grant.removed, want.removed);
    ORACLE_SAME(grant.updated_seq.value(), want.updated_seq);
    if (auto no = compare_watermark(model, index, 3, i + 1, grant.revoked_before); !no.empty())
      return no;
  }
  for (std::uint32_t i = 0; i < model.keys.size(); ++i) {
    const auto& key = got.keys()[i];
    ORACLE_SAME(key.kid, model.keys[i].kid);
    ORACLE_SAME(static_cast<int>(key.algorithm), model.keys[i].algorithm);
    ORACLE_SAME(key.api.value(), model.keys[i].api);
    ORACLE_SAME(key.status == tl::KeyStatus::retired, model.keys[i].retired);
    if (auto no = compare_watermark(model, index, 4, i + 1, key.revoked_before); !no.empty())
      return no;
  }
  return compare_watermark(model, index, 5, 0, got.all_revoked_before());
}

std::string compare_counts(const Model& model, const tl::State& state,
                           const tl::ValidityIndex& index) {
  ORACLE_SAME(state.last_seq.value(), model.last_seq);
  ORACLE_SAME(state.last_recorded_at.value(), model.last_at);
  ORACLE_SAME(state.expired_upto.value(), model.swept_to);
  ORACLE_SAME(state.tokens_issued, model.tokens.size());
  const auto swept = model.expiring(0, model.swept_to).size();
  ORACLE_SAME(state.tokens_swept, swept);
  ORACLE_SAME(state.erased_owners.size(), model.erased.size());
  ORACLE_SAME(state.erased_owner_set.size(), model.erased.size());
  for (std::size_t i = 0; i < model.erased.size(); ++i)
    ORACLE_SAME(state.erased_owners[i], owner_key(model.erased[i]));
  ORACLE_SAME(state.incarnations.size(), model.openings.size());
  for (std::size_t i = 0; i < model.openings.size(); ++i)
    ORACLE_SAME(state.incarnations[i].lane_start, model.openings[i]);
  std::map<std::uint32_t, std::uint32_t> expiring;
  for (const auto& token : model.expiring(model.swept_to, UINT32_MAX)) ++expiring[token.expires_at];
  ORACLE_SAME(state.expiring, expiring);
  const std::map<std::uint32_t, std::uint32_t> live{state.live_tokens_of_client.begin(),
                                                    state.live_tokens_of_client.end()};
  std::map<std::uint32_t, std::uint32_t> unswept;
  for (const auto& token : model.tokens)
    if (token.issue.expires_at > model.swept_to) ++unswept[token.issue.client];
  ORACLE_SAME(live, unswept);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    if (auto no = compare_lane(model, state, index, lane); !no.empty()) return no;
  }
  if (auto no = compare_classes(model, state); !no.empty()) return no;
  return compare_idempotency(model, state);
}

std::string compare_tokens(const Model& model, const tl::State& state,
                           const tl::ValidityIndex& index, Generator& random) {
  for (const auto& token : model.tokens) {
    auto no = compare_token(model, state, index, token);
    if (no.empty()) no = compare_check(model, index, token, random);
    if (!no.empty()) return "token issued at seq " + std::to_string(token.seq) + ": " + no;
  }
  return {};
}

std::string compare_statuses(const Model& model, const Facts& facts, Generator& random) {
  if (model.last_seq == 0) return {};
  const auto seq = 1 + random.below(model.last_seq);
  const auto past = model.last_at - random.below(5000) * kSecond;
  for (const auto& [at_seq, at] :
       {std::pair{model.last_seq, model.last_at}, std::pair{std::uint64_t{seq}, past},
        std::pair{std::uint64_t{seq}, model.last_at}}) {
    std::array<std::uint64_t, 4> counts{};
    for (const auto& token : model.tokens) {
      const auto got =
          facts.status(translate(token.issue.token), tl::Sequence{at_seq}, tl::LedgerTime{at});
      ++counts[static_cast<std::size_t>(got.status)];
      if (auto no = difference(got, model.status(token, at_seq, at)); !no.empty())
        return "token issued at seq " + std::to_string(token.seq) + ": " + no;
    }
    const auto totals = model.totals(at_seq, at);
    ORACLE_SAME(counts[1], totals.active);
    ORACLE_SAME(counts[2], totals.revoked);
    ORACLE_SAME(counts[3], totals.expired);
    ORACLE_SAME(counts[1] + counts[2] + counts[3], totals.issued);
  }
  return {};
}

#undef ORACLE_SAME

}  // namespace oracle

#include <algorithm>

#include "core/decider.hpp"
#include "core/identity_scopes.hpp"
#include "core/sha256.hpp"
#include "core/token_list.hpp"
#include "core/validity_index.hpp"

namespace tokenledger {
namespace {

// Sealed before the owner was erased. Whoever erases next would find neither the token nor its key,
// so the caller seals again; what an owner's ciphertext begins with is the id of its key.
bool is_of_erased_owner(const State& state, const IssueToken& issue) {
  OwnerKeyId owner{};
  if (issue.owner.bytes.size() < owner.size()) return false;
  std::copy_n(issue.owner.bytes.begin(), owner.size(), owner.begin());
  return state.is_erased(owner);
}

inline constexpr std::uint32_t kIssueAgeSecondsMax = 2;  // between the signer's `iat` and deciding

TokenClass class_of(const IssueToken& issue) {
  return {.client = issue.client, .grant = issue.grant, .key = issue.key, .apis = issue.apis};
}

// Ascending by API, unused elements empty and at the end, at least one used.
bool is_well_formed(const std::array<ApiScopes, kApisPerTokenMax>& apis) {
  if (apis[0].api == ApiNumber{}) return false;
  for (std::size_t i = 1; i < apis.size(); ++i) {
    if (apis[i].api == ApiNumber{}) {
      if (apis[i].scope_mask != 0) return false;
    } else if (apis[i].api <= apis[i - 1].api) {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<void> Decider::check_issue_time(const IssueToken& issue) const {
  const auto now = to_seconds(now_);
  if (issue.issued_at > now || issue.issued_at.value() + kIssueAgeSecondsMax < now.value())
    return Errc::stale_policy;
  if (issue.expires_at <= now || issue.expires_at <= state_.expired_upto)
    return Errc::expiry_in_the_past;
  return {};
}

// An index that is used, retired, foreign to this incarnation or beyond the ring: the signer
// reserves another.
Result<void> Decider::check_issue_index(const IssueToken& issue) const {
  if (!issue.index.has_lane()) return Errc::invalid_argument;
  const auto lifetime = issue.expires_at.value() - issue.issued_at.value();
  if (issue.index.lane() != lane_for_lifetime(lifetime)) return Errc::invalid_argument;
  const auto& lane = state_.lanes[issue.index.lane_number()];
  const auto counter = issue.index.counter();
  if (state_.incarnations.empty()) return Errc::stale_policy;
  if (counter < lane.oldest) return Errc::stale_policy;
  if (counter < state_.incarnations.back().lane_start[issue.index.lane_number()])
    return Errc::stale_policy;
  if (!state_.has_room(index_, issue.index)) return Errc::limit_reached;
  if (counter < lane.next && state_.find(index_, issue.index)) return Errc::stale_policy;
  return {};
}

Result<void> Decider::check_issue_authority(const IssueToken& issue,
                                            const ClientRecord& client) const {
  // Tokens of users come from what the users allowed.
  const bool is_of_user = issue.user || issue.new_family || issue.subject != SubjectNumber{};
  if (is_of_user || !issue.nonce.empty()) return Errc::invalid_argument;
  if (command_.actor.kind == ActorKind::client) {
    const auto actor = authenticated_client();
    if (!actor) return actor.error();
    if ((*actor)->number != client.number) return Errc::insufficient_scope;
    // RFC 6749 §4.4: anybody can say that they are a public client.
    if (client.settings.is_public) return Errc::grant_type_refused;
    return issue.grant == GrantNumber{} ? Errc::grant_not_found : Result<void>{};
  }
  if (auto allowed = require_scope(ManagementScope::tokens_create); !allowed) return allowed;
  for (const auto& scopes : issue.apis) {
    if (scopes.api == ApiNumber{}) continue;
    if (auto covered = require_covers(scopes.api, scopes.scope_mask); !covered) return covered;
  }
  return {};
}

Result<void> Decider::check_issue_api(const IssueToken& issue, const ClientRecord& client,
                                      const ApiScopes& scopes, const ApiRecord& api) const {
  // Tokens of the built-in client are made by an administrator for nobody's grant; all others rest
  // on one. Identity scopes are the user's own to give.
  const bool is_identity = &api == identity_api();
  if (is_identity) {
    if (!issue.user) return Errc::grant_not_found;
    const bool is_alone = issue.apis[1].api == ApiNumber{};
    if (is_alone && issue.grant != GrantNumber{}) return Errc::invalid_argument;
  } else if (client.built_in) {
    if (issue.grant != GrantNumber{}) return Errc::invalid_argument;
  } else {
    const auto* grant = state_.registries.find_grant(client.number, api.number);
    if (grant == nullptr) return Errc::grant_not_found;
    if (grant->number != issue.grant) return Errc::stale_policy;
    if ((scopes.scope_mask & ~grant->scope_mask) != 0) return Errc::scope_not_granted;
  }
  if ((scopes.scope_mask & ~api.listed_mask()) != 0) return Errc::scope_unknown;
  // The other API says how its tokens are made.
  if (is_identity && issue.apis[1].api != ApiNumber{}) return {};

  const auto lifetime = issue.expires_at.value() - issue.issued_at.value();
  if (issue.default_lifetime && lifetime != api.settings.token_lifetime_s)
    return Errc::stale_policy;
  if (lifetime > api.settings.token_lifetime_max_s) return Errc::lifetime_too_long;

  const bool is_hs256 = api.settings.signing_alg == SignatureAlgorithm::hs256;
  const auto format =
      is_hs256 ? TokenKind::jwt : client.settings.token_format.value_or(api.settings.token_format);
  if (issue.kind != format) return Errc::stale_policy;
  if (format == TokenKind::opaque)
    return issue.key == KeyNumber{} ? Result<void>{} : Errc::invalid_argument;
  const auto* key = state_.registries.key(issue.key);
  if (key == nullptr) return Errc::key_not_found;
  if (key->status != KeyStatus::active || key->algorithm != api.settings.signing_alg)
    return Errc::stale_policy;
  if (is_hs256 ? issue.key != api.secret_key : key->api != ApiNumber{}) return Errc::stale_policy;
  return {};
}

Result<void> Decider::check_issue_shape(const IssueToken& issue) const {
  if (!is_well_formed(issue.apis)) return Errc::invalid_argument;
  if (!issue.name.empty() && !is_label(issue.name, kLabelBytesMax)) return Errc::invalid_argument;
  if (issue.owner.bytes.size() > kSealedBytesMax ||
      issue.extra_fields.bytes.size() > kSealedBytesMax) {
    return Errc::too_large;
  }
  // First of all rules about time: the others compute with the difference.
  return issue.expires_at <= issue.issued_at ? Errc::expiry_in_the_past : Result<void>{};
}

Result<void> Decider::operator()(const IssueToken& issue) {
  if (auto checked = check_issue_shape(issue); !checked) return checked;
  const auto* client = state_.registries.client(issue.client);
  if (client == nullptr || client->status == ClientStatus::deleted) return Errc::client_not_found;
  if (command_.actor.kind == ActorKind::user) return issue_implicitly(issue, *client);
  if (auto allowed = check_issue_authority(issue, *client); !allowed) return allowed;
  return issue_token(issue, *client);
}

// A class lasts as long as a chunk of tokens, and users choose among as many sets of scopes as
// there are: so that one user can't use up a client's classes, sets that are less than the consent
// get half of them, and nine tenths are for users at all.
std::uint32_t Decider::classes_max(const IssueToken& issue) const {
  if (!issue.user) return kClassesPerClientMax;
  const auto* consent = state_.people.consent(issue.user->consent);
  bool is_whole = consent != nullptr;
  for (const auto& scopes : issue.apis) {
    if (scopes.api == ApiNumber{} || !is_whole) continue;
    const auto listed = state_.registries.api(scopes.api)->listed_mask();
    const auto* grant = state_.registries.grant(issue.grant);
    const bool is_of_grant = grant != nullptr && grant->api == scopes.api;
    const auto whole =
        is_of_grant ? consent->scope_mask & grant->scope_mask & listed
                    : consent->identity_mask & listed & ~mask_of(IdentityScope::offline_access);
    is_whole = scopes.scope_mask == whole;
  }
  return is_whole ? kClassesPerClientMax / 10 * 9 : kClassesPerClientMax / 2;
}

Result<void> Decider::issue_token(const IssueToken& issue, const ClientRecord& client) {
  if (client.status == ClientStatus::disabled) return Errc::client_disabled;
  for (const auto& scopes : issue.apis) {
    if (scopes.api == ApiNumber{}) continue;
    const auto* api = state_.registries.api(scopes.api);
    if (api == nullptr || api->deleted) return Errc::api_not_found;
    if (auto checked = check_issue_api(issue, client, scopes, *api); !checked) return checked;
  }
  if (auto checked = check_issue_time(issue); !checked) return checked;
  if (auto checked = check_issue_index(issue); !checked) return checked;
  if (is_of_erased_owner(state_, issue)) return Errc::stale_policy;
  if (!state_.has_live_room(client)) return Errc::too_many_live_tokens;

  TokenIssued issued{.index = issue.index, .token_sha256 = issue.token_sha256};
  const auto token_class = class_of(issue);
  if (const auto known = state_.class_numbers.find(token_class);
      known != state_.class_numbers.end()) {
    issued.token_class = known->second;
  } else {
    const auto of_client = state_.classes_of_client.find(issue.client.value());
    const bool is_full =
        of_client != state_.classes_of_client.end() && of_client->second >= classes_max(issue);
    if (is_full) return Errc::limit_reached;
    issued.token_class = state_.free_classes.empty()
                             ? ClassNumber{static_cast<std::uint32_t>(state_.classes.size() + 1)}
                             : state_.free_classes.back();
    if (!is_class_number(issued.token_class)) return Errc::limit_reached;
    issued.new_class = token_class;
  }
  issued.issued_at = issue.issued_at;
  issued.expires_at = issue.expires_at;
  issued.kind = issue.kind;
  issued.origin = issue.origin;
  issued.subject = issue.subject;
  issued.name = issue.name;
  issued.owner = issue.owner;
  issued.extra_fields = issue.extra_fields;
  issued.user = issue.user;
  issued.nonce = issue.nonce;
  return emit(std::move(issued));
}

// Each listed token must expire in the range, each once; and each second's total must be the number
// that State counted: so a sweep can neither miss nor repeat nor invent a token.
Result<void> Decider::check_sweep(const SweepExpired& sweep) const {
  if (sweep.to <= state_.expired_upto || sweep.to > to_seconds(now_)) return Errc::sweep_mismatch;
  auto second = state_.expiring.begin();
  std::uint32_t left = 0;
  UnixSeconds current;
  const ExpiringToken* previous = nullptr;
  for (const auto& token : sweep.tokens) {
    if (previous != nullptr && token <= *previous) return Errc::sweep_mismatch;
    previous = &token;
    if (token.expires_at != current) {
      if (left != 0 || second == state_.expiring.end() ||
          second->first != token.expires_at.value()) {
        return Errc::sweep_mismatch;
      }
      current = token.expires_at;
      left = second->second;
      ++second;
    }
    const auto entry = state_.find(index_, token.index);
    if (!entry || entry->expires_at != token.expires_at || left == 0) return Errc::sweep_mismatch;
    --left;
  }
  const bool is_complete =
      left == 0 && (second == state_.expiring.end() || second->first > sweep.to.value());
  const bool is_inside = previous == nullptr || previous->expires_at <= sweep.to;
  return is_complete && is_inside ? Result<void>{} : Errc::sweep_mismatch;
}

Result<void> Decider::check_retire(const SweepExpired& sweep, std::size_t lane_number) const {
  const auto below = sweep.retire_below[lane_number];
  if (below == 0) return {};
  const auto& lane = state_.lanes[lane_number];
  if (below % kChunkTokens != 0 || below <= lane.oldest) return Errc::invalid_argument;
  // Chunks in which nothing was ever issued hold only holes, and holes count as expired.
  const auto chunks =
      std::min<std::uint64_t>((below - lane.oldest) / kChunkTokens, lane.chunk_expires_at.size());
  const auto end = lane.chunk_expires_at.begin() + static_cast<std::ptrdiff_t>(chunks);
  const bool all_expired = std::all_of(lane.chunk_expires_at.begin(), end,
                                       [&](UnixSeconds last) { return last <= sweep.to; });
  return all_expired ? Result<void>{} : Errc::sweep_mismatch;
}

Result<void> Decider::operator()(const SweepExpired& sweep) {
  if (auto allowed = require_system(); !allowed) return allowed;
  if (auto checked = check_sweep(sweep); !checked) return checked;
  for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
    if (auto checked = check_retire(sweep, lane); !checked) return checked;
  }
  auto parts = encode_token_list(state_.expired_upto, sweep.tokens);
  if (parts.empty()) parts.emplace_back();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    TokensExpired expired{.from = state_.expired_upto, .to = sweep.to, .count = parts[i].count};
    const auto digest = sha256(parts[i].bytes);
    std::copy_n(digest.begin(), expired.digest.size(), expired.digest.begin());
    expired.tokens = std::move(parts[i].bytes);
    expired.complete = i + 1 == parts.size();
    if (expired.complete) expired.retire_below = sweep.retire_below;
    if (auto emitted = emit(std::move(expired)); !emitted) return emitted;
  }
  return {};
}

}  // namespace tokenledger

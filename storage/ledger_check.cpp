// The read side of Ledger: checks, rows, lists.
#include <algorithm>

#include "core/invariant.hpp"
#include "core/sha256.hpp"
#include "core/token_format.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

void describe(const TokenClass& token_class, std::string_view audience,
              const Registries& registries, CheckAnswer& answer) {
  if (const auto* client = registries.client(token_class.client))
    answer.client_id = client->client_id;
  for (const auto& scopes : token_class.apis) {
    const auto* api = registries.api(scopes.api);
    if (api == nullptr) continue;
    if (!answer.audience.empty() && api->identifier != audience) continue;
    answer.audience = api->identifier;
    answer.scope = api->scope_string(scopes.scope_mask);
  }
}

bool has_scopes(std::string_view granted, std::span<const std::string_view> required) {
  const auto has = [&](std::string_view name) {
    for (std::size_t at = 0; at < granted.size();) {
      const auto end = std::min(granted.find(' ', at), granted.size());
      if (granted.substr(at, end - at) == name) return true;
      at = end + 1;
    }
    return false;
  };
  return std::ranges::all_of(required, has);
}

CheckFailure failure_of(TokenStatus status) {
  switch (status) {
    case TokenStatus::active: return CheckFailure::none;
    case TokenStatus::revoked: return CheckFailure::revoked;
    case TokenStatus::expired: return CheckFailure::expired;
    case TokenStatus::unknown: return CheckFailure::unknown;
  }
  return CheckFailure::unavailable;
}

// A token whose place in the log is known: fills the answer from the index while it is good, else
// from the views.
class Inquiry {
 public:
  Inquiry(const LedgerCore& core, TokenIndex index, CheckAnswer& answer)
      : core_{core}, index_{index}, answer_{answer}, entry_{core.index.find(index)} {}

  // Whether the token's SHA-256 is this one. Falls to the log for a retired token; when that can't
  // be read the failure says so.
  [[nodiscard]] bool matches(const Digest& digest) {
    if (entry_) return entry_->fingerprint == Fingerprint::of(digest);
    if (!load_row()) {
      if (views_failed_) answer_.failure = CheckFailure::unavailable;
      return false;
    }
    const auto bytes = core_.log->get(row_->issued_seq);
    const auto event = bytes ? decode_event(*bytes) : Result<Event>{bytes.error()};
    const auto* issued = event ? std::get_if<TokenIssued>(&event->payload) : nullptr;
    if (issued == nullptr) answer_.failure = CheckFailure::unavailable;
    return issued != nullptr && issued->token_sha256 == digest;
  }

  void answer(LedgerTime now, std::string_view audience) {
    const auto token_class = entry_ ? core_.index.find_class(index_) : std::optional<TokenClass>{};
    const bool is_live = entry_ && token_class && is_good(*token_class, now);
    if (is_live) {
      answer_.status = TokenStatus::active;
      fill(*token_class, entry_->expires_at, entry_->issued_seq, entry_->kind, audience);
    } else if (load_row()) {
      const auto status = core_.views->status_of(*row_, core_.signal.committed(), now);
      if (status.status == TokenStatus::active) {
        // The index ended it a moment ago and the views can't say why yet (INV-6).
        answer_.failure = CheckFailure::unavailable;
        return;
      }
      answer_.status = status.status;
      answer_.revocation = status.revocation;
      answer_.issued_at = row_->issued_at;
      fill(row_->token_class, row_->expires_at, row_->issued_seq, row_->kind, audience);
    } else if (views_failed_) {
      answer_.failure = CheckFailure::unavailable;
      return;
    }
    answer_.failure = failure_of(answer_.status);
  }

 private:
  [[nodiscard]] bool is_good(const TokenClass& token_class, LedgerTime now) const {
    if (to_seconds(now) >= entry_->expires_at || core_.index.is_revoked_individually(index_))
      return false;
    const auto ended_by = [&](SelectorKind kind, std::uint32_t id) {
      return entry_->issued_seq < core_.index.watermark({kind, id});
    };
    if (ended_by(SelectorKind::all, 0) ||
        ended_by(SelectorKind::client, token_class.client.value()))
      return false;
    if (token_class.grant != GrantNumber{} &&
        ended_by(SelectorKind::grant, token_class.grant.value()))
      return false;
    if (token_class.key != KeyNumber{} && ended_by(SelectorKind::key, token_class.key.value()))
      return false;
    return std::ranges::none_of(token_class.apis, [&](const ApiScopes& scopes) {
      return scopes.api != ApiNumber{} && ended_by(SelectorKind::api, scopes.api.value());
    });
  }

  bool load_row() {
    if (row_) return true;
    auto waited = core_.views->wait_for(core_.signal.committed(), kViewWaitMax);
    auto row =
        waited ? core_.views->token(index_) : Result<std::optional<TokenRow>>{waited.error()};
    if (!row) {
      views_failed_ = true;
      return false;
    }
    row_ = std::move(*row);
    return row_.has_value();
  }

  void fill(const TokenClass& token_class, UnixSeconds expires_at, Sequence seq, TokenKind kind,
            std::string_view audience) {
    answer_.expires_at = expires_at;
    answer_.issued_seq = seq;
    answer_.kind = kind;
    const std::shared_lock lock{core_.registries_mutex};
    describe(token_class, audience, core_.registries, answer_);
  }

  const LedgerCore& core_;
  TokenIndex index_;
  CheckAnswer& answer_;
  std::optional<IndexEntry> entry_;
  std::optional<TokenRow> row_;
  bool views_failed_ = false;
};

}  // namespace

bool Ledger::check(std::string_view token, std::string_view audience,
                   std::span<const std::string_view> scopes) const noexcept {
  const auto& core = *core_;
  if (token.size() > kTokenBytesMax || !core.can_answer()) return false;
  const auto located = locate_token(core.keys->seal_key(), token);
  if (!located) return false;
  core.index.prefetch(located->id.index);
  const auto fingerprint = Fingerprint::of(sha256(token));
  return core.index.check(located->id.index, fingerprint, audience, scopes, to_seconds(now())) ==
         Verdict::good;
}

CheckAnswer Ledger::check_detailed(std::string_view token, std::string_view audience,
                                   std::span<const std::string_view> scopes) const {
  CheckAnswer answer;
  const auto& core = *core_;
  const std::shared_lock files{core.files_mutex};
  if (!core.can_answer()) {
    answer.failure = CheckFailure::unavailable;
    return answer;
  }
  const auto located =
      token.size() > kTokenBytesMax ? std::nullopt : locate_token(core.keys->seal_key(), token);
  if (!located) return answer;
  answer.failure = CheckFailure::unknown;
  Inquiry inquiry{core, located->id.index, answer};
  if (!inquiry.matches(sha256(token))) return answer;
  answer.authenticated = true;
  answer.index = located->id.index;
  answer.jti = jti_of(located->id.index);
  inquiry.answer(now(), audience);
  if (answer.failure != CheckFailure::none) return answer;
  if (!audience.empty() && answer.audience != audience) {
    answer.failure = CheckFailure::wrong_audience;
  } else if (!has_scopes(answer.scope, scopes)) {
    answer.failure = CheckFailure::insufficient_scope;
  }
  return answer;
}

CheckAnswer Ledger::check_jti(std::string_view jti, const Digest* token_sha256) const {
  CheckAnswer answer;
  const std::shared_lock files{core_->files_mutex};
  if (!core_->can_answer()) {
    answer.failure = CheckFailure::unavailable;
    return answer;
  }
  const auto index = index_of(jti);
  answer.failure = CheckFailure::unknown;
  if (!index) return answer;
  Inquiry inquiry{*core_, *index, answer};
  if (token_sha256 != nullptr) {
    if (!inquiry.matches(*token_sha256)) return answer;
    answer.authenticated = true;
  }
  inquiry.answer(now(), {});
  if (answer.status == TokenStatus::unknown) return answer;
  answer.index = *index;
  answer.jti = jti;
  return answer;
}

std::optional<TokenIndex> Ledger::index_of(std::string_view jti) const noexcept {
  const auto sealed = core_->keys->seal_key().unseal(jti);
  if (!sealed) return std::nullopt;
  const auto* owner = owner_of(core_->incarnations, sealed->index);
  if (owner == nullptr || owner->incarnation != sealed->incarnation) return std::nullopt;
  return sealed->index;
}

std::string Ledger::jti_of(TokenIndex index) const {
  const auto* owner = owner_of(core_->incarnations, index);
  LEDGER_INVARIANT(owner != nullptr);
  return std::string{text_of(core_->keys->seal_key().seal(index, owner->incarnation))};
}

Result<ListedToken> Ledger::token(TokenIndex index) const {
  const std::shared_lock files{core_->files_mutex};
  if (auto readable = core_->check_readable(); !readable) return readable.error();
  const auto committed = core_->signal.committed();
  if (auto waited = core_->views->wait_for(committed, kViewWaitMax); !waited) return waited.error();
  auto row = core_->views->token(index);
  if (!row) return row.error();
  if (!*row) return Errc::token_not_found;
  ListedToken listed{std::move(**row), {}};
  listed.answer = core_->views->status_of(listed.row, core_->signal.committed(), now());
  return listed;
}

Result<Ledger::List> Ledger::list(const ListRequest& request) const {
  const std::shared_lock files{core_->files_mutex};
  if (auto readable = core_->check_readable(); !readable) return readable.error();
  const auto committed = core_->signal.committed();
  if (request.min_seq && *request.min_seq > committed) return Errc::sequence_in_future;
  if (request.as_of_seq && *request.as_of_seq > committed) return Errc::sequence_in_future;
  if (request.limit == 0 || request.limit > kPageRowsMax) return Errc::invalid_argument;
  ListQuery query;
  if (!request.client_id.empty()) {
    const std::shared_lock lock{core_->registries_mutex};
    const auto* client = core_->registries.find_client(request.client_id);
    if (client == nullptr) return Errc::client_not_found;
    query.client = client->number;
  }
  query.status = request.status;
  query.as_of_seq = request.as_of_seq.value_or(committed);
  query.as_of_time = request.as_of_time.value_or(now());
  query.below = request.below;
  query.limit = request.limit;
  if (auto waited = core_->views->wait_for(committed, kViewWaitMax); !waited) return waited.error();
  auto page = core_->views->list(query);
  if (!page) return page.error();
  return List{std::move(*page), query.as_of_seq, query.as_of_time};
}

Result<void> Ledger::wait_for_views(Sequence seq) const {
  const std::shared_lock files{core_->files_mutex};
  if (auto readable = core_->check_readable(); !readable) return readable.error();
  return core_->views->wait_for(seq, kViewWaitMax);
}

Result<StatusTotals> Ledger::totals() const {
  const std::shared_lock files{core_->files_mutex};
  if (auto readable = core_->check_readable(); !readable) return readable.error();
  const auto committed = core_->signal.committed();
  if (auto waited = core_->views->wait_for(committed, kViewWaitMax); !waited) return waited.error();
  return core_->views->totals(committed, now());
}

}  // namespace tokenledger

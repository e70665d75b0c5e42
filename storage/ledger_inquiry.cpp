// What a check says beyond yes and no. Memory answers nearly always; the views only know why a
// token was revoked, and what lies in chunks that were returned.
#include <algorithm>

#include "core/sha256.hpp"
#include "core/token_format.hpp"
#include "storage/forgery_watch.hpp"
#include "storage/ledger_core.hpp"
#include "storage/log_events.hpp"

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

enum class Sources : std::uint8_t { memory, memory_and_views };

// A token whose place in the log is known: fills the answer from the index where that can say, else
// from the views, or notes that they would be needed.
class Inquiry {
 public:
  Inquiry(const LedgerCore& core, TokenIndex index, Sources sources, CheckAnswer& answer)
      : core_{core},
        index_{index},
        sources_{sources},
        answer_{answer},
        entry_{core.index.find(index)} {}

  // Whether the token's SHA-256 is this one. Falls to the log for a retired token; when that can't
  // be read the failure says so.
  [[nodiscard]] bool matches(const Digest& digest) {
    if (entry_) return entry_->fingerprint == Fingerprint::of(digest);
    if (!load_row()) return false;
    const auto event = read_event(*core_.log, row_->issued_seq);
    const auto* issued = event ? std::get_if<TokenIssued>(&event->payload) : nullptr;
    if (issued == nullptr) answer_.failure = CheckFailure::unavailable;
    return issued != nullptr && issued->token_sha256 == digest;
  }

  void answer(LedgerTime now, std::string_view audience) {
    // What nothing ended, memory can tell. A cascade may have come before or after the expiry;
    // which, only the views know.
    if (const auto found = core_.index.find_unrevoked(index_, nullptr)) {
      const auto& entry = found->entry;
      const bool has_expired = to_seconds(now) >= entry.expires_at;
      answer_.status = has_expired ? TokenStatus::expired : TokenStatus::active;
      fill(found->token_class, entry.expires_at, entry.issued_seq, entry.kind, audience);
    } else if (load_row()) {
      const auto status = core_.views->status_of(*row_, core_.signal.committed(), now);
      if (!status || status->status == TokenStatus::active) {
        // They can't be read, or the index ended it a moment ago and they can't say why yet
        // (INV-6).
        answer_.failure = CheckFailure::unavailable;
        return;
      }
      answer_.status = status->status;
      answer_.revocation = status->revocation;
      answer_.issued_at = row_->issued_at;
      fill(row_->token_class, row_->expires_at, row_->issued_seq, row_->kind, audience);
    } else if (answer_.failure == CheckFailure::unavailable) {
      return;
    }
    answer_.failure = failure_of(answer_.status);
  }

  // The index holds a token of this index, this one or another.
  [[nodiscard]] bool is_in_memory() const { return entry_.has_value(); }
  // Memory alone could not answer.
  [[nodiscard]] bool needs_views() const { return needs_views_; }

 private:
  // False: never issued, or the failure says that nobody can tell.
  bool load_row() {
    if (row_) return true;
    // An index that memory would hold and does not was never issued.
    if (!entry_ && !core_.index.is_retired(index_)) return false;
    if (sources_ == Sources::memory) {
      needs_views_ = true;
      answer_.failure = CheckFailure::unavailable;
      return false;
    }
    auto waited = core_.views->wait_for(core_.signal.committed(), kViewWaitMax);
    auto row =
        waited ? core_.views->token(index_) : Result<std::optional<TokenRow>>{waited.error()};
    if (!row) {
      answer_.failure = CheckFailure::unavailable;
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
  Sources sources_;
  CheckAnswer& answer_;
  std::optional<IndexEntry> entry_;
  std::optional<TokenRow> row_;
  bool needs_views_ = false;
};

struct Inquired {
  CheckAnswer answer;
  bool needs_views = false;
};

Inquired inquire(const Ledger& ledger, std::string_view token, std::string_view audience,
                 std::span<const std::string_view> scopes, Sources sources) {
  Inquired inquired;
  auto& answer = inquired.answer;
  const auto& core = ledger.core();
  if (!core.can_answer()) {
    answer.failure = CheckFailure::unavailable;
    return inquired;
  }
  const auto located =
      token.size() > kTokenBytesMax ? std::nullopt : locate_token(core.keys->seal_key(), token);
  if (!located) {
    core.forgery_watch->offer(token);  // which ignores all but JWTs
    return inquired;
  }
  core.index.prefetch(located->id.index);
  answer.failure = CheckFailure::unknown;
  const auto digest = sha256(token);
  Inquiry inquiry{core, located->id.index, sources, answer};
  if (!inquiry.matches(digest)) {
    if (inquiry.is_in_memory()) core.forgery_watch->offer(token);
    inquired.needs_views = inquiry.needs_views();
    return inquired;
  }
  answer.authenticated = true;
  answer.index = located->id.index;
  answer.jti = ledger.jti_of(located->id.index);
  inquiry.answer(ledger.now(), audience);
  inquired.needs_views = inquiry.needs_views();
  if (answer.failure != CheckFailure::none) return inquired;
  if (!audience.empty() && answer.audience != audience) {
    answer.failure = CheckFailure::wrong_audience;
  } else if (!has_scopes(answer.scope, scopes)) {
    answer.failure = CheckFailure::insufficient_scope;
  }
  return inquired;
}

Inquired inquire_jti(const Ledger& ledger, std::string_view jti, const Digest* token_sha256,
                     Sources sources) {
  Inquired inquired;
  auto& answer = inquired.answer;
  const auto& core = ledger.core();
  if (!core.can_answer()) {
    answer.failure = CheckFailure::unavailable;
    return inquired;
  }
  const auto index = ledger.index_of(jti);
  answer.failure = CheckFailure::unknown;
  if (!index) return inquired;
  Inquiry inquiry{core, *index, sources, answer};
  if (token_sha256 != nullptr && !inquiry.matches(*token_sha256)) {
    inquired.needs_views = inquiry.needs_views();
    return inquired;
  }
  answer.authenticated = token_sha256 != nullptr;
  inquiry.answer(ledger.now(), {});
  inquired.needs_views = inquiry.needs_views();
  if (answer.status == TokenStatus::unknown) return inquired;
  answer.index = *index;
  answer.jti = jti;
  return inquired;
}

std::optional<CheckAnswer> from_memory(Inquired inquired) {
  if (inquired.needs_views) return std::nullopt;
  return std::move(inquired.answer);
}

}  // namespace

CheckAnswer Ledger::check_detailed(std::string_view token, std::string_view audience,
                                   std::span<const std::string_view> scopes) const {
  const std::shared_lock files{core_->files_mutex};
  return inquire(*this, token, audience, scopes, Sources::memory_and_views).answer;
}

std::optional<CheckAnswer> Ledger::check_in_memory(std::string_view token,
                                                   std::string_view audience,
                                                   std::span<const std::string_view> scopes) const {
  return from_memory(inquire(*this, token, audience, scopes, Sources::memory));
}

CheckAnswer Ledger::check_jti(std::string_view jti, const Digest* token_sha256) const {
  const std::shared_lock files{core_->files_mutex};
  return inquire_jti(*this, jti, token_sha256, Sources::memory_and_views).answer;
}

std::optional<CheckAnswer> Ledger::check_jti_in_memory(std::string_view jti,
                                                       const Digest* token_sha256) const {
  return from_memory(inquire_jti(*this, jti, token_sha256, Sources::memory));
}

std::optional<GoodToken> Ledger::inspect(std::string_view token) const noexcept {
  const auto& core = *core_;
  if (token.size() > kTokenBytesMax || !core.can_answer()) return std::nullopt;
  const auto located = locate_token(core.keys->seal_key(), token);
  if (!located) return std::nullopt;
  core.index.prefetch(located->id.index);
  const auto fingerprint = Fingerprint::of(sha256(token));
  const auto live = core.index.find_live(located->id.index, &fingerprint, to_seconds(now()));
  if (!live) return std::nullopt;
  return GoodToken{located->id.index, *live};
}

bool Ledger::can_answer() const noexcept { return core_->can_answer(); }

Result<TokenIndex> Ledger::identify(std::string_view token) const {
  const auto& core = *core_;
  if (auto readable = core.check_readable(); !readable) return readable.error();
  if (token.size() > kTokenBytesMax) return Errc::token_not_found;
  const auto located = locate_token(core.keys->seal_key(), token);
  if (!located) return Errc::token_not_found;
  const auto entry = core.index.find(located->id.index);
  const bool is_ours = entry && entry->fingerprint == Fingerprint::of(sha256(token));
  if (!is_ours) return Errc::token_not_found;
  return located->id.index;
}

}  // namespace tokenledger

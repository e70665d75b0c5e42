#include "tools/token_record.hpp"

#include "api/rfc3339.hpp"
#include "api/wire.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

Value text_or_null(std::string text) {
  if (text.empty()) return std::monostate{};
  return text;
}

Value opened(const Ledger& ledger, const Sealed& sealed) {
  auto plain = ledger.open_sealed(sealed);
  if (!plain) return std::monostate{};
  return text_or_null(std::move(*plain));
}

// As /v1/check says it: the cause of a revocation tells more than that there was one.
Value reason_of(const CheckAnswer& answer) {
  if (answer.failure == CheckFailure::none) return std::monostate{};
  if (answer.revocation) return std::string{cause_name(answer.revocation->cause)};
  return std::string{failure_name(answer.failure)};
}

std::string actor_name(const Ledger& ledger, const Actor& actor) {
  std::string name;
  ledger.with_registries([&](const Registries& registries) {
    name = actor_text(actor, registries, [&](TokenIndex index) { return ledger.jti_of(index); });
  });
  return name;
}

void append_revocation(const Ledger& ledger, const ListedToken& token, Record& record) {
  const auto& revocation = token.answer.revocation;
  if (!revocation) {
    record.emplace_back("revoked_at", std::monostate{});
    for (const auto* name : {"cause", "actor", "reason", "seq"})
      record.emplace_back(std::string{"revocation."} + name, std::monostate{});
    return;
  }
  const bool is_own = token.row.own_revocation && token.row.own_revocation->seq == revocation->seq;
  record.emplace_back("revoked_at", format_rfc3339(revocation->at));
  record.emplace_back("revocation.cause", std::string{cause_name(revocation->cause)});
  record.emplace_back("revocation.actor", actor_name(ledger, revocation->actor));
  record.emplace_back("revocation.reason", is_own ? opened(ledger, token.row.own_reason) : Value{});
  record.emplace_back("revocation.seq", revocation->seq.value());
}

}  // namespace

const std::vector<std::string>& token_columns() {
  static const std::vector<std::string> kColumns = {"jti",
                                                    "name",
                                                    "client_id",
                                                    "audience",
                                                    "scope",
                                                    "status",
                                                    "issued_at",
                                                    "expires_at",
                                                    "revoked_at",
                                                    "revocation.cause",
                                                    "revocation.actor",
                                                    "revocation.reason",
                                                    "revocation.seq",
                                                    "owner",
                                                    "extra_fields",
                                                    "origin",
                                                    "format",
                                                    "seq"};
  return kColumns;
}

const std::vector<std::string>& token_list_columns() {
  static const std::vector<std::string> kColumns = {"jti",   "name",   "client_id", "audience",
                                                    "scope", "status", "issued_at", "expires_at"};
  return kColumns;
}

Record token_record(const Ledger& ledger, const ListedToken& token) {
  const auto& row = token.row;
  std::string client_id, audience, scope;
  ledger.with_registries([&](const Registries& registries) {
    if (const auto* client = registries.client(row.token_class.client))
      client_id = client->client_id;
    std::tie(audience, scope) = audience_and_scope(row.token_class, registries);
  });
  Record record{{"jti", ledger.jti_of(row.index)},
                {"name", text_or_null(row.name)},
                {"client_id", client_id},
                {"audience", audience},
                {"scope", scope},
                {"status", std::string{status_name(token.answer.status)}},
                {"issued_at", format_rfc3339(row.issued_at)},
                {"expires_at", format_rfc3339(row.expires_at)}};
  append_revocation(ledger, token, record);
  record.emplace_back("owner", opened(ledger, row.owner));
  const auto extra = ledger.open_sealed(row.extra_fields);
  record.emplace_back("extra_fields", extra && !extra->empty() ? Value{RawJson{*extra}} : Value{});
  record.emplace_back("origin", std::string{origin_name(row.origin)});
  record.emplace_back("format", std::string{kind_name(row.kind)});
  record.emplace_back("seq", row.issued_seq.value());
  return record;
}

Record check_record(const Ledger& ledger, const CheckAnswer& answer) {
  Record record{
      {"good", answer.failure == CheckFailure::none},
      {"status", std::string{status_name(answer.status)}},
      {"reason", reason_of(answer)},
      {"authenticated", answer.authenticated},
      {"jti", text_or_null(answer.jti)},
      {"client_id", text_or_null(answer.client_id)},
      {"audience", text_or_null(answer.audience)},
      {"scope", text_or_null(answer.scope)},
      {"expires_at",
       answer.expires_at == UnixSeconds{} ? Value{} : Value{format_rfc3339(answer.expires_at)}},
      {"seq", answer.issued_seq == Sequence{} ? Value{} : Value{answer.issued_seq.value()}}};
  if (answer.revocation) {
    record.emplace_back("revocation.cause", std::string{cause_name(answer.revocation->cause)});
    record.emplace_back("revocation.actor", actor_name(ledger, answer.revocation->actor));
    record.emplace_back("revocation.seq", answer.revocation->seq.value());
  }
  return record;
}

std::pair<std::string, std::string> audience_and_scope(const TokenClass& token_class,
                                                       const Registries& registries) {
  const auto* api = registries.api(token_class.apis[0].api);
  if (api == nullptr) return {};
  return {api->identifier, api->scope_string(token_class.apis[0].scope_mask)};
}

std::string_view kind_name(TokenKind kind) noexcept {
  switch (kind) {
    case TokenKind::jwt: return "jwt";
    case TokenKind::opaque: return "opaque";
    case TokenKind::jwe: return "jwe";
  }
  return {};
}

std::string_view failure_name(CheckFailure failure) noexcept {
  switch (failure) {
    case CheckFailure::none: return "none";
    case CheckFailure::malformed: return "malformed";
    case CheckFailure::unknown: return "unknown";
    case CheckFailure::revoked: return "revoked";
    case CheckFailure::expired: return "expired";
    case CheckFailure::wrong_audience: return "wrong_audience";
    case CheckFailure::insufficient_scope: return "insufficient_scope";
    case CheckFailure::unavailable: return "unavailable";
  }
  return {};
}

}  // namespace tokenledger

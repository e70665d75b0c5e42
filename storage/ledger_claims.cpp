// The claims of a token from its issue event: what a JWT says, a JWE hides and an opaque token
// stands for.
#include "core/base64url.hpp"
#include "core/jwt.hpp"
#include "core/user_id.hpp"
#include "storage/issue_signing.hpp"
#include "storage/ledger_core.hpp"
#include "storage/status_list_reference.hpp"

namespace tokenledger {
namespace {

// The header as the signer wrote it; empty: the token is no JWT, or the key is unknown.
std::string header_json_of(const Registries& registries, KeyNumber number) {
  const auto* key = registries.key(number);
  if (key == nullptr) return {};
  return base64url_decode(jwt_header_part(key->algorithm, key->kid)).value_or(std::string{});
}

// sub; empty: the client itself. The ids of users, erased ones too, are known for good.
std::string subject_of(const LedgerCore& core, const TokenIssued& issued) {
  std::string name;
  if (issued.subject == SubjectNumber{}) return name;
  core.people.with_people([&](const People& people) {
    const auto* user = people.user(issued.subject);
    if (user != nullptr) name = user_id_text(user->id);
  });
  return name;
}

Result<IssuedClaims> claims_of(const LedgerCore& core, const GoodToken& token,
                               const std::vector<std::uint8_t>& bytes, std::string jti) {
  const auto event = decode_event(bytes);
  if (!event) return event.error();
  const auto* issued = std::get_if<TokenIssued>(&event->payload);
  if (issued == nullptr || issued->index != token.index) return Errc::log_corrupt;
  IssuedClaims made;
  auto& claims = made.claims;
  claims.jti = std::move(jti);
  claims.issuer = core.options.issuer;
  claims.expires_at = issued->expires_at;
  claims.issued_at = issued->issued_at;
  // Every token has a place, an opaque one too (B15: both formats stand for the same claims).
  // Nobody wrote down whether lists were kept then: a JWT that was made without them is shown with
  // its place all the same.
  const auto* const owner = owner_of(core.incarnations, token.index);
  if (owner != nullptr) claims.status = status_reference(core, token.index, owner->incarnation);
  claims.nonce = issued->nonce;
  if (issued->user) claims.signed_in_at = issued->user->auth_time;
  claims.subject = subject_of(core, *issued);
  // A user that is nowhere: say nothing rather than that it was the client.
  if (issued->subject != SubjectNumber{} && claims.subject.empty()) return Errc::log_corrupt;
  const std::shared_lock lock{core.registries_mutex};
  const auto& token_class = token.live.token_class;
  if (const auto* client = core.registries.client(token_class.client)) {
    claims.client_id = client->client_id;
    if (claims.subject.empty()) claims.subject = client->client_id;
  }
  IssuePolicy named;
  named.apis = token_class.apis;
  name_apis(core.registries, named);
  claims.audience = std::move(named.audience);
  claims.scope = std::move(named.scope);
  if (issued->kind == TokenKind::jwt)
    made.header_json = header_json_of(core.registries, token_class.key);
  return made;
}

}  // namespace

Result<IssuedClaims> Ledger::claims(const GoodToken& token) const {
  const std::shared_lock files{core_->files_mutex};
  if (auto readable = core_->check_readable(); !readable) return readable.error();
  const auto bytes = core_->log->get(token.live.entry.issued_seq);
  if (!bytes) return bytes.error();
  return claims_of(*core_, token, *bytes, jti_of(token.index));
}

std::optional<Result<IssuedClaims>> Ledger::claims_in_memory(const GoodToken& token) const {
  const std::shared_lock files{core_->files_mutex, std::try_to_lock};
  if (!files || !core_->check_readable()) return std::nullopt;
  const auto bytes = core_->log->get_in_memory(token.live.entry.issued_seq);
  if (!bytes) return std::nullopt;
  return claims_of(*core_, token, *bytes, jti_of(token.index));
}

}  // namespace tokenledger

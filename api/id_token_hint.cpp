#include "api/id_token_hint.hpp"

#include "core/id_token.hpp"
#include "core/jwt.hpp"
#include "core/user_id.hpp"
#include "storage/ledger_people.hpp"

namespace tokenledger {
namespace {

// One that still vouches for what it signed: retired ones do.
std::optional<VerifyKey> find_key(const Ledger& ledger, std::string_view kid) {
  SignatureAlgorithm algorithm{};
  std::string bytes;
  ledger.with_registries([&](const Registries& registries) {
    const auto* key = registries.find_key(kid);
    const bool may_be = key != nullptr && key->status != KeyStatus::revoked &&
                        key->status != KeyStatus::next && key->api == ApiNumber{};
    if (!may_be) return;
    algorithm = key->algorithm;
    bytes = key->public_key;
  });
  if (bytes.empty()) return std::nullopt;
  auto key = VerifyKey::from_public(algorithm, bytes_of(bytes));
  return key ? std::optional{std::move(*key)} : std::nullopt;
}

}  // namespace

HintVerdict judge_id_token_hint(const Ledger& ledger, const AuthorizationRequest& request,
                                UserNumber user) {
  if (request.id_token_hint.empty()) return HintVerdict::fits;
  const auto jwt = decode_unverified(request.id_token_hint);
  if (!jwt) return HintVerdict::bad;
  const auto key = find_key(ledger, jwt->key_id);
  if (!key) return HintVerdict::bad;
  const auto claims = verify_id_token(request.id_token_hint, *key, ledger.issuer());
  if (!claims || claims->client_id != request.client_id) return HintVerdict::bad;
  const auto found = ledger.people().user(user);
  const bool is_same = found && user_id_text(found->record.id) == claims->subject;
  return is_same ? HintVerdict::fits : HintVerdict::another;
}

}  // namespace tokenledger

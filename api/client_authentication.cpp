#include "api/client_authentication.hpp"

#include <algorithm>

#include "api/http_percent.hpp"
#include "core/base64url.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kScheme = "basic ";

bool has_scheme(std::string_view authorization) noexcept {
  if (authorization.size() < kScheme.size()) return false;
  return std::ranges::equal(authorization.substr(0, kScheme.size()), kScheme,
                            [](char byte, char wanted) {
                              return (byte >= 'A' && byte <= 'Z' ? byte + 32 : byte) == wanted;
                            });
}

}  // namespace

BasicField parse_basic(std::string_view authorization) {
  BasicField field;
  field.is_basic = has_scheme(authorization);
  if (!field.is_basic) return field;
  auto text = authorization.substr(kScheme.size());
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto decoded = base64_decode(text);
  if (!decoded) return field;
  const auto colon = decoded->find(':');
  if (colon == std::string::npos) return field;
  BasicCredentials plain{decoded->substr(0, colon), decoded->substr(colon + 1)};
  BasicCredentials encoded;
  const bool is_encoded =
      append_percent_decoded(encoded.client_id, plain.client_id, PlusSign::is_space) &&
      append_percent_decoded(encoded.secret, plain.secret, PlusSign::is_space);
  const bool is_same =
      is_encoded && encoded.client_id == plain.client_id && encoded.secret == plain.secret;
  if (is_encoded) field.encoded = std::move(encoded);
  if (!is_same) field.plain = std::move(plain);
  return field;
}

Result<Actor> authenticate(const Ledger& ledger, const BasicCredentials& credentials) {
  if (credentials.secret.empty() || credentials.secret.size() > kClientSecretBytesMax)
    return Errc::unauthorized_actor;
  Actor actor{.kind = ActorKind::client};
  const auto client =
      ledger.authenticate_client(credentials.client_id, credentials.secret, &actor.generation);
  if (!client) return client.error();
  actor.client = *client;
  return actor;
}

Result<Actor> authenticate(const Ledger& ledger, const BasicField& field) {
  Result<Actor> actor = Errc::unauthorized_actor;
  if (field.encoded) actor = authenticate(ledger, *field.encoded);
  if (!actor && field.plain) actor = authenticate(ledger, *field.plain);
  return actor;
}

}  // namespace tokenledger

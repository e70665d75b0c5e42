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

// What the record says of a client that is enabled and authenticates so. Copied: verifying takes
// too long for the registries' lock.
struct Registered {
  Actor actor;
  std::vector<ClientPublicKey> keys;
};
std::optional<Registered> find_enabled(const Ledger& ledger, std::string_view client_id,
                                       ClientAuthentication way) {
  std::optional<Registered> found;
  ledger.with_registries([&](const Registries& registries) {
    const auto* client = registries.find_client(client_id);
    if (client == nullptr || client->status != ClientStatus::enabled) return;
    if (client->settings.authentication != way) return;
    found = Registered{.actor = {.kind = ActorKind::client,
                                 .client = client->number,
                                 .generation = client->generation,
                                 .user = {},
                                 .token = {}},
                       .keys = client->settings.keys};
  });
  return found;
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

Result<Actor> authenticate(const Ledger& ledger, const BasicCredentials& credentials,
                           ClientAuthentication way) {
  if (credentials.secret.empty() || credentials.secret.size() > kClientSecretBytesMax)
    return Errc::unauthorized_actor;
  Actor actor{.kind = ActorKind::client};
  const auto client =
      ledger.authenticate_client(credentials.client_id, credentials.secret, &actor.generation, way);
  if (!client) return client.error();
  actor.client = *client;
  return actor;
}

Result<Actor> authenticate(const Ledger& ledger, const BasicField& field) {
  constexpr auto kWay = ClientAuthentication::basic;
  Result<Actor> actor = Errc::unauthorized_actor;
  if (field.encoded) actor = authenticate(ledger, *field.encoded, kWay);
  if (!actor && field.plain) actor = authenticate(ledger, *field.plain, kWay);
  return actor;
}

Result<Actor> authenticate_by_assertion(const Ledger& ledger, AssertionMemory& memory,
                                        std::string_view assertion, std::string_view client_id) {
  const auto subject = read_assertion_subject(assertion);
  if (!subject) return Errc::unauthorized_actor;
  if (!client_id.empty() && client_id != *subject) return Errc::unauthorized_actor;
  const auto found = find_enabled(ledger, *subject, ClientAuthentication::private_key_jwt);
  if (!found) return Errc::unauthorized_actor;
  std::vector<ClientKey> keys;
  for (const auto& key : found->keys) {
    auto read = VerifyKey::from_public(key.algorithm, bytes_of(key.public_key));
    if (!read) return Errc::unauthorized_actor;
    keys.push_back({key.kid, std::move(*read)});
  }
  const auto now = to_seconds(ledger.now());
  const AssertionExpectation expected{
      .client_id = *subject, .issuer = ledger.issuer(), .legacy_token_endpoint = {}, .now = now};
  const auto verified = verify_client_assertion(assertion, keys, expected);
  if (!verified) return Errc::unauthorized_actor;
  switch (memory.use(found->actor.client, *verified, now)) {
    case AssertionUse::first: return found->actor;
    case AssertionUse::replayed:
    case AssertionUse::from_before_us: return Errc::unauthorized_actor;
    case AssertionUse::too_many: return Errc::limit_reached;
  }
  return Errc::unauthorized_actor;
}

Result<Actor> identify_public(const Ledger& ledger, std::string_view client_id) {
  const auto found = find_enabled(ledger, client_id, ClientAuthentication::none);
  return found ? Result<Actor>{found->actor} : Errc::unauthorized_actor;
}

}  // namespace tokenledger

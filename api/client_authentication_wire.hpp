// How a client authenticates, in the wire form of its settings (RFC 7591 §2, OpenID Registration
// §2): token_endpoint_auth_method, jwks, id_token_signed_response_alg, pkce_optional.
//
// token_endpoint_auth_method has one word of our own: `client_secret`, by Basic or in the body, as
// the client likes. `none` makes a public client. Pure functions; any thread.
#pragma once

#include <optional>

#include "api/http_json.hpp"
#include "api/http_response.hpp"
#include "api/json_writer.hpp"
#include "core/event.hpp"

namespace tokenledger {

// Inside an object that was begun.
void write_client_authentication(JsonWriter& json, const ClientSettings& settings);

// Lays what the fields say over `settings`. Another method drops the keys, unless it is the one
// that has them: keys belong to private_key_jwt. `object` is what the fields are read from: null
// there takes back keys and algorithm. The refusal, or nullopt; faults of `fields` are the caller's
// to see.
[[nodiscard]] std::optional<HttpResponse> read_client_authentication(JsonFields& fields,
                                                                     const JsonValue& object,
                                                                     ClientSettings& settings);

}  // namespace tokenledger

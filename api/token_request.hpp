// TokenRequest: the parameters of POST /oauth/token, from a form (RFC 6749) or from JSON (A14).
//
// Rules of RFC 6749 §3.2: an empty parameter counts as absent, a repeated one is refused (except
// `audience` and `resource`, which must then agree), unknown ones are ignored.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http_request.hpp"

namespace tokenledger {

// An error of RFC 6749 §5.2; texts are constants.
struct OauthFault {
  int status = 400;
  std::string_view error;
  std::string_view description;
};

struct TokenRequest {
  std::string grant_type;
  std::string client_id;
  std::string client_secret;
  std::string assertion_type;  // client_assertion_type
  std::string assertion;       // client_assertion
  std::string scope;
  std::string code;
  std::string redirect_uri;
  std::string code_verifier;
  std::string refresh_token;
  std::vector<std::string> audiences;
  std::vector<std::string> resources;
};

struct ParsedTokenRequest {
  TokenRequest request;
  std::optional<OauthFault> fault;
};
[[nodiscard]] ParsedTokenRequest parse_token_request(const HttpRequest& request);

// The one API that the request names, and by which word, which decides the error for an unknown one
// (design §8). invalid_request when it names none; invalid_target when it names several.
struct Target {
  std::string identifier;
  bool is_resource = false;  // by `resource` alone
  std::optional<OauthFault> fault;
};
[[nodiscard]] Target find_target(const TokenRequest& request);

// The names in a space-delimited scope; invalid_scope when one is malformed or there are more than
// kScopesPerApiMax. Repeats are dropped.
struct ScopeNames {
  std::vector<std::string> names;
  std::optional<OauthFault> fault;
};
[[nodiscard]] ScopeNames parse_scope(std::string_view scope);

// Whether two scope strings name the same set (RFC 6749 §3.3: order does not matter).
[[nodiscard]] bool is_same_scope(std::string_view one, std::string_view other);

}  // namespace tokenledger

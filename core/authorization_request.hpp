// Reads and judges the parameters of GET and POST /authorize (RFC 6749 §4.1.1, §4.2.1; RFC 7636
// §4.3; RFC 8707 §2; OpenID Connect Core §3.1.2.1).
//
// The verdict has a type for each of its ways: a request that may be shown to the user, a fault
// that a page must tell, and a fault that goes back to the client. Only the last has an address,
// and it is one that the client registered: until client_id and redirect_uri are good, nothing can
// redirect (§4.1.2.1, §10.15). Whether the APIs and scopes exist, and who the user is, comes later.
// Any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/authorization_answer.hpp"
#include "core/event_parts.hpp"
#include "core/ids.hpp"

namespace tokenledger {

inline constexpr std::size_t kAuthorizationParametersMax = 64;
inline constexpr std::size_t kStateBytesMax = 2'048;
inline constexpr std::uint32_t kMaxAgeSecondsMax = 999'999'999;

// One parameter, percent-decoded: an empty value counts as absent (§3.1).
struct AuthorizationParameter {
  std::string_view name;
  std::string_view value;
};

// The client that a request names, to be looked up. nullopt, which is a page: absent, given twice,
// or more than kAuthorizationParametersMax parameters.
[[nodiscard]] std::optional<std::string_view> find_client_id(
    std::span<const AuthorizationParameter> parameters) noexcept;

// What the registry says of it. An address that check_redirect_uri refuses is as good as none.
struct AuthorizationClient {
  std::span<const std::string> redirect_uris;
  bool is_confidential = false;  // without a secret or key of its own it must use PKCE
  bool may_use_code = false;
  bool may_use_implicit = false;  // C9: only after opting in
  bool needs_pkce = false;        // though it is confidential (RFC 9700 §2.1.1)
};

enum class ResponseType : std::uint8_t { code, token };

struct AuthorizationRequest {
  std::string client_id;
  AnswerTarget target;
  // The parameter was there: the token request must repeat it (§4.1.3).
  bool has_redirect_uri = false;
  ResponseType response_type = ResponseType::code;
  std::vector<std::string> scopes;  // in the order asked for, each once; may be empty
  bool has_openid_scope = false;    // `openid` and `offline_access` stay in `scopes`
  bool has_offline_scope = false;
  std::vector<std::string> targets;  // identifiers of APIs, each once; may be empty
  bool names_resource = false;       // by `resource` alone: decides the error for an unknown one
  std::optional<Digest> code_challenge;  // always there for a code of a client that needs it
  std::string nonce;
  std::string id_token_hint;  // who it should be, as it came: nobody has verified it; may be empty
  bool prompt_none = false;   // alone: answer without any page, or with an error
  bool prompt_login = false;
  bool prompt_consent = false;
  std::optional<std::uint32_t> max_age_s;  // how long ago the user may have signed in
};

// To be told to the user, with 400: there is nobody to redirect to. Texts are constants.
struct PageFault {
  std::string_view description;
};

// To be told to the client by error_answer_url.
struct RedirectFault {
  AnswerTarget target;
  AuthorizationError error = AuthorizationError::invalid_request;
  std::string_view description;
};

using AuthorizationVerdict = std::variant<AuthorizationRequest, PageFault, RedirectFault>;

// `client` is what find_client_id's name leads to; null: there is none, or it is disabled.
// Parameters that nobody knows are ignored; every known one that is repeated (but `audience` and
// `resource`), malformed or beyond its bound is a fault. `response_mode` must be the default of the
// response_type. Request objects (RFC 9101) are refused.
[[nodiscard]] AuthorizationVerdict judge_authorization_request(
    std::span<const AuthorizationParameter> parameters, const AuthorizationClient* client);

}  // namespace tokenledger

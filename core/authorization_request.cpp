#include "core/authorization_request.hpp"

#include <algorithm>

#include "core/decider.hpp"
#include "core/event.hpp"
#include "core/pkce.hpp"
#include "core/redirect_uri.hpp"
#include "core/uri_text.hpp"

namespace tokenledger {
namespace {

using Parameters = std::span<const AuthorizationParameter>;

struct Fault {
  AuthorizationError error;
  std::string_view description;
};
using MaybeFault = std::optional<Fault>;

Fault invalid_request(std::string_view description) {
  return {AuthorizationError::invalid_request, description};
}
Fault invalid_target(std::string_view description) {
  return {AuthorizationError::invalid_target, description};
}

std::size_t count_of(Parameters parameters, std::string_view name) noexcept {
  return static_cast<std::size_t>(
      std::ranges::count(parameters, name, &AuthorizationParameter::name));
}

// The value of a parameter that is there once; empty otherwise, so that nothing is ever taken from
// a repeated one.
std::string_view value_of(Parameters parameters, std::string_view name) noexcept {
  if (count_of(parameters, name) != 1) return {};
  return std::ranges::find(parameters, name, &AuthorizationParameter::name)->value;
}

// VSCHAR (RFC 6749 appendix A).
bool is_printable(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7E; });
}

// The words between spaces, each once.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    if (!word.empty() && std::ranges::find(words, word) == words.end()) words.push_back(word);
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  return words;
}

bool has_word(std::string_view text, std::string_view wanted) {
  const auto words = words_of(text);
  return std::ranges::find(words, wanted) != words.end();
}

// Judges one request. The steps stand in the order in which they are asked; each fills its part of
// the request.
class Judge {
 public:
  Judge(Parameters parameters, const AuthorizationClient& client)
      : parameters_{parameters}, client_{client} {}

  std::optional<PageFault> find_address();
  MaybeFault check_rest();
  [[nodiscard]] AuthorizationRequest release() { return std::move(request_); }
  [[nodiscard]] AnswerTarget release_target() { return std::move(request_.target); }

 private:
  [[nodiscard]] std::string_view value(std::string_view name) const noexcept {
    return value_of(parameters_, name);
  }
  [[nodiscard]] bool is_repeated(std::string_view name) const noexcept {
    return count_of(parameters_, name) > 1;
  }

  void choose_answer();
  MaybeFault check_form();
  MaybeFault check_response_type();
  MaybeFault check_pkce();
  MaybeFault check_scope();
  MaybeFault check_prompt();
  MaybeFault check_max_age();
  MaybeFault check_resource(std::string_view identifier) const;
  MaybeFault check_targets();
  MaybeFault check_nonce();

  Parameters parameters_;
  const AuthorizationClient& client_;
  AuthorizationRequest request_;
};

// RFC 6749 §3.1.2.3: the address may be left out when there is one only; OpenID Connect asks for it
// always (§3.1.2.1).
std::optional<PageFault> Judge::find_address() {
  request_.client_id = value("client_id");
  if (is_repeated("redirect_uri")) return PageFault{"redirect_uri is given twice"};
  const std::string_view asked = value("redirect_uri");
  if (!asked.empty()) {
    const auto port = client_.is_confidential ? LoopbackPort::as_registered : LoopbackPort::any;
    if (!find_redirect_uri(client_.redirect_uris, asked, port))
      return PageFault{"redirect_uri is not registered for this client"};
    request_.target.redirect_uri = asked;
    request_.has_redirect_uri = true;
  } else {
    if (client_.redirect_uris.size() != 1 || has_word(value("scope"), "openid"))
      return PageFault{"redirect_uri is missing"};
    request_.target.redirect_uri = client_.redirect_uris.front();
  }
  // Asked again of what is registered: an older registry must not be able to redirect either.
  if (!check_redirect_uri(request_.target.redirect_uri))
    return PageFault{"redirect_uri is not acceptable"};
  choose_answer();
  return std::nullopt;
}

// Errors go where the client would look for the answer it asked for.
void Judge::choose_answer() {
  const std::string_view type = value("response_type");
  if (has_word(type, "token") || has_word(type, "id_token"))
    request_.target.part = AnswerPart::fragment;
  const std::string_view state = value("state");
  if (state.size() <= kStateBytesMax && is_printable(state)) request_.target.state = state;
}

MaybeFault Judge::check_form() {
  for (const auto& [name, unused] : parameters_)
    if (name != "audience" && name != "resource" && is_repeated(name))
      return invalid_request("a parameter is given twice");
  if (value("state") != request_.target.state) return invalid_request("state is malformed");
  if (!value("request").empty())
    return Fault{AuthorizationError::request_not_supported, "request objects are not supported"};
  if (!value("request_uri").empty())
    return Fault{AuthorizationError::request_uri_not_supported, "request_uri is not supported"};
  if (!value("registration").empty())
    return Fault{AuthorizationError::registration_not_supported, "registration is not supported"};
  return std::nullopt;
}

MaybeFault Judge::check_response_type() {
  const std::string_view type = value("response_type");
  if (type.empty()) return invalid_request("response_type is missing");
  const bool is_code = type == "code";
  if (!is_code && (type != "token" || !client_.may_use_implicit))
    return Fault{AuthorizationError::unsupported_response_type, "use response_type=code"};
  if (is_code && !client_.may_use_code)
    return Fault{AuthorizationError::unauthorized_client, "the client may not use this grant"};
  request_.response_type = is_code ? ResponseType::code : ResponseType::token;
  const std::string_view mode = value("response_mode");
  if (!mode.empty() && mode != (is_code ? "query" : "fragment"))
    return invalid_request("this response_mode is not supported");
  return std::nullopt;
}

// RFC 7636 §4.3: an absent method means `plain`, which is not supported.
MaybeFault Judge::check_pkce() {
  const std::string_view challenge = value("code_challenge");
  const std::string_view method = value("code_challenge_method");
  if (challenge.empty()) {
    if (!method.empty()) return invalid_request("code_challenge is missing");
    const bool is_needed = request_.response_type == ResponseType::code &&
                           (client_.needs_pkce || !client_.is_confidential);
    return is_needed ? MaybeFault{invalid_request("code_challenge is required")} : std::nullopt;
  }
  if (method != kCodeChallengeMethod) return invalid_request("code_challenge_method must be S256");
  request_.code_challenge = parse_code_challenge(challenge);
  if (!request_.code_challenge) return invalid_request("code_challenge is malformed");
  return std::nullopt;
}

MaybeFault Judge::check_scope() {
  for (const std::string_view name : words_of(value("scope"))) {
    if (!is_scope_name(name) || request_.scopes.size() == kScopesPerApiMax)
      return Fault{AuthorizationError::invalid_scope, "the scope is malformed"};
    request_.scopes.emplace_back(name);
  }
  const auto has = [this](std::string_view name) {
    return std::ranges::find(request_.scopes, name) != request_.scopes.end();
  };
  request_.has_openid_scope = has("openid");
  request_.has_offline_scope = has("offline_access");
  return std::nullopt;
}

MaybeFault Judge::check_prompt() {
  const auto words = words_of(value("prompt"));
  for (const std::string_view word : words) {
    if (word == "none") {
      request_.prompt_none = true;
    } else if (word == "login" || word == "select_account") {
      request_.prompt_login = true;  // another account is chosen by signing in with it
    } else if (word == "consent") {
      request_.prompt_consent = true;
    } else {
      return invalid_request("prompt is unknown");
    }
  }
  if (request_.prompt_none && words.size() > 1) return invalid_request("prompt=none stands alone");
  return std::nullopt;
}

MaybeFault Judge::check_max_age() {
  const std::string_view text = value("max_age");
  if (text.empty()) return std::nullopt;
  std::uint64_t seconds = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return invalid_request("max_age is not a number of seconds");
    seconds = seconds * 10 + static_cast<std::uint64_t>(digit - '0');
    if (seconds > kMaxAgeSecondsMax) return invalid_request("max_age is too large");
  }
  request_.max_age_s = static_cast<std::uint32_t>(seconds);
  return std::nullopt;
}

MaybeFault Judge::check_resource(std::string_view identifier) const {
  if (!is_absolute_uri(identifier))
    return invalid_target("resource is not an absolute URI without fragment");
  return std::nullopt;
}

// `audience` and `resource` are two words for the same thing: both given, they name the same APIs.
MaybeFault Judge::check_targets() {
  std::vector<std::string_view> audiences;
  std::vector<std::string_view> resources;
  for (const auto& [name, identifier] : parameters_) {
    if (identifier.empty() || (name != "audience" && name != "resource")) continue;
    if (name == "resource")
      if (auto fault = check_resource(identifier)) return fault;
    if (!is_label(identifier, kIdentifierBytesMax)) return invalid_target("audience is malformed");
    auto& list = name == "audience" ? audiences : resources;
    if (std::ranges::find(list, identifier) != list.end()) continue;
    if (list.size() == kApisPerTokenMax) return invalid_target("too many APIs are named");
    list.push_back(identifier);
  }
  if (!audiences.empty() && !resources.empty() &&
      !std::ranges::is_permutation(audiences, resources))
    return invalid_target("audience and resource disagree");
  request_.names_resource = audiences.empty() && !resources.empty();
  const auto& named = audiences.empty() ? resources : audiences;
  request_.targets.assign(named.begin(), named.end());
  return std::nullopt;
}

MaybeFault Judge::check_nonce() {
  const std::string_view nonce = value("nonce");
  if (nonce.size() > kNonceBytesMax || !is_printable(nonce))
    return invalid_request("nonce is malformed");
  request_.nonce = nonce;
  request_.id_token_hint = value("id_token_hint");
  return std::nullopt;
}

MaybeFault Judge::check_rest() {
  using Step = MaybeFault (Judge::*)();
  constexpr Step kSteps[] = {&Judge::check_form,   &Judge::check_response_type,
                             &Judge::check_pkce,   &Judge::check_scope,
                             &Judge::check_prompt, &Judge::check_max_age,
                             &Judge::check_nonce,  &Judge::check_targets};
  for (const Step step : kSteps)
    if (auto fault = (this->*step)()) return fault;
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> find_client_id(
    std::span<const AuthorizationParameter> parameters) noexcept {
  if (parameters.size() > kAuthorizationParametersMax) return std::nullopt;
  const std::string_view id = value_of(parameters, "client_id");
  return id.empty() ? std::nullopt : std::optional{id};
}

AuthorizationVerdict judge_authorization_request(std::span<const AuthorizationParameter> parameters,
                                                 const AuthorizationClient* client) {
  if (!find_client_id(parameters)) return PageFault{"client_id is missing or given twice"};
  if (client == nullptr) return PageFault{"there is no such client"};
  Judge judge{parameters, *client};
  if (const auto fault = judge.find_address()) return *fault;
  if (const auto fault = judge.check_rest())
    return RedirectFault{judge.release_target(), fault->error, fault->description};
  return judge.release();
}

}  // namespace tokenledger

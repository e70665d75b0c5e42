#include "api/token_request.hpp"

#include <algorithm>
#include <set>

#include "api/http_form.hpp"
#include "api/http_json.hpp"
#include "core/token_class.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";
constexpr std::string_view kJsonType = "application/json";
constexpr std::size_t kScopeNameBytesMax = 200;

bool is_type(std::string_view text, std::string_view wanted) noexcept {
  return std::ranges::equal(text, wanted, [](char byte, char lower) {
    return (byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte) == lower;
  });
}

OauthFault invalid_request(std::string_view description) {
  return {400, "invalid_request", description};
}

// Where a parameter goes; null: one that we don't know.
std::string* single_value(TokenRequest& request, std::string_view name) {
  if (name == "grant_type") return &request.grant_type;
  if (name == "client_id") return &request.client_id;
  if (name == "client_secret") return &request.client_secret;
  if (name == "client_assertion_type") return &request.assertion_type;
  if (name == "client_assertion") return &request.assertion;
  if (name == "scope") return &request.scope;
  if (name == "code") return &request.code;
  if (name == "redirect_uri") return &request.redirect_uri;
  if (name == "code_verifier") return &request.code_verifier;
  if (name == "refresh_token") return &request.refresh_token;
  return nullptr;
}
std::vector<std::string>* many_values(TokenRequest& request, std::string_view name) {
  if (name == "audience") return &request.audiences;
  if (name == "resource") return &request.resources;
  return nullptr;
}

void set(TokenRequest& request, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  if (auto* single = single_value(request, name)) *single = value;
  if (auto* many = many_values(request, name)) many->emplace_back(value);
}

std::optional<OauthFault> read_form(std::string_view body, TokenRequest& request) {
  FormFields fields;
  if (!fields.parse(body)) return invalid_request("the form is malformed");
  if (fields.first_repeated({"audience", "resource"}))
    return invalid_request("a parameter occurs twice");
  for (std::size_t index = 0; index < fields.size(); ++index)
    set(request, fields.name(index), fields.value(index));
  return std::nullopt;
}

std::optional<OauthFault> read_member(const JsonValue::Member& member, TokenRequest& request) {
  const auto& [name, value] = member;
  const bool takes_many = many_values(request, name) != nullptr;
  if (!takes_many && single_value(request, name) == nullptr) return std::nullopt;
  if (value.is_null()) return std::nullopt;
  if (const auto* text = value.get_if<std::string>()) {
    set(request, name, *text);
    return std::nullopt;
  }
  const auto* array = value.get_if<JsonValue::Array>();
  if (!takes_many || array == nullptr) return invalid_request("a parameter is not a string");
  for (const auto& item : *array) {
    const auto* text = item.get_if<std::string>();
    if (text == nullptr) return invalid_request("a parameter is not a string");
    set(request, name, *text);
  }
  return std::nullopt;
}

std::optional<OauthFault> read_json(std::string_view body, TokenRequest& request) {
  const auto object = parse_json_object(body);
  if (!object) return invalid_request("the body is not one strict JSON object");
  for (const auto& member : *object->get_if<JsonValue::Object>())
    if (auto fault = read_member(member, request)) return fault;
  return std::nullopt;
}

bool is_scope_character(char byte) noexcept {
  return byte >= 0x21 && byte <= 0x7e && byte != '"' && byte != '\\';
}

std::vector<std::string_view> split(std::string_view scope) {
  std::vector<std::string_view> names;
  while (!scope.empty()) {
    const auto size = std::min(scope.find(' '), scope.size());
    if (size > 0) names.push_back(scope.substr(0, size));
    scope.remove_prefix(std::min(size + 1, scope.size()));
  }
  return names;
}

}  // namespace

ParsedTokenRequest parse_token_request(const HttpRequest& request) {
  ParsedTokenRequest parsed;
  const auto type = request.media_type();
  if (is_type(type, kFormType)) {
    parsed.fault = read_form(request.body(), parsed.request);
  } else if (is_type(type, kJsonType)) {
    parsed.fault = read_json(request.body(), parsed.request);
  } else {
    parsed.fault = invalid_request("send a form or JSON");
  }
  return parsed;
}

Target find_target(const TokenRequest& request) {
  Target target;
  target.is_resource = request.audiences.empty();
  std::set<std::string_view> named;
  named.insert(request.audiences.begin(), request.audiences.end());
  named.insert(request.resources.begin(), request.resources.end());
  if (named.empty()) {
    target.fault = invalid_request("name the API: audience or resource");
  } else if (named.size() > 1) {
    target.fault = {400, "invalid_target", "name one API only"};
  } else {
    target.identifier = *named.begin();
  }
  return target;
}

ScopeNames parse_scope(std::string_view scope) {
  ScopeNames parsed;
  for (const auto name : split(scope)) {
    const bool is_well_formed =
        name.size() <= kScopeNameBytesMax && std::ranges::all_of(name, is_scope_character);
    if (!is_well_formed || parsed.names.size() == kScopesPerApiMax) {
      parsed.fault = {400, "invalid_scope", "the scope is malformed"};
      return parsed;
    }
    if (std::ranges::find(parsed.names, name) == parsed.names.end())
      parsed.names.emplace_back(name);
  }
  return parsed;
}

bool is_same_scope(std::string_view one, std::string_view other) {
  const auto left = split(one);
  const auto right = split(other);
  return std::set<std::string_view>{left.begin(), left.end()} ==
         std::set<std::string_view>{right.begin(), right.end()};
}

}  // namespace tokenledger

#include "api/guard.hpp"

#include <algorithm>
#include <array>

#include "api/problem.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kScheme = "bearer";

bool is_scheme(std::string_view text) noexcept {
  return std::ranges::equal(text, kScheme, [](char byte, char wanted) {
    return (byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte) == wanted;
  });
}

// b64token of RFC 6750 §2.1: 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
// A table, because each request has a token and most of it are these characters.
constexpr auto kIsTokenCharacter = [] {
  std::array<bool, 256> is_allowed{};
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
  for (const char byte : kAllowed) is_allowed[static_cast<unsigned char>(byte)] = true;
  return is_allowed;
}();

bool is_b64token(std::string_view text) noexcept {
  const auto body_size = text.find_last_not_of('=') + 1;  // 0 when there is nothing but '='
  bool is_good = body_size > 0;
  // To the end also after a bad one: a branch less per character.
  for (const char byte : text.substr(0, body_size))
    is_good &= kIsTokenCharacter[static_cast<unsigned char>(byte)];
  return is_good;
}

std::string joined(std::span<const std::string_view> scopes) {
  std::string text;
  for (const auto scope : scopes) {
    if (!text.empty()) text += ' ';
    text += scope;
  }
  return text;
}

HttpResponse no_credentials() {
  auto response = problem(401, "unauthorized", "send an access token: Authorization: Bearer ...");
  response.add_header("WWW-Authenticate", R"(Bearer realm="tokenledger")");
  response.denial = DenialReason::no_credentials;
  return response;
}

HttpResponse invalid_token(std::string_view description) {
  auto response = problem(401, "invalid_token", description);
  response.add_header("WWW-Authenticate",
                      R"(Bearer realm="tokenledger", error="invalid_token", error_description=")" +
                          std::string{description} + '"');
  return response;
}

HttpResponse insufficient_scope(std::span<const std::string_view> scopes) {
  auto response = problem(403, "insufficient_scope", "the access token lacks a scope");
  response.add_header(
      "WWW-Authenticate",
      R"(Bearer realm="tokenledger", error="insufficient_scope", scope=")" + joined(scopes) + '"');
  return response;
}

HttpResponse unavailable() {
  auto response = problem(503, "unavailable", "tokens can not be checked now");
  response.add_header("Retry-After", "1");
  return response;
}

// A24: one text for every reason but expiry, which the token's own `exp` tells its holder anyway.
HttpResponse told_to_bearer(DenialReason reason, std::span<const std::string_view> scopes) {
  if (reason == DenialReason::expired) return invalid_token("the access token expired");
  if (reason == DenialReason::insufficient_scope) return insufficient_scope(scopes);
  if (reason == DenialReason::unavailable) return unavailable();
  return invalid_token("the access token is not valid");
}

HttpResponse denied_because(DenialReason reason, std::span<const std::string_view> scopes) {
  auto response = told_to_bearer(reason, scopes);
  response.denial = reason;
  return response;
}

}  // namespace

DenialReason denial_of(CheckFailure failure) noexcept {
  switch (failure) {
    case CheckFailure::none: return DenialReason::none;
    case CheckFailure::malformed: return DenialReason::malformed;
    case CheckFailure::unknown: return DenialReason::unknown;
    case CheckFailure::revoked: return DenialReason::revoked;
    case CheckFailure::expired: return DenialReason::expired;
    case CheckFailure::wrong_audience: return DenialReason::wrong_audience;
    case CheckFailure::insufficient_scope: return DenialReason::insufficient_scope;
    case CheckFailure::unavailable: return DenialReason::unavailable;
  }
  return DenialReason::unavailable;
}

// Memory holds every token that has not expired, and of those only a revoked one needs the views.
DenialReason denial_beyond_memory(const Ledger& ledger, std::string_view token) {
  return ledger.identify(token) ? DenialReason::revoked : DenialReason::retired;
}

BearerField parse_bearer(std::string_view authorization) noexcept {
  const auto space = std::min(authorization.find(' '), authorization.size());
  if (!is_scheme(authorization.substr(0, space))) return {};
  const auto first = authorization.find_first_not_of(' ', space);
  if (first == std::string_view::npos) return {Credentials::malformed, {}};
  const auto token = authorization.substr(first);
  if (!is_b64token(token)) return {Credentials::malformed, {}};
  return {Credentials::bearer, token};
}

Verified verify(const Ledger& ledger, const HttpRequest& request, std::string_view audience,
                std::span<const std::string_view> scopes) {
  Verified verified;
  const auto field = parse_bearer(request.header(HttpHeader::authorization));
  if (field.kind == Credentials::none) {
    verified.denied = no_credentials();
    return verified;
  }
  if (field.kind == Credentials::malformed) {
    verified.denied = denied_because(DenialReason::malformed, scopes);
    return verified;
  }
  // What memory can't tell is a reason that the wire never names (A24): no wait for it here.
  auto answer = ledger.check_in_memory(field.token, audience, scopes);
  if (!answer) {
    verified.denied = denied_because(denial_beyond_memory(ledger, field.token), scopes);
    return verified;
  }
  verified.token = std::move(*answer);
  if (verified.token.failure != CheckFailure::none)
    verified.denied = denied_because(denial_of(verified.token.failure), scopes);
  return verified;
}

Access verify_management(const Ledger& ledger, const HttpRequest& request, ManagementScope scope) {
  if (request.is_from_host()) return {.denied = {}, .actor = {.kind = ActorKind::host}};
  const std::string_view scopes[] = {kManagementScopes[static_cast<std::size_t>(scope)].name};
  auto verified = verify(ledger, request, kManagementAudience, scopes);
  Access access;
  access.denied = std::move(verified.denied);
  access.actor = {
      .kind = ActorKind::token, .client = {}, .generation = {}, .token = verified.token.index};
  access.client_id = std::move(verified.token.client_id);
  return access;
}

}  // namespace tokenledger

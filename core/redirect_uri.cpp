#include "core/redirect_uri.hpp"

#include <algorithm>

#include "core/event.hpp"
#include "core/uri_text.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kPortDigitsMax = 5;
constexpr std::uint32_t kPortMax = 65'535;
constexpr std::size_t kHostLengthMax = 253;  // RFC 1035 §2.3.4, without the last dot
constexpr std::string_view kLoopbackHosts[] = {"127.0.0.1", "[::1]"};

// Parameters of our answers: RFC 6749 §4.1.2 and §4.2.2, RFC 9207, OpenID Connect Core §3.1.2.5.
constexpr std::string_view kAnswerNames[] = {
    "code",         "state",      "iss",        "error", "error_description", "error_uri",
    "access_token", "token_type", "expires_in", "scope", "id_token",          "session_state"};

// Views into a URI of the form scheme ":" [ "//" host [ ":" port ] ] rest.
struct UriParts {
  std::string_view scheme;
  std::string_view host;
  std::optional<std::string_view> port;  // digits behind a colon
  std::string_view rest;                 // path and query
  bool has_authority = false;
};

// An IPv6 address keeps its brackets. nullopt: no colon, or something behind a closing bracket.
std::optional<UriParts> split(std::string_view uri) {
  const std::size_t colon = uri.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  UriParts parts{.scheme = uri.substr(0, colon), .rest = uri.substr(colon + 1)};
  if (!parts.rest.starts_with("//")) return parts;
  parts.has_authority = true;
  std::string_view authority = parts.rest.substr(2);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  parts.rest.remove_prefix(2 + authority.size());
  const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == std::string_view::npos) return std::nullopt;
  const std::size_t port_colon = authority.find(':', bracket);
  parts.host = authority.substr(0, port_colon);
  if (port_colon != std::string_view::npos) parts.port = authority.substr(port_colon + 1);
  return parts;
}

bool is_lower_or_digit(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_scheme(std::string_view scheme) noexcept {
  return !scheme.empty() && scheme.front() >= 'a' && scheme.front() <= 'z' &&
         std::ranges::all_of(scheme, [](char c) {
           return is_lower_or_digit(c) || c == '+' || c == '-' || c == '.';
         });
}

bool is_host(std::string_view host) noexcept {
  if (host.empty() || host.size() > kHostLengthMax) return false;
  if (host.starts_with('[')) {
    return host.size() > 4 && host.ends_with(']') &&
           host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") ==
               std::string_view::npos;
  }
  return std::ranges::all_of(host, [](char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
  });
}

bool is_port(const std::optional<std::string_view>& port) noexcept {
  if (!port) return true;
  if (port->empty() || port->size() > kPortDigitsMax || port->front() == '0') return false;
  std::uint32_t number = 0;
  for (const char digit : *port) {
    if (digit < '0' || digit > '9') return false;
    number = number * 10 + static_cast<std::uint32_t>(digit - '0');
  }
  return number <= kPortMax;
}

bool is_loopback_address(std::string_view host) noexcept {
  return std::ranges::find(kLoopbackHosts, host) != std::end(kLoopbackHosts);
}

bool is_private_scheme(const UriParts& parts) noexcept {
  return parts.scheme.find('.') != std::string_view::npos && !parts.scheme.ends_with('.') &&
         (parts.has_authority ? is_host(parts.host) : parts.rest.starts_with('/'));
}

bool is_registrable_place(const UriParts& parts) noexcept {
  if (!is_scheme(parts.scheme) || !is_port(parts.port)) return false;
  if (parts.scheme == "https") return parts.has_authority && is_host(parts.host);
  if (parts.scheme == "http")
    return parts.has_authority && (is_loopback_address(parts.host) || parts.host == "localhost");
  return is_private_scheme(parts);
}

// Names can't hide behind escapes: is_uri_text refuses an escaped letter.
bool names_an_answer(std::string_view rest) {
  const std::size_t mark = rest.find('?');
  if (mark == std::string_view::npos) return false;
  for (std::string_view query = rest.substr(mark + 1); !query.empty();) {
    const std::string_view field = query.substr(0, query.find_first_of("&;"));
    const std::string_view name = field.substr(0, field.find('='));
    if (std::ranges::find(kAnswerNames, name) != std::end(kAnswerNames)) return true;
    query.remove_prefix(std::min(field.size() + 1, query.size()));
  }
  return false;
}

}  // namespace

Result<void> check_redirect_uri(std::string_view uri) {
  if (uri.size() > kRedirectUriBytesMax) return Errc::too_large;
  if (!is_uri_text(uri) || uri.find_first_of("#*") != std::string_view::npos)
    return Errc::invalid_argument;
  // User information needs no rule of its own: no host has an '@'.
  const auto parts = split(uri);
  if (!parts || !is_registrable_place(*parts) || names_an_answer(parts->rest))
    return Errc::invalid_argument;
  return {};
}

bool is_redirect_uri_match(std::string_view registered, std::string_view requested,
                           LoopbackPort port) {
  if (registered == requested) return true;
  if (port != LoopbackPort::any) return false;
  const auto known = split(registered);
  const auto asked = split(requested);
  return known && asked && known->scheme == "http" && asked->scheme == "http" &&
         is_loopback_address(known->host) && known->host == asked->host && is_port(asked->port) &&
         known->rest == asked->rest;
}

std::optional<std::size_t> find_redirect_uri(std::span<const std::string> registered,
                                             std::string_view requested, LoopbackPort port) {
  for (std::size_t position = 0; position < registered.size(); ++position)
    if (is_redirect_uri_match(registered[position], requested, port)) return position;
  return std::nullopt;
}

}  // namespace tokenledger

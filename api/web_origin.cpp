#include "api/web_origin.hpp"

#include <algorithm>
#include <optional>

#include "core/uri_text.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kHttpPort = ":80";
constexpr std::string_view kHttpsPort = ":443";

char lower(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

std::string lower_text(std::string_view text) {
  std::string lowered{text};
  std::ranges::transform(lowered, lowered.begin(), lower);
  return lowered;
}

bool is_host_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '[' ||
         c == ']' || c == ':';
}

bool is_scheme(std::string_view text) noexcept {
  return !text.empty() && text[0] >= 'a' && text[0] <= 'z' && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
}

struct WebAddress {
  std::string scheme;
  std::string authority;  // without the scheme's own port
};

// Of http and https alone.
std::optional<WebAddress> read_web_address(std::string_view url) {
  const std::size_t mark = url.find("://");
  if (mark == std::string_view::npos) return std::nullopt;
  WebAddress address{.scheme = lower_text(url.substr(0, mark)), .authority = {}};
  if (address.scheme != "http" && address.scheme != "https") return std::nullopt;
  const std::string_view rest = url.substr(mark + 3);
  address.authority = lower_text(rest.substr(0, rest.find_first_of("/?#")));
  const auto implied = address.scheme == "http" ? kHttpPort : kHttpsPort;
  if (address.authority.ends_with(implied))
    address.authority.resize(address.authority.size() - implied.size());
  if (address.authority.empty() || !std::ranges::all_of(address.authority, is_host_character))
    return std::nullopt;
  return address;
}

}  // namespace

std::string origin_of(std::string_view url) {
  const auto address = read_web_address(url);
  return address ? address->scheme + "://" + address->authority : std::string{};
}

std::string place_name_of(std::string_view url) {
  if (const auto address = read_web_address(url)) return address->authority;
  const auto scheme = url.substr(0, url.find(':'));
  return is_scheme(scheme) ? std::string{scheme} : std::string{};
}

std::string form_action_source(std::string_view redirect_uri) {
  if (const auto address = read_web_address(redirect_uri)) {
    const bool is_ipv6 = address->authority.starts_with('[');
    return is_ipv6 ? address->scheme + ":" : address->scheme + "://" + address->authority;
  }
  const std::size_t colon = redirect_uri.find(':');
  if (colon == std::string_view::npos) return {};
  const auto scheme = redirect_uri.substr(0, colon);
  // The dot that every registered private scheme has keeps out javascript: and data:.
  const bool is_private = is_scheme(scheme) && scheme.find('.') != std::string_view::npos;
  return is_private ? std::string{scheme} + ":" : std::string{};
}

bool is_own_form(std::string_view issuer, std::string_view origin, std::string_view fetch_site) {
  const bool is_fetch_site_good =
      fetch_site.empty() || fetch_site == "same-origin" || fetch_site == "none";
  if (!is_fetch_site_good) return false;
  if (origin.empty()) return true;
  return origin == origin_of(issuer);
}

std::string base_path_of(std::string_view issuer) {
  const std::size_t mark = issuer.find("://");
  if (mark == std::string_view::npos) return {};
  const std::size_t slash = issuer.find('/', mark + 3);
  if (slash == std::string_view::npos) return {};
  std::string_view path = issuer.substr(slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  // "//host" in a link would name another server.
  const bool is_plain =
      std::ranges::all_of(path, [](char c) { return is_uri_unreserved(c) || c == '/'; }) &&
      path.find("//") == std::string_view::npos;
  return is_plain ? std::string{path} : std::string{};
}

}  // namespace tokenledger

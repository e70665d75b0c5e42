// WebAddress: what `--url` and `--issuer` name, and how far plain HTTP may go.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tokenledger {

struct WebAddress {
  bool is_https = false;
  std::string host;  // an IPv6 address without its brackets
  std::uint16_t port = 0;
  std::string path;  // "" or "/..."

  // localhost, 127.0.0.0/8 or ::1 as they are written; no name is resolved for this.
  [[nodiscard]] bool is_loopback() const;
  // HOST:PORT for the Host field (RFC 9110 §7.2), with brackets where needed.
  [[nodiscard]] std::string authority() const;
};

// An absolute http or https URL without user, query and fragment. A Failure with usage that names
// `option` otherwise.
[[nodiscard]] WebAddress parse_web_address(std::string_view option, std::string_view text);

// `iss` must be an https URL without query and fragment (RFC 8414 §2); http only on loopback, or
// anywhere for a person who said --allow-insecure-http. A Failure with usage otherwise.
void require_issuer(const std::string& text, bool allow_insecure_http);

}  // namespace tokenledger

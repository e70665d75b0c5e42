// Origins of web pages (RFC 6454), as browsers write them: who sent a form, and where the browser
// may be sent after one. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace tokenledger {

// "https://host[:port]" of an http or https URL: lower case, without the port that its scheme
// implies, as the Origin header has it (RFC 6454 §6.2). Empty: no such URL, or its authority is
// more than a host and a port.
[[nodiscard]] std::string origin_of(std::string_view url);

// The host that a person recognises, with the port where there is one; for an address of a private
// scheme (com.example.app:/path) the scheme. Only characters of a host.
[[nodiscard]] std::string place_name_of(std::string_view url);

// The source expression for form-action (CSP level 3 §2.3.1) that lets a form's answer redirect to
// this address, which check_redirect_uri accepted. Browsers follow a redirect after a form only to
// places that the page's own policy names. A private scheme as "scheme:". The grammar has no IPv6
// addresses: the loopback [::1] becomes "http:". Never holds white space, ';', ',' or a quote, so
// it can't end the directive. Empty: nothing that could be named; then the browser stays.
[[nodiscard]] std::string form_action_source(std::string_view redirect_uri);

// May this request have been sent by a form of our own pages? `origin` and `fetch_site` are the
// headers Origin and Sec-Fetch-Site, empty when absent. An Origin must be the issuer's; "null",
// which a sandboxed frame sends, is foreign. Browsers too old for both headers pass: the form's
// token is the other half of the defence (api/form_guard.hpp).
[[nodiscard]] bool is_own_form(std::string_view issuer, std::string_view origin,
                               std::string_view fetch_site);

// The path below which the issuer's pages lie: "/tenant" of https://host/tenant, mostly empty;
// never ends in a slash. Empty too when it holds what no path of ours has, which is to be escaped.
[[nodiscard]] std::string base_path_of(std::string_view issuer);

}  // namespace tokenledger

// Where the authorization endpoint may send a browser (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700
// §2.1): which addresses a client may register, and whether a request names one of them.
//
// A registered address is the only thing that keeps codes and tokens from strangers, so nothing is
// normalised and nothing matches by pattern. Any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/errc.hpp"

namespace tokenledger {

// What may be registered, at most kRedirectUriBytesMax (core/event.hpp) bytes:
//   https://host[:port][/path][?query]
//   http://127.0.0.1, http://[::1] or http://localhost, then as above (native apps, development)
//   com.example.app:/path or com.example.app://path     (a private-use scheme has a dot, §7.1)
// with a lower-case scheme. Errc::too_large or Errc::invalid_argument; the latter also for a
// fragment, user information, a '*' (it reads like a wildcard), a character that no URI has, an
// escape of an unreserved character, and a query that already names a parameter of our answers
// (`code`, `state`, `iss`, `error`, …): a client would see two of them.
[[nodiscard]] Result<void> check_redirect_uri(std::string_view uri);

// RFC 8252 §7.3: a native app learns its loopback port when it starts, so `any` lets the port of
// http://127.0.0.1 and http://[::1] differ, or be absent. Of localhost never: the name may lead
// elsewhere (§8.3).
enum class LoopbackPort : std::uint8_t { as_registered, any };

// Byte for byte, but for that port. Both are `redirect_uri` texts; the registered one was checked.
[[nodiscard]] bool is_redirect_uri_match(std::string_view registered, std::string_view requested,
                                         LoopbackPort port);

// The position of the first registered address that matches.
[[nodiscard]] std::optional<std::size_t> find_redirect_uri(std::span<const std::string> registered,
                                                           std::string_view requested,
                                                           LoopbackPort port);

}  // namespace tokenledger

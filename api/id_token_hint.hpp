// `id_token_hint`: an id token that this client got earlier says who the request is about (OpenID
// Connect Core §3.1.2.1). Whoever else is signed in gets `login_required` for it, never an answer.
// Verifies a signature: for a worker, and for somebody who is signed in. Any thread.
#pragma once

#include <cstdint>

#include "core/authorization_request.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {

enum class HintVerdict : std::uint8_t {
  fits,     // it is about this user, or there is no hint
  another,  // about somebody else
  bad,      // no id token of ours for this client, or signed by a key that was revoked
};
// An expired one is as good as any: it says who it was.
[[nodiscard]] HintVerdict judge_id_token_hint(const Ledger& ledger,
                                              const AuthorizationRequest& request, UserNumber user);

}  // namespace tokenledger

// Issuing an access token right at the authorization endpoint (RFC 6749 §4.2.2): the user asks for
// it, on what the user, or an administrator for a group of theirs, allowed.
//
// Only for clients whose settings ask for it (C9): a token in an address is seen by more eyes than
// one that the token endpoint gives, and no client authentication stands behind it (RFC 9700
// §2.1.2). There is never a refresh token with it, nor an id token. Threads: any.
#pragma once

#include <functional>
#include <string>

#include "core/ids.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {

struct ImplicitRequest {
  Actor actor;  // the user, with the generation of the password that the session began with
  std::string request_id;
  ClientNumber client;
  Sequence client_based_on;  // updated_seq of the record that redirect_uri was found in
  ConsentNumber consent;     // covers the masks
  ApiNumber api;
  std::uint64_t scope_mask = 0;
  std::uint64_t identity_mask = 0;  // without offline_access
  UnixSeconds auth_time;            // when the password was checked
  std::string nonce;                // becomes a claim; empty: none
};

// Signs on the caller's thread, or once more on the commit thread. `done` as in
// Ledger::submit_async(): the event is durable before anybody has the text. Its rules are those of
// the command IssueToken by a user. consent_required: the consent covers this no more;
// stale_policy: the client changed since it was read, so the text goes nowhere (a token may have
// become an event by then: nobody has it, and it runs out).
void issue_implicitly_async(Ledger& ledger, ImplicitRequest request,
                            std::function<void(Result<IssuedToken>)> done);

}  // namespace tokenledger

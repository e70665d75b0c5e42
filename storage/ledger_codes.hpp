// Issuing authorization codes (RFC 6749 §4.1.2): the event is durable before anybody has the text.
//
// The text is drawn here, given to `done` once and kept nowhere: the event has its SHA-256 alone
// (INV-5). Whether the user is who the session says, whether the consent covers what is asked, and
// whether the client is still as it was, decide() says at the moment of the event. Threads: any.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/ids.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {

// What the user let the client have, as the authorization request asked for it.
struct CodeRequest {
  Actor actor;  // the user, with the generation of the password that the session began with
  std::string request_id;
  ClientNumber client;
  Sequence client_based_on;  // updated_seq of the record that redirect_uri was found in
  ConsentNumber consent;     // covers the masks
  ApiNumber api;
  std::uint64_t scope_mask = 0;
  std::uint64_t identity_mask = 0;
  std::string redirect_uri;       // where the code goes; only its SHA-256 is kept
  bool has_redirect_uri = false;  // the token request must name it again (§4.1.3)
  std::optional<Digest> code_challenge;
  UnixSeconds auth_time;  // when the password was checked
  std::string nonce;
};

struct IssuedCode {
  std::string code;  // good for kAuthorizationCodeLifetimeSeconds, once
  Committed committed;
};

// `done` as in Ledger::submit_async(): on the commit thread or, for a refusal, on the caller's. Its
// rules are those of the command IssueCode; stale_policy: the client changed since it was read;
// consent_required: the consent covers this no more.
void issue_code_async(Ledger& ledger, CodeRequest request,
                      std::function<void(Result<IssuedCode>)> done);

}  // namespace tokenledger

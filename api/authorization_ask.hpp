// AuthorizationAsk: an authorization request with everything that the registries say of it: which
// client, which API, which scopes, and how a person would read them (RFC 6749 §4.1.1, §3.3;
// RFC 8707 §2; OpenID Connect Core §3.1.2.1, §11).
//
// The request is the text of its query, which travels from page to page as it came and is judged
// anew each time: nothing is kept between two requests. Memory alone is asked. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/authorization_request.hpp"
#include "core/people.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {

// It goes into a form and into an address; beyond: a page says so.
inline constexpr std::size_t kAuthorizationQueryBytesMax = 8 * 1024;

// Scopes of one API, and what the client may know of the person.
struct ScopeMasks {
  std::uint64_t scopes = 0;
  std::uint64_t identity = 0;
  [[nodiscard]] bool empty() const noexcept { return (scopes | identity) == 0; }
  // What is here and not there.
  [[nodiscard]] ScopeMasks without(const ScopeMasks& other) const noexcept {
    return {scopes & ~other.scopes, identity & ~other.identity};
  }
  friend bool operator==(const ScopeMasks&, const ScopeMasks&) = default;
};

struct AskedScope {
  ScopeMasks bit;  // one bit, in one of the two
  std::string name;
  std::string description;  // may be empty
};

struct AuthorizationAsk {
  AuthorizationRequest request;
  ClientNumber client;
  Sequence client_seq;  // updated_seq of the record that it was judged by
  std::string client_name;
  ApiNumber api;
  std::string api_name;
  std::string identity_name;       // of the API that the identity scopes belong to
  ScopeMasks asked;                // never empty
  std::vector<AskedScope> scopes;  // the same in words, in the order asked for
};

// Which client the query names, whatever else it says; empty: none that there is. For the log.
[[nodiscard]] std::string client_id_of(const Ledger& ledger, std::string_view query);

// Scopes that are not named are all that the client's grant has, as at the token endpoint. Without
// an API the identity scopes are asked for alone. `offline_access` is passed over where no refresh
// token would come of it (OpenID Connect Core §11). A person's consent is never beyond what an
// administrator granted to the client.
using AskVerdict = std::variant<AuthorizationAsk, PageFault, RedirectFault>;
[[nodiscard]] AskVerdict read_authorization_ask(const Ledger& ledger, std::string_view query);

// What the user, or an administrator for a group of theirs, allowed already.
struct KnownConsent {
  ConsentNumber covering;    // covers all that is asked; 0: none does
  ScopeMasks missing;        // in the user's own; empty when one covers
  bool has_earlier = false;  // the user's own has some of this client and API
};
[[nodiscard]] KnownConsent find_consent(const People& people, UserNumber user,
                                        const AuthorizationAsk& ask);

// The same request once the user signed in: it asks for no further sign-in (`prompt=login`,
// `max_age=0`), or it would ask for ever. All else as it was.
[[nodiscard]] std::string after_sign_in(std::string_view query);

}  // namespace tokenledger

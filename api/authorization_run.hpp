// An authorization request from page to page to its answer (RFC 6749 §4.1, OpenID Connect Core
// §3.1.2): sign in, ask for what is missing, issue the code (or, for clients that opted in, the
// token: RFC 6749 §4.2), send the browser back.
//
// Each step looks at everything again: who is signed in, what is allowed, what the client may have.
// Only what a user saw on the consent page is ever allowed by its form. A request of somebody who
// is not signed in is answered from memory on the thread that has it; what may wait goes to a
// worker.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/authorization_ask.hpp"
#include "api/page_call.hpp"
#include "api/sign_in_page.hpp"

namespace tokenledger {

// What a consent page asks for, as its form brings it back; bound to the page by the form's token.
struct ShownConsent {
  ApiNumber api;
  ScopeMasks scopes;
};
// The text that the form carries: the question and the request it belongs to.
[[nodiscard]] std::string consent_request(const ShownConsent& shown, std::string_view query);
struct ConsentRequest {
  ShownConsent shown;
  std::string_view query;
};
// nullopt: not a text of consent_request.
[[nodiscard]] std::optional<ConsentRequest> parse_consent_request(std::string_view text);

struct AuthorizationRun {
  Page page;
  std::string query;
  // The user pressed Allow on the page that showed this. Absent: no page was shown yet.
  std::optional<ShownConsent> allowed = {};
  int attempts_left = kChangeAttemptsMax;
};
// Answers the page, now or when the event is durable. Any thread but the commit thread.
void run_authorization(const std::shared_ptr<AuthorizationRun>& run);

// The answer for a fault of the request: a page, or a redirect with `status`.
[[nodiscard]] HttpResponse fault_answer(const PageCall& page, const PageFault& fault);
[[nodiscard]] HttpResponse fault_answer(const PageCall& page, const RedirectFault& fault);
// Where a form leads, the browser must not send the form again: 303 (RFC 9700 §4.12). Else 302.
[[nodiscard]] int redirect_status(const PageCall& page);

// The page that asks for a password, for this request; an empty query: for the account page. Sets
// the form cookie where the browser has none.
struct SignInAsk {
  std::string_view query;
  std::string_view login = {};
  SignInFault fault = SignInFault::none;
  std::uint32_t retry_after_s = 0;
  bool has_signed_out = false;
};
[[nodiscard]] HttpResponse ask_to_sign_in(const PageCall& page, const SignInAsk& ask);

}  // namespace tokenledger

// The page that asks whether a client may do what it asked for (A07, A09, A11). Pure. Any thread.
//
// It lists exactly the scopes that it is given: all that were asked for, or only what is new. Who
// asks, for whom and where the answer goes stand beside them, because a page that looks like this
// one is what a thief would make. Allowing has no focus and no key of its own: whoever is typing
// when the page appears must not have allowed anything.
#pragma once

#include <span>
#include <string_view>

#include "api/html_page.hpp"

namespace tokenledger {

struct PageScope {
  std::string_view name;         // as the client asked for it
  std::string_view description;  // empty: the name stands alone
};

// Scopes of one API. `title` is the API's name.
struct PageScopes {
  std::string_view title;
  std::span<const PageScope> scopes;
};

struct ConsentPage {
  PageSite site;  // with the redirect_uri, whose place is shown
  std::string_view client_name;
  std::string_view display_name;  // of who is signed in; may be empty
  std::string_view login;
  std::span<const PageScopes> asked;
  bool is_more = false;  // something was allowed earlier, which the page does not list again
  std::string_view request;
  std::string_view form_token;  // FormGuard, purpose consent
};

// Fields of the form: request, token, and decision = allow or deny by the button.
[[nodiscard]] HttpResponse consent_page(const ConsentPage& page);

// <bdi>display name</bdi> (<bdi>login</bdi>), or the login alone.
void write_person(HtmlWriter& html, std::string_view display_name, std::string_view login);

}  // namespace tokenledger

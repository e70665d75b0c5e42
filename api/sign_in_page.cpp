#include "api/sign_in_page.hpp"

namespace tokenledger {
namespace {

std::string fault_text(const SignInPage& page) {
  switch (page.fault) {
    case SignInFault::none: return {};
    case SignInFault::wrong: return "The account name or the password is wrong.";
    case SignInFault::too_many:
      return "Too many attempts. Try again " + waiting_text(page.retry_after_s) + ".";
    case SignInFault::busy:
      return "Many people are signing in just now. Try again " + waiting_text(page.retry_after_s) +
             ".";
  }
  return {};
}

void write_fields(HtmlWriter& html, const SignInPage& page) {
  const bool is_wrong = page.fault == SignInFault::wrong;
  html.markup(R"(<label for="login">Account name</label>
<input id="login" name="login" type="text" required autocomplete="username" autocapitalize="none"
 autocorrect="off" spellcheck="false" dir="auto" value=")");
  html.text(page.login).markup("\"");
  if (is_wrong) html.markup(R"( aria-invalid="true" aria-describedby="fault")");
  // Whoever typed a name before goes on with the password.
  if (page.login.empty()) html.markup(" autofocus");
  html.markup(R"(>
<label for="password">Password</label>
<input id="password" name="password" type="password" required autocomplete="current-password")");
  if (is_wrong) html.markup(R"( aria-invalid="true" aria-describedby="fault")");
  if (!page.login.empty()) html.markup(" autofocus");
  html.markup(">\n");
}

}  // namespace

std::string waiting_text(std::uint32_t seconds) {
  if (seconds > 120) return "in " + std::to_string((seconds + 59) / 60) + " minutes";
  return seconds == 1 ? "in one second" : "in " + std::to_string(seconds) + " seconds";
}

HttpResponse sign_in_page(const SignInPage& page) {
  HtmlWriter html;
  html.markup("<h1>Sign in</h1>\n<p class=\"lead\">");
  if (page.client_name.empty()) {
    html.markup("to see and change your account");
  } else {
    html.markup("to go on to <strong>").name(page.client_name).markup("</strong>");
  }
  html.markup("</p>\n");
  if (page.has_signed_out)
    html.markup("<p class=\"notice\" role=\"status\">You are signed out.</p>\n");
  if (page.fault != SignInFault::none) write_alert(html, fault_text(page));
  begin_form(html, page.site, kSignInPath);
  html.hidden("token", page.form_token);
  if (!page.request.empty()) html.hidden("request", page.request);
  write_fields(html, page);
  html.markup("<button class=\"primary\">Sign in</button>\n</form>\n");
  const bool is_refused = page.fault == SignInFault::too_many || page.fault == SignInFault::busy;
  auto response = html_page(page.site,
                            {.status = is_refused ? 429 : 200,
                             .title = "Sign in",
                             .is_fault = page.fault != SignInFault::none},
                            html);
  if (is_refused) response.add_header("Retry-After", std::to_string(page.retry_after_s));
  return response;
}

}  // namespace tokenledger

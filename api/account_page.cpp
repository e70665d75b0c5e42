#include "api/account_page.hpp"

#include <string>

#include "api/rfc3339.hpp"
#include "api/sign_in_page.hpp"
#include "core/password.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kDateLength = 10;  // of RFC 3339

struct NoticeWords {
  int status;
  bool is_fault;
  bool is_of_password;  // shown at that form, which is then open
  std::string text;
};

NoticeWords words_of(const AccountPage& page) {
  switch (page.notice) {
    case AccountNotice::none: break;
    case AccountNotice::withdrawn:
      return {200, false, false, "Withdrawn. What was issued on it no longer works."};
    case AccountNotice::password_changed:
      return {200, false, false, "Your password is changed. Everywhere else you are signed out."};
    case AccountNotice::password_wrong:
      return {403, true, true, "The current password is wrong. Nothing was changed."};
    case AccountNotice::password_unfit:
      return {422, true, true,
              "A new password has " + std::to_string(kPasswordBytesMin) + " to " +
                  std::to_string(kPasswordBytesMax) + " characters. Nothing was changed."};
    case AccountNotice::password_different:
      return {422, true, true, "The two new passwords differ. Nothing was changed."};
    case AccountNotice::too_many:
      return {429, true, true,
              "Too many attempts. Try again " + waiting_text(page.retry_after_s) + "."};
  }
  return {200, false, false, {}};
}

void write_top(HtmlWriter& html, const AccountPage& page) {
  html.markup("<div class=\"top\">\n<div><h1>Your account</h1>\n<p class=\"soft\">");
  write_person(html, page.display_name, page.login);
  html.markup("</p></div>\n");
  begin_form(html, page.site, kSignOutPath);
  html.hidden("token", page.sign_out_token);
  html.markup("<button class=\"small\">Sign out</button>\n</form>\n</div>\n");
}

void write_consent(HtmlWriter& html, const AccountPage& page, const AccountConsent& consent) {
  html.markup("<li><div class=\"about\">").name(consent.api_name).markup(" <span class=\"code\">");
  bool is_first = true;
  for (const auto& scope : consent.scopes) {
    if (!is_first) html.markup(", ");
    html.name(scope.name);
    is_first = false;
  }
  const auto date = format_rfc3339(consent.granted_at).substr(0, kDateLength);
  html.markup("</span> <span class=\"soft\">");
  html.markup(consent.id.empty() ? Markup{"allowed for your group by an administrator, "}
                                 : Markup{"allowed by you, "});
  html.markup("<time>").text(date).markup("</time></span></div>\n");
  if (!consent.id.empty()) {
    begin_form(html, page.site, kWithdrawPath);
    html.hidden("token", page.withdraw_token).hidden("consent", consent.id);
    html.markup("<button class=\"small\">Withdraw<span class=\"unseen\"> the access of ");
    html.name(consent.client_name).markup(" to ").name(consent.api_name);
    html.markup("</span></button>\n</form>\n");
  }
  html.markup("</li>\n");
}

void write_consents(HtmlWriter& html, const AccountPage& page) {
  html.markup("<h2>What you have allowed</h2>\n");
  if (page.consents.empty()) {
    html.markup("<p class=\"soft\">Nothing: no application may act for you.</p>\n");
    return;
  }
  const AccountConsent* earlier = nullptr;
  for (const auto& consent : page.consents) {
    if (earlier == nullptr || earlier->client != consent.client) {
      if (earlier != nullptr) html.markup("</ul>\n</section>\n");
      html.markup("<section class=\"client\">\n<h3>").name(consent.client_name);
      html.markup("</h3>\n<ul class=\"grants\">\n");
    }
    write_consent(html, page, consent);
    earlier = &consent;
  }
  html.markup("</ul>\n</section>\n");
}

void write_password_form(HtmlWriter& html, const AccountPage& page, const NoticeWords& words) {
  const bool is_open = words.is_of_password;
  html.markup(is_open ? Markup{"<details open>\n"} : Markup{"<details>\n"});
  html.markup("<summary>Change your password</summary>\n");
  if (is_open) write_alert(html, words.text);
  begin_form(html, page.site, kPasswordPath);
  html.hidden("token", page.password_token);
  // Not for people: it tells a password manager which account this is.
  html.markup(
      "<input class=\"unseen\" type=\"text\" name=\"login\" autocomplete=\"username\""
      " tabindex=\"-1\" aria-hidden=\"true\" readonly value=\"");
  html.text(page.login).markup("\">\n");
  html.markup(R"(<label for="current">Current password</label>
<input id="current" name="current" type="password" required autocomplete="current-password")");
  if (is_open) html.markup(R"( autofocus aria-describedby="fault")");
  html.markup(R"(>
<label for="new">New password</label>
<p class="hint" id="new-hint">At least )");
  html.text(std::to_string(kPasswordBytesMin)).markup(R"( characters. A sentence is a good one.</p>
<input id="new" name="new" type="password" required autocomplete="new-password"
 aria-describedby="new-hint">
<label for="again">New password, again</label>
<input id="again" name="again" type="password" required autocomplete="new-password">
<p class="soft">This signs you out everywhere else, and applications have to send you here again.</p>
<button class="primary">Change password</button>
</form>
</details>
)");
}

}  // namespace

HttpResponse account_page(const AccountPage& page) {
  const auto words = words_of(page);
  HtmlWriter html;
  write_top(html, page);
  if (!words.text.empty() && !words.is_of_password)
    html.markup("<p class=\"notice\" role=\"status\">").text(words.text).markup("</p>\n");
  write_consents(html, page);
  write_password_form(html, page, words);
  auto response = html_page(page.site,
                            {.status = words.status,
                             .title = "Your account",
                             .is_fault = words.is_fault,
                             .width = PageWidth::wide},
                            html);
  if (page.notice == AccountNotice::too_many)
    response.add_header("Retry-After", std::to_string(page.retry_after_s));
  return response;
}

}  // namespace tokenledger

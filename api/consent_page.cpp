#include "api/consent_page.hpp"

#include "api/web_origin.hpp"

namespace tokenledger {
namespace {

void write_scopes(HtmlWriter& html, const PageScopes& group) {
  html.markup("<p class=\"group\">").name(group.title).markup("</p>\n<ul class=\"asked\">\n");
  if (group.scopes.empty())
    html.markup(
        "<li><span class=\"what\">Call it for you, without any of its scopes</span></li>\n");
  for (const auto& scope : group.scopes) {
    html.markup("<li>");
    if (scope.description.empty()) {
      html.markup("<span class=\"what\">").name(scope.name).markup("</span>");
    } else {
      html.markup("<span class=\"what\">").name(scope.description).markup("</span>");
      html.markup("<span class=\"code\">").name(scope.name).markup("</span>");
    }
    html.markup("</li>\n");
  }
  html.markup("</ul>\n");
}

}  // namespace

void write_person(HtmlWriter& html, std::string_view display_name, std::string_view login) {
  if (display_name.empty()) {
    html.name(login);
    return;
  }
  html.name(display_name).markup(" (").name(login).markup(")");
}

HttpResponse consent_page(const ConsentPage& page) {
  HtmlWriter html;
  html.markup("<h1>Allow ").name(page.client_name);
  page.is_more ? html.markup(" to do more?</h1>\n") : html.markup(" to act for you?</h1>\n");
  html.markup("<p class=\"lead\">You are signed in as ");
  write_person(html, page.display_name, page.login);
  html.markup(".</p>\n<p><strong>").name(page.client_name).markup("</strong>");
  page.is_more ? html.markup(" asks, beyond what you allowed before, to:</p>\n")
               : html.markup(" asks to:</p>\n");
  for (const auto& group : page.asked) write_scopes(html, group);
  html.markup("<p class=\"soft\">");
  if (const auto place = place_name_of(page.site.redirect_uri); !place.empty())
    html.markup("Either way you go back to <strong>").name(place).markup("</strong>. ");
  html.markup("What you allow you can withdraw at any time on your account page.</p>\n");
  begin_form(html, page.site, kConsentPath);
  html.hidden("token", page.form_token).hidden("request", page.request);
  html.markup(R"(<div class="choice">
<button name="decision" value="deny">Deny</button>
<button name="decision" value="allow" class="primary">Allow</button>
</div>
</form>
)");
  return html_page(page.site, {.title = "Allow access"}, html);
}

}  // namespace tokenledger

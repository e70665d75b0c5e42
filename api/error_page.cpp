#include "api/error_page.hpp"

#include <string>

namespace tokenledger {

HttpResponse error_page(const ErrorPage& page) {
  HtmlWriter html;
  html.markup("<h1>").markup(page.heading).markup("</h1>\n<p>").text(page.explanation);
  html.markup("</p>\n");
  if (!page.request_id.empty()) {
    html.markup("<p class=\"soft\">If you ask an administrator, give them this number: <code>");
    html.text(page.request_id).markup("</code></p>\n");
  }
  auto response =
      html_page(page.site, {.status = page.status, .title = page.heading, .is_fault = true}, html);
  if (page.retry_after_s != 0)
    response.add_header("Retry-After", std::to_string(page.retry_after_s));
  return response;
}

HttpResponse stale_form_page(const PageSite& site, std::string_view request_id) {
  return error_page({.site = site,
                     .status = 403,
                     .heading = "Please start again",
                     .explanation = "This page was open for too long, or your browser did not send "
                                    "its cookie. Nothing was changed. Go back to the application "
                                    "you came from and start once more.",
                     .request_id = request_id});
}

}  // namespace tokenledger

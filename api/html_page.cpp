#include "api/html_page.hpp"

#include "api/page_style.hpp"
#include "api/web_origin.hpp"
#include "core/base64url.hpp"
#include "core/sha256.hpp"
#include "core/utf8.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kReplacement = "\uFFFD";

// CSP level 3 §8.1; of a constant, so once is enough.
const std::string& style_hash() {
  static const std::string hash = "'sha256-" + base64_encode(sha256(kPageStyle)) + "'";
  return hash;
}

bool is_control(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7F;
}

}  // namespace

void append_html_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    switch (text[0]) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += length == 0 || is_control(text[0]) ? kReplacement : text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

HtmlWriter& HtmlWriter::markup(Markup constant) {
  body_ += constant.view();
  return *this;
}

HtmlWriter& HtmlWriter::text(std::string_view text) {
  append_html_escaped(body_, text);
  return *this;
}

HtmlWriter& HtmlWriter::name(std::string_view name) {
  return markup("<bdi>").text(name).markup("</bdi>");
}

HtmlWriter& HtmlWriter::hidden(Markup field, std::string_view value) {
  markup(R"(<input type="hidden" name=")").markup(field).markup(R"(" value=")");
  return text(value).markup("\">\n");
}

std::string page_policy(std::string_view redirect_uri) {
  std::string policy =
      "default-src 'none'; style-src " + style_hash() + "; img-src 'self'; form-action 'self'";
  if (const auto source = form_action_source(redirect_uri); !source.empty()) policy += " " + source;
  return policy + "; frame-ancestors 'none'; base-uri 'none'";
}

HttpResponse html_page(const PageSite& site, const PageHead& head, const HtmlWriter& main) {
  const std::string place = place_name_of(site.issuer);
  HtmlWriter page;
  page.markup(R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>)");
  if (head.is_fault) page.markup("Error: ");
  page.markup(head.title).markup(" \u00B7 ").text(place).markup("</title>\n<style>");
  std::string body = page.body();
  body += kPageStyle;
  HtmlWriter top;
  top.markup("</style>\n</head>\n<body>\n");
  if (head.width == PageWidth::narrow) top.markup("<div class=\"narrow\">\n");
  if (head.width == PageWidth::wide) top.markup("<div class=\"wide\">\n");
  top.markup("<header class=\"place\">").name(place).markup("</header>\n<main>\n");
  body += top.body();
  body += main.body();
  body += "</main>\n</div>\n</body>\n</html>\n";
  HttpResponse response{.status = head.status, .content_type = kContentTypeHtml};
  response.body = std::move(body);
  response.add_header("Cache-Control", "no-store");
  response.add_header("Content-Security-Policy", page_policy(site.redirect_uri));
  // no-referrer would make browsers send "Origin: null" with our own forms.
  response.add_header("Referrer-Policy", "same-origin");
  response.add_header("X-Content-Type-Options", "nosniff");
  response.add_header("X-Frame-Options", "DENY");
  return response;
}

void begin_form(HtmlWriter& html, const PageSite& site, std::string_view path) {
  html.markup(R"(<form method="post" action=")").text(base_path_of(site.issuer)).text(path);
  html.markup("\">\n");
}

void write_alert(HtmlWriter& html, std::string_view sentence) {
  html.markup("<p class=\"alert\" role=\"alert\" id=\"fault\">").text(sentence).markup("</p>\n");
}

}  // namespace tokenledger

// The pages that people see: the only writer of HTML.
//
// Markup is a constant of the source code, which the compiler checks; everything else passes
// text(), which escapes it. There is no script on any page and no style but the one sheet, so the
// Content-Security-Policy forbids all others by its hash. Threads: plain values.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "api/http_response.hpp"

namespace tokenledger {

// HTML from the source: a text that was made at run time does not compile.
class Markup {
 public:
  template <std::size_t size>
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is meant to become one.
  consteval Markup(const char (&text)[size]) : text_{text, size - 1} {}
  [[nodiscard]] constexpr std::string_view view() const noexcept { return text_; }

 private:
  std::string_view text_;
};

// Appends text so that it is only text, in content and in a quoted attribute: & < > " and ' are
// escaped. A control character but TAB and LF, and a broken UTF-8 sequence, become U+FFFD.
void append_html_escaped(std::string& out, std::string_view text);

class HtmlWriter {
 public:
  HtmlWriter& markup(Markup constant);
  HtmlWriter& text(std::string_view text);
  // A name that somebody chose, set apart from what stands around it: right-to-left letters and
  // controls inside it turn nothing else around (HTML §4.5.23).
  HtmlWriter& name(std::string_view name);
  // <input type="hidden">; the name is ours.
  HtmlWriter& hidden(Markup field, std::string_view value);
  [[nodiscard]] const std::string& body() const noexcept { return body_; }

 private:
  std::string body_;
};

// Where the pages stand and what their forms may lead to.
struct PageSite {
  std::string_view issuer;  // its host is shown above every page, its path begins every address
  // The client's address that the answer to a form of this page may redirect to (see
  // form_action_source); empty: to our own pages only.
  std::string_view redirect_uri;
};

// The addresses of the pages, below the issuer's path.
inline constexpr std::string_view kSignInPath = "/oauth/sign-in";
inline constexpr std::string_view kConsentPath = "/oauth/consent";
inline constexpr std::string_view kAccountPath = "/oauth/account";
inline constexpr std::string_view kWithdrawPath = "/oauth/account/withdraw";
inline constexpr std::string_view kPasswordPath = "/oauth/account/password";
inline constexpr std::string_view kSignOutPath = "/oauth/sign-out";

enum class PageWidth : std::uint8_t {
  narrow,  // one question
  wide,    // a list
};

struct PageHead {
  int status = 200;
  Markup title;           // of the window; the host follows
  bool is_fault = false;  // then "Error:" goes before the title, where screen readers begin
  PageWidth width = PageWidth::narrow;
};

// The whole answer, with every header that a page has: no-store, no sniffing, no frames, a policy
// without scripts. `main` is the content of <main>.
[[nodiscard]] HttpResponse html_page(const PageSite& site, const PageHead& head,
                                     const HtmlWriter& main);

// <form method="post"> to one of the paths above; the caller writes fields and ends it.
void begin_form(HtmlWriter& html, const PageSite& site, std::string_view path);
// What went wrong, read aloud at once (WAI-ARIA role alert); `id` for the fields it describes.
void write_alert(HtmlWriter& html, std::string_view sentence);

// The Content-Security-Policy of a page that redirects to this address, or to none.
[[nodiscard]] std::string page_policy(std::string_view redirect_uri);

}  // namespace tokenledger

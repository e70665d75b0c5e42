// PageCall: one request for a page, and what answers it on its way through threads.
//
// The parts that every page's handler needs: the form that came, whose it is, who is signed in, and
// where a browser is sent. Sources: RFC 6265 (cookies), RFC 9700 §4.12 (303 after a form). Threads:
// one owner at a time, handed from thread to thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/browser_desk.hpp"
#include "api/endpoint.hpp"
#include "api/error_page.hpp"
#include "api/html_page.hpp"
#include "api/http_form.hpp"

namespace tokenledger {

// A form may carry a whole authorization request, escaped once more, and three passwords.
inline constexpr std::size_t kPageFormBytesMax = 32 * 1024;
inline constexpr std::string_view kAuthorizePath = "/oauth/authorize";
inline constexpr std::string_view kAuthorizeAlias = "/authorize";

// Nothing here refers to the ApiContext, which may be gone when a command completes.
struct PageCall {
  Ledger& ledger;
  std::shared_ptr<WorkerPool> workers;
  std::shared_ptr<BrowserDesk> desk;
  OwnedHttpRequest request;
  Responder responder;

  // `redirect_uri` outlives the page that is made with it.
  [[nodiscard]] PageSite site(std::string_view redirect_uri = {}) const {
    return {.issuer = ledger.issuer(), .redirect_uri = redirect_uri};
  }
  [[nodiscard]] std::string_view cookie(BrowserCookie cookie) const;
  void answer(HttpResponse response) { responder.respond(std::move(response)); }
};
using Page = std::shared_ptr<PageCall>;
using PageHandler = std::function<void(const Page&)>;

// `handle` runs on the I/O thread, where it must not wait.
void route_page(HttpRouter& router, ApiContext& context, HttpMethod method, std::string_view path,
                PageHandler handle);
// Goes on with the page on a worker, or answers it with 503.
void post_page(const Page& page, std::function<void()> job);

// application/x-www-form-urlencoded, in any case.
[[nodiscard]] bool is_form(std::string_view media_type) noexcept;

// The fields of a form that one of our pages sent. They may hold passwords, which are overwritten
// when it ends.
class PageForm {
 public:
  PageForm() = default;
  PageForm(const PageForm&) = delete;
  PageForm& operator=(const PageForm&) = delete;
  ~PageForm() { fields_.wipe(); }

  // The page that refuses it, or nullopt: no form, a broken one, a field that is there twice, or
  // sent by a page that is not ours.
  [[nodiscard]] std::optional<HttpResponse> read(const PageCall& page);
  // Empty when absent.
  [[nodiscard]] std::string_view get(std::string_view name) const {
    return fields_.get(name).value_or(std::string_view{});
  }
  // Whether our page made it for this browser, purpose and request: the field `token` says so.
  [[nodiscard]] bool is_genuine(const PageCall& page, FormPurpose purpose,
                                std::string_view request = {}) const;

 private:
  FormFields fields_;
};

// Who is signed in, as of now.
struct SignedIn {
  Actor actor;
  UnixSeconds auth_time;
};
// nullopt: nobody; the session ended; the user is disabled, was so in between, or has another
// password by now.
[[nodiscard]] std::optional<SignedIn> find_signed_in(const PageCall& page);
// A session for a user whose password was right just now, and the cookie for it on `response`.
// `since`: committed before the password was looked at; whatever ended the user's sessions after it
// ends this one, too.
void begin_session(const PageCall& page, const Actor& user, Sequence since, HttpResponse& response);
// The token of a form that is bound to the session.
[[nodiscard]] std::string session_form_token(const PageCall& page, FormPurpose purpose,
                                             std::string_view request = {});

// Sends the browser elsewhere. `url` was made from a registered address, or is page_url's.
[[nodiscard]] HttpResponse redirect(int status, std::string_view url);
// One of our pages, below the issuer's path. `query` is escaped already; empty: none.
[[nodiscard]] std::string page_url(const PageCall& page, std::string_view path,
                                   std::string_view query = {});
// The page for an Errc that a person can do nothing about.
[[nodiscard]] HttpResponse failure_page(const PageCall& page, Errc code);

// Whole seconds, rounded up: who comes back when told is let in.
[[nodiscard]] std::uint32_t whole_seconds(RateLimiter::Clock::duration wait) noexcept;

}  // namespace tokenledger

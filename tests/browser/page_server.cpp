// Our pages before a real browser, with the parts that guard them and without a ledger: sessions,
// cookies, form tokens, the policy, the redirect to a client. Two servers on loopback: ours, and a
// client's of another origin. Prints "issuer URL" and "client URL", then serves until its standard
// input ends.
//
//   GET  /page/{name}       one page as it would look, for looking at and measuring
//   GET  /oauth/authorize   sign-in page, consent page, or straight back to the client
//   ...and the forms of these pages. The only account is ada, her password "correct horse".
#include <cstdio>
#include <mutex>
#include <string>

#include "api/account_page.hpp"
#include "api/browser_cookie.hpp"
#include "api/browser_sessions.hpp"
#include "api/error_page.hpp"
#include "api/form_guard.hpp"
#include "api/http_form.hpp"
#include "api/http_server.hpp"
#include "api/sign_in_page.hpp"
#include "api/web_origin.hpp"
#include "tests/browser/sample_pages.hpp"

namespace tokenledger::test {
namespace {

constexpr std::string_view kPassword = "correct horse";
constexpr PageScope kScopes[] = {{"read", "See your events"}, {"write", "Change your events"}};
constexpr UnixSeconds kNow{1'800'000'000};

HttpResponse see_other(std::string_view place) {
  HttpResponse response{.status = 303};
  response.add_header("Location", place);
  response.add_header("Cache-Control", "no-store");
  return response;
}

class PageServer {
 public:
  std::string issuer, client;  // set before the first request

  HttpRouter routes() {
    HttpRouter router;
    const auto add = [&](HttpMethod method, std::string_view path,
                         HttpResponse (PageServer::*handler)(const HttpRequest&)) {
      router.add(method, path,
                 [this, handler](const HttpRequest& request) { return (this->*handler)(request); });
    };
    router.add(HttpMethod::get, "/page/{name}", [this](const HttpRequest& request) {
      const auto page = sample_page(*request.path_parameter(0), {.issuer = issuer});
      return page ? *page : HttpResponse{.status = 404};
    });
    add(HttpMethod::get, "/oauth/authorize", &PageServer::authorize);
    add(HttpMethod::post, kSignInPath, &PageServer::sign_in);
    add(HttpMethod::post, kConsentPath, &PageServer::consent);
    add(HttpMethod::get, kAccountPath, &PageServer::account);
    add(HttpMethod::post, kWithdrawPath, &PageServer::withdraw);
    add(HttpMethod::post, kSignOutPath, &PageServer::sign_out);
    return router;
  }

 private:
  struct Form {
    FormFields fields;
    std::string session, token, request;
    std::string field(std::string_view name) const {
      return std::string{fields.get(name).value_or("")};
    }
  };

  std::string cookie(const HttpRequest& request, BrowserCookie which) const {
    const auto found =
        find_cookie(request.header(HttpHeader::cookie), which, cookie_site_of(issuer));
    return std::string{found.value_or("")};
  }
  bool is_signed_in(const HttpRequest& request) {
    return sessions_.use(cookie(request, BrowserCookie::session), kNow).has_value();
  }
  PageSite site() const { return {.issuer = issuer, .redirect_uri = client}; }

  HttpResponse ask_sign_in(const HttpRequest& request, std::string_view query, SignInFault fault,
                           std::string_view login) {
    auto form_cookie = cookie(request, BrowserCookie::form);
    const bool is_new = form_cookie.empty();
    if (is_new) form_cookie = make_cookie_value();
    const auto token = guard_.token_for({FormPurpose::sign_in, form_cookie, query});
    auto page = sign_in_page({.site = site(),
                              .client_name = query.empty() ? "" : "Calendar Helper",
                              .login = login,
                              .fault = fault,
                              .request = query,
                              .form_token = token});
    if (is_new) {
      page.add_header("Set-Cookie",
                      set_cookie(BrowserCookie::form, cookie_site_of(issuer), form_cookie));
    }
    return page;
  }

  HttpResponse answer_client(std::string_view query) const {
    return see_other(client + "?" + std::string{query});
  }

  // scope=read or scope=read+write is all that a request says.
  HttpResponse authorize(const HttpRequest& request) {
    if (!is_signed_in(request)) return ask_sign_in(request, request.query(), SignInFault::none, {});
    const std::size_t asked = request.query().find("write") == std::string_view::npos ? 1 : 2;
    const std::scoped_lock lock{mutex_};
    if (allowed_ >= asked) return answer_client("code=seen-before");
    const PageScopes missing[] = {
        {"Calendar", std::span{kScopes}.subspan(allowed_, asked - allowed_)}};
    const auto token = guard_.token_for(
        {FormPurpose::consent, cookie(request, BrowserCookie::session), request.query()});
    return consent_page({.site = site(),
                         .client_name = "Calendar Helper",
                         .display_name = "Ada Lovelace",
                         .login = "ada",
                         .asked = missing,
                         .is_more = allowed_ > 0,
                         .request = request.query(),
                         .form_token = token});
  }

  // What every form goes through first.
  bool is_own(const HttpRequest& request, FormPurpose purpose, BrowserCookie which, Form& form) {
    if (!form.fields.parse(request.body())) return false;
    form.session = cookie(request, which);
    form.request = form.field("request");
    return is_own_form(issuer, request.header(HttpHeader::origin),
                       request.header("Sec-Fetch-Site")) &&
           guard_.is_genuine({purpose, form.session, form.request}, form.field("token"));
  }

  HttpResponse sign_in(const HttpRequest& request) {
    Form form;
    if (!is_own(request, FormPurpose::sign_in, BrowserCookie::form, form))
      return stale_form_page(site(), request.request_id());
    if (form.field("login") != "ada" || form.field("password") != kPassword)
      return ask_sign_in(request, form.request, SignInFault::wrong, form.field("login"));
    auto response = see_other(form.request.empty() ? std::string{kAccountPath}
                                                   : "/oauth/authorize?" + form.request);
    const auto value = sessions_.begin({SubjectNumber{1}, 1, kNow}, {});
    response.add_header("Set-Cookie",
                        set_cookie(BrowserCookie::session, cookie_site_of(issuer), value));
    return response;
  }

  HttpResponse consent(const HttpRequest& request) {
    Form form;
    if (!is_own(request, FormPurpose::consent, BrowserCookie::session, form) ||
        !is_signed_in(request))
      return stale_form_page(site(), request.request_id());
    if (form.field("decision") != "allow") return answer_client("error=access_denied");
    const std::scoped_lock lock{mutex_};
    allowed_ = form.request.find("write") == std::string::npos ? 1 : 2;
    return answer_client("code=allowed");
  }

  HttpResponse account(const HttpRequest& request) {
    if (!is_signed_in(request)) return ask_sign_in(request, {}, SignInFault::none, {});
    const auto session = cookie(request, BrowserCookie::session);
    const std::scoped_lock lock{mutex_};
    const AccountConsent one[] = {{.client = ClientNumber{2},
                                   .client_name = "Calendar Helper",
                                   .api_name = "Calendar",
                                   .scopes = std::span{kScopes}.first(allowed_),
                                   .granted_at = kNow,
                                   .id = "1"}};
    const auto withdraw_token = guard_.token_for({FormPurpose::withdraw, session, {}});
    const auto sign_out_token = guard_.token_for({FormPurpose::sign_out, session, {}});
    return account_page({.site = {.issuer = issuer},
                         .display_name = "Ada Lovelace",
                         .login = "ada",
                         .consents = std::span{one}.first(allowed_ > 0 ? 1 : 0),
                         .withdraw_token = withdraw_token,
                         .sign_out_token = sign_out_token});
  }

  HttpResponse withdraw(const HttpRequest& request) {
    Form form;
    if (!is_own(request, FormPurpose::withdraw, BrowserCookie::session, form))
      return stale_form_page(site(), request.request_id());
    const std::scoped_lock lock{mutex_};
    allowed_ = 0;
    return see_other(kAccountPath);
  }

  HttpResponse sign_out(const HttpRequest& request) {
    Form form;
    if (!is_own(request, FormPurpose::sign_out, BrowserCookie::session, form))
      return stale_form_page(site(), request.request_id());
    sessions_.end(form.session);
    auto response = see_other(kAccountPath);
    response.add_header("Set-Cookie", clear_cookie(BrowserCookie::session, cookie_site_of(issuer)));
    return response;
  }

  BrowserSessions sessions_;
  FormGuard guard_;
  std::mutex mutex_;
  std::size_t allowed_ = 0;  // scopes of kScopes; guarded by mutex_
};

// A client's page of another origin; /evil has a form that sends its visitor to us.
HttpRouter client_routes(const PageServer& server) {
  HttpRouter router;
  router.add(HttpMethod::get, "/callback", [](const HttpRequest&) {
    return HttpResponse{.content_type = kContentTypeHtml,
                        .body = "<!doctype html><title>Client</title><h1>Back</h1>"};
  });
  router.add(HttpMethod::get, "/evil", [&server](const HttpRequest&) {
    return HttpResponse{.content_type = kContentTypeHtml,
                        .body = "<!doctype html><title>Evil</title><form method=post action=\"" +
                                server.issuer + std::string{kSignOutPath} +
                                "\"><button>Win a prize</button></form>"};
  });
  return router;
}

int serve() {
  PageServer pages;
  HttpServerOptions options;
  options.io_thread_count = 1;
  const auto ours = HttpServer::start(pages.routes(), options);
  const auto theirs = HttpServer::start(client_routes(pages), options);
  if (!ours || !theirs) return 1;
  // Another name is another site, so SameSite counts too.
  pages.issuer = "http://127.0.0.1:" + std::to_string((*ours)->port());
  pages.client = "http://localhost:" + std::to_string((*theirs)->port()) + "/callback";
  std::printf("issuer %s\nclient %s\n", pages.issuer.c_str(), pages.client.c_str());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}

}  // namespace
}  // namespace tokenledger::test

int main() { return tokenledger::test::serve(); }

// POST /oauth/sign-in: a name and a password for a session.
//
// Refusals in this order: the form, how often somebody tried, the password. A wrong name, a wrong
// password and a disabled account get one answer that takes one time (NIST SP 800-63B §5.2.2).
// Nothing is written: who signs in causes no event.
#include "api/authorization_run.hpp"
#include "api/endpoints.hpp"
#include "api/sign_in_page.hpp"
#include "core/secret_bytes.hpp"
#include "storage/ledger_people.hpp"

namespace tokenledger {
namespace {

constexpr std::uint32_t kBusySeconds = 5;  // some sixty passwords later

struct SignInAttempt {
  Page page;
  std::string request;
  std::string login;
  LedgerPeople::SignIn account;
  Sequence since;  // committed before `account` was looked up

  [[nodiscard]] SignInLimits::Attempt limited() const {
    return {.login = login, .peer = page->request->peer()};
  }
};

HttpResponse refusal(const SignInAttempt& attempt, SignInFault fault,
                     std::uint32_t retry_after_s = 0) {
  return ask_to_sign_in(*attempt.page, {.query = attempt.request,
                                        .login = attempt.login,
                                        .fault = fault,
                                        .retry_after_s = retry_after_s});
}

// On to what the sign-in was for.
HttpResponse welcome(const SignInAttempt& attempt) {
  const auto& page = *attempt.page;
  const auto url = attempt.request.empty()
                       ? page_url(page, kAccountPath)
                       : page_url(page, kAuthorizePath, after_sign_in(attempt.request));
  auto response = redirect(303, url);
  begin_session(page,
                {.kind = ActorKind::user,
                 .generation = attempt.account.generation,
                 .user = attempt.account.user},
                attempt.since, response);
  response.add_header("Set-Cookie", clear_cookie(BrowserCookie::form, page.desk->cookies));
  return response;
}

HttpResponse judged(const SignInAttempt& attempt, const Result<PasswordVerdict>& verdict) {
  const auto& page = *attempt.page;
  if (!verdict) {
    page.desk->limits.forgive(attempt.limited());
    const auto code = to_errc(verdict.error());
    if (code != Errc::queue_full) return failure_page(page, code);
    return refusal(attempt, SignInFault::busy, kBusySeconds);
  }
  if (*verdict == PasswordVerdict::wrong) return refusal(attempt, SignInFault::wrong);
  // Disabled, or another password, while this one was looked at.
  const auto& account = attempt.account;
  if (!page.ledger.people().may_act(account.user, account.generation))
    return refusal(attempt, SignInFault::wrong);
  page.desk->limits.forgive(attempt.limited());
  return welcome(attempt);
}

void sign_in(const Page& page) {
  PageForm form;
  if (auto refused = form.read(*page)) return page->answer(std::move(*refused));
  auto attempt =
      std::make_shared<SignInAttempt>(SignInAttempt{.page = page,
                                                    .request = std::string{form.get("request")},
                                                    .login = std::string{form.get("login")},
                                                    .account = {},
                                                    .since = page->ledger.committed()});
  if (!form.is_genuine(*page, FormPurpose::sign_in, attempt->request))
    return page->answer(stale_form_page(page->site(), page->request->request_id()));
  const auto wait = page->desk->limits.admit(attempt->limited(), RateLimiter::Clock::now());
  if (wait.count() > 0)
    return page->answer(refusal(*attempt, SignInFault::too_many, whole_seconds(wait)));
  auto account = page->ledger.people().find_sign_in(attempt->login);
  if (!account) {
    page->desk->limits.forgive(attempt->limited());
    return page->answer(failure_page(*page, to_errc(account.error())));
  }
  attempt->account = std::move(*account);
  page->desk->passwords.check(std::move(attempt->account.hash),
                              SecretBytes{bytes_of(form.get("password"))},
                              [attempt](const Result<PasswordVerdict>& verdict) {
                                attempt->page->answer(judged(*attempt, verdict));
                              });
}

}  // namespace

void add_sign_in_endpoint(HttpRouter& router, ApiContext& context) {
  route_page(router, context, HttpMethod::post, kSignInPath, sign_in);
}

}  // namespace tokenledger

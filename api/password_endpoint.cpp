// POST /oauth/account/password: the user's own password.
//
// The old one is asked for, so a browser that was left open is not enough; wrong ones count as
// guesses at the account.
#include "api/account_view.hpp"
#include "api/endpoints.hpp"
#include "core/secret_bytes.hpp"
#include "storage/ledger_people.hpp"

namespace tokenledger {
namespace {

// Changing the password: the old one is checked, the new one hashed, the event written; each step
// calls the next from another thread.
struct PasswordChange {
  Page page;
  SignedIn user;
  std::string login;
  SecretBytes current;
  SecretBytes fresh;

  [[nodiscard]] SignInLimits::Attempt limited() const {
    return {.login = login, .peer = page->request->peer()};
  }
};
using Change = std::shared_ptr<PasswordChange>;

void refuse_change(const Change& change, const AccountAsk& ask) {
  post_page(change->page, [change, ask] {
    change->page->answer(show_account(*change->page, change->user, ask));
  });
}

// Every session but this one goes, and this one gets a new cookie.
void finish_change(const Change& change, Sequence changed) {
  const auto& page = *change->page;
  auto response = redirect(303, page_url(page, kAccountPath, kPasswordChangedQuery));
  auto actor = change->user.actor;
  // decide() saw the generation that the session has, so this is the one after it.
  actor.generation = SecretGeneration{actor.generation.value() + 1};
  page.desk->sessions.end_all(actor.user);
  begin_session(page, actor, changed, response);
  change->page->answer(std::move(response));
}

void set_password(const Change& change, std::string hash) {
  const auto& page = *change->page;
  page.ledger.people().set_password_async(
      change->user.actor.user, std::move(hash),
      {change->user.actor, std::string{page.request->request_id()}, {}},
      [change](const Result<Committed>& outcome) {
        if (outcome) return finish_change(change, outcome->seq);
        change->page->answer(failure_page(*change->page, to_errc(outcome.error())));
      });
}

void hash_new(const Change& change) {
  change->page->desk->passwords.hash(
      std::move(change->fresh), [change](const Result<std::string>& hash) {
        if (hash) return set_password(change, *hash);
        change->page->answer(failure_page(*change->page, to_errc(hash.error())));
      });
}

void on_verdict(const Change& change, const Result<PasswordVerdict>& verdict) {
  auto& page = *change->page;
  const bool is_wrong = verdict && *verdict == PasswordVerdict::wrong;
  if (is_wrong) return refuse_change(change, {.notice = AccountNotice::password_wrong});
  page.desk->limits.forgive(change->limited());
  if (!verdict) return page.answer(failure_page(page, to_errc(verdict.error())));
  hash_new(change);
}

// What is wrong with the new password by itself.
AccountNotice judge_new(const PageForm& form) {
  const auto fresh = form.get("new");
  if (fresh != form.get("again")) return AccountNotice::password_different;
  const bool is_fit = fresh.size() >= kPasswordBytesMin && fresh.size() <= kPasswordBytesMax;
  return is_fit ? AccountNotice::none : AccountNotice::password_unfit;
}

// On a worker: the name, by which attempts are counted, is read from the log.
void check_current(const Change& change) {
  auto& page = *change->page;
  auto& people = page.ledger.people();
  const auto number = change->user.actor.user;
  const auto profile = people.profile(number);
  if (!profile) return page.answer(failure_page(page, to_errc(profile.error())));
  change->login = profile->login;
  const auto wait = page.desk->limits.admit(change->limited(), RateLimiter::Clock::now());
  if (wait.count() > 0) {
    return refuse_change(change,
                         {.notice = AccountNotice::too_many, .retry_after_s = whole_seconds(wait)});
  }
  auto account = people.find_sign_in(number);
  if (!account) {
    page.desk->limits.forgive(change->limited());
    return page.answer(failure_page(page, to_errc(account.error())));
  }
  page.desk->passwords.check(
      std::move(account->hash), std::move(change->current),
      [change](const Result<PasswordVerdict>& verdict) { on_verdict(change, verdict); });
}

void change_password(const Page& page) {
  PageForm form;
  const auto user = read_account_form(page, form, FormPurpose::change_password);
  if (!user) return;
  const auto change = std::make_shared<PasswordChange>(
      PasswordChange{.page = page,
                     .user = *user,
                     .login = {},
                     .current = SecretBytes{bytes_of(form.get("current"))},
                     .fresh = SecretBytes{bytes_of(form.get("new"))}});
  if (const auto notice = judge_new(form); notice != AccountNotice::none)
    return refuse_change(change, {.notice = notice});
  post_page(page, [change] { check_current(change); });
}

}  // namespace

void add_password_endpoint(HttpRouter& router, ApiContext& context) {
  route_page(router, context, HttpMethod::post, kPasswordPath, change_password);
}

}  // namespace tokenledger

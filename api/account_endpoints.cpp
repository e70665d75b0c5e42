// The account page: what a user allowed, and how to take it back (A10, A12); signing out.
//
// Everything here is the user's own: the actor of every command is who is signed in, so decide()
// refuses what is somebody else's.
#include <charconv>

#include "api/account_view.hpp"
#include "api/authorization_run.hpp"
#include "api/endpoints.hpp"
#include "storage/ledger_people.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kWithdrawnQuery = "done=withdrawn";

void account(const Page& page) {
  const auto user = find_signed_in(*page);
  if (!user) return page->answer(ask_to_sign_in(*page, {.query = {}}));
  const auto query = page->request->query();
  AccountAsk ask;
  if (query == kWithdrawnQuery) ask.notice = AccountNotice::withdrawn;
  if (query == kPasswordChangedQuery) ask.notice = AccountNotice::password_changed;
  post_page(page, [page, user = *user, ask] { page->answer(show_account(*page, user, ask)); });
}

std::optional<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// What grant_id wrote; nullopt: it is nothing of ours.
std::optional<SeenConsent> seen_consent(std::string_view id) {
  const auto dot = id.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto number = number_of(id.substr(0, dot));
  const auto granted_at = number_of(id.substr(dot + 1));
  if (!number || !granted_at) return std::nullopt;
  return SeenConsent{ConsentNumber{*number}, UnixSeconds{*granted_at}};
}

void withdraw(const Page& page) {
  PageForm form;
  const auto user = read_account_form(page, form, FormPurpose::withdraw);
  if (!user) return;
  const auto done = redirect(303, page_url(*page, kAccountPath, kWithdrawnQuery));
  const auto consent = seen_consent(form.get("consent"));
  if (!consent) return page->answer(done);
  page->ledger.people().withdraw_consents_async(
      {*consent}, {}, {user->actor, std::string{page->request->request_id()}, {}},
      [page, done](const Result<Committed>& outcome) {
        if (outcome) return page->answer(done);
        const auto failure = to_errc(outcome.error());
        // Withdrawn before, in another tab: it is as the user wants it.
        const bool is_gone = failure == Errc::not_active || failure == Errc::consent_not_found;
        page->answer(is_gone ? done : failure_page(*page, failure));
      });
}

void sign_out(const Page& page) {
  PageForm form;
  if (auto refused = form.read(*page)) return page->answer(std::move(*refused));
  // Who is nobody any more has nothing to end.
  const bool is_somebody = find_signed_in(*page).has_value();
  if (is_somebody && !form.is_genuine(*page, FormPurpose::sign_out))
    return page->answer(stale_form_page(page->site(), page->request->request_id()));
  page->desk->sessions.end(page->cookie(BrowserCookie::session));
  auto response = ask_to_sign_in(*page, {.query = {}, .has_signed_out = true});
  response.add_header("Set-Cookie", clear_cookie(BrowserCookie::session, page->desk->cookies));
  page->answer(std::move(response));
}

}  // namespace

void add_account_endpoints(HttpRouter& router, ApiContext& context) {
  route_page(router, context, HttpMethod::get, kAccountPath, account);
  route_page(router, context, HttpMethod::post, kWithdrawPath, withdraw);
  route_page(router, context, HttpMethod::post, kSignOutPath, sign_out);
}

}  // namespace tokenledger

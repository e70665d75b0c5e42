#include "api/authorization_run.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "api/consent_page.hpp"
#include "api/error_mapping.hpp"
#include "api/id_token_hint.hpp"
#include "core/authorization_answer.hpp"
#include "core/identity_scopes.hpp"
#include "storage/ledger_codes.hpp"
#include "storage/ledger_implicit.hpp"
#include "storage/ledger_people.hpp"

namespace tokenledger {
namespace {

using Run = std::shared_ptr<AuthorizationRun>;

// --- ends ---

RedirectFault fault_of(const AuthorizationAsk& ask, AuthorizationError error,
                       std::string_view description) {
  return {ask.request.target, error, description};
}

// An Errc of a command, as the client hears it. The target is registered, so it may hear it.
RedirectFault fault_of(const AuthorizationAsk& ask, Errc code) {
  using enum AuthorizationError;
  const auto wording = error_wording(code);
  for (const auto error : {access_denied, unauthorized_client, invalid_scope, consent_required,
                           temporarily_unavailable}) {
    if (error_name(error) == wording.oauth_error) return fault_of(ask, error, wording.detail);
  }
  return fault_of(ask, server_error, "the server failed");
}

void answer_fault(const Run& run, const RedirectFault& fault) {
  run->page->answer(fault_answer(*run->page, fault));
}

// What changed while the answer was made is looked at again, from the beginning.
bool is_worth_another_look(Errc code) noexcept {
  return code == Errc::stale_policy || code == Errc::consent_required;
}
// The session ended in between, so whoever it was must sign in.
bool is_session_over(Errc code) noexcept {
  return code == Errc::unauthorized_actor || code == Errc::user_disabled ||
         code == Errc::user_not_found;
}

// A command was refused. Also on the commit thread.
void go_on_after(const Run& run, const AuthorizationAsk& ask, Errc code) {
  const bool again = is_worth_another_look(code) || is_session_over(code);
  if (!again || --run->attempts_left <= 0) return answer_fault(run, fault_of(ask, code));
  post_page(run->page, [run] { run_authorization(run); });
}

// --- the code ---

void answer_with_code(const Run& run, const AuthorizationAsk& ask, const SignedIn& user,
                      ConsentNumber consent) {
  CodeRequest code{.actor = user.actor,
                   .request_id = std::string{run->page->request->request_id()},
                   .client = ask.client,
                   .client_based_on = ask.client_seq,
                   .consent = consent,
                   .api = ask.api,
                   .scope_mask = ask.asked.scopes,
                   .identity_mask = ask.asked.identity,
                   .redirect_uri = ask.request.target.redirect_uri,
                   .has_redirect_uri = ask.request.has_redirect_uri,
                   .code_challenge = ask.request.code_challenge,
                   .auth_time = user.auth_time,
                   .nonce = ask.request.nonce};
  issue_code_async(
      run->page->ledger, std::move(code), [run, ask](const Result<IssuedCode>& issued) {
        if (!issued) return go_on_after(run, ask, to_errc(issued.error()));
        const auto url =
            code_answer_url(ask.request.target, issued->code, run->page->ledger.issuer());
        run->page->answer(redirect(redirect_status(*run->page), url));
      });
}

// --- or the token itself: implicit, for clients that opted in (RFC 6749 §4.2.2, C9) ---

void answer_with_token(const Run& run, const AuthorizationAsk& ask, const SignedIn& user,
                       ConsentNumber consent) {
  ImplicitRequest token{.actor = user.actor,
                        .request_id = std::string{run->page->request->request_id()},
                        .client = ask.client,
                        .client_based_on = ask.client_seq,
                        .consent = consent,
                        .api = ask.api,
                        .scope_mask = ask.asked.scopes,
                        .identity_mask = ask.asked.identity,
                        .auth_time = user.auth_time,
                        .nonce = ask.request.nonce};
  issue_implicitly_async(
      run->page->ledger, std::move(token), [run, ask](const Result<IssuedToken>& issued) {
        if (!issued) return go_on_after(run, ask, to_errc(issued.error()));
        const TokenAnswer answer{
            .access_token = issued->token,
            .expires_in_s = issued->expires_at.value() - issued->issued_at.value(),
            .scope = issued->scope,
            .nonce = ask.request.nonce};
        const auto url = token_answer_url(ask.request.target, answer, run->page->ledger.issuer());
        run->page->answer(redirect(redirect_status(*run->page), url));
      });
}

void answer_on(const Run& run, const AuthorizationAsk& ask, const SignedIn& user,
               ConsentNumber consent) {
  if (ask.request.response_type == ResponseType::token)
    return answer_with_token(run, ask, user, consent);
  answer_with_code(run, ask, user, consent);
}

// True: it was counted, and an event may follow.
bool admit(const Run& run, const AuthorizationAsk& ask, const SignedIn& user) {
  const auto wait =
      run->page->desk->grants.take(user.actor.user.value(), RateLimiter::Clock::now());
  if (wait.count() <= 0) return true;
  answer_fault(run, fault_of(ask, AuthorizationError::temporarily_unavailable,
                             "too many requests for this user"));
  return false;
}

// --- consent ---

// The event first; what it gives is then looked up anew, on a worker.
void grant(const Run& run, const AuthorizationAsk& ask, const SignedIn& user,
           const ScopeMasks& missing) {
  GrantConsent consent{.user = user.actor.user,
                       .client = ask.client,
                       .api = ask.api,
                       .scope_mask = missing.scopes,
                       .identity_mask = missing.identity};
  run->page->ledger.submit_async(
      {user.actor, std::string{run->page->request->request_id()}, {}, std::move(consent)},
      [run, ask](const Result<Committed>& granted) {
        // Two forms at once: the other one did it.
        if (!granted && to_errc(granted.error()) != Errc::already_in_state)
          return go_on_after(run, ask, to_errc(granted.error()));
        post_page(run->page, [run] { run_authorization(run); });
      });
}

std::vector<PageScope> page_scopes(const AuthorizationAsk& ask, const ScopeMasks& shown,
                                   std::uint64_t ScopeMasks::* kind) {
  std::vector<PageScope> scopes;
  for (const auto& scope : ask.scopes)
    if ((scope.bit.*kind & shown.*kind) != 0) scopes.push_back({scope.name, scope.description});
  return scopes;
}

void show_consent(const Run& run, const AuthorizationAsk& ask, const SignedIn& user,
                  const ScopeMasks& shown, bool is_more) {
  const auto& page = *run->page;
  const auto profile = page.ledger.people().profile(user.actor.user);
  if (!profile) return run->page->answer(failure_page(page, to_errc(profile.error())));
  const auto request = consent_request({ask.api, shown}, run->query);
  const auto token = session_form_token(page, FormPurpose::consent, request);
  const auto own = page_scopes(ask, shown, &ScopeMasks::scopes);
  const auto identity = page_scopes(ask, shown, &ScopeMasks::identity);
  std::vector<PageScopes> groups;
  // The token is for the API also where none of its scopes is asked for.
  const auto& targets = ask.request.targets;
  const bool is_bare =
      ask.asked.scopes == 0 && !targets.empty() && targets.front() != kIdentityAudience;
  if (!own.empty() || is_bare) groups.push_back({ask.api_name, own});
  if (!identity.empty()) groups.push_back({ask.identity_name, identity});
  run->page->answer(consent_page({.site = page.site(ask.request.target.redirect_uri),
                                  .client_name = ask.client_name,
                                  .display_name = profile->display_name,
                                  .login = profile->login,
                                  .asked = groups,
                                  .is_more = is_more,
                                  .request = request,
                                  .form_token = token}));
}

// --- the steps: what strangers cause costs memory and no worker; what waits comes after it ---

bool must_sign_in(const Run& run, const AuthorizationRequest& request,
                  const std::optional<SignedIn>& user) {
  if (!user) return true;
  // The consent page came after this was judged, and a person takes time to read it.
  if (run->allowed) return false;
  if (request.prompt_login) return true;
  if (!request.max_age_s) return false;
  const auto now = to_seconds(run->page->ledger.now());
  return *request.max_age_s == 0 || now.value() - user->auth_time.value() > *request.max_age_s;
}

// True: whoever is signed in is who was meant.
bool is_who_was_meant(const Run& run, const AuthorizationAsk& ask, const SignedIn& user) {
  const auto verdict = judge_id_token_hint(run->page->ledger, ask.request, user.actor.user);
  if (verdict == HintVerdict::fits) return true;
  const bool is_bad = verdict == HintVerdict::bad;
  answer_fault(run, is_bad ? fault_of(ask, AuthorizationError::invalid_request,
                                      "id_token_hint is no id token of this client")
                           : fault_of(ask, AuthorizationError::login_required,
                                      "somebody else is signed in"));
  return false;
}

void ask_or_answer(const Run& run, const AuthorizationAsk& ask, const SignedIn& user) {
  if (!is_who_was_meant(run, ask, user)) return;
  KnownConsent known;
  const auto seen = run->page->ledger.people().show_people(
      [&](const People& people) { known = find_consent(people, user.actor.user, ask); });
  if (!seen) return answer_fault(run, fault_of(ask, to_errc(seen.error())));
  const bool is_covered = known.covering != ConsentNumber{};
  if (is_covered && (run->allowed || !ask.request.prompt_consent)) {
    if (admit(run, ask, user)) answer_on(run, ask, user, known.covering);
    return;
  }
  if (ask.request.prompt_none) {
    return answer_fault(run, fault_of(ask, AuthorizationError::consent_required,
                                      "the user did not consent to this"));
  }
  const bool was_shown = run->allowed && run->allowed->api == ask.api &&
                         known.missing.without(run->allowed->scopes).empty();
  if (was_shown) {
    if (admit(run, ask, user)) grant(run, ask, user, known.missing);
    return;
  }
  run->allowed.reset();
  const bool shows_all = is_covered || !known.has_earlier || ask.request.prompt_consent;
  show_consent(run, ask, user, shows_all ? ask.asked : known.missing, !shows_all);
}

std::optional<std::uint64_t> take_hex(std::string_view& text, char end) {
  const auto size = text.find(end);
  if (size == std::string_view::npos || size == 0) return std::nullopt;
  std::uint64_t value = 0;
  const auto [stop, failed] = std::from_chars(text.data(), text.data() + size, value, 16);
  if (failed != std::errc{} || stop != text.data() + size) return std::nullopt;
  text.remove_prefix(size + 1);
  return value;
}

}  // namespace

std::string consent_request(const ShownConsent& shown, std::string_view query) {
  std::string text;
  for (const auto number :
       {std::uint64_t{shown.api.value()}, shown.scopes.scopes, shown.scopes.identity}) {
    std::array<char, 16> digits;
    const auto end = std::to_chars(digits.begin(), digits.end(), number, 16).ptr;
    text.append(digits.begin(), end).append(".");
  }
  return text.append(query);
}

std::optional<ConsentRequest> parse_consent_request(std::string_view text) {
  const auto api = take_hex(text, '.');
  const auto scopes = api ? take_hex(text, '.') : std::nullopt;
  const auto identity = scopes ? take_hex(text, '.') : std::nullopt;
  if (!identity || *api > UINT32_MAX) return std::nullopt;
  return ConsentRequest{
      .shown = {ApiNumber{static_cast<std::uint32_t>(*api)}, {*scopes, *identity}}, .query = text};
}

void run_authorization(const std::shared_ptr<AuthorizationRun>& run) {
  auto& page = *run->page;
  const auto verdict = read_authorization_ask(page.ledger, run->query);
  if (const auto* fault = std::get_if<PageFault>(&verdict))
    return page.answer(fault_answer(page, *fault));
  if (const auto* fault = std::get_if<RedirectFault>(&verdict)) return answer_fault(run, *fault);
  const auto& ask = std::get<AuthorizationAsk>(verdict);
  const auto user = find_signed_in(page);
  if (!must_sign_in(run, ask.request, user)) {
    return post_page(run->page, [run, ask, user = *user] { ask_or_answer(run, ask, user); });
  }
  if (ask.request.prompt_none) {
    return answer_fault(
        run, fault_of(ask, AuthorizationError::login_required, "the user is not signed in"));
  }
  page.answer(ask_to_sign_in(page, {.query = run->query}));
}

HttpResponse fault_answer(const PageCall& page, const PageFault& fault) {
  return error_page({.site = page.site(),
                     .status = 400,
                     .heading = "This request can't be answered",
                     .explanation = "The application that sent you here made a mistake: " +
                                    std::string{fault.description} +
                                    ". Nothing was sent back to it.",
                     .request_id = page.request->request_id()});
}

HttpResponse fault_answer(const PageCall& page, const RedirectFault& fault) {
  return redirect(redirect_status(page), error_answer_url(fault.target, fault.error,
                                                          fault.description, page.ledger.issuer()));
}

int redirect_status(const PageCall& page) {
  return page.request->method() == HttpMethod::post ? 303 : 302;
}

HttpResponse ask_to_sign_in(const PageCall& page, const SignInAsk& ask) {
  std::string client_name;
  std::string redirect_uri;
  if (!ask.query.empty()) {
    auto verdict = read_authorization_ask(page.ledger, ask.query);
    if (auto* known = std::get_if<AuthorizationAsk>(&verdict)) {
      client_name = std::move(known->client_name);
      redirect_uri = std::move(known->request.target.redirect_uri);
    }
  }
  std::string cookie{page.cookie(BrowserCookie::form)};
  const bool is_new = cookie.empty();
  if (is_new) cookie = make_cookie_value();
  const auto token = page.desk->forms.token_for(
      {.purpose = FormPurpose::sign_in, .cookie = cookie, .request = ask.query});
  auto response = sign_in_page({.site = page.site(redirect_uri),
                                .client_name = client_name,
                                .login = ask.login,
                                .fault = ask.fault,
                                .retry_after_s = ask.retry_after_s,
                                .has_signed_out = ask.has_signed_out,
                                .request = ask.query,
                                .form_token = token});
  if (is_new) {
    response.add_header("Set-Cookie", set_cookie(BrowserCookie::form, page.desk->cookies, cookie));
  }
  return response;
}

}  // namespace tokenledger

#include "api/page_call.hpp"

#include <algorithm>
#include <utility>

#include "api/error_mapping.hpp"
#include "api/web_origin.hpp"
#include "storage/ledger_people.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

Page make_page(ApiContext& context, OwnedHttpRequest request, Responder responder) {
  return std::make_shared<PageCall>(PageCall{context.ledger, context.workers, context.browser,
                                             std::move(request), std::move(responder)});
}

HttpRouteOptions form_options() { return {.body_bytes_max = kPageFormBytesMax}; }

HttpResponse bad_form(const PageCall& page, int status, std::string_view explanation) {
  return error_page({.site = page.site(),
                     .status = status,
                     .heading = "This form can't be read",
                     .explanation = explanation,
                     .request_id = page.request->request_id()});
}

}  // namespace

bool is_form(std::string_view media_type) noexcept {
  return std::ranges::equal(media_type, kFormType, [](char byte, char lower) {
    return (byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte) == lower;
  });
}

std::string_view PageCall::cookie(BrowserCookie cookie) const {
  return find_cookie(request->header(HttpHeader::cookie), cookie, desk->cookies)
      .value_or(std::string_view{});
}

void route_page(HttpRouter& router, ApiContext& context, HttpMethod method, std::string_view path,
                PageHandler handle) {
  router.add_async(
      method, path,
      [&context, handle = std::move(handle)](OwnedHttpRequest request, Responder responder) {
        handle(make_page(context, std::move(request), std::move(responder)));
      },
      form_options());
}

void post_page(const Page& page, std::function<void()> job) {
  if (!page->workers->post(std::move(job))) page->answer(failure_page(*page, Errc::queue_full));
}

std::optional<HttpResponse> PageForm::read(const PageCall& page) {
  const auto& request = *page.request;
  if (!is_own_form(page.ledger.issuer(), request.header(HttpHeader::origin),
                   request.header("Sec-Fetch-Site"))) {
    return stale_form_page(page.site(), request.request_id());
  }
  if (!is_form(request.media_type())) return bad_form(page, 415, "It is not a form of our pages.");
  if (!fields_.parse(request.body()) || fields_.first_repeated())
    return bad_form(page, 400, "Go back, load the page again and send it once more.");
  return std::nullopt;
}

bool PageForm::is_genuine(const PageCall& page, FormPurpose purpose,
                          std::string_view request) const {
  const auto cookie =
      purpose == FormPurpose::sign_in ? BrowserCookie::form : BrowserCookie::session;
  return page.desk->forms.is_genuine(
      {.purpose = purpose, .cookie = page.cookie(cookie), .request = request}, get("token"));
}

std::optional<SignedIn> find_signed_in(const PageCall& page) {
  const auto session =
      page.desk->sessions.use(page.cookie(BrowserCookie::session), to_seconds(page.ledger.now()));
  if (!session) return std::nullopt;
  const SecretGeneration generation{session->password_generation};
  if (!page.ledger.people().may_act(session->user, generation, session->since)) return std::nullopt;
  return SignedIn{
      .actor = {.kind = ActorKind::user, .generation = generation, .user = session->user},
      .auth_time = session->auth_time};
}

void begin_session(const PageCall& page, const Actor& user, Sequence since,
                   HttpResponse& response) {
  const auto value = page.desk->sessions.begin({.user = user.user,
                                                .password_generation = user.generation.value(),
                                                .auth_time = to_seconds(page.ledger.now()),
                                                .since = since},
                                               page.cookie(BrowserCookie::session));
  response.add_header("Set-Cookie", set_cookie(BrowserCookie::session, page.desk->cookies, value));
}

std::string session_form_token(const PageCall& page, FormPurpose purpose,
                               std::string_view request) {
  return page.desk->forms.token_for(
      {.purpose = purpose, .cookie = page.cookie(BrowserCookie::session), .request = request});
}

HttpResponse redirect(int status, std::string_view url) {
  HttpResponse response{.status = status};
  response.add_header("Location", url);
  // The address may hold a code.
  response.add_header("Cache-Control", "no-store");
  response.add_header("Referrer-Policy", "no-referrer");
  return response;
}

std::string page_url(const PageCall& page, std::string_view path, std::string_view query) {
  std::string url = base_path_of(page.ledger.issuer());
  url += path;
  if (!query.empty()) url.append("?").append(query);
  return url;
}

HttpResponse failure_page(const PageCall& page, Errc code) {
  if (code == Errc::unknown_outcome) {
    return error_page({.site = page.site(),
                       .status = 500,
                       .heading = "We can't tell whether this was done",
                       .explanation = "The server failed while it was at it. Look at your account "
                                      "before you try again: it may have been done.",
                       .request_id = page.request->request_id()});
  }
  const auto wording = error_wording(code);
  const bool is_passing = wording.retry_after_s != 0;
  return error_page(
      {.site = page.site(),
       .status = is_passing ? 503 : 500,
       .heading = is_passing ? Markup{"Please try again soon"} : Markup{"This did not work"},
       .explanation = is_passing ? "The server is busy." : "The server failed. Its log says why.",
       .request_id = page.request->request_id(),
       .retry_after_s = wording.retry_after_s});
}

std::uint32_t whole_seconds(RateLimiter::Clock::duration wait) noexcept {
  return static_cast<std::uint32_t>(std::chrono::ceil<std::chrono::seconds>(wait).count());
}

}  // namespace tokenledger

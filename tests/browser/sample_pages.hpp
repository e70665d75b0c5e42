// Each page as it looks with much on it, and with names that try to be more than names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/account_page.hpp"
#include "api/error_page.hpp"
#include "api/sign_in_page.hpp"

namespace tokenledger::test {

// In every field of every page: it must stay text.
inline constexpr std::string_view kHostileName =
    "\"'><script>document.title='owned'</script><img src=x onerror=document.title='owned'>"
    "</title></style></textarea>&lt;b&gt; \u202Egnp.exe \u0645\u0631\u062D\u0628\u0627 --> ]]>";

struct SampleNames {
  std::string_view client, api, scope, description, person, login, request;
};
inline constexpr SampleNames kPlainNames{
    .client = "Calendar Helper",
    .api = "Calendar",
    .scope = "events:read",
    .description = "See the events of all your calendars",
    .person = "Ada Lovelace",
    .login = "ada@example.org",
    .request = "client_id=calendar&scope=events%3Aread&state=af0ifjsldkj"};
inline constexpr SampleNames kHostileNames{.client = kHostileName,
                                           .api = kHostileName,
                                           .scope = kHostileName,
                                           .description = kHostileName,
                                           .person = kHostileName,
                                           .login = kHostileName,
                                           .request = kHostileName};

inline HttpResponse sample_consent(const PageSite& site, const SampleNames& names, bool is_more) {
  const PageScope scopes[] = {{names.scope, names.description},
                              {"events:write", "Add, change and remove events"},
                              {"calendars:list", ""}};
  const PageScope identity[] = {{"profile", "See your name"},
                                {"offline_access", "Keep this access while you are away"}};
  const PageScopes asked[] = {{names.api, scopes}, {"Your account", identity}};
  return consent_page({.site = {site.issuer, "https://calendar.example/callback"},
                       .client_name = names.client,
                       .display_name = names.person,
                       .login = names.login,
                       .asked = is_more ? std::span{asked}.first(1) : std::span{asked},
                       .is_more = is_more,
                       .request = names.request,
                       .form_token = "token"});
}

inline HttpResponse sample_account(const PageSite& site, const SampleNames& names,
                                   AccountNotice notice, std::size_t count) {
  const PageScope scopes[] = {{names.scope, {}}, {"events:write", {}}, {"calendars:list", {}}};
  const PageScope files[] = {{"files:read", {}}};
  const AccountConsent consents[] = {
      {ClientNumber{2}, names.client, names.api, scopes, UnixSeconds{1'795'000'000}, "1"},
      {ClientNumber{2}, names.client, "Your account", files, UnixSeconds{1'795'000'000}, "2"},
      {ClientNumber{3}, "Expense Reports", "Documents of the whole company", files,
       UnixSeconds{1'780'000'000}, ""},
      {ClientNumber{4}, "Photo Printer", "Pictures", files, UnixSeconds{1'760'000'000},
       names.login}};
  return account_page({.site = site,
                       .display_name = names.person,
                       .login = names.login,
                       .consents = std::span{consents}.first(count),
                       .notice = notice,
                       .retry_after_s = notice == AccountNotice::too_many ? 30u : 0u,
                       .withdraw_token = "token",
                       .password_token = "token",
                       .sign_out_token = "token"});
}

inline HttpResponse sample_sign_in(const PageSite& site, const SampleNames& names,
                                   SignInFault fault) {
  return sign_in_page({.site = site,
                       .client_name = names.client,
                       .login = fault == SignInFault::none ? "" : names.login,
                       .fault = fault,
                       .retry_after_s = fault == SignInFault::too_many ? 30u : 0u,
                       .request = names.request,
                       .form_token = "token"});
}

inline HttpResponse sample_error(const PageSite& site, std::string_view explanation) {
  return error_page({.site = site,
                     .status = 400,
                     .heading = "This link does not work",
                     .explanation = explanation,
                     .request_id = "8f14e45fceea167a"});
}

struct NamedPage {
  std::string name;
  HttpResponse response;
};

inline std::vector<NamedPage> sample_pages(const PageSite& site) {
  const auto& plain = kPlainNames;
  const auto& hostile = kHostileNames;
  return {
      {"sign-in", sample_sign_in(site, plain, SignInFault::none)},
      {"sign-in-account", sign_in_page({.site = site, .has_signed_out = true})},
      {"sign-in-wrong", sample_sign_in(site, plain, SignInFault::wrong)},
      {"sign-in-limited", sample_sign_in(site, plain, SignInFault::too_many)},
      {"sign-in-hostile", sample_sign_in(site, hostile, SignInFault::wrong)},
      {"consent", sample_consent(site, plain, false)},
      {"consent-more", sample_consent(site, plain, true)},
      {"consent-hostile", sample_consent(site, hostile, false)},
      {"account", sample_account(site, plain, AccountNotice::none, 4)},
      {"account-empty", sample_account(site, plain, AccountNotice::withdrawn, 0)},
      {"account-password", sample_account(site, plain, AccountNotice::password_wrong, 1)},
      {"account-hostile", sample_account(site, hostile, AccountNotice::none, 4)},
      {"error", sample_error(site,
                             "The application that sent you here is not known. Go back to it "
                             "and tell its maker.")},
      {"error-hostile", sample_error(site, kHostileName)},
      {"stale", stale_form_page(site, "8f14e45fceea167a")},
  };
}

inline std::optional<HttpResponse> sample_page(std::string_view name, const PageSite& site) {
  for (auto& page : sample_pages(site))
    if (page.name == name) return std::move(page.response);
  return std::nullopt;
}

}  // namespace tokenledger::test

#include "api/account_view.hpp"

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "core/identity_scopes.hpp"
#include "storage/ledger_people.hpp"

namespace tokenledger {
namespace {

// A user's own and those of groups; what is beyond is not shown.
constexpr std::size_t kAccountConsentsMax = kConsentsPerUserMax + 256;

struct ShownGrant {
  ConsentNumber number;
  ConsentRecord record;
  std::string client_name;
  std::string api_name;
  std::vector<std::string> scope_names;
};

// Tells the use of a number from later ones.
std::string grant_id(const ShownGrant& grant) {
  return std::to_string(grant.number.value()) + '.' +
         std::to_string(grant.record.granted_at.value());
}

std::vector<ShownGrant> grants_of(const People& people, UserNumber user) {
  std::vector<ShownGrant> grants;
  const auto add = [&](ConsentNumber number) {
    if (const auto* record = people.consent(number); grants.size() < kAccountConsentsMax && record)
      grants.push_back({.number = number,
                        .record = *record,
                        .client_name = {},
                        .api_name = {},
                        .scope_names = {}});
  };
  for (const auto number : people.consents_of(user)) add(number);
  const auto* record = people.user(user);
  if (record == nullptr) return grants;
  for (const auto group : record->groups) {
    if (!people.is_live(group)) continue;
    for (const auto number : people.pre_consents_of(group)) add(number);
  }
  return grants;
}

void name_grant(const Registries& registries, ShownGrant& grant) {
  const auto* client = registries.client(grant.record.client);
  const auto* api = registries.api(grant.record.api);
  if (client == nullptr || api == nullptr) return;
  grant.client_name = client->settings.name;
  grant.api_name = api->settings.name;
  for (std::size_t bit = 0; bit < api->scope_names.size(); ++bit)
    if ((grant.record.scope_mask >> bit & 1) != 0)
      grant.scope_names.push_back(api->scope_names[bit]);
  for (std::size_t bit = 0; bit < kIdentityScopes.size(); ++bit)
    if ((grant.record.identity_mask >> bit & 1) != 0)
      grant.scope_names.emplace_back(kIdentityScopes[bit].name);
}

// What stands on a client or an API that was deleted gives nothing any more.
std::vector<ShownGrant> named_grants(const Ledger& ledger, std::vector<ShownGrant> grants) {
  ledger.with_registries([&](const Registries& registries) {
    for (auto& grant : grants) {
      const auto* client = registries.client(grant.record.client);
      const auto* api = registries.api(grant.record.api);
      const bool is_live = client != nullptr && client->status != ClientStatus::deleted &&
                           api != nullptr && !api->deleted;
      if (is_live) name_grant(registries, grant);
    }
  });
  std::erase_if(grants, [](const ShownGrant& grant) { return grant.scope_names.empty(); });
  // Two clients of one name do not mix.
  std::ranges::sort(grants, [](const ShownGrant& a, const ShownGrant& b) {
    return std::tie(a.client_name, a.record.client, a.api_name, a.number) <
           std::tie(b.client_name, b.record.client, b.api_name, b.number);
  });
  return grants;
}

}  // namespace

HttpResponse show_account(const PageCall& page, const SignedIn& user, const AccountAsk& ask) {
  const auto& people = page.ledger.people();
  const auto number = user.actor.user;
  std::vector<ShownGrant> grants;
  const auto seen = people.show_people([&](const People& all) { grants = grants_of(all, number); });
  if (!seen) return failure_page(page, to_errc(seen.error()));
  const auto profile = people.profile(number);
  if (!profile) return failure_page(page, to_errc(profile.error()));
  grants = named_grants(page.ledger, std::move(grants));
  std::vector<std::vector<PageScope>> scopes;
  std::vector<std::string> ids;
  for (const auto& grant : grants) {
    auto& names = scopes.emplace_back();
    for (const auto& name : grant.scope_names) names.push_back({name, {}});
    const bool is_own = grant.record.user == number;
    ids.push_back(is_own ? grant_id(grant) : std::string{});
  }
  std::vector<AccountConsent> consents;
  for (std::size_t index = 0; index < grants.size(); ++index) {
    consents.push_back({.client = grants[index].record.client,
                        .client_name = grants[index].client_name,
                        .api_name = grants[index].api_name,
                        .scopes = scopes[index],
                        .granted_at = grants[index].record.granted_at,
                        .id = ids[index]});
  }
  const auto withdraw = session_form_token(page, FormPurpose::withdraw);
  const auto password = session_form_token(page, FormPurpose::change_password);
  const auto sign_out = session_form_token(page, FormPurpose::sign_out);
  return account_page({.site = page.site(),
                       .display_name = profile->display_name,
                       .login = profile->login,
                       .consents = consents,
                       .notice = ask.notice,
                       .retry_after_s = ask.retry_after_s,
                       .withdraw_token = withdraw,
                       .password_token = password,
                       .sign_out_token = sign_out});
}

// Who sent the form; nullopt: the page was answered.
std::optional<SignedIn> read_account_form(const Page& page, PageForm& form, FormPurpose purpose) {
  if (auto refused = form.read(*page)) {
    page->answer(std::move(*refused));
    return std::nullopt;
  }
  auto user = find_signed_in(*page);
  if (user && form.is_genuine(*page, purpose)) return user;
  page->answer(stale_form_page(page->site(), page->request->request_id()));
  return std::nullopt;
}

}  // namespace tokenledger

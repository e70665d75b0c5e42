#include "api/authorization_ask.hpp"

#include <algorithm>
#include <bit>

#include "api/http_form.hpp"
#include "core/identity_scopes.hpp"

namespace tokenledger {
namespace {

constexpr auto bit_of(GrantType type) { return static_cast<unsigned>(type); }

std::vector<AuthorizationParameter> parameters_of(const FormFields& fields) {
  std::vector<AuthorizationParameter> parameters;
  parameters.reserve(fields.size());
  for (std::size_t index = 0; index < fields.size(); ++index)
    parameters.push_back({fields.name(index), fields.value(index)});
  return parameters;
}

std::optional<std::size_t> identity_position(std::string_view name) {
  const auto found = std::ranges::find(kIdentityScopes, name, &IdentityScopeText::name);
  if (found == kIdentityScopes.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kIdentityScopes.begin());
}

// Judges what the registries know; the steps stand in the order in which they are asked.
class Registrar {
 public:
  Registrar(const Registries& registries, const ClientRecord& client, AuthorizationAsk& ask)
      : registries_{registries}, client_{client}, ask_{ask} {}

  // nullopt: it may be asked of the user.
  std::optional<RedirectFault> judge() {
    if (auto fault = find_api()) return fault;
    if (auto fault = read_scopes()) return fault;
    if (auto fault = add_unnamed_scopes()) return fault;
    drop_offline_access();
    if (ask_.asked.empty()) return scope_fault("the scope is empty");
    return std::nullopt;
  }

 private:
  [[nodiscard]] RedirectFault fault(AuthorizationError error, std::string_view description) const {
    return {ask_.request.target, error, description};
  }
  [[nodiscard]] RedirectFault scope_fault(std::string_view description) const {
    return fault(AuthorizationError::invalid_scope, description);
  }

  // The identity API has no client grants: what it tells is the user's own to give.
  std::optional<RedirectFault> find_api() {
    const auto& targets = ask_.request.targets;
    const auto* identity = registries_.find_api(kIdentityAudience);
    if (identity == nullptr) {
      return fault(AuthorizationError::temporarily_unavailable, "the ledger is in an older format");
    }
    identity_listed_ = identity->listed_mask();
    ask_.identity_name = identity->settings.name;
    if (targets.size() > 1)
      return fault(AuthorizationError::invalid_target, "a token is for one API only");
    api_ = targets.empty() ? identity : registries_.find_api(targets.front());
    if (api_ == nullptr || (api_->built_in && api_ != identity)) {
      // As at the token endpoint: `audience` has its words from before RFC 8707.
      return ask_.request.names_resource
                 ? fault(AuthorizationError::invalid_target, "there is no such API")
                 : fault(AuthorizationError::access_denied, "there is no such API");
    }
    ask_.api = api_->number;
    ask_.api_name = api_->settings.name;
    is_identity_alone_ = api_ == identity;
    if (is_identity_alone_) return std::nullopt;
    grant_ = registries_.find_grant(client_.number, api_->number);
    if (grant_ == nullptr) {
      return fault(AuthorizationError::unauthorized_client, "the client has no grant for this API");
    }
    return std::nullopt;
  }

  // A name that the API lists is the API's, also where an identity scope has the same.
  std::optional<RedirectFault> read_scopes() {
    for (const auto& name : ask_.request.scopes) {
      if (const auto own = own_position(name)) {
        const auto bit = std::uint64_t{1} << *own;
        if ((grant_->scope_mask & bit) == 0)
          return scope_fault("a scope is beyond the client's grant");
        add_own(*own);
        continue;
      }
      const auto identity = identity_position(name);
      if (!identity || (identity_listed_ >> *identity & 1) == 0)
        return scope_fault("there is no such scope");
      add({0, std::uint64_t{1} << *identity}, name, kIdentityScopes[*identity].description);
    }
    return std::nullopt;
  }

  // RFC 6749 §3.3: a request without scopes has the default ones.
  std::optional<RedirectFault> add_unnamed_scopes() {
    if (is_identity_alone_ || !ask_.request.scopes.empty()) return std::nullopt;
    const auto granted = grant_->scope_mask & api_->listed_mask();
    if (granted == 0) return scope_fault("the client's grant has no scope");
    for (std::size_t bit = 0; bit < api_->scope_names.size(); ++bit)
      if ((granted >> bit & 1) != 0) add_own(bit);
    return std::nullopt;
  }

  void drop_offline_access() {
    const auto offline = mask_of(IdentityScope::offline_access);
    const bool may_refresh =
        (client_.settings.grant_types & bit_of(GrantType::refresh_token)) != 0 &&
        ask_.request.response_type == ResponseType::code && api_->settings.allow_offline_access;
    if (may_refresh) return;
    ask_.asked.identity &= ~offline;
    std::erase_if(ask_.scopes, [&](const auto& scope) { return scope.bit.identity == offline; });
  }

  // Of a scope that the API lists now. The identity API's own are identity scopes.
  [[nodiscard]] std::optional<std::size_t> own_position(const std::string& name) const {
    if (is_identity_alone_) return std::nullopt;
    const auto mask = api_->mask_of({name});
    if (!mask) return std::nullopt;
    return static_cast<std::size_t>(std::countr_zero(*mask));
  }
  void add_own(std::size_t position) {
    const auto& name = api_->scope_names[position];
    const auto defined = std::ranges::find(api_->settings.scopes, name, &ScopeDefinition::name);
    add({std::uint64_t{1} << position, 0}, name,
        defined == api_->settings.scopes.end() ? std::string_view{} : defined->description);
  }
  void add(ScopeMasks bit, std::string_view name, std::string_view description) {
    ask_.asked.scopes |= bit.scopes;
    ask_.asked.identity |= bit.identity;
    ask_.scopes.push_back({bit, std::string{name}, std::string{description}});
  }

  const Registries& registries_;
  const ClientRecord& client_;
  AuthorizationAsk& ask_;
  const ApiRecord* api_ = nullptr;
  const GrantRecord* grant_ = nullptr;
  std::uint64_t identity_listed_ = 0;
  bool is_identity_alone_ = false;
};

AskVerdict judge(const Registries& registries,
                 const std::vector<AuthorizationParameter>& parameters) {
  const auto id = find_client_id(parameters);
  const auto* client = id ? registries.find_client(*id) : nullptr;
  if (client != nullptr && (client->status != ClientStatus::enabled || client->built_in))
    client = nullptr;
  std::optional<AuthorizationClient> known;
  if (client != nullptr) {
    const auto& settings = client->settings;
    known = AuthorizationClient{
        .redirect_uris = settings.redirect_uris,
        .is_confidential = !settings.is_public,
        .may_use_code = (settings.grant_types & bit_of(GrantType::authorization_code)) != 0,
        .may_use_implicit = (settings.grant_types & bit_of(GrantType::implicit)) != 0,
        .needs_pkce = !settings.pkce_optional};
  }
  auto verdict = judge_authorization_request(parameters, known ? &*known : nullptr);
  if (auto* fault = std::get_if<PageFault>(&verdict)) return *fault;
  if (auto* fault = std::get_if<RedirectFault>(&verdict)) return std::move(*fault);
  AuthorizationAsk ask{.request = std::get<AuthorizationRequest>(std::move(verdict)),
                       .client = client->number,
                       .client_seq = client->updated_seq,
                       .client_name = client->settings.name,
                       .api = {},
                       .api_name = {},
                       .identity_name = {},
                       .asked = {},
                       .scopes = {}};
  if (auto fault = Registrar{registries, *client, ask}.judge()) return std::move(*fault);
  return ask;
}

// Without the words that a sign-in answers.
std::string rest_of_prompt(std::string_view value) {
  std::string rest;
  while (!value.empty()) {
    const auto word = value.substr(0, value.find(' '));
    value.remove_prefix(std::min(word.size() + 1, value.size()));
    if (word.empty() || word == "login" || word == "select_account") continue;
    if (!rest.empty()) rest += ' ';
    rest += word;
  }
  return rest;
}

}  // namespace

std::string client_id_of(const Ledger& ledger, std::string_view query) {
  FormFields fields;
  std::string client_id;
  if (query.size() > kAuthorizationQueryBytesMax || !fields.parse(query)) return client_id;
  const auto parameters = parameters_of(fields);
  const auto id = find_client_id(parameters);
  if (!id) return client_id;
  ledger.with_registries([&](const Registries& registries) {
    if (registries.find_client(*id) != nullptr) client_id = *id;
  });
  return client_id;
}

AskVerdict read_authorization_ask(const Ledger& ledger, std::string_view query) {
  FormFields fields;
  if (query.size() > kAuthorizationQueryBytesMax) return PageFault{"the request is too long"};
  if (!fields.parse(query)) return PageFault{"the request is malformed"};
  const auto parameters = parameters_of(fields);
  AskVerdict verdict = PageFault{"there is no such client"};
  ledger.with_registries(
      [&](const Registries& registries) { verdict = judge(registries, parameters); });
  return verdict;
}

KnownConsent find_consent(const People& people, UserNumber user, const AuthorizationAsk& ask) {
  KnownConsent known{.covering = {}, .missing = ask.asked};
  for (const auto number : people.consents_for(user, ask.client, ask.api)) {
    const auto* consent = people.consent(number);
    const auto missing = ask.asked.without({consent->scope_mask, consent->identity_mask});
    if (missing.empty()) {
      known.covering = number;
      known.missing = {};
      return known;
    }
    if (consent->user != user) continue;  // a group's covers everything that is asked, or nothing
    known.missing = missing;
    known.has_earlier = true;
  }
  return known;
}

std::string after_sign_in(std::string_view query) {
  std::string rest;
  while (!query.empty()) {
    const auto piece = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(piece.size() + 1, query.size()));
    FormFields field;
    if (!field.parse(piece) || field.size() != 1) continue;
    const bool is_prompt = field.name(0) == "prompt";
    const bool is_zero_age = field.name(0) == "max_age" && !field.value(0).empty() &&
                             field.value(0).find_first_not_of('0') == std::string_view::npos;
    if (is_zero_age) continue;
    if (is_prompt) {
      if (const auto words = rest_of_prompt(field.value(0)); !words.empty())
        append_form_field(rest, "prompt", words);
      continue;
    }
    if (!rest.empty()) rest += '&';
    rest += piece;
  }
  return rest;
}

}  // namespace tokenledger

// /v1/consents: what users allowed, and what was allowed in advance for groups of them
// (/v1/pre-consents, A12). Both kinds have one number each, and end the same way: with all that was
// issued on them. A number is used again once nothing stands on it, so whoever withdraws one says
// when the consent that they mean was granted: 409 where the number is another's by now.
#include <algorithm>

#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/http_json.hpp"
#include "api/people_wire.hpp"
#include "api/problem.hpp"
#include "api/registry_page.hpp"
#include "api/request_body.hpp"
#include "api/rfc3339.hpp"
#include "core/identity_scopes.hpp"
#include "core/user_id.hpp"

namespace tokenledger {
namespace {

std::optional<ConsentNumber> consent_of(const HttpRequest& request) {
  const auto text = request.path_parameter(0);
  const auto number = text ? parse_number(*text) : std::nullopt;
  if (!number || *number == 0 || *number > kConsentsMax) return std::nullopt;
  return ConsentNumber{static_cast<std::uint32_t>(*number)};
}

std::optional<HttpResponse> write_all(const Ledger& ledger, JsonWriter& json,
                                      const std::vector<ConsentWire>& consents) {
  ledger.with_registries([&](const Registries& registries) {
    for (const auto& consent : consents) write_consent(json, consent, registries);
  });
  return std::nullopt;
}

// `number_of` finds it among people that are durable.
HttpResponse show(const Ledger& ledger, int status,
                  const std::function<ConsentNumber(const People&)>& number_of) {
  std::optional<ConsentWire> consent;
  const auto seen = ledger.people().show_people(
      [&](const People& people) { consent = consent_wire(people, number_of(people)); });
  if (!seen) return problem_of(to_errc(seen.error()));
  if (!consent) return problem_of(Errc::consent_not_found);
  auto response = json_response(status);
  JsonWriter json{&response.body};
  write_all(ledger, json, {*consent});
  return response;
}

// What a list is narrowed to; a name that is nobody's leaves nothing.
struct Wanted {
  bool of_groups_only = false;
  bool is_nothing = false;
  std::optional<ClientNumber> client;
  std::optional<ApiNumber> api;
  std::optional<std::vector<ConsentNumber>> among;  // ascending
};

void name_registries(const Ledger& ledger, const FormFields& query, Wanted& wanted) {
  ledger.with_registries([&](const Registries& registries) {
    if (const auto client_id = query.get("client_id")) {
      const auto* client = registries.find_client(*client_id);
      if (client == nullptr) wanted.is_nothing = true;
      if (client != nullptr) wanted.client = client->number;
    }
    if (const auto audience = query.get("audience")) {
      const auto* api = registries.find_api(*audience);
      if (api == nullptr) wanted.is_nothing = true;
      if (api != nullptr) wanted.api = api->number;
    }
  });
}

// Those of one user or one group are found without looking at all others.
void name_people(const People& people, const FormFields& query, Wanted& wanted) {
  if (const auto text = query.get("user_id")) {
    const auto id = parse_user_id(*text);
    const auto user = id ? people.find_user(*id) : UserNumber{};
    wanted.among = user == UserNumber{} ? std::vector<ConsentNumber>{} : people.consents_of(user);
    std::ranges::sort(*wanted.among);
  }
  if (const auto name = query.get("group")) {
    const auto group = people.find_group(*name);
    // A consent is a user's or a group's.
    const bool is_none = group == GroupNumber{} || wanted.among.has_value();
    wanted.among = is_none ? std::vector<ConsentNumber>{} : people.pre_consents_of(group);
  }
}

bool is_wanted(const ConsentRecord& record, const Wanted& wanted) {
  if (record.state != ConsentState::granted) return false;
  if (wanted.of_groups_only && record.user != UserNumber{}) return false;
  return (!wanted.client || record.client == *wanted.client) &&
         (!wanted.api || record.api == *wanted.api);
}

std::vector<ConsentWire> scan(const People& people, const Wanted& wanted, RegistryPage& page) {
  std::vector<ConsentWire> found;
  const auto end = wanted.is_nothing ? 0 : people.consents().size();
  const auto next = [&] {
    if (!wanted.among) return page.position();
    const ConsentNumber at{static_cast<std::uint32_t>(page.position() + 1)};
    const auto it = std::ranges::lower_bound(*wanted.among, at);
    return it == wanted.among->end() ? end : std::uint64_t{it->value()} - 1;
  };
  while (page.wants_more()) {
    page.skip_to(std::max(page.position(), next()));
    if (page.position() >= end) break;
    const ConsentNumber number{static_cast<std::uint32_t>(page.position() + 1)};
    const auto* record = people.consent(number);
    if (record != nullptr && is_wanted(*record, wanted)) {
      page.take();
      found.push_back(*consent_wire(people, number));
    } else {
      page.skip();
    }
  }
  page.end_at(end);
  return found;
}

HttpResponse list(const Ledger& ledger, const HttpRequest& request, bool of_groups_only) {
  const auto write = [&](const FormFields& query,
                         RegistryPage& page) -> std::optional<HttpResponse> {
    Wanted wanted{.of_groups_only = of_groups_only};
    name_registries(ledger, query, wanted);
    std::vector<ConsentWire> consents;
    const auto seen = ledger.people().show_people([&](const People& people) {
      name_people(people, query, wanted);
      consents = scan(people, wanted, page);
    });
    if (!seen) return problem_of(to_errc(seen.error()));
    return write_all(ledger, page.json(), consents);
  };
  if (of_groups_only)
    return numbered_page(ledger, request, {"group", "client_id", "audience"}, write);
  return numbered_page(ledger, request, {"user_id", "group", "client_id", "audience"}, write);
}

// The texts of the request as numbers and bits; an Errc where there is no such thing.
struct PreConsent {
  std::string group;
  std::string client_id;
  std::string audience;
  std::vector<std::string> scopes;
  std::vector<std::string> identity_scopes;
};
Result<PreconfigureConsent> command_of(const Ledger& ledger, const PreConsent& wanted) {
  PreconfigureConsent command;
  for (const auto& name : wanted.identity_scopes) {
    const auto* found = std::ranges::find(kIdentityScopes, name, &IdentityScopeText::name);
    if (found == kIdentityScopes.end()) return Errc::scope_unknown;
    command.identity_mask |= std::uint64_t{1} << (found - kIdentityScopes.begin());
  }
  Result<void> named;
  ledger.with_registries([&](const Registries& registries) {
    const auto* client = registries.find_client(wanted.client_id);
    const auto* api = registries.find_api(wanted.audience);
    if (client == nullptr || api == nullptr) {
      named = client == nullptr ? Errc::client_not_found : Errc::api_not_found;
      return;
    }
    command.client = client->number;
    command.api = api->number;
    const auto mask = api->mask_of(wanted.scopes);
    if (!mask) named = mask.error();
    if (mask) command.scope_mask = *mask;
  });
  if (!named) return named.error();
  ledger.people().with_people(
      [&](const People& people) { command.group = people.find_group(wanted.group); });
  return command;
}

std::vector<std::string> texts(const std::optional<std::vector<std::string_view>>& given) {
  return given ? std::vector<std::string>{given->begin(), given->end()}
               : std::vector<std::string>{};
}

void preconfigure(ApiContext& context, const Call& call, Write write) {
  auto body = read_json_body(*call->request);
  if (body.problem) return call->responder.respond(std::move(*body.problem));
  JsonFields fields{*body.object};
  fields.allow_only({"group", "client_id", "audience", "scopes", "identity_scopes"});
  PreConsent wanted;
  wanted.group = fields.required_string("group", kLabelBytesMax);
  wanted.client_id = fields.required_string("client_id", kLabelBytesMax);
  wanted.audience = fields.required_string("audience", kIdentifierBytesMax);
  wanted.scopes = texts(
      fields.optional_strings("scopes", {.count = kScopesPerApiMax, .bytes = kLabelBytesMax}));
  wanted.identity_scopes = texts(fields.optional_strings(
      "identity_scopes", {.count = kIdentityScopes.size(), .bytes = kLabelBytesMax}));
  if (fields.fault()) return call->responder.respond(invalid_field(*fields.fault()));
  auto& ledger = context.ledger;
  const auto command = command_of(ledger, wanted);
  if (!command) return call->responder.respond(problem_of(to_errc(command.error())));
  ledger.submit_async(
      {write.actor, std::move(write.request_id), write.idempotency, *command},
      [call, &ledger, workers = context.workers,
       command = *command](const Result<Committed>& committed) {
        if (!committed) return call->responder.respond(problem_of(to_errc(committed.error())));
        answer_from_worker(*workers, call, [&ledger, command, seq = committed->seq] {
          auto response = show(ledger, 201, [&](const People& people) {
            return people.find_pre_consent(command.group, command.client, command.api);
          });
          add_ledger_seq(&response, seq);
          return response;
        });
      });
}

constexpr std::size_t kTimeBytesMax = 64;
constexpr std::string_view kGrantedAtFault = "granted_at must be the time that the consent shows";

// Consents are granted in whole seconds.
std::optional<UnixSeconds> read_granted_at(std::string_view text) {
  const auto time = parse_rfc3339(text);
  if (!time || to_time(to_seconds(*time)) != *time) return std::nullopt;
  return to_seconds(*time);
}

void withdraw_seen(ApiContext& context, const Call& call, Write write, UnixSeconds granted_at,
                   const std::string& reason) {
  const auto number = consent_of(*call->request);
  if (!number) return call->responder.respond(problem_of(Errc::consent_not_found));
  LedgerPeople::Request request{.actor = write.actor,
                                .request_id = std::move(write.request_id),
                                .idempotency = write.idempotency};
  context.ledger.people().withdraw_consents_async(
      {SeenConsent{*number, granted_at}}, reason, std::move(request),
      answering(context, call, [](const Committed&) { return HttpResponse{.status = 204}; }));
}

void withdraw(ApiContext& context, const Call& call, Write write) {
  auto body = read_json_body(*call->request);
  if (body.problem) return call->responder.respond(std::move(*body.problem));
  JsonFields fields{*body.object};
  fields.allow_only({"granted_at", "reason"});
  const auto granted_at = read_granted_at(fields.required_string("granted_at", kTimeBytesMax));
  const std::string reason{fields.optional_string("reason", kNoteBodyBytesMax).value_or("")};
  if (fields.fault()) return call->responder.respond(invalid_field(*fields.fault()));
  if (!granted_at) return call->responder.respond(invalid_field(kGrantedAtFault));
  withdraw_seen(context, call, std::move(write), *granted_at, reason);
}

void remove(ApiContext& context, const Call& call, Write write) {
  FormFields query;
  if (auto refused = read_query(context.ledger, *call->request, {"granted_at"}, &query))
    return call->responder.respond(std::move(*refused));
  const auto granted_at = read_granted_at(query.get("granted_at").value_or(""));
  if (!granted_at)
    return call->responder.respond(problem(400, "invalid_parameter", kGrantedAtFault));
  withdraw_seen(context, call, std::move(write), *granted_at, {});
}

HttpResponse show_one(const Ledger& ledger, const HttpRequest& request) {
  FormFields query;
  if (auto refused = read_query(ledger, request, {}, &query)) return std::move(*refused);
  const auto number = consent_of(request);
  if (!number) return problem_of(Errc::consent_not_found);
  return show(ledger, 200, [&](const People&) { return *number; });
}

// All of one user, newest last: at most kConsentsPerUserMax, so one answer holds them.
HttpResponse list_of_user(const Ledger& ledger, const HttpRequest& request) {
  FormFields query;
  if (auto refused = read_query(ledger, request, {}, &query)) return std::move(*refused);
  const auto text = request.path_parameter(0);
  const auto id = text ? parse_user_id(*text) : std::nullopt;
  bool is_found = false;
  std::vector<ConsentWire> consents;
  const auto seen = ledger.people().show_people([&](const People& people) {
    const auto user = id ? people.find_user(*id) : UserNumber{};
    is_found = user_wire(people, user).has_value();
    if (!is_found) return;
    auto numbers = people.consents_of(user);
    std::ranges::reverse(numbers);
    for (const auto number : numbers) consents.push_back(*consent_wire(people, number));
  });
  if (!seen) return problem_of(to_errc(seen.error()));
  if (!is_found) return problem_of(Errc::user_not_found);
  auto response = json_response(200);
  JsonWriter json{&response.body};
  json.begin_object().name("items").begin_array();
  write_all(ledger, json, consents);
  json.end_array().name("next_cursor").null().end_object();
  return response;
}

}  // namespace

void add_consent_endpoints(HttpRouter& router, ApiContext& context) {
  constexpr auto kRead = ManagementScope::users_read;
  constexpr auto kWrite = ManagementScope::consents_write;
  auto& ledger = context.ledger;
  const auto reads = [&](std::string_view pattern, auto function) {
    route_view(
        router, context, {HttpMethod::get, pattern, kRead},
        [&ledger, function](const HttpRequest& request) { return function(ledger, request); });
  };
  const auto writes = [&](const Endpoint& endpoint, auto function) {
    route_write(router, context, endpoint, [&context, function](const Call& call, Write write) {
      function(context, call, std::move(write));
    });
  };
  reads("/v1/consents",
        [](const Ledger& from, const HttpRequest& request) { return list(from, request, false); });
  reads("/v1/pre-consents",
        [](const Ledger& from, const HttpRequest& request) { return list(from, request, true); });
  reads("/v1/consents/{consent}", show_one);
  reads("/v1/users/{user_id}/consents", list_of_user);
  writes({HttpMethod::post, "/v1/pre-consents", kWrite}, preconfigure);
  writes({HttpMethod::post, "/v1/consents/{consent}/withdraw", kWrite}, withdraw);
  writes(with_query(without_body({HttpMethod::remove, "/v1/consents/{consent}", kWrite})), remove);
}

}  // namespace tokenledger

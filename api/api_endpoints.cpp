// /v1/apis: the APIs that tokens are for.
//
// An identifier is usually a URL: in the path it stands percent-encoded as one segment. Some
// proxies decode %2F on the way, so ?identifier= names an API just as well.
#include <variant>

#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/http_json.hpp"
#include "api/problem.hpp"
#include "api/registry_page.hpp"
#include "api/request_body.hpp"
#include "api/wire.hpp"

namespace tokenledger {
namespace {

std::optional<HttpResponse> read_scope(const JsonValue& item, ScopeDefinition& scope) {
  if (const auto* name = item.get_if<std::string>()) {
    scope.name = *name;
    return std::nullopt;
  }
  JsonFields fields{item};
  fields.allow_only({"name", "description"});
  scope.name = fields.required_string("name", kLabelBytesMax);
  scope.description = fields.optional_string("description", kDescriptionBytesMax).value_or("");
  if (fields.fault()) return invalid_field("a scope is {name, description} or a name");
  return std::nullopt;
}

std::optional<HttpResponse> read_scopes(const JsonFields& fields, ApiSettings& settings) {
  const auto* value = fields.optional_value("scopes");
  if (value == nullptr) return std::nullopt;
  const auto* items = value->get_if<JsonValue::Array>();
  if (items == nullptr || items->size() > kScopesPerApiMax)
    return invalid_field("field 'scopes' must be an array of at most 64 scopes");
  settings.scopes.clear();
  for (const auto& item : *items) {
    ScopeDefinition scope;
    if (auto refused = read_scope(item, scope)) return refused;
    settings.scopes.push_back(std::move(scope));
  }
  return std::nullopt;
}

// What a PATCH or POST says, laid over what was there.
std::optional<HttpResponse> read_settings(JsonFields& fields, ApiSettings& settings) {
  const auto read_seconds = [&](std::string_view name, std::uint32_t& seconds) {
    if (const auto value = fields.optional_integer(name, 1, kTokenLifetimeSecondsMax))
      seconds = static_cast<std::uint32_t>(*value);
  };
  const auto read_bounded = [&](std::string_view name, std::uint32_t max, std::uint32_t& seconds) {
    if (const auto value = fields.optional_integer(name, 0, max))
      seconds = static_cast<std::uint32_t>(*value);
  };
  const auto read_flag = [&](std::string_view name, bool& flag) {
    if (const auto value = fields.optional_bool(name)) flag = *value;
  };
  if (const auto name = fields.optional_string("name", kLabelBytesMax)) settings.name = *name;
  read_seconds("token_lifetime", settings.token_lifetime_s);
  read_seconds("token_lifetime_max", settings.token_lifetime_max_s);
  read_flag("allow_offline_access", settings.allow_offline_access);
  read_seconds("refresh_token_lifetime", settings.refresh_lifetime_s);
  read_bounded("refresh_token_idle", kRefreshLifetimeSecondsMax, settings.refresh_idle_s);
  read_bounded("refresh_token_grace", kRefreshGraceSecondsMax, settings.refresh_grace_s);
  read_flag("revocable_by_admins_only", settings.revocable_by_admins_only);
  if (const auto value = fields.optional_bool("revocable")) settings.not_revocable = !*value;
  if (const auto names =
          fields.optional_strings("admin_revocable_origins", {.count = 5, .bytes = 16})) {
    settings.origins_kept = kOriginBitsAll;
    for (const auto origin_text : *names) {
      const auto origin = origin_from_name(origin_text);
      if (!origin) return invalid_field("admin_revocable_origins names an unknown origin");
      settings.origins_kept &= static_cast<std::uint8_t>(~bit_of(*origin));
    }
  }
  if (const auto name = fields.optional_string("signing_alg", 16)) {
    const auto algorithm = algorithm_from_name(*name);
    if (!algorithm) return invalid_field("signing_alg must be RS256, ES256, EdDSA or HS256");
    settings.signing_alg = *algorithm;
  }
  if (const auto name = fields.optional_string("token_format", 16)) {
    const auto kind = token_kind_from_name(*name);
    if (!kind) return invalid_field("token_format must be jwt, opaque or jwe");
    settings.token_format = *kind;
  }
  if (const auto ids = fields.optional_strings(
          "introspectors", {.count = kIntrospectorsMax, .bytes = kLabelBytesMax})) {
    settings.introspectors.assign(ids->begin(), ids->end());
  }
  if (auto refused = read_scopes(fields, settings)) return refused;
  if (fields.fault()) return invalid_field(*fields.fault());
  return std::nullopt;
}

HttpResponse show(const Ledger& ledger, std::string_view identifier, int status,
                  std::string_view secret = {}) {
  auto response = json_response(status);
  bool is_found = false;
  ledger.with_registries([&](const Registries& registries) {
    const auto* api = registries.find_api(identifier);
    is_found = api != nullptr;
    if (!is_found) return;
    JsonWriter json{&response.body};
    write_api(json, *api, secret);
  });
  return is_found ? response : problem_of(Errc::api_not_found);
}

// The secret of an HS256 API is in the keyring, fsynced, before its event; that takes a worker.
void create_with_secret(ApiContext& context, const Call& call, Write write, CreateApi create) {
  const auto answer = [&context, write = std::move(write), create = std::move(create)] {
    const auto created = context.ledger.create_api_with_secret(
        {write.actor, write.request_id, write.idempotency, create});
    if (!created) return problem_of(created.error());
    auto response = show(context.ledger, create.identifier, 201, created->secret);
    add_ledger_seq(&response, created->committed.seq);
    return response;
  };
  answer_from_worker(*context.workers, call, answer);
}

void create(ApiContext& context, const Call& call, Write write) {
  auto body = read_json_body(*call->request);
  if (body.problem) return call->responder.respond(std::move(*body.problem));
  JsonFields fields{*body.object};
  fields.allow_only({"identifier", "name", "scopes", "token_lifetime", "token_lifetime_max",
                     "allow_offline_access", "refresh_token_lifetime", "refresh_token_idle",
                     "refresh_token_grace", "revocable_by_admins_only", "revocable",
                     "admin_revocable_origins", "signing_alg", "token_format", "introspectors"});
  CreateApi add;
  add.identifier = fields.required_string("identifier", kIdentifierBytesMax);
  add.settings.name = fields.required_string("name", kLabelBytesMax);
  add.settings.signing_alg = SignatureAlgorithm::rs256;  // what every verifier knows (RFC 9068 §4)
  if (auto refused = read_settings(fields, add.settings))
    return call->responder.respond(std::move(*refused));
  if (add.settings.signing_alg == SignatureAlgorithm::hs256)
    return create_with_secret(context, call, std::move(write), std::move(add));
  const auto identifier = add.identifier;
  commit(context, call, std::move(write), std::move(add),
         [&ledger = context.ledger, identifier](const Committed&) {
           return show(ledger, identifier, 201);
         });
}

// From the path, or from ?identifier= where the pattern has no parameter.
struct Named {
  std::string identifier;
  std::optional<HttpResponse> refused;
};
Named name_from_path(const Ledger&, const HttpRequest& request) {
  auto identifier = request.path_parameter(0);
  if (!identifier) return {.identifier = {}, .refused = problem_of(Errc::api_not_found)};
  return {.identifier = std::move(*identifier), .refused = {}};
}
Named name_from_query(const Ledger& ledger, const HttpRequest& request) {
  Named named;
  FormFields query;
  named.refused = read_query(ledger, request, {"identifier"}, &query);
  if (named.refused) return named;
  const auto identifier = query.get("identifier");
  if (identifier) {
    named.identifier = *identifier;
  } else {
    named.refused = problem(400, "missing_parameter", "name the API with ?identifier=");
  }
  return named;
}
using Namer = Named (*)(const Ledger&, const HttpRequest&);

// The settings as they would be, or the refusal.
std::optional<HttpResponse> read_change(const Ledger& ledger, const HttpRequest& request,
                                        UpdateApi& update) {
  auto body = read_json_body(request);
  if (body.problem) return std::move(body.problem);
  bool is_found = false;
  ledger.with_registries([&](const Registries& registries) {
    const auto* api = registries.find_api(update.identifier);
    is_found = api != nullptr;
    if (!is_found) return;
    update.settings = api->settings;
    update.based_on = api->updated_seq;
  });
  if (!is_found) return problem_of(Errc::api_not_found);
  JsonFields fields{*body.object};
  fields.allow_only({"name", "scopes", "token_lifetime", "token_lifetime_max",
                     "allow_offline_access", "refresh_token_lifetime", "refresh_token_idle",
                     "refresh_token_grace", "revocable_by_admins_only", "revocable",
                     "admin_revocable_origins", "signing_alg", "token_format", "introspectors"});
  return read_settings(fields, update.settings);
}

void patch(ApiContext& context, const Call& call, Write write, Namer namer) {
  auto named = namer(context.ledger, *call->request);
  if (named.refused) return call->responder.respond(std::move(*named.refused));
  auto& ledger = context.ledger;
  commit_change(
      context, call, std::move(write),
      [&ledger, call, identifier = named.identifier](CommandPayload& change) {
        return read_change(ledger, *call->request, change.emplace<UpdateApi>(identifier));
      },
      [&ledger, identifier = named.identifier](const Committed&) {
        return show(ledger, identifier, 200);
      });
}

void remove(ApiContext& context, const Call& call, Write write, Namer namer) {
  auto named = namer(context.ledger, *call->request);
  if (named.refused) return call->responder.respond(std::move(*named.refused));
  commit(context, call, std::move(write), DeleteApi{named.identifier},
         [](const Committed&) { return HttpResponse{.status = 204}; });
}

HttpResponse list(const Ledger& ledger, const HttpRequest& request) {
  return registry_page(
      ledger, request, {"identifier"},
      [](const Registries& registries, const FormFields& query, RegistryPage& page) {
        const auto& apis = registries.apis();
        const auto wanted = query.get("identifier");
        while (page.wants_more() && page.position() < apis.size()) {
          const auto& api = apis[page.position()];
          if (api.deleted || (wanted && *wanted != api.identifier)) {
            page.skip();
          } else {
            write_api(page.next_item(), api);
          }
        }
        page.end_at(apis.size());
      });
}

HttpResponse get(const Ledger& ledger, const HttpRequest& request) {
  FormFields query;
  if (auto refused = read_query(ledger, request, {}, &query)) return std::move(*refused);
  auto named = name_from_path(ledger, request);
  return named.refused ? std::move(*named.refused) : show(ledger, named.identifier, 200);
}

}  // namespace

void add_api_endpoints(HttpRouter& router, ApiContext& context) {
  constexpr auto kRead = ManagementScope::apis_read;
  constexpr auto kWrite = ManagementScope::apis_write;
  auto& ledger = context.ledger;
  route_read(router, context, {HttpMethod::get, "/v1/apis", kRead},
             [&ledger](const HttpRequest& request) { return list(ledger, request); });
  route_read(router, context, {HttpMethod::get, "/v1/apis/{identifier}", kRead},
             [&ledger](const HttpRequest& request) { return get(ledger, request); });
  route_write(
      router, context, {HttpMethod::post, "/v1/apis", kWrite},
      [&context](const Call& call, Write write) { create(context, call, std::move(write)); });
  const std::pair<std::string_view, Namer> named_by[] = {{"/v1/apis", name_from_query},
                                                         {"/v1/apis/{identifier}", name_from_path}};
  for (const auto& [pattern, namer] : named_by) {
    route_write(router, context, with_query({HttpMethod::patch, pattern, kWrite}),
                [&context, namer = namer](const Call& call, Write write) {
                  patch(context, call, std::move(write), namer);
                });
    route_write(router, context, with_query(without_body({HttpMethod::remove, pattern, kWrite})),
                [&context, namer = namer](const Call& call, Write write) {
                  remove(context, call, std::move(write), namer);
                });
  }
}

}  // namespace tokenledger

// /v1/client-grants: which client may use which API with which scopes. A grant is named by its
// client_id and audience: in the body of POST and PATCH, in the query of DELETE.
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

HttpResponse show(const Ledger& ledger, const std::string& client_id, const std::string& audience,
                  int status) {
  auto response = json_response(status);
  bool is_found = false;
  ledger.with_registries([&](const Registries& registries) {
    const auto* client = registries.find_client(client_id);
    const auto* api = registries.find_api(audience);
    if (client == nullptr || api == nullptr) return;
    const auto* grant = registries.find_grant(client->number, api->number);
    is_found = grant != nullptr;
    if (!is_found) return;
    JsonWriter json{&response.body};
    write_grant(json, *grant, registries);
  });
  return is_found ? response : problem_of(Errc::grant_not_found);
}

// POST and PATCH differ by their command and status only.
template <class Change>
void change(ApiContext& context, const Call& call, Write write, int status) {
  auto body = read_json_body(*call->request);
  if (body.problem) return call->responder.respond(std::move(*body.problem));
  JsonFields fields{*body.object};
  fields.allow_only({"client_id", "audience", "scopes"});
  Change wanted;
  wanted.client_id = fields.required_string("client_id", kLabelBytesMax);
  wanted.audience = fields.required_string("audience", kIdentifierBytesMax);
  const auto scopes =
      fields.required_strings("scopes", {.count = kScopesPerApiMax, .bytes = kLabelBytesMax});
  wanted.scopes.assign(scopes.begin(), scopes.end());
  if (fields.fault()) return call->responder.respond(invalid_field(*fields.fault()));
  commit(context, call, std::move(write), wanted,
         [&ledger = context.ledger, client_id = wanted.client_id, audience = wanted.audience,
          status](const Committed&) { return show(ledger, client_id, audience, status); });
}

void remove(ApiContext& context, const Call& call, Write write) {
  FormFields query;
  if (auto refused = read_query(context.ledger, *call->request, {"client_id", "audience"}, &query))
    return call->responder.respond(std::move(*refused));
  const auto client_id = query.get("client_id");
  const auto audience = query.get("audience");
  if (!client_id || !audience) {
    return call->responder.respond(
        problem(400, "missing_parameter", "name the grant with ?client_id= and &audience="));
  }
  commit(context, call, std::move(write),
         RemoveClientGrant{std::string{*client_id}, std::string{*audience}},
         [](const Committed&) { return HttpResponse{.status = 204}; });
}

bool is_wanted(const GrantRecord& grant, const Registries& registries, const FormFields& query) {
  if (grant.removed) return false;
  const auto* client = registries.client(grant.client);
  const auto* api = registries.api(grant.api);
  if (client->status == ClientStatus::deleted || api->deleted) return false;
  const auto client_id = query.get("client_id");
  const auto audience = query.get("audience");
  return (!client_id || *client_id == client->client_id) &&
         (!audience || *audience == api->identifier);
}

HttpResponse list(const Ledger& ledger, const HttpRequest& request) {
  return registry_page(
      ledger, request, {"client_id", "audience"},
      [](const Registries& registries, const FormFields& query, RegistryPage& page) {
        const auto& grants = registries.grants();
        while (page.wants_more() && page.position() < grants.size()) {
          const auto& grant = grants[page.position()];
          if (is_wanted(grant, registries, query)) {
            write_grant(page.next_item(), grant, registries);
          } else {
            page.skip();
          }
        }
        page.end_at(grants.size());
      });
}

}  // namespace

void add_client_grant_endpoints(HttpRouter& router, ApiContext& context) {
  constexpr std::string_view kPattern = "/v1/client-grants";
  constexpr auto kWrite = ManagementScope::clients_write;
  route_read(
      router, context, {HttpMethod::get, kPattern, ManagementScope::clients_read},
      [&ledger = context.ledger](const HttpRequest& request) { return list(ledger, request); });
  route_write(router, context, {HttpMethod::post, kPattern, kWrite},
              [&context](const Call& call, Write write) {
                change<AddClientGrant>(context, call, std::move(write), 201);
              });
  route_write(router, context, {HttpMethod::patch, kPattern, kWrite},
              [&context](const Call& call, Write write) {
                change<UpdateClientGrant>(context, call, std::move(write), 200);
              });
  route_write(
      router, context, with_query(without_body({HttpMethod::remove, kPattern, kWrite})),
      [&context](const Call& call, Write write) { remove(context, call, std::move(write)); });
}

}  // namespace tokenledger

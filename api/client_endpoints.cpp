// /v1/clients: register, show, change, disable, enable, delete, rotate the secret.
#include <algorithm>
#include <variant>

#include "api/client_authentication_wire.hpp"
#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/http_json.hpp"
#include "api/problem.hpp"
#include "api/registry_page.hpp"
#include "api/request_body.hpp"
#include "api/wire.hpp"
#include "core/base64url.hpp"
#include "storage/random.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kGeneratedIdBytes = 16;  // unguessable, so that ids say nothing of each other

// What a PATCH or POST says, laid over what was there.
std::optional<HttpResponse> read_settings(JsonFields& fields, const JsonValue& object,
                                          ClientSettings& settings) {
  if (const auto name = fields.optional_string("name", kLabelBytesMax)) settings.name = *name;
  if (const auto types = fields.optional_strings("grant_types", {.count = 8, .bytes = 64})) {
    settings.grant_types = 0;
    for (const auto text : *types) {
      const auto type = grant_type_from_name(text);
      if (!type) return invalid_field("a grant type is not known here");
      settings.grant_types |= static_cast<std::uint8_t>(*type);
    }
  }
  if (const auto uris = fields.optional_strings(
          "redirect_uris", {.count = kRedirectUrisMax, .bytes = kRedirectUriBytesMax})) {
    settings.redirect_uris.assign(uris->begin(), uris->end());
  }
  // null takes the format back to the API's.
  if (const auto* format = object.find("token_format"); format != nullptr && format->is_null())
    settings.token_format.reset();
  if (const auto name = fields.optional_string("token_format", 16)) {
    settings.token_format = token_kind_from_name(*name);
    if (!settings.token_format) return invalid_field("token_format must be jwt, opaque or jwe");
  }
  // null takes the limit back to the greatest.
  if (const auto* limit = object.find("live_tokens_max"); limit != nullptr && limit->is_null())
    settings.live_tokens_max = 0;
  if (const auto limit = fields.optional_integer("live_tokens_max", 1, kLiveTokensPerClientMax))
    settings.live_tokens_max = static_cast<std::uint32_t>(*limit);
  return read_client_authentication(fields, object, settings);
}

const ClientRecord* live_client(const Registries& registries, std::string_view client_id) {
  const auto* client = registries.find_client(client_id);
  return client == nullptr || client->status == ClientStatus::deleted ? nullptr : client;
}

HttpResponse show(const Ledger& ledger, std::string_view client_id, int status,
                  std::string_view secret = {}) {
  auto response = json_response(status);
  bool is_found = false;
  ledger.with_registries([&](const Registries& registries) {
    const auto* client = live_client(registries, client_id);
    is_found = client != nullptr;
    if (!is_found) return;
    JsonWriter json{&response.body};
    write_client(json, *client, secret);
  });
  return is_found ? response : problem_of(Errc::client_not_found);
}

void create(ApiContext& context, const Call& call, Write write) {
  auto body = read_json_body(*call->request);
  if (body.problem) return call->responder.respond(std::move(*body.problem));
  JsonFields fields{*body.object};
  fields.allow_only({"client_id", "name", "grant_types", "redirect_uris", "token_format",
                     "live_tokens_max", "token_endpoint_auth_method", "jwks",
                     "id_token_signed_response_alg", "pkce_optional"});
  RegisterClient add;
  add.settings.name = fields.required_string("name", kLabelBytesMax);
  if (const auto client_id = fields.optional_string("client_id", kLabelBytesMax))
    add.client_id = *client_id;
  if (auto refused = read_settings(fields, *body.object, add.settings))
    return call->responder.respond(std::move(*refused));
  if (fields.fault()) return call->responder.respond(invalid_field(*fields.fault()));
  if (add.client_id.empty()) add.client_id = base64url_encode(random_bytes<kGeneratedIdBytes>());
  auto& ledger = context.ledger;
  Ledger::NewSecret made;
  if (has_secret(add.settings)) made = ledger.make_client_secret();
  add.secret_hash = made.hash;
  const auto client_id = add.client_id;
  const auto answer = [&ledger, client_id, secret = std::move(made.secret)](const Committed&) {
    return show(ledger, client_id, 201, secret);
  };
  // A repeat drew another id than the first request: the log knows which.
  const auto earlier = [&ledger](Sequence seq) {
    const auto event = event_at(ledger, seq);
    const auto* registered = event ? std::get_if<ClientRegistered>(&event->payload) : nullptr;
    if (registered == nullptr) return problem_of(Errc::unknown_outcome);
    return show(ledger, registered->client_id, 201);
  };
  commit(context, call, std::move(write), std::move(add), answer, earlier);
}

// The settings as they would be, or the refusal.
std::optional<HttpResponse> read_change(const Ledger& ledger, const HttpRequest& request,
                                        UpdateClient& update) {
  auto body = read_json_body(request);
  if (body.problem) return std::move(body.problem);
  bool is_found = false;
  ledger.with_registries([&](const Registries& registries) {
    const auto* client = live_client(registries, update.client_id);
    is_found = client != nullptr;
    if (!is_found) return;
    update.settings = client->settings;
    update.based_on = client->updated_seq;
  });
  if (!is_found) return problem_of(Errc::client_not_found);
  JsonFields fields{*body.object};
  fields.allow_only({"name", "grant_types", "redirect_uris", "token_format", "live_tokens_max",
                     "token_endpoint_auth_method", "jwks", "id_token_signed_response_alg",
                     "pkce_optional"});
  if (auto refused = read_settings(fields, *body.object, update.settings)) return refused;
  if (fields.fault()) return invalid_field(*fields.fault());
  return std::nullopt;
}

void patch(ApiContext& context, const Call& call, Write write) {
  const auto client_id = call->request->path_parameter(0);
  if (!client_id) return call->responder.respond(problem_of(Errc::client_not_found));
  auto& ledger = context.ledger;
  commit_change(
      context, call, std::move(write),
      [&ledger, call, id = *client_id](CommandPayload& change) {
        return read_change(ledger, *call->request, change.emplace<UpdateClient>(id));
      },
      [&ledger, id = *client_id](const Committed&) { return show(ledger, id, 200); });
}

// disable and enable differ by their command only.
template <class Change>
WriteHandler change_handler(ApiContext& context) {
  return [&context](const Call& call, Write write) {
    const auto client_id = call->request->path_parameter(0);
    if (!client_id) return call->responder.respond(problem_of(Errc::client_not_found));
    commit(context, call, std::move(write), Change{*client_id},
           [&ledger = context.ledger, id = *client_id](const Committed&) {
             return show(ledger, id, 200);
           });
  };
}

void remove(ApiContext& context, const Call& call, Write write) {
  const auto client_id = call->request->path_parameter(0);
  if (!client_id) return call->responder.respond(problem_of(Errc::client_not_found));
  commit(context, call, std::move(write), DeleteClient{*client_id},
         [](const Committed&) { return HttpResponse{.status = 204}; });
}

void rotate(ApiContext& context, const Call& call, Write write) {
  const auto client_id = call->request->path_parameter(0);
  if (!client_id) return call->responder.respond(problem_of(Errc::client_not_found));
  std::uint32_t overlap_s = 0;
  if (!call->request->body().empty()) {
    auto body = read_json_body(*call->request);
    if (body.problem) return call->responder.respond(std::move(*body.problem));
    JsonFields fields{*body.object};
    fields.allow_only({"overlap_seconds"});
    overlap_s = static_cast<std::uint32_t>(
        fields.optional_integer("overlap_seconds", 0, kSecretOverlapSecondsMax).value_or(0));
    if (fields.fault()) return call->responder.respond(invalid_field(*fields.fault()));
  }
  auto made = context.ledger.make_client_secret();
  commit(context, call, std::move(write), RotateClientSecret{*client_id, made.hash, overlap_s},
         [&ledger = context.ledger, id = *client_id,
          secret = std::move(made.secret)](const Committed& committed) {
           return show(ledger, id, 200, committed.repeated ? std::string_view{} : secret);
         });
}

HttpResponse list(const Ledger& ledger, const HttpRequest& request) {
  return registry_page(ledger, request, {},
                       [](const Registries& registries, const FormFields&, RegistryPage& page) {
                         const auto& clients = registries.clients();
                         while (page.wants_more() && page.position() < clients.size()) {
                           const auto& client = clients[page.position()];
                           if (client.status == ClientStatus::deleted) {
                             page.skip();
                           } else {
                             write_client(page.next_item(), client);
                           }
                         }
                         page.end_at(clients.size());
                       });
}

}  // namespace

void add_client_endpoints(HttpRouter& router, ApiContext& context) {
  constexpr auto kRead = ManagementScope::clients_read;
  constexpr auto kWrite = ManagementScope::clients_write;
  const auto writes = [&](HttpMethod method, std::string_view pattern, auto function) {
    const Endpoint endpoint{method, pattern, kWrite};
    const bool has_body = method == HttpMethod::patch || method == HttpMethod::post;
    route_write(router, context, has_body ? endpoint : without_body(endpoint),
                [&context, function](const Call& call, Write write) {
                  function(context, call, std::move(write));
                });
  };
  auto& ledger = context.ledger;
  route_read(router, context, {HttpMethod::get, "/v1/clients", kRead},
             [&ledger](const HttpRequest& request) { return list(ledger, request); });
  route_read(router, context, {HttpMethod::get, "/v1/clients/{client_id}", kRead},
             [&ledger](const HttpRequest& request) {
               FormFields query;
               if (auto refused = read_query(ledger, request, {}, &query))
                 return std::move(*refused);
               const auto client_id = request.path_parameter(0);
               return client_id ? show(ledger, *client_id, 200)
                                : problem_of(Errc::client_not_found);
             });
  writes(HttpMethod::post, "/v1/clients", create);
  writes(HttpMethod::patch, "/v1/clients/{client_id}", patch);
  writes(HttpMethod::remove, "/v1/clients/{client_id}", remove);
  writes(HttpMethod::post, "/v1/clients/{client_id}/rotate-secret", rotate);
  route_write(router, context,
              without_body({HttpMethod::post, "/v1/clients/{client_id}/disable", kWrite}),
              change_handler<DisableClient>(context));
  route_write(router, context,
              without_body({HttpMethod::post, "/v1/clients/{client_id}/enable", kWrite}),
              change_handler<EnableClient>(context));
}

}  // namespace tokenledger

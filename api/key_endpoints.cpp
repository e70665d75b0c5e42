// /v1/keys: the signing keys of the ledger, which any API may choose by algorithm. Private keys
// never pass here: one from elsewhere is imported by whoever holds the directory.
//
// An API's own secret (HS256) is not among them.
#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/http_json.hpp"
#include "api/json_writer.hpp"
#include "api/problem.hpp"
#include "api/registry_page.hpp"
#include "api/request_body.hpp"
#include "api/rfc3339.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

std::string_view key_status_name(KeyStatus status) noexcept {
  switch (status) {
    case KeyStatus::next: return "next";
    case KeyStatus::active: return "active";
    case KeyStatus::retired: return "retired";
    case KeyStatus::revoked: return "revoked";
  }
  return {};
}

void write_time(JsonWriter& json, std::string_view name, LedgerTime time) {
  json.name(name);
  if (time == LedgerTime{}) {
    json.null();
  } else {
    json.value(format_rfc3339(to_seconds(time)));
  }
}

void write_key(JsonWriter& json, const Ledger& ledger, const KeyRecord& key) {
  json.begin_object()
      .member("kid", key.kid)
      .member("alg", algorithm_name(key.algorithm))
      .member("status", key_status_name(key.status))
      .member("imported", key.imported)
      .member("published", ledger.core().is_published(key));
  write_time(json, "created_at", key.created_at);
  write_time(json, "activated_at", key.activated_at);
  write_time(json, "ended_at", key.ended_at);
  json.end_object();
}

HttpResponse show(const Ledger& ledger, std::string_view kid, int status) {
  auto response = json_response(status);
  bool is_found = false;
  ledger.with_registries([&](const Registries& registries) {
    const auto* key = registries.find_key(kid);
    is_found = key != nullptr && key->api == ApiNumber{};
    if (!is_found) return;
    JsonWriter json{&response.body};
    write_key(json, ledger, *key);
  });
  return is_found ? response : problem_of(Errc::key_not_found);
}

HttpResponse list(const Ledger& ledger, const HttpRequest& request) {
  return registry_page(
      ledger, request, {},
      [&ledger](const Registries& registries, const FormFields&, RegistryPage& page) {
        const auto& keys = registries.keys();
        while (page.wants_more() && page.position() < keys.size()) {
          const auto& key = keys[page.position()];
          if (key.api != ApiNumber{}) {
            page.skip();
          } else {
            write_key(page.next_item(), ledger, key);
          }
        }
        page.end_at(keys.size());
      });
}

// A repeat drew another key than the first request, and dropped it: the log knows which one stayed.
EarlierAnswer earlier_key(const Ledger& ledger) {
  return [&ledger](Sequence seq) {
    const auto event = event_at(ledger, seq);
    const auto* added = event ? std::get_if<KeyAdded>(&event->payload) : nullptr;
    return added == nullptr ? problem_of(Errc::unknown_outcome) : show(ledger, added->kid, 201);
  };
}

void add(ApiContext& context, const Call& call, const Write& write) {
  auto body = read_json_body(*call->request);
  if (body.problem) return call->responder.respond(std::move(*body.problem));
  JsonFields fields{*body.object};
  fields.allow_only({"alg"});
  const auto algorithm = algorithm_from_name(fields.required_string("alg", 16));
  if (fields.fault()) return call->responder.respond(invalid_field(*fields.fault()));
  if (!algorithm || *algorithm == SignatureAlgorithm::hs256)
    return call->responder.respond(invalid_field("alg must be RS256, ES256 or EdDSA"));
  auto& ledger = context.ledger;
  const auto added = ledger.add_next_key(*algorithm, {.actor = write.actor,
                                                      .reason = {},
                                                      .request_id = write.request_id,
                                                      .idempotency = write.idempotency});
  const auto kid = added ? added->kid : std::string{};
  const auto committed = added ? Result<Committed>{added->committed} : added.error();
  answering(
      context, call, [&ledger, kid](const Committed&) { return show(ledger, kid, 201); },
      earlier_key(ledger))(committed);
}

void revoke(ApiContext& context, const Call& call, const Write& write) {
  const auto kid = call->request->path_parameter(0);
  if (!kid) return call->responder.respond(problem_of(Errc::key_not_found));
  std::string reason;
  if (!call->request->body().empty()) {
    auto body = read_json_body(*call->request);
    if (body.problem) return call->responder.respond(std::move(*body.problem));
    JsonFields fields{*body.object};
    fields.allow_only({"reason"});
    reason = fields.optional_string("reason", kNoteBodyBytesMax).value_or("");
    if (fields.fault()) return call->responder.respond(invalid_field(*fields.fault()));
  }
  auto& ledger = context.ledger;
  const auto committed = ledger.revoke_key(*kid, {.actor = write.actor,
                                                  .reason = reason,
                                                  .request_id = write.request_id,
                                                  .idempotency = write.idempotency});
  answering(context, call,
            [&ledger, kid = *kid](const Committed&) { return show(ledger, kid, 200); })(committed);
}

// Keys are drawn and the keyring is written on a worker.
template <class Function>
WriteHandler on_worker(ApiContext& context, Function function) {
  return [&context, function](const Call& call, Write write) {
    const auto job = [&context, function, call, write = std::move(write)] {
      function(context, call, write);
    };
    if (!context.workers->post(job, JobLength::lengthy)) call->responder.respond(busy());
  };
}

// activate and retire differ by their command only.
template <class Change>
WriteHandler change_handler(ApiContext& context) {
  return [&context](const Call& call, Write write) {
    const auto kid = call->request->path_parameter(0);
    if (!kid) return call->responder.respond(problem_of(Errc::key_not_found));
    commit(context, call, std::move(write), Change{*kid},
           [&ledger = context.ledger, kid = *kid](const Committed&) {
             return show(ledger, kid, 200);
           });
  };
}

}  // namespace

void add_key_endpoints(HttpRouter& router, ApiContext& context) {
  constexpr auto kWrite = ManagementScope::keys_write;
  auto& ledger = context.ledger;
  route_read(router, context, {HttpMethod::get, "/v1/keys", ManagementScope::keys_read},
             [&ledger](const HttpRequest& request) { return list(ledger, request); });
  route_write(router, context, {HttpMethod::post, "/v1/keys", kWrite}, on_worker(context, add));
  route_write(router, context, {HttpMethod::post, "/v1/keys/{kid}/revoke", kWrite},
              on_worker(context, revoke));
  route_write(router, context, without_body({HttpMethod::post, "/v1/keys/{kid}/activate", kWrite}),
              change_handler<ActivateKey>(context));
  route_write(router, context, without_body({HttpMethod::post, "/v1/keys/{kid}/retire", kWrite}),
              change_handler<RetireKey>(context));
}

}  // namespace tokenledger

// POST /v1/owners/erase: {"owner": "...", "reason"?}, for those with the scope owners:erase
// (INV-8).
//
// The name stands in the body, never in a path or query, which access logs and proxies keep. Waits
// for fsyncs and a rewrite of the key store, so it runs on a worker, one at a time.
#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/json_writer.hpp"
#include "api/request_body.hpp"
#include "api/rfc3339.hpp"

namespace tokenledger {
namespace {

HttpResponse erased(const Committed& committed) {
  auto response = json_response(200);
  JsonWriter json{&response.body};
  json.begin_object()
      .member("seq", committed.seq.value())
      .member("erased_at", format_rfc3339(committed.at))
      .end_object();
  return response;
}

void erase(ApiContext& context, const Call& call, const Write& write) {
  auto body = read_json_body(*call->request);
  if (body.problem) return call->responder.respond(std::move(*body.problem));
  JsonFields fields{*body.object};
  fields.allow_only({"owner", "reason"});
  const std::string owner{fields.required_string("owner", kLabelBytesMax)};
  const std::string reason{fields.optional_string("reason", kNoteBodyBytesMax).value_or("")};
  if (fields.fault()) return call->responder.respond(invalid_field(*fields.fault()));
  if (owner.empty()) return call->responder.respond(invalid_field("field 'owner' is empty"));
  const auto committed = context.ledger.erase_owner(owner, {.actor = write.actor,
                                                            .reason = reason,
                                                            .request_id = write.request_id,
                                                            .idempotency = write.idempotency});
  answering(context, call, erased, with_its_own_time(context.ledger, erased))(committed);
}

}  // namespace

void add_owner_endpoint(HttpRouter& router, ApiContext& context) {
  route_write(router, context,
              {HttpMethod::post, "/v1/owners/erase", ManagementScope::owners_erase},
              [&context](const Call& call, Write write) {
                const auto job = [&context, call, write = std::move(write)] {
                  erase(context, call, write);
                };
                if (!context.workers->post(job, JobLength::lengthy))
                  call->responder.respond(busy());
              });
}

}  // namespace tokenledger

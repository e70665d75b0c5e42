// POST /v1/notes: the host program's own audit trail (D07), for those with the scope notes:write.
#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/json_writer.hpp"
#include "api/problem.hpp"
#include "api/request_body.hpp"
#include "api/rfc3339.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

HttpResponse noted(const Committed& committed) {
  auto response = json_response(201);
  JsonWriter json{&response.body};
  json.begin_object()
      .member("seq", committed.seq.value())
      .member("recorded_at", format_rfc3339(committed.at))
      .end_object();
  return response;
}

void append(ApiContext& context, const Call& call, Write write) {
  auto body = read_json_body(*call->request);
  if (body.problem) return call->responder.respond(std::move(*body.problem));
  JsonFields fields{*body.object};
  fields.allow_only({"topic", "body"});
  AppendNote note;
  note.topic = fields.required_string("topic", kNoteTopicBytesMax);
  const std::string text{fields.optional_string("body", kNoteBodyBytesMax).value_or("")};
  if (fields.fault()) return call->responder.respond(invalid_field(*fields.fault()));
  if (note.topic.empty()) return call->responder.respond(invalid_field("field 'topic' is empty"));
  // The key of a refused or repeated note goes again: nothing names it.
  auto done = answering(context, call, noted, with_its_own_time(context.ledger, noted));
  auto sealed = context.ledger.core().seal_reason(text, done);
  if (!sealed) return call->responder.respond(problem_of(to_errc(sealed.error())));
  note.body = std::move(*sealed);
  context.ledger.submit_async(
      {write.actor, std::move(write.request_id), write.idempotency, std::move(note)},
      std::move(done));
}

}  // namespace

void add_note_endpoint(HttpRouter& router, ApiContext& context) {
  route_write(
      router, context, {HttpMethod::post, "/v1/notes", ManagementScope::notes_write},
      [&context](const Call& call, Write write) { append(context, call, std::move(write)); });
}

}  // namespace tokenledger

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

HttpResponse noted(Sequence seq, LedgerTime recorded_at) {
  auto response = json_response(201);
  JsonWriter json{&response.body};
  json.begin_object()
      .member("seq", seq.value())
      .member("recorded_at", format_rfc3339(recorded_at))
      .end_object();
  add_ledger_seq(&response, seq);
  return response;
}

// A repeat answers with the first note's time, which stands in its event.
Ledger::Completion answer_to(ApiContext& context, const Call& call) {
  return [call, workers = context.workers,
          &ledger = context.ledger](const Result<Committed>& committed) {
    if (!committed) return call->responder.respond(problem_of(to_errc(committed.error())));
    if (!committed->repeated) return call->responder.respond(noted(committed->seq, committed->at));
    answer_from_worker(*workers, call, [&ledger, seq = committed->seq] {
      const auto event = event_at(ledger, seq);
      return event ? noted(seq, event->recorded_at) : problem_of(Errc::unknown_outcome);
    });
  };
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
  Ledger::Completion done = answer_to(context, call);
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

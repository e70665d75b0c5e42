#include "api/witness_endpoints.hpp"

#include <string>
#include <utility>

#include "core/witness_request.hpp"

namespace tokenledger {
namespace {

static_assert(kAddCheckpointBytesMax <= kHttpBodyBytesMax);

HttpResponse text_answer(int status, std::string body) {
  return {.status = status, .content_type = kContentTypeText, .body = std::move(body)};
}

HttpResponse busy_witness() {
  auto response = text_answer(503, "too many requests at once\n");
  response.add_header("Retry-After", "1");
  return response;
}

HttpResponse response_of(WitnessAnswer answer) {
  switch (answer.verdict) {
    case WitnessVerdict::malformed:
      return text_answer(400, "no add-checkpoint request, or the old size is above the new one\n");
    case WitnessVerdict::unknown_log: return text_answer(404, "this log is not watched here\n");
    case WitnessVerdict::not_signed:
      return text_answer(403, "the log's key did not sign this checkpoint\n");
    case WitnessVerdict::other_size:
      return {.status = 409,
              .content_type = kContentTypeSize,
              .body = std::to_string(answer.size) + "\n"};
    case WitnessVerdict::not_extending:
      return text_answer(422, "the checkpoint is not shown to extend what was cosigned last\n");
    case WitnessVerdict::failed:
      return text_answer(500, "it could not be made durable; start the witness again\n");
    case WitnessVerdict::cosigned: return text_answer(200, std::move(answer.lines));
  }
  return text_answer(500, "");
}

struct Question {
  Question(OwnedHttpRequest asked, Responder answers)
      : request{std::move(asked)}, responder{std::move(answers)} {}
  OwnedHttpRequest request;
  Responder responder;
};

HttpResponse last_checkpoint(const Witness& witness, const HttpRequest& request) {
  const auto origin = request.path_parameter(0);
  auto note = origin ? witness.checkpoint(*origin) : Result<std::string>{origin.error()};
  if (!note) return text_answer(404, "nothing was cosigned of this log\n");
  auto response = text_answer(200, std::move(*note));
  response.add_header("Cache-Control", "no-cache");
  return response;
}

using Decide = HttpResponse (*)(Witness&, const HttpRequest&);

// On a worker: both decisions and reads wait for the one before.
AsyncHttpHandler on_worker(const std::shared_ptr<Witness>& witness,
                           const std::shared_ptr<WorkerPool>& workers, Decide decide) {
  return [witness, workers, decide](OwnedHttpRequest request, Responder responder) {
    const auto question = std::make_shared<Question>(std::move(request), std::move(responder));
    const bool is_posted = workers->post([witness, question, decide] {
      question->responder.respond(decide(*witness, *question->request));
    });
    if (!is_posted) question->responder.respond(busy_witness());
  };
}

}  // namespace

void add_witness_endpoints(HttpRouter& router, const std::shared_ptr<Witness>& witness,
                           const std::shared_ptr<WorkerPool>& workers) {
  router.add_async(HttpMethod::post, "/add-checkpoint",
                   on_worker(witness, workers,
                             [](Witness& decider, const HttpRequest& request) {
                               return response_of(decider.add_checkpoint(request.body()));
                             }),
                   {.body_bytes_max = kAddCheckpointBytesMax});
  router.add_async(HttpMethod::get, "/{origin}/checkpoint",
                   on_worker(witness, workers, [](Witness& decider, const HttpRequest& request) {
                     return last_checkpoint(decider, request);
                   }));
  router.set_fallback([](const HttpRequest&, int status) {
    return text_answer(status, status == 404 ? "there is nothing here\n" : "not this method\n");
  });
}

}  // namespace tokenledger

#include "api/receipt.hpp"

#include "api/error_mapping.hpp"
#include "api/problem.hpp"
#include "api/receipt_desk.hpp"
#include "storage/audit.hpp"

namespace tokenledger {
namespace {

// Reads the log: workers only.
Receipt make_receipt(const Ledger& ledger, Sequence seq) {
  const auto proof = Audit{ledger}.prove_event(seq);
  if (!proof) return {.proof = {}, .missing = to_errc(proof.error())};
  auto text = format_proof_file(*proof);
  if (!text) return {.proof = {}, .missing = to_errc(text.error())};
  return {.proof = std::move(*text)};
}

// What outlives the service: a command's completion may come after it went.
struct Answering {
  const Ledger& ledger;
  Call call;
  ReceiptAnswer answer;
  Committed committed;

  // Of a repeat the time stands in the log: workers only.
  void respond(const Receipt& receipt) const {
    const CommittedAnswer with_receipt = [&](const Committed& known) {
      return answer(known, receipt);
    };
    auto response = committed.repeated ? with_its_own_time(ledger, with_receipt)(committed.seq)
                                       : with_receipt(committed);
    add_ledger_seq(&response, committed.seq);
    call->responder.respond(std::move(response));
  }
  void respond_without(Errc missing) const { respond({.proof = {}, .missing = missing}); }
};

void answer_when_covered(WorkerPool& workers, const Answering& answering,
                         const Result<void>& covered) {
  const auto missing = covered ? Errc::queue_full : to_errc(covered.error());
  if (!covered && !answering.committed.repeated) return answering.respond_without(missing);
  const bool is_posted = workers.post([answering, is_covered = covered.has_value(), missing] {
    if (!is_covered) return answering.respond_without(missing);
    answering.respond(make_receipt(answering.ledger, answering.committed.seq));
  });
  if (is_posted) return;
  // A repeat did nothing, so it may be told to come again.
  if (answering.committed.repeated) return answering.call->responder.respond(busy());
  answering.respond_without(missing);
}

}  // namespace

ReceiptQuery read_receipt_query(const Ledger& ledger, const HttpRequest& request) {
  FormFields query;
  ReceiptQuery read{.refused = read_query(ledger, request, {"receipt"}, &query)};
  if (read.refused) return read;
  const auto receipt = query.get("receipt").value_or("false");
  read.wants_receipt = receipt == "true";
  if (!read.wants_receipt && receipt != "false")
    read.refused = problem(400, "invalid_parameter", "receipt must be true or false");
  return read;
}

void write_receipt(JsonWriter& json, const Receipt& receipt) {
  if (receipt.proof) {
    json.member("receipt", *receipt.proof);
    return;
  }
  json.name("receipt").null().member("receipt_missing", errc_name(receipt.missing));
}

Ledger::Completion answering_with_receipt(const ApiContext& context, const Call& call,
                                          ReceiptAnswer answer) {
  return [&ledger = context.ledger, workers = context.workers, desk = context.receipts, call,
          answer = std::move(answer)](const Result<Committed>& committed) {
    if (!committed) return call->responder.respond(problem_of(committed.error()));
    desk->when_covered(
        committed->seq,
        [workers, answering = Answering{ledger, call, answer, *committed}](
            const Result<void>& covered) { answer_when_covered(*workers, answering, covered); });
  };
}

}  // namespace tokenledger

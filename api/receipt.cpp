#include "api/receipt.hpp"

#include "api/error_mapping.hpp"
#include "api/event_proof.hpp"
#include "api/problem.hpp"
#include "api/receipt_desk.hpp"
#include "api/witness_board.hpp"
#include "core/invariant.hpp"

namespace tokenledger {
namespace {

// Reads the log: workers only.
Receipt make_receipt(const Ledger& ledger, Sequence seq, const WitnessBoard* witnesses) {
  auto text = event_proof(ledger, seq, witnesses);
  if (!text) return {.proof = {}, .missing = to_errc(text.error())};
  return {.proof = std::move(*text)};
}

// What outlives the service: a command's completion may come after it went.
struct Answering {
  const Ledger& ledger;
  std::shared_ptr<const WitnessBoard> witnesses;  // null: a signature is enough
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
    answering.respond(
        make_receipt(answering.ledger, answering.committed.seq, answering.witnesses.get()));
  });
  if (is_posted) return;
  // A repeat did nothing, so it may be told to come again.
  if (answering.committed.repeated) return answering.call->responder.respond(busy());
  answering.respond_without(missing);
}

// nullopt: neither true nor false.
std::optional<bool> read_flag(const FormFields& query, std::string_view name) {
  const auto value = query.get(name).value_or("false");
  if (value != "true" && value != "false") return std::nullopt;
  return value == "true";
}

}  // namespace

ReceiptQuery read_receipt_query(const ApiContext& context, const HttpRequest& request) {
  FormFields query;
  ReceiptQuery read{.refused =
                        read_query(context.ledger, request, {"receipt", "witnessed"}, &query)};
  if (read.refused) return read;
  const auto refuse = [&](std::string_view code, std::string_view detail) {
    read.refused = problem(400, code, detail);
    return std::move(read);
  };
  const auto receipt = read_flag(query, "receipt");
  if (!receipt) return refuse("invalid_parameter", "receipt must be true or false");
  const auto witnessed = read_flag(query, "witnessed");
  if (!witnessed) return refuse("invalid_parameter", "witnessed must be true or false");
  if (*witnessed && !*receipt)
    return refuse("invalid_parameter", "witnessed says which receipt: ask for one, receipt=true");
  if (*witnessed && (context.witnesses == nullptr || !context.witnesses->has_quorum()))
    return refuse("not_witnessed", "no quorum of witnesses is configured here");
  read.wish = *witnessed ? ReceiptWish::of_witnessed
              : *receipt ? ReceiptWish::of_signed
                         : ReceiptWish::none;
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
                                          ReceiptWish wish, ReceiptAnswer answer) {
  LEDGER_INVARIANT(wish != ReceiptWish::none);
  auto witnesses = wish == ReceiptWish::of_witnessed ? context.witnesses : nullptr;
  return [&ledger = context.ledger, workers = context.workers, desk = context.receipts, call,
          witnesses = std::move(witnesses),
          answer = std::move(answer)](const Result<Committed>& committed) {
    if (!committed) return call->responder.respond(problem_of(committed.error()));
    auto ready = [workers, answering = Answering{ledger, witnesses, call, answer, *committed}](
                     const Result<void>& covered) {
      answer_when_covered(*workers, answering, covered);
    };
    if (witnesses == nullptr) return desk->when_covered(committed->seq, std::move(ready));
    desk->when_witnessed(committed->seq, std::move(ready));
  };
}

}  // namespace tokenledger

// Receipts: the proof that a revocation stands in the log, in the answer to the revocation itself.
//
// A receipt is a C2SP tlog-proof of the event under the first checkpoint that covers it, or a later
// one; by choice under one that a quorum of witnesses cosigned. Whoever keeps it can show that the
// revocation was acknowledged, even if the log were rewritten afterwards.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/endpoint.hpp"
#include "api/json_writer.hpp"

namespace tokenledger {

enum class ReceiptWish : std::uint8_t { none, of_signed, of_witnessed };

// ?receipt=true or false, with it ?witnessed=true or false, and min_seq as everywhere; anything
// else is refused, and so is what can't be had: witnessed without a receipt, or without a quorum
// configured. A refused request ends nothing, so nobody is left without a receipt that was a
// condition.
struct ReceiptQuery {
  std::optional<HttpResponse> refused;
  ReceiptWish wish = ReceiptWish::none;
};
[[nodiscard]] ReceiptQuery read_receipt_query(const ApiContext& context,
                                              const HttpRequest& request);

// What became of the wish for one. The event is durable either way.
struct Receipt {
  std::optional<std::string> proof;      // the text of a .tlog-proof file
  Errc missing = Errc::unknown_outcome;  // why there is no proof
};

// The members `receipt` and, where that is null, `receipt_missing`, inside an object that was
// begun.
void write_receipt(JsonWriter& json, const Receipt& receipt);

// answering() for a caller who wants a receipt (a wish that is not none): waits, without a thread,
// for the checkpoint, makes the proof on a worker and then answers with `answer`. What keeps the
// proof away (late, stopped, too busy) stands in the receipt, because what was asked for has
// happened. A repeated Idempotency-Key gets the first event's time and a receipt of the first
// event.
using ReceiptAnswer = std::function<HttpResponse(const Committed&, const Receipt&)>;
[[nodiscard]] Ledger::Completion answering_with_receipt(const ApiContext& context, const Call& call,
                                                        ReceiptWish wish, ReceiptAnswer answer);

}  // namespace tokenledger

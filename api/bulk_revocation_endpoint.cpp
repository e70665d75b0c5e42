// POST /v1/revocations: end many tokens at once.
//
//   {"selector": {"client_id" | "api" | "signing_key" | "issued_before" | "all" | "subject" |
//   "owner": …},
//    "reason"?, "dry_run"?}
//
// `dry_run` answers how many good tokens would end, per client, and writes nothing. A client, an
// API, a key, a time and the whole ledger are one event, whatever they end (design §6); a subject
// and an owner are one event per token, all in one batch, at most kSelectedTokensMax. Both count in
// memory or read views, so they run on a worker; what only counts never holds up what revokes.
// ?receipt=true answers with the proof of the event at `seq`: the first of a list, whose others
// stand behind it in the same batch.
#include <algorithm>
#include <memory>

#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/http_json.hpp"
#include "api/json_writer.hpp"
#include "api/problem.hpp"
#include "api/receipt.hpp"
#include "api/request_body.hpp"
#include "api/rfc3339.hpp"
#include "api/wire.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kSelectedTokensMax = kPageRowsMax;
// A page may be empty and have a next one; this many looks at the views are allowed.
constexpr int kSelectedPagesMax = 100;
constexpr std::size_t kTimeBytesMax = 64;

// What the selector names. `bulk` for a cascade, else one of `subject` and `owner`.
struct Selected {
  std::optional<Ledger::BulkSelection> bulk;
  std::string subject;
  std::string owner;
  Cause cause = Cause::admin_manual;
};

struct BulkRequest {
  std::optional<HttpResponse> refused;
  Selected selected;
  std::string reason;
  bool dry_run = false;
};

template <class Record>
std::optional<HttpResponse> select(const Record* record, SelectorKind kind, Errc missing,
                                   Selected& selected) {
  if (record == nullptr) return problem_of(missing);
  selected.bulk = Ledger::BulkSelection{{kind, record->number.value()}, {}};
  return std::nullopt;
}

// A command that decide refuses with invalid_argument whatever stands in the ledger, but for two
// things: it is answered with its batch, and an Idempotency-Key is looked up before (an actor that
// ended or lacks the scope hears that).
Result<Committed> submit_nothing(Ledger& ledger, const Actor& actor,
                                 const std::optional<Idempotency>& idempotency) {
  return ledger.submit({actor,
                        {},
                        idempotency,
                        RevokeTokens{.selector = {SelectorKind::all, 0},
                                     .cause = Cause::epoch,
                                     .reason = {},
                                     .before = Sequence{}}});
}

// Returns once everything stamped until now is committed: what waits for its fsync has a time
// already, but no committed seq.
std::optional<HttpResponse> wait_for_earlier_batches(Ledger& ledger) {
  const auto refused = submit_nothing(ledger, {.kind = ActorKind::host}, std::nullopt);
  if (refused.has_error() && refused.error() == Errc::invalid_argument) return std::nullopt;
  return problem_of(refused ? Errc::unknown_outcome : to_errc(refused.error()));
}

std::optional<HttpResponse> select_before(Ledger& ledger, std::string_view text,
                                          Selected& selected) {
  const auto time = parse_rfc3339(text);
  if (!time) return invalid_field("issued_before must be an RFC 3339 time");
  if (*time > ledger.now()) return invalid_field("issued_before must not lie in the future");
  if (auto failed = wait_for_earlier_batches(ledger)) return failed;
  const auto before = ledger.first_seq_at(*time);
  if (!before) return problem_of(before.error());
  selected.bulk = Ledger::BulkSelection{{SelectorKind::all, 0}, *before};
  return std::nullopt;
}

std::optional<HttpResponse> read_selector(Ledger& ledger, const JsonValue& object,
                                          Selected& selected) {
  JsonFields fields{object};
  fields.allow_only(
      {"client_id", "api", "signing_key", "issued_before", "all", "subject", "owner"});
  const auto client_id = fields.optional_string("client_id", kLabelBytesMax);
  const auto api = fields.optional_string("api", kIdentifierBytesMax);
  const auto key = fields.optional_string("signing_key", kLabelBytesMax);
  const auto before = fields.optional_string("issued_before", kTimeBytesMax);
  const auto all = fields.optional_bool("all");
  const auto subject = fields.optional_string("subject", kLabelBytesMax);
  const auto owner = fields.optional_string("owner", kLabelBytesMax);
  if (fields.fault()) return invalid_field(*fields.fault());
  const int count = (client_id ? 1 : 0) + (api ? 1 : 0) + (key ? 1 : 0) + (before ? 1 : 0) +
                    (all ? 1 : 0) + (subject ? 1 : 0) + (owner ? 1 : 0);
  if (count != 1 || (all && !*all))
    return invalid_field("name exactly one selector; 'all' must be true");
  if (before) return select_before(ledger, *before, selected);
  if (subject || owner) {
    selected.subject = subject.value_or("");
    selected.owner = owner.value_or("");
    // Empty would be no filter at all, and name every token.
    if (selected.subject.empty() && selected.owner.empty())
      return invalid_field("a subject or an owner must not be empty");
    return std::nullopt;
  }
  if (all) {
    selected.bulk = Ledger::BulkSelection{{SelectorKind::all, 0}, {}};
    selected.cause = Cause::epoch;
    return std::nullopt;
  }
  std::optional<HttpResponse> refused;
  ledger.with_registries([&](const Registries& registries) {
    if (client_id) {
      refused = select(registries.find_client(*client_id), SelectorKind::client,
                       Errc::client_not_found, selected);
    } else if (api) {
      refused = select(registries.find_api(*api), SelectorKind::api, Errc::api_not_found, selected);
    } else {
      refused = select(registries.find_key(*key), SelectorKind::key, Errc::key_not_found, selected);
      selected.cause = Cause::key_compromise;
    }
  });
  if (refused && key) return problem(404, "key_not_found", "there is no such signing key");
  return refused;
}

BulkRequest read_request(Ledger& ledger, const HttpRequest& request) {
  BulkRequest read;
  auto body = read_json_body(request);
  if (body.problem) {
    read.refused = std::move(body.problem);
    return read;
  }
  JsonFields fields{*body.object};
  fields.allow_only({"selector", "reason", "dry_run"});
  read.reason = fields.optional_string("reason", kNoteBodyBytesMax).value_or("");
  read.dry_run = fields.optional_bool("dry_run").value_or(false);
  const auto* selector = fields.optional_value("selector");
  if (fields.fault()) {
    read.refused = invalid_field(*fields.fault());
  } else if (selector == nullptr || selector->get_if<JsonValue::Object>() == nullptr) {
    read.refused = invalid_field("field 'selector' must be an object");
  } else {
    read.refused = read_selector(ledger, *selector, read.selected);
  }
  return read;
}

// The good tokens of a subject or an owner. Machine tokens have their client as subject.
struct Listed {
  std::optional<HttpResponse> refused;
  std::vector<TokenIndex> tokens;  // ascending
  Ledger::BlastRadius radius;
};

void add_page(const ListPage& page, Listed& listed) {
  for (const auto& token : page.tokens) {
    listed.tokens.push_back(token.row.index);
    const auto client = token.row.token_class.client;
    auto& counts = listed.radius.by_client;
    const auto known =
        std::ranges::find(counts, client, [](const auto& each) { return each.first; });
    if (known == counts.end())
      counts.emplace_back(client, 1);
    else
      ++known->second;
  }
}

Listed list_selected(const Ledger& ledger, const Selected& selected) {
  Listed listed;
  Ledger::ListRequest request;
  request.subject = selected.subject;
  request.owner = selected.owner;
  request.status = TokenStatus::active;
  request.limit = kPageRowsMax;
  request.count_total = false;
  for (int page = 0; page < kSelectedPagesMax; ++page) {
    const auto list = ledger.list(request);
    if (!list) {
      listed.refused = problem_of(list.error());
      return listed;
    }
    add_page(list->page, listed);
    if (listed.tokens.size() > kSelectedTokensMax) break;
    if (!list->page.next) {
      std::ranges::sort(listed.tokens);
      listed.radius.active = listed.tokens.size();
      return listed;
    }
    request.after = list->page.next;
    request.as_of_seq = list->as_of_seq;
    request.as_of_time = list->as_of_time;
  }
  listed.refused = problem(400, "too_many_tokens",
                           "the selection names more than 1000 tokens: select by client instead");
  return listed;
}

HttpResponse forecast(const Ledger& ledger, const Ledger::BlastRadius& radius) {
  auto response = json_response(200);
  JsonWriter json{&response.body};
  json.begin_object()
      .member("dry_run", true)
      .member("active", radius.active)
      .name("by_client")
      .begin_array();
  ledger.with_registries([&](const Registries& registries) {
    for (const auto& [number, count] : radius.by_client) {
      const auto* client = registries.client(number);
      json.begin_object()
          .member("client_id", client != nullptr ? client->client_id : std::string{})
          .member("active", count)
          .end_object();
    }
  });
  json.end_array().end_object();
  return response;
}

HttpResponse done(Cause cause, const Committed& committed, const Receipt* receipt) {
  auto response = json_response(200);
  JsonWriter json{&response.body};
  json.begin_object()
      .member("dry_run", false)
      .member("cause", cause_name(cause))
      .member("revoked_at", format_rfc3339(committed.at))
      .member("seq", committed.seq.value());
  if (receipt != nullptr) write_receipt(json, *receipt);
  json.end_object();
  return response;
}

// What the answer to a revocation needs to know of its request.
struct Wish {
  Cause cause = Cause::admin_manual;
  ReceiptWish receipt = ReceiptWish::none;
};

// A repeat has the first one's time.
Ledger::Completion answer_with(const ApiContext& context, const Call& call, Wish wish) {
  const auto cause = wish.cause;
  if (wish.receipt != ReceiptWish::none) {
    return answering_with_receipt(context, call, wish.receipt,
                                  [cause](const Committed& committed, const Receipt& receipt) {
                                    return done(cause, committed, &receipt);
                                  });
  }
  const CommittedAnswer answer = [cause](const Committed& committed) {
    return done(cause, committed, nullptr);
  };
  return answering(context, call, answer, with_its_own_time(context.ledger, answer));
}

// What the first request with this Idempotency-Key ended a repeat can't select again, and its API
// may be gone: only when there was no first one the refusal stands.
void refuse(ApiContext& context, const Call& call, const Write& write, Wish wish,
            HttpResponse refusal) {
  if (!write.idempotency) return call->responder.respond(std::move(refusal));
  const auto earlier = submit_nothing(context.ledger, write.actor, write.idempotency);
  const bool is_first = earlier.has_error() && earlier.error() == Errc::invalid_argument;
  if (is_first) return call->responder.respond(std::move(refusal));
  answer_with(context, call, wish)(earlier);
}

HttpResponse dry_run(const Ledger& ledger, const Selected& selected) {
  if (selected.bulk) return forecast(ledger, ledger.blast_radius(*selected.bulk));
  auto listed = list_selected(ledger, selected);
  return listed.refused ? std::move(*listed.refused) : forecast(ledger, listed.radius);
}

void revoke_listed(ApiContext& context, const Call& call, const Write& write,
                   const BulkRequest& request, Wish wish) {
  auto listed = list_selected(context.ledger, request.selected);
  if (!listed.refused && listed.tokens.empty()) listed.refused = problem_of(Errc::not_active);
  if (listed.refused) return refuse(context, call, write, wish, std::move(*listed.refused));
  auto completion = answer_with(context, call, wish);
  auto reason = context.ledger.core().seal_reason(request.reason, completion);
  if (!reason) return call->responder.respond(problem_of(reason.error()));
  context.ledger.submit_async(
      {write.actor, write.request_id, write.idempotency,
       RevokeTokenList{std::move(listed.tokens), wish.cause, std::move(*reason)}},
      std::move(completion));
}

void run(ApiContext& context, const Call& call, const Write& write) {
  auto query = read_receipt_query(context, *call->request);
  if (query.refused) return call->responder.respond(std::move(*query.refused));
  auto request = read_request(context.ledger, *call->request);
  const Wish wish{request.selected.cause, query.wish};
  if (request.refused) return refuse(context, call, write, wish, std::move(*request.refused));
  if (request.dry_run && wish.receipt != ReceiptWish::none) {
    return call->responder.respond(
        problem(400, "invalid_parameter", "a dry run writes no event that a receipt could prove"));
  }
  if (request.dry_run) {
    return answer_from_worker(
        *context.workers, call,
        [&ledger = context.ledger, selected = std::move(request.selected)] {
          return dry_run(ledger, selected);
        },
        JobLength::lengthy);
  }
  if (!request.selected.bulk) return revoke_listed(context, call, write, request, wish);
  context.ledger.revoke_selected_async(*request.selected.bulk,
                                       {.actor = write.actor,
                                        .cause = wish.cause,
                                        .reason = std::move(request.reason),
                                        .request_id = write.request_id,
                                        .idempotency = write.idempotency},
                                       answer_with(context, call, wish));
}

}  // namespace

void add_bulk_revocation_endpoint(HttpRouter& router, ApiContext& context) {
  route_write(router, context,
              with_query({HttpMethod::post, "/v1/revocations", ManagementScope::tokens_revoke}),
              [&context](const Call& call, Write write) {
                const auto job = [&context, call, write = std::move(write)] {
                  run(context, call, write);
                };
                if (!context.workers->post(job)) call->responder.respond(busy());
              });
}

}  // namespace tokenledger

// /v1/tokens: make, show, revoke.
#include <memory>

#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/http_json.hpp"
#include "api/new_token_request.hpp"
#include "api/problem.hpp"
#include "api/receipt.hpp"
#include "api/request_body.hpp"
#include "api/rfc3339.hpp"
#include "api/wire.hpp"
#include "core/jwt_claims.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

std::optional<std::string> present(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional{text};
}

HttpResponse token_response(const Ledger& ledger, const TokenWire& token, int status) {
  auto response = json_response(status);
  JsonWriter json{&response.body};
  write_token(json, ledger, token);
  return response;
}

// --- POST /v1/tokens ---

// The new token's row without asking the views, which may not have seen it yet.
TokenWire wire_of(const IssuedToken& issued, const IssueRequest& request) {
  const auto client_id =
      request.client_id.empty() ? std::string{kNamedTokensClientId} : request.client_id;
  return {.shown_once = issued.token,
          .jti = issued.jti,
          .name = request.name,
          .client_id = client_id,
          .subject = client_id,
          .audiences = {request.audience},
          .scope = issued.scope,
          .status = TokenStatus::active,
          .issued_at = issued.issued_at,
          .expires_at = issued.expires_at,
          .revocation = {},
          .reason = {},
          .owner = present(request.owner),
          .extra_fields = present(request.extra_fields),
          .origin = request.origin,
          .format = issued.kind,
          .seq = issued.committed.seq};
}

// What an earlier request with this Idempotency-Key made: its row, without the token.
HttpResponse earlier_token(const Ledger& ledger, Sequence seq) {
  const auto event = event_at(ledger, seq);
  const auto* issued = event ? std::get_if<TokenIssued>(&event->payload) : nullptr;
  if (issued == nullptr) return problem_of(Errc::unknown_outcome);
  const auto row = ledger.token(issued->index);
  if (!row) return problem_of(row.error());
  auto response = token_response(ledger, token_wire(ledger, *row), 201);
  add_ledger_seq(&response, seq);
  return response;
}

void create(ApiContext& context, const Call& call, Write write) {
  auto body = read_json_body(*call->request);
  if (body.problem) return call->responder.respond(std::move(*body.problem));
  auto read = read_new_token(*body.object);
  if (read.problem) return call->responder.respond(std::move(*read.problem));
  auto& issue = read.issue;
  issue.actor = write.actor;
  if (write.actor.kind == ActorKind::host) issue.origin = Origin::embedded;
  issue.request_id = std::move(write.request_id);
  issue.idempotency = write.idempotency;
  const auto request = std::make_shared<const IssueRequest>(issue);
  context.ledger.issue_async(std::move(issue), [&ledger = context.ledger, workers = context.workers,
                                                call, request](const Result<IssuedToken>& issued) {
    if (!issued) return call->responder.respond(problem_of(issued.error()));
    if (issued->committed.repeated) {
      return answer_from_worker(*workers, call, [&ledger, seq = issued->committed.seq] {
        return earlier_token(ledger, seq);
      });
    }
    auto response = token_response(ledger, wire_of(*issued, *request), 201);
    add_ledger_seq(&response, issued->committed.seq);
    call->responder.respond(std::move(response));
  });
}

// --- /v1/tokens/{jti} ---

std::optional<TokenIndex> index_in_path(const Ledger& ledger, const HttpRequest& request) {
  const auto jti = request.path_parameter(0);
  return jti ? ledger.index_of(*jti) : std::nullopt;
}

// The event before a user's token, in the same command, says which refresh token came with it; 0:
// none did, or the log can't be read, and then the rest is shown all the same.
std::uint32_t generation_of(const Ledger& ledger, const TokenRow& row) {
  if (row.binding.family == FamilyNumber{}) return 0;
  const auto before = event_at(ledger, Sequence{row.issued_seq.value() - 1});
  if (!before || !before->more) return 0;
  const auto* rotated = std::get_if<RefreshRotated>(&before->payload);
  if (rotated != nullptr && rotated->family == row.binding.family) return rotated->generation;
  const auto* started = std::get_if<FamilyStarted>(&before->payload);
  const bool is_first = started != nullptr && started->family == row.binding.family &&
                        started->refresh_sha256 != Digest{};
  return is_first ? 1 : 0;
}

HttpResponse get(const Ledger& ledger, const HttpRequest& request) {
  FormFields query;
  if (auto refused = read_query(ledger, request, {}, &query)) return std::move(*refused);
  const auto index = index_in_path(ledger, request);
  if (!index) return problem_of(Errc::token_not_found);
  // Before the row: a token that ends in between has a row that says so.
  const auto live = ledger.core().index.find_live(*index, nullptr, to_seconds(ledger.now()));
  const auto token = ledger.token(*index);
  if (!token) return problem_of(token.error());
  auto wire = token_wire(ledger, *token);
  wire.generation = generation_of(ledger, token->row);
  if (live && wire.status == TokenStatus::active) {
    const auto claims = ledger.claims({*index, *live});
    if (!claims) return problem_of(claims.error());
    wire.header = claims->header_json;
    wire.claims = write_jwt_claims(claims->claims);
  }
  return token_response(ledger, wire, 200);
}

// 409 not_active with the first cause, time and seq (design §8). The views know them.
HttpResponse not_active(const Ledger& ledger, TokenIndex index) {
  const auto token = ledger.token(index);
  if (!token) return problem_of(token.error());
  const auto wire = token_wire(ledger, *token);
  if (wire.status == TokenStatus::active) return problem_of(Errc::stale_policy);
  HttpResponse response{.status = 409, .content_type = kContentTypeProblem};
  response.add_header("Cache-Control", "no-store");
  JsonWriter json{&response.body};
  json.begin_object()
      .member("type", "about:blank")
      .member("title", reason_phrase(409))
      .member("status", 409)
      .member("code", errc_name(Errc::not_active))
      .member("detail", error_wording(Errc::not_active).detail)
      .member("token_status", status_name(wire.status))
      .member("expires_at", format_rfc3339(wire.expires_at))
      .name("revocation");
  if (wire.revocation) {
    write_revocation(json, ledger, *wire.revocation, wire.reason);
  } else {
    json.null();
  }
  json.end_object();
  return response;
}

struct RevokedNow {
  std::string jti;
  Cause cause = Cause::admin_manual;
  Actor actor;
  std::optional<std::string> reason;
};

// `receipt` is null where none was asked for.
HttpResponse revoked(const Ledger& ledger, const RevokedNow& what, const Committed& committed,
                     const Receipt* receipt) {
  auto response = json_response(200);
  JsonWriter json{&response.body};
  json.begin_object()
      .member("jti", what.jti)
      .member("status", status_name(TokenStatus::revoked))
      .member("revoked_at", format_rfc3339(committed.at))
      .name("revocation");
  write_revocation(
      json, ledger,
      {.cause = what.cause, .actor = what.actor, .seq = committed.seq, .at = committed.at},
      what.reason);
  if (receipt != nullptr) write_receipt(json, *receipt);
  json.end_object();
  return response;
}

// The answer without a receipt, or with the one that ?receipt=true asks for. The body of a repeat,
// and so its reason, is the same.
Ledger::Completion revocation_answer(ApiContext& context, const Call& call, RevokedNow what,
                                     ReceiptWish wish) {
  auto& ledger = context.ledger;
  if (wish != ReceiptWish::none) {
    return answering_with_receipt(
        context, call, wish,
        [&ledger, what = std::move(what)](const Committed& committed, const Receipt& receipt) {
          return revoked(ledger, what, committed, &receipt);
        });
  }
  const CommittedAnswer answer = [&ledger, what = std::move(what)](const Committed& committed) {
    return revoked(ledger, what, committed, nullptr);
  };
  return answering(context, call, answer, with_its_own_time(ledger, answer));
}

// Revoking says for whom (S09); deleting is revoking, and hides the row from the list (C2).
enum class How : std::uint8_t { revoke, erase };

std::optional<Cause> read_cause(JsonFields& fields, How how) {
  if (how == How::erase) return Cause::deleted;
  const auto name = fields.optional_string("cause", 32).value_or("admin_manual");
  if (name == "admin_manual") return Cause::admin_manual;
  if (name == "owner_request") return Cause::owner_request;
  return std::nullopt;
}

void revoke(ApiContext& context, const Call& call, Write write, How how) {
  auto& ledger = context.ledger;
  auto query = read_receipt_query(context, *call->request);
  if (query.refused) return call->responder.respond(std::move(*query.refused));
  auto body = read_json_body(*call->request, AbsentBody::is_empty_object);
  if (body.problem) return call->responder.respond(std::move(*body.problem));
  JsonFields fields{*body.object};
  if (how == How::erase) {
    fields.allow_only({"reason"});
  } else {
    fields.allow_only({"reason", "cause"});
  }
  const auto cause = read_cause(fields, how);
  const std::string reason{fields.optional_string("reason", kNoteBodyBytesMax).value_or("")};
  if (fields.fault()) return call->responder.respond(invalid_field(*fields.fault()));
  if (!cause)
    return call->responder.respond(invalid_field("cause must be admin_manual or owner_request"));
  const auto index = index_in_path(ledger, *call->request);
  if (!index) return call->responder.respond(problem_of(Errc::token_not_found));
  RevokedNow what{ledger.jti_of(*index), *cause, write.actor, present(reason)};
  Ledger::RevokeRequest request{.actor = write.actor,
                                .cause = *cause,
                                .reason = reason,
                                .request_id = std::move(write.request_id),
                                .idempotency = write.idempotency};
  ledger.revoke_async(*index, std::move(request),
                      [&ledger, workers = context.workers, call, index = *index,
                       done = revocation_answer(context, call, std::move(what), query.wish)](
                          const Result<Committed>& committed) {
                        if (committed || committed.error() != Errc::not_active)
                          return done(committed);
                        answer_from_worker(*workers, call,
                                           [&ledger, index] { return not_active(ledger, index); });
                      });
}

}  // namespace

void add_token_endpoints(HttpRouter& router, ApiContext& context) {
  auto& ledger = context.ledger;
  route_write(
      router, context, {HttpMethod::post, "/v1/tokens", ManagementScope::tokens_create},
      [&context](const Call& call, Write write) { create(context, call, std::move(write)); });
  route_view(router, context, {HttpMethod::get, "/v1/tokens/{jti}", ManagementScope::tokens_read},
             [&ledger](const HttpRequest& request) { return get(ledger, request); });
  route_write(
      router, context,
      with_query({HttpMethod::post, "/v1/tokens/{jti}/revoke", ManagementScope::tokens_revoke}),
      [&context](const Call& call, Write write) {
        revoke(context, call, std::move(write), How::revoke);
      });
  route_write(router, context,
              with_query({HttpMethod::remove, "/v1/tokens/{jti}", ManagementScope::tokens_revoke}),
              [&context](const Call& call, Write write) {
                revoke(context, call, std::move(write), How::erase);
              });
}

}  // namespace tokenledger

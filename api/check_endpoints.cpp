// POST /v1/check: is this token good? One or many, for gateways that hold the scope `check`.
// GET /v1/authz: the same for auth_request of a reverse proxy, about the token it was sent.
//
// Both answer from memory on the I/O thread. Only a question that memory can't answer (why a token
// was revoked), or a long batch, goes to a worker.
#include <span>
#include <vector>

#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/guard.hpp"
#include "api/http_json.hpp"
#include "api/json_writer.hpp"
#include "api/problem.hpp"
#include "api/request_body.hpp"
#include "api/rfc3339.hpp"
#include "api/token_request.hpp"
#include "api/wire.hpp"
#include "storage/token_subject.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kCheckItemsMax = 1'000;
// A longer batch would hold up the other connections of the I/O thread for more than 0.1 ms.
constexpr std::size_t kCheckItemsAtOnceMax = 32;
constexpr std::size_t kCheckBytesAtOnceMax = 32 * 1024;
constexpr std::size_t kCheckBodyBytesMax = 1024 * 1024;
constexpr std::size_t kJtiBytesMax = 256;
constexpr std::size_t kScopeBytesMax = 16 * 1024;

std::string_view failure_name(CheckFailure failure) noexcept {
  switch (failure) {
    case CheckFailure::none: return {};
    case CheckFailure::malformed: return "malformed";
    case CheckFailure::unknown: return "unknown";
    case CheckFailure::revoked: return "revoked";
    case CheckFailure::expired: return "expired";
    case CheckFailure::wrong_audience: return "wrong_audience";
    case CheckFailure::insufficient_scope: return "insufficient_scope";
    case CheckFailure::unavailable: return "unavailable";
  }
  return "unavailable";
}

// One question. Views into the request's body.
struct Question {
  std::string_view token;
  std::string_view jti;
  std::optional<Digest> token_sha256;
  std::string_view audience;  // empty: any
  std::vector<std::string> scopes;
};

// {"token", "audience"?, "scope"?} or {"jti", "token_sha256"?}
std::optional<HttpResponse> read_question(const JsonValue& item, Question& question) {
  JsonFields fields{item};
  fields.allow_only({"token", "jti", "token_sha256", "audience", "scope"});
  const auto token = fields.optional_string("token", kTokenBytesMax);
  const auto jti = fields.optional_string("jti", kJtiBytesMax);
  const auto sha256 = fields.optional_string("token_sha256", 64);
  const auto audience = fields.optional_string("audience", kIdentifierBytesMax);
  const auto scope = fields.optional_string("scope", kScopeBytesMax);
  if (fields.fault()) return invalid_field(*fields.fault());
  if (token.has_value() == jti.has_value())
    return invalid_field("send exactly one of token and jti");
  // What an unset variable leaves must not turn a question about one API into one about any.
  if (audience && audience->empty()) return invalid_field("field 'audience' must not be empty");
  const bool belongs_to_token = audience || scope;
  if ((jti && belongs_to_token) || (token && sha256))
    return invalid_field("audience and scope go with token, token_sha256 with jti");
  question.token = token.value_or("");
  question.jti = jti.value_or("");
  question.audience = audience.value_or("");
  if (sha256) {
    question.token_sha256 = digest_from_hex(*sha256);
    if (!question.token_sha256)
      return invalid_field("token_sha256 must be 64 lower-case hexadecimal digits");
  }
  auto names = parse_scope(scope.value_or(""));
  if (names.fault) return invalid_field("field 'scope' is malformed");
  question.scopes = std::move(names.names);
  return std::nullopt;
}

enum class MayWait : std::uint8_t { no, yes };

// nullopt: the answer takes a wait that was not allowed.
std::optional<CheckAnswer> ask(const Ledger& ledger, const Question& question, MayWait may_wait) {
  if (question.jti.empty()) {
    const std::vector<std::string_view> scopes{question.scopes.begin(), question.scopes.end()};
    if (may_wait == MayWait::yes)
      return ledger.check_detailed(question.token, question.audience, scopes);
    return ledger.check_in_memory(question.token, question.audience, scopes);
  }
  // A jti of ours proves nothing without the token or its hash (design §8).
  if (!question.token_sha256) return CheckAnswer{.failure = CheckFailure::unknown};
  auto answer = may_wait == MayWait::yes
                    ? std::optional{ledger.check_jti(question.jti, &*question.token_sha256)}
                    : ledger.check_jti_in_memory(question.jti, &*question.token_sha256);
  if (answer) answer->authenticated = false;  // the token itself was not presented
  return answer;
}

// INV-6: `good` is true, and `status` active, only for a token that may be used now as asked.
void write_answer(JsonWriter& json, const Ledger& ledger, const CheckAnswer& answer) {
  const bool is_good = answer.failure == CheckFailure::none;
  const bool is_good_elsewhere = !is_good && answer.status == TokenStatus::active;
  json.begin_object()
      .member("good", is_good)
      .member("status", status_name(is_good_elsewhere ? TokenStatus::unknown : answer.status))
      .name("reason");
  if (is_good) {
    json.null();
  } else if (answer.revocation) {
    json.value(cause_name(answer.revocation->cause));
  } else {
    json.value(failure_name(answer.failure));
  }
  json.member("authenticated", answer.authenticated);
  if (answer.status != TokenStatus::unknown) {
    json.member("jti", answer.jti).member("client_id", answer.client_id).name("subject");
    if (const auto subject = subject_of(ledger, answer)) {
      json.value(*subject);
    } else {
      json.null();
    }
    json.member("audience", answer.audience)
        .member("scope", answer.scope)
        .member("expires_at", format_rfc3339(answer.expires_at))
        .member("seq", answer.issued_seq.value());
  }
  json.end_object();
}

// One check request that was read: its questions, in order.
struct Questions {
  std::optional<HttpResponse> refused;
  std::optional<JsonValue> body;  // the questions are views into it
  std::vector<Question> items;
  bool is_batch = false;
};

void read_items(const JsonValue& items, Questions& questions) {
  JsonFields fields{*questions.body};
  fields.allow_only({"items"});
  const auto* array = items.get_if<JsonValue::Array>();
  if (fields.fault() || array == nullptr || array->empty() || array->size() > kCheckItemsMax) {
    questions.refused =
        invalid_field("field 'items' must stand alone: an array of 1 to 1000 questions");
    return;
  }
  questions.is_batch = true;
  questions.items.resize(array->size());
  for (std::size_t index = 0; index < array->size() && !questions.refused; ++index)
    questions.refused = read_question((*array)[index], questions.items[index]);
}

void read_questions(const Ledger& ledger, const HttpRequest& request, Questions& questions) {
  FormFields query;
  questions.refused = read_query(ledger, request, {}, &query);
  if (questions.refused) return;
  auto body = read_json_body(request);
  if (body.problem) {
    questions.refused = std::move(body.problem);
    return;
  }
  questions.body = std::move(body.object);
  if (const auto* items = questions.body->find("items")) return read_items(*items, questions);
  questions.items.resize(1);
  questions.refused = read_question(*questions.body, questions.items.front());
}

std::optional<HttpResponse> check(ApiContext& context, const HttpRequest& request,
                                  MayWait may_wait) {
  const Ledger& ledger = context.ledger;
  const bool at_once = may_wait == MayWait::no;
  if (at_once && request.body().size() > kCheckBytesAtOnceMax) return std::nullopt;
  Questions questions;
  read_questions(ledger, request, questions);
  if (questions.refused) return std::move(questions.refused);
  if (at_once && questions.items.size() > kCheckItemsAtOnceMax) return std::nullopt;
  auto response = json_response(200);
  JsonWriter json{&response.body};
  DenialCounts denials{};
  if (questions.is_batch) json.begin_object().name("items").begin_array();
  for (const auto& question : questions.items) {
    auto answer = ask(ledger, question, may_wait);
    if (!answer && at_once) return std::nullopt;
    if (!answer) answer = CheckAnswer{.failure = CheckFailure::unavailable};
    // The views lag: one wait per request, not one per item.
    if (answer->failure == CheckFailure::unavailable) may_wait = MayWait::no;
    write_answer(json, ledger, *answer);
    // For the log and the counters: of one token with the response, of many beside it.
    const auto why = denial_of(answer->failure);
    if (why != DenialReason::none) ++denials[static_cast<std::size_t>(why)];
    if (!questions.is_batch) response.denial = why;
  }
  if (!questions.is_batch) return response;
  json.end_array().end_object();
  context.batch_denials.add(denials);
  return response;
}

// A token in this query is an unknown parameter, and ignored like every other (A01): proxies pass
// on what they were sent.
HttpResponse authz(const Ledger& ledger, const HttpRequest& request) {
  FormFields query;
  if (!query.parse(request.query())) return problem(400, "invalid_query", "the query is malformed");
  const auto audience = query.get("audience");
  if (!audience || audience->empty() || query.all("audience").size() > 1)
    return problem(400, "missing_parameter", "name one audience");
  if (query.all("scope").size() > 1)
    return problem(400, "repeated_parameter", "name scopes once, with spaces between");
  const auto names = parse_scope(query.get("scope").value_or(""));
  if (names.fault) return problem(400, "invalid_parameter", "the scope is malformed");
  const std::vector<std::string_view> scopes{names.names.begin(), names.names.end()};
  auto verified = verify(ledger, request, *audience, scopes);
  if (verified.denied) return std::move(*verified.denied);
  const auto subject = subject_of(ledger, verified.token);
  if (!subject) {  // it expired just now: proxies must not pass on what the caller calls itself
    auto again = verify(ledger, request, *audience, scopes);
    return again.denied ? std::move(*again.denied) : problem_of(Errc::view_behind);
  }
  HttpResponse response{.status = 200};
  response.add_header("Cache-Control", "no-store");
  response.add_header("X-Token-Client-Id", verified.token.client_id);
  response.add_header("X-Token-Subject", *subject);
  response.add_header("X-Token-Scope", verified.token.scope);
  response.add_header("X-Token-Jti", verified.token.jti);
  response.client_id = std::move(verified.token.client_id);
  return response;
}

}  // namespace

void add_check_endpoints(HttpRouter& router, ApiContext& context) {
  route_attempt(
      router, context,
      {HttpMethod::post,
       "/v1/check",
       ManagementScope::check,
       {.body_bytes_max = kCheckBodyBytesMax}},
      [&context](const HttpRequest& request) { return check(context, request, MayWait::no); },
      [&context](const HttpRequest& request) {
        return check(context, request, MayWait::yes).value_or(problem_of(Errc::view_behind));
      });
  router.add(HttpMethod::get, "/v1/authz", [&ledger = context.ledger](const HttpRequest& request) {
    return authz(ledger, request);
  });
}

}  // namespace tokenledger

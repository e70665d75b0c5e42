// GET /v1/tokens: pages of tokens, by filters.
#include <array>

#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/list_cursor.hpp"
#include "api/problem.hpp"
#include "api/rfc3339.hpp"
#include "api/wire.hpp"

namespace tokenledger {
namespace {

constexpr std::uint64_t kLimitDefault = 100;
constexpr std::array<std::string_view, 2> kListFilters = {"client_id", "status"};

struct ListParameters {
  Ledger::ListRequest request;
  Digest query_hash{};
  std::optional<HttpResponse> refused;
};

ListParameters read_list(const Ledger& ledger, const HttpRequest& request) {
  ListParameters parameters;
  FormFields query;
  parameters.refused =
      read_query(ledger, request, {"client_id", "status", "limit", "cursor"}, &query);
  if (parameters.refused) return parameters;
  const auto limit = read_limit(query, kLimitDefault, kPageRowsMax);
  if (!limit) {
    parameters.refused = problem(400, "invalid_parameter", "limit must be 1 to 1000");
    return parameters;
  }
  auto& list = parameters.request;
  list.limit = static_cast<std::uint32_t>(*limit);
  list.client_id = query.get("client_id").value_or("");
  if (const auto name = query.get("status")) {
    list.status = token_status_from_name(*name);
    if (!list.status) {
      parameters.refused =
          problem(400, "invalid_parameter", "status must be active, revoked or expired");
      return parameters;
    }
  }
  parameters.query_hash = hash_query(request.path(), query, kListFilters);
  if (const auto text = query.get("cursor")) {
    const auto cursor = open_cursor(ledger, *text, parameters.query_hash);
    if (!cursor) {
      parameters.refused = problem_of(cursor.error());
      return parameters;
    }
    list.as_of_seq = cursor->as_of_seq;
    list.as_of_time = cursor->as_of_time;
    list.below = cursor->below;
  }
  return parameters;
}

HttpResponse list_response(const Ledger& ledger, const Ledger::List& list,
                           const Digest& query_hash) {
  auto response = json_response(200);
  JsonWriter json{&response.body};
  json.begin_object().name("items").begin_array();
  for (const auto& token : list.page.tokens) write_token(json, ledger, token_wire(ledger, token));
  json.end_array().name("next_cursor");
  if (list.page.below) {
    json.value(seal_cursor(
        ledger,
        {.as_of_seq = list.as_of_seq, .as_of_time = list.as_of_time, .below = *list.page.below},
        query_hash));
  } else {
    json.null();
  }
  json.member("as_of_seq", list.as_of_seq.value())
      .member("as_of_time", format_rfc3339(list.as_of_time))
      .member("total", list.page.total)
      .member("total_is_lower_bound", list.page.total_is_lower_bound)
      .end_object();
  return response;
}

HttpResponse list(const Ledger& ledger, const HttpRequest& request) {
  auto parameters = read_list(ledger, request);
  if (parameters.refused) return std::move(*parameters.refused);
  auto listed = ledger.list(parameters.request);
  if (!listed && listed.error() == Errc::client_not_found) {
    // A client that never was has no tokens: an empty list, as any other filter would say.
    listed = Ledger::List{.page = {}, .as_of_seq = ledger.committed(), .as_of_time = ledger.now()};
  }
  return listed ? list_response(ledger, *listed, parameters.query_hash)
                : problem_of(listed.error());
}

}  // namespace

void add_token_list_endpoint(HttpRouter& router, ApiContext& context) {
  route_view(
      router, context, {HttpMethod::get, "/v1/tokens", ManagementScope::tokens_read},
      [&ledger = context.ledger](const HttpRequest& request) { return list(ledger, request); });
}

}  // namespace tokenledger

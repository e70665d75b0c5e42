// GET /v1/tokens: pages of tokens, by filters.
#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/rfc3339.hpp"
#include "api/token_list_request.hpp"
#include "api/wire.hpp"

namespace tokenledger {
namespace {

// Writes what fits; where it does not, the next page goes on behind the last row written.
void write_rows(JsonWriter& json, const std::string& text, const Ledger& ledger, Ledger::List& list,
                ListSort sort) {
  for (std::size_t at = 0; at < list.page.tokens.size(); ++at) {
    const auto& token = list.page.tokens[at];
    const auto& row = token.row;
    write_token(json, ledger, token_wire(ledger, token));
    if (text.size() < kPageTextBytesMax || at + 1 == list.page.tokens.size()) continue;
    list.page.next = position_of(sort, row.expires_at, row.index, row.issued_seq);
    return;
  }
}

HttpResponse list_response(const Ledger& ledger, Ledger::List& list, ListSort sort,
                           const Digest& query_hash) {
  auto response = json_response(200);
  JsonWriter json{&response.body};
  json.begin_object().name("items").begin_array();
  write_rows(json, response.body, ledger, list, sort);
  json.end_array().name("next_cursor");
  if (list.page.next) {
    json.value(seal_cursor(ledger,
                           {.as_of_seq = list.as_of_seq,
                            .as_of_time = list.as_of_time,
                            .after = *list.page.next,
                            .total = list.page.total,
                            .total_is_lower_bound = list.page.total_is_lower_bound},
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
  auto read = read_token_list(ledger, request);
  if (read.refused) return std::move(*read.refused);
  auto listed = ledger.list(read.list);
  if (!listed && listed.error() == Errc::client_not_found) {
    // A client that never was has no tokens: an empty list, as any other filter would say.
    listed = Ledger::List{.page = {}, .as_of_seq = ledger.committed(), .as_of_time = ledger.now()};
  }
  if (!listed) return problem_of(listed.error());
  if (read.cursor) {
    listed->page.total = read.cursor->total;
    listed->page.total_is_lower_bound = read.cursor->total_is_lower_bound;
  }
  return list_response(ledger, *listed, read.list.sort, read.query_hash);
}

}  // namespace

void add_token_list_endpoint(HttpRouter& router, ApiContext& context) {
  route_view(
      router, context, {HttpMethod::get, "/v1/tokens", ManagementScope::tokens_read},
      [&ledger = context.ledger](const HttpRequest& request) { return list(ledger, request); });
}

}  // namespace tokenledger

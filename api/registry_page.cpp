#include "api/registry_page.hpp"

#include <vector>

#include "api/endpoint.hpp"
#include "api/error_mapping.hpp"
#include "api/list_cursor.hpp"
#include "api/problem.hpp"

namespace tokenledger {
namespace {

constexpr std::uint64_t kLimitDefault = 100;

}  // namespace

HttpResponse numbered_page(
    const Ledger& ledger, const HttpRequest& request,
    std::initializer_list<std::string_view> filters,
    const std::function<std::optional<HttpResponse>(const FormFields&, RegistryPage&)>& write) {
  FormFields query;
  std::vector<std::string_view> known{filters};
  known.insert(known.end(), {"limit", "cursor"});
  if (auto refused = read_query(ledger, request, known, &query)) return std::move(*refused);
  const auto limit = read_limit(query, kLimitDefault, kRegistryLimitMax);
  if (!limit) return problem(400, "invalid_parameter", "limit must be 1 to 1000");
  const auto query_hash = hash_query(request.path(), query, filters);
  std::uint64_t position = 0;
  if (const auto text = query.get("cursor")) {
    const auto cursor = open_cursor(ledger, *text, query_hash);
    if (!cursor) return problem_of(cursor.error());
    position = cursor->after.number;
  }
  auto response = json_response(200);
  JsonWriter json{&response.body};
  json.begin_object().name("items").begin_array();
  RegistryPage page{response.body, json, position, *limit};
  if (auto refused = write(query, page)) return std::move(*refused);
  json.end_array().name("next_cursor");
  if (page.has_more()) {
    json.value(seal_cursor(ledger, {.after = {.number = page.position()}}, query_hash));
  } else {
    json.null();
  }
  json.end_object();
  return response;
}

HttpResponse registry_page(
    const Ledger& ledger, const HttpRequest& request,
    std::initializer_list<std::string_view> filters,
    const std::function<void(const Registries&, const FormFields&, RegistryPage&)>& write) {
  return numbered_page(ledger, request, filters, [&](const FormFields& query, RegistryPage& page) {
    ledger.with_registries([&](const Registries& registries) { write(registries, query, page); });
    return std::optional<HttpResponse>{};
  });
}

}  // namespace tokenledger

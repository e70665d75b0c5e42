// /openapi.json describes exactly what the router serves (D08), and holds together.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "api/http_json.hpp"
#include "api/http_router.hpp"
#include "api/openapi_document.hpp"
#include "api/service.hpp"
#include "core/management_scopes.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger {
namespace {

std::set<std::string> words(std::string_view text) {
  std::set<std::string> found;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    found.emplace(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return found;
}

std::set<std::string> names(std::span<const OpenApiComponent> components) {
  std::set<std::string> found;
  for (const auto& component : components)
    EXPECT_TRUE(found.emplace(component.name).second) << component.name << " stands twice";
  return found;
}

JsonValue parsed_document() {
  auto parsed = parse_json_object(openapi_document());
  EXPECT_TRUE(parsed.has_value());
  return parsed ? std::move(*parsed) : JsonValue{JsonValue::Null{}};
}

// Every "$ref" of the document.
void collect_references(const JsonValue& value, std::set<std::string>& found) {
  if (const auto* object = value.get_if<JsonValue::Object>()) {
    for (const auto& [name, member] : *object) {
      const auto* text = member.get_if<std::string>();
      if (name == "$ref" && text != nullptr) found.insert(*text);
      collect_references(member, found);
    }
  } else if (const auto* array = value.get_if<JsonValue::Array>()) {
    for (const auto& item : *array) collect_references(item, found);
  }
}

const JsonValue* at_pointer(const JsonValue& document, std::string_view pointer) {
  if (!pointer.starts_with("#/")) return nullptr;
  pointer.remove_prefix(2);
  const JsonValue* value = &document;
  while (value != nullptr && !pointer.empty()) {
    const auto end = std::min(pointer.find('/'), pointer.size());
    value = value->find(pointer.substr(0, end));
    pointer.remove_prefix(std::min(end + 1, pointer.size()));
  }
  return value;
}

TEST(OpenApi, DescribesEveryRouteTheRouterKnowsAndNoOther) {
  std::set<std::pair<std::string, std::string>> described;
  for (const auto& operation : openapi_operations()) {
    const std::pair row{std::string{operation.path}, std::string{method_name(operation.method)}};
    EXPECT_TRUE(described.insert(row).second) << row.first << ' ' << row.second << " stands twice";
  }
  test::ApiUnderTest api;
  ApiService service{api.ledger(), {}};
  HttpRouter router;
  service.add_routes(router);
  std::set<std::pair<std::string, std::string>> served;
  for (const auto& [pattern, method] : router.routes())
    served.emplace(pattern, method_name(method));
  EXPECT_GT(served.size(), 30u);
  EXPECT_EQ(described, served);
}

TEST(OpenApi, OperationsOfOnePathStandTogetherAndAreNamedOnce) {
  std::set<std::string> ids;
  std::set<std::string> closed_paths;
  std::string path;
  for (const auto& operation : openapi_operations()) {
    EXPECT_TRUE(ids.emplace(operation.id).second) << operation.id;
    EXPECT_FALSE(operation.summary.empty()) << operation.id;
    if (operation.path == path) continue;
    EXPECT_TRUE(closed_paths.insert(path).second) << path << " stands in two places";
    path = operation.path;
  }
}

TEST(OpenApi, EveryReferenceLeadsToAComponentAndEveryComponentIsUsed) {
  const auto document = parsed_document();
  std::set<std::string> used;
  collect_references(document, used);
  EXPECT_GT(used.size(), 40u);
  for (const auto& reference : used)
    EXPECT_NE(at_pointer(document, reference), nullptr) << reference;
  const std::pair<std::string_view, std::span<const OpenApiComponent>> kinds[] = {
      {"schemas", openapi_schemas()},
      {"parameters", openapi_parameters()},
      {"requestBodies", openapi_bodies()},
      {"responses", openapi_answers()}};
  for (const auto& [kind, components] : kinds) {
    for (const auto& name : names(components))
      EXPECT_TRUE(used.contains("#/components/" + std::string{kind} + '/' + name)) << name;
  }
}

TEST(OpenApi, SaysWhichAnswersBearATagAndThatItIsAnsweredWith304) {
  std::set<std::string_view> tagged;
  for (const auto& operation : openapi_operations()) {
    const bool takes_tag = words(operation.parameters).contains("If-None-Match");
    EXPECT_EQ(words(operation.errors).contains("304"), takes_tag) << operation.id;
    if (takes_tag) tagged.insert(operation.id);
  }
  EXPECT_EQ(tagged, (std::set<std::string_view>{"getCheckpoint", "getTile", "getEntries", "getKeys",
                                                "getStatusList"}));
  const auto document = parsed_document();
  const auto* answer = at_pointer(document, "#/components/responses/Unchanged");
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->find("content"), nullptr) << "a 304 has no body";
  for (const auto* name : {"Checkpoint", "Tile", "Keys", "StatusList", "Unchanged"})
    EXPECT_NE(at_pointer(document, std::string{"#/components/responses/"} + name + "/headers/ETag"),
              nullptr)
        << name;
}

TEST(OpenApi, BearerOperationsNameAScopeOfTheManagementApi) {
  std::set<std::string_view> known;
  for (const auto& scope : kManagementScopes) known.insert(scope.name);
  for (const auto& operation : openapi_operations()) {
    const bool asks = operation.access == OpenApiAccess::bearer ||
                      operation.access == OpenApiAccess::client_or_bearer;
    EXPECT_EQ(known.contains(operation.scope), asks) << operation.id;
    if (operation.access == OpenApiAccess::bearer) {
      const auto errors = words(operation.errors);
      EXPECT_TRUE(errors.contains("401") && errors.contains("403")) << operation.id;
    }
    // Outsiders check the log without being anybody here; what they get says hashes and sizes only.
    const std::set<std::string_view> for_outsiders = {"getCheckpoint", "getLogKey", "getTile",
                                                      "proveInclusion", "proveConsistency"};
    const bool is_open =
        operation.path.starts_with("/v1/") && operation.access == OpenApiAccess::open;
    EXPECT_EQ(is_open, for_outsiders.contains(operation.id)) << operation.id;
  }
}

}  // namespace
}  // namespace tokenledger

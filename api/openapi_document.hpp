// The OpenAPI 3.1 document of every route, served at /openapi.json.
//
// Operations are rows of a table (openapi_operations.cpp); what they share (parameters, bodies,
// answers, schemas) is JSON text by name (openapi_components.cpp, openapi_schemas.cpp). A test
// compares the table with the router both ways, follows every reference, and holds the schemas
// against a running server's answers. Threads: any (pure).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "api/http_request.hpp"

namespace tokenledger {

enum class OpenApiAccess : std::uint8_t {
  open,
  bearer,            // an access token for the management API with `scope`
  presented_token,   // the access token that is asked about
  client,            // client_secret_basic or client_secret_post
  client_or_bearer,  // or an access token with `scope`
  user_token,        // an access token of a user with the identity scope `scope`
};

// Texts with several names have spaces between them.
struct OpenApiOperation {
  HttpMethod method;
  std::string_view path;  // as the router knows it
  std::string_view id;
  std::string_view tag;
  std::string_view summary;
  OpenApiAccess access = OpenApiAccess::open;
  std::string_view scope;       // of the management API
  std::string_view parameters;  // components/parameters; those in the path come from the path
  std::string_view body;        // components/requestBodies; empty: none
  int status = 200;
  std::string_view answer;  // components/responses
  std::string_view errors;  // statuses
};

struct OpenApiComponent {
  std::string_view name;
  std::string_view json;
};

[[nodiscard]] std::span<const OpenApiOperation> openapi_operations() noexcept;
[[nodiscard]] std::span<const OpenApiComponent> openapi_parameters() noexcept;
[[nodiscard]] std::span<const OpenApiComponent> openapi_bodies() noexcept;
[[nodiscard]] std::span<const OpenApiComponent> openapi_answers() noexcept;
[[nodiscard]] std::span<const OpenApiComponent> openapi_schemas() noexcept;

[[nodiscard]] std::string openapi_document();

}  // namespace tokenledger

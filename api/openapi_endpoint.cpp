// GET /openapi.json: open, because it says nothing that this program's own help does not.
#include "api/endpoints.hpp"
#include "api/http_router.hpp"
#include "api/openapi_document.hpp"

namespace tokenledger {

void add_openapi_endpoint(HttpRouter& router) {
  router.add(HttpMethod::get, "/openapi.json", [document = openapi_document()](const HttpRequest&) {
    HttpResponse response{.status = 200, .content_type = kContentTypeJson, .body = document};
    response.add_header("Cache-Control", "public, max-age=300");
    return response;
  });
}

}  // namespace tokenledger

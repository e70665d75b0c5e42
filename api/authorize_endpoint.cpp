// GET and POST /oauth/authorize, and /authorize, which is the same (A05; RFC 6749 §3.1).
//
// No CORS: browsers are sent here, scripts never read the answer (RFC 9700 §2.6).
#include "api/authorization_run.hpp"
#include "api/endpoints.hpp"

namespace tokenledger {
namespace {

void authorize(const Page& page) {
  const std::string query{page->request->query()};
  page->responder.set_client_id(client_id_of(page->ledger, query));
  run_authorization(
      std::make_shared<AuthorizationRun>(AuthorizationRun{.page = page, .query = query}));
}

// OpenID Connect Core §3.1.2.1: the parameters may come as a form. The browser is sent on to the
// same request as a link: only that can be loaded again, and only to that does it send the session,
// whose cookie is not for forms of other sites.
void authorize_by_form(const Page& page) {
  FormFields fields;
  const auto& request = *page->request;
  std::string query;
  if (is_form(request.media_type()) && request.query().empty() && fields.parse(request.body())) {
    for (std::size_t index = 0; index < fields.size(); ++index)
      append_form_field(query, fields.name(index), fields.value(index));
  }
  if (query.empty() || query.size() > kAuthorizationQueryBytesMax)
    return page->answer(fault_answer(*page, PageFault{"the form is malformed or too long"}));
  page->responder.set_client_id(client_id_of(page->ledger, query));
  page->answer(redirect(303, page_url(*page, kAuthorizePath, query)));
}

}  // namespace

void add_authorize_endpoint(HttpRouter& router, ApiContext& context) {
  for (const auto path : {kAuthorizePath, kAuthorizeAlias}) {
    route_page(router, context, HttpMethod::get, path, authorize);
    route_page(router, context, HttpMethod::post, path, authorize_by_form);
  }
}

}  // namespace tokenledger

// POST /oauth/consent: the user's answer to the consent page (RFC 6749 §4.1.1; A07, A11).
//
// The form's token is bound to the browser's session, to the request and to the scopes that the
// page listed: what was not listed is never allowed by it, whatever changed meanwhile.
#include "api/authorization_run.hpp"
#include "api/endpoints.hpp"

namespace tokenledger {
namespace {

void deny(const Page& page, std::string_view query) {
  const auto verdict = read_authorization_ask(page->ledger, query);
  if (const auto* fault = std::get_if<PageFault>(&verdict))
    return page->answer(fault_answer(*page, *fault));
  if (const auto* fault = std::get_if<RedirectFault>(&verdict))
    return page->answer(fault_answer(*page, *fault));
  const RedirectFault denied{std::get<AuthorizationAsk>(verdict).request.target,
                             AuthorizationError::access_denied, "the user said no"};
  page->answer(fault_answer(*page, denied));
}

void decide_consent(const Page& page) {
  PageForm form;
  if (auto refused = form.read(*page)) return page->answer(std::move(*refused));
  const auto request = form.get("request");
  const auto parsed = parse_consent_request(request);
  if (!parsed || !form.is_genuine(*page, FormPurpose::consent, request))
    return page->answer(stale_form_page(page->site(), page->request->request_id()));
  page->responder.set_client_id(client_id_of(page->ledger, parsed->query));
  // Only the one button allows; whatever else comes is a no.
  if (form.get("decision") != "allow") return deny(page, parsed->query);
  run_authorization(std::make_shared<AuthorizationRun>(AuthorizationRun{
      .page = page, .query = std::string{parsed->query}, .allowed = parsed->shown}));
}

}  // namespace

void add_consent_endpoint(HttpRouter& router, ApiContext& context) {
  route_page(router, context, HttpMethod::post, kConsentPath, decide_consent);
}

}  // namespace tokenledger

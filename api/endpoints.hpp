// The endpoint groups, one file each. Private to api/: see api/service.hpp.
#pragma once

namespace tokenledger {

class HttpRouter;
struct ApiContext;

void add_oauth_token_endpoint(HttpRouter& router, ApiContext& context);
void add_oauth_introspection_endpoint(HttpRouter& router, ApiContext& context);
void add_oauth_revocation_endpoint(HttpRouter& router, ApiContext& context);
void add_authorize_endpoint(HttpRouter& router, ApiContext& context);
void add_sign_in_endpoint(HttpRouter& router, ApiContext& context);
void add_consent_endpoint(HttpRouter& router, ApiContext& context);
void add_account_endpoints(HttpRouter& router, ApiContext& context);
void add_password_endpoint(HttpRouter& router, ApiContext& context);
void add_userinfo_endpoint(HttpRouter& router, ApiContext& context);
void add_discovery_endpoints(HttpRouter& router, ApiContext& context);
void add_client_endpoints(HttpRouter& router, ApiContext& context);
void add_key_endpoints(HttpRouter& router, ApiContext& context);
void add_api_endpoints(HttpRouter& router, ApiContext& context);
void add_client_grant_endpoints(HttpRouter& router, ApiContext& context);
void add_token_endpoints(HttpRouter& router, ApiContext& context);
void add_token_list_endpoint(HttpRouter& router, ApiContext& context);
void add_bulk_revocation_endpoint(HttpRouter& router, ApiContext& context);
void add_owner_endpoint(HttpRouter& router, ApiContext& context);
void add_user_endpoints(HttpRouter& router, ApiContext& context);
void add_group_endpoints(HttpRouter& router, ApiContext& context);
void add_consent_endpoints(HttpRouter& router, ApiContext& context);
void add_check_endpoints(HttpRouter& router, ApiContext& context);
void add_event_endpoints(HttpRouter& router, ApiContext& context);
void add_audit_endpoints(HttpRouter& router, ApiContext& context);
void add_note_endpoint(HttpRouter& router, ApiContext& context);
void add_operations_endpoints(HttpRouter& router, ApiContext& context);
void add_backup_endpoint(HttpRouter& router, ApiContext& context);
void add_status_list_endpoints(HttpRouter& router, ApiContext& context);
void add_openapi_endpoint(HttpRouter& router);

}  // namespace tokenledger

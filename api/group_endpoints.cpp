// /v1/groups: groups of users, each named by its name. What is allowed in advance is allowed to
// them (api/consent_endpoints.cpp).
#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/http_json.hpp"
#include "api/people_wire.hpp"
#include "api/registry_page.hpp"
#include "api/request_body.hpp"

namespace tokenledger {
namespace {

// On the commit thread `people` is what was just committed, and on others advice is not enough.
enum class Seen : bool { is_durable, waits };

HttpResponse show(const Ledger& ledger, std::string_view name, int status, Seen seen) {
  std::optional<GroupRecord> group;
  const auto look = [&](const People& people) {
    const auto number = people.find_group(name);
    if (number != GroupNumber{}) group = *people.group(number);
  };
  if (seen == Seen::is_durable) {
    ledger.people().with_people(look);
  } else if (const auto shown = ledger.people().show_people(look); !shown) {
    return problem_of(to_errc(shown.error()));
  }
  if (!group) return problem_of(Errc::group_not_found);
  auto response = json_response(status);
  JsonWriter json{&response.body};
  write_group(json, *group);
  return response;
}

void create(ApiContext& context, const Call& call, Write write) {
  auto body = read_json_body(*call->request);
  if (body.problem) return call->responder.respond(std::move(*body.problem));
  JsonFields fields{*body.object};
  fields.allow_only({"name"});
  const std::string name{fields.required_string("name", kLabelBytesMax)};
  if (fields.fault()) return call->responder.respond(invalid_field(*fields.fault()));
  commit(context, call, std::move(write), CreateGroup{name},
         [&ledger = context.ledger, name](const Committed&) {
           return show(ledger, name, 201, Seen::is_durable);
         });
}

void remove(ApiContext& context, const Call& call, Write write) {
  GroupNumber group;
  if (const auto name = call->request->path_parameter(0)) {
    context.ledger.people().with_people(
        [&](const People& people) { group = people.find_group(*name); });
  }
  // A group of number 0 is nobody's: decide() says so, but only to who does not repeat itself.
  commit(context, call, std::move(write), DeleteGroup{group},
         [](const Committed&) { return HttpResponse{.status = 204}; });
}

HttpResponse list(const Ledger& ledger, const HttpRequest& request) {
  return numbered_page(ledger, request, {},
                       [&](const FormFields&, RegistryPage& page) -> std::optional<HttpResponse> {
                         std::vector<GroupRecord> groups;
                         const auto seen = ledger.people().show_people([&](const People& people) {
                           const auto& all = people.groups();
                           while (page.wants_more() && page.position() < all.size()) {
                             const auto& group = all[page.position()];
                             if (group.deleted) {
                               page.skip();
                             } else {
                               page.take();
                               groups.push_back(group);
                             }
                           }
                           page.end_at(all.size());
                         });
                         if (!seen) return problem_of(to_errc(seen.error()));
                         for (const auto& group : groups) write_group(page.json(), group);
                         return std::nullopt;
                       });
}

}  // namespace

void add_group_endpoints(HttpRouter& router, ApiContext& context) {
  constexpr auto kRead = ManagementScope::users_read;
  constexpr auto kWrite = ManagementScope::users_write;
  auto& ledger = context.ledger;
  route_view(router, context, {HttpMethod::get, "/v1/groups", kRead},
             [&ledger](const HttpRequest& request) { return list(ledger, request); });
  route_view(router, context, {HttpMethod::get, "/v1/groups/{name}", kRead},
             [&ledger](const HttpRequest& request) {
               FormFields query;
               if (auto refused = read_query(ledger, request, {}, &query))
                 return std::move(*refused);
               const auto name = request.path_parameter(0);
               return name ? show(ledger, *name, 200, Seen::waits)
                           : problem_of(Errc::group_not_found);
             });
  route_write(
      router, context, {HttpMethod::post, "/v1/groups", kWrite},
      [&context](const Call& call, Write write) { create(context, call, std::move(write)); });
  route_write(
      router, context, without_body({HttpMethod::remove, "/v1/groups/{name}", kWrite}),
      [&context](const Call& call, Write write) { remove(context, call, std::move(write)); });
}

}  // namespace tokenledger

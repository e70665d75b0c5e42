// /v1/users: register, show, change, set the password, disable, enable, erase; groups and sign-in
// sessions of a user.
//
// A person's names are read from the log, so whatever shows a user runs on a worker. A login stands
// in a query only where a user is looked for by it: the access log keeps no queries.
#include <algorithm>

#include "api/browser_desk.hpp"
#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/http_json.hpp"
#include "api/people_wire.hpp"
#include "api/problem.hpp"
#include "api/registry_page.hpp"
#include "api/request_body.hpp"
#include "api/rfc3339.hpp"
#include "core/login_name.hpp"
#include "core/user_id.hpp"

namespace tokenledger {
namespace {

HttpResponse show(const Ledger& ledger, UserNumber number, int status) {
  std::optional<UserWire> user;
  const auto seen =
      ledger.people().show_people([&](const People& people) { user = user_wire(people, number); });
  if (!seen) return problem_of(to_errc(seen.error()));
  if (!user) return problem_of(Errc::user_not_found);
  const auto profile = ledger.people().profile(number);
  if (!profile) return problem_of(to_errc(profile.error()));
  auto response = json_response(status);
  JsonWriter json{&response.body};
  write_user(json, *user, *profile);
  return response;
}

HttpResponse show_by_id(const Ledger& ledger, const UserId& id, int status) {
  const auto user = ledger.people().find_user(user_id_text(id));
  return user ? show(ledger, user->number, status) : problem_of(Errc::user_not_found);
}

// Answers with the user as changed, from a worker.
Ledger::Completion showing(ApiContext& context, const Call& call, UserNumber number) {
  return [call, &ledger = context.ledger, workers = context.workers,
          number](const Result<Committed>& committed) {
    if (!committed) return call->responder.respond(problem_of(to_errc(committed.error())));
    answer_from_worker(*workers, call, [&ledger, number, seq = committed->seq] {
      auto response = show(ledger, number, 200);
      add_ledger_seq(&response, seq);
      return response;
    });
  };
}

// The user that the path names, or the answer that there is none.
std::optional<UserNumber> user_of(const ApiContext& context, const Call& call) {
  const auto id = call->request->path_parameter(0);
  const auto user = id ? context.ledger.people().find_user(*id) : std::nullopt;
  if (user) return user->number;
  call->responder.respond(problem_of(Errc::user_not_found));
  return std::nullopt;
}

LedgerPeople::Request request_of(const Write& write) {
  return {.actor = write.actor, .request_id = write.request_id, .idempotency = write.idempotency};
}

// What waits for the disk runs on a worker.
WriteHandler on_worker(ApiContext& context, void (*handler)(ApiContext&, const Call&, const Write&),
                       JobLength length = JobLength::brief) {
  return [&context, handler, length](const Call& call, Write write) {
    const auto job = [&context, call, write = std::move(write), handler] {
      handler(context, call, write);
    };
    if (!context.workers->post(job, length)) call->responder.respond(busy());
  };
}

void register_user(ApiContext& context, const Call& call, Write write) {
  auto body = read_json_body(*call->request);
  if (body.problem) return call->responder.respond(std::move(*body.problem));
  JsonFields fields{*body.object};
  fields.allow_only({"login", "display_name"});
  LedgerPeople::NewUser user;
  user.login = fields.required_string("login", kLoginNameBytesMax);
  user.display_name = fields.optional_string("display_name", kDisplayNameBytesMax).value_or("");
  if (fields.fault()) return call->responder.respond(invalid_field(*fields.fault()));
  context.ledger.people().register_user_async(
      user, request_of(write),
      [call, &ledger = context.ledger,
       workers = context.workers](const Result<LedgerPeople::Registered>& made) {
        if (!made) return call->responder.respond(problem_of(to_errc(made.error())));
        answer_from_worker(*workers, call, [&ledger, made = *made] {
          auto id = made.id;
          // A repeat drew another id than the first request: the log knows which.
          if (made.committed.repeated) {
            const auto event = event_at(ledger, made.committed.seq);
            const auto* first = event ? std::get_if<UserRegistered>(&event->payload) : nullptr;
            if (first == nullptr) return problem_of(Errc::unknown_outcome);
            id = first->id;
          }
          auto response = show_by_id(ledger, id, 201);
          add_ledger_seq(&response, made.committed.seq);
          return response;
        });
      });
}

// A change that names what it read, and is tried again when somebody else was faster. On a worker.
using Attempt = std::function<void(Ledger::Completion)>;
void try_change(ApiContext& context, const Call& call, UserNumber user, const Attempt& attempt,
                int attempts_left = kChangeAttemptsMax) {
  attempt([&context, workers = context.workers, call, user, attempt, attempts_left,
           done = showing(context, call, user)](Result<Committed> committed) {
    const bool is_stale = committed.has_error() && committed.error() == Errc::stale_policy;
    if (!is_stale || attempts_left <= 1) return done(std::move(committed));
    // The job is dropped with the workers, before the context goes.
    const bool is_posted = workers->post([&context, call, user, attempt, attempts_left] {
      try_change(context, call, user, attempt, attempts_left - 1);
    });
    if (!is_posted) call->responder.respond(busy());
  });
}

void patch(ApiContext& context, const Call& call, const Write& write) {
  auto body = read_json_body(*call->request);
  if (body.problem) return call->responder.respond(std::move(*body.problem));
  JsonFields fields{*body.object};
  fields.allow_only({"login", "display_name"});
  LedgerPeople::UserChange change;
  if (const auto login = fields.optional_string("login", kLoginNameBytesMax)) change.login = *login;
  if (const auto name = fields.optional_string("display_name", kDisplayNameBytesMax))
    change.display_name = *name;
  // null takes the name away.
  if (const auto* name = body.object->find("display_name"); name != nullptr && name->is_null())
    change.display_name = "";
  if (fields.fault()) return call->responder.respond(invalid_field(*fields.fault()));
  const auto user = user_of(context, call);
  if (!user) return;
  try_change(context, call, *user,
             [&ledger = context.ledger, user = *user, change, write](Ledger::Completion done) {
               ledger.people().update_user_async(user, change, request_of(write), std::move(done));
             });
}

// The numbers of the groups, ascending; group_not_found.
Result<std::vector<GroupNumber>> numbers_of(const Ledger& ledger,
                                            const std::vector<std::string>& names) {
  std::vector<GroupNumber> numbers;
  bool is_found = true;
  ledger.people().with_people([&](const People& people) {
    for (const auto& name : names) {
      numbers.push_back(people.find_group(name));
      is_found = is_found && numbers.back() != GroupNumber{};
    }
  });
  if (!is_found) return Errc::group_not_found;
  std::ranges::sort(numbers);
  return numbers;
}

void set_groups(ApiContext& context, const Call& call, const Write& write) {
  auto body = read_json_body(*call->request);
  if (body.problem) return call->responder.respond(std::move(*body.problem));
  JsonFields fields{*body.object};
  fields.allow_only({"groups"});
  const auto given =
      fields.required_strings("groups", {.count = kUserGroupsMax, .bytes = kLabelBytesMax});
  if (fields.fault()) return call->responder.respond(invalid_field(*fields.fault()));
  std::vector<std::string> names{given.begin(), given.end()};
  std::ranges::sort(names);
  if (std::ranges::adjacent_find(names) != names.end())
    return call->responder.respond(invalid_field("a group is named twice"));
  const auto user = user_of(context, call);
  if (!user) return;
  try_change(context, call, *user,
             [&ledger = context.ledger, user = *user, names, write](Ledger::Completion done) {
               const auto found = ledger.people().user(user);
               if (!found) return done(Errc::user_not_found);
               auto groups = numbers_of(ledger, names);
               if (!groups) return done(groups.error());
               ledger.submit_async(
                   {write.actor, write.request_id, write.idempotency,
                    SetUserGroups{user, std::move(*groups), found->record.updated_seq}},
                   std::move(done));
             });
}

// Of the hash: the desk's queue is short, so that passwords cost others no time.
Errc refusal_of(const boost::system::error_code& error) {
  return error == Errc::queue_full ? Errc::busy_passwords : to_errc(error);
}

void set_password(ApiContext& context, const Call& call, Write write) {
  auto body = read_json_body(*call->request);
  if (body.problem) return call->responder.respond(std::move(*body.problem));
  JsonFields fields{*body.object};
  fields.allow_only({"password"});
  const auto password = fields.required_string("password", kPasswordBytesMax);
  if (fields.fault()) return call->responder.respond(invalid_field(*fields.fault()));
  if (password.size() < kPasswordBytesMin)
    return call->responder.respond(invalid_field("a password has at least 8 bytes"));
  const auto user = user_of(context, call);
  if (!user) return;
  // On a thread of the desk: it takes no more than a command in the queue.
  auto hashed = [&ledger = context.ledger, call, user = *user, write = std::move(write),
                 done = showing(context, call, *user)](const Result<std::string>& hash) {
    if (!hash) return call->responder.respond(problem_of(refusal_of(hash.error())));
    ledger.people().set_password_async(user, *hash, request_of(write), done);
  };
  context.browser->passwords.hash(SecretBytes{bytes_of(password)}, std::move(hashed));
}

void disable(ApiContext& context, const Call& call, Write write) {
  auto body = read_json_body(*call->request, AbsentBody::is_empty_object);
  if (body.problem) return call->responder.respond(std::move(*body.problem));
  JsonFields fields{*body.object};
  fields.allow_only({"reason"});
  const std::string reason{fields.optional_string("reason", kNoteBodyBytesMax).value_or("")};
  if (fields.fault()) return call->responder.respond(invalid_field(*fields.fault()));
  if (const auto user = user_of(context, call)) {
    context.ledger.people().disable_user_async(*user, reason, request_of(write),
                                               showing(context, call, *user));
  }
}

void enable(ApiContext& context, const Call& call, Write write) {
  if (const auto user = user_of(context, call)) {
    context.ledger.submit_async(
        {write.actor, write.request_id, write.idempotency, EnableUser{*user}},
        showing(context, call, *user));
  }
}

// Sessions are memory of this process, so this is no event. What the user allowed, and every token,
// stays: those end by a withdrawal, another password or disabling.
void end_sessions(ApiContext& context, const Call& call, Write) {
  const auto user = user_of(context, call);
  if (!user) return;
  auto response = json_response(200);
  JsonWriter json{&response.body};
  json.begin_object()
      .member("sessions_ended", std::uint64_t{context.browser->sessions.end_all(*user)})
      .end_object();
  call->responder.respond(std::move(response));
}

HttpResponse erased(const Committed& committed) {
  auto response = json_response(200);
  JsonWriter json{&response.body};
  json.begin_object()
      .member("seq", committed.seq.value())
      .member("erased_at", format_rfc3339(committed.at))
      .end_object();
  return response;
}

// One who was erased before is found here, so that a retry hears of its first result.
void erase(ApiContext& context, const Call& call, const Write& write) {
  auto body = read_json_body(*call->request, AbsentBody::is_empty_object);
  if (body.problem) return call->responder.respond(std::move(*body.problem));
  JsonFields fields{*body.object};
  fields.allow_only({"reason"});
  const std::string reason{fields.optional_string("reason", kNoteBodyBytesMax).value_or("")};
  if (fields.fault()) return call->responder.respond(invalid_field(*fields.fault()));
  const auto text = call->request->path_parameter(0);
  const auto id = text ? parse_user_id(*text) : std::nullopt;
  UserNumber user;
  if (id) {
    context.ledger.people().with_people(
        [&](const People& people) { user = people.find_user(*id); });
  }
  if (user == UserNumber{}) return call->responder.respond(problem_of(Errc::user_not_found));
  answering(context, call, erased, with_its_own_time(context.ledger, erased))(
      context.ledger.people().erase_user(user, reason, request_of(write)));
}

bool is_wanted(const People& people, const FormFields& query, UserNumber number) {
  const auto* user = people.user(number);
  if (user->status == UserStatus::erased) return false;
  if (const auto status = query.get("status"); status && *status != user_status_name(user->status))
    return false;
  const auto group = query.get("group");
  return !group || people.is_member(number, people.find_group(*group));
}

HttpResponse list(const Ledger& ledger, const HttpRequest& request) {
  const auto scan = [&](const FormFields& query,
                        RegistryPage& page) -> std::optional<HttpResponse> {
    const auto status = query.get("status");
    if (status && *status != "enabled" && *status != "disabled")
      return problem(400, "invalid_parameter", "status must be enabled or disabled");
    UserNumber named;
    if (const auto login = query.get("login")) {
      const auto found = ledger.people().find_login(*login);
      if (!found) return problem_of(to_errc(found.error()));
      if (*found) named = (*found)->number;
    }
    std::vector<UserWire> users;
    const auto seen = ledger.people().show_people([&](const People& people) {
      std::uint64_t end = people.users().size();
      if (query.get("login")) {
        page.skip_to(std::max<std::uint64_t>(page.position(), std::max(named.value(), 1u) - 1));
        end = named.value();
      }
      while (page.wants_more() && page.position() < end) {
        const UserNumber number{static_cast<std::uint32_t>(page.position() + 1)};
        if (is_wanted(people, query, number)) {
          page.take();
          users.push_back(*user_wire(people, number));
        } else {
          page.skip();
        }
      }
      page.end_at(end);
    });
    if (!seen) return problem_of(to_errc(seen.error()));
    for (const auto& user : users) {
      const auto profile = ledger.people().profile(user.number);
      // Erased since.
      if (profile.has_error() && profile.error() == Errc::user_not_found) continue;
      if (!profile) return problem_of(to_errc(profile.error()));
      write_user(page.json(), user, *profile);
    }
    return std::nullopt;
  };
  return numbered_page(ledger, request, {"login", "status", "group"}, scan);
}

HttpResponse show_one(const Ledger& ledger, const HttpRequest& request) {
  FormFields query;
  if (auto refused = read_query(ledger, request, {}, &query)) return std::move(*refused);
  const auto id = request.path_parameter(0);
  const auto user = id ? ledger.people().find_user(*id) : std::nullopt;
  return user ? show(ledger, user->number, 200) : problem_of(Errc::user_not_found);
}

}  // namespace

void add_user_endpoints(HttpRouter& router, ApiContext& context) {
  constexpr auto kRead = ManagementScope::users_read;
  constexpr auto kWrite = ManagementScope::users_write;
  const auto at_once = [&](void (*handler)(ApiContext&, const Call&, Write)) {
    return [&context, handler](const Call& call, Write write) {
      handler(context, call, std::move(write));
    };
  };
  auto& ledger = context.ledger;
  route_view(router, context, {HttpMethod::get, "/v1/users", kRead},
             [&ledger](const HttpRequest& request) { return list(ledger, request); });
  route_view(router, context, {HttpMethod::get, "/v1/users/{user_id}", kRead},
             [&ledger](const HttpRequest& request) { return show_one(ledger, request); });
  route_write(router, context, {HttpMethod::post, "/v1/users", kWrite}, at_once(register_user));
  route_write(router, context, {HttpMethod::patch, "/v1/users/{user_id}", kWrite},
              on_worker(context, patch));
  route_write(router, context, {HttpMethod::put, "/v1/users/{user_id}/groups", kWrite},
              on_worker(context, set_groups));
  route_write(router, context, {HttpMethod::post, "/v1/users/{user_id}/password", kWrite},
              at_once(set_password));
  route_write(router, context, {HttpMethod::post, "/v1/users/{user_id}/disable", kWrite},
              at_once(disable));
  route_write(router, context,
              without_body({HttpMethod::post, "/v1/users/{user_id}/enable", kWrite}),
              at_once(enable));
  route_write(router, context,
              without_body({HttpMethod::post, "/v1/users/{user_id}/end-sessions", kWrite}),
              at_once(end_sessions));
  route_write(router, context,
              {HttpMethod::post, "/v1/users/{user_id}/erase", ManagementScope::owners_erase},
              on_worker(context, erase, JobLength::lengthy));
}

}  // namespace tokenledger

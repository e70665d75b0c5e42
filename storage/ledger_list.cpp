// Ledger::list: names to numbers, then a page of the views.
#include <algorithm>

#include "core/user_id.hpp"
#include "storage/ledger_core.hpp"
#include "storage/views_keys.hpp"

namespace tokenledger {
namespace {

// Clients looked at under one hold of the registries' lock.
constexpr std::size_t kClientsPerHold = 4'096;

bool begins_with(std::string_view text, std::string_view folded_prefix) {
  return views::fold_name(text.substr(0, folded_prefix.size())) == folded_prefix;
}

// Numbers of the clients whose id or name begins so. Clients are only ever added, so a scan in
// steps misses none that was there at its begin.
std::vector<ClientNumber> clients_like(const LedgerCore& core, std::string_view prefix) {
  const auto folded = views::fold_name(prefix);
  std::vector<ClientNumber> found;
  for (std::size_t next = 0;;) {
    const std::shared_lock lock{core.registries_mutex};
    const auto& clients = core.registries.clients();
    const auto end = std::min(clients.size(), next + kClientsPerHold);
    for (; next < end; ++next) {
      const auto& client = clients[next];
      if (begins_with(client.client_id, folded) || begins_with(client.settings.name, folded))
        found.push_back(client.number);
    }
    if (next == clients.size()) return found;
  }
}

// An identifier may have belonged to several APIs, one after the other.
std::vector<ApiNumber> apis_called(const Registries& registries, std::string_view identifier) {
  std::vector<ApiNumber> found;
  for (const auto& api : registries.apis()) {
    if (api.identifier == identifier) found.push_back(api.number);
  }
  return found;
}

// Fills the query; false: nothing can match.
class Resolver {
 public:
  Resolver(const LedgerCore& core, const Ledger::ListRequest& request, ListQuery& query)
      : core_{core}, request_{request}, query_{query} {}

  [[nodiscard]] Result<bool> resolve() {
    if (!request_.client_id.empty()) {
      query_.client = client_called(request_.client_id);
      if (!query_.client) return Errc::client_not_found;
    }
    if (!request_.subject.empty()) {
      auto resolved = resolve_subject();
      if (!resolved || !*resolved) return resolved;
    }
    if (!request_.api.empty()) {
      const std::shared_lock lock{core_.registries_mutex};
      query_.apis = apis_called(core_.registries, request_.api);
      if (query_.apis->empty()) return false;
    }
    if (request_.consent) leave_earlier_uses_out(*request_.consent);
    if (request_.owner.empty()) return true;
    auto owner = core_.owner_keys.find(request_.owner);
    if (!owner) return to_errc(owner.error());
    query_.owner = *owner;
    return query_.owner.has_value();
  }

 private:
  [[nodiscard]] std::optional<ClientNumber> client_called(std::string_view client_id) const {
    const std::shared_lock lock{core_.registries_mutex};
    const auto* client = core_.registries.find_client(client_id);
    return client == nullptr ? std::nullopt : std::optional{client->number};
  }
  // The subject of a client's own tokens is the client.
  [[nodiscard]] Result<bool> resolve_subject() {
    if (const auto client = client_called(request_.subject)) {
      if (query_.client && query_.client != client) return false;
      query_.client = client;
      query_.subject = SubjectNumber{};
      return true;
    }
    const auto user = user_called(request_.subject);
    if (!user) return to_errc(user.error());
    query_.subject = *user;
    return *user != UserNumber{};
  }
  // A number is given out again once no token of its consent is left to end, and its rows stay.
  void leave_earlier_uses_out(ConsentNumber number) {
    core_.people.with_people([&](const People& people) {
      const auto* consent = people.consent(number);
      if (consent == nullptr) return;
      auto& from = query_.issued.from;
      from = from ? std::max(*from, consent->granted_at) : consent->granted_at;
    });
  }
  // 0: nobody is called so. An erased user is still found by the id.
  [[nodiscard]] Result<UserNumber> user_called(std::string_view name) const {
    if (const auto id = parse_user_id(name)) {
      UserNumber user;
      core_.people.with_people([&](const People& people) { user = people.find_user(*id); });
      return user;
    }
    if (!request_.subject_may_be_login) return UserNumber{};
    const auto found = core_.people.find_login(name);
    if (!found) return found.error();
    return *found ? (*found)->number : UserNumber{};
  }

  const LedgerCore& core_;
  const Ledger::ListRequest& request_;
  ListQuery& query_;
};

}  // namespace

Result<Ledger::List> Ledger::list(const ListRequest& request) const {
  const std::shared_lock files{core_->files_mutex};
  if (auto readable = core_->check_readable(); !readable) return readable.error();
  const auto committed = core_->signal.committed();
  if (request.min_seq && *request.min_seq > committed) return Errc::sequence_in_future;
  if (request.as_of_seq && *request.as_of_seq > committed) return Errc::sequence_in_future;
  if (request.limit == 0 || request.limit > kPageRowsMax) return Errc::invalid_argument;
  ListQuery query{.status = request.status,
                  .issued = request.issued,
                  .expires = request.expires,
                  .expired = request.expired,
                  .revoked = request.revoked,
                  .consent = request.consent,
                  .origin = request.origin,
                  .include_deleted = request.include_deleted,
                  .sort = request.sort,
                  .as_of_seq = request.as_of_seq.value_or(committed),
                  .as_of_time = request.as_of_time.value_or(now()),
                  .after = request.after,
                  .limit = request.limit,
                  .count_total = request.count_total};
  const auto can_match = Resolver{*core_, request, query}.resolve();
  if (!can_match) return can_match.error();
  List list{{}, query.as_of_seq, query.as_of_time};
  if (!*can_match) return list;
  if (!request.q.empty())
    query.text = {clients_like(*core_, request.q), request.q, index_of(request.q)};
  if (auto waited = core_->views->wait_for(committed, kViewWaitMax); !waited) return waited.error();
  auto page = core_->views->list(query);
  if (!page) return page.error();
  list.page = std::move(*page);
  return list;
}

}  // namespace tokenledger

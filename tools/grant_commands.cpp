// `tokenledger grant`: which client may use which API, with which scopes.
#include <memory>

#include "api/rfc3339.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

struct GrantOptions {
  std::string client_id;
  std::string audience;
  std::vector<std::string> scopes;
};

Record record_of(const GrantRecord& grant, const Registries& registries) {
  const auto* client = registries.client(grant.client);
  const auto* api = registries.api(grant.api);
  std::vector<std::string> scopes;
  for (std::size_t bit = 0; bit < api->scope_names.size(); ++bit) {
    if ((grant.scope_mask >> bit & 1) != 0) scopes.push_back(api->scope_names[bit]);
  }
  return {{"client_id", client->client_id},
          {"audience", api->identifier},
          {"scopes", scopes},
          {"created_at", format_rfc3339(to_seconds(grant.created_at))},
          {"seq", grant.updated_seq.value()}};
}

bool is_live(const GrantRecord& grant, const Registries& registries) {
  const auto* client = registries.client(grant.client);
  const auto* api = registries.api(grant.api);
  return !grant.removed && client != nullptr && client->status != ClientStatus::deleted &&
         api != nullptr && !api->deleted;
}

ExitCode list_grants(const CommandLine& line, const std::string& client_id) {
  const auto ledger = open_offline(line);
  const std::vector<std::string> columns = {"client_id", "audience", "scopes", "created_at", "seq"};
  Listing listing{columns, columns, {}, {}};
  bool is_known = client_id.empty();
  ledger->with_registries([&](const Registries& registries) {
    is_known = is_known || registries.find_client(client_id) != nullptr;
    for (const auto& grant : registries.grants()) {
      const bool is_wanted =
          client_id.empty() || registries.client(grant.client)->client_id == client_id;
      if (is_wanted && is_live(grant, registries))
        listing.items.push_back(record_of(grant, registries));
    }
  });
  if (!is_known) fail("list the grants", Errc::client_not_found);
  listing.summary = {{"total", std::uint64_t{listing.items.size()}}};
  print(render(listing, line.format));
  return ExitCode::ok;
}

template <class Change>
ExitCode change(const CommandLine& line, const char* what, const GrantOptions& options) {
  submit_as_host(*open_offline(line), what,
                 Change{options.client_id, options.audience, options.scopes});
  return ExitCode::ok;
}

}  // namespace

void add_grant_commands(CommandLine& line) {
  const auto options = std::make_shared<GrantOptions>();
  auto* group = line.add_group("grant", "Which client may use which API");
  const auto add = [&](const std::string& name, const std::string& description,
                       const std::string& example, bool has_scopes, std::function<ExitCode()> run) {
    auto* command = line.add(group, name, description, example, std::move(run));
    line.add_data_options(command);
    command->add_option("client_id", options->client_id, "The client")->required();
    command->add_option("audience", options->audience, "The API's identifier")->required();
    if (has_scopes) {
      command->add_option("--scope", options->scopes, "May repeat; all that the client may ask for")
          ->required();
    }
  };
  add("add", "Let a client use an API",
      "grant add shop https://api.example/orders --data ./data --scope read", true,
      [&line, options] { return change<AddClientGrant>(line, "add the grant", *options); });
  add("update", "Replace a grant's scopes; for new tokens only",
      "grant update shop https://api.example/orders --data ./data --scope read --scope write", true,
      [&line, options] { return change<UpdateClientGrant>(line, "update the grant", *options); });
  add("remove", "Remove a grant and revoke the tokens issued on it",
      "grant remove shop https://api.example/orders --data ./data", false, [&line, options] {
        submit_as_host(*open_offline(line), "remove the grant",
                       RemoveClientGrant{options->client_id, options->audience});
        return ExitCode::ok;
      });
  auto* list = line.add(group, "list", "List the grants", "grant list --data ./data --client shop",
                        [&line, options] { return list_grants(line, options->client_id); });
  line.add_data_options(list);
  line.add_format_option(list);
  list->add_option("--client", options->client_id, "Only this client's");
}

}  // namespace tokenledger

#include "tests/crash/random_workload.hpp"

#include <array>

#include "storage/ledger.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger::crash_testing {
namespace {

constexpr std::size_t kClientsLive = 4;
constexpr std::array<const char*, 3> kAudiences{"urn:crash:jwt", "urn:crash:opaque",
                                                "urn:crash:eddsa"};
constexpr std::array<std::uint32_t, 6> kLifetimesSeconds{1, 2, 3, 3'600, 80'000, 40 * 86'400};

std::uint64_t below(std::mt19937_64& random, std::uint64_t limit) { return random() % limit; }

std::string any_audience(std::mt19937_64& random) {
  return kAudiences[below(random, kAudiences.size())];
}

CreateApi api_named(const std::string& identifier) {
  CreateApi create{.identifier = identifier, .built_in = false, .settings = {}, .hs256_kid = {}};
  create.settings.name = "crash";
  create.settings.scopes = {{"read", ""}, {"write", ""}};
  create.settings.signing_alg =
      identifier == kAudiences[2] ? SignatureAlgorithm::eddsa : SignatureAlgorithm::es256;
  if (identifier == kAudiences[1]) create.settings.token_format = TokenKind::opaque;
  return create;
}

// The clients that are not deleted and not built in.
std::vector<ClientRecord> live_clients(const Ledger& ledger) {
  std::vector<ClientRecord> found;
  ledger.with_registries([&](const Registries& registries) {
    for (const auto& client : registries.clients())
      if (!client.built_in && client.status != ClientStatus::deleted) found.push_back(client);
  });
  return found;
}

std::optional<ClientRecord> any_client(const Ledger& ledger, std::mt19937_64& random) {
  const auto clients = live_clients(ledger);
  if (clients.empty()) return std::nullopt;
  return clients[below(random, clients.size())];
}

Command by_host(CommandPayload payload) {
  return {Actor{.kind = ActorKind::host}, {}, std::nullopt, std::move(payload)};
}

}  // namespace

RandomWorkload::RandomWorkload(Ledger& ledger, Reports reports)
    : ledger_{ledger}, reports_{std::move(reports)} {}

// A refusal is an answer like any other; only what says that the ledger itself is broken is a
// violation, for nobody has harmed its files.
void RandomWorkload::refused(const boost::system::error_code& error) {
  const auto code = to_errc(error);
  const bool is_broken = code == Errc::unknown_outcome || code == Errc::io_error ||
                         code == Errc::log_corrupt || code == Errc::view_corrupt ||
                         code == Errc::storage_low || code == Errc::key_store_corrupt;
  if (is_broken) reports_.violation(std::string{"the ledger answered "} + errc_name(code));
}

bool RandomWorkload::answered(const Result<Committed>& answer, Acknowledged what) {
  if (!answer) return refused(answer.error()), false;
  what.seq = answer->seq;
  reports_.acknowledged(what);
  if (what.promise != Promise::other) expect_ended(what);
  return true;
}

void RandomWorkload::remember(const Acknowledged& token) {
  const std::scoped_lock lock{mutex_};
  tokens_.push_back(token);
  if (tokens_.size() > kTokensRemembered) tokens_.pop_front();
}

void RandomWorkload::expect_ended(const Acknowledged& end) {
  const std::scoped_lock lock{mutex_};
  for (const auto& token : tokens_) {
    if (token.seq > end.seq) continue;
    const bool is_named = end.promise == Promise::revoked       ? token.index == end.index
                          : end.promise == Promise::api_deleted ? token.name == end.name
                                                                : token.client_id == end.name;
    if (is_named && ledger_.check(token.token, token.name))
      reports_.violation("a token is active after its end was acknowledged (INV-2)");
  }
}

void RandomWorkload::prepare() {
  std::uint64_t clients_ever = 0;
  ledger_.with_registries([&](const Registries& all) { clients_ever = all.clients().size(); });
  for (auto live = live_clients(ledger_).size(); live < kClientsLive; ++live) {
    RegisterClient add{.client_id = "client-" + std::to_string(clients_ever++),
                       .built_in = false,
                       .settings = {},
                       .secret_hash = {}};
    add.settings.name = "crash";
    answered(ledger_.submit(by_host(std::move(add))), {});
  }
  for (const auto* audience : kAudiences) {
    answered(ledger_.submit(by_host(api_named(audience))), {});  // mostly api_exists
    for (const auto& client : live_clients(ledger_))
      answered(ledger_.submit(by_host(AddClientGrant{client.client_id, audience, {"read"}})), {});
  }
}

void RandomWorkload::step(std::mt19937_64& random) {
  // Cascades are rare, or hardly a token would live until somebody looks.
  const auto dice = below(random, 1'000);
  if (dice < 560) return issue(random);
  if (dice < 680) return revoke(random);
  if (dice < 710) return revoke_listed(random);
  if (dice < 722) return toggle_client(random);
  if (dice < 726) return revoke_client(random);
  if (dice < 729) return toggle_api(random);
  if (dice < 732) return toggle_grant(random);
  if (dice < 734) return delete_client(random);
  if (dice < 860) return note();
  look(random);
}

void RandomWorkload::issue(std::mt19937_64& random) {
  const auto client = any_client(ledger_, random);
  if (!client) return prepare();
  const bool is_named = below(random, 4) == 0;
  IssueRequest request;
  const auto audience = any_audience(random);
  request.audience = audience;
  request.lifetime_s = kLifetimesSeconds[below(random, kLifetimesSeconds.size())];
  if (is_named) {
    request.name = "named";
    request.owner = "somebody";
    request.extra_fields = R"({"team":"crash"})";
  } else {
    request.client_id = client->client_id;
  }
  const auto issued = ledger_.issue(std::move(request));
  if (!issued) return refused(issued.error());
  const Acknowledged token{.promise = Promise::issued,
                           .seq = issued->committed.seq,
                           .index = issued->index,
                           .expires_at = issued->expires_at,
                           .name = audience,
                           .client_id = is_named ? "" : client->client_id,
                           .token = issued->token};
  reports_.acknowledged(token);
  remember(token);
}

void RandomWorkload::revoke(std::mt19937_64& random) {
  TokenIndex index;
  {
    const std::scoped_lock lock{mutex_};
    if (tokens_.empty()) return;
    index = tokens_[below(random, tokens_.size())].index;
  }
  Ledger::RevokeRequest request;
  if (below(random, 3) == 0) request.reason = "lost";
  answered(ledger_.revoke(index, std::move(request)),
           {.promise = Promise::revoked, .index = index});
}

// Tokens of earlier lives of the process too.
void RandomWorkload::revoke_listed(std::mt19937_64& random) {
  const auto listed = ledger_.list({.limit = 50});
  if (!listed) return;  // the views may be behind on a busy machine
  const auto& tokens = listed->page.tokens;
  if (tokens.empty()) return;
  const auto index = tokens[below(random, tokens.size())].row.index;
  answered(ledger_.revoke(index, {}), {.promise = Promise::revoked, .index = index});
}

void RandomWorkload::toggle_client(std::mt19937_64& random) {
  const auto client = any_client(ledger_, random);
  if (!client) return;
  if (client->status == ClientStatus::disabled) {
    answered(ledger_.submit(by_host(EnableClient{client->client_id})), {});
    return;
  }
  answered(ledger_.submit(by_host(DisableClient{client->client_id})),
           {.promise = Promise::client_disabled, .name = client->client_id});
}

void RandomWorkload::delete_client(std::mt19937_64& random) {
  const auto client = any_client(ledger_, random);
  if (!client) return;
  const bool is_done = answered(ledger_.submit(by_host(DeleteClient{client->client_id})),
                                {.promise = Promise::client_deleted, .name = client->client_id});
  if (is_done) prepare();
}

void RandomWorkload::revoke_client(std::mt19937_64& random) {
  const auto client = any_client(ledger_, random);
  if (!client) return;
  RevokeTokens command{{SelectorKind::client, client->number.value()}, Cause::admin_manual, {}, {}};
  answered(ledger_.submit(by_host(std::move(command))),
           {.promise = Promise::client_revoked, .name = client->client_id});
}

void RandomWorkload::toggle_api(std::mt19937_64& random) {
  const auto audience = any_audience(random);
  answered(ledger_.submit(by_host(DeleteApi{audience})),
           {.promise = Promise::api_deleted, .name = audience});
  prepare();
}

void RandomWorkload::toggle_grant(std::mt19937_64& random) {
  const auto client = any_client(ledger_, random);
  if (!client) return;
  const auto audience = any_audience(random);
  answered(ledger_.submit(by_host(RemoveClientGrant{client->client_id, audience})), {});
  AddClientGrant add{client->client_id, audience, {"read", "write"}};
  answered(ledger_.submit(by_host(std::move(add))), {});
}

void RandomWorkload::note() { answered(ledger_.append_note("crash", "a note of the host"), {}); }

// Work that acknowledges nothing and still writes files.
void RandomWorkload::look(std::mt19937_64& random) {
  switch (below(random, 4)) {
    case 0:
      if (auto saved = ledger_.snapshot(); !saved) refused(saved.error());
      break;
    case 1:
      if (auto flushed = ledger_.core().views->flush(); !flushed) refused(flushed.error());
      break;
    case 2: static_cast<void>(ledger_.sweep()); break;  // view_behind is no harm
    default: static_cast<void>(ledger_.list({.limit = 20})); break;
  }
}

}  // namespace tokenledger::crash_testing

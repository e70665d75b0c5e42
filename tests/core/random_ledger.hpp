// A ledger in memory that lives through random decided commands, for tests of whatever keeps State.
#pragma once

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/decide.hpp"
#include "core/fold.hpp"
#include "core/invariant.hpp"
#include "core/state.hpp"
#include "core/validity_index.hpp"

namespace tokenledger::testing_support {

class RandomLedger {
 public:
  static constexpr std::uint64_t kLaneCapacity = 16 * std::uint64_t{kChunkTokens};
  static constexpr ValidityIndex::Options kIndexOptions{
      .lane_capacities = {kLaneCapacity, kLaneCapacity, kLaneCapacity, kLaneCapacity}};

  explicit RandomLedger(std::uint64_t seed, int steps = 0) : random_{seed} {
    CreateLedger create{.issuer = "https://issuer.example"};
    for (auto& byte : create.ledger_id) byte = static_cast<std::uint8_t>(random_());
    run(create);
    run(OpenLedger{Incarnation{below(UINT32_MAX) + 1}});
    run(AddKey{SignatureAlgorithm::es256, "key", "public"});
    for (const char* name : {"a", "b"}) add_client(name);
    for (const char* name : {"https://x.example", "https://y.example"}) add_api(name);
    run(AddClientGrant{"a", "https://x.example", {"read", "write"}});
    run(AddClientGrant{"b", "https://y.example", {"read"}});
    for (int i = 0; i < steps; ++i) step();
  }

  // One random command; most succeed.
  void step() {
    now_ += below(3) == 0 ? below(40) * kNanosecondsPerSecond : 1'000;
    switch (below(24)) {
      case 0: return (void)add_client("client-" + std::to_string(below(40)));
      case 1: return (void)add_api("https://api-" + std::to_string(below(10)) + ".example");
      case 2: return (void)run(DisableClient{client()});
      case 3: return (void)run(EnableClient{client()});
      case 4: return (void)(below(4) == 0 && erase<DeleteClient>(client()));
      case 5: return (void)(below(6) == 0 && erase<DeleteApi>(api()));
      case 6: return (void)run(AddClientGrant{client(), api(), {"read"}});
      case 7: return (void)run(UpdateClientGrant{client(), api(), {"read", "write"}});
      case 8: return (void)(below(4) == 0 && remove_grant(client(), api()));
      case 9: return (void)run(RotateClientSecret{client(), digest()});
      case 10: return (void)run(RevokeTokens{{SelectorKind::client, below(3) + 1}});
      case 11: return (void)sweep();
      case 12: return (void)run(OpenLedger{Incarnation{below(UINT32_MAX) + 1}});
      case 13:
        if (below(2) == 0) return (void)erase_owner();
        return (void)run(AppendNote{"topic", {"sealed"}});
      case 14:
      case 15: return (void)revoke();
      default: return (void)issue();
    }
  }

  bool run(CommandPayload payload, Actor actor = {.kind = ActorKind::system}) {
    Command command{.actor = actor, .payload = std::move(payload)};
    if (below(3) == 0) {
      command.idempotency.emplace();
      for (auto& byte : command.idempotency->key) byte = static_cast<std::uint8_t>(random_());
    }
    std::vector<Event> decided;
    const auto decision = decide(state, index, command, LedgerTime{++now_}, decided);
    if (!decision) return false;
    now_ += decided.size();
    for (auto& event : decided) {
      const auto folded = fold(state, index, event);
      LEDGER_INVARIANT(folded.has_value());  // decide only makes what fold accepts
      publish(state, index);
      events.push_back(std::move(event));
    }
    return !decision->refusal;
  }

  // A token on a grant that stands; `skip` leaves counters unused, as refused commands do.
  bool issue(std::uint64_t skip = 0, std::uint32_t lifetime_s = 0) {
    const auto& grants = state.registries.grants();
    const auto& grant = grants[below(static_cast<std::uint32_t>(grants.size()))];
    auto token = blank_token(skip, lifetime_s);
    token.client = grant.client;
    token.grant = grant.number;
    token.apis[0] = {grant.api, grant.scope_mask & (below(2) == 0 ? 1 : 3)};
    return run(token);
  }
  bool revoke() {
    const auto token = any_token();
    return token && run(RevokeToken{*token});
  }
  bool erase_owner() {
    OwnerKeyId owner{};
    for (auto& byte : owner) byte = static_cast<std::uint8_t>(random_());
    return run(EraseOwner{owner, {"sealed"}});
  }
  // A token that was issued and is not retired.
  std::optional<TokenIndex> any_token() {
    const auto lane = static_cast<Lane>(below(kLaneCount));
    std::vector<TokenIndex> tokens;
    index.for_each_entry(lane, 0, UINT64_MAX,
                         [&](TokenIndex token, const IndexEntry&) { tokens.push_back(token); });
    if (tokens.empty()) return std::nullopt;
    return tokens[below(static_cast<std::uint32_t>(tokens.size()))];
  }
  // Names what expired, and retires every chunk that holds nothing else; or half of them.
  bool sweep(bool retire_all = false) {
    SweepExpired sweep{.to = to_seconds(LedgerTime{now_})};
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      index.for_each_entry(
          static_cast<Lane>(lane), 0, UINT64_MAX, [&](TokenIndex token, const IndexEntry& entry) {
            if (entry.expires_at > state.expired_upto && entry.expires_at <= sweep.to)
              sweep.tokens.push_back({entry.expires_at, token});
          });
      const auto& chunks = state.lanes[lane].chunk_expires_at;
      const auto end = std::ranges::find_if(chunks, [&](auto last) { return last > sweep.to; });
      if (end != chunks.begin() && (retire_all || below(2) == 0))
        sweep.retire_below[lane] = state.lanes[lane].oldest +
                                   static_cast<std::uint64_t>(end - chunks.begin()) * kChunkTokens;
    }
    std::ranges::sort(sweep.tokens);
    return run(sweep);
  }
  void advance(std::uint32_t seconds) { now_ += seconds * kNanosecondsPerSecond; }
  // So many nanoseconds before this second; never back.
  void advance_to(UnixSeconds second, std::uint64_t before_ns) {
    now_ = std::max(now_, second.value() * kNanosecondsPerSecond - before_ns);
  }
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }

  State state;
  ValidityIndex index{kIndexOptions};
  std::vector<Event> events;

 protected:
  // A client and an API that stay.
  std::vector<std::string> kept;

  Digest digest() {
    Digest digest;
    for (auto& byte : digest) byte = static_cast<std::uint8_t>(random_());
    return digest;
  }
  [[nodiscard]] UnixSeconds seconds() const { return to_seconds(LedgerTime{now_}); }
  // A token of some lifetime, issued now, that says nothing else yet.
  IssueToken blank_token(std::uint64_t skip = 0, std::uint32_t lifetime_s = 0) {
    const std::uint32_t lifetimes[] = {60, 3'600, 7'200, 86'400, 400'000, 4'000'000};
    if (lifetime_s == 0) lifetime_s = lifetimes[below(6)];
    const auto lane = lane_for_lifetime(lifetime_s);
    const auto& lane_state = state.lanes[static_cast<std::size_t>(lane)];
    return {.index = TokenIndex{lane, lane_state.next + skip},
            .token_sha256 = digest(),
            .key = KeyNumber{1},
            .issued_at = seconds(),
            .expires_at = UnixSeconds{seconds().value() + lifetime_s}};
  }

 private:
  [[nodiscard]] bool is_kept(const std::string& name) const {
    return std::ranges::find(kept, name) != kept.end();
  }
  template <class Delete>
  bool erase(const std::string& name) {
    return !is_kept(name) && run(Delete{name});
  }
  bool remove_grant(const std::string& client_id, const std::string& audience) {
    const bool stays = is_kept(client_id) && is_kept(audience);
    return !stays && run(RemoveClientGrant{client_id, audience});
  }
  bool add_client(const std::string& id) {
    ClientSettings settings{.name = "name of " + id, .redirect_uris = {"https://a.example/cb"}};
    if (below(2) == 0) settings.token_format = TokenKind::jwt;
    return run(RegisterClient{id, false, settings, digest()});
  }
  bool add_api(const std::string& identifier) {
    ApiSettings settings{.name = "an API"};
    settings.scopes = {{"read", "to read"}, {"write", "to write"}};
    settings.signing_alg = SignatureAlgorithm::es256;
    settings.introspectors = {"a"};
    return run(CreateApi{identifier, false, settings, ""});
  }
  std::string client() {
    const auto& all = state.registries.clients();
    return all[below(static_cast<std::uint32_t>(all.size()))].client_id;
  }
  std::string api() {
    const auto& all = state.registries.apis();
    return all[below(static_cast<std::uint32_t>(all.size()))].identifier;
  }

  std::mt19937_64 random_;
  std::uint64_t now_ = 1'800'000'000 * kNanosecondsPerSecond;
};

}  // namespace tokenledger::testing_support

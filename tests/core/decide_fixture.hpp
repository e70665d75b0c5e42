// A small ledger for tests of one rule at a time: the management API, client "app" and API
// "https://api" with a grant between them.
#pragma once

#include <gtest/gtest.h>

#include "core/decide.hpp"
#include "core/fold.hpp"
#include "core/management_scopes.hpp"
#include "core/state.hpp"
#include "core/validity_index.hpp"

namespace tokenledger::testing_support {

class DecideFixture : public testing::Test {
 protected:
  static constexpr std::uint64_t kLaneCapacity = 4 * std::uint64_t{kChunkTokens};
  static constexpr ValidityIndex::Options kIndexOptions{
      .lane_capacities = {kLaneCapacity, kLaneCapacity, kLaneCapacity, kLaneCapacity}};
  static constexpr Actor kHost{.kind = ActorKind::host};
  static constexpr ClientNumber kApp{1};
  static constexpr ApiNumber kApi{2};

  DecideFixture() {
    ok(CreateLedger{{7}, "https://issuer.example"});
    ok(OpenLedger{Incarnation{1}});
    ApiSettings management{.name = "management"};
    for (const auto& scope : kManagementScopes)
      management.scopes.push_back({std::string{scope.name}, std::string{scope.description}});
    management.signing_alg = SignatureAlgorithm::es256;
    ok(CreateApi{std::string{kManagementAudience}, true, management, {}});
    ok(RegisterClient{"app", false, {.name = "an app"}, {}});
    ok(CreateApi{"https://api", false, settings(), {}});
    ok(AddKey{SignatureAlgorithm::es256, "kid", "public"});
    ok(AddClientGrant{"app", "https://api", {"read", "write"}});
  }

  static ApiSettings settings() {
    ApiSettings settings{.name = "an API", .scopes = {{"read", ""}, {"write", ""}}};
    settings.signing_alg = SignatureAlgorithm::es256;
    return settings;
  }

  // The name of the rejection; "" when accepted. Events are folded, those of a refusal, too.
  std::string run(CommandPayload payload, Actor actor = {}) {
    std::vector<Event> events;
    const Command command{actor, {}, idempotency, std::move(payload)};
    now = std::max(now, state.last_recorded_at.value() + 1);
    const auto decided = decide(state, index, command, LedgerTime{now}, events);
    if (!decided) return errc_name(to_errc(decided.error()));
    for (auto& event : events) {
      EXPECT_TRUE(fold(state, index, event));
      log.push_back(std::move(event));
    }
    return decided->refusal ? errc_name(*decided->refusal) : "";
  }
  void ok(CommandPayload payload, Actor actor = {}) {
    EXPECT_EQ(run(std::move(payload), actor), "");
    publish(state, index);
  }
  IssueToken issue(std::uint64_t counter, std::uint32_t lifetime_s = 60) const {
    const UnixSeconds at{seconds()};
    return {.index = TokenIndex{lane_for_lifetime(lifetime_s), counter},
            .client = kApp,
            .grant = GrantNumber{1},
            .key = KeyNumber{1},
            .apis = {{{kApi, 1}}},
            .issued_at = at,
            .expires_at = UnixSeconds{at.value() + lifetime_s}};
  }
  [[nodiscard]] std::uint32_t seconds() const {
    return static_cast<std::uint32_t>(now / kNanosecondsPerSecond);
  }
  void wait(std::uint64_t seconds) { now += seconds * kNanosecondsPerSecond; }

  State state;
  ValidityIndex index{kIndexOptions};
  std::vector<Event> log;
  std::optional<Idempotency> idempotency;
  std::uint64_t now = 1'800'000'000 * kNanosecondsPerSecond;
};

}  // namespace tokenledger::testing_support

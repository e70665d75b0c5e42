// The oracle test: random lives of a ledger, told twice (INV-3, INV-4, INV-6, Z14, Z17-Z23, C3).
//
// At least 1000 sequences of at least 200 commands over at least 4 clients. After each batch State,
// index, statuses and totals agree with a model that shares nothing with the product, and with a
// replay of the encoded events. TOKENLEDGER_ORACLE_SEED and TOKENLEDGER_ORACLE_SEQUENCES override;
// sequence n of a run has the seed plus n, so that one failing sequence can be run alone.
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/event_codec.hpp"
#include "core/fold.hpp"
#include "core/state_codec.hpp"
#include "tests/core/oracle_run.hpp"

namespace oracle {
namespace {

namespace tl = tokenledger;

constexpr std::uint64_t kSequences = 1000;
constexpr std::uint64_t kCommandsPerSequence = 200;
constexpr std::size_t kClientsPerSequence = 4;
// Below this many sequences chance alone may miss something.
constexpr std::uint64_t kSequencesForCoverage = 200;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const given = std::getenv(name);
  return given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
}

// Builds State and index again from the events' bytes, publishing after so many events.
class Replica {
 public:
  std::string follow(const tl::Event& event, bool publishes) {
    const auto bytes = tl::encode_event(event);
    if (!bytes) return "an event was decided that does not encode: " + bytes.error().message();
    const auto decoded = tl::decode_event(*bytes);
    if (!decoded) return "an encoded event does not decode";
    if (!(*decoded == event)) return "an event changed in its bytes";
    if (auto folded = tl::fold(state, index, *decoded); !folded)
      return "replay refuses seq " + std::to_string(event.seq.value());
    if (publishes) tl::publish(state, index);
    return {};
  }

  tl::State state;
  tl::ValidityIndex index{Run::kIndexOptions};
};

std::string compare_replica(const Run& run, const Replica& replica) {
  if (!(replica.state == run.state)) return "State after replay is another one";
  for (const auto& token : run.model.tokens) {
    const auto name = translate(token.issue.token);
    if (replica.index.find(name) != run.index.find(name)) return "an entry differs after replay";
    if (replica.index.is_revoked_individually(name) != run.index.is_revoked_individually(name))
      return "a revocation bit differs after replay";
    if (replica.index.find_class(name) != run.index.find_class(name))
      return "a class differs after replay";
  }
  return compare_registries(run.model, replica.state, replica.index);
}

std::string compare_bytes(const tl::State& live, const tl::State& replayed) {
  const auto bytes = tl::encode_state(live);
  if (bytes != tl::encode_state(replayed)) return "equal states have different bytes";
  tl::State read;
  if (!tl::decode_state(bytes, read)) return "a state's bytes are refused";
  return read == live ? "" : "a state changed in its bytes";
}

std::string live_one(std::uint64_t seed, Tally& tally) {
  Run run{seed, tally};
  Replica replica;
  Replica late;  // publishes seldom, as recovery does
  while (run.commands < kCommandsPerSequence) {
    if (auto no = run.next_batch(); !no.empty()) return no;
    if (auto no = run.compare(); !no.empty()) return no;
    for (const auto& event : run.batch) {
      if (auto no = replica.follow(event, true); !no.empty()) return no;
      if (auto no = late.follow(event, run.chooser.chance(1)); !no.empty()) return "late " + no;
    }
    if (auto no = compare_replica(run, replica); !no.empty()) return no;
    if (!(late.state == run.state)) return "State depends on when it was published";
    if (run.chooser.chance(10)) {
      if (auto no = compare_bytes(run.state, replica.state); !no.empty()) return no;
    }
  }
  if (run.model.clients.size() < kClientsPerSequence) return "too few clients";
  tl::publish(late.state, late.index);
  return compare_replica(run, late);
}

void print(const char* title, const std::map<std::string, std::uint64_t>& counts) {
  std::printf("%s\n", title);
  for (const auto& [name, count] : counts)
    std::printf("  %-50s %10llu\n", name.c_str(), static_cast<unsigned long long>(count));
}

// Every rejection that decide() has, but idempotency_full (131,072 live keys): see decide_test.cpp,
// LimitsThatNoRandomRunReaches.
constexpr tl::Errc kRejections[] = {
    tl::Errc::invalid_argument,     tl::Errc::too_large,          tl::Errc::unauthorized_actor,
    tl::Errc::insufficient_scope,   tl::Errc::client_not_found,   tl::Errc::client_disabled,
    tl::Errc::client_exists,        tl::Errc::api_not_found,      tl::Errc::api_exists,
    tl::Errc::api_built_in,         tl::Errc::client_built_in,    tl::Errc::grant_not_found,
    tl::Errc::grant_exists,         tl::Errc::scope_not_granted,  tl::Errc::scope_unknown,
    tl::Errc::lifetime_too_long,    tl::Errc::expiry_in_the_past, tl::Errc::algorithm_not_allowed,
    tl::Errc::key_not_found,        tl::Errc::key_exists,         tl::Errc::stale_policy,
    tl::Errc::token_not_found,      tl::Errc::not_active,         tl::Errc::already_in_state,
    tl::Errc::idempotency_mismatch, tl::Errc::limit_reached,      tl::Errc::too_many_live_tokens,
    tl::Errc::sweep_mismatch,       tl::Errc::owner_not_found};

constexpr const char* kConflicts[] = {
    "revoke of a token issued in the same batch",
    "two revokes of a token in one batch",
    "revoke after a cascade in the same batch",
    "revoke of a retired token",
    "index issued twice in one batch",
    "issue into a retired chunk",
    "issue below an index committed earlier",
    "issue after disable in the same batch",
    "issue after its grant was removed in the same batch",
    "client changed since it was read, in the same batch",
    "client changed since it was read",
    "API changed since it was read",
    "idempotency key repeated",
    "cascade over a revoked token that has expired since",
    "client disabled, enabled and disabled again with tokens of both times",
    "class number used again",
};

void expect_everything_happened(const Tally& tally) {
  // The model stays in the first format: it has no rules of the second one to compare yet.
  static_assert(tl::kFormatVersion == 2);
  // The kinds of later formats have no rules to be compared yet.
  for (std::size_t kind = 0; kind < tl::kEventKindsOfFormat1; ++kind) {
    const std::string name = tl::event_kind_name(kind);
    const bool never = name == "format_activated";
    EXPECT_EQ(tally.events.contains(name), !never) << name;
  }
  for (const auto rejection : kRejections)
    EXPECT_TRUE(tally.rejections.contains(tl::errc_name(rejection))) << tl::errc_name(rejection);
  for (const auto* const conflict : kConflicts)
    EXPECT_TRUE(tally.conflicts.contains(conflict)) << conflict;
}

TEST(Oracle, StateIndexStatusesTotalsAndReplayAgreeWithTheModelAtEveryPrefix_INV3_INV4_INV6) {
  const auto seed = from_environment("TOKENLEDGER_ORACLE_SEED", std::random_device{}());
  const auto sequences = from_environment("TOKENLEDGER_ORACLE_SEQUENCES", kSequences);
  std::printf("TOKENLEDGER_ORACLE_SEED=%llu TOKENLEDGER_ORACLE_SEQUENCES=%llu\n",
              static_cast<unsigned long long>(seed), static_cast<unsigned long long>(sequences));
  std::fflush(stdout);
  Tally tally;
  for (std::uint64_t i = 0; i < sequences; ++i) {
    const auto difference = live_one(seed + i, tally);
    ASSERT_EQ(difference, "") << "again: TOKENLEDGER_ORACLE_SEED=" << seed + i
                              << " TOKENLEDGER_ORACLE_SEQUENCES=1";
  }
  std::printf("%llu commands, %llu prefixes, %llu tokens compared\n",
              static_cast<unsigned long long>(tally.commands),
              static_cast<unsigned long long>(tally.prefixes),
              static_cast<unsigned long long>(tally.token_checks));
  print("events", tally.events);
  print("rejections", tally.rejections);
  print("situations", tally.conflicts);
  if (sequences >= kSequencesForCoverage) expect_everything_happened(tally);
}

}  // namespace
}  // namespace oracle

// Fills ledgers quickly: many commands on their way at once, and the mixture that P6 asks for.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "bench/ledger_fixture.hpp"

namespace tokenledger::bench {

inline constexpr std::uint64_t kWindow = 4'096;
// A producer that spins would take the core that the views need.
inline constexpr std::chrono::microseconds kPause{100};

// `issue(i, done)` starts one issue; at most kWindow are on their way.
template <class Issue>
[[nodiscard]] std::uint64_t run_window(std::uint64_t count, Issue issue) {
  std::atomic<std::uint64_t> done{0};
  std::atomic<std::uint64_t> failed{0};
  for (std::uint64_t sent = 0; sent < count; ++sent) {
    while (sent - done.load(std::memory_order_acquire) >= kWindow)
      std::this_thread::sleep_for(kPause);
    issue([&](bool ok) {
      if (!ok) failed.fetch_add(1);
      done.fetch_add(1, std::memory_order_release);
    });
  }
  while (done.load() < count) std::this_thread::sleep_for(kPause);
  return failed.load();
}

// A ledger whose log holds 70 % issues, 20 % revocations and 10 % registry changes.
inline void fill_mixed(LedgerFixture& fixture, std::uint64_t events) {
  auto& ledger = fixture.ledger();
  std::vector<TokenIndex> issued;
  std::size_t revoked = 0;
  std::uint64_t sent = 0;
  const auto failed = run_window(events, [&](auto done) {
    Command command;
    const auto turn = sent++ % 10;
    if (turn < 7 || revoked >= issued.size()) {
      command = fixture.issue_command();
      issued.push_back(std::get<IssueToken>(command.payload).index);
    } else if (turn < 9) {
      command = {Actor{.kind = ActorKind::host},
                 {},
                 std::nullopt,
                 RevokeToken{issued[revoked++], Cause::admin_manual, {}}};
    } else {
      UpdateClient update{"bench-client", {}};
      update.settings.name = "bench client";
      command = {Actor{.kind = ActorKind::host}, {}, std::nullopt, std::move(update)};
    }
    ledger.submit_async(std::move(command),
                        [done](Result<Committed> result) { done(result.has_value()); });
  });
  if (failed != 0) throw std::runtime_error{"fill: " + std::to_string(failed) + " refused"};
}

}  // namespace tokenledger::bench

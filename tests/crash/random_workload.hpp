// RandomWorkload: everything a ledger can be asked to do, at random, by several threads, until the
// process dies. What was answered is reported after the answer came, never before.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "core/errc.hpp"
#include "tests/crash/acknowledged.hpp"

namespace tokenledger {
class Ledger;
struct Committed;
}  // namespace tokenledger

namespace tokenledger::crash_testing {

class RandomWorkload {
 public:
  struct Reports {
    std::function<void(const Acknowledged&)> acknowledged;  // any thread
    std::function<void(const std::string&)> violation;      // any thread
  };
  RandomWorkload(Ledger& ledger, Reports reports);

  // Makes the clients, APIs and grants that are missing.
  void prepare();
  // One random action; any thread, each with a generator of its own.
  void step(std::mt19937_64& random);

 private:
  static constexpr std::size_t kTokensRemembered = 512;

  void issue(std::mt19937_64& random);
  void revoke(std::mt19937_64& random);
  void revoke_listed(std::mt19937_64& random);
  void toggle_client(std::mt19937_64& random);
  void delete_client(std::mt19937_64& random);
  void revoke_client(std::mt19937_64& random);
  void toggle_api(std::mt19937_64& random);
  void toggle_grant(std::mt19937_64& random);
  void note();
  void look(std::mt19937_64& random);

  void remember(const Acknowledged& token);
  // INV-2: among the tokens remembered, what this ended must be refused from now on.
  void expect_ended(const Acknowledged& end);
  // Reports the answer of a command; false when it was refused.
  bool answered(const Result<Committed>& answer, Acknowledged what);
  void refused(const boost::system::error_code& error);

  Ledger& ledger_;
  Reports reports_;
  std::mutex mutex_;
  std::deque<Acknowledged> tokens_;  // guarded by mutex_
};

}  // namespace tokenledger::crash_testing

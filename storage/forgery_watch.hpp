// ForgeryWatch looks for tokens that a key of this ledger signed and that the ledger never issued:
// whoever made one has the key (event `forgery_suspected`).
//
// A check needs no signature, so a forged token is refused like any other that is unknown. What a
// check refused for its fingerprint or its jti is copied into a queue, and a thread of the lowest
// priority verifies a sample of it. The check neither waits nor allocates: with the queue full or
// in use the token is counted and let go. Whoever floods the ledger with bad tokens thus hides a
// forged one for a while, and costs no more than the bounds below.
//
// Silent, whatever the signature: a token of another type (id tokens, status lists), one that has
// expired, a jti that this ledger sealed and has no token of now (a restored copy lost it, or it
// was retired), a spelling that is not canonical, a revoked key (its theft is known), and under an
// imported key what was issued up to the second of the import.
//
// Bearer texts are wiped once they were looked at, and stand in no event and no message (INV-5).
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "core/command_people.hpp"

namespace tokenledger {

class Ledger;
class LedgerCore;
class SigningKey;

inline constexpr std::size_t kRefusedTokensWaitingMax = 64;
inline constexpr std::chrono::milliseconds kSignaturePause{50};  // at most 20 are verified a second
inline constexpr std::chrono::milliseconds kLookPause{5};        // at most 200 are read a second
inline constexpr std::uint32_t kForgeryQuietSeconds = 60;        // between two events of one key
inline constexpr std::uint32_t kForgeriesPerDayMax = 64;         // events, of all keys together
// Of one key. Whoever holds the secret of an HS256 API can forge under it as often as they like,
// and must not drown what another key has to tell.
inline constexpr std::uint32_t kForgeriesPerKeyAndDayMax = 16;
inline constexpr int kForgeryWatchNiceness = 19;  // of setpriority(2)

struct ForgeryCounts {
  std::uint64_t skipped = 0;   // refused tokens for which there was no room
  std::uint64_t verified = 0;  // signatures
  std::uint64_t forged = 0;    // good signatures of tokens that were never issued
  std::uint64_t reported = 0;  // events; the other forgeries came too soon after one
};

// How many events there may be. Not thread safe; times do not fall.
class ForgeryLimits {
 public:
  // Whether an event may be written now; then it counts.
  [[nodiscard]] bool take(KeyNumber key, UnixSeconds now);

 private:
  struct OfKey {
    UnixSeconds last;
    std::uint32_t of_day = 0;  // on the day of `last`
  };
  std::map<KeyNumber, OfKey> of_key_;  // at most kKeysMax
  std::uint32_t day_ = 0;
  std::uint32_t of_day_ = 0;
};

// What would be reported if the signature is good.
struct ForgerySuspect {
  ReportForgery report;
  std::shared_ptr<const SigningKey> key;
};
// nullopt: nothing that a good signature would make a forgery. Costs the decoding of a JWT. Any
// thread, until the ledger is closed.
[[nodiscard]] std::optional<ForgerySuspect> find_suspect(const LedgerCore& core,
                                                         std::string_view token);
// One public-key operation.
[[nodiscard]] bool is_forged(const ForgerySuspect& suspect, std::string_view token);

class ForgeryWatch {
 public:
  explicit ForgeryWatch(LedgerCore& core);
  ~ForgeryWatch();
  ForgeryWatch(const ForgeryWatch&) = delete;
  ForgeryWatch& operator=(const ForgeryWatch&) = delete;

  // A token that a check refused: its jti names none that memory holds, or one with another
  // fingerprint. Anything but the three parts of a JWT is ignored. Any thread; never waits.
  void offer(std::string_view token) noexcept;
  // Ends the thread; what waits is not looked at. Idempotent. While commands are still taken.
  void stop();

  [[nodiscard]] ForgeryCounts counts() const noexcept;

 private:
  struct Slots;
  void run();
  [[nodiscard]] bool take(std::string& text);
  // Whether a signature was verified.
  bool look_at(std::string_view token);
  void report(const ReportForgery& report);

  LedgerCore& core_;
  std::atomic<std::uint64_t> skipped_{0}, verified_{0}, forged_{0}, reported_{0};
  ForgeryLimits limits_;  // the thread's own
  std::mutex mutex_;
  std::condition_variable offered_;
  std::condition_variable stopped_;
  bool stops_ = false;            // guarded by mutex_
  std::unique_ptr<Slots> slots_;  // guarded by mutex_
  std::thread thread_;            // last: it uses the rest
};

// Of a ledger's watch. Any thread.
[[nodiscard]] ForgeryCounts forgery_counts(const Ledger& ledger) noexcept;

}  // namespace tokenledger

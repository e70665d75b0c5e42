// StatusListFollower: the thread that keeps the status lists, and the lists as they go out.
// Internal to storage/; see storage/status_lists.hpp.
//
// In rounds: look in the validity index for what ended, compress the lists that changed, swap them.
// A round begins when something was committed, at least kStatusListTick after the one before, and
// later when that one took long, so that the thread takes about a twentieth of a processor; never
// so late that the lists would miss kStatusListLagMax for that reason. Nothing is read from the
// disk and nothing written, so there is nothing to fail. Signing is done by whoever fetches.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/status_list_token.hpp"
#include "storage/status_list_bits.hpp"
#include "storage/status_lists.hpp"

namespace tokenledger {

class LedgerCore;
class SigningKey;

inline constexpr std::chrono::milliseconds kStatusListTick{1'000};
inline constexpr std::chrono::milliseconds kStatusListPauseMax{2'500};
// Signed lists kept; beyond, all are signed again when they are asked for.
inline constexpr std::size_t kSignedListsMax = 4'096;

class StatusListFollower {
 public:
  using Body = StatusLists::Body;

  // `core` must be open and outlive this.
  explicit StatusListFollower(LedgerCore& core);
  ~StatusListFollower();
  StatusListFollower(const StatusListFollower&) = delete;
  StatusListFollower& operator=(const StatusListFollower&) = delete;
  void stop();  // idempotent, for the owner

  // As in StatusLists. Any thread.
  [[nodiscard]] Result<Body> fetch(std::string_view id);
  [[nodiscard]] std::optional<Result<Body>> fetch_in_memory(std::string_view id);
  [[nodiscard]] std::vector<std::string> uris() const;
  [[nodiscard]] StatusListStats stats() const;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  using Encoded = std::shared_ptr<const EncodedStatusList>;
  // What a body is made of.
  struct Source {
    StatusListName name;
    Encoded list;
    std::shared_ptr<const SigningKey> key;
  };

  void run();
  [[nodiscard]] bool round();
  void swap(std::vector<std::pair<StatusListName, Encoded>> changed, Sequence committed,
            SteadyTime began);
  [[nodiscard]] std::shared_ptr<const SigningKey> current_key() const;
  // The body; or, without one, `source` to make it of.
  [[nodiscard]] Result<Body> find(std::string_view id, Source& source);
  [[nodiscard]] Result<Body> sign(const Source& source);
  [[nodiscard]] bool is_late() const;  // with mutex_ held

  LedgerCore& core_;
  const StatusListRange range_;
  const std::string uri_prefix_;
  StatusListBits bits_;  // the thread's own, as the next
  std::uint64_t cascades_seen_ = 0;
  bool is_first_round_ = true;

  mutable std::mutex mutex_;
  std::condition_variable wakes_;
  Encoded all_valid_;                          // guarded by mutex_, as what follows
  std::map<StatusListName, Encoded> encoded_;  // those with a bit
  std::map<StatusListName, Body> signed_;
  std::shared_ptr<const SigningKey> key_;
  bool is_ready_ = false;
  Sequence covered_;        // everything up to here is in the lists
  SteadyTime covered_at_;   // and what was committed before this moment
  StatusListStats counts_;  // lists, bits, signatures
  std::atomic<bool> stops_{false};
  std::thread thread_;
};

}  // namespace tokenledger

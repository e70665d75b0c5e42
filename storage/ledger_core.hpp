// LedgerCore: the parts behind Ledger, and who may touch them. Internal to storage/; replay/ and
// tests read it.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/event_codec.hpp"
#include "core/management_scopes.hpp"
#include "core/merkle.hpp"
#include "core/state.hpp"
#include "core/validity_index.hpp"
#include "storage/clock.hpp"
#include "storage/commit_queue.hpp"
#include "storage/commit_signal.hpp"
#include "storage/directory_lock.hpp"
#include "storage/event_log.hpp"
#include "storage/family_numbers.hpp"
#include "storage/file_layer.hpp"
#include "storage/full_clients.hpp"
#include "storage/head_file.hpp"
#include "storage/key_store.hpp"
#include "storage/ledger.hpp"
#include "storage/ledger_keys.hpp"
#include "storage/ledger_people.hpp"
#include "storage/owner_keys.hpp"
#include "storage/snapshot.hpp"
#include "storage/user_keys.hpp"
#include "storage/views.hpp"

namespace tokenledger {

class AuditFollower;
class AuditTree;
class ForgeryWatch;
class StatusListFollower;

inline constexpr std::size_t kBatchCommandsMax = 4'096;

// Kinds of the key store's entries.
inline constexpr std::uint8_t kFieldKeyKind = 1;     // the key of a personal field, or of an owner
inline constexpr std::uint8_t kOwnerLookupKind = 2;  // storage/owner_keys.hpp
inline constexpr std::uint8_t kUserLookupKind = 3;   // storage/user_keys.hpp
inline constexpr std::uint8_t kPasswordKind = 4;
// Of the key whose id a sealed field begins with.
[[nodiscard]] DataKeyId field_key_id(ByteView key_id);

// Where everything of a ledger lies below its directory.
struct LedgerPaths {
  explicit LedgerPaths(const std::filesystem::path& directory);
  std::filesystem::path directory, lock, keyring, head, log, views, key_store, snapshots;
  std::filesystem::path views_damaged;  // there: the views are to be rebuilt
  std::filesystem::path audit;
  std::filesystem::path backup;  // there: a copy that only `restore` may read
};

// Takes the mark away, durably, once the views were rebuilt; none there is a success.
[[nodiscard]] Result<void> clear_views_damaged(FileLayer& files, const LedgerPaths& paths);

// Whether decide() would find the actor good for this now. Advice only: it may change.
[[nodiscard]] Result<void> check_actor(const LedgerCore& core, const Actor& actor,
                                       ManagementScope scope);

// So long a retired key is published after the last of its tokens expired: as long as verifiers
// keep the key set.
inline constexpr std::uint32_t kKeyPublishedAfterSeconds = 300;

class LedgerCore {
 public:
  LedgerCore(LedgerOptions options);
  ~LedgerCore();

  // --- opening (ledger_open.cpp); single-threaded until start() ---
  Result<void> open(std::string& why);
  Result<void> close();

  // --- the commit thread's own (commit_thread.cpp) ---
  State state;
  CompactRange range;

  // --- written by the commit thread, read by all ---
  ValidityIndex index;
  std::atomic<std::uint64_t> last_recorded_at{0};
  std::atomic<std::uint32_t> expired_upto{0};
  std::atomic<std::uint64_t> cascaded_seq{0};  // of the last batch with a cascade in it
  CommitSignal signal;

  // --- shared ---
  LedgerOptions options;
  LedgerPaths paths;
  std::shared_ptr<FileLayer> files;
  std::shared_ptr<const Clock> clock;
  std::unique_ptr<DirectoryLock> lock;
  std::unique_ptr<EventLog> log;
  std::mutex
      head_mutex;  // HEAD is written by the commit thread and fsynced by the housekeeping thread
  std::unique_ptr<HeadFile> head;
  std::unique_ptr<KeyStore> key_store;
  std::unique_ptr<LedgerKeys> keys;
  OwnerKeys owner_keys{*this};
  UserKeys user_keys{*this};
  LedgerPeople people{*this};
  FullClients full_clients;
  FamilyNumbers family_numbers{*this};
  std::unique_ptr<Views> views;
  std::unique_ptr<ViewsFollower> follower;
  std::unique_ptr<AuditTree> audit;  // null: checkpoints are switched off
  std::unique_ptr<AuditFollower> audit_follower;
  std::unique_ptr<StatusListFollower> status_lists;  // null: switched off; lives as long as this
  std::unique_ptr<ForgeryWatch> forgery_watch;       // since open(), as long as this
  bool awaits_keeper = false;  // what keeps the newest checkpoint was not given: nothing is signed
  CommitQueue queue;
  std::vector<IncarnationRecord> incarnations;  // fixed once open() returned
  bool is_new = false;

  mutable std::shared_mutex registries_mutex;
  Registries registries;  // a copy of state.registries, at most one batch behind

  mutable std::mutex retired_keys_mutex;  // taken after registries_mutex
  // Retired key -> expiry of the last of its tokens; one that is not here was not looked at yet.
  std::map<KeyNumber, UnixSeconds> retired_keys;

  // Others read state.people where it is, for a copy would double the many records of consents:
  // under this lock, which the commit thread takes alone around a fold that changes people.
  // decide() and fold() themselves take none. Taken after files_mutex and registries_mutex.
  mutable std::shared_mutex people_mutex;
  Sequence people_changed_seq;  // of the last such fold; it may not be durable yet

  std::array<std::atomic<std::uint64_t>, kLaneCount> reserved{};  // next counter to hand out
  // A cache line of their own: every check reads them, and their neighbours change with every
  // token.
  alignas(64) std::atomic<bool> poisoned{false};
  std::atomic<bool> closed{false};  // close() began: checks fail closed, reads are refused
  // Held shared by callers' threads that use views or log, alone by close() while it takes them
  // away.
  alignas(64) mutable std::shared_mutex files_mutex;
  std::atomic<bool> storage_low{false};
  std::atomic<bool> views_damaged{false};
  std::atomic<Errc> sweep_error{Errc{}};   // of the last sweep by itself; Errc{}: none
  std::atomic<bool> clock_jumped{false};   // as the commit thread last saw it
  std::atomic<bool> retire_paused{false};  // a snapshot is being copied

  struct Counters {
    std::atomic<std::uint64_t> batches{0}, batch_events_max{0}, commit_ns_total{0};
    std::atomic<std::uint64_t> rejected_queue_full{0}, rejected_storage_low{0};
    std::atomic<std::uint64_t> tokens_issued{0}, tokens_swept{0}, sweep_failures{0};
  } counters;

  // Takes the request or answers why not; never both.
  [[nodiscard]] Result<void> accept(CommitRequest& request);
  [[nodiscard]] Result<Committed> submit(Command command);
  void submit_async(Command command, Ledger::Completion done);
  [[nodiscard]] LedgerTime now() const noexcept;
  // False when the ledger is poisoned or closed: what memory and views say may be overtaken then
  // (INV-6).
  [[nodiscard]] bool can_answer() const noexcept {
    return !poisoned.load(std::memory_order_relaxed) && !closed.load(std::memory_order_relaxed);
  }
  // The same for reads of views and log, which hold files_mutex: unknown_outcome or shutting_down.
  [[nodiscard]] Result<void> check_readable() const;
  // Ciphertext under a fresh key of its own; the commit thread fsyncs the key before the log names
  // it (INV-8).
  [[nodiscard]] Result<Sealed> seal(std::string_view plain);
  // A reason's ciphertext, empty for none. From then on `done` also drops its key when no event
  // came to name it.
  [[nodiscard]] Result<Sealed> seal_reason(const std::string& reason, Ledger::Completion& done);
  // Under a key that is there already.
  [[nodiscard]] Result<Sealed> seal_under(ByteView key_id, std::string_view plain);
  [[nodiscard]] std::optional<std::string> open_sealed(const Sealed& sealed) const;
  [[nodiscard]] bool is_erased(const Sealed& sealed) const;
  // Drops the key, its own, of a field that no event will name: refused commands must not fill the
  // key store.
  void forget(const Sealed& sealed);
  // The key of a new HS256 API, in the keyring from here on; and out of it when no event names it
  // (ledger_api_secret.cpp).
  [[nodiscard]] Result<std::shared_ptr<const SigningKey>> add_api_key();
  [[nodiscard]] Result<std::shared_ptr<const SigningKey>> keep_key(SigningKey key);
  void drop_api_key(const std::string& kid);
  // ledger_signing_keys.cpp
  [[nodiscard]] Result<Ledger::AddedKey> add_signing_key(SigningKey key, bool is_imported,
                                                         const Ledger::KeyRequest& request);
  // Whether verifiers are to have it. Not for a key of an API's own. Any thread.
  [[nodiscard]] bool is_published(const KeyRecord& key) const;
  void look_at_retired_keys();  // housekeeping's
  // What the log says a user is called. Reads the log: under files_mutex, or before
  // start_threads(). user_not_found when it can't be opened any more.
  [[nodiscard]] Result<LedgerPeople::Profile> read_profile(const UserRecord& user) const;
  // Unknown outcome from here on, for everybody (INV-6). Any thread, first caller wins.
  void poison(const std::string& what);
  void warn(const std::string& what) const;

  Result<void> sweep();     // sweeper.cpp
  Result<void> snapshot();  // snapshotter.cpp; any thread, one at a time

 private:
  friend class CommitThread;
  Result<void> open_files(std::string& why);
  Result<void> open_keys(bool exists, std::string& why);
  Result<void> open_log(bool exists, std::string& why);
  Result<void> open_key_store();
  Result<void> recover(std::string& why);
  Result<void> repeat_erasures(std::string& why);  // ledger_erase.cpp
  Result<void> drop_unnamed_user_entries(std::string& why);
  Result<void> adopt_issuer(std::string& why);
  Result<void> check_clock(std::string& why) const;
  Result<void> open_views(std::string& why);
  void mark_views_damaged();
  Result<void> open_audit(std::string& why);
  Result<void> note_keepers(std::string& why);
  Result<void> drop_unnamed_api_keys(std::string& why);
  Result<void> bootstrap(std::string& why);
  Result<void> bootstrap_apis();
  Result<void> bootstrap_keys();
  [[nodiscard]] std::array<std::uint64_t, kLaneCount> retirable(UnixSeconds upto) const;
  void start_threads();
  void start_audit();
  void start_status_lists();  // status_lists.cpp
  // superseded_checkpoint.cpp
  [[nodiscard]] Result<void> refuse_half_cut(std::string& why) const;
  [[nodiscard]] Result<void> note_superseded(std::string& why);
  [[nodiscard]] Result<bool> has_noted(std::string_view body) const;
  void stop_threads();
  void housekeeping();
  void sync_head();
  void compact_key_store();
  void sweep_by_itself();
  Result<void> find_expired(UnixSeconds from, UnixSeconds upto,
                            std::vector<std::pair<UnixSeconds, TokenIndex>>& expired,
                            UnixSeconds& reached) const;
  void look_at_free_space();

  std::unique_ptr<class CommitThread> commit_thread_;
  std::thread housekeeping_thread_;
  std::mutex housekeeping_mutex_;
  std::condition_variable housekeeping_wakes_;
  bool housekeeping_stops_ = false;
  bool sweep_failure_said_ = false;  // the housekeeping thread's
  std::mutex sweep_mutex_;
  std::mutex snapshot_mutex_;
  std::atomic<Sequence> last_snapshot_{Sequence{}};
  std::mutex close_mutex_;
  bool closed_ = false;  // guarded by close_mutex_
};

}  // namespace tokenledger

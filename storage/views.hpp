// Views: RocksDB indexes derived from the events (INV-3), in a second RocksDB of their own.
//
// One column family, a key prefix per view, WAL off, the cursor in the same batch: after a crash
// the views are some prefix of the log and resume at their cursor. One writer (the follower thread,
// or a rebuild); queries on any thread. A failed view write stops the follower; queries then answer
// view_behind and the rest of the ledger goes on.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/errc.hpp"
#include "core/status.hpp"
#include "storage/list_query.hpp"

namespace tokenledger {

class CommitSignal;
struct Event;
class EventLog;
class FileLayer;

inline constexpr std::chrono::milliseconds kViewWaitMax{250};

// What the views say about one token. The fingerprint stands only in the log (at issued_seq): 32
// random bytes per token would double what the views take on disk.
struct TokenRow {
  TokenIndex index;
  Sequence issued_seq;
  LedgerTime recorded_at;  // of the issue event
  UnixSeconds issued_at;   // iat
  UnixSeconds expires_at;
  TokenClass token_class;
  TokenKind kind = TokenKind::jwt;
  Origin origin = Origin::oauth_flow;
  SubjectNumber subject;
  TokenBinding binding;  // of a user's token
  Actor issued_by;
  std::string name;
  Sealed owner;
  Sealed extra_fields;
  std::optional<Revocation> own_revocation;
  Sealed own_reason;
};

struct ListedToken {
  TokenRow row;
  StatusAnswer answer;  // as of the query
};

struct ListPage {
  std::vector<ListedToken> tokens;
  std::optional<ListPosition> next;  // position of the next page; absent at the end
  // As of as_of_seq; 0 unless the query asks. Exact without a filter and for a client alone; else
  // exact, or what was found before the count gave up.
  std::uint64_t total = 0;
  bool total_is_lower_bound = false;
};

struct StatusTotals {
  std::uint64_t issued = 0;
  std::uint64_t active = 0;
  std::uint64_t revoked = 0;
  std::uint64_t expired = 0;
  friend bool operator==(const StatusTotals&, const StatusTotals&) = default;
};

// Compares the stored views with the log while somebody else reads that. One thread; the views must
// outlive it.
class ViewsComparison {
 public:
  virtual ~ViewsComparison() = default;
  // Every event from seq 1 on, in order; those behind the cursor are passed over.
  virtual void add(const Event& event) = 0;
  // Once, after the last event: every row is there and is what the events give. False also when
  // something did not fit or could not be read; what, Views::verify() tells. Reads all rows, on two
  // threads.
  [[nodiscard]] virtual bool agrees() = 0;
};

class Views {
 public:
  struct Options {
    std::filesystem::path directory;
    std::shared_ptr<FileLayer> files;
    std::array<std::uint8_t, 16> ledger_id{};
    bool read_only = false;
    ListBounds list_bounds = {};
    // Runs whenever a call answers view_corrupt, on its thread; may be empty.
    std::function<void()> on_damage = {};
  };

  // Creates or opens. Views of another ledger, or of an older layout, are emptied (and rebuilt by
  // the follower); with read_only they are view_corrupt and outdated_format instead, but none at
  // all are at cursor 0. unsupported_format: a newer program made them. view_corrupt: damaged,
  // destroy() them and open again. io_error.
  [[nodiscard]] static Result<std::unique_ptr<Views>> open(const Options& options);
  // Removes the views' files, so that open() begins with none. Nobody may have them open.
  [[nodiscard]] static Result<void> destroy(const Options& options);
  // The layout of the views that are there, which nobody has open; nullopt: there are none.
  // view_corrupt, io_error.
  [[nodiscard]] static Result<std::optional<std::uint32_t>> layout_of(const Options& options);
  // The layout that open() makes.
  [[nodiscard]] static std::uint32_t layout_made() noexcept;
  virtual ~Views() = default;

  // --- the writer ---
  // Events with seqs cursor() + 1 .. in order; one batch. INV-4: anything else is a broken
  // invariant. log_corrupt: an event does not fit those before it; io_error, view_corrupt. After a
  // failure the cursor stays and every later call fails the same way until rebuild() or a new
  // open().
  [[nodiscard]] virtual Result<void> apply(std::span<const Event> events) = 0;
  // Empties and rebuilds from the log up to `upto`; progress (may be empty) gets the seq reached.
  // Queries meanwhile answer view_behind. Interrupted, the views hold a prefix and the follower
  // goes on from there. Ends a stop (mark_stopped).
  [[nodiscard]] virtual Result<void> rebuild(const EventLog& log, Sequence upto,
                                             const std::function<void(Sequence)>& progress) = 0;
  // Recomputes everything from the log and compares; two threads. When that does not agree, all of
  // it is written beside the stored views, which takes as much space, and compared key by key: the
  // first difference is described in `difference`. view_corrupt when there is one.
  [[nodiscard]] virtual Result<void> verify(const EventLog& log,
                                            const std::function<void(Sequence)>& progress,
                                            std::string& difference) = 0;
  // The same for who reads the log anyway, of views that nobody writes (read_only).
  [[nodiscard]] virtual std::unique_ptr<ViewsComparison> compare() = 0;
  [[nodiscard]] virtual Result<void> flush() = 0;

  // --- readers, any thread ---
  [[nodiscard]] virtual Sequence cursor() const noexcept = 0;
  // view_behind when the cursor does not reach `seq` in time or the follower has stopped.
  [[nodiscard]] virtual Result<void> wait_for(Sequence seq, std::chrono::milliseconds timeout) = 0;
  // nullopt: never issued. As of the cursor.
  [[nodiscard]] virtual Result<std::optional<TokenRow>> token(TokenIndex index) const = 0;
  // view_behind, view_corrupt, io_error: what ended a user's token may have to be read.
  [[nodiscard]] virtual Result<StatusAnswer> status_of(const TokenRow& row, Sequence at_seq,
                                                       LedgerTime at_time) const = 0;
  // invalid_argument: a limit out of range, the status unknown, a client, API or consent number 0,
  // an empty name prefix. view_behind: as_of_seq beyond the cursor. Conditions that exclude each
  // other give an empty list.
  [[nodiscard]] virtual Result<ListPage> list(const ListQuery& query) const = 0;
  // Tokens whose expires_at lies in (from, to], ascending by (expires_at, index), at most
  // `count_max`, but always whole seconds: `reached` is the last second that is complete in the
  // answer. When the first second alone holds more than `count_max` it comes whole all the same, so
  // that a sweep moves on. `out` is replaced.
  [[nodiscard]] virtual Result<void> expiring(UnixSeconds from, UnixSeconds to,
                                              std::size_t count_max,
                                              std::vector<std::pair<UnixSeconds, TokenIndex>>& out,
                                              UnixSeconds& reached) const = 0;
  // Counts every token ever issued at or before at_seq. O(tokens). view_behind.
  [[nodiscard]] virtual Result<StatusTotals> totals(Sequence at_seq, LedgerTime at_time) const = 0;
  // Tokens whose name begins with `prefix`, a-z and A-Z alike, by folded name, then index; at most
  // `count_max`. An empty prefix finds all named tokens.
  [[nodiscard]] virtual Result<std::vector<TokenIndex>> named(std::string_view prefix,
                                                              std::size_t count_max) const = 0;
  // The reason given with the cascade that the event at `seq` is; nullopt: it is none.
  [[nodiscard]] virtual Result<std::optional<Sealed>> reason_of_cascade(Sequence seq) const = 0;
  [[nodiscard]] virtual std::uint64_t bytes_on_disk() const = 0;
  // How many classes of tokens are held in memory, for as long as lists show their tokens: as many
  // as there ever were different contents, so never more than tokens.
  [[nodiscard]] virtual std::uint64_t class_count() const = 0;
  // Makes all waiting and later wait_for() calls fail (the follower stopped).
  virtual void mark_stopped() = 0;
  [[nodiscard]] virtual bool stopped() const noexcept = 0;
};

// The thread that keeps views at the log's durable end. Starts at construction; the destructor
// stops and joins.
class ViewsFollower {
 public:
  ViewsFollower(Views& views, const EventLog& log, CommitSignal& signal,
                std::function<void(Errc)> on_failure);
  ~ViewsFollower();
  ViewsFollower(const ViewsFollower&) = delete;
  ViewsFollower& operator=(const ViewsFollower&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tokenledger

// AsOf: what was true of a ledger at an earlier seq or moment, computed from its log alone.
//
// The log is folded up to the point asked for, with the fold of the running ledger, so the answers
// are those that Views and checks gave then (INV-3). Every status comes from status(). Memory: that
// of State and the validity index at that point. Threads: one; nothing else may use the object
// meanwhile.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/event.hpp"
#include "core/registries.hpp"
#include "core/seal_key.hpp"
#include "core/status.hpp"
#include "storage/event_log.hpp"
#include "storage/views.hpp"

namespace tokenledger {

// The end of the prefix that is folded and the instant at which tokens are judged.
struct AsOfPoint {
  Sequence seq;
  LedgerTime time;
};

// After this event, at the instant it was recorded. sequence_in_future beyond the log; seq 0 is
// invalid_argument.
[[nodiscard]] Result<AsOfPoint> point_at(const EventLog& log, Sequence seq);
// After the last event recorded at or before `time`, judged at `time`. sequence_in_future: the log
// begins later. Reads O(log n) events.
[[nodiscard]] Result<AsOfPoint> point_at(const EventLog& log, LedgerTime time);

struct AsOfQuestion {
  AsOfPoint point;
  // The token to follow. With an incarnation the index counts only under that one (as a jti says).
  std::optional<TokenIndex> token;
  std::optional<Incarnation> incarnation;
  std::function<void(Sequence)> progress;
};

// Everything that the log says about one token up to the point.
struct TokenHistory {
  Event issued;  // holds TokenIssued
  TokenClass token_class;
  std::optional<Event> revoked;   // holds TokenRevoked, the first one
  std::vector<Cascade> cascades;  // that name it, ascending by seq
  StatusAnswer answer;
};

class AsOf {
 public:
  // log_corrupt, unsupported_format: `why` names the seq. sequence_in_future.
  [[nodiscard]] static Result<std::unique_ptr<AsOf>> replay(const EventLog& log,
                                                            const AsOfQuestion& question,
                                                            std::string& why);
  virtual ~AsOf() = default;

  [[nodiscard]] virtual AsOfPoint point() const noexcept = 0;
  // All tokens issued up to the point. O(tokens that are not retired).
  [[nodiscard]] virtual StatusTotals totals() const = 0;
  // nullptr: none was asked for, or it was not issued by then (or under another incarnation).
  [[nodiscard]] virtual const TokenHistory* token() const noexcept = 0;
  [[nodiscard]] virtual const Registries& registries() const noexcept = 0;
  // The jti of an index that was reserved by then; nullopt otherwise.
  [[nodiscard]] virtual std::optional<std::string> jti_of(const SealKey& key,
                                                          TokenIndex index) const = 0;
};

}  // namespace tokenledger

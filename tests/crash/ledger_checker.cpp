#include "tests/crash/ledger_checker.hpp"

#include <map>
#include <variant>

#include "core/event_codec.hpp"
#include "core/sha256.hpp"
#include "core/state_codec.hpp"
#include "storage/ledger.hpp"
#include "storage/ledger_core.hpp"
#include "storage/recovery.hpp"

namespace tokenledger::crash_testing {
namespace {

constexpr std::uint32_t kExpiryMarginSeconds = 3;  // a check near the expiry may say either

struct LoggedToken {
  Sequence issued_seq;
  Digest sha256{};
  UnixSeconds expires_at;
  TokenClass token_class;
  std::optional<LedgerTime> ended_at;  // by whatever came first
};

// What one plain reading of the log says.
struct LogContents {
  std::vector<Event> events;
  std::vector<Digest> digests;
  std::map<TokenIndex, LoggedToken> tokens;
};

bool names(const Selector& selector, const TokenClass& token_class) {
  switch (selector.kind) {
    case SelectorKind::client: return token_class.client.value() == selector.id;
    case SelectorKind::grant: return token_class.grant.value() == selector.id;
    case SelectorKind::key: return token_class.key.value() == selector.id;
    case SelectorKind::all: return true;
    case SelectorKind::consent:
    case SelectorKind::family:
    case SelectorKind::user: return false;  // no TokensRevoked has these
    case SelectorKind::api:
      for (const auto& scopes : token_class.apis)
        if (scopes.api.value() == selector.id) return true;
      return false;
  }
  return false;
}

// What an event ends: tokens that the selector names, issued before `before`.
struct Ending {
  Selector selector;
  Sequence before;
};
std::optional<Ending> ending_of(const Event& event) {
  if (const auto* made = std::get_if<ClientDisabled>(&event.payload))
    return Ending{{SelectorKind::client, made->client.value()}, event.seq};
  if (const auto* made = std::get_if<ClientDeleted>(&event.payload))
    return Ending{{SelectorKind::client, made->client.value()}, event.seq};
  if (const auto* made = std::get_if<ApiDeleted>(&event.payload))
    return Ending{{SelectorKind::api, made->api.value()}, event.seq};
  if (const auto* made = std::get_if<ClientGrantRemoved>(&event.payload))
    return Ending{{SelectorKind::grant, made->grant.value()}, event.seq};
  if (const auto* made = std::get_if<TokensRevoked>(&event.payload))
    return Ending{made->selector, made->before};
  return std::nullopt;
}

class Check {
 public:
  Check(Ledger& ledger, const std::vector<Acknowledged>& promises, CheckedCounts& counts)
      : ledger_{ledger}, core_{ledger.core()}, promises_{promises}, counts_{counts} {}

  std::vector<std::string> run(std::vector<Digest>& known_events) {
    if (!read_log()) return std::move(wrong_);
    compare_with_earlier(known_events);
    for (const auto& promise : promises_) look_for(promise);
    look_at_tokens();
    look_at_views();
    replay_from_scratch();
    counts_.events += log_.events.size();
    counts_.acknowledged += promises_.size();
    known_events = std::move(log_.digests);
    return std::move(wrong_);
  }

 private:
  void wrong(const std::string& what) { wrong_.push_back(what); }
  void wrong_at(Sequence seq, const std::string& what) {
    wrong("seq " + std::to_string(seq.value()) + ": " + what);
  }

  // INV-4; and the tokens with their endings.
  bool read_log() {
    const auto reader = core_.log->read(Sequence{1}, true);
    std::map<std::uint32_t, TokenClass> classes;
    for (;;) {
      const auto bytes = reader->next();
      if (!bytes) return wrong("the log can't be read: " + bytes.error().message()), false;
      if (bytes->empty()) break;
      auto event = decode_event(*bytes);
      if (!event) return wrong("an event does not decode"), false;
      if (event->seq.value() != log_.events.size() + 1) return wrong("the log has a hole"), false;
      if (!log_.events.empty() && event->recorded_at <= log_.events.back().recorded_at)
        wrong_at(event->seq, "its time does not rise");
      log_.digests.push_back(sha256(*bytes));
      take(*event, classes);
      log_.events.push_back(std::move(*event));
    }
    if (log_.events.size() != ledger_.committed().value())
      wrong("committed() is " + std::to_string(ledger_.committed().value()) + " but the log has " +
            std::to_string(log_.events.size()) + " events");
    return true;
  }

  void take(const Event& event, std::map<std::uint32_t, TokenClass>& classes) {
    if (const auto* issued = std::get_if<TokenIssued>(&event.payload)) {
      if (issued->new_class) classes[issued->token_class.value()] = *issued->new_class;
      const auto& token_class = classes[issued->token_class.value()];
      const LoggedToken token{event.seq, issued->token_sha256, issued->expires_at, token_class, {}};
      if (!log_.tokens.emplace(issued->index, token).second)
        wrong_at(event.seq, "issues an index for the second time");
    } else if (const auto* revoked = std::get_if<TokenRevoked>(&event.payload)) {
      const auto found = log_.tokens.find(revoked->index);
      if (found == log_.tokens.end()) return wrong_at(event.seq, "revokes an unknown token");
      if (!found->second.ended_at) found->second.ended_at = event.recorded_at;
    } else if (const auto ending = ending_of(event)) {
      for (auto& [index, token] : log_.tokens) {
        const bool is_hit =
            token.issued_seq < ending->before && names(ending->selector, token.token_class);
        if (is_hit && !token.ended_at) token.ended_at = event.recorded_at;
      }
    }
  }

  // INV-1: what once stood in the log stays as it was.
  void compare_with_earlier(const std::vector<Digest>& known_events) {
    if (log_.digests.size() < known_events.size())
      wrong("the log is shorter than at the last look");
    for (std::size_t i = 0; i < std::min(log_.digests.size(), known_events.size()); ++i)
      if (log_.digests[i] != known_events[i])
        wrong_at(Sequence{i + 1}, "changed since the last look");
  }

  // INV-1: the event that was promised stands where it was promised.
  void look_for(const Acknowledged& promise) {
    if (promise.seq > ledger_.committed())
      return wrong_at(promise.seq, "acknowledged, now missing");
    if (promise.seq == Sequence{}) return wrong("an acknowledgement without a seq");
    const auto& payload = log_.events[promise.seq.value() - 1].payload;
    bool is_there = true;
    switch (promise.promise) {
      case Promise::issued: {
        const auto* issued = std::get_if<TokenIssued>(&payload);
        is_there = issued != nullptr && issued->index == promise.index &&
                   issued->token_sha256 == sha256(bytes_of(promise.token));
        break;
      }
      case Promise::revoked: {
        const auto* revoked = std::get_if<TokenRevoked>(&payload);
        is_there = revoked != nullptr && revoked->index == promise.index;
        break;
      }
      case Promise::client_disabled: is_there = holds<ClientDisabled>(payload); break;
      case Promise::client_deleted: is_there = holds<ClientDeleted>(payload); break;
      case Promise::client_revoked: is_there = holds<TokensRevoked>(payload); break;
      case Promise::api_deleted: is_there = holds<ApiDeleted>(payload); break;
      case Promise::other: break;
    }
    if (!is_there) wrong_at(promise.seq, "another event stands where one was acknowledged");
  }
  template <class T>
  static bool holds(const Payload& payload) {
    return std::holds_alternative<T>(payload);
  }

  // INV-2, from the promises alone and from the log.
  void look_at_tokens() {
    std::map<TokenIndex, Sequence> revoked;
    std::map<std::string, Sequence> client_ended;  // the last one counts for all before it
    std::map<std::string, Sequence> api_ended;
    for (const auto& promise : promises_) {
      const auto raise = [&](Sequence& seq) { seq = std::max(seq, promise.seq); };
      switch (promise.promise) {
        case Promise::revoked: raise(revoked[promise.index]); break;
        case Promise::client_disabled:
        case Promise::client_deleted:
        case Promise::client_revoked: raise(client_ended[promise.name]); break;
        case Promise::api_deleted: raise(api_ended[promise.name]); break;
        case Promise::issued:
        case Promise::other: break;
      }
    }
    for (const auto& promise : promises_) {
      if (promise.promise != Promise::issued) continue;
      const bool is_ended = revoked.contains(promise.index) ||
                            client_ended[promise.client_id] > promise.seq ||
                            api_ended[promise.name] > promise.seq;
      look_at_token(promise, is_ended);
    }
  }

  void look_at_token(const Acknowledged& promise, bool is_ended) {
    ++counts_.tokens;
    counts_.tokens_ended += is_ended ? 1 : 0;
    const auto found = log_.tokens.find(promise.index);
    if (found == log_.tokens.end()) return;  // look_for() has said so
    const auto now = to_seconds(ledger_.now()).value();
    const bool is_good = ledger_.check(promise.token, promise.name);
    const auto answer = ledger_.check_detailed(promise.token, promise.name);
    const bool says_active = is_good || answer.status == TokenStatus::active;
    if (is_ended && says_active) wrong_at(promise.seq, "its token was ended and is active (INV-2)");
    if (found->second.ended_at && says_active)
      wrong_at(promise.seq, "the log ends its token, active");
    if (promise.expires_at.value() <= now && is_good) wrong_at(promise.seq, "expired and active");
    const bool must_be_good =
        !found->second.ended_at && promise.expires_at.value() > now + kExpiryMarginSeconds;
    if (must_be_good && !is_good) wrong_at(promise.seq, "its token is good and was refused");
    if (must_be_good && answer.status != TokenStatus::active)
      wrong_at(promise.seq, "its token is good and check_detailed says no");
    if (!answer.authenticated) wrong_at(promise.seq, "its token's fingerprint does not match");
    if (is_ended && promise.expires_at.value() > now && answer.status != TokenStatus::revoked)
      wrong_at(promise.seq, "its token was ended; check_detailed does not say revoked");
  }

  static TokenStatus expected(const LoggedToken& token, LedgerTime at) {
    const auto expiry = to_time(token.expires_at);
    if (token.ended_at && *token.ended_at < expiry) return TokenStatus::revoked;
    return at >= expiry ? TokenStatus::expired : TokenStatus::active;
  }

  // D03: views and a replay of the log say the same.
  void look_at_views() {
    if (!ledger_.wait_for_views(ledger_.committed())) {
      // A loaded machine may need more than one wait.
      if (auto waited = core_.views->wait_for(ledger_.committed(), std::chrono::seconds{20});
          !waited)
        return wrong("the views do not catch up: " + waited.error().message());
    }
    const auto seq = ledger_.committed();
    const auto at = ledger_.now();
    StatusTotals totals;
    for (const auto& [index, token] : log_.tokens) {
      const auto want = expected(token, at);
      ++totals.issued;
      totals.active += want == TokenStatus::active ? 1 : 0;
      totals.revoked += want == TokenStatus::revoked ? 1 : 0;
      totals.expired += want == TokenStatus::expired ? 1 : 0;
      const auto row = core_.views->token(index);
      if (!row || !*row) {
        wrong_at(token.issued_seq, "the views do not hold its token");
        continue;
      }
      const auto answer = core_.views->status_of(**row, seq, at);
      if (!answer || answer->status != want)
        wrong_at(token.issued_seq, "the views hold another status of its token");
    }
    const auto counted = core_.views->totals(seq, at);
    if (!counted || *counted != totals) wrong("the views' totals are not those of the log");
    std::string difference;
    if (auto same = core_.views->verify(*core_.log, {}, difference); !same)
      wrong("the views are not those of the log: " + difference);
  }

  // INV-3: snapshot and log tail together give what the whole log gives.
  void replay_from_scratch() {
    ValidityIndex::Options options;
    options.lane_capacities = core_.options.lane_capacities;
    ValidityIndex index{options};
    State state;
    CompactRange range;
    const ReplayOptions replay{.upto = ledger_.committed(),
                               .expected_root = {},
                               .hash_leaves = true,
                               .progress = {},
                               .observe = {}};
    std::string why;
    if (auto done = replay_log(*core_.log, state, index, range, replay, why); !done)
      return wrong("replay: " + why);
    if (encode_state(state) != encode_state(core_.state)) wrong("a replay gives another state");
    if (range.root() != core_.range.root()) wrong("a replay gives another root");
    for (const auto& [token, logged] : log_.tokens) {
      const bool is_same =
          index.find(token) == core_.index.find(token) &&
          index.is_revoked_individually(token) == core_.index.is_revoked_individually(token);
      if (!is_same) wrong_at(logged.issued_seq, "a replay gives another index entry");
    }
  }

  Ledger& ledger_;
  LedgerCore& core_;
  const std::vector<Acknowledged>& promises_;
  CheckedCounts& counts_;
  LogContents log_;
  std::vector<std::string> wrong_;
};

}  // namespace

std::vector<std::string> LedgerChecker::check(Ledger& ledger,
                                              const std::vector<Acknowledged>& promises) {
  return Check{ledger, promises, counts_}.run(known_events_);
}

}  // namespace tokenledger::crash_testing

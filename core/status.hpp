// status: what was true of one token at a position of the log and a moment. The one source of every
// reason.
//
// Lists, details, introspection, checks and replay all answer through it; the validity index only
// says good or not.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/event.hpp"
#include "core/token_class.hpp"

namespace tokenledger {

enum class TokenStatus : std::uint8_t { unknown = 0, active = 1, revoked = 2, expired = 3 };

// One row of the log that ends tokens, its own or by a selector.
struct Revocation {
  Cause cause = Cause::admin_manual;
  Actor actor;
  Sequence seq;
  LedgerTime at;
  friend bool operator==(const Revocation&, const Revocation&) = default;
};

// Ends every token that `selector` names and that was issued before `before`.
struct Cascade {
  Selector selector;
  Sequence before;
  Revocation revocation;
  friend bool operator==(const Cascade&, const Cascade&) = default;
};

struct TokenFacts {
  Sequence issued_seq;
  UnixSeconds expires_at;
  TokenClass token_class;
  std::optional<Revocation> own;  // its individual revocation, whenever it came
  TokenBinding binding{};         // a user's token: what it stands on
  SubjectNumber subject{};        // and whose it is
};

struct StatusAnswer {
  TokenStatus status = TokenStatus::unknown;
  std::optional<Revocation> revocation;  // the first that ended it, when revoked
};

// Whether the cascade ends this token.
[[nodiscard]] bool applies(const Cascade& cascade, const TokenFacts& token) noexcept;

// The status as of the log's prefix that ends with `at_seq`, at the instant `at_time`.
//
// `cascades` may hold more than those that apply. unknown: issued after at_seq. A revocation that
// came before expiry is sticky; one that came later (or a cascade over an expired token) changes
// nothing. Of several the earliest counts.
[[nodiscard]] StatusAnswer status(const TokenFacts& token, std::span<const Cascade> cascades,
                                  Sequence at_seq, LedgerTime at_time) noexcept;

// "active", "revoked", "expired", "unknown".
[[nodiscard]] std::string_view status_name(TokenStatus status) noexcept;
// "admin_manual", ..; empty for a value outside the list.
[[nodiscard]] std::string_view cause_name(Cause cause) noexcept;

// The cascade that this event is; nullopt for other kinds.
[[nodiscard]] std::optional<Cascade> cascade_of(const Event& event);

// Cascades by selector. Not thread safe.
class CascadeHistory {
 public:
  void add(const Cascade& cascade);
  // Those that name a selector of the class, ascending by seq. O(their number). A token of a user
  // has selectors of its own beyond these.
  [[nodiscard]] std::vector<Cascade> for_class(const TokenClass& token_class) const;
  // Those that name any selector of the token: its class, binding and subject.
  [[nodiscard]] std::vector<Cascade> for_token(const TokenFacts& token) const;
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  friend bool operator==(const CascadeHistory&, const CascadeHistory&) = default;

 private:
  std::map<std::pair<SelectorKind, std::uint32_t>, std::vector<Cascade>> by_selector_;
  std::size_t size_ = 0;
};

}  // namespace tokenledger

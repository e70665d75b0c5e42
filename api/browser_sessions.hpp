// BrowserSessions: who is signed in at our pages, and since when.
//
// Memory only, and bounded (INV-7): a restart forgets it and everybody signs in again. Of a cookie
// only its SHA-256 is kept (INV-5). A session says which password it began with; the caller
// compares that with the user's own, so a changed password ends the others without a walk. Times
// are the ledger's (Ledger::now), in seconds. Threads: any; one short lock.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/ids.hpp"

namespace tokenledger {

inline constexpr std::size_t kSessionsMax = 65'536;
inline constexpr std::size_t kSessionsPerUserMax = 32;
inline constexpr std::uint32_t kSessionIdleSecondsMax = 3'600;
inline constexpr std::uint32_t kSessionSecondsMax = 12 * 3'600;

struct BrowserSession {
  SubjectNumber user;
  std::uint32_t password_generation = 0;
  UnixSeconds auth_time;  // when the password was checked (OpenID Connect Core §2)
  Sequence since{};       // committed when the account was looked at: what ends it comes after
};

class BrowserSessions {
 public:
  BrowserSessions();
  ~BrowserSessions();
  BrowserSessions(const BrowserSessions&) = delete;
  BrowserSessions& operator=(const BrowserSessions&) = delete;

  // The value for a new session cookie, for somebody whose password was right just now
  // (`session.auth_time`). Always a new value: one that was planted before the sign-in is worth
  // nothing after it. `earlier_cookie`, which may be empty or unknown, is the session that this one
  // takes the place of. Beyond a bound the one used longest ago goes: the user's own beyond
  // kSessionsPerUserMax, anybody's beyond kSessionsMax.
  [[nodiscard]] std::string begin(const BrowserSession& session, std::string_view earlier_cookie);

  // Whose session this is, and counts as a use of it. nullopt: unknown, ended, idle for more than
  // kSessionIdleSecondsMax or begun more than kSessionSecondsMax ago.
  [[nodiscard]] std::optional<BrowserSession> use(std::string_view cookie, UnixSeconds now);

  // Signing out. Unknown ones are no fault.
  void end(std::string_view cookie);
  // At most kSessionsPerUserMax; `but`, which may be empty, stays. How many there were.
  std::size_t end_all(SubjectNumber user, std::string_view but = {});

  [[nodiscard]] std::size_t size() const;

 private:
  class Table;
  std::unique_ptr<Table> table_;
};

}  // namespace tokenledger

#include "api/browser_sessions.hpp"

#include <algorithm>
#include <boost/multi_index/hashed_index.hpp>
#include <boost/multi_index/member.hpp>
#include <boost/multi_index/sequenced_index.hpp>
#include <boost/multi_index_container.hpp>
#include <cstring>
#include <mutex>

#include "api/browser_cookie.hpp"
#include "core/sha256.hpp"

namespace tokenledger {
namespace {

namespace multi = boost::multi_index;

struct Entry {
  Digest cookie{};
  SubjectNumber user;
  BrowserSession session;
  UnixSeconds used_at;
  std::uint64_t order = 0;  // of that use among all: a second may hold many
};

// The key is a SHA-256 of what we drew: nobody chooses where it lands.
struct HashOfDigest {
  std::size_t operator()(const Digest& digest) const noexcept {
    std::size_t word;
    std::memcpy(&word, digest.data(), sizeof word);
    return word;
  }
};
struct HashOfUser {
  std::size_t operator()(SubjectNumber user) const noexcept { return hash_value(user); }
};

struct ByCookie {};
struct ByUser {};
struct ByUse {};  // in the order of their last use: the front has been idle longest

using Entries = multi::multi_index_container<
    Entry,
    multi::indexed_by<
        multi::hashed_unique<multi::tag<ByCookie>, multi::member<Entry, Digest, &Entry::cookie>,
                             HashOfDigest>,
        multi::hashed_non_unique<multi::tag<ByUser>,
                                 multi::member<Entry, SubjectNumber, &Entry::user>, HashOfUser>,
        multi::sequenced<multi::tag<ByUse>>>>;

bool is_over(const Entry& entry, UnixSeconds now) noexcept {
  const auto age_s = [now](UnixSeconds then) {
    return now > then ? now.value() - then.value() : 0;  // the clock may step back a little
  };
  return age_s(entry.used_at) > kSessionIdleSecondsMax ||
         age_s(entry.session.auth_time) > kSessionSecondsMax;
}

}  // namespace

class BrowserSessions::Table {
 public:
  void insert(const Digest& cookie, const BrowserSession& session, const Digest& earlier) {
    const std::scoped_lock lock{mutex_};
    entries_.get<ByCookie>().erase(earlier);
    drop_idle(session.auth_time);
    make_room_for(session.user);
    auto& by_use = entries_.get<ByUse>();
    if (entries_.size() >= kSessionsMax) by_use.pop_front();
    by_use.push_back({.cookie = cookie,
                      .user = session.user,
                      .session = session,
                      .used_at = session.auth_time,
                      .order = ++uses_});
  }

  std::optional<BrowserSession> use(const Digest& cookie, UnixSeconds now) {
    const std::scoped_lock lock{mutex_};
    auto& by_cookie = entries_.get<ByCookie>();
    const auto found = by_cookie.find(cookie);
    if (found == by_cookie.end()) return std::nullopt;
    if (is_over(*found, now)) {
      by_cookie.erase(found);
      return std::nullopt;
    }
    by_cookie.modify(found, [now, order = ++uses_](Entry& entry) {
      entry.used_at = std::max(entry.used_at, now);
      entry.order = order;
    });
    auto& by_use = entries_.get<ByUse>();
    by_use.relocate(by_use.end(), entries_.project<ByUse>(found));
    return found->session;
  }

  void end(const Digest& cookie) {
    const std::scoped_lock lock{mutex_};
    entries_.get<ByCookie>().erase(cookie);
  }

  std::size_t end_all(SubjectNumber user, const Digest& but) {
    const std::scoped_lock lock{mutex_};
    const auto before = entries_.size();
    auto& by_user = entries_.get<ByUser>();
    auto [next, last] = by_user.equal_range(user);
    while (next != last) next = next->cookie == but ? std::next(next) : by_user.erase(next);
    return before - entries_.size();
  }

  std::size_t size() const {
    const std::scoped_lock lock{mutex_};
    return entries_.size();
  }

 private:
  // Each session was put in once, so a few for each one put in are enough.
  static constexpr int kDroppedAtOnceMax = 16;

  void drop_idle(UnixSeconds now) {
    auto& by_use = entries_.get<ByUse>();
    for (int count = 0; count < kDroppedAtOnceMax && !by_use.empty(); ++count) {
      if (!is_over(by_use.front(), now)) return;
      by_use.pop_front();
    }
  }

  void make_room_for(SubjectNumber user) {
    auto& by_user = entries_.get<ByUser>();
    const auto [first, last] = by_user.equal_range(user);
    if (std::distance(first, last) < static_cast<std::ptrdiff_t>(kSessionsPerUserMax)) return;
    by_user.erase(std::min_element(first, last, [](const Entry& left, const Entry& right) {
      return left.order < right.order;
    }));
  }

  mutable std::mutex mutex_;
  Entries entries_;         // guarded by mutex_
  std::uint64_t uses_ = 0;  // guarded by mutex_
};

BrowserSessions::BrowserSessions() : table_{std::make_unique<Table>()} {}
BrowserSessions::~BrowserSessions() = default;

std::string BrowserSessions::begin(const BrowserSession& session, std::string_view earlier_cookie) {
  std::string cookie = make_cookie_value();
  table_->insert(sha256(cookie), session, sha256(earlier_cookie));
  return cookie;
}

std::optional<BrowserSession> BrowserSessions::use(std::string_view cookie, UnixSeconds now) {
  return table_->use(sha256(cookie), now);
}

void BrowserSessions::end(std::string_view cookie) { table_->end(sha256(cookie)); }

std::size_t BrowserSessions::end_all(SubjectNumber user, std::string_view but) {
  return table_->end_all(user, sha256(but));
}

std::size_t BrowserSessions::size() const { return table_->size(); }

}  // namespace tokenledger

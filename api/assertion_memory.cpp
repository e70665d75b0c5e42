#include "api/assertion_memory.hpp"

#include <algorithm>
#include <array>
#include <boost/multi_index/hashed_index.hpp>
#include <boost/multi_index/member.hpp>
#include <boost/multi_index/ordered_index.hpp>
#include <boost/multi_index_container.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstring>
#include <mutex>

#include "core/secret_bytes.hpp"
#include "core/sha256.hpp"
#include "storage/random.hpp"

namespace tokenledger {
namespace {

namespace multi = boost::multi_index;

constexpr std::size_t kKeyBytes = 32;

using IdHash = std::array<std::uint8_t, 16>;

struct Entry {
  IdHash id{};
  ClientNumber client;
  UnixSeconds expires_at;
};

struct HashOfId {  // the key of the HMAC keeps it from being chosen
  std::size_t operator()(const IdHash& id) const noexcept {
    std::size_t word;
    std::memcpy(&word, id.data(), sizeof word);
    return word;
  }
};

struct ById {};
struct ByExpiry {};
using Entries = multi::multi_index_container<
    Entry,
    multi::indexed_by<
        multi::hashed_unique<multi::tag<ById>, multi::member<Entry, IdHash, &Entry::id>, HashOfId>,
        multi::ordered_non_unique<multi::tag<ByExpiry>,
                                  multi::member<Entry, UnixSeconds, &Entry::expires_at>>>>;

UnixSeconds earliest_issue(const VerifiedAssertion& assertion) {
  if (assertion.issued_at.value() != 0) return assertion.issued_at;
  const auto expires_at = assertion.expires_at.value();
  return UnixSeconds{expires_at - std::min(expires_at, kAssertionLifetimeSecondsMax)};
}

}  // namespace

class AssertionMemory::Table {
 public:
  Table() : key_{kKeyBytes} { fill_random(key_.writable()); }

  AssertionUse use(ClientNumber client, const VerifiedAssertion& assertion, UnixSeconds now) {
    const IdHash id = hash_of(client, assertion.id);
    const std::scoped_lock lock{mutex_};
    drop_expired(now);
    // Only after a clock stepped back: its id may be forgotten already.
    if (assertion.expires_at <= dropped_until_) return AssertionUse::replayed;
    if (entries_.get<ById>().contains(id)) return AssertionUse::replayed;
    auto& of_client = per_client_[client.value()];
    if (entries_.size() >= kAssertionIdsMax || of_client >= kAssertionIdsPerClientMax) {
      if (of_client == 0) per_client_.erase(client.value());
      return AssertionUse::too_many;
    }
    ++of_client;
    entries_.insert({.id = id, .client = client, .expires_at = assertion.expires_at});
    return AssertionUse::first;
  }

  std::size_t size() const {
    const std::scoped_lock lock{mutex_};
    return entries_.size();
  }

 private:
  // message = client number (4, little-endian) || id
  IdHash hash_of(ClientNumber client, std::string_view assertion_id) const {
    std::string message;
    for (int shift = 0; shift < 32; shift += 8)
      message += static_cast<char>(client.value() >> shift & 0xFF);
    message += assertion_id;
    const Digest digest = hmac_sha256(key_.view(), bytes_of(message));
    IdHash id;
    std::memcpy(id.data(), digest.data(), id.size());
    return id;
  }

  // At most kAssertionIdsMax, each of which was put in once. An assertion is good until the second
  // before its `exp`, so at `exp` nothing needs to be remembered.
  void drop_expired(UnixSeconds now) {
    dropped_until_ = std::max(dropped_until_, now);
    auto& by_expiry = entries_.get<ByExpiry>();
    while (!by_expiry.empty() && by_expiry.begin()->expires_at <= now) {
      const auto of_client = per_client_.find(by_expiry.begin()->client.value());
      if (--of_client->second == 0) per_client_.erase(of_client);
      by_expiry.erase(by_expiry.begin());
    }
  }

  SecretBytes key_;  // constant after construction
  mutable std::mutex mutex_;
  Entries entries_;                                                   // guarded by mutex_
  UnixSeconds dropped_until_;                                         // guarded by mutex_
  boost::unordered_flat_map<std::uint32_t, std::size_t> per_client_;  // guarded by mutex_
};

AssertionMemory::AssertionMemory(UnixSeconds accepts_from)
    : accepts_from_{accepts_from}, table_{std::make_unique<Table>()} {}
AssertionMemory::~AssertionMemory() = default;

AssertionUse AssertionMemory::use(ClientNumber client, const VerifiedAssertion& assertion,
                                  UnixSeconds now) {
  if (earliest_issue(assertion) < accepts_from_) return AssertionUse::from_before_us;
  return table_->use(client, assertion, now);
}

std::size_t AssertionMemory::size() const { return table_->size(); }

}  // namespace tokenledger

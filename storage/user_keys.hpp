// UserKeys: what the key store holds of users: the way from a login to its user, and the hash of
// the password. The user's data key, under the id that is also the user's name, seals login and
// display name in the log.
//
//   kind                value             named, and so kept at open, by
//   kUserLookupKind     user id, 16       the user's newest UserRegistered or UserUpdated
//   kPasswordKind       Argon2id, <= 128  the user's newest UserPasswordSet
//   kFieldKeyKind       data key, 32      UserRegistered
//
// The id of a lookup is an HMAC of the folded login under the pepper; the id of a password a hash
// of user id and generation, so a new password never overwrites the one that is still good.
//
// What a crash leaves, step by step (as storage/owner_keys.hpp): an entry is stored, then its
// event is submitted, and the commit thread makes both durable in this order. Before the event: an
// entry that no event names, which drop_unnamed() removes at the next open; the earlier one is
// untouched and still good. After the event: the entry that it takes the place of may be left; it
// is not named any more, and goes the same way. So each user has exactly what the log says.
// A copy of the log with a younger key store (a backup) can lack a password that was changed in
// between: nobody signs in with it until another is set.
//
// Threads: any; drop_unnamed() alone.
#pragma once

#include <mutex>
#include <optional>
#include <set>
#include <string_view>

#include "core/errc.hpp"
#include "core/people_records.hpp"
#include "core/secret_bytes.hpp"
#include "storage/key_store.hpp"

namespace tokenledger {

class LedgerCore;

// Entries whose events are on their way; beyond it changes are refused (queue_full).
inline constexpr std::size_t kUserEntriesUnderWayMax = 16'384;

class UserKeys {
 public:
  explicit UserKeys(LedgerCore& core) : core_{core} {}

  // Whose login this is; nullopt: nobody's. `folded` of core/login_name.hpp.
  [[nodiscard]] Result<std::optional<UserId>> find(std::string_view folded) const;
  // The hash of that generation; empty: there is none.
  [[nodiscard]] Result<SecretBytes> password(const UserId& id, SecretGeneration generation) const;

  // An entry for an event to come; settle() must follow. user_exists: the login is somebody's, or
  // about to be. stale_policy: this user's own, of a change that is under way. queue_full.
  [[nodiscard]] Result<DataKeyId> add_login(std::string_view folded, const UserId& id);
  // stale_policy: the next password is being set by somebody else.
  [[nodiscard]] Result<DataKeyId> add_password(const UserId& id, SecretGeneration generation,
                                               std::string_view hash);
  // What became of the event. An entry that no event came to name is dropped, so that refused
  // commands neither fill the key store nor keep a login from others.
  void settle(const DataKeyId& entry, bool is_named);
  // The event that took its place is durable. When this fails the next open does it.
  void drop_superseded_login(std::string_view folded, const UserId& id);
  void drop_superseded_password(const UserId& id, SecretGeneration generation);

  // Forgets all of the user, the data key last; durable after the key store's sync(). Idempotent.
  // Without the login (its data key is gone already) every lookup is read.
  struct Erased {
    UserId id{};
    SecretGeneration generation;
    std::optional<std::string> folded_login;
  };
  [[nodiscard]] Result<void> erase(const Erased& user);

  // At open, once State is what the log says: drops what no user who is not erased has. Returns how
  // many entries that were. Cost: two reads of the key store per user.
  [[nodiscard]] Result<std::size_t> drop_unnamed();

 private:
  [[nodiscard]] DataKeyId lookup_of(std::string_view folded) const;
  [[nodiscard]] Result<UserId> read_lookup(const DataKeyId& lookup) const;
  [[nodiscard]] Result<DataKeyId> add(const DataKeyId& entry, ByteView value);
  [[nodiscard]] Result<std::vector<DataKeyId>> unnamed_logins() const;
  [[nodiscard]] std::vector<DataKeyId> unnamed_passwords() const;

  LedgerCore& core_;
  mutable std::mutex mutex_;
  std::set<DataKeyId> under_way_;  // guarded by mutex_
};

}  // namespace tokenledger

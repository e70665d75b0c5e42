// Erasing an owner or a user (INV-8): the event first, then the keys. The log is the promise, and
// what a crash leaves undone of it the next open does.
#include <algorithm>

#include "core/invariant.hpp"
#include "core/login_name.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

// Compaction writes the live keys once more, and a write that fails there is fatal: an erasure is
// not begun where space may run out.
inline constexpr std::uint64_t kSlackBytes = 64ull * 1024 * 1024;

bool has_room_to_compact(const LedgerCore& core) {
  const auto free = core.files->free_bytes(core.paths.directory);
  return free && *free >= core.key_store->mark().bytes + kSlackBytes;
}

Result<void> erase_key(LedgerCore& core, std::string_view name, const OwnerHandle& handle) {
  if (auto erased = core.owner_keys.erase(name, handle); !erased) return erased;
  return core.key_store->compact();
}

}  // namespace

Result<Committed> Ledger::erase_owner(std::string_view name, EraseRequest request) {
  if (name.empty()) return Errc::invalid_argument;
  if (name.size() > kLabelBytesMax || request.reason.size() > kNoteBodyBytesMax)
    return Errc::too_large;
  // To the end: close() must not give the directory away while the key store is written.
  const std::shared_lock files{core_->files_mutex};
  if (auto readable = core_->check_readable(); !readable) return readable.error();
  const std::scoped_lock one_at_a_time{core_->owner_keys.erasing()};
  const auto handle = core_->owner_keys.find(name);
  if (!handle) return handle.error();
  if (!has_room_to_compact(*core_)) return Errc::storage_low;
  EraseOwner erase;
  if (*handle) std::ranges::copy(**handle, erase.owner.begin());
  if (!request.reason.empty()) {
    auto sealed = core_->seal(request.reason);
    if (!sealed) return sealed.error();
    erase.reason = std::move(*sealed);
  }
  const auto reason = erase.reason;
  auto committed = core_->submit(
      {request.actor, std::move(request.request_id), request.idempotency, std::move(erase)});
  const bool is_ours = committed && !committed->repeated;
  const bool is_unknown = committed.has_error() && committed.error() == Errc::unknown_outcome;
  if (!is_ours && !is_unknown) core_->forget(reason);
  // A repeat erases nothing: the name may belong to a newer owner by now, who was not meant.
  const bool is_logged =
      is_ours || (committed.has_error() && committed.error() == Errc::already_in_state);
  if (!is_logged) return committed;
  LEDGER_INVARIANT(handle->has_value());
  if (auto gone = erase_key(*core_, name, **handle); !gone) {
    core_->poison("could not erase an owner's key: " + gone.error().message());
    return Errc::unknown_outcome;
  }
  return committed;
}

namespace {

// Once the event is durable nothing about the user changes any more, so what the record says now is
// the last login and password: a change of them that was under way either came before, and is in
// the record, or is refused and drops its own entries.
Result<void> erase_user_keys(LedgerCore& core, UserNumber number) {
  std::optional<UserRecord> record;
  core.people.with_people([&](const People& people) { record = *people.user(number); });
  // A repeated request says that somebody was erased, and only by its own word this user.
  if (record->status != UserStatus::erased) return {};
  UserKeys::Erased erased{record->id, record->password_generation, std::nullopt};
  if (const auto profile = core.read_profile(*record)) {
    if (auto folded = fold_login_name(profile->login)) erased.folded_login = std::move(*folded);
  } else if (profile.error() != Errc::user_not_found) {
    return profile.error();
  }
  if (auto gone = core.user_keys.erase(erased); !gone) return gone;
  return core.key_store->compact();
}

}  // namespace

Result<Committed> LedgerPeople::erase_user(UserNumber number, const std::string& reason,
                                           Request request) {
  if (reason.size() > kNoteBodyBytesMax) return Errc::too_large;
  const std::shared_lock files{core_.files_mutex};
  if (auto readable = core_.check_readable(); !readable) return readable.error();
  // The same as for owners: a backup waits until no erasure is half done.
  const std::scoped_lock one_at_a_time{core_.owner_keys.erasing()};
  EraseOwner erase;
  with_people([&](const People& people) {
    if (const auto* record = people.user(number)) erase.owner = record->id;
  });
  if (erase.owner == UserId{}) return Errc::user_not_found;
  if (!has_room_to_compact(core_)) return Errc::storage_low;
  if (!reason.empty()) {
    auto sealed = core_.seal(reason);
    if (!sealed) return sealed.error();
    erase.reason = std::move(*sealed);
  }
  const auto sealed_reason = erase.reason;
  auto committed = core_.submit(
      {request.actor, std::move(request.request_id), request.idempotency, std::move(erase)});
  const bool is_ours = committed && !committed->repeated;
  const bool is_unknown = committed.has_error() && committed.error() == Errc::unknown_outcome;
  if (!is_ours && !is_unknown) core_.forget(sealed_reason);
  // An id is never used again, so whoever was erased before may be erased again.
  const bool is_logged =
      committed || (committed.has_error() && committed.error() == Errc::already_in_state);
  if (!is_logged) return committed;
  if (auto gone = erase_user_keys(core_, number); !gone) {
    core_.poison("could not erase a user's keys: " + gone.error().message());
    return Errc::unknown_outcome;
  }
  return committed;
}

// As below, for entries of users; and what a crash left of changes to them.
Result<void> LedgerCore::drop_unnamed_user_entries(std::string& why) {
  const auto dropped = user_keys.drop_unnamed();
  auto outcome = dropped ? Result<void>{} : Result<void>{dropped.error()};
  if (dropped && *dropped == 0) return {};
  if (outcome) outcome = key_store->compact();
  if (!outcome) {
    why = "can't drop from " + paths.key_store.string() +
          " the logins and passwords that no user has: " + outcome.error().message();
    return outcome;
  }
  warn("dropped " + std::to_string(*dropped) +
       " logins, passwords or keys that no user has from the key store");
  return {};
}

// A crash came between an event and the key store, or somebody put an older copy of that back.
Result<void> LedgerCore::repeat_erasures(std::string& why) {
  const auto erased = owner_keys.erase_again(state.erased_owners);
  auto outcome = erased ? Result<void>{} : Result<void>{erased.error()};
  if (erased && *erased == 0) return {};
  if (outcome) outcome = key_store->compact();
  if (!outcome) {
    why = "can't erase from " + paths.key_store.string() +
          " what the log says was erased: " + outcome.error().message();
    return outcome;
  }
  warn("erased the keys of " + std::to_string(*erased) + (*erased == 1 ? " owner" : " owners") +
       " again: the key store still held them");
  return {};
}

}  // namespace tokenledger

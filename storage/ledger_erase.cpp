// Erasing an owner (INV-8): the event first, then the key. The log is the promise, and what a crash
// leaves undone of it the next open does.
#include <algorithm>

#include "core/invariant.hpp"
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

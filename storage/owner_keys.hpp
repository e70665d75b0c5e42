// OwnerKeys: one data key per owner, and the way from an owner's name to it (INV-8).
//
// The key store holds for each owner the key, under a random id that stands in every event of the
// owner's tokens, and that id under an HMAC of the name. So the tokens of an owner are found by
// name, no name stands anywhere, and erasing the two entries ends both: the ciphertexts open no
// more and nobody finds which tokens were the owner's. The extra fields of the owner's tokens are
// sealed under the same key and end with it.
//
// The key is stored before the lookup and erased after it, and the key store keeps that order
// through every crash: where the key is gone, the lookup is. Threads: any.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>

#include "core/errc.hpp"
#include "storage/key_store.hpp"
#include "storage/list_query.hpp"

namespace tokenledger {

class LedgerCore;

class OwnerKeys {
 public:
  explicit OwnerKeys(LedgerCore& core) : core_{core} {}

  struct SealedFields {
    Sealed owner;
    Sealed extra_fields;  // empty when none were given
  };
  // Ciphertexts under the owner's key, made when this is the first. settle() must follow a success.
  [[nodiscard]] Result<SealedFields> seal(std::string_view name, std::string_view extra_fields);
  // What became of a sealed owner: whether an event names it, or may name it. A key that no event
  // came to name is dropped, so that refused commands do not fill the key store. An empty one is
  // ignored.
  void settle(const Sealed& sealed, bool is_named);

  // nullopt: no token ever had this owner, or the owner was erased.
  [[nodiscard]] Result<std::optional<OwnerHandle>> find(std::string_view name) const;

  // Forgets the owner's key and the lookup that leads to it; durable after the key store's sync(),
  // and no byte is left after its compact(). A lookup of the same name that leads to a newer key
  // stays. Idempotent.
  [[nodiscard]] Result<void> erase(std::string_view name, const OwnerHandle& handle);
  // The same for all owners that the log says were erased, where only the handles are known.
  // Returns how many were still there; reads every lookup if any was.
  [[nodiscard]] Result<std::size_t> erase_again(std::span<const OwnerKeyId> erased);
  // Held from the look-up of a name until its erasure is done: one erasure at a time.
  [[nodiscard]] std::mutex& erasing() noexcept { return erasing_; }

 private:
  // A new key whose events are on their way.
  struct Unnamed {
    DataKeyId lookup;
    std::size_t uses = 0;
  };
  [[nodiscard]] DataKeyId lookup_of(std::string_view name) const;
  // data_key_missing: there is no such lookup.
  [[nodiscard]] Result<OwnerHandle> read_lookup(const DataKeyId& lookup) const;
  [[nodiscard]] Result<OwnerHandle> find_or_make(const DataKeyId& lookup);
  [[nodiscard]] Result<void> drop_key(const OwnerHandle& handle);

  LedgerCore& core_;
  std::mutex erasing_;  // taken before mutex_
  std::mutex mutex_;
  std::map<OwnerHandle, Unnamed> unnamed_;  // guarded by mutex_; at most one per issue on its way
};

}  // namespace tokenledger

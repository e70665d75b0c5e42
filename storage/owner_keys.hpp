// OwnerKeys: one data key per owner, and the way from an owner's name to it (INV-8).
//
// The key store holds for each owner the key, under a random id that stands in every event of the
// owner's tokens, and that id under an HMAC of the name. So the tokens of an owner are found by
// name, no name stands anywhere, and erasing the two entries ends both: the ciphertexts open no
// more and nobody finds which tokens were the owner's. Threads: any.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string_view>

#include "core/errc.hpp"
#include "storage/key_store.hpp"
#include "storage/list_query.hpp"

namespace tokenledger {

class LedgerCore;

class OwnerKeys {
 public:
  explicit OwnerKeys(LedgerCore& core) : core_{core} {}

  // The name's ciphertext under the owner's key, made when this is the first. settle() must follow.
  [[nodiscard]] Result<Sealed> seal(std::string_view name);
  // What became of a sealed owner: whether an event names it, or may name it. A key that no event
  // came to name is dropped, so that refused commands do not fill the key store. An empty one is
  // ignored.
  void settle(const Sealed& sealed, bool is_named);

  // nullopt: no token ever had this owner, or the owner was erased.
  [[nodiscard]] Result<std::optional<OwnerHandle>> find(std::string_view name) const;

 private:
  // A new key whose events are on their way.
  struct Unnamed {
    DataKeyId lookup;
    std::size_t uses = 0;
  };
  [[nodiscard]] DataKeyId lookup_of(std::string_view name) const;
  [[nodiscard]] Result<OwnerHandle> find_or_make(const DataKeyId& lookup);

  LedgerCore& core_;
  std::mutex mutex_;
  std::map<OwnerHandle, Unnamed> unnamed_;  // guarded by mutex_; at most one per issue on its way
};

}  // namespace tokenledger

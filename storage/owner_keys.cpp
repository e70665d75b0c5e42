#include "storage/owner_keys.hpp"

#include <algorithm>

#include "core/sha256.hpp"
#include "storage/ledger_core.hpp"
#include "storage/personal_cipher.hpp"
#include "storage/random.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kOwnerContext = "tokenledger owner v1";

ByteView bytes_of_handle(const OwnerHandle& handle) {
  return bytes_of(std::string_view{handle.data(), handle.size()});
}

}  // namespace

// Under the pepper, which never leaves the keyring: without it names can't be tried out.
DataKeyId OwnerKeys::lookup_of(std::string_view name) const {
  const auto digest =
      personal_lookup(core_.keys->pepper(), bytes_of(std::string{kOwnerContext}.append(name)));
  DataKeyId id{.kind = kOwnerLookupKind, .id = {}};
  std::copy_n(digest.begin(), id.id.size(), id.id.begin());
  return id;
}

Result<std::optional<OwnerHandle>> OwnerKeys::find(std::string_view name) const {
  const auto found = core_.key_store->get(lookup_of(name));
  if (!found) {
    if (found.error() == Errc::data_key_missing) return std::optional<OwnerHandle>{};
    return found.error();
  }
  OwnerHandle handle{};
  if (found->size() != handle.size()) return Errc::key_store_corrupt;
  std::ranges::copy(found->view(), handle.begin());
  return std::optional{handle};
}

Result<OwnerHandle> OwnerKeys::find_or_make(const DataKeyId& lookup) {
  OwnerHandle handle{};
  const auto found = core_.key_store->get(lookup);
  if (found) {
    if (found->size() != handle.size()) return Errc::key_store_corrupt;
    std::ranges::copy(found->view(), handle.begin());
    if (const auto unnamed = unnamed_.find(handle); unnamed != unnamed_.end())
      ++unnamed->second.uses;
    return handle;
  }
  if (found.error() != Errc::data_key_missing) return found.error();
  std::ranges::copy(random_bytes<16>(), handle.begin());
  const auto id = field_key_id(bytes_of_handle(handle));
  if (const auto key = core_.key_store->create_key(id); !key) return key.error();
  if (const auto kept = core_.key_store->put(lookup, bytes_of_handle(handle)); !kept) {
    static_cast<void>(core_.key_store->erase(id));
    return kept.error();
  }
  unnamed_.emplace(handle, Unnamed{lookup, 1});
  return handle;
}

Result<Sealed> OwnerKeys::seal(std::string_view name) {
  if (core_.poisoned.load(std::memory_order_relaxed)) return Errc::unknown_outcome;
  const auto lookup = lookup_of(name);
  const std::scoped_lock lock{mutex_};
  const auto handle = find_or_make(lookup);
  if (!handle) return handle.error();
  return core_.seal_under(bytes_of_handle(*handle), name);
}

void OwnerKeys::settle(const Sealed& sealed, bool is_named) {
  const auto handle = owner_handle(sealed);
  if (!handle) return;
  const std::scoped_lock lock{mutex_};
  const auto unnamed = unnamed_.find(*handle);
  if (unnamed == unnamed_.end()) return;
  if (!is_named) {
    if (--unnamed->second.uses > 0) return;
    // When this fails the key stays, unnamed: no more than a crash would leave.
    static_cast<void>(core_.key_store->erase(unnamed->second.lookup));
    static_cast<void>(core_.key_store->erase(field_key_id(bytes_of_handle(*handle))));
  }
  unnamed_.erase(unnamed);
}

}  // namespace tokenledger

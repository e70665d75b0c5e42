#include "storage/owner_keys.hpp"

#include <algorithm>
#include <set>

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

Result<OwnerHandle> OwnerKeys::read_lookup(const DataKeyId& lookup) const {
  const auto found = core_.key_store->get(lookup);
  if (!found) return found.error();
  OwnerHandle handle{};
  if (found->size() != handle.size()) return Errc::key_store_corrupt;
  std::ranges::copy(found->view(), handle.begin());
  return handle;
}

Result<std::optional<OwnerHandle>> OwnerKeys::find(std::string_view name) const {
  const auto handle = read_lookup(lookup_of(name));
  if (handle) return std::optional{*handle};
  if (handle.error() == Errc::data_key_missing) return std::optional<OwnerHandle>{};
  return handle.error();
}

Result<OwnerHandle> OwnerKeys::find_or_make(const DataKeyId& lookup) {
  const auto found = read_lookup(lookup);
  if (found) {
    if (const auto unnamed = unnamed_.find(*found); unnamed != unnamed_.end())
      ++unnamed->second.uses;
    return found;
  }
  if (found.error() != Errc::data_key_missing) return found.error();
  OwnerHandle handle{};
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

Result<OwnerKeys::SealedFields> OwnerKeys::seal(std::string_view name,
                                                std::string_view extra_fields) {
  if (core_.poisoned.load(std::memory_order_relaxed)) return Errc::unknown_outcome;
  const auto lookup = lookup_of(name);
  // Under one hold: an erasure comes before both fields or after them.
  const std::scoped_lock lock{mutex_};
  const auto handle = find_or_make(lookup);
  if (!handle) return handle.error();
  SealedFields fields;
  auto owner = core_.seal_under(bytes_of_handle(*handle), name);
  if (!owner) return owner.error();
  fields.owner = std::move(*owner);
  if (extra_fields.empty()) return fields;
  auto extra = core_.seal_under(bytes_of_handle(*handle), extra_fields);
  if (!extra) return extra.error();
  fields.extra_fields = std::move(*extra);
  return fields;
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

Result<void> OwnerKeys::drop_key(const OwnerHandle& handle) {
  return core_.key_store->erase_with_room(field_key_id(bytes_of_handle(handle)));
}

Result<void> OwnerKeys::erase(std::string_view name, const OwnerHandle& handle) {
  const auto lookup = lookup_of(name);
  const std::scoped_lock lock{mutex_};
  // A command that is refused from now on must not drop the lookup of the name's next owner.
  unnamed_.erase(handle);
  const auto leads_to = read_lookup(lookup);
  if (leads_to.has_error() && leads_to.error() != Errc::data_key_missing) return leads_to.error();
  if (leads_to && *leads_to == handle) {
    if (auto dropped = core_.key_store->erase_with_room(lookup); !dropped) return dropped;
  }
  return drop_key(handle);
}

Result<std::size_t> OwnerKeys::erase_again(std::span<const OwnerKeyId> erased) {
  const std::scoped_lock lock{mutex_};
  std::set<OwnerHandle> left;
  for (const auto& owner : erased) {
    if (!core_.key_store->contains(field_key_id(owner))) continue;
    OwnerHandle handle{};
    std::ranges::copy(owner, handle.begin());
    left.insert(handle);
  }
  if (left.empty()) return 0;
  for (const auto& lookup : core_.key_store->ids_of(kOwnerLookupKind)) {
    const auto handle = read_lookup(lookup);
    if (!handle) return handle.error();
    if (!left.contains(*handle)) continue;
    if (auto dropped = core_.key_store->erase_with_room(lookup); !dropped) return dropped.error();
  }
  for (const auto& handle : left) {
    if (auto dropped = drop_key(handle); !dropped) return dropped.error();
  }
  return left.size();
}

}  // namespace tokenledger

// Personal and free-text fields: sealed under keys of the key store (INV-8).
#include <algorithm>

#include "storage/ledger_core.hpp"
#include "storage/personal_cipher.hpp"
#include "storage/random.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kFieldContext = "tokenledger field v1";

std::string associated_with(ByteView key_id) {
  std::string associated{kFieldContext};
  associated.append(text_of(key_id));
  return associated;
}

// The id of the key stands before the ciphertext, and is bound to it.
Sealed seal_with(ByteView key, ByteView key_id, std::string_view plain) {
  const auto associated = associated_with(key_id);
  const auto cipher = seal_personal(key, bytes_of(plain), bytes_of(associated));
  Sealed sealed;
  sealed.bytes = text_of(key_id);
  sealed.bytes.append(text_of(cipher));
  return sealed;
}

}  // namespace

DataKeyId field_key_id(ByteView key_id) {
  DataKeyId id{.kind = kFieldKeyKind, .id = {}};
  std::copy_n(key_id.begin(), std::min(key_id.size(), id.id.size()), id.id.begin());
  return id;
}

Result<Sealed> LedgerCore::seal(std::string_view plain) {
  if (poisoned.load(std::memory_order_relaxed)) return Errc::unknown_outcome;
  const auto key_id = random_bytes<16>();
  const auto key = key_store->create_key(field_key_id(key_id));
  if (!key) return key.error();
  return seal_with(key->view(), key_id, plain);
}

Result<Sealed> LedgerCore::seal_under(ByteView key_id, std::string_view plain) {
  const auto key = key_store->get(field_key_id(key_id));
  if (!key) return key.error();
  return seal_with(key->view(), key_id, plain);
}

void LedgerCore::forget(const Sealed& sealed) {
  const auto handle = owner_handle(sealed);
  if (!handle) return;
  // When this fails the key stays, unnamed: no more than a crash would leave.
  static_cast<void>(
      key_store->erase(field_key_id(bytes_of(std::string_view{handle->data(), handle->size()}))));
}

bool LedgerCore::is_erased(const Sealed& sealed) const {
  const auto bytes = bytes_of(sealed.bytes);
  if (bytes.size() < DataKeyId{}.id.size()) return false;
  return !key_store->contains(field_key_id(bytes.first(DataKeyId{}.id.size())));
}

std::optional<std::string> LedgerCore::open_sealed(const Sealed& sealed) const {
  const auto bytes = bytes_of(sealed.bytes);
  if (bytes.size() < DataKeyId{}.id.size()) return std::nullopt;
  const auto key_id = bytes.first(DataKeyId{}.id.size());
  const auto key = key_store->get(field_key_id(key_id));
  if (!key) return std::nullopt;
  const auto associated = associated_with(key_id);
  const auto plain = open_personal(key->view(), bytes.subspan(key_id.size()), bytes_of(associated));
  if (!plain) return std::nullopt;
  return std::string{text_of(plain->view())};
}

}  // namespace tokenledger

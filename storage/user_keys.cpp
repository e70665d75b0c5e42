#include "storage/user_keys.hpp"

#include <algorithm>
#include <map>

#include "core/login_name.hpp"
#include "core/password.hpp"
#include "core/sha256.hpp"
#include "storage/ledger_core.hpp"
#include "storage/personal_cipher.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kLoginContext = "tokenledger user v1";
constexpr std::string_view kPasswordContext = "tokenledger password v1";
static_assert(kPasswordHashBytesMax <= KeyStore::kValueBytesMax);

DataKeyId entry_of(std::uint8_t kind, const Digest& digest) {
  DataKeyId entry{.kind = kind, .id = {}};
  std::copy_n(digest.begin(), entry.id.size(), entry.id.begin());
  return entry;
}

// Needs no secrecy: the id of the user is random, and the value behind it is sealed.
DataKeyId password_entry(const UserId& id, SecretGeneration generation) {
  std::string text{kPasswordContext};
  text.append(text_of(id));
  for (unsigned shift = 0; shift < 32; shift += 8)
    text.push_back(static_cast<char>(generation.value() >> shift));
  return entry_of(kPasswordKind, sha256(bytes_of(text)));
}

}  // namespace

// Under the pepper, which never leaves the keyring: without it logins can't be tried out.
DataKeyId UserKeys::lookup_of(std::string_view folded) const {
  const auto text = std::string{kLoginContext}.append(folded);
  return entry_of(kUserLookupKind, personal_lookup(core_.keys->pepper(), bytes_of(text)));
}

Result<UserId> UserKeys::read_lookup(const DataKeyId& lookup) const {
  const auto found = core_.key_store->get(lookup);
  if (!found) return found.error();
  UserId id{};
  if (found->size() != id.size()) return Errc::key_store_corrupt;
  std::ranges::copy(found->view(), id.begin());
  return id;
}

Result<std::optional<UserId>> UserKeys::find(std::string_view folded) const {
  const auto id = read_lookup(lookup_of(folded));
  if (id) return std::optional{*id};
  if (id.error() == Errc::data_key_missing) return std::optional<UserId>{};
  return id.error();
}

Result<SecretBytes> UserKeys::password(const UserId& id, SecretGeneration generation) const {
  if (generation == SecretGeneration{}) return SecretBytes{};
  auto hash = core_.key_store->get(password_entry(id, generation));
  if (hash.has_error() && hash.error() == Errc::data_key_missing) return SecretBytes{};
  return hash;
}

// Called with mutex_ held.
Result<DataKeyId> UserKeys::add(const DataKeyId& entry, ByteView value) {
  if (under_way_.size() >= kUserEntriesUnderWayMax) return Errc::queue_full;
  if (auto kept = core_.key_store->put(entry, value); !kept) return kept.error();
  under_way_.insert(entry);
  return entry;
}

Result<DataKeyId> UserKeys::add_login(std::string_view folded, const UserId& id) {
  const auto entry = lookup_of(folded);
  const std::scoped_lock lock{mutex_};
  const auto owner = read_lookup(entry);
  if (owner) return *owner == id ? Errc::stale_policy : Errc::user_exists;
  if (owner.error() != Errc::data_key_missing) return owner.error();
  return add(entry, id);
}

Result<DataKeyId> UserKeys::add_password(const UserId& id, SecretGeneration generation,
                                         std::string_view hash) {
  const auto entry = password_entry(id, generation);
  const std::scoped_lock lock{mutex_};
  if (under_way_.contains(entry)) return Errc::stale_policy;
  // Another one may have been set, and settled, since the caller looked: its hash stays.
  bool is_next = false;
  core_.people.with_people([&](const People& people) {
    const auto* user = people.user(people.find_user(id));
    is_next = user != nullptr && user->password_generation.next() == generation;
  });
  return is_next ? add(entry, bytes_of(hash)) : Result<DataKeyId>{Errc::stale_policy};
}

void UserKeys::settle(const DataKeyId& entry, bool is_named) {
  const std::scoped_lock lock{mutex_};
  if (under_way_.erase(entry) == 0 || is_named) return;
  // When this fails the entry stays, unnamed: no more than a crash would leave.
  static_cast<void>(core_.key_store->erase_with_room(entry));
}

void UserKeys::drop_superseded_login(std::string_view folded, const UserId& id) {
  const auto entry = lookup_of(folded);
  const std::scoped_lock lock{mutex_};
  const auto owner = read_lookup(entry);
  if (owner && *owner == id) static_cast<void>(core_.key_store->erase(entry));
}

void UserKeys::drop_superseded_password(const UserId& id, SecretGeneration generation) {
  if (generation == SecretGeneration{}) return;
  static_cast<void>(core_.key_store->erase(password_entry(id, generation)));
}

Result<void> UserKeys::erase(const Erased& user) {
  const std::scoped_lock lock{mutex_};
  auto& store = *core_.key_store;
  std::vector<DataKeyId> lookups;
  if (user.folded_login) {
    lookups.push_back(lookup_of(*user.folded_login));
  } else {
    lookups = store.ids_of(kUserLookupKind);
  }
  for (const auto& lookup : lookups) {
    const auto owner = read_lookup(lookup);
    if (owner.has_error() && owner.error() == Errc::data_key_missing) continue;
    if (!owner) return owner.error();
    if (*owner != user.id) continue;
    if (auto erased = store.erase_with_room(lookup); !erased) return erased;
  }
  // The one before may be left when dropping it failed.
  const auto newest = user.generation.value();
  for (auto generation = newest > 1 ? newest - 1 : 1; generation <= newest; ++generation) {
    const auto entry = password_entry(user.id, SecretGeneration{generation});
    if (auto erased = store.erase_with_room(entry); !erased) return erased;
  }
  return store.erase_with_room(field_key_id(user.id));
}

// A user with one lookup has the right one: the next is stored before the event, and the one before
// dropped after it. Of several, the one of the login that the log says.
Result<std::vector<DataKeyId>> UserKeys::unnamed_logins() const {
  std::vector<DataKeyId> unnamed;
  std::map<UserId, std::vector<DataKeyId>> of_users;
  for (const auto& lookup : core_.key_store->ids_of(kUserLookupKind)) {
    const auto id = read_lookup(lookup);
    if (!id) return id.error();
    of_users[*id].push_back(lookup);
  }
  const auto& people = core_.state.people;
  for (const auto& [id, lookups] : of_users) {
    const auto* record = people.user(people.find_user(id));
    const bool is_there = record != nullptr && record->status != UserStatus::erased;
    if (is_there && lookups.size() == 1) continue;
    std::optional<DataKeyId> right;
    if (is_there) {
      const auto profile = core_.read_profile(*record);
      if (!profile) return profile.error();
      if (const auto folded = fold_login_name(profile->login)) right = lookup_of(*folded);
    }
    for (const auto& lookup : lookups)
      if (lookup != right) unnamed.push_back(lookup);
    // The data key of a registration that came to nothing; of an erased user it is gone.
    if (record == nullptr) unnamed.push_back(field_key_id(id));
  }
  return unnamed;
}

std::vector<DataKeyId> UserKeys::unnamed_passwords() const {
  auto stored = core_.key_store->ids_of(kPasswordKind);
  if (stored.empty()) return stored;
  std::vector<DataKeyId> named;
  for (const auto& user : core_.state.people.users()) {
    const bool has_password =
        user.status != UserStatus::erased && user.password_generation != SecretGeneration{};
    if (has_password) named.push_back(password_entry(user.id, user.password_generation));
  }
  std::ranges::sort(named);
  std::vector<DataKeyId> unnamed;
  std::ranges::set_difference(stored, named, std::back_inserter(unnamed));
  return unnamed;
}

Result<std::size_t> UserKeys::drop_unnamed() {
  auto unnamed = unnamed_logins();
  if (!unnamed) return unnamed.error();
  std::ranges::copy(unnamed_passwords(), std::back_inserter(*unnamed));
  for (const auto& entry : *unnamed) {
    if (auto dropped = core_.key_store->erase_with_room(entry); !dropped) return dropped.error();
  }
  return unnamed->size();
}

}  // namespace tokenledger

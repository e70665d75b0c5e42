// Reading users, and judging who signs in.
#include "storage/ledger_people.hpp"

#include <chrono>

#include "core/login_name.hpp"
#include "core/password.hpp"
#include "core/user_id.hpp"
#include "storage/ledger_core.hpp"
#include "storage/log_events.hpp"

namespace tokenledger {
namespace {

using namespace std::chrono_literals;
// As readers of the views wait: a commit takes some milliseconds.
constexpr std::chrono::milliseconds kShowWaitMax = 250ms;

const Sealed* login_of(const Event& event) {
  if (const auto* registered = std::get_if<UserRegistered>(&event.payload))
    return &registered->login;
  const auto* updated = std::get_if<UserUpdated>(&event.payload);
  return updated == nullptr ? nullptr : &updated->login;
}

const Sealed* display_name_of(const Event& event) {
  if (const auto* registered = std::get_if<UserRegistered>(&event.payload))
    return &registered->display_name;
  const auto* updated = std::get_if<UserUpdated>(&event.payload);
  return updated == nullptr ? nullptr : &updated->display_name;
}

}  // namespace

void LedgerPeople::with_people(const std::function<void(const People&)>& read) const {
  const std::shared_lock lock{core_.people_mutex};
  read(core_.state.people);
}

Result<void> LedgerPeople::show_people(const std::function<void(const People&)>& read) const {
  if (auto readable = core_.check_readable(); !readable) return readable;
  Sequence seen;
  {
    const std::shared_lock lock{core_.people_mutex};
    read(core_.state.people);
    seen = core_.people_changed_seq;
  }
  const auto give_up_at = std::chrono::steady_clock::now() + kShowWaitMax;
  auto committed = core_.signal.committed();
  while (committed < seen) {
    if (auto readable = core_.check_readable(); !readable) return readable;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        give_up_at - std::chrono::steady_clock::now());
    if (left <= 0ms || core_.signal.stopped()) return Errc::view_behind;
    committed = core_.signal.wait_beyond(committed, left);
  }
  return core_.check_readable();
}

std::optional<LedgerPeople::FoundUser> LedgerPeople::find(
    const std::function<UserNumber(const People&)>& number_of) const {
  std::optional<FoundUser> found;
  with_people([&](const People& people) {
    const auto number = number_of(people);
    const auto* record = people.user(number);
    if (record != nullptr && record->status != UserStatus::erased)
      found = FoundUser{number, *record};
  });
  return found;
}

std::optional<LedgerPeople::FoundUser> LedgerPeople::find_user(std::string_view user_id) const {
  const auto id = parse_user_id(user_id);
  if (!id) return std::nullopt;
  return find([&](const People& people) { return people.find_user(*id); });
}

std::optional<LedgerPeople::FoundUser> LedgerPeople::user(UserNumber number) const {
  return find([&](const People&) { return number; });
}

Result<std::optional<LedgerPeople::FoundUser>> LedgerPeople::find_login(
    std::string_view login) const {
  const auto folded = fold_login_name(login);
  if (!folded) return std::optional<FoundUser>{};
  const auto id = core_.user_keys.find(*folded);
  if (!id) return id.error();
  if (!*id) return std::optional<FoundUser>{};
  return find([&](const People& people) { return people.find_user(**id); });
}

Result<LedgerPeople::FoundUser> LedgerPeople::durable_user(UserNumber number) const {
  std::optional<FoundUser> found;
  const auto seen = show_people([&](const People& people) {
    const auto* record = people.user(number);
    if (record != nullptr && record->status != UserStatus::erased)
      found = FoundUser{number, *record};
  });
  if (!seen) return seen.error();
  return found ? Result<FoundUser>{*found} : Errc::user_not_found;
}

Result<LedgerPeople::Profile> LedgerPeople::profile(UserNumber number) const {
  const auto found = durable_user(number);
  if (!found) return found.error();
  const std::shared_lock files{core_.files_mutex};
  if (auto readable = core_.check_readable(); !readable) return readable.error();
  return core_.read_profile(found->record);
}

Result<LedgerPeople::Profile> LedgerCore::read_profile(const UserRecord& user) const {
  const auto event = read_event(*log, user.profile_seq);
  if (!event) return event.error();
  const auto* login = login_of(*event);
  if (login == nullptr) return Errc::log_corrupt;
  auto plain = open_sealed(*login);
  if (!plain) return is_erased(*login) ? Errc::user_not_found : Errc::key_store_corrupt;
  const auto display_name = open_sealed(*display_name_of(*event));
  return LedgerPeople::Profile{std::move(*plain), display_name.value_or("")};
}

Result<LedgerPeople::SignIn> LedgerPeople::sign_in_of(const std::optional<FoundUser>& user) const {
  SignIn sign_in;
  if (!user || user->record.status != UserStatus::enabled) return sign_in;
  const auto hash = core_.user_keys.password(user->record.id, user->record.password_generation);
  if (!hash) return hash.error();
  if (hash->view().empty()) return sign_in;
  sign_in.hash = text_of(hash->view());
  sign_in.user = user->number;
  sign_in.generation = user->record.password_generation;
  return sign_in;
}

Result<LedgerPeople::SignIn> LedgerPeople::find_sign_in(std::string_view login) const {
  if (auto readable = core_.check_readable(); !readable) return readable.error();
  const auto found = find_login(login);
  return found ? sign_in_of(*found) : found.error();
}

Result<LedgerPeople::SignIn> LedgerPeople::find_sign_in(UserNumber number) const {
  if (auto readable = core_.check_readable(); !readable) return readable.error();
  return sign_in_of(user(number));
}

bool LedgerPeople::may_act(UserNumber number, SecretGeneration generation, Sequence since) const {
  if (!core_.can_answer() || generation == SecretGeneration{}) return false;
  const auto found = user(number);
  return found && found->record.status == UserStatus::enabled &&
         found->record.password_generation == generation &&
         since >= found->record.codes_ended_before;
}

Result<Actor> LedgerPeople::sign_in(std::string_view login, std::string_view password) const {
  const auto account = find_sign_in(login);
  if (!account) return account.error();
  const auto verdict = check_password(account->hash, password);
  if (!verdict) return verdict.error();
  // The user may have been disabled while the password was checked.
  const bool is_right =
      *verdict != PasswordVerdict::wrong && may_act(account->user, account->generation);
  if (!is_right) return Errc::unauthorized_actor;
  return Actor{.kind = ActorKind::user, .generation = account->generation, .user = account->user};
}

}  // namespace tokenledger

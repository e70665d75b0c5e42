// Changing users: what is in the key store first, then the event, then what it takes the place of.
// Each step's crash is walked through in storage/user_keys.hpp.
#include "core/login_name.hpp"
#include "core/password.hpp"
#include "storage/commit_wait.hpp"
#include "storage/ledger_core.hpp"
#include "storage/random.hpp"

namespace tokenledger {
namespace {

// Whether the log may hold the event of a command that came out so.
bool may_be_named(const Result<Committed>& result) {
  return result ? !result->repeated : result.error() == Errc::unknown_outcome;
}

Result<void> check_display_name(std::string_view name) {
  if (name.size() > kDisplayNameBytesMax) return Errc::too_large;
  const bool is_text = name.empty() || is_person_text(name, kDisplayNameBytesMax);
  return is_text ? Result<void>{} : Errc::invalid_argument;
}

Command command_of(LedgerPeople::Request request, CommandPayload payload) {
  return {request.actor, std::move(request.request_id), request.idempotency, std::move(payload)};
}

// Refuses, unless the request repeats one that went through: only decide() knows that, so it gets
// `probe`, a command of the same kind that it refuses as invalid_argument.
void refuse_unless_repeated(LedgerCore& core, Errc refusal, LedgerPeople::Request request,
                            CommandPayload probe, Ledger::Completion done) {
  if (!request.idempotency) return done(refusal);
  core.submit_async(command_of(std::move(request), std::move(probe)),
                    [refusal, done = std::move(done)](Result<Committed> result) {
                      const bool is_refused =
                          result.has_error() && result.error() == Errc::invalid_argument;
                      done(is_refused ? Result<Committed>{refusal} : std::move(result));
                    });
}

Result<Sealed> seal_if_any(LedgerCore& core, const UserId& id, std::string_view plain) {
  return plain.empty() ? Sealed{} : core.seal_under(id, plain);
}

}  // namespace

void LedgerPeople::register_user_async(const NewUser& user, Request request,
                                       std::function<void(Result<Registered>)> done) {
  if (auto readable = core_.check_readable(); !readable) return done(readable.error());
  const auto folded = fold_login_name(user.login);
  if (!folded) return done(folded.error());
  if (auto named = check_display_name(user.display_name); !named) return done(named.error());
  RegisterUser add;
  std::ranges::copy(random_bytes<16>(), add.id.begin());
  const auto lookup = core_.user_keys.add_login(*folded, add.id);
  if (!lookup) {
    // Its id of zeros is nobody's.
    const auto refusal = to_errc(lookup.error());
    return refuse_unless_repeated(core_, refusal, std::move(request), RegisterUser{},
                                  [done = std::move(done)](const Result<Committed>& result) {
                                    if (!result) return done(result.error());
                                    done(Registered{*result, {}});
                                  });
  }
  auto settle = [&core = core_, lookup = *lookup, id = add.id,
                 done = std::move(done)](const Result<Committed>& result) {
    const bool is_named = may_be_named(result);
    core.user_keys.settle(lookup, is_named);
    if (!is_named) static_cast<void>(core.key_store->erase_with_room(field_key_id(id)));
    if (!result) return done(result.error());
    done(Registered{*result, result->repeated ? UserId{} : id});
  };
  const auto key = core_.key_store->create_key(field_key_id(add.id));
  if (!key) return settle(key.error());
  auto login = core_.seal_under(add.id, user.login);
  auto display_name = seal_if_any(core_, add.id, user.display_name);
  if (!login) return settle(login.error());
  if (!display_name) return settle(display_name.error());
  add.login = std::move(*login);
  add.display_name = std::move(*display_name);
  core_.submit_async(command_of(std::move(request), std::move(add)), std::move(settle));
}

Result<LedgerPeople::Registered> LedgerPeople::register_user(const NewUser& user, Request request) {
  Latch<Result<Registered>> latch;
  register_user_async(user, std::move(request),
                      [&latch](Result<Registered> result) { latch.set(std::move(result)); });
  return latch.wait();
}

void LedgerPeople::update_user_async(UserNumber number, const UserChange& change, Request request,
                                     Ledger::Completion done) {
  const auto found = durable_user(number);
  if (!found) return done(found.error());
  const auto id = found->record.id;
  // Of the record above: another change in between makes the command stale.
  const auto before = [&]() -> Result<Profile> {
    const std::shared_lock files{core_.files_mutex};
    if (auto readable = core_.check_readable(); !readable) return readable.error();
    return core_.read_profile(found->record);
  }();
  if (!before) return done(before.error());
  const auto login = change.login.value_or(before->login);
  const auto display_name = change.display_name.value_or(before->display_name);
  const auto folded = fold_login_name(login);
  const auto folded_before = fold_login_name(before->login);
  if (!folded) return done(folded.error());
  if (!folded_before) return done(Errc::log_corrupt);
  if (auto named = check_display_name(display_name); !named) return done(named.error());

  if (*folded != *folded_before) {
    const auto lookup = core_.user_keys.add_login(*folded, id);
    if (!lookup) {
      // It has no login.
      return refuse_unless_repeated(core_, to_errc(lookup.error()), std::move(request),
                                    UpdateUser{.user = number}, std::move(done));
    }
    done = [&core = core_, lookup = *lookup, folded_before = *folded_before, id,
            done = std::move(done)](Result<Committed> result) {
      core.user_keys.settle(lookup, may_be_named(result));
      if (result && !result->repeated) core.user_keys.drop_superseded_login(folded_before, id);
      done(std::move(result));
    };
  }
  auto sealed_login = core_.seal_under(id, login);
  if (!sealed_login) return done(sealed_login.error());
  auto sealed_name = seal_if_any(core_, id, display_name);
  if (!sealed_name) return done(sealed_name.error());
  core_.submit_async(
      command_of(std::move(request), UpdateUser{.user = number,
                                                .login = std::move(*sealed_login),
                                                .display_name = std::move(*sealed_name),
                                                .based_on = found->record.updated_seq}),
      std::move(done));
}

void LedgerPeople::set_password_async(UserNumber number, std::string hash, Request request,
                                      Ledger::Completion done) {
  if (auto readable = core_.check_readable(); !readable) return done(readable.error());
  if (!is_password_hash(hash)) return done(Errc::invalid_argument);
  const auto found = user(number);
  if (!found) return done(Errc::user_not_found);
  const auto id = found->record.id;
  const auto generation = found->record.password_generation.next();
  const auto entry = core_.user_keys.add_password(id, generation, hash);
  if (!entry) return done(entry.error());
  core_.submit_async(
      command_of(std::move(request), SetPassword{number, generation}),
      [&core = core_, entry = *entry, id, earlier = found->record.password_generation,
       done = std::move(done)](Result<Committed> result) {
        core.user_keys.settle(entry, may_be_named(result));
        if (result && !result->repeated) core.user_keys.drop_superseded_password(id, earlier);
        done(std::move(result));
      });
}

Result<Committed> LedgerPeople::set_password(UserNumber number, std::string_view password,
                                             Request request) {
  auto hash = hash_password(password);
  if (!hash) return hash.error();
  Latch<Result<Committed>> latch;
  set_password_async(number, std::move(*hash), std::move(request),
                     [&latch](Result<Committed> result) { latch.set(std::move(result)); });
  return latch.wait();
}

void LedgerPeople::disable_user_async(UserNumber number, const std::string& reason, Request request,
                                      Ledger::Completion done) {
  if (reason.size() > kNoteBodyBytesMax) return done(Errc::too_large);
  auto sealed = core_.seal_reason(reason, done);
  if (!sealed) return done(sealed.error());
  core_.submit_async(command_of(std::move(request), DisableUser{number, std::move(*sealed)}),
                     std::move(done));
}

void LedgerPeople::withdraw_consents_async(std::vector<SeenConsent> consents,
                                           const std::string& reason, Request request,
                                           Ledger::Completion done) {
  if (reason.size() > kNoteBodyBytesMax) return done(Errc::too_large);
  auto sealed = core_.seal_reason(reason, done);
  if (!sealed) return done(sealed.error());
  core_.submit_async(
      command_of(std::move(request), WithdrawConsents{std::move(consents), std::move(*sealed)}),
      std::move(done));
}

}  // namespace tokenledger

// LedgerPeople: users of an open ledger: who they are, how they sign in, what became of them.
// Ledger::people() leads here.
//
// What needs nothing but a command (groups, enabling, consents that a user gives) is submitted as
// one; here stands what also touches the key store. Names and password hashes lie there or sealed
// in the log, never plain in an event (INV-5, INV-8). Threads: any. "Blocks" says of a member that
// it may wait for the disk or the commit thread: never on an I/O thread, nor in a completion.
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/people.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {

class LedgerCore;

class LedgerPeople {
 public:
  explicit LedgerPeople(LedgerCore& core) : core_{core} {}
  LedgerPeople(const LedgerPeople&) = delete;
  LedgerPeople& operator=(const LedgerPeople&) = delete;

  // --- reading ---

  // Runs `read` under a shared lock, which the commit thread waits for: it must be quick, must not
  // call the ledger, and keeps no pointer. What it sees may be a batch ahead of what is durable:
  // advice for a command to come, never an answer for a person.
  void with_people(const std::function<void(const People&)>& read) const;
  // The same, and then waits until all of what was seen is durable. Blocks, for at most 250 ms:
  // view_behind; unknown_outcome when it never will be; shutting_down. After an error nothing of
  // what was seen may be shown.
  [[nodiscard]] Result<void> show_people(const std::function<void(const People&)>& read) const;

  // By the text of core/user_id.hpp. nullopt: nobody has it, or the user was erased. As
  // with_people().
  struct FoundUser {
    UserNumber number;
    UserRecord record;
  };
  [[nodiscard]] std::optional<FoundUser> find_user(std::string_view user_id) const;
  [[nodiscard]] std::optional<FoundUser> user(UserNumber number) const;
  // Whose login it is, in any spelling that folds to it (core/login_name.hpp); disabled users are
  // found. nullopt: nobody's, or no login at all. key_store_corrupt.
  [[nodiscard]] Result<std::optional<FoundUser>> find_login(std::string_view login) const;

  // What a user is called. Reads the log: blocks.
  struct Profile {
    std::string login;
    std::string display_name;  // empty: none was given
  };
  // user_not_found: never registered, or erased.
  [[nodiscard]] Result<Profile> profile(UserNumber number) const;

  // --- signing in ---

  // Everything that a password is judged by. For an account that is not there, is disabled or has
  // no password, `hash` is empty: check_password() then takes the time of a wrong password, so
  // nobody learns which accounts exist. The rest counts only when the password was right. No disk.
  struct SignIn {
    std::string hash;  // Argon2id: for check_password() or the PasswordDesk, and for nobody's eyes
    UserNumber user;
    SecretGeneration generation;
  };
  [[nodiscard]] Result<SignIn> find_sign_in(std::string_view login) const;
  // The same of a user who is signed in, to ask for the old password before a new one.
  [[nodiscard]] Result<SignIn> find_sign_in(UserNumber number) const;
  // Whether the user is enabled and still has the password of that generation: asked again once a
  // password was checked, and at each use of a session. A session says what was committed when it
  // began: a user who was disabled since is enabled again without it (Z21). No disk.
  static constexpr Sequence kNow{std::numeric_limits<std::uint64_t>::max()};
  [[nodiscard]] bool may_act(UserNumber user, SecretGeneration generation,
                             Sequence since = kNow) const;
  // All at once, for embedding programs: the actor for commands of this user. unauthorized_actor
  // for every wrong login or password. Blocks, for some 100 ms and 64 MiB.
  [[nodiscard]] Result<Actor> sign_in(std::string_view login, std::string_view password) const;

  // --- changes. `done` as in Ledger::submit_async(); the rules are decide()'s ---

  struct Request {
    Actor actor{.kind = ActorKind::host};
    std::string request_id;
    std::optional<Idempotency> idempotency;
  };
  struct NewUser {
    std::string login;         // core/login_name.hpp
    std::string display_name;  // may be empty
  };
  struct Registered {
    Committed committed;
    UserId id{};  // zeros when committed.repeated: the event at committed.seq has it
  };
  // user_exists: the login is somebody's, or is being registered. invalid_argument, too_large: a
  // name that is none.
  void register_user_async(const NewUser& user, Request request,
                           std::function<void(Result<Registered>)> done);
  [[nodiscard]] Result<Registered> register_user(const NewUser& user, Request request);

  struct UserChange {
    std::optional<std::string> login;
    std::optional<std::string> display_name;
  };
  // What is not given stays. stale_policy: somebody else changed the user meanwhile, try again.
  // Reads the log before it submits: blocks.
  void update_user_async(UserNumber user, const UserChange& change, Request request,
                         Ledger::Completion done);

  // `hash` is one of hash_password(). Ends the user's sessions and families; may_act() of the old
  // generation is false before `done` runs. stale_policy: another password came in between.
  void set_password_async(UserNumber user, std::string hash, Request request,
                          Ledger::Completion done);
  // Hashes and sets. Blocks, as sign_in().
  [[nodiscard]] Result<Committed> set_password(UserNumber user, std::string_view password,
                                               Request request);

  // Reasons: free text of at most kNoteBodyBytesMax, stored encrypted; empty: none.
  void disable_user_async(UserNumber user, const std::string& reason, Request request,
                          Ledger::Completion done);
  // 1..kWithdrawListMax consents, a user's or a group's: all or none.
  void withdraw_consents_async(std::vector<SeenConsent> consents, const std::string& reason,
                               Request request, Ledger::Completion done);

  // Disables the user, whose tokens end with that, and makes login, name and password gone for
  // good, as Ledger::erase_owner() does with an owner's name; blocks as that. user_not_found: never
  // registered. already_in_state: erased before; what a crash left of it is erased again.
  [[nodiscard]] Result<Committed> erase_user(UserNumber user, const std::string& reason,
                                             Request request);

 private:
  [[nodiscard]] std::optional<FoundUser> find(
      const std::function<UserNumber(const People&)>& number_of) const;
  // The user as of what is durable, so that the log holds what the record names. Blocks, as
  // show_people(). user_not_found.
  [[nodiscard]] Result<FoundUser> durable_user(UserNumber number) const;
  [[nodiscard]] Result<SignIn> sign_in_of(const std::optional<FoundUser>& user) const;

  LedgerCore& core_;
};

}  // namespace tokenledger

// Users in a ledger: what the key store holds of them, who may sign in, what becomes of it all when
// commands are refused, race, or the user is erased.
#include <algorithm>
#include <atomic>
#include <thread>

#include "core/password.hpp"
#include "core/user_id.hpp"
#include "storage/log_events.hpp"
#include "tests/storage/ledger_fixture.hpp"

namespace tokenledger {
namespace {

constexpr const char* kPassword = "correct horse battery";

class LedgerPeopleTest : public testing_support::LedgerTest {
 protected:
  LedgerPeople& people() { return ledger_->people(); }
  KeyStore& store() { return *ledger_->core().key_store; }
  std::size_t entries(std::uint8_t kind) { return store().ids_of(kind).size(); }
  UserNumber add(const std::string& login, const std::string& name = "") {
    const auto made = people().register_user({login, name}, {});
    EXPECT_TRUE(made) << made.error().message();
    const auto found = made ? people().find_user(user_id_text(made->id)) : std::nullopt;
    EXPECT_TRUE(found);
    return found ? found->number : UserNumber{};
  }
  Result<Committed> set_hash(UserNumber user, const std::string& hash) {
    std::atomic<bool> is_done{false};
    Result<Committed> outcome = Errc::unknown_outcome;
    people().set_password_async(user, hash, {}, [&](Result<Committed> result) {
      outcome = std::move(result);
      is_done = true;
      is_done.notify_one();
    });
    is_done.wait(false);
    return outcome;
  }
  Result<Committed> update(UserNumber user, const LedgerPeople::UserChange& change) {
    std::atomic<bool> is_done{false};
    Result<Committed> outcome = Errc::unknown_outcome;
    people().update_user_async(user, change, {}, [&](Result<Committed> result) {
      outcome = std::move(result);
      is_done = true;
      is_done.notify_one();
    });
    is_done.wait(false);
    return outcome;
  }
  bool is_login_of(const std::string& login, UserNumber user) {
    const auto found = people().find_login(login);
    EXPECT_TRUE(found);
    return found && *found && (*found)->number == user;
  }
  std::string log_bytes() {
    std::string all;
    for (Sequence seq{1}; seq <= ledger_->committed(); seq = seq.next())
      all.append(text_of(*ledger_->core().log->get(seq)));
    return all;
  }
};

TEST_F(LedgerPeopleTest, AUserIsFoundByLoginInAnyCaseAndByIdAlsoAfterReopening) {
  const auto ada = add("Ada@Example.org", "Ada King");
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(is_login_of("ada@EXAMPLE.org", ada));
    const auto profile = people().profile(ada);
    ASSERT_TRUE(profile);
    EXPECT_EQ(profile->login, "Ada@Example.org");
    EXPECT_EQ(profile->display_name, "Ada King");
    EXPECT_FALSE(*people().find_login("grace"));
    EXPECT_FALSE(*people().find_login(std::string(300, 'x'))) << "no login at all is nobody's";
    reopen();
  }
}

TEST_F(LedgerPeopleTest, INV5_INV8_NeitherNamesNorPasswordsNorHashesStandInTheLogOrPlainInFiles) {
  const auto ada = add("ada.lovelace", "Countess");
  ASSERT_TRUE(people().set_password(ada, kPassword, {}));
  ASSERT_TRUE(ledger_->close());
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_ / "ledger")) {
    if (!entry.is_regular_file()) continue;
    const auto bytes = testing_support::contents(entry.path());
    for (const char* secret : {"ada.lovelace", "Countess", kPassword, "argon2id"})
      EXPECT_EQ(bytes.find(secret), std::string::npos) << secret << " in " << entry.path();
  }
}

TEST_F(LedgerPeopleTest, ALoginHasOneOwnerUnderConcurrency) {
  constexpr int kThreads = 8;
  std::atomic<int> made{0}, exists{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const auto result = people().register_user({i % 2 == 0 ? "grace" : "GRACE", ""}, {});
      if (result) ++made;
      if (result.has_error() && result.error() == Errc::user_exists) ++exists;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(exists, kThreads - 1);
  EXPECT_EQ(entries(kUserLookupKind), 1u);
}

TEST_F(LedgerPeopleTest, ARepeatedRegistrationFindsTheFirstAndLeavesNothingBehind) {
  LedgerPeople::Request request;
  request.idempotency = ledger_->make_idempotency(request.actor, "key", "body");
  const auto first = people().register_user({"ada", ""}, request);
  ASSERT_TRUE(first);
  const auto keys = store().size();
  const auto again = people().register_user({"ada", ""}, request);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_TRUE(again->committed.repeated);
  EXPECT_EQ(again->committed.seq, first->committed.seq);
  EXPECT_EQ(store().size(), keys);
  request.idempotency = ledger_->make_idempotency(request.actor, "other", "body");
  EXPECT_EQ(people().register_user({"ada", ""}, request).error(), Errc::user_exists);
}

TEST_F(LedgerPeopleTest, RefusedCommandsLeaveNothingInTheKeyStore) {
  const auto ada = add("ada");
  const auto keys = store().size();
  const LedgerPeople::Request nobody{
      .actor = {.kind = ActorKind::token, .token = TokenIndex{Lane{}, 77}}};
  EXPECT_EQ(people().register_user({"eve", "Eve"}, nobody).error(), Errc::unauthorized_actor);
  EXPECT_FALSE(people().set_password(ada, kPassword, nobody));
  EXPECT_EQ(people().register_user({"", ""}, {}).error(), Errc::invalid_argument);
  EXPECT_EQ(people().register_user({std::string(201, 'x'), ""}, {}).error(), Errc::too_large);
  EXPECT_EQ(people().register_user({"x", "a\nb"}, {}).error(), Errc::invalid_argument);
  EXPECT_EQ(set_hash(ada, "plain text").error(), Errc::invalid_argument);
  EXPECT_EQ(store().size(), keys);
  EXPECT_TRUE(people().register_user({"eve", ""}, {})) << "the login is free again";
}

TEST_F(LedgerPeopleTest, OnlyTheRightPasswordOfAnEnabledUserSignsIn) {
  const auto ada = add("ada");
  EXPECT_EQ(people().sign_in("ada", kPassword).error(), Errc::unauthorized_actor);
  EXPECT_TRUE(people().find_sign_in("ada")->hash.empty()) << "no password: a dummy is checked";
  ASSERT_TRUE(people().set_password(ada, kPassword, {}));
  const auto actor = people().sign_in("ADA", kPassword);
  ASSERT_TRUE(actor);
  EXPECT_EQ(actor->kind, ActorKind::user);
  EXPECT_EQ(actor->user, ada);
  EXPECT_TRUE(people().may_act(ada, actor->generation));
  EXPECT_EQ(people().sign_in("ada", "wrong horse").error(), Errc::unauthorized_actor);
  EXPECT_EQ(people().sign_in("nobody", kPassword).error(), Errc::unauthorized_actor);

  ASSERT_TRUE(submit(DisableUser{ada, {}}));
  EXPECT_FALSE(people().may_act(ada, actor->generation));
  EXPECT_TRUE(people().find_sign_in("ada")->hash.empty());
  EXPECT_EQ(people().sign_in("ada", kPassword).error(), Errc::unauthorized_actor);
  ASSERT_TRUE(submit(EnableUser{ada}));
  EXPECT_TRUE(people().sign_in("ada", kPassword));
}

TEST_F(LedgerPeopleTest, ANewPasswordTakesThePlaceOfTheEarlierOneAndOfItsEntry) {
  const auto ada = add("ada");
  ASSERT_TRUE(people().set_password(ada, kPassword, {}));
  const auto earlier = people().sign_in("ada", kPassword);
  ASSERT_TRUE(people().set_password(ada, "another horse", {}));
  EXPECT_FALSE(people().may_act(ada, earlier->generation));
  EXPECT_FALSE(people().sign_in("ada", kPassword));
  EXPECT_TRUE(people().sign_in("ada", "another horse"));
  EXPECT_EQ(entries(kPasswordKind), 1u);
  reopen();
  EXPECT_TRUE(people().sign_in("ada", "another horse"));
}

TEST_F(LedgerPeopleTest, OfPasswordsSetAtOnceTheOneThatSucceedsLastIsTheHashThatIsKept) {
  const auto ada = add("ada");
  constexpr int kThreads = 8;
  const auto hash = *hash_password(kPassword);
  std::atomic<int> done{0}, stale{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      const auto result = set_hash(ada, hash);
      if (result) ++done;
      if (result.has_error() && result.error() == Errc::stale_policy) ++stale;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(done + stale, kThreads);
  EXPECT_GE(done, 1);
  EXPECT_EQ(entries(kPasswordKind), 1u);
  EXPECT_TRUE(people().sign_in("ada", kPassword));
}

TEST_F(LedgerPeopleTest, ALoginThatWasChangedIsFreeAgainAndTheNewOneIsTaken) {
  const auto ada = add("ada", "Ada");
  const auto eve = add("eve");
  ASSERT_TRUE(update(ada, {.login = "countess", .display_name = {}}));
  EXPECT_TRUE(is_login_of("countess", ada));
  EXPECT_FALSE(*people().find_login("ada"));
  EXPECT_EQ(people().profile(ada)->display_name, "Ada") << "what was not given stays";
  EXPECT_EQ(update(eve, {.login = "Countess", .display_name = {}}).error(), Errc::user_exists);
  ASSERT_TRUE(update(ada, {.login = "COUNTESS", .display_name = ""})) << "the same, spelt anew";
  EXPECT_EQ(people().profile(ada)->login, "COUNTESS");
  ASSERT_TRUE(update(eve, {.login = "ada", .display_name = {}}));
  EXPECT_EQ(entries(kUserLookupKind), 2u);
  reopen();
  EXPECT_TRUE(is_login_of("countess", ada));
  EXPECT_TRUE(is_login_of("ada", eve));
}

TEST_F(LedgerPeopleTest, INV8_AnErasedUserIsNowhereAndTheLoginIsFree) {
  const auto ada = add("ada", "Ada");
  const auto id = people().user(ada)->record.id;
  ASSERT_TRUE(people().set_password(ada, kPassword, {}));
  const auto generation = people().user(ada)->record.password_generation;
  const auto before = log_bytes();
  ASSERT_TRUE(people().erase_user(ada, "asked for", {}));
  for (int round = 0; round < 2; ++round) {
    EXPECT_FALSE(people().find_user(user_id_text(id)));
    EXPECT_FALSE(*people().find_login("ada"));
    EXPECT_EQ(people().profile(ada).error(), Errc::user_not_found);
    EXPECT_FALSE(people().may_act(ada, generation));
    EXPECT_EQ(entries(kUserLookupKind), 0u);
    EXPECT_EQ(entries(kPasswordKind), 0u);
    EXPECT_FALSE(store().contains(field_key_id(id)));
    EXPECT_EQ(testing_support::contents(directory_ / "ledger" / "keystore")
                  .find(std::string{text_of(id)}),
              std::string::npos)
        << "no byte of the entries is left";
    reopen();
  }
  EXPECT_TRUE(log_bytes().starts_with(before)) << "events keep their bytes";
  EXPECT_EQ(people().erase_user(ada, "", {}).error(), Errc::already_in_state);
  EXPECT_EQ(people().erase_user(UserNumber{99}, "", {}).error(), Errc::user_not_found);
  EXPECT_NE(add("ada"), ada) << "somebody else now";
}

TEST_F(LedgerPeopleTest, EntriesThatNoUserHasAreDroppedAtOpenAndTheNamedOnesKept) {
  const auto ada = add("ada");
  ASSERT_TRUE(people().set_password(ada, kPassword, {}));
  auto& core = ledger_->core();
  const auto record = people().user(ada)->record;
  // As a crash leaves them: stored, and their events never written.
  const UserId ghost{7};
  ASSERT_TRUE(store().create_key(field_key_id(ghost)));
  ASSERT_TRUE(core.user_keys.add_login("ghost", ghost));
  ASSERT_TRUE(core.user_keys.add_login("new-name-of-ada", record.id));
  ASSERT_TRUE(core.user_keys.add_password(record.id, record.password_generation.next(),
                                          *hash_password("never committed")));
  ASSERT_TRUE(store().sync());
  reopen();
  EXPECT_EQ(entries(kUserLookupKind), 1u);
  EXPECT_EQ(entries(kPasswordKind), 1u);
  EXPECT_FALSE(store().contains(field_key_id(ghost)));
  EXPECT_TRUE(is_login_of("ada", ada));
  EXPECT_FALSE(*people().find_login("new-name-of-ada"));
  EXPECT_TRUE(people().sign_in("ada", kPassword));
  EXPECT_NE(warnings_.find("dropped"), std::string::npos) << warnings_;
}

TEST_F(LedgerPeopleTest, WhatIsShownIsDurableAndSeesEveryAnsweredChange) {
  for (int i = 0; i < 20; ++i) {
    const auto user = add("user" + std::to_string(i));
    std::size_t seen = 0;
    ASSERT_TRUE(people().show_people([&](const People& all) { seen = all.users().size(); }));
    EXPECT_EQ(seen, user.value());
  }
  ASSERT_TRUE(ledger_->close());
  EXPECT_EQ(people().show_people([](const People&) {}).error(), Errc::shutting_down);
  EXPECT_EQ(people().register_user({"late", ""}, {}).error(), Errc::shutting_down);
}

}  // namespace
}  // namespace tokenledger

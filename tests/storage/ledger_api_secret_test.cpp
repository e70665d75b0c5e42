// The secrets of HS256 APIs: one in the keyring for each API that the log names, and no other.
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "core/signing_key.hpp"
#include "storage/fault_injection.hpp"
#include "storage/keyring.hpp"
#include "storage/ledger_core.hpp"
#include "tests/storage/ledger_fixture.hpp"

namespace tokenledger {
namespace {

constexpr Actor kHost{.kind = ActorKind::host};

Command create_command(const std::string& identifier,
                       std::optional<Idempotency> idempotency = std::nullopt) {
  CreateApi create{.identifier = identifier, .built_in = false, .settings = {}, .hs256_kid = {}};
  create.settings.name = "an API";
  create.settings.scopes = {{"read", ""}};
  create.settings.signing_alg = SignatureAlgorithm::hs256;
  return {kHost, {}, idempotency, std::move(create)};
}

std::set<std::string> api_kids_in_keyring(const std::filesystem::path& ledger) {
  const auto keyring = Keyring::load(make_posix_file_layer(), ledger / "keyring", {});
  EXPECT_TRUE(keyring);
  std::set<std::string> kids;
  if (!keyring) return kids;
  for (const auto& key : (*keyring)->signing_keys()) {
    if (key.algorithm == static_cast<std::uint8_t>(SignatureAlgorithm::hs256)) kids.insert(key.kid);
  }
  return kids;
}
std::set<std::string> api_kids_in_log(const Ledger& ledger) {
  std::set<std::string> kids;
  ledger.with_registries([&](const Registries& registries) {
    for (const auto& key : registries.keys()) {
      if (key.algorithm == SignatureAlgorithm::hs256) kids.insert(key.kid);
    }
  });
  return kids;
}

class ApiSecret : public testing_support::LedgerTest {
 protected:
  std::set<std::string> kept() { return api_kids_in_keyring(directory_ / "ledger"); }
  std::set<std::string> named() { return api_kids_in_log(*ledger_); }
  void expect_usable(const std::string& identifier) {
    IssueRequest request;
    request.audience = identifier;
    request.scopes = {"read"};
    const auto token = ledger_->issue(std::move(request));
    ASSERT_TRUE(token) << token.error().message();
    EXPECT_TRUE(ledger_->check(token->token, identifier));
  }
};

// More of each than the keyring has places.
TEST_F(ApiSecret, INV7RefusedCreationsLeaveNothingInTheKeyring) {
  const auto first = ledger_->create_api_with_secret(create_command("urn:first"));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->secret.size(), 43u) << "32 bytes in base64url";
  const auto seq = ledger_->committed();
  const auto size = [&] { return std::filesystem::file_size(directory_ / "ledger" / "keyring"); };
  const auto before = size();
  const auto used = ledger_->make_idempotency(kHost, "k", "a body");
  ASSERT_TRUE(ledger_->submit({kHost, {}, used, AppendNote{"topic", {}}}));
  const auto other = ledger_->make_idempotency(kHost, "k", "another body");
  constexpr std::size_t kTries = Keyring::kSigningKeysMax + 20;
  for (std::size_t i = 0; i < kTries; ++i) {
    // Seen before a key is drawn; and only by decide, when the key is drawn already.
    const auto exists = ledger_->create_api_with_secret(create_command("urn:first"));
    ASSERT_EQ(exists.error(), Errc::api_exists);
    const auto name = "urn:new:" + std::to_string(i);
    const auto mismatch = ledger_->create_api_with_secret(create_command(name, other));
    ASSERT_EQ(mismatch.error(), Errc::idempotency_mismatch);
    const auto repeated = ledger_->create_api_with_secret(create_command(name, used));
    ASSERT_TRUE(repeated && repeated->committed.repeated && repeated->secret.empty());
  }
  std::printf("%zu refusals of each kind\n", kTries);
  EXPECT_EQ(ledger_->committed().value(), seq.value() + 1) << "the note";
  EXPECT_EQ(size(), before);
  EXPECT_EQ(kept(), named());
  reopen();
  EXPECT_EQ(kept(), named());
  ASSERT_TRUE(ledger_->create_api_with_secret(create_command("urn:second")));
  expect_usable("urn:first");
  expect_usable("urn:second");
}

// Whoever may make APIs can not keep the ledger from changing its own keys.
TEST_F(ApiSecret, INV7TheKeyringsLastPlacesAreNotForApis) {
  constexpr std::size_t kKeptForTheLedger = 64;
  auto& keys = *ledger_->core().keys;
  // Keys that no event names stand for those of APIs, which would cost an event each.
  std::size_t count = keys.signing_keys().size();
  for (; count < Keyring::kSigningKeysMax - kKeptForTheLedger; ++count)
    ASSERT_TRUE(keys.add(SigningKey::generate(SignatureAlgorithm::hs256).value()));
  ASSERT_TRUE(ledger_->create_api_with_secret(create_command("urn:last")));
  EXPECT_EQ(ledger_->create_api_with_secret(create_command("urn:one-more")).error(),
            Errc::limit_reached);
  const auto next = ledger_->add_next_key(SignatureAlgorithm::es256, {.actor = kHost});
  ASSERT_TRUE(next) << next.error().message();
  EXPECT_EQ(keys.signing_keys().size(), count + 2);
  expect_usable("urn:last");
}

TEST_F(ApiSecret, WhatDecideWouldRefuseIsRefusedWithItsReason) {
  auto bad = create_command("two words");
  EXPECT_EQ(ledger_->create_api_with_secret(bad).error(), Errc::invalid_argument);
  auto by_client = create_command("urn:a");
  by_client.actor = {.kind = ActorKind::client, .client = ClientNumber{1}};
  EXPECT_EQ(ledger_->create_api_with_secret(by_client).error(), Errc::unauthorized_actor);
  auto by_nobody = create_command("urn:a");
  by_nobody.actor = {.kind = ActorKind::token, .token = TokenIndex{Lane::hour, 7}};
  EXPECT_EQ(ledger_->create_api_with_secret(by_nobody).error(), Errc::unauthorized_actor);
  auto with_kid = create_command("urn:a");
  std::get<CreateApi>(with_kid.payload).hs256_kid = "mine";
  EXPECT_EQ(ledger_->create_api_with_secret(with_kid).error(), Errc::invalid_argument);
  EXPECT_EQ(ledger_->create_api_with_secret({kHost, {}, {}, AppendNote{"topic", {}}}).error(),
            Errc::invalid_argument);
  EXPECT_TRUE(kept().empty());
  ASSERT_TRUE(ledger_->close());
  EXPECT_EQ(ledger_->create_api_with_secret(create_command("urn:a")).error(), Errc::shutting_down);
  EXPECT_TRUE(kept().empty());
}

// A crash after the keyring was saved: the key is there, the event is not.
TEST_F(ApiSecret, AKeyThatNoEventNamesIsDroppedAtOpenAndNoOther) {
  ASSERT_TRUE(ledger_->create_api_with_secret(create_command("urn:live")));
  ASSERT_TRUE(ledger_->create_api_with_secret(create_command("urn:gone")));
  ASSERT_TRUE(submit(DeleteApi{"urn:gone"}));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(ledger_->core().add_api_key());
  EXPECT_EQ(kept().size(), 5u);
  reopen();
  EXPECT_EQ(kept().size(), 2u);
  EXPECT_EQ(kept(), named()) << "a deleted API's key is still named";
  expect_usable("urn:live");
  EXPECT_TRUE(poisoned_.empty());
}

TEST_F(ApiSecret, OfManyWhoCreateTheSameOneWinsAndOneKeyStays) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    std::atomic<int> created{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        const auto name = "urn:race:" + std::to_string(round);
        const auto made = ledger_->create_api_with_secret(create_command(name));
        if (made) ++created;
        EXPECT_TRUE(made || made.error() == Errc::api_exists);
      });
    }
    threads.clear();
    EXPECT_EQ(created, 1);
  }
  EXPECT_EQ(kept().size(), std::size_t{kRounds});
  EXPECT_EQ(kept(), named());
}

// Every write step of a creation, failed in both ways, with the power cut after it.
TEST(ApiSecretFaults, INV1EachApiHasItsSecretAndNoSecretIsWithoutApiAfterEveryFault) {
  testing_support::TemporaryDirectory directory;
  testing_support::TemporaryDirectory scratch;
  const auto files = std::make_shared<FaultInjectingFileLayer>(scratch.path());
  const auto open = [&] {
    LedgerOptions options;
    options.directory = directory / "ledger";
    options.files = files;
    options.free_bytes_min = 0;
    std::string why;
    auto ledger = Ledger::open(std::move(options), &why);
    EXPECT_TRUE(ledger) << why;
    return ledger ? std::move(*ledger) : nullptr;
  };
  std::size_t acknowledged = 0;
  std::size_t faults = 0;
  for (const auto kind : {FaultKind::not_persisted, FaultKind::persisted}) {
    for (std::uint64_t operation = 1;; ++operation) {
      auto ledger = open();
      ASSERT_TRUE(ledger);
      files->restart();
      files->set_fault({.operation = operation, .kind = kind, .torn_bytes = 0});
      const auto name =
          "urn:" + std::to_string(static_cast<int>(kind)) + ":" + std::to_string(operation);
      const auto created = ledger->create_api_with_secret(create_command(name));
      const bool reached = files->crashed();
      if (created) ++acknowledged;
      ledger.reset();
      ASSERT_TRUE(files->drop_unsynced());
      ledger = open();
      ASSERT_TRUE(ledger);
      const auto named = api_kids_in_log(*ledger);
      EXPECT_EQ(api_kids_in_keyring(directory / "ledger"), named) << operation;
      EXPECT_GE(named.size(), acknowledged) << operation;
      ASSERT_TRUE(ledger->close());
      if (!reached) break;
      ++faults;
    }
  }
  std::printf("%zu faults, %zu acknowledged\n", faults, acknowledged);
  EXPECT_GT(faults, 10u);
}

}  // namespace
}  // namespace tokenledger

// A ledger that the first release made goes over to format 2 (ARCHITECTURE.md, section 8): it works
// on as it was until somebody asks, and nothing that was written before changes.
#include <gtest/gtest.h>

#include "core/event_codec.hpp"
#include "core/identity_scopes.hpp"
#include "core/management_scopes.hpp"
#include "replay/migration.hpp"
#include "storage/event_log.hpp"
#include "storage/ledger.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger {
namespace {

namespace fs = std::filesystem;

class FormatActivation : public testing::Test {
 protected:
  void SetUp() override {
    fs::copy(fs::path{TOKENLEDGER_GOLDEN} / "v1" / "ledger", path_, fs::copy_options::recursive);
  }
  LedgerOptions options() const {
    LedgerOptions options;
    options.directory = path_;
    options.create_if_missing = false;
    options.checkpoint_every = std::chrono::milliseconds{0};
    return options;
  }
  std::unique_ptr<Ledger> open(const LedgerOptions& options) {
    std::string why;
    auto opened = Ledger::open(options, &why);
    EXPECT_TRUE(opened) << why;
    return opened ? std::move(*opened) : nullptr;
  }
  MigrationSurvey survey() const {
    std::string why;
    auto found = survey_formats({.directory = path_}, why);
    EXPECT_TRUE(found) << why;
    return found ? *found : MigrationSurvey{};
  }
  static Errc answer_of(Ledger& ledger, CommandPayload payload) {
    const auto made =
        ledger.submit({Actor{.kind = ActorKind::host}, {}, std::nullopt, std::move(payload)});
    return made ? Errc{} : to_errc(made.error());
  }
  static std::size_t management_scopes_of(Ledger& ledger) {
    std::size_t count = 0;
    ledger.with_registries([&](const Registries& registries) {
      count = registries.find_api(kManagementAudience)->settings.scopes.size();
    });
    return count;
  }
  static bool has_identity_api(Ledger& ledger) {
    bool found = false;
    ledger.with_registries([&](const Registries& registries) {
      const auto* api = registries.find_api(kIdentityAudience);
      found = api != nullptr && api->built_in;
    });
    return found;
  }
  // Every way to see that format 2 is active and what it brings.
  void expect_format_2(Ledger& ledger) {
    EXPECT_NE(answer_of(ledger, CreateGroup{"staff"}), Errc::format_not_active);
    EXPECT_EQ(management_scopes_of(ledger), kManagementScopes.size());
    EXPECT_TRUE(has_identity_api(ledger));
    EXPECT_TRUE(ledger.make_admin_token(60));
  }

  testing_support::TemporaryDirectory directory_;
  fs::path path_ = directory_.path() / "ledger";
};

TEST_F(FormatActivation, AnOlderLedgerWorksOnInItsFormatAndRefusesWhatNeedsTheNewOne) {
  const auto before = survey();
  EXPECT_TRUE(before.has(MigrationStep::activate_format));
  auto ledger = open(options());
  ASSERT_NE(ledger, nullptr);
  const CommandPayload commands[] = {
      RegisterUser{},     UpdateUser{},  SetPassword{},  DisableUser{},  EnableUser{},
      SetUserGroups{},    CreateGroup{}, DeleteGroup{},  GrantConsent{}, PreconfigureConsent{},
      WithdrawConsents{}, IssueCode{},   RedeemCode{},   Refresh{},      EndFamily{},
      ActivateKey{},      RevokeKey{},   ReportForgery{}};
  for (const auto& command : commands)
    EXPECT_EQ(answer_of(*ledger, command), Errc::format_not_active) << command.index();
  EXPECT_LT(management_scopes_of(*ledger), kManagementScopes.size());
  EXPECT_FALSE(has_identity_api(*ledger));
  EXPECT_TRUE(ledger->make_admin_token(60)) << "with the scopes that it has";
  ASSERT_TRUE(ledger->close());
  EXPECT_TRUE(survey().has(MigrationStep::activate_format)) << "opening alone activates nothing";
}

TEST_F(FormatActivation, MigrateActivatesItAndTheOldEventsKeepTheirRoot) {
  const auto before = survey();
  std::string why;
  // Compares the root of the old events with that of before, and refuses another.
  ASSERT_TRUE(migrate({.directory = path_}, before, why)) << why;
  const auto after = survey();
  EXPECT_TRUE(after.is_done());
  EXPECT_GT(after.end, before.end);
  for (int opening = 0; opening < 2; ++opening) {
    auto ledger = open(options());
    ASSERT_NE(ledger, nullptr);
    expect_format_2(*ledger);
    ASSERT_TRUE(ledger->close());
  }
}

TEST_F(FormatActivation, AProgramMayAskForItWhenItOpensTheLedger) {
  auto asks = options();
  asks.activate_format = true;
  auto ledger = open(asks);
  ASSERT_NE(ledger, nullptr);
  expect_format_2(*ledger);
  ASSERT_TRUE(ledger->close());
  EXPECT_FALSE(survey().has(MigrationStep::activate_format));
}

TEST_F(FormatActivation, ANewLedgerBeginsWithItBehindItsFirstEvent) {
  auto fresh = options();
  fresh.directory = directory_.path() / "new";
  fresh.create_if_missing = true;
  auto ledger = open(fresh);
  ASSERT_NE(ledger, nullptr);
  expect_format_2(*ledger);
  ASSERT_TRUE(ledger->close());
  ledger.reset();
  const auto log = EventLog::open({.directory = fresh.directory / "log"});
  ASSERT_TRUE(log);
  const auto second = decode_event(*(*log)->get(Sequence{2}));
  ASSERT_TRUE(second);
  ASSERT_TRUE(std::holds_alternative<FormatActivated>(second->payload));
  EXPECT_EQ(std::get<FormatActivated>(second->payload).version, kFormatVersion);
}

// Whoever writes to the files puts an event of format 2 where the log has not come to it.
TEST_F(FormatActivation, AnEventOfFormat2BeforeItsActivationIsDamage_INV3) {
  {
    const auto log = EventLog::open({.directory = path_ / "log"});
    ASSERT_TRUE(log);
    const auto last = (*log)->last_seq();
    const auto newest = decode_event(*(*log)->get(*last));
    const Event event{.seq = last->next(),
                      .recorded_at = LedgerTime{newest->recorded_at.value() + 1},
                      .actor = {},
                      .request_id = {},
                      .idempotency = {},
                      .payload = GroupCreated{GroupNumber{1}, "staff"}};
    const auto bytes = *encode_event(event);
    const std::span<const std::uint8_t> spans[] = {bytes};
    ASSERT_TRUE((*log)->append(event.seq, spans));
  }
  std::string why;
  const auto opened = Ledger::open(options(), &why);
  ASSERT_FALSE(opened);
  EXPECT_EQ(to_errc(opened.error()), Errc::log_corrupt) << why;
}

}  // namespace
}  // namespace tokenledger

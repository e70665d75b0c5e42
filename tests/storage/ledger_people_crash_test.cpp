// Every change on disk that a change of a user makes fails once, in every way: registering, setting
// a password, taking another login, erasing; and a code that comes twice. Afterwards the key store
// holds exactly what the log says, and an answered change is there (INV-1, INV-8).
#include <gtest/gtest.h>

#include <future>

#include "core/authorization_code.hpp"
#include "core/event_codec.hpp"
#include "core/identity_scopes.hpp"
#include "core/password.hpp"
#include "core/sha256.hpp"
#include "core/user_id.hpp"
#include "storage/fault_injection.hpp"
#include "storage/ledger.hpp"
#include "storage/ledger_codes.hpp"
#include "storage/ledger_core.hpp"
#include "storage/ledger_grants.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger {
namespace {

constexpr std::uint64_t kFaultPointsMax = 300;  // far beyond what one change makes

struct Way {
  const char* name;
  FaultKind kind;
  bool then_crash;
  bool power_goes;
};
constexpr Way kWays[] = {
    {"fails, process dies, power goes", FaultKind::not_persisted, true, true},
    {"fails but happens, process dies", FaultKind::persisted, true, false},
    {"happens in part, process dies", FaultKind::torn, true, false},
    {"fails once", FaultKind::not_persisted, false, false},
};

class Place {
 public:
  explicit Place(const std::filesystem::path* copied_from = nullptr)
      : files_{std::make_shared<FaultInjectingFileLayer>(place_ / "scratch")} {
    if (copied_from != nullptr)
      std::filesystem::copy(*copied_from, directory(), std::filesystem::copy_options::recursive);
  }
  [[nodiscard]] std::filesystem::path directory() const { return place_ / "ledger"; }
  FaultInjectingFileLayer& files() { return *files_; }
  Result<std::unique_ptr<Ledger>> open(std::string* why = nullptr) {
    LedgerOptions options;
    options.directory = directory();
    options.files = files_;
    options.free_bytes_min = 0;
    options.snapshot_every = 0;
    options.sweep_every = std::chrono::milliseconds{0};
    options.lane_capacities.fill(kChunkTokens);
    return Ledger::open(options, why);
  }
  void die(bool power_goes) {
    if (power_goes) {
      ASSERT_TRUE(files_->drop_unsynced());
    } else {
      files_->restart();
    }
  }

 private:
  testing_support::TemporaryDirectory place_;
  std::shared_ptr<FaultInjectingFileLayer> files_;
};

// Makes the change of one user, number 1, and waits for its answer.
using Change = std::function<Result<Committed>(Ledger&)>;

Result<Committed> waited(const std::function<void(Ledger::Completion)>& start) {
  std::promise<Result<Committed>> answer;
  start([&](Result<Committed> result) { answer.set_value(std::move(result)); });
  return answer.get_future().get();
}

class LedgerPeopleCrashTest : public testing::Test {
 protected:
  static constexpr UserNumber kAda{1};

  void SetUp() override {
    hash_ = *hash_password("correct horse battery");
    auto opened = base_.open();
    ASSERT_TRUE(opened) << opened.error().message();
    ASSERT_TRUE((*opened)->people().register_user({"ada", "Ada"}, {}));
    ASSERT_TRUE(set_password(**opened));
    ASSERT_TRUE((*opened)->close());
    directory_ = base_.directory();
  }
  Result<Committed> set_password(Ledger& ledger) const {
    return waited([&](Ledger::Completion done) {
      ledger.people().set_password_async(kAda, hash_, {}, std::move(done));
    });
  }

  // Every user who is there has one login, which leads to that user, and one password, of the
  // generation that the log says; nobody else has anything.
  static void expect_as_the_log_says(Ledger& ledger, const std::string& when) {
    std::size_t there = 0;
    std::size_t with_password = 0;
    std::uint32_t count = 0;
    ledger.people().with_people(
        [&](const People& people) { count = static_cast<std::uint32_t>(people.users().size()); });
    for (std::uint32_t number = 1; number <= count; ++number) {
      const auto user = ledger.people().user(UserNumber{number});
      if (!user) continue;
      ++there;
      const auto profile = ledger.people().profile(UserNumber{number});
      ASSERT_TRUE(profile) << when;
      const auto found = ledger.people().find_login(profile->login);
      ASSERT_TRUE(found && *found) << when;
      EXPECT_EQ((*found)->number, UserNumber{number}) << when;
      if (user->record.password_generation == SecretGeneration{}) continue;
      ++with_password;
      EXPECT_FALSE(ledger.people().find_sign_in(UserNumber{number})->hash.empty()) << when;
    }
    auto& store = *ledger.core().key_store;
    EXPECT_EQ(store.ids_of(kUserLookupKind).size(), there) << when;
    EXPECT_EQ(store.ids_of(kPasswordKind).size(), with_password) << when;
  }

  // `also` looks at the ledger as well, knowing whether the change is in the log.
  void try_every_fault(const Change& change,
                       const std::function<void(Ledger&, bool is_logged)>& also = {}) {
    std::uint64_t tried = 0, answered = 0, logged = 0;
    for (const auto& way : kWays) {
      bool was_reached = true;
      for (std::uint64_t step = 1; was_reached; ++step) {
        ASSERT_LT(step, kFaultPointsMax);
        Place place{&directory_};
        std::string when;
        Sequence before;
        bool was_answered = false;
        {
          auto opened = place.open();
          ASSERT_TRUE(opened);
          ASSERT_TRUE((*opened)->wait_for_views((*opened)->committed()));
          before = (*opened)->committed();
          const auto operation = place.files().operation_count() + step;
          place.files().set_fault({operation, way.kind, 7, way.then_crash});
          const auto result = change(**opened);
          was_answered = result.has_value();
          EXPECT_TRUE(was_answered || result.error() == Errc::unknown_outcome);
          was_reached = place.files().operation_count() >= operation;
          if (was_reached) when = place.files().trace()[operation - 1] + " " + way.name + ": ";
          if (was_reached && way.then_crash) place.files().crash();
        }
        place.die(way.power_goes && was_reached);
        std::string why;
        auto opened = place.open(&why);
        ASSERT_TRUE(opened) << when << why;
        // Each open writes one event of its own.
        const bool is_logged = (*opened)->committed().value() > before.value() + 1;
        EXPECT_TRUE(is_logged || !was_answered) << when << "INV-1";
        expect_as_the_log_says(**opened, when);
        if (also) also(**opened, is_logged);
        if (HasFailure()) {
          ADD_FAILURE() << when;
          return;
        }
        ++tried;
        answered += was_answered ? 1 : 0;
        logged += is_logged ? 1 : 0;
        ASSERT_TRUE((*opened)->close()) << when;
      }
    }
    std::printf("%llu faults: %llu changes in the log, %llu answered\n",
                static_cast<unsigned long long>(tried), static_cast<unsigned long long>(logged),
                static_cast<unsigned long long>(answered));
    EXPECT_GT(tried, 2 * std::size(kWays));
  }

  Place base_;
  std::filesystem::path directory_;
  std::string hash_;
};

TEST_F(LedgerPeopleCrashTest, INV1_ARegistrationIsWholeOrNothing) {
  try_every_fault([](Ledger& ledger) -> Result<Committed> {
    const auto made = ledger.people().register_user({"grace", "Grace"}, {});
    return made ? Result<Committed>{made->committed} : made.error();
  });
}

TEST_F(LedgerPeopleCrashTest, INV1_APasswordIsTheOldOneOrTheNew) {
  try_every_fault([this](Ledger& ledger) { return set_password(ledger); });
}

TEST_F(LedgerPeopleCrashTest, INV1_ALoginIsTheOldOneOrTheNew) {
  try_every_fault([](Ledger& ledger) {
    return waited([&](Ledger::Completion done) {
      ledger.people().update_user_async(kAda, {.login = "countess", .display_name = {}}, {},
                                        std::move(done));
    });
  });
}

TEST_F(LedgerPeopleCrashTest, INV1_INV8_AnErasureSurvivesEveryFailedChange) {
  try_every_fault([](Ledger& ledger) { return ledger.people().erase_user(kAda, "asked for", {}); });
}

// A refused command that writes: whoever presents a used code is refused, and what its first use
// made ends with the same decision (RFC 6749 §4.1.2). Once the refusal was heard no crash brings
// the token back.
class CodeReuseCrashTest : public LedgerPeopleCrashTest {
 protected:
  void prepare(std::uint64_t identity_mask) {
    auto opened = base_.open();
    ASSERT_TRUE(opened);
    auto& ledger = **opened;
    submit(ledger, CreateApi{.identifier = kAudience, .settings = api_settings()});
    submit(ledger, RegisterClient{.client_id = "app", .settings = client_settings()});
    submit(ledger, AddClientGrant{"app", kAudience, {"read"}});
    CodeRequest request;
    ledger.with_registries([&](const Registries& registries) {
      const auto& client = *registries.find_client("app");
      app_ = {.kind = ActorKind::client, .client = client.number, .generation = client.generation};
      request.client = client.number;
      request.client_based_on = client.updated_seq;
      request.api = registries.find_api(kAudience)->number;
    });
    request.actor = {.kind = ActorKind::user, .generation = SecretGeneration{1}, .user = kAda};
    submit(ledger, GrantConsent{kAda, request.client, request.api, 1, identity_mask},
           request.actor);
    ledger.people().with_people([&](const People& people) {
      request.consent = people.find_consent(kAda, request.client, request.api);
    });
    request.scope_mask = 1;
    request.identity_mask = identity_mask;
    request.redirect_uri = kRedirect;
    request.code_challenge = sha256(std::string(43, 'v'));
    request.auth_time = to_seconds(ledger.now());
    std::promise<Result<IssuedCode>> issued;
    issue_code_async(ledger, request,
                     [&](Result<IssuedCode> result) { issued.set_value(std::move(result)); });
    const auto code = issued.get_future().get();
    ASSERT_TRUE(code) << code.error().message();
    code_sha256_ = *hash_authorization_code(code->code);
    const auto tokens = redeem(ledger);
    ASSERT_TRUE(tokens) << tokens.error().message();
    EXPECT_EQ(tokens->refresh_token.empty(), identity_mask == 0);
    token_ = tokens->access.token;
    ASSERT_TRUE(ledger.check(token_, kAudience));
    ASSERT_TRUE(ledger.close());
  }
  Result<UserTokens> redeem(Ledger& ledger) const {
    LedgerGrants::CodeRequest request{.actor = app_,
                                      .code_sha256 = code_sha256_,
                                      .redirect_uri = kRedirect,
                                      .verifier_sha256 = sha256(std::string(43, 'v')),
                                      .audience = {},
                                      .request_id = {}};
    std::promise<Result<UserTokens>> answer;
    LedgerGrants{ledger}.redeem_async(std::move(request), [&](Result<UserTokens> result) {
      answer.set_value(std::move(result));
    });
    return answer.get_future().get();
  }
  void try_every_fault_of_reuse() {
    try_every_fault(
        [this](Ledger& ledger) -> Result<Committed> {
          const auto again = redeem(ledger);
          EXPECT_FALSE(again);
          if (again || again.error() != Errc::code_reused) return Errc::unknown_outcome;
          EXPECT_FALSE(ledger.check(token_, kAudience)) << "INV-2";
          return Committed{};
        },
        [this](Ledger& ledger, bool is_logged) {
          EXPECT_EQ(ledger.check(token_, kAudience), !is_logged);
          const auto again = redeem(ledger);
          EXPECT_EQ(again.error(), is_logged ? Errc::code_unknown : Errc::code_reused);
          EXPECT_FALSE(ledger.check(token_, kAudience));
        });
  }

 private:
  static constexpr const char* kAudience = "urn:api";
  static constexpr const char* kRedirect = "https://app.example/back";

  static void submit(Ledger& ledger, CommandPayload payload,
                     const Actor& actor = {.kind = ActorKind::host}) {
    const auto done = ledger.submit({actor, {}, std::nullopt, std::move(payload)});
    ASSERT_TRUE(done) << done.error().message();
  }
  static ApiSettings api_settings() {
    ApiSettings settings{.name = "an API", .scopes = {{"read", ""}}};
    settings.signing_alg = SignatureAlgorithm::es256;
    settings.allow_offline_access = true;
    return settings;
  }
  static ClientSettings client_settings() {
    ClientSettings settings{.name = "an app",
                            .grant_types = static_cast<std::uint8_t>(
                                static_cast<unsigned>(GrantType::authorization_code) |
                                static_cast<unsigned>(GrantType::refresh_token)),
                            .redirect_uris = {kRedirect}};
    settings.is_public = true;
    settings.authentication = ClientAuthentication::none;
    return settings;
  }

  Actor app_;
  Digest code_sha256_{};
  std::string token_;
};

TEST_F(CodeReuseCrashTest, INV1_OnceARefusalWasHeardTheOnlyTokenOfTheCodeStaysRevoked) {
  ASSERT_NO_FATAL_FAILURE(prepare(0));
  try_every_fault_of_reuse();
}

TEST_F(CodeReuseCrashTest, INV1_OnceARefusalWasHeardTheFamilyOfTheCodeStaysEnded) {
  ASSERT_NO_FATAL_FAILURE(prepare(kIdentityScopesAll));
  try_every_fault_of_reuse();
}

}  // namespace
}  // namespace tokenledger

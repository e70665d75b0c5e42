// P6: memory per live token that stands on what a user allowed. Three ways:
//
//   own consent     each token on a consent of its own, the worst case: 1 token per consent
//   with a family   the same, from a code, with a refresh token
//   group consent   on what an administrator allowed a group; such a token always has a family
//
// Users are there before (256 tokens each): what a user takes is printed apart. Figures are what
// the process holds after closing and opening, when State comes from the snapshot and what was
// freed went back to the system. With one arena, because what glibc keeps back in those of threads
// that are gone is several times what is held at a million tokens, and different each time.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "bench/ledger_fixture.hpp"
#include "bench/mixed_ledger.hpp"
#include "bench/process_meters.hpp"
#include "core/authorization_code.hpp"
#include "core/identity_scopes.hpp"
#include "core/password.hpp"
#include "storage/ledger_people.hpp"

namespace tokenledger::bench {
namespace {

const bool kHasOneArena = ::mallopt(M_ARENA_MAX, 1) == 1;

// 16 clients at 16 APIs: as many consents as one user may give.
constexpr std::uint32_t kSide = 16;
constexpr std::uint64_t kTokensPerUser = std::uint64_t{kSide} * kSide;
static_assert(kTokensPerUser == kConsentsPerUserMax && kTokensPerUser <= kFamiliesPerUserMax);
constexpr std::uint32_t kLifetimeSeconds = 30 * 86'400;
// Codes are remembered for some minutes after their end; beyond so many the clock moves on.
constexpr std::uint64_t kCodesAtOnce = 50'000;
constexpr std::uint64_t kForgetCodesSeconds = 1'200;

class MovedClock final : public Clock {
 public:
  [[nodiscard]] LedgerTime now() const noexcept override {
    return LedgerTime{system_clock()->now().value() + ahead_ns_.load()};
  }
  [[nodiscard]] std::uint64_t since_boot_ns() const noexcept override {
    return system_clock()->since_boot_ns() + ahead_ns_.load();
  }
  void advance_s(std::uint64_t seconds) { ahead_ns_ += seconds * kNanosecondsPerSecond; }

 private:
  std::atomic<std::uint64_t> ahead_ns_{0};
};

enum class Way { own_consent, with_family, group_consent };

class UserTokens {
 public:
  UserTokens(Way way, std::uint64_t count)
      : way_{way},
        count_{count},
        fixture_{TokenKind::opaque, SignatureAlgorithm::es256, options()} {
    add_registries();
    fixture_.submit(CreateGroup{"staff"});
    if (way_ == Way::group_consent) preconfigure();
    reopen();
    const auto before = resident_bytes();
    add_users();
    reopen();
    bytes_per_user_ = grown_since(before) / static_cast<double>(users_.size());
  }

  // The first ones bring what every ledger with tokens has, and do not count.
  void issue_all() {
    const auto first = count_ / 10;
    issue(first);
    reopen();
    const auto before = resident_bytes();
    issue(count_ - first);
    reopen();
    bytes_per_token_ = grown_since(before) / static_cast<double>(count_ - first);
  }
  [[nodiscard]] double bytes_per_token() const { return bytes_per_token_; }
  [[nodiscard]] double bytes_per_user() const { return bytes_per_user_; }

 private:
  void issue(std::uint64_t count) {
    std::uint64_t failed = 0;
    for (std::uint64_t done = 0; done < count; done += kCodesAtOnce) {
      failed += run_window(std::min(kCodesAtOnce, count - done),
                           [this](auto finished) { issue_next(finished); });
      if (way_ == Way::with_family) clock_->advance_s(kForgetCodesSeconds);
    }
    if (failed != 0)
      throw std::runtime_error{std::to_string(failed) +
                               " were refused: " + std::string{errc_name(refusal_)}};
  }

  // What one client may do at one API.
  struct Place {
    ClientNumber client;
    Sequence client_seq;
    ApiNumber api;
    GrantNumber grant;
    ConsentNumber group_consent;
  };

  LedgerOptions options() {
    LedgerOptions options;
    options.clock = clock_;
    return options;
  }
  // Twice: the second opening finds nothing left to do.
  void reopen() {
    for (int time = 0; time < 2; ++time) {
      auto& ledger = fixture_.ledger();
      must(ledger.core().views->wait_for(ledger.committed(), std::chrono::minutes{10}), "views");
      fixture_.close();
      ::malloc_trim(0);
      fixture_.open();
    }
    auto& ledger = fixture_.ledger();
    must(ledger.core().views->wait_for(ledger.committed(), std::chrono::minutes{10}), "views");
    ::malloc_trim(0);
  }
  static double grown_since(std::uint64_t before) {
    const auto after = resident_bytes();
    return static_cast<double>(after - std::min(before, after));
  }
  static std::string api_name(std::uint32_t number) { return "urn:api:" + std::to_string(number); }
  static std::string client_name(std::uint32_t number) { return "app-" + std::to_string(number); }

  void add_registries() {
    for (std::uint32_t number = 0; number < kSide; ++number) {
      CreateApi api{
          .identifier = api_name(number), .built_in = false, .settings = {}, .hs256_kid = {}};
      api.settings.name = "an API";
      api.settings.scopes = {{"read", ""}, {"write", ""}};
      api.settings.signing_alg = SignatureAlgorithm::es256;
      api.settings.token_format = TokenKind::opaque;
      api.settings.token_lifetime_s = kLifetimeSeconds;
      api.settings.token_lifetime_max_s = kLifetimeSeconds;
      api.settings.allow_offline_access = way_ == Way::with_family;
      fixture_.submit(std::move(api));
    }
    for (std::uint32_t number = 0; number < kSide; ++number) {
      RegisterClient client{
          .client_id = client_name(number), .built_in = false, .settings = {}, .secret_hash = {1}};
      client.settings.name = "an app";
      client.settings.grant_types =
          static_cast<std::uint8_t>(static_cast<unsigned>(GrantType::authorization_code) |
                                    static_cast<unsigned>(GrantType::refresh_token) |
                                    static_cast<unsigned>(GrantType::implicit));
      client.settings.redirect_uris = {"https://app.example/back"};
      fixture_.submit(std::move(client));
      for (std::uint32_t api = 0; api < kSide; ++api)
        fixture_.submit(AddClientGrant{client_name(number), api_name(api), {"read", "write"}});
    }
    fixture_.ledger().with_registries([&](const Registries& registries) {
      for (std::uint32_t client = 0; client < kSide; ++client) {
        for (std::uint32_t api = 0; api < kSide; ++api) {
          const auto* record = registries.find_client(client_name(client));
          const auto target = registries.find_api(api_name(api))->number;
          places_.push_back({.client = record->number,
                             .client_seq = record->updated_seq,
                             .api = target,
                             .grant = registries.find_grant(record->number, target)->number,
                             .group_consent = {}});
        }
      }
    });
  }

  void preconfigure() {
    for (auto& place : places_) {
      place.group_consent = next_consent();
      fixture_.submit(PreconfigureConsent{GroupNumber{1}, place.client, place.api, 3, 0});
    }
  }
  ConsentNumber next_consent() {
    ConsentNumber next;
    fixture_.ledger().people().with_people(
        [&](const People& people) { next = people.next_consent(); });
    return next;
  }

  void add_users() {
    const auto wanted = (count_ + kTokensPerUser - 1) / kTokensPerUser;
    const auto hash = must(hash_password("one password for all"), "hash");  // takes its time
    for (std::uint64_t number = 0; number < wanted; ++number) {
      const UserNumber user{static_cast<std::uint32_t>(number + 1)};
      auto& people = fixture_.ledger().people();
      must(people.register_user({"user" + std::to_string(number), "A user"}, {}), "user");
      std::atomic<int> outcome{0};
      people.set_password_async(user, hash, {}, [&](Result<Committed> done) {
        outcome = done ? 1 : 2;
        outcome.notify_one();
      });
      outcome.wait(0);
      if (outcome != 1) throw std::runtime_error{"no password"};
      if (way_ == Way::group_consent) fixture_.submit(SetUserGroups{user, {GroupNumber{1}}, {}});
      users_.push_back(user);
    }
    first_consent_ = next_consent().value();
  }

  void submit(Actor actor, CommandPayload payload, const std::function<void(bool)>& done) {
    fixture_.ledger().submit_async({actor, {}, std::nullopt, std::move(payload)},
                                   [this, done](Result<Committed> result) {
                                     // One of them is enough to tell what is wrong.
                                     if (!result) refusal_ = to_errc(result.error());
                                     done(result.has_value());
                                   });
  }

  // The token with this number, and whatever must be there before it: the commands are decided in
  // the order in which they are sent.
  void issue_next(const std::function<void(bool)>& finished) {
    const auto number = next_++;
    const auto& place = places_[number % kTokensPerUser];
    const Actor user{.kind = ActorKind::user,
                     .client = {},
                     .generation = SecretGeneration{1},
                     .user = users_[number / kTokensPerUser],
                     .token = {}};
    auto issue = user_token(place, user.user, number);
    const auto ignore = [](bool) {};
    const std::uint64_t identity =
        way_ == Way::with_family ? mask_of(IdentityScope::offline_access) : 0;
    if (way_ != Way::group_consent)
      submit(user, GrantConsent{user.user, place.client, place.api, 3, identity}, ignore);
    if (way_ != Way::with_family) return submit(user, std::move(issue), finished);
    RedeemCode redeem{.code_sha256 = {},
                      .redirect_sha256 = {},
                      .has_redirect = false,
                      .verifier_sha256 = {},
                      .issue = std::move(issue)};
    fill_random(redeem.code_sha256);
    redeem.verifier_sha256 = redeem.code_sha256;
    submit(user,
           IssueCode{.code_sha256 = redeem.code_sha256,
                     .user = user.user,
                     .client = place.client,
                     .client_based_on = place.client_seq,
                     .consent = redeem.issue.user->consent,
                     .api = place.api,
                     .scope_mask = 3,
                     .identity_mask = identity,
                     .redirect_sha256 = {1},
                     .has_redirect = false,
                     .challenge = redeem.verifier_sha256,
                     .auth_time = redeem.issue.user->auth_time,
                     .expires_at = UnixSeconds{redeem.issue.issued_at.value() +
                                               kAuthorizationCodeLifetimeSeconds},
                     .nonce = {}},
           ignore);
    submit({.kind = ActorKind::client,
            .client = place.client,
            .generation = SecretGeneration{1},
            .user = {},
            .token = {}},
           std::move(redeem), finished);
  }

  IssueToken user_token(const Place& place, UserNumber user, std::uint64_t number) {
    auto& core = fixture_.ledger().core();
    const auto lane = lane_for_lifetime(kLifetimeSeconds);
    IssueToken issue;
    issue.index = TokenIndex{lane, core.reserved[static_cast<std::size_t>(lane)].fetch_add(1)};
    fill_random(issue.token_sha256);
    issue.client = place.client;
    issue.grant = place.grant;
    issue.apis[0] = {place.api, 3};
    issue.issued_at = to_seconds(fixture_.ledger().now());
    issue.expires_at = UnixSeconds{issue.issued_at.value() + kLifetimeSeconds};
    issue.kind = TokenKind::opaque;
    issue.subject = user;
    const auto number_of_its_own = static_cast<std::uint32_t>(number) + 1;
    const bool is_group = way_ == Way::group_consent;
    const bool has_family = way_ != Way::own_consent;
    issue.user = UserPart{
        .consent = is_group ? place.group_consent
                            : ConsentNumber{first_consent_ + static_cast<std::uint32_t>(number)},
        .family = has_family ? FamilyNumber{number_of_its_own} : FamilyNumber{},
        .auth_time = issue.issued_at};
    if (!has_family) return issue;
    issue.new_family = NewFamily{.number = FamilyNumber{number_of_its_own},
                                 .tag = 1,
                                 .refresh_sha256 = {},
                                 .expires_at = issue.expires_at,
                                 .idle_s = 0};
    if (way_ == Way::with_family) {
      const ApiSettings policy;  // its own were left as they are
      fill_random(issue.new_family->refresh_sha256);
      issue.new_family->expires_at =
          UnixSeconds{issue.issued_at.value() + policy.refresh_lifetime_s};
      issue.new_family->idle_s = policy.refresh_idle_s;
    }
    return issue;
  }

  const Way way_;
  const std::uint64_t count_;
  const std::shared_ptr<MovedClock> clock_ = std::make_shared<MovedClock>();
  LedgerFixture fixture_;
  std::vector<Place> places_;
  std::vector<UserNumber> users_;
  std::uint32_t first_consent_ = 0;
  std::uint64_t next_ = 0;
  std::atomic<Errc> refusal_{};
  double bytes_per_token_ = 0;
  double bytes_per_user_ = 0;
};

void memory(benchmark::State& state, Way way) {
  UserTokens tokens{way, token_count(1'000'000)};
  for (auto _ : state) tokens.issue_all();
  if (!kHasOneArena) state.SkipWithError("mallopt");
  state.counters["rss_bytes_per_token"] = tokens.bytes_per_token();
  state.counters["rss_bytes_per_user"] = tokens.bytes_per_user();
}

BENCHMARK_CAPTURE(memory, own_consent, Way::own_consent)
    ->Name("P6/memory_user_grant_token")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->Repetitions(1);
BENCHMARK_CAPTURE(memory, with_family, Way::with_family)
    ->Name("P6/memory_user_token_with_family")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->Repetitions(1);
BENCHMARK_CAPTURE(memory, group_consent, Way::group_consent)
    ->Name("P6/memory_user_token_on_group_consent")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->Repetitions(1);

}  // namespace
}  // namespace tokenledger::bench

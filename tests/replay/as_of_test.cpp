// AsOf against the views at random prefixes of a ledger that lived (INV-3, D09).
#include "replay/as_of.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "core/event_codec.hpp"
#include "core/management_scopes.hpp"
#include "replay/closed_ledger.hpp"
#include "storage/ledger.hpp"
#include "storage/ledger_core.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger {
namespace {

using testing_support::TemporaryDirectory;

constexpr const char* kClients[] = {"a", "b", "c"};
constexpr const char* kAudience = "https://api.example";

// Jumps as told, so that tokens expire in a test of milliseconds.
class TestClock final : public Clock {
 public:
  LedgerTime now() const noexcept override {
    return LedgerTime{1'700'000'000'000'000'000 + passed_ns_};
  }
  std::uint64_t since_boot_ns() const noexcept override { return passed_ns_; }
  void pass(std::uint64_t seconds) { passed_ns_ += seconds * kNanosecondsPerSecond; }

 private:
  std::atomic<std::uint64_t> passed_ns_{1};
};

class AsOfTest : public testing::Test {
 protected:
  AsOfTest() {
    if (const char* text = std::getenv("TOKENLEDGER_SEED"))
      seed_ = std::strtoull(text, nullptr, 10);
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed_));
    random_.seed(seed_);
  }

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  std::unique_ptr<Ledger> open() {
    LedgerOptions options;
    options.directory = directory_ / "data";
    options.clock = clock_;
    options.sweep_every = std::chrono::milliseconds{0};
    options.free_bytes_min = 0;
    auto opened = Ledger::open(options);
    EXPECT_TRUE(opened) << opened.error().message();
    return std::move(*opened);
  }

  static bool run(Ledger& ledger, CommandPayload payload) {
    return ledger.submit({Actor{.kind = ActorKind::host}, {}, {}, std::move(payload)}).has_value();
  }

  void prepare(Ledger& ledger) {
    CreateApi api{.identifier = kAudience, .built_in = false, .settings = {}, .hs256_kid = {}};
    api.settings.name = "Api";
    api.settings.signing_alg = SignatureAlgorithm::es256;
    api.settings.token_format = TokenKind::opaque;
    api.settings.scopes = {{"read", ""}, {"write", ""}};
    EXPECT_TRUE(run(ledger, std::move(api)));
    for (const auto* client : kClients) {
      RegisterClient add{.client_id = client, .built_in = false, .settings = {}, .secret_hash = {}};
      add.settings.name = client;
      EXPECT_TRUE(run(ledger, std::move(add)));
      EXPECT_TRUE(run(ledger, AddClientGrant{client, kAudience, {"read"}}));
    }
  }

  void step(Ledger& ledger) {
    const std::string client = kClients[below(3)];
    switch (below(16)) {
      case 0: return clock_->pass(below(3));
      case 1: return clock_->pass(below(400));
      case 2: static_cast<void>(run(ledger, DisableClient{client})); return;
      case 3:
      case 4: static_cast<void>(run(ledger, EnableClient{client})); return;
      case 5: static_cast<void>(ledger.sweep()); return;
      case 6:
        static_cast<void>(
            run(ledger, RevokeTokens{.selector = {SelectorKind::client,
                                                  2 + static_cast<std::uint32_t>(below(3))},
                                     .cause = Cause::admin_manual,
                                     .reason = {},
                                     .before = {}}));
        return;
      case 7: {
        if (!run(ledger, RemoveClientGrant{client, kAudience})) return;
        EXPECT_TRUE(run(ledger, AddClientGrant{client, kAudience, {"read", "write"}}));
        return;
      }
      case 8:
      case 9: {
        if (issued_.empty()) return;
        static_cast<void>(ledger.revoke(issued_[below(issued_.size())], {}));
        return;
      }
      default: {
        IssueRequest request;
        request.client_id = client;
        request.audience = kAudience;
        request.lifetime_s = 1 + static_cast<std::uint32_t>(below(500));
        if (const auto made = ledger.issue(request)) {
          issued_.push_back(made->index);
          jtis_.push_back(made->jti);
        }
      }
    }
  }

  void live(int steps) {
    auto ledger = open();
    if (ledger->is_new()) prepare(*ledger);
    for (int i = 0; i < steps; ++i) step(*ledger);
    EXPECT_TRUE(ledger->wait_for_views(ledger->committed()));
    EXPECT_TRUE(ledger->close());
  }

  ClosedLedger closed() {
    std::string why;
    auto opened = ClosedLedger::open({directory_ / "data", {}, {}}, why);
    EXPECT_TRUE(opened) << why;
    return std::move(*opened);
  }

  std::unique_ptr<Views> views_of(const ClosedLedger& ledger) {
    auto opened = Views::open({.directory = LedgerPaths{ledger.directory()}.views,
                               .files = ledger.files(),
                               .ledger_id = ledger.keys().ledger_id(),
                               .read_only = true});
    EXPECT_TRUE(opened);
    return std::move(*opened);
  }

  // Every token ever issued, as AsOf and as the views see it at this point.
  void expect_same(const ClosedLedger& ledger, const Views& views, AsOfPoint point) {
    SCOPED_TRACE("seed " + std::to_string(seed_) + ", seq " + std::to_string(point.seq.value()));
    std::string why;
    const auto totals = AsOf::replay(ledger.log(), {.point = point}, why);
    ASSERT_TRUE(totals) << why;
    const auto want = views.totals(point.seq, point.time);
    ASSERT_TRUE(want);
    const auto got = (*totals)->totals();
    EXPECT_EQ(got.issued, want->issued);
    EXPECT_EQ(got.active, want->active);
    EXPECT_EQ(got.revoked, want->revoked);
    EXPECT_EQ(got.expired, want->expired);
    for (int i = 0; i < 4 && !issued_.empty(); ++i) {
      const auto at = below(issued_.size());
      const auto sealed = ledger.keys().seal_key().unseal(jtis_[at]);
      ASSERT_TRUE(sealed);
      const auto as_of = AsOf::replay(
          ledger.log(),
          {.point = point, .token = sealed->index, .incarnation = sealed->incarnation}, why);
      ASSERT_TRUE(as_of) << why;
      const auto row = views.token(issued_[at]);
      ASSERT_TRUE(row && *row);
      const auto found = views.status_of(**row, point.seq, point.time);
      ASSERT_TRUE(found);
      const auto& answer = *found;
      const auto* token = (*as_of)->token();
      ASSERT_EQ(token != nullptr, answer.status != TokenStatus::unknown);
      if (token == nullptr) continue;
      ++tokens_compared_;
      EXPECT_EQ(token->answer.status, answer.status);
      EXPECT_EQ(token->answer.revocation, answer.revocation);
      EXPECT_EQ(token->token_class, (*row)->token_class);
      EXPECT_EQ((*as_of)->jti_of(ledger.keys().seal_key(), issued_[at]), jtis_[at]);
    }
  }

  TemporaryDirectory directory_;
  std::shared_ptr<TestClock> clock_ = std::make_shared<TestClock>();
  std::uint64_t seed_ = std::random_device{}();
  std::mt19937_64 random_;
  std::vector<TokenIndex> issued_;
  std::vector<std::string> jtis_;
  int tokens_compared_ = 0;
};

TEST_F(AsOfTest, AgreesWithTheViewsAtRandomPrefixesAndTimes) {
  for (int generation = 0; generation < 3; ++generation) live(250);
  const auto ledger = closed();
  const auto views = views_of(ledger);
  const auto last = ledger.log().last_seq();
  ASSERT_TRUE(last);
  for (int i = 0; i < 40; ++i) {
    const auto at_seq = point_at(ledger.log(), Sequence{1 + below(last->value())});
    ASSERT_TRUE(at_seq);
    expect_same(ledger, *views, *at_seq);
    // Between two events, where tokens expire without one.
    const auto at_time = point_at(ledger.log(), LedgerTime{at_seq->time.value() + below(1 << 30)});
    ASSERT_TRUE(at_time);
    EXPECT_GE(at_time->seq, at_seq->seq);
    expect_same(ledger, *views, *at_time);
  }
  std::printf("%zu tokens issued, %d compared, log of %llu events\n", issued_.size(),
              tokens_compared_, static_cast<unsigned long long>(last->value()));
  EXPECT_GT(tokens_compared_, 50);
}

TEST_F(AsOfTest, FindsTheLastEventRecordedAtOrBeforeATime) {
  live(60);
  const auto ledger = closed();
  const auto last = ledger.log().last_seq();
  ASSERT_TRUE(last);
  for (std::uint64_t seq = 1; seq <= last->value(); ++seq) {
    const auto at = point_at(ledger.log(), Sequence{seq});
    ASSERT_TRUE(at);
    EXPECT_EQ(point_at(ledger.log(), at->time)->seq, Sequence{seq});
    const auto before = point_at(ledger.log(), LedgerTime{at->time.value() - 1});
    EXPECT_EQ(before ? before->seq : Sequence{}, Sequence{seq - 1});
  }
}

TEST_F(AsOfTest, RefusesPointsThatAreNotInTheLog) {
  live(5);
  const auto ledger = closed();
  const auto end = ledger.log().last_seq()->next();
  EXPECT_EQ(point_at(ledger.log(), Sequence{}).error(), Errc::invalid_argument);
  EXPECT_EQ(point_at(ledger.log(), end).error(), Errc::sequence_in_future);
  EXPECT_EQ(point_at(ledger.log(), LedgerTime{1}).error(), Errc::sequence_in_future);
  std::string why;
  EXPECT_EQ(AsOf::replay(ledger.log(), {.point = {end, LedgerTime{}}}, why).error(),
            Errc::sequence_in_future);
}

TEST_F(AsOfTest, AJtiOfAnotherIncarnationNamesNoToken) {
  live(100);
  ASSERT_FALSE(issued_.empty());
  const auto ledger = closed();
  const auto end = point_at(ledger.log(), *ledger.log().last_seq());
  const auto sealed = ledger.keys().seal_key().unseal(jtis_[0]);
  std::string why;
  AsOfQuestion question{.point = *end,
                        .token = sealed->index,
                        .incarnation = Incarnation{sealed->incarnation.value() + 1}};
  EXPECT_EQ((*AsOf::replay(ledger.log(), question, why))->token(), nullptr);
  question.incarnation = sealed->incarnation;
  EXPECT_NE((*AsOf::replay(ledger.log(), question, why))->token(), nullptr);
}

TEST_F(AsOfTest, ALiveDirectoryIsRefusedWithASentenceThatNamesUrl) {
  const auto live_ledger = open();
  std::string why;
  const auto refused = ClosedLedger::open({directory_ / "data", {}, {}}, why);
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error(), Errc::directory_locked);
  EXPECT_NE(why.find("--url"), std::string::npos);
}

}  // namespace
}  // namespace tokenledger

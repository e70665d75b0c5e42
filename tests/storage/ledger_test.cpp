// The embedded library through its front door, as a host program uses it.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "core/management_scopes.hpp"
#include "tests/storage/ledger_fixture.hpp"

namespace tokenledger {
namespace {

using testing_support::LedgerTest;

// Counts the events of each kind from `from` to the end.
std::vector<std::size_t> count_kinds(const Ledger& ledger, Sequence from) {
  std::vector<std::size_t> counts(kEventKindCount);
  const auto reader = ledger.core().log->read(from, false);
  for (;;) {
    const auto bytes = reader->next();
    EXPECT_TRUE(bytes);
    if (!bytes || bytes->empty()) return counts;
    const auto event = decode_event(*bytes);
    EXPECT_TRUE(event);
    ++counts[event->payload.index()];
  }
}

template <class Payload>
constexpr std::size_t kind_of() {
  return Event{.payload = Payload{}}.payload.index();
}

TEST_F(LedgerTest, D01_EachChangeOfStatusIsExactlyOneEvent) {
  add_api();
  add_client("a");
  add_client("b");
  const auto from = ledger_->committed().next();
  const auto kept = issue("a");
  const auto short_lived = issue("a", 60);
  ASSERT_TRUE(ledger_->revoke(kept.index, {}));
  ASSERT_TRUE(submit(DisableClient{"a"}));
  ASSERT_TRUE(submit(DeleteClient{"b"}));
  clock_->pass(61);
  ASSERT_TRUE(ledger_->sweep());
  const auto counts = count_kinds(*ledger_, from);
  EXPECT_EQ(counts[kind_of<TokenIssued>()], 2u);
  EXPECT_EQ(counts[kind_of<TokenRevoked>()], 1u);
  EXPECT_EQ(counts[kind_of<ClientDisabled>()], 1u);
  EXPECT_EQ(counts[kind_of<ClientDeleted>()], 1u);
  EXPECT_EQ(counts[kind_of<TokensExpired>()], 1u);
  std::size_t events = 0;
  for (const auto count : counts) events += count;
  EXPECT_EQ(events, 6u) << "nothing else may change a status";
  EXPECT_EQ(status(short_lived), TokenStatus::revoked) << "the cascade came before its expiry";
}

// Live tokens count until they are swept: views that stopped must not end issuing.
TEST_F(LedgerTest, INV7_SweepsGoOnWithoutTheViews) {
  add_api();
  add_client("a");
  ASSERT_TRUE(submit(UpdateClient{"a", {.name = "a", .live_tokens_max = 2}}));
  issue("a", 60);
  const auto kept = issue("a", 600);
  IssueRequest third;
  third.client_id = "a";
  third.audience = kApi;
  EXPECT_EQ(ledger_->issue(third).error(), Errc::too_many_live_tokens);
  ledger_->core().views->mark_stopped();
  clock_->pass(61);
  const auto before = ledger_->committed();
  ASSERT_TRUE(ledger_->sweep());
  EXPECT_EQ(ledger_->committed(), before.next()) << "one event names the one that expired";
  EXPECT_EQ(ledger_->stats().tokens_swept, 1u);
  EXPECT_TRUE(check(kept));
  std::this_thread::sleep_for(kFullClientFor);
  EXPECT_TRUE(ledger_->issue(third));
}

TEST_F(LedgerTest, D02_SeqIsDenseAndNothingIsOverwritten) {
  add_api();
  add_client("a");
  const auto first = ledger_->core().log->get(Sequence{1});
  ASSERT_TRUE(first);
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(ledger_->revoke(issue("a").index, {.reason = "no longer needed"}));
  reopen();
  const auto reader = ledger_->core().log->read(Sequence{1}, true);
  std::uint64_t expected = 1;
  for (;; ++expected) {
    const auto bytes = reader->next();
    ASSERT_TRUE(bytes);
    if (bytes->empty()) break;
    ASSERT_EQ(reader->position().value(), expected);
  }
  EXPECT_EQ(expected - 1, ledger_->committed().value());
  EXPECT_EQ(*first, *ledger_->core().log->get(Sequence{1}));
}

TEST_F(LedgerTest, D07_IssueCheckRevokeListReplayAndNotesWorkWithoutAnythingElse) {
  add_api();
  add_client("a");
  std::vector<Event> seen;
  std::mutex mutex;
  auto subscription = ledger_->subscribe(Sequence{1}, [&](const Event& event) {
    const std::scoped_lock lock{mutex};
    seen.push_back(event);
    return true;
  });
  const auto token = issue("a");
  EXPECT_TRUE(check(token));
  ASSERT_TRUE(ledger_->append_note("payments", std::string(kNoteBodyBytesMax, 'n')));
  EXPECT_EQ(ledger_->append_note("payments", std::string(kNoteBodyBytesMax + 1, 'n')).error(),
            Errc::too_large);
  ASSERT_TRUE(ledger_->revoke(token.index, {.reason = "lost laptop"}));
  EXPECT_FALSE(check(token));
  const auto listed = ledger_->list({.client_id = "a"});
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->page.tokens.size(), 1u);
  EXPECT_EQ(listed->page.tokens[0].answer.status, TokenStatus::revoked);
  EXPECT_EQ(ledger_->open_sealed(listed->page.tokens[0].row.own_reason), "lost laptop");
  const auto committed = ledger_->committed().value();
  for (int i = 0; i < 500; ++i) {
    const std::scoped_lock lock{mutex};
    if (seen.size() >= committed) break;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  subscription.reset();
  ASSERT_EQ(seen.size(), committed);
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i].seq.value(), i + 1);
}

TEST_F(LedgerTest, D07_TwoLedgersInOneProcessDoNotKnowEachOthersTokens) {
  add_api();
  add_client("a");
  LedgerOptions options;
  options.directory = directory_ / "other";
  auto other = Ledger::open(options);
  ASSERT_TRUE(other);
  const auto token = issue("a");
  EXPECT_TRUE(check(token));
  EXPECT_FALSE((*other)->check(token.token, kApi));
  EXPECT_EQ((*other)->check_detailed(token.token, kApi).status, TokenStatus::unknown);
  EXPECT_FALSE((*other)->index_of(token.jti));
}

TEST_F(LedgerTest, EverythingIsThereAfterReopeningFromLogAndFromSnapshot) {
  add_api(TokenKind::opaque);
  add_client("a");
  const auto live = issue("a");
  const auto revoked = issue("a");
  ASSERT_TRUE(ledger_->revoke(revoked.index, {}));
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(ledger_->close());
    if (round == 2) std::filesystem::remove_all(directory_ / "ledger/snapshots");
    open();
    EXPECT_TRUE(check(live)) << round;
    EXPECT_EQ(status(revoked), TokenStatus::revoked);
    EXPECT_EQ(ledger_->jti_of(live.index), live.jti);
    const auto totals = ledger_->totals();
    ASSERT_TRUE(totals);
    EXPECT_EQ(totals->issued, 2u + static_cast<unsigned>(round));
    issue("a");
  }
}

TEST_F(LedgerTest, Z21_EnablingAgainChangesNothingForOldTokens) {
  add_api();
  add_client("a");
  const auto old = issue("a");
  ASSERT_TRUE(submit(DisableClient{"a"}));
  EXPECT_FALSE(check(old));
  IssueRequest request;
  request.client_id = "a";
  request.audience = kApi;
  EXPECT_EQ(ledger_->issue(request).error(), Errc::client_disabled);
  ASSERT_TRUE(submit(EnableClient{"a"}));
  EXPECT_FALSE(check(old));
  const auto detailed = ledger_->check_detailed(old.token, kApi);
  EXPECT_EQ(detailed.revocation->cause, Cause::client_disabled);
  EXPECT_TRUE(check(issue("a")));
}

TEST_F(LedgerTest, Z18_Z26_RevokingWhatIsNotActiveWritesNothing) {
  add_api();
  add_client("a");
  const auto token = issue("a", 60);
  const auto expired = issue("a", 60);
  ASSERT_TRUE(ledger_->revoke(token.index, {}));
  clock_->pass(60);
  const auto before = ledger_->committed();
  EXPECT_EQ(ledger_->revoke(token.index, {}).error(), Errc::not_active);
  EXPECT_EQ(ledger_->revoke(expired.index, {}).error(), Errc::not_active);
  EXPECT_EQ(ledger_->revoke(TokenIndex{Lane::hour, 999'999}, {}).error(), Errc::token_not_found);
  EXPECT_EQ(ledger_->committed(), before);
  EXPECT_EQ(status(token), TokenStatus::revoked) << "sticky: it was revoked before it expired";
  EXPECT_EQ(status(expired), TokenStatus::expired);
}

TEST_F(LedgerTest, AnIdempotencyKeyFindsTheFirstResultWithoutItsSecret) {
  add_api();
  add_client("a");
  const Actor host{.kind = ActorKind::host};
  IssueRequest request;
  request.client_id = "a";
  request.audience = kApi;
  request.idempotency = ledger_->make_idempotency(host, "key-1", "body");
  const auto first = ledger_->issue(request);
  ASSERT_TRUE(first);
  reopen();
  const auto again = ledger_->issue(request);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->committed.repeated);
  EXPECT_EQ(again->committed.seq, first->committed.seq);
  EXPECT_TRUE(again->token.empty());
  request.idempotency = ledger_->make_idempotency(host, "key-1", "another body");
  EXPECT_EQ(ledger_->issue(request).error(), Errc::idempotency_mismatch);
  clock_->pass(24 * 3'600 + 1);
  EXPECT_FALSE(ledger_->issue(request)->committed.repeated);
}

TEST_F(LedgerTest, R12ALedgerKeepsTheIssuerItWasCreatedWith) {
  const auto own = ledger_->issuer();
  ASSERT_TRUE(ledger_->close());
  ledger_.reset();
  const auto open_with = [&](const std::string& issuer, std::string& why) {
    LedgerOptions options;
    options.directory = directory_ / "ledger";
    options.clock = clock_;
    options.issuer = issuer;
    options.issuer_when_new = "https://new.example";
    options.free_bytes_min = 0;
    return Ledger::open(options, &why);
  };
  std::string why;
  const auto size = [&] { return std::filesystem::file_size(directory_ / "ledger" / "HEAD"); };
  const auto before = size();
  const auto refused = open_with("https://other.example", why);
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error(), Errc::invalid_argument);
  EXPECT_NE(why.find(own), std::string::npos) << why;
  EXPECT_EQ(size(), before);
  for (const auto& issuer : {std::string{}, own}) {
    const auto opened = open_with(issuer, why);
    ASSERT_TRUE(opened) << why;
    EXPECT_EQ((*opened)->issuer(), own);
  }
}

TEST_F(LedgerTest, AfterCloseReadsAndWritesAreRefusedAndChecksSayNo_INV6) {
  add_api();
  add_client("a");
  const auto token = issue("a");
  ASSERT_TRUE(check(token));
  ASSERT_TRUE(ledger_->close());
  EXPECT_FALSE(check(token));
  EXPECT_EQ(ledger_->check_detailed(token.token, kApi).failure, CheckFailure::unavailable);
  EXPECT_NE(ledger_->check_jti(token.jti).status, TokenStatus::active);
  EXPECT_EQ(ledger_->token(token.index).error(), Errc::shutting_down);
  EXPECT_EQ(ledger_->list({}).error(), Errc::shutting_down);
  EXPECT_EQ(ledger_->totals().error(), Errc::shutting_down);
  EXPECT_EQ(ledger_->revoke(token.index, {}).error(), Errc::shutting_down);
  EXPECT_EQ(ledger_->append_note("audit", "late").error(), Errc::shutting_down);
  EXPECT_TRUE(ledger_->close()) << "once more is harmless";
}

TEST_F(LedgerTest, StorageLowRefusesTokensAndStillRevokes) {
  add_api();
  add_client("a");
  const auto token = issue("a");
  ledger_->core().storage_low.store(true);
  IssueRequest request;
  request.client_id = "a";
  request.audience = kApi;
  EXPECT_EQ(ledger_->issue(request).error(), Errc::storage_low);
  EXPECT_TRUE(ledger_->revoke(token.index, {}));
  EXPECT_FALSE(check(token));
}

TEST_F(LedgerTest, INV8_PersonalTextStandsNowhereInPlain) {
  add_api();
  add_client("a");
  IssueRequest request;
  request.client_id = "a";
  request.audience = kApi;
  request.owner = "Ada-Lovelace-7731";
  const auto token = ledger_->issue(request);
  ASSERT_TRUE(token);
  ASSERT_TRUE(ledger_->revoke(token->index, {.reason = "Ada-Lovelace-7731 asked for it"}));
  ASSERT_TRUE(ledger_->append_note("audit", "Ada-Lovelace-7731 logged in"));
  EXPECT_EQ(ledger_->open_sealed(ledger_->token(token->index)->row.owner), "Ada-Lovelace-7731");
  ASSERT_TRUE(ledger_->close());
  std::size_t files = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator{directory_ / "ledger"}) {
    if (!file.is_regular_file()) continue;
    ++files;
    const auto text = testing_support::contents(file.path());
    EXPECT_EQ(text.find("Lovelace"), std::string::npos) << file.path();
    EXPECT_EQ(text.find(token->token), std::string::npos) << "R02: " << file.path();
  }
  EXPECT_GT(files, 5u);
}

// Readers race revocations through the whole ledger: after revoke() returned nobody reads active.
TEST_F(LedgerTest, ExtraFieldsAreAJsonObjectOrNothing) {
  add_api();
  add_client("client");
  const auto before = ledger_->committed();
  for (const char* text : {"oops", "[1]", "\"text\"", "{\"a\":1,\"a\":2}", "{} {}", "{"}) {
    IssueRequest request;
    request.client_id = "client";
    request.audience = kApi;
    request.extra_fields = text;
    EXPECT_EQ(ledger_->issue(std::move(request)).error(), Errc::invalid_argument) << text;
  }
  EXPECT_EQ(ledger_->committed(), before);
  IssueRequest request;
  request.client_id = "client";
  request.audience = kApi;
  request.extra_fields = R"({"team":"maps"})";
  EXPECT_TRUE(ledger_->issue(std::move(request)));
}

TEST_F(LedgerTest, Z06_INV2_AfterAnAcknowledgedRevocationNoThreadReadsActive) {
  add_api(TokenKind::opaque);
  add_client("a");
  constexpr int kTokens = 300;
  std::vector<IssuedToken> tokens;
  for (int i = 0; i < kTokens; ++i) tokens.push_back(issue("a"));
  std::atomic<int> acknowledged{0};
  std::atomic<std::uint64_t> checks{0};
  std::atomic<std::uint64_t> stale{0};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&] {
      for (int known = 0; known < kTokens; known = acknowledged.load(std::memory_order_acquire)) {
        for (int i = 0; i < known; ++i) stale += check(tokens[static_cast<std::size_t>(i)]) ? 1 : 0;
        checks += static_cast<std::uint64_t>(known);
      }
    });
  }
  for (int i = 0; i < kTokens; ++i) {
    ASSERT_TRUE(ledger_->revoke(tokens[static_cast<std::size_t>(i)].index, {}));
    acknowledged.store(i + 1, std::memory_order_release);
  }
  for (auto& reader : readers) reader.join();
  std::printf("%llu checks of revoked tokens, %llu stale\n",
              static_cast<unsigned long long>(checks.load()),
              static_cast<unsigned long long>(stale.load()));
  EXPECT_EQ(stale.load(), 0u);
}

TEST_F(LedgerTest, AClosedLedgerRefusesCommands) {
  add_api();
  ASSERT_TRUE(ledger_->close());
  EXPECT_EQ(ledger_->append_note("audit", "late").error(), Errc::shutting_down);
}

}  // namespace
}  // namespace tokenledger

// Cutting the log where one command wrote several events.
#include "storage/recover_tool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

#include "tests/storage/ledger_fixture.hpp"

namespace tokenledger {
namespace {

class RecoverToolTest : public testing_support::LedgerTest {
 protected:
  // Opaque tokens with lifetimes up to an hour, so that a sweep takes several events.
  void issue_many(std::size_t count) {
    std::mt19937 random{7};
    std::atomic<std::size_t> done{0};
    std::atomic<std::size_t> failed{0};
    for (std::size_t sent = 0; sent < count; ++sent) {
      while (sent - done.load() >= 2'000)
        std::this_thread::sleep_for(std::chrono::microseconds{50});
      IssueRequest request;
      request.client_id = "a";
      request.audience = kApi;
      request.lifetime_s = 1 + random() % 3'000;
      ledger_->issue_async(std::move(request), [&](const Result<IssuedToken>& issued) {
        if (!issued) ++failed;
        ++done;
      });
    }
    while (done.load() < count) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    ASSERT_EQ(failed, 0u);
    ASSERT_TRUE(ledger_->core().views->wait_for(ledger_->committed(), std::chrono::minutes{1}));
  }
  // The first event of the sweep and its last.
  std::pair<Sequence, Sequence> sweep_everything() {
    const auto before = ledger_->committed();
    clock_->pass(3'001);
    const auto swept = ledger_->sweep();
    EXPECT_TRUE(swept) << swept.error().message();
    return {before.next(), ledger_->committed()};
  }
  Result<std::filesystem::path> cut(Sequence seq, std::string& why) {
    auto tool = RecoverTool::open({.directory = directory_ / "ledger",
                                   .keyring_key_file = {},
                                   .anchor = {},
                                   .files = {},
                                   .progress = {}},
                                  why);
    if (!tool) return tool.error();
    return (*tool)->truncate_after(seq, true, why);
  }
};

TEST_F(RecoverToolTest, INV3ACutInsideASweepIsRefusedWithTheSeqsAroundItAndSweepsGoOn) {
  add_api(TokenKind::opaque);
  add_client("a");
  constexpr std::size_t kTokens = 70'000;
  issue_many(kTokens);
  const auto [first, last] = sweep_everything();
  ASSERT_GT(last.value(), first.value() + 1) << "three parts at least";
  ASSERT_TRUE(ledger_->close());
  ledger_.reset();
  const auto below = Sequence{first.value() - 1};
  for (auto seq = first; seq < last; seq = seq.next()) {
    std::string why;
    const auto refused = cut(seq, why);
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error(), Errc::invalid_argument);
    EXPECT_NE(why.find("after seq " + std::to_string(below.value()) + " or after seq " +
                       std::to_string(last.value())),
              std::string::npos)
        << why;
  }
  open();
  EXPECT_EQ(ledger_->stats().tokens_swept, kTokens) << "refusing changed nothing";
  ASSERT_TRUE(ledger_->close());
  ledger_.reset();

  std::string why;
  ASSERT_TRUE(cut(below, why)) << why;
  open();
  EXPECT_EQ(ledger_->stats().tokens_swept, 0u);
  ASSERT_TRUE(ledger_->core().views->wait_for(ledger_->committed(), std::chrono::minutes{1}));
  const auto swept = ledger_->sweep();
  ASSERT_TRUE(swept) << swept.error().message();
  EXPECT_EQ(ledger_->stats().tokens_swept, kTokens);
  ASSERT_TRUE(ledger_->close());
  ledger_.reset();
  ASSERT_TRUE(cut(Sequence{1}, why))
      << "the events of the ledger's making are commands of their own";
}

TEST_F(RecoverToolTest, ACutBetweenAnHs256KeyAndItsApiIsRefused) {
  CreateApi create{.identifier = "urn:mac", .built_in = false, .settings = {}, .hs256_kid = {}};
  create.settings.name = "mac";
  create.settings.signing_alg = SignatureAlgorithm::hs256;
  const auto made = ledger_->create_api_with_secret(
      {Actor{.kind = ActorKind::host}, {}, std::nullopt, std::move(create)});
  ASSERT_TRUE(made);
  const auto key = made->committed.seq;
  ASSERT_TRUE(ledger_->append_note("audit", "one more"));
  ASSERT_TRUE(ledger_->close());
  ledger_.reset();
  std::string why;
  const auto refused = cut(key, why);
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error(), Errc::invalid_argument) << why;
  EXPECT_TRUE(cut(key.next(), why)) << why;
  open();
}

TEST_F(RecoverToolTest, ACutInsideABulkRevocationIsRefusedAndAtItsEndsIsNot) {
  add_api(TokenKind::opaque);
  add_client("a");
  RevokeTokenList list{.tokens = {}, .cause = Cause::admin_manual, .reason = {}};
  for (int i = 0; i < 5; ++i) list.tokens.push_back(issue("a").index);
  std::ranges::sort(list.tokens);
  const auto alone = issue("a");
  const auto before = ledger_->committed();
  const auto count = list.tokens.size();
  ASSERT_TRUE(submit(std::move(list)));
  const Sequence last{before.value() + count};
  ASSERT_EQ(ledger_->committed(), last);
  // Like one of them, but a request of its own.
  clock_->pass(1);
  ASSERT_TRUE(submit(RevokeToken{alone.index, Cause::admin_manual, {}}));
  ASSERT_TRUE(ledger_->close());
  ledger_.reset();
  std::string why;
  for (auto seq = before.next(); seq < last; seq = seq.next()) {
    const auto refused = cut(seq, why);
    ASSERT_TRUE(refused.has_error()) << seq.value();
    EXPECT_EQ(refused.error(), Errc::invalid_argument);
    EXPECT_NE(why.find("after seq " + std::to_string(before.value()) + " or after seq " +
                       std::to_string(last.value())),
              std::string::npos)
        << why;
  }
  EXPECT_TRUE(cut(last, why)) << why;
  EXPECT_TRUE(cut(before, why)) << why;
  open();
}

// Whatever happens inside, a person reads that something was changed, and the same cut again ends
// it.
TEST_F(RecoverToolTest, ACutThatFailsHalfWaySaysSoAndCanBeRepeated_INV6) {
  ASSERT_TRUE(ledger_->append_note("audit", "one"));
  const auto keep = ledger_->committed();
  ASSERT_TRUE(ledger_->append_note("audit", "two"));
  ASSERT_TRUE(ledger_->close());
  ledger_.reset();
  const auto snapshots = directory_ / "ledger" / "snapshots";
  const auto elsewhere = directory_ / "snapshots";
  std::filesystem::rename(snapshots, elsewhere);
  testing_support::overwrite(snapshots, "");  // a file: listing it fails
  std::string why;
  const auto failed = cut(keep, why);
  ASSERT_TRUE(failed.has_error());
  EXPECT_EQ(failed.error(), Errc::unknown_outcome);
  EXPECT_NE(why.find("something was changed"), std::string::npos) << why;
  EXPECT_NE(why.find("cut again after seq " + std::to_string(keep.value())), std::string::npos);
  std::filesystem::remove(snapshots);
  std::filesystem::rename(elsewhere, snapshots);
  ASSERT_TRUE(cut(keep, why)) << why;
  open();
}

}  // namespace
}  // namespace tokenledger

// The views told by the oracle: random lives of a ledger, and after each batch every token, the
// lists, totals, expiries and names agree with a model that keeps none of the views' indexes
// (INV-3, D03, D04, Z14, Z17).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "storage/views.hpp"
#include "tests/core/oracle_run.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace oracle {
namespace {

namespace tl = tokenledger;
using tl::testing_support::TemporaryDirectory;

// Opening a RocksDB is slow: every tenth of the sequences that tests/core/oracle_test.cpp lives.
constexpr std::uint64_t kSequences = 100;
constexpr std::uint64_t kCommandsPerSequence = 200;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const given = std::getenv(name);
  return given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
}

class OracleViews : public testing::Test {
 protected:
  void live(std::uint64_t seed) {
    const TemporaryDirectory directory;
    auto opened =
        tl::Views::open({directory / "views", tl::make_posix_file_layer(), {1, 2, 3}, false});
    ASSERT_TRUE(opened) << opened.error().message();
    views = std::move(*opened);
    oracle::Run run{seed, tally};
    while (run.commands < kCommandsPerSequence && !HasFatalFailure()) {
      ASSERT_EQ(run.next_batch(), "");
      if (run.batch.empty()) continue;
      ASSERT_TRUE(views->apply(run.batch));
      compare(run);
    }
    views.reset();
  }

  void compare(oracle::Run& run) {
    const auto& model = run.model;
    ASSERT_EQ(views->cursor().value(), model.last_seq);
    for (const auto& token : model.tokens) compare_token(model, token);
    compare_totals(model, model.last_seq, model.last_at);
    compare_totals(model, 1 + run.chooser.below(model.last_seq), model.last_at);
    compare_expiring(model);
    compare_named(model);
    const auto client = 1 + run.chooser.below(model.clients.size() + 1);
    const auto past = 1 + run.chooser.below(model.last_seq);
    for (int status = 0; status <= 3; ++status) {
      compare_list(run, {}, status, model.last_seq);
      compare_list(run, client, status, model.last_seq);
      compare_list(run, client, status, past);
    }
  }

  void compare_token(const Model& model, const Token& token) {
    const auto got = views->token(translate(token.issue.token));
    ASSERT_TRUE(got) << got.error().message();
    ASSERT_TRUE(got->has_value());
    compare_row(**got, token, model.last_seq);
    const auto answer =
        views->status_of(**got, tl::Sequence{model.last_seq}, tl::LedgerTime{model.last_at});
    ASSERT_TRUE(answer);
    EXPECT_EQ(difference(*answer, model.status(token, model.last_seq, model.last_at)), "");
  }

  // What came after `seq` stands in no row.
  static void compare_row(const tl::TokenRow& row, const Token& token, std::uint64_t seq) {
    EXPECT_EQ(row.index, translate(token.issue.token));
    EXPECT_EQ(row.issued_seq.value(), token.seq);
    EXPECT_EQ(row.recorded_at.value(), token.at);
    EXPECT_EQ(row.issued_at.value(), token.issue.issued_at);
    EXPECT_EQ(row.expires_at.value(), token.issue.expires_at);
    EXPECT_EQ(row.token_class, class_of(token.issue));
    EXPECT_EQ(static_cast<int>(row.kind), token.issue.kind);
    EXPECT_EQ(row.issued_by, translate(token.who));
    EXPECT_EQ(row.name, token.issue.name);
    EXPECT_EQ(row.owner.bytes, token.issue.owner);
    const auto own = std::ranges::find_if(
        token.ends, [&](const End& end) { return end.is_own && end.seq <= seq; });
    ASSERT_EQ(row.own_revocation.has_value(), own != token.ends.end());
    if (!row.own_revocation) return;
    EXPECT_EQ(row.own_revocation->seq.value(), own->seq);
  }

  void compare_totals(const Model& model, std::uint64_t seq, std::uint64_t at) {
    const auto got = views->totals(tl::Sequence{seq}, tl::LedgerTime{at});
    ASSERT_TRUE(got) << got.error().message();
    const auto want = model.totals(seq, at);
    EXPECT_EQ(got->issued, want.issued);
    EXPECT_EQ(got->active, want.active);
    EXPECT_EQ(got->revoked, want.revoked);
    EXPECT_EQ(got->expired, want.expired);
  }

  void compare_expiring(const Model& model) {
    const auto to = static_cast<std::uint32_t>(model.last_at / kSecond);
    if (to <= model.swept_to) return;
    std::vector<std::pair<tl::UnixSeconds, tl::TokenIndex>> got;
    tl::UnixSeconds reached;
    const tl::UnixSeconds from{model.swept_to};
    ASSERT_TRUE(views->expiring(from, tl::UnixSeconds{to}, 10'000, got, reached));
    const auto want = model.expiring(model.swept_to, to);
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < want.size(); ++i) {
      EXPECT_EQ(got[i].first.value(), want[i].expires_at);
      EXPECT_EQ(got[i].second, translate(want[i].token));
    }
  }

  void compare_named(const Model& model) {
    std::vector<std::pair<std::string, TokenName>> want;
    for (const auto& token : model.tokens) {
      if (!token.issue.name.empty()) want.emplace_back(token.issue.name, token.issue.token);
    }
    std::ranges::sort(want);
    const auto got = views->named("", 10'000);
    ASSERT_TRUE(got) << got.error().message();
    ASSERT_EQ(got->size(), want.size());
    for (std::size_t i = 0; i < want.size(); ++i) EXPECT_EQ((*got)[i], translate(want[i].second));
  }

  // All pages, newest first. A status of 0 and no client: no such filter.
  void compare_list(oracle::Run& run, std::optional<std::uint32_t> client, int status,
                    std::uint64_t seq) {
    const auto& model = run.model;
    const bool with_deleted = run.chooser.below(2) == 0;
    std::vector<const Token*> want;
    for (auto token = model.tokens.rbegin(); token != model.tokens.rend(); ++token) {
      const auto name = model.status(*token, seq, model.last_at).name;
      const bool fits = status == 0 || name == tl::status_name(tl::TokenStatus(status));
      const auto own = std::ranges::find_if(
          token->ends, [&](const End& end) { return end.is_own && end.seq <= seq; });
      const bool is_hidden = !with_deleted && own != token->ends.end() && own->cause == "deleted";
      if (is_hidden) continue;
      if (name == "unknown" || !fits || (client && token->issue.client != *client)) continue;
      want.push_back(&*token);
    }
    tl::ListQuery query{.as_of_seq = tl::Sequence{seq},
                        .as_of_time = tl::LedgerTime{model.last_at},
                        .limit = 1 + run.chooser.below(12)};
    if (client) query.client = tl::ClientNumber{*client};
    if (status != 0) query.status = tl::TokenStatus(status);
    query.include_deleted = with_deleted;
    std::size_t seen = 0;
    for (std::size_t pages = 0; pages <= want.size() + 1; ++pages) {
      const auto page = views->list(query);
      ASSERT_TRUE(page) << page.error().message();
      EXPECT_EQ(page->total, want.size());
      for (const auto& listed : page->tokens) {
        ASSERT_LT(seen, want.size());
        compare_row(listed.row, *want[seen], seq);
        EXPECT_EQ(difference(listed.answer, model.status(*want[seen], seq, model.last_at)), "");
        ++seen;
      }
      ++pages_compared;
      if (!page->next) break;
      query.after = page->next;
    }
    EXPECT_EQ(seen, want.size());
  }

  Tally tally;
  std::uint64_t pages_compared = 0;
  std::unique_ptr<tl::Views> views;
};

TEST_F(OracleViews, TokensListsTotalsExpiriesAndNamesAgreeWithTheModelAtEveryPrefix_INV3_D03_D04) {
  const auto seed = from_environment("TOKENLEDGER_ORACLE_SEED", std::random_device{}());
  const auto sequences = from_environment("TOKENLEDGER_ORACLE_SEQUENCES", kSequences);
  std::printf("TOKENLEDGER_ORACLE_SEED=%llu TOKENLEDGER_ORACLE_SEQUENCES=%llu\n",
              static_cast<unsigned long long>(seed), static_cast<unsigned long long>(sequences));
  std::fflush(stdout);
  for (std::uint64_t i = 0; i < sequences; ++i) {
    live(seed + i);
    ASSERT_FALSE(HasFailure()) << "again: TOKENLEDGER_ORACLE_SEED=" << seed + i
                               << " TOKENLEDGER_ORACLE_SEQUENCES=1";
  }
  std::printf("%llu commands, %llu prefixes, %llu pages\n",
              static_cast<unsigned long long>(tally.commands),
              static_cast<unsigned long long>(tally.prefixes),
              static_cast<unsigned long long>(pages_compared));
}

}  // namespace
}  // namespace oracle

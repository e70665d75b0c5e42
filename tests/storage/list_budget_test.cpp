// What one page of a list may cost (INV-7): everything that was looked at counts, reads at random
// places as many rows, and a page that ends at its budget still moves on.
#include <gtest/gtest.h>

#include <map>

#include "tests/storage/temporary_directory.hpp"
#include "tests/storage/views_history.hpp"

namespace tokenledger {
namespace {

using testing_support::RandomHistory;
using testing_support::TemporaryDirectory;

constexpr std::uint64_t kSeed = 20'261'122;

class ListBudget : public testing::Test {
 protected:
  void open(const ListBounds& bounds, std::size_t events) {
    auto opened =
        Views::open({directory / "views", make_posix_file_layer(), {1, 2, 3}, false, bounds, {}});
    ASSERT_TRUE(opened) << opened.error().message();
    views = std::move(*opened);
    grow(events);
  }
  void grow(std::size_t count) {
    for (; count > 0; --count) {
      const auto event = history.next();
      issued += std::holds_alternative<TokenIssued>(event.payload);
      ASSERT_TRUE(views->apply({&event, 1}));
    }
  }
  ListQuery everything(ListSort sort) const {
    return {.include_deleted = true,
            .sort = sort,
            .as_of_seq = views->cursor(),
            .as_of_time = history.now()};
  }
  struct Walk {
    std::size_t pages = 0;
    std::size_t rows = 0;
  };
  Walk walk(ListQuery query) const {
    Walk found;
    query.count_total = false;
    while (found.pages < 10'000) {
      const auto page = views->list(query);
      EXPECT_TRUE(page);
      if (!page) return found;
      ++found.pages;
      found.rows += page->tokens.size();
      if (!page->next) return found;
      EXPECT_NE(page->next, query.after) << "a page must move on";
      query.after = page->next;
    }
    ADD_FAILURE() << "the list does not end";
    return found;
  }

  TemporaryDirectory directory;
  RandomHistory history{kSeed};
  std::unique_ptr<Views> views;
  std::uint64_t issued = 0;
};

TEST_F(ListBudget, ReadsAtRandomPlacesCountAsManyRows_INV7) {
  constexpr std::uint32_t kBudget = 200;
  open({.scan_rows_max = kBudget, .plan_classes_max = 1, .gather_rows_max = 1}, 3'000);
  // In the order of expiry a row holds no time of issue: each is read where its token stands.
  auto query = everything(ListSort::expires_ascending);
  query.issued.to = UnixSeconds{1};  // none
  const auto dear = walk(query);
  EXPECT_EQ(dear.rows, 0u);
  EXPECT_GT(dear.pages, issued / 8) << "of " << issued << " tokens";
  // In the order of issue the same takes one scan.
  query.sort = ListSort::issued_ascending;
  const auto cheap = walk(query);
  EXPECT_EQ(cheap.rows, 0u);
  EXPECT_LE(cheap.pages, issued / kBudget + 1);
}

TEST_F(ListBudget, TokensIssuedAfterTheListsSeqCountWhenTheyAreSkipped_INV7) {
  open({.scan_rows_max = 100, .plan_classes_max = 1, .gather_rows_max = 1}, 10);
  const auto old = everything(ListSort::expires_ascending);
  const auto old_issued = issued;
  grow(2'000);
  const auto walked = walk(old);
  EXPECT_EQ(walked.rows, old_issued);
  EXPECT_GT(walked.pages, (issued - old_issued) / 200) << "of " << issued << " tokens";
}

TEST_F(ListBudget, RowsThatAreShownAreBoundedByTheLimitAlone) {
  open({.scan_rows_max = 2'000, .plan_classes_max = 1, .gather_rows_max = 1}, 1'200);
  auto query = everything(ListSort::expires_descending);
  query.limit = kPageRowsMax;
  const auto page = views->list(query);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->tokens.size(), issued) << "each of them was read at its own place";
  EXPECT_FALSE(page->next);
}

TEST_F(ListBudget, TheSmallestBudgetsStillReachTheEnd) {
  open({.scan_rows_max = 1,
        .count_rows_max = 1,
        .merge_classes_max = 1,
        .plan_classes_max = 1,
        .gather_rows_max = 2,
        .gather_revocations_max = 1},
       300);
  for (const auto sort : {ListSort::issued_descending, ListSort::expires_ascending})
    EXPECT_EQ(walk(everything(sort)).rows, issued);
}

// A list of revoked tokens reads the revocation beside the token, and only its reason elsewhere.
TEST_F(ListBudget, ARevokedTokenShowsTheSameInEveryList) {
  open({}, 3'000);
  std::size_t with_reason = 0;
  for (const auto sort : {ListSort::issued_descending, ListSort::issued_ascending,
                          ListSort::expires_descending, ListSort::expires_ascending}) {
    for (const bool by_client : {false, true}) {
      auto query = everything(sort);
      query.status = TokenStatus::revoked;
      query.limit = kPageRowsMax;
      if (by_client) query.client = ClientNumber{2};
      const auto page = views->list(query);
      ASSERT_TRUE(page);
      ASSERT_FALSE(page->tokens.empty());
      for (const auto& listed : page->tokens) {
        const auto alone = views->token(listed.row.index);
        ASSERT_TRUE(alone && *alone);
        EXPECT_EQ(listed.row.own_revocation, (*alone)->own_revocation);
        EXPECT_EQ(listed.row.own_reason.bytes, (*alone)->own_reason.bytes);
        with_reason += !listed.row.own_reason.bytes.empty();
      }
    }
  }
  EXPECT_GT(with_reason, 0u);
}

// A late page keeps few of the revocations in its range; looking for them among all the others
// must not cost what the page has.
TEST_F(ListBudget, ALatePageOfARangeOfRevocationsGivesUpLookingSoon_INV7) {
  constexpr std::uint64_t kTokens = 400;
  constexpr std::uint64_t kOldest = 5;
  open({.scan_rows_max = 200, .gather_revocations_max = 10}, 0);
  const auto start = history.now();
  const auto apply = [&](std::uint64_t seq, Payload payload) {
    Event event;
    event.seq = Sequence{seq};
    event.recorded_at = LedgerTime{start.value() + seq * kNanosecondsPerSecond};
    event.actor.kind = ActorKind::host;
    event.payload = std::move(payload);
    ASSERT_TRUE(views->apply({&event, 1}));
  };
  for (std::uint64_t number = 1; number <= kTokens; ++number) {
    TokenIssued issue;
    issue.index = TokenIndex{Lane::day, number};
    issue.token_class = ClassNumber{1};
    if (number == 1) issue.new_class = TokenClass{.client = ClientNumber{1}};
    issue.issued_at = UnixSeconds{to_seconds(start).value() + static_cast<std::uint32_t>(number)};
    issue.expires_at = UnixSeconds{issue.issued_at.value() + 80'000};
    apply(number, std::move(issue));
  }
  for (std::uint64_t number = 1; number <= kTokens; ++number) {
    TokenRevoked revoke;
    revoke.index = TokenIndex{Lane::day, number};
    revoke.reason.bytes = "because";
    apply(kTokens + number, std::move(revoke));
  }
  ListQuery query{.as_of_seq = views->cursor(),
                  .as_of_time = LedgerTime{start.value() + 1'000 * kNanosecondsPerSecond},
                  .after = ListPosition{{}, kOldest + 1},
                  .count_total = false};
  query.revoked.from = start;
  const auto page = views->list(query);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->tokens.size(), kOldest);
  EXPECT_FALSE(page->next);
  // These rows repeat the revocation, but not its reason; so do those of one client.
  auto of_client = query;
  of_client.revoked = {};
  of_client.status = TokenStatus::revoked;
  of_client.client = ClientNumber{1};
  const auto same = views->list(of_client);
  ASSERT_TRUE(same);
  ASSERT_EQ(same->tokens.size(), kOldest);
  for (const auto& listed : {page->tokens[0], same->tokens[0]}) {
    ASSERT_TRUE(listed.row.own_revocation);
    EXPECT_EQ(listed.row.own_revocation->seq, Sequence{kTokens + kOldest});
    EXPECT_EQ(listed.row.own_reason.bytes, "because");
  }
}

TEST_F(ListBudget, ATimeBeyondAllTokensIsAnOpenEnd_Z16) {
  open({}, 1'000);
  auto query = everything(ListSort::issued_descending);
  query.status = TokenStatus::revoked;
  query.limit = kPageRowsMax;
  const auto all = views->list(query);
  ASSERT_TRUE(all);
  ASSERT_FALSE(all->tokens.empty());
  query.revoked.to = LedgerTime{(std::uint64_t{1} << 33) * kNanosecondsPerSecond};  // the year 2242
  const auto until = views->list(query);
  ASSERT_TRUE(until);
  EXPECT_EQ(until->tokens.size(), all->tokens.size());
}

}  // namespace
}  // namespace tokenledger

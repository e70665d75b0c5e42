// Random histories: the views answer like a model that looks at everything.
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "core/ended_bits.hpp"
#include "tests/storage/temporary_directory.hpp"
#include "tests/storage/views_history.hpp"

namespace tokenledger {

// Readable failures, and equality where the product needs none.
static bool operator==(const TokenRow& a, const TokenRow& b) {
  return a.index == b.index && a.issued_seq == b.issued_seq && a.recorded_at == b.recorded_at &&
         a.issued_at == b.issued_at && a.expires_at == b.expires_at &&
         a.token_class == b.token_class && a.kind == b.kind && a.origin == b.origin &&
         a.subject == b.subject && a.binding == b.binding && a.issued_by == b.issued_by &&
         a.name == b.name && a.owner == b.owner && a.extra_fields == b.extra_fields &&
         a.own_revocation == b.own_revocation && a.own_reason == b.own_reason;
}

namespace {

using testing_support::MemoryLog;
using testing_support::ModelViews;
using testing_support::RandomHistory;
using testing_support::TemporaryDirectory;

std::uint64_t seed_of_run() {
  const char* const given = std::getenv("TOKENLEDGER_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

class ViewsModel : public testing::Test {
 protected:
  ViewsModel() { reopen(); }

  void reopen() {
    views.reset();
    // Totals are to be exact and pages full here, though each row of an ended user's token may cost
    // three reads.
    auto opened =
        Views::open({.directory = directory / "views",
                     .files = make_posix_file_layer(),
                     .ledger_id = {1, 2, 3},
                     .list_bounds = {.scan_rows_max = 10'000'000, .count_rows_max = 10'000'000}});
    ASSERT_TRUE(opened) << opened.error().message();
    views = std::move(*opened);
  }
  // In batches of random size.
  void grow(std::size_t count) {
    while (count > 0) {
      const auto events = history.next(1 + history.below(std::min<std::size_t>(count, 90)));
      ASSERT_TRUE(views->apply(events));
      for (const auto& event : events) model.apply(event);
      count -= events.size();
    }
  }
  // Some prefix and some instant, now most often.
  ListQuery any_moment() {
    ListQuery query;
    query.as_of_seq = views->cursor();
    query.as_of_time = history.now();
    if (history.below(3) == 0)
      query.as_of_seq = Sequence{1 + history.below(query.as_of_seq.value())};
    if (history.below(3) == 0) {
      query.as_of_time =
          LedgerTime{history.now().value() + history.below(1'000) * kNanosecondsPerSecond};
    }
    return query;
  }
  LedgerTime any_past() {
    const auto elapsed =
        history.now().value() - testing_support::kStartSeconds * kNanosecondsPerSecond;
    return LedgerTime{history.now().value() - history.below(elapsed + 1)};
  }
  void expect_list_like_model(ListQuery query, bool grow_between_pages);

  const std::uint64_t seed = seed_of_run();
  testing::ScopedTrace trace{__FILE__, __LINE__, "TOKENLEDGER_TEST_SEED=" + std::to_string(seed)};
  TemporaryDirectory directory;
  RandomHistory history{seed, true};
  ModelViews model;
  std::unique_ptr<Views> views;
};

void ViewsModel::expect_list_like_model(ListQuery query, bool grow_between_pages) {
  const auto want = model.list(query);
  std::size_t seen = 0;
  for (std::size_t pages = 0;; ++pages) {
    ASSERT_LE(pages, want.size() + 2);
    const auto page = views->list(query);
    ASSERT_TRUE(page) << page.error().message();
    ASSERT_LE(page->tokens.size(), query.limit);
    EXPECT_EQ(page->total, want.size());
    EXPECT_FALSE(page->total_is_lower_bound);
    for (const auto& listed : page->tokens) {
      ASSERT_LT(seen, want.size());
      EXPECT_TRUE(listed.row == want[seen].row) << "row " << seen;
      EXPECT_EQ(listed.answer.status, want[seen].answer.status);
      EXPECT_EQ(listed.answer.revocation, want[seen].answer.revocation);
      ++seen;
    }
    if (!page->next) break;
    query.after = page->next;
    if (grow_between_pages) grow(30);
  }
  EXPECT_EQ(seen, want.size());
}

TEST_F(ViewsModel, ListsAnswerLikeBruteForceForEveryFilterAndStayStableWhileTheLogGrows_D03) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  for (int round = 0; round < 8; ++round) {
    grow(60 + history.below(200));
    if (round % 4 == 3) reopen();
    for (std::uint32_t client = 0; client <= 6; ++client) {
      for (std::uint8_t status = 0; status <= 3; ++status) {
        auto query = any_moment();
        if (client > 0) query.client = ClientNumber{client};
        if (status > 0) query.status = static_cast<TokenStatus>(status);
        query.limit = 1 + static_cast<std::uint32_t>(history.below(200));
        expect_list_like_model(query, history.below(4) == 0);
        if (HasFatalFailure()) return;
      }
    }
  }
}

// The ends of consents, families and users are in no class, so the lists find them by looking.
TEST_F(ViewsModel, A32ListsOfUsersTokensAnswerLikeBruteForceInEveryOrder) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::uint64_t ended = 0;
  for (int round = 0; round < 5; ++round) {
    grow(200 + history.below(300));
    if (round % 2 == 1) reopen();
    for (int number = 0; number < 30; ++number) {
      auto query = any_moment();
      const auto dice = history.below(6);
      if (dice < 2) query.subject = SubjectNumber{static_cast<std::uint32_t>(history.below(5))};
      if (dice >= 1 && dice < 4)
        query.consent = ConsentNumber{1 + static_cast<std::uint32_t>(history.below(31))};
      const auto status = history.below(5);
      if (status > 0 && status < 4) query.status = static_cast<TokenStatus>(status);
      if (history.below(4) == 0)
        query.client = ClientNumber{1 + static_cast<std::uint32_t>(history.below(5))};
      if (history.below(4) == 0) query.revoked.from = any_past();
      if (history.below(4) == 0) query.revoked.to = any_past();
      query.sort = static_cast<ListSort>(1 + history.below(4));
      query.limit = 1 + static_cast<std::uint32_t>(history.below(200));
      for (const auto& listed : model.list(query))
        ended += listed.answer.revocation && listed.answer.revocation != listed.row.own_revocation;
      expect_list_like_model(query, history.below(4) == 0);
      if (HasFatalFailure()) return;
    }
  }
  std::printf("rows ended by what they stand on or their class %llu\n",
              static_cast<unsigned long long>(ended));
  EXPECT_GT(ended, 100u);
}

TEST_F(ViewsModel, A32ANumberUsedAgainEndsOnlyWhatWasIssuedBefore) {
  const auto issue = [&](std::uint64_t counter) {
    Event event = history.next();
    TokenIssued issued{.index = {Lane::day, 1 + counter}};
    issued.token_class = ClassNumber{9};
    if (counter == 0) issued.new_class = TokenClass{.client = ClientNumber{99}};
    issued.issued_at = to_seconds(event.recorded_at);
    issued.expires_at = UnixSeconds{issued.issued_at.value() + 3'600};
    issued.subject = SubjectNumber{77};
    issued.user = UserPart{ConsentNumber{500}, FamilyNumber{}, issued.issued_at};
    event.payload = issued;
    return event;
  };
  const auto end = [&](const char* reason) {
    Event event = history.next();
    event.payload = ConsentWithdrawn{ConsentNumber{500}, {reason}};
    return event;
  };
  const Event events[] = {issue(0), end("first"), issue(1), end("second"), issue(2)};
  ASSERT_TRUE(views->apply(events));
  for (int pass = 0; pass < 2; ++pass) {
    ListQuery query{.client = ClientNumber{99},
                    .consent = ConsentNumber{500},
                    .as_of_seq = views->cursor(),
                    .as_of_time = history.now()};
    query.sort = ListSort::issued_ascending;
    const auto page = views->list(query);
    ASSERT_TRUE(page);
    ASSERT_EQ(page->tokens.size(), 3u);
    EXPECT_EQ(page->tokens[0].answer.revocation->seq, events[1].seq);
    EXPECT_EQ(page->tokens[0].answer.revocation->cause, Cause::consent_withdrawn);
    EXPECT_EQ(page->tokens[1].answer.revocation->seq, events[3].seq);
    EXPECT_EQ(page->tokens[2].answer.status, TokenStatus::active);
    EXPECT_EQ((*views->reason_of_cascade(events[1].seq))->bytes, "first");
    EXPECT_EQ((*views->reason_of_cascade(events[3].seq))->bytes, "second");
    query.as_of_seq = events[2].seq;
    EXPECT_EQ(views->list(query)->tokens[1].answer.status, TokenStatus::active);
    reopen();
  }
}

TEST_F(ViewsModel, INV6AnEndOfANumberThatCannotBeIsNoEvent) {
  Event event = history.next();
  event.payload = ConsentWithdrawn{ConsentNumber{kEndedNumberEnd}, {}};
  EXPECT_EQ(to_errc(views->apply({&event, 1}).error()), Errc::log_corrupt);
}

TEST_F(ViewsModel, OneTokenIsFoundWithAllThatWasSaid) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  grow(3'000);
  for (int pass = 0; pass < 2; ++pass) {
    for (const auto& want : model.tokens()) {
      const auto row = views->token(want.index);
      ASSERT_TRUE(row);
      ASSERT_TRUE(*row);
      EXPECT_TRUE(**row == want) << want.index.value();
      const auto moment = any_moment();
      const auto answer = views->status_of(**row, moment.as_of_seq, moment.as_of_time);
      const auto right = model.status_of(want, moment.as_of_seq, moment.as_of_time);
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->status, right.status);
      EXPECT_EQ(answer->revocation, right.revocation);
    }
    const auto nobody = views->token(TokenIndex{Lane::day, TokenIndex::kCounterMax});
    ASSERT_TRUE(nobody);
    EXPECT_FALSE(*nobody);
    reopen();
  }
}

TEST_F(ViewsModel, TotalsCountEveryToken_Z14) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  for (int round = 0; round < 20; ++round) {
    grow(150);
    const auto moment = any_moment();
    const auto totals = views->totals(moment.as_of_seq, moment.as_of_time);
    ASSERT_TRUE(totals);
    EXPECT_EQ(*totals, model.totals(moment.as_of_seq, moment.as_of_time));
    EXPECT_EQ(totals->issued, totals->active + totals->revoked + totals->expired);
  }
}

TEST_F(ViewsModel, ExpiringNamesWholeSecondsInOrderAndMissesNone) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  grow(4'000);
  const UnixSeconds end{testing_support::kStartSeconds + 20'000};
  for (const std::size_t count_max : {1, 3, 50, 100'000}) {
    std::vector<std::pair<UnixSeconds, TokenIndex>> all;
    std::vector<std::pair<UnixSeconds, TokenIndex>> part;
    for (UnixSeconds from{testing_support::kStartSeconds}; from < end;) {
      UnixSeconds reached;
      ASSERT_TRUE(views->expiring(from, end, count_max, part, reached));
      ASSERT_GT(reached, from);
      EXPECT_EQ(part, model.expiring(from, reached));
      const bool one_second = !part.empty() && part.front().first == part.back().first;
      EXPECT_TRUE(part.size() <= count_max || one_second);
      all.insert(all.end(), part.begin(), part.end());
      from = reached;
    }
    EXPECT_EQ(all, model.expiring(UnixSeconds{testing_support::kStartSeconds}, end));
  }
}

TEST_F(ViewsModel, NamesAreFoundByPrefixWithoutRegardToCase) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  grow(2'000);
  const auto fold = [](std::string text) {
    for (auto& c : text) c = static_cast<char>(std::tolower(c));
    return text;
  };
  for (const std::string prefix : {"", "n", "NA", "nab", "zz", "nzZb"}) {
    std::vector<std::pair<std::string, TokenIndex>> want;
    for (const auto& row : model.tokens()) {
      if (!row.name.empty() && fold(row.name).starts_with(fold(prefix))) {
        want.emplace_back(fold(row.name), row.index);
      }
    }
    std::ranges::sort(want);
    const auto found = views->named(prefix, 1'000);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), std::min<std::size_t>(want.size(), 1'000));
    for (std::size_t i = 0; i < found->size(); ++i) EXPECT_EQ((*found)[i], want[i].second);
  }
}

TEST_F(ViewsModel, QueriesThatCannotBeAnsweredAreRefused) {
  grow(100);
  ListQuery query{.as_of_seq = views->cursor(), .as_of_time = history.now()};
  const auto refused = [&](ListQuery changed) { return to_errc(views->list(changed).error()); };
  auto changed = query;
  changed.limit = 0;
  EXPECT_EQ(refused(changed), Errc::invalid_argument);
  changed.limit = kPageRowsMax + 1;
  EXPECT_EQ(refused(changed), Errc::invalid_argument);
  changed = query;
  changed.status = TokenStatus::unknown;
  EXPECT_EQ(refused(changed), Errc::invalid_argument);
  changed = query;
  changed.consent = ConsentNumber{};
  EXPECT_EQ(refused(changed), Errc::invalid_argument);
  changed = query;
  changed.as_of_seq = query.as_of_seq.next();
  EXPECT_EQ(refused(changed), Errc::view_behind);
  EXPECT_EQ(to_errc(views->totals(query.as_of_seq.next(), history.now()).error()),
            Errc::view_behind);
}

TEST_F(ViewsModel, TheReasonOfACascadeIsKept) {
  grow(20);
  Event event = history.next();
  event.payload = TokensRevoked{{SelectorKind::client, 1}, event.seq, Cause::epoch, {"why"}};
  ASSERT_TRUE(views->apply({&event, 1}));
  const auto reason = views->reason_of_cascade(event.seq);
  ASSERT_TRUE(reason);
  ASSERT_TRUE(*reason);
  EXPECT_EQ((*reason)->bytes, "why");
  EXPECT_FALSE(*views->reason_of_cascade(event.seq.next()));
}

}  // namespace
}  // namespace tokenledger

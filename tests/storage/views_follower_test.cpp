// The follower's thread, waiting for it, and how it fails.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "storage/commit_signal.hpp"
#include "tests/storage/temporary_directory.hpp"
#include "tests/storage/views_history.hpp"

namespace tokenledger {
namespace {

using namespace std::chrono_literals;
using testing_support::MemoryLog;
using testing_support::RandomHistory;
using testing_support::TemporaryDirectory;

class ViewsFollowing : public testing::Test {
 protected:
  ViewsFollowing() {
    for (const auto& event : history.next(10'000)) log.add(event);
    auto opened = Views::open({directory / "views", make_posix_file_layer(), {1}, false});
    EXPECT_TRUE(opened);
    if (opened) views = std::move(*opened);
  }

  TemporaryDirectory directory;
  RandomHistory history{5};
  MemoryLog log;
  CommitSignal signal;
  std::unique_ptr<Views> views;
  std::atomic<int> failures{0};
  std::atomic<Errc> failure{Errc::shutting_down};
  std::function<void(Errc)> note_failure = [this](Errc code) {
    failure = code;
    ++failures;
  };
};

TEST_F(ViewsFollowing, FollowsWhatIsAnnouncedAndNothingBeyond_INV4) {
  signal.announce(Sequence{3});
  const ViewsFollower follower{*views, log, signal, note_failure};
  EXPECT_TRUE(views->wait_for(Sequence{3}, 20s));
  EXPECT_EQ(to_errc(views->wait_for(Sequence{4}, 20ms).error()), Errc::view_behind);
  EXPECT_EQ(views->cursor(), Sequence{3});
  signal.announce(Sequence{10'000});
  EXPECT_TRUE(views->wait_for(Sequence{10'000}, 20s));
  EXPECT_EQ(failures, 0);
  EXPECT_FALSE(views->stopped());
}

TEST_F(ViewsFollowing, ResumesAtTheCursor) {
  signal.announce(Sequence{6'000});
  {
    const ViewsFollower follower{*views, log, signal, note_failure};
    EXPECT_TRUE(views->wait_for(Sequence{10}, 20s));
  }
  EXPECT_LE(views->cursor(), Sequence{6'000});
  signal.announce(Sequence{10'000});
  const ViewsFollower follower{*views, log, signal, note_failure};
  EXPECT_TRUE(views->wait_for(Sequence{10'000}, 20s));
  std::string difference;
  EXPECT_TRUE(views->verify(log, {}, difference)) << difference;
}

TEST_F(ViewsFollowing, ADamagedEventStopsItAndWaitersLearnAtOnce) {
  log.damage(Sequence{5'000});
  const ViewsFollower follower{*views, log, signal, note_failure};
  std::thread announcer{[&] {
    std::this_thread::sleep_for(20ms);
    signal.announce(Sequence{10'000});
  }};
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(to_errc(views->wait_for(Sequence{10'000}, 60s).error()), Errc::view_behind);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 50s);
  announcer.join();
  EXPECT_TRUE(views->stopped());
  EXPECT_LT(views->cursor(), Sequence{5'000});
  for (int i = 0; i < 1'000 && failures == 0; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(failures, 1);
  EXPECT_EQ(failure, Errc::log_corrupt);
}

TEST_F(ViewsFollowing, AnAnnouncedEventThatIsNotInTheLogStopsIt) {
  signal.announce(Sequence{10'001});
  const ViewsFollower follower{*views, log, signal, note_failure};
  EXPECT_EQ(to_errc(views->wait_for(Sequence{10'001}, 60s).error()), Errc::view_behind);
  EXPECT_TRUE(views->stopped());
  EXPECT_EQ(views->cursor(), Sequence{10'000});
}

TEST_F(ViewsFollowing, QueriesRaceTheFollowerAndStayStable) {
  const ViewsFollower follower{*views, log, signal, note_failure};
  std::thread announcer{[&] {
    for (std::uint64_t seq = 1; seq <= 10'000; seq += 37) {
      signal.announce(Sequence{seq});
      if (seq % 5 == 0) std::this_thread::sleep_for(1ms);
    }
    signal.announce(Sequence{10'000});
  }};
  while (views->cursor() < Sequence{10'000} && !views->stopped()) {
    ListQuery query{.as_of_seq = views->cursor(), .as_of_time = history.now()};
    query.status = TokenStatus::revoked;
    query.limit = 1'000;
    const auto once = views->list(query);
    std::this_thread::yield();
    const auto again = views->list(query);
    ASSERT_TRUE(once);
    ASSERT_TRUE(again);
    ASSERT_EQ(once->tokens.size(), again->tokens.size());
    for (std::size_t i = 0; i < once->tokens.size(); ++i) {
      ASSERT_EQ(once->tokens[i].row.issued_seq, again->tokens[i].row.issued_seq);
      ASSERT_EQ(once->tokens[i].row.own_revocation, again->tokens[i].row.own_revocation);
    }
    ASSERT_EQ(once->total, again->total);
  }
  announcer.join();
  EXPECT_EQ(failures, 0);
}

}  // namespace
}  // namespace tokenledger

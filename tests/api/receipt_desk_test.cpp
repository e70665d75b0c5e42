// ReceiptDesk: everybody who waits is called once, in time.
#include "api/receipt_desk.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <vector>

namespace tokenledger {
namespace {

using namespace std::chrono_literals;

// Keeps what waits to be covered, for the test to answer.
class ReceiptDeskTest : public testing::Test {
 protected:
  ReceiptDesk::Cover cover() {
    return [this](Sequence, ReceiptDesk::Ready ready) { asked_.push_back(std::move(ready)); };
  }
  ReceiptDesk::Ready noting() {
    return [this](const Result<void>& outcome) {
      const std::scoped_lock lock{mutex_};
      outcomes_.push_back(outcome);
      changed_.notify_all();
    };
  }
  std::vector<Result<void>> outcomes(std::size_t count) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, 20s, [&] { return outcomes_.size() >= count; });
    return outcomes_;
  }

  std::vector<ReceiptDesk::Ready> asked_;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Result<void>> outcomes_;
};

TEST_F(ReceiptDeskTest, WhoIsCoveredInTimeIsCalledOnceWithSuccess) {
  ReceiptDesk desk{cover(), 60s};
  desk.when_covered(Sequence{7}, noting());
  EXPECT_EQ(desk.counters().waiting, 1u);
  ASSERT_EQ(asked_.size(), 1u);
  asked_[0](Result<void>{});
  asked_[0](Result<void>{});
  const auto heard = outcomes(1);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_TRUE(heard[0]);
  EXPECT_EQ(desk.counters().waiting, 0u);
}

TEST_F(ReceiptDeskTest, WhyNoCheckpointComesIsPassedOn) {
  ReceiptDesk desk{[](Sequence, const ReceiptDesk::Ready& ready) { ready(Errc::audit_stopped); },
                   60s};
  desk.when_covered(Sequence{7}, noting());
  const auto heard = outcomes(1);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].error(), Errc::audit_stopped);
}

TEST_F(ReceiptDeskTest, WhoIsNotCoveredInTimeHearsSoAndNothingAfterwards) {
  ReceiptDesk desk{cover(), 20ms};
  desk.when_covered(Sequence{7}, noting());
  desk.when_covered(Sequence{8}, noting());
  const auto heard = outcomes(2);
  ASSERT_EQ(heard.size(), 2u);
  for (const auto& outcome : heard) EXPECT_EQ(outcome.error(), Errc::view_behind);
  for (const auto& late : asked_) late(Result<void>{});
  EXPECT_EQ(outcomes(2).size(), 2u);
  EXPECT_EQ(desk.counters().late, 2u);
}

TEST_F(ReceiptDeskTest, INV7BeyondTheBoundTheNextIsRefusedAtOnce) {
  ReceiptDesk desk{cover(), 60s};
  for (std::size_t i = 0; i < kReceiptsWaitingMax; ++i) desk.when_covered(Sequence{7}, noting());
  EXPECT_EQ(outcomes(0).size(), 0u);
  desk.when_covered(Sequence{7}, noting());
  const auto heard = outcomes(1);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].error(), Errc::queue_full);
  EXPECT_EQ(desk.counters().refused, 1u);
  asked_[0](Result<void>{});
  desk.when_covered(Sequence{7}, noting());
  EXPECT_EQ(outcomes(2).size(), 2u) << "there is room again";
}

TEST_F(ReceiptDeskTest, StoppingAnswersAllWhoWaitAndAllWhoCome) {
  ReceiptDesk desk{cover(), 60s};
  desk.when_covered(Sequence{7}, noting());
  desk.stop();
  desk.when_covered(Sequence{8}, noting());
  const auto heard = outcomes(2);
  ASSERT_EQ(heard.size(), 2u);
  for (const auto& outcome : heard) EXPECT_EQ(outcome.error(), Errc::shutting_down);
  ASSERT_EQ(asked_.size(), 1u);
  asked_[0](Result<void>{});
  desk.stop();
  EXPECT_EQ(outcomes(2).size(), 2u);
}

}  // namespace
}  // namespace tokenledger

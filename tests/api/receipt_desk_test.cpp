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

TEST_F(ReceiptDeskTest, WhoWantsAQuorumWaitsForItAndNotForTheSignatureAlone) {
  ReceiptDesk desk{cover(), 60s};
  desk.when_witnessed(Sequence{7}, noting());
  desk.when_witnessed(Sequence{9}, noting());
  ASSERT_EQ(asked_.size(), 2u);
  asked_[0](Result<void>{});
  EXPECT_EQ(outcomes(0).size(), 0u) << "signed, but by nobody else";
  desk.witnessed_up_to(6);
  EXPECT_EQ(outcomes(0).size(), 0u);
  desk.witnessed_up_to(8);
  ASSERT_EQ(outcomes(1).size(), 1u);
  EXPECT_TRUE(outcomes(1)[0]);
  EXPECT_EQ(desk.counters().waiting, 1u);
  desk.witnessed_up_to(3);
  desk.when_witnessed(Sequence{8}, noting());
  ASSERT_EQ(outcomes(2).size(), 2u) << "known already: what is smaller changes nothing";
  EXPECT_TRUE(outcomes(2)[1]);
  asked_[1](Errc::audit_stopped);
  ASSERT_EQ(outcomes(3).size(), 3u) << "what nobody signs nobody cosigns";
  EXPECT_EQ(outcomes(3)[2].error(), Errc::audit_stopped);
  EXPECT_EQ(desk.counters().waiting, 0u);
}

TEST_F(ReceiptDeskTest, WhoGetsNoQuorumInTimeHearsSoAndNothingAfterwards) {
  ReceiptDesk desk{cover(), 20ms};
  desk.when_witnessed(Sequence{7}, noting());
  const auto heard = outcomes(1);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].error(), Errc::view_behind);
  desk.witnessed_up_to(7);
  EXPECT_EQ(outcomes(1).size(), 1u);
}

TEST_F(ReceiptDeskTest, INV7WhoWaitsForAQuorumKeepsNobodyFromASignature) {
  ReceiptDesk desk{cover(), 60s};
  for (std::size_t i = 0; i < kWitnessedReceiptsWaitingMax; ++i)
    desk.when_witnessed(Sequence{7}, noting());
  EXPECT_EQ(outcomes(0).size(), 0u);
  desk.when_witnessed(Sequence{7}, noting());
  ASSERT_EQ(outcomes(1).size(), 1u);
  EXPECT_EQ(outcomes(1)[0].error(), Errc::queue_full);
  for (std::size_t i = 0; i < kReceiptsWaitingMax; ++i) desk.when_covered(Sequence{7}, noting());
  EXPECT_EQ(outcomes(1).size(), 1u);
  EXPECT_EQ(desk.counters().waiting, kWitnessedReceiptsWaitingMax + kReceiptsWaitingMax);
  desk.witnessed_up_to(7);
  EXPECT_EQ(outcomes(1).size(), 1 + kWitnessedReceiptsWaitingMax);
  desk.when_witnessed(Sequence{8}, noting());
  EXPECT_EQ(outcomes(1).size(), 1 + kWitnessedReceiptsWaitingMax) << "there is room again";
  desk.stop();
  EXPECT_EQ(outcomes(1).size(), 2 + kWitnessedReceiptsWaitingMax + kReceiptsWaitingMax);
}

TEST_F(ReceiptDeskTest, INV7WhatAQuorumCosignedAlreadyIsSaidHoweverManyWait) {
  ReceiptDesk desk{cover(), 60s};
  desk.witnessed_up_to(7);
  for (std::size_t i = 0; i < kWitnessedReceiptsWaitingMax; ++i)
    desk.when_witnessed(Sequence{8}, noting());
  ASSERT_EQ(outcomes(0).size(), 0u);
  desk.when_witnessed(Sequence{7}, noting());
  ASSERT_EQ(outcomes(1).size(), 1u);
  EXPECT_TRUE(outcomes(1)[0]) << "it takes nobody's room";
  EXPECT_EQ(desk.counters().refused, 0u);
  EXPECT_EQ(desk.counters().waiting, kWitnessedReceiptsWaitingMax);
  desk.stop();
  desk.when_witnessed(Sequence{7}, noting());
  const auto heard = outcomes(2 + kWitnessedReceiptsWaitingMax);
  EXPECT_EQ(heard.back().error(), Errc::shutting_down);
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

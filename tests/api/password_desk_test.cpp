// PasswordDesk: everybody is answered once, the queue is short, and stopping does not wait for it.
#include "api/password_desk.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>

namespace tokenledger {
namespace {

using namespace std::chrono_literals;

SecretBytes secret(std::string_view text) { return SecretBytes{bytes_of(text)}; }

// Counts answers by what they said.
class Answers {
 public:
  PasswordDesk::Checked noting() {
    return [this](const Result<PasswordVerdict>& verdict) {
      const std::scoped_lock lock{mutex_};
      ++count_;
      if (verdict) {
        ++verdicts_[*verdict];
      } else {
        ++errors_[to_errc(verdict.error())];
      }
      changed_.notify_all();
    };
  }
  bool wait_for(int count) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 60s, [&] { return count_ >= count; });
  }
  int count() {
    return locked([&] { return count_; });
  }
  int of(PasswordVerdict verdict) {
    return locked([&] { return verdicts_[verdict]; });
  }
  int of(Errc error) {
    return locked([&] { return errors_[error]; });
  }

 private:
  int locked(const std::function<int()>& read) {
    const std::scoped_lock lock{mutex_};
    return read();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
  std::map<PasswordVerdict, int> verdicts_;
  std::map<Errc, int> errors_;
};

// Holds both threads of a desk until it is destroyed, inside their answers.
class Hold {
 public:
  explicit Hold(PasswordDesk& desk) {
    for (unsigned thread = 0; thread < kPasswordThreads; ++thread) {
      desk.check({}, secret("x"), [this](const Result<PasswordVerdict>&) {
        std::unique_lock lock{mutex_};
        ++held_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return is_over_; });
      });
    }
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return held_ == kPasswordThreads; });
  }
  void release() {
    const std::scoped_lock lock{mutex_};
    is_over_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned held_ = 0;
  bool is_over_ = false;
};

TEST(PasswordDesk, HashesAndChecks) {
  PasswordDesk desk;
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Result<std::string>> hashed;
  desk.hash(secret("correct horse"), [&](const Result<std::string>& outcome) {
    const std::scoped_lock lock{mutex};
    hashed = outcome;
    changed.notify_all();
  });
  {
    std::unique_lock lock{mutex};
    ASSERT_TRUE(changed.wait_for(lock, 60s, [&] { return hashed.has_value(); }));
  }
  ASSERT_TRUE(*hashed);
  Answers answers;
  desk.check(hashed->value(), secret("correct horse"), answers.noting());
  desk.check(hashed->value(), secret("correct mouse"), answers.noting());
  desk.check({}, secret("correct horse"), answers.noting());
  desk.check("no hash", secret("correct horse"), answers.noting());
  ASSERT_TRUE(answers.wait_for(4));
  EXPECT_EQ(answers.of(PasswordVerdict::right), 1);
  EXPECT_EQ(answers.of(PasswordVerdict::wrong), 2) << "an unknown account is a wrong password";
  EXPECT_EQ(answers.of(Errc::invalid_argument), 1);
  EXPECT_EQ(desk.counters().done, 5u);
}

TEST(PasswordDesk, WorksAtALowPriorityAndLeavesOthersTheirs) {
  PasswordDesk desk;
  Answers answers;
  std::atomic<int> niceness{0};
  desk.check({}, secret("x"), [&](const Result<PasswordVerdict>& verdict) {
    niceness = getpriority(PRIO_PROCESS, static_cast<id_t>(gettid()));
    answers.noting()(verdict);
  });
  ASSERT_TRUE(answers.wait_for(1));
  EXPECT_EQ(niceness.load(), kPasswordNiceness);
  const int before = getpriority(PRIO_PROCESS, 0);
  EXPECT_EQ(getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())), before);
}

TEST(PasswordDesk, INV7BeyondTheQueueTheNextIsRefusedAtOnceWithoutALook) {
  PasswordDesk desk;
  Answers answers;
  Hold hold{desk};
  for (std::size_t index = 0; index < kPasswordsWaitingMax; ++index)
    desk.check({}, secret("x"), answers.noting());
  EXPECT_EQ(answers.count(), 0);
  EXPECT_EQ(desk.counters().waiting, kPasswordsWaitingMax);
  for (int index = 0; index < 200; ++index) desk.check({}, secret("x"), answers.noting());
  EXPECT_EQ(answers.of(Errc::queue_full), 200) << "before the call returned";
  EXPECT_EQ(desk.counters().refused, 200u);
  hold.release();
  ASSERT_TRUE(answers.wait_for(200 + static_cast<int>(kPasswordsWaitingMax)));
  EXPECT_EQ(answers.of(PasswordVerdict::wrong), static_cast<int>(kPasswordsWaitingMax));
}

TEST(PasswordDesk, StoppingAnswersAllWhoWaitAndAllWhoComeWithoutWorkingForThem) {
  PasswordDesk desk;
  Answers answers;
  Hold hold{desk};
  for (std::size_t index = 0; index < kPasswordsWaitingMax; ++index)
    desk.check({}, secret("correct horse"), answers.noting());
  const auto done_before = desk.counters().done;
  std::thread stopper{[&] { desk.stop(); }};
  EXPECT_TRUE(answers.wait_for(static_cast<int>(kPasswordsWaitingMax)))
      << "those who wait need not wait for those at work";
  hold.release();
  stopper.join();
  EXPECT_EQ(answers.of(Errc::shutting_down), static_cast<int>(kPasswordsWaitingMax));
  EXPECT_EQ(desk.counters().done, done_before);
  desk.check({}, secret("x"), answers.noting());
  EXPECT_EQ(answers.of(Errc::shutting_down), static_cast<int>(kPasswordsWaitingMax) + 1);
  desk.stop();
}

TEST(PasswordDesk, AnAnswerThatThrowsEndsNothingButItself) {
  PasswordDesk desk;
  Answers answers;
  for (unsigned thread = 0; thread < kPasswordThreads; ++thread) {
    desk.check({}, secret("x"),
               [](const Result<PasswordVerdict>&) { throw std::runtime_error{"in an answer"}; });
  }
  desk.check({}, secret("x"), answers.noting());
  EXPECT_TRUE(answers.wait_for(1));
}

}  // namespace
}  // namespace tokenledger

// GraceAnswers: the same answer again, for seconds, within bounds.
#include "storage/grace_answers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "core/sha256.hpp"

namespace tokenledger {
namespace {

using namespace std::chrono_literals;

SecretBytes answer(std::string_view text) { return SecretBytes{bytes_of(text)}; }

std::string found(const GraceAnswers& answers, const Digest& predecessor) {
  const auto kept = answers.find(predecessor);
  return kept ? std::string{text_of(kept->view())} : "none";
}

TEST(GraceAnswers, ARetryGetsTheVerySameAnswerAsOftenAsItAsks) {
  GraceAnswers answers;
  EXPECT_TRUE(answers.keep(sha256("first"), answer("one"), 60s));
  EXPECT_TRUE(answers.keep(sha256("second"), answer("two"), 60s));
  EXPECT_EQ(found(answers, sha256("first")), "one");
  EXPECT_EQ(found(answers, sha256("first")), "one");
  EXPECT_EQ(found(answers, sha256("second")), "two");
  EXPECT_EQ(found(answers, sha256("third")), "none");
  EXPECT_EQ(answers.counters().answers, 2u);
  EXPECT_EQ(answers.counters().bytes, 6u);
}

TEST(GraceAnswers, ThereIsNeverASecondAnswerForOneToken) {
  GraceAnswers answers;
  EXPECT_TRUE(answers.keep(sha256("first"), answer("one"), 60s));
  EXPECT_FALSE(answers.keep(sha256("first"), answer("two"), 60s));
  EXPECT_EQ(found(answers, sha256("first")), "one");
}

TEST(GraceAnswers, WhatEndedIsForgotten) {
  GraceAnswers answers;
  EXPECT_TRUE(answers.keep(sha256("first"), answer("one"), 60s));
  answers.forget(sha256("first"));
  answers.forget(sha256("never there"));
  EXPECT_EQ(found(answers, sha256("first")), "none");
  EXPECT_EQ(answers.counters().bytes, 0u);
}

// The memory is looked at, not asked: nobody comes by, and the answer goes all the same.
TEST(GraceAnswers, INV5AnAnswerGoesWhenItsTimeIsOverThoughNobodyAsks) {
  GraceAnswers answers;
  EXPECT_TRUE(answers.keep(sha256("long"), answer("stays"), 60s));
  EXPECT_TRUE(answers.keep(sha256("short"), answer("goes"), 30ms));
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (answers.counters().answers != 1 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(5ms);
  EXPECT_EQ(answers.counters().answers, 1u);
  EXPECT_EQ(answers.counters().bytes, 5u);
  EXPECT_EQ(answers.counters().early, 0u);
  EXPECT_EQ(found(answers, sha256("short")), "none");
  EXPECT_EQ(found(answers, sha256("long")), "stays");
}

TEST(GraceAnswers, WhatNoAnswerHasIsRefused) {
  GraceAnswers answers;
  const auto predecessor = sha256("first");
  EXPECT_FALSE(answers.keep(predecessor, answer(""), 1s));
  EXPECT_FALSE(answers.keep(predecessor, SecretBytes{kGraceAnswerBytesMax + 1}, 1s));
  EXPECT_FALSE(answers.keep(predecessor, answer("one"), 0s));
  EXPECT_FALSE(answers.keep(predecessor, answer("one"), -1s));
  EXPECT_FALSE(answers.keep(predecessor, answer("one"), kGraceWindowMax + 1ms));
  EXPECT_EQ(answers.counters().answers, 0u);
  EXPECT_TRUE(answers.keep(predecessor, SecretBytes{kGraceAnswerBytesMax}, kGraceWindowMax));
}

TEST(GraceAnswers, INV7BeyondTheCountTheOneThatEndsFirstGoes) {
  GraceAnswers answers;
  const auto name = [](std::size_t index) { return sha256(std::to_string(index)); };
  EXPECT_TRUE(answers.keep(name(0), answer("x"), 60s));
  EXPECT_TRUE(answers.keep(name(1), answer("x"), 50s));
  for (std::size_t index = 2; index < kGraceAnswersMax; ++index)
    ASSERT_TRUE(answers.keep(name(index), answer("x"), 60s));
  EXPECT_TRUE(answers.keep(name(kGraceAnswersMax), answer("x"), 60s));
  EXPECT_EQ(answers.counters().answers, kGraceAnswersMax);
  EXPECT_EQ(answers.counters().early, 1u);
  EXPECT_EQ(found(answers, name(0)), "x");
  EXPECT_EQ(found(answers, name(1)), "none");
  EXPECT_EQ(found(answers, name(kGraceAnswersMax)), "x");
}

TEST(GraceAnswers, INV7BeyondTheBytesThoseThatEndFirstGo) {
  GraceAnswers answers;
  constexpr std::size_t kCount = kGraceBytesMax / kGraceAnswerBytesMax + 10;
  static_assert(kCount < kGraceAnswersMax, "the bytes are what runs out");
  for (std::size_t index = 0; index < kCount; ++index) {
    ASSERT_TRUE(
        answers.keep(sha256(std::to_string(index)), SecretBytes{kGraceAnswerBytesMax}, 60s));
    ASSERT_LE(answers.counters().bytes, kGraceBytesMax);
  }
  EXPECT_EQ(answers.counters().early, 10u);
  EXPECT_EQ(found(answers, sha256("0")), "none");
  EXPECT_NE(found(answers, sha256(std::to_string(kCount - 1))), "none");
}

TEST(GraceAnswers, ManyThreadsKeepTheBooks) {
  GraceAnswers answers;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&answers, thread] {
      for (int index = 0; index < 500; ++index) {
        const auto name = sha256(std::to_string(index));
        static_cast<void>(answers.keep(name, answer("12345"), thread % 2 == 0 ? 1ms : 60000ms));
        static_cast<void>(answers.find(name));
        if (index % 5 == thread) answers.forget(name);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto counters = answers.counters();
  EXPECT_EQ(counters.bytes, 5 * counters.answers);
}

}  // namespace
}  // namespace tokenledger

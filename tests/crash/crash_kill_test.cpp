// A child works on a ledger and is killed at random, again and again; nothing acknowledged is lost.
//
// SIGKILL leaves what the process wrote in the page cache, so this test is about half-done work in
// our own files and in RocksDB's, at any instruction, recovery included. What a power cut loses is
// the subject of crash_fault_test. TOKENLEDGER_CRASH_SEED repeats a run's choices (not its timing),
// TOKENLEDGER_CRASH_KILLS makes it longer.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <thread>

#include "storage/ledger.hpp"
#include "tests/crash/ledger_checker.hpp"
#include "tests/crash/random_workload.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger::crash_testing {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kReportDescriptor = 3;  // of the child
constexpr int kChildThreads = 3;
constexpr std::uint32_t kKillsDefault = 216;
constexpr std::uint32_t kKillsMin = 200;
constexpr std::uint32_t kKillsPerDirectory = 24;
constexpr std::uint32_t kKillsPerCheck = 4;
constexpr auto kWorkMax = std::chrono::milliseconds{120};
constexpr auto kOpenWaitMax = std::chrono::seconds{60};
constexpr std::string_view kOpened = "opened";
constexpr std::string_view kViolation = "violation: ";

LedgerOptions options_for(const std::filesystem::path& directory) {
  LedgerOptions options;
  options.directory = directory;
  options.free_bytes_min = 0;
  return options;
}

// --- the child ---

void report(std::string_view line) {
  // One write: a record is in the pipe whole or not at all. Nobody reads any more: nothing to say.
  static_cast<void>(::write(kReportDescriptor, line.data(), line.size()) < 0);
}

int run_child(const std::filesystem::path& directory, std::uint64_t seed) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto options = options_for(directory);
  options.snapshot_every = 200;
  options.sweep_every = std::chrono::milliseconds{20};
  options.on_poisoned = [](const std::string& what) {
    report(std::string{kViolation} + "poisoned: " + what + "\n");
  };
  std::string why;
  auto opened = Ledger::open(options, &why);
  if (!opened) {
    report(std::string{kViolation} + "open: " + opened.error().message() + ": " + why + "\n");
    return 1;
  }
  report(std::string{kOpened} + "\n");
  RandomWorkload workload{
      **opened,
      {.acknowledged = [](const Acknowledged& what) { report(to_line(what)); },
       .violation = [](const auto& what) { report(std::string{kViolation} + what + "\n"); }}};
  workload.prepare();
  std::vector<std::jthread> threads;
  for (int i = 0; i < kChildThreads; ++i) {
    threads.emplace_back([&workload, seed, i] {
      std::mt19937_64 random{seed * kChildThreads + static_cast<std::uint64_t>(i)};
      for (;;) workload.step(random);
    });
  }
  return 0;  // never: the threads' destructors wait for the kill
}

// --- the parent ---

// One life of the child, from its start to its end by SIGKILL.
class Life {
 public:
  Life(const std::filesystem::path& directory, std::uint64_t seed) : started_{Clock::now()} {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], kReportDescriptor);
    std::string arguments[] = {"crash_kill_test", "--child", directory.string(),
                               std::to_string(seed)};
    char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(),
                    arguments[3].data(), nullptr};
    EXPECT_EQ(::posix_spawn(&child_, "/proc/self/exe", &actions, nullptr, argv, environ), 0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    pipe_ = ends[0];
  }
  ~Life() { ::close(pipe_); }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  // Takes reports until the moment, or until the child's own end.
  void listen_until(Clock::time_point end) {
    while (!ended_ && Clock::now() < end) listen_until_event(end);
  }
  void listen_until_opened(Clock::time_point end) {
    while (!ended_ && !opened_in_ && Clock::now() < end) listen_until_event(end);
  }
  void kill() {
    ::kill(child_, SIGKILL);
    while (!ended_) listen_until_event(Clock::now() + std::chrono::seconds{1});
    int status = 0;
    ::waitpid(child_, &status, 0);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
      violations_.push_back("the child ended by itself, status " + std::to_string(status));
  }

  [[nodiscard]] std::optional<Clock::duration> opened_in() const { return opened_in_; }
  [[nodiscard]] const std::vector<Acknowledged>& promises() const { return promises_; }
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }

 private:
  void listen_until_event(Clock::time_point end) {
    const auto left = std::chrono::ceil<std::chrono::microseconds>(end - Clock::now()).count();
    if (left <= 0) return;
    pollfd waiting{pipe_, POLLIN, 0};
    const timespec timeout{left / 1'000'000, (left % 1'000'000) * 1'000};
    if (::ppoll(&waiting, 1, &timeout, nullptr) <= 0) return;
    char bytes[64 * 1024];
    const auto got = ::read(pipe_, bytes, sizeof bytes);
    if (got <= 0) {
      ended_ = true;
      return;
    }
    unread_.append(bytes, static_cast<std::size_t>(got));
    for (std::size_t at = 0; (at = unread_.find('\n')) != std::string::npos;) {
      take(unread_.substr(0, at));
      unread_.erase(0, at + 1);
    }
  }

  void take(const std::string& line) {
    if (line == kOpened) {
      opened_in_ = Clock::now() - started_;
    } else if (line.starts_with(kViolation)) {
      violations_.push_back(line);
    } else if (auto promise = from_line(line)) {
      promises_.push_back(std::move(*promise));
    } else {
      violations_.push_back("an unreadable report: " + line);
    }
  }

  Clock::time_point started_;
  pid_t child_ = 0;
  int pipe_ = -1;
  bool ended_ = false;
  std::string unread_;
  std::optional<Clock::duration> opened_in_;
  std::vector<Acknowledged> promises_;
  std::vector<std::string> violations_;
};

struct Tally {
  std::uint32_t kills = 0, while_making = 0, while_recovering = 0, while_working = 0, checks = 0;
  CheckedCounts checked;
  std::uint64_t acknowledged = 0;
};

// One ledger directory and all that was promised about it.
class KilledLedger {
 public:
  KilledLedger(std::mt19937_64& random, Clock::duration& typical_open, Tally& tally)
      : random_{random}, typical_open_{typical_open}, tally_{tally} {}

  void live_and_die() {
    const bool in_open = !was_opened_ || random_() % 5 < 2;
    const auto open_max = was_opened_ ? typical_open_ * 5 / 4 : typical_open_ * 4;
    Life life{directory_, random_()};
    if (in_open) {
      life.listen_until(Clock::now() + share_of(open_max));
    } else {
      life.listen_until_opened(Clock::now() + kOpenWaitMax);
      if (life.opened_in()) typical_open_ = (typical_open_ * 7 + *life.opened_in()) / 8;
      life.listen_until(Clock::now() + share_of(kWorkMax));
    }
    life.kill();
    ++tally_.kills;
    ++(life.opened_in() ? tally_.while_working
                        : (was_opened_ ? tally_.while_recovering : tally_.while_making));
    was_opened_ = was_opened_ || life.opened_in().has_value();
    for (const auto& violation : life.violations()) ADD_FAILURE() << violation;
    tally_.acknowledged += life.promises().size();
    promises_.insert(promises_.end(), life.promises().begin(), life.promises().end());
  }

  void check() {
    auto options = options_for(directory_);
    options.sweep_every = std::chrono::milliseconds{0};
    options.snapshot_every = 0;
    std::string why;
    auto opened = Ledger::open(options, &why);
    ASSERT_TRUE(opened) << "after a kill the ledger must open: " << opened.error() << ": " << why;
    was_opened_ = true;
    for (const auto& violation : checker_.check(**opened, promises_)) ADD_FAILURE() << violation;
    ++tally_.checks;
    EXPECT_TRUE((*opened)->close());
  }

  void finish() {
    check();
    tally_.checked.events += checker_.counts().events;
    tally_.checked.tokens += checker_.counts().tokens;
    tally_.checked.tokens_ended += checker_.counts().tokens_ended;
    tally_.checked.acknowledged += checker_.counts().acknowledged;
  }

 private:
  Clock::duration share_of(Clock::duration most) {
    return most * static_cast<std::int64_t>(random_() % 1'000) / 1'000;
  }

  testing_support::TemporaryDirectory place_;
  std::filesystem::path directory_ = place_ / "ledger";
  std::mt19937_64& random_;
  Clock::duration& typical_open_;
  Tally& tally_;
  LedgerChecker checker_;
  std::vector<Acknowledged> promises_;
  bool was_opened_ = false;
};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(CrashKill, NothingAcknowledgedIsLostAndNothingEndedIsActiveAfterKillsAtRandomINV1INV2) {
  const auto seed = number_from("TOKENLEDGER_CRASH_SEED", std::random_device{}());
  const auto kills = number_from("TOKENLEDGER_CRASH_KILLS", kKillsDefault);
  std::cout << "seed " << seed << std::endl;
  std::mt19937_64 random{seed};
  Clock::duration typical_open = std::chrono::milliseconds{100};
  Tally tally;
  while (tally.kills < kills && !HasFailure()) {
    KilledLedger ledger{random, typical_open, tally};
    for (std::uint32_t i = 1; i <= kKillsPerDirectory && !HasFailure(); ++i) {
      ledger.live_and_die();
      if (i % kKillsPerCheck == 0 && i != kKillsPerDirectory) ledger.check();
    }
    ledger.finish();
  }
  std::cout << tally.kills << " kills: " << tally.while_recovering << " during recovery, "
            << tally.while_making << " while the ledger was made, " << tally.while_working
            << " at work; " << tally.checks << " checks; " << tally.acknowledged
            << " events acknowledged; looked at " << tally.checked.events << " events, "
            << tally.checked.acknowledged << " promises, " << tally.checked.tokens
            << " tokens, of which ended " << tally.checked.tokens_ended << std::endl;
  if (HasFailure()) return;
  EXPECT_GE(tally.kills, std::min<std::uint64_t>(kills, kKillsMin));
  EXPECT_GE(tally.while_recovering, tally.kills / 20) << "too few kills hit a recovery";
  EXPECT_GE(tally.while_working, tally.kills / 4);
  EXPECT_GT(tally.checked.tokens, 1'000u);
}

}  // namespace
}  // namespace tokenledger::crash_testing

int main(int argc, char** argv) {
  using namespace tokenledger::crash_testing;
  if (argc == 4 && std::string_view{argv[1]} == "--child")
    return run_child(argv[2], std::strtoull(argv[3], nullptr, 10));
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

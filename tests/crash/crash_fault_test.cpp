// Every change on disk that a short life of a ledger makes fails once, in every way; then the power
// goes or only the process. The next open must succeed and hold all that was acknowledged.
//
// Two lives: the making of a ledger, and the recovery of one whose process died, followed by work.
// Threads of RocksDB and ours make the number of a change differ a little between runs; all numbers
// up to the end are tried, so nothing is left out for long.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "storage/fault_injection.hpp"
#include "storage/ledger.hpp"
#include "storage/ledger_core.hpp"
#include "tests/crash/ledger_checker.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger::crash_testing {
namespace {

constexpr const char* kAudience = "urn:crash:faults";
constexpr const char* kClient = "client-of-faults";
constexpr std::uint64_t kFaultPointsMax = 2'000;  // far beyond what the lives change
constexpr std::uint64_t kPointsPerLine = 20;

struct Way {
  const char* name;
  FaultKind kind;
  bool then_crash;  // the process dies at the fault; else only this one change fails
  bool power_goes;  // what is unsynced is lost
};
// Both ways of failing, with and without the process's death, with and without the power.
constexpr Way kWays[] = {
    {"fails, process dies, power goes", FaultKind::not_persisted, true, true},
    {"fails but happens, process dies, power goes", FaultKind::persisted, true, true},
    {"fails, process dies", FaultKind::not_persisted, true, false},
    {"fails but happens, process dies", FaultKind::persisted, true, false},
    {"fails once, power goes", FaultKind::not_persisted, false, true},
    {"fails once", FaultKind::not_persisted, false, false},
    {"fails once but happens, power goes", FaultKind::persisted, false, true},
    {"fails once but happens", FaultKind::persisted, false, false},
    {"happens in part, process dies, power goes", FaultKind::torn, true, true},
    {"happens in part, process dies", FaultKind::torn, true, false},
    {"happens in part once", FaultKind::torn, false, false},
};

constexpr std::size_t kWaysAlways = 2;  // the first ones are tried at every change

// What a life was promised, and what it has seen.
struct Life {
  std::vector<Acknowledged> promises;
  std::vector<std::string> wrong;
  std::atomic<int> poisoned{0};
};

class Worker {
 public:
  Worker(Ledger& ledger, Life& life) : ledger_{ledger}, life_{life} {}

  void work() {
    submit(RegisterClient{.client_id = kClient,
                          .built_in = false,
                          .settings = {.name = "faults"},
                          .secret_hash = {}});
    CreateApi create{.identifier = kAudience, .built_in = false, .settings = {}, .hs256_kid = {}};
    create.settings.name = "faults";
    create.settings.scopes = {{"read", ""}};
    create.settings.signing_alg = SignatureAlgorithm::es256;
    create.settings.token_format = TokenKind::opaque;
    submit(std::move(create));
    submit(AddClientGrant{kClient, kAudience, {"read"}});
    submit(EnableClient{kClient});  // refused but in a second life
    const auto first = issue(kClient, {});
    const auto second = issue({}, "somebody");
    issue(kClient, {});
    if (first) revoke(*first, "lost");
    static_cast<void>(ledger_.snapshot());
    submit(DisableClient{kClient}, {.promise = Promise::client_disabled, .name = kClient});
    note();
    static_cast<void>(ledger_.core().views->flush());
    issue({}, {});
    if (second) revoke(*second, {});
    expect_closed_when_poisoned();
  }

 private:
  void submit(CommandPayload payload, Acknowledged what = {}) {
    take(ledger_.submit({Actor{.kind = ActorKind::host}, {}, std::nullopt, std::move(payload)}),
         std::move(what));
  }
  void take(const Result<Committed>& answer, Acknowledged what) {
    if (!answer) return;
    what.seq = answer->seq;
    life_.promises.push_back(std::move(what));
  }
  std::optional<TokenIndex> issue(const std::string& client_id, const std::string& owner) {
    IssueRequest request;
    request.client_id = client_id;
    request.audience = kAudience;
    request.owner = owner;
    const auto issued = ledger_.issue(std::move(request));
    if (!issued) return std::nullopt;
    life_.promises.push_back({.promise = Promise::issued,
                              .seq = issued->committed.seq,
                              .index = issued->index,
                              .expires_at = issued->expires_at,
                              .name = kAudience,
                              .client_id = client_id,
                              .token = issued->token});
    return issued->index;
  }
  void revoke(TokenIndex index, const std::string& reason) {
    take(ledger_.revoke(index, {.reason = reason}), {.promise = Promise::revoked, .index = index});
  }
  void note() { take(ledger_.append_note("faults", "a note of the host"), {}); }

  // INV-6.
  void expect_closed_when_poisoned() {
    if (!ledger_.stats().poisoned) return;
    const auto refused = ledger_.append_note("faults", "");
    if (refused.has_value() || refused.error() != Errc::unknown_outcome)
      life_.wrong.push_back("a poisoned ledger takes commands");
    for (const auto& promise : life_.promises)
      if (promise.promise == Promise::issued && ledger_.check(promise.token, kAudience))
        life_.wrong.push_back("a poisoned ledger says active");
  }

  Ledger& ledger_;
  Life& life_;
};

// A directory, the layer that harms it, and who checks it.
class Subject {
 public:
  explicit Subject(bool sync = true)
      : files_{std::make_shared<FaultInjectingFileLayer>(place_ / "scratch")}, sync_{sync} {}

  FaultInjectingFileLayer& files() { return *files_; }
  [[nodiscard]] std::filesystem::path directory() const { return place_ / "ledger"; }

  LedgerOptions options(Life* life = nullptr) {
    LedgerOptions options;
    options.directory = directory();
    options.files = files_;
    options.free_bytes_min = 0;
    options.snapshot_every = 0;
    options.sweep_every = std::chrono::milliseconds{0};
    options.sync = sync_;
    options.lane_capacities.fill(kChunkTokens);  // mapped and unmapped at every open
    if (life != nullptr) options.on_poisoned = [life](const std::string&) { ++life->poisoned; };
    return options;
  }

  // Opens, works, closes.
  void live(Life& life) {
    std::string why;
    auto opened = Ledger::open(options(&life), &why);
    if (!opened) {
      if (why.empty()) life.wrong.push_back("open is refused without a reason");
      return;
    }
    Worker{**opened, life}.work();
    opened->reset();
    if (life.poisoned > 1) life.wrong.push_back("on_poisoned was called twice");
  }

  // After the fault: what is wrong with what is left.
  std::vector<std::string> aftermath(const Life& life, bool power_goes) {
    if (power_goes) {
      if (!files_->drop_unsynced()) return {"drop_unsynced failed"};
    } else {
      files_->restart();
    }
    std::string why;
    auto opened = Ledger::open(options(), &why);
    if (!opened) return {"open is refused: " + opened.error().message() + ": " + why};
    auto wrong = checker_.check(**opened, life.promises);
    if (!(*opened)->append_note("faults", "alive")) wrong.push_back("it takes no new command");
    if (!(*opened)->close()) wrong.push_back("it does not close");
    return wrong;
  }
  [[nodiscard]] const CheckedCounts& counts() const { return checker_.counts(); }

 private:
  testing_support::TemporaryDirectory place_;
  std::shared_ptr<FaultInjectingFileLayer> files_;
  bool sync_;
  LedgerChecker checker_;
};

struct Tally {
  std::uint64_t points = 0, combinations = 0, promises = 0, tokens = 0;
  void add(const Tally& other) {
    combinations += other.combinations;
    promises += other.promises;
    tokens += other.tokens;
  }
};

// One fault in one way; nothing tallied when the life ended before the fault's number came.
Tally try_fault(std::uint64_t operation, const Way& way, const std::filesystem::path* begin_with,
                const std::vector<Acknowledged>& earlier) {
  Subject subject;
  if (begin_with != nullptr) {
    std::filesystem::copy(*begin_with, subject.directory(),
                          std::filesystem::copy_options::recursive);
  }
  Life life;
  life.promises = earlier;
  subject.files().set_fault({operation, way.kind, 7, way.then_crash});
  subject.live(life);
  if (subject.files().operation_count() < operation) return {};
  const auto trace = subject.files().trace();
  const auto& failed = trace[operation - 1];
  for (const auto& wrong : life.wrong)
    ADD_FAILURE() << "change " << operation << " (" << failed << ") " << way.name << ": " << wrong;
  for (const auto& wrong : subject.aftermath(life, way.power_goes))
    ADD_FAILURE() << "change " << operation << " (" << failed << ") " << way.name << ": " << wrong;
  return {.combinations = 1, .promises = life.promises.size(), .tokens = subject.counts().tokens};
}

// All changes up to the life's end: at each the ways that always count, and `more` of the others in
// turn. The ways of one change are tried at the same time, for they mostly wait.
void try_all(std::size_t more, const std::filesystem::path* begin_with,
             const std::vector<Acknowledged>& earlier, std::uint64_t stride = 1) {
  Tally tally;
  std::size_t turn = 0;
  for (std::uint64_t operation = 1; operation <= kFaultPointsMax; operation += stride) {
    std::vector<const Way*> ways;
    for (std::size_t i = 0; i < kWaysAlways; ++i) ways.push_back(&kWays[i]);
    for (std::size_t i = 0; i < more; ++i)
      ways.push_back(&kWays[kWaysAlways + turn++ % (std::size(kWays) - kWaysAlways)]);
    std::vector<Tally> tallies(ways.size());
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < ways.size(); ++i) {
        threads.emplace_back(
            [&, i] { tallies[i] = try_fault(operation, *ways[i], begin_with, earlier); });
      }
    }
    const auto before = tally.combinations;
    for (const auto& one : tallies) tally.add(one);
    if (tally.combinations == before || testing::Test::HasFailure()) break;
    ++tally.points;
    if (tally.points % kPointsPerLine == 0)
      std::cout << tally.points << " fault points.." << std::endl;
  }
  std::cout << tally.points << " fault points, " << tally.combinations << " combinations, "
            << tally.promises << " promises kept, " << tally.tokens << " tokens looked at"
            << std::endl;
  EXPECT_GT(tally.points, 30u);
  EXPECT_LT(tally.points, kFaultPointsMax);
}

TEST(CrashFault, RecoveryAndWorkSurviveEveryFailedChangeINV1INV2INV6) {
  // A ledger whose process died with all its work in the WAL.
  Subject subject;
  Life life;
  {
    auto opened = Ledger::open(subject.options(&life));
    ASSERT_TRUE(opened) << opened.error();
    Worker{**opened, life}.work();
    subject.files().crash();
  }
  const auto directory = subject.directory();
  ASSERT_GT(life.promises.size(), 5u);
  try_all(4, &directory, life.promises);
}

// Making a ledger draws an RSA key, which is slow; so fewer ways are tried at each change, and
// every third change unless TOKENLEDGER_CRASH_STRIDE says 1.
TEST(CrashFault, MakingALedgerSurvivesFailedChangesINV1INV6) {
  const char* stride = std::getenv("TOKENLEDGER_CRASH_STRIDE");
  try_all(1, nullptr, {},
          stride == nullptr ? 3 : std::max(1ull, std::strtoull(stride, nullptr, 10)));
}

// --- the test of the test ---

struct SyncCase {
  const char* name;
  bool ledger_syncs;
  bool disk_syncs;
  bool must_lose;
};
constexpr SyncCase kSyncCases[] = {
    {"EverythingSynced", true, true, false},
    {"LedgerWithoutSync", false, true, true},
    {"DiskThatIgnoresSync", true, false, true},
};
class CrashSync : public testing::TestWithParam<SyncCase> {};

TEST_P(CrashSync, APowerCutLosesAcknowledgedEventsOnlyWithoutSync) {
  Subject subject{GetParam().ledger_syncs};
  Life life;
  {
    auto opened = Ledger::open(subject.options(&life));
    ASSERT_TRUE(opened) << opened.error();
    subject.files().set_ignore_sync(!GetParam().disk_syncs);
    Worker{**opened, life}.work();
    subject.files().crash();
  }
  ASSERT_GT(life.promises.size(), 5u);
  subject.files().set_ignore_sync(false);
  const auto wrong = subject.aftermath(life, true);
  EXPECT_EQ(!wrong.empty(), GetParam().must_lose) << (wrong.empty() ? "" : wrong.front());
}
INSTANTIATE_TEST_SUITE_P(All, CrashSync, testing::ValuesIn(kSyncCases),
                         [](const auto& info) { return std::string{info.param.name}; });

}  // namespace
}  // namespace tokenledger::crash_testing

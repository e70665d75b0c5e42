// Every change on disk that keeps the log as a transparency log fails once, in every way: the files
// of hashes, the history of checkpoints, the anchor, the mark of damage. Then the power goes or
// only the process, and the ledger is opened again.
//
// What must hold, whatever failed: no acknowledged event is lost (INV-1); the ledger opens; no two
// different checkpoints of one size were ever signed, over all runs of it; the anchor names nothing
// that is not durable; where the process lives on, only the follower stopped; proofs lead to what
// was signed.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <thread>

#include "storage/audit.hpp"
#include "storage/audit_tree.hpp"
#include "storage/checkpoint_history.hpp"
#include "storage/fault_injection.hpp"
#include "storage/ledger.hpp"
#include "storage/ledger_core.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::uint64_t kFaultPointsMax = 400;  // far beyond what a life changes
constexpr std::size_t kProofsLookedAt = 12;
constexpr int kRounds = 2;
constexpr int kNotesPerRound = 4;
// The anchor stands in a directory of its own, whose syncs are then the anchor's.
constexpr const char* kAnchorDirectory = "audit-anchor";
constexpr const char* kApi = "urn:audit:faults";
constexpr const char* kClient = "client-of-faults";

enum class After : std::uint8_t {
  restart,        // what was done stays
  power_cut,      // what is unsynced is lost
  torn_power_cut  // the same, but a lost append left its length and no contents
};
struct Way {
  const char* name;
  FaultKind kind;
  After after;
  bool process_dies;  // at the fault; else only this one change fails and the ledger goes on
};
// The tree's files stand still after a failure, whether the process lives on or not. So the ways in
// which it lives on are all tried, and of the others one at a change: RocksDB sleeps for a second
// after each write that fails.
constexpr Way kLivingWays[] = {
    {"fails once", FaultKind::not_persisted, After::restart, false},
    {"happens but fails once", FaultKind::persisted, After::restart, false},
    {"happens in part once", FaultKind::torn, After::restart, false},
    {"happens but fails once, power goes", FaultKind::persisted, After::power_cut, false},
    {"fails once, power goes", FaultKind::not_persisted, After::power_cut, false},
    {"happens but fails once, power goes, zeros stay", FaultKind::persisted, After::torn_power_cut,
     false},
};
constexpr Way kDyingWays[] = {
    {"fails, process dies, power goes", FaultKind::not_persisted, After::power_cut, true},
    {"happens but fails, process dies", FaultKind::persisted, After::restart, true},
    {"happens in part, process dies", FaultKind::torn, After::restart, true},
    {"happens but fails, process dies, power goes", FaultKind::persisted, After::power_cut, true},
    {"fails, process dies", FaultKind::not_persisted, After::restart, true},
};

std::string read_text(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

// Every note that any run of one ledger signed, by size.
class SignedNotes {
 public:
  void add(const std::string& note, const NoteVerifier& key, std::vector<std::string>& wrong) {
    const auto opened = open_checkpoint(note, key);
    if (!opened) return wrong.push_back("a checkpoint does not verify");
    const auto [at, is_new] = notes_.emplace(opened->checkpoint.size, note);
    if (!is_new && at->second != note) wrong.push_back("two checkpoints of one size differ");
    roots_[opened->checkpoint.size] = opened->checkpoint.root;
  }
  [[nodiscard]] const std::map<std::uint64_t, Digest>& roots() const { return roots_; }

 private:
  std::map<std::uint64_t, std::string> notes_;
  std::map<std::uint64_t, Digest> roots_;
};

// One ledger, the layer that harms it, and all that is known about it from outside.
class Subject {
 public:
  explicit Subject(const fs::path* begin_with = nullptr) {
    if (begin_with != nullptr) {
      for (const auto* name : {"ledger", kAnchorDirectory})
        fs::copy(*begin_with / name, place_ / name, fs::copy_options::recursive);
    } else {
      fs::create_directories(anchor().parent_path());
    }
  }

  FaultInjectingFileLayer& files() { return *files_; }
  [[nodiscard]] const fs::path& place() const { return place_.path(); }
  [[nodiscard]] fs::path anchor() const { return place_ / kAnchorDirectory / "newest"; }
  [[nodiscard]] fs::path audit_file(const char* name) const {
    return place_ / "ledger" / "audit" / name;
  }
  LedgerOptions options() {
    LedgerOptions options;
    options.directory = place_ / "ledger";
    options.files = files_;
    options.anchor = anchor();
    options.checkpoint_every = 1ms;
    options.free_bytes_min = 0;
    options.snapshot_every = 0;
    options.sweep_every = 0ms;
    options.lane_capacities.fill(kChunkTokens);
    options.on_poisoned = [this](const std::string&) { is_poisoned = true; };
    return options;
  }

  // Opens, appends in rounds and waits for a checkpoint after each, closes.
  void live(const std::function<void(Ledger&)>& first = {}) {
    std::string why;
    auto opened = Ledger::open(options(), &why);
    if (!opened) {
      if (why.empty()) wrong.push_back("open is refused without a reason");
      return;
    }
    auto& ledger = **opened;
    if (first) {
      first(ledger);
      must_go_on = true;
    }
    for (int round = 0; round < kRounds; ++round) {
      for (int i = 0; i < kNotesPerRound; ++i) append(ledger);
      take(Audit{ledger}.wait_for_checkpoint(ledger.committed(), 10s), ledger);
    }
    expect_rest_goes_on(ledger);
  }

  // After the fault: opens what is left and looks at everything.
  void look_at_aftermath(std::mt19937_64& random) {
    const auto anchored = read_text(anchor());
    std::string why;
    auto opened = Ledger::open(options(), &why);
    if (!opened) return wrong.push_back("open is refused: " + why);
    auto& ledger = **opened;
    if (!anchored.empty()) notes_.add(anchored, key(ledger), wrong);
    for (const auto& [seq, body] : acknowledged_) {
      const auto bytes = ledger.core().log->get(seq);
      if (!bytes || *bytes != body) wrong.push_back("an acknowledged event is lost or changed");
    }
    append(ledger);
    take(Audit{ledger}.wait_for_checkpoint(ledger.committed(), 10s), ledger);
    if (!Audit{ledger}.is_running()) wrong.push_back("the follower does not run again");
    look_at_history(ledger);
    look_at_proofs(ledger, random);
  }
  [[nodiscard]] std::size_t sizes_signed() const { return notes_.roots().size(); }
  [[nodiscard]] std::size_t acknowledged() const { return acknowledged_.size(); }

  std::vector<std::string> wrong;
  std::atomic<bool> is_poisoned{false};
  bool must_go_on = false;

 private:
  static NoteVerifier key(const Ledger& ledger) {
    return *NoteVerifier::from_vkey(*Audit{ledger}.vkey());
  }
  void append(Ledger& ledger) {
    const auto committed = ledger.append_note("fault", "");
    if (!committed) return;
    acknowledged_.emplace_back(committed->seq, *ledger.core().log->get(committed->seq));
  }
  void take(const Result<std::string>& note, const Ledger& ledger) {
    if (note) notes_.add(*note, key(ledger), wrong);
  }
  // A fault of the audit tree is no reason to stop anything else.
  void expect_rest_goes_on(Ledger& ledger) {
    const auto stopped = what_stopped(ledger);
    if (files_->crashed()) return;  // maybe meanwhile, and then all stops
    if (!stopped.empty()) wrong.push_back(stopped);
    const auto failed = files_->failed_change();
    // Leaving the mark is nothing the follower does.
    if (!failed || must_go_on) return;
    for (int i = 0; i < 5'000 && Audit{ledger}.is_running(); ++i) std::this_thread::sleep_for(1ms);
    if (Audit{ledger}.is_running()) wrong.push_back("the follower goes on after a failed write");
  }
  std::string what_stopped(Ledger& ledger) {
    IssueRequest request;
    request.client_id = kClient;
    request.audience = kApi;
    const auto issued = ledger.issue(std::move(request));
    if (!issued) return "the ledger issues no token";
    if (!ledger.check(issued->token, kApi)) return "a good token is refused";
    if (!ledger.revoke(issued->index, {})) return "the ledger revokes no token";
    if (ledger.check(issued->token, kApi)) return "a revoked token is good";
    return is_poisoned ? "the ledger is poisoned" : "";
  }
  void look_at_history(const Ledger& ledger) {
    const auto& tree = *ledger.core().audit;
    for (std::uint64_t at = 0; at < tree.history().count(); ++at) {
      const auto record = tree.history().read(at);
      const auto shown =
          record ? tree.signed_at(record->size) : Result<ShownCheckpoint>{record.error()};
      if (!shown) return wrong.push_back("a record of the history can't be read");
      notes_.add(shown->note, key(ledger), wrong);
    }
  }
  // What was signed by any run is one history, and proofs lead to its newest.
  void look_at_proofs(const Ledger& ledger, std::mt19937_64& random) {
    const Audit audit{ledger};
    const auto newest = open_checkpoint(*audit.checkpoint(), key(ledger))->checkpoint;
    for (const auto& [size, root] : notes_.roots()) {
      if (size > newest.size) return wrong.push_back("a run signed more than there is");
      const auto hashes = audit.consistency_proof(size, newest.size);
      const bool extends = hashes && verify_consistency({.from_size = size,
                                                         .to_size = newest.size,
                                                         .from_root = root,
                                                         .to_root = newest.root},
                                                        *hashes);
      if (!extends) wrong.push_back("the log does not extend what was signed");
    }
    for (std::size_t i = 0; i < kProofsLookedAt; ++i) {
      const auto proof = audit.prove_event(Sequence{1 + random() % newest.size});
      const bool is_proved =
          proof && check_proof_file(*proof, leaf_hash(proof->extra), {.log_key = key(ledger)});
      if (!is_proved) wrong.push_back("an event can't be proved");
    }
  }

  testing_support::TemporaryDirectory place_;
  std::shared_ptr<FaultInjectingFileLayer> files_ =
      std::make_shared<FaultInjectingFileLayer>(place_ / "scratch");
  std::vector<std::pair<Sequence, std::vector<std::uint8_t>>> acknowledged_;
  SignedNotes notes_;
};

bool concerns_audit(const FileChange& change) {
  return change.path.string().find("/audit") != std::string::npos;
}
// And the keyring, which is told before the first signature.
bool concerns_first_signature(const FileChange& change) {
  return concerns_audit(change) || change.path.filename().string().starts_with("keyring");
}
bool concerns_levels(const FileChange& change) {
  return change.path.string().find("/audit/level-") != std::string::npos;
}

struct Tally {
  std::uint64_t points = 0, combinations = 0, sizes = 0, events = 0;
  std::map<std::string, std::uint64_t> by_change;
};

// The length of a lost append comes back without its contents: what a file system may leave.
void leave_zeros(const FileChange& change) {
  const bool is_there = change.operation == FileOperation::append && fs::exists(change.path);
  if (is_there) fs::resize_file(change.path, fs::file_size(change.path) + change.bytes);
}

// False: the life ended before the fault's number came.
bool try_fault(std::uint64_t operation, const Way& way, const fs::path& begin_with,
               bool (*among)(const FileChange&), const std::function<void(Ledger&)>& first,
               std::uint64_t seed, Tally& tally) {
  Subject subject{&begin_with};
  subject.files().set_fault({.operation = operation,
                             .kind = way.kind,
                             .torn_bytes = 7,
                             .then_crash = way.process_dies,
                             .among = among});
  subject.live(first);
  const auto failed = subject.files().failed_change();
  if (!failed) return false;
  const bool power_goes = way.after != After::restart;
  if (power_goes) {
    EXPECT_TRUE(subject.files().drop_unsynced());
  } else {
    subject.files().restart();
  }
  if (way.after == After::torn_power_cut) leave_zeros(*failed);
  std::mt19937_64 random{seed + operation};
  subject.look_at_aftermath(random);
  for (const auto& wrong : subject.wrong)
    ADD_FAILURE() << "change " << operation << " (" << describe(*failed) << ") " << way.name << ": "
                  << wrong;
  ++tally.combinations;
  tally.sizes += subject.sizes_signed();
  tally.events += subject.acknowledged();
  const auto what = describe(*failed);
  ++tally.by_change[what.substr(0, what.find(' ')) + " " + failed->path.filename().string()];
  return true;
}

constexpr std::uint64_t kDyingEvery = 3;

// All changes up to the life's end, each in every `stride`-th way, in turn.
void try_all(const char* name, const fs::path& begin_with, std::size_t stride,
             bool (*among)(const FileChange&), const std::function<void(Ledger&)>& first = {}) {
  const auto seed = std::random_device{}();
  Tally total;
  for (std::uint64_t operation = 1; operation <= kFaultPointsMax; ++operation) {
    std::vector<const Way*> ways;
    for (std::size_t i = 0; i < std::size(kLivingWays); ++i)
      if ((i + operation) % stride == 0) ways.push_back(&kLivingWays[i]);
    if (operation % kDyingEvery == 0)
      ways.push_back(&kDyingWays[operation % std::size(kDyingWays)]);
    std::vector<Tally> tallies(ways.size());
    std::atomic<int> hits{0};
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < ways.size(); ++i) {
        threads.emplace_back([&, i] {
          hits +=
              try_fault(operation, *ways[i], begin_with, among, first, seed, tallies[i]) ? 1 : 0;
        });
      }
    }
    if (hits == 0 || testing::Test::HasFailure()) break;
    ++total.points;
    for (const auto& tally : tallies) {
      total.combinations += tally.combinations;
      total.sizes += tally.sizes;
      total.events += tally.events;
      for (const auto& [what, count] : tally.by_change) total.by_change[what] += count;
    }
  }
  std::cout << name << ": SEED=" << seed << ", " << total.points << " changes, "
            << total.combinations << " failures, " << total.sizes << " sizes signed, "
            << total.events << " acknowledged events\n";
  for (const auto& [what, count] : total.by_change)
    std::cout << "  " << what << ": " << count << "\n";
  EXPECT_GT(total.points, 4u);
  EXPECT_LT(total.points, kFaultPointsMax);
}

void append_up_to(Ledger& ledger, std::uint64_t seq) {
  for (int i = 1; ledger.committed().value() < seq; ++i) {
    const bool waits = i % 1'000 == 0 || ledger.committed().value() + 1'001 > seq;
    if (waits) {
      ASSERT_TRUE(ledger.append_note("many", ""));
    } else {
      ledger.submit_async({.actor = {.kind = ActorKind::host}, .payload = AppendNote{"many", {}}},
                          [](const Result<Committed>&) {});
    }
  }
}

void add_api_and_client(Ledger& ledger) {
  CreateApi api{.identifier = kApi, .built_in = false, .settings = {}, .hs256_kid = {}};
  api.settings.name = "faults";
  api.settings.scopes = {{"read", ""}};
  api.settings.signing_alg = SignatureAlgorithm::es256;
  api.settings.token_format = TokenKind::opaque;
  RegisterClient client{.client_id = kClient, .built_in = false, .settings = {}, .secret_hash = {}};
  client.settings.name = "faults";
  const auto submit = [&](CommandPayload payload) {
    ASSERT_TRUE(
        ledger.submit({Actor{.kind = ActorKind::host}, {}, std::nullopt, std::move(payload)}));
  };
  submit(std::move(api));
  submit(std::move(client));
  submit(AddClientGrant{kClient, kApi, {"read"}});
}

// A closed ledger of about `size` events that the lives begin with.
void make_ledger(Subject& subject, std::uint64_t size, bool has_checkpoints = true) {
  auto options = subject.options();
  if (!has_checkpoints) {
    options.anchor.clear();
    options.checkpoint_every = 0ms;
  }
  auto opened = Ledger::open(options);
  ASSERT_TRUE(opened) << opened.error();
  add_api_and_client(**opened);
  append_up_to(**opened, size);
  ASSERT_TRUE((*opened)->close());
}

// 503 events, so a life completes the second hash of level 1.
constexpr std::uint64_t kSmall = 503;

TEST(AuditFault, EveryFailedWriteOfTilesHistoryAndAnchorLeavesOneHistoryINV1) {
  Subject base;
  make_ledger(base, kSmall);
  try_all("a ledger that goes on", base.place(), 1, concerns_audit);
}

TEST(AuditFault, EveryFailedWriteWhileTheTreeIsFirstMadeLeavesOneHistoryINV1) {
  Subject base;
  make_ledger(base, kSmall, false);
  ASSERT_FALSE(fs::exists(base.place() / "ledger" / "audit"));
  std::ofstream{base.anchor(), std::ios::trunc}.flush();
  try_all("a ledger without a tree", base.place(), 3, concerns_first_signature);
}

TEST(AuditFault, EveryFailedWriteWhileDamagedLevelsAreMadeAnewLeavesOneHistoryINV1INV3) {
  Subject base;
  make_ledger(base, kSmall + 40);
  fs::resize_file(base.audit_file("level-1"), 33);
  std::ofstream{base.audit_file("checkpoints"), std::ios::app} << "torn";
  try_all("a ledger with damaged levels", base.place(), 3, concerns_audit);
}

TEST(AuditFault, EveryFailedWriteAroundADamageMarkLeavesOneHistoryINV1INV3) {
  Subject base;
  make_ledger(base, kSmall);
  std::ofstream{base.audit_file("damaged")}.flush();
  try_all("a ledger that is marked and is marked again", base.place(), 3, concerns_audit,
          [](Ledger& ledger) { ledger.core().audit->mark_damaged(); });
}

// Just below 256 * 256 events: a life makes the first hash of level 2.
TEST(AuditFault, EveryFailedWriteOfTheSecondLevelLeavesOneHistoryINV1) {
  Subject base;
  make_ledger(base, 65'536 - 6);
  try_all("a ledger of 65,530 events", base.place(), 3, concerns_levels);
}

// A new ledger may die before its first checkpoint: its anchor is there all the same.
TEST(AuditFault, ANewLedgerThatDiesBeforeItsFirstCheckpointOpensWithItsAnchor) {
  Subject subject;
  auto options = subject.options();
  options.checkpoint_every = 10s;
  {
    auto opened = Ledger::open(options);
    ASSERT_TRUE(opened) << opened.error();
    subject.files().crash();
  }
  ASSERT_TRUE(subject.files().drop_unsynced());
  std::string why;
  EXPECT_TRUE(Ledger::open(subject.options(), &why)) << why;
}

// The test of the test: where the log is not synced, a power cut makes it contradict its anchor.
TEST(AuditFault, WithoutFsyncAPowerCutIsNoticedByTheNextOpen) {
  Subject subject;
  make_ledger(subject, kSmall);
  {
    auto options = subject.options();
    options.sync = false;
    auto opened = Ledger::open(options);
    ASSERT_TRUE(opened);
    append_up_to(**opened, kSmall + 50);
    ASSERT_TRUE(Audit{**opened}.wait_for_checkpoint((*opened)->committed(), 10s));
    subject.files().crash();
  }
  ASSERT_TRUE(subject.files().drop_unsynced());
  std::string why;
  EXPECT_EQ(Ledger::open(subject.options(), &why).error(), Errc::older_than_checkpoint) << why;
}

}  // namespace
}  // namespace tokenledger

// What opening refuses, with which Errc, and that it says why and harms nothing; and what it mends.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <map>
#include <thread>

#include "storage/clock.hpp"
#include "storage/fault_injection.hpp"
#include "storage/ledger.hpp"
#include "storage/ledger_core.hpp"
#include "tests/crash/ledger_checker.hpp"
#include "tests/crash/log_surgery.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger::crash_testing {
namespace {

using std::filesystem::path;

LedgerOptions options_for(const path& directory) {
  LedgerOptions options;
  options.directory = directory;
  options.free_bytes_min = 0;
  options.snapshot_every = 0;
  options.sweep_every = std::chrono::milliseconds{0};
  options.lane_capacities.fill(kChunkTokens);
  return options;
}

// Two closed ledgers, and an older copy of the first.
struct Place {
  testing_support::TemporaryDirectory root;
  path ledger = root / "ledger";
  path older = root / "older";
  path other = root / "other";
  std::vector<Acknowledged> promises;

  // A copy of one that is made once: drawing the keys of a ledger takes long.
  Place() : Place{made_once()} {}
  Place(const Place& from) : promises{from.promises} {
    for (const auto* name : {"ledger", "older", "other"})
      std::filesystem::copy(from.root / name, root / name,
                            std::filesystem::copy_options::recursive);
  }
  Place& operator=(const Place&) = delete;

 private:
  struct Make {};
  static const Place& made_once() {
    static const Place place{Make{}};
    return place;
  }
  explicit Place(Make) {
    work(ledger);
    std::filesystem::copy(ledger, older, std::filesystem::copy_options::recursive);
    work(ledger);
    std::vector<Acknowledged> ours = promises;
    work(other);
    promises = std::move(ours);
  }
  void work(const path& directory) {
    auto opened = Ledger::open(options_for(directory));
    ASSERT_TRUE(opened) << opened.error();
    for (int i = 0; i < 2; ++i) {
      const auto token = (*opened)->make_admin_token();
      ASSERT_TRUE(token) << token.error();
      promises.push_back({Promise::issued,
                          token->committed.seq,
                          token->index,
                          token->expires_at,
                          "urn:tokenledger:management",
                          {},
                          token->token});
      ASSERT_TRUE((*opened)->append_note("audit", "a note"));
    }
    const auto revoked = (*opened)->revoke(promises.back().index, {});
    ASSERT_TRUE(revoked) << revoked.error();
    promises.push_back(
        {.promise = Promise::revoked, .seq = revoked->seq, .index = promises.back().index});
    ASSERT_TRUE((*opened)->close());
  }

 public:
  void replace_with(const path& from, const char* name) const {
    std::filesystem::remove_all(ledger / name);
    std::filesystem::copy(from / name, ledger / name, std::filesystem::copy_options::recursive);
  }
};

void flip_byte(const path& file, std::size_t at) {
  auto bytes = testing_support::contents(file);
  ASSERT_LT(at, bytes.size());
  bytes[at] = static_cast<char>(bytes[at] ^ 0x20);
  std::ofstream{file, std::ios::binary}.write(bytes.data(),
                                              static_cast<std::streamsize>(bytes.size()));
}

// Our own files; RocksDB's may be tidied by a look at them.
std::map<std::string, std::string> own_files(const path& ledger) {
  std::map<std::string, std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{ledger}) {
    const auto name = entry.path().lexically_relative(ledger).string();
    const bool is_rocks = name.starts_with("log/") || name.starts_with("views/");
    if (entry.is_regular_file() && !is_rocks && name != "LOCK")
      found[name] = testing_support::contents(entry.path());
  }
  return found;
}

struct Refusal {
  const char* name;
  Errc want;
  void (*damage)(const Place&);
};
const Refusal kRefusals[] = {
    {"HeadIsMissing", Errc::head_corrupt,
     [](const Place& at) { std::filesystem::remove(at.ledger / "HEAD"); }},
    {"BothSlotsOfHeadAreDamaged", Errc::head_corrupt,
     [](const Place& at) {
       flip_byte(at.ledger / "HEAD", 30);
       flip_byte(at.ledger / "HEAD", 4096 + 30);
     }},
    {"LogEndsBeforeHead", Errc::log_shorter_than_head,
     [](const Place& at) {
       LogSurgery log{at.ledger / "log"};
       log.remove(log.last());
     }},
    {"LogIsAnOlderCopy", Errc::log_shorter_than_head,
     [](const Place& at) { at.replace_with(at.older, "log"); }},
    {"LogHasAHole", Errc::log_corrupt,
     [](const Place& at) {
       std::filesystem::remove_all(at.ledger / "snapshots");
       LogSurgery{at.ledger / "log"}.remove(5);
     }},
    {"AnEventWasChanged", Errc::root_mismatch,
     [](const Place& at) {
       std::filesystem::remove_all(at.ledger / "snapshots");
       LogSurgery{at.ledger / "log"}.change_request_id(9);
     }},
    {"SnapshotIsBeyondTheLog", Errc::snapshot_beyond_log,
     [](const Place& at) {
       at.replace_with(at.older, "log");
       at.replace_with(at.older, "HEAD");
       at.replace_with(at.older, "keystore");
     }},
    {"KeyringIsMissing", Errc::keyring_missing,
     [](const Place& at) { std::filesystem::remove(at.ledger / "keyring"); }},
    {"KeyringIsAnother", Errc::keyring_mismatch,
     [](const Place& at) { at.replace_with(at.other, "keyring"); }},
    {"KeyringIsDamaged", Errc::keyring_corrupt,
     [](const Place& at) { flip_byte(at.ledger / "keyring", 60); }},
    {"HeadIsAnother", Errc::keyring_mismatch,
     [](const Place& at) { at.replace_with(at.other, "HEAD"); }},
    {"KeyStoreIsMissing", Errc::key_store_corrupt,
     [](const Place& at) { std::filesystem::remove_all(at.ledger / "keystore"); }},
    {"LogIsMissing", Errc::log_shorter_than_head,
     [](const Place& at) { std::filesystem::remove_all(at.ledger / "log"); }},
};

class OpenRefuses : public testing::TestWithParam<Refusal> {};

TEST_P(OpenRefuses, SaysWhyAndChangesNothing) {
  const Place place;
  GetParam().damage(place);
  const auto before = own_files(place.ledger);
  for (int attempt = 1; attempt <= 2; ++attempt) {
    std::string why;
    const auto opened = Ledger::open(options_for(place.ledger), &why);
    ASSERT_FALSE(opened) << "attempt " << attempt;
    EXPECT_EQ(opened.error(), GetParam().want) << opened.error() << ": " << why;
    EXPECT_GT(why.size(), 20u) << "a person must learn what to do";
    EXPECT_EQ(own_files(place.ledger), before);
  }
}
INSTANTIATE_TEST_SUITE_P(All, OpenRefuses, testing::ValuesIn(kRefusals),
                         [](const auto& info) { return std::string{info.param.name}; });

void remove_files(const path& directory, const std::string& named) {
  std::vector<path> found;
  for (const auto& entry : std::filesystem::directory_iterator{directory}) {
    if (entry.path().filename().string().find(named) != std::string::npos)
      found.push_back(entry.path());
  }
  EXPECT_FALSE(found.empty()) << named;
  for (const auto& file : found) std::filesystem::remove(file);
}

struct Mending {
  const char* name;
  bool warns;
  void (*damage)(const Place&);
};
const Mending kMendings[] = {
    {"NothingIsWrong", false, [](const Place&) {}},
    {"NewestSnapshotIsDamaged", true,
     [](const Place& at) {
       for (const auto& entry : std::filesystem::directory_iterator{at.ledger / "snapshots"})
         flip_byte(entry.path(), 100);
     }},
    {"ViewsAreMissing", false,
     [](const Place& at) { std::filesystem::remove_all(at.ledger / "views"); }},
    {"ViewsAreAnOlderCopy", false, [](const Place& at) { at.replace_with(at.older, "views"); }},
    {"ViewsHaveNoManifest", true,
     [](const Place& at) { remove_files(at.ledger / "views", "MANIFEST"); }},
    {"ViewsLackATable", true, [](const Place& at) { remove_files(at.ledger / "views", ".sst"); }},
    {"ViewsHaveADamagedManifest", true,
     [](const Place& at) {
       for (const auto& entry : std::filesystem::directory_iterator{at.ledger / "views"})
         if (entry.path().filename().string().starts_with("MANIFEST")) flip_byte(entry.path(), 20);
     }},
    {"ViewsAreOfAnotherLedger", false, [](const Place& at) { at.replace_with(at.other, "views"); }},
};
class OpenMends : public testing::TestWithParam<Mending> {};

TEST_P(OpenMends, WhatIsOnlyACacheINV3) {
  const Place place;
  GetParam().damage(place);
  auto options = options_for(place.ledger);
  std::atomic<int> warnings{0};
  options.on_warning = [&](const std::string& what) {
    warnings += what.find("keyring is unprotected") == std::string::npos ? 1 : 0;
  };
  std::string why;
  auto opened = Ledger::open(options, &why);
  ASSERT_TRUE(opened) << opened.error() << ": " << why;
  LedgerChecker checker;
  for (const auto& wrong : checker.check(**opened, place.promises)) ADD_FAILURE() << wrong;
  EXPECT_EQ(warnings > 0, GetParam().warns);
}
INSTANTIATE_TEST_SUITE_P(All, OpenMends, testing::ValuesIn(kMendings),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(OpenLedger, IsRefusedWhileAnotherHasItOpen) {
  const Place place;
  const auto first = Ledger::open(options_for(place.ledger));
  ASSERT_TRUE(first);
  std::string why;
  const auto second = Ledger::open(options_for(place.ledger), &why);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), Errc::directory_locked);
  EXPECT_FALSE(why.empty());
}

TEST(OpenLedger, IsRefusedWhereNothingCanBeWritten) {
  const testing_support::TemporaryDirectory root;
  auto options = options_for(root / "ledger");
  const auto files = std::make_shared<FaultInjectingFileLayer>(root / "scratch");
  files->crash();
  options.files = files;
  std::string why;
  const auto opened = Ledger::open(options, &why);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), Errc::io_error);
  EXPECT_FALSE(why.empty());
  EXPECT_FALSE(std::filesystem::exists(root / "ledger"));
}

class ManualClock final : public Clock {
 public:
  std::atomic<std::uint64_t> wall{system_clock()->now().value()}, boot{1};
  LedgerTime now() const noexcept override { return LedgerTime{wall}; }
  std::uint64_t since_boot_ns() const noexcept override { return boot; }
};

TEST(LedgerClock, BehindTheLogAtOpenIsRefusedAndAForwardJumpRefusesCommandsUntilMended) {
  const Place place;
  const auto clock = std::make_shared<ManualClock>();
  auto options = options_for(place.ledger);
  options.clock = clock;
  clock->wall -= 300 * kNanosecondsPerSecond;
  std::string why;
  const auto refused = Ledger::open(options, &why);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Errc::clock_behind);
  EXPECT_FALSE(why.empty());

  clock->wall += 300 * kNanosecondsPerSecond;
  std::atomic<int> warnings{0};
  options.on_warning = [&](const std::string&) { ++warnings; };
  const auto opened = Ledger::open(options, &why);
  ASSERT_TRUE(opened) << why;
  const auto committed = (*opened)->committed();
  clock->wall += 120 * kNanosecondsPerSecond;
  const auto jumped = (*opened)->append_note("audit", "");
  ASSERT_FALSE(jumped);
  EXPECT_EQ(jumped.error(), Errc::clock_jumped);
  EXPECT_EQ((*opened)->committed(), committed);
  EXPECT_TRUE((*opened)->stats().clock_jumped);
  EXPECT_EQ(warnings, 1);
  clock->wall -= 120 * kNanosecondsPerSecond;
  EXPECT_TRUE((*opened)->append_note("audit", ""));
  EXPECT_FALSE((*opened)->stats().clock_jumped);
}

TEST(LowStorage, RefusesNewTokensAndTakesRevocations) {
  const testing_support::TemporaryDirectory root;
  auto options = options_for(root / "ledger");
  const auto files = std::make_shared<FaultInjectingFileLayer>(root / "scratch");
  options.files = files;
  options.free_bytes_min = 1;
  options.sweep_every = std::chrono::milliseconds{5};
  const auto opened = Ledger::open(options);
  ASSERT_TRUE(opened);
  auto& ledger = **opened;
  const auto token = ledger.make_admin_token();
  ASSERT_TRUE(token);
  files->set_free_bytes(0);
  while (!ledger.stats().storage_low) std::this_thread::sleep_for(std::chrono::milliseconds{5});
  const auto refused = ledger.make_admin_token();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Errc::storage_low);
  EXPECT_TRUE(ledger.revoke(token->index, {}));
  EXPECT_FALSE(ledger.check(token->token, "urn:tokenledger:management"));
  files->set_free_bytes(std::nullopt);
  while (ledger.stats().storage_low) std::this_thread::sleep_for(std::chrono::milliseconds{5});
  EXPECT_TRUE(ledger.make_admin_token());
}

TEST(PoisonedLedger, AnswersUnknownOutcomeAndChecksFailClosedINV6) {
  const testing_support::TemporaryDirectory root;
  auto options = options_for(root / "ledger");
  const auto files = std::make_shared<FaultInjectingFileLayer>(root / "scratch");
  options.files = files;
  std::atomic<int> told{0};
  options.on_poisoned = [&](const std::string&) { ++told; };
  const auto opened = Ledger::open(options);
  ASSERT_TRUE(opened);
  auto& ledger = **opened;
  const auto token = ledger.make_admin_token();
  ASSERT_TRUE(token);
  EXPECT_TRUE(ledger.check(token->token, "urn:tokenledger:management"));
  files->crash();
  for (int i = 0; i < 2; ++i) {
    const auto revoked = ledger.revoke(token->index, {});
    ASSERT_FALSE(revoked);
    EXPECT_EQ(revoked.error(), Errc::unknown_outcome);
  }
  EXPECT_FALSE(ledger.check(token->token, "urn:tokenledger:management"));
  EXPECT_EQ(ledger.check_detailed(token->token, {}).failure, CheckFailure::unavailable);
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace tokenledger::crash_testing

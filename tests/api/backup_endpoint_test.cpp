// POST /v1/backups: who may, where to, under which names, one at a time; and that nothing secret is
// in the answer.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "replay/restore.hpp"
#include "storage/fault_injection.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger {
namespace {

namespace fs = std::filesystem;

class BackupEndpointTest : public testing::Test {
 public:
  static void SetUpTestSuite() {
    place_ = std::make_unique<testing_support::TemporaryDirectory>();
    fs::create_directory(backups());
    ApiOptions options;
    options.backup_directory = backups();
    api_ = std::make_unique<test::ApiUnderTest>(options);
  }
  static void TearDownTestSuite() {
    api_.reset();
    place_.reset();
  }

 protected:
  static test::ApiUnderTest& api() { return *api_; }
  static fs::path backups() { return *place_ / "backups"; }
  static test::Reply back_up(const std::string& body = "{}") {
    return api().as_admin("POST", "/v1/backups", body);
  }
  static test::Reply named(const std::string& name) {
    return back_up(R"({"name":")" + name + R"("})");
  }
  static std::size_t count() {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator{backups()}, fs::directory_iterator{}));
  }

 private:
  static inline std::unique_ptr<testing_support::TemporaryDirectory> place_;
  static inline std::unique_ptr<test::ApiUnderTest> api_;
};

TEST_F(BackupEndpointTest, MakesABackupThatRestoresAndSaysNothingSecretINV5) {
  const auto made = named("first");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.text("name"), "first");
  EXPECT_GT(made.number("seq"), 0);
  EXPECT_GT(made.number("checkpoint_size"), 0);
  EXPECT_LE(made.number("checkpoint_size"), made.number("seq"));
  const auto second_line = "\\n" + std::to_string(made.number("checkpoint_size")) + "\\n";
  EXPECT_TRUE(made.has(second_line)) << "the size in the checkpoint itself: " << made.body;
  EXPECT_GT(made.number("bytes"), 0);
  EXPECT_TRUE(made.has("X-Ledger-Seq: " + std::to_string(made.number("seq")))) << made.head;
  EXPECT_FALSE(made.has(backups().string())) << "no path of the server: " << made.body;
  EXPECT_FALSE(made.has(api().admin()));
  std::string why;
  const auto to = api().directory() / "restored";
  const auto restored = restore_backup({.backup = backups() / "first", .target = to}, why);
  ASSERT_TRUE(restored) << why;
  EXPECT_EQ(static_cast<std::int64_t>(restored->seq.value()), made.number("seq"));
}

TEST_F(BackupEndpointTest, WithoutANameItMakesOneAndTakesNoBodyAtAll) {
  for (const auto* body : {"{}", ""}) {
    const auto made = back_up(body);
    ASSERT_EQ(made.status, 201) << made.body;
    EXPECT_TRUE(made.text("name").starts_with("seq-" + std::to_string(made.number("seq")) + "-at-"))
        << made.text("name");
    EXPECT_TRUE(fs::exists(backups() / made.text("name") / "backup"));
    api().clock().advance_s(2);
  }
}

TEST_F(BackupEndpointTest, A02OnlyTheScopeMakesBackups) {
  std::string others;
  for (const auto& scope : kManagementScopes) {
    if (scope.name != "ledger:backup")
      others += (others.empty() ? "[\"" : ",\"") + std::string{scope.name} + '"';
  }
  const auto before = count();
  EXPECT_EQ(api().post("/v1/backups", R"({"name":"x"})", "").status, 401);
  EXPECT_EQ(api().post("/v1/backups", R"({"name":"x"})", api().manager(others + "]")).status, 403);
  EXPECT_EQ(count(), before);
  const auto holding = api().manager(R"(["ledger:backup"])");
  EXPECT_EQ(api().post("/v1/backups", R"({"name":"scoped"})", holding).status, 201);
}

TEST_F(BackupEndpointTest, NamesThatAreNoPlainWordAreRefusedAndNotEchoed) {
  const auto before = count();
  for (const std::string name : {"", ".", "..", "../elsewhere", "/tmp/elsewhere", "UPPER", "a b",
                                 "a_b", "a.b", "a/b", "caf\u00e9", "a\\u0000b", "a\\nb"}) {
    const auto refused = named(name);
    EXPECT_EQ(refused.status, 400) << name << refused.body;
    const bool is_echoed = name.size() > 3 && refused.has(name);
    EXPECT_FALSE(is_echoed) << refused.body;
  }
  EXPECT_EQ(named(std::string(65, 'a')).status, 400);
  EXPECT_EQ(back_up(R"({"name":7})").status, 400);
  EXPECT_EQ(back_up(R"({"name":"x","to":"/tmp"})").status, 400);
  EXPECT_EQ(api().as_admin("POST", "/v1/backups?name=x", "{}").status, 400);
  EXPECT_EQ(count(), before);
  EXPECT_EQ(named(std::string(64, 'a')).status, 201);
}

TEST_F(BackupEndpointTest, ANameThatIsThereIsNeverReplaced) {
  ASSERT_EQ(named("once").status, 201);
  const auto again = named("once");
  EXPECT_EQ(again.status, 409) << again.body;
  EXPECT_EQ(again.text("code"), "backup_exists");
}

TEST_F(BackupEndpointTest, ASecondOneAtOnceIsRefusedAndOthersGoOn) {
  constexpr int kAtOnce = 6;
  std::vector<int> statuses(kAtOnce);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kAtOnce; ++i)
      threads.emplace_back(
          [&statuses, i] { statuses[i] = named("at-once-" + std::to_string(i)).status; });
    EXPECT_EQ(api().get("/livez", "").status, 200);
  }
  const auto made = std::count(statuses.begin(), statuses.end(), 201);
  EXPECT_GE(made, 1);
  EXPECT_EQ(made + std::count(statuses.begin(), statuses.end(), 409), kAtOnce);
  EXPECT_LT(made, kAtOnce) << "six requests at once, one backup at a time";
}

// A server of its own, on a disk that fails as it is told.
class OnFaultyDisk : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(backups());
    ApiOptions options;
    options.backup_directory = backups();
    api_ = std::make_unique<test::ApiUnderTest>(
        options, fs::path{}, [this](LedgerOptions& ledger) { ledger.files = disk_; });
  }
  fs::path backups() const { return place_ / "backups"; }
  test::Reply named(const std::string& name) {
    return api_->as_admin("POST", "/v1/backups", R"({"name":")" + name + R"("})");
  }
  std::vector<std::string> files_in_partials() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator{backups()}) {
      const auto name = entry.path().filename();
      const bool says_nothing = name == "LOCK" || (name == "backup" && entry.file_size() == 0);
      if (entry.is_regular_file() && !says_nothing) found.push_back(entry.path().string());
    }
    return found;
  }
  std::size_t count() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator{backups()}, fs::directory_iterator{}));
  }

  testing_support::TemporaryDirectory place_;
  std::shared_ptr<FaultInjectingFileLayer> disk_ =
      std::make_shared<FaultInjectingFileLayer>(place_ / "scratch");
  std::unique_ptr<test::ApiUnderTest> api_;
};

TEST_F(OnFaultyDisk, TooLittleSpaceIs507AndNothingIsWritten) {
  disk_->set_free_bytes(1'000'000);
  const auto refused = named("large");
  EXPECT_EQ(refused.status, 507) << refused.body;
  EXPECT_EQ(refused.text("code"), "storage_low");
  EXPECT_FALSE(refused.has(backups().string())) << refused.body;
  EXPECT_EQ(count(), 0u);
  disk_->set_free_bytes(std::nullopt);
  EXPECT_EQ(named("large").status, 201);
}

TEST_F(OnFaultyDisk, ACopyThatIsNotWhatWasReadIs500AndNoBackup) {
  disk_->set_fault({.operation = 1,
                    .kind = FaultKind::lost,
                    .torn_bytes = 0,
                    .then_crash = false,
                    .among = [](const FileChange& change) {
                      return change.operation == FileOperation::append &&
                             change.path.string().find(".partial/log/") != std::string::npos;
                    }});
  const auto refused = named("nightly");
  ASSERT_TRUE(disk_->failed_change()) << "nothing was lost";
  EXPECT_EQ(refused.status, 500) << refused.body;
  EXPECT_EQ(refused.text("code"), "backup_not_verified");
  EXPECT_FALSE(refused.has(backups().string())) << refused.body;
  EXPECT_FALSE(fs::exists(backups() / "nightly"));
  EXPECT_EQ(files_in_partials(), std::vector<std::string>{}) << "keys are among them";
  disk_->clear_fault();
  EXPECT_EQ(named("nightly").status, 201);
}

// The copy waits in the disk until the server does not listen any more: only its end can then be
// what answers.
TEST_F(OnFaultyDisk, StoppingTheServerEndsABackupAndTheNextOneRemovesWhatItLeft) {
  std::atomic<bool> has_begun{false};
  std::atomic<bool> may_go_on{false};
  disk_->set_fault({.operation = 1'000'000,
                    .kind = FaultKind::not_persisted,
                    .torn_bytes = 0,
                    .then_crash = false,
                    .among = [&](const FileChange& change) {
                      if (change.path.string().find(".partial/log/") == std::string::npos)
                        return false;
                      has_begun.store(true);
                      has_begun.notify_all();
                      may_go_on.wait(false);
                      return false;
                    }});
  test::Reply answer;
  std::jthread asking{[&] { answer = named("nightly"); }};
  has_begun.wait(false);
  const auto port = api_->port();
  std::jthread stopping{[&] { api_->close(); }};
  while (test::HttpTestClient{port}.is_connected())
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  may_go_on.store(true);
  may_go_on.notify_all();
  stopping.join();
  asking.join();
  EXPECT_EQ(answer.status, 503) << answer.head << answer.body;
  EXPECT_FALSE(fs::exists(backups() / "nightly"));
  EXPECT_TRUE(fs::exists(backups() / "nightly.partial"));
  EXPECT_EQ(files_in_partials(), std::vector<std::string>{}) << "keys are among them";
  disk_->clear_fault();
  api_->open();
  EXPECT_EQ(named("another").status, 201);
  EXPECT_FALSE(fs::exists(backups() / "nightly.partial"));
  EXPECT_EQ(named("nightly").status, 201);
}

TEST_F(BackupEndpointTest, AServerWithoutADirectoryForThemSaysSo) {
  test::ApiUnderTest other;
  const auto refused = other.as_admin("POST", "/v1/backups", "{}");
  EXPECT_EQ(refused.status, 409) << refused.body;
  EXPECT_EQ(refused.text("code"), "backups_not_configured");
}

}  // namespace
}  // namespace tokenledger

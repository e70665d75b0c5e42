// Overload: many times more token requests than the disk can take (issue 3, Shown by 6).
//
// The ledger's every fsync takes kSyncTime, its queue is short, and clients pipeline without
// waiting. What is refused must say when to come back, what is acknowledged must be there after a
// restart, memory stays bounded and checks go on. Runs kSecondsDefault;
// TOKENLEDGER_OVERLOAD_SECONDS and TOKENLEDGER_OVERLOAD_REQUESTS (per second) ask for others.
// Latencies are printed, never judged.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "storage/fault_policy.hpp"
#include "storage/file_layer.hpp"
#include "storage/ledger_core.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kSyncTime = 100ms;
constexpr std::uint32_t kQueueCommands = 16;
constexpr int kSenders = 4;
constexpr int kPipelined = 64;
constexpr int kSecondsDefault = 10;
const std::string kAudience = "urn:overload";

// The operating system's files, but every fsync of the log takes its time while it is switched on.
class SlowSyncLayer final : public FileLayer {
 public:
  void set_slow(bool slow) { policy_.is_slow = slow; }
  std::uint64_t slow_sync_count() const { return policy_.slow_syncs; }

  Result<std::unique_ptr<File>> create(const std::filesystem::path& path) override {
    return base_->create(path);
  }
  Result<std::unique_ptr<File>> open(const std::filesystem::path& path) override {
    return base_->open(path);
  }
  Result<std::unique_ptr<File>> open_for_reading(const std::filesystem::path& path) override {
    return base_->open_for_reading(path);
  }
  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to,
                      Replace replace) override {
    return base_->rename(from, to, replace);
  }
  Result<void> remove(const std::filesystem::path& path) override { return base_->remove(path); }
  Result<void> make_directory(const std::filesystem::path& path) override {
    return base_->make_directory(path);
  }
  Result<void> sync_directory(const std::filesystem::path& directory) override {
    return base_->sync_directory(directory);
  }
  Result<std::vector<std::string>> list(const std::filesystem::path& directory) override {
    return base_->list(directory);
  }
  Result<bool> exists(const std::filesystem::path& path) override { return base_->exists(path); }
  Result<std::uint64_t> free_bytes(const std::filesystem::path& path) override {
    return base_->free_bytes(path);
  }
  FaultPolicy* fault_policy() noexcept override { return &policy_; }

 private:
  struct Policy final : FaultPolicy {
    Result<void> run(const FileChange& change, const Perform& perform) override {
      const bool is_log = change.path.parent_path().filename() == "log";
      if (change.operation == FileOperation::sync && is_log && is_slow) {
        ++slow_syncs;
        std::this_thread::sleep_for(kSyncTime);
      }
      return perform(change.bytes);
    }
    std::atomic<bool> is_slow{false};
    std::atomic<std::uint64_t> slow_syncs{0};
  };
  std::shared_ptr<FileLayer> base_ = make_posix_file_layer();
  Policy policy_;
};

std::uint64_t resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  std::uint64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * 4096;
}

// Of all lanes together.
std::uint64_t used_indexes(Ledger& ledger) {
  std::uint64_t sum = 0;
  for (const auto& next : ledger.core().reserved) sum += next.load();
  return sum;
}

int setting(const char* name, int otherwise, int most) {
  const char* wanted = std::getenv(name);
  return wanted != nullptr ? std::clamp(std::atoi(wanted), 1, most) : otherwise;
}

// Zero unless TOKENLEDGER_OVERLOAD_REQUESTS says how many all senders send per second together: a
// disk that is overloaded and processors that are not.
Clock::duration pause_between_batches() {
  const int rate = setting("TOKENLEDGER_OVERLOAD_REQUESTS", 0, 10'000'000);
  return rate == 0 ? 0s : Clock::duration{1s} * kSenders * kPipelined / rate;
}

struct Tally {
  std::vector<std::string> acknowledged;  // the tokens
  std::uint64_t sent = 0;
  std::uint64_t refused = 0;
  std::uint64_t wrong = 0;  // neither a token nor a refusal that says when to come back
};

// Keeps kPipelined requests under way until the time is over. The load comes from elsewhere in
// life: here its threads yield to the server's, or the checks' latencies would be about the
// scheduler.
void send_token_requests(const ApiUnderTest& api, const std::string& body, Clock::time_point end,
                         Tally& tally) {
  constexpr int kLowest = 19;
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kLowest);
  HttpTestClient client{api.port()};
  const auto request = ApiUnderTest::request_text("POST", "/oauth/token", {.body = body});
  std::string batch;
  for (int index = 0; index < kPipelined; ++index) batch += request;
  const auto pause = pause_between_batches();
  for (auto turn = Clock::now(); turn < end; turn = std::max(Clock::now(), turn + pause)) {
    std::this_thread::sleep_until(turn);
    ASSERT_TRUE(client.send(batch));
    for (int index = 0; index < kPipelined; ++index) {
      ++tally.sent;
      const auto answer = client.read();
      const Reply reply{answer.status, answer.head, answer.body};
      if (answer.status == 200) {
        tally.acknowledged.push_back(reply.text("access_token"));
      } else if ((answer.status == 503 || answer.status == 429) && reply.has("Retry-After: ")) {
        ++tally.refused;
      } else {
        ++tally.wrong;
      }
    }
  }
}

// Asks for a good token's check one after the other; the latencies, sorted.
std::vector<double> check_latencies(const ApiUnderTest& api, const std::string& token,
                                    Clock::time_point end, std::uint64_t* wrong) {
  std::vector<double> all;
  HttpTestClient client{api.port()};
  while (Clock::now() < end) {
    const auto begin = Clock::now();
    const auto reply =
        ApiUnderTest::on(client, "GET", "/v1/authz?audience=" + kAudience, {.token = token});
    all.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
    if (reply.status != 200) ++*wrong;
    std::this_thread::sleep_for(500us);
  }
  std::ranges::sort(all);
  return all;
}

double at(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

int seconds_of_overload() { return setting("TOKENLEDGER_OVERLOAD_SECONDS", kSecondsDefault, 600); }

TEST(Overload, INV1INV7TooManyTokenRequestsAreRefusedPolitelyAndNothingAcknowledgedIsLost) {
  const auto files = std::make_shared<SlowSyncLayer>();
  const ApiOptions unlimited{.token_request_rates = {.per_client = {.per_second = 0},
                                                     .per_address = {.per_second = 0},
                                                     .failed_per_address = {.per_second = 0}}};
  ApiUnderTest api{unlimited, {}, [&](LedgerOptions& options) {
                     options.files = files;
                     options.queue_commands_max = kQueueCommands;
                   }};
  api.make_api(kAudience, R"(,"token_format":"opaque")");
  const auto client = api.make_client();
  api.grant(client, kAudience);
  const auto checked = api.new_token(client, kAudience);
  const std::string body = R"({"grant_type":"client_credentials","client_id":")" + client.id +
                           R"(","client_secret":")" + client.secret + R"(","audience":")" +
                           kAudience + "\"}";
  std::uint64_t wrong_checks = 0;
  const auto idle = check_latencies(api, checked, Clock::now() + 2s, &wrong_checks);

  files->set_slow(true);
  const auto before_bytes = resident_bytes();
  const auto used_before = used_indexes(api.ledger());
  const auto end = Clock::now() + std::chrono::seconds{seconds_of_overload()};
  std::vector<Tally> tallies(kSenders);
  std::vector<std::thread> senders;
  for (auto& tally : tallies)
    senders.emplace_back([&] { send_token_requests(api, body, end, tally); });
  const auto loaded = check_latencies(api, checked, end, &wrong_checks);
  for (auto& sender : senders) sender.join();
  const auto grown_bytes = resident_bytes() - std::min(before_bytes, resident_bytes());
  files->set_slow(false);

  Tally sum;
  for (const auto& tally : tallies) {
    sum.sent += tally.sent;
    sum.refused += tally.refused;
    sum.wrong += tally.wrong;
    sum.acknowledged.insert(sum.acknowledged.end(), tally.acknowledged.begin(),
                            tally.acknowledged.end());
  }
  std::cout << "requests " << sum.sent << ", acknowledged " << sum.acknowledged.size()
            << ", refused " << sum.refused << ", slow fsyncs " << files->slow_sync_count()
            << ", memory grew by " << grown_bytes / 1024 << " KiB\nchecks idle: p50 "
            << at(idle, 0.5) << " us, p99 " << at(idle, 0.99) << " us; overloaded: p50 "
            << at(loaded, 0.5) << " us, p99 " << at(loaded, 0.99) << " us; ratio p50 "
            << at(loaded, 0.5) / at(idle, 0.5) << "\n";
  EXPECT_EQ(sum.wrong, 0u);
  EXPECT_EQ(wrong_checks, 0u);
  EXPECT_GT(sum.acknowledged.size(), 0u);
  EXPECT_GT(sum.refused, 9 * sum.acknowledged.size()) << "this was no tenfold overload";
  EXPECT_LT(grown_bytes, 128u << 20) << "INV-7";
  // What is refused while the queue is full uses up no place in the index: those hold memory until
  // the tokens beside them expire. Each thread may lose a race for the last place in the queue.
  EXPECT_LT(used_indexes(api.ledger()) - used_before, 2 * sum.acknowledged.size() + kPipelined)
      << "INV-7";

  api.close();
  api.open();
  std::uint64_t lost = 0;
  for (const auto& token : sum.acknowledged)
    if (!api.ledger().check(token, kAudience)) ++lost;
  EXPECT_EQ(lost, 0u) << "INV-1";
  EXPECT_EQ(api.authz(checked, kAudience), 200);
}

}  // namespace
}  // namespace tokenledger::test

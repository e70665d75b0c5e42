// Two who change different settings of one record at the same time: neither undoes the other's.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

// One thread per setting writes its own value again and again; refusals are told apart.
struct Setting {
  std::string name;
  std::vector<std::string> values;  // JSON texts, in turn
  std::string last = {};            // acknowledged
  bool is_lost = false;             // the answer to a change did not hold it
};

class ConcurrentChange : public ApiTest {
 protected:
  static constexpr int kRounds = 60;

  static void change_all(const std::string& path, std::vector<Setting>& settings) {
    std::atomic<int> busy{0};
    std::atomic<int> done{0};
    std::vector<std::thread> threads;
    for (auto& setting : settings) {
      threads.emplace_back([&] {
        HttpTestClient connection{api().port()};
        for (int round = 0; round < kRounds; ++round) {
          const auto& value = setting.values[round % setting.values.size()];
          const auto body = "{\"" + setting.name + "\":" + value + "}";
          const auto reply =
              ApiUnderTest::on(connection, "PATCH", path, {.token = api().admin(), .body = body});
          if (reply.status == 503) {
            EXPECT_TRUE(reply.has("Retry-After: ")) << reply.head;
            ++busy;
            continue;
          }
          EXPECT_EQ(reply.status, 200) << reply.body;
          ++done;
          setting.last = "\"" + setting.name + "\":" + value;
          // Nobody else writes this one, so the answer must hold it.
          setting.is_lost |= !reply.has(setting.last);
        }
      });
    }
    for (auto& thread : threads) thread.join();
    std::printf("%d changes, %d times 503\n", done.load(), busy.load());
    EXPECT_GT(done, busy) << "retried on the server";
  }
};

TEST_F(ConcurrentChange, OfOneClientLosesNoAcknowledgedSetting) {
  const auto path = "/v1/clients/" + api().make_client().id;
  std::vector<Setting> settings = {{"name", {R"("a")", R"("b")", R"("c")"}},
                                   {"redirect_uris", {R"(["https://a.example/1"])", "[]"}},
                                   {"token_format", {R"("jwt")", R"("opaque")"}}};
  change_all(path, settings);
  const auto shown = api().as_admin("GET", path);
  for (const auto& setting : settings) {
    EXPECT_FALSE(setting.is_lost) << setting.name;
    EXPECT_TRUE(shown.has(setting.last)) << setting.last << " is not in " << shown.body;
  }
}

TEST_F(ConcurrentChange, OfOneApiLosesNoAcknowledgedSetting) {
  const auto audience = fresh("urn:changed:");
  api().make_api(audience);
  std::vector<Setting> settings = {{"name", {R"("a")", R"("b")", R"("c")"}},
                                   {"token_lifetime", {"60", "61", "62"}},
                                   {"revocable", {"true", "false"}}};
  change_all("/v1/apis/" + audience, settings);
  const auto shown = api().as_admin("GET", "/v1/apis/" + audience);
  for (const auto& setting : settings) {
    EXPECT_FALSE(setting.is_lost) << setting.name;
    EXPECT_TRUE(shown.has(setting.last)) << setting.last << " is not in " << shown.body;
  }
}

}  // namespace
}  // namespace tokenledger::test

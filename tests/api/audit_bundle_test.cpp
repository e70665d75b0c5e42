// /v1/audit over HTTP: the largest answer there is, and what a damaged tree answers.
#include <gtest/gtest.h>

#include <fstream>
#include <thread>
#include <vector>

#include "core/log_tile.hpp"
#include "core/merkle.hpp"
#include "storage/audit.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

using namespace std::chrono_literals;

// Close to what an event may hold, 256 times: more than any other answer may be.
TEST(AuditOverHttp, ABundleOfTheLargestEventsIsWholeAndADamagedTileIsNoAnswer) {
  ApiUnderTest api;
  ApiSettings large{.name = "large", .scopes = {}};
  large.signing_alg = SignatureAlgorithm::es256;
  for (std::size_t number = 0; number < kScopesPerApiMax; ++number) {
    auto name = "scope-" + std::to_string(number);
    name.resize(kLabelBytesMax, 'x');
    large.scopes.push_back({std::move(name), std::string(kDescriptionBytesMax, 'd')});
  }
  const auto submit = [&](CommandPayload payload) {
    const auto done =
        api.ledger().submit({Actor{.kind = ActorKind::host}, {}, std::nullopt, std::move(payload)});
    ASSERT_TRUE(done) << done.error().message();
  };
  submit(CreateApi{.identifier = "urn:large", .settings = large});
  while (api.ledger().committed().value() < 2 * kTileHashes)
    submit(UpdateApi{.identifier = "urn:large", .settings = large});
  ASSERT_TRUE(Audit{api.ledger()}.wait_for_checkpoint(api.ledger().committed(), 20s));
  const auto reply = api.as_admin("GET", "/v1/audit/tile/entries/001");
  ASSERT_EQ(reply.status, 200) << reply.head;
  EXPECT_GT(reply.body.size(), kHttpResponseBytesMax);
  std::printf("%zu bytes\n", reply.body.size());
  // Bundles that nobody reads yet: their bytes are in memory, so they count until they left.
  std::vector<HttpTestClient> slow;
  std::vector<Answer> heads;
  for (std::size_t number = 0; number < 8; ++number) {
    auto& client = slow.emplace_back(api.port());
    client.send(
        ApiUnderTest::request_text("GET", "/v1/audit/tile/entries/001", {.token = api.admin()}));
    heads.push_back(client.read_head());
    ASSERT_EQ(heads.back().status, 200) << number;
  }
  const auto status = [&] { return api.as_admin("GET", "/v1/audit/tile/entries/001").status; };
  const auto is_free = [&] {
    for (int wait = 0; wait < 1'000 && status() != 200; ++wait) std::this_thread::sleep_for(10ms);
    return status() == 200;
  };
  EXPECT_EQ(status(), 503);
  EXPECT_EQ(slow.front().read_body(std::move(heads.front())).body, reply.body);
  EXPECT_TRUE(is_free()) << "one was read";
  auto& other = slow.front();
  other.send(
      ApiUnderTest::request_text("GET", "/v1/audit/tile/entries/001", {.token = api.admin()}));
  ASSERT_EQ(other.read_head().status, 200);
  EXPECT_EQ(status(), 503);
  slow.pop_back();
  EXPECT_TRUE(is_free()) << "one was given up";
  slow.clear();
  ASSERT_TRUE(is_free());

  const auto entries = decode_entry_bundle(bytes_of(reply.body), kTileHashes);
  ASSERT_TRUE(entries);
  const auto tile = api.get("/v1/audit/tile/0/001", "").body;
  for (std::size_t at = 0; at < kTileHashes; ++at) {
    const auto hash = leaf_hash((*entries)[at]);
    ASSERT_EQ(tile.substr(at * 32, 32), (std::string{hash.begin(), hash.end()})) << at;
  }

  ASSERT_EQ(api.get("/v1/audit/tile/1/000.p/2", "").status, 200);
  std::fstream level{api.directory() / "ledger" / "audit" / "level-1",
                     std::ios::in | std::ios::out | std::ios::binary};
  level.seekp(40).put('x').flush();
  const auto damaged = api.get("/v1/audit/tile/1/000.p/2", "");
  EXPECT_EQ(damaged.status, 500);
  EXPECT_EQ(damaged.text("code"), "audit_corrupt");
  EXPECT_TRUE(damaged.has("Cache-Control: no-store")) << damaged.head;
  EXPECT_EQ(api.get("/v1/audit/tile/0/000", "").status, 500) << "shown to be in it by that hash";
}

}  // namespace
}  // namespace tokenledger::test

// /v1/audit over HTTP: what anybody may fetch fits together, what holds events needs audit:read,
// and what does not exist is refused.
#include <gtest/gtest.h>

#include <thread>

#include "core/tile_hash_source.hpp"
#include "tests/api/audit_fixture.hpp"

namespace tokenledger::test {
namespace {

// Hash tiles as an outsider gets them.
class TilesOverHttp : public TileReader {
 public:
  explicit TilesOverHttp(ApiUnderTest& api) : api_{api} {}
  Result<std::vector<std::uint8_t>> read_tile(const TileId& id) override {
    const auto reply = api_.get("/v1/audit/" + tile_path(id), "");
    if (reply.status != 200) return Errc::file_not_found;
    return std::vector<std::uint8_t>{reply.body.begin(), reply.body.end()};
  }

 private:
  ApiUnderTest& api_;
};

TEST_F(AuditEndpoints, AnybodyMayFetchACheckpointAndTheKeyThatSignedIt) {
  const auto known = checkpoint();
  EXPECT_GE(known.size, 600u);
  const auto newest = open("checkpoint");
  EXPECT_TRUE(newest.has("Content-Type: text/plain; charset=utf-8\r\n")) << newest.head;
  EXPECT_TRUE(newest.has("Cache-Control: public, max-age=1\r\n")) << newest.head;
  EXPECT_TRUE(open("vkey").body.starts_with(known.origin + "+"));
  const auto kept = open("checkpoint?size=" + number(known.size));
  EXPECT_EQ(kept.body, newest.body);
  expect_asked_for_each_time("checkpoint?size=" + number(known.size), "public, no-cache");
}

TEST_F(AuditEndpoints, ACheckpointThatWasNeverSignedIsNotThere) {
  const auto reply = open("checkpoint?size=" + number(checkpoint().size + 1'000'000));
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.text("code"), "checkpoint_not_found");
  EXPECT_EQ(open("checkpoint?size=0").status, 404);
  for (const std::string query : {"size=", "size=-1", "size=x", "size=01", "size=1&size=2",
                                  "seize=1", "min_seq=x", "size=9223372036854775808", "size=%zz"})
    EXPECT_EQ(open("checkpoint?" + query).status, 400) << query;
  EXPECT_EQ(open("vkey?size=1").status, 400);
  EXPECT_EQ(api().post("/v1/audit/checkpoint", "{}", api().admin()).status, 405);
}

TEST_F(AuditEndpoints, AWitnessedCheckpointIsNotThereWhereNoQuorumIsConfigured) {
  (void)checkpoint();
  EXPECT_EQ(open("checkpoint?witnessed=true").status, 404);
  EXPECT_EQ(open("checkpoint?witnessed=true").text("code"), "not_witnessed");
  EXPECT_EQ(open("checkpoint?witnessed=false").body, open("checkpoint").body);
}

TEST_F(AuditEndpoints, MinSeqGivesACheckpointThatCoversItOrNone) {
  const auto seq = api().ledger().append_note("covered", "").value().seq;
  Reply reply;
  for (const auto until = std::chrono::steady_clock::now() + 20s;
       reply.status != 200 && std::chrono::steady_clock::now() < until;) {
    reply = open("checkpoint?min_seq=" + number(seq.value()));
    if (reply.status == 503) {
      EXPECT_TRUE(reply.has("Retry-After: 1\r\n")) << reply.head;
      std::this_thread::sleep_for(10ms);
    }
  }
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_GE(open_checkpoint(reply.body, key())->checkpoint.size, seq.value());
  const auto beyond = "min_seq=" + number(seq.value() + 1'000'000);
  for (const std::string path :
       {"checkpoint?", "vkey?", "tile/0/000?", "proofs/inclusion?index=0&size=1&",
        "proofs/consistency?from=1&to=1&"}) {
    EXPECT_EQ(open(path + beyond).status, 400) << path;
    EXPECT_EQ(open(path + "min_seq=1").status, 200) << path;
  }
  EXPECT_EQ(read("tile/entries/000?" + beyond).status, 400);
}

TEST_F(AuditEndpoints, HashTilesLeadToTheSignedRoot) {
  const auto known = checkpoint();
  TilesOverHttp tiles{api()};
  TileHashSource source{known.size, tiles};
  EXPECT_EQ(tree_root(known.size, source).value(), known.root);
  const auto full = open("tile/0/000");
  EXPECT_EQ(full.body.size(), 256u * 32);
  EXPECT_TRUE(full.has("Content-Type: application/octet-stream\r\n")) << full.head;
  const auto partial = open("tile/0/002.p/3");
  EXPECT_EQ(partial.body.size(), 3u * 32);
  for (const std::string path : {"tile/0/000", "tile/0/002.p/3", "tile/1/000.p/1"})
    expect_asked_for_each_time(path, "public, no-cache");
  const auto above = open("tile/1/000.p/2");
  const auto hash = full_tile_hash(bytes_of(full.body)).value();
  EXPECT_EQ(above.body.substr(0, 32), (std::string{hash.begin(), hash.end()}));
}

TEST_F(AuditEndpoints, TransparencyLog09And10WhatIsBeyondOrWrittenOtherwiseIsNotThere) {
  const auto size = checkpoint().size;
  const auto width = size % 256;
  ASSERT_TRUE(size / 256 == 2 && width < 255) << "the rows below are for this size: " << size;
  EXPECT_EQ(open("tile/0/002.p/" + number(width)).status, 200);
  const std::string beyond[] = {"tile/0/002.p/" + number(width + 1),
                                "tile/0/002",
                                "tile/0/003.p/1",
                                "tile/1/000.p/3",
                                "tile/1/000",
                                "tile/2/000.p/1",
                                "tile/63/000.p/1",
                                "tile/0/x001/000",
                                "tile/0/x072/x057/x594/x037/x927/935"};
  const std::string malformed[] = {
      "tile/0/000.p/0",    "tile/0/000.p/256",  "tile/64/000",     "tile/00/000",
      "tile/-1/000",       "tile/0/0",          "tile/0/0000",     "tile/0/00a",
      "tile/0/000.p",      "tile/0/000.p/",     "tile/0/000.p/01", "tile/0/000.p/1/2",
      "tile/0/x000/000",   "tile/0/000/000",    "tile/0/x000",     "tile/0/000/",
      "tile/0/%30%30%30",  "tile/0/000.p%2F1",  "tile/0",          "tile/entries/0",
      "tile/entries/000/", "tile/entries/x001", "tile//000"};
  std::size_t refused = 0;
  for (const auto& path : beyond) {
    const auto reply = open(path);
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_TRUE(reply.has("Cache-Control: no-store")) << "it will be there later: " << path;
    const auto asked = api().call("GET", "/v1/audit/" + path, {.headers = "If-None-Match: *\r\n"});
    EXPECT_EQ(asked.status, 404) << path;
    ++refused;
  }
  for (const auto& path : malformed) {
    EXPECT_EQ(read(path).status, 404) << path;
    ++refused;
  }
  for (const std::string path :
       {"tile/entries/002", "tile/entries/003.p/1", "tile/entries/002.p/255"})
    EXPECT_EQ(read(path).status, 404) << path;
  EXPECT_EQ(open("tile/0/000?x=1").status, 400);
  std::printf("%zu paths refused\n", refused);
}

TEST_F(AuditEndpoints, EntriesNeedAuditReadAndAreTheHashedOnes) {
  const std::string path = "/v1/audit/tile/entries/001";
  (void)checkpoint();
  const auto anonymous = api().get(path, "");
  EXPECT_EQ(anonymous.status, 401);
  EXPECT_TRUE(anonymous.has("WWW-Authenticate: Bearer")) << anonymous.head;
  EXPECT_EQ(api().get(path, api().manager(R"(["tokens:read","events:read"])")).status, 403);
  const auto reply = api().get(path, api().manager(R"(["audit:read"])"));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_TRUE(reply.has("Cache-Control: private, no-cache\r\n"))
      << "no shared cache: " << reply.head;
  const auto entries = decode_entry_bundle(bytes_of(reply.body), kTileHashes);
  ASSERT_TRUE(entries);
  const auto tile = open("tile/0/001").body;
  for (std::size_t at = 0; at < kTileHashes; ++at) {
    const auto hash = leaf_hash((*entries)[at]);
    ASSERT_EQ(tile.substr(at * 32, 32), (std::string{hash.begin(), hash.end()})) << at;
    ASSERT_EQ(decode_event((*entries)[at])->seq.value(), 256 + at + 1);
  }
  expect_asked_for_each_time("tile/entries/000.p/5", "private, no-cache");
}

TEST_F(AuditEndpoints, InclusionAndConsistencyProofsHold) {
  const auto known = checkpoint();
  const auto tile = open("tile/0/000").body;
  for (const std::uint64_t index : {0, 1, 100, 255}) {
    const auto reply =
        open("proofs/inclusion?index=" + number(index) + "&size=" + number(known.size));
    ASSERT_EQ(reply.status, 200) << reply.body;
    const auto leaf = digest_from_bytes(bytes_of(tile).subspan(index * 32, 32)).value();
    const InclusionClaim claim{
        .index = index, .size = known.size, .leaf = leaf, .root = known.root};
    EXPECT_TRUE(verify_inclusion(claim, hashes_of(reply))) << index;
  }
  TilesOverHttp tiles{api()};
  for (const std::uint64_t from :
       {std::uint64_t{1}, std::uint64_t{256}, std::uint64_t{599}, known.size}) {
    const auto reply =
        open("proofs/consistency?from=" + number(from) + "&to=" + number(known.size));
    ASSERT_EQ(reply.status, 200) << reply.body;
    TileHashSource source{from, tiles};
    const ConsistencyClaim claim{.from_size = from,
                                 .to_size = known.size,
                                 .from_root = tree_root(from, source).value(),
                                 .to_root = known.root};
    EXPECT_TRUE(verify_consistency(claim, hashes_of(reply))) << from;
  }
}

TEST_F(AuditEndpoints, WhatCanNotBeProvedIsABadRequest) {
  const auto beyond = number(checkpoint().size + 1'000'000);
  const std::string queries[] = {
      "inclusion",
      "inclusion?index=1",
      "inclusion?size=5",
      "inclusion?index=5&size=5",
      "inclusion?index=0&size=0",
      "inclusion?index=0&size=" + beyond,
      "inclusion?index=-1&size=5",
      "inclusion?index=1&size=5&from=1",
      "inclusion?index=99999999999999999999&size=5",
      "consistency",
      "consistency?from=0&to=5",
      "consistency?from=6&to=5",
      "consistency?from=5&to=" + beyond,
      "consistency?from=1&to=5&to=6",
      "consistency?from=a&to=5",
  };
  for (const auto& query : queries) {
    const auto reply = open("proofs/" + query);
    EXPECT_EQ(reply.status, 400) << query << reply.body;
    EXPECT_NE(reply.text("code"), "-") << query;
  }
  EXPECT_EQ(open("proofs/nothing").status, 404);
}

TEST_F(AuditEndpoints, MetricsAndReadinessSayWhereCheckpointsStand) {
  const auto known = checkpoint();
  const auto metrics = api().as_admin("GET", "/metrics").body;
  for (const std::string name :
       {"tokenledger_audit_durable_size", "tokenledger_audit_integrated_size",
        "tokenledger_audit_signed_size"}) {
    const auto at = metrics.find("\n" + name + " ");
    ASSERT_NE(at, std::string::npos) << name;
    EXPECT_GE(std::stoull(metrics.substr(at + name.size() + 2)), known.size) << name;
  }
  EXPECT_NE(metrics.find("\ntokenledger_audit_stopped 0\n"), std::string::npos);
  EXPECT_NE(metrics.find("\ntokenledger_audit_checkpoint_age_seconds "), std::string::npos);
  const auto ready = api().get("/readyz", "");
  EXPECT_EQ(ready.status, 200);
  EXPECT_TRUE(ready.body.starts_with("ready\ncheckpoints: signed ")) << ready.body;
  EXPECT_TRUE(ready.has("can not be told without --anchor")) << ready.body;
}

}  // namespace
}  // namespace tokenledger::test

// /v1/audit over HTTP: what anybody may fetch fits together, what holds events needs audit:read,
// and what does not exist is refused; receipts of revocations.
#include <gtest/gtest.h>

#include <fstream>
#include <mutex>
#include <thread>

#include "core/event_codec.hpp"
#include "core/merkle.hpp"
#include "core/proof_text.hpp"
#include "core/tile_hash_source.hpp"
#include "storage/audit.hpp"
#include "storage/ledger_core.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

using namespace std::chrono_literals;

class AuditEndpoints : public ApiTest {
 protected:
  void SetUp() override {
    if (api().ledger().committed().value() >= 600) return;
    api().make_api(kAudience);
    client() = api().make_client();
    api().grant(client(), kAudience);
    for (int i = 0; i < 600; ++i) {
      api().ledger().submit_async(
          {.actor = {.kind = ActorKind::host}, .payload = AppendNote{"note", {}}},
          [](const Result<Committed>& committed) { EXPECT_TRUE(committed); });
    }
    ASSERT_TRUE(api().ledger().append_note("last", ""));
  }
  static ApiUnderTest::Client& client() {
    static ApiUnderTest::Client made;
    return made;
  }
  static Reply open(const std::string& path) { return api().get("/v1/audit/" + path, ""); }
  static Reply read(const std::string& path) { return api().as_admin("GET", "/v1/audit/" + path); }
  static NoteVerifier key() { return *NoteVerifier::from_vkey(open("vkey").body); }
  // Covers all that is committed now.
  static Checkpoint checkpoint() {
    const auto& ledger = api().ledger();
    EXPECT_TRUE(Audit{ledger}.wait_for_checkpoint(ledger.committed(), 20s));
    const auto opened = open_checkpoint(open("checkpoint").body, key());
    EXPECT_TRUE(opened);
    return opened->checkpoint;
  }
  // Under another key the same URL has other bytes, so only who has those of this key is spared.
  static void expect_asked_for_each_time(const std::string& path, const std::string& caching) {
    const auto name = key().name();
    const auto tag = "\"" + name.substr(name.rfind('/') + 1) + "\"";
    const auto ask = [&](const std::string& known) {
      return api().call("GET", "/v1/audit/" + path,
                        {.token = api().admin(), .headers = "If-None-Match: " + known + "\r\n"});
    };
    const auto whole = read(path).body;
    EXPECT_FALSE(whole.empty());
    for (const std::string& other :
         {std::string{"\"0123456789abcdef\""}, tag.substr(1), tag + "x"}) {
      const auto reply = ask(other);
      EXPECT_EQ(reply.status, 200) << path << " " << other;
      EXPECT_EQ(reply.body, whole);
      EXPECT_TRUE(reply.has("Cache-Control: " + caching + "\r\n")) << reply.head;
      EXPECT_TRUE(reply.has("ETag: " + tag + "\r\n")) << reply.head;
    }
    for (const std::string& same : {tag, "W/" + tag, "\"a\", " + tag, std::string{"*"}}) {
      const auto reply = ask(same);
      EXPECT_EQ(reply.status, 304) << path << " " << same;
      EXPECT_TRUE(reply.body.empty());
      EXPECT_TRUE(reply.has("ETag: " + tag + "\r\n")) << reply.head;
    }
  }
  static std::vector<Digest> hashes_of(const Reply& reply) {
    std::vector<Digest> hashes;
    const auto object = reply.json();
    const auto* items = object ? object->find("hashes") : nullptr;
    if (items == nullptr) return hashes;
    for (const auto& item : *items->get_if<JsonValue::Array>())
      hashes.push_back(digest_from_base64(*item.get_if<std::string>()).value());
    return hashes;
  }
  static std::string number(std::uint64_t value) { return std::to_string(value); }
  static std::uint64_t seq_of(const Reply& reply) {
    constexpr std::string_view kName = "X-Ledger-Seq: ";
    const auto at = reply.head.find(kName);
    return at == std::string::npos ? 0 : std::stoull(reply.head.substr(at + kName.size()));
  }
  // That the proof holds under the log's key; the event that it proves.
  static Event proved(const std::string& text) {
    const auto file = parse_proof_file(text);
    EXPECT_TRUE(file) << text;
    if (!file) return {};
    EXPECT_TRUE(check_proof_file(*file, leaf_hash(file->extra), {.log_key = key()}));
    auto event = decode_event(file->extra);
    EXPECT_TRUE(event);
    EXPECT_EQ(event->seq.value(), file->index + 1);
    return std::move(*event);
  }
  static constexpr const char* kAudience = "urn:audited";
};

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

TEST_F(AuditEndpoints, TheProofOfATokenIsThatOfWhatDecidesItsStatus) {
  const auto jti = api().jti_of(api().new_token(client(), kAudience));
  const std::string path = "/v1/audit/proofs/token/" + jti;
  EXPECT_EQ(api().get(path, "").status, 401);
  EXPECT_EQ(api().get(path, api().manager(R"(["tokens:read"])")).status, 403);
  const auto issued = api().get(path, api().manager(R"(["audit:read"])"));
  ASSERT_EQ(issued.status, 200) << issued.body;
  EXPECT_TRUE(issued.has("Content-Type: text/plain; charset=utf-8\r\n")) << issued.head;
  EXPECT_TRUE(issued.has("Cache-Control: no-store\r\n")) << "the next one may be another";
  EXPECT_TRUE(std::holds_alternative<TokenIssued>(proved(issued.body).payload));
  const auto revoked = api().as_admin("POST", "/v1/tokens/" + jti + "/revoke");
  ASSERT_EQ(revoked.status, 200);
  const auto event = proved(api().as_admin("GET", path).body);
  EXPECT_TRUE(std::holds_alternative<TokenRevoked>(event.payload));
  EXPECT_EQ(event.seq.value(), seq_of(revoked));
  EXPECT_EQ(read("proofs/token/AAAAAAAAAAAAAAAAAAAAAA").status, 404);
  EXPECT_EQ(read("proofs/token/" + jti + "?size=1").status, 400);
}

TEST_F(AuditEndpoints, ARevocationAnswersWithItsReceipt) {
  const auto revoke = [](const std::string& query, const std::string& key = "") {
    const auto jti = api().jti_of(api().new_token(client(), kAudience));
    const std::string headers = key.empty() ? "" : "Idempotency-Key: " + key + "\r\n";
    return std::pair{"/v1/tokens/" + jti,
                     api().call("POST", "/v1/tokens/" + jti + "/revoke" + query,
                                {.token = api().admin(), .headers = headers})};
  };
  const auto [path, reply] = revoke("?receipt=true", "a-receipt");
  ASSERT_EQ(reply.status, 200) << reply.body;
  const auto event = proved(reply.text("receipt"));
  EXPECT_TRUE(std::holds_alternative<TokenRevoked>(event.payload));
  EXPECT_EQ(event.seq.value(), seq_of(reply));
  EXPECT_EQ(reply.text("receipt_missing"), "-");
  const auto again =
      api().call("POST", path + "/revoke?receipt=true",
                 {.token = api().admin(), .headers = "Idempotency-Key: a-receipt\r\n"});
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.text("revoked_at"), reply.text("revoked_at"));
  EXPECT_EQ(proved(again.text("receipt")).seq, event.seq);
  EXPECT_EQ(api().as_admin("POST", path + "/revoke?receipt=true").status, 409);
  EXPECT_FALSE(revoke("").second.has("receipt"));
  EXPECT_FALSE(revoke("?receipt=false").second.has("receipt"));
  const auto jti = api().jti_of(api().new_token(client(), kAudience));
  for (const std::string query :
       {"?receipt=1", "?receipt=", "?receipt=true&receipt=true", "?reciept=true"})
    EXPECT_EQ(api().as_admin("POST", "/v1/tokens/" + jti + "/revoke" + query).status, 400) << query;
  const auto deleted = api().as_admin("DELETE", "/v1/tokens/" + jti + "?receipt=true");
  ASSERT_EQ(deleted.status, 200) << "no refused one ended it: " << deleted.body;
  EXPECT_EQ(proved(deleted.text("receipt")).seq.value(), seq_of(deleted));
}

TEST_F(AuditEndpoints, TheProofOfAnEventCarriesTheEventAndNeedsAuditRead) {
  const auto path = [](const std::string& seq) { return "/v1/audit/proofs/event/" + seq; };
  EXPECT_EQ(api().get(path("1"), "").status, 401);
  EXPECT_EQ(api().get(path("1"), api().manager(R"(["events:read"])")).status, 403);
  const auto first = api().get(path("1"), api().manager(R"(["audit:read"])"));
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_TRUE(first.has("Content-Type: text/plain; charset=utf-8\r\n")) << first.head;
  EXPECT_TRUE(std::holds_alternative<LedgerCreated>(proved(first.body).payload));
  // The newest event is waited for, like that of a token.
  const auto newest = api().ledger().append_note("proved", "");
  ASSERT_TRUE(newest);
  const auto event = proved(api().as_admin("GET", path(number(newest->seq.value()))).body);
  EXPECT_EQ(event.seq, newest->seq);
  EXPECT_TRUE(std::holds_alternative<NoteAppended>(event.payload));
  const auto beyond = number(api().ledger().committed().value() + 1'000'000);
  for (const auto& seq : {std::string{"0"}, std::string{"-1"}, std::string{"01"}, std::string{"x"},
                          std::string{"99999999999999999999"}, beyond}) {
    const auto reply = api().as_admin("GET", path(seq));
    EXPECT_EQ(reply.status, 404) << seq;
    EXPECT_EQ(reply.text("code"), "event_not_found") << seq;
  }
  EXPECT_EQ(api().as_admin("GET", path("1") + "?size=1").status, 400);
}

TEST_F(AuditEndpoints, ABulkRevocationAnswersWithItsReceipt) {
  const auto other = api().make_client();
  api().grant(other, kAudience);
  const auto ask = [](const std::string& query, const std::string& body,
                      const std::string& key = "") {
    const std::string headers = key.empty() ? "" : "Idempotency-Key: " + key + "\r\n";
    return api().call("POST", "/v1/revocations" + query,
                      {.token = api().admin(), .body = body, .headers = headers});
  };
  const auto of_client = R"({"selector":{"client_id":")" + other.id + "\"}}";
  const auto of_subject = R"({"selector":{"subject":")" + other.id + "\"}}";
  const auto token = api().new_token(other, kAudience);

  // Refused ones end nothing.
  for (const std::string query : {"?receipt=1", "?receipt=true&receipt=true", "?reciept=true"})
    EXPECT_EQ(ask(query, of_client).status, 400) << query;
  const auto dry = R"({"dry_run":true,"selector":{"client_id":")" + other.id + "\"}}";
  EXPECT_EQ(ask("?receipt=true", dry).status, 400) << "there is no event to prove";
  EXPECT_EQ(ask("", dry).status, 200);
  EXPECT_EQ(api().authz(token, kAudience), 200);

  // One event per token: the receipt is of the first, at `seq`.
  const auto listed = ask("?receipt=true", of_subject);
  ASSERT_EQ(listed.status, 200) << listed.body;
  const auto single = proved(listed.text("receipt"));
  EXPECT_EQ(single.seq.value(), seq_of(listed));
  EXPECT_TRUE(std::holds_alternative<TokenRevoked>(single.payload));
  EXPECT_EQ(api().authz(token, kAudience), 401);

  const auto cascade = ask("?receipt=true", of_client, "bulk-receipt");
  ASSERT_EQ(cascade.status, 200) << cascade.body;
  const auto event = proved(cascade.text("receipt"));
  EXPECT_EQ(event.seq.value(), seq_of(cascade));
  EXPECT_TRUE(std::holds_alternative<TokensRevoked>(event.payload));
  EXPECT_EQ(cascade.text("receipt_missing"), "-");
  const auto again = ask("?receipt=true", of_client, "bulk-receipt");
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.text("revoked_at"), cascade.text("revoked_at"));
  EXPECT_EQ(proved(again.text("receipt")).seq, event.seq);
  EXPECT_FALSE(ask("", of_client).has("receipt"));
  EXPECT_FALSE(ask("?receipt=false", of_client).has("receipt"));
}

TEST_F(AuditEndpoints, ManyReceiptsAtOnceAreAllAnswered) {
  constexpr int kCallers = 24;
  std::vector<std::string> jtis;
  for (int i = 0; i < kCallers; ++i)
    jtis.push_back(api().jti_of(api().new_token(client(), kAudience)));
  std::vector<Reply> replies(kCallers);
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&, i] {
      replies[i] = api().as_admin("POST", "/v1/tokens/" + jtis[i] + "/revoke?receipt=true");
    });
  }
  for (auto& caller : callers) caller.join();
  for (const auto& reply : replies) {
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(proved(reply.text("receipt")).seq.value(), seq_of(reply));
  }
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

TEST(AuditOverHttp, WithAnAnchorReadinessSaysThatAnOlderCopyIsRefused) {
  testing_support::TemporaryDirectory outside;
  const auto anchor = outside.path() / "anchor";
  ApiUnderTest api{{}, {}, [&](LedgerOptions& options) { options.anchor = anchor; }};
  EXPECT_TRUE(api.get("/readyz", "").has("the anchor tells"));
  ASSERT_TRUE(Audit{api.ledger()}.wait_for_checkpoint(api.ledger().committed(), 20s));
  std::ifstream file{anchor};
  const std::string kept{std::istreambuf_iterator<char>{file}, {}};
  EXPECT_EQ(kept, api.get("/v1/audit/checkpoint", "").body);
}

// INV-6: a revocation that happened is never answered as if it had not.
TEST(AuditOverHttp, WithoutCheckpointsARevocationHoldsAndItsReceiptSaysWhyItIsMissing) {
  ApiUnderTest api{{}, {}, [](LedgerOptions& options) { options.checkpoint_every = 0ms; }};
  api.make_api("urn:api");
  const auto client = api.make_client();
  api.grant(client, "urn:api");
  const auto token = api.new_token(client, "urn:api");
  const auto path = "/v1/tokens/" + api.jti_of(token);
  const auto reply = api.as_admin("POST", path + "/revoke?receipt=true");
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.has(R"("receipt":null)")) << reply.body;
  EXPECT_EQ(reply.text("receipt_missing"), "audit_stopped");
  const auto bulk = api.call("POST", "/v1/revocations?receipt=true",
                             {.token = api.admin(), .body = R"({"selector":{"api":"urn:api"}})"});
  EXPECT_EQ(bulk.status, 200) << bulk.body;
  EXPECT_EQ(bulk.text("receipt_missing"), "audit_stopped");
  EXPECT_EQ(reply.text("status"), "revoked");
  EXPECT_EQ(api.authz(token, "urn:api"), 401);
  for (const std::string open_path :
       {"checkpoint", "checkpoint?size=3", "vkey", "tile/0/000.p/1",
        "proofs/inclusion?index=0&size=1", "proofs/consistency?from=1&to=1"}) {
    const auto refused = api.get("/v1/audit/" + open_path, "");
    EXPECT_EQ(refused.status, 503) << open_path;
    EXPECT_EQ(refused.text("code"), "audit_stopped") << open_path;
    EXPECT_TRUE(refused.has("Retry-After: ")) << open_path;
  }
  EXPECT_EQ(api.as_admin("GET", "/v1/audit/tile/entries/000.p/1").status, 503);
  EXPECT_EQ(api.as_admin("GET", "/v1/audit/proofs/token/" + path.substr(11)).status, 503);
  const auto ready = api.get("/readyz", "");
  EXPECT_EQ(ready.status, 200) << "tokens do not wait for checkpoints";
  EXPECT_TRUE(ready.has("no more are signed")) << ready.body;
  EXPECT_TRUE(api.as_admin("GET", "/metrics").has("\ntokenledger_audit_stopped 1\n"));
}

TEST(AuditOverHttp, WhereNoMoreCheckpointsCanBeSignedTheServerIsReadyAndSaysSo) {
  testing_support::TemporaryDirectory outside;
  const auto disk = outside.path() / "disk";
  std::filesystem::create_directory(disk);
  ApiUnderTest api{{}, {}, [&](LedgerOptions& options) { options.anchor = disk / "anchor"; }};
  const auto made = api.post(
      "/v1/tokens",
      R"({"name":"m","audience":"urn:tokenledger:management","expires_in_days":1,"scopes":["check"]})",
      api.admin());
  ASSERT_EQ(made.status, 201) << made.body;
  const Audit audit{api.ledger()};
  ASSERT_TRUE(audit.wait_for_checkpoint(api.ledger().committed(), 20s));
  const auto last = api.get("/v1/audit/checkpoint", "").body;
  std::filesystem::remove_all(disk);
  const auto path = "/v1/tokens/" + made.text("jti");
  const auto reply = api.as_admin("POST", path + "/revoke?receipt=true");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.text("receipt_missing"), "audit_stopped") << reply.body;
  EXPECT_EQ(api.authz(made.text("token"), "urn:tokenledger:management"), 401);
  EXPECT_EQ(api.get("/v1/audit/checkpoint", "").body, last) << "what was signed stays";
  const auto seq = std::to_string(api.ledger().committed().value());
  const auto newer = api.get("/v1/audit/checkpoint?min_seq=" + seq, "");
  EXPECT_EQ(newer.status, 503);
  EXPECT_EQ(newer.text("code"), "audit_stopped") << newer.body;
  const auto proof = api.as_admin("GET", "/v1/audit/proofs/token/" + made.text("jti"));
  EXPECT_EQ(proof.text("code"), "audit_stopped") << proof.body;
  const auto ready = api.get("/readyz", "");
  EXPECT_EQ(ready.status, 200);
  EXPECT_TRUE(ready.has("no more are signed")) << ready.body;
  EXPECT_TRUE(api.as_admin("GET", "/metrics").has("\ntokenledger_audit_stopped 1\n"));
}

TEST(AuditOverHttp, INV7WithoutRoomForProofsARevocationIsStillAnsweredAsDone) {
  ApiUnderTest api{{.worker_count = 1, .worker_jobs_max = 0}};
  const auto made = api.post(
      "/v1/tokens",
      R"({"name":"m","audience":"urn:tokenledger:management","expires_in_days":1,"scopes":["check"]})",
      api.admin());
  ASSERT_EQ(made.status, 201) << made.body;
  const auto path = "/v1/tokens/" + made.text("jti");
  const auto reply = api.as_admin("POST", path + "/revoke?receipt=true");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.text("receipt_missing"), "queue_full") << reply.body;
  const auto busy = api.get("/v1/audit/checkpoint", "");
  EXPECT_EQ(busy.status, 503);
  EXPECT_TRUE(busy.has("Retry-After: "));
  EXPECT_EQ(api.as_admin("GET", "/v1/audit/proofs/token/" + made.text("jti")).status, 503);
}

// The workers stand still as long as the test holds the files.
TEST(AuditOverHttp, INV7RequestsWithoutATokenHoldABoundedShareOfTheWorkers) {
  ApiUnderTest api;
  ASSERT_TRUE(Audit{api.ledger()}.wait_for_checkpoint(api.ledger().committed(), 20s));
  constexpr int kPlaces = 32;
  HttpTestClient many{api.port()};
  HttpTestClient one_more{api.port()};
  const auto request = ApiUnderTest::request_text("GET", "/v1/audit/checkpoint", {});
  std::unique_lock alone{api.ledger().core().files_mutex};
  std::string burst;
  for (int i = 0; i < kPlaces; ++i) burst += request;
  many.send(burst);
  one_more.send(request);
  // Exactly one is one too many, mostly the later connection's; it is answered while the others
  // wait. Where it is the other way round it stands behind those that wait, hence the deadline.
  const auto deadline = std::chrono::steady_clock::now() + 3s;
  while (api.counters().responses_by_class[5] == 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  alone.unlock();
  int busy = one_more.read().status == 503 ? 1 : 0;
  for (int i = 0; i < kPlaces; ++i) busy += many.read().status == 503 ? 1 : 0;
  EXPECT_EQ(busy, 1);
  EXPECT_EQ(api.get("/v1/audit/checkpoint", "").status, 200) << "the places are free again";
}

}  // namespace
}  // namespace tokenledger::test

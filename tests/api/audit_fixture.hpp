// A ledger of some hundred events behind /v1/audit, and how an outsider checks what it says.
#pragma once

#include <gtest/gtest.h>

#include "core/event_codec.hpp"
#include "core/merkle.hpp"
#include "core/proof_text.hpp"
#include "storage/audit.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {

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

}  // namespace tokenledger::test

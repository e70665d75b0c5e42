// Which signatures are trusted, through a real server: only those of the ledger's own keys over
// tokens that it issued; what revoking a key ends, and what becomes known of a stolen one.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "core/base64url.hpp"
#include "core/jwt_signature.hpp"
#include "storage/forgery_watch.hpp"
#include "storage/ledger_core.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 60s;  // a busy machine is slow
const std::string kAlgorithms[] = {"RS256", "ES256", "EdDSA", "HS256"};

std::string part(const std::string& token, int which) {
  std::size_t begin = 0;
  for (; which > 0; --which) begin = token.find('.', begin) + 1;
  return token.substr(begin, token.find('.', begin) - begin);
}
std::string member(const std::string& header_part, const std::string& name) {
  const auto header = base64url_decode(header_part).value_or("");
  const auto at = header.find("\"" + name + "\":\"") + name.size() + 4;
  return header.substr(at, header.find('"', at) - at);
}
std::string kid_of(const std::string& token) { return member(part(token, 0), "kid"); }
std::string audience_of(const std::string& algorithm) { return "urn:signed:" + algorithm; }

// A server with an API for each algorithm, and a client of all.
struct Signing {
  Signing() {
    client = api.make_client();
    for (const auto& algorithm : kAlgorithms) {
      api.make_api(audience_of(algorithm), R"(,"signing_alg":")" + algorithm + "\"");
      api.grant(client, audience_of(algorithm));
    }
  }
  std::string token(const std::string& algorithm) {
    return api.new_token(client, audience_of(algorithm));
  }
  std::shared_ptr<const SigningKey> key_of(const std::string& token) {
    return api.ledger().core().keys->signing_key(kid_of(token));
  }
  std::string metric(const std::string& name) {
    const auto body = api.as_admin("GET", "/metrics").body;
    const auto at = body.find("\n" + name + " ");
    if (at == std::string::npos) return "-";
    const auto begin = at + name.size() + 2;
    return body.substr(begin, body.find('\n', begin) - begin);
  }

  ApiUnderTest api;
  ApiUnderTest::Client client;
};

class KeyTrust : public testing::Test {
 protected:
  Signing here;
};

TEST_F(KeyTrust, A22TokensOfEachAlgorithmAreGoodHereAndUnknownToAnotherLedger) {
  Signing elsewhere;
  for (const auto& algorithm : kAlgorithms) {
    const auto token = here.token(algorithm);
    EXPECT_EQ(member(part(token, 0), "alg"), algorithm);
    EXPECT_EQ(here.api.authz(token, audience_of(algorithm), "read"), 200) << algorithm;
    EXPECT_EQ(elsewhere.api.authz(token, audience_of(algorithm), "read"), 401) << algorithm;
    // The same claims, signed by the other ledger's key, under its own name or under ours.
    const auto foreign = elsewhere.key_of(elsewhere.token(algorithm));
    for (const auto& header : {foreign->jwt_header_part(), part(token, 0)}) {
      auto copied = header + "." + part(token, 1);
      append_jwt_signature(foreign->sign(bytes_of(copied)).value(), copied);
      EXPECT_EQ(here.api.authz(copied, audience_of(algorithm)), 401) << algorithm;
      EXPECT_EQ(elsewhere.api.authz(copied, audience_of(algorithm)), 401) << algorithm;
    }
  }
}

TEST_F(KeyTrust, A22AnotherAlgorithmOrKeyInTheHeaderIsRefusedWhoeverSigned) {
  for (const auto& algorithm : kAlgorithms) {
    const auto token = here.token(algorithm);
    for (const auto& other : kAlgorithms) {
      if (other == algorithm) continue;
      const auto other_token = here.token(other);
      const auto other_key = here.key_of(other_token);
      const std::string headers[] = {
          base64url_encode(bytes_of(R"({"alg":")" + other + R"(","typ":"at+jwt","kid":")" +
                                    kid_of(token) + "\"}")),
          base64url_encode(bytes_of(R"({"alg":")" + algorithm + R"(","typ":"at+jwt","kid":")" +
                                    kid_of(other_token) + "\"}")),
          part(other_token, 0)};
      for (const auto& header : headers) {
        const auto spliced = header + "." + part(token, 1);
        EXPECT_EQ(here.api.authz(spliced + "." + part(token, 2), audience_of(algorithm)), 401);
        // Signed by a key of the ledger, and still not the token that it issued.
        auto signed_again = spliced;
        append_jwt_signature(other_key->sign(bytes_of(spliced)).value(), signed_again);
        EXPECT_EQ(here.api.authz(signed_again, audience_of(algorithm)), 401)
            << algorithm << " as " << other;
      }
    }
    EXPECT_EQ(here.api.authz(token, audience_of(algorithm)), 200) << algorithm;
  }
}

TEST_F(KeyTrust, RevokingTheKeyOfOneAlgorithmEndsItsTokensAloneByThreeEvents) {
  auto& api = here.api;
  api.make_api("urn:opaque", R"(,"signing_alg":"EdDSA","token_format":"opaque")");
  api.grant(here.client, "urn:opaque");
  const auto opaque = api.new_token(here.client, "urn:opaque");
  std::map<std::string, std::vector<std::string>> tokens;
  // Numbers of their own: what a revocation costs does not depend on them.
  std::size_t count = 1;
  for (const auto& algorithm : kAlgorithms) {
    for (std::size_t made = 0; made < count; ++made)
      tokens[algorithm].push_back(here.token(algorithm));
    count *= 3;
  }
  std::set<std::string> ended;
  for (const std::string algorithm : {"RS256", "ES256", "EdDSA"}) {
    const auto kid = kid_of(tokens[algorithm].front());
    const auto before = api.ledger().committed().value();
    ASSERT_TRUE(api.ledger().revoke_key(kid, {})) << algorithm;
    EXPECT_EQ(api.ledger().committed().value(), before + 3)
        << "a new key, the end of the old one, and the new one signs";
    ended.insert(algorithm);
    for (const auto& [of, all] : tokens) {
      for (const auto& token : all)
        EXPECT_EQ(api.authz(token, audience_of(of)), ended.contains(of) ? 401 : 200)
            << of << " after " << algorithm;
    }
    const auto next = here.token(algorithm);
    EXPECT_NE(kid_of(next), kid);
    EXPECT_EQ(api.authz(next, audience_of(algorithm)), 200);
  }
  EXPECT_EQ(api.authz(opaque, "urn:opaque"), 200) << "no key signed it";
}

TEST_F(KeyTrust, TheKeySetFollowsARotationAndARevocation) {
  const auto fetch = [&](const std::string& tag = "") {
    return here.api.call("GET", "/.well-known/jwks.json",
                         {.headers = tag.empty() ? tag : "If-None-Match: " + tag + "\r\n"});
  };
  const auto tag_of = [](const Reply& reply) {
    const auto at = reply.head.find("ETag: ");
    return at == std::string::npos
               ? std::string{}
               : reply.head.substr(at + 6, reply.head.find("\r\n", at) - at - 6);
  };
  const auto old = kid_of(here.token("EdDSA"));
  const auto added = here.api.ledger().add_next_key(SignatureAlgorithm::eddsa, {})->kid;
  auto reply = fetch();
  EXPECT_TRUE(reply.has(old) && reply.has(added)) << reply.body;
  auto tag = tag_of(reply);
  // Activating moves nothing in or out: who holds the set has all that it takes.
  here.api.clock().advance_s(kKeyNextSecondsMin);
  // The clock ended no token: the admin's lives for days.
  ASSERT_EQ(here.api.as_admin("POST", "/v1/keys/" + added + "/activate").status, 200);
  EXPECT_EQ(fetch(tag).status, 304);
  EXPECT_EQ(kid_of(here.token("EdDSA")), added);
  ASSERT_EQ(here.api.as_admin("POST", "/v1/keys/" + old + "/revoke").status, 200);
  reply = fetch(tag);
  EXPECT_EQ(reply.status, 200);
  EXPECT_FALSE(reply.has(old)) << reply.body;
  EXPECT_TRUE(reply.has(added));
  EXPECT_TRUE(reply.has("Content-Type: application/json")) << reply.head;
  EXPECT_TRUE(reply.has("Cache-Control: public, max-age=300\r\n")) << reply.head;
  EXPECT_NE(tag_of(reply), tag);
  tag = tag_of(reply);
  EXPECT_EQ(fetch(tag).status, 304);
  for (const auto* word : {"\"d\":", "\"k\":", "\"p\":"}) EXPECT_FALSE(reply.has(word)) << word;
}

TEST_F(KeyTrust, AForgedTokenIsRefusedAndBecomesAnEventAndAMetric) {
  auto& api = here.api;
  const auto genuine = here.token("ES256");
  const auto key = here.key_of(genuine);
  auto claims = decode_unverified(genuine)->claims;
  claims.jti = "AAAAAAAAAAAAAAAAAAAAAA";
  claims.scope = "read write";
  const auto forged = sign_jwt(*key, claims).value();
  const auto from = api.ledger().committed().value() + 1;
  EXPECT_EQ(api.authz(genuine, audience_of("ES256")), 200);
  EXPECT_EQ(api.authz(forged, audience_of("ES256")), 401);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (forgery_counts(api.ledger()).reported == 0 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(5ms);
  const auto events = api.as_admin("GET", "/v1/events?from=" + std::to_string(from));
  EXPECT_TRUE(events.has(R"("kind":"forgery_suspected")")) << events.body;
  EXPECT_TRUE(events.has(R"("kid":")" + key->kid() + '"')) << events.body;
  EXPECT_TRUE(events.has(R"("sign":"jti_not_sealed")")) << events.body;
  EXPECT_FALSE(events.has(forged)) << "INV-5";
  EXPECT_EQ(here.metric("tokenledger_forgeries_total"), "1");
  EXPECT_EQ(here.metric("tokenledger_forgery_events_total"), "1");
  EXPECT_EQ(here.metric("tokenledger_forgery_skipped_total"), "0");
  EXPECT_EQ(api.authz(genuine, audience_of("ES256")), 200);
}

}  // namespace
}  // namespace tokenledger::test

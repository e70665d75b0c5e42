// The status lists of a ledger: which bit says what, which lists there are, and when they end.
#include "storage/status_lists.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <boost/json/value.hpp>
#include <chrono>
#include <cstdio>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <thread>

#include "core/base64url.hpp"
#include "core/json_strict.hpp"
#include "core/jwt_signature.hpp"
#include "core/status_list_token.hpp"
#include "core/zlib_text.hpp"
#include "tests/storage/ledger_fixture.hpp"

namespace tokenledger {
namespace {

using namespace std::chrono_literals;

// What a verifier holds of a fetched list.
struct FetchedList {
  std::string subject;
  std::uint64_t issued_at = 0;
  std::string array;
  [[nodiscard]] std::optional<std::uint8_t> at(std::uint64_t index) const {
    return status_at(bytes_of(array), 1, index);
  }
  [[nodiscard]] std::size_t count() const {
    std::size_t set = 0;
    for (const char byte : array)
      set += static_cast<std::size_t>(std::popcount(static_cast<unsigned char>(byte)));
    return set;
  }
};

class StatusListsTest : public testing_support::LedgerTest {
 protected:
  static constexpr const char* kPrefix = "http://127.0.0.1:8080/statuslists/";

  static StatusListReference reference_of(const IssuedToken& token) {
    const auto decoded = decode_unverified(token.token);
    EXPECT_TRUE(decoded && decoded->claims.status);
    return decoded && decoded->claims.status ? *decoded->claims.status : StatusListReference{};
  }
  static std::string id_of(const StatusListReference& reference) {
    EXPECT_TRUE(reference.uri.starts_with(kPrefix)) << reference.uri;
    return reference.uri.substr(std::string_view{kPrefix}.size());
  }

  Result<StatusLists::Body> fetch(const std::string& id) { return StatusLists{*ledger_}.fetch(id); }

  // Waits until the lists hold all that is committed.
  void wait_until_covered() {
    const auto deadline = std::chrono::steady_clock::now() + kStatusListLagMax;
    for (;;) {
      const auto stats = StatusLists{*ledger_}.stats();
      if (stats.is_ready && stats.lag == 0ms) return;
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the published bound is missed";
      std::this_thread::sleep_for(2ms);
    }
  }

  FetchedList fetched(const std::string& id) {
    FetchedList list;
    const auto body = fetch(id);
    EXPECT_TRUE(body) << body.error().message();
    if (!body) return list;
    const auto token = decode_unverified((*body)->jwt).value();
    const auto key = ledger_->core().keys->signing_key(token.key_id);
    EXPECT_NE(key, nullptr);
    EXPECT_TRUE(verify_jwt((*body)->jwt, key->verify_key(), {.require_access_token_type = false}));
    const auto claims = parse_json_strict(token.payload_json).value().as_object();
    list.subject = claims.at("sub").as_string();
    list.issued_at = static_cast<std::uint64_t>(claims.at("iat").as_int64());
    const std::string lst{claims.at("status_list").as_object().at("lst").as_string()};
    list.array = zlib_inflate(bytes_of(base64url_decode(lst).value()), kStatusListBytes).value();
    return list;
  }
  // The status of a token as a verifier finds it; everything is waited for.
  std::optional<std::uint8_t> status_bit(const IssuedToken& token) {
    wait_until_covered();
    const auto reference = reference_of(token);
    const auto list = fetched(id_of(reference));
    EXPECT_EQ(list.subject, reference.uri);
    return list.at(reference.index);
  }
  // Over all lists of the token's set that are there.
  std::size_t invalid_count() {
    wait_until_covered();
    std::size_t count = 0;
    for (const auto& uri : StatusLists{*ledger_}.uris())
      count += fetched(uri.substr(std::string_view{kPrefix}.size())).count();
    return count;
  }
  void revoke(const IssuedToken& token) { ASSERT_TRUE(ledger_->revoke(token.index, {})); }
};

TEST_F(StatusListsTest, A32OneRevocationSetsOneBitAndNoOther) {
  add_api();
  add_client("shop");
  std::vector<IssuedToken> tokens;
  for (int count = 0; count < 20; ++count) tokens.push_back(issue("shop"));
  EXPECT_EQ(invalid_count(), 0u);
  for (const auto& token : tokens) EXPECT_EQ(status_bit(token), kStatusValid);
  revoke(tokens[7]);
  for (std::size_t at = 0; at < tokens.size(); ++at)
    EXPECT_EQ(status_bit(tokens[at]), at == 7 ? kStatusInvalid : kStatusValid) << at;
  EXPECT_EQ(invalid_count(), 1u);
}

TEST_F(StatusListsTest, CascadesEndWhatTheyNameAndNothingIssuedLater) {
  add_api();
  add_client("shop");
  add_client("other");
  const auto before = issue("shop");
  const auto others = issue("other", 7'200);
  ASSERT_TRUE(submit(DisableClient{"shop"}));
  EXPECT_EQ(status_bit(before), kStatusInvalid);
  EXPECT_EQ(status_bit(others), kStatusValid);
  // Z21: enabling it brings no old token back and ends no new one.
  ASSERT_TRUE(submit(EnableClient{"shop"}));
  const auto after = issue("shop");
  EXPECT_EQ(status_bit(before), kStatusInvalid);
  EXPECT_EQ(status_bit(after), kStatusValid);
  ASSERT_TRUE(submit(RemoveClientGrant{"other", kApi}));
  EXPECT_EQ(status_bit(others), kStatusInvalid);
  EXPECT_EQ(status_bit(after), kStatusValid);
  EXPECT_EQ(invalid_count(), 2u);
}

TEST_F(StatusListsTest, ARestartKeepsBitsAndPlacesAndGivesNewTokensOtherLists) {
  add_api();
  add_client("shop");
  add_client("gone");
  const auto good = issue("shop");
  const auto bad = issue("shop");
  const auto cascaded = issue("gone");
  revoke(bad);
  ASSERT_TRUE(submit(DisableClient{"gone"}));
  for (int opened = 0; opened < 2; ++opened) {
    reopen();
    EXPECT_EQ(status_bit(good), kStatusValid);
    EXPECT_EQ(status_bit(bad), kStatusInvalid);
    EXPECT_EQ(status_bit(cascaded), kStatusInvalid);
    EXPECT_EQ(invalid_count(), 2u);
  }
  // status-list-18: another incarnation, so never the same list.
  const auto later = issue("shop");
  std::set<std::string> old_uris;
  for (const auto* token : {&good, &bad, &cascaded}) old_uris.insert(reference_of(*token).uri);
  EXPECT_FALSE(old_uris.contains(reference_of(later).uri));
  EXPECT_EQ(status_bit(later), kStatusValid);
}

TEST_F(StatusListsTest, ALanesFourListsAreThereBeforeItsFirstToken) {
  wait_until_covered();
  const auto uris = StatusLists{*ledger_}.uris();
  EXPECT_EQ(uris.size(), kLaneCount * kListsPerSet);
  EXPECT_EQ(std::set(uris.begin(), uris.end()).size(), uris.size());
  for (const auto& uri : uris) {
    const auto list = fetched(uri.substr(std::string_view{kPrefix}.size()));
    EXPECT_EQ(list.subject, uri);
    EXPECT_EQ(list.array, std::string(kStatusListBytes, '\0'));
  }
}

TEST_F(StatusListsTest, OpaqueTokensNameNoListAndOtherFormatsOfOneSetDo) {
  add_api(TokenKind::opaque);
  add_client("shop");
  const auto token = issue("shop");
  EXPECT_FALSE(decode_unverified(token.token));
  revoke(token);
  EXPECT_EQ(invalid_count(), 1u);  // a decoy: it tells that something ended, not what
}

TEST_F(StatusListsTest, StatusList14UnknownIdsAndThoseOfSetsThatAreNotThereAreNotFound) {
  wait_until_covered();
  const auto& core = ledger_->core();
  const auto& places = core.keys->status_places();
  const auto here = core.incarnations.back().incarnation;
  const auto id = [&](Incarnation incarnation, std::uint64_t set) {
    return places.id_of({incarnation, Lane::hour, set, 0});
  };
  EXPECT_TRUE(fetch(id(here, 0)));
  EXPECT_EQ(fetch(id(here, 1)).error(), Errc::file_not_found);
  EXPECT_EQ(fetch(id(Incarnation{here.value() + 1}, 0)).error(), Errc::file_not_found);
  EXPECT_EQ(fetch("").error(), Errc::file_not_found);
  EXPECT_EQ(fetch("none").error(), Errc::file_not_found);
}

TEST_F(StatusListsTest, ABodyIsKeptForHalfATtlAndSignedAgainWhenAskedFor) {
  add_api();
  add_client("shop");
  const auto token = issue("shop");
  wait_until_covered();
  const auto id = id_of(reference_of(token));
  const StatusLists lists{*ledger_};
  EXPECT_EQ(lists.fetch_in_memory(id), std::nullopt);  // nobody asked yet
  const auto first = lists.fetch(id).value();
  EXPECT_EQ(lists.fetch(id).value(), first);
  ASSERT_TRUE(lists.fetch_in_memory(id));
  EXPECT_EQ(lists.fetch_in_memory(id)->value(), first);
  EXPECT_EQ(lists.stats().signatures, 1u);
  clock_->pass(kStatusListTtlSeconds / 2);
  EXPECT_EQ(lists.fetch(id).value(), first);
  clock_->pass(1);
  EXPECT_EQ(lists.fetch_in_memory(id), std::nullopt);
  const auto second = lists.fetch(id).value();
  EXPECT_EQ(second->issued_at.value(), first->issued_at.value() + kStatusListTtlSeconds / 2 + 1);
  EXPECT_NE(second->jwt_tag, first->jwt_tag);
  EXPECT_NE(second->jwt_tag, second->gzip_tag);
  // What changes is signed anew at once.
  revoke(token);
  EXPECT_EQ(status_bit(token), kStatusInvalid);
  EXPECT_EQ(lists.stats().signatures, 3u);
}

TEST_F(StatusListsTest, AnotherKeySignsAllListsAgain) {
  wait_until_covered();
  const auto id = StatusLists{*ledger_}.uris().front().substr(std::string_view{kPrefix}.size());
  const auto before = decode_unverified(fetch(id).value()->jwt)->key_id;
  auto key = ledger_->core().keys->add(SigningKey::generate(SignatureAlgorithm::es256).value());
  ASSERT_TRUE(key);
  const auto& bytes = (*key)->public_bytes();
  ASSERT_TRUE(
      submit(AddKey{SignatureAlgorithm::es256, (*key)->kid(), {bytes.begin(), bytes.end()}}));
  wait_until_covered();
  const auto after = decode_unverified(fetch(id).value()->jwt)->key_id;
  EXPECT_NE(after, before);
  EXPECT_EQ(after, (*key)->kid());
}

TEST_F(StatusListsTest, AListEndsWithItsLastToken) {
  add_api();
  add_client("shop");
  const auto token = issue("shop", 60);
  revoke(token);
  EXPECT_EQ(status_bit(token), kStatusInvalid);
  const auto id = id_of(reference_of(token));
  EXPECT_EQ(StatusLists{*ledger_}.stats().lists, 1u);
  // Another opening goes on in the lane's next chunk; then the first one is returned.
  reopen();
  ledger_->core().reserved[static_cast<std::size_t>(Lane::hour)] = kChunkTokens;
  static_cast<void>(issue("shop", 60));
  EXPECT_EQ(status_bit(token), kStatusInvalid);
  clock_->pass(3'600);
  EXPECT_EQ(status_bit(token), kStatusInvalid);
  ASSERT_TRUE(ledger_->sweep());
  EXPECT_EQ(fetch(id).error(), Errc::file_not_found);
  wait_until_covered();
  EXPECT_EQ(StatusLists{*ledger_}.stats().lists, 0u);
  for (const auto& uri : StatusLists{*ledger_}.uris()) EXPECT_EQ(uri.find(id), uri.npos);
}

TEST_F(StatusListsTest, SwitchedOffTokensNameNoListAndThereIsNone) {
  auto without = options();
  without.status_lists = false;
  reopen(std::move(without));
  add_api();
  add_client("shop");
  const auto token = issue("shop");
  EXPECT_FALSE(decode_unverified(token.token)->claims.status);
  const StatusLists lists{*ledger_};
  EXPECT_FALSE(lists.is_running());
  EXPECT_TRUE(lists.uris().empty());
  EXPECT_EQ(lists.fetch("x").error(), Errc::file_not_found);
  ASSERT_TRUE(lists.fetch_in_memory("x"));
  EXPECT_EQ(lists.fetch_in_memory("x")->error(), Errc::file_not_found);
}

TEST_F(StatusListsTest, INV6AClosedOrPoisonedLedgerGivesNoListOut) {
  wait_until_covered();
  const auto id = StatusLists{*ledger_}.uris().front().substr(std::string_view{kPrefix}.size());
  EXPECT_TRUE(fetch(id));
  ledger_->core().poison("a test");
  EXPECT_EQ(fetch(id).error(), Errc::unknown_outcome);
  EXPECT_FALSE(ledger_->close());
  EXPECT_TRUE(fetch(id).has_error());
}

TEST_F(StatusListsTest, ThousandsOfRevokedTokensAreThoseThatTheCheckRefuses) {
  add_api();
  add_client("shop");
  constexpr int kTokens = 3'000;
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random{seed};
  std::vector<IssuedToken> tokens;
  std::atomic<int> left{kTokens};
  std::mutex mutex;
  for (int count = 0; count < kTokens; ++count) {
    IssueRequest request;
    request.client_id = "shop";
    request.audience = kApi;
    request.lifetime_s = random() % 2 == 0 ? 3'600 : 7'200;
    ledger_->issue_async(std::move(request), [&](Result<IssuedToken> issued) {
      const std::scoped_lock lock{mutex};
      if (issued) tokens.push_back(std::move(*issued));
      --left;
    });
  }
  while (left > 0) std::this_thread::sleep_for(1ms);
  std::atomic<int> revoking{0};
  std::size_t revoked = 0;
  for (const auto& token : tokens) {
    if (random() % 3 == 0) continue;
    ++revoked;
    ++revoking;
    ledger_->revoke_async(token.index, {}, [&](Result<Committed>) { --revoking; });
  }
  while (revoking > 0) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(invalid_count(), revoked);
  std::map<std::string, FetchedList> lists;
  for (const auto& token : tokens) {
    const auto reference = reference_of(token);
    auto& list = lists[reference.uri];
    if (list.array.empty()) list = fetched(id_of(reference));
    ASSERT_EQ(list.at(reference.index), check(token) ? kStatusValid : kStatusInvalid);
  }
  std::printf("%zu tokens, %zu revoked, %zu lists\n", tokens.size(), revoked, lists.size());
}

}  // namespace
}  // namespace tokenledger

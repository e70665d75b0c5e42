// Token Status List, what needs no ledger: arrays, places, ids, tokens
// (draft-ietf-oauth-status-list-21).
#include "core/status_list.hpp"

#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <random>
#include <set>

#include "core/base64url.hpp"
#include "core/hex.hpp"
#include "core/json_strict.hpp"
#include "core/jwt.hpp"
#include "core/jwt_signature.hpp"
#include "core/sha256.hpp"
#include "core/status_list_token.hpp"
#include "tests/core/status_list_vectors.hpp"

namespace tokenledger {
namespace {

using test::StatusListVector;

ByteView seal_key() {
  static constexpr std::uint8_t kKey[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  return kKey;
}

class StatusListVectors : public testing::TestWithParam<StatusListVector> {};
INSTANTIATE_TEST_SUITE_P(Draft, StatusListVectors, testing::ValuesIn(test::status_list_vectors()),
                         [](const auto& info) { return std::string{info.param.name}; });

std::size_t count_not_zero(ByteView array, unsigned bits) {
  std::size_t count = 0;
  for (std::uint64_t index = 0; index < array.size() * 8 / bits; ++index)
    count += status_at(array, bits, index).value() != 0;
  return count;
}

TEST_P(StatusListVectors, InflateToTheStatusesTheyName) {
  const auto& vector = GetParam();
  const auto stream = base64url_decode(vector.lst);
  ASSERT_TRUE(stream);
  const auto inflated = zlib_inflate(bytes_of(*stream), vector.array_bytes);
  ASSERT_TRUE(inflated);
  EXPECT_EQ(to_hex(sha256(*inflated)), vector.array_sha256);
  for (const auto& [index, status] : vector.statuses)
    EXPECT_EQ(status_at(bytes_of(*inflated), vector.bits, index), status) << index;
  EXPECT_EQ(count_not_zero(bytes_of(*inflated), vector.bits), vector.count_not_zero);
  EXPECT_EQ(status_at(bytes_of(*inflated), vector.bits, vector.array_bytes * 8 / vector.bits),
            std::nullopt);
}

TEST_P(StatusListVectors, AreWhatWeWrite) {
  const auto& vector = GetParam();
  const auto inflated =
      zlib_inflate(bytes_of(base64url_decode(vector.lst).value()), vector.array_bytes).value();
  std::vector<std::uint8_t> array(vector.array_bytes);
  for (std::uint64_t index = 0; index < array.size() * 8 / vector.bits; ++index) {
    const auto status = status_at(bytes_of(inflated), vector.bits, index).value();
    if (status != 0) set_status(array, vector.bits, index, status);
  }
  EXPECT_EQ(to_hex(sha256(ByteView{array})), vector.array_sha256);
  const auto encoded = encode_status_list(array, vector.bits, ZlibEffort::highest);
  ASSERT_TRUE(encoded);
  // Other versions of zlib may compress otherwise.
  const auto stream = base64url_decode(encoded->lst());
  ASSERT_TRUE(stream);
  EXPECT_EQ(zlib_inflate(bytes_of(*stream), vector.array_bytes).value(), inflated);
  EXPECT_TRUE(encoded->lst().starts_with("eN")) << "not of the highest level";
}

TEST(StatusArray, AnEntryIsChangedAloneAndBack) {
  for (const unsigned bits : {1u, 2u, 4u, 8u}) {
    std::vector<std::uint8_t> array(16, 0xff);
    set_status(array, bits, 3, 0);
    for (std::uint64_t index = 0; index < 128 / bits; ++index)
      EXPECT_EQ(status_at(array, bits, index), index == 3 ? 0 : (1u << bits) - 1) << index;
    set_status(array, bits, 3, static_cast<std::uint8_t>((1u << bits) - 1));
    EXPECT_EQ(array, std::vector<std::uint8_t>(16, 0xff));
  }
  for (const std::uint64_t bits : {0, 3, 5, 6, 7, 9, 16}) EXPECT_FALSE(is_status_bits(bits));
}

// --- places ---

// status-list-18: no (uri, idx) for two tokens.
TEST(StatusPlaces, EachOfAWholeSetIsTakenOnce) {
  const StatusListPlaces places{seal_key()};
  std::vector<bool> taken(kStatusSetTokens);
  for (std::uint64_t offset = 0; offset < kStatusSetTokens; ++offset) {
    const auto place =
        places.place_of(TokenIndex{Lane::day, 7 * kStatusSetTokens + offset}, Incarnation{5});
    ASSERT_LT(place.name.list, kListsPerSet);
    ASSERT_LT(place.index, kStatusListEntries);
    ASSERT_EQ(place.name.set, 7u);
    const auto at = std::size_t{place.name.list} * kStatusListEntries + place.index;
    ASSERT_FALSE(taken[at]) << offset;
    taken[at] = true;
  }
}

TEST(StatusPlaces, StatusList18TokensOfOtherLanesSetsAndIncarnationsNeverShareOne) {
  const StatusListPlaces places{seal_key()};
  std::set<std::pair<std::string, std::uint32_t>> seen;
  std::size_t count = 0;
  for (const std::uint32_t incarnation : {0u, 1u, 0xffff'ffffu})
    for (const Lane lane : {Lane::hour, Lane::day, Lane::month, Lane::longer})
      for (const std::uint64_t set : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 33})
        for (std::uint64_t offset = 0; offset < 200; ++offset, ++count) {
          const auto place = places.place_of(TokenIndex{lane, set * kStatusSetTokens + offset},
                                             Incarnation{incarnation});
          seen.emplace(places.id_of(place.name), place.index);
        }
  EXPECT_EQ(seen.size(), count);
}

TEST(StatusPlaces, OfAnotherIncarnationSetLaneOrLedgerAreOthers) {
  const std::uint8_t other_key[16] = {9};
  const StatusListPlaces places{seal_key()};
  const StatusListPlaces others{other_key};
  const auto index_of = [](const StatusListPlaces& from, Lane lane, std::uint64_t counter,
                           std::uint32_t incarnation) {
    const auto place = from.place_of(TokenIndex{lane, counter}, Incarnation{incarnation});
    return std::uint64_t{place.name.list} * kStatusListEntries + place.index;
  };
  std::size_t same = 0;
  for (std::uint64_t counter = 0; counter < 1'000; ++counter) {
    const auto here = index_of(places, Lane::day, counter, 5);
    same += here == index_of(places, Lane::day, counter, 6);
    same += here == index_of(places, Lane::month, counter, 5);
    same += here == index_of(places, Lane::day, counter + kStatusSetTokens, 5);
    same += here == index_of(others, Lane::day, counter, 5);
  }
  EXPECT_LE(same, 2u);  // by chance one in a thousand runs
}

// Neither order nor number shows: the first tokens of a set lie anywhere, evenly.
TEST(StatusPlaces, FewTokensLieEverywhereEvenly) {
  const StatusListPlaces places{seal_key()};
  constexpr std::size_t kBuckets = 64;
  constexpr std::uint64_t kTokens = 64 * 1'000;
  std::array<std::size_t, kBuckets> buckets{};
  std::size_t ascending = 0;
  std::uint64_t before = 0;
  for (std::uint64_t counter = 0; counter < kTokens; ++counter) {
    const auto place = places.place_of(TokenIndex{Lane::hour, counter}, Incarnation{1});
    const auto at = std::uint64_t{place.name.list} * kStatusListEntries + place.index;
    ++buckets[at / (kStatusSetTokens / kBuckets)];
    ascending += at > before;
    before = at;
  }
  double chi_square = 0;
  for (const auto found : buckets) chi_square += (found - 1'000.0) * (found - 1'000.0) / 1'000.0;
  // 63 degrees of freedom; the places are fixed, so this is no matter of luck from run to run.
  EXPECT_GT(chi_square, 30);
  EXPECT_LT(chi_square, 110);
  EXPECT_NEAR(static_cast<double>(ascending), kTokens / 2.0, kTokens * 0.01);
}

// The permutation is on no disk, but in tokens that others hold: it must not change.
TEST(StatusPlaces, StayWhatTheyAre) {
  const StatusListPlaces places{seal_key()};
  const auto first = places.place_of(TokenIndex{Lane::hour, 0}, Incarnation{1});
  const auto later = places.place_of(TokenIndex{Lane::longer, 9'000'000}, Incarnation{0xfeed'f00d});
  // Computed apart, in Python with OpenSSL's AES.
  EXPECT_EQ(first.name.list, 0);
  EXPECT_EQ(first.index, 540'041u);
  EXPECT_EQ(later.name.list, 0);
  EXPECT_EQ(later.index, 740'279u);
  EXPECT_EQ(places.id_of(first.name), "Lwk2r3_vojnqppyL1Gfh3w");
  EXPECT_EQ(places.id_of(later.name), "h3DXZjvUx4MJlPoJUSBFZw");
}

// --- ids ---

TEST(StatusListIds, NameTheirListAgain) {
  const StatusListPlaces places{seal_key()};
  for (const std::uint32_t incarnation : {0u, 77u, 0xffff'ffffu})
    for (const Lane lane : {Lane::hour, Lane::day, Lane::month, Lane::longer})
      for (const std::uint64_t set :
           {std::uint64_t{0}, std::uint64_t{3}, TokenIndex::kCounterMax / kStatusSetTokens})
        for (std::uint8_t list = 0; list < kListsPerSet; ++list) {
          const StatusListName name{Incarnation{incarnation}, lane, set, list};
          const auto id = places.id_of(name);
          EXPECT_EQ(id.size(), kStatusListIdLength);
          EXPECT_EQ(places.find(id), name);
        }
}

TEST(StatusListIds, StatusList14UnknownAndHostileOnesNameNothing) {
  const StatusListPlaces places{seal_key()};
  const std::uint8_t other_key[16] = {9};
  const StatusListPlaces others{other_key};
  const auto good = places.id_of({Incarnation{1}, Lane::day, 2, 3});
  EXPECT_EQ(others.find(good), std::nullopt);
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_EQ(places.find(good.substr(0, length)), std::nullopt);
  EXPECT_EQ(places.find(good + "A"), std::nullopt);
  EXPECT_EQ(places.find(std::string(22, '\0')), std::nullopt);
  EXPECT_EQ(places.find(std::string(22, 'A')), std::nullopt);
  EXPECT_EQ(places.find("../../../etc/passwd123"), std::nullopt);
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto bad = good;
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    EXPECT_EQ(places.find(bad), std::nullopt) << at;
  }
}

TEST(StatusListIds, OneThatWasSealedElsewiseIsRefused) {
  // A jti is sealed under the same ledger's key, but another one is derived for lists.
  const SealKey seal{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
  const StatusListPlaces places{seal_key()};
  const auto jti = seal.seal(TokenIndex{Lane::day, 5}, Incarnation{1});
  EXPECT_EQ(places.find(text_of(jti)), std::nullopt);
}

TEST(StatusListIds, UriPrefixHasOneSlash) {
  EXPECT_EQ(status_list_uri_prefix("https://a.example"), "https://a.example/statuslists/");
  EXPECT_EQ(status_list_uri_prefix("https://a.example/t/"), "https://a.example/t/statuslists/");
}

// --- tokens ---

// The draft's own reader sees typ, sub, iat, exp, ttl and the list (§5.1), whatever the length of
// the claims before it.
TEST(StatusListToken, HasWhatTheDraftWantsAndNothingElse) {
  const auto key = SigningKey::generate(SignatureAlgorithm::es256).value();
  std::vector<std::uint8_t> array(kStatusListBytes);
  set_status(array, 1, 77, kStatusInvalid);
  const auto encoded = encode_status_list(array, 1, ZlibEffort::usual).value();
  for (std::size_t length = 0; length < 6; ++length) {
    const auto uri = "https://a.example/statuslists/" + std::string(length, 'x');
    const auto token = sign_status_list(key, encoded, uri,
                                        {.issued_at = UnixSeconds{1'700'000'000},
                                         .expires_at = UnixSeconds{1'700'003'600},
                                         .ttl_s = 60});
    ASSERT_TRUE(token);
    const auto read =
        verify_jwt(token->jwt, key.verify_key(), {.require_access_token_type = false});
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->type, "statuslist+jwt");
    EXPECT_EQ(read->algorithm, "ES256");
    EXPECT_EQ(read->key_id, key.kid());
    const auto claims = parse_json_strict(read->payload_json).value().as_object();
    ASSERT_EQ(claims.size(), 5u);
    EXPECT_EQ(claims.at("sub").as_string(), uri);
    EXPECT_EQ(claims.at("iat").as_int64(), 1'700'000'000);
    EXPECT_EQ(claims.at("exp").as_int64(), 1'700'003'600);
    EXPECT_EQ(claims.at("ttl").as_int64(), 60);
    const auto& list = claims.at("status_list").as_object();
    ASSERT_EQ(list.size(), 2u);
    EXPECT_EQ(list.at("bits").as_int64(), 1);
    EXPECT_EQ(std::string_view{list.at("lst").as_string()}, encoded.lst());
    // B04: it is no access token.
    EXPECT_EQ(verify_jwt(token->jwt, key.verify_key()).error(), Errc::malformed_token);
  }
}

TEST(StatusListToken, TooLongAUriIsRefused) {
  const auto key = SigningKey::generate(SignatureAlgorithm::es256).value();
  const auto encoded =
      encode_status_list(std::vector<std::uint8_t>(16), 1, ZlibEffort::usual).value();
  EXPECT_EQ(sign_status_list(key, encoded, std::string(60'000, 'x'), {.ttl_s = 1}).error(),
            Errc::too_large);
  EXPECT_EQ(
      encode_status_list(std::vector<std::uint8_t>(kStatusArrayBytesMax + 1), 1, ZlibEffort::usual)
          .error(),
      Errc::too_large);
}

}  // namespace
}  // namespace tokenledger

#include "core/signing_key.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <thread>

#include "core/base64url.hpp"
#include "core/es256_signature.hpp"
#include "core/jwks.hpp"

namespace tokenledger {
namespace {

constexpr SignatureAlgorithm kAlgorithms[] = {SignatureAlgorithm::rs256, SignatureAlgorithm::es256,
                                              SignatureAlgorithm::eddsa, SignatureAlgorithm::hs256};

std::string bytes(std::string_view base64url) { return base64url_decode(base64url).value(); }

// DER around raw key material: PKCS #8 without, SubjectPublicKeyInfo with the point (RFC 5915,
// RFC 5480).
std::string p256_pkcs8(std::string_view d) {
  return bytes("MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCA") + bytes(d);
}
std::string p256_spki(std::string_view x, std::string_view y) {
  constexpr std::uint8_t kPrefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48,
                                      0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
                                      0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
  return std::string{text_of(kPrefix)} + bytes(x) + bytes(y);
}

// RFC 7638 §3.1, RFC 8037 appendix A.3, RFC 9449 §6.1.
TEST(JwkThumbprint, GivesThePublishedValues) {
  EXPECT_EQ(
      jwk_thumbprint(
          {.key_type = "RSA",
           .curve = {},
           .modulus =
               "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6"
               "tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5"
               "v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD0"
               "8qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU"
               "8awapJzKnqDKgw",
           .exponent = "AQAB",
           .x = {},
           .y = {}}),
      "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  const auto ed25519 = VerifyKey::from_public(
      SignatureAlgorithm::eddsa, bytes_of(bytes("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")));
  ASSERT_TRUE(ed25519);
  EXPECT_EQ(ed25519->kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  const auto p256 =
      VerifyKey::from_public(SignatureAlgorithm::es256,
                             bytes_of(p256_spki("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
                                                "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA")));
  ASSERT_TRUE(p256);
  EXPECT_EQ(p256->kid(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
}

// RFC 8037 appendix A.4: the algorithm is deterministic.
TEST(SigningKey, GivesThePublishedEd25519Signature) {
  const auto key = SigningKey::from_private(
      SignatureAlgorithm::eddsa, bytes_of(bytes("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  const auto signature =
      key->sign(bytes_of("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"));
  ASSERT_TRUE(signature);
  EXPECT_EQ(
      base64url_encode(*signature),
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
}

// The key of RFC 7515 appendix A.3.
TEST(SigningKey, FindsThePublicHalfOfAPublishedEs256Key) {
  const auto key =
      SigningKey::from_private(SignatureAlgorithm::es256,
                               bytes_of(p256_pkcs8("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI")));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->verify_key().jwk().x, "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
  EXPECT_EQ(key->verify_key().jwk().y, "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
}

class EveryAlgorithm : public testing::TestWithParam<SignatureAlgorithm> {
 protected:
  // One key of each algorithm for all tests: an RSA key takes long to find.
  static const SigningKey& key(SignatureAlgorithm algorithm) {
    static const std::vector<SigningKey> keys = [] {
      std::vector<SigningKey> made;
      for (const auto each : kAlgorithms) made.push_back(SigningKey::generate(each).value());
      return made;
    }();
    return keys[static_cast<std::size_t>(algorithm) - 1];
  }
  const SigningKey& key() const { return key(GetParam()); }
  VerifyKey public_half() const {
    return GetParam() == SignatureAlgorithm::hs256
               ? VerifyKey::from_secret(key().private_bytes()->view()).value()
               : VerifyKey::from_public(GetParam(), key().public_bytes()).value();
  }
};

TEST_P(EveryAlgorithm, SignaturesVerifyAndChangedOnesDoNot) {
  const ByteView message = bytes_of("header.payload");
  const auto verify_key = public_half();
  const auto signature = key().sign(message).value();
  EXPECT_TRUE(verify_key.verify(message, signature, SignatureForm::canonical));
  EXPECT_TRUE(key().verify_key().verify(message, signature));
  EXPECT_FALSE(verify_key.verify(bytes_of("header.payloae"), signature));
  EXPECT_FALSE(verify_key.verify(message, {}));
  EXPECT_FALSE(verify_key.verify(message, ByteView{signature}.first(signature.size() - 1)));
  for (std::size_t position = 0; position < signature.size(); position += 7) {
    auto changed = signature;
    changed[position] ^= 1;
    EXPECT_FALSE(verify_key.verify(message, changed)) << position;
  }
  EXPECT_FALSE(verify_key.verify(message, std::vector<std::uint8_t>(signature.size(), 0)));
  EXPECT_TRUE(verify_key.verify(message, signature)) << "a refusal leaves the key usable";
}

TEST_P(EveryAlgorithm, PrivateBytesGiveTheSameKeyBack) {
  const auto saved = key().private_bytes();
  ASSERT_TRUE(saved);
  const auto loaded = SigningKey::from_private(GetParam(), saved->view());
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->kid(), key().kid());
  EXPECT_EQ(loaded->public_bytes(), key().public_bytes());
  EXPECT_EQ(loaded->jwt_header_part(), key().jwt_header_part());
  const auto signature = loaded->sign(bytes_of("m")).value();
  EXPECT_TRUE(key().verify_key().verify(bytes_of("m"), signature));
}

TEST_P(EveryAlgorithm, KidsAreAFunctionOfTheKey) {
  EXPECT_EQ(public_half().kid(), key().kid());
  EXPECT_EQ(key().kid().size(), GetParam() == SignatureAlgorithm::hs256 ? 22u : 43u);
  EXPECT_NE(SigningKey::generate(SignatureAlgorithm::hs256)->kid(), key().kid());
}

TEST_P(EveryAlgorithm, DamagedOrForeignKeyBytesAreRefused) {
  const auto saved = key().private_bytes();
  const std::vector<std::uint8_t> good(saved->view().begin(), saved->view().end());
  auto longer = good;
  longer.push_back(0);
  EXPECT_FALSE(SigningKey::from_private(GetParam(), longer)) << "something behind the key";
  EXPECT_FALSE(SigningKey::from_private(GetParam(), ByteView{good}.first(good.size() - 1)));
  EXPECT_FALSE(SigningKey::from_private(GetParam(), {}));
  EXPECT_FALSE(SigningKey::from_private(SignatureAlgorithm{}, good));
  EXPECT_FALSE(VerifyKey::from_public(GetParam(), {}));
  EXPECT_FALSE(VerifyKey::from_public(GetParam(), longer));
  for (const auto other : kAlgorithms) {
    const bool both_are_32_bytes =
        GetParam() >= SignatureAlgorithm::eddsa && other >= SignatureAlgorithm::eddsa;
    if (other == GetParam() || both_are_32_bytes) continue;
    EXPECT_FALSE(SigningKey::from_private(other, good)) << algorithm_name(other);
    EXPECT_FALSE(VerifyKey::from_public(other, key().public_bytes())) << algorithm_name(other);
  }
}

TEST_P(EveryAlgorithm, SignsFromManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int number = 0; number < 4; ++number)
    threads.emplace_back([this, number, &good] {
      for (int round = 0; round < 20; ++round) {
        const std::string message = std::to_string(number) + "." + std::to_string(round);
        const auto signature = key().sign(bytes_of(message));
        if (signature && key().verify_key().verify(bytes_of(message), *signature)) ++good;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 80);
}

INSTANTIATE_TEST_SUITE_P(Keys, EveryAlgorithm, testing::ValuesIn(kAlgorithms),
                         [](const auto& info) { return std::string{algorithm_name(info.param)}; });

TEST(SigningKey, RefusesAKeyWhoseHalvesDiffer) {
  const auto first = SigningKey::generate(SignatureAlgorithm::es256).value();
  const auto second = SigningKey::generate(SignatureAlgorithm::es256).value();
  const auto first_private = first.private_bytes().value();
  const auto second_private = second.private_bytes().value();
  // The DER of both has the same layout and ends with the 64 bytes of the public point.
  std::vector<std::uint8_t> mixed(first_private.view().begin(), first_private.view().end());
  ASSERT_EQ(mixed.size(), second_private.size());
  std::copy(second_private.view().end() - 64, second_private.view().end(), mixed.end() - 64);
  EXPECT_FALSE(SigningKey::from_private(SignatureAlgorithm::es256, mixed));
}

TEST(VerifyKey, RefusesPointsThatAreNotOnTheCurve) {
  EXPECT_FALSE(VerifyKey::from_public(SignatureAlgorithm::eddsa, std::vector<std::uint8_t>(32, 0)));
  std::string spki = p256_spki("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                               "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
  EXPECT_TRUE(VerifyKey::from_public(SignatureAlgorithm::es256, bytes_of(spki)));
  spki.back() ^= 1;
  EXPECT_FALSE(VerifyKey::from_public(SignatureAlgorithm::es256, bytes_of(spki)));
}

TEST(Es256Signature, AlwaysHasTheLowerSAndCanonicalFormAsksForIt) {
  const auto key = SigningKey::generate(SignatureAlgorithm::es256).value();
  for (int round = 0; round < 64; ++round) {
    const std::string message = std::to_string(round);
    const auto signature = key.sign(bytes_of(message)).value();
    ASSERT_EQ(signature.size(), 64u);
    Es256Signature pair;
    std::copy(signature.begin(), signature.end(), pair.begin());
    ASSERT_TRUE(has_low_s(pair));
  }
  // RFC 7515 appendix A.3 has the upper s: good, but not a spelling of ours.
  const auto published =
      VerifyKey::from_public(SignatureAlgorithm::es256,
                             bytes_of(p256_spki("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                                                "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")));
  ASSERT_TRUE(published);
  const ByteView message = bytes_of(
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leG"
      "FtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ");
  const std::string upper = bytes(
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
  EXPECT_TRUE(published->verify(message, bytes_of(upper)));
  EXPECT_FALSE(published->verify(message, bytes_of(upper), SignatureForm::canonical));
  Es256Signature lower;
  std::copy(upper.begin(), upper.end(), lower.begin());
  make_low_s(lower);
  EXPECT_TRUE(published->verify(message, lower, SignatureForm::canonical));
}

TEST(Es256Signature, DerReturnsForEveryLengthOfNumbers) {
  for (const std::size_t zeros : {0u, 1u, 2u, 31u})
    for (const std::uint8_t top : {std::uint8_t{0x01}, std::uint8_t{0x80}, std::uint8_t{0xFF}}) {
      Es256Signature signature{};
      signature[zeros] = top;
      signature[32 + zeros] = top;
      std::array<std::uint8_t, kEs256DerBytesMax> der;
      const std::size_t length = es256_to_der(signature, der);
      EXPECT_EQ(es256_from_der(ByteView{der}.first(length)), signature);
      EXPECT_EQ(es256_from_der(ByteView{der}.first(length - 1)), std::nullopt);
    }
  EXPECT_EQ(es256_from_der({}), std::nullopt);
  EXPECT_EQ(es256_from_der(std::vector<std::uint8_t>{0x30, 0x06, 2, 1, 0x80, 2, 1, 1}),
            std::nullopt)
      << "negative";
}

TEST(Jwks, PublishesEveryPublicKeyAndNoSecret) {
  std::vector<SigningKey> keys;
  std::vector<const VerifyKey*> published;
  for (const auto algorithm : kAlgorithms) keys.push_back(SigningKey::generate(algorithm).value());
  for (const auto& key : keys) published.push_back(&key.verify_key());
  const auto set = boost::json::parse(jwks_json(published));
  const auto& entries = set.at("keys").as_array();
  ASSERT_EQ(entries.size(), 3u) << "HS256 has nothing public";
  for (std::size_t position = 0; position < entries.size(); ++position) {
    const auto& entry = entries[position].as_object();
    EXPECT_EQ(entry.at("use").as_string(), "sig");
    EXPECT_EQ(entry.at("kid").as_string(), keys[position].kid());
    EXPECT_EQ(std::string_view{entry.at("alg").as_string()},
              algorithm_name(keys[position].algorithm()));
    EXPECT_FALSE(entry.contains("d"));
  }
  EXPECT_EQ(entries[0].at("kty").as_string(), "RSA");
  EXPECT_EQ(entries[0].at("e").as_string(), "AQAB");
  EXPECT_EQ(entries[0].at("n").as_string().size(), 342u);
  EXPECT_EQ(entries[1].at("crv").as_string(), "P-256");
  EXPECT_EQ(entries[1].at("y").as_string().size(), 43u);
  EXPECT_EQ(entries[2].at("kty").as_string(), "OKP");
  EXPECT_EQ(entries[2].at("crv").as_string(), "Ed25519");
  EXPECT_EQ(jwks_json({}), R"({"keys":[]})");
}

}  // namespace
}  // namespace tokenledger

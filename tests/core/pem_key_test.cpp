// Private keys from elsewhere: what may sign here, and what is refused by name.
#include "core/pem_key.hpp"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace tokenledger {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
Key own(EVP_PKEY* key) { return {key, &EVP_PKEY_free}; }

enum class Form { pkcs8, encrypted, traditional, public_half };
std::string pem_of(EVP_PKEY* key, Form form = Form::pkcs8) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio{BIO_new(BIO_s_mem()), &BIO_free};
  char password[] = "password";
  switch (form) {
    case Form::pkcs8:
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
      break;
    case Form::encrypted:
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key, EVP_aes_128_cbc(), password, 8, nullptr,
                                    nullptr);
      break;
    case Form::traditional:
      PEM_write_bio_PrivateKey_traditional(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
      break;
    case Form::public_half: PEM_write_bio_PUBKEY(bio.get(), key); break;
  }
  char* text = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

TEST(PemKey, KeysOfTheThreeKindsSignWithTheirOwnAlgorithm) {
  const struct {
    Key key;
    SignatureAlgorithm want;
  } rows[] = {{own(EVP_RSA_gen(2048)), SignatureAlgorithm::rs256},
              {own(EVP_EC_gen("P-256")), SignatureAlgorithm::es256},
              {own(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")), SignatureAlgorithm::eddsa}};
  for (const auto& row : rows) {
    const auto read = read_pem_key("a comment\n" + pem_of(row.key.get()));
    ASSERT_TRUE(read) << algorithm_name(row.want);
    EXPECT_EQ(read->algorithm(), row.want);
    const auto signature = read->sign(bytes_of("message"));
    ASSERT_TRUE(signature);
    EXPECT_TRUE(read->verify_key().verify(bytes_of("message"), *signature));
    // And goes through the keyring as any other.
    const auto again = SigningKey::from_private(row.want, read->private_bytes().value().view());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->kid(), read->kid());
  }
}

// RFC 8410 §10.3, whose public key stands in §10.1.
TEST(PemKey, APublishedKeyHasItsPublicHalf) {
  const auto key = read_pem_key(
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
      "-----END PRIVATE KEY-----\n");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->public_bytes().size(), 32u);
  EXPECT_EQ(key->public_bytes()[0], 0x19);
  EXPECT_EQ(key->public_bytes()[1], 0xbf);
}

TEST(PemKey, WeakForeignLockedAndBrokenKeysAreRefused) {
  const auto p256 = own(EVP_EC_gen("P-256"));
  const auto good = pem_of(p256.get());
  auto flipped = good;
  flipped[good.size() / 2] = flipped[good.size() / 2] == 'A' ? 'B' : 'A';
  const std::pair<const char*, std::string> rows[] = {
      {"RSA with 1024 bits", pem_of(own(EVP_RSA_gen(1024)).get())},
      {"P-384", pem_of(own(EVP_EC_gen("P-384")).get())},
      {"secp256k1", pem_of(own(EVP_EC_gen("secp256k1")).get())},
      {"X25519", pem_of(own(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519")).get())},
      {"encrypted", pem_of(p256.get(), Form::encrypted)},
      {"SEC 1", pem_of(p256.get(), Form::traditional)},
      {"public", pem_of(p256.get(), Form::public_half)},
      {"two", good + good},
      {"a flipped character", flipped},
      {"cut", good.substr(0, good.size() - 40)},
      {"empty", ""},
      {"text", "no key at all"},
  };
  for (const auto& [name, pem] : rows)
    EXPECT_EQ(read_pem_key(pem).error(), Errc::invalid_argument) << name;
  EXPECT_EQ(read_pem_key(std::string(kPemBytesMax + 1, ' ')).error(), Errc::too_large);
}

}  // namespace
}  // namespace tokenledger

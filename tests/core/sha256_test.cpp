#include "core/sha256.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tokenledger {
namespace {

std::string hex(const Digest& digest) {
  std::string text;
  for (const auto byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

// FIPS 180-4 examples.
TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, OfPartsIsOfTheWhole) {
  EXPECT_EQ(sha256_joined(bytes_of("a"), bytes_of("b"), bytes_of("c")), sha256("abc"));
  EXPECT_EQ(sha256_joined({}, bytes_of("abc")), sha256("abc"));
  EXPECT_EQ(sha256_joined({}, {}), sha256(""));
}

// RFC 4231 §4.2, §4.3, §4.7 (a key longer than a block).
TEST(HmacSha256, GivesThePublishedTags) {
  EXPECT_EQ(hex(hmac_sha256(bytes_of(std::string(20, '\x0b')), bytes_of("Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(hmac_sha256(bytes_of("Jefe"), bytes_of("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(hmac_sha256(bytes_of(std::string(131, '\xaa')),
                            bytes_of("Test Using Larger Than Block-Size Key - Hash Key First"))),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(EqualConstantTime, ComparesLengthAndEveryByte) {
  EXPECT_TRUE(equal_constant_time({}, {}));
  EXPECT_TRUE(equal_constant_time(bytes_of("secret"), bytes_of("secret")));
  EXPECT_FALSE(equal_constant_time(bytes_of("secret"), bytes_of("secreT")));
  EXPECT_FALSE(equal_constant_time(bytes_of("secret"), bytes_of("Secret")));
  EXPECT_FALSE(equal_constant_time(bytes_of("secret"), bytes_of("secre")));
  EXPECT_FALSE(equal_constant_time(bytes_of("secret"), {}));
}

TEST(Wipe, LeavesNothing) {
  std::array<std::uint8_t, 5> secret{1, 2, 3, 4, 5};
  wipe(secret);
  EXPECT_EQ(secret, (std::array<std::uint8_t, 5>{}));
  wipe({});
}

}  // namespace
}  // namespace tokenledger

#include "core/password.hpp"

#include <gtest/gtest.h>
#include <sodium.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <fstream>

namespace tokenledger {
namespace {

constexpr std::string_view kPassword = "correct horse battery staple";

// Hashing is slow on purpose, so one hash serves all tests.
const std::string& usual_hash() {
  static const std::string hash = *hash_password(kPassword);
  return hash;
}

TEST(Password, RightOneIsAcceptedAndOthersAreNot) {
  EXPECT_EQ(*check_password(usual_hash(), kPassword), PasswordVerdict::right);
  EXPECT_EQ(*check_password(usual_hash(), "correct horse battery stapl"), PasswordVerdict::wrong);
  EXPECT_EQ(*check_password(usual_hash(), "Correct horse battery staple"), PasswordVerdict::wrong);
}

TEST(Password, HashIsArgon2idWithOurParametersAndAFreshSalt) {
  EXPECT_TRUE(usual_hash().starts_with("$argon2id$v=19$m=65536,t=2,p=1$")) << usual_hash();
  EXPECT_TRUE(is_password_hash(usual_hash()));
  EXPECT_LE(usual_hash().size(), kPasswordHashBytesMax);
  EXPECT_NE(*hash_password(kPassword), usual_hash());
  EXPECT_EQ(usual_hash().find(kPassword), std::string::npos);
}

TEST(Password, EveryByteCountsZeroBytesToo) {
  const std::string hash = *hash_password(std::string_view{"password\0one", 12});
  EXPECT_EQ(*check_password(hash, std::string_view{"password\0two", 12}), PasswordVerdict::wrong);
  EXPECT_EQ(*check_password(hash, "password"), PasswordVerdict::wrong);
  EXPECT_EQ(*check_password(hash, std::string_view{"password\0one", 12}), PasswordVerdict::right);
}

TEST(Password, LengthHasBounds) {
  EXPECT_EQ(hash_password("").error(), Errc::invalid_argument);
  EXPECT_EQ(hash_password(std::string(kPasswordBytesMin - 1, 'a')).error(), Errc::invalid_argument);
  EXPECT_EQ(hash_password(std::string(kPasswordBytesMax + 1, 'a')).error(), Errc::too_large);
  EXPECT_EQ(*check_password(usual_hash(), ""), PasswordVerdict::wrong);
}

// The cheapest hash there is, made with other parameters than ours.
std::string outdated_hash(std::string_view password, int algorithm = crypto_pwhash_ALG_ARGON2ID13) {
  std::array<char, crypto_pwhash_STRBYTES> text{};
  const unsigned long long passes = algorithm == crypto_pwhash_ALG_ARGON2ID13 ? 1 : 3;
  EXPECT_EQ(crypto_pwhash_str_alg(text.data(), password.data(), password.size(), passes,
                                  crypto_pwhash_MEMLIMIT_MIN, algorithm),
            0);
  return text.data();
}

TEST(Password, AHashWithOtherParametersIsAcceptedAndCalledOutdated) {
  ASSERT_GE(sodium_init(), 0);
  const std::string hash = outdated_hash(kPassword);
  EXPECT_EQ(*check_password(hash, kPassword), PasswordVerdict::right_but_outdated);
  EXPECT_EQ(*check_password(hash, "another password"), PasswordVerdict::wrong);
}

TEST(Password, OneOutOfBoundsIsWrongAlsoWhereTheHashFits) {
  ASSERT_GE(sodium_init(), 0);
  const std::string longest(kPasswordBytesMax, 'a');
  EXPECT_NE(*check_password(outdated_hash(longest), longest), PasswordVerdict::wrong);
  for (const std::string& bad : {std::string{"short"}, longest + "a"})
    EXPECT_EQ(*check_password(outdated_hash(bad), bad), PasswordVerdict::wrong);
}

TEST(Password, WhatIsStoredIsCheckedBeforeItIsUsed) {
  ASSERT_GE(sodium_init(), 0);
  const std::string salt = "$bm9ib2R5IGhhcyB0aGlzIQ";
  const std::string tag = "$bm8gcGFzc3dvcmQgaXMga25vd24gZm9yIGl0IGhlcmU";
  const std::string tail = salt + tag;
  const auto accepted = [&tail](const std::string& parameters) {
    return is_password_hash("$argon2id$v=19$" + parameters + tail);
  };
  EXPECT_TRUE(accepted("m=65536,t=2,p=1"));
  EXPECT_TRUE(accepted("m=262144,t=16,p=1"));
  EXPECT_TRUE(accepted("m=8,t=1,p=1"));
  for (const char* bad : {"m=262145,t=2,p=1", "m=7,t=2,p=1", "m=65536,t=17,p=1", "m=65536,t=2,p=2",
                          "m=0,t=2,p=1", "m=65536,t=0,p=1", "m=65536,t=2,p=0", "m=065536,t=2,p=1",
                          "m=4294967296,t=2,p=1", "m=,t=2,p=1", "m=-1,t=2,p=1", "t=2,m=65536,p=1",
                          "m=65536,t=2", "m=99999999999999999999999999,t=2,p=1"})
    EXPECT_FALSE(accepted(bad)) << bad;

  const std::string good = "$argon2id$v=19$m=65536,t=2,p=1" + tail;
  for (const std::string& bad :
       {std::string{}, std::string{"plain"}, good.substr(0, good.size() - 1), good + "=",
        good + std::string(kPasswordHashBytesMax, 'A'), good + std::string(1, '\0'),
        "$argon2i" + good.substr(9), "$argon2id$v=16" + good.substr(14), " " + good,
        "$argon2id$v=19$m=65536,t=2,p=1$c2FsdA" + tag, "$argon2id$v=19$m=65536,t=2,p=1" + salt,
        "$argon2id$v=19$m=65536,t=2,p=1" + salt + salt, good.substr(0, good.size() - 1) + "V",
        good.substr(0, good.size() - 1) + "-"}) {
    EXPECT_FALSE(is_password_hash(bad)) << bad;
    if (!bad.empty()) {
      EXPECT_EQ(check_password(bad, kPassword).error(), Errc::invalid_argument) << bad;
    }
  }
  EXPECT_EQ(
      check_password(outdated_hash(kPassword, crypto_pwhash_ALG_ARGON2I13), kPassword).error(),
      Errc::invalid_argument);
}

TEST(Password, AnUnknownAccountIsWrongWhateverIsTried) {
  EXPECT_EQ(*check_password("", kPassword), PasswordVerdict::wrong);
  EXPECT_EQ(*check_password("", "no password is known for it here"), PasswordVerdict::wrong);
}

// In a process of its own: leaves it less free address space than one hash needs.
void exit_with_whether_memory_runs_out(const std::string& hash) {
  std::size_t pages = 0;
  std::ifstream{"/proc/self/statm"} >> pages;
  const rlim_t limit = pages * 4096 + kPasswordMemoryBytes / 4;
  const rlimit bound{limit, limit};
  if (setrlimit(RLIMIT_AS, &bound) != 0) std::exit(2);
  const auto verdict = check_password(hash, kPassword);
  std::exit(!verdict && verdict.error() == Errc::crypto_failure ? 0 : 1);
}

TEST(Password, WithoutMemoryNothingIsSaidAboutThePassword) {
  EXPECT_EXIT(exit_with_whether_memory_runs_out(usual_hash()), testing::ExitedWithCode(0), "");
}

// Time is never asserted; that an unknown account costs the same is seen from the memory it takes.
TEST(Password, AnUnknownAccountCostsTheSameMemory) {
  EXPECT_EXIT(exit_with_whether_memory_runs_out(""), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace tokenledger

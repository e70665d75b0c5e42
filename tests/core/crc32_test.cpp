#include "core/crc32.hpp"

#include <gtest/gtest.h>

namespace tokenledger {
namespace {

// "Check" of CRC-32/ISO-HDLC in the catalogue of parametrised CRC algorithms.
TEST(Crc32, GivesThePublishedCheckValue) {
  EXPECT_EQ(crc32_of(bytes_of("123456789")), 0xCBF43926u);
  EXPECT_EQ(crc32_of({}), 0u);
  EXPECT_EQ(crc32_of(bytes_of("The quick brown fox jumps over the lazy dog")), 0x414FA339u);
}

TEST(Crc32, ContinuesAtEveryCut) {
  constexpr std::string_view kText = "The quick brown fox jumps over the lazy dog";
  for (std::size_t cut = 0; cut <= kText.size(); ++cut)
    EXPECT_EQ(crc32_of(bytes_of(kText.substr(cut)), crc32_of(bytes_of(kText.substr(0, cut)))),
              0x414FA339u)
        << cut;
}

}  // namespace
}  // namespace tokenledger

// zlib streams are bounded and strict; gzip bodies of parts are what other programs read.
#include "core/zlib_text.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>

namespace tokenledger {
namespace {

std::string random_text(std::mt19937& random, std::size_t length, int letters) {
  std::string text(length, '\0');
  for (char& letter : text) letter = static_cast<char>('a' + random() % letters);
  return text;
}

// zlib's own reader, with its gzip window.
std::string gunzip(std::string_view body) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(4 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0u);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(Zlib, WhatWasCompressedComesBack) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random{seed};
  for (const std::size_t length : {0, 1, 100, 16'384, 60'000}) {
    const auto text = random_text(random, length, length % 3 == 0 ? 2 : 26);
    for (const auto effort : {ZlibEffort::usual, ZlibEffort::highest}) {
      const auto stream = zlib_compress(bytes_of(text), effort);
      ASSERT_TRUE(stream);
      EXPECT_EQ(zlib_inflate(bytes_of(*stream), length).value(), text);
      if (length > 0) {
        EXPECT_EQ(zlib_inflate(bytes_of(*stream), length - 1).error(), Errc::too_large);
      }
    }
  }
}

TEST(Zlib, StatusList07OtherFormatsDamageAndWhatFollowsAreRefused) {
  const std::string text(1'000, 'x');
  const auto good = zlib_compress(bytes_of(text), ZlibEffort::usual).value();
  const auto refuse = [](const std::string& stream) {
    return zlib_inflate(bytes_of(stream), 10'000).error();
  };
  EXPECT_EQ(refuse(""), Errc::malformed_token);
  EXPECT_EQ(refuse(good.substr(2)), Errc::malformed_token);  // raw DEFLATE
  EXPECT_EQ(refuse(gzip_joined("", deflate_text(text).value(), "")), Errc::malformed_token);
  EXPECT_EQ(refuse(good + "x"), Errc::malformed_token);
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_EQ(refuse(good.substr(0, length)), Errc::malformed_token) << length;
  auto wrong_sum = good;
  wrong_sum.back() ^= 1;
  EXPECT_EQ(refuse(wrong_sum), Errc::malformed_token);
}

TEST(Zlib, StatusList08ABombIsCutAtTheBound) {
  const std::string zeros(std::size_t{32} << 20, '\0');
  const auto bomb = zlib_compress(bytes_of(zeros), ZlibEffort::usual).value();
  EXPECT_LT(bomb.size(), 64u << 10);
  EXPECT_EQ(zlib_inflate(bytes_of(bomb), 1 << 20).error(), Errc::too_large);
  const std::string beyond(kZlibInputBytesMax + 1, '\0');
  EXPECT_EQ(zlib_compress(bytes_of(beyond), ZlibEffort::usual).error(), Errc::too_large);
}

TEST(Gzip, PartsBecomeOneBodyThatOthersRead) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random{seed};
  for (const std::size_t length : {0, 1, 5, 1'000, 200'000}) {
    const auto middle = random_text(random, length, 4);
    const auto deflated = deflate_text(middle).value();
    for (const std::size_t around : {0u, 1u, 300u, 65'535u}) {
      const auto head = random_text(random, around, 26);
      const auto tail = random_text(random, around / 3, 26);
      EXPECT_EQ(gunzip(gzip_joined(head, deflated, tail)), head + middle + tail)
          << length << " " << around;
    }
  }
}

}  // namespace
}  // namespace tokenledger

#include "api/rfc3339.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace tokenledger {
namespace {

struct Case {
  const char* name;
  const char* text;
  std::optional<std::uint64_t> nanoseconds;  // null: refused
};

constexpr std::uint64_t kSecond = kNanosecondsPerSecond;

const Case kCases[] = {
    {"Epoch", "1970-01-01T00:00:00Z", 0},
    // The three examples of RFC 3339 §5.8 that are not leap seconds.
    {"Rfc3339Fraction", "1985-04-12T23:20:50.52Z", 482196050 * kSecond + 520'000'000},
    {"Rfc3339Offset", "1996-12-19T16:39:57-08:00", 851042397 * kSecond},
    {"LowerCase", "1970-01-01t00:00:01z", kSecond},
    {"EastOffset", "1970-01-01T05:30:00+05:30", 0},
    {"NineDigits", "1970-01-01T00:00:00.000000001Z", 1},
    {"LeapDay", "2024-02-29T00:00:00Z", 1709164800 * kSecond},
    {"LastSecond", "2106-02-07T06:28:15Z", 4294967295 * kSecond},
    {"BeyondRange", "2106-02-07T06:28:16Z", std::nullopt},
    {"BeforeEpoch", "1969-12-31T23:59:59Z", std::nullopt},
    {"BeforeEpochByOffset", "1970-01-01T00:00:00+00:01", std::nullopt},
    {"NoLeapDay", "2023-02-29T00:00:00Z", std::nullopt},
    {"LeapSecond", "1990-12-31T23:59:60Z", std::nullopt},
    {"Hour24", "2024-01-01T24:00:00Z", std::nullopt},
    {"Month13", "2024-13-01T00:00:00Z", std::nullopt},
    {"Day0", "2024-01-00T00:00:00Z", std::nullopt},
    {"NoOffset", "2024-01-01T00:00:00", std::nullopt},
    {"Space", "2024-01-01 00:00:00Z", std::nullopt},
    {"TenDigits", "2024-01-01T00:00:00.0000000001Z", std::nullopt},
    {"EmptyFraction", "2024-01-01T00:00:00.Z", std::nullopt},
    {"Trailing", "2024-01-01T00:00:00Zx", std::nullopt},
    {"ShortYear", "24-01-01T00:00:00Z", std::nullopt},
    {"Sign", "+024-01-01T00:00:00Z", std::nullopt},
    {"OffsetWithoutColon", "2024-01-01T00:00:00+0100", std::nullopt},
    {"BareDate", "2024-01-01", std::nullopt},
    {"Empty", "", std::nullopt},
};

class ParseTime : public testing::TestWithParam<Case> {};
TEST_P(ParseTime, FollowsRfc3339) {
  const auto time = parse_rfc3339(GetParam().text);
  ASSERT_EQ(time.has_value(), GetParam().nanoseconds.has_value());
  EXPECT_EQ(time ? time->value() : 0, GetParam().nanoseconds.value_or(0));
}
INSTANTIATE_TEST_SUITE_P(Rfc3339, ParseTime, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string{info.param.name}; });

// R04: a token may expire at a calendar date.
TEST(ParseTimeOrDate, R04ABareDateIsTheLastSecondOfThatDayUtc) {
  EXPECT_EQ(format_rfc3339(parse_rfc3339_or_date("2024-02-29").value()), "2024-02-29T23:59:59Z");
  EXPECT_EQ(format_rfc3339(parse_rfc3339_or_date("2024-02-29T01:02:03.9Z").value()),
            "2024-02-29T01:02:03Z");
  EXPECT_FALSE(parse_rfc3339_or_date("2023-02-29"));
  EXPECT_FALSE(parse_rfc3339_or_date("2024-02-29Z"));
  EXPECT_FALSE(parse_rfc3339_or_date("2106-02-08"));
}

TEST(FormatTime, ParsesBackTheSame) {
  for (std::uint64_t seconds = 0; seconds <= UINT32_MAX; seconds += 86'399 * 31) {
    const LedgerTime time{seconds * kSecond + seconds % kSecond};
    EXPECT_EQ(parse_rfc3339(format_rfc3339(time)).value(), time);
  }
  EXPECT_EQ(format_rfc3339(LedgerTime{1}), "1970-01-01T00:00:00.000000001Z");
}

}  // namespace
}  // namespace tokenledger

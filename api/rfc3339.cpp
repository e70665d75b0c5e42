#include "api/rfc3339.hpp"

#include <chrono>
#include <limits>
#include <optional>

namespace tokenledger {
namespace {

namespace chrono = std::chrono;

void append_digits(std::string& out, std::uint64_t value, std::size_t count) {
  const std::size_t begin = out.size();
  out.append(count, '0');
  for (std::size_t index = begin + count; index-- > begin; value /= 10)
    out[index] = static_cast<char>('0' + value % 10);
}

// Takes fixed pieces from the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_{text} {}
  std::optional<unsigned> number(std::size_t digits) {
    if (text_.size() < digits) return std::nullopt;
    unsigned value = 0;
    for (const char digit : text_.substr(0, digits)) {
      if (digit < '0' || digit > '9') return std::nullopt;
      value = value * 10 + static_cast<unsigned>(digit - '0');
    }
    text_.remove_prefix(digits);
    return value;
  }
  bool take(char wanted) {
    if (text_.empty() || text_.front() != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] bool is_at_digit() const {
    return !text_.empty() && text_.front() >= '0' && text_.front() <= '9';
  }
  [[nodiscard]] bool is_at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
};

std::optional<chrono::sys_days> read_date(Reader& reader) {
  const auto year = reader.number(4);
  if (!year || !reader.take('-')) return std::nullopt;
  const auto month = reader.number(2);
  if (!month || !reader.take('-')) return std::nullopt;
  const auto day = reader.number(2);
  if (!day) return std::nullopt;
  const chrono::year_month_day date{chrono::year{static_cast<int>(*year)}, chrono::month{*month},
                                    chrono::day{*day}};
  if (!date.ok()) return std::nullopt;
  return chrono::sys_days{date};
}

std::optional<chrono::seconds> read_clock(Reader& reader) {
  const auto hour = reader.number(2);
  if (!hour || !reader.take(':')) return std::nullopt;
  const auto minute = reader.number(2);
  if (!minute || !reader.take(':')) return std::nullopt;
  const auto second = reader.number(2);
  if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return chrono::hours{*hour} + chrono::minutes{*minute} + chrono::seconds{*second};
}

// Nanoseconds; 0 when there is no fraction.
std::optional<std::uint64_t> read_fraction(Reader& reader) {
  if (!reader.take('.')) return 0;
  std::uint64_t nanoseconds = 0;
  std::uint64_t unit = kNanosecondsPerSecond;
  if (!reader.is_at_digit()) return std::nullopt;
  while (reader.is_at_digit()) {
    unit /= 10;
    if (unit == 0) return std::nullopt;
    nanoseconds += *reader.number(1) * unit;
  }
  return nanoseconds;
}

std::optional<chrono::seconds> read_offset(Reader& reader) {
  if (reader.take('Z') || reader.take('z')) return chrono::seconds{0};
  const bool is_east = reader.take('+');
  if (!is_east && !reader.take('-')) return std::nullopt;
  const auto hour = reader.number(2);
  if (!hour || !reader.take(':')) return std::nullopt;
  const auto minute = reader.number(2);
  if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
  const chrono::seconds offset = chrono::hours{*hour} + chrono::minutes{*minute};
  return is_east ? offset : -offset;
}

bool is_in_range(chrono::seconds time) {
  return time.count() >= 0 &&
         time.count() <= static_cast<std::int64_t>(std::numeric_limits<std::uint32_t>::max());
}

}  // namespace

void append_rfc3339(std::string& out, UnixSeconds time) {
  const chrono::sys_seconds seconds{chrono::seconds{time.value()}};
  const auto day = chrono::floor<chrono::days>(seconds);
  const chrono::year_month_day date{day};
  const chrono::hh_mm_ss clock{seconds - day};
  append_digits(out, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
  out.push_back('-');
  append_digits(out, static_cast<unsigned>(date.month()), 2);
  out.push_back('-');
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out.push_back('T');
  append_digits(out, static_cast<std::uint64_t>(clock.hours().count()), 2);
  out.push_back(':');
  append_digits(out, static_cast<std::uint64_t>(clock.minutes().count()), 2);
  out.push_back(':');
  append_digits(out, static_cast<std::uint64_t>(clock.seconds().count()), 2);
  out.push_back('Z');
}

void append_rfc3339(std::string& out, LedgerTime time) {
  append_rfc3339(out, to_seconds(time));
  out.back() = '.';
  append_digits(out, time.value() % kNanosecondsPerSecond, 9);
  out.push_back('Z');
}

std::string format_rfc3339(UnixSeconds time) {
  std::string text;
  append_rfc3339(text, time);
  return text;
}

std::string format_rfc3339(LedgerTime time) {
  std::string text;
  append_rfc3339(text, time);
  return text;
}

Result<LedgerTime> parse_rfc3339(std::string_view text) {
  Reader reader{text};
  const auto date = read_date(reader);
  if (!date || !(reader.take('T') || reader.take('t'))) return Errc::invalid_argument;
  const auto clock = read_clock(reader);
  if (!clock) return Errc::invalid_argument;
  const auto nanoseconds = read_fraction(reader);
  if (!nanoseconds) return Errc::invalid_argument;
  const auto offset = read_offset(reader);
  if (!offset || !reader.is_at_end()) return Errc::invalid_argument;
  const chrono::seconds time = date->time_since_epoch() + *clock - *offset;
  if (!is_in_range(time)) return Errc::invalid_argument;
  const UnixSeconds seconds{static_cast<std::uint32_t>(time.count())};
  return LedgerTime{to_time(seconds).value() + *nanoseconds};
}

Result<UnixSeconds> parse_rfc3339_or_date(std::string_view text) {
  Reader reader{text};
  const auto date = read_date(reader);
  if (!date || !reader.is_at_end()) {
    const auto time = parse_rfc3339(text);
    if (!time) return time.error();
    return to_seconds(*time);
  }
  const chrono::seconds last_second =
      date->time_since_epoch() + chrono::days{1} - chrono::seconds{1};
  if (!is_in_range(last_second)) return Errc::invalid_argument;
  return UnixSeconds{static_cast<std::uint32_t>(last_second.count())};
}

}  // namespace tokenledger

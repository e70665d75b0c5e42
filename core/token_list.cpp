// list   = *run
// run    = header place [length]
// header = varint( seconds_later << 3 | lane << 1 | several )
//            seconds_later: since the last run's second; for the first run since `from`
//            several: 1 when a length follows
// place  = varint( zigzag( first counter - expected ) )
//            expected: the counter after the lane's last run in this list; 0 for its first run
// length = varint( tokens in the run - 2 )
//
// varint is LEB128 without superfluous bytes. The encoding is unique: the first run is later than
// `from`; within a second lanes ascend, and a run of the same lane starts beyond `expected`, for
// there it would have been one run.
#include "core/token_list.hpp"

#include <algorithm>

#include "core/invariant.hpp"
#include "core/sha256.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kRunBytesMax = 5 + 9 + 3;  // 35 bits, 57 bits and 20 bits as varints
static_assert(kTokenListTokensMax <= 1u << 21, "a length takes 3 bytes");
constexpr std::uint64_t kVarintBitsMax = 63;  // no value of a list needs more

void append_varint(std::string& bytes, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<char>(value | 0x80));
  bytes.push_back(static_cast<char>(value));
}

constexpr std::uint64_t zigzag(std::uint64_t to, std::uint64_t from) {
  return to >= from ? (to - from) << 1 : ((from - to) << 1) - 1;
}

// Writes runs into parts; what the runs are relative to starts anew in each part.
class Writer {
 public:
  explicit Writer(UnixSeconds from) : from_{from.value()} { start_part(); }

  void add(ExpiringToken first, std::uint32_t count) {
    const auto& full = parts_.back();
    if (full.bytes.size() + kRunBytesMax > kTokenListBytesMax ||
        full.count + count > kTokenListTokensMax)
      start_part();
    auto& part = parts_.back();
    const auto lane = first.index.lane_number();
    const std::uint64_t seconds_later = first.expires_at.value() - second_;
    append_varint(part.bytes, seconds_later << 3 | lane << 1 | (count > 1 ? 1u : 0u));
    append_varint(part.bytes, zigzag(first.index.counter(), next_counter_[lane]));
    if (count > 1) append_varint(part.bytes, count - 2);
    part.count += count;
    second_ = first.expires_at.value();
    next_counter_[lane] = first.index.counter() + count;
  }

  std::vector<TokenListPart> finish() && { return std::move(parts_); }

 private:
  void start_part() {
    parts_.emplace_back();
    second_ = from_;
    next_counter_ = {};
  }

  std::vector<TokenListPart> parts_;
  std::uint32_t from_;
  std::uint32_t second_ = 0;
  std::array<std::uint64_t, kLaneCount> next_counter_{};
};

// Across a lane's last counter the values are consecutive too, but not the lanes.
bool continues_run(ExpiringToken before, ExpiringToken after) {
  return after.expires_at == before.expires_at &&
         after.index.lane_number() == before.index.lane_number() &&
         after.index.value() == before.index.value() + 1;
}

}  // namespace

std::vector<TokenListPart> encode_token_list(UnixSeconds from,
                                             std::span<const ExpiringToken> tokens) {
  Writer writer{from};
  for (std::size_t start = 0; start < tokens.size();) {
    LEDGER_INVARIANT(tokens[start].expires_at > from);
    LEDGER_INVARIANT(tokens[start].index.has_lane());
    LEDGER_INVARIANT(start == 0 || tokens[start - 1] < tokens[start]);
    std::size_t end = start + 1;
    while (end < tokens.size() && end - start < kTokenListTokensMax &&
           continues_run(tokens[end - 1], tokens[end]))
      ++end;
    // A run that was cut only because it is as long as a part goes on in the next part.
    writer.add(tokens[start], static_cast<std::uint32_t>(end - start));
    start = end;
  }
  return std::move(writer).finish();
}

TokenListReader::TokenListReader(UnixSeconds from, std::string_view bytes) noexcept
    : bytes_{bytes}, second_{from.value()} {}

bool TokenListReader::read_varint(std::uint64_t& value) noexcept {
  value = 0;
  for (std::uint64_t shift = 0; shift < kVarintBitsMax && position_ < bytes_.size(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(bytes_[position_++]);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return byte != 0 || shift == 0;
  }
  return false;
}

Result<TokenRun> TokenListReader::next() noexcept {
  const bool first_run = position_ == 0;
  std::uint64_t header = 0;
  std::uint64_t place = 0;
  std::uint64_t length = 0;
  if (!read_varint(header) || !read_varint(place)) return Errc::log_corrupt;
  const bool several = (header & 1) != 0;
  if (several && !read_varint(length)) return Errc::log_corrupt;
  const std::uint64_t count = several ? length + 2 : 1;
  if (count > kTokenListTokensMax - tokens_read_) return Errc::log_corrupt;

  const auto lane = header >> 1 & 3;
  const auto seconds_later = header >> 3;
  if (seconds_later > UINT32_MAX - second_) return Errc::log_corrupt;
  if (first_run && seconds_later == 0) return Errc::log_corrupt;
  const bool same_second = seconds_later == 0;
  if (same_second && lane < lane_) return Errc::log_corrupt;

  const auto expected = next_counter_[lane];
  const auto distance = (place >> 1) + (place & 1);
  const bool backward = (place & 1) != 0;
  if (same_second && lane == lane_ && (backward || distance == 0)) return Errc::log_corrupt;
  // No sum exceeds 64 bits, and a difference below zero wraps far above kCounterMax.
  const auto counter = backward ? expected - distance : expected + distance;
  if (counter > TokenIndex::kCounterMax || count - 1 > TokenIndex::kCounterMax - counter)
    return Errc::log_corrupt;

  second_ += static_cast<std::uint32_t>(seconds_later);
  lane_ = lane;
  next_counter_[lane] = counter + count;
  tokens_read_ += static_cast<std::uint32_t>(count);
  return TokenRun{UnixSeconds{second_}, TokenIndex{static_cast<Lane>(lane), counter},
                  static_cast<std::uint32_t>(count)};
}

Result<std::uint32_t> count_token_list(UnixSeconds from, UnixSeconds to,
                                       std::string_view bytes) noexcept {
  if (bytes.size() > kTokenListBytesMax) return Errc::log_corrupt;
  TokenListReader reader{from, bytes};
  while (!reader.at_end()) {
    const auto run = reader.next();
    if (!run) return run.error();
    if (run->expires_at > to) return Errc::log_corrupt;
  }
  return reader.tokens_read();
}

std::array<std::uint8_t, 16> token_list_digest(std::string_view bytes) {
  const auto digest = sha256(bytes);
  std::array<std::uint8_t, 16> half{};
  std::copy_n(digest.begin(), half.size(), half.begin());
  return half;
}

}  // namespace tokenledger

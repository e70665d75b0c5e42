// Reads a WAL or MANIFEST record by record; the format stands in storage/rocks_check.hpp.
#include <algorithm>
#include <utility>
#include <vector>

#include "storage/byte_codec.hpp"
#include "storage/crc32c.hpp"
#include "storage/file_layer.hpp"
#include "storage/rocks_check.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kBlockBytes = 32'768;
constexpr std::size_t kHeaderBytes = 4 + 2 + 1;
constexpr std::uint32_t kMaskDelta = 0xA282'EAD8;

// RocksDB stores no checksum as it is, because a checksum of bytes that hold checksums is weak.
std::uint32_t unmasked(std::uint32_t stored) noexcept {
  const auto rotated = stored - kMaskDelta;
  return rotated >> 17 | rotated << 15;
}

enum class RecordType : std::uint8_t { full = 1, first = 2, middle = 3, last = 4 };

class BlockLogCheck {
 public:
  // `payload` gets what the records hold; null: nobody wants it.
  explicit BlockLogCheck(std::vector<std::uint8_t>* payload = nullptr) : payload_{payload} {}

  // The fault inside this block, at its offset; empty: none.
  std::string check(std::span<const std::uint8_t> block, std::uint64_t offset) {
    std::size_t at = 0;
    while (at < block.size()) {
      const auto rest = block.subspan(at);
      const auto where = " at byte " + std::to_string(offset + at);
      if (kBlockBytes - at < kHeaderBytes) {
        const bool is_zero = std::ranges::all_of(rest, [](auto byte) { return byte == 0; });
        return is_zero ? std::string{} : "the padding is not zero" + where;
      }
      if (rest.size() < kHeaderBytes) return "a record is cut off" + where;
      ByteReader reader{rest};
      const auto crc = unmasked(reader.integer<std::uint32_t>());
      const auto length = reader.integer<std::uint16_t>();
      const auto type = reader.integer<std::uint8_t>();
      if (length > reader.left()) return "a record reaches beyond its block or is cut off" + where;
      if (crc32c(rest.subspan(kHeaderBytes - 1, 1u + length)) != crc)
        return "a record has a bad checksum" + where;
      if (!takes(type)) return "a record is out of place" + where;
      const auto held = reader.bytes(length);
      if (payload_ != nullptr) payload_->insert(payload_->end(), held.begin(), held.end());
      at += kHeaderBytes + length;
    }
    return {};
  }

  // Between two records, not inside of one.
  [[nodiscard]] bool is_complete() const noexcept { return !is_inside_; }

 private:
  bool takes(std::uint8_t type) noexcept {
    switch (static_cast<RecordType>(type)) {
      case RecordType::full: return !is_inside_;
      case RecordType::first: return !std::exchange(is_inside_, true);
      case RecordType::middle: return is_inside_;
      case RecordType::last: return std::exchange(is_inside_, false);
    }
    return false;
  }

  std::vector<std::uint8_t>* payload_;
  bool is_inside_ = false;
};

}  // namespace

std::vector<std::uint8_t> block_log_payload(ByteView log) {
  std::vector<std::uint8_t> payload;
  BlockLogCheck check{&payload};
  for (std::size_t offset = 0; offset < log.size(); offset += kBlockBytes) {
    const auto block = log.subspan(offset, std::min(kBlockBytes, log.size() - offset));
    if (check.check(block, offset).empty()) continue;
    const auto rest = log.subspan(offset);
    payload.insert(payload.end(), rest.begin(), rest.end());
    break;
  }
  return payload;
}

Result<std::string> find_block_log_fault(const File& file) {
  const auto size = file.size();
  if (!size) return size.error();
  std::vector<std::uint8_t> block(kBlockBytes);
  BlockLogCheck check;
  for (std::uint64_t offset = 0; offset < *size; offset += kBlockBytes) {
    const auto count = file.read_at(offset, block);
    if (!count) return count.error();
    if (auto fault = check.check(std::span{block}.first(*count), offset); !fault.empty())
      return fault;
  }
  if (!check.is_complete()) return "the last record has no end";
  return std::string{};
}

}  // namespace tokenledger

#include "storage/head_file.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <vector>

#include "core/invariant.hpp"
#include "storage/byte_codec.hpp"
#include "storage/crc32c.hpp"
#include "storage/durable_file.hpp"
#include "storage/format_version.hpp"
#include "storage/head_slots.hpp"

namespace tokenledger {
namespace {

constexpr std::array<std::uint8_t, 8> kMagic = {'T', 'L', 'H', 'E', 'A', 'D', '\r', '\n'};
constexpr std::size_t kChecksumAt = HeadFile::kSlotBytes - 4;
// Before the range: magic, version, length of the range, counter, seq, size, root, ledger id, and
// how far the key store is.
constexpr std::size_t kFieldBytes = kMagic.size() + 4 + 4 + 3 * 8 + sizeof(Digest) + 16 + 2 * 8;

struct Slot {
  std::uint64_t counter = 0;
  Head head;
};

std::vector<std::uint8_t> encode(const Slot& slot) {
  LEDGER_INVARIANT(slot.head.range.size() == slot.head.seq.value());
  const auto range = slot.head.range.serialize();
  std::vector<std::uint8_t> bytes;
  bytes.reserve(HeadFile::kSlotBytes);
  ByteWriter writer{bytes};
  writer.bytes(kMagic);
  writer.integer(kHeadVersion);
  writer.integer(static_cast<std::uint32_t>(range.size()));
  writer.integer(slot.counter);
  writer.integer(slot.head.seq.value());
  writer.integer(slot.head.range.size());
  writer.bytes(slot.head.range.root());
  writer.bytes(slot.head.ledger_id);
  writer.integer(slot.head.key_store.generation);
  writer.integer(slot.head.key_store.bytes);
  writer.bytes(range);
  LEDGER_INVARIANT(bytes.size() <= kChecksumAt);
  bytes.resize(kChecksumAt);
  writer.integer(crc32c(bytes));
  return bytes;
}

// Everything but the checksum.
Result<Slot> decode_contents(std::span<const std::uint8_t> bytes) {
  ByteReader reader{bytes.first(kChecksumAt)};
  if (!std::ranges::equal(reader.bytes(kMagic.size()), kMagic)) return Errc::head_corrupt;
  const auto version = reader.integer<std::uint32_t>();
  if (version > kHeadVersion) return Errc::unsupported_format;
  if (version != kHeadVersion) return Errc::head_corrupt;
  const auto range_bytes = reader.integer<std::uint32_t>();
  Slot slot;
  slot.counter = reader.integer<std::uint64_t>();
  slot.head.seq = Sequence{reader.integer<std::uint64_t>()};
  const auto size = reader.integer<std::uint64_t>();
  Digest root{};
  reader.fill(root);
  reader.fill(slot.head.ledger_id);
  slot.head.key_store.generation = reader.integer<std::uint64_t>();
  slot.head.key_store.bytes = reader.integer<std::uint64_t>();
  const auto range = CompactRange::deserialize(reader.bytes(range_bytes));
  if (!reader.ok() || !range) return Errc::head_corrupt;
  // Where the checksum matched, a contradiction is a writer's bug or a forgery: refuse it as well.
  if (range->size() != size || size != slot.head.seq.value()) return Errc::head_corrupt;
  if (range->root() != root) return Errc::head_corrupt;
  slot.head.range = *range;
  return slot;
}

// unsupported_format: whole, and of a newer version; head_corrupt: anything else that is not ours.
Result<Slot> decode(std::span<const std::uint8_t> bytes) {
  if (ByteReader{bytes.subspan(kChecksumAt)}.integer<std::uint32_t>() !=
      crc32c(bytes.first(kChecksumAt))) {
    return Errc::head_corrupt;
  }
  return decode_contents(bytes);
}

// Whether the checksum is that of the same slot with one field's byte changed: the counter and the
// key store's marks are compared with nothing else, so a change of them would pass for a tear.
bool is_one_byte_off(std::span<const std::uint8_t> bytes) {
  const auto checksum = ByteReader{bytes.subspan(kChecksumAt)}.integer<std::uint32_t>();
  std::vector<std::uint8_t> changed{bytes.begin(), bytes.begin() + kChecksumAt};
  for (std::size_t at = 0; at < kFieldBytes; ++at) {
    for (int difference = 1; difference < 256; ++difference) {
      changed[at] = static_cast<std::uint8_t>(bytes[at] ^ difference);
      if (crc32c(changed) == checksum) return true;
    }
    changed[at] = bytes[at];
  }
  return false;
}

// A checksum that is right but for one byte was changed; the one of another write differs in more,
// but for one time in some millions.
std::optional<Head> decode_torn(std::span<const std::uint8_t> bytes) {
  const auto slot = decode_contents(bytes);
  if (!slot) return std::nullopt;
  const auto written = encode(*slot);
  const auto end = static_cast<std::ptrdiff_t>(kChecksumAt);
  if (!std::equal(written.begin(), written.begin() + end, bytes.begin())) return std::nullopt;
  const auto others = std::inner_product(written.begin() + end, written.end(), bytes.begin() + end,
                                         0, std::plus{}, std::not_equal_to{});
  if (others < 2 || is_one_byte_off(bytes)) return std::nullopt;
  return slot->head;
}

}  // namespace

Result<void> HeadFile::create(FileLayer& files, const std::filesystem::path& path,
                              const Head& head) {
  auto bytes = encode({.counter = 2, .head = head});
  const auto second = encode({.counter = 1, .head = head});
  bytes.insert(bytes.end(), second.begin(), second.end());
  return create_durably(files, path, bytes);
}

Result<std::unique_ptr<HeadFile>> HeadFile::open(FileLayer& files,
                                                 const std::filesystem::path& path) {
  auto file = files.open(path);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  if (*size != kFileBytes) return Errc::head_corrupt;
  std::vector<std::uint8_t> bytes(kFileBytes);
  const auto count = (*file)->read_at(0, bytes);
  if (!count) return count.error();
  if (*count != kFileBytes) return Errc::io_error;

  const Result<Slot> slots[] = {decode(std::span{bytes}.first(kSlotBytes)),
                                decode(std::span{bytes}.last(kSlotBytes))};
  for (const auto& slot : slots) {
    if (!slot && slot.error() == Errc::unsupported_format) return Errc::unsupported_format;
  }
  if (!slots[0] && !slots[1]) return Errc::head_corrupt;
  const bool second_is_newer = !slots[0] || (slots[1] && slots[1]->counter > slots[0]->counter);
  const Slot& newest = second_is_newer ? *slots[1] : *slots[0];

  // A killed process may have left the newest slot in memory only; the other one, which the next
  // write replaces, would then be the only durable one.
  if (const auto synced = (*file)->sync(); !synced) return synced.error();

  std::unique_ptr<HeadFile> head{new HeadFile};
  head->file_ = std::move(*file);
  head->head_ = newest.head;
  head->counter_ = newest.counter;
  head->next_slot_ = second_is_newer ? 0 : 1;
  head->found_damaged_slot_ = !slots[0] || !slots[1];
  return head;
}

Result<void> HeadFile::write(const Head& head) {
  const auto bytes = encode({.counter = counter_ + 1, .head = head});
  if (const auto written = file_->write_at(next_slot_ * kSlotBytes, bytes); !written) {
    return written.error();
  }
  ++counter_;
  written_since_sync_ = true;
  head_ = head;
  return {};
}

Result<void> HeadFile::sync() {
  if (!written_since_sync_) return {};  // else the next write would replace the slot synced last
  // A power cut before this returns leaves the other slot, one second old; after it, this one.
  if (const auto synced = file_->sync_data(); !synced) return synced.error();
  written_since_sync_ = false;
  next_slot_ = 1 - next_slot_;
  return {};
}

Result<std::array<HeadSlot, 2>> read_head_slots(FileLayer& files,
                                                const std::filesystem::path& path) {
  const auto bytes = read_whole(files, path, HeadFile::kFileBytes);
  if (!bytes) return bytes.error() == Errc::too_large ? Errc::head_corrupt : bytes.error();
  if (bytes->size() != HeadFile::kFileBytes) return Errc::head_corrupt;
  std::array<HeadSlot, 2> slots;
  for (std::size_t at = 0; at < slots.size(); ++at) {
    const auto part = std::span{*bytes}.subspan(at * HeadFile::kSlotBytes, HeadFile::kSlotBytes);
    const auto slot = decode(part);
    if (!slot && slot.error() == Errc::unsupported_format) return Errc::unsupported_format;
    if (slot) {
      slots[at].head = slot->head;
    } else {
      slots[at].torn = decode_torn(part);
    }
  }
  return slots;
}

}  // namespace tokenledger

#include "replay/audit_levels_check.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/invariant.hpp"
#include "core/log_tile.hpp"

namespace tokenledger {
namespace {

inline constexpr std::size_t kReadBytes = 64 * 1024;  // a multiple of a hash

std::string name_of(unsigned level) { return AuditLevels::path("audit", level).string(); }

}  // namespace

AuditLevelsCheck::AuditLevelsCheck(FileLayer& files, const std::filesystem::path& directory,
                                   std::uint64_t from, DamageMark mark, AuditFindings& findings)
    : mark_{mark}, findings_{findings} {
  for (unsigned level = 1; level <= AuditLevels::kLevels; ++level) {
    auto& at = levels_[level - 1];
    at.next = tile_level_hashes(level, from) * sizeof(Digest);
    auto opened = files.open_for_reading(AuditLevels::path(directory, level));
    if (opened.has_error() && opened.error() == Errc::file_not_found) continue;
    const auto bytes = opened ? (*opened)->size() : Result<std::uint64_t>{opened.error()};
    if (!bytes) {
      differ(level, at, "can't be read: " + bytes.error().message());
      continue;
    }
    at.file = std::move(*opened);
    at.bytes = *bytes;
  }
}

void AuditLevelsCheck::differ(unsigned level, Level& at, const std::string& what) {
  at.differs = true;
  if (!std::exchange(at.is_said, true)) findings_.difference(name_of(level), what);
}

void AuditLevelsCheck::compare(unsigned level, std::uint64_t number, const Digest& hash) {
  if (level > AuditLevels::kLevels) return;
  auto& at = levels_[level - 1];
  LEDGER_INVARIANT(at.next == number * sizeof(Digest));
  if (at.next < at.bytes && !at.differs) compare_bytes(level, at, hash);
  at.next += sizeof(Digest);
}

void AuditLevelsCheck::compare_bytes(unsigned level, Level& at, const Digest& hash) {
  if (at.next < at.block_at || at.next + sizeof(Digest) > at.block_at + at.block.size()) {
    at.block.resize(kReadBytes);
    const auto count = at.file->read_at(at.next, at.block);
    if (!count) return differ(level, at, "can't be read: " + count.error().message());
    at.block.resize(*count);
    at.block_at = at.next;
  }
  const auto stored = std::span<const std::uint8_t>{at.block}.subspan(at.next - at.block_at);
  const auto compared = std::min(stored.size(), hash.size());
  const auto [expected, found] = std::mismatch(
      hash.begin(), hash.begin() + static_cast<std::ptrdiff_t>(compared), stored.begin());
  if (expected - hash.begin() != static_cast<std::ptrdiff_t>(compared)) {
    at.differs_at = at.next + static_cast<std::uint64_t>(expected - hash.begin());
    at.differs = true;  // finish() knows whether a crash may have left it
    return;
  }
  ++compared_;
}

void AuditLevelsCheck::finish(std::uint64_t signed_size) {
  for (unsigned level = 1; level <= AuditLevels::kLevels; ++level) finish_level(level, signed_size);
  if (mark_ == DamageMark::rebuilds) {
    findings_.note(
        "audit/damaged",
        "the tree was being made anew when that was interrupted; the next start goes on");
  } else if (mark_ == DamageMark::found) {
    findings_.difference("audit/damaged",
                         "a read found the tree damaged; the next start makes it anew");
  }
}

void AuditLevelsCheck::finish_level(unsigned level, std::uint64_t signed_size) {
  auto& at = levels_[level - 1];
  if (at.is_said) return;
  const auto needed = tile_level_hashes(level, signed_size) * sizeof(Digest);
  const auto trusted = mark_ == DamageMark::rebuilds ? 0 : needed;
  if (at.differs) {
    const auto hash = at.differs_at / sizeof(Digest);
    if (hash * sizeof(Digest) < trusted || !is_zero_from(at, hash * sizeof(Digest)))
      return differ(level, at,
                    "byte " + std::to_string(at.differs_at) +
                        " is not what the events give (hash " + std::to_string(hash) + ")");
    findings_.note(name_of(level), "zeros from byte " + std::to_string(hash * sizeof(Digest)) +
                                       " on; an interrupted write leaves such, the next start "
                                       "writes what belongs there");
  }
  if (at.bytes < trusted) {
    differ(level, at,
           "it ends at byte " + std::to_string(at.bytes) + " of " + std::to_string(needed));
  } else if (at.bytes > at.next) {
    differ(level, at,
           "it goes on behind byte " + std::to_string(at.next) + ", where the events end");
  }
}

bool AuditLevelsCheck::is_zero_from(const Level& at, std::uint64_t byte) {
  std::vector<std::uint8_t> block(kReadBytes);
  while (byte < at.bytes) {
    const auto count = at.file->read_at(byte, block);
    if (!count || *count == 0) return false;
    const auto read = std::span{block}.first(*count);
    if (!std::ranges::all_of(read, [](auto value) { return value == 0; })) return false;
    byte += *count;
  }
  return true;
}

}  // namespace tokenledger

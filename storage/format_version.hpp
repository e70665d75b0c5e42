// Versions of the files that keep what the log does not: one place, so that the test of every kind
// and `tokenledger migrate` read the same numbers.
//
// Every such file begins with 8 bytes of magic and its version, 4 bytes little-endian, and those
// stay where they are for ever; so do HEAD's slots of 4 KiB and the place of their checksum, and
// the keyring's checksum at its end. The version changes when a program that knows only the old one
// would misread the file. Caches have versions beside what they cache: kSnapshotFormatVersion,
// kStateFormatVersion, views::kLayoutVersion. Level files are bare hashes whose layout is C2SP's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "core/byte_view.hpp"
#include "core/errc.hpp"

namespace tokenledger {

inline constexpr std::uint32_t kHeadVersion = 1;
// 1 did not say whether the checkpoint key has signed: it is read as one that has. 1 and 2 have no
// key for encrypted tokens.
inline constexpr std::uint32_t kKeyringVersion = 3;
inline constexpr std::uint32_t kKeyringVersionOldest = 1;
inline constexpr std::uint32_t kKeyStoreVersion = 1;
inline constexpr std::uint32_t kCheckpointHistoryVersion = 1;

inline constexpr std::size_t kFileMagicBytes = 8;
inline constexpr std::size_t kFilePrefixBytes = kFileMagicBytes + sizeof(std::uint32_t);

// The version behind the magic. `file` holds at least kFilePrefixBytes.
[[nodiscard]] std::uint32_t version_behind_magic(ByteView file);

// "…/HEAD was made by a newer version of tokenledger: upgrade this program; nothing was changed"
[[nodiscard]] std::string newer_format_sentence(const std::filesystem::path& path);
// The same for what can be made anew from the log.
[[nodiscard]] std::string newer_cache_sentence(const std::filesystem::path& path);

}  // namespace tokenledger

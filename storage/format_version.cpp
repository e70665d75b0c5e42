#include "storage/format_version.hpp"

#include "core/invariant.hpp"
#include "storage/byte_codec.hpp"

namespace tokenledger {

std::uint32_t version_behind_magic(ByteView file) {
  LEDGER_INVARIANT(file.size() >= kFilePrefixBytes);
  return ByteReader{file.subspan(kFileMagicBytes)}.integer<std::uint32_t>();
}

std::string newer_format_sentence(const std::filesystem::path& path) {
  return path.string() +
         " was made by a newer version of tokenledger: upgrade this program; nothing was changed";
}

std::string newer_cache_sentence(const std::filesystem::path& path) {
  return path.string() +
         " was made by a newer version of tokenledger: upgrade this program, or remove it, and it "
         "is made anew from the log; nothing was changed";
}

}  // namespace tokenledger

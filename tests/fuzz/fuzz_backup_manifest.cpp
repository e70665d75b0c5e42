// Any bytes: no crash. An accepted list is written again letter for letter, stays within its
// bounds, and no name in it leads out of the backup. The same bytes with the line at the end made
// right, or no mutation would come past it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/byte_view.hpp"
#include "core/hex.hpp"
#include "core/sha256.hpp"
#include "storage/backup_manifest.hpp"

namespace {

using namespace tokenledger;

void require(bool holds) {
  if (!holds) std::abort();
}

// By the standard library's idea of a path, which the list's own rules do not use.
void check_name(const std::string& name) {
  const std::filesystem::path path{name};
  require(!name.empty() && name.size() <= kBackupNameBytesMax && path.is_relative());
  require(path.lexically_normal() == path && *path.begin() != "..");
  const auto parts = std::distance(path.begin(), path.end());
  require(parts == 1 || (parts == 2 && std::ranges::count(kBackupFolders, path.begin()->string())));
}

void fuzz_text(const std::string& text) {
  const auto manifest = parse_backup_manifest(text);
  if (!manifest) return;
  require(text.size() <= kBackupManifestBytesMax && manifest->files.size() <= kBackupFilesMax);
  const auto again = format_backup_manifest(*manifest);
  require(again && *again == text);
  std::uint64_t sum = 0;
  bool is_beyond = false;
  const std::string* before = nullptr;
  for (const auto& file : manifest->files) {
    check_name(file.name);
    require(before == nullptr || *before < file.name);
    before = &file.name;
    is_beyond = __builtin_add_overflow(sum, file.bytes, &sum) || is_beyond;
  }
  require(manifest->bytes() == (is_beyond ? UINT64_MAX : sum));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text{text_of(ByteView{data, size})};
  fuzz_text(text);
  const auto end = text.rfind("\nend ");
  if (end == std::string::npos) return 0;
  text.resize(end + 1);
  text += "end " + to_hex(sha256(text)) + "\n";
  fuzz_text(text);
  return 0;
}

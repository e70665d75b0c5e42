#include "storage/file_copy.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace tokenledger {
namespace {

constexpr std::size_t kBlockBytes = 1024 * 1024;

// SHA-256 of bytes that come block by block.
class RunningDigest {
 public:
  [[nodiscard]] bool begin() {
    return context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1;
  }
  [[nodiscard]] bool add(std::span<const std::uint8_t> bytes) {
    return EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1;
  }
  [[nodiscard]] Result<Digest> end() {
    Digest digest;
    if (EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) != 1)
      return Errc::crypto_failure;
    return digest;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

using UseBlock = std::function<Result<void>(std::span<const std::uint8_t>)>;

// Hands the first `bytes` bytes on, block by block, and hashes them.
Result<Digest> read_all(const File& from, std::uint64_t bytes, const UseBlock& use) {
  RunningDigest digest;
  if (!digest.begin()) return Errc::crypto_failure;
  std::vector<std::uint8_t> block(kBlockBytes);
  for (std::uint64_t at = 0; at < bytes;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), bytes - at));
    const auto part = std::span{block}.first(wanted);
    const auto count = from.read_at(at, part);
    if (!count) return count.error();
    if (*count != wanted) return Errc::io_error;  // shorter than it was said to be
    if (!digest.add(part)) return Errc::crypto_failure;
    if (use) {
      if (auto used = use(part); !used) return used.error();
    }
    at += wanted;
  }
  return digest.end();
}

}  // namespace

Result<Digest> copy_file(FileLayer& files, const File& from, std::uint64_t bytes,
                         const std::filesystem::path& to, const CopyStep& step) {
  const auto target = files.create(to);
  if (!target) return target.error();
  const auto digest =
      read_all(from, bytes, [&](std::span<const std::uint8_t> part) -> Result<void> {
        if (auto written = (*target)->append(part); !written) return written;
        return !step || step(part.size()) ? Result<void>{} : Errc::shutting_down;
      });
  if (!digest) return digest;
  if (auto synced = (*target)->sync(); !synced) return synced.error();
  return digest;
}

Result<Digest> copy_file(FileLayer& files, const std::filesystem::path& from,
                         const std::filesystem::path& to) {
  const auto source = files.open_for_reading(from);
  if (!source) return source.error();
  const auto size = (*source)->size();
  if (!size) return size.error();
  return copy_file(files, **source, *size, to);
}

Result<Digest> hash_file(FileLayer& files, const std::filesystem::path& path,
                         const CopyStep& step) {
  const auto file = files.open_for_reading(path);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  return read_all(**file, *size, [&](std::span<const std::uint8_t> part) -> Result<void> {
    return !step || step(part.size()) ? Result<void>{} : Errc::shutting_down;
  });
}

}  // namespace tokenledger

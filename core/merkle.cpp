// The low-level SHA-256 calls are deprecated in OpenSSL 3.0 but are the only ones without a fetch
// and a context allocation per message, which cost more than hashing an event does.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "core/merkle.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <limits>

#include "core/invariant.hpp"

namespace tokenledger {
namespace {

// Domain separation: a node can never be passed off as a leaf (RFC 6962 §2.1).
constexpr std::uint8_t kLeafPrefix = 0x00;
constexpr std::uint8_t kNodePrefix = 0x01;

}  // namespace

Digest leaf_hash(std::span<const std::uint8_t> entry) noexcept {
  SHA256_CTX context;
  Digest digest;
  SHA256_Init(&context);
  SHA256_Update(&context, &kLeafPrefix, 1);
  SHA256_Update(&context, entry.data(), entry.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

Digest node_hash(const Digest& left, const Digest& right) noexcept {
  std::array<std::uint8_t, 1 + 2 * sizeof(Digest)> message;
  message[0] = kNodePrefix;
  std::copy(left.begin(), left.end(), message.begin() + 1);
  std::copy(right.begin(), right.end(), message.begin() + 1 + sizeof(Digest));
  SHA256_CTX context;
  Digest digest;
  SHA256_Init(&context);
  SHA256_Update(&context, message.data(), message.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

const Digest& empty_root() noexcept {
  static const Digest root = [] {
    SHA256_CTX context;
    Digest digest;
    SHA256_Init(&context);
    SHA256_Final(digest.data(), &context);
    return digest;
  }();
  return root;
}

void CompactRange::push(const Digest& hash) noexcept {
  LEDGER_INVARIANT(size_ < std::numeric_limits<std::uint64_t>::max());
  hashes_[depth_++] = hash;
  ++size_;
  LEDGER_INVARIANT(depth_ == count());
}

void CompactRange::append(const Digest& leaf) noexcept {
  append(leaf, [](unsigned, std::uint64_t, const Digest&) {});
}

Digest CompactRange::root() const noexcept {
  if (size_ == 0) return empty_root();
  std::size_t at = depth_ - 1;
  Digest result = hashes_[at];
  while (at > 0) result = node_hash(hashes_[--at], result);
  return result;
}

std::vector<std::uint8_t> CompactRange::serialize() const {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(8 + depth_ * sizeof(Digest));
  for (int shift = 0; shift < 64; shift += 8) {
    bytes.push_back(static_cast<std::uint8_t>(size_ >> shift));
  }
  for (std::size_t at = 0; at < depth_; ++at) {
    bytes.insert(bytes.end(), hashes_[at].begin(), hashes_[at].end());
  }
  return bytes;
}

Result<CompactRange> CompactRange::deserialize(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 8) return Errc::invalid_argument;
  CompactRange range;
  for (std::size_t at = 0; at < 8; ++at) {
    range.size_ |= static_cast<std::uint64_t>(bytes[at]) << (8 * at);
  }
  range.depth_ = range.count();
  if (bytes.size() != 8 + range.depth_ * sizeof(Digest)) return Errc::invalid_argument;
  for (std::size_t at = 0; at < range.depth_; ++at) {
    const auto hash = bytes.subspan(8 + at * sizeof(Digest), sizeof(Digest));
    std::copy(hash.begin(), hash.end(), range.hashes_[at].begin());
  }
  return range;
}

bool operator==(const CompactRange& left, const CompactRange& right) noexcept {
  return left.size_ == right.size_ &&
         std::equal(left.hashes_.begin(), left.hashes_.begin() + static_cast<long>(left.depth_),
                    right.hashes_.begin());
}

}  // namespace tokenledger

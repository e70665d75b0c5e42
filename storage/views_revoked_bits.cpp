#include "storage/views_revoked_bits.hpp"

namespace tokenledger::views {

Result<std::shared_ptr<const RevokedChunk>> RevokedBits::chunk_of(TokenIndex index,
                                                                  const Load& load) {
  const auto number = chunk_number(index);
  std::shared_ptr<RevokedChunk> chunk;
  {
    const std::scoped_lock lock{mutex_};
    if (chunks_.size() >= kChunksMax && !chunks_.contains(number)) chunks_.clear();
    auto& entry = chunks_[number];
    if (!entry) entry = std::make_shared<RevokedChunk>();
    chunk = entry;
  }
  if (!chunk->loaded_.load(std::memory_order_acquire)) {
    const std::scoped_lock loading{chunk->loading_};
    if (!chunk->loaded_.load(std::memory_order_relaxed)) {
      const auto first = TokenIndex::from_value(number * kChunkTokens);
      if (const auto loaded = load(first, *chunk); !loaded) return loaded.error();
      chunk->loaded_.store(true, std::memory_order_release);
    }
  }
  return std::shared_ptr<const RevokedChunk>{std::move(chunk)};
}

void RevokedBits::set(TokenIndex index) {
  const std::scoped_lock lock{mutex_};
  const auto found = chunks_.find(chunk_number(index));
  if (found != chunks_.end()) found->second->set(index);
}

void RevokedBits::clear() {
  const std::scoped_lock lock{mutex_};
  chunks_.clear();
}

}  // namespace tokenledger::views

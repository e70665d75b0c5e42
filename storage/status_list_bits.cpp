#include "storage/status_list_bits.hpp"

#include <algorithm>
#include <bit>

namespace tokenledger {
namespace {

// Beyond, the array is smaller than what a growing vector of them may take.
constexpr std::size_t kSparsePlacesMax = kStatusListBytes / (2 * sizeof(std::uint32_t));

}  // namespace

bool StatusListBits::scan(Depth depth, const std::atomic<bool>& stops) {
  ChunkBits bits;
  for (std::size_t at = 0; at < kLaneCount; ++at) {
    const auto lane = static_cast<Lane>(at);
    const auto chunks = index_.chunks(lane);
    for (auto chunk = chunks.first; chunk < chunks.end; ++chunk) {
      if (stops.load(std::memory_order_relaxed)) return false;
      if (!index_.copy_bits(lane, chunk, bits)) continue;
      const auto seen = seen_[at].find(chunk);
      const ChunkBits* const before = seen == seen_[at].end() ? nullptr : seen->second.get();
      if (depth == Depth::cascades) add_cascaded(lane, chunk, before, bits);
      take_new(lane, chunk, bits);
    }
  }
  return true;
}

void StatusListBits::add_cascaded(Lane lane, std::uint64_t chunk, const ChunkBits* seen,
                                  ChunkBits& bits) const {
  for (std::size_t word = 0; word < kChunkBitWords; ++word) {
    std::uint64_t left = ~(bits[word] | (seen == nullptr ? 0 : (*seen)[word]));
    for (; left != 0; left &= left - 1) {
      const auto bit = static_cast<unsigned>(std::countr_zero(left));
      if (index_.is_ended(TokenIndex{lane, chunk * kChunkTokens + word * 64 + bit}))
        bits[word] |= std::uint64_t{1} << bit;
    }
  }
}

void StatusListBits::take_new(Lane lane, std::uint64_t chunk, const ChunkBits& bits) {
  const bool has_any = std::ranges::any_of(bits, [](std::uint64_t word) { return word != 0; });
  if (!has_any) return;
  auto& seen = seen_[static_cast<std::size_t>(lane)][chunk];
  if (seen == nullptr) seen = std::make_unique<ChunkBits>();
  for (std::size_t word = 0; word < kChunkBitWords; ++word) {
    std::uint64_t added = bits[word] & ~(*seen)[word];
    (*seen)[word] |= added;
    for (; added != 0; added &= added - 1) {
      const auto bit = static_cast<unsigned>(std::countr_zero(added));
      const TokenIndex token{lane, chunk * kChunkTokens + word * 64 + bit};
      set(places_.place_of(token, range_.incarnation_of(token)));
    }
  }
}

void StatusListBits::set(const StatusPlace& place) {
  auto& list = lists_[place.name];
  list.is_changed = true;
  ++list.count;
  if (list.dense.empty() && list.sparse.size() >= kSparsePlacesMax) {
    list.dense.assign(kStatusListBytes, 0);
    for (const auto index : list.sparse) set_status(list.dense, 1, index, kStatusInvalid);
    list.sparse = {};
  }
  if (list.dense.empty()) {
    list.sparse.push_back(place.index);
  } else {
    set_status(list.dense, 1, place.index, kStatusInvalid);
  }
}

void StatusListBits::forget_ended() {
  for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
    auto& seen = seen_[lane];
    seen.erase(seen.begin(), seen.lower_bound(index_.oldest_chunk(static_cast<Lane>(lane))));
  }
  std::erase_if(lists_, [this](const auto& entry) { return !range_.holds(entry.first); });
}

std::vector<StatusListName> StatusListBits::take_changed() {
  std::vector<StatusListName> changed;
  for (auto& [name, list] : lists_) {
    if (std::exchange(list.is_changed, false)) changed.push_back(name);
  }
  return changed;
}

void StatusListBits::write_array(const StatusListName& name,
                                 std::span<std::uint8_t, kStatusListBytes> array) const {
  std::ranges::fill(array, std::uint8_t{0});
  const auto found = lists_.find(name);
  if (found == lists_.end()) return;
  std::ranges::copy(found->second.dense, array.begin());
  for (const auto index : found->second.sparse) set_status(array, 1, index, kStatusInvalid);
}

std::uint32_t StatusListBits::count_of(const StatusListName& name) const noexcept {
  const auto found = lists_.find(name);
  return found == lists_.end() ? 0 : found->second.count;
}

std::uint64_t StatusListBits::bit_count() const noexcept {
  std::uint64_t count = 0;
  for (const auto& [name, list] : lists_) count += list.count;
  return count;
}

}  // namespace tokenledger

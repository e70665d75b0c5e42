// StatusListBits: which tokens ended, by the list that says so. Internal to storage/.
//
// Read from the validity index, never from the log: revocation bits are compared word by word with
// those seen before (1.25 MB for 10 M tokens), and only a cascade makes each token be looked at
// (about 15 ns). A bit that was seen stays. Memory: per token of a chunk with an ended token one
// bit, and per list with an ended token 4 bytes for each of them or the whole array, whichever is
// less. Threads: one; the index may be written meanwhile.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "core/status_list.hpp"
#include "core/validity_index.hpp"
#include "storage/status_list_range.hpp"

namespace tokenledger {

class StatusListBits {
 public:
  // All of them must outlive this.
  StatusListBits(const ValidityIndex& index, const StatusListPlaces& places,
                 const StatusListRange& range)
      : index_{index}, places_{places}, range_{range} {}

  enum class Depth : std::uint8_t {
    revocations,  // what ended since the last scan by a revocation of its own
    cascades,     // the same by whatever
  };
  // False: `stops` became true, and the rest was not looked at.
  [[nodiscard]] bool scan(Depth depth, const std::atomic<bool>& stops);
  // Forgets the lists that are gone, and the chunks.
  void forget_ended();

  // The lists that changed since they were taken last.
  [[nodiscard]] std::vector<StatusListName> take_changed();
  // All of them where the list has no bit.
  void write_array(const StatusListName& name,
                   std::span<std::uint8_t, kStatusListBytes> array) const;

  // Its bits; 0 for a list without one.
  [[nodiscard]] std::uint32_t count_of(const StatusListName& name) const noexcept;
  [[nodiscard]] std::size_t list_count() const noexcept { return lists_.size(); }
  [[nodiscard]] std::uint64_t bit_count() const noexcept;

 private:
  using ChunkBits = std::array<std::uint64_t, kChunkBitWords>;
  struct List {
    std::vector<std::uint32_t> sparse;  // places, while there are few
    std::vector<std::uint8_t> dense;    // then the array
    std::uint32_t count = 0;
    bool is_changed = false;
  };

  void add_cascaded(Lane lane, std::uint64_t chunk, const ChunkBits* seen, ChunkBits& bits) const;
  void take_new(Lane lane, std::uint64_t chunk, const ChunkBits& bits);
  void set(const StatusPlace& place);

  const ValidityIndex& index_;
  const StatusListPlaces& places_;
  const StatusListRange& range_;
  std::array<std::map<std::uint64_t, std::unique_ptr<ChunkBits>>, kLaneCount> seen_;  // by chunk
  std::map<StatusListName, List> lists_;
};

}  // namespace tokenledger

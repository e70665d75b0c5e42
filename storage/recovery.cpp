#include "storage/recovery.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "core/event_codec.hpp"
#include "core/fold.hpp"
#include "core/log_tile.hpp"

namespace tokenledger {
namespace {

inline constexpr std::size_t kBlockEvents = 1'024;
inline constexpr std::size_t kBlocks = 4;  // read ahead of the fold

// Decoded events with the bytes they came from, which the leaves are hashed over.
struct Block {
  std::vector<Event> events =
      std::vector<Event>(kBlockEvents);  // kept, so that their strings are reused
  std::vector<std::size_t> ends;
  std::string bytes;
  std::size_t count = 0;
  Result<void> outcome;  // after `count` events: what stopped the reader
  Sequence position;     // of the event that stopped it
  bool is_last = false;
};

// Hands blocks from the reading thread to the folding one and back.
class BlockRing {
 public:
  // A block to fill; nullptr once stopped.
  Block* to_fill() {
    std::unique_lock lock{mutex_};
    moved_.wait(lock, [&] { return stopped_ || filled_ < kBlocks; });
    return stopped_ ? nullptr : &blocks_[fill_at_];
  }
  void fill_done() {
    const std::scoped_lock lock{mutex_};
    fill_at_ = (fill_at_ + 1) % kBlocks;
    ++filled_;
    moved_.notify_all();
  }
  Block* to_fold() {
    std::unique_lock lock{mutex_};
    moved_.wait(lock, [&] { return filled_ > 0; });
    return &blocks_[fold_at_];
  }
  void fold_done() {
    const std::scoped_lock lock{mutex_};
    fold_at_ = (fold_at_ + 1) % kBlocks;
    --filled_;
    moved_.notify_all();
  }
  void stop() {
    const std::scoped_lock lock{mutex_};
    stopped_ = true;
    moved_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable moved_;
  std::array<Block, kBlocks> blocks_;
  std::size_t fill_at_ = 0;
  std::size_t fold_at_ = 0;
  std::size_t filled_ = 0;
  bool stopped_ = false;
};

bool is_written_by_us(const Event& event, std::span<const std::uint8_t> bytes,
                      EventEncoder& encoder) {
  const auto again = encode_event(event, encoder);
  return again && std::ranges::equal(*again, bytes);
}

// Fills one block; false when the log's end, `upto` or a failure was met. With an encoder every
// event must be canonical.
bool fill(LogReader& reader, Sequence upto, EventEncoder* encoder, Block& block) {
  block.count = 0;
  block.ends.clear();
  block.bytes.clear();
  block.outcome = {};
  while (block.count < kBlockEvents) {
    const auto bytes = reader.next();
    if (!bytes) {
      block.outcome = bytes.error();
      block.position = reader.position().next();
      return false;
    }
    if (bytes->empty()) return false;
    if (auto decoded = decode_event_into(*bytes, block.events[block.count]); !decoded) {
      block.outcome = decoded.error();
      block.position = reader.position();
      return false;
    }
    if (encoder != nullptr && !is_written_by_us(block.events[block.count], *bytes, *encoder)) {
      block.outcome = Errc::log_corrupt;
      block.position = reader.position();
      return false;
    }
    block.bytes.append(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    block.ends.push_back(block.bytes.size());
    ++block.count;
    if (reader.position() >= upto) return false;
  }
  return true;
}

void read_all(const EventLog& log, Sequence from, const ReplayOptions& options, BlockRing& ring) {
  const auto reader = log.read(from, true);
  EventEncoder encoder;
  for (;;) {
    auto* block = ring.to_fill();
    if (block == nullptr) return;
    block->is_last =
        !fill(*reader, options.upto, options.requires_canonical ? &encoder : nullptr, *block);
    const bool is_last = block->is_last;
    ring.fill_done();
    if (is_last) return;
  }
}

// The folding side; stops the reader and joins it however it ends.
class Replay {
 public:
  Replay(State& state, ValidityIndex& index, CompactRange& range, const ReplayOptions& options,
         std::string& why)
      : state_{state}, index_{index}, range_{range}, options_{options}, why_{why} {}

  Result<void> fold_block(const Block& block) {
    std::size_t begin = 0;
    const auto* data = reinterpret_cast<const std::uint8_t*>(block.bytes.data());
    for (std::size_t i = 0; i < block.count; ++i) {
      const auto& event = block.events[i];
      if (options_.hash_leaves) append_leaf(leaf_hash({data + begin, block.ends[i] - begin}));
      begin = block.ends[i];
      if (auto folded = fold(state_, index_, event); !folded)
        return refuse(folded.error(), state_.last_seq.next());
      if (options_.observe) options_.observe(event);
      publish(state_, index_);
      if (auto checked = check_root(); !checked) return checked;
      if (options_.on_leaf) options_.on_leaf(range_);
    }
    if (!block.outcome) return refuse(block.outcome.error(), block.position);
    if (options_.progress) options_.progress(state_.last_seq);
    if (options_.stops && options_.stops()) return Errc::shutting_down;
    return {};
  }

 private:
  void append_leaf(const Digest& leaf) {
    if (!options_.on_tile_hash) return range_.append(leaf);
    range_.append(leaf, [&](unsigned level, std::uint64_t number, const Digest& hash) {
      if (level != 0 && level % kTileNodeLevels == 0)
        options_.on_tile_hash(level / kTileNodeLevels, number, hash);
    });
  }

  Result<void> check_root() {
    if (!options_.expected_root || range_.size() != options_.expected_root->first) return {};
    if (range_.root() == options_.expected_root->second) return {};
    why_ = "the Merkle root of the log at seq " + std::to_string(range_.size()) +
           " is not the one in HEAD: an event before it was changed";
    return Errc::root_mismatch;
  }

  Result<void> refuse(boost::system::error_code error, Sequence at) {
    const auto place = "seq " + std::to_string(at.value());
    why_ = error == Errc::unsupported_format
               ? "the event at " + place +
                     " was made by a newer version of tokenledger: upgrade this program; nothing "
                     "was changed"
               : "the log can't be read at " + place + ": " + error.message();
    return error;
  }

  State& state_;
  ValidityIndex& index_;
  CompactRange& range_;
  const ReplayOptions& options_;
  std::string& why_;
};

}  // namespace

Result<void> replay_log(const EventLog& log, State& state, ValidityIndex& index,
                        CompactRange& range, const ReplayOptions& options, std::string& why) {
  if (state.last_seq >= options.upto) return {};
  BlockRing ring;
  std::thread reader{[&, from = state.last_seq.next()] { read_all(log, from, options, ring); }};
  Replay replay{state, index, range, options, why};
  Result<void> outcome;
  for (bool is_last = false; outcome && !is_last;) {
    const auto* block = ring.to_fold();
    is_last = block->is_last;
    outcome = replay.fold_block(*block);
    ring.fold_done();
  }
  ring.stop();
  reader.join();
  if (outcome && state.last_seq < options.upto) {
    why = "the log ends at seq " + std::to_string(state.last_seq.value()) + ", before " +
          std::to_string(options.upto.value());
    return Errc::log_corrupt;
  }
  return outcome;
}

}  // namespace tokenledger

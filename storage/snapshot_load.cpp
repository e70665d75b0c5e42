#include <algorithm>
#include <future>
#include <vector>

#include "core/byte_view.hpp"
#include "core/event_codec.hpp"
#include "core/merkle.hpp"
#include "core/state.hpp"
#include "core/state_codec.hpp"
#include "core/validity_index.hpp"
#include "storage/crc32c.hpp"
#include "storage/event_log.hpp"
#include "storage/file_layer.hpp"
#include "storage/snapshot.hpp"
#include "storage/snapshot_format.hpp"
#include "storage/snapshot_load.hpp"

namespace tokenledger {
namespace {

using Words = std::vector<std::uint64_t>;
constexpr std::size_t kChunkMarkWords = kChunkEntryWords + kChunkBitWords;
constexpr std::size_t kChunkWords = kChunkMarkWords + kChunkTokens;

Result<void> read_exactly(const File& file, std::uint64_t offset, std::span<std::uint8_t> out) {
  const auto count = file.read_at(offset, out);
  if (!count) return count.error();
  if (*count != out.size()) return Errc::snapshot_corrupt;
  return {};
}

Result<std::string> read_part(const File& file, std::uint64_t offset, std::uint64_t size,
                              std::uint32_t crc) {
  std::string part(size, '\0');
  const std::span bytes{reinterpret_cast<std::uint8_t*>(part.data()), part.size()};
  if (auto read = read_exactly(file, offset, bytes); !read) return read.error();
  if (crc32c(bytes) != crc) return Errc::snapshot_corrupt;
  return part;
}

// From the bound entries' own, which stand at the front, to one per entry.
Result<void> spread_bindings(const ChunkRecord& record, Words& words) {
  const auto bindings = std::span{words}.subspan<kChunkMarkWords, kChunkTokens>();
  std::uint32_t left = record.bound;
  for (std::uint32_t slot = kChunkTokens; slot-- > 0;) {
    const bool is_bound = EntryWords{{0, 0, 0, words[slot * kEntryWords + 3]}}.is_bound();
    if (is_bound && left == 0) return Errc::snapshot_corrupt;
    // From behind, where the place of each is not below where it stands.
    const std::uint64_t binding = is_bound ? bindings[--left] : 0;
    if (slot >= left) bindings[slot] = binding;
  }
  return left == 0 ? Result<void>{} : Errc::snapshot_corrupt;
}

// The chunk's words as the index wants them: all entries, all bits, all bindings, what is not there
// zero.
Result<void> read_chunk(const File& file, std::uint64_t offset, const ChunkRecord& record,
                        Words& words) {
  const std::span bytes{reinterpret_cast<std::uint8_t*>(words.data()),
                        static_cast<std::size_t>(record.bytes())};
  if (auto read = read_exactly(file, offset, bytes); !read) return read;
  if (crc32c(bytes) != record.crc) return Errc::snapshot_corrupt;
  const std::size_t entry_words = std::size_t{record.entries} * kEntryWords;
  const std::size_t bit_words = (std::size_t{record.entries} + 63) / 64;
  const auto bits = words.begin() + static_cast<std::ptrdiff_t>(entry_words);
  const auto bits_end = bits + static_cast<std::ptrdiff_t>(bit_words);
  const auto bindings_end = bits_end + static_cast<std::ptrdiff_t>(record.bound);
  const auto place = words.begin() + kChunkEntryWords;
  const auto binding_place = words.begin() + kChunkMarkWords;
  std::copy_backward(bits_end, bindings_end,
                     binding_place + static_cast<std::ptrdiff_t>(record.bound));
  std::copy_backward(bits, bits_end, place + static_cast<std::ptrdiff_t>(bit_words));
  std::fill(bits, place, 0);
  std::fill(place + static_cast<std::ptrdiff_t>(bit_words), binding_place, 0);
  return spread_bindings(record, words);
}

// The tokens revoked one by one in (S, E]: their bits may stand in the copy, and the fold of those
// events must find them clear. Ascending.
Result<std::vector<TokenIndex>> revoked_after(const EventLog& log, Sequence seq, Sequence end) {
  std::vector<TokenIndex> revoked;
  if (seq == end) return revoked;
  const auto reader = log.read(seq.next(), /*scan=*/true);
  Event event;
  while (reader->position() < end) {
    const auto bytes = reader->next();
    if (!bytes) return bytes.error();
    if (bytes->empty()) return Errc::log_corrupt;
    if (auto decoded = decode_event_into(*bytes, event); !decoded) return decoded.error();
    if (const auto* revoke = std::get_if<TokenRevoked>(&event.payload))
      revoked.push_back(revoke->index);
  }
  std::ranges::sort(revoked);
  return revoked;
}

// How many tokens the copy of the index has of each class, consent and family. The state counts
// them, too: so no chunk and no entry can be missing, and no token can stand on something else than
// what its end would reach (INV-6).
class TokenCounts {
 public:
  explicit TokenCounts(const State& state)
      : of_class_(state.classes.size() + 1),
        of_consent_(state.people.consents().size() + 1),
        of_family_(state.people.families().size() + 1) {}

  // False: it names what the state does not have.
  bool add(ClassNumber token_class) { return add(of_class_, token_class.value()); }
  bool add(TokenBinding binding) {
    if (!add(of_consent_, binding.consent.value())) return false;
    return binding.family == FamilyNumber{} || add(of_family_, binding.family.value());
  }
  [[nodiscard]] bool are_those_of(const State& state) const {
    return agree(of_class_, state.classes) && agree(of_consent_, state.people.consents()) &&
           agree(of_family_, state.people.families());
  }

 private:
  using Counts = std::vector<std::uint32_t>;

  static bool add(Counts& counts, std::uint32_t number) {
    if (number == 0 || number >= counts.size()) return false;
    ++counts[number];
    return true;
  }
  template <class Records>
  static bool agree(const Counts& counts, const Records& records) {
    return std::ranges::equal(counts.begin() + 1, counts.end(), records.begin(), records.end(), {},
                              {}, [](const auto& record) { return record.tokens; });
  }

  Counts of_class_;
  Counts of_consent_;
  Counts of_family_;
};

// One file, checked part by part; the index is filled last.
class SnapshotLoader {
 public:
  SnapshotLoader(const File& file, ValidityIndex& index) : file_{file}, index_{index} {}

  // Everything but the chunks.
  Result<void> read_parts(Sequence seq, const std::array<std::uint8_t, 16>& ledger_id) {
    if (auto read = read_header(seq, ledger_id); !read) return read;
    std::uint64_t offset = kSnapshotHeaderBytes;
    auto encoded = read_part(file_, offset, header_.state_bytes, header_.state_crc);
    if (!encoded) return encoded.error();
    offset += header_.state_bytes;
    auto range = read_part(file_, offset, header_.range_bytes, header_.range_crc);
    if (!range) return range.error();
    chunks_offset_ = offset + header_.range_bytes;
    if (auto read = read_table(); !read) return read;
    if (auto decoded = decode_state(*encoded, state); !decoded) return decoded;
    if (state.last_seq != seq || state.ledger_id != ledger_id) return Errc::snapshot_corrupt;
    const auto compact = CompactRange::deserialize(bytes_of(*range));
    if (!compact || compact->size() != seq.value()) return Errc::snapshot_corrupt;
    compact_range = std::move(*range);
    return {};
  }

  // Reading and checking the next chunk goes on beside loading the present one.
  Result<void> load_chunks(const std::vector<TokenIndex>& revoked_later) {
    for (std::size_t lane = 0; lane < kLaneCount; ++lane)
      index_.retire_chunks_below(static_cast<Lane>(lane), state.lanes[lane].oldest);
    TokenCounts counts{state};
    Words words(kChunkWords);
    Words next_words(kChunkWords);
    std::uint64_t offset = chunks_offset_;
    const auto start = [&](std::size_t at) {
      const auto from = offset;
      offset += records_[at].bytes();
      return std::async(std::launch::async, [this, at, from, &next_words] {
        return read_chunk(file_, from, records_[at], next_words);
      });
    };
    std::future<Result<void>> next;
    if (!records_.empty()) next = start(0);
    for (std::size_t at = 0; at < records_.size(); ++at) {
      if (auto read = next.get(); !read) return read;
      words.swap(next_words);
      if (at + 1 < records_.size()) next = start(at + 1);
      if (auto loaded = load_chunk(records_[at], words, revoked_later, counts); !loaded)
        return loaded;
    }
    return counts.are_those_of(state) ? Result<void>{} : Errc::snapshot_corrupt;
  }

  [[nodiscard]] Sequence end() const { return header_.end; }

  State state;
  std::string compact_range;

 private:
  Result<void> read_header(Sequence seq, const std::array<std::uint8_t, 16>& ledger_id) {
    std::array<std::uint8_t, kSnapshotHeaderBytes> bytes;
    if (auto read = read_exactly(file_, 0, bytes); !read) return read;
    const auto header = decode_snapshot_header(bytes);
    if (!header) return header.error();
    header_ = *header;
    if (header_.seq != seq || header_.ledger_id != ledger_id) return Errc::snapshot_corrupt;
    const auto size = file_.size();
    if (!size) return size.error();
    return *size == header_.file_bytes ? Result<void>{} : Errc::snapshot_corrupt;
  }

  Result<void> read_table() {
    const std::uint64_t table_bytes = std::uint64_t{header_.chunk_count} * kChunkRecordBytes;
    const std::uint64_t table_offset = header_.file_bytes - table_bytes;
    const auto table = read_part(file_, table_offset, table_bytes, header_.table_crc);
    if (!table) return table.error();
    std::uint64_t end = chunks_offset_;
    std::optional<ChunkRecord> previous;
    for (std::size_t at = 0; at < table->size(); at += kChunkRecordBytes) {
      const auto record =
          decode_chunk_record(bytes_of(*table).subspan(at, kChunkRecordBytes), previous);
      if (!record) return record.error();
      previous = *record;
      records_.push_back(*record);
      end += record->bytes();
    }
    return end == table_offset ? Result<void>{} : Errc::snapshot_corrupt;
  }

  Result<void> load_chunk(const ChunkRecord& record, Words& words,
                          const std::vector<TokenIndex>& revoked_later, TokenCounts& counts) {
    const std::span all{words};
    const auto entries = all.first<kChunkEntryWords>();
    const auto bits = all.subspan<kChunkEntryWords, kChunkBitWords>();
    const auto bindings = all.subspan<kChunkMarkWords, kChunkTokens>();
    const TokenIndex end{record.base.lane(), record.base.counter() + kChunkTokens};
    for (auto token = std::ranges::lower_bound(revoked_later, record.base);
         token != revoked_later.end() && *token < end; ++token) {
      const auto slot = token->counter() - record.base.counter();
      bits[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
    }
    for (std::size_t slot = 0; slot < record.entries; ++slot) {
      EntryWords entry;
      std::copy_n(entries.begin() + slot * kEntryWords, kEntryWords, entry.words.begin());
      if (!entry.is_issued()) continue;
      if (entry.issued_seq() > header_.seq) return Errc::snapshot_corrupt;
      if (!counts.add(entry.token_class())) return Errc::snapshot_corrupt;
      if (entry.is_bound() && !counts.add(unpack_binding(bindings[slot])))
        return Errc::snapshot_corrupt;
    }
    return index_.load_chunk(record.base.lane(), record.base.counter() / kChunkTokens,
                             {entries, bits, bindings});
  }

  const File& file_;
  ValidityIndex& index_;
  SnapshotHeader header_;
  std::vector<ChunkRecord> records_;
  std::uint64_t chunks_offset_ = 0;
};

// How far one file led: its own damage or age is a reason to try an older one. The log's damage is
// not, nor is a newer program, which may have written more than this one would find.
struct LoadOutcome {
  Result<LoadedSnapshot> loaded = Errc::snapshot_corrupt;
  bool is_final = false;
};

LoadOutcome load_one(FileLayer& files, const SnapshotPlace& place, const EventLog& log,
                     State& state, ValidityIndex& index) {
  const auto file = files.open_for_reading(place.directory / snapshot_name(place.seq));
  if (!file) return {file.error()};
  const auto last = log.last_seq();
  if (!last) return {last.error(), true};
  SnapshotLoader loader{**file, index};
  if (auto read = loader.read_parts(place.seq, place.ledger_id); !read)
    return {read.error(), read.error() == Errc::unsupported_format};
  // The snapshot is whole and ours, so what it saw was acknowledged: the log is what is damaged.
  if (loader.end() > *last) return {Errc::snapshot_beyond_log, true};
  const auto revoked_later = revoked_after(log, place.seq, loader.end());
  if (!revoked_later) return {revoked_later.error(), true};
  if (auto loaded = loader.load_chunks(*revoked_later); !loaded) {
    index.unload_chunks();
    return {loaded.error()};
  }
  state = std::move(loader.state);
  publish_registries(state, index);
  return {LoadedSnapshot{place.seq, std::move(loader.compact_range)}};
}

}  // namespace

Result<std::vector<Sequence>> list_snapshots(FileLayer& files,
                                             const std::filesystem::path& directory) {
  std::vector<Sequence> found;
  const auto names = files.list(directory);
  if (!names && to_errc(names.error()) == Errc::file_not_found) return found;
  if (!names) return names.error();
  for (const auto& name : *names) {
    if (const auto seq = parse_snapshot_name(name)) found.push_back(*seq);
  }
  std::ranges::sort(found, std::ranges::greater{});
  return found;
}

Result<LoadedSnapshot> load_snapshot_at(FileLayer& files, const SnapshotPlace& place,
                                        const EventLog& log, State& state, ValidityIndex& index) {
  return load_one(files, place, log, state, index).loaded;
}

Result<std::optional<LoadedSnapshot>> load_snapshot(FileLayer& files,
                                                    const std::filesystem::path& directory,
                                                    const std::array<std::uint8_t, 16>& ledger_id,
                                                    const EventLog& log, State& state,
                                                    ValidityIndex& index,
                                                    const IgnoredSnapshot& on_ignored) {
  const auto snapshots = list_snapshots(files, directory);
  if (!snapshots) return snapshots.error();
  for (const Sequence seq : *snapshots) {
    auto outcome = load_one(files, {directory, seq, ledger_id}, log, state, index);
    if (outcome.loaded) return std::move(*outcome.loaded);
    if (outcome.is_final) return outcome.loaded.error();
    if (on_ignored) on_ignored(directory / snapshot_name(seq), to_errc(outcome.loaded.error()));
  }
  return std::optional<LoadedSnapshot>{};
}

}  // namespace tokenledger

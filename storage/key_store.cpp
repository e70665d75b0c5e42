#include "storage/key_store.hpp"

#include <sodium.h>

#include <algorithm>
#include <optional>

#include "storage/byte_codec.hpp"
#include "storage/crc32c.hpp"
#include "storage/durable_file.hpp"
#include "storage/format_version.hpp"
#include "storage/key_store_check.hpp"
#include "storage/personal_cipher.hpp"

namespace tokenledger {
namespace {

constexpr std::array<std::uint8_t, 8> kMagic = {'T', 'L', 'D', 'A', 'T', 'A', '\r', '\n'};
constexpr std::size_t kHeaderBytes = 8 + 4 + 16 + 8 + 8 + 4;
constexpr std::uint32_t kFrameMagic = 0x4B46'4C54;
constexpr std::size_t kFrameHeaderBytes = 4 + 4 + 8 + 8;
constexpr std::size_t kFrameOverheadBytes = kFrameHeaderBytes + 4;
constexpr std::size_t kRecordHeaderBytes = 1 + 1 + 16 + 2;
constexpr std::uint8_t kPut = 1;
constexpr std::uint8_t kErase = 2;

struct Header {
  LedgerId ledger_id{};
  std::uint64_t generation = 0;
  std::uint64_t compacted_bytes = 0;  // durable before the file got its name
};

void encode_header(std::vector<std::uint8_t>& out, const Header& header) {
  ByteWriter writer{out};
  writer.bytes(kMagic);
  writer.integer(kKeyStoreVersion);
  writer.bytes(header.ledger_id);
  writer.integer(header.generation);
  writer.integer(header.compacted_bytes);
  writer.integer(crc32c(out));
}

// unsupported_format: whole, and of a newer version. The header's length and its checksum's place
// are those of every version.
Result<Header> decode_header(ByteView file) {
  if (file.size() < kHeaderBytes) return Errc::key_store_corrupt;
  ByteReader checksum{file.subspan(kHeaderBytes - 4)};
  if (checksum.integer<std::uint32_t>() != crc32c(file.first(kHeaderBytes - 4)))
    return Errc::key_store_corrupt;
  ByteReader reader{file.first(kHeaderBytes)};
  if (!std::ranges::equal(reader.bytes(kMagic.size()), kMagic)) return Errc::key_store_corrupt;
  const auto version = reader.integer<std::uint32_t>();
  if (version > kKeyStoreVersion) return Errc::unsupported_format;
  if (version != kKeyStoreVersion) return Errc::key_store_corrupt;
  Header header;
  reader.fill(header.ledger_id);
  header.generation = reader.integer<std::uint64_t>();
  header.compacted_bytes = reader.integer<std::uint64_t>();
  return header;
}

void encode_frame(std::vector<std::uint8_t>& out, std::uint64_t generation, std::uint64_t number,
                  ByteView payload) {
  const std::size_t start = out.size();
  ByteWriter writer{out};
  writer.integer(kFrameMagic);
  writer.integer(static_cast<std::uint32_t>(payload.size()));
  writer.integer(generation);
  writer.integer(number);
  writer.bytes(payload);
  writer.integer(crc32c(std::span{out}.subspan(start)));
}

struct Frame {
  std::uint64_t number = 0;
  ByteView payload;
};

// The whole frame at the beginning of `bytes`, if one stands there.
std::optional<Frame> decode_frame(ByteView bytes, std::uint64_t generation) {
  ByteReader reader{bytes};
  if (reader.integer<std::uint32_t>() != kFrameMagic) return std::nullopt;
  const auto payload_bytes = reader.integer<std::uint32_t>();
  if (reader.integer<std::uint64_t>() != generation) return std::nullopt;
  Frame frame;
  frame.number = reader.integer<std::uint64_t>();
  if (payload_bytes > KeyStore::kFrameBytesMax) return std::nullopt;
  frame.payload = reader.bytes(payload_bytes);
  const auto checked = bytes.first(reader.position());
  const auto expected = reader.integer<std::uint32_t>();
  if (!reader.ok() || expected != crc32c(checked)) return std::nullopt;
  return frame;
}

void encode_record(std::vector<std::uint8_t>& out, std::uint8_t type, const DataKeyId& id,
                   ByteView sealed) {
  ByteWriter writer{out};
  writer.integer(type);
  writer.integer(id.kind);
  writer.bytes(id.id);
  writer.integer(static_cast<std::uint16_t>(sealed.size()));
  writer.bytes(sealed);
}

// A sealed value opens only in its own ledger and under its own id.
std::vector<std::uint8_t> associated_data(const LedgerId& ledger_id, const DataKeyId& id) {
  std::vector<std::uint8_t> data{ledger_id.begin(), ledger_id.end()};
  data.push_back(id.kind);
  data.insert(data.end(), id.id.begin(), id.id.end());
  return data;
}

bool has_frame_behind(ByteView bytes, std::uint64_t generation) {
  for (std::size_t at = 1; at + kFrameOverheadBytes <= bytes.size(); ++at) {
    if (decode_frame(bytes.subspan(at), generation)) return true;
  }
  return false;
}

}  // namespace

DataKeyId DataKeyId::of(std::uint8_t kind, std::uint64_t number) noexcept {
  DataKeyId id{.kind = kind, .id = {}};
  for (std::size_t at = 0; at < 8; ++at) id.id[at] = static_cast<std::uint8_t>(number >> (8 * at));
  return id;
}

KeyStore::KeyStore(std::shared_ptr<FileLayer> files, std::filesystem::path path,
                   const LedgerId& ledger_id, ByteView master_key)
    : files_{std::move(files)},
      path_{std::move(path)},
      ledger_id_{ledger_id},
      master_key_{master_key} {}

Result<void> KeyStore::create(FileLayer& files, const std::filesystem::path& path,
                              const LedgerId& ledger_id) {
  std::vector<std::uint8_t> bytes;
  encode_header(bytes, {.ledger_id = ledger_id, .generation = 1, .compacted_bytes = kHeaderBytes});
  return create_durably(files, path, bytes);
}

Result<std::unique_ptr<KeyStore>> KeyStore::open(std::shared_ptr<FileLayer> files,
                                                 const std::filesystem::path& path,
                                                 const LedgerId& ledger_id, ByteView master_key,
                                                 KeyStoreMark known) {
  if (master_key.size() != kDataKeyBytes) return Errc::invalid_argument;
  std::unique_ptr<KeyStore> store{new KeyStore{std::move(files), path, ledger_id, master_key}};
  if (const auto loaded = store->load(known); !loaded) return loaded.error();
  return store;
}

Result<void> KeyStore::load(KeyStoreMark known) {
  const auto bytes = read_whole(*files_, path_, kFileBytesMax);
  if (!bytes) return bytes.error();
  const auto header = decode_header(*bytes);
  if (!header) return header.error();
  if (header->ledger_id != ledger_id_) return Errc::key_store_corrupt;
  if (header->generation < known.generation) return Errc::key_store_corrupt;  // an older copy
  generation_ = header->generation;
  std::uint64_t promised = header->compacted_bytes;
  if (known.generation == generation_) promised = std::max(promised, known.bytes);

  std::size_t at = kHeaderBytes;
  while (at < bytes->size()) {
    const auto rest = ByteView{*bytes}.subspan(at);
    const auto frame = decode_frame(rest, generation_);
    if (!frame) {
      // Torn while it was written, unless something was written after it.
      if (has_frame_behind(rest, generation_)) return Errc::key_store_corrupt;
      break;
    }
    if (frame->number != next_frame_ || !apply(frame->payload)) return Errc::key_store_corrupt;
    ++next_frame_;
    at += kFrameOverheadBytes + frame->payload.size();
  }
  if (at < promised) return Errc::key_store_corrupt;

  auto file = files_->open(path_);
  if (!file) return file.error();
  file_ = std::move(*file);
  if (at < bytes->size()) {
    if (const auto cut = file_->truncate(at); !cut) return cut.error();
  }
  // Also without a cut: a killed process may have left the last frame in memory only.
  if (const auto synced = file_->sync(); !synced) return synced.error();
  durable_bytes_ = at;
  if (has_garbage_) return compact_owning_file();  // repeats an erasure that a crash interrupted
  return {};
}

bool KeyStore::apply(ByteView payload) {
  ByteReader reader{payload};
  while (reader.left() > 0) {
    const auto type = reader.integer<std::uint8_t>();
    DataKeyId id;
    id.kind = reader.integer<std::uint8_t>();
    reader.fill(id.id);
    const auto sealed = reader.bytes(reader.integer<std::uint16_t>());
    if (!reader.ok()) return false;
    if (type == kPut && sealed.size() > kSealOverheadBytes &&
        sealed.size() <= kValueBytesMax + kSealOverheadBytes) {
      keep_locked(id, {sealed.begin(), sealed.end()});
      if (sealed_.size() > kEntriesMax) return false;
    } else if (type == kErase && sealed.empty()) {
      drop_locked(id);
    } else {
      return false;
    }
  }
  return true;
}

void KeyStore::keep_locked(const DataKeyId& id, std::vector<std::uint8_t> sealed) {
  const auto [found, is_new] = sealed_.try_emplace(id);
  if (!is_new) {
    live_bytes_ -= kRecordHeaderBytes + found->second.size();
    has_garbage_ = true;
  }
  live_bytes_ += kRecordHeaderBytes + sealed.size();
  found->second = std::move(sealed);
}

// The tombstone is garbage too, even of an id that is not there.
void KeyStore::drop_locked(const DataKeyId& id) {
  has_garbage_ = true;
  const auto found = sealed_.find(id);
  if (found == sealed_.end()) return;
  live_bytes_ -= kRecordHeaderBytes + found->second.size();
  sealed_.erase(found);
}

Result<void> KeyStore::reserve_locked(std::size_t bytes) {
  if (failed_) return Errc::io_error;
  if (pending_.size() + bytes > kFrameBytesMax) return Errc::limit_reached;
  const std::size_t after =
      durable_bytes_ + unsynced_bytes_ + pending_.size() + bytes + kFrameOverheadBytes;
  if (after > kFileBytesMax) return Errc::limit_reached;
  return {};
}

Result<void> KeyStore::put_locked(const DataKeyId& id, ByteView value) {
  if (value.empty() || value.size() > kValueBytesMax) return Errc::invalid_argument;
  if (sealed_.size() == kEntriesMax && !sealed_.contains(id)) return Errc::limit_reached;
  const auto room = reserve_locked(kRecordHeaderBytes + kSealOverheadBytes + value.size());
  if (!room) return room.error();
  auto sealed = seal_personal(master_key_.view(), value, associated_data(ledger_id_, id));
  encode_record(pending_, kPut, id, sealed);
  keep_locked(id, std::move(sealed));
  return {};
}

Result<SecretBytes> KeyStore::create_key(const DataKeyId& id) {
  SecretBytes key{kDataKeyBytes};
  randombytes_buf(key.writable().data(), key.size());
  const std::lock_guard lock{mutex_};
  if (sealed_.contains(id)) return Errc::key_exists;
  if (const auto stored = put_locked(id, key.view()); !stored) return stored.error();
  return key;
}

Result<void> KeyStore::put(const DataKeyId& id, ByteView value) {
  const std::lock_guard lock{mutex_};
  return put_locked(id, value);
}

Result<SecretBytes> KeyStore::get(const DataKeyId& id) const {
  const std::lock_guard lock{mutex_};
  const auto found = sealed_.find(id);
  if (found == sealed_.end()) return Errc::data_key_missing;
  auto value = open_personal(master_key_.view(), found->second, associated_data(ledger_id_, id));
  if (!value) return Errc::key_store_corrupt;
  return value;
}

bool KeyStore::contains(const DataKeyId& id) const {
  const std::lock_guard lock{mutex_};
  return sealed_.contains(id);
}

std::vector<DataKeyId> KeyStore::ids_of(std::uint8_t kind) const {
  std::vector<DataKeyId> ids;
  const std::lock_guard lock{mutex_};
  for (auto entry = sealed_.lower_bound(DataKeyId{.kind = kind, .id = {}});
       entry != sealed_.end() && entry->first.kind == kind; ++entry) {
    ids.push_back(entry->first);
  }
  return ids;
}

Result<void> KeyStore::erase(const DataKeyId& id) {
  const std::lock_guard lock{mutex_};
  if (!sealed_.contains(id)) return {};
  if (const auto room = reserve_locked(kRecordHeaderBytes); !room) return room.error();
  encode_record(pending_, kErase, id, {});
  drop_locked(id);
  return {};
}

Result<void> KeyStore::erase_with_room(const DataKeyId& id) {
  auto erased = erase(id);
  if (erased || erased.error() != Errc::limit_reached) return erased;
  if (auto synced = sync(); !synced) return synced;
  return erase(id);
}

Result<void> KeyStore::sync() {
  const std::lock_guard file{file_mutex_};
  return sync_owning_file();
}

Result<void> KeyStore::sync_owning_file() {
  std::vector<std::uint8_t> frame;
  {
    const std::lock_guard lock{mutex_};
    // Bytes still on their way: an exception ended an earlier attempt half-way.
    if (failed_ || unsynced_bytes_ != 0) return Errc::io_error;
    if (pending_.empty()) return {};
    encode_frame(frame, generation_, next_frame_, pending_);
    unsynced_bytes_ = frame.size();
    pending_.clear();
  }
  // A crash here loses the frame or tears it; nothing that relies on it is in the log yet.
  auto done = file_->append(frame);
  if (done) done = file_->sync_data();
  // From here the values survive everything, or the store takes no more.
  const std::lock_guard lock{mutex_};
  unsynced_bytes_ = 0;
  if (!done) {
    failed_ = true;
    return done.error();
  }
  ++next_frame_;
  durable_bytes_ += frame.size();
  return {};
}

// The open file stays the one of this generation when a compaction gives its name to another.
Result<KeyStore::Durable> KeyStore::open_durable() {
  const std::lock_guard file{file_mutex_};
  auto opened = files_->open_for_reading(path_);
  if (!opened) return opened.error();
  return Durable{.file = std::move(*opened), .mark = mark()};
}

Result<void> KeyStore::compact() {
  const std::lock_guard file{file_mutex_};
  if (const auto synced = sync_owning_file(); !synced) return synced.error();
  return compact_owning_file();
}

Result<void> KeyStore::compact_if_due(std::uint64_t garbage_bytes_min) {
  {
    const std::lock_guard lock{mutex_};
    const auto garbage = durable_bytes_ - std::min(durable_bytes_, kHeaderBytes + live_bytes_);
    const auto room = kFileBytesMax - std::min<std::uint64_t>(kFileBytesMax, live_bytes_);
    const auto allowed = std::min(std::max(garbage_bytes_min, 2 * live_bytes_), room / 2);
    if (!has_garbage_ || garbage <= allowed) return {};
  }
  return compact();
}

std::vector<std::uint8_t> KeyStore::encode_live_locked(std::uint64_t* frame_count) const {
  std::vector<std::uint8_t> frames;
  std::vector<std::uint8_t> payload;
  const auto close_frame = [&] {
    if (payload.empty()) return;
    encode_frame(frames, generation_ + 1, (*frame_count)++, payload);
    payload.clear();
  };
  for (const auto& [id, sealed] : sealed_) {
    if (payload.size() + kRecordHeaderBytes + sealed.size() > kFrameBytesMax) close_frame();
    encode_record(payload, kPut, id, sealed);
  }
  close_frame();
  std::vector<std::uint8_t> bytes;
  encode_header(bytes, {.ledger_id = ledger_id_,
                        .generation = generation_ + 1,
                        .compacted_bytes = kHeaderBytes + frames.size()});
  bytes.insert(bytes.end(), frames.begin(), frames.end());
  return bytes;
}

Result<void> KeyStore::compact_owning_file() {
  std::vector<std::uint8_t> bytes;
  std::uint64_t frame_count = 0;
  {
    const std::lock_guard lock{mutex_};
    if (failed_) return Errc::io_error;
    bytes = encode_live_locked(&frame_count);
    // What waits for a sync may be in `bytes` already; written again behind them it changes
    // nothing. An erasure that comes from here on is garbage of the new file.
    has_garbage_ = false;
  }
  // A crash inside leaves the old file, tombstones included, and open() compacts again.
  auto written = write_durably(*files_, path_, bytes);
  auto file = written ? files_->open(path_) : Result<std::unique_ptr<File>>{written.error()};
  const std::lock_guard lock{mutex_};
  if (!file) {
    failed_ = true;
    return file.error();
  }
  file_ = std::move(*file);
  ++generation_;
  next_frame_ = frame_count;
  durable_bytes_ = bytes.size();
  return {};
}

KeyStoreMark KeyStore::mark() const {
  const std::lock_guard lock{mutex_};
  return {.generation = generation_, .bytes = durable_bytes_};
}

std::size_t KeyStore::size() const {
  const std::lock_guard lock{mutex_};
  return sealed_.size();
}

namespace {

// A value that does not open under its key and name can't be told from one that was put there.
std::string find_bad_record(ByteView payload, const LedgerId& ledger_id, ByteView master_key,
                            std::uint64_t& values) {
  ByteReader reader{payload};
  while (reader.left() > 0) {
    const auto start = reader.position();
    const auto type = reader.integer<std::uint8_t>();
    DataKeyId id;
    id.kind = reader.integer<std::uint8_t>();
    reader.fill(id.id);
    const auto sealed = reader.bytes(reader.integer<std::uint16_t>());
    const bool is_put = type == kPut && sealed.size() > kSealOverheadBytes;
    const bool is_erase = type == kErase && sealed.empty();
    const auto where = " at byte " + std::to_string(start) + " of the frame's payload";
    if (!reader.ok() || (!is_put && !is_erase)) return "a record is malformed" + where;
    if (is_erase) continue;
    ++values;
    if (master_key.empty()) continue;
    if (!open_personal(master_key, sealed, associated_data(ledger_id, id)))
      return "a value does not open under the keyring's key" + where;
  }
  return {};
}

}  // namespace

Result<KeyStoreCheck> check_key_store(FileLayer& files, const std::filesystem::path& path,
                                      const LedgerId& ledger_id, KeyStoreMark known,
                                      ByteView master_key) {
  const auto bytes = read_whole(files, path, KeyStore::kFileBytesMax);
  if (!bytes) return bytes.error();
  KeyStoreCheck check;
  const auto problem = [&](std::string what) {
    check.problem = std::move(what);
    return check;
  };
  const auto header = decode_header(*bytes);
  if (!header && header.error() == Errc::unsupported_format) return header.error();
  if (!header) return problem("the header is damaged, byte 0");
  if (header->ledger_id != ledger_id) return problem("it belongs to another ledger, byte 0");
  if (header->generation < known.generation)
    return problem("it is an older copy than the one that HEAD knows");
  std::uint64_t promised = header->compacted_bytes;
  if (known.generation == header->generation) promised = std::max(promised, known.bytes);
  std::size_t at = kHeaderBytes;
  while (at < bytes->size()) {
    const auto where = "the frame at byte " + std::to_string(at);
    const auto frame = decode_frame(ByteView{*bytes}.subspan(at), header->generation);
    if (!frame) return problem(where + " is damaged or cut off");
    if (frame->number != check.frames) return problem(where + " is out of order");
    const auto bad = find_bad_record(frame->payload, ledger_id, master_key, check.values);
    if (!bad.empty()) return problem(where + ": " + bad);
    ++check.frames;
    at += kFrameOverheadBytes + frame->payload.size();
  }
  if (at < promised)
    return problem("it ends at byte " + std::to_string(at) + " of " + std::to_string(promised));
  return check;
}

}  // namespace tokenledger

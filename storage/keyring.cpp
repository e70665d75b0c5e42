#include "storage/keyring.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/invariant.hpp"
#include "storage/byte_codec.hpp"
#include "storage/durable_file.hpp"
#include "storage/format_version.hpp"
#include "storage/personal_cipher.hpp"

namespace tokenledger {
namespace {

constexpr std::array<std::uint8_t, 8> kMagic = {'T', 'L', 'K', 'E', 'Y', 'S', '\r', '\n'};
// Of the payload's marks.
constexpr std::uint8_t kSignedMark = 1;
constexpr std::uint8_t kAnchorMark = 2;
constexpr std::uint8_t kWitnessesMark = 4;
constexpr std::uint8_t kJweMark = 8;  // version 3: the key of encrypted tokens follows the marks
constexpr std::size_t kKeyCheckBytes = 16;
constexpr std::size_t kPrefixBytes = 8 + 4 + 4;  // magic, version, protection
constexpr std::size_t kHeaderBytes = kPrefixBytes + kKeyCheckBytes + 4;
constexpr std::size_t kChecksumBytes = 32;

enum class Protection : std::uint32_t { none = 0, xchacha20_poly1305 = 1 };

std::array<std::uint8_t, kKeyCheckBytes> key_check(const KeyringKey& key, ByteView prefix) {
  std::array<std::uint8_t, kKeyCheckBytes> check{};
  if (!key) return check;
  crypto_generichash(check.data(), check.size(), prefix.data(), prefix.size(), key->view().data(),
                     key->size());
  return check;
}

std::array<std::uint8_t, kChecksumBytes> checksum(ByteView bytes) {
  std::array<std::uint8_t, kChecksumBytes> sum{};
  crypto_generichash(sum.data(), sum.size(), bytes.data(), bytes.size(), nullptr, 0);
  return sum;
}

// A string or key: u32 length, bytes.
void put_field(ByteWriter& writer, ByteView bytes) {
  writer.integer(static_cast<std::uint32_t>(bytes.size()));
  writer.bytes(bytes);
}
// Empty for a length outside 1..bytes_max as well as for missing bytes; both are refused.
ByteView get_field(ByteReader& reader, std::size_t bytes_max) {
  const auto length = reader.integer<std::uint32_t>();
  if (length > bytes_max) return {};
  return reader.bytes(length);
}

bool in_bounds(ByteView name, std::size_t name_max, const SecretBytes& secret) {
  return !name.empty() && name.size() <= name_max && secret.size() > 0 &&
         secret.size() <= Keyring::kPrivateKeyBytesMax;
}

}  // namespace

Keyring::Keyring(std::shared_ptr<FileLayer> files, std::filesystem::path path, KeyringKey key)
    : files_{std::move(files)},
      path_{std::move(path)},
      key_{std::move(key)},
      secrets_{kFixedBytes} {
  LEDGER_INVARIANT(sodium_init() >= 0);
}

Result<std::unique_ptr<Keyring>> Keyring::create(std::shared_ptr<FileLayer> files,
                                                 const std::filesystem::path& path,
                                                 KeyringKey key) {
  if (key && key->size() != kDataKeyBytes) return Errc::keyring_wrong_key;
  std::unique_ptr<Keyring> keyring{new Keyring{std::move(files), path, std::move(key)}};
  randombytes_buf(keyring->ledger_id_.data(), keyring->ledger_id_.size());
  randombytes_buf(keyring->secrets_.writable().data(), kFixedBytes);
  keyring->jwe_secret_ = SecretBytes{kJweSecretBytes};
  randombytes_buf(keyring->jwe_secret_.writable().data(), kJweSecretBytes);
  auto bytes = keyring->encode_file();
  const auto created = create_durably(*keyring->files_, path, bytes);
  sodium_memzero(bytes.data(), bytes.size());
  if (!created) return created.error();
  return keyring;
}

Result<std::unique_ptr<Keyring>> Keyring::load(std::shared_ptr<FileLayer> files,
                                               const std::filesystem::path& path, KeyringKey key) {
  if (key && key->size() != kDataKeyBytes) return Errc::keyring_wrong_key;
  auto bytes = read_whole(*files, path, kFileBytesMax);
  if (!bytes) {
    if (bytes.error() == Errc::file_not_found) return Errc::keyring_missing;
    if (bytes.error() == Errc::too_large) return Errc::keyring_corrupt;
    return bytes.error();
  }
  std::unique_ptr<Keyring> keyring{new Keyring{std::move(files), path, std::move(key)}};
  const auto decoded = keyring->decode_file(*bytes);
  sodium_memzero(bytes->data(), bytes->size());
  if (!decoded) return decoded.error();
  return keyring;
}

SecretBytes Keyring::encode_payload() const {
  std::size_t bytes = ledger_id_.size() + kFixedBytes + 1 + jwe_secret_.size() + 2 * 4;
  for (const auto& key : signing_keys_) bytes += 13 + key.kid.size() + key.private_key.size();
  for (const auto& api : api_secrets_) bytes += 8 + api.identifier.size() + api.secret.size();
  std::vector<std::uint8_t> payload;
  payload.reserve(bytes);  // a reallocation would leave a copy of the secrets behind
  ByteWriter writer{payload};
  writer.bytes(ledger_id_);
  writer.bytes(secrets_.view());
  writer.integer(static_cast<std::uint8_t>(
      (has_signed_checkpoint_ ? kSignedMark : 0) | (keepers_.anchor ? kAnchorMark : 0) |
      (keepers_.witnesses ? kWitnessesMark : 0) | (jwe_secret_.size() != 0 ? kJweMark : 0)));
  writer.bytes(jwe_secret_.view());
  writer.integer(static_cast<std::uint32_t>(signing_keys_.size()));
  for (const auto& key : signing_keys_) {
    writer.integer(key.number);
    writer.integer(key.algorithm);
    put_field(writer, bytes_of(key.kid));
    put_field(writer, key.private_key.view());
  }
  writer.integer(static_cast<std::uint32_t>(api_secrets_.size()));
  for (const auto& api : api_secrets_) {
    put_field(writer, bytes_of(api.identifier));
    put_field(writer, api.secret.view());
  }
  LEDGER_INVARIANT(payload.size() == bytes);
  SecretBytes secret{ByteView{payload}};
  sodium_memzero(payload.data(), payload.size());
  return secret;
}

Result<void> Keyring::decode_payload(ByteView payload, std::uint32_t version) {
  ByteReader reader{payload};
  reader.fill(ledger_id_);
  reader.fill(secrets_.writable());
  const auto marks = version < 2 ? kSignedMark : reader.integer<std::uint8_t>();
  const auto known = kSignedMark | kAnchorMark | kWitnessesMark | (version < 3 ? 0 : kJweMark);
  if ((marks & ~known) != 0) return Errc::keyring_corrupt;
  has_signed_checkpoint_ = (marks & kSignedMark) != 0;
  keepers_ = {(marks & kAnchorMark) != 0, (marks & kWitnessesMark) != 0};
  if ((marks & kJweMark) != 0) {
    jwe_secret_ = SecretBytes{kJweSecretBytes};
    reader.fill(jwe_secret_.writable());
  }
  const auto key_count = reader.integer<std::uint32_t>();
  if (key_count > kSigningKeysMax) return Errc::keyring_corrupt;
  for (std::uint32_t at = 0; at < key_count; ++at) {
    SigningKeyRecord record;
    record.number = reader.integer<std::uint32_t>();
    record.algorithm = reader.integer<std::uint8_t>();
    record.kid = text_of(get_field(reader, kKidBytesMax));
    record.private_key = SecretBytes{get_field(reader, kPrivateKeyBytesMax)};
    if (!in_bounds(bytes_of(record.kid), kKidBytesMax, record.private_key)) {
      return Errc::keyring_corrupt;
    }
    signing_keys_.push_back(std::move(record));
  }
  const auto api_count = reader.integer<std::uint32_t>();
  if (api_count > kApiSecretsMax) return Errc::keyring_corrupt;
  for (std::uint32_t at = 0; at < api_count; ++at) {
    ApiSecretRecord record;
    record.identifier = text_of(get_field(reader, kIdentifierBytesMax));
    record.secret = SecretBytes{get_field(reader, kPrivateKeyBytesMax)};
    if (!in_bounds(bytes_of(record.identifier), kIdentifierBytesMax, record.secret)) {
      return Errc::keyring_corrupt;
    }
    api_secrets_.push_back(std::move(record));
  }
  if (!reader.ok() || reader.left() != 0) return Errc::keyring_corrupt;
  return {};
}

std::vector<std::uint8_t> Keyring::encode_file() const {
  const SecretBytes payload = encode_payload();
  std::vector<std::uint8_t> file;
  file.reserve(kHeaderBytes + payload.size() + kSealOverheadBytes + kChecksumBytes);
  ByteWriter writer{file};
  writer.bytes(kMagic);
  writer.integer(kKeyringVersion);
  writer.integer(
      static_cast<std::uint32_t>(key_ ? Protection::xchacha20_poly1305 : Protection::none));
  const auto check = key_check(key_, file);
  writer.bytes(check);
  if (key_) {
    const auto sealed = seal_personal(key_->view(), payload.view(), ByteView{file});
    put_field(writer, sealed);
  } else {
    put_field(writer, payload.view());
  }
  writer.bytes(checksum(file));
  return file;
}

Result<void> Keyring::decode_file(ByteView file) {
  if (file.size() < kHeaderBytes + kChecksumBytes) return Errc::keyring_corrupt;
  const auto body = file.first(file.size() - kChecksumBytes);
  if (!std::ranges::equal(checksum(body), file.last(kChecksumBytes))) return Errc::keyring_corrupt;
  ByteReader reader{body};
  if (!std::ranges::equal(reader.bytes(kMagic.size()), kMagic)) return Errc::keyring_corrupt;
  const auto version = reader.integer<std::uint32_t>();
  if (version > kKeyringVersion) return Errc::unsupported_format;
  if (version < kKeyringVersionOldest) return Errc::keyring_corrupt;
  const auto protection = reader.integer<std::uint32_t>();
  if (protection > static_cast<std::uint32_t>(Protection::xchacha20_poly1305)) {
    return Errc::unsupported_format;
  }
  const auto check = reader.bytes(kKeyCheckBytes);
  const auto associated = body.first(reader.position());
  const auto payload = get_field(reader, kFileBytesMax);
  if (!reader.ok() || reader.left() != 0) return Errc::keyring_corrupt;

  const bool is_sealed = protection != static_cast<std::uint32_t>(Protection::none);
  if (is_sealed != key_.has_value()) return Errc::keyring_wrong_key;
  if (!is_sealed) return decode_payload(payload, version);
  const auto expected = key_check(key_, body.first(kPrefixBytes));
  if (sodium_memcmp(expected.data(), check.data(), check.size()) != 0) {
    return Errc::keyring_wrong_key;
  }
  const auto plain = open_personal(key_->view(), payload, associated);
  if (!plain) return Errc::keyring_corrupt;  // the right key: so somebody changed it
  return decode_payload(plain->view(), version);
}

Result<void> Keyring::save() const {
  auto bytes = encode_file();
  const auto written = write_durably(*files_, path_, bytes);
  sodium_memzero(bytes.data(), bytes.size());
  return written;
}

Result<void> Keyring::add_signing_key(SigningKeyRecord record) {
  if (!in_bounds(bytes_of(record.kid), kKidBytesMax, record.private_key)) {
    return Errc::invalid_argument;
  }
  if (signing_keys_.size() == kSigningKeysMax) return Errc::limit_reached;
  if (std::ranges::any_of(signing_keys_, [&](const auto& key) { return key.kid == record.kid; })) {
    return Errc::key_exists;
  }
  signing_keys_.push_back(std::move(record));
  const auto saved = save();
  if (!saved) signing_keys_.pop_back();
  return saved;
}

Result<void> Keyring::remove_signing_keys(std::span<const std::string> kids) {
  const auto goes = [&](const SigningKeyRecord& key) {
    return std::ranges::find(kids, key.kid) != kids.end();
  };
  const auto removed = std::stable_partition(signing_keys_.begin(), signing_keys_.end(),
                                             [&](const auto& key) { return !goes(key); });
  if (removed == signing_keys_.end()) return {};
  std::vector<SigningKeyRecord> gone{std::make_move_iterator(removed),
                                     std::make_move_iterator(signing_keys_.end())};
  signing_keys_.erase(removed, signing_keys_.end());
  const auto saved = save();
  if (!saved) std::ranges::move(gone, std::back_inserter(signing_keys_));
  return saved;
}

Result<void> Keyring::add_api_secret(ApiSecretRecord record) {
  if (!in_bounds(bytes_of(record.identifier), kIdentifierBytesMax, record.secret)) {
    return Errc::invalid_argument;
  }
  if (api_secrets_.size() == kApiSecretsMax) return Errc::limit_reached;
  if (std::ranges::any_of(api_secrets_,
                          [&](const auto& api) { return api.identifier == record.identifier; })) {
    return Errc::key_exists;
  }
  api_secrets_.push_back(std::move(record));
  const auto saved = save();
  if (!saved) api_secrets_.pop_back();
  return saved;
}

Result<void> Keyring::ensure_jwe_secret() {
  if (jwe_secret_.size() != 0) return {};
  SecretBytes drawn{kJweSecretBytes};
  randombytes_buf(drawn.writable().data(), drawn.size());
  jwe_secret_ = std::move(drawn);
  const auto saved = save();
  if (!saved) jwe_secret_ = SecretBytes{};
  return saved;
}

Result<void> Keyring::mark_checkpoint_signed() {
  if (has_signed_checkpoint_) return {};
  has_signed_checkpoint_ = true;
  const auto saved = save();
  if (!saved) has_signed_checkpoint_ = false;
  return saved;
}

Result<void> Keyring::set_keepers(CheckpointKeepers keepers) {
  if (keepers_ == keepers) return {};
  const auto earlier = std::exchange(keepers_, keepers);
  const auto saved = save();
  if (!saved) keepers_ = earlier;
  return saved;
}

Result<void> Keyring::replace_checkpoint_seed() {
  const SecretBytes earlier{checkpoint_seed()};
  const auto seed = secrets_.writable().subspan(kCheckpointSeedAt, earlier.size());
  randombytes_buf(seed.data(), seed.size());
  const bool had_signed = std::exchange(has_signed_checkpoint_, false);
  const auto keepers = std::exchange(keepers_, {});  // of the other key
  const auto saved = save();
  if (saved) return saved;
  std::ranges::copy(earlier.view(), seed.begin());
  has_signed_checkpoint_ = had_signed;
  keepers_ = keepers;
  return saved;
}

Result<void> Keyring::change_key(KeyringKey key) {
  if (key && key->size() != kDataKeyBytes) return Errc::keyring_wrong_key;
  std::swap(key_, key);
  const auto saved = save();
  if (!saved) std::swap(key_, key);
  return saved;
}

namespace {

// 32 raw bytes (files only) or 64 hexadecimal digits.
Result<KeyringKey> parse_key(ByteView bytes, bool allow_raw) {
  SecretBytes key{kDataKeyBytes};
  if (allow_raw && bytes.size() == kDataKeyBytes) {
    std::ranges::copy(bytes, key.writable().begin());
    return KeyringKey{std::move(key)};
  }
  if (!bytes.empty() && bytes.back() == '\n') bytes = bytes.first(bytes.size() - 1);
  std::size_t count = 0;
  const int status =
      sodium_hex2bin(key.writable().data(), key.size(), reinterpret_cast<const char*>(bytes.data()),
                     bytes.size(), nullptr, &count, nullptr);
  if (bytes.size() != 2 * kDataKeyBytes || status != 0 || count != kDataKeyBytes) {
    return Errc::keyring_wrong_key;
  }
  return KeyringKey{std::move(key)};
}

Result<KeyringKey> read_key(FileLayer& files, const std::filesystem::path& path) {
  constexpr std::size_t kKeyFileBytesMax = 2 * kDataKeyBytes + 1;
  auto bytes = read_whole(files, path, kKeyFileBytesMax);
  if (!bytes) return Errc::keyring_wrong_key;
  auto key = parse_key(*bytes, true);
  sodium_memzero(bytes->data(), bytes->size());
  return key;
}

}  // namespace

Result<KeyringKey> find_keyring_key(FileLayer& files, const std::filesystem::path& key_file) {
  if (!key_file.empty()) return read_key(files, key_file);
  if (const char* text = std::getenv("TOKENLEDGER_KEYRING_KEY"); text != nullptr) {
    return parse_key(bytes_of(text), false);
  }
  if (const char* directory = std::getenv("CREDENTIALS_DIRECTORY"); directory != nullptr) {
    const auto path = std::filesystem::path{directory} / "tokenledger-keyring-key";
    const auto there = files.exists(path);
    if (!there) return there.error();
    if (*there) return read_key(files, path);
  }
  return KeyringKey{};
}

}  // namespace tokenledger

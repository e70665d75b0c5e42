// The keyring: wrong key, damage and absence are three different answers; a save is all or nothing.
#include "storage/keyring.hpp"

#include <gtest/gtest.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "storage/durable_file.hpp"
#include "storage/fault_injection.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger {
namespace {

using testing_support::as_bytes;
using testing_support::contents;
using testing_support::overwrite;
using testing_support::TemporaryDirectory;

KeyringKey key_of(std::uint8_t byte) {
  return SecretBytes{ByteView{std::vector<std::uint8_t>(32, byte)}};
}
SigningKeyRecord signing_key(const std::string& kid) {
  return {.number = 7, .algorithm = 2, .kid = kid, .private_key = SecretBytes{as_bytes("PRIVATE")}};
}
bool same(ByteView left, ByteView right) { return std::ranges::equal(left, right); }

class KeyringTest : public testing::Test {
 protected:
  std::unique_ptr<Keyring> create(KeyringKey key) {
    auto keyring = Keyring::create(files, path, std::move(key));
    EXPECT_TRUE(keyring);
    return keyring ? std::move(*keyring) : nullptr;
  }
  Errc load_error(KeyringKey key) {
    const auto loaded = Keyring::load(files, path, std::move(key));
    return loaded ? Errc{} : to_errc(loaded.error());
  }

  TemporaryDirectory directory;
  TemporaryDirectory scratch;
  std::shared_ptr<FaultInjectingFileLayer> files =
      std::make_shared<FaultInjectingFileLayer>(scratch.path());
  std::filesystem::path path = directory / "keyring";
};

TEST_F(KeyringTest, LoadsWhatWasSavedProtectedOrNot) {
  for (const bool is_protected : {true, false}) {
    const auto key = [&] { return is_protected ? key_of(1) : KeyringKey{}; };
    const auto made = create(key());
    ASSERT_TRUE(made->add_signing_key(signing_key("k1")));
    ASSERT_TRUE(made->add_signing_key(signing_key("k2")));
    ASSERT_TRUE(made->add_api_secret({"urn:api", SecretBytes{as_bytes("hs256 secret")}}));
    const auto loaded = Keyring::load(files, path, key());
    ASSERT_TRUE(loaded);
    EXPECT_EQ((*loaded)->is_protected(), is_protected);
    EXPECT_EQ((*loaded)->ledger_id(), made->ledger_id());
    EXPECT_TRUE(same((*loaded)->seal_key(), made->seal_key()));
    EXPECT_TRUE(same((*loaded)->master_key(), made->master_key()));
    EXPECT_TRUE(same((*loaded)->checkpoint_seed(), made->checkpoint_seed()));
    EXPECT_FALSE(same(made->master_key(), made->checkpoint_seed()));
    ASSERT_EQ((*loaded)->signing_keys().size(), 2u);
    EXPECT_EQ((*loaded)->signing_keys()[1].kid, "k2");
    EXPECT_EQ((*loaded)->signing_keys()[1].number, 7u);
    EXPECT_EQ((*loaded)->signing_keys()[1].algorithm, 2);
    EXPECT_TRUE(same((*loaded)->signing_keys()[1].private_key.view(), as_bytes("PRIVATE")));
    ASSERT_EQ((*loaded)->api_secrets().size(), 1u);
    EXPECT_TRUE(same((*loaded)->api_secrets()[0].secret.view(), as_bytes("hs256 secret")));
    struct stat status{};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    EXPECT_EQ(contents(path).find("PRIVATE") == std::string::npos, is_protected) << "INV-5";
    ASSERT_TRUE(files->remove(path));
  }
}

TEST_F(KeyringTest, MissingWrongKeyAndExistingAreToldApart) {
  EXPECT_EQ(load_error(key_of(1)), Errc::keyring_missing);
  (void)create(key_of(1));
  EXPECT_EQ(load_error(key_of(2)), Errc::keyring_wrong_key);
  EXPECT_EQ(load_error(std::nullopt), Errc::keyring_wrong_key);
  EXPECT_EQ(load_error(SecretBytes{as_bytes("short")}), Errc::keyring_wrong_key);
  EXPECT_EQ(load_error(key_of(1)), Errc{});
  EXPECT_EQ(Keyring::create(files, path, key_of(1)).error(), Errc::file_exists);
}

TEST_F(KeyringTest, AnUnprotectedFileIsNotAcceptedWhereAKeyIsConfigured) {
  (void)create(std::nullopt);
  EXPECT_EQ(load_error(key_of(1)), Errc::keyring_wrong_key);
}

TEST_F(KeyringTest, AnyFlippedByteAndAnyTruncationIsCorrupt) {
  for (const bool is_protected : {true, false}) {
    const auto key = [&] { return is_protected ? key_of(1) : KeyringKey{}; };
    ASSERT_TRUE(create(key())->add_signing_key(signing_key("k")));
    const std::string good = contents(path);
    for (std::size_t at = 0; at < good.size(); ++at) {
      std::string bad = good;
      bad[at] ^= 0x01;
      overwrite(path, bad);
      EXPECT_EQ(load_error(key()), Errc::keyring_corrupt) << "flipped " << at;
      overwrite(path, good.substr(0, at));
      EXPECT_EQ(load_error(key()), Errc::keyring_corrupt) << "cut at " << at;
    }
    overwrite(path, good + "x");
    EXPECT_EQ(load_error(key()), Errc::keyring_corrupt);
    ASSERT_TRUE(files->remove(path));
  }
}

TEST_F(KeyringTest, BoundsAndDuplicatesAreRefusedWithoutAChange) {
  const auto keyring = create(key_of(1));
  ASSERT_TRUE(keyring->add_signing_key(signing_key("k")));
  EXPECT_EQ(keyring->add_signing_key(signing_key("k")).error(), Errc::key_exists);
  EXPECT_EQ(keyring->add_signing_key(signing_key("")).error(), Errc::invalid_argument);
  EXPECT_EQ(keyring->add_signing_key(signing_key(std::string(129, 'k'))).error(),
            Errc::invalid_argument);
  EXPECT_EQ(keyring->add_api_secret({"", SecretBytes{as_bytes("s")}}).error(),
            Errc::invalid_argument);
  EXPECT_EQ(keyring->add_api_secret({"a", SecretBytes{}}).error(), Errc::invalid_argument);
  EXPECT_EQ(keyring->signing_keys().size(), 1u);
  EXPECT_EQ((*Keyring::load(files, path, key_of(1)))->signing_keys().size(), 1u);
}

TEST_F(KeyringTest, AnotherCheckpointSeedIsDurableAndLeavesTheOtherSecretsAlone) {
  const auto keyring = create(key_of(1));
  const SecretBytes earlier{keyring->checkpoint_seed()};
  const SecretBytes seal{keyring->seal_key()};
  const SecretBytes idempotency{keyring->idempotency_key()};
  ASSERT_TRUE(keyring->replace_checkpoint_seed());
  EXPECT_FALSE(same(keyring->checkpoint_seed(), earlier.view()));
  const auto loaded = Keyring::load(files, path, key_of(1));
  ASSERT_TRUE(loaded);
  EXPECT_TRUE(same((*loaded)->checkpoint_seed(), keyring->checkpoint_seed()));
  EXPECT_TRUE(same((*loaded)->seal_key(), seal.view()));
  EXPECT_TRUE(same((*loaded)->idempotency_key(), idempotency.view()));
}

// What a program of version 2 left: no key of encrypted tokens, and no mark that says so.
std::string as_version_2(std::string file) {
  constexpr std::size_t kVersionAt = 8, kLengthAt = 32, kPayloadAt = 36, kMarksAt = 16 + 176;
  constexpr std::size_t kJweBytes = 32, kChecksumBytes = 32;
  const auto put = [&](std::size_t at, std::size_t value) {
    for (std::size_t byte = 0; byte < 4; ++byte)
      file[at + byte] = static_cast<char>(value >> (8 * byte) & 0xFF);
  };
  file.erase(kPayloadAt + kMarksAt + 1, kJweBytes);
  file[kPayloadAt + kMarksAt] = static_cast<char>(file[kPayloadAt + kMarksAt] & 7);
  put(kVersionAt, 2);
  put(kLengthAt, file.size() - kPayloadAt - kChecksumBytes);
  auto* bytes = reinterpret_cast<std::uint8_t*>(file.data());
  const auto body = file.size() - kChecksumBytes;
  crypto_generichash(bytes + body, kChecksumBytes, bytes, body, nullptr, 0);
  return file;
}

TEST_F(KeyringTest, AFileOfVersion2HasNoKeyOfEncryptedTokensUntilOneIsDrawnForGood) {
  const auto made = create(std::nullopt);
  EXPECT_EQ(made->jwe_secret().size(), 32u);
  ASSERT_TRUE(made->add_signing_key(signing_key("k")));
  EXPECT_TRUE(same((*Keyring::load(files, path, {}))->jwe_secret(), made->jwe_secret()));
  overwrite(path, as_version_2(contents(path)));
  auto old = Keyring::load(files, path, {});
  ASSERT_TRUE(old);
  EXPECT_TRUE((*old)->jwe_secret().empty());
  EXPECT_EQ((*old)->signing_keys().size(), 1u);
  ASSERT_TRUE((*old)->mark_checkpoint_signed());
  EXPECT_TRUE((*Keyring::load(files, path, {}))->jwe_secret().empty()) << "written again without";
  ASSERT_TRUE((*old)->ensure_jwe_secret());
  const auto again = Keyring::load(files, path, {});
  ASSERT_TRUE(again);
  EXPECT_TRUE(same((*again)->jwe_secret(), (*old)->jwe_secret()));
  EXPECT_FALSE(same((*again)->jwe_secret(), made->jwe_secret()));
  EXPECT_EQ((*again)->signing_keys().size(), 1u);
}

TEST_F(KeyringTest, ThatTheCheckpointKeyHasSignedIsDurableUntilItIsReplaced) {
  const auto has_signed = [&] {
    return (*Keyring::load(files, path, key_of(1)))->has_signed_checkpoint();
  };
  const auto keyring = create(key_of(1));
  EXPECT_FALSE(has_signed());
  ASSERT_TRUE(keyring->mark_checkpoint_signed());
  EXPECT_TRUE(has_signed());
  ASSERT_TRUE(keyring->add_api_secret({"a", SecretBytes{as_bytes("S")}}));
  EXPECT_TRUE(has_signed());
  ASSERT_TRUE(keyring->replace_checkpoint_seed());
  EXPECT_FALSE(has_signed());
  EXPECT_FALSE(keyring->has_signed_checkpoint());
}

TEST_F(KeyringTest, AnotherCheckpointKeyHasNoAnchorYetUnlessItWasNotSaved) {
  const auto has_anchor = [&] {
    return (*Keyring::load(files, path, key_of(1)))->keepers().anchor;
  };
  const auto keyring = create(key_of(1));
  ASSERT_TRUE(keyring->mark_checkpoint_signed());
  ASSERT_TRUE(keyring->set_keepers({.anchor = true}));
  files->restart();
  files->set_fault({.operation = 1, .kind = FaultKind::not_persisted});
  EXPECT_FALSE(keyring->replace_checkpoint_seed());
  files->restart();
  EXPECT_TRUE(keyring->keepers().anchor);
  EXPECT_TRUE(keyring->has_signed_checkpoint());
  EXPECT_TRUE(has_anchor());
  ASSERT_TRUE(keyring->replace_checkpoint_seed());
  EXPECT_FALSE(keyring->keepers().anchor);
  EXPECT_FALSE(has_anchor());
}

TEST_F(KeyringTest, ChangingTheKeyLocksOutTheOldOne) {
  const auto keyring = create(std::nullopt);
  ASSERT_TRUE(keyring->change_key(key_of(9)));
  EXPECT_EQ(load_error(std::nullopt), Errc::keyring_wrong_key);
  const auto loaded = Keyring::load(files, path, key_of(9));
  ASSERT_TRUE(loaded);
  EXPECT_EQ((*loaded)->ledger_id(), keyring->ledger_id());
}

TEST_F(KeyringTest, ASaveCutAtAnyFaultPointLeavesTheOldKeysOrTheNew) {
  (void)create(key_of(1));
  for (const auto kind : {FaultKind::not_persisted, FaultKind::persisted, FaultKind::torn}) {
    for (std::uint64_t operation = 1;; ++operation) {
      auto keyring = *Keyring::load(files, path, key_of(1));
      const std::size_t before = keyring->signing_keys().size();
      files->restart();
      files->set_fault({.operation = operation, .kind = kind, .torn_bytes = 20});
      const auto added = keyring->add_signing_key(
          signing_key(std::to_string(static_cast<int>(kind)) + std::to_string(operation)));
      const bool reached = files->crashed();
      EXPECT_EQ(added.has_value(), !reached);
      EXPECT_EQ(keyring->signing_keys().size(), before + (added ? 1 : 0));
      ASSERT_TRUE(files->drop_unsynced());
      const auto after = Keyring::load(files, path, key_of(1));
      ASSERT_TRUE(after) << operation;
      EXPECT_GE((*after)->signing_keys().size(), before + (added ? 1 : 0));
      EXPECT_LE((*after)->signing_keys().size(), before + 1);
      if (!reached) break;
    }
  }
}

struct KeySourceCase {
  const char* name;
  std::string text;
  bool good;
};

TEST_F(KeyringTest, KeyFilesAreRawOrHexadecimalAndNeverSilentlyIgnored) {
  const std::string hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
  const KeySourceCase kRows[] = {
      {"raw", std::string(32, 'r'), true},      {"hex", hex, true},
      {"hex with newline", hex + "\n", true},   {"empty", "", false},
      {"short", hex.substr(2), false},          {"long", hex + "00", false},
      {"not hex", "zz" + hex.substr(2), false}, {"two newlines", hex + "\n\n", false},
  };
  for (const auto& row : kRows) {
    overwrite(directory / "key", row.text);
    const auto key = find_keyring_key(*files, directory / "key");
    EXPECT_EQ(key.has_value(), row.good) << row.name;
    if (!row.good) {
      EXPECT_EQ(key.error(), Errc::keyring_wrong_key) << row.name;
    }
  }
  EXPECT_EQ(find_keyring_key(*files, directory / "gone").error(), Errc::keyring_wrong_key);
}

TEST_F(KeyringTest, TheKeyComesFromTheEnvironmentOrTheSystemdCredential) {
  ::unsetenv("TOKENLEDGER_KEYRING_KEY");
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_FALSE(find_keyring_key(*files, {})->has_value());
  overwrite(directory / "tokenledger-keyring-key", std::string(32, 'c'));
  ::setenv("CREDENTIALS_DIRECTORY", directory.path().c_str(), 1);
  EXPECT_EQ((**find_keyring_key(*files, {})).view()[0], 'c');
  ::setenv("TOKENLEDGER_KEYRING_KEY", std::string(64, 'a').c_str(), 1);
  EXPECT_EQ((**find_keyring_key(*files, {})).view()[0], 0xAA);
  ::setenv("TOKENLEDGER_KEYRING_KEY", "secret", 1);
  EXPECT_EQ(find_keyring_key(*files, {}).error(), Errc::keyring_wrong_key);
  ::unsetenv("TOKENLEDGER_KEYRING_KEY");
  ::unsetenv("CREDENTIALS_DIRECTORY");
}

}  // namespace
}  // namespace tokenledger

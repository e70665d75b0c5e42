// The key store (INV-8): synced keys survive everything, erased ones nothing brings back.
#include "storage/key_store.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "storage/fault_injection.hpp"
#include "storage/personal_cipher.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger {
namespace {

using testing_support::as_bytes;
using testing_support::contents;
using testing_support::overwrite;
using testing_support::TemporaryDirectory;

const std::vector<std::uint8_t> kMaster(32, 0x11);
const LedgerId kLedger = {1, 2, 3};
DataKeyId subject(std::uint64_t number) { return DataKeyId::of(1, number); }

class KeyStoreTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(KeyStore::create(*files, path, kLedger)); }
  Result<std::unique_ptr<KeyStore>> try_open(KeyStoreMark known = {}) {
    return KeyStore::open(files, path, kLedger, kMaster, known);
  }
  std::unique_ptr<KeyStore> open(KeyStoreMark known = {}) {
    auto store = try_open(known);
    EXPECT_TRUE(store) << store.error().message();
    return store ? std::move(*store) : nullptr;
  }
  static std::string text(const KeyStore& store, std::uint64_t number) {
    const auto value = store.get(subject(number));
    return value ? std::string{text_of(value->view())} : errc_name(to_errc(value.error()));
  }

  TemporaryDirectory directory;
  TemporaryDirectory scratch;
  std::shared_ptr<FaultInjectingFileLayer> files =
      std::make_shared<FaultInjectingFileLayer>(scratch.path());
  std::filesystem::path path = directory / "keystore";
};

TEST_F(KeyStoreTest, GivesBackWhatWasPutBeforeAndAfterReopening) {
  auto store = open();
  const auto key = store->create_key(subject(1));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->size(), 32u);
  EXPECT_EQ(store->create_key(subject(1)).error(), Errc::key_exists);
  ASSERT_TRUE(store->put(subject(2), as_bytes("first")));
  ASSERT_TRUE(store->put(subject(2), as_bytes("hash")));
  EXPECT_EQ(text(*store, 2), "hash");
  ASSERT_TRUE(store->sync());
  const auto mark = store->mark();
  store = open(mark);
  EXPECT_TRUE(std::ranges::equal(store->get(subject(1))->view(), key->view()));
  EXPECT_EQ(text(*store, 2), "hash");
  EXPECT_EQ(text(*store, 3), "data_key_missing");
  EXPECT_EQ(store->size(), 2u);
  EXPECT_EQ(contents(path).find("hash"), std::string::npos);
}

// What a thread created before its own sync() returned is in the file, whoever's fsync wrote it;
// creating goes on while the disk works, and compactions run in between.
TEST_F(KeyStoreTest, INV8ThreadsThatCreateEraseSyncAndCompactLoseNoKey) {
  constexpr std::uint64_t kThreads = 4;
  constexpr std::uint64_t kKeys = 900;  // of each thread; every third is erased again
  // Not in memory: the disk's fsync must take its time, so that others run meanwhile.
  const std::shared_ptr<FileLayer> disk = make_posix_file_layer();
  const auto path = std::filesystem::current_path() / ("keystore-" + std::to_string(::getpid()));
  ASSERT_TRUE(KeyStore::create(*disk, path, kLedger));
  auto store = *KeyStore::open(disk, path, kLedger, kMaster, {});
  std::atomic<std::uint64_t> failed{0};
  std::latch start{kThreads};
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        start.arrive_and_wait();
        for (std::uint64_t i = 0; i < kKeys; ++i) {
          const auto number = thread * kKeys + i;
          if (!store->create_key(subject(number))) ++failed;
          if (i % 10 == 0 && !store->sync()) ++failed;
          if (i % 3 == 0 && !store->erase(subject(number))) ++failed;
          if (i == 50 && !store->compact()) ++failed;
        }
        if (!store->sync()) ++failed;
      });
    }
  }
  EXPECT_EQ(failed, 0u);
  const auto mark = store->mark();
  store.reset();
  store = *KeyStore::open(disk, path, kLedger, kMaster, mark);
  for (std::uint64_t number = 0; number < kThreads * kKeys; ++number) {
    const bool is_erased = number % kKeys % 3 == 0;
    EXPECT_EQ(store->get(subject(number)).has_value(), !is_erased) << number;
  }
  std::filesystem::remove(path);
}

TEST_F(KeyStoreTest, AnErasedKeyIsGoneFromMemoryAndAfterCompactionFromTheFile) {
  auto store = open();
  ASSERT_TRUE(store->put(subject(1), as_bytes("one")));
  ASSERT_TRUE(store->sync());
  const std::string wrapped = contents(path).substr(contents(path).size() - 30, 20);
  ASSERT_TRUE(store->put(subject(2), as_bytes("two")));
  ASSERT_TRUE(store->erase(subject(1)));
  ASSERT_TRUE(store->erase(subject(1)));
  ASSERT_TRUE(store->erase(subject(99)));
  EXPECT_EQ(text(*store, 1), "data_key_missing");
  ASSERT_TRUE(store->sync());
  EXPECT_NE(contents(path).find(wrapped), std::string::npos);
  ASSERT_TRUE(store->compact());
  EXPECT_EQ(contents(path).find(wrapped), std::string::npos);
  ASSERT_TRUE(store->put(subject(3), as_bytes("three")));
  ASSERT_TRUE(store->sync());
  store = open(store->mark());
  EXPECT_EQ(text(*store, 1), "data_key_missing");
  EXPECT_EQ(text(*store, 2), "two");
  EXPECT_EQ(text(*store, 3), "three");
}

TEST_F(KeyStoreTest, AnErasureThatWasNotCompactedIsRepeatedAtOpen) {
  auto store = open();
  ASSERT_TRUE(store->put(subject(1), as_bytes("one")));
  ASSERT_TRUE(store->sync());
  const std::string wrapped = contents(path).substr(contents(path).size() - 30, 20);
  ASSERT_TRUE(store->erase(subject(1)));
  ASSERT_TRUE(store->sync());
  const auto before = store->mark();
  store = open(before);
  EXPECT_EQ(contents(path).find(wrapped), std::string::npos);
  EXPECT_EQ(store->mark().generation, before.generation + 1);
}

TEST_F(KeyStoreTest, TheLastFrameTornAtEveryByteIsDroppedUnlessItWasDurable) {
  auto store = open();
  ASSERT_TRUE(store->put(subject(1), as_bytes("one")));
  ASSERT_TRUE(store->sync());
  const auto first = store->mark();
  ASSERT_TRUE(store->put(subject(2), as_bytes("two")));
  ASSERT_TRUE(store->put(subject(3), as_bytes("three")));
  ASSERT_TRUE(store->sync());
  const auto second = store->mark();
  store.reset();
  const std::string good = contents(path);
  ASSERT_EQ(good.size(), second.bytes);
  for (std::size_t length = first.bytes; length < good.size(); ++length) {
    overwrite(path, good.substr(0, length));
    EXPECT_EQ(try_open(second).error(), Errc::key_store_corrupt) << length;
    store = open(first);
    EXPECT_EQ(text(*store, 1), "one");
    EXPECT_EQ(text(*store, 2), "data_key_missing");
    EXPECT_EQ(contents(path).size(), first.bytes) << "the torn tail is cut";
    ASSERT_TRUE(store->put(subject(4), as_bytes("four")));
    ASSERT_TRUE(store->sync());
    store = open(store->mark());
    EXPECT_EQ(text(*store, 4), "four");
  }
  for (std::size_t length = 0; length < first.bytes; ++length) {
    overwrite(path, good.substr(0, length));
    EXPECT_EQ(try_open(first).error(), Errc::key_store_corrupt) << length;
  }
}

TEST_F(KeyStoreTest, AnyFlippedByteBeforeTheLastFrameIsRefused) {
  auto store = open();
  for (std::uint64_t number = 1; number <= 2; ++number) {
    ASSERT_TRUE(store->put(subject(number), as_bytes("value")));
    ASSERT_TRUE(store->sync());
  }
  const auto mark = store->mark();
  store.reset();
  const std::string good = contents(path);
  const std::size_t first_frame_end = good.size() - (good.size() - 48) / 2;
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] ^= 0x20;
    overwrite(path, bad);
    EXPECT_EQ(try_open(mark).error(), Errc::key_store_corrupt) << at;
    if (at >= first_frame_end) continue;
    overwrite(path, bad);
    EXPECT_EQ(try_open().error(), Errc::key_store_corrupt) << "even without a mark: " << at;
  }
}

TEST_F(KeyStoreTest, AnotherLedgersFileAnOlderCopyAndAnotherMasterAreRefused) {
  auto store = open();
  ASSERT_TRUE(store->put(subject(1), as_bytes("one")));
  ASSERT_TRUE(store->sync());
  const std::string old_copy = contents(path);
  ASSERT_TRUE(store->compact());
  const auto mark = store->mark();
  EXPECT_EQ(KeyStore::open(files, path, LedgerId{9}, kMaster, {}).error(), Errc::key_store_corrupt);
  const std::vector<std::uint8_t> other_master(32, 0x12);
  const auto other = KeyStore::open(files, path, kLedger, other_master, mark);
  EXPECT_EQ((*other)->get(subject(1)).error(), Errc::key_store_corrupt);
  EXPECT_EQ(KeyStore::open(files, path, kLedger, as_bytes("short"), {}).error(),
            Errc::invalid_argument);
  overwrite(path, old_copy);
  EXPECT_EQ(try_open(mark).error(), Errc::key_store_corrupt);
  ASSERT_TRUE(files->remove(path));
  EXPECT_EQ(try_open().error(), Errc::file_not_found);
}

TEST_F(KeyStoreTest, ValuesAndFramesAreBounded) {
  const auto store = open();
  EXPECT_EQ(store->put(subject(1), {}).error(), Errc::invalid_argument);
  const std::string big(KeyStore::kValueBytesMax + 1, 'x');
  EXPECT_EQ(store->put(subject(1), as_bytes(big)).error(), Errc::invalid_argument);
  const auto largest = std::string_view{big}.substr(1);
  Errc refused{};
  for (std::uint64_t number = 0; refused == Errc{}; ++number) {
    ASSERT_LT(number, 10'000u);
    if (const auto put = store->put(subject(number), as_bytes(largest)); !put) {
      refused = to_errc(put.error());
    }
  }
  EXPECT_EQ(refused, Errc::limit_reached);
  ASSERT_TRUE(store->sync());
  EXPECT_TRUE(store->put(subject(1'000'000), as_bytes(largest)));
}

TEST_F(KeyStoreTest, AfterAFailedSyncEveryChangeIsRefused) {
  const auto store = open();
  ASSERT_TRUE(store->put(subject(1), as_bytes("one")));
  files->set_fault({.operation = files->operation_count() + 1,
                    .kind = FaultKind::not_persisted,
                    .then_crash = false});
  EXPECT_EQ(store->sync().error(), Errc::io_error);
  EXPECT_EQ(store->put(subject(2), as_bytes("two")).error(), Errc::io_error);
  EXPECT_EQ(store->sync().error(), Errc::io_error);
  EXPECT_EQ(store->compact().error(), Errc::io_error);
}

// Every fault point of put, sync, erase, sync, compact: then a power cut, then open.
TEST_F(KeyStoreTest, SyncedChangesSurviveEveryFaultPoint) {
  for (const auto kind : {FaultKind::not_persisted, FaultKind::persisted, FaultKind::torn}) {
    for (std::uint64_t operation = 1;; ++operation) {
      ASSERT_TRUE(files->remove(path));
      ASSERT_TRUE(KeyStore::create(*files, path, kLedger));
      auto store = open();
      files->restart();
      files->set_fault({.operation = operation, .kind = kind, .torn_bytes = 33});
      KeyStoreMark mark = store->mark();
      bool put_synced = false;
      bool erase_synced = false;
      if (store->put(subject(1), as_bytes("one")) && store->put(subject(2), as_bytes("two")) &&
          store->sync()) {
        put_synced = true;
        mark = store->mark();
        if (store->erase(subject(1)) && store->sync()) {
          erase_synced = true;
          mark = store->mark();
          if (store->compact()) mark = store->mark();
        }
      }
      const bool reached = files->crashed();
      store.reset();
      ASSERT_TRUE(files->drop_unsynced());
      store = open(mark);
      ASSERT_TRUE(store) << operation;
      if (put_synced) {
        EXPECT_EQ(text(*store, 2), "two") << operation;
      }
      if (erase_synced) {
        EXPECT_EQ(text(*store, 1), "data_key_missing") << operation;
      }
      if (!reached) break;
    }
  }
}

// What comes and is refused for ever must not fill the file.
TEST_F(KeyStoreTest, INV7GarbageIsDroppedWhileRunningOnceThereIsMoreThanTheBoundAllows) {
  const auto store = open();
  constexpr std::uint64_t kBound = 100'000;
  const std::string value(400, 'v');
  std::uint64_t largest = 0;
  for (std::uint64_t round = 0; round < 2'000; ++round) {
    ASSERT_TRUE(store->put(subject(7), as_bytes(value)));
    ASSERT_TRUE(store->put(subject(1'000 + round), as_bytes(value)));
    ASSERT_TRUE(store->erase(subject(1'000 + round)));
    ASSERT_TRUE(store->sync());
    ASSERT_TRUE(store->compact_if_due(kBound));
    largest = std::max(largest, store->mark().bytes);
  }
  EXPECT_LT(largest, kBound + 3'000);
  EXPECT_GT(largest, kBound - 3'000) << "not at every occasion";
  EXPECT_EQ(store->size(), 1u);
  EXPECT_EQ(text(*store, 7), value);
}

TEST_F(KeyStoreTest, LiveValuesAreNotRewrittenForLittleGarbage) {
  const auto store = open();
  const std::string value(400, 'v');
  for (std::uint64_t number = 0; number < 100; ++number)
    ASSERT_TRUE(store->put(subject(number), as_bytes(value)));
  const auto erase_many = [&](std::uint64_t count) {
    for (std::uint64_t number = 0; number < count; ++number) {
      ASSERT_TRUE(store->put(subject(1'000), as_bytes(value)));
      ASSERT_TRUE(store->erase(subject(1'000)));
    }
    ASSERT_TRUE(store->sync());
    ASSERT_TRUE(store->compact_if_due(1));
  };
  erase_many(180);
  EXPECT_EQ(store->mark().generation, 1u) << "less than twice what is live";
  erase_many(30);
  EXPECT_EQ(store->mark().generation, 2u);
}

// Every fault point of the compaction while running, then a power cut or only the process's death.
TEST_F(KeyStoreTest, INV8ACompactionWhileRunningThatDiesAtAnyStepKeepsLiveKeysAndRevivesNone) {
  constexpr std::uint64_t kKeys = 40;
  std::uint64_t steps = 0;
  for (const bool is_power_cut : {true, false}) {
    for (const auto kind : {FaultKind::not_persisted, FaultKind::persisted, FaultKind::torn}) {
      for (std::uint64_t step = 1;; ++step) {
        ASSERT_TRUE(files->remove(path));
        ASSERT_TRUE(KeyStore::create(*files, path, kLedger));
        auto store = open();
        for (std::uint64_t number = 0; number < kKeys; ++number)
          ASSERT_TRUE(store->put(subject(number), as_bytes("value " + std::to_string(number))));
        for (std::uint64_t number = 0; number < kKeys; ++number) {
          if (number % 4 == 0) continue;
          ASSERT_TRUE(store->erase(subject(number)));
        }
        ASSERT_TRUE(store->sync());
        const auto known = store->mark();  // HEAD is not written before the store is used again
        files->restart();
        files->set_fault({.operation = step, .kind = kind, .torn_bytes = 33});
        const auto compacted = store->compact_if_due(0);
        const bool reached = files->crashed();
        EXPECT_EQ(compacted.has_value(), !reached);
        if (reached) {
          EXPECT_EQ(store->put(subject(1'000), as_bytes("x")).error(), Errc::io_error);
        } else {
          files->clear_fault();
          EXPECT_EQ(store->mark().generation, known.generation + 1);
          ASSERT_TRUE(store->put(subject(1'000), as_bytes("later")));
          ASSERT_TRUE(store->sync());
        }
        store.reset();
        if (is_power_cut) {
          ASSERT_TRUE(files->drop_unsynced());
        } else {
          files->restart();
        }
        store = open(known);
        ASSERT_TRUE(store) << step;
        for (std::uint64_t number = 0; number < kKeys; ++number) {
          EXPECT_EQ(text(*store, number), number % 4 != 0 ? std::string{"data_key_missing"}
                                                          : "value " + std::to_string(number))
              << step;
        }
        if (!reached) {
          EXPECT_EQ(text(*store, 1'000), "later");
          break;
        }
        ++steps;
      }
    }
  }
  EXPECT_GE(steps, 2u * 3u * 4u) << "create, append, sync, rename, sync_directory";
}

TEST_F(KeyStoreTest, IgnoredSyncsLoseKeys) {
  auto store = open();
  files->set_ignore_sync(true);
  ASSERT_TRUE(store->put(subject(1), as_bytes("one")));
  ASSERT_TRUE(store->sync());
  const auto mark = store->mark();
  store.reset();
  ASSERT_TRUE(files->drop_unsynced());
  EXPECT_EQ(try_open(mark).error(), Errc::key_store_corrupt);
}

TEST(PersonalCipher, OpensOnlyWithItsKeyItsPlaceAndItsBytes) {
  const std::vector<std::uint8_t> key(32, 1);
  const std::vector<std::uint8_t> other(32, 2);
  const auto sealed = seal_personal(key, as_bytes("Ada"), as_bytes("seq 7"));
  EXPECT_EQ(sealed.size(), 3 + kSealOverheadBytes);
  EXPECT_EQ(text_of(open_personal(key, sealed, as_bytes("seq 7"))->view()), "Ada");
  EXPECT_EQ(open_personal(other, sealed, as_bytes("seq 7")).error(), Errc::crypto_failure);
  EXPECT_EQ(open_personal(key, sealed, as_bytes("seq 8")).error(), Errc::crypto_failure);
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    auto bad = sealed;
    bad[at] ^= 1;
    EXPECT_FALSE(open_personal(key, bad, as_bytes("seq 7"))) << at;
    EXPECT_FALSE(open_personal(key, ByteView{sealed}.first(at), as_bytes("seq 7"))) << at;
  }
  EXPECT_NE(sealed, seal_personal(key, as_bytes("Ada"), as_bytes("seq 7")));
}

// RFC 4231 test case 2.
TEST(PersonalCipher, LookupIsHmacSha256) {
  const auto digest = personal_lookup(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"));
  EXPECT_EQ(digest[0], 0x5B);
  EXPECT_EQ(digest[1], 0xDC);
  EXPECT_EQ(digest[30], 0x38);
  EXPECT_EQ(digest[31], 0x43);
}

}  // namespace
}  // namespace tokenledger

// The keyring as live keys: lookups never wait for the disk.
#include "storage/ledger_keys.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>

#include "storage/keyring.hpp"
#include "tests/storage/forwarding_files.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger {
namespace {

using testing_support::TemporaryDirectory;

// A disk on which making a directory's names durable takes until the test says so.
class SlowFiles final : public testing_support::ForwardingFiles {
 public:
  Result<void> sync_directory(const std::filesystem::path& directory) override {
    if (is_slow) {
      reached.count_down();
      goes_on.wait();
    }
    return ForwardingFiles::sync_directory(directory);
  }

  std::atomic<bool> is_slow{false};
  std::latch reached{1};
  std::latch goes_on{1};
};

SigningKey new_key() {
  auto key = SigningKey::generate(SignatureAlgorithm::eddsa);
  EXPECT_TRUE(key);
  return std::move(*key);
}

TEST(LedgerKeys, LookupsGoOnWhileTheKeyringIsBeingSaved) {
  const TemporaryDirectory directory;
  const auto files = std::make_shared<SlowFiles>();
  auto keyring = Keyring::create(files, directory / "keyring", KeyringKey{});
  ASSERT_TRUE(keyring);
  auto made = LedgerKeys::make(std::move(*keyring));
  ASSERT_TRUE(made);
  auto& keys = **made;
  const auto first = keys.add(new_key());
  ASSERT_TRUE(first);

  files->is_slow = true;
  auto second = std::async(std::launch::async, [&] { return keys.add(new_key()); });
  files->reached.wait();
  // The save stands at its last step. Both run on another thread, so that a lock that is held fails
  // the test instead of hanging it.
  auto found = std::async(std::launch::async, [&] { return keys.signing_key((*first)->kid()); });
  auto all = std::async(std::launch::async, [&] { return keys.signing_keys().size(); });
  const auto limit = std::chrono::seconds{10};
  const bool is_free = found.wait_for(limit) == std::future_status::ready &&
                       all.wait_for(limit) == std::future_status::ready;
  files->goes_on.count_down();
  ASSERT_TRUE(is_free) << "a lookup waited for the disk";
  EXPECT_EQ(found.get(), *first);
  EXPECT_EQ(all.get(), 1u) << "a key is not used before it is durable";
  const auto added = second.get();
  ASSERT_TRUE(added);
  EXPECT_EQ(keys.signing_key((*added)->kid()), *added);
}

}  // namespace
}  // namespace tokenledger

// A ledger in a temporary directory with a clock that tests move, one API and clients made by name.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "storage/clock.hpp"
#include "storage/ledger.hpp"
#include "storage/ledger_core.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger::testing_support {

// Stands still until moved. Time since boot moves along with pass(), so that is no jump.
class MovableClock final : public Clock {
 public:
  LedgerTime now() const noexcept override {
    return LedgerTime{kStart + passed_.load() + jumped_.load()};
  }
  std::uint64_t since_boot_ns() const noexcept override { return 1 + passed_.load(); }
  void pass(std::uint64_t seconds) { passed_ += seconds * kNanosecondsPerSecond; }
  // The wall clock alone, forward.
  void jump(std::uint64_t seconds) { jumped_ += seconds * kNanosecondsPerSecond; }

 private:
  static constexpr std::uint64_t kStart = 1'700'000'000 * kNanosecondsPerSecond;
  std::atomic<std::uint64_t> passed_{0}, jumped_{0};
};

class LedgerTest : public testing::Test {
 protected:
  static constexpr const char* kApi = "https://api.example.com/geocoding/v1/";

  void SetUp() override { open(); }

  LedgerOptions options() {
    LedgerOptions options;
    options.directory = directory_ / "ledger";
    options.clock = clock_;
    options.sweep_every = sweep_every_;
    options.on_warning = [this](const std::string& what) {
      const std::scoped_lock lock{warnings_mutex_};
      warnings_ += what + '\n';
    };
    options.free_bytes_min = free_bytes_min_;
    options.on_poisoned = [this](const std::string& what) { poisoned_ = what; };
    return options;
  }
  void open() { open(options()); }
  void open(LedgerOptions options) {
    std::string why;
    auto opened = Ledger::open(std::move(options), &why);
    ASSERT_TRUE(opened) << why;
    ledger_ = std::move(*opened);
  }
  void reopen() { reopen(options()); }
  void reopen(LedgerOptions options) {
    const auto closed = ledger_->close();
    ASSERT_TRUE(closed) << closed.error().message();
    ledger_.reset();
    open(std::move(options));
  }

  Result<Committed> submit(CommandPayload payload) {
    return ledger_->submit({Actor{.kind = ActorKind::host}, {}, std::nullopt, std::move(payload)});
  }
  void add_api(TokenKind format = TokenKind::jwt) {
    CreateApi api{.identifier = kApi, .built_in = false, .settings = {}, .hs256_kid = {}};
    api.settings.name = "Geocoding";
    api.settings.scopes = {{"read", ""}, {"write", ""}};
    api.settings.signing_alg = SignatureAlgorithm::eddsa;
    api.settings.token_format = format;
    ASSERT_TRUE(submit(std::move(api)));
  }
  void add_client(const std::string& client_id) {
    RegisterClient client{
        .client_id = client_id, .built_in = false, .settings = {}, .secret_hash = {}};
    client.settings.name = client_id;
    ASSERT_TRUE(submit(std::move(client)));
    ASSERT_TRUE(submit(AddClientGrant{client_id, kApi, {"read", "write"}}));
  }
  IssuedToken issue(const std::string& client_id, std::uint32_t lifetime_s = 3'600) {
    IssueRequest request;
    request.client_id = client_id;
    request.audience = kApi;
    request.lifetime_s = lifetime_s;
    auto issued = ledger_->issue(std::move(request));
    EXPECT_TRUE(issued) << issued.error().message();
    return issued ? std::move(*issued) : IssuedToken{};
  }
  bool check(const IssuedToken& token) { return ledger_->check(token.token, kApi); }
  TokenStatus status(const IssuedToken& token) {
    return ledger_->check_detailed(token.token, kApi).status;
  }

  TemporaryDirectory directory_;
  std::shared_ptr<MovableClock> clock_ = std::make_shared<MovableClock>();
  std::uint64_t free_bytes_min_ = 0;
  std::chrono::milliseconds sweep_every_{0};
  std::string poisoned_;
  std::mutex warnings_mutex_;
  std::string warnings_;  // of all opens, a line each
  std::unique_ptr<Ledger> ledger_;
};

}  // namespace tokenledger::testing_support

// A ledger with a client, its backup beside it, and the ledger that is restored from that.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "replay/backup.hpp"
#include "replay/restore.hpp"
#include "storage/fault_injection.hpp"
#include "tests/storage/ledger_fixture.hpp"

namespace tokenledger::testing_support {

class BackupFixture : public LedgerTest {
 protected:
  static constexpr const char* kClient = "client-of-backups";

  void SetUp() override {
    auto made = options();
    made.checkpoint_every = std::chrono::milliseconds{1};
    made.snapshot_every = 0;
    made.lane_capacities.fill(kChunkTokens);
    made.files = files_;
    open(std::move(made));
    add_api();
    add_client(kClient);
  }
  std::filesystem::path target() const { return directory_ / "backup"; }
  Result<Backup> back_up(const std::function<bool(const BackupProgress&)>& progress = {}) {
    why_.clear();
    auto made = make_backup(*ledger_, {.target = target(), .progress = progress}, why_);
    EXPECT_EQ(made.has_value(), why_.empty()) << why_;
    return made;
  }
  Errc refusal(const std::function<bool(const BackupProgress&)>& progress = {}) {
    const auto made = back_up(progress);
    return made ? Errc{} : to_errc(made.error());
  }
  Result<std::unique_ptr<Ledger>> open_restored(const std::filesystem::path& backup) {
    const auto to = directory_ / "restored";
    std::filesystem::remove_all(to);
    const auto restored = restore_backup({.backup = backup, .target = to}, why_);
    if (!restored) return restored.error();
    auto opening = options();
    opening.directory = to;
    opening.lane_capacities.fill(kChunkTokens);
    return Ledger::open(opening, &why_);
  }
  IssuedToken issue_for(const std::string& owner) {
    IssueRequest request;
    request.client_id = kClient;
    request.audience = kApi;
    request.lifetime_s = 3'600;
    request.owner = owner;
    auto issued = ledger_->issue(std::move(request));
    EXPECT_TRUE(issued) << issued.error();
    return issued ? std::move(*issued) : IssuedToken{};
  }
  std::vector<std::string> names(const std::filesystem::path& directory) {
    return *make_posix_file_layer()->list(directory);
  }

  std::shared_ptr<FaultInjectingFileLayer> files_ =
      std::make_shared<FaultInjectingFileLayer>(directory_ / "scratch");
  std::string why_;
};

}  // namespace tokenledger::testing_support

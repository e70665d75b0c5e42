// FaultInjectingFileLayer: a FileLayer for crash tests. It numbers every change the ledger makes on
// disk, our own files' and RocksDB's alike, can fail any of them, and can undo what a power cut
// would lose.
//
// Model of a power cut (drop_unsynced): a file keeps its contents as of its last sync, overwritten
// bytes included; a name that was made, renamed or removed since the last sync_directory of its
// directory is as it was before. Nothing survives by luck, so the ledger must sync whatever it
// relies on.
//
// Works on real files, but syncs reach only the model. Not modelled: lock files and RocksDB's info
// log (no data in them). Threads: every member may be called from any thread, drop_unsynced only
// while no file is open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/fault_policy.hpp"
#include "storage/file_layer.hpp"

namespace tokenledger {

enum class FaultKind : std::uint8_t {
  not_persisted,  // the change does not happen; the caller sees io_error
  persisted,      // the change happens; the caller sees io_error all the same
  torn,  // an append or overwrite: only the first torn_bytes happen; the caller sees io_error
  lost,  // an append or overwrite does not happen, and the caller sees success: the disk lied
};

struct Fault {
  // The number of the change that fails, from 1, counted since construction or restart().
  std::uint64_t operation = 0;
  FaultKind kind = FaultKind::not_persisted;
  std::size_t torn_bytes = 0;
  // true: every later change fails too, as if the process had died. false: only this one.
  bool then_crash = true;
  // Which changes are numbered, from 1 as of set_fault() then; empty: all of them.
  std::function<bool(const FileChange&)> among = {};
};

// "append ledger/log/000004.log".
[[nodiscard]] std::string describe(const FileChange& change);

class FaultInjectingFileLayer final : public FileLayer {
 public:
  // `scratch` is a directory on the same file system as the ledger's, made if missing, where
  // removed files wait for their directory's sync. The caller deletes it.
  explicit FaultInjectingFileLayer(std::filesystem::path scratch);
  ~FaultInjectingFileLayer() override;

  // --- the plan ---
  void set_fault(const Fault& fault);
  void clear_fault();
  // From now on syncs of files and directories succeed and do nothing. For showing that a crash
  // test notices missing syncs.
  void set_ignore_sync(bool ignore);
  // From now on every change fails and does nothing: the process is dead but its destructors run.
  void crash();

  // --- what happened ---
  // Changes asked for since construction or restart(), failed ones included.
  [[nodiscard]] std::uint64_t operation_count() const;
  [[nodiscard]] bool crashed() const;
  // The change that failed, as in trace(); nullopt: its number did not come.
  [[nodiscard]] std::optional<FileChange> failed_change() const;
  // One line per change, "append ledger/log/000004.log", newest last; at most kTraceLinesMax.
  static constexpr std::size_t kTraceLinesMax = 100'000;
  [[nodiscard]] std::vector<std::string> trace() const;

  // --- the next start ---
  // Power cut: undoes everything unsynced, then as restart(). Close the ledger first.
  [[nodiscard]] Result<void> drop_unsynced();
  // Process death without a power cut: keeps all changes. Clears fault, crash, counts and trace;
  // what was unsynced stays unsynced.
  void restart();

  // --- FileLayer ---
  [[nodiscard]] Result<std::unique_ptr<File>> create(const std::filesystem::path& path) override;
  [[nodiscard]] Result<std::unique_ptr<File>> open(const std::filesystem::path& path) override;
  [[nodiscard]] Result<std::unique_ptr<File>> open_for_reading(
      const std::filesystem::path& path) override;
  [[nodiscard]] Result<void> rename(const std::filesystem::path& from,
                                    const std::filesystem::path& to, Replace replace) override;
  [[nodiscard]] Result<void> remove(const std::filesystem::path& path) override;
  [[nodiscard]] Result<void> make_directory(const std::filesystem::path& path) override;
  [[nodiscard]] Result<void> sync_directory(const std::filesystem::path& directory) override;
  [[nodiscard]] Result<std::vector<std::string>> list(
      const std::filesystem::path& directory) override;
  [[nodiscard]] Result<bool> exists(const std::filesystem::path& path) override;
  [[nodiscard]] Result<std::uint64_t> free_bytes(const std::filesystem::path& path) override;
  [[nodiscard]] FaultPolicy* fault_policy() noexcept override;

  // What free_bytes answers from now on; nullopt: the truth. For the storage_low tests.
  void set_free_bytes(std::optional<std::uint64_t> bytes);

 private:
  class Policy;
  std::shared_ptr<FileLayer> base_;
  std::shared_ptr<Policy> policy_;
};

}  // namespace tokenledger

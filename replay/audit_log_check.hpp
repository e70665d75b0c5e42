// AuditLogCheck: folds the log again and holds everything that follows from it against what is
// stored: roots that somebody knows, signed checkpoints, level files, snapshots. Internal to
// replay/.
#pragma once

#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/note_key.hpp"
#include "core/state.hpp"
#include "core/validity_index.hpp"
#include "replay/audit_findings.hpp"
#include "replay/audit_levels_check.hpp"
#include "storage/checkpoint_history.hpp"
#include "storage/event_log.hpp"
#include "storage/recovery.hpp"

namespace tokenledger {

// A root that the log must have at some size.
struct KnownRoot {
  std::uint64_t size = 0;
  Digest root{};
  std::string place;
  std::string who;  // "the kept checkpoint"
  friend bool operator<(const KnownRoot& a, const KnownRoot& b) { return a.size < b.size; }
};

class AuditLogCheck {
 public:
  struct Options {
    std::shared_ptr<FileLayer> files;
    std::filesystem::path audit;
    std::filesystem::path snapshots;
    std::array<std::uint8_t, 16> ledger_id{};
    std::optional<NoteVerifier> key;  // nullopt: signatures can't be checked
    bool key_has_signed = false;      // says the keyring: then there must be a history
    DamageMark tree_mark = DamageMark::none;
    std::vector<KnownRoot> known;
    Sequence root_wanted_at;
    bool quick = false;
    std::function<void(const AuditProgress&)> progress;
    std::function<bool()> stops;
    std::function<void(const Event&)> observe;  // every event that is read; empty: nobody looks
  };

  AuditLogCheck(const EventLog& log, Options options, AuditFindings& findings, AuditReport& report);
  void run();

 private:
  void begin_at_snapshot();
  void open_history();
  void look_at_unfinished(std::uint64_t bytes);
  [[nodiscard]] bool is_interrupted_record(std::uint64_t bytes) const;
  void next_record();
  void replay();
  [[nodiscard]] bool replay_to(Sequence upto);
  void check_tree(const CompactRange& range);
  void check_record(const CompactRange& range);
  void compare_snapshot(Sequence seq);
  void compare_index(const std::string& place, const ValidityIndex& saved);
  void finish();
  void check_older(const KnownRoot& known);

  const EventLog& log_;
  Options options_;
  AuditFindings& findings_;
  AuditReport& report_;

  Sequence end_;
  State state_;
  ValidityIndex index_;
  CompactRange range_;
  std::unique_ptr<AuditLevelsCheck> levels_;

  std::unique_ptr<CheckpointHistory> history_;  // null: none, or it can't be read
  std::uint64_t record_at_ = 0;                 // of what next_record() reads next
  std::uint64_t record_size_ = 0;               // of the one read last
  std::optional<CheckpointRecord> record_;      // waits for its size
  std::size_t known_at_ = 0;
  std::chrono::steady_clock::time_point started_;
};

}  // namespace tokenledger

// AuditLevelsCheck: the level files of the tree against the hashes that the events give. Internal
// to replay/.
//
// What a crash may leave is a note, for the next open mends it: zeros instead of the last hashes,
// where no checkpoint covers those yet; and while the tree is made anew, which audit/damaged says,
// files of any length. Where that mark says that a read found damage, it is a difference.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "core/ids.hpp"
#include "replay/audit_findings.hpp"
#include "storage/audit_levels.hpp"
#include "storage/audit_tree.hpp"
#include "storage/file_layer.hpp"

namespace tokenledger {

class AuditLevelsCheck {
 public:
  // `from`: leaves whose hashes are passed over (quick).
  AuditLevelsCheck(FileLayer& files, const std::filesystem::path& directory, std::uint64_t from,
                   DamageMark mark, AuditFindings& findings);

  // The next hash of a level, in order.
  void compare(unsigned level, std::uint64_t number, const Digest& hash);
  // After the last event. A file must hold what a tree of `signed_size` leaves has; what stands
  // behind that, and still fits, is work that was not yet signed.
  void finish(std::uint64_t signed_size);
  [[nodiscard]] std::uint64_t compared() const noexcept { return compared_; }

 private:
  struct Level {
    std::unique_ptr<File> file;  // null: there is none
    std::vector<std::uint8_t> block;
    std::uint64_t block_at = 0;    // byte
    std::uint64_t next = 0;        // byte that compare() looks at next
    std::uint64_t bytes = 0;       // of the file
    std::uint64_t differs_at = 0;  // byte
    bool differs = false;          // found, and looked for no more
    bool is_said = false;          // once a file
  };
  void compare_bytes(unsigned level, Level& at, const Digest& hash);
  void differ(unsigned level, Level& at, const std::string& what);
  void finish_level(unsigned level, std::uint64_t signed_size);
  [[nodiscard]] static bool is_zero_from(const Level& at, std::uint64_t byte);

  const DamageMark mark_;
  AuditFindings& findings_;
  std::array<Level, AuditLevels::kLevels> levels_;  // level L at [L - 1]
  std::uint64_t compared_ = 0;
};

}  // namespace tokenledger

// AuditLevelsCheck: the level files of the tree against the hashes that the events give. Internal
// to replay/.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "core/ids.hpp"
#include "replay/audit_findings.hpp"
#include "storage/audit_levels.hpp"
#include "storage/file_layer.hpp"

namespace tokenledger {

class AuditLevelsCheck {
 public:
  // `from`: leaves whose hashes are passed over (quick).
  AuditLevelsCheck(FileLayer& files, const std::filesystem::path& directory, std::uint64_t from,
                   AuditFindings& findings);

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
    std::uint64_t block_at = 0;  // byte
    std::uint64_t next = 0;      // byte that compare() looks at next
    std::uint64_t bytes = 0;     // of the file
    bool differs = false;        // said once a file
  };
  void compare_bytes(unsigned level, Level& at, const Digest& hash);
  void differ(unsigned level, Level& at, const std::string& what);

  AuditFindings& findings_;
  std::array<Level, AuditLevels::kLevels> levels_;  // level L at [L - 1]
  std::uint64_t compared_ = 0;
};

}  // namespace tokenledger

// AuditFindings: what a verification found so far. Internal to replay/.
#pragma once

#include <string>
#include <utility>

#include "replay/audit_verify.hpp"

namespace tokenledger {

class AuditFindings {
 public:
  AuditFindings(AuditReport& report, std::size_t differences_max)
      : report_{report}, differences_max_{differences_max} {}

  // Beyond the bound they are dropped; whoever works long asks is_full() now and then.
  void difference(std::string place, std::string what) {
    if (!is_full()) report_.differences.push_back({std::move(place), std::move(what)});
  }
  void note(std::string place, std::string what) {
    if (report_.notes.size() < kAuditDifferencesMax)
      report_.notes.push_back({std::move(place), std::move(what)});
  }
  [[nodiscard]] bool is_full() const noexcept {
    return report_.differences.size() >= differences_max_;
  }

 private:
  AuditReport& report_;
  const std::size_t differences_max_;
};

}  // namespace tokenledger

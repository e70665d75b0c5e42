#include "replay/copy_check.hpp"

#include "replay/audit_verify.hpp"

namespace tokenledger {

Result<void> check_copy(const CopyCheck& check, std::string& why) {
  BackupProgress at;
  bool is_stopped = false;
  const auto stops = [&] {
    if (!is_stopped && check.progress) is_stopped = !check.progress(at);
    return is_stopped;
  };
  const AuditVerifyOptions verifying{.directory = check.directory,
                                     .keyring_key_file = check.keyring_key_file,
                                     .vkey = check.vkey,
                                     .checkpoint = check.checkpoint,
                                     .anchor = {},
                                     .files = check.files,
                                     .progress =
                                         [&](const AuditProgress& reached) {
                                           at = {reached.stage, reached.done, reached.end};
                                           static_cast<void>(stops());
                                         },
                                     .stops = stops,
                                     .is_locked = true};
  const auto report = verify_audit(verifying, why);
  if (!report) return report.error();
  if (!report->differences.empty()) {
    const auto& first = report->differences.front();
    why = "the copy does not verify, so nothing is made of it; first at " + first.place + ": " +
          first.what;
    return Errc::audit_corrupt;
  }
  if (report->end == check.end) return {};
  why = "the copy ends at seq " + std::to_string(report->end.value()) + " instead of " +
        std::to_string(check.end.value()) + ", so nothing is made of it";
  return Errc::audit_corrupt;
}

}  // namespace tokenledger

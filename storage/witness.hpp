// Witness: cosigns the checkpoints of other people's logs, each log one history only (C2SP
// tlog-witness).
//
// Who trusts it need not trust the log: a witness never cosigns a checkpoint that does not extend
// the last one it cosigned of that log. So what it cosigned is durable before anybody sees the
// cosignature, and a state that can't be read is no reason to begin anew.
//
// One file per log below the state directory, named <hexadecimal SHA-256 of the origin>: the last
// cosigned checkpoint, with the log's signature and ours. No file: nothing was cosigned. Threads:
// any; requests are decided one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint.hpp"
#include "core/errc.hpp"
#include "core/note_key.hpp"
#include "storage/clock.hpp"
#include "storage/directory_lock.hpp"
#include "storage/file_layer.hpp"

namespace tokenledger {

inline constexpr std::size_t kWitnessedLogsMax = 64;

// What add-checkpoint may come to, in the order in which it is found out.
enum class WitnessVerdict : std::uint8_t {
  malformed,      // 400: no request, no checkpoint, or an old size above the new one
  unknown_log,    // 404
  not_signed,     // 403: not by the log's key, or not by it alone rightly
  other_size,     // 409: the old size is not what was cosigned last
  not_extending,  // 422: the proof does not lead there, or the same size has another root
  failed,         // 500: it could not be made durable; the log is not cosigned until a restart
  cosigned,       // 200
};

struct WitnessAnswer {
  WitnessVerdict verdict = WitnessVerdict::malformed;
  std::uint64_t size = 0;  // of other_size: what was cosigned last
  std::string lines;       // of cosigned: our signature line
};

class Witness {
 public:
  struct Options {
    std::filesystem::path directory;  // made when missing; its parent must exist, and is synced
    std::vector<NoteVerifier> logs;   // of type ed25519, 1 to kWitnessedLogsMax origins
    std::shared_ptr<FileLayer> files = make_posix_file_layer();
    std::shared_ptr<const Clock> clock = system_clock();
  };
  // Reads and checks what was cosigned, and makes it durable once more. directory_locked: another
  // witness uses the directory; audit_corrupt: a file is damaged, or of other keys;
  // invalid_argument: a log twice, none, or of another key type; too_large; io_error. `why` says it
  // for people.
  [[nodiscard]] static Result<std::unique_ptr<Witness>> open(Options options, NoteSigner signer,
                                                             std::string& why);

  [[nodiscard]] const NoteVerifier& verifier() const noexcept { return signer_.verifier(); }

  // Decides a request and, to cosign, makes it durable first. May wait for the disk.
  [[nodiscard]] WitnessAnswer add_checkpoint(std::string_view body);
  // The last cosigned checkpoint of the log whose origin has this SHA-256, in lower-case
  // hexadecimal digits; file_not_found: no such log, or nothing was cosigned.
  [[nodiscard]] Result<std::string> checkpoint(std::string_view origin_hash) const;

 private:
  struct Log {
    NoteVerifier key;
    std::filesystem::path path;
    Checkpoint last;      // size 0: none
    std::string note;     // with our line; empty: none
    bool failed = false;  // what the file holds is not known any more
  };
  Witness(Options options, NoteSigner signer, DirectoryLock lock);
  [[nodiscard]] Result<void> add_log(const NoteVerifier& key, std::string& why);
  [[nodiscard]] Result<void> read_last(Log& log) const;
  [[nodiscard]] WitnessAnswer cosign(Log& log, const OpenedCheckpoint& opened);

  Options options_;
  NoteSigner signer_;
  DirectoryLock lock_;
  mutable std::mutex mutex_;
  std::map<std::string, Log, std::less<>> logs_;  // by origin; its values guarded by mutex_
};

}  // namespace tokenledger

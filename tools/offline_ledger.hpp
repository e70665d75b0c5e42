// Opening a ledger directory from the command line, and the helpers that offline commands share.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "storage/ledger.hpp"
#include "tools/command_line.hpp"

namespace tokenledger {

// The line's directory, opened as its holder (ActorKind::host). Tokens get the issuer that the
// ledger was made with. A Failure with cannot_open when it can't be opened.
[[nodiscard]] std::unique_ptr<Ledger> open_offline(const CommandLine& line);
[[nodiscard]] std::unique_ptr<Ledger> open_ledger(LedgerOptions options);

// Shows "stage 12 %" on stderr while it is a terminal, and wipes it at the end.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  void show(std::string_view stage, std::uint64_t done, std::uint64_t end);

 private:
  bool is_terminal_;
  bool is_shown_ = false;
  int percent_ = -1;
};

// A secret or token from a file, or from stdin for "-", without its final newline. A Failure with
// usage when it is missing, empty or longer than a token can be; it says `what` was wanted.
[[nodiscard]] std::string read_secret(const std::string& path, std::string_view what = "a token");

// A new 0600 file for a secret, made before the secret so that a failure costs nothing. An empty
// path or "-": stdout. Removed again unless write() was called.
class SecretFile {
 public:
  explicit SecretFile(std::string path);
  ~SecretFile();
  SecretFile(const SecretFile&) = delete;
  SecretFile& operator=(const SecretFile&) = delete;
  [[nodiscard]] bool is_stdout() const noexcept { return path_.empty(); }
  void write(std::string_view secret);

 private:
  std::string path_;
  int descriptor_ = -1;
};

}  // namespace tokenledger

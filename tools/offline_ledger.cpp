#include "tools/offline_ledger.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "storage/ledger_core.hpp"
#include "tools/small_file.hpp"

namespace tokenledger {
namespace {

// A secret file is a line; whatever is longer is the wrong file.
constexpr std::size_t kSecretFileBytesMax = kTokenBytesMax + 2;

// A new file's name is lost in a crash until its directory is synced too.
bool sync_directory_of(const std::string& path) {
  const auto parent = std::filesystem::path{path}.parent_path();
  const int directory =
      ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return false;
  const bool is_synced = ::fsync(directory) == 0;
  ::close(directory);
  return is_synced;
}

}  // namespace

ProgressLine::ProgressLine() : is_terminal_{::isatty(STDERR_FILENO) == 1} {}
ProgressLine::~ProgressLine() {
  if (is_shown_) std::fputs("\r\x1b[K", stderr);
}
void ProgressLine::show(std::string_view stage, std::uint64_t done, std::uint64_t end) {
  if (!is_terminal_ || end == 0) return;
  const int percent = static_cast<int>(done * 100 / end);
  if (percent == percent_) return;
  percent_ = percent;
  is_shown_ = true;
  std::string bar(static_cast<std::size_t>(percent / 4), '#');
  bar.resize(25, '.');
  std::fprintf(stderr, "\r%.*s [%s] %d %%", static_cast<int>(stage.size()), stage.data(),
               bar.c_str(), percent);
}

std::unique_ptr<Ledger> open_ledger(LedgerOptions options) {
  ProgressLine progress;
  if (!options.progress) {
    options.progress = [&progress](const OpenProgress& at) {
      progress.show(at.stage, at.seq.value(), at.end.value());
    };
  }
  if (!options.on_warning) {
    options.on_warning = [](const std::string& what) {
      std::fprintf(stderr, "tokenledger: warning: %s\n", what.c_str());
    };
  }
  std::string why;
  auto opened = Ledger::open(std::move(options), &why);
  if (!opened) {
    const auto code = to_errc(opened.error());
    throw Failure{code == Errc::unknown_outcome ? ExitCode::unknown_outcome : ExitCode::cannot_open,
                  why};
  }
  // The progress line ends with this function; a view rebuilt later must not write to it.
  (*opened)->core().options.progress = nullptr;
  return std::move(*opened);
}

std::unique_ptr<Ledger> open_offline(const CommandLine& line) {
  LedgerOptions options;
  options.directory = line.data;
  options.create_if_missing = false;
  options.keyring_key_file = line.keyring_key_file;
  return open_ledger(std::move(options));
}

std::string read_secret(const std::string& path, std::string_view what) {
  auto text = read_small_file(path, kSecretFileBytesMax);
  if (!text)
    throw Failure{ExitCode::usage,
                  "can't read " + std::string{what} + " from " + escape_control(path)};
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  if (text->empty())
    throw Failure{ExitCode::usage,
                  escape_control(path) + " is empty: it should hold " + std::string{what}};
  return std::move(*text);
}

SecretFile::SecretFile(std::string path) : path_{path == "-" ? std::string{} : std::move(path)} {
  if (path_.empty()) return;
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor_ >= 0) return;
  const std::string reason = errno == EEXIST ? "it exists already" : std::strerror(errno);
  throw Failure{ExitCode::usage, "can't make the file " + escape_control(path_) + ": " + reason};
}

SecretFile::~SecretFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(path_.c_str());
}

void SecretFile::write(std::string_view secret) {
  const std::string text = std::string{secret} + '\n';
  if (path_.empty()) return print(text);
  const bool is_written =
      ::write(descriptor_, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(descriptor_) == 0 && sync_directory_of(path_);
  if (!is_written) {
    throw Failure{ExitCode::refused, "could not write " + escape_control(path_) +
                                         ": the secret is lost, make another one"};
  }
  ::close(std::exchange(descriptor_, -1));
}

}  // namespace tokenledger

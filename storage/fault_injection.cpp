#include "storage/fault_injection.hpp"

#include <algorithm>
#include <deque>
#include <mutex>

#include "storage/unsynced_changes.hpp"

namespace tokenledger {
namespace {

const char* operation_name(FileOperation operation) {
  switch (operation) {
    case FileOperation::create: return "create";
    case FileOperation::append: return "append";
    case FileOperation::write_at: return "write_at";
    case FileOperation::truncate: return "truncate";
    case FileOperation::sync: return "sync";
    case FileOperation::rename: return "rename";
    case FileOperation::link: return "link";
    case FileOperation::remove: return "remove";
    case FileOperation::make_directory: return "make_directory";
    case FileOperation::sync_directory: return "sync_directory";
  }
  return "unknown";
}

bool is_sync(FileOperation operation) {
  return operation == FileOperation::sync || operation == FileOperation::sync_directory;
}

bool writes_bytes(FileOperation operation) {
  return operation == FileOperation::append || operation == FileOperation::write_at;
}

}  // namespace

std::string describe(const FileChange& change) {
  return std::string{operation_name(change.operation)} + " " + change.path.string();
}

class FaultInjectingFileLayer::Policy final : public FaultPolicy {
 public:
  explicit Policy(std::filesystem::path scratch) : unsynced_{std::move(scratch)} {}

  Result<void> run(const FileChange& change, const Perform& perform) override {
    const std::lock_guard lock{mutex_};
    ++count_;
    if (trace_.size() == kTraceLinesMax) trace_.pop_front();
    trace_.push_back(describe(change));
    if (crashed_) return Errc::io_error;
    if (!fault_ || !is_due(change)) return perform_tracked(change, perform, change.bytes);

    failed_ = change;
    crashed_ = fault_->then_crash;
    switch (fault_->kind) {
      case FaultKind::not_persisted: break;
      case FaultKind::lost:
        if (writes_bytes(change.operation)) return {};
        break;
      case FaultKind::persisted: (void)perform_tracked(change, perform, change.bytes); break;
      case FaultKind::torn:
        (void)perform_tracked(change, perform, std::min(fault_->torn_bytes, change.bytes));
        break;
    }
    return Errc::io_error;
  }

  Result<void> drop_unsynced() {
    const std::lock_guard lock{mutex_};
    const auto dropped = unsynced_.drop();
    forget_run();
    return dropped;
  }
  void restart() {
    const std::lock_guard lock{mutex_};
    forget_run();
  }
  void set_fault(std::optional<Fault> fault) {
    const std::lock_guard lock{mutex_};
    fault_ = std::move(fault);
    among_count_ = 0;
  }
  std::optional<FileChange> failed_change() const {
    const std::lock_guard lock{mutex_};
    return failed_;
  }
  void set_ignore_sync(bool ignore) {
    const std::lock_guard lock{mutex_};
    ignore_sync_ = ignore;
  }
  void crash() {
    const std::lock_guard lock{mutex_};
    crashed_ = true;
  }
  void set_free_bytes(std::optional<std::uint64_t> bytes) {
    const std::lock_guard lock{mutex_};
    free_bytes_ = bytes;
  }
  std::optional<std::uint64_t> free_bytes() const {
    const std::lock_guard lock{mutex_};
    return free_bytes_;
  }
  std::uint64_t count() const {
    const std::lock_guard lock{mutex_};
    return count_;
  }
  bool crashed() const {
    const std::lock_guard lock{mutex_};
    return crashed_;
  }
  std::vector<std::string> trace() const {
    const std::lock_guard lock{mutex_};
    return {trace_.begin(), trace_.end()};
  }

 private:
  bool is_due(const FileChange& change) {
    if (!fault_->among) return fault_->operation == count_;
    return fault_->among(change) && ++among_count_ == fault_->operation;
  }
  Result<void> perform_tracked(const FileChange& change, const Perform& perform,
                               std::size_t bytes) {
    if (is_sync(change.operation)) {
      if (ignore_sync_) return {};
      // Only the model is told: drop_unsynced needs no help from the disk, and sweeps stay quick.
      return unsynced_.after(change);
    }
    if (const auto kept = unsynced_.before(change); !kept) return kept.error();
    if (const auto done = perform(bytes); !done) return done.error();
    return unsynced_.after(change);
  }
  void forget_run() {
    fault_.reset();
    failed_.reset();
    crashed_ = false;
    count_ = 0;
    trace_.clear();
  }

  mutable std::mutex mutex_;
  UnsyncedChanges unsynced_;
  std::optional<Fault> fault_;
  bool ignore_sync_ = false;
  bool crashed_ = false;
  std::uint64_t count_ = 0;
  std::uint64_t among_count_ = 0;
  std::optional<FileChange> failed_;
  std::deque<std::string> trace_;
  std::optional<std::uint64_t> free_bytes_;
};

namespace {

// Asks before every change and otherwise passes everything on.
class FaultyFile final : public File {
 public:
  FaultyFile(std::unique_ptr<File> file, std::filesystem::path path, FaultPolicy& policy)
      : file_{std::move(file)}, path_{std::move(path)}, policy_{policy} {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    return file_->read_at(offset, out);
  }
  Result<std::uint64_t> size() const override { return file_->size(); }
  Result<void> append(std::span<const std::uint8_t> bytes) override {
    return policy_.run({FileOperation::append, path_, {}, 0, bytes.size()},
                       [&](std::size_t count) { return file_->append(bytes.first(count)); });
  }
  Result<void> write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) override {
    return policy_.run(
        {FileOperation::write_at, path_, {}, offset, bytes.size()},
        [&](std::size_t count) { return file_->write_at(offset, bytes.first(count)); });
  }
  Result<void> truncate(std::uint64_t size) override {
    return policy_.run({FileOperation::truncate, path_, {}, size, 0},
                       [&](std::size_t) { return file_->truncate(size); });
  }
  Result<void> sync() override {
    return policy_.run({FileOperation::sync, path_, {}, 0, 0},
                       [&](std::size_t) { return file_->sync(); });
  }
  Result<void> sync_data() override {
    return policy_.run({FileOperation::sync, path_, {}, 0, 0},
                       [&](std::size_t) { return file_->sync_data(); });
  }

 private:
  std::unique_ptr<File> file_;
  std::filesystem::path path_;
  FaultPolicy& policy_;
};

}  // namespace

FaultInjectingFileLayer::FaultInjectingFileLayer(std::filesystem::path scratch)
    : base_{make_posix_file_layer()}, policy_{std::make_shared<Policy>(std::move(scratch))} {}
FaultInjectingFileLayer::~FaultInjectingFileLayer() = default;

void FaultInjectingFileLayer::set_fault(const Fault& fault) { policy_->set_fault(fault); }
void FaultInjectingFileLayer::clear_fault() { policy_->set_fault(std::nullopt); }
void FaultInjectingFileLayer::set_ignore_sync(bool ignore) { policy_->set_ignore_sync(ignore); }
void FaultInjectingFileLayer::crash() { policy_->crash(); }
std::uint64_t FaultInjectingFileLayer::operation_count() const { return policy_->count(); }
bool FaultInjectingFileLayer::crashed() const { return policy_->crashed(); }
std::optional<FileChange> FaultInjectingFileLayer::failed_change() const {
  return policy_->failed_change();
}
std::vector<std::string> FaultInjectingFileLayer::trace() const { return policy_->trace(); }
Result<void> FaultInjectingFileLayer::drop_unsynced() { return policy_->drop_unsynced(); }
void FaultInjectingFileLayer::restart() { policy_->restart(); }
FaultPolicy* FaultInjectingFileLayer::fault_policy() noexcept { return policy_.get(); }
void FaultInjectingFileLayer::set_free_bytes(std::optional<std::uint64_t> bytes) {
  policy_->set_free_bytes(bytes);
}

Result<std::unique_ptr<File>> FaultInjectingFileLayer::create(const std::filesystem::path& path) {
  // Asked first: an existing file makes this fail without being a change.
  const auto there = base_->exists(path);
  if (!there) return there.error();
  if (*there) return Errc::file_exists;
  std::unique_ptr<File> file;
  const auto created =
      policy_->run({FileOperation::create, path, {}, 0, 0}, [&](std::size_t) -> Result<void> {
        auto opened = base_->create(path);
        if (!opened) return opened.error();
        file = std::move(*opened);
        return {};
      });
  if (!created) return created.error();
  return std::unique_ptr<File>{new FaultyFile{std::move(file), path, *policy_}};
}

Result<std::unique_ptr<File>> FaultInjectingFileLayer::open(const std::filesystem::path& path) {
  auto file = base_->open(path);
  if (!file) return file.error();
  return std::unique_ptr<File>{new FaultyFile{std::move(*file), path, *policy_}};
}

Result<std::unique_ptr<File>> FaultInjectingFileLayer::open_for_reading(
    const std::filesystem::path& path) {
  return base_->open_for_reading(path);
}

Result<void> FaultInjectingFileLayer::rename(const std::filesystem::path& from,
                                             const std::filesystem::path& to, Replace replace) {
  return policy_->run({FileOperation::rename, from, to, 0, 0},
                      [&](std::size_t) { return base_->rename(from, to, replace); });
}
Result<void> FaultInjectingFileLayer::remove(const std::filesystem::path& path) {
  return policy_->run({FileOperation::remove, path, {}, 0, 0},
                      [&](std::size_t) { return base_->remove(path); });
}
Result<void> FaultInjectingFileLayer::make_directory(const std::filesystem::path& path) {
  return policy_->run({FileOperation::make_directory, path, {}, 0, 0},
                      [&](std::size_t) { return base_->make_directory(path); });
}
Result<void> FaultInjectingFileLayer::sync_directory(const std::filesystem::path& directory) {
  return policy_->run({FileOperation::sync_directory, directory, {}, 0, 0},
                      [&](std::size_t) { return base_->sync_directory(directory); });
}
Result<std::vector<std::string>> FaultInjectingFileLayer::list(
    const std::filesystem::path& directory) {
  return base_->list(directory);
}
Result<bool> FaultInjectingFileLayer::exists(const std::filesystem::path& path) {
  return base_->exists(path);
}
Result<std::uint64_t> FaultInjectingFileLayer::free_bytes(const std::filesystem::path& path) {
  if (const auto pretended = policy_->free_bytes(); pretended) return *pretended;
  return base_->free_bytes(path);
}

}  // namespace tokenledger

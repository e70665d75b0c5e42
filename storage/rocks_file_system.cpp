#include "storage/rocks_file_system.hpp"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <string>
#include <string_view>

#include "storage/fault_policy.hpp"

namespace tokenledger {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

// Runs `perform` under the policy. What RocksDB itself reports wins; an error that only the policy
// made up becomes an IOError that is not retryable, so RocksDB stops at once.
template <class Perform>
IOStatus run_under(FaultPolicy& policy, const FileChange& change, Perform perform) {
  IOStatus status;
  const auto outcome = policy.run(change, [&](std::size_t bytes) -> Result<void> {
    status = perform(bytes);
    if (!status.ok()) return Errc::io_error;
    return {};
  });
  if (!outcome && status.ok()) return IOStatus::IOError("injected fault", change.path.string());
  return status;
}

class FaultyWritableFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyWritableFile(std::unique_ptr<rocksdb::FSWritableFile> file, std::string name,
                     FaultPolicy& policy)
      : FSWritableFileOwnerWrapper{std::move(file)}, name_{std::move(name)}, policy_{policy} {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return run_under(policy_, {FileOperation::append, name_, {}, 0, data.size()},
                     [&](std::size_t bytes) {
                       return target()->Append(Slice{data.data(), bytes}, options, debug);
                     });
  }
  // The checksum handed over would not fit a torn write, so it is not passed on.
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& /*verification*/,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus PositionedAppend(const Slice& data, std::uint64_t offset, const IOOptions& options,
                            IODebugContext* debug) override {
    return run_under(
        policy_, {FileOperation::write_at, name_, {}, offset, data.size()}, [&](std::size_t bytes) {
          return target()->PositionedAppend(Slice{data.data(), bytes}, offset, options, debug);
        });
  }
  IOStatus PositionedAppend(const Slice& data, std::uint64_t offset, const IOOptions& options,
                            const rocksdb::DataVerificationInfo& /*verification*/,
                            IODebugContext* debug) override {
    return PositionedAppend(data, offset, options, debug);
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    return run_under(policy_, {FileOperation::truncate, name_, {}, size, 0},
                     [&](std::size_t) { return target()->Truncate(size, options, debug); });
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return run_under(policy_, {FileOperation::sync, name_, {}, 0, 0},
                     [&](std::size_t) { return target()->Sync(options, debug); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return run_under(policy_, {FileOperation::sync, name_, {}, 0, 0},
                     [&](std::size_t) { return target()->Fsync(options, debug); });
  }

 private:
  std::string name_;
  FaultPolicy& policy_;
};

class FaultyRandomFile final : public rocksdb::FSRandomRWFileOwnerWrapper {
 public:
  FaultyRandomFile(std::unique_ptr<rocksdb::FSRandomRWFile> file, std::string name,
                   FaultPolicy& policy)
      : FSRandomRWFileOwnerWrapper{std::move(file)}, name_{std::move(name)}, policy_{policy} {}

  IOStatus Write(std::uint64_t offset, const Slice& data, const IOOptions& options,
                 IODebugContext* debug) override {
    return run_under(policy_, {FileOperation::write_at, name_, {}, offset, data.size()},
                     [&](std::size_t bytes) {
                       return FSRandomRWFileOwnerWrapper::Write(offset, Slice{data.data(), bytes},
                                                                options, debug);
                     });
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return run_under(policy_, {FileOperation::sync, name_, {}, 0, 0},
                     [&](std::size_t) { return FSRandomRWFileOwnerWrapper::Sync(options, debug); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return run_under(policy_, {FileOperation::sync, name_, {}, 0, 0}, [&](std::size_t) {
      return FSRandomRWFileOwnerWrapper::Fsync(options, debug);
    });
  }

 private:
  std::string name_;
  FaultPolicy& policy_;
};

class FaultyDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  FaultyDirectory(std::unique_ptr<rocksdb::FSDirectory> directory, std::string name,
                  FaultPolicy& policy)
      : FSDirectoryWrapper{std::move(directory)}, name_{std::move(name)}, policy_{policy} {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return run_under(policy_, {FileOperation::sync_directory, name_, {}, 0, 0},
                     [&](std::size_t) { return FSDirectoryWrapper::Fsync(options, debug); });
  }
  // The hint of what changed may let RocksDB skip the fsync on some file systems; we always do it.
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& /*hint*/) override {
    return Fsync(options, debug);
  }

 private:
  std::string name_;
  FaultPolicy& policy_;
};

// RocksDB's info log carries no data and may be lost, so it does not count as a change.
bool is_info_log(const std::string& name) {
  const auto slash = name.rfind('/');
  const auto base = std::string_view{name}.substr(slash == std::string::npos ? 0 : slash + 1);
  return base == "LOG" || base.starts_with("LOG.old");
}

class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultyFileSystem(std::shared_ptr<rocksdb::FileSystem> base, std::shared_ptr<FileLayer> files)
      : FileSystemWrapper{std::move(base)},
        files_{std::move(files)},
        policy_{*files_->fault_policy()} {}

  const char* Name() const override { return "tokenledger"; }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext* debug) override {
    const auto status = run_under(
        policy_, {FileOperation::create, name, {}, 0, 0},
        [&](std::size_t) { return target_->NewWritableFile(name, options, result, debug); });
    return wrap<FaultyWritableFile>(status, name, result);
  }
  IOStatus ReopenWritableFile(const std::string& name, const FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* result,
                              IODebugContext* debug) override {
    // Makes the file when it is missing; only that is a change.
    if (target_->FileExists(name, {}, debug).IsNotFound()) {
      return NewWritableFile(name, options, result, debug);
    }
    return wrap<FaultyWritableFile>(target_->ReopenWritableFile(name, options, result, debug), name,
                                    result);
  }
  IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name,
                             const FileOptions& options,
                             std::unique_ptr<rocksdb::FSWritableFile>* result,
                             IODebugContext* debug) override {
    const auto status =
        run_under(policy_, {FileOperation::rename, old_name, name, 0, 0}, [&](std::size_t) {
          return target_->ReuseWritableFile(name, old_name, options, result, debug);
        });
    return wrap<FaultyWritableFile>(status, name, result);
  }
  IOStatus NewRandomRWFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSRandomRWFile>* result,
                           IODebugContext* debug) override {
    return wrap<FaultyRandomFile>(target_->NewRandomRWFile(name, options, result, debug), name,
                                  result);
  }
  IOStatus NewDirectory(const std::string& name, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* result,
                        IODebugContext* debug) override {
    return wrap<FaultyDirectory>(target_->NewDirectory(name, options, result, debug), name, result);
  }

  IOStatus DeleteFile(const std::string& name, const IOOptions& options,
                      IODebugContext* debug) override {
    if (is_info_log(name)) return target_->DeleteFile(name, options, debug);
    return run_under(policy_, {FileOperation::remove, name, {}, 0, 0},
                     [&](std::size_t) { return target_->DeleteFile(name, options, debug); });
  }
  IOStatus Truncate(const std::string& name, std::size_t size, const IOOptions& options,
                    IODebugContext* debug) override {
    return run_under(policy_, {FileOperation::truncate, name, {}, size, 0},
                     [&](std::size_t) { return target_->Truncate(name, size, options, debug); });
  }
  IOStatus CreateDir(const std::string& name, const IOOptions& options,
                     IODebugContext* debug) override {
    return run_under(policy_, {FileOperation::make_directory, name, {}, 0, 0},
                     [&](std::size_t) { return target_->CreateDir(name, options, debug); });
  }
  IOStatus CreateDirIfMissing(const std::string& name, const IOOptions& options,
                              IODebugContext* debug) override {
    if (target_->FileExists(name, options, debug).ok()) {
      return target_->CreateDirIfMissing(name, options, debug);  // complains about a plain file
    }
    return CreateDir(name, options, debug);
  }
  IOStatus DeleteDir(const std::string& name, const IOOptions& options,
                     IODebugContext* debug) override {
    return run_under(policy_, {FileOperation::remove, name, {}, 0, 0},
                     [&](std::size_t) { return target_->DeleteDir(name, options, debug); });
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    if (is_info_log(from)) return target_->RenameFile(from, to, options, debug);
    return run_under(policy_, {FileOperation::rename, from, to, 0, 0},
                     [&](std::size_t) { return target_->RenameFile(from, to, options, debug); });
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions& options,
                    IODebugContext* debug) override {
    return run_under(policy_, {FileOperation::link, from, to, 0, 0},
                     [&](std::size_t) { return target_->LinkFile(from, to, options, debug); });
  }

 private:
  template <class Faulty, class Opened>
  IOStatus wrap(const IOStatus& status, const std::string& name, std::unique_ptr<Opened>* result) {
    if (!status.ok()) {
      result->reset();
      return status;
    }
    result->reset(new Faulty{std::move(*result), name, policy_});
    return status;
  }

  std::shared_ptr<FileLayer> files_;  // owns policy_
  FaultPolicy& policy_;
};

}  // namespace

std::shared_ptr<rocksdb::Env> make_rocks_env(std::shared_ptr<FileLayer> files) {
  if (files->fault_policy() == nullptr) {
    return {rocksdb::Env::Default(), [](rocksdb::Env*) {}};  // RocksDB owns it for ever
  }
  return rocksdb::NewCompositeEnv(
      std::make_shared<FaultyFileSystem>(rocksdb::FileSystem::Default(), std::move(files)));
}

}  // namespace tokenledger

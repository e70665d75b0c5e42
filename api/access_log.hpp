// AccessLog: one JSON line per answered request, in a file or on stdout.
//
//   {"time":"…","method":"GET","route":"/v1/tokens/{jti}","status":200,"bytes":512,
//    "duration_us":84,"client_id":"shop","request_id":"…","denied":null}
//
// `denied` is the reason's word (api/denial.hpp) where a credential or the token asked about was
// not good; the caller is told less (A24). No secret can stand there: the route's pattern is
// written, never the path or the query. Lines go through a bounded buffer to a thread of its own;
// when the disk is slower than the requests lines are dropped and counted, and no request waits
// (INV-7). This is not spdlog's asynchronous logger, which allocates per line and can't be
// reopened. Threads: any.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "api/http_observer.hpp"
#include "core/errc.hpp"

namespace tokenledger {

class AccessLog final : public HttpObserver {
 public:
  static constexpr std::size_t kBufferBytesMax = 1024 * 1024;

  // "-" is stdout; a file is appended to, made with mode 0640. io_error.
  [[nodiscard]] static Result<std::unique_ptr<AccessLog>> open(const std::filesystem::path& path);
  // Writes what is buffered.
  ~AccessLog() override;

  void on_answer(const HttpExchange& exchange) noexcept override;
  // Opens the file anew, after somebody renamed it; lines until then go to the former one.
  void reopen();

  struct Counters {
    std::uint64_t lines = 0;    // accepted
    std::uint64_t dropped = 0;  // no room, or the write failed
  };
  [[nodiscard]] Counters counters() const noexcept;

 private:
  AccessLog(std::filesystem::path path, int file);
  void run();
  void write(std::string_view bytes, std::uint64_t line_count);

  const std::filesystem::path path_;
  std::mutex mutex_;
  std::condition_variable filled_;
  std::string buffer_;                // guarded by mutex_
  std::uint64_t buffered_lines_ = 0;  // guarded by mutex_
  bool reopens_ = false;              // guarded by mutex_
  bool stops_ = false;                // guarded by mutex_
  int file_;                          // the thread's own
  std::atomic<std::uint64_t> lines_{0}, dropped_{0};
  std::thread thread_;
};

}  // namespace tokenledger

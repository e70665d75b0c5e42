#include "api/access_log.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "api/json_writer.hpp"
#include "api/rfc3339.hpp"

namespace tokenledger {
namespace {

int open_file(const std::filesystem::path& path) {
  if (path == "-") return STDOUT_FILENO;
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

LedgerTime wall_clock() noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return LedgerTime{static_cast<std::uint64_t>(now.tv_sec) * kNanosecondsPerSecond +
                    static_cast<std::uint64_t>(now.tv_nsec)};
}

void text_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  json.name(name);
  if (text.empty())
    json.null();
  else
    json.value(text);
}

void append_line(std::string& out, const HttpExchange& exchange) {
  JsonWriter json{&out};
  json.begin_object().member("time", format_rfc3339(wall_clock()));
  text_or_null(json, "method", exchange.method);
  text_or_null(json, "route", exchange.route);
  json.member("status", exchange.status)
      .member("bytes", exchange.bytes)
      .member("duration_us",
              std::chrono::duration_cast<std::chrono::microseconds>(exchange.duration).count());
  text_or_null(json, "client_id", exchange.client_id);
  text_or_null(json, "request_id", exchange.request_id);
  text_or_null(json, "denied", exchange.denied);
  json.end_object();
  out += '\n';
}

}  // namespace

Result<std::unique_ptr<AccessLog>> AccessLog::open(const std::filesystem::path& path) {
  const int file = open_file(path);
  if (file < 0) return Errc::io_error;
  return std::unique_ptr<AccessLog>{new AccessLog{path, file}};
}

AccessLog::AccessLog(std::filesystem::path path, int file)
    : path_{std::move(path)}, file_{file}, thread_{[this] { run(); }} {}

AccessLog::~AccessLog() {
  {
    const std::lock_guard lock{mutex_};
    stops_ = true;
  }
  filled_.notify_one();
  thread_.join();
  if (file_ != STDOUT_FILENO) ::close(file_);
}

void AccessLog::on_answer(const HttpExchange& exchange) noexcept {
  try {
    thread_local std::string line;
    line.clear();
    append_line(line, exchange);
    {
      const std::lock_guard lock{mutex_};
      if (buffer_.size() + line.size() <= kBufferBytesMax) {
        buffer_ += line;
        ++buffered_lines_;
        lines_.fetch_add(1, std::memory_order_relaxed);
      } else {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return;
      }
    }
    filled_.notify_one();
  } catch (...) {  // no memory: a line is the least of it
    dropped_.fetch_add(1, std::memory_order_relaxed);
  }
}

void AccessLog::reopen() {
  {
    const std::lock_guard lock{mutex_};
    reopens_ = true;
  }
  filled_.notify_one();
}

void AccessLog::run() {
  std::string batch;
  for (;;) {
    batch.clear();
    std::uint64_t line_count = 0;
    bool reopens = false;
    {
      std::unique_lock lock{mutex_};
      filled_.wait(lock, [this] { return stops_ || reopens_ || !buffer_.empty(); });
      if (buffer_.empty() && !reopens_) return;
      batch.swap(buffer_);
      line_count = std::exchange(buffered_lines_, 0);
      reopens = std::exchange(reopens_, false);
    }
    write(batch, line_count);
    if (!reopens) continue;
    const int file = open_file(path_);
    if (file < 0) {
      spdlog::error("the access log can't be opened again; lines go to the former file");
      continue;
    }
    if (file_ != STDOUT_FILENO) ::close(file_);
    file_ = file;
  }
}

void AccessLog::write(std::string_view bytes, std::uint64_t line_count) {
  while (!bytes.empty()) {
    const auto count = ::write(file_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      // Said once per batch; which lines of it arrived is not known.
      spdlog::error("the access log can't be written");
      dropped_.fetch_add(line_count, std::memory_order_relaxed);
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

AccessLog::Counters AccessLog::counters() const noexcept {
  return {.lines = lines_.load(std::memory_order_relaxed),
          .dropped = dropped_.load(std::memory_order_relaxed)};
}

}  // namespace tokenledger

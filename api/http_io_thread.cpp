#include "api/http_io_thread.hpp"

#include <algorithm>
#include <ctime>
#include <thread>

#include "api/failure_log.hpp"
#include "api/http_connection.hpp"
#include "core/invariant.hpp"

namespace tokenledger {
namespace {

// Deadlines are looked at this often: an eighth of the shortest, within reason.
std::chrono::milliseconds tick_interval_for(const HttpDeadlines& deadlines) {
  const auto shortest = std::min({deadlines.head, deadlines.body, deadlines.idle, deadlines.write,
                                  deadlines.answer, deadlines.linger, deadlines.handshake});
  return std::clamp(shortest / 8, std::chrono::milliseconds{5}, std::chrono::milliseconds{250});
}

}  // namespace

bool HttpConnectionCount::try_add(std::size_t count_max) noexcept {
  const std::lock_guard lock{mutex_};
  if (count_ >= count_max) return false;
  ++count_;
  return true;
}

void HttpConnectionCount::remove() noexcept {
  const std::lock_guard lock{mutex_};
  LEDGER_INVARIANT(count_ > 0);
  if (--count_ == 0) none_.notify_all();
}

bool HttpConnectionCount::wait_until_none(std::chrono::milliseconds deadline) {
  std::unique_lock lock{mutex_};
  return none_.wait_for(lock, deadline, [this] { return count_ == 0; });
}

HttpIoThread::HttpIoThread(const HttpRouter& router, const HttpServerOptions& options)
    : router_{router},
      options_{options},
      work_{boost::asio::make_work_guard(io_)},
      ticker_{io_},
      tick_interval_{tick_interval_for(options.deadlines)},
      mailbox_{std::make_shared<ResponseMailbox>(
          [this] { boost::asio::post(io_, [this] { deliver_completions(); }); })} {}

// Pending operations of the loop hold connections, and those refer to this object: they go when
// io_ is destroyed, before anything they touch.
HttpIoThread::~HttpIoThread() { mailbox_->close(); }

void HttpIoThread::run() {
  while (!io_.stopped()) {
    try {
      if (!is_ticking_) tick();  // at the beginning, and when there was no memory for the next one
      io_.run();
    } catch (...) {
      log_current_exception("http: an event handler");
    }
    if (!is_ticking_) std::this_thread::sleep_for(tick_interval_);
  }
}

HttpIoThread::Clock::time_point HttpIoThread::now() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);  // steady_clock's clock, read cheaply
  return Clock::time_point{std::chrono::seconds{time.tv_sec} +
                           std::chrono::nanoseconds{time.tv_nsec}};
}

HttpSessionContext HttpIoThread::session_context() noexcept {
  return {router_,      options_.limits, counters_,        date_line_,
          request_ids_, mailbox_,        options_.observer};
}

void HttpIoThread::add(std::shared_ptr<HttpConnection> connection, HttpConnectionPlace place) {
  const auto id = connection->id();
  const bool is_new = connections_.try_emplace(id, Open{connection, std::move(place)}).second;
  LEDGER_INVARIANT(is_new);
  counters_.connections_opened.add(1);
  if (is_draining_) return connection->close();
  connection->start();
}

void HttpIoThread::remove(std::uint64_t connection) noexcept {
  if (connections_.erase(connection) != 0) counters_.connections_closed.add(1);
}

std::vector<std::shared_ptr<HttpConnection>> HttpIoThread::all_connections() const {
  std::vector<std::shared_ptr<HttpConnection>> all;
  all.reserve(connections_.size());
  for (const auto& [id, open] : connections_) all.push_back(open.connection);
  return all;
}

void HttpIoThread::drain() {
  is_draining_ = true;
  for (const auto& connection : all_connections()) connection->drain();
}

void HttpIoThread::close_all() {
  for (const auto& connection : all_connections()) connection->close();
}

// All answers of the batch first, then one flush per connection: they leave in one write each.
void HttpIoThread::deliver_completions() {
  mailbox_->take(&completions_, &readable_);
  for (auto& completion : completions_) {
    const auto found = connections_.find(completion.connection);
    if (found != connections_.end())
      found->second.connection->complete(completion.slot, std::move(completion.response));
  }
  std::uint64_t last_flushed = 0;  // ids begin at 1
  for (const auto& completion : completions_) {
    if (completion.connection == last_flushed) continue;
    last_flushed = completion.connection;
    const auto found = connections_.find(completion.connection);
    if (found == connections_.end()) continue;
    const auto connection = found->second.connection;
    connection->flush();
  }
  completions_.clear();
  for (const auto id : readable_) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) continue;
    const auto connection = found->second.connection;
    connection->flush();
  }
}

void HttpIoThread::tick() {
  // First the next tick: a failed allocation below must not end all deadlines for good.
  ticker_.expires_after(tick_interval_);
  ticker_.async_wait([this](const boost::system::error_code& error) {
    is_ticking_ = false;
    if (!error) tick();
  });
  is_ticking_ = true;
  const auto time = now();
  for (const auto& connection : all_connections()) connection->check_deadlines(time);
  if (on_tick_) on_tick_();
}

}  // namespace tokenledger

// EventStreamer feeds every open GET /v1/events/stream from one thread.
//
// Each stream has its own position in the log and is given whole messages while its pipe has room,
// a bounded batch per turn, so a slow or far-behind reader delays nobody else. The bearer is
// checked again before every batch and every second: no event that was committed after the token's
// revocation leaves the server (INV-2). Threads: add() from any; the destructor ends all streams
// and joins.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "api/event_wire.hpp"
#include "api/http_request.hpp"
#include "api/http_stream.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {

struct EventStreamCounters {
  std::uint64_t open = 0;
  std::uint64_t opened = 0;
  std::uint64_t refused = 0;  // beyond count_max
  std::uint64_t events = 0;   // sent
  std::uint64_t ended_by_token = 0;
};

class EventStreamer {
 public:
  struct Options {
    std::size_t count_max = 64;
    std::chrono::milliseconds heartbeat = std::chrono::seconds{15};
  };

  EventStreamer(const Ledger& ledger, Options options);
  ~EventStreamer();
  EventStreamer(const EventStreamer&) = delete;
  EventStreamer& operator=(const EventStreamer&) = delete;

  // Begins a stream at `from` for the bearer of the request, whose scope was checked. Null:
  // count_max are open. The result is the reading end.
  [[nodiscard]] std::shared_ptr<HttpStream> add(OwnedHttpRequest request, Sequence from,
                                                EventVisibility visibility);
  [[nodiscard]] EventStreamCounters counters() const noexcept;

 private:
  using Clock = std::chrono::steady_clock;
  // What wakes the thread; shared with streams, which may outlive the streamer.
  struct Wake {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_set = false;
    void set();
  };
  struct Stream {
    OwnedHttpRequest request;  // holds the bearer token, and wipes it
    std::shared_ptr<HttpStream> pipe;
    Sequence next;
    EventVisibility visibility;
    Clock::time_point last_write;
  };
  enum class Turn : std::uint8_t { caught_up, has_more, blocked, over };

  void run();
  void wait(bool is_anyone_busy, bool is_anyone_blocked);
  [[nodiscard]] Turn serve(Stream& stream);
  [[nodiscard]] Turn send_batch(Stream& stream);
  [[nodiscard]] bool may_go_on(Stream& stream);
  void end(Stream& stream, std::string_view reason);

  const Ledger& ledger_;
  const Options options_;
  std::shared_ptr<Wake> wake_ = std::make_shared<Wake>();
  std::mutex mutex_;
  std::list<Stream> added_;     // guarded by mutex_
  std::size_t open_count_ = 0;  // guarded by mutex_; added and served
  std::list<Stream> streams_;   // the thread's own
  std::vector<ReadEvent> batch_;
  std::string message_;
  std::atomic<bool> stops_{false};
  std::atomic<std::uint64_t> open_{0}, opened_{0}, refused_{0}, events_{0}, ended_by_token_{0};
  std::thread thread_;
};

}  // namespace tokenledger

// HttpStream: the body of an answer that is made while it is read, such as server-sent events.
//
// A bounded pipe between a producer (any thread) and the connection's I/O thread. The reader's pace
// is the producer's: a message that finds no room is refused and `on_room` tells when to try again
// (back-pressure, INV-7). A reader too slow for HttpDeadlines::write loses its connection, and
// whichever way the connection ends, the producer sees is_closed(). Messages are taken whole or not
// at all, so what has left the producer is never cut in its middle by a graceful stop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace tokenledger {

class ResponseMailbox;

class HttpStream {
 public:
  // Not yet taken by the connection; one message may exceed it when the pipe is empty.
  static constexpr std::size_t kBufferBytesMax = 256 * 1024;

  // `on_room` is called without a lock, from the I/O thread, once after each refused message when
  // there is room again or the stream was closed; it must be quick. May be empty.
  explicit HttpStream(std::function<void()> on_room = {}) : on_room_{std::move(on_room)} {}

  // --- the producer ---
  // False, with nothing taken: no room now, or nobody reads any more.
  [[nodiscard]] bool write(std::string_view message);
  // The body is complete; later writes are refused.
  void end();
  [[nodiscard]] bool is_closed() const;

  // --- the connection ---
  // From now on bytes and the end are announced to the box under this connection's id.
  void attach(std::shared_ptr<ResponseMailbox> mailbox, std::uint64_t connection);
  // Appends at most bytes_max to `out`; returns how many. The next write is announced again.
  std::size_t take(std::string& out, std::size_t bytes_max);
  // Everything was taken and end() was called.
  [[nodiscard]] bool is_finished() const;
  void close();

 private:
  void announce(std::unique_lock<std::mutex>& lock);
  void tell_room(std::unique_lock<std::mutex>& lock);

  mutable std::mutex mutex_;
  std::function<void()> on_room_;
  std::string buffer_;
  std::size_t taken_ = 0;  // of buffer_
  std::shared_ptr<ResponseMailbox> mailbox_;
  std::uint64_t connection_ = 0;
  bool is_announced_ = false;
  bool was_refused_ = false;
  bool is_ended_ = false;
  bool is_closed_ = false;
};

// The reading end, for HttpResponse::stream: closes the stream when the last copy goes, whatever
// became of the answer.
[[nodiscard]] std::shared_ptr<HttpStream> reader_of(std::shared_ptr<HttpStream> stream);

}  // namespace tokenledger

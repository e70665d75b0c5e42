// Responder: the promise to answer one request, kept by whoever decides later, on any thread.
//
// respond() hands the answer to the connection's I/O thread; answers of one connection leave in the
// order of their requests whatever the order of the respond() calls. A Responder destroyed without
// an answer answers 500: a lost callback must not hang a client, nor look like success (INV-6). One
// that outlives its connection or the server does nothing. Threads: move-only, one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "api/http_response.hpp"

namespace tokenledger {

// Answers on their way to one I/O thread. Bounded by the requests in flight, which connection_count
// and pipeline_count bound. Many answers from one commit batch cost one wake-up.
class ResponseMailbox {
 public:
  struct Completion {
    std::uint64_t connection = 0;
    std::uint64_t slot = 0;
    HttpResponse response;
  };

  // `wake` is called, under the lock, when the box stops being empty. It must not call back.
  explicit ResponseMailbox(std::function<void()> wake) : wake_{std::move(wake)} {}

  // Any thread. After close(): dropped.
  void push(Completion completion);
  // A connection whose streamed answer has more bytes, or ended. At most one per stream is pending.
  void push_readable(std::uint64_t connection);
  // The I/O thread: everything pushed so far, in order, swapped with the (emptied) arguments.
  void take(std::vector<Completion>* completions, std::vector<std::uint64_t>* readable);
  // After it returns `wake` is never called again.
  void close();

 private:
  std::mutex mutex_;
  std::function<void()> wake_;  // empty once closed
  std::vector<Completion> completions_;
  std::vector<std::uint64_t> readable_;
};

class Responder {
 public:
  Responder(std::shared_ptr<ResponseMailbox> mailbox, std::uint64_t connection, std::uint64_t slot)
      : mailbox_{std::move(mailbox)}, connection_{connection}, slot_{slot} {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&&) = delete;
  ~Responder();

  // Whose request it is, for the access log only.
  void set_client_id(std::string client_id) { client_id_ = std::move(client_id); }
  // Exactly once. Does not block beyond a short lock.
  void respond(HttpResponse response);

 private:
  std::shared_ptr<ResponseMailbox> mailbox_;  // null: answered or moved from
  std::uint64_t connection_;
  std::uint64_t slot_;
  std::string client_id_;
};

}  // namespace tokenledger

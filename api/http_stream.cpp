#include "api/http_stream.hpp"

#include <algorithm>
#include <utility>

#include "api/http_responder.hpp"

namespace tokenledger {

bool HttpStream::write(std::string_view message) {
  std::unique_lock lock{mutex_};
  if (is_closed_ || is_ended_) return false;
  const std::size_t waiting = buffer_.size() - taken_;
  if (waiting != 0 && waiting + message.size() > kBufferBytesMax) {
    was_refused_ = true;
    return false;
  }
  if (waiting == 0) {
    buffer_.clear();
    taken_ = 0;
  }
  buffer_ += message;
  announce(lock);
  return true;
}

void HttpStream::end() {
  std::unique_lock lock{mutex_};
  if (is_ended_) return;
  is_ended_ = true;
  announce(lock);
}

bool HttpStream::is_closed() const {
  const std::lock_guard lock{mutex_};
  return is_closed_;
}

void HttpStream::attach(std::shared_ptr<ResponseMailbox> mailbox, std::uint64_t connection) {
  const std::lock_guard lock{mutex_};
  mailbox_ = std::move(mailbox);
  connection_ = connection;
}

std::size_t HttpStream::take(std::string& out, std::size_t bytes_max) {
  std::unique_lock lock{mutex_};
  is_announced_ = false;
  const auto count = std::min(bytes_max, buffer_.size() - taken_);
  out.append(buffer_, taken_, count);
  taken_ += count;
  if (taken_ == buffer_.size()) {
    // A pipe that once held much gives it back.
    std::string{}.swap(buffer_);
    taken_ = 0;
    tell_room(lock);
  }
  return count;
}

bool HttpStream::is_finished() const {
  const std::lock_guard lock{mutex_};
  return is_ended_ && taken_ == buffer_.size();
}

void HttpStream::close() {
  std::unique_lock lock{mutex_};
  is_closed_ = true;
  mailbox_.reset();
  std::string{}.swap(buffer_);
  taken_ = 0;
  tell_room(lock);
}

// Outside the lock: the box has its own.
void HttpStream::announce(std::unique_lock<std::mutex>& lock) {
  if (is_announced_ || !mailbox_) return;
  is_announced_ = true;
  const auto mailbox = mailbox_;
  const auto connection = connection_;
  lock.unlock();
  mailbox->push_readable(connection);
}

void HttpStream::tell_room(std::unique_lock<std::mutex>& lock) {
  if (!was_refused_) return;
  was_refused_ = false;
  lock.unlock();
  if (on_room_) on_room_();
}

std::shared_ptr<HttpStream> reader_of(std::shared_ptr<HttpStream> stream) {
  auto* reader = stream.get();
  return {reader, [kept = std::move(stream)](HttpStream*) { kept->close(); }};
}

}  // namespace tokenledger

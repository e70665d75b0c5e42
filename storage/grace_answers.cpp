#include "storage/grace_answers.hpp"

#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

namespace tokenledger {
namespace {

using Clock = std::chrono::steady_clock;

struct HashOfDigest {
  std::size_t operator()(const Digest& digest) const noexcept {
    std::size_t word;
    std::memcpy(&word, digest.data(), sizeof word);
    return word;
  }
};

}  // namespace

class GraceAnswers::Table {
 public:
  Table() : thread_{[this] { wipe_in_time(); }} {}
  ~Table() {
    {
      const std::scoped_lock lock{mutex_};
      stops_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  bool keep(const Digest& predecessor, SecretBytes answer, std::chrono::milliseconds window) {
    bool ends_first = false;
    {
      const std::scoped_lock lock{mutex_};
      const auto now = Clock::now();
      drop_until(now);
      if (answers_.contains(predecessor)) return false;
      while (answers_.size() >= kGraceAnswersMax || bytes_ + answer.size() > kGraceBytesMax) {
        drop_first();
        ++early_;
      }
      bytes_ += answer.size();
      const auto end = ends_.emplace(now + window, predecessor);
      answers_.emplace(predecessor, Entry{std::move(answer), end});
      ends_first = end == ends_.begin();
    }
    if (ends_first) changed_.notify_one();
    return true;
  }

  std::optional<SecretBytes> find(const Digest& predecessor) const {
    const std::scoped_lock lock{mutex_};
    const auto found = answers_.find(predecessor);
    if (found == answers_.end() || found->second.end->first <= Clock::now()) return std::nullopt;
    return SecretBytes{found->second.answer.view()};
  }

  void forget(const Digest& predecessor) {
    const std::scoped_lock lock{mutex_};
    const auto found = answers_.find(predecessor);
    if (found != answers_.end()) drop(found->second.end);
  }

  Counters counters() const {
    const std::scoped_lock lock{mutex_};
    return {.answers = answers_.size(), .bytes = bytes_, .early = early_};
  }

 private:
  using Ends = std::multimap<Clock::time_point, Digest>;
  struct Entry {
    SecretBytes answer;
    Ends::iterator end;
  };

  void drop(Ends::iterator end) {
    const auto found = answers_.find(end->second);
    bytes_ -= found->second.answer.size();
    answers_.erase(found);
    ends_.erase(end);
  }
  void drop_first() { drop(ends_.begin()); }
  // At most kGraceAnswersMax.
  void drop_until(Clock::time_point now) {
    while (!ends_.empty() && ends_.begin()->first <= now) drop_first();
  }

  void wipe_in_time() {
    std::unique_lock lock{mutex_};
    while (!stops_) {
      drop_until(Clock::now());
      if (ends_.empty()) {
        changed_.wait(lock);
      } else {
        const auto first = ends_.begin()->first;  // a copy: its entry may go meanwhile
        changed_.wait_until(lock, first);
      }
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<Digest, Entry, HashOfDigest> answers_;  // guarded by mutex_
  Ends ends_;                                                // guarded by mutex_
  std::size_t bytes_ = 0;                                    // guarded by mutex_
  std::uint64_t early_ = 0;                                  // guarded by mutex_
  bool stops_ = false;                                       // guarded by mutex_
  std::thread thread_;                                       // last: it uses the others
};

GraceAnswers::GraceAnswers() : table_{std::make_unique<Table>()} {}
GraceAnswers::~GraceAnswers() = default;

bool GraceAnswers::keep(const Digest& predecessor, SecretBytes answer,
                        std::chrono::milliseconds window) {
  const bool is_in_bounds = window.count() > 0 && window <= kGraceWindowMax && answer.size() > 0 &&
                            answer.size() <= kGraceAnswerBytesMax;
  return is_in_bounds && table_->keep(predecessor, std::move(answer), window);
}

std::optional<SecretBytes> GraceAnswers::find(const Digest& predecessor) const {
  return table_->find(predecessor);
}

void GraceAnswers::forget(const Digest& predecessor) { table_->forget(predecessor); }

GraceAnswers::Counters GraceAnswers::counters() const { return table_->counters(); }

}  // namespace tokenledger

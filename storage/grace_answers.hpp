// GraceAnswers: answers to refreshes, kept for the few seconds in which a client whose answer was
// lost may ask again with the token it had (refresh token rotation, RFC 9700 §4.14.2).
//
// The retry gets the very same bytes, so there is never a second successor. Memory only and bounded
// (INV-7): an answer that is not here any more, after a restart too, makes the retry invalid_grant,
// and the person signs in again. Who may ask is decided before anybody looks here: the same client,
// a family that has not ended (core/decide). Answers hold tokens: each is wiped when its time is
// over, by a thread of this object's own, not when somebody happens to come by (INV-5). Threads:
// any.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/ids.hpp"
#include "core/secret_bytes.hpp"

namespace tokenledger {

inline constexpr std::size_t kGraceAnswersMax = 16'384;
inline constexpr std::size_t kGraceAnswerBytesMax = 20 * 1024;  // of one
inline constexpr std::size_t kGraceBytesMax = 64 * 1024 * 1024;
inline constexpr std::chrono::seconds kGraceWindowMax{60};

class GraceAnswers {
 public:
  GraceAnswers();
  ~GraceAnswers();  // wipes all
  GraceAnswers(const GraceAnswers&) = delete;
  GraceAnswers& operator=(const GraceAnswers&) = delete;

  // `predecessor`: a SHA-256 of the refresh token that was used up and of what was asked with it.
  // At a bound those whose time ends first go early. False, with nothing kept: the window is not
  // positive or above kGraceWindowMax, the answer is empty or above kGraceAnswerBytesMax, or there
  // is one for this predecessor: a token is used up once, so the first answer is the right one.
  bool keep(const Digest& predecessor, SecretBytes answer, std::chrono::milliseconds window);
  // A copy; nullopt: none, or not any more.
  [[nodiscard]] std::optional<SecretBytes> find(const Digest& predecessor) const;
  // Its family ended: nobody may be given it again.
  void forget(const Digest& predecessor);

  struct Counters {
    std::size_t answers = 0;
    std::size_t bytes = 0;
    std::uint64_t early = 0;  // went before their time
  };
  [[nodiscard]] Counters counters() const;

 private:
  class Table;
  std::unique_ptr<Table> table_;
};

}  // namespace tokenledger

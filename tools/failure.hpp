// Failure: how a command of the program ends when it does not succeed; and the exit codes.
//
// Commands throw it with a sentence that says what to do; main() prints the sentence on stderr and
// exits with the code. A sentence never holds a token, a secret or a key (INV-5).
#pragma once

#include <stdexcept>
#include <string>

#include "core/errc.hpp"

namespace tokenledger {

enum class ExitCode : int {
  ok = 0,
  refused = 1,          // the ledger refused, or there is no such thing; nothing was changed
  usage = 2,            // the command line is wrong; nothing was changed
  cannot_open = 3,      // the ledger (or the server) can't be opened or reached
  difference = 4,       // a verification found a difference
  unknown_outcome = 5,  // a write failed half-way: look before repeating
  done_unsaid = 6,      // it was done and is durable, but the answer could not be written
};

// One line each, as --help and the manual page show them.
[[nodiscard]] std::string exit_code_text();

class Failure : public std::runtime_error {
 public:
  Failure(ExitCode code, const std::string& sentence) : std::runtime_error{sentence}, code_{code} {}
  [[nodiscard]] ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

// What an error of the ledger means to the person at the command line.
[[nodiscard]] std::string explain(Errc code);
[[nodiscard]] ExitCode exit_code_of(Errc code) noexcept;

// "could not <what>: <explanation>", with the exit code of the error.
[[noreturn]] void fail(const std::string& what, const boost::system::error_code& error);

template <class T>
T require(const std::string& what, Result<T> result) {
  if (!result) fail(what, result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace tokenledger

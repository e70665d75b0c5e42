#include "api/http_counters.hpp"

namespace tokenledger {

void HttpThreadCounters::add_to(HttpCounters* sum) const noexcept {
  sum->requests += requests.value();
  for (std::size_t index = 0; index < responses_by_class.size(); ++index)
    sum->responses_by_class[index] += responses_by_class[index].value();
  for (std::size_t index = 0; index < refused.size(); ++index)
    sum->refused[index] += refused[index].value();
  for (std::size_t index = 0; index < denied.size(); ++index)
    sum->denied[index] += denied[index].value();
  // Closed first: a connection opened and closed in between must not make the difference negative.
  const auto closed = connections_closed.value();
  const auto opened = connections_opened.value();
  sum->connections_open += opened >= closed ? opened - closed : 0;
  sum->connections_accepted += opened;
  sum->timeouts_idle += timeouts_idle.value();
  sum->timeouts_write += timeouts_write.value();
  sum->timeouts_answer += timeouts_answer.value();
  sum->handler_failures += handler_failures.value();
  sum->tls_handshake_failures += tls_handshake_failures.value();
  sum->bytes_received += bytes_received.value();
  sum->bytes_sent += bytes_sent.value();
}

}  // namespace tokenledger

#include "tools/listening.hpp"

#include <pthread.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <charconv>

#include "tools/failure.hpp"

namespace tokenledger {

std::string ListenAddress::text(std::uint16_t at_port) const {
  const auto host = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
  return host + ":" + std::to_string(at_port);
}

ListenAddress parse_listen(const std::string& text) {
  const auto refuse = [&]() -> Failure {
    return {ExitCode::usage, "--listen wants ADDRESS:PORT, like 127.0.0.1:8080 or [::1]:8080"};
  };
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) throw refuse();
  auto host = text.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  ListenAddress endpoint{boost::asio::ip::make_address(host, error), 0};
  const char* end = text.data() + text.size();
  const auto port = std::from_chars(text.data() + colon + 1, end, endpoint.port);
  if (error || port.ec != std::errc{} || port.ptr != end || port.ptr == text.data() + colon + 1)
    throw refuse();
  return endpoint;
}

void log_to_stderr() {
  auto logger = spdlog::stderr_logger_mt("tokenledger");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  spdlog::set_default_logger(std::move(logger));
}

sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

}  // namespace tokenledger

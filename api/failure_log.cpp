#include "api/failure_log.hpp"

#include <spdlog/spdlog.h>

#include <exception>
#include <typeinfo>

namespace tokenledger {
namespace {

void write_line(std::string_view what, std::string_view request_id, std::string_view type) {
  if (request_id.empty())
    spdlog::error("{} threw {}", what, type);
  else
    spdlog::error("request {}: {} threw {}", request_id, what, type);
}

}  // namespace

void log_current_exception(std::string_view what, std::string_view request_id) noexcept {
  try {
    try {
      throw;
    } catch (const std::exception& failure) {
      write_line(what, request_id, typeid(failure).name());
    } catch (...) {
      write_line(what, request_id, "something");
    }
  } catch (...) {  // not even a line of the log: the server's going on is worth more
  }
}

}  // namespace tokenledger

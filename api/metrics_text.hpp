// MetricsText appends metrics in Prometheus' text format, version 0.0.4.
//
// Names and help are our own constants; label values are escaped. Threads: a plain value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tokenledger {

class MetricsText {
 public:
  explicit MetricsText(std::string& out) : out_{out} {}

  // A family of one sample without labels.
  void counter(std::string_view name, std::string_view help, std::uint64_t value);
  void gauge(std::string_view name, std::string_view help, std::uint64_t value);
  // A counter of seconds, from nanoseconds.
  void seconds_counter(std::string_view name, std::string_view help, std::uint64_t nanoseconds);

  // The head of a family; its samples follow.
  void family(std::string_view name, std::string_view type, std::string_view help);
  void sample(std::string_view name, std::string_view label, std::string_view label_value,
              std::uint64_t value);

 private:
  void plain_sample(std::string_view name, std::string_view value);

  std::string& out_;
};

}  // namespace tokenledger

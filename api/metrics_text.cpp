#include "api/metrics_text.hpp"

#include "core/ids.hpp"

namespace tokenledger {
namespace {

// As the format wants it of a label's value.
void append_escaped(std::string& out, std::string_view value) {
  for (const char letter : value) {
    if (letter == '\n') {
      out.append("\\n");
      continue;
    }
    if (letter == '\\' || letter == '"') out += '\\';
    out += letter;
  }
}

}  // namespace

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
  out_.append("# HELP ").append(name).append(" ").append(help).append("\n");
  out_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void MetricsText::plain_sample(std::string_view name, std::string_view value) {
  out_.append(name).append(" ").append(value).append("\n");
}

void MetricsText::counter(std::string_view name, std::string_view help, std::uint64_t value) {
  family(name, "counter", help);
  plain_sample(name, std::to_string(value));
}

void MetricsText::gauge(std::string_view name, std::string_view help, std::uint64_t value) {
  family(name, "gauge", help);
  plain_sample(name, std::to_string(value));
}

void MetricsText::seconds_counter(std::string_view name, std::string_view help,
                                  std::uint64_t nanoseconds) {
  family(name, "counter", help);
  auto fraction = std::to_string(nanoseconds % kNanosecondsPerSecond);
  fraction.insert(0, 9 - fraction.size(), '0');
  plain_sample(name, std::to_string(nanoseconds / kNanosecondsPerSecond) + '.' + fraction);
}

void MetricsText::sample(std::string_view name, std::string_view label,
                         std::string_view label_value, std::uint64_t value) {
  out_.append(name).append("{").append(label).append("=\"");
  append_escaped(out_, label_value);
  out_.append("\"} ");
  out_.append(std::to_string(value)).append("\n");
}

}  // namespace tokenledger

#include "tools/door.hpp"

#include <chrono>
#include <thread>

#include "api/host_requests.hpp"
#include "tools/http_client.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

using namespace std::chrono_literals;

constexpr auto kViewPollEvery = 20ms;
// Views that gain nothing for so long have stopped; the question then gets its own answer.
constexpr auto kViewStillMax = 30s;

std::string header_value(std::string_view lines, std::string_view name) {
  const std::string start = std::string{name} + ": ";
  const auto at = lines.find(start);
  if (at == std::string_view::npos) return {};
  const auto begin = at + start.size();
  return std::string{lines.substr(begin, lines.find("\r\n", begin) - begin)};
}

void wait_for_views(const Ledger& ledger) {
  ProgressLine progress;
  auto before = ledger.stats();
  auto moved_at = std::chrono::steady_clock::now();
  for (;;) {
    const auto stats = ledger.stats();
    if (stats.view_cursor >= stats.committed || stats.views_stopped || stats.poisoned) return;
    const auto now = std::chrono::steady_clock::now();
    if (stats.view_cursor != before.view_cursor) moved_at = now;
    if (now - moved_at > kViewStillMax) return;
    before = stats;
    progress.show("views", stats.view_cursor.value(), stats.committed.value());
    std::this_thread::sleep_for(kViewPollEvery);
  }
}

class OfflineDoor final : public Door {
 public:
  OfflineDoor(const CommandLine& line, Needs needs)
      : ledger_{open_offline(line)}, requests_{*ledger_} {
    if (needs == Needs::views) wait_for_views(*ledger_);
  }

  HttpAnswer send(const HttpQuestion& question) override {
    auto response =
        requests_.send(question.method, question.target, question.content_type, question.body);
    return {response.status, std::string{response.content_type}, std::move(response.body),
            header_value(response.header_lines, "X-Next-Seq")};
  }

 private:
  std::unique_ptr<Ledger> ledger_;
  HostRequests requests_;
};

}  // namespace

std::unique_ptr<Door> open_door(const CommandLine& line, Needs needs) {
  if (line.url.empty()) return std::make_unique<OfflineDoor>(line, needs);
  if (line.token_file.empty()) {
    throw Failure{ExitCode::usage,
                  "--url needs --token-file, the file of an administrator's token"};
  }
  return std::make_unique<HttpClient>(
      HttpClientOptions{.url = line.url,
                        .bearer = read_secret(line.token_file),
                        .ca_file = line.ca_file,
                        .allow_insecure_http = line.allow_insecure_http});
}

std::string percent_encoded(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    const bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                          (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
                          byte == '_' || byte == '~';
    if (is_plain) {
      out += character;
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

}  // namespace tokenledger

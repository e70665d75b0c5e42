// Any bytes: no crash. The same bytes cut anywhere give the same requests and the same refusals.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "api/http_session.hpp"

namespace {

using namespace tokenledger;

// What a conversation came to: what handlers saw, what was answered, how it ended.
class Outcome {
 public:
  // Reads in pieces of 1 to piece_bytes_max; 0: as large as the session takes.
  Outcome(std::string_view bytes, std::size_t piece_bytes_max) {
    HttpRouter router;
    for (const auto method : {HttpMethod::get, HttpMethod::post})
      router.add(method, "/{rest...}", [this](const HttpRequest& request) {
        for (const auto part :
             {method_name(request.method()), request.path(), request.query(),
              request.header(HttpHeader::host), request.header(HttpHeader::authorization),
              request.media_type(), request.header("x-a"), request.body()})
          text_.append(part).push_back('\n');
        if (const auto rest = request.path_parameter(0)) text_ += *rest;
        return HttpResponse{};
      });
    // Turns depend on the clock; what is answered does not.
    const HttpLimits limits{.head_bytes_max = 512,
                            .header_count_max = 8,
                            .body_bytes_max = 256,
                            .turn_time_max = std::chrono::microseconds{0}};
    HttpThreadCounters counters;
    HttpDateLine date;
    HttpRequestIds ids;
    const auto mailbox = std::make_shared<ResponseMailbox>([] {});
    HttpSession session{{router, limits, counters, date, ids, mailbox}, 1, "127.0.0.1"};
    std::size_t round = 0;
    while (!bytes.empty() && session.wants_input()) {
      const auto space = session.read_space();
      const auto piece = piece_bytes_max == 0 ? space.size() : 1 + round++ * 7 % piece_bytes_max;
      const auto count = bytes.copy(space.data(), std::min(space.size(), piece));
      session.received(count);
      bytes.remove_prefix(count);
      session.output().clear();
      session.advance();
    }
    if (session.wants_input()) session.end_of_input();
    text_ += session.is_finished() ? "finished" : "open";
    for (const auto& refused : counters.refused) text_ += " " + std::to_string(refused.value());
    for (const auto& count : counters.responses_by_class)
      text_ += " " + std::to_string(count.value());
  }
  friend bool operator==(const Outcome&, const Outcome&) = default;

 private:
  std::string text_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  const Outcome whole{bytes, 0};
  for (const std::size_t piece_bytes_max : {1, 5, 64})
    if (!(Outcome{bytes, piece_bytes_max} == whole)) std::abort();
  return 0;
}

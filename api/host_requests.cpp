#include "api/host_requests.hpp"

#include <openssl/crypto.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "api/http_options.hpp"
#include "api/http_parser.hpp"
#include "api/http_responder.hpp"
#include "api/http_router.hpp"
#include "api/service.hpp"
#include "core/invariant.hpp"

namespace tokenledger {
namespace {

// A bearer must stand there for endpoints that also know other ways to authenticate; what counts is
// the mark on the request.
constexpr std::string_view kAuthorization = "Authorization: Bearer host\r\n";

// The one answer that is waited for.
class Arrival {
 public:
  void announce() {
    const std::scoped_lock lock{mutex_};
    is_there_ = true;
    changed_.notify_one();
  }
  void wait() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return is_there_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_there_ = false;
};

std::string bytes_of_request(std::string_view method, std::string_view target,
                             std::string_view content_type, std::string_view body) {
  std::string bytes{method};
  bytes.append(" ").append(target).append(" HTTP/1.1\r\nHost: host\r\n").append(kAuthorization);
  if (!content_type.empty()) bytes.append("Content-Type: ").append(content_type).append("\r\n");
  bytes.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
  return bytes.append(body);
}

}  // namespace

struct HostRequests::Parts {
  explicit Parts(Ledger& ledger) : service{ledger, ApiOptions{}} { service.add_routes(router); }
  // Routes refer to the service, so they go first.
  ApiService service;
  HttpRouter router;
};

HostRequests::HostRequests(Ledger& ledger) : parts_{std::make_unique<Parts>(ledger)} {}
HostRequests::~HostRequests() = default;

HttpResponse HostRequests::send(std::string_view method, std::string_view target,
                                std::string_view content_type, std::string_view body) {
  auto bytes = bytes_of_request(method, target, content_type, body);
  HttpRequest request;
  request.is_from_host_ = true;
  HttpParser parser{HttpLimits{}};
  const auto refused = [&] { return HttpResponse{.status = refusal_status(parser.refusal())}; };
  if (parser.advance_head(bytes, request) != HttpParser::Step::done) return refused();
  const auto* route = parts_->router.find(request);
  const auto raised = route == nullptr ? 0 : route->options.body_bytes_max;
  const auto body_bytes_max = raised == 0 ? HttpLimits{}.body_bytes_max : raised;
  std::size_t size = bytes.size();
  if (parser.advance_body(bytes.data(), &size, body_bytes_max, request) != HttpParser::Step::done)
    return refused();
  if (route == nullptr) return parts_->router.refuse(request);
  if (route->options.streams) return HttpResponse{.status = 501};  // pages say the same
  if (route->sync) return route->sync(request);

  Arrival arrival;
  const auto mailbox = std::make_shared<ResponseMailbox>([&arrival] { arrival.announce(); });
  route->async(OwnedHttpRequest{request}, Responder{mailbox, 0, 0});
  OPENSSL_cleanse(bytes.data(), bytes.size());  // may hold a token (INV-5)
  arrival.wait();
  std::vector<ResponseMailbox::Completion> completions;
  std::vector<std::uint64_t> readable;  // streams only
  mailbox->take(&completions, &readable);
  mailbox->close();  // a second answer would find nobody
  LEDGER_INVARIANT(completions.size() == 1);
  return std::move(completions.front().response);
}

}  // namespace tokenledger

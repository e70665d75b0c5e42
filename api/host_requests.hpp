// HostRequests: the endpoints for whoever holds the directory, without a network.
//
// A command on a directory asks what it would ask a server, in the same words, and gets the same
// answer; the actor is the host itself instead of a token's holder, and every management scope is
// granted. Only this class can mark a request so (HttpRequest::is_from_host): nothing that came
// over a socket passes through here. Threads: one caller at a time. The ledger outlives it.
#pragma once

#include <memory>
#include <string_view>

#include "api/http_request.hpp"
#include "api/http_response.hpp"

namespace tokenledger {

class Ledger;

class HostRequests {
 public:
  explicit HostRequests(Ledger& ledger);
  ~HostRequests();
  HostRequests(const HostRequests&) = delete;
  HostRequests& operator=(const HostRequests&) = delete;

  // `target` is a path with its query, percent-encoded. Waits for the answer; a request that the
  // HTTP parser would refuse gets the status it would have got, without a body.
  [[nodiscard]] HttpResponse send(std::string_view method, std::string_view target,
                                  std::string_view content_type, std::string_view body);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace tokenledger

// HttpClient: one request at a time to a running server, for `--url`. HTTP/1.1, a connection each.
//
// https is verified against the system's certificates, or those of `ca_file`, and the host name
// (RFC 9110 §4.3.4). A bearer token leaves this machine only encrypted, unless told otherwise.
#pragma once

#include <memory>
#include <string>

#include "tools/door.hpp"
#include "tools/web_address.hpp"

namespace tokenledger {

struct HttpClientOptions {
  std::string url;
  std::string bearer;
  std::string ca_file;  // PEM; empty: the system's
  bool allow_insecure_http = false;
};

class HttpClient final : public Door {
 public:
  // A Failure with usage when the URL or the token is malformed, or plain HTTP would leave
  // loopback.
  explicit HttpClient(HttpClientOptions options);

  [[nodiscard]] HttpAnswer send(const HttpQuestion& question) override;

 private:
  HttpClientOptions options_;
  WebAddress address_;
};

}  // namespace tokenledger

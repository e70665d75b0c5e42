// HttpClient: one request to a running server, for `--url`. Plain HTTP/1.1, one connection each.
//
// Blocking, with a deadline per read and write. https is not spoken: TLS ends at a proxy, and a
// person on the machine talks to loopback.
#pragma once

#include <cstdint>
#include <string>

namespace tokenledger {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

class HttpClient {
 public:
  // `url` is http://HOST[:PORT][/]; `bearer` a token. A Failure with usage when one is malformed.
  HttpClient(const std::string& url, std::string bearer);

  // `target` begins with '/'; a body is sent as JSON. A Failure with cannot_open when nobody is
  // there, with unknown_outcome when a POST was sent and no whole answer came back.
  [[nodiscard]] HttpAnswer send(const std::string& method, const std::string& target,
                                const std::string& body = {}) const;

 private:
  std::string host_;
  std::string port_;
  std::string bearer_;
};

// What may stand in a query or path segment as it is; everything else becomes %XX.
[[nodiscard]] std::string percent_encoded(const std::string& text);

}  // namespace tokenledger

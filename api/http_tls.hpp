// HttpTls: the certificate a server shows, and how it may be exchanged while it runs.
//
// TLS 1.2 with forward-secret AEAD suites only, and 1.3; ALPN http/1.1 (a client that offers other
// protocols alone is refused, RFC 7301 §3.2); no renegotiation, no compression. A connection keeps
// the context it began with, so a reload disturbs nobody. Threads: any.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "core/errc.hpp"

namespace boost::asio::ssl {
class context;
}

namespace tokenledger {

struct HttpTlsFiles {
  std::filesystem::path certificate;  // PEM, the chain in order, the server's own first
  std::filesystem::path key;          // PEM, not encrypted
};

class HttpTls {
 public:
  using Context = std::shared_ptr<boost::asio::ssl::context>;

  // invalid_argument: a file is missing, no PEM, or key and certificate are no pair; `why` says
  // which, without anything of their contents.
  [[nodiscard]] static Result<std::unique_ptr<HttpTls>> load(HttpTlsFiles files, std::string& why);

  // Reads the files again. After an error the former certificate stays.
  [[nodiscard]] Result<void> reload(std::string& why);

  [[nodiscard]] Context context() const;

 private:
  explicit HttpTls(HttpTlsFiles files) : files_{std::move(files)} {}

  const HttpTlsFiles files_;
  mutable std::mutex mutex_;
  Context context_;  // guarded by mutex_
};

}  // namespace tokenledger

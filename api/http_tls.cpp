#include "api/http_tls.hpp"

#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <utility>

namespace tokenledger {
namespace {

namespace ssl = boost::asio::ssl;

// TLS 1.3 has good suites only.
constexpr const char* kCiphers12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kGroups = "X25519:P-256:P-384";
// Wire format of RFC 7301 §3.1.
constexpr unsigned char kHttp11[] = "\x08http/1.1";

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, chosen_size, kHttp11, sizeof kHttp11 - 1, offered,
                            offered_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

// Nobody sits at the terminal of a server.
int refuse_passphrase(char*, int, int, void*) { return -1; }

bool harden(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // an idle connection keeps no records
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_default_passwd_cb(context, refuse_passphrase);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(context, kCiphers12) == 1 &&
         SSL_CTX_set1_groups_list(context, kGroups) == 1;
}

Result<HttpTls::Context> load_context(const HttpTlsFiles& files, std::string& why) {
  const auto fail = [&](std::string sentence) {
    why = std::move(sentence);
    return Errc::invalid_argument;
  };
  boost::system::error_code error;
  const auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  if (!harden(context->native_handle())) return fail("OpenSSL refuses our TLS settings");
  context->use_certificate_chain_file(files.certificate.string(), error);
  if (error) return fail("no PEM certificate can be read from " + files.certificate.string());
  context->use_private_key_file(files.key.string(), ssl::context::pem, error);
  if (error) {
    return fail("no unencrypted PEM key of the certificate can be read from " + files.key.string());
  }
  if (SSL_CTX_check_private_key(context->native_handle()) != 1)
    return fail(files.key.string() + " is not the key of the certificate");
  const auto* certificate = SSL_CTX_get0_certificate(context->native_handle());
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
    return fail("the certificate in " + files.certificate.string() + " has expired");
  return context;
}

}  // namespace

Result<std::unique_ptr<HttpTls>> HttpTls::load(HttpTlsFiles files, std::string& why) {
  std::unique_ptr<HttpTls> tls{new HttpTls{std::move(files)}};
  if (auto loaded = tls->reload(why); !loaded) return loaded.error();
  return tls;
}

Result<void> HttpTls::reload(std::string& why) {
  auto context = load_context(files_, why);
  if (!context) return context.error();
  const std::lock_guard lock{mutex_};
  context_ = std::move(*context);
  return {};
}

HttpTls::Context HttpTls::context() const {
  const std::lock_guard lock{mutex_};
  return context_;
}

}  // namespace tokenledger

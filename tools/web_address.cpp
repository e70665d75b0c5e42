#include "tools/web_address.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

#include "tools/failure.hpp"
#include "tools/output.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kUrlBytesMax = 2'048;

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& byte : out)
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte + ('a' - 'A'));
  return out;
}

}  // namespace

bool WebAddress::is_loopback() const {
  if (host == "localhost") return true;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  return !error && address.is_loopback();
}

std::string WebAddress::authority() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

WebAddress parse_web_address(std::string_view option, std::string_view text) {
  const auto refuse = [&] {
    return Failure{ExitCode::usage, std::string{option} +
                                        " wants a URL like https://ledger.example or "
                                        "http://127.0.0.1:8080, without user, query and fragment"};
  };
  if (text.size() > kUrlBytesMax) throw refuse();
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) throw refuse();
  const auto& url = *parsed;
  WebAddress address;
  const auto scheme = lower({url.scheme().data(), url.scheme().size()});
  address.is_https = scheme == "https";
  const bool is_web = address.is_https || scheme == "http";
  const auto host = url.encoded_host_address();
  address.host = lower({host.data(), host.size()});
  address.path = std::string{url.encoded_path().data(), url.encoded_path().size()};
  address.port = address.is_https ? 443 : 80;
  // By hand: the library's port_number() lets 99999 through.
  if (const auto port = url.port(); !port.empty()) {
    const auto read = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (read.ec != std::errc{}) throw refuse();
  }
  const bool is_plain = !url.has_userinfo() && !url.has_query() && !url.has_fragment() &&
                        address.host.find('%') == std::string::npos && address.port != 0;
  if (!is_web || !is_plain || address.host.empty()) throw refuse();
  return address;
}

void require_issuer(const std::string& text, bool allow_insecure_http) {
  const auto address = parse_web_address("--issuer", text);
  if (address.is_https || address.is_loopback() || allow_insecure_http) return;
  throw Failure{ExitCode::usage,
                "--issuer wants an https URL: who verifies tokens fetches keys from there "
                "(RFC 8414); plain http is for loopback only, or with --allow-insecure-http"};
}

}  // namespace tokenledger

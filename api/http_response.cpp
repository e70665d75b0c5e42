#include "api/http_response.hpp"

#include <algorithm>
#include <charconv>

namespace tokenledger {
namespace {

bool is_safe_line(std::string_view text) noexcept {
  unsigned char is_bad = 0;  // of any byte, with no branch: 16 bytes at a time
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    is_bad |= static_cast<unsigned char>(((value < 0x20) & (byte != '\t')) | (value == 0x7f));
  }
  return is_bad == 0;
}

void append_number(std::string& out, std::size_t value) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

void append_status_line(std::string& out, int status) {
  if (status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
    return;
  }
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(status));
  out.push_back(' ');
  out += reason_phrase(status);
  out += "\r\n";
}

}  // namespace

void HttpResponse::add_header(std::string_view name, std::string_view value) {
  if (!is_safe_line(name) || !is_safe_line(value)) {
    is_broken = true;
    return;
  }
  // The usual answer has three or four short ones: room for them at once.
  constexpr std::size_t kUsualBytes = 160;
  const auto wanted = header_lines.size() + name.size() + value.size() + 4;
  if (header_lines.capacity() < wanted) header_lines.reserve(std::max(wanted, kUsualBytes));
  header_lines += name;
  header_lines += ": ";
  header_lines += value;
  header_lines += "\r\n";
}

void HttpResponse::fail_closed_if_broken() {
  const bool body_forbidden = status == 204 || status == 304;
  const bool is_good = !is_broken && status >= 200 && status <= 599 &&
                       body.size() <= body_bytes_max && !(body_forbidden && !body.empty()) &&
                       !(stream && (body_forbidden || !body.empty()));
  if (!is_good) *this = HttpResponse{.status = 500};
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "";
  }
}

std::string_view HttpDateLine::line() noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != second_) {
    second_ = now.tv_sec;
    std::tm parts{};
    gmtime_r(&second_, &parts);
    // The C locale: this program never calls setlocale.
    size_ = std::strftime(text_, sizeof text_, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
  }
  return {text_, size_};
}

void append_response(std::string& out, const HttpResponse& response, const HttpFraming& framing) {
  append_status_line(out, response.status);
  out += framing.date_line;
  if (!response.content_type.empty()) {
    out += "Content-Type: ";
    out += response.content_type;
    out += "\r\n";
  }
  // RFC 9110 §8.6: no Content-Length in a 204; in a 304 it would describe another answer's body.
  if (framing.chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  } else if (response.stream == nullptr && response.status != 204 && response.status != 304) {
    out += "Content-Length: ";
    append_number(out, response.body.size());
    out += "\r\n";
  }
  out += response.header_lines;
  if (!framing.request_id.empty()) {
    out += "X-Request-Id: ";
    out += framing.request_id;
    out += "\r\n";
  }
  if (framing.close)
    out += "Connection: close\r\n";
  else if (framing.keep_alive_10)
    out += "Connection: keep-alive\r\n";
  out += "\r\n";
  if (!framing.omit_body) out += response.body;
}

}  // namespace tokenledger

#include "api/problem.hpp"

#include <string>

#include "api/json_writer.hpp"

namespace tokenledger {
namespace {

std::string keep_oauth_charset(std::string_view text) {
  std::string kept{text};
  for (char& byte : kept) {
    const bool is_allowed = byte >= 0x20 && byte <= 0x7e && byte != '"' && byte != '\\';
    if (!is_allowed) byte = '?';
  }
  return kept;
}

}  // namespace

HttpResponse problem(int status, std::string_view code, std::string_view detail) {
  HttpResponse response{.status = status, .content_type = kContentTypeProblem};
  JsonWriter json{&response.body};
  json.begin_object()
      .member("type", "about:blank")
      .member("title", reason_phrase(status))
      .member("status", status)
      .member("code", code);
  if (!detail.empty()) json.member("detail", detail);
  json.end_object();
  response.add_header("Cache-Control", "no-store");
  return response;
}

HttpResponse oauth_error(int status, std::string_view error, std::string_view description) {
  HttpResponse response{.status = status, .content_type = kContentTypeJson};
  JsonWriter json{&response.body};
  json.begin_object().member("error", keep_oauth_charset(error));
  if (!description.empty()) json.member("error_description", keep_oauth_charset(description));
  json.end_object();
  response.add_header("Cache-Control", "no-store");
  response.add_header("Pragma", "no-cache");
  return response;
}

}  // namespace tokenledger

#include "api/entity_tag.hpp"

#include <algorithm>

#include "core/base64url.hpp"
#include "core/byte_view.hpp"
#include "core/sha256.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kTagBytes = 16;  // of the digest: two bodies never share a tag by accident

}  // namespace

std::string tag_of_body(std::string_view body) {
  const auto digest = sha256(body);
  return '"' + base64url_encode(ByteView{digest}.first(kTagBytes)) + '"';
}

bool has_tag(std::string_view if_none_match, std::string_view tag) {
  while (!if_none_match.empty()) {
    const auto comma = std::min(if_none_match.find(','), if_none_match.size());
    auto item = if_none_match.substr(0, comma);
    if_none_match.remove_prefix(std::min(comma + 1, if_none_match.size()));
    while (item.starts_with(' ') || item.starts_with('\t')) item.remove_prefix(1);
    while (item.ends_with(' ') || item.ends_with('\t')) item.remove_suffix(1);
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item == tag || item == "*") return true;
  }
  return false;
}

std::optional<HttpResponse> unchanged(const HttpRequest& request, std::string_view tag,
                                      std::string_view caching) {
  const auto known = request.header(HttpHeader::if_none_match);
  if (!has_tag(known, tag)) return std::nullopt;
  HttpResponse response{.status = 304};
  response.add_header("Cache-Control", caching);
  response.add_header("ETag", tag);
  return response;
}

}  // namespace tokenledger

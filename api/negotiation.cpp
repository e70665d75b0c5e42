#include "api/negotiation.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>

namespace tokenledger {
namespace {

std::string_view trimmed(std::string_view text) noexcept {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// Cuts what stands before the separator off `rest`.
std::string_view take_until(std::string_view& rest, char separator) noexcept {
  const auto end = std::min(rest.find(separator), rest.size());
  const auto taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trimmed(taken);
}

bool is_same(std::string_view left, std::string_view right) noexcept {
  return boost::beast::iequals({left.data(), left.size()}, {right.data(), right.size()});
}

// RFC 9110 §12.4.2: only 0, 0., 0.0, 0.00 and 0.000 are none at all.
bool is_refused(std::string_view parameters) noexcept {
  while (!parameters.empty()) {
    const auto parameter = take_until(parameters, ';');
    if (parameter.size() < 2 || !is_same(parameter.substr(0, 2), "q=")) continue;
    const auto quality = parameter.substr(2);
    return quality.starts_with('0') && quality.find_first_not_of("0.") == quality.npos;
  }
  return false;
}

}  // namespace

bool accepts_type(std::string_view accept, std::string_view type) noexcept {
  if (trimmed(accept).empty()) return true;
  const auto slash = type.find('/');
  int specificity = 0;
  bool is_accepted = false;
  while (!accept.empty()) {
    auto element = take_until(accept, ',');
    const auto range = take_until(element, ';');
    const bool is_group = range.ends_with("/*") && range.size() == slash + 2 &&
                          is_same(range.substr(0, slash), type.substr(0, slash));
    const int found = is_same(range, type) ? 3 : is_group ? 2 : range == "*/*" ? 1 : 0;
    if (found == 0 || found < specificity) continue;
    specificity = found;
    is_accepted = !is_refused(element);
  }
  return is_accepted;
}

bool accepts_gzip(std::string_view accept_encoding) noexcept {
  bool is_named = false;
  bool is_accepted = false;
  while (!accept_encoding.empty()) {
    auto element = take_until(accept_encoding, ',');
    const auto coding = take_until(element, ';');
    const bool is_gzip = is_same(coding, "gzip") || is_same(coding, "x-gzip");
    if (!is_gzip && (coding != "*" || is_named)) continue;
    is_named = is_named || is_gzip;
    is_accepted = !is_refused(element);
  }
  return is_accepted;
}

}  // namespace tokenledger

#include "api/http_form.hpp"

#include <algorithm>

#include "api/http_options.hpp"
#include "api/http_percent.hpp"
#include "core/sha256.hpp"
#include "core/uri_text.hpp"
#include "core/utf8.hpp"

namespace tokenledger {
namespace {

bool is_text(std::string_view text) noexcept {
  unsigned char is_forbidden = 0;  // of any byte, with no branch: 16 bytes at a time
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    const bool is_control = (value < 0x20) | (value == 0x7f);
    const bool is_white = (byte == '\t') | (byte == '\r') | (byte == '\n');
    is_forbidden |= static_cast<unsigned char>(is_control & !is_white);
  }
  return is_forbidden == 0 && is_utf8(text);
}

constexpr std::size_t kFormFieldCountUsual = 4;  // room made at once

bool contains(std::initializer_list<std::string_view> names, std::string_view name) noexcept {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Result<void> FormFields::parse(std::string_view text) {
  text_.clear();
  fields_.clear();
  if (text.size() > kHttpBodyBytesMax) return Errc::too_large;  // offsets have 32 bits
  if (text.empty()) return {};
  text_.reserve(text.size());
  fields_.reserve(kFormFieldCountUsual);
  while (!text.empty()) {
    const auto size = std::min(text.find('&'), text.size());
    if (const auto parsed = parse_field(text.substr(0, size)); !parsed) {
      text_.clear();
      fields_.clear();
      return parsed.error();
    }
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  return {};
}

Result<void> FormFields::parse_field(std::string_view field) {
  if (field.empty()) return {};
  if (fields_.size() == kFormFieldCountMax) return Errc::too_large;
  const auto equals = std::min(field.find('='), field.size());
  const auto encoded_value = field.substr(std::min(equals + 1, field.size()));
  Field parsed{};
  parsed.name_offset = static_cast<std::uint32_t>(text_.size());
  if (!append_percent_decoded(text_, field.substr(0, equals), PlusSign::is_space))
    return Errc::invalid_argument;
  parsed.value_offset = static_cast<std::uint32_t>(text_.size());
  if (!append_percent_decoded(text_, encoded_value, PlusSign::is_space))
    return Errc::invalid_argument;
  parsed.value_end = static_cast<std::uint32_t>(text_.size());
  fields_.push_back(parsed);
  const auto index = fields_.size() - 1;
  if (name(index).empty() || !is_text(name(index)) || !is_text(value(index)))
    return Errc::invalid_argument;
  return {};
}

std::string_view FormFields::name(std::size_t index) const noexcept {
  const Field& field = fields_[index];
  return {text_.data() + field.name_offset, field.value_offset - field.name_offset};
}

std::string_view FormFields::value(std::size_t index) const noexcept {
  const Field& field = fields_[index];
  return {text_.data() + field.value_offset, field.value_end - field.value_offset};
}

std::optional<std::string_view> FormFields::get(std::string_view wanted) const noexcept {
  for (std::size_t index = 0; index < size(); ++index)
    if (name(index) == wanted) return value(index);
  return std::nullopt;
}

std::vector<std::string_view> FormFields::all(std::string_view wanted) const {
  std::vector<std::string_view> values;
  for (std::size_t index = 0; index < size(); ++index)
    if (name(index) == wanted) values.push_back(value(index));
  return values;
}

std::optional<std::string_view> FormFields::first_repeated(
    std::initializer_list<std::string_view> repeatable) const noexcept {
  for (std::size_t later = 1; later < size(); ++later)
    for (std::size_t earlier = 0; earlier < later; ++earlier)
      if (name(later) == name(earlier) && !contains(repeatable, name(later))) return name(later);
  return std::nullopt;
}

std::optional<std::string_view> FormFields::first_unknown(
    std::initializer_list<std::string_view> known) const noexcept {
  for (std::size_t index = 0; index < size(); ++index)
    if (!contains(known, name(index))) return name(index);
  return std::nullopt;
}

void FormFields::wipe() noexcept {
  tokenledger::wipe({reinterpret_cast<std::uint8_t*>(text_.data()), text_.size()});
  text_.clear();
  fields_.clear();
}

void append_form_field(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out.push_back('&');
  append_uri_escaped(name, out);
  out.push_back('=');
  append_uri_escaped(value, out);
}

}  // namespace tokenledger

// FormFields: the parameters of a query or of an application/x-www-form-urlencoded body.
//
// Strict: a broken escape, a field without a name or more than kFormFieldCountMax fields refuse the
// whole form. '+' is a space. Values may hold any byte after decoding; NUL and other control
// characters except TAB, CR and LF refuse the form, and so does broken UTF-8 (RFC 6749 appendix B).
// Whether a repeat is a fault is the caller's rule: OAuth forbids it (RFC 6749 §3.1) except for
// `resource` (RFC 8707 §2). Views are valid until the object is parsed again or dies. Threads: a
// plain value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/errc.hpp"

namespace tokenledger {

inline constexpr std::size_t kFormFieldCountMax = 64;

class FormFields {
 public:
  // Replaces what was there. invalid_argument: malformed. too_large: too many fields. On error it
  // is empty. An empty text has no fields; empty pieces ("a=1&&b=2") are skipped.
  Result<void> parse(std::string_view text);

  // The value of the first field of this name; an empty value is a value.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept;
  // All values of this name, in order.
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  // The name of a field that occurs twice and is not in `repeatable`; null when there is none.
  [[nodiscard]] std::optional<std::string_view> first_repeated(
      std::initializer_list<std::string_view> repeatable = {}) const noexcept;
  // The name of a field that is not in `known`; null when there is none.
  [[nodiscard]] std::optional<std::string_view> first_unknown(
      std::initializer_list<std::string_view> known) const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }
  [[nodiscard]] std::string_view name(std::size_t index) const noexcept;
  [[nodiscard]] std::string_view value(std::size_t index) const noexcept;
  // Overwrites and forgets everything: for forms that hold a password (INV-5).
  void wipe() noexcept;

 private:
  struct Field {
    std::uint32_t name_offset;
    std::uint32_t value_offset;
    std::uint32_t value_end;
  };
  Result<void> parse_field(std::string_view field);

  std::string text_;  // all names and values, decoded, one after the other
  std::vector<Field> fields_;
};

// Appends "name=value" with both escaped, after '&' unless `out` is empty.
void append_form_field(std::string& out, std::string_view name, std::string_view value);

}  // namespace tokenledger

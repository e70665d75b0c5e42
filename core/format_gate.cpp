#include "core/format_gate.hpp"

#include <algorithm>

#include "core/event_bounds.hpp"

namespace tokenledger {
namespace {

// Older kinds whose added fields have no rules in Registries, State and its snapshot. Whoever
// writes the rules takes the line out.
struct AddedFieldsHaveRules {
  template <class Other>
  bool operator()(const Other&) const {
    return true;
  }
};

}  // namespace

Result<void> check_format(std::uint32_t active, const Event& event) {
  if (format_needed(event) > std::max(active, kFormatVersionFirst)) return Errc::format_not_active;
  const bool has_rules = std::visit(AddedFieldsHaveRules{}, event.payload);
  if (!has_rules && format_needed(event.payload) > kFormatVersionFirst)
    return Errc::unsupported_format;
  return {};
}

}  // namespace tokenledger

// Any bytes: no crash. An accepted form written again and parsed again has the same fields.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "api/http_form.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tokenledger;
  FormFields fields;
  if (!fields.parse({reinterpret_cast<const char*>(data), size}))
    return fields.size() == 0 ? 0 : -1;
  std::string text;
  for (std::size_t index = 0; index < fields.size(); ++index)
    append_form_field(text, fields.name(index), fields.value(index));
  FormFields again;
  if (!again.parse(text) || again.size() != fields.size()) std::abort();
  for (std::size_t index = 0; index < fields.size(); ++index)
    if (again.name(index) != fields.name(index) || again.value(index) != fields.value(index))
      std::abort();
  return 0;
}

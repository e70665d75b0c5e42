// What a request accepts (RFC 9110 §12.5). Pure; any thread.
#pragma once

#include <string_view>

namespace tokenledger {

// Whether an Accept field allows this media type, given without parameters: the most specific range
// that names it decides, and only a quality of 0 refuses. True for an empty field.
[[nodiscard]] bool accepts_type(std::string_view accept, std::string_view type) noexcept;

// Whether an Accept-Encoding field asks for gzip, by name or by `*`, with a quality above 0. False
// for an empty field: who does not ask gets the plain bytes.
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding) noexcept;

}  // namespace tokenledger

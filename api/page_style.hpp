// The one style sheet of our pages. It names no other file and no font, and a policy allows it by
// its hash. Colours keep a contrast of at least 4.5 to 1 for text and 3 to 1 for the edges of
// fields and buttons (WCAG 2.2 §1.4.3, §1.4.11), by day and by night; tests/browser measures them.
#pragma once

#include <string_view>

namespace tokenledger {

extern const std::string_view kPageStyle;

}  // namespace tokenledger

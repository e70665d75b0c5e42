// The name that a person signs in with: what may be one, and when two are the same.
//
// Any thread, no clock, no state.
#pragma once

#include <string>
#include <string_view>

#include "core/errc.hpp"

namespace tokenledger {

inline constexpr std::size_t kLoginNameBytesMax = 200;  // of UTF-8
inline constexpr std::size_t kDisplayNameBytesMax = 200;

// Text of a person that others will read: well-formed UTF-8, no control character, and nothing that
// is drawn as nothing or turns its surroundings around (Unicode's Default_Ignorable_Code_Point,
// bidirectional controls, line separators, tag characters). Of white space only single U+0020
// between other characters: every other kind looks like it, and several look like one. 1 to
// `bytes_max` bytes.
//
// Letters of different scripts that look alike are not told apart: Latin "a" and Cyrillic "а" make
// two names. Private-use and unassigned code points pass. A joiner (U+200D) does not, although some
// names in Persian or in emoji are written with it: in a login nobody would see it missing.
[[nodiscard]] bool is_person_text(std::string_view text, std::size_t bytes_max) noexcept;

// The form in which logins are compared and looked up. Folded are the letters A to Z, nothing else:
// "Ada@Example.org" is "ada@example.org", while "É" and "é" are two names, and so are "é" in one
// code point and in two (NFC and NFD). That keeps one spelling for ever: tables of a later Unicode
// can't merge two accounts.
//
// Errc::invalid_argument: not is_person_text. Errc::too_large: above kLoginNameBytesMax.
[[nodiscard]] Result<std::string> fold_login_name(std::string_view login);

}  // namespace tokenledger

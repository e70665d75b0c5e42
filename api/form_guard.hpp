// FormGuard: forms that only our own pages can have made, for this browser, for this purpose and
// for this request (RFC 6749 §10.12, RFC 9700 §4.15).
//
// Nothing is kept: a form's token is an HMAC under a key drawn at start over the cookie that the
// page came with, the purpose and the request that the form carries. A page that is older than the
// server is refused and must be loaded again. Threads: any; immutable.
#pragma once

#include <string>
#include <string_view>

#include "core/secret_bytes.hpp"

namespace tokenledger {

// A token for one is good for no other. Values are in the HMAC only.
enum class FormPurpose : std::uint8_t {
  sign_in = 1,  // bound to the form cookie; the others to the session cookie
  consent = 2,
  withdraw = 3,
  change_password = 4,
  sign_out = 5,
};

class FormGuard {
 public:
  FormGuard();

  struct Form {
    FormPurpose purpose;
    std::string_view cookie;   // the value that find_cookie found or set_cookie will set
    std::string_view request;  // as it stands in the form; empty where the form has none
  };
  // 43 characters of base64url.
  [[nodiscard]] std::string token_for(const Form& form) const;
  // False for every token that token_for does not make of this form, and without a cookie whatever
  // the token. Constant time.
  [[nodiscard]] bool is_genuine(const Form& form, std::string_view token) const;

 private:
  SecretBytes key_;
};

}  // namespace tokenledger

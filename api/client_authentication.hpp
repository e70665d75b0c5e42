// How a client proves who it is at the token endpoint (RFC 6749 §2.3.1): plain functions over
// texts.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/command.hpp"
#include "core/errc.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {

inline constexpr std::size_t kClientSecretBytesMax = 1024;

struct BasicCredentials {
  std::string client_id;
  std::string secret;
};
// The readings of one Basic field. RFC 6749 has both parts form-urlencoded first; many clients skip
// that. `encoded` is the RFC's reading, `plain` takes the bytes as they stand. Absent: the field
// can't be read so. Where the readings agree only `encoded` is set.
struct BasicField {
  bool is_basic = false;  // the scheme, in any case
  std::optional<BasicCredentials> encoded;
  std::optional<BasicCredentials> plain;
};
[[nodiscard]] BasicField parse_basic(std::string_view authorization);

// The actor whose current secret this is: unauthorized_actor or client_disabled, which a caller
// must answer alike.
[[nodiscard]] Result<Actor> authenticate(const Ledger& ledger, const BasicCredentials& credentials);

// By the RFC's reading, else by the plain one. Both can not succeed for different clients by
// accident: that takes two secrets of 256 bits.
[[nodiscard]] Result<Actor> authenticate(const Ledger& ledger, const BasicField& field);

}  // namespace tokenledger

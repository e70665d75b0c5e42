// How a client shows who it is at the OAuth endpoints: by its secret (RFC 6749 §2.3.1), by an
// assertion it signed (RFC 7523 §2.2), or, a public one, by its name alone. Plain functions over
// texts; the ledger is asked for the client's record.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/assertion_memory.hpp"
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

// The actor whose secret this is, sent in the body: unauthorized_actor or client_disabled, which a
// caller must answer alike. So for all of these.
[[nodiscard]] Result<Actor> authenticate(const Ledger& ledger, const BasicCredentials& credentials,
                                         ClientAuthentication way = ClientAuthentication::post);

// By the RFC's reading, else by the plain one. Both can not succeed for different clients by
// accident: that takes two secrets of 256 bits.
[[nodiscard]] Result<Actor> authenticate(const Ledger& ledger, const BasicField& field);

// The actor that signed this assertion, which is used up by it. unauthorized_actor whatever is
// wrong with it; limit_reached when the client has too many unexpired ones (429).
[[nodiscard]] Result<Actor> authenticate_by_assertion(const Ledger& ledger, AssertionMemory& memory,
                                                      std::string_view assertion,
                                                      std::string_view client_id);

// A public client by its name. Proves nothing (RFC 6749 §2.1): what it is given must not depend on
// who asks.
[[nodiscard]] Result<Actor> identify_public(const Ledger& ledger, std::string_view client_id);

}  // namespace tokenledger

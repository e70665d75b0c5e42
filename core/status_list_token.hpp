// Status list tokens in JWT form (draft-ietf-oauth-status-list-21 §5.1): the array compressed once,
// and signed as often as its times must change.
//
//   payload = {<spaces>"sub":…,"iat":…,"exp":…,"ttl":…,"status_list":{"bits":…,"lst":"…"}}
//
// The spaces bring `lst` to a border of three bytes, so that its characters become the same ones of
// the token whatever stands before them. Signing then costs copies and a signature, no compression,
// also where the token itself travels as gzip. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/byte_view.hpp"
#include "core/errc.hpp"
#include "core/ids.hpp"
#include "core/zlib_text.hpp"

namespace tokenledger {

class SigningKey;

inline constexpr std::string_view kStatusListTokenType = "statuslist+jwt";
// 2^20 statuses of 8 bits.
inline constexpr std::size_t kStatusArrayBytesMax = std::size_t{1} << 20;

// What a status list token holds whenever it is signed.
struct EncodedStatusList {
  unsigned bits = 1;
  std::string middle;            // whole groups of three characters of `lst`, as base64url
  std::string rest;              // what is left of `lst`: at most two characters
  DeflatedText deflated_middle;  // for gzip
  // `lst` in full.
  [[nodiscard]] std::string lst() const;
};
// Requires is_status_bits(bits). too_large: beyond kStatusArrayBytesMax.
[[nodiscard]] Result<EncodedStatusList> encode_status_list(ByteView array, unsigned bits,
                                                           ZlibEffort effort);

struct StatusListTimes {
  UnixSeconds issued_at;    // iat
  UnixSeconds expires_at;   // exp
  std::uint32_t ttl_s = 0;  // ttl: positive
};

struct StatusListToken {
  std::string jwt;
  std::string gzip;  // the same, compressed (RFC 1952)
};
// too_large: a URI of some 48 KiB or more; crypto_failure.
[[nodiscard]] Result<StatusListToken> sign_status_list(const SigningKey& key,
                                                       const EncodedStatusList& list,
                                                       std::string_view uri,
                                                       const StatusListTimes& times);

}  // namespace tokenledger

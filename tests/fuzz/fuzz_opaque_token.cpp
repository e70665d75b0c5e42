// Any bytes: no crash; an accepted text carries exactly the seal of what was read from it. The same
// bytes also describe damage to a good token: up to four adjacent characters (24 bits) changed,
// which the checksum always finds (a CRC-32 finds every burst of at most 32 bits), or any cut or
// addition.
#include <cstdint>
#include <cstdlib>

#include "core/base64url.hpp"
#include "core/opaque_token.hpp"

namespace {

using namespace tokenledger;

const SealKey& key() {
  static const SealKey key{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
  return key;
}

void check_text(std::string_view text) {
  const auto id = parse_opaque(key(), text);
  if (!id) return;
  const auto bytes = base64url_decode(text.substr(kOpaqueTokenPrefix.size()));
  const auto sealed = key().seal_bytes(id->index, id->incarnation);
  if (!bytes || !std::string_view{*bytes}.starts_with(text_of(ByteView{sealed}))) std::abort();
  std::array<std::uint8_t, 16> secret;
  for (std::size_t position = 0; position < secret.size(); ++position)
    secret[position] = static_cast<std::uint8_t>((*bytes)[16 + position]);
  if (make_opaque(key(), *id, secret) != text) std::abort();
}

void check_damage(ByteView damage) {
  const SealedJti id{.index = TokenIndex{Lane::hour, 7}, .incarnation = Incarnation{3}};
  const std::string good = make_opaque(key(), id, {9});
  if (parse_opaque(key(), good) != id) std::abort();
  if (damage.empty()) return;
  std::string bad = good;
  const std::size_t at = damage[0] % good.size();
  for (std::size_t offset = 0; offset < 4 && at + offset < good.size(); ++offset)
    if (1 + offset < damage.size()) bad[at + offset] = static_cast<char>(damage[1 + offset]);
  if (bad != good && parse_opaque(key(), bad)) std::abort();
  if (parse_opaque(key(), good.substr(0, at))) std::abort();
  if (parse_opaque(key(), good + std::string{text_of(damage)})) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_text(text_of(ByteView{data, size}));
  check_damage({data, size});
  return 0;
}

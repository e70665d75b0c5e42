#include "core/refresh_token.hpp"

#include <algorithm>

#include "core/checked_text.hpp"
#include "core/invariant.hpp"
#include "core/sha256.hpp"

namespace tokenledger {
namespace {

constexpr CheckedTextKind kToken{kRefreshTokenPrefix};
static_assert(kToken.length() == kRefreshTokenLength);

constexpr std::string_view kConstantPart = "tlrf";
constexpr std::size_t kNumberBytes = 4;
static_assert(3 * kNumberBytes + kConstantPart.size() == sizeof(Aes128::Block));

void write_number(std::uint32_t number, std::uint8_t* out) noexcept {
  for (std::size_t byte = 0; byte < kNumberBytes; ++byte)
    out[byte] = static_cast<std::uint8_t>(number >> 8 * byte);
}
std::uint32_t read_number(const std::uint8_t* in) noexcept {
  std::uint32_t number = 0;
  for (std::size_t byte = 0; byte < kNumberBytes; ++byte)
    number |= std::uint32_t{in[byte]} << 8 * byte;
  return number;
}

}  // namespace

std::string RefreshTokenKey::make(const RefreshTokenId& id,
                                  const std::array<std::uint8_t, 16>& secret) const {
  LEDGER_INVARIANT(id.family != FamilyNumber{});
  LEDGER_INVARIANT(id.generation != 0);
  LEDGER_INVARIANT(id.tag != 0);
  Aes128::Block block;
  write_number(id.family.value(), block.data());
  write_number(id.generation, block.data() + kNumberBytes);
  write_number(id.tag, block.data() + 2 * kNumberBytes);
  std::ranges::copy(kConstantPart, block.begin() + 3 * kNumberBytes);
  CheckedBody body;
  std::ranges::copy(secret, std::ranges::copy(aes_.encrypt(block), body.begin()).out);
  std::string token = kToken.make(body);
  wipe(body);
  return token;
}

std::optional<RefreshTokenId> RefreshTokenKey::parse(std::string_view token) const noexcept {
  CheckedBody body;
  if (!kToken.read(token, body)) return std::nullopt;
  Aes128::Block sealed;
  std::copy_n(body.begin(), sealed.size(), sealed.begin());
  wipe(body);
  const Aes128::Block block = aes_.decrypt(sealed);
  if (text_of(ByteView{block}.subspan(3 * kNumberBytes)) != kConstantPart) return std::nullopt;
  const RefreshTokenId id{.family = FamilyNumber{read_number(block.data())},
                          .generation = read_number(block.data() + kNumberBytes),
                          .tag = read_number(block.data() + 2 * kNumberBytes)};
  if (id.family == FamilyNumber{} || id.generation == 0 || id.tag == 0) return std::nullopt;
  return id;
}

}  // namespace tokenledger

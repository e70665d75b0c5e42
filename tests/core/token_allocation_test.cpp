// The check path must not allocate: every operator new of this program counts.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "core/base64url.hpp"
#include "core/jwt.hpp"
#include "core/opaque_token.hpp"
#include "core/sha256.hpp"
#include "core/token_format.hpp"

namespace {
std::atomic<std::size_t> allocation_count{0};
}  // namespace

void* operator new(std::size_t bytes) {
  ++allocation_count;
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace tokenledger {
namespace {

const SealKey kKey{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
const SealedJti kId{.index = TokenIndex{Lane::day, 42}, .incarnation = Incarnation{9}};

template <class Call>
std::size_t allocations_of(Call call) {
  const std::size_t before = allocation_count.load();
  call();
  return allocation_count.load() - before;
}

TEST(CheckPath, TheCounterCounts) {
  EXPECT_GT(allocations_of([] { EXPECT_EQ(base64url_encode(Digest{}).size(), 43u); }), 0u);
}

TEST(CheckPath, LocatingAndHashingATokenDoesNotAllocate) {
  JwtClaims claims;
  claims.jti = std::string{text_of(kKey.seal(kId.index, kId.incarnation))};
  claims.subject = std::string(300, 's');
  std::string jwt = *jwt_signing_input(jwt_header_part(SignatureAlgorithm::eddsa, "k"), claims);
  append_jwt_signature(Digest{}, jwt);
  const std::string opaque = make_opaque(kKey, kId, {});
  const std::string secret = make_client_secret({});
  const SealKey portable{Aes128::Key{}, Aes128::Implementation::portable};
  static_cast<void>(portable.unseal(claims.jti));  // the thread's first call makes its context
  std::size_t found = 0;
  const auto count = [&] {
    found += locate_token(kKey, jwt) ? 1 : 0;
    found += locate_token(kKey, opaque) ? 1 : 0;
    found += jti_of_jwt(jwt) ? 1 : 0;
    found += kKey.unseal(claims.jti) ? 1 : 0;
    found += parse_opaque(kKey, opaque) ? 1 : 0;
    found += is_client_secret(secret) ? 1 : 0;
    found += sha256(jwt) != Digest{} ? 1 : 0;
    found += hash_client_secret(bytes_of(opaque), secret) != Digest{} ? 1 : 0;
    found += text_of(kKey.seal(kId.index, kId.incarnation)) == claims.jti ? 1 : 0;
    found += portable.unseal(claims.jti) ? 0 : 1;
  };
  EXPECT_EQ(allocations_of(count), 0u);
  EXPECT_EQ(found, 10u);
}

}  // namespace
}  // namespace tokenledger

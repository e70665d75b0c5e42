// What a check does before and beside its hash, and what signing a token costs.
//
//   P2/locate_jwt, P2/locate_opaque   text -> kind and index: must vanish beside
//   P2/yardstick_sha256 P4/claims_json, P4/signing_input  what signing pays for building text
//   P4/sign_jwt                       the whole token, per algorithm (argument: SignatureAlgorithm)
#include <benchmark/benchmark.h>

#include "core/jwt_signature.hpp"
#include "core/opaque_token.hpp"
#include "core/sha256.hpp"
#include "core/token_format.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kTokens = 1024;  // beyond the branch predictor, within the L2 cache

const SealKey& seal_key() {
  static const SealKey key{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
  return key;
}
SealedJti id_of(std::size_t number) {
  return {.index = TokenIndex{Lane::day, number}, .incarnation = Incarnation{77}};
}

JwtClaims claims_of(std::size_t number) {
  const SealedJti id = id_of(number);
  JwtClaims claims;
  claims.jti = std::string{text_of(seal_key().seal(id.index, id.incarnation))};
  claims.issuer = "https://tokens.example.com";
  claims.subject = "user-" + std::to_string(number);
  claims.audience = {"https://api.example.com/calendar/v1/"};
  claims.expires_at = UnixSeconds{1'763'870'400};
  claims.issued_at = UnixSeconds{1'763'784'000};
  claims.client_id = "calendar-client-1";
  claims.scope = "read write";
  return claims;
}

std::vector<std::string> make_jwts() {
  const auto key = SigningKey::generate(SignatureAlgorithm::eddsa).value();
  std::vector<std::string> tokens;
  for (std::size_t number = 0; number < kTokens; ++number)
    tokens.push_back(sign_jwt(key, claims_of(number)).value());
  return tokens;
}
std::vector<std::string> make_opaques() {
  std::vector<std::string> tokens;
  for (std::size_t number = 0; number < kTokens; ++number)
    tokens.push_back(make_opaque(seal_key(), id_of(number), {9}));
  return tokens;
}

void locate(benchmark::State& state, const std::vector<std::string>& tokens) {
  std::size_t number = 0;
  std::uint64_t index_sum = 0;
  for (auto _ : state) {
    const auto located = locate_token(seal_key(), tokens[number++ % kTokens]);
    index_sum += located->id.index.counter();
  }
  state.counters["index_sum"] = static_cast<double>(index_sum);
  state.SetItemsProcessed(state.iterations());
}
void locate_jwt(benchmark::State& state) { locate(state, make_jwts()); }
void locate_opaque(benchmark::State& state) { locate(state, make_opaques()); }
BENCHMARK(locate_jwt)->Name("P2/locate_jwt");
BENCHMARK(locate_opaque)->Name("P2/locate_opaque");

void hash_token(benchmark::State& state) {
  const auto tokens = make_jwts();
  std::size_t number = 0;
  std::uint64_t digest_sum = 0;
  for (auto _ : state) digest_sum += sha256(tokens[number++ % kTokens])[0];
  state.counters["digest_sum"] = static_cast<double>(digest_sum);
  state.counters["token_bytes"] = static_cast<double>(tokens.front().size());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(hash_token)->Name("P2/yardstick_sha256");

void seal_jti(benchmark::State& state) {
  std::size_t number = 0;
  std::uint64_t letter_sum = 0;
  for (auto _ : state) {
    const SealedJti id = id_of(number++);
    letter_sum += static_cast<unsigned char>(seal_key().seal(id.index, id.incarnation)[0]);
  }
  state.counters["letter_sum"] = static_cast<double>(letter_sum);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(seal_jti)->Name("P4/seal_jti");

void claims_json(benchmark::State& state) {
  const JwtClaims claims = claims_of(1);
  std::size_t byte_count = 0;
  for (auto _ : state) byte_count += write_jwt_claims(claims).size();
  state.counters["byte_count"] = static_cast<double>(byte_count);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(claims_json)->Name("P4/claims_json");

void signing_input(benchmark::State& state) {
  const JwtClaims claims = claims_of(1);
  const std::string header = jwt_header_part(SignatureAlgorithm::es256, std::string(43, 'k'));
  std::size_t byte_count = 0;
  for (auto _ : state) byte_count += jwt_signing_input(header, claims)->size();
  state.counters["byte_count"] = static_cast<double>(byte_count);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(signing_input)->Name("P4/signing_input");

void sign(benchmark::State& state) {
  const auto key = SigningKey::generate(static_cast<SignatureAlgorithm>(state.range(0))).value();
  const JwtClaims claims = claims_of(1);
  std::size_t byte_count = 0;
  for (auto _ : state) byte_count += sign_jwt(key, claims)->size();
  state.counters["byte_count"] = static_cast<double>(byte_count);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(sign)->Name("P4/sign_jwt")->ArgName("algorithm")->DenseRange(1, 4);

void verify(benchmark::State& state) {
  const auto key = SigningKey::generate(static_cast<SignatureAlgorithm>(state.range(0))).value();
  const std::string token = sign_jwt(key, claims_of(1)).value();
  std::size_t verified = 0;
  for (auto _ : state) verified += verify_jwt(token, key.verify_key()) ? 1 : 0;
  state.counters["verified"] = static_cast<double>(verified);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(verify)->Name("P2/yardstick_verify_jwt")->ArgName("algorithm")->DenseRange(1, 4);

}  // namespace
}  // namespace tokenledger

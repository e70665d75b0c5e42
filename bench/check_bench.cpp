// P1: Ledger::check(token, audience) with a cold index and the token's bytes in cache.
//
// Millions of different tokens would not stay in any cache, so each is made just before it is
// checked: a real token with another jti patched in. Its fingerprint was published the same way, so
// every check succeeds. Making and checking are timed apart, in groups that fit the L2 cache.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <random>

#include "bench/ledger_fixture.hpp"
#include "core/base64url.hpp"
#include "core/jwt.hpp"
#include "core/sha256.hpp"
#include "core/signing_key.hpp"

namespace tokenledger::bench {
namespace {

inline constexpr std::size_t kGroup = 64;

// Whose tokens: a client's, or users' with a consent each, and with a family each as well.
enum class Holder { client, user, user_with_family };

class CheckSubject {
 public:
  CheckSubject(SignatureAlgorithm algorithm, std::size_t length, Holder holder)
      : fixture_{TokenKind::jwt, algorithm}, key_{must(SigningKey::generate(algorithm), "key")} {
    auto& core = fixture_.ledger().core();
    expires_at_ = UnixSeconds{to_seconds(fixture_.ledger().now()).value() + 86'400};
    token_ = make_token(length);
    count_ = token_count(10'000'000);
    core.index.publish_class(
        ClassNumber{1},
        {.client = ClientNumber{2}, .grant = {}, .key = {}, .apis = {{{kOwnApi, 3}}}});
    for (std::uint64_t counter = 0; counter < count_; ++counter) {
      const auto index = TokenIndex{Lane::day, counter};
      patch(token_, index);
      core.index.publish_issue(index, {.fingerprint = Fingerprint::of(sha256(token_)),
                                       .expires_at = expires_at_,
                                       .token_class = ClassNumber{1},
                                       .issued_seq = Sequence{1'000 + counter},
                                       .binding = binding_of(counter, holder)});
      // Other people's, between the tokens' own numbers, so that the bits are really in memory.
      if (holder != Holder::client && counter % 8 == 0) {
        core.index.publish_ended(ConsentNumber{number_of(counter) + 1});
        core.index.publish_ended(FamilyNumber{number_of(counter) + 1});
      }
    }
  }

  // One group of tokens with random indexes, in cache.
  void make_group(std::vector<std::string>& tokens, std::mt19937_64& random) {
    tokens.resize(kGroup, token_);
    for (auto& token : tokens) {
      token = token_;
      patch(token, TokenIndex{Lane::day, random() % count_});
    }
  }

  Ledger& ledger() { return fixture_.ledger(); }
  const SigningKey& key() const { return key_; }
  const std::string& token() const { return token_; }

 private:
  static std::uint32_t number_of(std::uint64_t counter) {
    return 2 * static_cast<std::uint32_t>(counter) + 1;
  }
  static TokenBinding binding_of(std::uint64_t counter, Holder holder) {
    if (holder == Holder::client) return {};
    const auto number = number_of(counter);
    return {ConsentNumber{number}, FamilyNumber{holder == Holder::user ? 0 : number}};
  }

  // Claims padded until the whole token has `length` characters, as a real one with scopes has.
  std::string make_token(std::size_t length) {
    std::string best;
    for (std::size_t padding = 0; padding < length; ++padding) {
      auto& core = fixture_.ledger().core();
      const auto jti = core.keys->seal_key().seal(TokenIndex{Lane::day, 0},
                                                  core.incarnations.back().incarnation);
      const JwtClaims claims{.jti = std::string{text_of(jti)},
                             .issuer = "https://issuer.example",
                             .subject = "bench-client",
                             .audience = {std::string{kAudience}},
                             .expires_at = expires_at_,
                             .issued_at = UnixSeconds{expires_at_.value() - 86'400},
                             .client_id = "bench-client",
                             .scope = std::string(padding, 's'),
                             .status = {}};
      auto token = must(jwt_signing_input(key_.jwt_header_part(), claims), "claims");
      append_jwt_signature(must(key_.sign(bytes_of(token)), "sign"), token);
      if (token.size() > length && !best.empty()) break;
      best = std::move(token);
      if (best.size() >= length) break;
    }
    payload_at_ = best.find('.') + 1;
    prefix_ = base64url_decode(std::string_view{best}.substr(payload_at_, 44)).value();
    return best;
  }

  // Writes the seal of `index` over the jti: the first 33 bytes of the payload, re-encoded.
  void patch(std::string& token, TokenIndex index) {
    auto& core = fixture_.ledger().core();
    const auto jti = core.keys->seal_key().seal(index, core.incarnations.back().incarnation);
    std::memcpy(prefix_.data() + 8, jti.data(), jti.size());
    base64url_encode_to(bytes_of(prefix_), token.data() + payload_at_);
  }

  LedgerFixture fixture_;
  SigningKey key_;
  UnixSeconds expires_at_;
  std::string token_;
  std::size_t payload_at_ = 0;
  std::string prefix_;  // the payload's first 33 bytes
  std::uint64_t count_ = 0;
};

void check(benchmark::State& state, SignatureAlgorithm algorithm, std::size_t length,
           Holder holder) {
  CheckSubject subject{algorithm, length, holder};
  std::mt19937_64 random{42};
  std::vector<std::string> tokens;
  std::vector<double> medians;
  std::uint64_t good = 0;
  for (auto _ : state) {
    subject.make_group(tokens, random);
    const auto began = std::chrono::steady_clock::now();
    for (const auto& token : tokens) good += subject.ledger().check(token, kAudience) ? 1 : 0;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    state.SetIterationTime(took.count() / kGroup);
    medians.push_back(took.count() / kGroup);
  }
  if (good != static_cast<std::uint64_t>(state.iterations()) * kGroup)
    state.SkipWithError("a good token was refused");
  std::ranges::nth_element(medians,
                           medians.begin() + static_cast<std::ptrdiff_t>(medians.size() / 2));
  state.counters["median_ns"] = medians[medians.size() / 2] * 1e9;
  state.counters["token_bytes"] = static_cast<double>(subject.token().size());
  state.counters["good"] = static_cast<double>(good);
}

void verify(benchmark::State& state, SignatureAlgorithm algorithm) {
  const auto key = must(SigningKey::generate(algorithm), "key");
  const std::string message(400, 'm');
  const auto signature = must(key.sign(bytes_of(message)), "sign");
  std::uint64_t good = 0;
  for (auto _ : state) good += key.verify_key().verify(bytes_of(message), signature) ? 1 : 0;
  if (good != static_cast<std::uint64_t>(state.iterations()))
    state.SkipWithError("a good signature was refused");
}

BENCHMARK_CAPTURE(check, es256, SignatureAlgorithm::es256, 480, Holder::client)
    ->Name("P1/check_es256")
    ->UseManualTime()
    ->Iterations(is_quick() ? 2'000 : 20'000);
BENCHMARK_CAPTURE(check, es256_user, SignatureAlgorithm::es256, 480, Holder::user)
    ->Name("P1/check_es256_user")
    ->UseManualTime()
    ->Iterations(is_quick() ? 2'000 : 20'000);
BENCHMARK_CAPTURE(check, es256_family, SignatureAlgorithm::es256, 480, Holder::user_with_family)
    ->Name("P1/check_es256_user_with_family")
    ->UseManualTime()
    ->Iterations(is_quick() ? 2'000 : 20'000);
// The same with its place in a status list.
BENCHMARK_CAPTURE(check, es256_with_status, SignatureAlgorithm::es256, 607, Holder::client)
    ->Name("P1/check_es256_with_status")
    ->UseManualTime()
    ->Iterations(is_quick() ? 2'000 : 20'000);
BENCHMARK_CAPTURE(check, rs256, SignatureAlgorithm::rs256, 657, Holder::client)
    ->Name("P1/check_rs256")
    ->UseManualTime()
    ->Iterations(is_quick() ? 2'000 : 20'000);
BENCHMARK_CAPTURE(verify, es256, SignatureAlgorithm::es256)
    ->Name("P1/yardstick_openssl_es256_verify");
BENCHMARK_CAPTURE(verify, rs256, SignatureAlgorithm::rs256)
    ->Name("P1/yardstick_openssl_rs256_verify");

}  // namespace
}  // namespace tokenledger::bench

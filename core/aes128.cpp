#include "core/aes128.hpp"

#include <openssl/evp.h>

#include <memory>

#include "core/invariant.hpp"
#include "core/sha256.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
// The functions below carry their own target, so the rest of the program runs on any x86-64.
#define TOKENLEDGER_AES_TARGET __attribute__((target("aes,sse2")))
#endif

namespace tokenledger {
namespace {

#if defined(__x86_64__)

__m128i load(const Aes128::Block& block) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(block.data()));
}
void store(__m128i value, Aes128::Block& block) noexcept {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(block.data()), value);
}

template <int round_constant>
TOKENLEDGER_AES_TARGET __m128i next_round_key(__m128i key) noexcept {
  const __m128i assisted =
      _mm_shuffle_epi32(_mm_aeskeygenassist_si128(key, round_constant), _MM_SHUFFLE(3, 3, 3, 3));
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  key = _mm_xor_si128(key, _mm_slli_si128(key, 8));
  return _mm_xor_si128(key, assisted);
}

template <class Schedule>
TOKENLEDGER_AES_TARGET void expand(const Aes128::Key& key, Schedule& encrypting,
                                   Schedule& decrypting) noexcept {
  __m128i round_keys[11];  // std::array would drop the type's alignment attribute
  round_keys[0] = load(key);
  round_keys[1] = next_round_key<0x01>(round_keys[0]);
  round_keys[2] = next_round_key<0x02>(round_keys[1]);
  round_keys[3] = next_round_key<0x04>(round_keys[2]);
  round_keys[4] = next_round_key<0x08>(round_keys[3]);
  round_keys[5] = next_round_key<0x10>(round_keys[4]);
  round_keys[6] = next_round_key<0x20>(round_keys[5]);
  round_keys[7] = next_round_key<0x40>(round_keys[6]);
  round_keys[8] = next_round_key<0x80>(round_keys[7]);
  round_keys[9] = next_round_key<0x1B>(round_keys[8]);
  round_keys[10] = next_round_key<0x36>(round_keys[9]);
  for (std::size_t round = 0; round < 11; ++round) store(round_keys[round], encrypting[round]);
  // The equivalent inverse cipher (FIPS 197 §5.3.5) wants the inner round keys mixed.
  store(round_keys[10], decrypting[0]);
  for (std::size_t round = 1; round < 10; ++round)
    store(_mm_aesimc_si128(round_keys[10 - round]), decrypting[round]);
  store(round_keys[0], decrypting[10]);
}

template <class Schedule>
TOKENLEDGER_AES_TARGET void encrypt_block(const Schedule& schedule, const Aes128::Block& in,
                                          Aes128::Block& out) noexcept {
  __m128i state = _mm_xor_si128(load(in), load(schedule[0]));
  for (std::size_t round = 1; round < 10; ++round)
    state = _mm_aesenc_si128(state, load(schedule[round]));
  store(_mm_aesenclast_si128(state, load(schedule[10])), out);
}

template <class Schedule>
TOKENLEDGER_AES_TARGET void decrypt_block(const Schedule& schedule, const Aes128::Block& in,
                                          Aes128::Block& out) noexcept {
  __m128i state = _mm_xor_si128(load(in), load(schedule[0]));
  for (std::size_t round = 1; round < 10; ++round)
    state = _mm_aesdec_si128(state, load(schedule[round]));
  store(_mm_aesdeclast_si128(state, load(schedule[10])), out);
}

#endif

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

// A context that fails leaves us without an id to give out or to trust: that is no state to go on
// in.
Context new_context() noexcept {
  Context context{EVP_CIPHER_CTX_new()};
  LEDGER_INVARIANT(context != nullptr);
  LEDGER_INVARIANT(
      EVP_CipherInit_ex(context.get(), EVP_aes_128_ecb(), nullptr, nullptr, nullptr, 1) == 1);
  LEDGER_INVARIANT(EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1);
  return context;
}

Aes128::Block portable_block(const Aes128::Key& key, const Aes128::Block& in,
                             bool encrypting) noexcept {
  thread_local const Context context = new_context();
  Aes128::Block out{};
  int out_bytes = 0;
  LEDGER_INVARIANT(EVP_CipherInit_ex(context.get(), nullptr, nullptr, key.data(), nullptr,
                                     encrypting ? 1 : 0) == 1);
  LEDGER_INVARIANT(EVP_CipherUpdate(context.get(), out.data(), &out_bytes, in.data(), 16) == 1);
  LEDGER_INVARIANT(out_bytes == 16);
  return out;
}

}  // namespace

Aes128::Aes128(const Key& key, Implementation implementation) noexcept : key_{key} {
#if defined(__x86_64__)
  has_instructions_ = implementation == Implementation::best && __builtin_cpu_supports("aes") != 0;
  if (has_instructions_) expand(key_, encrypting_, decrypting_);
#else
  static_cast<void>(implementation);
#endif
}

Aes128::~Aes128() {
  wipe(key_);
  for (auto& round_key : encrypting_) wipe(round_key);
  for (auto& round_key : decrypting_) wipe(round_key);
}

Aes128::Block Aes128::encrypt(const Block& block) const noexcept {
#if defined(__x86_64__)
  if (has_instructions_) {
    Block out;
    encrypt_block(encrypting_, block, out);
    return out;
  }
#endif
  return portable_block(key_, block, true);
}

Aes128::Block Aes128::decrypt(const Block& block) const noexcept {
#if defined(__x86_64__)
  if (has_instructions_) {
    Block out;
    decrypt_block(decrypting_, block, out);
    return out;
  }
#endif
  return portable_block(key_, block, false);
}

}  // namespace tokenledger

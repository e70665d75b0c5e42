// What the samples of events are made from.
#pragma once

#include <string>
#include <vector>

#include "core/event.hpp"

namespace tokenledger::samples {

struct Sample {
  std::string name;
  Event event;
};

template <std::size_t size>
std::array<std::uint8_t, size> counting(std::uint8_t first) {
  std::array<std::uint8_t, size> bytes{};
  for (auto& byte : bytes) byte = first++;
  return bytes;
}

inline Event minimal(Payload payload) {
  Event event;
  event.seq = Sequence{1};
  event.recorded_at = LedgerTime{1};
  event.payload = std::move(payload);
  return event;
}

inline Event full(Payload payload) {
  Event event;
  event.seq = Sequence{0x0123'4567'89AB};
  event.recorded_at = LedgerTime{1'800'000'000'123'456'789};
  event.actor.kind = ActorKind::client;
  event.actor.client = ClientNumber{7};
  event.actor.generation = SecretGeneration{2};
  event.request_id = "req-1.A_z";
  event.idempotency = Idempotency{counting<16>(0x10), counting<16>(0x30)};
  event.payload = std::move(payload);
  return event;
}

inline ClientSettings full_client() {
  return {.name = "Günther's client",
          .grant_types = 15,
          .redirect_uris = {"https://a.example/cb", "https://b.example/cb"},
          .token_format = TokenKind::opaque,
          .live_tokens_max = 70'000};
}
inline ApiSettings minimal_api() {
  ApiSettings settings;
  settings.signing_alg = SignatureAlgorithm::es256;
  return settings;
}
inline ApiSettings full_api() {
  ApiSettings settings;
  settings.name = "Orders";
  settings.scopes = {{"read", "Read orders"}, {"write", ""}};
  settings.token_lifetime_s = 3600;
  settings.token_lifetime_max_s = 86'400;
  settings.allow_offline_access = true;
  settings.revocable_by_admins_only = true;
  settings.not_revocable = true;
  settings.origins_kept = bit_of(Origin::oauth_flow);
  settings.signing_alg = SignatureAlgorithm::hs256;
  settings.token_format = TokenKind::opaque;
  settings.introspectors = {"gateway", "batch"};
  return settings;
}

inline TokenIssued minimal_token() {
  TokenIssued token;
  token.token_sha256 = counting<32>(0x40);
  token.token_class = ClassNumber{1};
  token.issued_at = UnixSeconds{1'800'000'000};
  token.expires_at = UnixSeconds{1'800'003'600};
  return token;
}
inline TokenIssued full_token() {
  auto token = minimal_token();
  token.index = TokenIndex{Lane::longer, 0x00AB'CDEF};
  token.new_class = TokenClass{ClientNumber{7},
                               GrantNumber{8},
                               KeyNumber{9},
                               {{{ApiNumber{1}, 5}, {ApiNumber{3}, ~std::uint64_t{0}}}}};
  token.kind = TokenKind::jwe;
  token.origin = Origin::console;
  token.subject = SubjectNumber{77};
  token.name = "nightly build";
  token.owner.bytes = std::string("\0owner\xFF", 7);
  token.extra_fields.bytes = "sealed extra fields";
  return token;
}

}  // namespace tokenledger::samples

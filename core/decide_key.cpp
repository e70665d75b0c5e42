// Rules of signing keys: next -> active -> retired, and revoked from each of them.
#include <algorithm>

#include "core/decider.hpp"

namespace tokenledger {
namespace {

std::size_t count_next(const Registries& registries, SignatureAlgorithm algorithm) {
  return static_cast<std::size_t>(std::ranges::count_if(registries.keys(), [&](const auto& key) {
    return key.status == KeyStatus::next && key.algorithm == algorithm;
  }));
}

// The `next` key that verifiers have had longest.
const KeyRecord* find_successor(const Registries& registries, SignatureAlgorithm algorithm) {
  const auto found = std::ranges::find_if(registries.keys(), [&](const auto& key) {
    return key.status == KeyStatus::next && key.algorithm == algorithm;
  });
  return found == registries.keys().end() ? nullptr : &*found;
}

}  // namespace

Result<const KeyRecord*> Decider::known_key(const std::string& kid) const {
  const auto* key = state_.registries.find_key(kid);
  if (key == nullptr || key->api != ApiNumber{}) return Errc::key_not_found;
  return key;
}

// Whoever holds the directory may have a key sign at once, and may bring one from elsewhere; a
// caller from outside only has one drawn that waits.
Result<void> Decider::operator()(const AddKey& add) {
  const bool is_callers = add.is_next && !add.imported;
  auto allowed = is_callers ? require_scope(ManagementScope::keys_write) : require_host();
  if (!allowed) return allowed;
  const bool is_known =
      add.algorithm >= SignatureAlgorithm::rs256 && add.algorithm <= SignatureAlgorithm::eddsa;
  if (!is_known || !is_visible_ascii(add.kid, kLabelBytesMax)) return Errc::invalid_argument;
  if (add.public_key.empty() || add.public_key.size() > kKeyBytesMax) return Errc::invalid_argument;
  const auto& registries = state_.registries;
  if (registries.find_key(add.kid) != nullptr) return Errc::key_exists;
  const auto number = registries.keys().size() + 1;
  if (number > kKeysMax) return Errc::limit_reached;
  if (add.is_next && count_next(registries, add.algorithm) >= kNextKeysPerAlgorithmMax)
    return Errc::limit_reached;
  return emit(KeyAdded{.key = KeyNumber{static_cast<std::uint32_t>(number)},
                       .algorithm = add.algorithm,
                       .kid = add.kid,
                       .public_key = add.public_key,
                       .api = {},
                       .is_next = add.is_next,
                       .imported = add.imported});
}

Result<void> Decider::operator()(const ActivateKey& activate) {
  auto allowed = activate.force ? require_host() : require_scope(ManagementScope::keys_write);
  if (!allowed) return allowed;
  const auto key = known_key(activate.kid);
  if (!key) return key.error();
  if ((*key)->status != KeyStatus::next) return Errc::already_in_state;
  const auto age_ns = now_.value() - (*key)->created_at.value();
  if (!activate.force && age_ns < kKeyNextSecondsMin * kNanosecondsPerSecond)
    return Errc::key_too_new;
  if (auto activated = emit(KeyActivated{(*key)->number}); !activated) return activated;
  // Mostly one; a ledger of format 1 may have several.
  for (const auto& other : state_.registries.keys()) {
    const bool is_replaced = other.status == KeyStatus::active && other.api == ApiNumber{} &&
                             other.algorithm == (*key)->algorithm;
    if (!is_replaced) continue;
    if (auto retired = emit(KeyRetired{other.number}); !retired) return retired;
  }
  return {};
}

// The one that signs is retired by activating its successor, so that there always is one; whoever
// holds the directory may do without.
Result<void> Decider::operator()(const RetireKey& retire) {
  if (auto allowed = require_scope(ManagementScope::keys_write); !allowed) return allowed;
  const auto key = known_key(retire.kid);
  if (!key) return key.error();
  const auto status = (*key)->status;
  if (status == KeyStatus::retired || status == KeyStatus::revoked) return Errc::already_in_state;
  const bool signs = state_.registries.signing_key((*key)->algorithm) == *key;
  if (signs && !require_host()) return Errc::key_signs;
  return emit(KeyRetired{(*key)->number});
}

// Never refused for want of a successor: a stolen key must go at once, and whoever has one drawn
// first does so before (Ledger::revoke_key).
Result<void> Decider::operator()(const RevokeKey& revoke) {
  if (revoke.reason.bytes.size() > kSealedBytesMax) return Errc::too_large;
  if (auto allowed = require_scope(ManagementScope::keys_write); !allowed) return allowed;
  const auto key = known_key(revoke.kid);
  if (!key) return key.error();
  if ((*key)->status == KeyStatus::revoked) return Errc::already_in_state;
  const auto& registries = state_.registries;
  const auto algorithm = (*key)->algorithm;
  const bool is_active = (*key)->status == KeyStatus::active;
  const bool is_last = is_active && std::ranges::none_of(registries.keys(), [&](const auto& other) {
                         return other.status == KeyStatus::active && other.api == ApiNumber{} &&
                                other.algorithm == algorithm && other.number != (*key)->number;
                       });
  if (auto revoked = emit(KeyRevoked{(*key)->number, revoke.reason}); !revoked) return revoked;
  const auto* successor = is_last ? find_successor(registries, algorithm) : nullptr;
  return successor == nullptr ? Result<void>{} : emit(KeyActivated{successor->number});
}

Result<void> Decider::operator()(const ReportForgery& report) {
  if (auto allowed = require_system(); !allowed) return allowed;
  const bool is_known =
      report.sign >= ForgerySign::jti_not_sealed && report.sign <= kForgerySignLast;
  // Index 0 is a token's, too: the first of a ledger.
  const bool names_token = report.sign == ForgerySign::other_token;
  const bool is_index_good = names_token ? report.index.has_lane() : report.index == TokenIndex{};
  if (!is_known || !is_index_good) return Errc::invalid_argument;
  if (state_.registries.key(report.key) == nullptr) return Errc::key_not_found;
  return emit(ForgerySuspected{report.key, report.index, report.sign});
}

}  // namespace tokenledger

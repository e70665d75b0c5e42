// The first events of a ledger, and the one with which every opening begins.
#include "core/identity_scopes.hpp"
#include "core/management_scopes.hpp"
#include "storage/ledger_core.hpp"
#include "storage/random.hpp"

namespace tokenledger {

// Also finishes a creation that a crash cut short: every step looks whether it was done.
Result<void> LedgerCore::bootstrap(std::string& why) {
  const auto fail = [&](boost::system::error_code error) -> Result<void> {
    why = "can't write the first events of the ledger: " + error.message();
    return error;
  };
  const auto run = [&](CommandPayload payload) {
    return submit({Actor{}, {}, std::nullopt, std::move(payload)});
  };
  is_new = signal.committed() == Sequence{};
  if (is_new) {
    if (auto made = run(CreateLedger{keys->ledger_id(), options.issuer}); !made)
      return fail(made.error());
  }
  // Nobody else has a new ledger's log, so it begins in this program's format; an older one goes
  // over when somebody asks for it (`tokenledger migrate`, LedgerOptions::activate_format).
  const bool is_asked = options.activate_format || state.last_seq.value() == 1;
  if (kFormatVersion > state.format_version && is_asked) {
    if (auto activated = run(ActivateFormat{kFormatVersion}); !activated)
      return fail(activated.error());
  }
  std::uint32_t drawn = 0;
  fill_random({reinterpret_cast<std::uint8_t*>(&drawn), sizeof drawn});
  if (auto opened = run(OpenLedger{Incarnation{drawn}}); !opened) {
    if (opened.error() != Errc::limit_reached) return fail(opened.error());
    why = "this ledger issued tokens in " + std::to_string(kIncarnationsMax) +
          " openings and takes no more: its tokens can be read by replay; start a new ledger";
    return opened.error();
  }
  // Nobody else submits yet, so the commit thread is idle and its state may be read.
  incarnations = state.incarnations;
  for (std::size_t lane = 0; lane < kLaneCount; ++lane)
    reserved[lane] = incarnations.back().lane_start[lane];

  if (auto made = bootstrap_keys(); !made) return fail(made.error());
  if (auto made = bootstrap_apis(); !made) return fail(made.error());
  if (registries.find_client(kNamedTokensClientId) == nullptr) {
    RegisterClient add{.client_id = std::string{kNamedTokensClientId},
                       .built_in = true,
                       .settings = {},
                       .secret_hash = {}};
    add.settings.name = "Named tokens";
    if (auto made = run(std::move(add)); !made) return fail(made.error());
  }
  return {};
}

// The built-in APIs, with the scopes of today. In a ledger of an older format nothing changes until
// that format is active: a program of then may open it again.
Result<void> LedgerCore::bootstrap_apis() {
  const auto create = [&](std::string_view identifier, const char* name, auto& scopes) {
    CreateApi create{
        .identifier = std::string{identifier}, .built_in = true, .settings = {}, .hs256_kid = {}};
    create.settings.name = name;
    create.settings.signing_alg = SignatureAlgorithm::es256;
    for (const auto& scope : scopes)
      create.settings.scopes.push_back({std::string{scope.name}, std::string{scope.description}});
    return submit({Actor{}, {}, std::nullopt, std::move(create)});
  };
  const auto* management = registries.find_api(kManagementAudience);
  if (management == nullptr) {
    auto made = create(kManagementAudience, "Management API", kManagementScopes);
    if (!made) return made.error();
  } else if (state.format_version >= 2 &&
             management->settings.scopes.size() < kManagementScopes.size()) {
    // A scope's bit is its position, and new ones went to the end of both lists.
    UpdateApi update{
        .identifier = management->identifier, .settings = management->settings, .based_on = {}};
    for (auto at = update.settings.scopes.size(); at < kManagementScopes.size(); ++at)
      update.settings.scopes.push_back({std::string{kManagementScopes[at].name},
                                        std::string{kManagementScopes[at].description}});
    auto made = submit({Actor{}, {}, std::nullopt, std::move(update)});
    if (!made) return made.error();
  }
  if (state.format_version < 2) return {};
  const auto* identity = registries.find_api(kIdentityAudience);
  if (identity == nullptr) {
    auto made = create(kIdentityAudience, "Identity", kIdentityScopes);
    if (!made) return made.error();
  } else if (!identity->built_in) {
    warn("an API of this ledger's own is named " + std::string{kIdentityAudience} +
         ", so users can't sign in: delete it and start again");
  }
  return {};
}

// One key per algorithm that APIs may choose. The keyring is durable before the event names the
// key, so a crash between the two leaves a key without an event, which the next open takes instead
// of drawing another.
Result<void> LedgerCore::bootstrap_keys() {
  if (state.format_version >= 2) {
    if (auto made = keys->ensure_jwe_key(); !made) return made;
  }
  for (const auto algorithm :
       {SignatureAlgorithm::es256, SignatureAlgorithm::rs256, SignatureAlgorithm::eddsa}) {
    if (registries.signing_key(algorithm) != nullptr) continue;
    std::shared_ptr<const SigningKey> key;
    for (auto& candidate : keys->signing_keys()) {
      if (candidate->algorithm() == algorithm && registries.find_key(candidate->kid()) == nullptr)
        key = candidate;
    }
    if (key == nullptr) {
      auto drawn = SigningKey::generate(algorithm);
      if (!drawn) return drawn.error();
      auto added = keys->add(std::move(*drawn));
      if (!added) return added.error();
      key = *added;
    }
    const auto& bytes = key->public_bytes();
    AddKey add{algorithm, key->kid(), {bytes.begin(), bytes.end()}};
    if (auto added = submit({Actor{}, {}, std::nullopt, std::move(add)}); !added)
      return added.error();
  }
  return {};
}

}  // namespace tokenledger

// Registries: clients, APIs, client grants and signing keys, as the log says they are.
//
// Plain data with lookups; a function of the registry events alone. State holds one for the commit
// thread; storage/ keeps a second one behind a lock for everybody else. Not thread safe. References
// stay valid until the next apply().
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/errc.hpp"
#include "core/event.hpp"

namespace tokenledger {

// Bounds over the whole life of a ledger: numbers are never reused (INV-7).
inline constexpr std::uint32_t kClientsMax = 1u << 20;
inline constexpr std::uint32_t kApisMax = 1u << 14;
inline constexpr std::uint32_t kGrantsMax = 1u << 22;
inline constexpr std::uint32_t kKeysMax = 1u << 12;
// RS256, ES256 and EdDSA: their keys sign for any API.
inline constexpr std::size_t kSharedAlgorithmCount = 3;
// Published and waiting at one time; every verifier fetches them all.
inline constexpr std::size_t kNextKeysPerAlgorithmMax = 4;
// So long a key is published before it signs: twice as long as verifiers may keep the key set.
inline constexpr std::uint64_t kKeyNextSecondsMin = 600;

enum class ClientStatus : std::uint8_t { enabled = 1, disabled = 2, deleted = 3 };

struct ClientRecord {
  ClientNumber number;
  std::string client_id;
  bool built_in = false;
  ClientStatus status = ClientStatus::enabled;
  ClientSettings settings;
  Digest secret_hash{};
  // Of what it authenticates with: grows with every new secret and every change of the way, so that
  // a command of somebody who authenticated before is refused.
  SecretGeneration generation{1};
  Digest previous_hash{};      // of the secret before, which is good until `previous_until`
  UnixSeconds previous_until;  // 0: it ended when it was replaced
  LedgerTime created_at;
  Sequence updated_seq;
  Sequence revoked_before;  // tokens issued before this seq are ended; 0: none
  friend bool operator==(const ClientRecord&, const ClientRecord&) = default;
};

struct ApiRecord {
  ApiNumber number;
  std::string identifier;
  bool built_in = false;
  bool deleted = false;
  ApiSettings settings;
  KeyNumber secret_key;                  // HS256 only
  std::vector<std::string> scope_names;  // bit i of a scope mask is scope_names[i]; only ever grows
  LedgerTime created_at;
  Sequence updated_seq;
  Sequence revoked_before;
  friend bool operator==(const ApiRecord&, const ApiRecord&) = default;

  // The mask of these names among the scopes listed now; scope_unknown when one is not.
  [[nodiscard]] Result<std::uint64_t> mask_of(const std::vector<std::string>& names) const;
  // The names of a mask, in bit order, joined by spaces (RFC 6749 §3.3).
  [[nodiscard]] std::string scope_string(std::uint64_t mask) const;
  // The mask of all scopes listed now.
  [[nodiscard]] std::uint64_t listed_mask() const;
};

struct GrantRecord {
  GrantNumber number;
  ClientNumber client;
  ApiNumber api;
  std::uint64_t scope_mask = 0;
  bool removed = false;
  LedgerTime created_at;
  Sequence updated_seq;
  Sequence revoked_before;
  friend bool operator==(const GrantRecord&, const GrantRecord&) = default;
};

// A key of an API of its own (HS256) is always active.
enum class KeyStatus : std::uint8_t {
  next = 1,     // published, so that verifiers have it when it begins to sign
  active = 2,   // signs; of several with one algorithm the one that was activated last
  retired = 3,  // signs no more; its tokens stay good
  revoked = 4,  // and its tokens ended with it
};

struct KeyRecord {
  KeyNumber number;
  SignatureAlgorithm algorithm{};
  std::string kid;
  std::string public_key;
  ApiNumber api;  // HS256: the only API it signs for
  KeyStatus status = KeyStatus::active;
  bool imported = false;
  LedgerTime created_at;
  LedgerTime activated_at;  // 0: it never signed
  LedgerTime ended_at;      // retired, or revoked while it was not retired; 0: neither
  Sequence revoked_before;
  friend bool operator==(const KeyRecord&, const KeyRecord&) = default;
};

// Whether such a client proves itself by a secret. A public one proves nothing, and one with keys
// of its own would only have a second way in.
[[nodiscard]] bool has_secret(const ClientSettings& settings) noexcept;

class Registries {
 public:
  // Applies one registry event; other kinds are ignored. log_corrupt when the event does not fit
  // (an unknown number, a number out of order, an id already used): nothing is changed then.
  [[nodiscard]] Result<void> apply(const Event& event);
  // Records a cascade over any selector; log_corrupt for an unknown id.
  [[nodiscard]] Result<void> raise_watermark(Selector selector, Sequence before);

  // nullptr: no such thing ever. Deleted and removed ones are still found by number; by name only
  // live ones, except clients, whose ids are never used again.
  [[nodiscard]] const ClientRecord* client(ClientNumber number) const;
  [[nodiscard]] const ClientRecord* find_client(std::string_view client_id) const;
  [[nodiscard]] const ApiRecord* api(ApiNumber number) const;
  [[nodiscard]] const ApiRecord* find_api(std::string_view identifier) const;
  [[nodiscard]] const GrantRecord* grant(GrantNumber number) const;
  [[nodiscard]] const GrantRecord* find_grant(ClientNumber client, ApiNumber api) const;
  [[nodiscard]] const KeyRecord* key(KeyNumber number) const;
  [[nodiscard]] const KeyRecord* find_key(std::string_view kid) const;
  // The key with which tokens of any API are signed by this algorithm; nullptr when there is none.
  [[nodiscard]] const KeyRecord* signing_key(SignatureAlgorithm algorithm) const;

  [[nodiscard]] const std::deque<ClientRecord>& clients() const { return clients_; }
  [[nodiscard]] const std::deque<ApiRecord>& apis() const { return apis_; }
  [[nodiscard]] const std::deque<GrantRecord>& grants() const { return grants_; }
  [[nodiscard]] const std::deque<KeyRecord>& keys() const { return keys_; }
  [[nodiscard]] Sequence all_revoked_before() const { return all_revoked_before_; }

  // The greatest watermark among the selectors that a class names; 0: none.
  [[nodiscard]] Sequence revoked_before(const TokenClass& token_class) const;

  // Replaces everything (from a snapshot); log_corrupt when numbers or names contradict each other.
  [[nodiscard]] Result<void> restore(std::deque<ClientRecord> clients, std::deque<ApiRecord> apis,
                                     std::deque<GrantRecord> grants, std::deque<KeyRecord> keys,
                                     Sequence all_revoked_before);

  friend bool operator==(const Registries& a, const Registries& b) {
    return a.clients_ == b.clients_ && a.apis_ == b.apis_ && a.grants_ == b.grants_ &&
           a.keys_ == b.keys_ && a.all_revoked_before_ == b.all_revoked_before_;
  }

 private:
  struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  template <class T>
  using ByName = boost::unordered_flat_map<std::string, T, StringHash, std::equal_to<>>;

  Result<void> on(const ClientRegistered&, const Event&);
  Result<void> on(const ClientUpdated&, const Event&);
  Result<void> on(const ClientDisabled&, const Event&);
  Result<void> on(const ClientEnabled&, const Event&);
  Result<void> on(const ClientDeleted&, const Event&);
  Result<void> on(const ClientSecretRotated&, const Event&);
  Result<void> on(const ApiCreated&, const Event&);
  Result<void> on(const ApiUpdated&, const Event&);
  Result<void> on(const ApiDeleted&, const Event&);
  Result<void> on(const ClientGrantAdded&, const Event&);
  Result<void> on(const ClientGrantUpdated&, const Event&);
  Result<void> on(const ClientGrantRemoved&, const Event&);
  Result<void> on(const KeyAdded&, const Event&);
  Result<void> on(const KeyRetired&, const Event&);
  Result<void> on(const KeyActivated&, const Event&);
  Result<void> on(const KeyRevoked&, const Event&);
  Result<void> on(const ForgerySuspected&, const Event&);
  Result<void> on(const TokensRevoked&, const Event&);
  template <class Other>
  Result<void> on(const Other&, const Event&);

  ClientRecord* live_client(ClientNumber number);
  ApiRecord* live_api(ApiNumber number);
  GrantRecord* live_grant(GrantNumber number);
  KeyRecord* changeable_key(KeyNumber number);
  // Looks again which key signs by each algorithm. O(keys).
  void choose_signing_keys();

  std::deque<ClientRecord> clients_;  // number n at [n - 1]
  std::deque<ApiRecord> apis_;
  std::deque<GrantRecord> grants_;
  std::deque<KeyRecord> keys_;
  Sequence all_revoked_before_;
  std::array<KeyNumber, kSharedAlgorithmCount> signing_keys_{};  // by algorithm, from rs256 on
  ByName<ClientNumber> client_by_id_;
  ByName<ApiNumber> api_by_identifier_;
  ByName<KeyNumber> key_by_kid_;
  boost::unordered_flat_map<std::uint64_t, GrantNumber> grant_by_pair_;  // client << 32 | api
};

}  // namespace tokenledger

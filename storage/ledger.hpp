// Ledger: the embedded library's front door. One open directory: issue, check, revoke, list,
// replay, audit notes.
//
// Opening takes the directory's lock, reads what is there and refuses what it can't trust (Errc and
// a sentence say why). All methods may be called from any thread. Writes return when the event is
// durable (fsynced) and visible to every check (INV-1, INV-2); `unknown_outcome` means the write
// failed half-way: open the directory again and look. The library never exits, installs no logger
// and no signal handler. Several ledgers may be open in one process. Asynchronous calls with Asio
// completion tokens: storage/ledger_async.hpp.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/command.hpp"
#include "core/errc.hpp"
#include "core/jwt_claims.hpp"
#include "core/live_token.hpp"
#include "core/registries.hpp"
#include "core/status.hpp"
#include "storage/ledger_options.hpp"
#include "storage/views.hpp"

namespace tokenledger {

inline constexpr std::size_t kTokenBytesMax = 16 * 1024;
inline constexpr std::size_t kExtraFieldsBytesMax = 4 * 1024;

// A command that is durable and visible.
struct Committed {
  Sequence seq;  // of its (first) event
  LedgerTime at;
  bool repeated =
      false;  // an earlier command with this Idempotency-Key did it; nothing was written now
};

struct IssueRequest {
  Actor actor{.kind = ActorKind::host};
  std::string client_id;  // empty: the built-in client for tokens made for nobody
  std::string audience;   // an API's identifier
  std::vector<std::string>
      scopes;  // empty: all that the grant holds (none for the built-in client)
  std::optional<std::uint32_t> lifetime_s;  // absent: the API's token_lifetime
  std::optional<UnixSeconds> expires_at;    // instead of lifetime_s
  Origin origin = Origin::embedded;
  std::string name;          // a label, stored plain
  std::string owner;         // personal: stored encrypted
  std::string extra_fields;  // JSON text, personal: stored encrypted
  std::string request_id;
  std::optional<Idempotency> idempotency;
};

// When `committed.repeated` nothing else is set: the first token's event stands at `committed.seq`.
struct IssuedToken {
  std::string token;  // shown once, stored nowhere (INV-5)
  std::string jti;
  TokenIndex index;
  UnixSeconds issued_at;
  UnixSeconds expires_at;
  std::string scope;  // space-delimited
  TokenKind kind = TokenKind::jwt;
  Committed committed;
};

enum class CheckFailure : std::uint8_t {
  none = 0,
  malformed,  // not a token of any kind we make
  unknown,    // never issued here
  revoked,
  expired,
  wrong_audience,
  insufficient_scope,
  unavailable,  // the ledger can't say (poisoned, views behind): treat as not active (INV-6)
};

// The full answer of a check; `status` and `failure` come from status(), never from a guess.
struct CheckAnswer {
  TokenStatus status = TokenStatus::unknown;
  CheckFailure failure = CheckFailure::malformed;
  bool authenticated = false;  // the token itself was presented and its fingerprint matched
  std::string jti;
  TokenIndex index;
  std::string client_id;
  std::string audience;  // the first API of the token
  std::string scope;     // at that API
  TokenKind kind = TokenKind::jwt;
  UnixSeconds issued_at;  // 0 when only the index was asked (it does not hold iat)
  UnixSeconds expires_at;
  Sequence issued_seq;
  std::optional<Revocation> revocation;
};

// A token that is good right now, whatever its audience.
struct GoodToken {
  TokenIndex index;
  LiveToken live;
};

// What a token claims, from its issue event. A JWT carries the same; `iss` is the issuer that this
// process was opened with.
struct IssuedClaims {
  std::string header_json;  // empty for an opaque token
  JwtClaims claims;
};

struct LedgerStats {
  Sequence committed;
  Sequence view_cursor;
  std::uint64_t tokens_issued = 0;
  std::uint64_t tokens_swept = 0;
  std::uint64_t queue_depth = 0;
  std::uint64_t batches = 0;
  std::uint64_t batch_events_max = 0;
  std::uint64_t commit_ns_total = 0;  // append + fsync
  std::uint64_t index_bytes = 0;
  std::uint64_t rejected_queue_full = 0;
  std::uint64_t rejected_storage_low = 0;
  bool poisoned = false;
  bool views_stopped = false;
  bool views_damaged = false;        // some lists fail; opening the ledger again rebuilds the views
  std::uint64_t view_classes = 0;    // held in memory for the lists
  std::uint64_t sweep_failures = 0;  // since open()
  std::optional<Errc> sweep_error;   // of the last sweep; nullopt: it succeeded
  bool storage_low = false;
  bool clock_jumped = false;  // commands are refused until the clock is set right
};

class LedgerCore;    // the parts behind the door; storage/ledger_core.hpp
class LedgerPeople;  // users; storage/ledger_people.hpp

class Ledger {
 public:
  // `why` gets a sentence for a person, naming the file or the numbers, whenever an error is
  // returned.
  [[nodiscard]] static Result<std::unique_ptr<Ledger>> open(LedgerOptions options,
                                                            std::string* why = nullptr);
  // Finishes accepted commands, writes a snapshot, closes. See close() to learn of failures.
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Refuses new commands and reads (shutting_down), finishes accepted ones, flushes, snapshots,
  // releases the lock, also of a poisoned ledger (unknown_outcome). Checks say no from here on:
  // somebody else may open the directory and revoke. Idempotent. Not from a completion or
  // on_poisoned.
  Result<void> close();

  // --- commands ---
  using Completion = std::function<void(Result<Committed>)>;
  [[nodiscard]] Result<Committed> submit(Command command);
  // `done` runs exactly once, on the commit thread or, for a refusal, on the caller's: it must be
  // quick and must not call back into blocking methods.
  void submit_async(Command command, Completion done);

  // --- tokens ---
  [[nodiscard]] Result<IssuedToken> issue(IssueRequest request);
  void issue_async(IssueRequest request, std::function<void(Result<IssuedToken>)> done);
  struct RevokeRequest {
    Actor actor{.kind = ActorKind::host};
    Cause cause = Cause::admin_manual;
    std::string reason;  // free text, stored encrypted
    std::string request_id;
    std::optional<Idempotency> idempotency;
  };
  [[nodiscard]] Result<Committed> revoke(TokenIndex index, RevokeRequest request);
  void revoke_async(TokenIndex index, RevokeRequest request, Completion done);

  // --- many tokens at once (storage/ledger_bulk.cpp) ---
  // What a bulk revocation names: a selector whose cascade ends them, all issued before `before`
  // (absent: until now).
  struct BulkSelection {
    Selector selector;
    std::optional<Sequence> before;
  };
  // The tokens that are good now and that the selection would end, by client, most first: exact as
  // of some instant during the call. O(tokens in memory), no lock: for a worker, not an I/O thread.
  struct BlastRadius {
    std::uint64_t active = 0;
    std::vector<std::pair<ClientNumber, std::uint64_t>> by_client;
  };
  [[nodiscard]] BlastRadius blast_radius(const BulkSelection& selection) const;
  // One event, whatever the number of tokens.
  void revoke_selected_async(const BulkSelection& selection, RevokeRequest request,
                             Completion done);
  // The seq of the first event at or after this time: what was issued before it has a lower one.
  // The next seq when there is none yet. Reads the log, O(log n).
  [[nodiscard]] Result<Sequence> first_seq_at(LedgerTime time) const;

  // Good right now, at this API, with these scopes? About half a microsecond; no allocation, no
  // lock. False on any doubt. The reason: check_detailed().
  [[nodiscard]] bool check(std::string_view token, std::string_view audience,
                           std::span<const std::string_view> scopes = {}) const noexcept;
  // An empty audience means any. May wait for the views when the token is not active.
  [[nodiscard]] CheckAnswer check_detailed(std::string_view token, std::string_view audience,
                                           std::span<const std::string_view> scopes = {}) const;
  // By jti alone: authenticated stays false.
  [[nodiscard]] CheckAnswer check_jti(std::string_view jti,
                                      const Digest* token_sha256 = nullptr) const;
  // The same two answers where memory alone has them, without waiting for anything: nullopt when
  // the views must say why a token was revoked, or know a token that memory gave back.
  [[nodiscard]] std::optional<CheckAnswer> check_in_memory(
      std::string_view token, std::string_view audience,
      std::span<const std::string_view> scopes = {}) const;
  [[nodiscard]] std::optional<CheckAnswer> check_jti_in_memory(
      std::string_view jti, const Digest* token_sha256 = nullptr) const;

  // As check(), for callers that judge the audience themselves. No allocation, no lock; nullopt on
  // any doubt.
  [[nodiscard]] std::optional<GoodToken> inspect(std::string_view token) const noexcept;
  // False once the ledger is poisoned or closed: checks then say no for want of knowledge.
  [[nodiscard]] bool can_answer() const noexcept;
  // The token whose text this is, good or ended; token_not_found: none of ours, or ended so long
  // ago that memory gave it back. unknown_outcome, shutting_down.
  [[nodiscard]] Result<TokenIndex> identify(std::string_view token) const;
  // Reads the log; log_corrupt when the event is not the token's. The second never waits for the
  // disk: nullopt when it would have to.
  [[nodiscard]] Result<IssuedClaims> claims(const GoodToken& token) const;
  [[nodiscard]] std::optional<Result<IssuedClaims>> claims_in_memory(const GoodToken& token) const;

  // nullopt: not a jti that this ledger made (wrong seal, or an incarnation that did not own the
  // index).
  [[nodiscard]] std::optional<TokenIndex> index_of(std::string_view jti) const noexcept;
  [[nodiscard]] std::string jti_of(TokenIndex index) const;

  // --- reads: they wait until the views reach what was committed when they were called ---
  [[nodiscard]] Result<ListedToken> token(TokenIndex index) const;  // token_not_found
  // All that is given must hold; a text that is empty is not given. What names nothing that is
  // there, a client_id excepted, gives an empty list.
  struct ListRequest {
    std::string client_id;  // client_not_found when there never was such a client
    std::optional<TokenStatus> status;
    TimeRange<UnixSeconds> issued;
    TimeRange<UnixSeconds> expires;  // whatever the status
    TimeRange<UnixSeconds> expired;  // only expired tokens
    TimeRange<LedgerTime> revoked;   // only revoked tokens
    std::string owner;               // the whole name
    // The whole name: of a client's own tokens its client_id, of a user's the user_id. By the
    // login, too, where the caller may know whose it is.
    std::string subject;
    bool subject_may_be_login = false;
    // Tokens that stand on it, and those of whatever had its number before.
    std::optional<ConsentNumber> consent;
    std::string api;  // an identifier, also of an API that was deleted
    std::optional<Origin> origin;
    // What client_id, client name or token name begin with (a-z and A-Z alike, as they are named
    // now), or one jti.
    std::string q;
    bool include_deleted = false;
    ListSort sort = ListSort::issued_descending;
    std::uint32_t limit = 100;
    std::optional<Sequence> as_of_seq;     // from the previous page
    std::optional<LedgerTime> as_of_time;  // likewise
    std::optional<ListPosition> after;     // likewise
    bool count_total = true;               // false: page.total stays 0
    std::optional<Sequence> min_seq;       // sequence_in_future when beyond committed
  };
  struct List {
    ListPage page;
    Sequence as_of_seq;
    LedgerTime as_of_time;
  };
  [[nodiscard]] Result<List> list(const ListRequest& request) const;
  // Plain text of a sealed field; nullopt when its key was erased or the field is empty.
  [[nodiscard]] std::optional<std::string> open_sealed(const Sealed& sealed) const;
  // Whether there is a field whose key was erased: shown as erased, never as one that was not
  // given.
  [[nodiscard]] bool is_erased(const Sealed& sealed) const;
  // Ciphertext under a fresh key of its own, which is durable before the event that uses it.
  [[nodiscard]] Result<Sealed> seal(std::string_view plain);

  // --- erasure (INV-8; storage/ledger_erase.cpp) ---
  struct EraseRequest {
    Actor actor{.kind = ActorKind::host};
    std::string reason;  // free text, stored encrypted under a key of its own
    std::string request_id;
    std::optional<Idempotency> idempotency;
  };
  // Makes the owner's name and the extra fields of the owner's tokens unreadable for good, and the
  // way from the name to the tokens with them. Tokens stay as good as they were; events keep their
  // bytes, so every proof stays valid. Returns when the event is durable and no byte of the key is
  // left in the key store: a crash in between is made good at the next open. Whoever issues for the
  // same name at the same time has it erased or begins a new owner. owner_not_found: no token ever
  // had this owner, or the owner was erased. Blocks for some fsyncs and a rewrite of the key store,
  // during which commits wait; one erasure at a time.
  [[nodiscard]] Result<Committed> erase_owner(std::string_view name, EraseRequest request);

  // --- users, and what they allow (storage/ledger_people.hpp) ---
  [[nodiscard]] LedgerPeople& people() noexcept;
  [[nodiscard]] const LedgerPeople& people() const noexcept;

  // --- the audit trail of the host program (D07) ---
  [[nodiscard]] Result<Committed> append_note(std::string_view topic, std::string_view body,
                                              Actor actor = {.kind = ActorKind::host});

  // Calls `each` for every event from `from` on, in order, on a thread of its own, until it returns
  // false, the ledger is closed or the subscription is destroyed (which must be before the ledger
  // is). Only durable events are seen; none is skipped or repeated.
  class Subscription {
   public:
    virtual ~Subscription() = default;
  };
  [[nodiscard]] std::unique_ptr<Subscription> subscribe(
      Sequence from, std::function<bool(const Event&)> each) const;

  // --- registries: a consistent copy of what is committed; lookups for the callers of submit() ---
  // Runs `read` under a shared lock; it must be quick and must not call the ledger.
  void with_registries(const std::function<void(const Registries&)>& read) const;
  // The client whose current secret this is, or the one before within its overlap, whose generation
  // it then is; else unauthorized_actor. Constant time in the secret. `way` is how it was sent:
  // `basic` or `post` where the client may be registered for one of them only; `basic_or_post` asks
  // for the secret alone.
  [[nodiscard]] Result<ClientNumber> authenticate_client(
      std::string_view client_id, std::string_view secret, SecretGeneration* generation,
      ClientAuthentication way = ClientAuthentication::basic_or_post) const;
  // A new secret and its keyed hash for RegisterClient and RotateClientSecret.
  struct NewSecret {
    std::string secret;
    Digest hash{};
  };
  [[nodiscard]] NewSecret make_client_secret() const;
  // Commits a CreateApi for an HS256 API, whose hs256_kid must be empty: draws the API's secret,
  // keeps it in the keyring, durably, before the event that names it, and takes it out again when
  // the command is refused. Blocks for two or three fsyncs. Only this makes HS256 APIs that can
  // sign. Errors: submit()'s; invalid_argument for another command; limit_reached for a full
  // keyring.
  struct CreatedApi {
    Committed committed;
    std::string secret;  // base64url, shown once; empty when repeated
  };
  [[nodiscard]] Result<CreatedApi> create_api_with_secret(Command command);

  // --- signing keys (storage/ledger_signing_keys.cpp); ActivateKey and RetireKey are commands ---
  // These block for some fsyncs, and for an RSA key around 100 ms longer.
  struct KeyRequest {
    Actor actor{.kind = ActorKind::host};
    std::string reason;  // revoke_key: free text, stored encrypted
    std::string request_id;
    std::optional<Idempotency> idempotency;
  };
  struct AddedKey {
    Committed committed;
    std::string kid;  // empty when repeated
  };
  // Draws a key that is published from now on and signs once it is activated. Errors: submit()'s;
  // algorithm_not_allowed for HS256; limit_reached when kNextKeysPerAlgorithmMax wait already or
  // the keyring is full.
  [[nodiscard]] Result<AddedKey> add_next_key(SignatureAlgorithm algorithm,
                                              const KeyRequest& request);
  // The same for a key from elsewhere (core/pem_key.hpp), by the host only. key_exists.
  [[nodiscard]] Result<AddedKey> import_key(std::string_view pem, const KeyRequest& request);
  // Ends every token that the key signed, with one event whatever their number, and has another
  // sign in its place: one that waits, else one drawn for it. key_not_found, already_in_state.
  [[nodiscard]] Result<Committed> revoke_key(const std::string& kid, const KeyRequest& request);
  // Keyed hashes for an Idempotency-Key of this actor and a request body.
  [[nodiscard]] Idempotency make_idempotency(const Actor& actor, std::string_view key,
                                             std::string_view body) const;
  // JWKS (RFC 7517) of the keys that sign, will sign, or signed tokens that may still be good.
  [[nodiscard]] std::string jwks() const;

  // A named token with every management scope for the holder of the directory, 90 days by default.
  [[nodiscard]] Result<IssuedToken> make_admin_token(std::uint32_t lifetime_s = 90 * 86'400);

  // --- state of the machine ---
  [[nodiscard]] const std::string& issuer() const noexcept;
  [[nodiscard]] const std::filesystem::path& directory() const noexcept;
  [[nodiscard]] bool is_new() const noexcept;  // made by this open()
  [[nodiscard]] Sequence committed() const noexcept;
  [[nodiscard]] LedgerTime now() const noexcept;  // max(clock, last recorded_at)
  [[nodiscard]] LedgerStats stats() const;
  [[nodiscard]] Result<void> wait_for_views(Sequence seq) const;
  [[nodiscard]] Result<StatusTotals> totals() const;
  // Names expired tokens in the log now (the background sweeper does so by itself).
  Result<void> sweep();
  // Writes a snapshot now.
  Result<void> snapshot();

  [[nodiscard]] LedgerCore& core() noexcept { return *core_; }  // for replay/ and tests
  [[nodiscard]] const LedgerCore& core() const noexcept { return *core_; }

 private:
  explicit Ledger(std::unique_ptr<LedgerCore> core);
  std::unique_ptr<LedgerCore> core_;
};

}  // namespace tokenledger

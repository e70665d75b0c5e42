// Decider: the rules behind decide(), one overload per command. Internal to core/; use
// core/decide.hpp.
//
// Rules come in a fixed order: shape of the values, the actor, what the command names, then policy.
// The first that fails is the answer.
#pragma once

#include "core/decide.hpp"
#include "core/management_scopes.hpp"
#include "core/state.hpp"

namespace tokenledger {

// What a user let a client do, as a code, a family or a consent says it.
struct UserGrant {
  UserNumber user;
  ClientNumber client;
  ConsentNumber consent;
  ApiNumber api;
  std::uint64_t scope_mask = 0;
  std::uint64_t identity_mask = 0;
  UnixSeconds auth_time;
};

class Decider {
 public:
  Decider(const State& state, const ValidityIndex& index, const Command& command, LedgerTime now,
          std::vector<Event>& out)
      : state_{state}, index_{index}, command_{command}, now_{now}, out_{out} {}

  // Whether the actor is still who it was when the command was made, whatever it may do.
  Result<void> check_actor() const;

  Result<void> operator()(const CreateLedger&);
  Result<void> operator()(const OpenLedger&);
  Result<void> operator()(const RegisterClient&);
  Result<void> operator()(const UpdateClient&);
  Result<void> operator()(const DisableClient&);
  Result<void> operator()(const EnableClient&);
  Result<void> operator()(const DeleteClient&);
  Result<void> operator()(const RotateClientSecret&);
  Result<void> operator()(const CreateApi&);
  Result<void> operator()(const UpdateApi&);
  Result<void> operator()(const DeleteApi&);
  Result<void> operator()(const AddClientGrant&);
  Result<void> operator()(const UpdateClientGrant&);
  Result<void> operator()(const RemoveClientGrant&);
  Result<void> operator()(const AddKey&);
  Result<void> operator()(const RetireKey&);
  Result<void> operator()(const IssueToken&);
  Result<void> operator()(const RevokeToken&);
  Result<void> operator()(const RevokeTokens&);
  Result<void> operator()(const RevokeTokenList&);
  Result<void> operator()(const SweepExpired&);
  Result<void> operator()(const AppendNote&);
  Result<void> operator()(const EraseOwner&);
  Result<void> operator()(const ActivateFormat&);
  Result<void> operator()(const RegisterUser&);
  Result<void> operator()(const UpdateUser&);
  Result<void> operator()(const SetPassword&);
  Result<void> operator()(const DisableUser&);
  Result<void> operator()(const EnableUser&);
  Result<void> operator()(const SetUserGroups&);
  Result<void> operator()(const CreateGroup&);
  Result<void> operator()(const DeleteGroup&);
  Result<void> operator()(const GrantConsent&);
  Result<void> operator()(const PreconfigureConsent&);
  Result<void> operator()(const WithdrawConsents&);
  Result<void> operator()(const IssueCode&);
  Result<void> operator()(const RedeemCode&);
  Result<void> operator()(const Refresh&);
  Result<void> operator()(const EndFamily&);
  Result<void> operator()(const ActivateKey&);
  Result<void> operator()(const RevokeKey&);
  Result<void> operator()(const ReportForgery&);
  // No rules stand for the other commands yet.
  template <class Other>
  Result<void> operator()(const Other&) {
    return Errc::unsupported_format;
  }

  // Decision::refusal of the command that was decided.
  [[nodiscard]] std::optional<Errc> refusal() const { return refusal_; }

 private:
  // --- the actor (decide.cpp) ---
  // The ledger itself, or whoever holds the directory.
  Result<void> require_host() const;
  Result<void> require_system() const;
  // The host; or a good token of the management API that carries `scope`. Clients by secret have no
  // such power.
  Result<void> require_scope(ManagementScope scope) const;
  // The actor's own mask at the management API: all for the host.
  Result<std::uint64_t> management_mask() const;
  Result<std::uint64_t> token_management_mask() const;
  Result<const ClientRecord*> authenticated_client() const;
  Result<const UserRecord*> authenticated_user() const;
  // Whether the actor is this user, whom check_actor() found good.
  [[nodiscard]] bool is_user(UserNumber number) const;
  // Nobody hands out management scopes they lack.
  Result<void> require_covers(ApiNumber api, std::uint64_t mask) const;
  Result<void> require_covers_client(const ClientRecord& client) const;

  // --- what a command names ---
  Result<const ClientRecord*> known_client(const std::string& client_id) const;
  Result<const ClientRecord*> changeable_client(const std::string& client_id) const;
  Result<const ApiRecord*> known_api(const std::string& identifier) const;
  Result<const GrantRecord*> known_grant(const std::string& client_id,
                                         const std::string& audience) const;
  // One that signs for any API.
  Result<const KeyRecord*> known_key(const std::string& kid) const;
  Result<std::uint64_t> grantable_mask(const ApiRecord& api,
                                       const std::vector<std::string>& scopes) const;

  // nullptr: there is none, as in a ledger where somebody had taken its name before.
  [[nodiscard]] const ApiRecord* identity_api() const;
  // Registered and not erased.
  Result<const UserRecord*> known_user(UserNumber number) const;
  // Enabled, and set up for one of these grant types.
  Result<const ClientRecord*> client_for_users(ClientNumber number, std::uint8_t grant_types) const;
  // Whether users may consent to these scopes for this client at all.
  Result<void> check_consent_scopes(ClientNumber client, ApiNumber api, std::uint64_t scope_mask,
                                    std::uint64_t identity_mask) const;

  // --- tokens of users (decide_user_token.cpp, decide_code.cpp, decide_refresh.cpp) ---
  // Whether a cascade reached what was made at `seq`: over the client, the API, the client's grant
  // there, the identity API where identity scopes are among it, or the whole ledger.
  struct Made {
    Sequence seq;
    UnixSeconds at;  // or earlier
  };
  [[nodiscard]] bool is_ended_since(Made made, ClientNumber client, ApiNumber api,
                                    std::uint64_t identity_mask) const;
  Result<void> check_user_scopes(const IssueToken&, const UserGrant&, const ConsentRecord&) const;
  Result<void> check_user_token(const IssueToken&, const UserGrant&) const;
  Result<void> check_new_family(const IssueToken&, const UserGrant&, bool has_refresh) const;
  Result<void> make_family_room(const IssueToken&, const UserGrant&);
  Result<void> start_family(const IssueToken&, const UserGrant&);
  Result<void> issue_implicitly(const IssueToken&, const ClientRecord&);
  // How many classes its client may have for this token to begin another.
  [[nodiscard]] std::uint32_t classes_max(const IssueToken& issue) const;
  Result<void> check_code_time(const IssueCode&) const;
  Result<void> refuse_reused(const CodeRecord&, CodeNumber);
  [[nodiscard]] bool may_refresh(const CodeRecord&, const ClientRecord&) const;
  Result<void> check_generation(const Refresh&, const FamilyRecord&, std::uint32_t grace_s);
  Result<void> check_refreshable(const FamilyRecord&, const ConsentRecord&, const ApiRecord&) const;
  // The user whose token this is; 0: nobody's.
  [[nodiscard]] UserNumber user_of(const IndexEntry& entry) const;

  // --- tokens (decide_token.cpp) ---
  Result<void> check_issue_shape(const IssueToken&) const;
  // The rules that hold for every token, and the event.
  Result<void> issue_token(const IssueToken&, const ClientRecord&);
  Result<void> check_issue_time(const IssueToken&) const;
  Result<void> check_issue_index(const IssueToken&) const;
  Result<void> check_issue_authority(const IssueToken&, const ClientRecord&) const;
  Result<void> check_issue_api(const IssueToken&, const ClientRecord&, const ApiScopes&,
                               const ApiRecord&) const;
  // What ended tokens and the token's APIs say about revoking it alone: not_active, not_revocable.
  Result<void> check_revocable(TokenIndex token, const IndexEntry& entry) const;
  Result<void> check_sweep(const SweepExpired&) const;
  Result<void> check_retire(const SweepExpired&, std::size_t lane) const;

  [[nodiscard]] Sequence next_seq() const {
    return Sequence{state_.last_seq.value() + 1 + (out_.size() - first_)};
  }
  Result<void> emit(Payload payload);

  const State& state_;
  const ValidityIndex& index_;
  const Command& command_;
  LedgerTime now_;
  std::vector<Event>& out_;
  std::size_t first_ = out_.size();
  std::optional<Errc> refusal_;
};

// What a client's settings must be whatever its record says, in this order: too_large,
// invalid_argument, algorithm_not_allowed (core/client_settings.cpp).
[[nodiscard]] Result<void> check_settings(const ClientSettings& settings);
// Settings come whole, so they would undo what somebody else changed since they were read.
[[nodiscard]] bool is_current(Sequence updated_seq, Sequence based_on) noexcept;
// Valid UTF-8 without control characters, 1 to `bytes_max` bytes.
[[nodiscard]] bool is_label(std::string_view text, std::size_t bytes_max) noexcept;
// RFC 6749 §3.3: %x21 / %x23-5B / %x5D-7E, 1 to kLabelBytesMax bytes.
[[nodiscard]] bool is_scope_name(std::string_view text) noexcept;
// Printable ASCII without spaces, quotes and backslashes: what client ids and request ids are made
// of.
[[nodiscard]] bool is_visible_ascii(std::string_view text, std::size_t bytes_max) noexcept;

}  // namespace tokenledger

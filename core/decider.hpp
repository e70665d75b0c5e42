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
  // Nobody hands out management scopes they lack.
  Result<void> require_covers(ApiNumber api, std::uint64_t mask) const;
  Result<void> require_covers_client(const ClientRecord& client) const;

  // --- what a command names ---
  Result<const ClientRecord*> known_client(const std::string& client_id) const;
  Result<const ClientRecord*> changeable_client(const std::string& client_id) const;
  Result<const ApiRecord*> known_api(const std::string& identifier) const;
  Result<const GrantRecord*> known_grant(const std::string& client_id,
                                         const std::string& audience) const;
  Result<std::uint64_t> grantable_mask(const ApiRecord& api,
                                       const std::vector<std::string>& scopes) const;

  // --- tokens (decide_token.cpp) ---
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

// Valid UTF-8 without control characters, 1 to `bytes_max` bytes.
[[nodiscard]] bool is_label(std::string_view text, std::size_t bytes_max) noexcept;
// RFC 6749 §3.3: %x21 / %x23-5B / %x5D-7E, 1 to kLabelBytesMax bytes.
[[nodiscard]] bool is_scope_name(std::string_view text) noexcept;
// Printable ASCII without spaces, quotes and backslashes: what client ids and request ids are made
// of.
[[nodiscard]] bool is_visible_ascii(std::string_view text, std::size_t bytes_max) noexcept;

}  // namespace tokenledger

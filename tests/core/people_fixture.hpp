// A small ledger with people, told in events: users 1 and 2, group 1, and client "app" that may ask
// them for what its grant at "https://api" covers.
//
// Nothing is published: every token stays among what is pending, where fold finds it as well.
#pragma once

#include "core/token_list.hpp"
#include "tests/core/decide_fixture.hpp"

namespace tokenledger::testing_support {

inline UserId user_id(std::uint8_t number) { return {number, 0xA5, number}; }
inline Digest digest(std::uint64_t number) {
  Digest digest{};
  std::memcpy(digest.data(), &number, sizeof number);
  digest[31] = 1;
  return digest;
}

class PeopleFixture : public DecideFixture {
 protected:
  static constexpr UserNumber kAnn{1};
  static constexpr UserNumber kBob{2};
  static constexpr GroupNumber kStaff{1};

  PeopleFixture() {
    state.format_version = kFormatVersion;
    must(UserRegistered{kAnn, user_id(1), {"login"}, {"name"}});
    must(UserRegistered{kBob, user_id(2), {"login"}, {"name"}});
    must(GroupCreated{kStaff, "staff"});
  }

  Event next(Payload payload) const {
    Event event;
    event.seq = state.last_seq.next();
    event.recorded_at = LedgerTime{std::max(now, state.last_recorded_at.value() + 1)};
    event.actor.kind = ActorKind::host;
    event.payload = std::move(payload);
    return event;
  }
  // "" when folded; else the name of the failure, and the state is as before.
  std::string fold_one(Payload payload) {
    const auto event = next(std::move(payload));
    State copy = state;
    if (auto folded = fold(copy, index, event); !folded) return errc_name(to_errc(folded.error()));
    state = std::move(copy);
    return "";
  }
  // The same without the copy, for what is known to fit.
  void must(Payload payload) {
    ASSERT_TRUE(fold(state, index, next(std::move(payload)))) << state.last_seq.value();
  }

  ConsentNumber grant(UserNumber user, ApiNumber api = kApi, std::uint64_t mask = 1) {
    const auto number = people().next_consent();
    must(ConsentGranted{number, user, kApp, api, mask, 0});
    return number;
  }
  ConsentNumber preconfigure(GroupNumber group) {
    const auto number = people().next_consent();
    must(ConsentPreconfigured{number, group, kApp, kApi, 1, 0});
    return number;
  }
  FamilyStarted family(UserNumber user, ConsentNumber consent, std::uint32_t lifetime_s = 600) {
    return {.family = people().free_after({}),
            .tag = ++tags,
            .user = user,
            .consent = consent,
            .scope_mask = 1,
            .refresh_sha256 = digest(tags),
            .auth_time = UnixSeconds{seconds()},
            .expires_at = UnixSeconds{seconds() + lifetime_s}};
  }
  FamilyNumber start(UserNumber user, ConsentNumber consent, std::uint32_t lifetime_s = 600) {
    const auto started = family(user, consent, lifetime_s);
    must(started);
    return started.family;
  }
  CodeIssued code(UserNumber user, ConsentNumber consent) {
    return {.code = people().next_code(),
            .sha256 = digest(1'000'000 + people().next_code().value()),
            .user = user,
            .client = kApp,
            .consent = consent,
            .api = kApi,
            .scope_mask = 1,
            .auth_time = UnixSeconds{seconds() - 1},
            .expires_at = UnixSeconds{seconds() + 60}};
  }
  CodeNumber issue_code(UserNumber user, ConsentNumber consent) {
    const auto issued = code(user, consent);
    must(issued);
    return issued.code;
  }
  TokenIssued token(UserNumber user, ConsentNumber consent, FamilyNumber family = {}) {
    TokenIssued issued{.index = TokenIndex{Lane::hour, state.lanes[0].next},
                       .token_sha256 = digest(++tokens),
                       .token_class = ClassNumber{1},
                       .issued_at = UnixSeconds{seconds()},
                       .expires_at = UnixSeconds{seconds() + 60},
                       .subject = user};
    issued.user = UserPart{consent, family, UnixSeconds{seconds()}};
    if (state.find_class(ClassNumber{1}) == nullptr)
      issued.new_class = TokenClass{
          .client = kApp, .grant = GrantNumber{1}, .key = KeyNumber{1}, .apis = {{{kApi, 1}}}};
    return issued;
  }
  TokenIndex issue_to(UserNumber user, ConsentNumber consent, FamilyNumber family = {}) {
    const auto issued = token(user, consent, family);
    must(issued);
    return issued.index;
  }
  // Names every token that has expired; retires the whole lane, which then holds no other.
  void sweep_all(bool retires = true) {
    TokensExpired expired{.from = state.expired_upto, .to = UnixSeconds{seconds()}};
    std::vector<ExpiringToken> named;
    for (const auto& [token, position] : state.pending.issued) {
      const auto second = state.pending.ops[position].entry.expires_at;
      if (second > expired.from && second <= expired.to) named.push_back({second, token});
    }
    std::ranges::sort(named);
    auto part = encode_token_list(expired.from, named)[0];
    expired.count = part.count;
    expired.tokens = std::move(part.bytes);
    const auto used = (state.lanes[0].next + kChunkTokens - 1) / kChunkTokens * kChunkTokens;
    if (retires && used > state.lanes[0].oldest) expired.retire_below[0] = used;
    must(expired);
  }
  // Everything issued so far is past its time and gone.
  void retire_tokens() {
    wait(61);
    sweep_all();
  }

  [[nodiscard]] const People& people() const { return state.people; }
  [[nodiscard]] bool is_good(TokenIndex token) const {
    const auto entry = state.find(index, token);
    return entry && !state.is_cascaded(*entry) && !state.is_revoked(index, token);
  }
  // The kinds of what readers are told since `from`, in order.
  [[nodiscard]] std::vector<PublishOp::Kind> told_since(std::size_t from) const {
    std::vector<PublishOp::Kind> kinds;
    for (std::size_t i = from; i < state.pending.ops.size(); ++i)
      kinds.push_back(state.pending.ops[i].kind);
    return kinds;
  }

  std::uint32_t tags = 0;
  std::uint64_t tokens = 0;
};

}  // namespace tokenledger::testing_support

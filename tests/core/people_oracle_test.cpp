// Random lives of people, told twice (INV-2, INV-3, Z21; issue 5, "under concurrency"): codes,
// families, tokens, and what ends them in any order, against a model that shares nothing with the
// product.
//
// 1000 lives of 150 facts. TOKENLEDGER_ORACLE_SEED and TOKENLEDGER_ORACLE_SEQUENCES override;
// life n has the seed plus n, so that one that fails can be lived alone.
#include <cstdlib>
#include <iostream>
#include <map>

#include "core/state_codec.hpp"
#include "core/status.hpp"
#include "tests/core/oracle_people.hpp"
#include "tests/core/people_fixture.hpp"

namespace tokenledger {
namespace {

using oracle::people::Fact;
using testing_support::digest;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const given = std::getenv(name);
  return given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
}

// The ids of users are numbers in the model; 0 stays nobody's.
UserId id_of(std::uint32_t id) {
  UserId made{};
  std::memcpy(made.data(), &id, sizeof id);
  return made;
}

struct Tally {
  std::map<std::string, std::uint64_t> accepted, refused;
  std::uint64_t numbers_used_again = 0, tokens_compared = 0, ended_tokens = 0;
};

// Clients 1 and 2, APIs 1 and 2 and keys 1 and 2 stand from the beginning.
class Life {
 public:
  Life(std::uint64_t seed, Tally& tally) : random{seed, model}, tally_{tally} {
    must(LedgerCreated{{7}, "https://issuer.example"});
    state.format_version = kFormatVersion;
    for (std::uint32_t i = 1; i <= 2; ++i) {
      const auto name = std::to_string(i);
      ApiSettings settings{.name = name, .scopes = {{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}}};
      settings.signing_alg = SignatureAlgorithm::es256;
      must(ClientRegistered{ClientNumber{i}, name, false, {.name = name}, {}});
      must(ApiCreated{ApiNumber{i}, "https://" + name, false, settings, {}});
      must(KeyAdded{KeyNumber{i}, SignatureAlgorithm::es256, name, "public", {}});
    }
  }

  // The first difference; empty: none.
  std::string live(int facts) {
    for (int i = 0; i < facts; ++i) {
      now_ += random.chance(30) ? 1 + random.below(random.chance(10) ? 5'000 : 40) : 0;
      if (auto no = step(); !no.empty()) return "fact " + std::to_string(i) + ": " + no;
    }
    return forget_all();
  }

 private:
  Event next(Payload payload) {
    Event event;
    event.seq = state.last_seq.next();
    const auto second = now_ * kNanosecondsPerSecond;
    event.recorded_at = LedgerTime{std::max(second, state.last_recorded_at.value() + 1)};
    event.actor.kind = ActorKind::host;
    event.payload = std::move(payload);
    return event;
  }
  void must(Payload payload) {
    if (!fold(state, index, next(std::move(payload)))) std::abort();
  }

  std::string step() {
    Fact fact = random.next();
    fill_in(fact);
    if (fact.kind == "key_revoked" && model.key_revoked[fact.key - 1]) return {};
    const auto event = next(payload_of(fact));
    const auto number_used = fact.kind == "family_started" && fact.family != 0 &&
                             fact.family <= state.people.families().size();
    const bool fits = model.apply(fact, event.seq.value(), second_of(event));
    State folded = state;
    const bool accepted = fold(folded, index, event).has_value();
    if (accepted != fits) {
      return fact.kind + (accepted ? " is folded" : " is refused") + ", the oracle says otherwise";
    }
    ++(fits ? tally_.accepted : tally_.refused)[fact.kind];
    if (!fits) return {};
    tally_.numbers_used_again += number_used;
    state = std::move(folded);
    if (const auto cascade = cascade_of(event)) cascades_.add(*cascade);
    if (const auto* revoked = std::get_if<TokenRevoked>(&event.payload))
      own_[revoked->index] = {revoked->cause, event.actor, event.seq, event.recorded_at};
    auto no = compare(event);
    if (no.empty() && random.chance(5)) no = through_bytes();
    return no.empty() ? no : "after " + fact.kind + ": " + no;
  }

  // What the product chooses.
  void fill_in(Fact& fact) {
    const bool is_new = fact.kind == "consent_granted" || fact.kind == "consent_preconfigured";
    const bool is_free = state.people.consent(ConsentNumber{fact.consent}) == nullptr;
    if (is_new && is_free) fact.consent = state.people.next_consent().value();
    if (is_new && fact.kind == "consent_granted") fact.group = 0;
    if (is_new && fact.kind == "consent_preconfigured") fact.user = 0;
    if (fact.kind == "family_started" && fact.family == 0) {
      FamilyNumber number;
      for (auto i = random.below(4) + 1; i > 0; --i) number = state.people.free_after(number);
      fact.family = number.value();
    }
    if (fact.kind == "token_issued") fact.token = state.lanes[0].next;
  }

  TokenIssued token(const Fact& fact) {
    TokenClass token_class{.client = ClientNumber{fact.client}, .key = KeyNumber{fact.key}};
    token_class.apis[0] = {ApiNumber{1}, 1};
    TokenIssued issued{.index = TokenIndex{Lane::hour, fact.token},
                       .token_sha256 = digest(fact.token),
                       .issued_at = UnixSeconds{second()},
                       .expires_at = UnixSeconds{second() + fact.lifetime_s},
                       .subject = UserNumber{fact.user}};
    issued.user =
        UserPart{ConsentNumber{fact.consent}, FamilyNumber{fact.family}, UnixSeconds{second()}};
    const auto known = state.class_numbers.find(token_class);
    if (known != state.class_numbers.end()) {
      issued.token_class = known->second;
      return issued;
    }
    issued.new_class = token_class;
    issued.token_class = state.free_classes.empty()
                             ? ClassNumber{static_cast<std::uint32_t>(state.classes.size()) + 1}
                             : state.free_classes.back();
    return issued;
  }
  // Names what expired; retires everything when nothing else is left.
  TokensExpired sweep() {
    TokensExpired expired{.from = state.expired_upto, .to = UnixSeconds{second()}};
    std::vector<ExpiringToken> named;
    bool all = true;
    for (const auto& token : model.tokens) {
      if (token.expires_at > expired.to.value()) all = false;
      if (token.expires_at <= expired.from.value() || token.expires_at > expired.to.value())
        continue;
      named.push_back({UnixSeconds{token.expires_at}, TokenIndex{Lane::hour, token.counter}});
    }
    std::ranges::sort(named);
    auto part = encode_token_list(expired.from, named)[0];
    expired.count = part.count;
    expired.tokens = std::move(part.bytes);
    const auto end = (state.lanes[0].next + kChunkTokens - 1) / kChunkTokens * kChunkTokens;
    if (all && end > state.lanes[0].oldest) expired.retire_below[0] = end;
    return expired;
  }

  Payload payload_of(const Fact& f) {
    const UserNumber user{f.user};
    const ConsentNumber consent{f.consent};
    const ClientNumber client{f.client};
    const ApiNumber api{f.api};
    const FamilyNumber family{f.family};
    const GroupNumber group{static_cast<std::uint16_t>(f.group)};
    const UnixSeconds until{second() + f.lifetime_s};
    const auto refresh = f.secret == 0 ? Digest{} : digest(f.secret);
    if (f.kind == "user_registered") return UserRegistered{user, id_of(f.id), {}, {}};
    if (f.kind == "user_disabled") return UserDisabled{user, {}};
    if (f.kind == "user_enabled") return UserEnabled{user};
    if (f.kind == "user_password_set") return UserPasswordSet{user, SecretGeneration{f.generation}};
    if (f.kind == "owner_erased") return OwnerErased{id_of(f.id), {}};
    if (f.kind == "user_groups_set") {
      UserGroupsSet set{user, {}};
      for (const auto number : f.groups)
        set.groups.push_back(GroupNumber{static_cast<std::uint16_t>(number)});
      return set;
    }
    if (f.kind == "group_created") return GroupCreated{group, f.name};
    if (f.kind == "group_deleted") return GroupDeleted{group};
    if (f.kind == "consent_granted")
      return ConsentGranted{consent, user, client, api, f.mask, f.identity};
    if (f.kind == "consent_extended") return ConsentExtended{consent, f.mask, f.identity};
    if (f.kind == "consent_preconfigured")
      return ConsentPreconfigured{consent, group, client, api, f.mask, f.identity};
    if (f.kind == "consent_withdrawn") return ConsentWithdrawn{consent, {}};
    if (f.kind == "code_issued") {
      return CodeIssued{.code = CodeNumber{f.code},
                        .sha256 = digest(f.secret),
                        .user = user,
                        .client = client,
                        .consent = consent,
                        .api = api,
                        .scope_mask = f.mask,
                        .auth_time = UnixSeconds{second() - 1},
                        .expires_at = until};
    }
    if (f.kind == "code_redeemed") return CodeRedeemed{CodeNumber{f.code}};
    if (f.kind == "code_reused") return CodeReused{CodeNumber{f.code}, family};
    if (f.kind == "family_started") {
      return FamilyStarted{.family = family,
                           .tag = f.tag,
                           .user = user,
                           .consent = consent,
                           .scope_mask = f.mask,
                           .refresh_sha256 = refresh,
                           .auth_time = UnixSeconds{second() - 1},
                           .expires_at = until,
                           .idle_s = f.idle_s};
    }
    if (f.kind == "refresh_rotated") return RefreshRotated{family, f.generation, refresh};
    if (f.kind == "family_ended") {
      const bool reuse = f.name == "refresh_reuse";
      return FamilyEnded{family, reuse ? Cause::refresh_reuse : Cause::password_changed, {}};
    }
    if (f.kind == "client_disabled") return ClientDisabled{client};
    if (f.kind == "client_enabled") return ClientEnabled{client};
    if (f.kind == "key_revoked") return KeyRevoked{KeyNumber{f.key}, {}};
    if (f.kind == "token_revoked") return TokenRevoked{TokenIndex{Lane::hour, f.token}};
    if (f.kind == "tokens_expired") return sweep();
    return token(f);
  }

  std::string compare(const Event& event) {
    if (auto no = compare_numbers(); !no.empty()) return no;
    const auto& people = state.people;
    if (people.is_settled() == model.redeeming.has_value()) return "a redemption is half done";
    for (std::uint32_t user = 1; user <= model.users.size(); ++user) {
      if (auto no = compare_user(user); !no.empty()) return "user " + std::to_string(user) + no;
    }
    for (std::uint32_t i = 0; i < model.codes.size(); ++i) {
      const auto& want = model.codes[i];
      const auto* got = people.code(CodeNumber{i + 1});
      if ((got == nullptr) != want.forgotten) return "a code is forgotten by one side only";
      if (got == nullptr) continue;
      if (people.still_stands(*got) != model.stands(want)) return "a code stands for one side only";
      if ((got->state == CodeState::issued) == want.redeemed) return "a code's redemption";
      if (people.find_code(digest(want.secret)) != CodeNumber{i + 1}) return "a code is not found";
    }
    for (const auto& token : model.tokens) {
      if (auto no = compare_token(token, event); !no.empty())
        return "token of seq " + std::to_string(token.seq) + ": " + no;
    }
    return {};
  }

  // Which numbers are free again: neither too early nor too late.
  std::string compare_numbers() {
    for (std::size_t i = 0; i < model.families.size(); ++i) {
      auto& family = model.families[i];
      if (family.gone) continue;
      const auto* record = state.people.family(FamilyNumber{family.number});
      const bool gone = record == nullptr || record->tag != family.tag;
      if (gone && !model.may_go(i)) return "a family's number is free too early";
      if (!gone && model.must_go(i)) return "an ended family keeps its number";
      if (!gone && (record->generation != family.generation ||
                    (record->state == FamilyState::ended) != family.ended))
        return "a family differs";
      family.gone = gone;
    }
    for (std::size_t i = 0; i < model.consents.size(); ++i) {
      auto& consent = model.consents[i];
      if (consent.gone) continue;
      const auto* record = state.people.consent(ConsentNumber{consent.number});
      const bool gone = record == nullptr;
      if (gone != model.must_go_consent(i))
        return gone ? "a consent's number is free too early" : "an ended consent keeps its number";
      if (!gone &&
          ((record->state == ConsentState::ended) != consent.ended ||
           record->scope_mask != consent.mask || record->identity_mask != consent.identity))
        return "a consent differs";
      consent.gone = gone;
    }
    return {};
  }

  std::string compare_user(std::uint32_t number) {
    const auto& people = state.people;
    const UserNumber user{number};
    const auto& want = model.users[number - 1];
    const auto status = people.user(user)->status;
    const char* names[] = {"", "enabled", "disabled", "erased"};
    if (want.status != names[static_cast<int>(status)]) return " is " + want.status;
    if (people.find_user(id_of(want.id)) != user) return " is not found";
    std::vector<FamilyNumber> live;
    for (const auto& family : model.families) {
      if (family.user == number && !family.ended && !family.gone)
        live.insert(live.begin(), FamilyNumber{family.number});
    }
    if (people.families_of(user) != live) return " has other families";
    for (std::uint32_t client = 1; client <= 2; ++client) {
      for (std::uint32_t api = 1; api <= 2; ++api) {
        const auto own = people.find_consent(user, ClientNumber{client}, ApiNumber{api});
        if (own.value() != model.own_consent(number, client, api)) return " has another consent";
        std::vector<std::uint32_t> covering;
        for (const auto& consent : model.consents) {
          if (consent.client == client && consent.api == api && model.covers(consent, number))
            covering.push_back(consent.number);
        }
        std::vector<std::uint32_t> got;
        for (const auto found : people.consents_for(user, ClientNumber{client}, ApiNumber{api}))
          got.push_back(found.value());
        std::ranges::sort(covering);
        std::ranges::sort(got);
        if (got != covering) return " is covered otherwise";
      }
    }
    return {};
  }

  std::string compare_token(const oracle::people::Token& want, const Event& event) {
    ++tally_.tokens_compared;
    tally_.ended_tokens += !want.ends.empty();
    const TokenIndex name{Lane::hour, want.counter};
    const auto entry = state.find(index, name);
    if (entry.has_value() == want.retired) return "retired on one side only";
    if (!entry) return {};
    const bool good = !state.is_cascaded(*entry) && !state.is_revoked(index, name);
    if (good != want.ends.empty()) return good ? "still good" : "ended by nothing";
    TokenFacts facts{.issued_seq = entry->issued_seq,
                     .expires_at = entry->expires_at,
                     .token_class = *state.find_class(entry->token_class),
                     .binding = entry->binding,
                     .subject = UserNumber{want.user}};
    if (const auto own = own_.find(name); own != own_.end()) facts.own = own->second;
    const auto answer = status(facts, cascades_.for_token(facts), event.seq, event.recorded_at);
    // What came after it expired is no revocation.
    const oracle::people::End* first = nullptr;
    for (const auto& end : want.ends) {
      if (first == nullptr && end.at < want.expires_at) first = &end;
    }
    if (answer.revocation.has_value() != (first != nullptr)) return "status() says otherwise";
    if (first == nullptr) return {};
    if (answer.revocation->seq.value() != first->seq) return "another end came first";
    return cause_name(answer.revocation->cause) == first->cause ? "" : "another cause";
  }

  std::string through_bytes() {
    const auto bytes = encode_state(state);
    State read;
    if (!decode_state(bytes, read)) return "a state's bytes are refused";
    if (!(read == state) || encode_state(read) != bytes) return "a state changed in its bytes";
    read.pending = std::move(state.pending);
    state = std::move(read);  // goes on with what was built again
    return {};
  }

  // When all is past and swept often enough, only what still lives keeps a number.
  std::string forget_all() {
    if (model.redeeming) return {};
    now_ += 2'000'000;
    const auto sweeps = model.families.size() / kFamiliesPerSweepMin + 2;
    for (std::size_t i = 0; i < sweeps; ++i) {
      ++now_;
      const auto event = next(sweep());
      model.apply({.kind = "tokens_expired"}, event.seq.value(), second_of(event));
      if (!fold(state, index, event)) return "the last sweep is refused";
      if (auto no = compare_numbers(); !no.empty()) return "at the end: " + no;
    }
    for (const auto& family : model.families)
      if (!family.gone) return "a family that is past keeps its number for ever";
    for (const auto& consent : model.consents)
      if (consent.gone != consent.ended) return "an ended consent keeps its number for ever";
    return {};
  }

  [[nodiscard]] std::uint32_t second() const {
    return static_cast<std::uint32_t>(
        std::max(now_, state.last_recorded_at.value() / kNanosecondsPerSecond));
  }
  static std::uint32_t second_of(const Event& event) {
    return to_seconds(event.recorded_at).value();
  }

  oracle::people::Model model;
  oracle::people::Generator random;
  // Never published, so fold finds every token among what is pending.
  ValidityIndex index{testing_index()};
  State state;
  CascadeHistory cascades_;
  std::map<TokenIndex, Revocation> own_;
  Tally& tally_;
  std::uint64_t now_ = 1'800'000'000;

  static ValidityIndex::Options testing_index() {
    const auto slots = std::uint64_t{4} * kChunkTokens;
    return {.lane_capacities = {slots, slots, slots, slots}};
  }
};

TEST(PeopleOracle, INV2INV3EveryInterleavingEndsExactlyWhatTheModelSays) {
  const auto seed = from_environment("TOKENLEDGER_ORACLE_SEED", std::random_device{}());
  const auto lives = from_environment("TOKENLEDGER_ORACLE_SEQUENCES", 1'000);
  std::cout << "TOKENLEDGER_ORACLE_SEED=" << seed << "\n";
  Tally tally;
  for (std::uint64_t i = 0; i < lives; ++i) {
    Life life{seed + i, tally};
    const auto difference = life.live(150);
    ASSERT_EQ(difference, "") << "TOKENLEDGER_ORACLE_SEED=" << seed + i;
  }
  for (const auto& [kind, count] : tally.accepted)
    std::cout << "  " << kind << ": " << count << " folded, " << tally.refused[kind]
              << " refused\n";
  std::cout << lives << " lives, " << tally.tokens_compared << " tokens compared, "
            << tally.ended_tokens << " of them ended, " << tally.numbers_used_again
            << " families with a number used before\n";
  if (lives < 200) return;
  for (const char* kind :
       {"user_disabled", "user_enabled", "owner_erased", "group_deleted", "consent_granted",
        "consent_extended", "consent_preconfigured", "consent_withdrawn", "code_issued",
        "code_redeemed", "code_reused", "family_started", "refresh_rotated", "family_ended",
        "token_issued", "token_revoked", "tokens_expired", "client_disabled", "key_revoked"})
    EXPECT_GT(tally.accepted[kind], 50u) << kind;
  EXPECT_GT(tally.numbers_used_again, 100u);
}

}  // namespace
}  // namespace tokenledger

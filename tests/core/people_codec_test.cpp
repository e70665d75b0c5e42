// People in State's canonical bytes, and what a snapshot may not say of them (INV-3).
#include <iostream>

#include "core/people_layout.hpp"
#include "core/state_codec.hpp"
#include "tests/core/people_fixture.hpp"

namespace tokenledger {
namespace {

using testing_support::digest;
using testing_support::user_id;

class PeopleCodec : public testing_support::PeopleFixture {
 protected:
  // Every kind of record in every state.
  PeopleCodec() {
    must(UserGroupsSet{kAnn, {kStaff}});
    must(UserPasswordSet{kAnn, SecretGeneration{1}});
    must(GroupCreated{GroupNumber{2}, "left"});
    must(GroupDeleted{GroupNumber{2}});
    const auto own = grant(kAnn);
    grant(kAnn, ApiNumber{1});
    const auto ended = grant(kBob);
    const auto groups = preconfigure(kStaff);
    issue_to(kBob, ended);
    must(ConsentWithdrawn{ended, {}});
    const auto free_again = grant(kBob, ApiNumber{1});
    must(ConsentWithdrawn{free_again, {}});
    auto ahead = family(kAnn, own);
    ahead.family = FamilyNumber{5};
    must(ahead);
    start(kAnn, groups);
    const auto over = start(kAnn, own);
    issue_to(kAnn, own, over);
    must(FamilyEnded{over, Cause::client_self, {}});
    auto challenged = code(kAnn, own);
    challenged.challenge = digest(3);
    challenged.nonce = "nonce";
    must(challenged);
    const auto redeemed = issue_code(kAnn, own);
    must(CodeRedeemed{redeemed});
    issue_to(kAnn, own, start(kAnn, own));
    const auto reused = issue_code(kAnn, own);
    must(CodeRedeemed{reused});
    issue_to(kAnn, own);
    must(CodeReused{reused, {}});
    must(UserRegistered{UserNumber{3}, user_id(3), {}, {}});
    must(UserDisabled{UserNumber{3}, {}});
    must(OwnerErased{user_id(3), {}});
    wait(1);
  }
};

TEST_F(PeopleCodec, INV3ReadsBackEqualGivesTheSameBytesAndFoldsOnAlike) {
  const auto bytes = encode_state(state);
  State read;
  ASSERT_TRUE(decode_state(bytes, read));
  EXPECT_TRUE(read == state);
  EXPECT_EQ(encode_state(read), bytes);
  // What is not in the bytes was built again.
  EXPECT_EQ(read.people.find_user(user_id(2)), kBob);
  EXPECT_EQ(read.people.find_consent(kAnn, kApp, kApi), ConsentNumber{1});
  EXPECT_EQ(read.people.find_group("staff"), kStaff);
  EXPECT_EQ(read.people.find_group("left"), GroupNumber{});
  EXPECT_EQ(read.people.find_pre_consent(kStaff, kApp, kApi), people().pre_consents_of(kStaff)[0]);
  EXPECT_EQ(read.people.find_code(people().codes()[1].sha256), CodeNumber{2});
  const Payload later[] = {ConsentGranted{people().next_consent(), kBob, kApp, kApi, 1, 0},
                           FamilyEnded{FamilyNumber{5}, Cause::client_self, {}},
                           family(kAnn, ConsentNumber{1}), UserDisabled{kAnn, {}}};
  for (const auto& payload : later) {
    const auto event = next(payload);
    ASSERT_TRUE(fold(state, index, event));
    ASSERT_TRUE(fold(read, index, event));
    EXPECT_TRUE(read == state);
    EXPECT_EQ(encode_state(read), encode_state(state));
  }
}

TEST_F(PeopleCodec, INV3ARedemptionThatIsHalfDoneIsInTheBytes) {
  must(CodeRedeemed{CodeNumber{1}});
  State read;
  ASSERT_TRUE(decode_state(encode_state(state), read));
  EXPECT_FALSE(read.people.is_settled());
  EXPECT_TRUE(read == state);
}

TEST_F(PeopleCodec, ADamagedByteIsRefusedOrReadsAsWhatIsWrittenThen) {
  std::string bytes;
  StateWriter writer{bytes};
  people_layout::code_people(writer, people().parts());
  std::size_t refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      StateReader reader{damaged};
      People::Parts parts;
      people_layout::code_people(reader, parts);
      People read;
      if (!reader.ok() || !read.restore(std::move(parts))) {
        ++refused;
        continue;
      }
      std::string again;
      StateWriter second{again};
      people_layout::code_people(second, read.parts());
      ASSERT_EQ(again, damaged.substr(0, again.size())) << at;
    }
  }
  EXPECT_GT(refused, bytes.size());
}

using Parts = People::Parts;
struct Contradiction {
  const char* name;
  void (*apply)(Parts&);
};
constexpr Contradiction kContradictions[] = {
    {"IdTwice", [](Parts& p) { p.users[1].id = p.users[0].id; }},
    {"IdOfNobody", [](Parts& p) { p.users[1].id = {}; }},
    {"GroupsNotAscending", [](Parts& p) { p.users[0].groups[1] = GroupNumber{1}; }},
    {"GroupBehindAGap", [](Parts& p) { p.users[1].groups[3] = GroupNumber{1}; }},
    {"GroupThatIsNot", [](Parts& p) { p.users[1].groups[0] = GroupNumber{3}; }},
    {"DisabledUserWithConsents", [](Parts& p) { p.users[0].status = UserStatus::disabled; }},
    {"ConsentsMiscounted", [](Parts& p) { ++p.users[0].consents; }},
    {"FamiliesMiscounted", [](Parts& p) { --p.users[0].families; }},
    {"ConsentListThatRunsInACircle",
     [](Parts& p) {
       p.users[0].consents = 256;
       p.consents[0].next = p.users[0].first_consent;
     }},
    {"ConsentOfAnotherInTheList", [](Parts& p) { p.users[1].first_consent = ConsentNumber{1}; }},
    {"ConsentInNoList", [](Parts& p) { p.users[0].first_consent = {}, p.users[0].consents = 0; }},
    {"ListBeyondTheEnd", [](Parts& p) { p.consents[0].next = ConsentNumber{99}; }},
    {"GroupsMiscounted", [](Parts& p) { ++p.groups[0].consents; }},
    {"PreConsentsMiscounted", [](Parts& p) { ++p.pre_consents; }},
    {"GroupNameTwice", [](Parts& p) { p.groups.push_back({.name = "staff"}); }},
    {"ConsentOfADeletedGroup", [](Parts& p) { p.groups[0].deleted = true; }},
    {"ConsentOfNobody", [](Parts& p) { p.consents[3].group = {}; }},
    {"ConsentOfUserAndGroup", [](Parts& p) { p.consents[0].group = GroupNumber{1}; }},
    {"ConsentTwice", [](Parts& p) { p.consents[1].api = p.consents[0].api; }},
    {"HoldersMiscounted", [](Parts& p) { ++p.consents[0].holders; }},
    {"EndedConsentThatNothingNames", [](Parts& p) { p.consents[2].tokens = 0; }},
    {"FreeConsentWithTokens", [](Parts& p) { p.consents.back().tokens = 1; }},
    {"FreeConsentNotInTheList", [](Parts& p) { p.free_consent = {}; }},
    {"FreeFamilyNotInTheList", [](Parts& p) { p.free_family = {}; }},
    {"FamilyLinkOneWay", [](Parts& p) { p.families[3].previous = {}; }},
    {"FamilyWithoutTag", [](Parts& p) { p.families[3].tag = 0; }},
    {"FamilyWithoutGeneration", [](Parts& p) { p.families[3].generation = 0; }},
    {"FamilyOfNoUser", [](Parts& p) { p.families[3].user = {}; }},
    {"FamilyOnNoConsent", [](Parts& p) { p.families[3].consent = {}; }},
    {"EndedFamilyWithoutTokens",
     [](Parts& p) {
       for (auto& family : p.families)
         if (family.state == FamilyState::ended) family.tokens = 0;
     }},
    {"CodeHashTwice", [](Parts& p) { p.codes[1].sha256 = p.codes[0].sha256; }},
    {"CodeOnAFreeConsent", [](Parts& p) { p.codes[0].consent = ConsentNumber{5}; }},
    {"CodeOfAnotherClient", [](Parts& p) { p.codes[0].client = ClientNumber{2}; }},
    {"RedeemedWithoutToken", [](Parts& p) { p.codes[1].token.reset(); }},
    {"UnredeemedWithFamily",
     [](Parts& p) {
       p.codes[0].family = FamilyNumber{1};
       p.codes[0].family_tag = 1;
     }},
    {"FamilyWithoutItsTag", [](Parts& p) { p.codes[1].family_tag = 0; }},
    {"RedeemingWhatIsNotThere", [](Parts& p) { p.redeeming = CodeNumber{99}; }},
    {"RedeemingWhatIsDone", [](Parts& p) { p.redeeming = CodeNumber{2}; }},
    {"CodesFromZero", [](Parts& p) { p.first_code = {}; }},
    {"CodesBeyondTheLastNumber", [](Parts& p) { p.first_code = CodeNumber{0xFFFFFFFF}; }},
    {"LookedAtNobody", [](Parts& p) { p.looked_at = FamilyNumber{99}; }},
};

TEST_F(PeopleCodec, RefusesWhatFoldCouldNotHaveMade) {
  People same;
  ASSERT_TRUE(same.restore(people().parts()));
  ASSERT_TRUE(same == people());
  for (const auto& row : kContradictions) {
    auto parts = people().parts();
    row.apply(parts);
    ASSERT_FALSE(parts == people().parts()) << row.name;
    const auto restored = same.restore(std::move(parts));
    EXPECT_FALSE(restored) << row.name;
    EXPECT_TRUE(same == people()) << row.name;
  }
}

TEST_F(PeopleCodec, RefusesPeopleThatTheRestOfTheStateContradicts) {
  const auto refuse = [&](const char* name, auto change) {
    auto parts = people().parts();
    change(parts);
    State copy = state;
    ASSERT_TRUE(copy.people.restore(std::move(parts))) << name;
    State read;
    EXPECT_EQ(to_errc(decode_state(encode_state(copy), read).error()), Errc::snapshot_corrupt)
        << name;
  };
  refuse("unknown API", [](Parts& p) { p.consents[1].api = ApiNumber{9}; });
  refuse("unknown client", [](Parts& p) { p.consents[1].client = ClientNumber{9}; });
  refuse("erased without a trace",
         [](Parts& p) { p.users.push_back({.id = user_id(9), .status = UserStatus::erased}); });
  refuse("erased and enabled", [](Parts& p) { p.users[2].status = UserStatus::enabled; });
}

TEST_F(PeopleCodec, P6PrintsTheBytesPerUserConsentAndFamily) {
  constexpr std::uint32_t kCount = 1u << 17;
  const auto before = people().memory_bytes();
  std::vector<ConsentNumber> consents;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    auto id = user_id(0);
    std::memcpy(id.data(), &i, sizeof i);
    id[15] = 1;
    must(UserRegistered{UserNumber{4 + i}, id, {}, {}});
  }
  const auto users = people().memory_bytes();
  for (std::uint32_t i = 0; i < kCount; ++i) consents.push_back(grant(UserNumber{4 + i}));
  const auto granted = people().memory_bytes();
  for (std::uint32_t i = 0; i < kCount; ++i) start(UserNumber{4 + i}, consents[i]);
  const auto started = people().memory_bytes();
  const auto each = [](std::size_t from, std::size_t to) {
    return static_cast<double>(to - from) / kCount;
  };
  std::cout << "bytes per user " << each(before, users) << ", per consent " << each(users, granted)
            << ", per family " << each(granted, started) << "\n";
  EXPECT_LE(each(users, granted), 40 + 11);
  EXPECT_LE(each(granted, started), 80);
}

}  // namespace
}  // namespace tokenledger

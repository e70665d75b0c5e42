// People: users, groups, what they allowed, and what was made of it, as the log says.
//
// Plain data with lookups; a function of the events alone (INV-3). It stands in State and nowhere
// else: the commit thread changes it, everybody else reads it under that thread's lock. Not thread
// safe by itself; pointers and spans stay valid until the next change.
//
// What a token of a user stands on ends by one bit of its consent or its family. A dead number is
// never made good again: who allows the same thing anew gets another one. A number is used again
// once nothing names it.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/errc.hpp"
#include "core/event.hpp"
#include "core/number_index.hpp"
#include "core/people_records.hpp"
#include "core/publish_op.hpp"

namespace tokenledger {

// Bounds (INV-7). Numbers of consents and families are below these, so that their bits fit.
inline constexpr std::uint32_t kConsentsMax = 1u << 26;
inline constexpr std::uint32_t kFamiliesMax = 1u << 26;
inline constexpr std::uint16_t kConsentsPerUserMax = 256;  // granted ones
inline constexpr std::uint16_t kFamiliesPerUserMax = 256;  // not ended ones
inline constexpr std::uint32_t kPreConsentsMax = 4'096;    // granted ones of all groups
inline constexpr std::uint32_t kCodesMax = 65'536;         // that are remembered
// A code is remembered for so long after its end, to notice that it comes again.
inline constexpr std::uint32_t kCodeReuseSecondsMax = 600;
// A family's number is chosen before decide sees it, by several callers at once: it may be so far
// above the greatest one ever used.
inline constexpr std::uint32_t kFamilyNumbersAheadMax = 4'096;
// A sweep looks at so many families, in turn, whether they may be forgotten: some for each token
// that it names, at least the first number and at most the second.
inline constexpr std::uint32_t kFamiliesPerSweepMin = 64;
inline constexpr std::uint32_t kFamiliesPerSweepMax = 4'096;

struct DigestHash {
  std::size_t operator()(const Digest& digest) const noexcept {
    std::size_t word;  // a hash already: any 8 bytes are as good as all
    std::memcpy(&word, digest.data(), sizeof word);
    return word;
  }
};

class People {
 public:
  // --- users and groups ---

  // nullptr: never registered. Erased users are still found.
  [[nodiscard]] const UserRecord* user(UserNumber number) const;
  // Of any status; 0: nobody ever had this id.
  [[nodiscard]] UserNumber find_user(const UserId& id) const;
  [[nodiscard]] const std::deque<UserRecord>& users() const { return parts_.users; }
  // nullptr: never created. Deleted groups are still found.
  [[nodiscard]] const GroupRecord* group(GroupNumber number) const;
  [[nodiscard]] bool is_live(GroupNumber number) const;
  // A live group of this name; 0: none.
  [[nodiscard]] GroupNumber find_group(std::string_view name) const;
  [[nodiscard]] const std::deque<GroupRecord>& groups() const { return parts_.groups; }
  // False for deleted groups and unknown users.
  [[nodiscard]] bool is_member(UserNumber user, GroupNumber group) const;

  // --- consents ---

  // Granted or ended; nullptr: the number is free.
  [[nodiscard]] const ConsentRecord* consent(ConsentNumber number) const;
  // The user's own granted one; 0: none. There is one at most.
  [[nodiscard]] ConsentNumber find_consent(UserNumber user, ClientNumber client,
                                           ApiNumber api) const;
  // All granted ones of the user, newest first; at most kConsentsPerUserMax.
  [[nodiscard]] std::vector<ConsentNumber> consents_of(UserNumber user) const;
  // Granted in advance for this client and API, to whatever group; ascending.
  [[nodiscard]] std::span<const ConsentNumber> pre_consents(ClientNumber client,
                                                            ApiNumber api) const;
  [[nodiscard]] ConsentNumber find_pre_consent(GroupNumber group, ClientNumber client,
                                               ApiNumber api) const;
  // Granted in advance to this group; ascending, at most kPreConsentsMax.
  [[nodiscard]] std::vector<ConsentNumber> pre_consents_of(GroupNumber group) const;
  [[nodiscard]] std::uint32_t pre_consent_count() const { return parts_.pre_consents; }
  // Granted, and the user's own or of a live group that the user is in now.
  [[nodiscard]] bool covers(ConsentNumber consent, UserNumber user) const;
  // All that cover this user there: the own one first, then those of groups, ascending.
  [[nodiscard]] std::vector<ConsentNumber> consents_for(UserNumber user, ClientNumber client,
                                                        ApiNumber api) const;
  // The number that the next ConsentGranted or ConsentPreconfigured must carry; 0: none is left.
  [[nodiscard]] ConsentNumber next_consent() const;
  [[nodiscard]] const std::deque<ConsentRecord>& consents() const { return parts_.consents; }

  // --- families ---

  // Live or ended; nullptr: the number is free. Whoever has the number from outside compares the
  // tag.
  [[nodiscard]] const FamilyRecord* family(FamilyNumber number) const;
  // All live ones of the user, newest first; at most kFamiliesPerUserMax.
  [[nodiscard]] std::vector<FamilyNumber> families_of(UserNumber user) const;
  // Whether a FamilyStarted may carry this number.
  [[nodiscard]] bool is_free(FamilyNumber number) const;
  // Walks through the numbers that are free: the first one after 0, the next one after each.
  // `number` is free or 0; 0 is the end.
  [[nodiscard]] FamilyNumber free_after(FamilyNumber number) const;
  [[nodiscard]] const std::deque<FamilyRecord>& families() const { return parts_.families; }

  // --- codes ---

  // nullptr: never issued, or forgotten.
  [[nodiscard]] const CodeRecord* code(CodeNumber number) const;
  // 0: unknown, or forgotten.
  [[nodiscard]] CodeNumber find_code(const Digest& sha256) const;
  // The family that the code's redemption started, when it is live; else 0. CodeReused carries it.
  [[nodiscard]] FamilyNumber live_family_of(const CodeRecord& code) const;
  // Whether the user is enabled, was neither disabled nor given another password since the code was
  // issued, and is still covered by its consent. Time, and what the registries end, is not asked.
  [[nodiscard]] bool still_stands(const CodeRecord& code) const;
  // The number that the next CodeIssued must carry; 0: none is left.
  [[nodiscard]] CodeNumber next_code() const;
  // Whether one more can be remembered at `now`.
  [[nodiscard]] bool has_code_room(UnixSeconds now) const;
  [[nodiscard]] const std::deque<CodeRecord>& codes() const { return parts_.codes; }

  // --- what ends tokens ---

  // Whether what the token stands on ended. True for numbers that are free (INV-6).
  [[nodiscard]] bool is_ended(TokenBinding binding) const;

  // --- changes: fold alone ---

  // Applies one event of a kind about people; other kinds are ignored. What State must say (was the
  // id erased, do client and API exist) is asked before. log_corrupt when the event does not fit:
  // the object is then unusable. Appends what readers must see to `ops`. Cost: O(1), but for what
  // is bounded per user: disabling one ends all granted consents and live families of that user.
  [[nodiscard]] Result<void> apply(const Event& event, std::vector<PublishOp>& ops);
  // A token of a user, of this client. log_corrupt unless consent and family are good, one
  // another's and the user's, and what a redemption that is under way leads to.
  [[nodiscard]] Result<void> count_token(const TokenIssued& issued, ClientNumber client);
  // The token was retired; forget_over() then frees what it was the last one of. False: no such
  // token was counted.
  [[nodiscard]] bool drop_token(TokenBinding binding);
  // After a sweep that is complete up to `upto` and named `swept` tokens: frees what nothing names
  // and nothing can bring back. Cost: O(tokens dropped + kFamiliesPerSweepMax).
  void forget_over(UnixSeconds upto, std::uint64_t swept, std::vector<PublishOp>& ops);
  // False between a CodeRedeemed and the token that it leads to: only a FamilyStarted may come.
  [[nodiscard]] bool is_settled() const { return parts_.redeeming == CodeNumber{}; }

  // --- as bytes (core/people_layout.hpp) ---

  struct Parts {
    std::deque<UserRecord> users;
    std::deque<GroupRecord> groups;
    std::deque<ConsentRecord> consents;
    std::deque<FamilyRecord> families;
    std::deque<CodeRecord> codes;    // that are remembered, by number
    ConsentNumber free_consent;      // the first of the list that goes through their `next`
    FamilyNumber free_family;        // so too
    FamilyNumber looked_at;          // the last one that forget_over() looked at
    CodeNumber first_code{1};        // the number of codes[0]
    CodeNumber redeeming;            // whose token comes next
    std::uint32_t pre_consents = 0;  // granted ones
    friend bool operator==(const Parts&, const Parts&) = default;
  };
  [[nodiscard]] const Parts& parts() const { return parts_; }
  // Replaces everything; snapshot_corrupt, and nothing changed, when the parts contradict each
  // other.
  [[nodiscard]] Result<void> restore(Parts parts);
  // What all this takes, without the few things that are not counted in thousands.
  [[nodiscard]] std::size_t memory_bytes() const;

  friend bool operator==(const People& a, const People& b) { return a.parts_ == b.parts_; }

 private:
  friend class PeopleFolder;
  using Ops = std::vector<PublishOp>;

  // --- numbers, and the lists that go through the records (core/people_lists.cpp) ---
  void take(ConsentNumber number);
  void take(FamilyNumber number);
  void put_back(ConsentNumber number);
  void put_back(FamilyNumber number);
  void link(ConsentNumber number);
  void unlink(ConsentNumber number);
  void link(FamilyNumber number);
  void unlink(FamilyNumber number);

  // --- ends ---
  void end(ConsentNumber number, Ops& ops);
  void end(FamilyNumber number, Ops& ops);
  // Frees the number if nothing names it and nothing can bring back what it was.
  void release(ConsentNumber number, Ops& ops);
  void release(FamilyNumber number, UnixSeconds now, Ops& ops);
  void forget_codes(UnixSeconds now, Ops& ops);

  [[nodiscard]] bool find_again();

  UserRecord& at(UserNumber number) { return parts_.users[number.value() - 1]; }
  ConsentRecord& at(ConsentNumber number) { return parts_.consents[number.value() - 1]; }
  FamilyRecord& at(FamilyNumber number) { return parts_.families[number.value() - 1]; }

  Parts parts_;
  // What follows from the parts.
  NumberIndex user_by_id_;
  NumberIndex consent_by_key_;                                     // granted ones of users
  std::map<std::string, GroupNumber, std::less<>> group_by_name_;  // live ones
  std::map<std::uint64_t, std::vector<ConsentNumber>> pre_consents_by_pair_;  // client << 32 | api
  boost::unordered_flat_map<Digest, CodeNumber, DigestHash> code_by_hash_;
  // Dropped to no token since the last forget_over(); empty between events.
  std::vector<ConsentNumber> emptied_consents_;
  std::vector<FamilyNumber> emptied_families_;
};

}  // namespace tokenledger

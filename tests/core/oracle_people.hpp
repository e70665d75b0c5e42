// The oracle's people: users, what they allowed, and every token that stands on it, as a plain
// story.
//
// Whole histories and scans: nothing is ever forgotten here, and a token knows all that ever ended
// it. It takes facts, which are what events say, and tells for each whether it can be true. It
// includes nothing of the product and judges by the documents (issue 5; design.md 3, 5, 6), so a
// mistake must be made twice to pass.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace oracle::people {

// One event; which members count depends on the kind.
struct Fact {
  std::string kind;
  std::uint32_t user = 0, id = 0, generation = 0, group = 0, client = 0, api = 0, key = 0;
  std::uint32_t consent = 0, code = 0, family = 0, tag = 0;
  std::uint64_t mask = 0, identity = 0;
  std::uint64_t secret = 0;  // of a code or a refresh token; 0: none
  std::uint32_t lifetime_s = 0, idle_s = 0;
  std::uint64_t token = 0;  // its counter
  std::vector<std::uint32_t> groups;
  std::string name;  // of a group; or the cause of an end
};

struct User {
  std::uint32_t id = 0;
  std::string status = "enabled";
  std::uint32_t generation = 0;
  std::vector<std::uint32_t> groups;
  std::uint64_t codes_from = 0;  // seqs below: those codes ended
};
struct Group {
  std::string name;
  bool deleted = false;
};
struct Consent {
  std::uint32_t number = 0, user = 0, group = 0, client = 0, api = 0;
  std::uint64_t mask = 0, identity = 0;
  bool ended = false, gone = false;
};
struct Family {
  std::uint32_t number = 0, tag = 0, user = 0, generation = 1;
  std::size_t consent = 0;  // its place in the story, as all of these below
  std::uint64_t mask = 0, secret = 0;
  std::uint32_t rotated_at = 0, expires_at = 0, idle_s = 0;
  bool ended = false, gone = false;
};
struct Code {
  std::uint32_t user = 0, expires_at = 0;
  std::size_t consent = 0;
  std::uint64_t mask = 0, seq = 0, secret = 0;
  bool redeemed = false, reused = false, forgotten = false;
  std::optional<std::size_t> family, token;
};
struct End {
  std::uint64_t seq = 0;
  std::uint32_t at = 0;
  std::string cause;
};
struct Token {
  std::uint64_t counter = 0, seq = 0;
  std::uint32_t user = 0, client = 0, key = 0, expires_at = 0;
  std::size_t consent = 0;
  std::optional<std::size_t> family;
  bool swept = false, retired = false;
  std::vector<End> ends;
};

class Model {
 public:
  // Whether it can be true at this place of the log; then it is.
  bool apply(const Fact& fact, std::uint64_t seq, std::uint32_t second);

  // --- what the numbers mean now; nullptr or none: nothing ---
  const Consent* granted(std::uint32_t number) const;
  const Family* live(std::uint32_t number) const;
  bool is_member(std::uint32_t user, std::uint32_t group) const;
  bool covers(const Consent& consent, std::uint32_t user) const;
  std::uint32_t own_consent(std::uint32_t user, std::uint32_t client, std::uint32_t api) const;
  bool is_past(const Family& family, std::uint32_t second) const;
  // When a number becomes free is the product's to choose, within limits: it may be when nothing
  // can come of the thing any more, and must be when nothing needs it. What is `gone` was.
  bool may_go(std::size_t family) const;
  bool must_go(std::size_t family) const;
  bool must_go_consent(std::size_t consent) const;
  bool has_tokens(std::size_t family) const;
  bool stands(const Code& code) const;

  std::vector<User> users;  // number n at [n - 1], and so for groups and codes
  std::vector<Group> groups;
  std::vector<Consent> consents;
  std::vector<Family> families;
  std::vector<Code> codes;
  std::vector<Token> tokens;
  std::vector<std::uint32_t> erased_others;
  std::array<bool, 2> client_enabled{true, true};
  std::array<bool, 2> key_revoked{};
  std::uint32_t swept_to = 0;
  std::optional<std::size_t> redeeming;  // a code

 private:
  bool user_fact(const Fact& fact);
  bool group_fact(const Fact& fact);
  bool consent_fact(const Fact& fact);
  bool code_fact(const Fact& fact);
  bool family_fact(const Fact& fact);
  bool token_fact(const Fact& fact);
  bool sweep(const Fact& fact);
  template <class Selects>
  void end(const std::string& cause, Selects selects);
  User* enabled(std::uint32_t number);
  User* kept(std::uint32_t number);
  void end_family(std::size_t at, const std::string& cause);
  void forget_codes(std::uint32_t second);

  std::uint64_t seq_ = 0;
  std::uint32_t now_ = 0;
};

// Facts that a story in the model's state may get: mostly true, sometimes not.
class Generator {
 public:
  Generator(std::uint64_t seed, const Model& model) : random_{seed}, model_{model} {}
  // The numbers that the product chooses are the caller's to fill in where they are 0: those of new
  // consents and families, and the token's counter.
  Fact next();
  std::uint32_t below(std::uint64_t limit) { return static_cast<std::uint32_t>(random_() % limit); }
  bool chance(std::uint32_t percent) { return below(100) < percent; }

 private:
  std::uint32_t any_user() {
    return 1 + below(model_.users.size() + (model_.users.empty() || chance(3) ? 1 : 0));
  }
  const Consent* any_consent();  // granted; nullptr: there is none
  const Family* any_family();    // live
  std::uint32_t user_of(const Consent& consent);
  Fact user_fact();
  Fact consent_fact();
  Fact grant_fact();
  Fact token_fact();
  Fact end_fact();
  Fact wrong(Fact fact);

  std::mt19937_64 random_;
  const Model& model_;
  std::uint64_t secrets_ = 0;
};

}  // namespace oracle::people

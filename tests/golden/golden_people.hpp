// The people of a golden ledger: they sign in, allow and withdraw, and lose tokens in every way.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "storage/ledger_grants.hpp"
#include "storage/ledger_people.hpp"
#include "tests/golden/golden_support.hpp"

namespace tokenledger::golden {

inline constexpr const char* kPhotos = "https://photos.example.test/";
inline constexpr const char* kWeb = "web";

class GoldenPeople {
 public:
  // `mark` notes what is true now.
  GoldenPeople(Ledger& ledger, StandingClock& clock, std::vector<Token>& tokens,
               std::function<void()> mark)
      : ledger_{ledger}, clock_{clock}, tokens_{tokens}, mark_{std::move(mark)} {}

  void live();

  // login to status, as the commands left them; erased users are not among them.
  [[nodiscard]] const std::map<std::string, std::string>& users() const { return statuses_; }

 private:
  struct SignedIn {
    std::string code;
    std::string refresh_token;  // the newest
  };

  void make_registries();
  void make_people();
  void lose_a_signing_key();
  void present_a_code_twice();
  void steal_a_refresh_token();
  void leave_a_group();
  void change_a_password();
  void withdraw();
  void erase();

  Committed submit(CommandPayload payload, const Actor& actor = {.kind = ActorKind::host},
                   const std::source_location& at = std::source_location::current());
  void add_user(const std::string& login);
  [[nodiscard]] UserNumber user(const std::string& login) const;
  [[nodiscard]] Actor acting(const std::string& login) const;
  [[nodiscard]] Actor web() const;
  [[nodiscard]] GroupNumber group(const std::string& name) const;
  void put_into(const std::string& login, std::vector<GroupNumber> groups);
  // From the consent that there is for the user at kPhotos.
  std::string ask_for_code(const std::string& login);
  SignedIn sign_in(const std::string& login, const std::string& token_name);
  // error(): why the ledger refused.
  Result<UserTokens> redeem(const std::string& code);
  Result<UserTokens> refresh(const std::string& text);
  void keep(const std::string& name, const std::string& login, const UserTokens& tokens);
  void end(const std::string& name, const char* cause);

  Ledger& ledger_;
  StandingClock& clock_;
  std::vector<Token>& tokens_;
  std::function<void()> mark_;
  std::map<std::string, UserNumber> users_;
  std::map<std::string, std::string> statuses_;
  ClientNumber client_;
  ApiNumber api_;
};

}  // namespace tokenledger::golden

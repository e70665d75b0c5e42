// Random commands that a ledger in the model's state may get: mostly sensible, often too late,
// sometimes nonsense. Knows the model only, nothing of the product.
#pragma once

#include <random>

#include "tests/core/oracle_model.hpp"

namespace oracle {

class Generator {
 public:
  Generator(std::uint64_t seed, const Model& model) : random_{seed}, model_{model} {}

  // The first commands of a ledger's life, in order; none when they are over.
  std::optional<Command> prologue(std::uint64_t now);
  Command next(std::uint64_t now);
  // Nanoseconds until the next batch: mostly seconds, sometimes weeks, sometimes to the very end of
  // a second.
  std::uint64_t pause(std::uint64_t now);
  std::uint32_t below(std::uint64_t limit) { return static_cast<std::uint32_t>(random_() % limit); }
  bool chance(std::uint32_t percent) { return below(100) < percent; }

 private:
  template <class List>
  auto& any(List& list) {
    return list[below(std::size(list))];
  }

  Who any_client();
  Who any_token(const char* scope);
  Who someone(const char* scope);
  Command by(const char* scope, Request request);
  Command by_system(Request request);
  std::string client_id();
  std::string audience();
  std::vector<std::string> some(const std::vector<std::string>& names);
  ClientSettings client_settings();
  ApiSettings api_settings();
  template <class Rows, class Name>
  std::uint64_t read_at(const Rows& rows, Name name, const std::string& wanted);
  std::string sealed();
  std::string label();
  int cause() { return chance(3) ? any(kBadCauses) : 1 + static_cast<int>(below(10)); }

  Command registry_command();
  Command client_command();
  Command api_command();
  Command grant_command();
  Command key_command();
  Command issue_command(std::uint64_t now);
  Command revoke_command();
  Command revoke_many_command();
  Command revoke_list_command();
  Command sweep_command(std::uint64_t now);
  Command rest_command();
  Command undercut();

  Issue issue_on(std::uint32_t client, std::uint32_t grant, ApiList apis, std::uint64_t now);
  void spoil(Issue& issue);
  void spoil(Sweep& sweep);
  // Reserves the lane's next index, or takes one that was reserved earlier and not used yet.
  TokenName reserve(int lane);
  TokenName any_name();

  static constexpr int kBadCauses[] = {0, 11, 200};

  std::mt19937_64 random_;
  const Model& model_;
  std::size_t step_ = 0;
  std::uint64_t secrets_ = 0;
  std::array<std::uint64_t, kLanes> reserved_{};
  std::vector<TokenName> stash_;
  std::optional<Command> last_;
  std::string focus_ = "client-0";
};

}  // namespace oracle

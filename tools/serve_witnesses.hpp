// ServeWitnesses: the witnesses of `tokenledger serve`, from the policy file to the thread that
// asks them.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/witness_asker.hpp"
#include "storage/ledger_options.hpp"
#include "tools/command_line.hpp"

namespace tokenledger {

class ServeWitnesses {
 public:
  // --witness-policy and --witness-ca. A Failure with usage for what is no policy, or one whose
  // witnesses can't all be asked or that has none; without a file nobody is asked.
  ServeWitnesses(const std::string& policy_file, const std::string& ca_file,
                 bool allow_insecure_http);

  static void add_options(CLI::App* command, std::string& policy_file, std::string& ca_file);

  // null: there are none.
  [[nodiscard]] std::shared_ptr<WitnessBoard> board() const { return board_; }
  // Lets them say whether an older copy is being opened; the opening throws a Failure
  // with usage when the policy names logs, and not this one. This object must outlive the opening.
  void confirm_in(LedgerOptions& opening) const;
  // Begins to ask; null when there are none. `on_older_copy` as WitnessAsker's.
  [[nodiscard]] std::unique_ptr<WitnessAsker> start(
      const Ledger& ledger, std::function<void(const std::string&)> on_older_copy) const;

 private:
  std::string policy_file_;
  std::shared_ptr<WitnessBoard> board_;
  [[nodiscard]] bool is_for(const std::string& vkey) const;

  std::vector<NoteVerifier> logs_;
  bool has_unread_logs_ = false;
  WitnessAsker::Options options_;
};

}  // namespace tokenledger

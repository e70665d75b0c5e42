// Between the oracle's plain world and the product: commands over, answers back.
#pragma once

#include "core/command.hpp"
#include "core/status.hpp"
#include "core/validity_index.hpp"
#include "tests/core/oracle_model.hpp"

namespace oracle {

tokenledger::Command translate(const Command& command);
tokenledger::TokenIndex translate(TokenName name);
tokenledger::OwnerKeyId owner_key(std::uint32_t owner);
tokenledger::Actor translate(const Who& who);
tokenledger::TokenClass class_of(const Issue& issue);
tokenledger::Digest digest_of(std::uint64_t secret);

// What replay would know of each token: facts and cascades, from the events alone.
class Facts {
 public:
  void follow(const tokenledger::Event& event);
  tokenledger::StatusAnswer status(tokenledger::TokenIndex token, tokenledger::Sequence seq,
                                   tokenledger::LedgerTime at) const;

 private:
  std::map<tokenledger::TokenIndex, tokenledger::TokenFacts> tokens_;
  std::map<std::uint32_t, tokenledger::TokenClass> classes_;
  tokenledger::CascadeHistory cascades_;
};

// The first difference between an answer of status() and the model's; empty: none.
std::string difference(const tokenledger::StatusAnswer& got, const Status& want);

}  // namespace oracle

// PublishOp: one change that publish() makes in the validity index once the batch is durable.
#pragma once

#include <cstdint>

#include "core/token_class.hpp"

namespace tokenledger {

struct PublishOp {
  // A number's `freed` comes after the `retire` that returned the last chunk with a token on it: a
  // reader that still sees such a token must see what it stands on unchanged.
  enum class Kind : std::uint8_t {
    issue,
    revoke,
    cascade,
    class_made,
    class_freed,
    api,
    retire,
    consent_ended,  // nothing issued on it is good from here on
    family_ended,
    consent_freed,  // the number may be used again, and nothing is ended by it then
    family_freed,
  };
  Kind kind = Kind::issue;
  TokenIndex index;  // issue, revoke; retire: lane and the counter below which chunks are returned
  IndexEntry entry;  // issue, its binding included
  Selector selector;
  Sequence before;           // cascade
  ClassNumber token_class;   // class_made, class_freed
  ConsentNumber consent;     // consent_ended, consent_freed
  FamilyNumber family;       // family_ended, family_freed
  std::uint32_t detail = 0;  // class_made: position in pending.classes; api: its number
};

}  // namespace tokenledger

// LiveToken: a token that was good when one consistent read of the validity index saw it.
#pragma once

#include "core/token_class.hpp"

namespace tokenledger {

struct LiveToken {
  IndexEntry entry;
  TokenClass token_class;
};

}  // namespace tokenledger

// Compares a State and an index with the model, everything with everything.
//
// Each function returns the first difference as a sentence; empty: none.
#pragma once

#include "core/state.hpp"
#include "tests/core/oracle_adapter.hpp"
#include "tests/core/oracle_generator.hpp"

namespace oracle {

std::string compare_registries(const Model& model, const tokenledger::State& state,
                               const tokenledger::ValidityIndex& index);
// Lanes, classes, expiry counts, idempotency, totals.
std::string compare_counts(const Model& model, const tokenledger::State& state,
                           const tokenledger::ValidityIndex& index);
// Each token's entry, bit, class and verdict, for a published index.
std::string compare_tokens(const Model& model, const tokenledger::State& state,
                           const tokenledger::ValidityIndex& index, Generator& random);
// Each token's status now, and at a random prefix and moment; the totals of both.
std::string compare_statuses(const Model& model, const Facts& facts, Generator& random);

}  // namespace oracle

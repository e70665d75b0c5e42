#include "core/class_table.hpp"

#include <algorithm>

#include "core/invariant.hpp"
#include "core/watermarks.hpp"

namespace tokenledger {
namespace {

void require_valid(const TokenClass& token_class) noexcept {
  LEDGER_INVARIANT(token_class.client.value() != 0);
  LEDGER_INVARIANT(token_class.client.value() < kClientNumberEnd);
  LEDGER_INVARIANT(token_class.grant.value() < kGrantNumberEnd);
  LEDGER_INVARIANT(token_class.key.value() < kKeyNumberEnd);
  for (const ApiScopes& scopes : token_class.apis) {
    LEDGER_INVARIANT(scopes.api.value() < kApiNumberEnd);
    LEDGER_INVARIANT(scopes.api.value() != 0 || scopes.scope_mask == 0);
  }
}

}  // namespace

ClassRecord pack_class(const TokenClass& token_class) noexcept {
  ClassRecord record;
  record.words[0] = token_class.client.value() | (std::uint64_t{token_class.grant.value()} << 32);
  record.words[1] = token_class.key.value();
  for (std::size_t position = 0; position < kApisPerTokenMax; ++position) {
    const ApiScopes& scopes = token_class.apis[position];
    record.words[2 + position / 2] |= std::uint64_t{scopes.api.value()} << (position % 2 * 32);
    record.words[4 + position] = scopes.scope_mask;
  }
  return record;
}

TokenClass unpack_class(const ClassRecord& record) noexcept {
  TokenClass token_class{.client = ClientNumber{record.client()},
                         .grant = GrantNumber{record.grant()},
                         .key = KeyNumber{record.key()}};
  for (std::size_t position = 0; position < kApisPerTokenMax; ++position) {
    token_class.apis[position] = {ApiNumber{record.api(position)}, record.scope_mask(position)};
  }
  return token_class;
}

ClassTable::ClassTable()
    : space_{std::size_t{kClassesMax} * sizeof(ClassRecord)}, words_{space_.words()} {}

void ClassTable::publish(ClassNumber number, const TokenClass& token_class) noexcept {
  LEDGER_INVARIANT(is_class_number(number));
  require_valid(token_class);
  const ClassRecord record = pack_class(token_class);
  const ClassRecord present = load(number);
  LEDGER_INVARIANT(!present.exists() || present == record);
  store(number, record);
  greatest_.store(
      std::max<std::uint64_t>(greatest_.load(std::memory_order_relaxed), number.value()),
      std::memory_order_relaxed);
}

void ClassTable::free(ClassNumber number) noexcept {
  LEDGER_INVARIANT(is_class_number(number));
  store(number, ClassRecord{});
}

void ClassTable::store(ClassNumber number, const ClassRecord& record) noexcept {
  AtomicWord* const words = words_ + std::size_t{number.value()} * ClassRecord::kWords;
  for (std::size_t word = 0; word < ClassRecord::kWords; ++word) {
    words[word].store(record.words[word], std::memory_order_release);
  }
}

}  // namespace tokenledger

// status(): one row per rule; the random proof is tests/core/oracle_test.cpp.
#include "core/status.hpp"

#include <gtest/gtest.h>

namespace tokenledger {
namespace {

constexpr std::uint32_t kExpiry = 1'000;

LedgerTime at(std::uint32_t second, std::uint64_t ns = 0) {
  return LedgerTime{second * kNanosecondsPerSecond + ns};
}
Revocation revocation(std::uint64_t seq, LedgerTime time, Cause cause = Cause::admin_manual) {
  return {cause, {}, Sequence{seq}, time};
}
Cascade cascade(SelectorKind kind, std::uint32_t id, std::uint64_t before, std::uint64_t seq,
                LedgerTime time, Cause cause = Cause::client_disabled) {
  return {{kind, id}, Sequence{before}, revocation(seq, time, cause)};
}

// Issued at seq 10 to client 1 on grant 2, signed by key 3, for APIs 4 and 5.
TokenFacts token() {
  TokenFacts facts{.issued_seq = Sequence{10}, .expires_at = UnixSeconds{kExpiry}};
  facts.token_class = {.client = ClientNumber{1}, .grant = GrantNumber{2}, .key = KeyNumber{3}};
  facts.token_class.apis[0] = {ApiNumber{4}, 1};
  facts.token_class.apis[1] = {ApiNumber{5}, 1};
  return facts;
}

struct StatusCase {
  const char* name;
  std::optional<Revocation> own;
  std::vector<Cascade> cascades;
  std::uint64_t at_seq;
  LedgerTime at_time;
  TokenStatus want;
  std::uint64_t want_seq = 0;  // of the revocation
};

class Status : public testing::TestWithParam<StatusCase> {};
TEST_P(Status, FollowsTheRules) {
  const auto& row = GetParam();
  auto facts = token();
  facts.own = row.own;
  const auto got = status(facts, row.cascades, Sequence{row.at_seq}, row.at_time);
  EXPECT_EQ(status_name(got.status), status_name(row.want));
  EXPECT_EQ(got.revocation ? got.revocation->seq.value() : 0, row.want_seq);
}

const auto kOwnEarly = revocation(20, at(500));
const auto kOwnLate = revocation(20, at(kExpiry));
const auto kDisabled = cascade(SelectorKind::client, 1, 30, 30, at(600));

INSTANTIATE_TEST_SUITE_P(
    Z14_C3, Status,
    testing::Values(
        StatusCase{"BeforeItWasIssued", {}, {}, 9, at(500), TokenStatus::unknown},
        StatusCase{"Active", {}, {}, 10, at(500), TokenStatus::active},
        StatusCase{"LastNanosecond", {}, {}, 10, at(kExpiry - 1, 999'999'999), TokenStatus::active},
        StatusCase{"ExpirySecond_A21", {}, {}, 10, at(kExpiry), TokenStatus::expired},
        StatusCase{"Revoked", kOwnEarly, {}, 20, at(500), TokenStatus::revoked, 20},
        StatusCase{"PrefixBeforeRevocation", kOwnEarly, {}, 19, at(500), TokenStatus::active},
        StatusCase{"MomentBeforeRevocation", kOwnEarly, {}, 20, at(499), TokenStatus::active},
        StatusCase{"RevokedIsSticky_C3", kOwnEarly, {}, 20, at(2'000), TokenStatus::revoked, 20},
        StatusCase{
            "RevocationAfterExpiryIsNothing", kOwnLate, {}, 20, at(2'000), TokenStatus::expired},
        StatusCase{"Cascade_Z21", {}, {kDisabled}, 30, at(600), TokenStatus::revoked, 30},
        StatusCase{"PrefixBeforeCascade", {}, {kDisabled}, 29, at(600), TokenStatus::active},
        StatusCase{"ExpiredBeforeTheCascade",
                   {},
                   {cascade(SelectorKind::client, 1, 30, 30, at(kExpiry))},
                   30,
                   at(2'000),
                   TokenStatus::expired},
        StatusCase{"IssuedAtTheCascadesBorder",
                   {},
                   {cascade(SelectorKind::client, 1, 10, 30, at(600))},
                   30,
                   at(600),
                   TokenStatus::active},
        StatusCase{"IssuedJustBelowTheBorder",
                   {},
                   {cascade(SelectorKind::client, 1, 11, 30, at(600))},
                   30,
                   at(600),
                   TokenStatus::revoked,
                   30},
        StatusCase{"FirstOfTwo_Z26", kOwnEarly, {kDisabled}, 30, at(600), TokenStatus::revoked, 20},
        StatusCase{"CascadeBeforeOwn",
                   revocation(40, at(700)),
                   {kDisabled},
                   40,
                   at(700),
                   TokenStatus::revoked,
                   30},
        StatusCase{"AnotherClient",
                   {},
                   {cascade(SelectorKind::client, 2, 30, 30, at(600))},
                   30,
                   at(600),
                   TokenStatus::active},
        StatusCase{"SecondApi",
                   {},
                   {cascade(SelectorKind::api, 5, 30, 30, at(600))},
                   30,
                   at(600),
                   TokenStatus::revoked,
                   30},
        StatusCase{"Grant",
                   {},
                   {cascade(SelectorKind::grant, 2, 30, 30, at(600))},
                   30,
                   at(600),
                   TokenStatus::revoked,
                   30},
        StatusCase{"Key",
                   {},
                   {cascade(SelectorKind::key, 3, 30, 30, at(600))},
                   30,
                   at(600),
                   TokenStatus::revoked,
                   30},
        StatusCase{"NumberZeroNamesNothing",
                   {},
                   {cascade(SelectorKind::api, 0, 30, 30, at(600))},
                   30,
                   at(600),
                   TokenStatus::active},
        StatusCase{"WholeLedger",
                   {},
                   {cascade(SelectorKind::all, 0, 30, 30, at(600))},
                   30,
                   at(600),
                   TokenStatus::revoked,
                   30}),
    [](const auto& info) { return std::string{info.param.name}; });

TEST(CascadeHistory, FindsTheCascadesOfEverySelectorOfAClassInTheOrderOfTheLog) {
  CascadeHistory history;
  history.add(cascade(SelectorKind::key, 3, 40, 40, at(4)));
  history.add(cascade(SelectorKind::client, 1, 20, 20, at(2)));
  history.add(cascade(SelectorKind::client, 9, 25, 25, at(2)));
  history.add(cascade(SelectorKind::all, 0, 50, 50, at(5)));
  history.add(cascade(SelectorKind::api, 5, 10, 10, at(1)));
  history.add(cascade(SelectorKind::grant, 2, 30, 30, at(3)));
  EXPECT_EQ(history.size(), 6u);
  std::vector<std::uint64_t> seqs;
  for (const auto& found : history.for_class(token().token_class))
    seqs.push_back(found.revocation.seq.value());
  EXPECT_EQ(seqs, (std::vector<std::uint64_t>{10, 20, 30, 40, 50}));
}

}  // namespace
}  // namespace tokenledger

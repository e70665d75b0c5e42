// WitnessBoard: what is asked for, and what counts.
#include "api/witness_board.hpp"

#include "tests/api/witness_fixture.hpp"

namespace tokenledger::test {
namespace {

TEST(WitnessBoard, KeepsOneTargetUntilItsQuorumSoThatABusyLogGetsOne) {
  WitnessBoard board{policy_of({"a", "b"}, 2), true};
  std::array<std::uint8_t, 32> seed{7};
  const auto log = NoteSigner::from_seed("log", NoteKeyType::ed25519, seed);
  const auto signed_at = [&](std::uint8_t size) {
    return *sign_checkpoint({.origin = "log", .size = size, .root = Digest{size}}, *log);
  };
  const auto cosign = [&](std::size_t at, const char* name) {
    const auto target = board.target();
    board.cosigned(at, *target,
                   *cosign_checkpoint(target->note, key_of(name), UnixSeconds{1'763'784'000}),
                   LedgerTime{1});
  };
  const WitnessBoard::Time now{};
  board.offer(1, signed_at(1), now);
  board.offer(2, signed_at(2), now + 1s);
  EXPECT_EQ(board.target()->size, 1u);
  cosign(0, "a");
  EXPECT_FALSE(board.witnessed());
  board.offer(3, signed_at(3), now + 2s);
  EXPECT_EQ(board.target()->size, 1u);
  const auto late = board.target();
  board.offer(4, signed_at(4), now + kTargetAgeMax);
  EXPECT_EQ(board.target()->size, 4u) << "nobody waits for a witness for ever";
  board.cosigned(1, *late, *cosign_checkpoint(late->note, key_of("b"), UnixSeconds{1}),
                 LedgerTime{2});
  EXPECT_EQ(board.witnessed()->size, 1u) << "a slow one still counts";
  cosign(0, "a");
  cosign(1, "b");
  EXPECT_EQ(board.witnessed()->size, 4u);
  board.offer(5, signed_at(5), now + kTargetAgeMax);
  EXPECT_EQ(board.target()->size, 5u) << "at once after a quorum";
  EXPECT_EQ(count_cosignatures(board.with_cosignatures(signed_at(4)), {"a", "b"}), 2u);
  EXPECT_EQ(board.with_cosignatures(signed_at(5)), signed_at(5));
  EXPECT_EQ(board.with_cosignatures(signed_at(9)), signed_at(9));
}

}  // namespace
}  // namespace tokenledger::test

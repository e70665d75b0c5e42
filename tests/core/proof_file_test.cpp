// Proof files: an independent program's reproduced byte for byte, damaged in every bit, and read
// strictly (C2SP tlog-proof).
#include "core/proof_file.hpp"

#include <gtest/gtest.h>

#include "tests/core/note_fixture.hpp"

namespace tokenledger {
namespace {

using testing_support::digest_from_hex;
using testing_support::kExampleCosignedCheckpoint;
using testing_support::kExampleLogSeed;
using testing_support::kExampleLogVkey;
using testing_support::kExampleWitnessVkey;
using testing_support::MemoryLog;
using testing_support::signer;
using testing_support::verifier;

const std::string kHashes =
    "t++p40QN9wdAlqHYgoEDQalGFZLZt21CLaZNDs5pKCQ=\n"
    "MGDl4nfZMjilKyMQ92LTkLRPIuxNEnwQkMomtBQEYdM=\n"
    "67IKK4Yzrq3amv+HL+lJLP8U47+UkGS6AI4+W8KGhRA=\n"
    "gMZhbGIb1eu2Tp5qoxKXbBBA7cG1yAi9hsSfMUubkvQ=\n"
    "qGMYnRoXwn5HNI63ort+UOltVbNkQIEpy1ImOCaLlcs=\n"
    "H84m9rPXob0Es8cHUUDtU50AbqidfWjSJiDiv8iAX+g=\n"
    "+F9OrTQIBxC00egIMBVDqquBqgTeuIWZNQ3Cak8vWN4=\n";
const std::string kGood = "c2sp.org/tlog-proof@v1\nindex 256\n" + kHashes + "\n" +
                          std::string{kExampleCosignedCheckpoint};
constexpr std::string_view kLeaf256 =
    "dcb006f0bdd54dd607beb5d12211d248e3566406e459635895724c3d57a780e7";

WitnessPolicy example_policy() {
  return WitnessPolicy::make({verifier(kExampleWitnessVkey)}, 1).value();
}

ProofFile proof_of(MemoryLog& log, std::uint64_t index) {
  return {.extra = {},
          .index = index,
          .hashes = inclusion_proof(index, log.size(), log).value(),
          .checkpoint = std::string{kExampleCosignedCheckpoint}};
}

TEST(ProofFile, OfTheExampleIsReproducedByteForByteAndHolds) {
  MemoryLog log{"entry-", 300};
  const auto file = proof_of(log, 256);
  EXPECT_EQ(format_proof_file(file).value(), kGood);
  EXPECT_EQ(parse_proof_file(kGood).value(), file);
  EXPECT_EQ(log.leaf(256), digest_from_hex(kLeaf256));
  const auto log_key = verifier(kExampleLogVkey);
  const auto policy = example_policy();
  const auto checkpoint = check_proof_file(file, log.leaf(256), {log_key, &policy});
  EXPECT_EQ(checkpoint.value(),
            (Checkpoint{.origin = "ledger.example/audit", .size = 300, .root = log.root()}));
  EXPECT_TRUE(check_proof_file(file, log.leaf(256), {.log_key = log_key}));
}

TEST(ProofFile, OfEveryEntryHoldsForThatEntryAlone) {
  MemoryLog log{"entry-", 300};
  const auto log_key = verifier(kExampleLogVkey);
  for (std::uint64_t index = 0; index < 300; index += 13) {
    const auto text = format_proof_file(proof_of(log, index));
    const auto file = parse_proof_file(text.value());
    ASSERT_TRUE(file);
    EXPECT_TRUE(check_proof_file(*file, log.leaf(index), {.log_key = log_key}));
    EXPECT_EQ(check_proof_file(*file, log.leaf((index + 1) % 300), {.log_key = log_key}).error(),
              Errc::root_mismatch);
  }
}

TEST(ProofFile, WithAnySingleBitFlippedIsRefused) {
  const auto leaf = digest_from_hex(kLeaf256);
  const auto log_key = verifier(kExampleLogVkey);
  const auto policy = example_policy();
  for (std::size_t at = 0; at < kGood.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = kGood;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      const auto file = parse_proof_file(bad);
      if (!file) continue;
      EXPECT_FALSE(check_proof_file(*file, leaf, {log_key, &policy}))
          << "byte " << at << " bit " << bit;
    }
}

TEST(ProofFile, NeedsTheKeysAndWitnessesThatTheReaderTrusts) {
  const auto file = parse_proof_file(kGood).value();
  const auto leaf = digest_from_hex(kLeaf256);
  const auto other_key =
      signer("ledger.example/audit", NoteKeyType::ed25519, std::string(64, '7')).verifier();
  EXPECT_EQ(check_proof_file(file, leaf, {.log_key = other_key}).error(), Errc::key_not_found);
  const auto log_key = verifier(kExampleLogVkey);
  const auto stranger = signer("w2", NoteKeyType::cosignature, kExampleLogSeed).verifier();
  const auto policy = WitnessPolicy::make({verifier(kExampleWitnessVkey), stranger}, 2).value();
  EXPECT_EQ(check_proof_file(file, leaf, {log_key, &policy}).error(), Errc::key_not_found);
}

TEST(ProofFile, MayCarryExtraBytes) {
  MemoryLog log{"entry-", 300};
  auto file = proof_of(log, 0);
  file.extra = {'e', 'x'};
  const auto text = format_proof_file(file).value();
  EXPECT_TRUE(text.starts_with("c2sp.org/tlog-proof@v1\nextra ZXg=\nindex 0\n"));
  EXPECT_EQ(parse_proof_file(text).value(), file);
  file.extra.resize(kProofExtraBytesMax);
  EXPECT_EQ(parse_proof_file(format_proof_file(file).value()).value(), file);
  file.extra.push_back(0);
  EXPECT_EQ(format_proof_file(file).error(), Errc::too_large);
}

TEST(ProofFile, ThatIsMalformedIsRefused) {
  const std::string checkpoint{kExampleCosignedCheckpoint};
  const std::string first = "c2sp.org/tlog-proof@v1\n";
  const std::string bad[] = {
      "",
      first,
      "c2sp.org/tlog-proof@v2\nindex 256\n" + kHashes + "\n" + checkpoint,
      " " + kGood,
      "\n" + kGood,
      first + kHashes + "\n" + checkpoint,                             // no index
      first + "index 256\nindex 256\n" + kHashes + "\n" + checkpoint,  // two
      first + "index 0256\n" + kHashes + "\n" + checkpoint,            //
      first + "index 2 56\n" + kHashes + "\n" + checkpoint,            //
      first + "index  256\n" + kHashes + "\n" + checkpoint,            //
      first + "index -1\n" + kHashes + "\n" + checkpoint,              //
      first + "index\n" + kHashes + "\n" + checkpoint,                 //
      first + "index 9223372036854775807\n" + kHashes + "\n" + checkpoint,
      first + "index 256\nextra ZXg=\n" + kHashes + "\n" + checkpoint,  // extra after the index
      first + "extra \nindex 256\n" + kHashes + "\n" + checkpoint,      // extra without bytes
      first + "extra ZXg\nindex 256\n" + kHashes + "\n" + checkpoint,   //
      first + "extra ZXg=\nextra ZXg=\nindex 256\n" + kHashes + "\n" + checkpoint,
      first + "index 256\n" + kHashes + checkpoint,                       // no empty line
      first + "index 256\n" + kHashes + "\n\n" + checkpoint,              // two of them
      first + "index 256\n" + kHashes + "AAAA\n\n" + checkpoint,          // a short hash
      first + "index 256\n" + kHashes + "\n",                             // no checkpoint
      first + "index 256\n" + kHashes + "\nnot a note\n",                 //
      first + "index 256\n" + kHashes + "\ntext\n\n\u2014 a AAAAAQID\n",  // a note, no checkpoint
      kGood + "\n",
      kGood.substr(0, kGood.size() - 1),
  };
  for (const auto& text : bad)
    EXPECT_EQ(parse_proof_file(text).error(), Errc::invalid_argument) << text;
  std::string endless = first + "index 256\n";
  for (std::size_t at = 0; at <= kProofHashesMax; ++at) endless += kHashes.substr(0, 45);
  EXPECT_EQ(parse_proof_file(endless + "\n" + checkpoint).error(), Errc::too_large);
  EXPECT_EQ(parse_proof_file(std::string(kProofFileBytesMax + 1, 'a')).error(), Errc::too_large);
}

TEST(ProofFile, ThatCouldNotBeReadAgainIsNotWritten) {
  const auto good = parse_proof_file(kGood).value();
  auto bad = good;
  bad.index = kTreeSizeMax;
  EXPECT_EQ(format_proof_file(bad).error(), Errc::invalid_argument);
  bad = good;
  bad.hashes.resize(kProofHashesMax + 1);
  EXPECT_EQ(format_proof_file(bad).error(), Errc::too_large);
  bad = good;
  bad.checkpoint.pop_back();
  EXPECT_EQ(format_proof_file(bad).error(), Errc::invalid_argument);
}

}  // namespace
}  // namespace tokenledger

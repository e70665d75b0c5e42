// Checkpoints, cosignatures and witness policies: a published log reproduced byte for byte, and
// everything that is not a checkpoint (C2SP tlog-checkpoint v1.0.0, tlog-cosignature v1).
#include "core/checkpoint.hpp"

#include <gtest/gtest.h>

#include "core/sha256.hpp"
#include "tests/core/note_fixture.hpp"

namespace tokenledger {
namespace {

using testing_support::kExampleCheckpointText;
using testing_support::kExampleCosignatureTime;
using testing_support::kExampleCosignedCheckpoint;
using testing_support::kExampleLogSeed;
using testing_support::kExampleLogVkey;
using testing_support::kExampleOrigin;
using testing_support::kExampleWitnessName;
using testing_support::kExampleWitnessSeed;
using testing_support::kExampleWitnessVkey;
using testing_support::MemoryLog;
using testing_support::signer;
using testing_support::to_hex;
using testing_support::verifier;

struct PublishedCheckpoint {
  std::uint64_t size;
  std::string_view root, signature;
};

// transparency-dev/tessera testdata/log at commit 1811ae1a (Apache-2.0): fifteen entries, and a
// checkpoint after each.
constexpr std::string_view kTesseraOrigin = "example.com/log/testdata";
constexpr std::string_view kTesseraSeed =
    "eca663f499017d2365c27c7a7679158d43cfec1330bdb259290afbd0d21777a0";
constexpr std::string_view kTesseraVkey =
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
constexpr std::string_view kTesseraEntries[] = {"one",    "two",   "three",    "four",    "five",
                                                "six",    "seven", "eit",      "nain",    "ten",
                                                "ileven", "twelf", "threeten", "fourten", "fivten"};
constexpr PublishedCheckpoint kTesseraCheckpoints[] = {
    {0, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
     "M9e0lhxJACzE1KoUdqKuPa+9p6R7dSW8BlEvrg/"
     "noo8FkGg6PbJoRNOcdjqjOq89wVvTA60eubCc4oufo5BvIVEgtQc="},
    {1, "0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=",
     "M9e0lhr9kuLxGdAtaUrhm84TQffVsLdcy808sN0a3WyniNlfcr9+bywoiIke1YYciCNjJGkCgIlQ8b16jhsmg/"
     "SChAM="},
    {2, "T1X2GdkhUjV3iyufF9b0kVsWFxIU0VI4EpNml2Teci4=",
     "M9e0llH4NKmlf0u7C8tkJioQOmi7l5ELqljXgKRg6R3G5JJ7vx7emDWo5fpqKuA/Dk/"
     "jRrI6il+7QCVirNhyUAWGoAk="},
    {3, "Wqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=",
     "M9e0lvAQRtH832pk2RTbeSeZMkp4FZSdJYFBUjO5SKxuRbywPUF3cx+HUrb50kjd3rUWW/"
     "fj53Wj1dwcwh9bGQnqVAg="},
    {4, "zY1lN35vrXYAPixXSd59LsU29xUJtuW4o2dNNg5Y2Co=",
     "M9e0lnFuWt0cp60moO4jAkeXvMNLIIOGn4WdyeHQurBt9mBi0tWdfkldiAt9k0FpwuZymvttsVn9uwyouXU3vPpeNAc"
     "="},
    {5, "gy5gl3aksFyiCO95a/1vLXz88A3dRq+0l9Sxte8ZqZQ=",
     "M9e0lmn5eDHyHP10zJObZdFAX2y1V8fdDKBi4IiHbDYf1TCUBwxZOhqwv2QZCqrdda2zTRTrmnwjwscN5RBTEmZUYAs"
     "="},
    {6, "a6sWvsc2eEzmj72vah7mZ5dwFltivehh2b11qwlp5Jg=",
     "M9e0ln+nHSdGSHEZBcjvqyYDXDbG8WxDwCDjbbGAMv/"
     "NTynAtJWhckSXIpuwpN3yJ4PTtzUbD34YGqIZr6RgJRn16gU="},
    {7, "IrSXADBqJ7EQoUODSDKROySgNveeL6CFhik2w/+fS7U=",
     "M9e0luA5JhTRUki/"
     "BBQD0QNiH6AEJ2pdtsA5CQjqJErViuuKrN6513RCTL2640wXJv0dCed3neRGI6dMzBq9uANf2Qc="},
    {8, "bC+VwvrJbalNVjfkdI8kUgs7mJoXrqiXCE7bgnD28pY=",
     "M9e0lq1EK37dHtgv9O3UzPxisw5vwIPcJsX9ab0xt4mvVfbdUR1fbMjN6sBFYpBoBEmD4+cWhj/"
     "AVgI5MitCO5+mews="},
    {9, "CvhHViE3S9E3htHLR+25mapWoGCJ3WckMq1UtC3VmEY=",
     "M9e0ls3mdnWX0qk4P3uGG0eYiFRWSwPR+"
     "RdeD1ARmrHPHjXP0x9UJWASPFTOTqJo0mp7Epck2O9RFB0J9IjDdAewagw="},
    {10, "y8/gZsZCtitsMan09tY+k8I7Qpr7Y5fbO2tLi9GQnfU=",
     "M9e0lrmwaVEOWFZ+HS5ITnRd2YMOSWE5QeoYu+6DHwJLnJ+"
     "SVeJ2ZiYeD7lVC5oGJx76gbfLSyCUEq6D8JkarrsuiQQ="},
    {11, "Yok1cS5VdokGLBy73BC2I16b3atss6KBN9jnIi6Fz/A=",
     "M9e0lqbRtWirJwbUy4w3VrK2RyzfW8P+OIkc8t6b6AVG/tQd1Q2SN+uCLYzNNFnf/"
     "PhzeCdURSGQe1MRnohCxPu21wg="},
    {12, "uZo6M+IhVna+CLgWCrJs0xBPUHbozHkYTQASduHSLME=",
     "M9e0lrFzoTgi+"
     "ovhrqX0DpsEAp3wLu1coMLIkeCwSkGfS4Ox4pLXo2LHudqm4merh0ZkCNzHr8kQwq5gS5mmimIvdA4="},
    {13, "av0kLH0VkkVDrTuZzBGIx7d9z5G1l/GlKz/nAV/8woQ=",
     "M9e0liO8x8xfEOGmZVYODUjQajkEpjccPQ9EkG3yEEDet4K3BWE/DFRPH6H+b6gFFFaG5KS1bBmYS/"
     "xeZJs8lj+z+wM="},
    {14, "SvCd38yNade7xEPY1a/aAc1M3A2AHYVF8lIiUnsH1ao=",
     "M9e0lu8roIpjC+NXEG7JDkajIahoYDYWgxDtxfx/6rzLoztU9t/"
     "PvivZ48xt8ygJpjzaboSpkbVv3Jb+D3NdXWQf5wo="},
    {15, "rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=",
     "M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53MvIt/uEWP6zdkdIQzd/fmwlM/"
     "dlPWF74ewI="},
};

// The checkpoints of kExampleOrigin (note_fixture.hpp).
constexpr PublishedCheckpoint kExampleCheckpoints[] = {
    {0, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
     "KlIQjMf/CfbVbFHfk69+5Rrj/qFRE5xX/FUVW2ZEU5O9XVyxw/btsfvZhmVwXAXCtZhordFskFUkJvRoHy4y7og+/"
     "Ak="},
    {1, "QHZrIDNCkCb1PVRQJnmoOXBrR0H43K86i7pfQbX/4HU=",
     "KlIQjIkpf2750kgZxjN5eHgHUDOsd/69+RsUSt0VV1hMCF71o7s6uAsVvuz/"
     "6ybe3BOKvV0LWFt15501Mw5lui1cbQA="},
    {7, "kTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWF0=",
     "KlIQjD8cm3BjJ3iFstNaNyolAliZRbyd3CzgpjpidkGOdo3DzKH9kAHV8Voc9GDZpAnVLIedNxQ5qpgnzKnSvv0MeAE"
     "="},
    {256, "+F9OrTQIBxC00egIMBVDqquBqgTeuIWZNQ3Cak8vWN4=",
     "KlIQjNW/CNBz4zdYe28pxm5YwWKIsfqpdULzjiZmE1tLtzzFE/"
     "xNMeQ1DaP2nxQ57ZqsW00UEdGvcYVfiqxYzuGTvA8="},
    {300, "rrsCfVw90Ihx7lJXemH8gxItDRQ1J5GUNjm9TBLTaUM=",
     "KlIQjP5JdsGalMUZizVUTrcB61Tjfslso7hWPVsrulosWLj6ZoKXDnRe8027gjmsq3T1s4V0fsJp/"
     "e70FBwkE+e+2gU="},
};

std::string note_of(std::string_view origin, const PublishedCheckpoint& row) {
  const std::string name{origin};
  return name + "\n" + std::to_string(row.size) + "\n" + std::string{row.root} + "\n\n\u2014 " +
         name + " " + std::string{row.signature} + "\n";
}

NoteSigner example_log() { return signer(kExampleOrigin, NoteKeyType::ed25519, kExampleLogSeed); }
NoteSigner example_witness() {
  return signer(kExampleWitnessName, NoteKeyType::cosignature, kExampleWitnessSeed);
}

TEST(Checkpoint, OfThePublishedFifteenEntryLogIsReproducedByteForByte) {
  const auto log_key = signer(kTesseraOrigin, NoteKeyType::ed25519, kTesseraSeed);
  EXPECT_EQ(log_key.verifier().vkey(), kTesseraVkey);
  MemoryLog log;
  for (const auto& row : kTesseraCheckpoints) {
    ASSERT_EQ(log.size(), row.size);
    const Checkpoint checkpoint{
        .origin = std::string{kTesseraOrigin}, .size = log.size(), .root = log.root()};
    const std::string note = note_of(kTesseraOrigin, row);
    EXPECT_EQ(sign_checkpoint(checkpoint, log_key).value(), note);
    EXPECT_EQ(open_checkpoint(note, verifier(kTesseraVkey)).value().checkpoint, checkpoint);
    if (row.size < std::size(kTesseraEntries)) log.append(kTesseraEntries[row.size]);
  }
  ASSERT_EQ(log.size(), std::size(kTesseraEntries));
  const auto tile = log.read_tile({.width = 15}).value();
  EXPECT_EQ(to_hex(sha256(ByteView{tile})),
            "93593af14d2cce39867d2e73fe4ca400a38581605c5c4501a03e752d9b51a130");
  const auto bundle = log.entry_bundle({.width = 15});
  EXPECT_EQ(to_hex(sha256(ByteView{bundle})),
            "9ac6a9fc9012f2b4d67ac26041933c119e1505defc5c808ed614c5778c9f1716");
}

TEST(Checkpoint, OfTheExampleLogIsReproducedByteForByte) {
  MemoryLog log;
  for (const auto& row : kExampleCheckpoints) {
    while (log.size() < row.size) log.append("entry-" + std::to_string(log.size()));
    EXPECT_EQ(sign_checkpoint(
                  {.origin = std::string{kExampleOrigin}, .size = log.size(), .root = log.root()},
                  example_log())
                  .value(),
              note_of(kExampleOrigin, row));
  }
}

TEST(Checkpoint, MayHaveExtensionLinesThatWeNeverWrite) {
  const std::string text = std::string{kExampleCheckpointText} + "ext line one\next line two\n";
  const std::string note = text +
                           "\n\u2014 ledger.example/audit "
                           "KlIQjCGiNGykwPiHhpeFjeCZVsrfXQKdlu9Mh2SMMiNgFg/"
                           "OfLXKT5fLStXePKQOxC21hEjrQ9Kw6qACSIFLWm8UlQQ=\n";
  const auto opened = open_checkpoint(note, verifier(kExampleLogVkey));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->checkpoint.size, 300u);
  EXPECT_EQ(opened->note.text, text);
  EXPECT_EQ(format_checkpoint(opened->checkpoint).value(), kExampleCheckpointText);
}

// transparency-log-08, and the list of bad checkpoints beside the vectors.
TEST(Checkpoint, ThatIsMalformedIsRefused) {
  const std::string root = "rrsCfVw90Ihx7lJXemH8gxItDRQ1J5GUNjm9TBLTaUM=";
  const std::string bad[] = {
      "",
      "origin",
      "origin\n",
      "origin\n300\n",
      "origin\n300\n" + root,                                         // no newline at the end
      "\n300\n" + root + "\n",                                        // no origin
      "origin\n007\n" + root + "\n",                                  // a leading zero
      "origin\n00\n" + root + "\n",                                   //
      "origin\n0x7\n" + root + "\n",                                  // not decimal
      "origin\n\n" + root + "\n",                                     //
      "origin\n-1\n" + root + "\n",                                   //
      "origin\n+1\n" + root + "\n",                                   //
      "origin\n 1\n" + root + "\n",                                   //
      "origin\n1 \n" + root + "\n",                                   //
      "origin\n9223372036854775808\n" + root + "\n",                  // beyond kTreeSizeMax
      "origin\n18446744073709551617\n" + root + "\n",                 // wraps to 1
      "origin\n300\n" + root.substr(0, 40) + "\n",                    // 30 bytes
      "origin\n300\n" + root + "AAAA\n",                              // a longer one
      "origin\n300\n" + root.substr(0, 43) + "\n",                    // padding missing
      "origin\n300\nrrsCfVw90Ihx7lJXemH8gxItDRQ1J5GUNjm9TBLTaUN=\n",  // stray bits
      "origin\n300\n-rsCfVw90Ihx7lJXemH8gxItDRQ1J5GUNjm9TBLTaUM=\n",  // base64url
      "origin\n300\n" + root + "\n\n",                                // an empty extension
      "origin\n300\n" + root + "\next\n\nmore\n",                     //
      "origin\n300\n" + root + "\next",                               // cut extension
      "origin\r\n300\n" + root + "\n",                                //
  };
  for (const auto& text : bad)
    EXPECT_EQ(parse_checkpoint(text).error(), Errc::invalid_argument) << text;
  EXPECT_EQ(parse_checkpoint("origin\n9223372036854775807\n" + root + "\n").value().size,
            9223372036854775807u);
  EXPECT_EQ(parse_checkpoint("origin\n0\n" + root + "\n").error(), Errc::root_mismatch);
  EXPECT_FALSE(parse_checkpoint(std::string(kOriginBytesMax + 1, 'a') + "\n300\n" + root + "\n"));
}

TEST(Checkpoint, OfAnotherOriginOrAnotherKeyIsRefused) {
  const auto other = signer("other.example", NoteKeyType::ed25519, kExampleLogSeed);
  const auto text = parse_note(kExampleCosignedCheckpoint).value().text;
  // The other log's key under our text.
  const auto foreign = format_note({.text = text, .signatures = {other.sign(text).value()}});
  EXPECT_EQ(open_checkpoint(foreign.value(), other.verifier()).error(), Errc::invalid_argument);
  EXPECT_EQ(open_checkpoint(foreign.value(), verifier(kExampleLogVkey)).error(),
            Errc::key_not_found);
  EXPECT_EQ(sign_checkpoint({.origin = "other.example/2", .size = 0, .root = empty_root()}, other)
                .error(),
            Errc::invalid_argument);
  // A witness's key opens no log, and signs no checkpoint as one.
  EXPECT_EQ(open_checkpoint(kExampleCosignedCheckpoint, verifier(kExampleWitnessVkey)).error(),
            Errc::invalid_argument);
  const auto namesake = signer(kExampleOrigin, NoteKeyType::cosignature, kExampleWitnessSeed);
  auto note = parse_note(kExampleCosignedCheckpoint).value();
  note.signatures = {cosign_checkpoint(note, namesake, kExampleCosignatureTime).value()};
  EXPECT_EQ(open_checkpoint(format_note(note).value(), namesake.verifier()).error(),
            Errc::invalid_argument);
  EXPECT_EQ(
      sign_checkpoint({.origin = std::string{kExampleWitnessName}, .size = 0, .root = empty_root()},
                      example_witness())
          .error(),
      Errc::invalid_argument);
}

TEST(Checkpoint, ThatCouldNotBeReadAgainIsNotWritten) {
  for (const std::string& origin :
       {std::string{}, std::string{"a\nb"}, std::string{"\xff"}, std::string(256, 'a')})
    EXPECT_EQ(format_checkpoint({.origin = origin, .size = 0, .root = empty_root()}).error(),
              Errc::invalid_argument);
  EXPECT_EQ(format_checkpoint({.origin = "a", .size = 0, .root = {}}).error(), Errc::root_mismatch);
  EXPECT_EQ(format_checkpoint({.origin = "a", .size = ~std::uint64_t{0}, .root = {}}).error(),
            Errc::invalid_argument);
}

TEST(Cosignature, OfTheExampleIsReproducedByteForByte) {
  auto note = parse_note(kExampleCosignedCheckpoint).value();
  const auto line = cosign_checkpoint(note, example_witness(), kExampleCosignatureTime);
  EXPECT_EQ(line.value(), note.signatures.at(1));
  const auto policy = WitnessPolicy::make({verifier(kExampleWitnessVkey)}, 1).value();
  EXPECT_EQ(
      verify_witnesses(policy, note).value(),
      (std::vector<VerifiedSignature>{{.key = 0, .time_s = kExampleCosignatureTime.value()}}));
}

TEST(Cosignature, IsOfCheckpointsOnlyAndOfCosignersOnly) {
  auto note = parse_note(kExampleCosignedCheckpoint).value();
  EXPECT_EQ(cosign_checkpoint(note, example_log(), kExampleCosignatureTime).error(),
            Errc::invalid_argument);
  note.text = "not a checkpoint\n";
  EXPECT_EQ(cosign_checkpoint(note, example_witness(), kExampleCosignatureTime).error(),
            Errc::invalid_argument);
  // A cosignature of another text than a checkpoint counts for nothing, though it verifies.
  note.signatures = {example_witness().cosign(note.text, kExampleCosignatureTime).value()};
  const auto policy = WitnessPolicy::make({verifier(kExampleWitnessVkey)}, 1).value();
  EXPECT_EQ(verify_witnesses(policy, note).error(), Errc::invalid_argument);
}

TEST(WitnessPolicy, CountsEachWitnessOnceTowardsTheQuorum) {
  std::vector<NoteSigner> witnesses;
  std::vector<NoteVerifier> known;
  for (const std::string name : {"w1", "w2", "w3"}) {
    const std::string seed = std::string(62, '0') + "0" + name.substr(1);
    witnesses.push_back(signer(name, NoteKeyType::cosignature, seed));
    known.push_back(witnesses.back().verifier());
  }
  auto note = parse_note(kExampleCosignedCheckpoint).value();
  const auto cosign = [&](std::size_t witness, std::uint32_t time) {
    note.signatures.push_back(
        cosign_checkpoint(note, witnesses[witness], UnixSeconds{time}).value());
  };
  const auto two_of_three = WitnessPolicy::make(known, 2).value();
  EXPECT_TRUE(find_cosignatures(two_of_three, note).value().empty());
  EXPECT_EQ(verify_witnesses(two_of_three, note).error(), Errc::key_not_found);
  cosign(2, 100);
  cosign(2, 200);  // the same witness again
  EXPECT_EQ(verify_witnesses(two_of_three, note).error(), Errc::key_not_found);
  EXPECT_EQ(find_cosignatures(two_of_three, note).value(),
            (std::vector<VerifiedSignature>{{.key = 2, .time_s = 100}}));
  cosign(0, 300);
  EXPECT_EQ(verify_witnesses(two_of_three, note).value().size(), 2u);
  EXPECT_EQ(verify_witnesses(WitnessPolicy::make(known, 3).value(), note).error(),
            Errc::key_not_found);
  // A known witness with a bad line refuses the note, whatever the others say.
  cosign(1, 400);
  note.signatures.back().bytes.back() ^= 1;
  EXPECT_EQ(verify_witnesses(two_of_three, note).error(), Errc::signature_invalid);
}

TEST(WitnessPolicy, RefusesWhatWouldCountOneWitnessTwiceOrNobody) {
  const auto witness = verifier(kExampleWitnessVkey);
  const auto renamed = signer("w2", NoteKeyType::cosignature, kExampleWitnessSeed).verifier();
  const auto same_name =
      signer(kExampleWitnessName, NoteKeyType::cosignature, kExampleLogSeed).verifier();
  EXPECT_EQ(WitnessPolicy::make({witness, witness}, 1).error(), Errc::invalid_argument);
  EXPECT_EQ(WitnessPolicy::make({witness, renamed}, 1).error(), Errc::invalid_argument);
  EXPECT_EQ(WitnessPolicy::make({witness, same_name}, 1).error(), Errc::invalid_argument);
  EXPECT_EQ(WitnessPolicy::make({verifier(kExampleLogVkey)}, 1).error(), Errc::invalid_argument);
  EXPECT_EQ(WitnessPolicy::make({witness}, 0).error(), Errc::invalid_argument);
  EXPECT_EQ(WitnessPolicy::make({witness}, 2).error(), Errc::invalid_argument);
  EXPECT_EQ(WitnessPolicy::make({}, 0).error(), Errc::invalid_argument);
  EXPECT_EQ(WitnessPolicy::make(std::vector<NoteVerifier>(kWitnessesMax + 1, witness), 1).error(),
            Errc::too_large);
}

TEST(Checkpoint, WithAnySingleBitFlippedIsRefusedByLogOrWitness) {
  const auto log_key = verifier(kExampleLogVkey);
  const auto policy = WitnessPolicy::make({verifier(kExampleWitnessVkey)}, 1).value();
  const std::string good{kExampleCosignedCheckpoint};
  for (std::size_t at = 0; at < good.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      const auto opened = open_checkpoint(bad, log_key);
      if (!opened) continue;
      EXPECT_FALSE(verify_witnesses(policy, opened->note)) << "byte " << at << " bit " << bit;
    }
}

}  // namespace
}  // namespace tokenledger

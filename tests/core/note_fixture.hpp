// Keys and checkpoints of an example log, for tests of notes, checkpoints and proof files.
#pragma once

#include <gtest/gtest.h>

#include <string_view>
#include <utility>

#include "core/note_key.hpp"
#include "tests/core/log_fixture.hpp"

namespace tokenledger::testing_support {

inline NoteSigner signer(std::string_view name, NoteKeyType type, std::string_view seed_hex) {
  auto made = NoteSigner::from_seed(name, type, from_hex(seed_hex));
  EXPECT_TRUE(made) << name;
  return std::move(made.value());
}
inline NoteVerifier verifier(std::string_view vkey) {
  auto made = NoteVerifier::from_vkey(vkey);
  EXPECT_TRUE(made) << vkey;
  return std::move(made.value());
}

// A log of entries "entry-0" to "entry-299" whose bytes an independent program computed from the
// specifications: keys of the log and of a witness, the checkpoint and what proves against it.
inline constexpr std::string_view kExampleOrigin = "ledger.example/audit";
inline constexpr std::string_view kExampleLogSeed =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
inline constexpr std::string_view kExampleLogVkey =
    "ledger.example/audit+2a52108c+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
inline constexpr std::string_view kExampleWitnessName = "witness.example/w1";
inline constexpr std::string_view kExampleWitnessSeed =
    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f";
inline constexpr std::string_view kExampleWitnessVkey =
    "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X";
inline constexpr UnixSeconds kExampleCosignatureTime{1763784000};
inline constexpr std::string_view kExampleCheckpointText =
    "ledger.example/audit\n300\nrrsCfVw90Ihx7lJXemH8gxItDRQ1J5GUNjm9TBLTaUM=\n";
inline constexpr std::string_view kExampleCosignedCheckpoint =
    "ledger.example/audit\n300\nrrsCfVw90Ihx7lJXemH8gxItDRQ1J5GUNjm9TBLTaUM=\n\n"
    "\u2014 ledger.example/audit "
    "KlIQjP5JdsGalMUZizVUTrcB61Tjfslso7hWPVsrulosWLj6ZoKXDnRe8027gjmsq3T1s4V0fsJp/"
    "e70FBwkE+e+2gU=\n"
    "\u2014 witness.example/w1 "
    "IDJKvgAAAABpITVAEbYai3EspYuNcuUdcgeMLZISb9Y6V8MU+JMoQnbej+vzTK6aytpr5NAlb+"
    "rVyK2F43diPR/7d4tM/8u0AI1QCg==\n";

}  // namespace tokenledger::testing_support

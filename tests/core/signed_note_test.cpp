// Signed notes and their keys: published notes reproduced from their seeds, and everything that is
// not a note (C2SP signed-note v1.0.0).
#include "core/signed_note.hpp"

#include <gtest/gtest.h>

#include "tests/core/note_fixture.hpp"

namespace tokenledger {
namespace {

using testing_support::from_hex;
using testing_support::kExampleCosignatureTime;
using testing_support::kExampleWitnessName;
using testing_support::kExampleWitnessSeed;
using testing_support::kExampleWitnessVkey;
using testing_support::signer;
using testing_support::verifier;

// Tests and examples of golang.org/x/mod/sumdb/note (v0.37.0).
constexpr std::string_view kPeterVkey =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr std::string_view kPeterSeed =
    "810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173";
constexpr std::string_view kEnochVkey =
    "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
constexpr std::string_view kEnochSeed =
    "0000000000000000000000000000000000000000000000000000000000000000";
constexpr std::string_view kCryptographyText =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
constexpr std::string_view kCryptographyNote =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "\u2014 PeterNeumann "
    "x08go/"
    "ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    "\u2014 EnochRoot "
    "rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/"
    "5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

// The example of the C2SP signed-note specification.
constexpr std::string_view kExampleVkey =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
constexpr std::string_view kExampleLine =
    "\u2014 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
    "\n";
const std::string kExampleNote = "This is an example message.\n\n" + std::string{kExampleLine};

std::vector<NoteVerifier> keys(std::initializer_list<std::string_view> vkeys) {
  std::vector<NoteVerifier> made;
  for (const auto vkey : vkeys) made.push_back(verifier(vkey));
  return made;
}

Result<std::vector<VerifiedSignature>> open_note(std::string_view note,
                                                 std::initializer_list<std::string_view> vkeys) {
  const auto parsed = parse_note(note);
  if (!parsed) return parsed.error();
  return verify_note(*parsed, keys(vkeys));
}

TEST(SignedNote, OfTheGoPackageIsReproducedFromItsSeedsAndVerifies) {
  const auto peter = signer("PeterNeumann", NoteKeyType::ed25519, kPeterSeed);
  const auto enoch = signer("EnochRoot", NoteKeyType::ed25519, kEnochSeed);
  EXPECT_EQ(peter.verifier().vkey(), kPeterVkey);
  EXPECT_EQ(enoch.verifier().vkey(), kEnochVkey);
  EXPECT_EQ(enoch.verifier().key_id(), 0xaf0cfe78u);
  const auto note = format_note({.text = std::string{kCryptographyText},
                                 .signatures = {peter.sign(kCryptographyText).value(),
                                                enoch.sign(kCryptographyText).value()}});
  EXPECT_EQ(note.value(), kCryptographyNote);
  EXPECT_EQ(open_note(kCryptographyNote, {kPeterVkey, kEnochVkey}).value(),
            (std::vector<VerifiedSignature>{{.key = 0}, {.key = 1}}));
  EXPECT_EQ(open_note(kCryptographyNote, {kEnochVkey}).value(),
            (std::vector<VerifiedSignature>{{.key = 0}}));
}

TEST(SignedNote, OfTheSpecificationVerifiesAndRoundTrips) {
  EXPECT_TRUE(open_note(kExampleNote, {kExampleVkey}));
  const auto parsed = parse_note(kExampleNote);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->text, "This is an example message.\n");
  EXPECT_EQ(parsed->signatures.at(0).key_id, 0x530d903au);
  EXPECT_EQ(parsed->signatures.at(0).bytes.size(), 64u);
  EXPECT_EQ(format_note(*parsed).value(), kExampleNote);
}

// The test data of the Sunlight log: another program's cosignature/v1.
TEST(NoteVerifier, ReadsAPublishedCosignatureAndItsTime) {
  const std::string note =
      "rome2026h1.example.org\n300\ngw31yQrqZZCcEOPrzX+bpy3nJ6QgngTKn8G1m0i62uU=\n\n"
      "\u2014 mirror.example.org "
      "P7FI7wAAAABpVGeAjA1S4pJm6MbcXjX7UUImu4azZtrfcVW2uyr/"
      "LXIYlwEJzXC0N0EiZkbqfLdXt/4gVEEuGmxJjAfXKMCISpsJAg==\n";
  constexpr std::string_view vkey =
      "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O";
  EXPECT_EQ(verifier(vkey).type(), NoteKeyType::cosignature);
  EXPECT_EQ(open_note(note, {vkey}).value(),
            (std::vector<VerifiedSignature>{{.key = 0, .time_s = 1767139200}}));
  // The time is signed: one second later is another statement.
  auto parsed = parse_note(note).value();
  ++parsed.signatures[0].bytes[7];
  EXPECT_EQ(verify_note(parsed, keys({vkey})).error(), Errc::signature_invalid);
}

// C2SP tlog-cosignature, "Format".
TEST(NoteVerifier, RefusesACosignatureAfterTheLastTimeThereIs) {
  const auto key =
      SigningKey::from_private(SignatureAlgorithm::eddsa, from_hex(kExampleWitnessSeed)).value();
  const auto verified = [&](std::uint64_t time_s) {
    const std::string message = "cosignature/v1\ntime " + std::to_string(time_s) + "\ntext\n";
    const auto signature = key.sign(bytes_of(message)).value();
    std::vector<std::uint8_t> bytes;
    for (int shift = 56; shift >= 0; shift -= 8)
      bytes.push_back(static_cast<std::uint8_t>(time_s >> shift));
    bytes.insert(bytes.end(), signature.begin(), signature.end());
    return verifier(kExampleWitnessVkey).verify("text\n", bytes);
  };
  EXPECT_EQ(verified(0).value(), 0u);
  EXPECT_EQ(verified(kCosignatureTimeMax).value(), kCosignatureTimeMax);
  EXPECT_EQ(verified(kCosignatureTimeMax + 1).error(), Errc::signature_invalid);
  EXPECT_EQ(verified(~std::uint64_t{0}).error(), Errc::signature_invalid);
}

TEST(NoteKey, OfOneSeedHasAnotherIdAsCosigner) {
  const auto witness = signer(kExampleWitnessName, NoteKeyType::cosignature, kExampleWitnessSeed);
  EXPECT_EQ(witness.verifier().vkey(), kExampleWitnessVkey);
  const auto log = signer(kExampleWitnessName, NoteKeyType::ed25519, kExampleWitnessSeed);
  EXPECT_EQ(log.verifier().public_key(), witness.verifier().public_key());
  EXPECT_NE(log.verifier().key_id(), witness.verifier().key_id());
  // A key does only what its type says.
  EXPECT_EQ(witness.sign("text\n").error(), Errc::invalid_argument);
  EXPECT_EQ(log.cosign("text\n", kExampleCosignatureTime).error(), Errc::invalid_argument);
}

TEST(NoteVerifier, RefusesEveryOtherSpellingOfAVkey) {
  const struct {
    std::string_view vkey;
    Errc error;
  } kRows[] = {
      // Tests of golang.org/x/mod/sumdb/note: wrong length, unknown algorithm, wrong id.
      {"PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
       Errc::invalid_argument},
      {"PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
       Errc::unsupported_format},
      {"PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
       Errc::invalid_argument},
      {"", Errc::invalid_argument},
      {"PeterNeumann", Errc::invalid_argument},
      {"PeterNeumann+c74f20a3", Errc::invalid_argument},
      {"PeterNeumann+c74f20a3+", Errc::invalid_argument},
      {"PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
       Errc::invalid_argument},
      {"PeterNeumann+0c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
       Errc::invalid_argument},
      {"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq_LDE4izWy10TW",
       Errc::invalid_argument},
      {"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
       Errc::invalid_argument},
      {" PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
       Errc::invalid_argument},
      {"+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", Errc::invalid_argument},
  };
  for (const auto& row : kRows)
    EXPECT_EQ(NoteVerifier::from_vkey(row.vkey).error(), row.error) << row.vkey;
  EXPECT_EQ(NoteVerifier::from_vkey(std::string(kVerifierKeyTextBytesMax + 1, 'a')).error(),
            Errc::invalid_argument);
  // A point of small order would verify anything (RFC 8032 §8.9 leaves it to us).
  const std::vector<std::uint8_t> zero(32);
  EXPECT_EQ(NoteVerifier::from_public("name", NoteKeyType::ed25519, zero).error(),
            Errc::invalid_argument);
}

TEST(NoteKeyName, HasNoSpacesPlusOrControls) {
  for (const std::string_view name : {"a", "example.com/log/2026", "\u540d\u524d", "a-b_c"})
    EXPECT_TRUE(is_note_key_name(name)) << name;
  for (const std::string_view name :
       {"", "a b", "a+b", "a\tb", "a\nb", "a\u0085", "a\u00A0b", "\u1680", "\u2003x", "x\u2028",
        "x\u202Fy", "x\u205F", "\u3000", "\xFF", "\xC0\x80", "\xED\xA0\x80"})
    EXPECT_FALSE(is_note_key_name(name)) << name;
  const std::string longest(kNoteKeyNameBytesMax, 'a');
  EXPECT_TRUE(NoteSigner::from_seed(longest, NoteKeyType::ed25519, from_hex(kEnochSeed)));
  EXPECT_EQ(
      NoteSigner::from_seed(longest + "a", NoteKeyType::ed25519, from_hex(kEnochSeed)).error(),
      Errc::invalid_argument);
  EXPECT_EQ(NoteSigner::from_seed("a", NoteKeyType::ed25519, from_hex("00")).error(),
            Errc::invalid_argument);
}

std::string with_line(std::string_view line) {
  return "This is an example message.\n\n" + std::string{line};
}

TEST(SignedNote, ThatIsMalformedIsRefused) {
  const std::string invalid_utf8 = "\xff" + kExampleNote;
  const std::string bad[] = {
      "",
      "\n",
      "\n\n",
      std::string{kCryptographyText},                           // no signatures
      std::string{kCryptographyText} + "\n",                    // an empty signature block
      kExampleNote.substr(0, kExampleNote.size() - 1),          // no newline at the end
      "\x01" + kExampleNote,                                    // a control character
      "a\tb\n\n" + std::string{kExampleLine},                   //
      "a\r\n\n" + std::string{kExampleLine},                    //
      invalid_utf8,                                             //
      "\xED\xA0\x80\n\n" + std::string{kExampleLine},           // a surrogate
      "\xC0\x80\n\n" + std::string{kExampleLine},               // overlong
      with_line("\u2014 Bad Name Uw2QOkn8srV1yJGh2VYRlL1T\n"),  // a space in the name
      with_line("\u2014 bad+name Uw2QOkn8srV1yJGh2VYRlL1T\n"),  //
      with_line("\u2014  Uw2QOkn8srV1yJGh2VYRlL1T\n"),          // no name
      with_line("\u2014 name\n"),                               // no signature
      with_line("\u2014 name \n"),                              //
      with_line("\u2014 name Uw2QOg==\n"),                      // a key id alone
      with_line("\u2014 name Uw2QOkn8srV1yJGh2VYRlL1T=\n"),     // padding too much
      with_line("\u2014 name Uw2QOkk\n"),                       // padding missing
      with_line("\u2014 name Uw2QOkn\u2014\n"),                 //
      with_line("\u2014 name Uw2QOkl=\n"),                      // stray bits
      with_line("\u2014 name Uw2Q_kn8srV1yJGh2VYRlL1T\n"),      // base64url
      with_line("- name Uw2QOkn8srV1yJGh2VYRlL1T\n"),           // a hyphen
      with_line("\u2014name Uw2QOkn8srV1yJGh2VYRlL1T\n"),       //
      with_line("\u2014 name Uw2QOkn8srV1yJGh2VYRlL1T \n"),     //
      with_line("\u2014 name Uw2QOkn8srV1yJGh2VYRlL1T\r\n"),    //
      kExampleNote + "Unexpected line.\n",                      //
      kExampleNote + "\n",                                      // an empty line behind
  };
  for (const auto& note : bad) EXPECT_EQ(parse_note(note).error(), Errc::invalid_argument) << note;
}

TEST(SignedNote, IsSplitAtTheLastEmptyLine) {
  const auto peter = signer("PeterNeumann", NoteKeyType::ed25519, kPeterSeed);
  for (const std::string text : {"\n", "a\n\nb\n", "\n\n\n", "\u2014 looks like a line\n"}) {
    const auto note = format_note({.text = text, .signatures = {peter.sign(text).value()}});
    ASSERT_TRUE(note);
    EXPECT_EQ(parse_note(*note).value().text, text);
    EXPECT_TRUE(open_note(*note, {kPeterVkey}));
  }
}

TEST(SignedNote, OfAKnownKeyWithABadSignatureIsRefusedWhole) {
  std::string altered = kExampleNote;
  altered.replace(altered.find("example message"), 7, "examp1e");
  EXPECT_EQ(open_note(altered, {kExampleVkey}).error(), Errc::signature_invalid);
  // A good signature beside it does not help.
  auto note = parse_note(kCryptographyNote).value();
  note.signatures[1].bytes[5] ^= 1;
  EXPECT_EQ(verify_note(note, keys({kPeterVkey, kEnochVkey})).error(), Errc::signature_invalid);
  // To those who do not know the damaged key its line says nothing.
  EXPECT_TRUE(verify_note(note, keys({kPeterVkey})));
  // Nor a good line of the same key before it.
  note = parse_note(kExampleNote).value();
  note.signatures.push_back(note.signatures[0]);
  note.signatures[1].bytes.pop_back();
  EXPECT_EQ(verify_note(note, keys({kExampleVkey})).error(), Errc::signature_invalid);
}

TEST(SignedNote, OfUnknownKeysAloneIsUnverified) {
  EXPECT_EQ(open_note(kExampleNote, {kPeterVkey}).error(), Errc::key_not_found);
  EXPECT_EQ(open_note(kExampleNote, {}).error(), Errc::key_not_found);
  // The name alone does not make a key known, nor the id alone.
  auto note = parse_note(kExampleNote).value();
  note.signatures[0].key_id ^= 1;
  EXPECT_EQ(verify_note(note, keys({kExampleVkey})).error(), Errc::key_not_found);
  note.signatures[0].key_id ^= 1;
  note.signatures[0].key_name += "o";
  EXPECT_EQ(verify_note(note, keys({kExampleVkey})).error(), Errc::key_not_found);
}

TEST(SignedNote, CountsARepeatedKeyOnce) {
  const auto note = parse_note(kExampleNote + std::string{kExampleLine}).value();
  EXPECT_EQ(verify_note(note, keys({kExampleVkey})).value().size(), 1u);
  EXPECT_EQ(verify_note(note, keys({kExampleVkey, kExampleVkey})).value().size(), 1u);
}

// transparency-log-07: the specification wants 16 signatures tolerated; we take a hundred.
TEST(SignedNote, CarriesAHundredUnknownSignaturesAndNoMore) {
  std::string note = kExampleNote;
  for (std::size_t extra = 1; extra < kNoteSignaturesMax; ++extra)
    note += "\u2014 other" + std::to_string(extra) + " AAAAAQID\n";
  EXPECT_EQ(parse_note(note).value().signatures.size(), kNoteSignaturesMax);
  EXPECT_TRUE(open_note(note, {kExampleVkey}));
  auto full = parse_note(note).value();
  EXPECT_EQ(format_note(full).value(), note);
  note += "\u2014 one-more AAAAAQID\n";
  EXPECT_EQ(parse_note(note).error(), Errc::too_large);
  full.signatures.push_back(full.signatures[0]);
  EXPECT_EQ(format_note(full).error(), Errc::too_large);
}

TEST(SignedNote, IsBoundedInBytesAndKeys) {
  const std::size_t room = kNoteBytesMax - (kExampleNote.size() - kExampleNote.find("\n\n")) - 1;
  const std::string longest = std::string(room + 1, 'a') + "\n\n" + std::string{kExampleLine};
  ASSERT_EQ(longest.size(), kNoteBytesMax);
  EXPECT_EQ(format_note(parse_note(longest).value()).value(), longest);
  EXPECT_EQ(parse_note("a" + longest).error(), Errc::too_large);
  auto note = parse_note(longest).value();
  note.text = "a" + note.text;
  EXPECT_EQ(format_note(note).error(), Errc::too_large);
  const std::vector<NoteVerifier> many(kNoteKeysMax + 1, verifier(kExampleVkey));
  EXPECT_EQ(verify_note(note, many).error(), Errc::too_large);
}

TEST(SignedNote, ThatCouldNotBeReadAgainIsNotWritten) {
  const auto good = parse_note(kExampleNote).value();
  auto bad = good;
  bad.text.pop_back();
  EXPECT_EQ(format_note(bad).error(), Errc::invalid_argument);
  bad = good;
  bad.text = "\xff\n";
  EXPECT_EQ(format_note(bad).error(), Errc::invalid_argument);
  bad = good;
  bad.signatures.clear();
  EXPECT_EQ(format_note(bad).error(), Errc::invalid_argument);
  bad = good;
  bad.signatures[0].key_name = "a b";
  EXPECT_EQ(format_note(bad).error(), Errc::invalid_argument);
  bad = good;
  bad.signatures[0].bytes.clear();
  EXPECT_EQ(format_note(bad).error(), Errc::invalid_argument);
}

TEST(SignedNote, WithAnySingleBitFlippedIsRefused) {
  const auto known = keys({kExampleVkey});
  for (std::size_t at = 0; at < kExampleNote.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = kExampleNote;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      const auto parsed = parse_note(bad);
      if (!parsed) continue;
      EXPECT_FALSE(verify_note(*parsed, known)) << "byte " << at << " bit " << bit;
    }
}

TEST(SignatureLines, AloneAreReadAsAWitnessAnswersThem) {
  const auto lines = parse_signature_lines(kExampleLine);
  ASSERT_TRUE(lines);
  ASSERT_EQ(lines->size(), 1u);
  EXPECT_EQ(format_signature_line(lines->front()), kExampleLine);
  EXPECT_EQ(parse_signature_lines("").error(), Errc::invalid_argument);
  EXPECT_EQ(parse_signature_lines("\n").error(), Errc::invalid_argument);
}

}  // namespace
}  // namespace tokenledger

// The texts between a log and its witnesses: policies (C2SP tlog-policy), add-checkpoint requests
// (C2SP tlog-witness) and a witness's key file.
#include <gtest/gtest.h>

#include "core/base64url.hpp"
#include "core/proof_text.hpp"
#include "core/tlog_policy.hpp"
#include "core/witness_request.hpp"
#include "tests/core/note_fixture.hpp"

namespace tokenledger {
namespace {

using testing_support::from_hex;
using testing_support::kExampleCosignedCheckpoint;
using testing_support::kExampleLogVkey;
using testing_support::kExampleWitnessName;
using testing_support::kExampleWitnessSeed;
using testing_support::kExampleWitnessVkey;
using testing_support::signer;

const std::string kLog{kExampleLogVkey};
const std::string kFirst{kExampleWitnessVkey};

std::string vkey_of(std::string_view name, char digit) {
  return signer(name, NoteKeyType::cosignature, std::string(64, digit)).verifier().vkey();
}
const std::string& second() {
  static const auto vkey = vkey_of("w2", '2');
  return vkey;
}
const std::string& third() {
  static const auto vkey = vkey_of("w3", '3');
  return vkey;
}

TEST(TlogPolicy, ReadsKOfNAndWhereToAsk) {
  const auto text = "# whom we trust\n\nlog " + kLog + " https://ledger.example/\n" +
                    "witness\ta " + kFirst + " https://a.example/w\r\n  witness b " + second() +
                    "\nwitness c " + third() + " http://127.0.0.1:1/\n" +
                    "group two 2 a  b c\nquorum two";
  std::string why;
  const auto policy = parse_tlog_policy(text, why);
  ASSERT_TRUE(policy) << why;
  ASSERT_EQ(policy->logs.size(), 1u);
  EXPECT_EQ(policy->logs[0].vkey(), kLog);
  ASSERT_EQ(policy->witnesses.size(), 3u);
  EXPECT_EQ(policy->witnesses[0].name, "a");
  EXPECT_EQ(policy->witnesses[0].url, "https://a.example/w");
  EXPECT_EQ(policy->witnesses[1].url, "");
  ASSERT_TRUE(policy->quorum);
  EXPECT_EQ(policy->quorum->quorum(), 2u);
  EXPECT_EQ(policy->quorum->witnesses().size(), 3u);
}

TEST(TlogPolicy, CountsAnyAllOneWitnessAndNone) {
  const auto two = "witness a " + kFirst + "\nwitness b " + second() + "\n";
  const auto quorum = [&](const std::string& rest) {
    std::string why;
    const auto policy = parse_tlog_policy(two + rest, why);
    EXPECT_TRUE(policy) << why;
    if (!policy || !policy->quorum) return std::string{"none"};
    return std::to_string(policy->quorum->quorum()) + " of " +
           std::to_string(policy->quorum->witnesses().size());
  };
  EXPECT_EQ(quorum("group g any a b\nquorum g\n"), "1 of 2");
  EXPECT_EQ(quorum("group g all a b\nquorum g\n"), "2 of 2");
  EXPECT_EQ(quorum("quorum b\n"), "1 of 1");
  EXPECT_EQ(quorum("quorum none\n"), "none");
  // Another's log with a key of a type from the future is no mistake of ours.
  EXPECT_EQ(quorum("log other+00000000+/w== \nquorum none\n"), "none");
}

// A vkey in form, with a key as long as ML-DSA-44's (type 0x06, 1312 bytes).
std::string ml_dsa_vkey(std::string_view name, char filling = 'k') {
  return std::string{name} + "+0badcafe+" +
         base64_encode(bytes_of("\x06" + std::string(1'312, filling)));
}

TEST(TlogPolicy, AWitnessOfAnUnknownKeyTypeIsSkippedWhereTheQuorumCanDoWithoutIt) {
  const auto three = "witness a " + kFirst + "\nwitness b " + second() + "\nwitness future " +
                     ml_dsa_vkey("w.example/future") + " https://w.example/\n";
  const auto quorum = [&](const std::string& rest) {
    std::string why;
    const auto policy = parse_tlog_policy(three + rest, why);
    if (!policy) return why;
    EXPECT_EQ(policy->witnesses.size(), 2u);
    EXPECT_EQ(policy->unread_witnesses, std::vector<std::string>{"future"});
    if (!policy->quorum) return std::string{"none"};
    return std::to_string(policy->quorum->quorum()) + " of " +
           std::to_string(policy->quorum->witnesses().size());
  };
  EXPECT_EQ(quorum("group g 2 a b future\nquorum g\n"), "2 of 2");
  EXPECT_EQ(quorum("group g 1 future b\nquorum g\n"), "1 of 1");
  EXPECT_EQ(quorum("group g any a future\nquorum g\n"), "1 of 1");
  EXPECT_EQ(quorum("quorum a\n"), "1 of 1");
  EXPECT_EQ(quorum("quorum none\n"), "none");
  EXPECT_EQ(quorum("group unused all future\nquorum a\n"), "1 of 1");
  EXPECT_EQ(quorum("group g all a b future\nquorum g\n"),
            "line 5: the quorum takes 3 witnesses, and only 2 have keys of a type that can be "
            "verified here");
  EXPECT_EQ(quorum("group g any future\nquorum g\n"),
            "line 5: the quorum takes 1 witnesses, and only 0 have keys of a type that can be "
            "verified here");
  EXPECT_EQ(quorum("quorum future\n"),
            "line 4: the quorum takes 1 witnesses, and only 0 have keys of a type that can be "
            "verified here");
  EXPECT_EQ(quorum("group g 1 future future\nquorum g\n"), "line 4: a member occurs twice");
  EXPECT_EQ(quorum("group g 4 a b future\nquorum g\n").substr(0, 16), "line 4: how many");
  EXPECT_EQ(quorum("group future 1 a\nquorum future\n"), "line 4: the name is taken");
  EXPECT_EQ(quorum("witness c " + ml_dsa_vkey("w.example/other-name") + "\nquorum a\n"),
            "line 4: another witness has this key");
  // In form no vkey: nonsense is not skipped.
  for (const auto& vkey :
       {"two words+0badcafe+" + ml_dsa_vkey("").substr(10), std::string{"+0badcafe+Bg=="},
        std::string{"w+0BADCAFE+Bg=="}, std::string{"w+0badcaf+Bg=="}, std::string{"w+0badcafe+"},
        std::string{"w+0badcafe+Bg"}, ml_dsa_vkey(std::string(256, 'w'))}) {
    std::string why;
    EXPECT_FALSE(parse_tlog_policy("witness a " + vkey + "\nquorum none\n", why)) << vkey;
    EXPECT_TRUE(why.starts_with("line 1: ")) << why;
  }
}

struct BadPolicy {
  std::string text;
  std::string why;
};

TEST(TlogPolicy, RefusesWhatItCanNotCountWithLineAndReason) {
  const auto a = "witness a " + kFirst + "\n";
  const auto b = "witness b " + second() + "\n";
  std::string many;
  std::string many_unread;
  for (std::size_t at = 0; at <= kWitnessesMax; ++at) {
    std::string seed(64, '0');
    const auto digits = std::to_string(1000 + at);
    seed.replace(0, digits.size(), digits);
    const auto name = "w" + digits;
    many_unread +=
        "witness " + name + " w+0badcafe+" + base64_encode(bytes_of("\x06" + digits)) + "\n";
    many += "witness " + name + " " +
            signer(name, NoteKeyType::cosignature, seed).verifier().vkey() + "\n";
  }
  const BadPolicy rows[] = {
      {"", "there is no quorum line"},
      {a, "there is no quorum line"},
      {"quorum\n", "line 1: quorum wants"},
      {"quorum none\nquorum none\n", "line 2: there is a quorum already"},
      {"quorum a\n" + a, "line 1: the name was not defined"},
      {"witnes a b\n", "line 1: a line begins"},
      {a + "witness a " + second() + "\nquorum a\n", "line 2: the name is taken"},
      {"witness none " + kFirst + "\n", "line 1: the name is taken"},
      {"witness a\x01 " + kFirst + "\n", "line 1: the name is malformed"},
      {"witness " + std::string(256, 'a') + " " + kFirst + "\n", "line 1: the name is malformed"},
      {a + "witness b " + kFirst + "\n", "line 2: another witness has this key"},
      {"witness a " + kLog + "\n", "line 1: the vkey is not a witness's"},
      {"witness a nonsense\n", "line 1: the vkey is malformed"},
      {"witness a " + kFirst + " url more\n", "line 1: witness wants"},
      {"log " + kFirst + "\n", "line 1: the log's vkey is not one"},
      {"log nonsense\n", "line 1: the log's vkey is malformed"},
      {"log\n", "line 1: log wants"},
      {a + "group g 1\n", "line 2: group wants"},
      {a + "group g 0 a\n", "line 2: how many"},
      {a + "group g 2 a\n", "line 2: how many"},
      {a + "group g 01 a\n", "line 2: how many"},
      {a + "group g -1 a\n", "line 2: how many"},
      {a + "group g 1 a a\n", "line 2: a member occurs twice"},
      {a + "group g 1 b\n" + b, "line 2: a member was not defined"},
      {a + b + "group g 1 a\ngroup h 1 g b\n", "line 4: groups of groups"},
      {a + "group a 1 a\n", "line 2: the name is taken"},
      {many, "line 65: too many witnesses"},
      {many_unread, "line 65: too many witnesses"},
      {many_unread.substr(0, many_unread.rfind("witness ")) + a, "line 65: too many witnesses"},
      {"\xff\nquorum none\n", "the policy is not UTF-8"},
      {std::string(kTlogPolicyLinesMax + 1, '\n'), "the policy has more than"},
      {"#" + std::string(kTlogPolicyBytesMax, 'x'), "the policy is longer than"},
  };
  for (const auto& row : rows) {
    std::string why;
    EXPECT_FALSE(parse_tlog_policy(row.text, why)) << row.text;
    EXPECT_TRUE(why.starts_with(row.why)) << why << "\n    wanted: " << row.why;
  }
}

// As many as there may be, of the longest type that C2SP names (ML-DSA-87).
TEST(TlogPolicy, FullOfKeysOfATypeThatIsNotReadItIsNotTooLong) {
  std::string text = "witness a " + kFirst + "\n";
  for (std::size_t at = 1; at < kWitnessesMax; ++at) {
    const auto name = "w" + std::to_string(1000 + at);
    const auto key = "\x06" + name + std::string(2592 - name.size(), 'x');
    text += "witness " + name + " w+0badcafe+" + base64_encode(bytes_of(key)) + "\n";
  }
  std::string why;
  const auto policy = parse_tlog_policy(text + "quorum a\n", why);
  ASSERT_TRUE(policy) << why;
  EXPECT_EQ(policy->unread_witnesses.size(), kWitnessesMax - 1);
}

TEST(AddCheckpoint, HasOneSpelling) {
  AddCheckpoint request{.old_size = 12, .checkpoint = std::string{kExampleCosignedCheckpoint}};
  const auto bare = format_add_checkpoint(request);
  ASSERT_TRUE(bare);
  EXPECT_EQ(*bare, "old 12\n\n" + request.checkpoint);
  EXPECT_EQ(parse_add_checkpoint(*bare).value(), request);
  request.proof.assign(kAddCheckpointHashesMax, Digest{7});
  EXPECT_EQ(parse_add_checkpoint(format_add_checkpoint(request).value()).value(), request);
  request.proof.emplace_back();
  EXPECT_EQ(format_add_checkpoint(request).error(), Errc::too_large);
}

TEST(AddCheckpoint, RefusesEveryOtherText) {
  const auto hash = digest_to_base64(Digest{});
  const std::string note{kExampleCosignedCheckpoint};
  for (const auto& body :
       {std::string{}, std::string{"old 1"}, std::string{"old 1\n"}, std::string{"old 1\n\n"},
        "old 01\n\n" + note, "old -1\n\n" + note, "old +1\n\n" + note, "old 1 \n\n" + note,
        "old\n\n" + note, "OLD 1\n\n" + note, "old 9223372036854775808\n\n" + note, "\n" + note,
        "old 1\n" + note, "old 1\nnonsense\n\n" + note, "old 1\n" + hash + "=\n\n" + note,
        "old 1\r\n\r\n" + note}) {
    EXPECT_EQ(parse_add_checkpoint(body).error(), Errc::invalid_argument) << body;
  }
  std::string long_proof = "old 1\n";
  for (std::size_t at = 0; at <= kAddCheckpointHashesMax; ++at) long_proof += hash + "\n";
  EXPECT_EQ(parse_add_checkpoint(long_proof + "\n" + note).error(), Errc::too_large);
  EXPECT_EQ(parse_add_checkpoint(std::string(kAddCheckpointBytesMax + 1, 'x')).error(),
            Errc::too_large);
}

TEST(CosignerKey, IsReadBackAndEveryChangedLetterIsRefused) {
  const auto made = format_cosigner_key(kExampleWitnessName, from_hex(kExampleWitnessSeed));
  ASSERT_TRUE(made);
  const std::string text{text_of(made->view())};
  const auto read = parse_cosigner_key(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->verifier().vkey(), kExampleWitnessVkey);
  for (std::size_t at = 0; at + 1 < text.size(); ++at) {
    auto changed = text;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    const auto other = parse_cosigner_key(changed);
    EXPECT_FALSE(other) << changed;
  }
  EXPECT_FALSE(parse_cosigner_key(""));
  EXPECT_FALSE(parse_cosigner_key(text + text));
  EXPECT_EQ(format_cosigner_key("two words", from_hex(kExampleWitnessSeed)).error(),
            Errc::invalid_argument);
}

}  // namespace
}  // namespace tokenledger

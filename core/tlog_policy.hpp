// Witness policies as text (C2SP tlog-policy): which logs and witnesses somebody trusts, and how
// many witnesses it takes.
//
//   log <vkey> [<url>]
//   witness <name> <vkey> [<url>]
//   group <name> <number | any | all> <name>...
//   quorum <name | none>
//
// One statement a line, fields between spaces or tabs; empty lines and lines whose first letter is
// '#' say nothing. A name is defined before it is used, once, without control characters, and is
// not "none". There is exactly one quorum. Not read: groups of groups (k of n is all that
// WitnessPolicy knows).
//
// A witness whose key is of a type that can't be verified here (ML-DSA, type 0x06) never counts, as
// if it never cosigned: 2 of 3 with one of them is 2 of the other two. Only a quorum that can't be
// reached without it is refused. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint.hpp"
#include "core/errc.hpp"
#include "core/note_key.hpp"

namespace tokenledger {

inline constexpr std::size_t kTlogPolicyLinesMax = 1'024;
inline constexpr std::size_t kTlogPolicyLogsMax = 64;
inline constexpr std::size_t kTlogPolicyGroupsMax = 64;
// Long keys are those of types that are not read here; a policy that is full of them is skipped key
// by key, not refused for its length. Besides the keys there is room for names, URLs and groups.
inline constexpr std::size_t kTlogPolicyBytesMax = 4 * kWitnessesMax * kVerifierKeyTextBytesMax;
static_assert((kWitnessesMax + kTlogPolicyLogsMax) *
                  (kVerifierKeyTextBytesMax + kNoteKeyNameBytesMax + 1'024) <=
              kTlogPolicyBytesMax);

struct NamedWitness {
  std::string name;  // in the policy; the key has a name of its own
  NoteVerifier key;  // of type cosignature
  std::string url;   // as it is written; empty: none
};

struct TlogPolicy {
  std::vector<NoteVerifier> logs;
  bool has_unread_logs = false;         // lines of logs whose keys are of a type not known here
  std::vector<NamedWitness> witnesses;  // those outside the quorum as well
  // The names of those whose keys are of a type not known here. With `witnesses` at most
  // kWitnessesMax.
  std::vector<std::string> unread_witnesses;
  std::optional<WitnessPolicy> quorum;  // nullopt: none
};

// Errc::too_large beyond a bound, else Errc::invalid_argument; `why` then says the line and what is
// wrong with it.
[[nodiscard]] Result<TlogPolicy> parse_tlog_policy(std::string_view text, std::string& why);

}  // namespace tokenledger

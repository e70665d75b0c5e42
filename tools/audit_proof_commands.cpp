#include "tools/audit_proof_commands.hpp"

#include "api/rfc3339.hpp"
#include "core/event_codec.hpp"
#include "core/merkle.hpp"
#include "core/proof_text.hpp"
#include "tools/answer.hpp"
#include "tools/audit_closed.hpp"

namespace tokenledger {
namespace {

struct ProofOptions {
  std::string jti;
  std::uint64_t seq = 0;
  bool is_witnessed = false;
  std::string out;
  std::string file;
  std::string vkey;
  std::string entry;
  std::vector<std::string> witnesses;
  std::size_t quorum = 0;
};

NoteVerifier key_of(const std::string& text, const char* option) {
  auto key = NoteVerifier::from_vkey(read_vkey(text));
  if (!key)
    throw Failure{ExitCode::usage, std::string{option} + " is not a vkey: name+id+base64 key"};
  return std::move(*key);
}

[[noreturn]] void fail_to_prove(const boost::system::error_code& error) {
  if (error == Errc::sequence_in_future) {
    throw Failure{ExitCode::refused,
                  "no signed checkpoint covers that event (yet): a ledger that was killed signs "
                  "when it is started again"};
  }
  if (error == Errc::audit_corrupt) {
    throw Failure{ExitCode::difference,
                  "the tree on disk does not lead to the signed root: see `tokenledger audit "
                  "verify`"};
  }
  fail("prove it", error);
}

ExitCode prove(CommandLine& line, const ProofOptions& options) {
  if (options.jti.empty() == (options.seq == 0))
    throw Failure{ExitCode::usage, "say what to prove: --jti or --seq"};
  if (!line.url.empty()) {
    const auto what = options.jti.empty() ? "event/" + std::to_string(options.seq)
                                          : "token/" + percent_encoded(options.jti);
    const auto answer = ask_for_text(
        line, *open_door(line, Needs::log),
        {.method = "GET",
         .target = "/v1/audit/proofs/" + what + (options.is_witnessed ? "?witnessed=true" : "")});
    if (!parse_proof_file(answer.body))
      throw Failure{ExitCode::cannot_open, "the answer is no proof file: is this tokenledger?"};
    write_text(options.out, answer.body);
    return ExitCode::ok;
  }
  if (options.is_witnessed) {
    throw Failure{ExitCode::usage,
                  "--witnessed needs --url: cosignatures are kept by the running server alone"};
  }
  const auto closed = ClosedAudit::open(line);
  Result<ProofFile> proof = Errc::token_not_found;
  if (options.jti.empty()) {
    proof = closed.audit->prove_event(Sequence{options.seq});
  } else if (const auto jti = closed.ledger.keys().seal_key().unseal(options.jti)) {
    proof = closed.audit->prove_token(*jti);
  }
  if (!proof) fail_to_prove(proof.error());
  write_text(options.out, require("write the proof", format_proof_file(*proof)));
  return ExitCode::ok;
}

// The witnesses' keys, or nothing.
std::optional<WitnessPolicy> policy_of(const ProofOptions& options) {
  if (options.witnesses.empty()) {
    if (options.quorum != 0) throw Failure{ExitCode::usage, "--quorum needs --witness"};
    return std::nullopt;
  }
  std::vector<NoteVerifier> keys;
  for (const auto& text : options.witnesses) keys.push_back(key_of(text, "--witness"));
  const auto quorum = options.quorum == 0 ? keys.size() : options.quorum;
  auto policy = WitnessPolicy::make(std::move(keys), quorum);
  if (!policy)
    throw Failure{ExitCode::usage,
                  "the witnesses must be different cosignature keys and the quorum 1 to their "
                  "number"};
  return std::move(*policy);
}

Record describe(const ProofFile& proof, const Checkpoint& checkpoint, ByteView entry) {
  Record record{{"proved", true},
                {"seq", proof.index + 1},
                {"origin", checkpoint.origin},
                {"size", checkpoint.size},
                {"root", digest_to_base64(checkpoint.root)}};
  const auto event = decode_event(entry);
  if (!event) {
    record.emplace_back("event", "of a kind that this program does not know");
    return record;
  }
  record.emplace_back("event", event_kind_name(event->payload.index()));
  record.emplace_back("recorded_at", format_rfc3339(event->recorded_at));
  return record;
}

ExitCode check_proof(const CommandLine& line, const ProofOptions& options) {
  const auto key = key_of(options.vkey, "--vkey");
  const auto policy = policy_of(options);
  const auto proof = parse_proof_file(read_text(options.file, kProofFileBytesMax));
  if (!proof) throw Failure{ExitCode::difference, "this is not a proof file"};
  std::string entry{text_of(proof->extra)};
  if (!options.entry.empty()) entry = read_text(options.entry, kEventBytesMax);
  if (entry.empty())
    throw Failure{ExitCode::usage, "the proof does not hold its event: give it with --entry"};
  const auto checkpoint =
      check_proof_file(*proof, leaf_hash(bytes_of(entry)), {key, policy ? &*policy : nullptr});
  if (!checkpoint) {
    const auto code = to_errc(checkpoint.error());
    const char* what = code == Errc::root_mismatch ? "the event is not in the signed tree"
                       : code == Errc::key_not_found
                           ? "the checkpoint is not signed by this key and enough witnesses"
                       : code == Errc::signature_invalid ? "a signature is not good"
                                                         : "the checkpoint is not of this log";
    throw Failure{ExitCode::difference, std::string{"not proved: "} + what};
  }
  // The index is the log's word for the position; the event has its own, which the leaf covers.
  const auto event = decode_event(bytes_of(entry));
  if (event && event->seq.value() != proof->index + 1)
    throw Failure{ExitCode::difference, "not proved: the event says another seq than its place"};
  auto record = describe(*proof, *checkpoint, bytes_of(entry));
  if (policy) record.emplace_back("witnesses_at_least", std::uint64_t{policy->quorum()});
  print(render(record, line.format));
  return ExitCode::ok;
}

}  // namespace

void add_audit_proof_commands(CommandLine& line, CLI::App* group) {
  static ProofOptions options;
  auto* made = line.add_anywhere(
      group,
      {"prove",
       "Write a proof file (C2SP tlog-proof) that an event is in the signed log: of a token, "
       "the event that decides its status",
       "audit prove --jti JTI --data ./data --out token.tlog-proof",
       [&line] { return prove(line, options); }});
  made->add_option("--jti", options.jti, "The token");
  made->add_option("--seq", options.seq, "The event")->check(CLI::PositiveNumber);
  made->add_flag("--witnessed", options.is_witnessed,
                 "With the cosignatures of a quorum of the server's witnesses; waits for them");
  made->add_option("--out", options.out, "A new FILE; absent or -: stdout");
  auto* checked = line.add(
      group, {"check-proof",
              "Check a proof file against a public key, without any ledger; exit code 4: it proves "
              "nothing",
              "audit check-proof token.tlog-proof --vkey log.vkey",
              [&line] { return check_proof(line, options); }});
  checked->add_option("file", options.file, "The proof FILE; - is stdin")->required();
  checked->add_option("--vkey", options.vkey, "The log's public key, or a file that holds it")
      ->required();
  checked->add_option("--entry", options.entry,
                      "The event's bytes as a FILE, where the proof does not hold them");
  checked->add_option("--witness", options.witnesses,
                      "A witness's public key, or a file that holds it; may be repeated");
  checked->add_option("--quorum", options.quorum,
                      "How many of the witnesses must have signed; absent: all");
  CommandLine::add_format_option(checked, line.format);
}

}  // namespace tokenledger

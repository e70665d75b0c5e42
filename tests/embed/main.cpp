// What a program sees that embeds the ledger from an installed package: headers found, libraries
// linked, one call that needs each. Prints a line and returns 0 when every answer is right.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/errc.hpp"
#include "core/ids.hpp"
#include "core/merkle.hpp"
#include "core/proof_file.hpp"
#include "storage/ledger.hpp"

namespace {

int failures = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  ++failures;
  std::fprintf(stderr, "embed: not so: %s\n", what);
}

// D07: the installed library alone issues, checks, revokes, lists and keeps the host's notes.
void use_ledger(const std::filesystem::path& directory) {
  using namespace tokenledger;
  LedgerOptions options;
  options.directory = directory;
  std::string why;
  auto opened = Ledger::open(options, &why);
  if (!opened) return expect(false, why.c_str());
  auto& ledger = **opened;
  const auto token = ledger.make_admin_token(600);
  expect(token.has_value(), "a token is issued");
  if (!token) return;
  constexpr std::string_view kAudience = "urn:tokenledger:management";
  expect(ledger.check(token->token, kAudience), "the token is good");
  expect(ledger.append_note("billing", "invoice 7 paid").has_value(), "a note is appended");
  expect(ledger.revoke(token->index, {.reason = "done"}).has_value(), "the token is revoked");
  expect(!ledger.check(token->token, kAudience), "a revoked token is refused");
  const auto listed = ledger.list({});
  expect(listed && listed->page.tokens.size() == 1, "the list holds the token");
  expect(ledger.close().has_value(), "the ledger closes");
}

// D07: the installed library alone makes and checks a proof that needs no server.
void use_proofs() {
  using namespace tokenledger;
  const auto signer = NoteSigner::from_seed("embed.example/log", NoteKeyType::ed25519,
                                            std::vector<std::uint8_t>(32, 7));
  expect(signer.has_value(), "a checkpoint key is made");
  if (!signer) return;
  const Digest first = leaf_hash(bytes_of("first"));
  const Digest second = leaf_hash(bytes_of("second"));
  const auto checkpoint = sign_checkpoint(
      {.origin = "embed.example/log", .size = 2, .root = node_hash(first, second)}, *signer);
  expect(checkpoint.has_value(), "a checkpoint is signed");
  if (!checkpoint) return;
  const auto text =
      format_proof_file({.extra = {}, .index = 1, .hashes = {first}, .checkpoint = *checkpoint});
  expect(text.has_value(), "a proof file is written");
  if (!text) return;
  const auto file = parse_proof_file(*text);
  const auto log_key = NoteVerifier::from_vkey(signer->verifier().vkey());
  expect(file && log_key, "the proof file and the key are read");
  if (!file || !log_key) return;
  expect(check_proof_file(*file, second, {.log_key = *log_key}).has_value(), "the proof holds");
  expect(!check_proof_file(*file, first, {.log_key = *log_key}), "another entry is refused");
}

}  // namespace

int main() {
  using namespace tokenledger;
  expect(lane_for_lifetime(3600) == Lane::hour, "an hour-long token belongs to the hour lane");
  expect(to_seconds(to_time(UnixSeconds{1'700'000'000})) == UnixSeconds{1'700'000'000},
         "seconds survive the way through ledger time");

  const Result<int> refused = Errc::not_active;
  expect(refused.has_error() && refused.error() == Errc::not_active,
         "a failure compares equal to its Errc");
  expect(!refused.error().message().empty(), "a failure has a message (compiled into the library)");

  use_proofs();

  std::string directory =
      (std::filesystem::temp_directory_path() / "tokenledger-embed-XXXXXX").string();
  expect(::mkdtemp(directory.data()) != nullptr, "a temporary directory can be made");
  use_ledger(std::filesystem::path{directory} / "ledger");
  std::filesystem::remove_all(directory);

  if (failures == 0) std::puts("embed: fine");
  return failures == 0 ? 0 : 1;
}

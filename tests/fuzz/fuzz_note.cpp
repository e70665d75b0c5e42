// Any bytes: no crash. An accepted note is written again byte for byte, an accepted vkey too, and
// nobody's signature verifies under a key that did not make it.
#include <cstdint>
#include <cstdlib>

#include "core/signed_note.hpp"

namespace {

using namespace tokenledger;

const NoteSigner& stranger() {
  static const NoteSigner signer =
      NoteSigner::from_seed("example.com/foo", NoteKeyType::ed25519, std::vector<std::uint8_t>(32))
          .value();
  return signer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(ByteView{data, size});
  if (const auto key = NoteVerifier::from_vkey(text); key && key->vkey() != text) std::abort();
  auto note = parse_note(text);
  if (!note) return 0;
  const auto again = format_note(*note);
  if (!again || *again != text) std::abort();
  // Under the stranger's key id every line is a forgery.
  for (auto& line : note->signatures) {
    line.key_name = stranger().verifier().name();
    line.key_id = stranger().verifier().key_id();
  }
  if (verify_note(*note, {&stranger().verifier(), 1})) std::abort();
  return 0;
}

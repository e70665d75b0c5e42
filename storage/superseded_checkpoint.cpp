#include "storage/superseded_checkpoint.hpp"

#include "storage/durable_file.hpp"
#include "storage/ledger_core.hpp"
#include "storage/log_events.hpp"

namespace tokenledger {
namespace {

// Until the file is gone nobody but open() appends, a few events a time.
inline constexpr std::uint64_t kEventsSearchedMax = 1'024;

}  // namespace

// Whatever else the options say: a log cut below a checkpoint whose key is still there must not
// be opened, or the next checkpoint would contradict that one.
Result<void> LedgerCore::refuse_half_cut(std::string& why) const {
  const auto path = superseded_pending_path(paths.directory);
  const auto is_pending = files->exists(path);
  if (!is_pending) {
    why = "can't look for " + path.string() + ": " + is_pending.error().message();
    return is_pending.error();
  }
  if (!*is_pending) return {};
  why = "a cut of the ledger at " + paths.directory.string() +
        " was interrupted: finish it with `tokenledger recover --truncate-after`";
  return Errc::older_than_checkpoint;
}

// The file goes after the note is durable. A crash between the two finds the note in the log again.
Result<void> LedgerCore::note_superseded(std::string& why) {
  const auto path = superseded_path(paths.directory);
  const auto fail = [&](const boost::system::error_code& error) -> Result<void> {
    why =
        "can't note in the log the checkpoint that " + path.string() + " holds: " + error.message();
    return error;
  };
  const auto is_there = files->exists(path);
  if (!is_there) return fail(is_there.error());
  if (!*is_there) return {};
  const auto note = read_whole(*files, path, kNoteBodyBytesMax);
  if (!note) return fail(note.error());
  const auto is_noted = has_noted(text_of(*note));
  if (!is_noted) return fail(is_noted.error());
  if (!*is_noted) {
    AppendNote append{.topic = std::string{kSupersededTopic}, .body = {}};
    if (!note->empty()) {
      auto sealed = seal(text_of(*note));
      if (!sealed) return fail(sealed.error());
      append.body = std::move(*sealed);
    }
    const auto noted = submit({Actor{}, {}, std::nullopt, std::move(append)});
    if (!noted) return fail(noted.error());
  }
  if (auto removed = files->remove(path); !removed) return fail(removed.error());
  if (auto synced = files->sync_directory(paths.directory); !synced) return fail(synced.error());
  return {};
}

Result<bool> LedgerCore::has_noted(std::string_view body) const {
  const auto end = signal.committed().value();
  const auto begin = end > kEventsSearchedMax ? end - kEventsSearchedMax : 0;
  for (auto seq = end; seq > begin; --seq) {
    const auto event = read_event(*log, Sequence{seq});
    if (!event) return to_errc(event.error());
    const auto* note = std::get_if<NoteAppended>(&event->payload);
    // Others may write notes too; only the ledger's own counts.
    const bool is_ours = note != nullptr && event->actor.kind == Actor{}.kind;
    if (!is_ours || note->topic != kSupersededTopic) continue;
    const auto plain = open_sealed(note->body);
    if (plain.value_or("") == body) return true;
  }
  return false;
}

}  // namespace tokenledger

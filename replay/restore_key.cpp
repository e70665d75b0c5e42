#include "replay/restore_key.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "core/checkpoint.hpp"
#include "storage/audit_tree.hpp"
#include "storage/event_log.hpp"
#include "storage/keyring.hpp"
#include "storage/ledger_core.hpp"
#include "storage/log_events.hpp"
#include "storage/recover_checkpoints.hpp"

namespace tokenledger {
namespace {

// Opened with the ledger's key; `who` names it in a sentence.
struct Kept {
  ShownCheckpoint checkpoint;
  std::string who;
};

class KeyDecision {
 public:
  KeyDecision(const std::shared_ptr<FileLayer>& files, const KeyDecisionOptions& options,
              Restored& restored, std::string& why)
      : files_{files},
        paths_{options.directory},
        options_{options},
        restored_{restored},
        why_{why} {}

  Result<void> run() {
    if (auto opened = open(); !opened) return opened;
    if (auto opened = open_kept(); !opened) return opened;
    if (auto compared = compare(); !compared) return compared;
    RecoverCheckpoints checkpoints{*files_, paths_.directory, {}, *keys_};
    if (auto looked = checkpoints.look(issuer_); !looked)
      return fail("read the backup's checkpoints", looked.error());
    auto newest = checkpoints.newest_size();
    for (const auto& kept : kept_) newest = std::max(newest, kept.checkpoint.size);
    // An anchor that is behind anything else was not the one in use.
    const bool is_anchor_newest = anchor_size_ && *anchor_size_ == newest;
    // Without the mark in the keyring checkpoints may have been signed that no anchor saw.
    restored_.had_anchor = keys_->keepers().anchor;
    restored_.keeps_key = is_anchor_newest && restored_.had_anchor && newest <= end_.value();
    if (!restored_.keeps_key) {
      restored_.superseded_size = newest;
      if (auto replaced = replace_key(checkpoints); !replaced) return replaced;
    }
    const auto signer = make_checkpoint_signer(issuer_, keys_->checkpoint_seed());
    if (!signer) return fail("use the checkpoint key", signer.error());
    restored_.vkey = signer->verifier().vkey();
    return {};
  }

 private:
  Result<void> fail(const std::string& what, boost::system::error_code error) {
    why_ = "can't " + what + ": " + error.message();
    return error;
  }

  Result<void> open() {
    auto secret = find_keyring_key(*files_, options_.keyring_key_file);
    if (!secret) return fail("read the keyring key", secret.error());
    auto keyring = Keyring::load(files_, paths_.keyring, std::move(*secret));
    auto keys = keyring ? LedgerKeys::make(std::move(*keyring))
                        : Result<std::unique_ptr<LedgerKeys>>{keyring.error()};
    if (!keys && keys.error() == Errc::keyring_wrong_key) {
      why_ =
          "the key does not open the backup's keyring: give the right one with "
          "--keyring-key-file or TOKENLEDGER_KEYRING_KEY";
      return keys.error();
    }
    if (!keys) return fail("use the backup's keyring", keys.error());
    keys_ = std::move(*keys);
    std::string what;
    auto log = open_log_for_reading(files_, paths_.log, what);
    if (!log) {
      why_ = "can't open the restored log: " + EventLog::explain(log.error(), what);
      return log.error();
    }
    log_ = std::move(*log);
    const auto end = log_->last_seq();
    const auto issuer = issuer_of(*log_);
    if (!end || !issuer) return fail("read the restored log", end ? issuer.error() : end.error());
    end_ = *end;
    issuer_ = *issuer;
    const auto signer = make_checkpoint_signer(issuer_, keys_->checkpoint_seed());
    if (!signer) return fail("use the checkpoint key", signer.error());
    key_.emplace(signer->verifier());
    return {};
  }

  Result<void> open_kept() {
    for (const auto& given : options_.kept) {
      if (auto opened = open_one(given); !opened) return opened;
    }
    return {};
  }

  Result<void> open_one(const KeptNote& given) {
    const auto opened = open_checkpoint(given.note, *key_);
    auto shown =
        opened ? without_cosignatures(*opened, *key_) : Result<ShownCheckpoint>{opened.error()};
    if (!shown) {
      why_ = given.who + " is damaged or of another log: the backup's is " + key_->name();
      return Errc::audit_corrupt;
    }
    if (given.is_anchor) {
      restored_.has_anchor = true;
      anchor_size_ = shown->size;
    }
    kept_.push_back({std::move(*shown), given.who});
    return {};
  }

  // Hashes the log once, up to the last size that somebody kept.
  Result<void> compare() {
    std::uint64_t last = 0;
    for (const auto& kept : kept_)
      if (kept.checkpoint.size <= end_.value()) last = std::max(last, kept.checkpoint.size);
    CompactRange range;
    const auto reader = log_->read(Sequence{1}, true);
    while (range.size() < last) {
      const auto event = reader->next();
      if (!event || event->empty())
        return fail("read the restored log", event ? Errc::log_corrupt : to_errc(event.error()));
      range.append(leaf_hash(*event));
      for (const auto& [checkpoint, who] : kept_) {
        if (checkpoint.size != range.size() || checkpoint.root == range.root()) continue;
        why_ = who + " saw another history: at seq " + std::to_string(checkpoint.size) +
               " its Merkle root is not the backup's";
        return Errc::root_mismatch;
      }
    }
    return {};
  }

  // The steps of a cut below a checkpoint (storage/recover_checkpoints.hpp). The anchor is not
  // touched: it may still belong to a ledger that lives.
  Result<void> replace_key(RecoverCheckpoints& checkpoints) {
    for (const auto& kept : kept_) checkpoints.add_kept(kept.checkpoint);
    restored_.superseded = checkpoints.superseded_note();
    if (auto begun = checkpoints.begin(); !begun)
      return fail("note the old checkpoint", begun.error());
    const auto aside = checkpoints.finish();
    return aside ? Result<void>{} : fail("replace the checkpoint key", aside.error());
  }

  const std::shared_ptr<FileLayer>& files_;
  const LedgerPaths paths_;
  const KeyDecisionOptions& options_;
  Restored& restored_;
  std::string& why_;
  std::unique_ptr<LedgerKeys> keys_;
  std::unique_ptr<EventLog> log_;
  Sequence end_;
  std::string issuer_;
  std::optional<NoteVerifier> key_;
  std::vector<Kept> kept_;
  std::optional<std::uint64_t> anchor_size_;
};

}  // namespace

Result<void> settle_checkpoint_key(const std::shared_ptr<FileLayer>& files,
                                   const KeyDecisionOptions& options, Restored& restored,
                                   std::string& why) {
  return KeyDecision{files, options, restored, why}.run();
}

}  // namespace tokenledger

// A witness of ours: what it cosigns, what it refuses (C2SP tlog-witness, add-checkpoint), and that
// no cosignature anybody saw is ever forgotten or contradicted.
#include "storage/witness.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <iostream>
#include <thread>

#include "core/merkle.hpp"
#include "core/merkle_proof.hpp"
#include "core/proof_text.hpp"
#include "core/witness_request.hpp"
#include "storage/fault_injection.hpp"
#include "tests/core/log_fixture.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger {
namespace {

using testing_support::as_bytes;
using testing_support::contents;
using testing_support::overwrite;
using testing_support::TemporaryDirectory;

constexpr std::uint64_t kForkAt = 8;

NoteSigner key_of(std::string_view name, NoteKeyType type, std::uint8_t seed) {
  const std::array<std::uint8_t, 32> bytes{seed};
  return NoteSigner::from_seed(name, type, bytes).value();
}

// A log with two histories: they agree in the first kForkAt entries.
class TwoFacedLog {
 public:
  explicit TwoFacedLog(std::string_view origin = "log.example/one", std::uint8_t seed = 1)
      : signer_{key_of(origin, NoteKeyType::ed25519, seed)} {
    for (const auto branch : {0u, 1u})
      for (std::uint64_t at = 0; at < 64; ++at) {
        const auto name = (at < kForkAt ? "" : std::to_string(branch) + "/") + std::to_string(at);
        leaves_[branch].push_back(leaf_hash(bytes_of(name)));
      }
  }
  [[nodiscard]] NoteVerifier key() const { return signer_.verifier(); }
  [[nodiscard]] Checkpoint at(std::uint64_t size, unsigned branch = 0) const {
    return {.origin = signer_.verifier().name(), .size = size, .root = root(size, branch)};
  }
  [[nodiscard]] std::string signed_at(std::uint64_t size, unsigned branch = 0) const {
    return sign_checkpoint(at(size, branch), signer_).value();
  }
  [[nodiscard]] std::vector<Digest> proof(std::uint64_t from, std::uint64_t to,
                                          unsigned branch = 0) const {
    if (from == 0) return {};
    Leaves source{leaves_[branch]};
    return consistency_proof(from, to, source).value();
  }
  [[nodiscard]] std::string request(std::uint64_t from, std::uint64_t to,
                                    unsigned branch = 0) const {
    return format_add_checkpoint(
               {.old_size = from,
                .proof = from < to ? proof(from, to, branch) : std::vector<Digest>{},
                .checkpoint = signed_at(to, branch)})
        .value();
  }

 private:
  class Leaves final : public HashSource {
   public:
    explicit Leaves(const std::vector<Digest>& leaves) : leaves_{leaves} {}
    Result<Digest> node(NodeId id) override {
      CompactRange range;
      for (auto at = id.index << id.level; at < (id.index + 1) << id.level; ++at)
        range.append(leaves_.at(at));
      return range.root();
    }

   private:
    const std::vector<Digest>& leaves_;
  };
  [[nodiscard]] Digest root(std::uint64_t size, unsigned branch) const {
    CompactRange range;
    for (std::uint64_t at = 0; at < size; ++at) range.append(leaves_[branch][at]);
    return range.root();
  }
  NoteSigner signer_;
  std::array<std::vector<Digest>, 2> leaves_;
};

class WitnessTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Witness>> open(std::uint8_t seed = 9) {
    return Witness::open({.directory = directory / "state", .logs = logs, .files = files},
                         key_of("w.example/1", NoteKeyType::cosignature, seed), why);
  }
  void start() {
    witness.reset();
    auto opened = open();
    ASSERT_TRUE(opened) << why;
    witness = std::move(*opened);
  }
  WitnessVerdict ask(const std::string& body) { return witness->add_checkpoint(body).verdict; }
  static std::string hash(const TwoFacedLog& of) {
    std::string text;
    for (const auto byte : sha256(bytes_of(of.key().name()))) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      text += kDigits[byte >> 4];
      text += kDigits[byte & 15];
    }
    return text;
  }
  std::uint64_t last_size() {
    const auto note = witness->checkpoint(hash(log));
    return note ? open_checkpoint(*note, log.key())->checkpoint.size : 0;
  }

  TemporaryDirectory directory;
  TwoFacedLog log;
  std::vector<NoteVerifier> logs{log.key()};
  std::shared_ptr<FileLayer> files = make_posix_file_layer();
  std::string why;
  std::unique_ptr<Witness> witness;
};

TEST_F(WitnessTest, CosignsWhatExtendsAndRemembersIt) {
  start();
  EXPECT_EQ(witness->checkpoint(hash(log)).error(), Errc::file_not_found);
  const auto first = witness->add_checkpoint(log.request(0, 5));
  ASSERT_EQ(first.verdict, WitnessVerdict::cosigned);
  auto note = parse_note(log.signed_at(5)).value();
  for (const auto& line : parse_signature_lines(first.lines).value())
    note.signatures.push_back(line);
  const auto policy = WitnessPolicy::make({witness->verifier()}, 1).value();
  EXPECT_TRUE(verify_witnesses(policy, note));
  EXPECT_EQ(ask(log.request(5, 5)), WitnessVerdict::cosigned) << "the same one again";
  EXPECT_EQ(ask(log.request(5, 20)), WitnessVerdict::cosigned);
  start();
  EXPECT_EQ(last_size(), 20u);
  EXPECT_EQ(ask(log.request(20, 40)), WitnessVerdict::cosigned);
  EXPECT_TRUE(verify_witnesses(policy, parse_note(*witness->checkpoint(hash(log))).value()));
}

// One row per rule of the protocol, in the order in which it is found out.
TEST_F(WitnessTest, AnswersEachMistakeWithItsVerdict) {
  start();
  ASSERT_EQ(ask(log.request(0, 10)), WitnessVerdict::cosigned);
  const TwoFacedLog stranger{"log.example/other", 2};
  const TwoFacedLog namesake{"log.example/one", 3};
  const auto with = [&](std::uint64_t old_size, std::vector<Digest> proof, std::string note) {
    return format_add_checkpoint(
               {.old_size = old_size, .proof = std::move(proof), .checkpoint = std::move(note)})
        .value();
  };
  auto bad_signature = parse_note(log.signed_at(20)).value();
  bad_signature.signatures[0].bytes[5] ^= 1;
  auto bad_proof = log.proof(10, 20);
  bad_proof[0][0] ^= 1;
  auto long_proof = log.proof(10, 20);
  long_proof.emplace_back();
  const auto empty = sign_checkpoint({.origin = log.key().name(), .size = 0, .root = empty_root()},
                                     key_of("log.example/one", NoteKeyType::ed25519, 1))
                         .value();
  auto wrong_empty = parse_note(empty).value();
  wrong_empty.text = log.key().name() + "\n0\n" + digest_to_base64(Digest{}) + "\n";
  wrong_empty.signatures = {
      key_of("log.example/one", NoteKeyType::ed25519, 1).sign(wrong_empty.text).value()};
  const auto not_a_checkpoint = [&] {
    SignedNote note{.text = log.key().name() + "\nhello\n"};
    note.signatures = {key_of("log.example/one", NoteKeyType::ed25519, 1).sign(note.text).value()};
    return format_note(note).value();
  }();
  struct Row {
    const char* name;
    std::string body;
    WitnessVerdict want;
  };
  const Row rows[] = {
      {"no request", "hello", WitnessVerdict::malformed},
      {"no note", "old 10\n\nhello\n", WitnessVerdict::malformed},
      {"no checkpoint", with(10, {}, not_a_checkpoint), WitnessVerdict::malformed},
      {"unknown origin", stranger.request(0, 5), WitnessVerdict::unknown_log},
      {"another key under the name", namesake.request(0, 5), WitnessVerdict::not_signed},
      {"bad signature", with(10, log.proof(10, 20), format_note(bad_signature).value()),
       WitnessVerdict::not_signed},
      {"old above new", with(30, {}, log.signed_at(20)), WitnessVerdict::malformed},
      {"old below ours", log.request(5, 20), WitnessVerdict::other_size},
      {"old of zero", log.request(0, 20), WitnessVerdict::other_size},
      {"old above ours", log.request(15, 20), WitnessVerdict::other_size},
      {"going back", with(5, {}, log.signed_at(5)), WitnessVerdict::other_size},
      {"bad proof", with(10, bad_proof, log.signed_at(20)), WitnessVerdict::not_extending},
      {"proof too long", with(10, long_proof, log.signed_at(20)), WitnessVerdict::not_extending},
      {"no proof", with(10, {}, log.signed_at(20)), WitnessVerdict::not_extending},
      {"another history", log.request(10, 20, 1), WitnessVerdict::not_extending},
      {"same size, another root", with(10, {}, log.signed_at(10, 1)),
       WitnessVerdict::not_extending},
      {"same size, a proof", with(10, {Digest{}}, log.signed_at(10)),
       WitnessVerdict::not_extending},
      {"wrong empty tree", with(0, {}, format_note(wrong_empty).value()),
       WitnessVerdict::not_extending},
  };
  for (const auto& row : rows) EXPECT_EQ(ask(row.body), row.want) << row.name;
  EXPECT_EQ(witness->add_checkpoint(log.request(0, 20)).size, 10u) << "a 409 says where we stand";
  EXPECT_EQ(last_size(), 10u);
  EXPECT_EQ(ask(log.request(10, 20)), WitnessVerdict::cosigned) << "nothing was spoiled";
}

TEST_F(WitnessTest, FirstCheckpointTakesNoProofAndTheEmptyTreeIsOne) {
  start();
  const auto with_proof =
      format_add_checkpoint({.old_size = 0, .proof = {Digest{}}, .checkpoint = log.signed_at(5)});
  EXPECT_EQ(ask(*with_proof), WitnessVerdict::not_extending);
  const auto empty = sign_checkpoint({.origin = log.key().name(), .size = 0, .root = empty_root()},
                                     key_of("log.example/one", NoteKeyType::ed25519, 1));
  const auto body = format_add_checkpoint({.old_size = 0, .proof = {}, .checkpoint = *empty});
  EXPECT_EQ(ask(*body), WitnessVerdict::cosigned);
  start();
  EXPECT_EQ(ask(log.request(0, 5)), WitnessVerdict::cosigned);
  EXPECT_EQ(last_size(), 5u);
}

TEST_F(WitnessTest, LogsAreApart) {
  const TwoFacedLog other{"log.example/other", 2};
  logs.push_back(other.key());
  start();
  EXPECT_EQ(ask(log.request(0, 20)), WitnessVerdict::cosigned);
  EXPECT_EQ(ask(other.request(0, 3)), WitnessVerdict::cosigned);
  start();
  EXPECT_EQ(last_size(), 20u);
  EXPECT_EQ(open_checkpoint(*witness->checkpoint(hash(other)), other.key())->checkpoint.size, 3u);
}

TEST_F(WitnessTest, RefusesAStateItCanNotTrust) {
  start();
  ASSERT_EQ(ask(log.request(0, 10)), WitnessVerdict::cosigned);
  EXPECT_EQ(open().error(), Errc::directory_locked);
  witness.reset();
  EXPECT_EQ(open(8).error(), Errc::audit_corrupt) << "another key cosigned this";
  const auto path = directory / "state" / hash(log);
  const auto good = contents(path);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    overwrite(path, bad);
    auto opened = open();
    EXPECT_FALSE(opened) << "byte " << at;
    refused += opened.has_error();
  }
  std::cout << refused << " of " << good.size() << " flipped bytes refused\n";
  overwrite(path, log.signed_at(10));
  EXPECT_EQ(open().error(), Errc::audit_corrupt) << "the log's signature alone is not ours";
  overwrite(path, "");
  EXPECT_EQ(open().error(), Errc::audit_corrupt) << "an empty file is not a new beginning";
  overwrite(path, good);
  start();
  EXPECT_EQ(last_size(), 10u);
  witness.reset();
  logs = {log.key(), log.key()};
  EXPECT_EQ(open().error(), Errc::invalid_argument);
  logs = {};
  EXPECT_EQ(open().error(), Errc::invalid_argument);
}

// Two histories of one size, and of different ones, offered by several threads at once.
TEST_F(WitnessTest, OfTwoHistoriesOfferedAtOnceExactlyOneIsCosigned) {
  start();
  ASSERT_EQ(ask(log.request(0, kForkAt)), WitnessVerdict::cosigned);
  constexpr unsigned kThreads = 4;
  int rounds = 0;
  std::array<int, 2> wins{};
  for (; rounds < 100; ++rounds) {
    std::array<std::atomic<int>, 2> cosigned{};
    std::atomic<unsigned> ready{0};
    const auto size = kForkAt + 1 + static_cast<std::uint64_t>(rounds) % 40;
    std::vector<std::thread> threads;
    for (unsigned at = 0; at < kThreads; ++at) {
      threads.emplace_back([&, branch = at % 2] {
        const auto body = log.request(kForkAt, size, branch);
        ++ready;
        while (ready.load() < kThreads) std::this_thread::yield();
        if (ask(body) == WitnessVerdict::cosigned) ++cosigned[branch];
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(cosigned[0] + cosigned[1], 1) << "round " << rounds;
    ++wins[cosigned[0] != 0 ? 0 : 1];
    // The next round begins where this one did.
    witness.reset();
    std::filesystem::remove_all(directory / "state");
    start();
    ASSERT_EQ(ask(log.request(0, kForkAt)), WitnessVerdict::cosigned);
  }
  std::cout << rounds << " rounds of " << kThreads << " threads: one history won " << wins[0]
            << " times, the other " << wins[1] << " times\n";
}

// Every change on disk x {fails, fails but happened} x {goes on, power cut}.
TEST_F(WitnessTest, NeverAnswersForACheckpointThatReopeningHasForgotten) {
  struct Case {
    FaultKind kind;
    bool cuts_power;
  };
  int failures = 0;
  for (const auto& [kind, cuts_power] :
       {Case{FaultKind::not_persisted, false}, Case{FaultKind::persisted, false},
        Case{FaultKind::not_persisted, true}, Case{FaultKind::persisted, true}}) {
    for (std::uint64_t operation = 1;; ++operation) {
      TemporaryDirectory scratch;
      TemporaryDirectory place;
      const auto faulty = std::make_shared<FaultInjectingFileLayer>(scratch.path());
      const auto reopen = [&] {
        return Witness::open({.directory = place / "state", .logs = logs, .files = faulty},
                             key_of("w.example/1", NoteKeyType::cosignature, 9), why);
      };
      faulty->set_fault({.operation = operation, .kind = kind, .then_crash = false});
      std::uint64_t seen = 0;  // what anybody holds a cosignature of
      bool has_failed = false;
      {
        auto opened = reopen();
        has_failed = opened.has_error();
        for (const std::uint64_t size : {5u, 9u, 13u, 17u}) {
          if (!opened) break;
          const auto answer = (*opened)->add_checkpoint(log.request(seen, size));
          if (answer.verdict == WitnessVerdict::cosigned) seen = size;
          has_failed = has_failed || answer.verdict == WitnessVerdict::failed;
        }
      }
      const bool has_ended = !faulty->failed_change().has_value();
      failures += has_ended ? 0 : 1;
      faulty->clear_fault();
      if (cuts_power) {
        ASSERT_TRUE(faulty->drop_unsynced());
      }
      auto again = reopen();
      ASSERT_TRUE(again) << why << ", change " << operation;
      // What a killed process renamed is answered for without a write: so it was made durable.
      if (!cuts_power) {
        const auto found = (*again)->checkpoint(hash(log));
        const auto last = found ? open_checkpoint(*found, log.key())->checkpoint.size : 0;
        if (last != 0) {
          ASSERT_EQ((*again)->add_checkpoint(log.request(last, last)).verdict,
                    WitnessVerdict::cosigned);
        }
        seen = std::max(seen, last);
        again->reset();
        ASSERT_TRUE(faulty->drop_unsynced());
        again = reopen();
        ASSERT_TRUE(again) << why << ", change " << operation;
      }
      const auto note = (*again)->checkpoint(hash(log));
      const auto size = note ? open_checkpoint(*note, log.key())->checkpoint.size : 0;
      EXPECT_GE(size, seen) << "change " << operation << " forgot a cosignature";
      EXPECT_EQ(has_failed, !has_ended) << "change " << operation;
      // And it goes on from there, on one history only.
      if (size > kForkAt) {
        EXPECT_EQ((*again)->add_checkpoint(log.request(size, 30, 1)).verdict,
                  WitnessVerdict::not_extending);
      }
      EXPECT_EQ((*again)->add_checkpoint(log.request(size, 30)).verdict, WitnessVerdict::cosigned);
      if (has_ended) break;
    }
  }
  std::cout << failures << " failed changes\n";
  EXPECT_GT(failures, 20);
}

TEST_F(WitnessTest, AfterAFailedWriteTheLogGetsNoAnswerUntilARestart) {
  TemporaryDirectory scratch;
  const auto faulty = std::make_shared<FaultInjectingFileLayer>(scratch.path());
  files = faulty;
  start();
  ASSERT_EQ(ask(log.request(0, 5)), WitnessVerdict::cosigned);
  faulty->set_fault({.operation = 1,
                     .kind = FaultKind::not_persisted,
                     .then_crash = false,
                     .among = [](const FileChange&) { return true; }});  // counted from here
  EXPECT_EQ(ask(log.request(5, 9)), WitnessVerdict::failed);
  EXPECT_EQ(ask(log.request(5, 9)), WitnessVerdict::failed);
  EXPECT_EQ(ask(log.request(5, 5)), WitnessVerdict::failed);
  start();
  EXPECT_EQ(ask(log.request(5, 9)), WitnessVerdict::cosigned);
}

}  // namespace
}  // namespace tokenledger

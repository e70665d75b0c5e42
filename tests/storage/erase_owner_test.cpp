// Erasing an owner (INV-8): what is unreadable afterwards, what stays provable, and that nothing
// brings the key back.
#include <atomic>
#include <future>
#include <set>
#include <thread>

#include "core/event_codec.hpp"
#include "core/merkle.hpp"
#include "tests/storage/ledger_fixture.hpp"

namespace tokenledger {
namespace {

constexpr const char* kOwner = "Ada-Lovelace-7731";
constexpr const char* kFields = R"({"phone":"555-0199"})";

class EraseOwnerTest : public testing_support::LedgerTest {
 protected:
  void SetUp() override {
    open();
    add_api(TokenKind::opaque);
    add_client("a");
  }
  IssuedToken issue_for(const std::string& owner, const std::string& extra_fields = {}) {
    IssueRequest request;
    request.client_id = "a";
    request.audience = kApi;
    request.owner = owner;
    request.extra_fields = extra_fields;
    auto issued = ledger_->issue(std::move(request));
    EXPECT_TRUE(issued) << issued.error().message();
    return issued ? std::move(*issued) : IssuedToken{};
  }
  KeyStore& store() { return *ledger_->core().key_store; }
  std::filesystem::path key_store_path() const { return directory_ / "ledger" / "keystore"; }
  std::string key_store_bytes() { return testing_support::contents(key_store_path()); }
  TokenRow row(const IssuedToken& token) {
    const auto found = ledger_->token(token.index);
    EXPECT_TRUE(found) << found.error().message();
    return found ? found->row : TokenRow{};
  }
  OwnerHandle handle_of(const IssuedToken& token) {
    return owner_handle(row(token).owner).value_or(OwnerHandle{});
  }
  std::size_t listed(const std::string& owner) {
    const auto list = ledger_->list({.owner = owner});
    EXPECT_TRUE(list) << list.error().message();
    return list ? list->page.tokens.size() : 0;
  }
  void expect_erased(const IssuedToken& token) {
    const auto found = row(token);
    EXPECT_FALSE(ledger_->open_sealed(found.owner));
    EXPECT_FALSE(ledger_->open_sealed(found.extra_fields));
    EXPECT_TRUE(ledger_->is_erased(found.owner));
    EXPECT_TRUE(ledger_->is_erased(found.extra_fields));
  }
  std::vector<std::string> event_bytes() {
    std::vector<std::string> events;
    for (Sequence seq{1}; seq <= ledger_->committed(); seq = seq.next())
      events.emplace_back(text_of(*ledger_->core().log->get(seq)));
    return events;
  }
  static Digest root_of(std::span<const std::string> events) {
    CompactRange range;
    for (const auto& event : events) range.append(leaf_hash(bytes_of(event)));
    return range.root();
  }
};

TEST_F(EraseOwnerTest, INV8_NeitherNameNorFieldsNorTheWayToTheTokensAreLeft) {
  const auto token = issue_for(kOwner, kFields);
  const auto other = issue_for("Bob", R"({"phone":"555-0100"})");
  EXPECT_EQ(listed(kOwner), 1u);
  const auto handle = handle_of(token);
  const std::string handle_text{handle.data(), handle.size()};
  ASSERT_TRUE(store().sync());
  const auto before = key_store_bytes();
  const auto at = before.find(handle_text);
  ASSERT_NE(at, std::string::npos);
  const auto wrapped = before.substr(at + handle.size() + 2, 24 + 32 + 16);
  const auto lookups = store().ids_of(kOwnerLookupKind);
  ASSERT_EQ(lookups.size(), 2u);

  const auto erased = ledger_->erase_owner(kOwner, {.reason = "asked for by letter"});
  ASSERT_TRUE(erased) << erased.error().message();
  // Now, with the ledger open: the answer is the promise.
  const auto after = key_store_bytes();
  EXPECT_EQ(after.find(wrapped), std::string::npos) << "the wrapped key is gone from the file";
  EXPECT_EQ(after.find(handle_text), std::string::npos);
  std::size_t lookups_left = 0;
  for (const auto& lookup : lookups)
    lookups_left += after.find(std::string{text_of(lookup.id)}) != std::string::npos ? 1 : 0;
  EXPECT_EQ(lookups_left, 1u) << "Bob's";
  EXPECT_EQ(listed(kOwner), 0u);
  expect_erased(token);
  EXPECT_TRUE(check(token)) << "erasing ends no token";
  EXPECT_EQ(ledger_->open_sealed(row(other).owner), "Bob");
  EXPECT_EQ(ledger_->open_sealed(row(other).extra_fields), R"({"phone":"555-0100"})");
  EXPECT_EQ(listed("Bob"), 1u);
  EXPECT_EQ(ledger_->erase_owner(kOwner, {}).error(), Errc::owner_not_found);

  const auto event = decode_event(*ledger_->core().log->get(erased->seq));
  ASSERT_TRUE(event);
  const auto& payload = std::get<OwnerErased>(event->payload);
  EXPECT_TRUE(std::ranges::equal(payload.owner, handle, {}, {},
                                 [](char byte) { return static_cast<std::uint8_t>(byte); }));
  EXPECT_EQ(ledger_->open_sealed(payload.reason), "asked for by letter");
  reopen();
  expect_erased(token);
  EXPECT_TRUE(check(token));
  ASSERT_TRUE(ledger_->close());
  for (const auto& file : std::filesystem::recursive_directory_iterator{directory_ / "ledger"}) {
    if (!file.is_regular_file()) continue;
    const auto text = testing_support::contents(file.path());
    EXPECT_EQ(text.find(wrapped), std::string::npos) << file.path().filename();
    for (const char* plain : {"Lovelace", "555-0199", "by letter"})
      EXPECT_EQ(text.find(plain), std::string::npos) << file.path().filename();
  }
}

TEST_F(EraseOwnerTest, INV1_INV8_TheErasureChangesNoEventAndNoRoot) {
  const auto token = issue_for(kOwner, kFields);
  const auto before = event_bytes();
  const auto root = root_of(before);
  ASSERT_TRUE(ledger_->erase_owner(kOwner, {}));
  reopen();  // which compares HEAD's root with the log
  const auto after = event_bytes();
  ASSERT_GT(after.size(), before.size());
  EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin()));
  EXPECT_EQ(root_of(std::span{after}.first(before.size())), root);
  EXPECT_EQ(root_of(after), ledger_->core().range.root());
  ASSERT_TRUE(decode_event(bytes_of(after[token.committed.seq.value() - 1])));
}

TEST_F(EraseOwnerTest, INV8_ARefusedIssueDoesNotTakeTheKeyOfOthersFields) {
  const auto token = issue_for(kOwner, kFields);
  IssueRequest request;
  request.client_id = "a";
  request.audience = kApi;
  request.owner = kOwner;
  request.extra_fields = kFields;
  request.name = std::string(kLabelBytesMax + 1, 'n');  // refused by decide, after sealing
  EXPECT_EQ(ledger_->issue(std::move(request)).error(), Errc::invalid_argument);
  EXPECT_EQ(ledger_->open_sealed(row(token).owner), kOwner);
  EXPECT_EQ(ledger_->open_sealed(row(token).extra_fields), kFields);
}

TEST_F(EraseOwnerTest, INV7_ARefusedErasureWritesNothingAndLeavesNoKey) {
  issue_for(kOwner);
  const auto keys = store().size();
  const auto committed = ledger_->committed();
  const std::string name(kLabelBytesMax + 1, 'n');
  const std::string reason(kNoteBodyBytesMax + 1, 'r');
  EXPECT_EQ(ledger_->erase_owner("nobody", {.reason = "why"}).error(), Errc::owner_not_found);
  EXPECT_EQ(ledger_->erase_owner("", {.reason = "why"}).error(), Errc::invalid_argument);
  EXPECT_EQ(ledger_->erase_owner(name, {.reason = "why"}).error(), Errc::too_large);
  EXPECT_EQ(ledger_->erase_owner(kOwner, {.reason = reason}).error(), Errc::too_large);
  const auto stranger = ledger_->erase_owner(
      kOwner,
      {.actor = {.kind = ActorKind::token, .token = TokenIndex{Lane::hour, 7}}, .reason = "why"});
  EXPECT_EQ(stranger.error(), Errc::unauthorized_actor);
  EXPECT_EQ(store().size(), keys);
  EXPECT_EQ(ledger_->committed(), committed);
  EXPECT_EQ(listed(kOwner), 1u);
}

TEST_F(EraseOwnerTest, INV8_ARepeatedRequestGetsTheFirstResultAndSparesTheNamesNextOwner) {
  issue_for(kOwner);
  const Actor host{.kind = ActorKind::host};
  const auto once = ledger_->make_idempotency(host, "key-1", "erase Ada");
  const auto first = ledger_->erase_owner(kOwner, {.idempotency = once});
  ASSERT_TRUE(first);
  auto again = ledger_->erase_owner(kOwner, {.reason = "again", .idempotency = once});
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_TRUE(again->repeated);
  EXPECT_EQ(again->seq, first->seq);
  const auto newer = issue_for(kOwner);
  const auto keys = store().size();
  again = ledger_->erase_owner(kOwner, {.reason = "again", .idempotency = once});
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->repeated);
  EXPECT_EQ(ledger_->open_sealed(row(newer).owner), kOwner);
  EXPECT_EQ(store().size(), keys);
  EXPECT_EQ(once.body, ledger_->make_idempotency(host, "key-1", "erase Ada").body);
  EXPECT_NE(once.body, ledger_->make_idempotency(host, "key-2", "erase Ada").body)
      << "nobody may try out names on what stands in the log";
}

// Once with HEAD as it is, which does not know the newer key store yet, once with a HEAD of the
// same age as the key store, as a backup of both would bring it.
TEST_F(EraseOwnerTest, INV8_AnOlderKeyStorePutBackIsErasedAgainAtOpen) {
  const auto head_path = directory_ / "ledger" / "HEAD";
  for (const bool with_head : {false, true}) {
    const auto token = issue_for(kOwner, kFields);
    const auto other = issue_for("Bob");
    const auto handle = handle_of(token);
    const std::string handle_text{handle.data(), handle.size()};
    reopen();
    const auto old_key_store = key_store_bytes();
    const auto old_head = testing_support::contents(head_path);
    ASSERT_NE(old_key_store.find(handle_text), std::string::npos);
    ASSERT_TRUE(ledger_->erase_owner(kOwner, {}));
    ASSERT_TRUE(ledger_->close());
    ledger_.reset();
    testing_support::overwrite(key_store_path(), old_key_store);
    if (with_head) testing_support::overwrite(head_path, old_head);
    warnings_.clear();
    open();
    EXPECT_NE(warnings_.find("erased the keys of 1 owner again"), std::string::npos) << warnings_;
    EXPECT_EQ(key_store_bytes().find(handle_text), std::string::npos);
    expect_erased(token);
    EXPECT_EQ(listed(kOwner), 0u);
    EXPECT_EQ(ledger_->open_sealed(row(other).owner), "Bob");
    warnings_.clear();
    reopen();
    EXPECT_EQ(warnings_.find("again"), std::string::npos) << "once is enough: " << warnings_;
  }
}

// The commit thread stands still until the erasure and the token, whose owner is sealed already,
// both wait for it, in this order.
TEST_F(EraseOwnerTest, INV8_ATokenSealedBeforeAnErasureAndDecidedAfterItIsTheNextOwners) {
  const auto before = issue_for(kOwner, kFields);
  std::promise<void> goes_on;
  ledger_->submit_async({.actor = {.kind = ActorKind::host}, .payload = AppendNote{"gate", {}}},
                        [&](const Result<Committed>&) { goes_on.get_future().wait(); });
  auto& queue = ledger_->core().queue;
  const auto await_queued = [&](std::size_t count) {
    while (queue.depth() < count) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  };
  while (ledger_->committed() == Sequence{} || queue.depth() > 0)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  Result<Committed> erased = Errc::unknown_outcome;
  Result<IssuedToken> issued = Errc::unknown_outcome;
  {
    std::jthread eraser{[&] { erased = ledger_->erase_owner(kOwner, {}); }};
    await_queued(1);
    std::jthread issuer{[&] {
      IssueRequest request;
      request.client_id = "a";
      request.audience = kApi;
      request.owner = kOwner;
      request.extra_fields = kFields;
      issued = ledger_->issue(std::move(request));
    }};
    await_queued(2);
    goes_on.set_value();
  }
  ASSERT_TRUE(erased) << erased.error().message();
  ASSERT_TRUE(issued) << issued.error().message();
  EXPECT_GT(issued->committed.seq, erased->seq);
  expect_erased(before);
  EXPECT_NE(handle_of(*issued), handle_of(before));
  EXPECT_EQ(ledger_->open_sealed(row(*issued).owner), kOwner);
  EXPECT_EQ(ledger_->open_sealed(row(*issued).extra_fields), kFields);
  EXPECT_EQ(listed(kOwner), 1u) << "found by its name, so the next erasure takes it too";
  ASSERT_TRUE(ledger_->erase_owner(kOwner, {}));
  expect_erased(*issued);
  EXPECT_TRUE(store().ids_of(kOwnerLookupKind).empty());
  EXPECT_EQ(poisoned_, "");
}

// Issuers and erasers of the same names at the same time, then the rest is erased.
TEST_F(EraseOwnerTest, INV8_IssuingForAnOwnerWhoIsBeingErasedNeverLeavesAReadableErasedField) {
  constexpr int kIssuers = 3;
  constexpr int kTokensEach = 120;
  constexpr int kNames = 3;
  const auto name = [](int number) { return std::string{kOwner} + std::to_string(number); };
  std::vector<std::vector<IssuedToken>> issued(kIssuers);
  std::atomic<int> working{kIssuers};
  std::atomic<int> refused{0};
  int erasures = 0;
  {
    std::vector<std::jthread> threads;
    for (int issuer = 0; issuer < kIssuers; ++issuer) {
      threads.emplace_back([&, issuer] {
        for (int i = 0; i < kTokensEach; ++i) {
          IssueRequest request;
          request.client_id = "a";
          request.audience = kApi;
          request.owner = name((i + issuer) % kNames);
          request.extra_fields = kFields;
          if (i % 10 == 9) request.name = std::string(kLabelBytesMax + 1, 'n');
          auto token = ledger_->issue(std::move(request));
          if (token)
            issued[static_cast<std::size_t>(issuer)].push_back(std::move(*token));
          else
            ++refused;
        }
        --working;
      });
    }
    while (working.load() > 0) {
      const auto erased = ledger_->erase_owner(name(erasures % kNames), {});
      if (erased)
        ++erasures;
      else
        ASSERT_EQ(erased.error(), Errc::owner_not_found);
    }
  }
  EXPECT_EQ(refused.load(), kIssuers * kTokensEach / 10) << "only those with a bad label";
  EXPECT_EQ(poisoned_, "");
  std::size_t readable = 0;
  std::size_t tokens = 0;
  for (const auto& list : issued) {
    for (const auto& token : list) {
      ++tokens;
      const auto found = row(token);
      const auto owner = ledger_->open_sealed(found.owner);
      EXPECT_EQ(owner.has_value(), ledger_->open_sealed(found.extra_fields).has_value());
      EXPECT_EQ(owner.has_value(), !ledger_->is_erased(found.owner));
      readable += owner ? 1 : 0;
    }
  }
  std::size_t named = 0;
  for (int number = 0; number < kNames; ++number) named += listed(name(number));
  EXPECT_EQ(named, readable) << "whoever can be read can be found";
  std::set<OwnerHandle> erased;
  for (Sequence seq{1}; seq <= ledger_->committed(); seq = seq.next()) {
    const auto event = decode_event(*ledger_->core().log->get(seq));
    if (const auto* gone = std::get_if<OwnerErased>(&event->payload)) {
      OwnerHandle handle{};
      std::ranges::copy(gone->owner, handle.begin());
      erased.insert(handle);
    }
    const auto* token = std::get_if<TokenIssued>(&event->payload);
    const auto owner = token == nullptr ? std::nullopt : owner_handle(token->owner);
    EXPECT_FALSE(owner && erased.contains(*owner)) << "after the erasure: " << seq.value();
  }
  std::printf("%zu tokens, %d erasures meanwhile, %zu readable before the last ones\n", tokens,
              erasures, readable);
  for (int number = 0; number < kNames; ++number)
    static_cast<void>(ledger_->erase_owner(name(number), {}));
  EXPECT_TRUE(store().ids_of(kOwnerLookupKind).empty());
  for (const auto& list : issued)
    for (const auto& token : list) expect_erased(token);
  ASSERT_TRUE(ledger_->close());
  for (const auto& owner : ledger_->core().state.erased_owners)
    EXPECT_FALSE(store().contains(field_key_id(owner)));
  for (const auto& file : std::filesystem::recursive_directory_iterator{directory_ / "ledger"}) {
    if (!file.is_regular_file()) continue;
    EXPECT_EQ(testing_support::contents(file.path()).find("Lovelace"), std::string::npos)
        << file.path().filename();
  }
}

}  // namespace
}  // namespace tokenledger

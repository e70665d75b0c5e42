// OwnerKeys (INV-8): one key per owner, the way from the name to it, and the end of both.
#include "storage/owner_keys.hpp"

#include "tests/storage/ledger_fixture.hpp"

namespace tokenledger {
namespace {

class OwnerKeysTest : public testing_support::LedgerTest {
 protected:
  OwnerKeys& owners() { return ledger_->core().owner_keys; }
  KeyStore& store() { return *ledger_->core().key_store; }

  OwnerKeys::SealedFields seal(std::string_view name, std::string_view extra_fields = {}) {
    auto sealed = owners().seal(name, extra_fields);
    EXPECT_TRUE(sealed) << sealed.error().message();
    return sealed ? std::move(*sealed) : OwnerKeys::SealedFields{};
  }
  OwnerKeys::SealedFields seal_and_name(std::string_view name, std::string_view extra_fields = {}) {
    auto sealed = seal(name, extra_fields);
    owners().settle(sealed.owner, true);
    return sealed;
  }
  std::optional<OwnerHandle> find(std::string_view name) {
    const auto found = owners().find(name);
    EXPECT_TRUE(found) << found.error().message();
    return found ? *found : std::nullopt;
  }
  std::string open_sealed(const Sealed& sealed) {
    return ledger_->open_sealed(sealed).value_or("<unreadable>");
  }
  static OwnerKeyId key_id(const OwnerHandle& handle) {
    OwnerKeyId id{};
    std::ranges::copy(handle, id.begin());
    return id;
  }
};

TEST_F(OwnerKeysTest, INV8_AllFieldsOfAnOwnerAreSealedUnderOneKeyThatItsNameLeadsTo) {
  EXPECT_FALSE(find("Ada"));
  const auto first = seal("Ada", R"({"team":"maps"})");
  const auto second = seal("Ada");
  const auto handle = owner_handle(first.owner);
  ASSERT_TRUE(handle);
  EXPECT_EQ(find("Ada"), handle);
  EXPECT_EQ(owner_handle(second.owner), handle);
  EXPECT_EQ(owner_handle(first.extra_fields), handle);
  EXPECT_TRUE(second.extra_fields.bytes.empty());
  EXPECT_NE(first.owner, second.owner) << "equal names must not show in the ciphertexts";
  EXPECT_EQ(open_sealed(first.owner), "Ada");
  EXPECT_EQ(open_sealed(first.extra_fields), R"({"team":"maps"})");
  for (const char* other : {"ada", "Ada ", "Ad", "Adaa"}) {
    EXPECT_FALSE(find(other)) << other;
    EXPECT_NE(owner_handle(seal(other).owner), handle) << other;
  }
}

TEST_F(OwnerKeysTest, INV7_AKeyThatNoEventCameToNameIsDroppedAndANamedOneStays) {
  const auto before = store().size();
  const auto first = seal("Ada");
  const auto second = seal("Ada");
  EXPECT_EQ(store().size(), before + 2) << "a key and a lookup";
  owners().settle(first.owner, false);
  EXPECT_TRUE(find("Ada")) << "the second one may still be named";
  owners().settle(second.owner, false);
  EXPECT_FALSE(find("Ada"));
  EXPECT_EQ(store().size(), before);

  const auto third = seal("Ada");
  const auto fourth = seal("Ada");
  owners().settle(third.owner, true);
  owners().settle(fourth.owner, false);
  owners().settle(seal("Ada").owner, false);
  EXPECT_EQ(open_sealed(third.owner), "Ada");
  owners().settle(Sealed{}, false);
  owners().settle(Sealed{"too short"}, false);
  EXPECT_EQ(store().size(), before + 2);
}

TEST_F(OwnerKeysTest, INV8_AnErasedOwnerIsReadAndFoundNoMoreAndOthersAre) {
  const auto ada = seal_and_name("Ada", R"({"team":"maps"})");
  const auto bob = seal_and_name("Bob", R"({"team":"tiles"})");
  const auto handle = *owner_handle(ada.owner);
  EXPECT_FALSE(ledger_->is_erased(ada.owner));
  const auto before = store().size();
  for (int round = 0; round < 2; ++round) {  // idempotent
    ASSERT_TRUE(owners().erase("Ada", handle));
    EXPECT_EQ(store().size(), before - 2);
    EXPECT_FALSE(find("Ada"));
    EXPECT_EQ(open_sealed(ada.owner), "<unreadable>");
    EXPECT_EQ(open_sealed(ada.extra_fields), "<unreadable>");
    EXPECT_TRUE(ledger_->is_erased(ada.owner));
    EXPECT_TRUE(ledger_->is_erased(ada.extra_fields));
  }
  EXPECT_EQ(open_sealed(bob.owner), "Bob");
  EXPECT_EQ(open_sealed(bob.extra_fields), R"({"team":"tiles"})");
  EXPECT_FALSE(ledger_->is_erased(bob.owner));
  EXPECT_FALSE(ledger_->is_erased(Sealed{})) << "a field that was never given was not erased";
}

TEST_F(OwnerKeysTest, INV8_TheNextOwnerOfAnErasedNameIsAnotherAndNothingOldTakesItAway) {
  const auto old_one = seal("Ada");  // on its way when the owner is erased
  const auto old_handle = *owner_handle(old_one.owner);
  ASSERT_TRUE(owners().erase("Ada", old_handle));
  const auto new_one = seal_and_name("Ada");
  const auto new_handle = *owner_handle(new_one.owner);
  EXPECT_NE(new_handle, old_handle);
  EXPECT_EQ(open_sealed(old_one.owner), "<unreadable>");
  owners().settle(old_one.owner, false);
  EXPECT_EQ(find("Ada"), new_handle) << "the refused command was the old owner's";
  ASSERT_TRUE(owners().erase("Ada", old_handle));
  EXPECT_EQ(find("Ada"), new_handle);
  EXPECT_EQ(open_sealed(new_one.owner), "Ada");
}

TEST_F(OwnerKeysTest, INV8_WhereOnlyHandlesAreKnownTheLookupsAreErasedToo) {
  const auto ada = seal_and_name("Ada");
  const auto bob = seal_and_name("Bob");
  const auto eve = seal_and_name("Eve");
  const auto before = store().size();
  const std::vector<OwnerKeyId> erased = {key_id(*owner_handle(ada.owner)), OwnerKeyId{1, 2, 3},
                                          key_id(*owner_handle(eve.owner))};
  const auto count = owners().erase_again(erased);
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 2u);
  EXPECT_EQ(store().size(), before - 4);
  EXPECT_FALSE(find("Ada"));
  EXPECT_FALSE(find("Eve"));
  EXPECT_TRUE(ledger_->is_erased(ada.owner));
  EXPECT_EQ(find("Bob"), owner_handle(bob.owner));
  EXPECT_EQ(open_sealed(bob.owner), "Bob");
  EXPECT_EQ(*owners().erase_again(erased), 0u);
  EXPECT_EQ(store().size(), before - 4);
}

TEST_F(OwnerKeysTest, INV7_AnErasureFindsRoomWhenTheKeyStoresFrameIsFull) {
  const auto ada = seal_and_name("Ada");
  const std::string value(KeyStore::kValueBytesMax, 'v');
  constexpr std::uint8_t kOtherKind = 9;
  std::uint64_t number = 0;
  while (store().put(DataKeyId::of(kOtherKind, number), testing_support::as_bytes(value))) ++number;
  // Until no tombstone finds room either.
  std::uint64_t erased = 0;
  while (store().erase(DataKeyId::of(kOtherKind, erased))) ++erased;
  ASSERT_LT(erased, number);
  ASSERT_TRUE(owners().erase("Ada", *owner_handle(ada.owner)));
  EXPECT_FALSE(find("Ada"));
  EXPECT_TRUE(ledger_->is_erased(ada.owner));
}

}  // namespace
}  // namespace tokenledger

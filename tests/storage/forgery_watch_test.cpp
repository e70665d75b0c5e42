// Which refused tokens mean a stolen key, which do not, and how many events they may cause.
#include "storage/forgery_watch.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "core/base64url.hpp"
#include "core/id_token.hpp"
#include "core/jwt_signature.hpp"
#include "core/status_list_token.hpp"
#include "tests/storage/ledger_fixture.hpp"

namespace tokenledger {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 60s;  // a busy machine is slow

// An Ed25519 key from elsewhere (RFC 8410 §10.3).
constexpr std::string_view kForeignPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "-----END PRIVATE KEY-----\n";

class ForgeryWatchTest : public testing_support::LedgerTest {
 protected:
  static constexpr const char* kEs256Api = "urn:es256";

  void SetUp() override {
    LedgerTest::SetUp();
    add_api();  // EdDSA
    add_client("shop");
    CreateApi api{.identifier = kEs256Api, .built_in = false, .settings = {}, .hs256_kid = {}};
    api.settings.name = "ES256";
    api.settings.scopes = {{"read", ""}};
    api.settings.signing_alg = SignatureAlgorithm::es256;
    ASSERT_TRUE(submit(std::move(api)));
    ASSERT_TRUE(submit(AddClientGrant{"shop", kEs256Api, {"read"}}));
  }

  // What a thief has: the private key that signs now.
  std::shared_ptr<const SigningKey> stolen(
      SignatureAlgorithm algorithm = SignatureAlgorithm::eddsa) {
    std::string kid;
    ledger_->with_registries(
        [&](const Registries& registries) { kid = registries.signing_key(algorithm)->kid; });
    return ledger_->core().keys->signing_key(kid);
  }
  KeyNumber number_of(const SigningKey& key) {
    KeyNumber number;
    ledger_->with_registries(
        [&](const Registries& registries) { number = registries.find_key(key.kid())->number; });
    return number;
  }
  // What a thief writes; each test changes what it is about.
  JwtClaims claims(std::string jti = "AAAAAAAAAAAAAAAAAAAAAA") {
    const auto now = to_seconds(ledger_->now());
    return {.jti = std::move(jti),
            .issuer = ledger_->issuer(),
            .subject = "shop",
            .audience = {kApi},
            .expires_at = UnixSeconds{now.value() + 600},
            .issued_at = now,
            .client_id = "shop",
            .scope = "read write",
            .status = {},
            .signed_in_at = {},
            .nonce = {}};
  }
  std::string forge(const JwtClaims& forged) { return sign_jwt(*stolen(), forged).value(); }
  Incarnation incarnation() { return ledger_->core().incarnations.back().incarnation; }
  std::string sealed(TokenIndex index, Incarnation under) {
    return std::string{text_of(ledger_->core().keys->seal_key().seal(index, under))};
  }
  std::string issue_es256() {
    IssueRequest request;
    request.client_id = "shop";
    request.audience = kEs256Api;
    return ledger_->issue(std::move(request))->token;
  }
  // nullopt: silent.
  std::optional<ForgerySign> judge(const std::string& token) {
    const auto suspect = find_suspect(ledger_->core(), token);
    if (!suspect || !is_forged(*suspect, token)) return std::nullopt;
    return suspect->report.sign;
  }
  bool wait_until(const std::function<bool()>& is_so) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!is_so()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(2ms);
    }
    return true;
  }
  // Everything that was offered before was looked at: a forged token offered last was.
  bool present_last(const std::string& forged) {
    const auto before = forgery_counts(*ledger_).forged;
    return wait_until([&] {
      EXPECT_FALSE(ledger_->check(forged, kApi));
      std::this_thread::sleep_for(20ms);
      return forgery_counts(*ledger_).forged > before;
    });
  }
  std::vector<ForgerySuspected> events() {
    std::vector<ForgerySuspected> found;
    const auto reader = ledger_->core().log->read(Sequence{1}, false);
    for (;;) {
      const auto bytes = reader->next();
      EXPECT_TRUE(bytes);
      if (!bytes || bytes->empty()) return found;
      const auto event = decode_event(*bytes);
      const auto* forged = event ? std::get_if<ForgerySuspected>(&event->payload) : nullptr;
      if (forged != nullptr) found.push_back(*forged);
    }
  }
};

class ForgeryJudgement : public ForgeryWatchTest {
 protected:
  struct Case {
    const char* name;
    std::optional<ForgerySign> want;
    std::string (ForgeryJudgement::*make)();
  };
  static const Case kCases[];

  void judge_rows(bool are_loud);

  // --- loud: only the key can have made them ---
  std::string jti_of_nobody() { return forge(claims()); }
  std::string no_jti() { return forge(claims("")); }
  std::string jti_of_another_shape() { return forge(claims("01JDKQ")); }
  std::string index_of_another() {
    const auto victim = issue("shop");
    return forge(claims(victim.jti));
  }
  std::string jti_not_in_its_place() {
    auto token =
        jwt_header_part(SignatureAlgorithm::eddsa, stolen()->kid()) + "." +
        base64url_encode(bytes_of(R"({"exp":4000000000,"jti":")" + issue("shop").jti + "\"}"));
    append_jwt_signature(stolen()->sign(bytes_of(token)).value(), token);
    return token;
  }
  std::string under_a_key_that_waits() {
    const auto added = ledger_->add_next_key(SignatureAlgorithm::es256, {});
    return sign_jwt(*ledger_->core().keys->signing_key(added->kid), claims()).value();
  }
  std::string under_a_retired_key() {
    const auto old = stolen();
    const auto added = ledger_->add_next_key(SignatureAlgorithm::eddsa, {});
    EXPECT_TRUE(submit(ActivateKey{added->kid, true}));
    EXPECT_NE(stolen()->kid(), old->kid());
    return sign_jwt(*old, claims()).value();
  }
  std::string imported_and_issued_afterwards() {
    const auto imported = ledger_->import_key(kForeignPem, {});
    auto forged = claims();
    forged.issued_at = UnixSeconds{forged.issued_at.value() + 1};
    return sign_jwt(*ledger_->core().keys->signing_key(imported->kid), forged).value();
  }
  // The API has it, too, to verify with; that it makes tokens must show all the same.
  std::string under_the_secret_of_an_api() {
    CreateApi api{.identifier = "urn:hs256", .built_in = false, .settings = {}, .hs256_kid = {}};
    api.settings.name = "HS256";
    api.settings.signing_alg = SignatureAlgorithm::hs256;
    const auto created = ledger_->create_api_with_secret(
        {Actor{.kind = ActorKind::host}, {}, std::nullopt, std::move(api)});
    EXPECT_TRUE(created);
    const auto secret = base64url_decode(created->secret).value();
    const auto key = SigningKey::from_private(SignatureAlgorithm::hs256, bytes_of(secret)).value();
    return sign_jwt(key, claims()).value();
  }
  // --- silent ---
  std::string genuine() { return issue("shop").token; }
  std::string genuine_seal_outside_the_issued_ranges() {
    return forge(claims(sealed(TokenIndex{Lane::hour, 40'000}, incarnation())));
  }
  std::string genuine_seal_of_an_unknown_incarnation() {
    const auto other = Incarnation{incarnation().value() + 1};
    return forge(claims(sealed(issue("shop").index, other)));
  }
  std::string genuine_seal_of_an_earlier_incarnation() {
    const auto earlier = incarnation();
    reopen();
    EXPECT_NE(earlier, incarnation());
    return forge(claims(sealed(issue("shop").index, earlier)));
  }
  std::string genuine_but_expired() {
    auto token = issue("shop", 60).token;
    clock_->pass(61);
    return token;
  }
  std::string forged_but_expired() {
    auto forged = claims();
    forged.expires_at = to_seconds(ledger_->now());
    return forge(forged);
  }
  std::string without_an_expiry() {
    auto forged = claims();
    forged.expires_at = {};
    return forge(forged);
  }
  std::string index_in_a_retired_chunk() {
    const auto token = issue("shop");
    ledger_->core().index.retire_chunks_below(Lane::hour, kChunkTokens);
    return forge(claims(token.jti));
  }
  std::string id_token() {
    const auto now = to_seconds(ledger_->now());
    IdTokenClaims made;
    made.issuer = ledger_->issuer();
    made.subject = "usr_1";
    made.client_id = "shop";
    made.issued_at = now;
    made.expires_at = UnixSeconds{now.value() + 600};
    return sign_id_token(*stolen(), made).value();
  }
  std::string status_list_token() {
    const auto now = to_seconds(ledger_->now());
    const std::array<std::uint8_t, 16> bits{};
    const auto list = encode_status_list(bits, 1, ZlibEffort::usual);
    return sign_status_list(
               *stolen(), *list, "http://127.0.0.1:8080/statuslists/x",
               {.issued_at = now, .expires_at = UnixSeconds{now.value() + 600}, .ttl_s = 60})
        ->jwt;
  }
  std::string of_another_type() {
    auto token = jwt_header_part(SignatureAlgorithm::eddsa, stolen()->kid(), "logout+jwt") + "." +
                 base64url_encode(bytes_of(write_jwt_claims(claims())));
    append_jwt_signature(stolen()->sign(bytes_of(token)).value(), token);
    return token;
  }
  // With (r, s) also (r, order - s) is good: anybody can write that.
  std::string signature_in_its_other_form() {
    auto token = issue_es256();
    const auto at = token.rfind('.') + 1;
    auto signature = base64url_decode(token.substr(at)).value();
    static constexpr std::array<std::uint8_t, 32> kOrder{
        0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,    0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
        0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};  // FIPS 186-4 §D.1.2.3
    int borrow = 0;
    for (std::size_t byte = 32; byte-- > 0;) {
      const int difference =
          kOrder[byte] - static_cast<std::uint8_t>(signature[32 + byte]) - borrow;
      borrow = difference < 0;
      signature[32 + byte] = static_cast<char>(difference + borrow * 256);
    }
    token.replace(at, std::string::npos, base64url_encode(bytes_of(signature)));
    const auto key = stolen(SignatureAlgorithm::es256);
    EXPECT_TRUE(verify_jwt(token, key->verify_key())) << "a verifier that is not strict takes it";
    return token;
  }
  std::string base64_in_another_spelling() {
    auto token = issue("shop").token;
    token.back() = token.back() == 'A' ? 'B' : static_cast<char>(token.back() + 1);
    return token;
  }
  std::string payload_changed_by_a_stranger() {
    const auto token = forge(claims());
    const auto changed = base64url_encode(bytes_of(write_jwt_claims(claims("x"))));
    return token.substr(0, token.find('.') + 1) + changed + token.substr(token.rfind('.'));
  }
  std::string under_the_name_of_our_key() {
    const auto own = SigningKey::generate(SignatureAlgorithm::eddsa).value();
    auto token = jwt_header_part(SignatureAlgorithm::eddsa, stolen()->kid()) + "." +
                 base64url_encode(bytes_of(write_jwt_claims(claims())));
    append_jwt_signature(own.sign(bytes_of(token)).value(), token);
    return token;
  }
  std::string public_key_as_a_secret() {
    const auto& bytes = stolen()->public_bytes();
    const auto secret = SigningKey::from_private(SignatureAlgorithm::hs256, bytes).value();
    auto token = jwt_header_part(SignatureAlgorithm::hs256, stolen()->kid()) + "." +
                 base64url_encode(bytes_of(write_jwt_claims(claims())));
    append_jwt_signature(secret.sign(bytes_of(token)).value(), token);
    return token;
  }
  std::string under_a_strange_key() {
    return sign_jwt(SigningKey::generate(SignatureAlgorithm::eddsa).value(), claims()).value();
  }
  std::string under_a_revoked_key() {
    const auto key = stolen();
    EXPECT_TRUE(ledger_->revoke_key(key->kid(), {}));
    return sign_jwt(*key, claims()).value();
  }
  std::string imported_and_issued_before() {
    const auto imported = ledger_->import_key(kForeignPem, {});
    auto old = claims();
    old.issued_at = UnixSeconds{old.issued_at.value() - 1};
    return sign_jwt(*ledger_->core().keys->signing_key(imported->kid), old).value();
  }
};

using Judgement = ForgeryJudgement;
const ForgeryJudgement::Case ForgeryJudgement::kCases[] = {
    {"AJtiThatWasNeverSealed", ForgerySign::jti_not_sealed, &Judgement::jti_of_nobody},
    {"NoJti", ForgerySign::jti_not_sealed, &Judgement::no_jti},
    {"AJtiOfAnotherShape", ForgerySign::jti_not_sealed, &Judgement::jti_of_another_shape},
    {"TheJtiOfAnotherToken", ForgerySign::other_token, &Judgement::index_of_another},
    {"TheJtiBehindOtherClaims", ForgerySign::other_token, &Judgement::jti_not_in_its_place},
    {"UnderAKeyThatWaits", ForgerySign::jti_not_sealed, &Judgement::under_a_key_that_waits},
    {"UnderARetiredKey", ForgerySign::jti_not_sealed, &Judgement::under_a_retired_key},
    {"ImportedAndIssuedAfterwards", ForgerySign::jti_not_sealed,
     &Judgement::imported_and_issued_afterwards},
    {"UnderTheSecretOfAnApi", ForgerySign::jti_not_sealed, &Judgement::under_the_secret_of_an_api},
    {"SilentGenuine", {}, &Judgement::genuine},
    {"SilentSealOutsideTheIssuedRanges", {}, &Judgement::genuine_seal_outside_the_issued_ranges},
    {"SilentSealOfAnUnknownIncarnation", {}, &Judgement::genuine_seal_of_an_unknown_incarnation},
    {"SilentSealOfAnEarlierIncarnation", {}, &Judgement::genuine_seal_of_an_earlier_incarnation},
    {"SilentGenuineButExpired", {}, &Judgement::genuine_but_expired},
    {"SilentForgedButExpired", {}, &Judgement::forged_but_expired},
    {"SilentWithoutAnExpiry", {}, &Judgement::without_an_expiry},
    {"SilentIdToken", {}, &Judgement::id_token},
    {"SilentStatusListToken", {}, &Judgement::status_list_token},
    {"SilentAnotherType", {}, &Judgement::of_another_type},
    {"SilentSignatureInItsOtherForm", {}, &Judgement::signature_in_its_other_form},
    {"SilentAnotherSpelling", {}, &Judgement::base64_in_another_spelling},
    {"SilentChangedByAStranger", {}, &Judgement::payload_changed_by_a_stranger},
    {"SilentStrangeSignature", {}, &Judgement::under_the_name_of_our_key},
    {"SilentPublicKeyAsASecret", {}, &Judgement::public_key_as_a_secret},
    {"SilentStrangeKey", {}, &Judgement::under_a_strange_key},
    {"SilentRevokedKey", {}, &Judgement::under_a_revoked_key},
    {"SilentImportedAndIssuedBefore", {}, &Judgement::imported_and_issued_before},
    {"SilentInARetiredChunk", {}, &Judgement::index_in_a_retired_chunk},  // last: it is final
};

// On one ledger, for drawing its RSA key takes longer than all rows.
void ForgeryJudgement::judge_rows(bool are_loud) {
  for (const auto& row : kCases) {
    if (row.want.has_value() != are_loud) continue;
    const auto token = (this->*row.make)();
    EXPECT_EQ(judge(token), row.want) << row.name;
  }
}

TEST_F(ForgeryJudgement, WhatTheStolenKeyAloneCanMakeIsLoud) { judge_rows(true); }
TEST_F(ForgeryJudgement, WhatOthersCanMakeOrWhatIsOursIsSilent) { judge_rows(false); }

TEST_F(ForgeryWatchTest, ARefusedForgeryBecomesAnEventThatNamesTheKeyAndAWarning) {
  const auto victim = issue("shop");
  const auto forged = forge(claims(victim.jti));
  ASSERT_TRUE(present_last(forged));
  ASSERT_TRUE(wait_until([&] { return forgery_counts(*ledger_).reported == 1; }));
  const auto found = events();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0],
            (ForgerySuspected{number_of(*stolen()), victim.index, ForgerySign::other_token}));
  const std::scoped_lock lock{warnings_mutex_};
  EXPECT_NE(warnings_.find("somebody else has the key " + stolen()->kid()), std::string::npos);
  EXPECT_EQ(warnings_.find(forged), std::string::npos) << "INV-5";
  EXPECT_TRUE(check(victim)) << "what the thief named stays good";
}

TEST_F(ForgeryWatchTest, EveryWayOfCheckingATokenNoticesIt) {
  const auto forged = forge(claims());
  const std::function<void()> ways[] = {
      [&] { EXPECT_FALSE(ledger_->check(forged, kApi)); },
      [&] { EXPECT_EQ(ledger_->check_detailed(forged, kApi).failure, CheckFailure::malformed); },
      [&] { EXPECT_TRUE(ledger_->check_in_memory(forged, kApi)); }};
  std::uint64_t noticed = 0;
  for (const auto& way : ways) {
    way();
    ++noticed;
    EXPECT_TRUE(wait_until([&] { return forgery_counts(*ledger_).forged == noticed; })) << noticed;
  }
}

TEST_F(ForgeryWatchTest, AKeyHasOneEventAMinuteAndKeepsNoOtherKeySilent) {
  auto forged = claims();
  forged.expires_at = UnixSeconds{forged.expires_at.value() + 3'600};
  const auto token = forge(forged);
  const auto other = stolen(SignatureAlgorithm::es256);
  for (int time = 0; time < 3; ++time) ASSERT_TRUE(present_last(token));
  ASSERT_TRUE(present_last(sign_jwt(*other, forged).value()));
  ASSERT_TRUE(wait_until([&] { return forgery_counts(*ledger_).reported == 2; }));
  const auto first_minute = events();
  ASSERT_EQ(first_minute.size(), 2u);
  EXPECT_EQ(first_minute[0].key, number_of(*stolen()));
  EXPECT_EQ(first_minute[1].key, number_of(*other));
  clock_->pass(kForgeryQuietSeconds);
  ASSERT_TRUE(present_last(token));
  ASSERT_TRUE(wait_until([&] { return forgery_counts(*ledger_).reported == 3; }));
  EXPECT_GT(forgery_counts(*ledger_).forged, 3u) << "the others are counted";
}

TEST_F(ForgeryWatchTest, TokensThatAreNoForgeriesLeaveNoEventAndCountNothing) {
  const auto expired = issue("shop", 60);
  clock_->pass(61);
  const auto revoked = issue("shop");
  ASSERT_TRUE(ledger_->revoke(revoked.index, {}));
  const auto good = issue("shop");
  const auto from = ledger_->committed();
  for (const std::string& token :
       {expired.token, revoked.token, good.token, std::string{"e.e.e"}, std::string{},
        std::string(kTokenBytesMax, 'e'), std::string{"tlo_x"}, good.token + "A", "e" + good.token})
    static_cast<void>(ledger_->check(token, "urn:elsewhere"));
  ASSERT_TRUE(present_last(forge(claims())));
  ASSERT_TRUE(wait_until([&] { return forgery_counts(*ledger_).reported == 1; }));
  EXPECT_EQ(ledger_->committed(), from.next()) << "the forged one, presented last";
}

// INV-7: bad tokens cost bounded work, and good ones are answered all the while.
TEST_F(ForgeryWatchTest, AFloodOfBadTokensIsSampledAndClosingDoesNotWaitForIt) {
  const auto good = issue("shop");
  std::vector<std::string> bad;
  for (int count = 0; count < 40; ++count) {
    auto token = forge(claims());
    token[token.rfind('.') + 1 + static_cast<std::size_t>(count)] ^= 1;
    bad.push_back(std::move(token));
  }
  for (int round = 0; round < 50; ++round) {
    for (const auto& token : bad) EXPECT_FALSE(ledger_->check(token, kApi));
    EXPECT_TRUE(check(good));
  }
  const auto counts = forgery_counts(*ledger_);
  EXPECT_GT(counts.skipped, 1'000u) << "of 2000";
  EXPECT_EQ(counts.forged, 0u);
  EXPECT_TRUE(ledger_->close());
  EXPECT_FALSE(ledger_->check(bad.front(), kApi)) << "and after it nobody is asked";
}

TEST(ForgeryLimits, OneEventForAKeyAndMinuteAndSixtyFourADay) {
  ForgeryLimits limits;
  constexpr std::uint32_t kMidnight = 86'400 * 20'000;
  const auto at = [](std::uint32_t second) { return UnixSeconds{kMidnight + second}; };
  EXPECT_TRUE(limits.take(KeyNumber{1}, at(0)));
  EXPECT_FALSE(limits.take(KeyNumber{1}, at(kForgeryQuietSeconds - 1)));
  EXPECT_TRUE(limits.take(KeyNumber{2}, at(kForgeryQuietSeconds - 1)));
  EXPECT_TRUE(limits.take(KeyNumber{1}, at(kForgeryQuietSeconds)));
  std::uint32_t taken = 3;
  for (std::uint32_t key = 3; key < 200; ++key) taken += limits.take(KeyNumber{key}, at(100));
  EXPECT_EQ(taken, kForgeriesPerDayMax);
  EXPECT_FALSE(limits.take(KeyNumber{1}, at(86'399)));
  EXPECT_TRUE(limits.take(KeyNumber{1}, at(86'400))) << "the next day";
}

TEST(ForgeryLimits, ANoisyKeyLeavesOthersTheirEvents) {
  ForgeryLimits limits;
  constexpr std::uint32_t kMidnight = 86'400 * 20'000;
  const auto noise_of_a_day = [&](std::uint32_t begin) {
    std::uint32_t taken = 0;
    for (std::uint32_t second = 0; second < 86'400; second += kForgeryQuietSeconds)
      taken += limits.take(KeyNumber{1}, UnixSeconds{begin + second});
    return taken;
  };
  EXPECT_EQ(noise_of_a_day(kMidnight), kForgeriesPerKeyAndDayMax);
  EXPECT_TRUE(limits.take(KeyNumber{2}, UnixSeconds{kMidnight + 86'399}));
  EXPECT_EQ(noise_of_a_day(kMidnight + 86'400), kForgeriesPerKeyAndDayMax) << "the next day";
}

}  // namespace
}  // namespace tokenledger

// The wire form of events that need no ledger to have decided them (api/event_wire.hpp).
#include "api/event_wire.hpp"

#include <gtest/gtest.h>

#include "core/event_bounds.hpp"
#include "tests/api/api_fixture.hpp"
#include "tests/core/event_samples_people.hpp"

namespace tokenledger::test {
namespace {

class EventWireTest : public ApiTest {
 protected:
  static std::string json_of(const Event& event, EventVisibility visibility = {}) {
    std::string text;
    JsonWriter json{&text};
    ReadEvent read{.event = event, .token_class = {}};
    if (std::holds_alternative<TokenIssued>(event.payload)) read.token_class.emplace();
    write_event(json, api().ledger(), read, visibility);
    return text;
  }
};

struct WireCase {
  const char* kind;
  const char* data;  // a part of it
};
constexpr WireCase kWireCases[] = {
    {"user_registered", R"("user":21,"user_id":"usr_YGFiY2RlZmdoaWprbG1ubw")"},
    {"user_updated", R"("user":21,"login":null,"display_name":null)"},
    {"user_password_set", R"({"user":21,"generation":9})"},
    {"user_disabled", R"({"user":21,"reason":null})"},
    {"user_enabled", R"({"user":21})"},
    {"user_groups_set", R"({"user":21,"groups":[1,9,4096]})"},
    {"group_created", R"({"group":5,"name":"Buchhaltung Köln"})"},
    {"group_deleted", R"({"group":5})"},
    {"consent_granted", R"("identity_scopes":["openid","profile","offline_access"])"},
    {"consent_extended", R"("scope_bits":[0,1,63],"identity_scopes":["openid"])"},
    {"consent_preconfigured", R"("consent":31,"group":5,"client_id":)"},
    {"consent_withdrawn", R"({"consent":31,"reason":null})"},
    {"code_issued", R"("redirect_uri_named":true,"code_challenge_given":true,"auth_time":"2027-)"},
    {"code_redeemed", R"({"code":51})"},
    {"code_reused", R"({"code":51,"family":41})"},
    {"family_started", R"("has_refresh_token":true)"},
    {"refresh_rotated", R"({"family":41,"generation":4294967295})"},
    {"family_ended", R"({"family":41,"cause":"refresh_reuse","reason":null})"},
    {"key_activated", R"({"kid":)"},
    {"key_revoked", R"("reason":null)"},
    {"forgery_suspected", R"("sign":"other_token","jti":")"},
};

TEST_F(EventWireTest, EveryKindOfFormat2SaysWhatItIsAbout_INV5) {
  std::size_t at = 0;
  for (const auto& [name, event] : samples::people()) {
    const auto text = json_of(event);
    EXPECT_TRUE(parse_json_object(text).has_value()) << text;
    EXPECT_EQ(text.find("8081828384"), std::string::npos) << "INV-5: a hash in " << text;
    EXPECT_EQ(text.find("sealed "), std::string::npos) << "INV-8: ciphertext in " << text;
    if (!name.ends_with("Full")) continue;
    ASSERT_LT(at, std::size(kWireCases));
    const auto& want = kWireCases[at++];
    EXPECT_NE(text.find(R"("kind":")" + std::string{want.kind} + '"'), std::string::npos) << text;
    EXPECT_NE(text.find(want.data), std::string::npos) << text;
  }
  EXPECT_EQ(at, std::size(kWireCases));
}

TEST_F(EventWireTest, FieldsOfFormat2StandBesideTheOlderOnesAndOnlyWhenTheyAreThere) {
  const auto fields = samples::added_fields();
  const auto find = [&](std::string_view name) -> const Event& {
    return std::ranges::find(fields, name, &samples::Sample::name)->event;
  };
  EXPECT_NE(json_of(find("ClientSecretRotatedWithOverlap")).find(R"("previous_until":"2027-)"),
            std::string::npos);
  EXPECT_NE(json_of(find("KeyAddedImported")).find(R"("next":true,"imported":true)"),
            std::string::npos);
  EXPECT_NE(
      json_of(find("TokenIssuedToAUser")).find(R"("user":77,"consent":31,"auth_time":"2027-)"),
      std::string::npos);
  EXPECT_NE(json_of(find("ByAUser")).find(R"("actor":"user:21")"), std::string::npos);
  const auto older = json_of(samples::full(samples::full_token()));
  EXPECT_EQ(older.find(R"("consent")"), std::string::npos) << older;
}

}  // namespace
}  // namespace tokenledger::test

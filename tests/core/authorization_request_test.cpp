#include "core/authorization_request.hpp"

#include <gtest/gtest.h>

#include "core/base64url.hpp"
#include "core/event.hpp"
#include "core/token_class.hpp"

namespace tokenledger {
namespace {

using Pairs = std::vector<AuthorizationParameter>;

constexpr std::string_view kChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const std::vector<std::string> kAddresses = {"https://app.example/cb"};
const AuthorizationClient kPublic{.redirect_uris = kAddresses, .may_use_code = true};
const AuthorizationClient kConfidential{
    .redirect_uris = kAddresses, .is_confidential = true, .may_use_code = true};
const AuthorizationClient kImplicit{.redirect_uris = kAddresses, .may_use_implicit = true};

Pairs usual() {
  return {{"response_type", "code"},
          {"client_id", "c1"},
          {"redirect_uri", "https://app.example/cb"},
          {"scope", "read write"},
          {"state", "xyz"},
          {"audience", "https://api.example/"},
          {"code_challenge", kChallenge},
          {"code_challenge_method", "S256"}};
}

// Replaces the parameter; an empty value leaves it out.
Pairs with(Pairs pairs, std::string_view name, std::string_view value) {
  std::erase_if(pairs, [name](const auto& pair) { return pair.name == name; });
  if (!value.empty()) pairs.push_back({name, value});
  return pairs;
}
Pairs usual_with(std::string_view name, std::string_view value) {
  return with(usual(), name, value);
}
Pairs plus(Pairs pairs, std::string_view name, std::string_view value) {
  pairs.push_back({name, value});
  return pairs;
}

// "page", "302 <error>", or "ok".
std::string outcome(const Pairs& pairs, const AuthorizationClient* client = &kPublic) {
  const auto verdict = judge_authorization_request(pairs, client);
  if (std::holds_alternative<PageFault>(verdict)) return "page";
  if (const auto* fault = std::get_if<RedirectFault>(&verdict))
    return "302 " + std::string{error_name(fault->error)};
  return "ok";
}

TEST(AuthorizationRequest, AGoodOneIsUnderstood) {
  const auto verdict = judge_authorization_request(
      plus(plus(plus(usual_with("scope", "openid read offline_access read"), "nonce", "n-1"),
                "prompt", "login consent"),
           "max_age", "3600"),
      &kPublic);
  const auto* request = std::get_if<AuthorizationRequest>(&verdict);
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(request->client_id, "c1");
  EXPECT_EQ(request->target, (AnswerTarget{"https://app.example/cb", AnswerPart::query, "xyz"}));
  EXPECT_TRUE(request->has_redirect_uri);
  EXPECT_EQ(request->response_type, ResponseType::code);
  EXPECT_EQ(request->scopes, (std::vector<std::string>{"openid", "read", "offline_access"}));
  EXPECT_TRUE(request->has_openid_scope);
  EXPECT_TRUE(request->has_offline_scope);
  EXPECT_EQ(request->targets, std::vector<std::string>{"https://api.example/"});
  EXPECT_FALSE(request->names_resource);
  ASSERT_TRUE(request->code_challenge);
  EXPECT_EQ(base64url_encode(*request->code_challenge), kChallenge);
  EXPECT_EQ(request->nonce, "n-1");
  EXPECT_FALSE(request->prompt_none);
  EXPECT_TRUE(request->prompt_login);
  EXPECT_TRUE(request->prompt_consent);
  EXPECT_EQ(request->max_age_s, 3600u);
}

TEST(AuthorizationRequest, A08SevenParametersAreHonouredForAClientThatOptedIn) {
  const Pairs pairs = {{"audience", "api.calendar"},
                       {"scope", "read write"},
                       {"response_type", "token"},
                       {"client_id", "c1"},
                       {"redirect_uri", "https://app.example/cb"},
                       {"nonce", "NONCE"},
                       {"state", "OPAQUE_VALUE"}};
  const auto verdict = judge_authorization_request(pairs, &kImplicit);
  const auto* request = std::get_if<AuthorizationRequest>(&verdict);
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(request->response_type, ResponseType::token);
  EXPECT_EQ(request->target,
            (AnswerTarget{"https://app.example/cb", AnswerPart::fragment, "OPAQUE_VALUE"}));
  EXPECT_EQ(request->targets, std::vector<std::string>{"api.calendar"});
  EXPECT_EQ(request->scopes, (std::vector<std::string>{"read", "write"}));
  EXPECT_EQ(request->nonce, "NONCE");
  EXPECT_FALSE(request->code_challenge);
  EXPECT_EQ(outcome(pairs, &kPublic), "302 unsupported_response_type");
}

// negative-cases, group authorization-endpoint; 12 and 14 to 18 are the endpoint's.
TEST(AuthorizationRequest, Row01UnknownClientIsAPage) {
  EXPECT_EQ(outcome(usual(), nullptr), "page");
  EXPECT_EQ(outcome(usual_with("client_id", "")), "page");
  EXPECT_EQ(outcome(plus(usual_with("client_id", ""), "client_id", "")), "page");
}

struct RowCase {
  const char* name;
  std::string_view parameter;
  std::string_view value;  // empty: left out
  const char* want;
};
constexpr RowCase kRows[] = {
    {"Row02Other", "redirect_uri", "https://evil.example/", "page"},
    {"Row02Case", "redirect_uri", "https://app.example/CB", "page"},
    {"Row02Slash", "redirect_uri", "https://app.example/cb/", "page"},
    {"Row02Query", "redirect_uri", "https://app.example/cb?x=1", "page"},
    {"Row02Fragment", "redirect_uri", "https://app.example/cb#x", "page"},
    {"OnlyAddressLeftOut", "redirect_uri", "", "ok"},
    {"Row04Missing", "response_type", "", "302 invalid_request"},
    {"Row05Implicit", "response_type", "token", "302 unsupported_response_type"},
    {"Row05Hybrid", "response_type", "id_token token", "302 unsupported_response_type"},
    {"Row05CodeAndToken", "response_type", "code token", "302 unsupported_response_type"},
    {"Row05UpperCase", "response_type", "CODE", "302 unsupported_response_type"},
    {"Row05None", "response_type", "none", "302 unsupported_response_type"},
    {"Row07NoChallenge", "code_challenge", "", "302 invalid_request"},
    {"Row08Plain", "code_challenge_method", "plain", "302 invalid_request"},
    {"Row08Absent", "code_challenge_method", "", "302 invalid_request"},
    {"Row08LowerCase", "code_challenge_method", "s256", "302 invalid_request"},
    {"Row08Unknown", "code_challenge_method", "S512", "302 invalid_request"},
    {"Row09Short", "code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c",
     "302 invalid_request"},
    {"Row09Padded", "code_challenge",
     "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=", "302 invalid_request"},
    {"Row10Quote", "scope", "read \"write\"", "302 invalid_scope"},
    {"Row10Backslash", "scope", "re\\ad", "302 invalid_scope"},
    {"Row10Tab", "scope", "read\twrite", "302 invalid_scope"},
    {"Row10NotAscii", "scope",
     "r\xC3\xA4"
     "d",
     "302 invalid_scope"},
    {"ScopeLeftOut", "scope", "", "ok"},
    {"Row14PushedRequest", "request_uri", "urn:x", "302 request_uri_not_supported"},
    {"RequestObject", "request", "eyJ9.e30.", "302 request_not_supported"},
    {"Registration", "registration", "{}", "302 registration_not_supported"},
    {"ModeOfCode", "response_mode", "query", "ok"},
    {"ModeFragment", "response_mode", "fragment", "302 invalid_request"},
    {"ModeFormPost", "response_mode", "form_post", "302 invalid_request"},
    {"StateLeftOut", "state", "", "ok"},
    {"StateNotPrintable", "state", "a\nb", "302 invalid_request"},
    {"StateNotAscii", "state", "\xC3\xA4", "302 invalid_request"},
    {"NonceNotPrintable", "nonce", "a\x7F", "302 invalid_request"},
    {"PromptNone", "prompt", "none", "ok"},
    {"PromptNoneAndLogin", "prompt", "none login", "302 invalid_request"},
    {"PromptUnknown", "prompt", "create", "302 invalid_request"},
    {"PromptSelectAccount", "prompt", "select_account", "ok"},
    {"MaxAgeZero", "max_age", "0", "ok"},
    {"MaxAgeNegative", "max_age", "-1", "302 invalid_request"},
    {"MaxAgeFraction", "max_age", "1.5", "302 invalid_request"},
    {"MaxAgeGreatest", "max_age", "999999999", "ok"},
    {"MaxAgeTooLarge", "max_age", "1000000000", "302 invalid_request"},
    {"MaxAgeOverflows", "max_age", "99999999999999999999999999", "302 invalid_request"},
    {"ResourceAndAudienceAgree", "resource", "https://api.example/", "ok"},
    {"ResourceIndicators06Disagree", "resource", "https://other.example/", "302 invalid_target"},
    {"AudienceNotUtf8", "audience", "\xFF", "302 invalid_target"},
    {"Unknown", "unknown", "x", "ok"},
};
class AuthorizationRow : public testing::TestWithParam<RowCase> {};
TEST_P(AuthorizationRow, IsJudged) {
  EXPECT_EQ(outcome(usual_with(GetParam().parameter, GetParam().value)), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(NegativeCases, AuthorizationRow, testing::ValuesIn(kRows),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(AuthorizationRequest, Row03AddressIsNeededWhenThereAreSeveralOrNone) {
  const std::vector<std::string> two = {"https://app.example/cb", "https://app.example/cb2"};
  const AuthorizationClient several{.redirect_uris = two, .may_use_code = true};
  EXPECT_EQ(outcome(usual_with("redirect_uri", ""), &several), "page");
  EXPECT_EQ(outcome(usual_with("redirect_uri", "https://app.example/cb2"), &several), "ok");
  const AuthorizationClient none{.may_use_code = true};
  EXPECT_EQ(outcome(usual_with("redirect_uri", ""), &none), "page");
  EXPECT_EQ(outcome(usual(), &none), "page");
}

TEST(AuthorizationRequest, AnAddressThatMayNotBeRegisteredIsAPageEvenIfItIs) {
  for (const std::string& bad :
       {std::string{"https://app.example/cb#x"}, std::string{"http://app.example/cb"},
        std::string{"javascript:x"}}) {
    const std::vector<std::string> registered = {bad};
    const AuthorizationClient client{.redirect_uris = registered, .may_use_code = true};
    EXPECT_EQ(outcome(usual_with("redirect_uri", bad), &client), "page") << bad;
    EXPECT_EQ(outcome(usual_with("redirect_uri", ""), &client), "page") << bad;
  }
}

TEST(AuthorizationRequest, OpenIdAsksForTheAddressAlways) {
  EXPECT_EQ(outcome(with(usual_with("redirect_uri", ""), "scope", "read openid")), "page");
}

TEST(AuthorizationRequest, ALeftOutAddressIsTheRegisteredOne) {
  const auto verdict = judge_authorization_request(usual_with("redirect_uri", ""), &kPublic);
  const auto* request = std::get_if<AuthorizationRequest>(&verdict);
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(request->target.redirect_uri, kAddresses.front());
  EXPECT_FALSE(request->has_redirect_uri);
}

TEST(AuthorizationRequest, LoopbackPortVariesForPublicClientsOnly) {
  const std::vector<std::string> loopback = {"http://127.0.0.1/cb"};
  const auto pairs = usual_with("redirect_uri", "http://127.0.0.1:49152/cb");
  AuthorizationClient client{.redirect_uris = loopback, .may_use_code = true};
  const auto verdict = judge_authorization_request(pairs, &client);
  ASSERT_TRUE(std::holds_alternative<AuthorizationRequest>(verdict));
  EXPECT_EQ(std::get<AuthorizationRequest>(verdict).target.redirect_uri,
            "http://127.0.0.1:49152/cb");
  client.is_confidential = true;
  EXPECT_EQ(outcome(pairs, &client), "page");
}

TEST(AuthorizationRequest, Row06ClientWithoutTheGrantIsUnauthorized) {
  EXPECT_EQ(outcome(usual(), &kImplicit), "302 unauthorized_client");
}

TEST(AuthorizationRequest, Row07PkceMayBeLeftOutByAConfidentialClientOnly) {
  const auto pairs = with(usual_with("code_challenge", ""), "code_challenge_method", "");
  EXPECT_EQ(outcome(pairs, &kConfidential), "ok");
  EXPECT_EQ(outcome(pairs, &kPublic), "302 invalid_request");
  EXPECT_EQ(outcome(usual_with("code_challenge", ""), &kConfidential), "302 invalid_request");
  EXPECT_EQ(outcome(usual_with("code_challenge_method", ""), &kConfidential),
            "302 invalid_request");
}

TEST(AuthorizationRequest, Row07PkceIsAskedOfAConfidentialClientThatNeedsIt) {
  auto client = kConfidential;
  client.needs_pkce = true;
  auto pairs = with(usual(), "code_challenge_method", "");
  EXPECT_EQ(outcome(with(pairs, "code_challenge", ""), &client), "302 invalid_request");
  EXPECT_EQ(outcome(usual(), &client), "ok");
}

TEST(AuthorizationRequest, Row13ARepeatedParameterIsAFaultEvenIfItIsEqualEmptyOrUnknown) {
  for (const auto& [name, value] : usual()) {
    const bool is_page = name == "client_id" || name == "redirect_uri";
    const bool is_allowed = name == "audience";
    const std::string want = is_page ? "page" : is_allowed ? "ok" : "302 invalid_request";
    EXPECT_EQ(outcome(plus(usual(), name, value)), want) << name;
    EXPECT_EQ(outcome(plus(usual(), name, "")), want) << name;
  }
  for (const std::string_view name : {"nonce", "prompt", "max_age", "response_mode", "unknown"})
    EXPECT_EQ(outcome(plus(plus(usual(), name, ""), name, "")), "302 invalid_request") << name;
}

TEST(AuthorizationRequest, Row13ARepeatedStateIsNotEchoed) {
  const auto verdict = judge_authorization_request(plus(usual(), "state", "other"), &kPublic);
  ASSERT_TRUE(std::holds_alternative<RedirectFault>(verdict));
  EXPECT_EQ(std::get<RedirectFault>(verdict).target.state, "");
}

TEST(AuthorizationRequest, FaultsGoWhereTheClientLooksForItsAnswer) {
  const auto part = [](const Pairs& pairs) {
    const auto verdict = judge_authorization_request(pairs, &kPublic);
    return std::get<RedirectFault>(verdict).target.part;
  };
  EXPECT_EQ(part(usual_with("response_type", "")), AnswerPart::query);
  EXPECT_EQ(part(usual_with("response_type", "token")), AnswerPart::fragment);
  EXPECT_EQ(part(usual_with("response_type", "code id_token")), AnswerPart::fragment);
  EXPECT_EQ(part(usual_with("response_type", "codetoken")), AnswerPart::query);
  EXPECT_EQ(part(usual_with("response_mode", "fragment")), AnswerPart::query);
}

TEST(AuthorizationRequest, ImplicitTokensNeverTravelInAQuery) {
  const auto pairs = usual_with("response_type", "token");
  EXPECT_EQ(outcome(with(pairs, "response_mode", "fragment"), &kImplicit), "ok");
  EXPECT_EQ(outcome(with(pairs, "response_mode", "query"), &kImplicit), "302 invalid_request");
}

TEST(AuthorizationRequest, EmptyParametersCountAsAbsent) {
  EXPECT_EQ(outcome(plus(plus(plus(usual(), "nonce", ""), "resource", ""), "request", "")), "ok");
  EXPECT_EQ(outcome(plus(usual_with("response_type", ""), "response_type", "")),
            "302 invalid_request");
}

TEST(AuthorizationRequest, BoundsAreKept) {
  const auto state = [](std::size_t bytes) { return std::string(bytes, 's'); };
  EXPECT_EQ(outcome(usual_with("state", state(kStateBytesMax))), "ok");
  EXPECT_EQ(outcome(usual_with("state", state(kStateBytesMax + 1))), "302 invalid_request");
  EXPECT_EQ(outcome(usual_with("nonce", state(kNonceBytesMax))), "ok");
  EXPECT_EQ(outcome(usual_with("nonce", state(kNonceBytesMax + 1))), "302 invalid_request");
  EXPECT_EQ(outcome(usual_with("audience", state(kIdentifierBytesMax))), "ok");
  EXPECT_EQ(outcome(usual_with("audience", state(kIdentifierBytesMax + 1))), "302 invalid_target");

  std::string scope;
  for (std::size_t number = 0; number < kScopesPerApiMax; ++number)
    scope += "s" + std::to_string(number) + "  ";
  EXPECT_EQ(outcome(usual_with("scope", scope)), "ok");
  scope += "one-more";
  EXPECT_EQ(outcome(usual_with("scope", scope)), "302 invalid_scope");

  std::vector<std::string> names;
  for (std::size_t number = 0; number <= kAuthorizationParametersMax; ++number)
    names.push_back("p" + std::to_string(number));
  Pairs many = usual();
  while (many.size() < kAuthorizationParametersMax) many.push_back({names[many.size()], "x"});
  EXPECT_EQ(outcome(many), "ok");
  many.push_back({names.back(), "x"});
  EXPECT_EQ(outcome(many), "page");
}

TEST(AuthorizationRequest, Row11ResourceIsAnAbsoluteUriWithoutFragment) {
  const auto alone = [](std::string_view resource) {
    return outcome(with(usual_with("audience", ""), "resource", resource));
  };
  EXPECT_EQ(alone("https://api.example/a?b=c"), "ok");
  EXPECT_EQ(alone("urn:example:api"), "ok");
  for (const std::string_view bad :
       {"/api", "https://api.example/#x", "https://api.example/#", "//api.example/",
        "https:", "https://api.example/ x", "api", "1a:b"})
    EXPECT_EQ(alone(bad), "302 invalid_target") << bad;
}

TEST(AuthorizationRequest, SeveralResourcesAreKeptInOrderUpToABound) {
  Pairs pairs = usual_with("audience", "");
  for (const char* resource : {"urn:a", "urn:b", "urn:a", "urn:c", "urn:d"})
    pairs.push_back({"resource", resource});
  const auto verdict = judge_authorization_request(pairs, &kPublic);
  const auto* request = std::get_if<AuthorizationRequest>(&verdict);
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(request->targets, (std::vector<std::string>{"urn:a", "urn:b", "urn:c", "urn:d"}));
  EXPECT_TRUE(request->names_resource);
  EXPECT_EQ(outcome(plus(pairs, "resource", "urn:e")), "302 invalid_target");
  EXPECT_EQ(outcome(plus(pairs, "audience", "urn:a")), "302 invalid_target");
}

TEST(AuthorizationRequest, TheClientToLookUpIsTheOnlyOneNamed) {
  EXPECT_EQ(find_client_id(usual()), "c1");
  EXPECT_EQ(find_client_id(plus(usual(), "client_id", "c2")), std::nullopt);
  EXPECT_EQ(find_client_id(plus(usual(), "client_id", "")), std::nullopt);
  EXPECT_EQ(find_client_id({}), std::nullopt);
}

}  // namespace
}  // namespace tokenledger

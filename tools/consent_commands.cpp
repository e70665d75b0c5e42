// `tokenledger consent`: what users let clients do, and what is allowed to groups in advance.
#include <boost/json.hpp>

#include "tools/answer.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kItemsMax = 67'108'864;  // as many as a ledger can have

struct ConsentOptions {
  std::uint32_t consent = 0;
  std::string user_id;
  std::string group;
  std::string client_id;
  std::string audience;
  std::vector<std::string> scopes;
  std::vector<std::string> identity_scopes;
  std::string granted_at;
  std::string reason;
};

const Columns kColumns = {
    {"consent", "granted_at", "user_id", "group", "client_id", "audience", "scopes"},
    {"consent", "user_id", "group", "client_id", "audience", "scopes", "identity_scopes",
     "granted_at"}};

ExitCode list_consents(CommandLine& line, const ConsentOptions& options) {
  const auto door = open_door(line, Needs::log);
  show_pages(
      line, *door,
      {.target = "/v1/consents?" + query_part("user_id", options.user_id) +
                 query_part("group", options.group) + query_part("client_id", options.client_id) +
                 query_part("audience", options.audience),
       .limit = kItemsMax,
       .cursor = {}},
      kColumns);
  return ExitCode::ok;
}

ExitCode grant_group(CommandLine& line, const ConsentOptions& options) {
  const json::object body{{"group", options.group},
                          {"client_id", options.client_id},
                          {"audience", options.audience},
                          {"scopes", json::value_from(options.scopes)},
                          {"identity_scopes", json::value_from(options.identity_scopes)}};
  return ask_and_show(
      line, Needs::log,
      {.method = "POST", .target = "/v1/pre-consents", .body = json::serialize(body)});
}

ExitCode withdraw(CommandLine& line, const ConsentOptions& options) {
  json::object body{{"granted_at", options.granted_at}};
  if (!options.reason.empty()) body["reason"] = options.reason;
  return ask_and_show(line, Needs::log,
                      {.method = "POST",
                       .target = "/v1/consents/" + std::to_string(options.consent) + "/withdraw",
                       .body = json::serialize(body)});
}

}  // namespace

void add_consent_commands(CommandLine& line) {
  static ConsentOptions options;
  auto* group = line.add_group("consent", "What users let clients do",
                               "consent list --data ./data --client-id shop");
  auto* listing =
      line.add_anywhere(group, {"list", "List what was allowed and not withdrawn",
                                "consent list --data ./data --user-id usr_AAECAwQFBgcICQoLDA0ODw",
                                [&line] { return list_consents(line, options); }});
  listing->add_option("--user-id", options.user_id, "Only this user's");
  listing->add_option("--group", options.group, "Only what this group was allowed in advance");
  listing->add_option("--client-id", options.client_id, "Only for this client");
  listing->add_option("--audience", options.audience, "Only at this API");
  auto* granting = line.add_anywhere(
      group, {"grant-group", "Allow a client scopes for all who are or will be in a group",
              "consent grant-group staff --data ./data --client-id shop --audience urn:orders "
              "--scope read",
              [&line] { return grant_group(line, options); }});
  granting->add_option("group", options.group, "The group's name")->required();
  granting->add_option("--client-id", options.client_id, "The client")->required();
  granting->add_option("--audience", options.audience, "The API's identifier")->required();
  granting->add_option("--scope", options.scopes, "A scope of the API; may repeat");
  granting
      ->add_option("--identity-scope", options.identity_scopes,
                   "openid, profile, offline_access; may repeat")
      ->check(CLI::IsMember({"openid", "profile", "offline_access"}));
  auto* withdrawing = line.add_anywhere(
      group, {"withdraw", "End a consent and all that was issued on it",
              "consent withdraw 17 --data ./data --granted-at 2026-02-03T04:05:06Z --reason 'asked "
              "by letter'",
              [&line] { return withdraw(line, options); }});
  withdrawing->add_option("consent", options.consent, "Its number")->required();
  withdrawing
      ->add_option("--granted-at", options.granted_at,
                   "When, as `consent list` shows it: a number may be another consent's later")
      ->required();
  withdrawing->add_option("--reason", options.reason,
                          "Free text, stored encrypted and never erased: nothing about a person");
}

}  // namespace tokenledger

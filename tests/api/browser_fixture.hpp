// A browser for tests: keeps cookies, fills in the forms of our pages, and follows nothing by
// itself. And the people, clients and APIs that its tests are about.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/http_form.hpp"
#include "core/management_scopes.hpp"
#include "storage/ledger_people.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {

using Fields = std::vector<std::pair<std::string, std::string>>;

inline std::string form_text(const Fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields) append_form_field(text, name, value);
  return text;
}

// The value of a header; empty when there is none.
inline std::string header_of(const Reply& reply, std::string_view name) {
  const auto at = reply.head.find("\r\n" + std::string{name} + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + 2 + name.size() + 2;
  return reply.head.substr(begin, reply.head.find("\r\n", begin) - begin);
}
inline std::string location(const Reply& reply) { return header_of(reply, "Location"); }

// A parameter of the address's query, or of its fragment; "-" when it is not there.
inline std::string parameter(std::string_view url, std::string_view name) {
  const auto at = url.find_first_of("?#");
  FormFields fields;
  if (at == std::string_view::npos || !fields.parse(url.substr(at + 1))) return "-";
  return std::string{fields.get(name).value_or("-")};
}

inline std::string unescaped(std::string text) {
  const std::pair<std::string_view, std::string_view> kNames[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}};
  for (const auto& [name, character] : kNames)
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1))
      text.replace(at, name.size(), character);
  return text;
}

// The hidden fields of the page's form that leads to `action`; empty when there is no such form.
inline Fields form_of(const Reply& page, std::string_view action) {
  Fields fields;
  auto at = page.body.find("action=\"" + std::string{action} + "\"");
  const auto end = page.body.find("</form>", at);
  while (at != std::string::npos) {
    constexpr std::string_view kHidden = R"(<input type="hidden" name=")";
    at = page.body.find(kHidden, at);
    if (at == std::string::npos || at > end) break;
    const auto name = at + kHidden.size();
    const auto name_end = page.body.find('"', name);
    const auto value = page.body.find("value=\"", name_end) + 7;
    at = page.body.find('"', value);
    fields.emplace_back(page.body.substr(name, name_end - name),
                        unescaped(page.body.substr(value, at - value)));
  }
  return fields;
}
inline Fields with(Fields fields, const Fields& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

class Browser {
 public:
  explicit Browser(const ApiUnderTest& api) : api_{api} {}

  Reply get(std::string_view path) { return keep(api_.call("GET", path, {.headers = headers()})); }
  Reply post(std::string_view path, const Fields& fields, const std::string& more = {}) {
    const auto body = form_text(fields);
    return keep(api_.call(
        "POST", path,
        {.body = body, .type = "application/x-www-form-urlencoded", .headers = headers() + more}));
  }
  // Sends the page's own form.
  Reply submit(const Reply& page, std::string_view action, const Fields& more) {
    return post(action, with(form_of(page, action), more));
  }
  Reply sign_in(const Reply& page, const std::string& login, const std::string& password) {
    return submit(page, "/oauth/sign-in", {{"login", login}, {"password", password}});
  }
  Reply allow(const Reply& page) { return submit(page, "/oauth/consent", {{"decision", "allow"}}); }
  Reply deny(const Reply& page) { return submit(page, "/oauth/consent", {{"decision", "deny"}}); }

  std::map<std::string, std::string> cookies;

 private:
  [[nodiscard]] std::string headers() const {
    std::string text;
    for (const auto& [name, value] : cookies) {
      text += text.empty() ? "Cookie: " : "; ";
      text.append(name).append("=").append(value);
    }
    return text.empty() ? text : text + "\r\n";
  }
  Reply keep(Reply reply) {
    constexpr std::string_view kField = "\r\nSet-Cookie: ";
    for (auto at = reply.head.find(kField); at != std::string::npos;
         at = reply.head.find(kField, at + 1)) {
      const auto begin = at + kField.size();
      const auto equals = reply.head.find('=', begin);
      const auto name = reply.head.substr(begin, equals - begin);
      const auto value = reply.head.substr(equals + 1, reply.head.find(';', equals) - equals - 1);
      if (value.empty()) {
        cookies.erase(name);
      } else {
        cookies[name] = value;
      }
    }
    return reply;
  }

  const ApiUnderTest& api_;
};

// RFC 7636 appendix B.
inline constexpr std::string_view kTestVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
inline constexpr std::string_view kTestChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
inline const std::string kTestCallback = "https://app.example/cb";
inline const std::string kTestPassword = "correct horse battery";
inline constexpr auto kCodeAndRefresh =
    static_cast<std::uint8_t>(static_cast<unsigned>(GrantType::authorization_code) |
                              static_cast<unsigned>(GrantType::refresh_token));

class PeopleTest : public ApiTest {
 protected:
  static void run(CommandPayload payload) {
    const auto done =
        api().ledger().submit({{.kind = ActorKind::host}, {}, {}, std::move(payload)});
    ASSERT_TRUE(done.has_value()) << done.error().message();
  }
  // A public client with one address.
  static ClientSettings usual_client(const std::string& name = "Calendar") {
    ClientSettings settings;
    settings.name = name;
    settings.grant_types = kCodeAndRefresh;
    settings.redirect_uris = {kTestCallback};
    settings.is_public = true;
    settings.authentication = ClientAuthentication::none;
    return settings;
  }
  static std::string make_client(ClientSettings settings = usual_client()) {
    const auto id = fresh("client-");
    run(RegisterClient{.client_id = id, .settings = std::move(settings)});
    return id;
  }
  static std::string make_calendar(bool allows_offline = false) {
    const auto identifier = fresh("https://api.example/");
    ApiSettings settings;
    settings.name = "Calendar API";
    settings.scopes = {{"read", "See your events"}, {"write", "Change your events"}, {"share", ""}};
    settings.allow_offline_access = allows_offline;
    settings.signing_alg = SignatureAlgorithm::es256;
    run(CreateApi{.identifier = identifier, .settings = std::move(settings)});
    return identifier;
  }
  static void grant(const std::string& client, const std::string& audience,
                    std::vector<std::string> scopes = {"read", "write", "share"}) {
    run(AddClientGrant{client, audience, std::move(scopes)});
  }
  struct Person {
    std::string login;
    UserNumber number;
  };
  static Person make_person(const std::string& display_name = "Ada Lovelace") {
    Person person{.login = fresh("ada"), .number = {}};
    auto& people = api().ledger().people();
    EXPECT_TRUE(people.register_user({person.login, display_name}, {}).has_value());
    const auto found = people.find_login(person.login);
    EXPECT_TRUE(found.has_value() && found->has_value());
    if (!found || !*found) return person;
    person.number = (*found)->number;
    EXPECT_TRUE(people.set_password(person.number, kTestPassword, {}).has_value());
    return person;
  }
  // As somebody who looks at it now and then withdraws it.
  static SeenConsent seen(ConsentNumber number) {
    SeenConsent consent{.number = number};
    api().ledger().people().with_people(
        [&](const People& people) { consent.granted_at = people.consent(number)->granted_at; });
    return consent;
  }
  static SeenConsent seen_of_groups(ClientNumber client, ApiNumber api_number) {
    ConsentNumber number;
    api().ledger().people().with_people(
        [&](const People& people) { number = people.pre_consents(client, api_number).front(); });
    return seen(number);
  }
  static GroupNumber make_group(const std::vector<Person>& members) {
    const auto name = fresh("staff");
    run(CreateGroup{name});
    GroupNumber group;
    api().ledger().people().with_people(
        [&](const People& people) { group = people.find_group(name); });
    for (const auto& member : members) run(SetUserGroups{member.number, {group}, {}});
    return group;
  }
  // A client with a grant at an API of its own, and somebody to use it.
  struct Stage {
    std::string client;
    std::string audience;
    Person person;

    [[nodiscard]] Fields usual() const {
      return {{"response_type", "code"},
              {"client_id", client},
              {"redirect_uri", kTestCallback},
              {"scope", "read"},
              {"state", "xyz"},
              {"audience", audience},
              {"nonce", "n-0S6_WzA2Mj"},
              {"code_challenge", std::string{kTestChallenge}},
              {"code_challenge_method", "S256"}};
    }
    // The parameter replaced, or left out when the value is empty; and its address.
    [[nodiscard]] Fields usual_with(std::string_view name, std::string_view value) const {
      auto fields = usual();
      std::erase_if(fields, [&](const auto& field) { return field.first == name; });
      if (!value.empty()) fields.emplace_back(name, value);
      return fields;
    }
  };
  static std::string address(const Fields& fields) {
    return "/oauth/authorize?" + form_text(fields);
  }
  static Stage make_stage(ClientSettings settings = usual_client(), bool allows_offline = false) {
    Stage stage{.client = make_client(std::move(settings)),
                .audience = make_calendar(allows_offline),
                .person = make_person()};
    grant(stage.client, stage.audience);
    return stage;
  }
  // Through the sign-in page; where the browser is sent then.
  static std::string sign_in(Browser& browser, const Stage& stage, const Fields& fields) {
    const auto page = browser.get(address(fields));
    EXPECT_EQ(page.status, 200) << page.head << page.body;
    const auto sent = browser.sign_in(page, stage.person.login, kTestPassword);
    EXPECT_EQ(sent.status, 303) << sent.head << sent.body;
    return location(sent);
  }
  // All the way; the address that the client gets.
  static std::string authorize(Browser& browser, const Stage& stage, const Fields& fields) {
    const auto page = browser.get(sign_in(browser, stage, fields));
    EXPECT_EQ(page.status, 200) << page.head;
    return location(browser.allow(page));
  }
  static std::vector<ConsentRecord> consents_of(UserNumber user) {
    std::vector<ConsentRecord> records;
    api().ledger().people().with_people([&](const People& people) {
      for (const auto number : people.consents_of(user)) records.push_back(*people.consent(number));
    });
    return records;
  }
  static Event last_event() {
    Event last;
    const auto upto = api().ledger().committed();
    std::atomic<bool> is_done{false};
    const auto reader = api().ledger().subscribe(upto, [&](const Event& event) {
      last = event;
      is_done = true;
      is_done.notify_all();
      return false;
    });
    is_done.wait(false);
    return last;
  }
};

}  // namespace tokenledger::test

// Two hundred sign-ins at once: every one is answered, few passwords are looked at, and tokens are
// checked and issued all the while (INV-7, design §5). What a storm costs the others in time is
// measured by bench/sign_in_storm_bench.cpp; nothing here depends on it.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <map>
#include <thread>

#include "api/password_desk.hpp"
#include "tests/api/browser_fixture.hpp"

namespace tokenledger::test {
namespace {

constexpr int kAttempts = 200;
constexpr int kAdaEvery = 20;  // more often than an account may be guessed at
constexpr std::string_view kForm = "application/x-www-form-urlencoded";

// One page, whose form all attempts send: of as many browsers as somebody likes to pretend.
class StormSource {
 public:
  explicit StormSource(const ApiUnderTest& api) : api_{api}, browser_{api} {
    page_ = browser_.get("/oauth/account");
    EXPECT_EQ(page_.status, 200);
    for (const auto& [name, value] : browser_.cookies)
      cookie_ += (cookie_.empty() ? "" : "; ") + name + "=" + value;
  }
  [[nodiscard]] std::string request(const std::string& login, const std::string& password) const {
    const auto body = form_text(
        with(form_of(page_, "/oauth/sign-in"), {{"login", login}, {"password", password}}));
    return ApiUnderTest::request_text(
        "POST", "/oauth/sign-in",
        {.body = body, .type = kForm, .headers = "Cookie: " + cookie_ + "\r\n"});
  }
  // All sent before the first answer is read, each on a connection of its own.
  [[nodiscard]] std::vector<Answer> blow(const std::vector<std::string>& requests) const {
    std::vector<HttpTestClient> connections;
    for (std::size_t count = 0; count < requests.size(); ++count)
      connections.emplace_back(api_.port());
    for (std::size_t at = 0; at < requests.size(); ++at)
      EXPECT_TRUE(connections[at].send(requests[at])) << at;
    std::vector<Answer> answers;
    for (auto& connection : connections) {
      Answer answer;
      // Passwords are looked at at a low priority: a busy machine may take its time.
      for (int patience = 0; patience < 5 && answer.status == 0; ++patience)
        answer = connection.read();
      answers.push_back(std::move(answer));
    }
    return answers;
  }

 private:
  const ApiUnderTest& api_;
  Browser browser_;
  Reply page_;
  std::string cookie_;
};

// Somebody who checks a token and somebody who asks for tokens, again and again.
class Bystanders {
 public:
  explicit Bystanders(const ApiUnderTest& api)
      : client_{api.make_client()},
        checking_{start(api, Errand::check)},
        asking_{start(api, Errand::issue)} {}
  ~Bystanders() { is_over_ = true; }
  Bystanders(const Bystanders&) = delete;
  Bystanders& operator=(const Bystanders&) = delete;
  struct Outcome {
    std::map<int, int> checks;  // by status
    std::map<int, int> tokens;
  };
  Outcome stop() {
    is_over_ = true;
    checking_.join();
    asking_.join();
    return outcome_;
  }

 private:
  enum class Errand { check, issue };
  std::jthread start(const ApiUnderTest& api, Errand errand) {
    if (errand == Errand::check) {
      api.make_api("urn:bystanders");
      api.grant(client_, "urn:bystanders");
      token_ = api.new_token(client_, "urn:bystanders");
    }
    return std::jthread{[this, &api, errand] {
      HttpTestClient connection{api.port()};
      const std::string body =
          "grant_type=client_credentials&audience=urn:bystanders&client_id=" + client_.id +
          "&client_secret=" + client_.secret;
      auto& statuses = errand == Errand::check ? outcome_.checks : outcome_.tokens;
      do {
        const auto reply =
            errand == Errand::check
                ? ApiUnderTest::on(connection, "GET", "/v1/authz?audience=urn:bystanders",
                                   {.token = token_})
                : ApiUnderTest::on(connection, "POST", "/oauth/token",
                                   {.body = body, .type = kForm});
        ++statuses[reply.status];
        std::this_thread::sleep_for(std::chrono::milliseconds{1});  // leaves a processor to others
      } while (!is_over_);
    }};
  }

  ApiUnderTest::Client client_;
  std::string token_;
  std::atomic<bool> is_over_{false};
  Outcome outcome_;
  std::jthread checking_;
  std::jthread asking_;
};

struct Counted {
  std::map<int, int> statuses;
  int without_retry_after = 0;  // of those that must wait
};
Counted count(const std::vector<Answer>& answers) {
  Counted counted;
  for (const auto& answer : answers) {
    ++counted.statuses[answer.status];
    if (answer.status == 429 && answer.head.find("\r\nRetry-After: ") == std::string::npos)
      ++counted.without_retry_after;
  }
  return counted;
}

void print(const char* what, const Counted& counted, const Bystanders::Outcome& others) {
  std::printf("%s:", what);
  for (const auto& [status, times] : counted.statuses) std::printf(" %d x %d,", times, status);
  for (const auto& [status, times] : others.checks) std::printf(" checks %d x %d,", times, status);
  for (const auto& [status, times] : others.tokens) std::printf(" tokens %d x %d", times, status);
  std::printf("\n");
}

void expect_served(const Bystanders::Outcome& others) {
  EXPECT_EQ(others.checks.size(), 1u);
  EXPECT_GT(others.checks.count(200), 0u) << "every check is answered with 200";
  EXPECT_EQ(others.tokens.size(), 1u);
  EXPECT_GT(others.tokens.count(200), 0u) << "every token request is answered with 200";
}

TEST(SignInStorm, FromOneAddressAllButItsShareMustWait) {
  const ApiUnderTest api;
  const StormSource source{api};
  std::vector<std::string> requests;
  for (int attempt = 0; attempt < kAttempts; ++attempt)
    requests.push_back(source.request("nobody" + std::to_string(attempt), "some password"));
  Bystanders bystanders{api};
  const auto counted = count(source.blow(requests));
  const auto others = bystanders.stop();
  print("one address", counted, others);
  expect_served(others);
  auto statuses = counted.statuses;
  EXPECT_EQ(statuses[200] + statuses[429], kAttempts) << "no attempt is left without an answer";
  EXPECT_GE(statuses[200], static_cast<int>(SignInRates{}.per_address.burst));
  EXPECT_GT(statuses[429], 0);
  EXPECT_EQ(counted.without_retry_after, 0);
}

TEST(SignInStorm, FromManyAddressesTheQueueIsShortAndNobodyIsShutOutAfterwards) {
  // As if each attempt came from an address of its own: only the queue is left to hold it back.
  ApiUnderTest api{
      {.sign_in_rates = {.per_account = {.interval = std::chrono::seconds{30}, .burst = 5},
                         .per_address = {.interval = std::chrono::seconds{1}, .burst = 10'000}}}};
  auto& people = api.ledger().people();
  ASSERT_TRUE(people.register_user({"ada", "Ada"}, {}).has_value());
  const auto ada = people.find_login("ada");
  ASSERT_TRUE(ada.has_value() && ada->has_value());
  ASSERT_TRUE(people.set_password((*ada)->number, kTestPassword, {}).has_value());
  const StormSource source{api};
  std::vector<std::string> requests;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const bool is_ada = attempt % kAdaEvery == 0;
    requests.push_back(is_ada ? source.request("ada", kTestPassword)
                              : source.request("nobody" + std::to_string(attempt), "a password"));
  }
  Bystanders bystanders{api};
  const auto answers = source.blow(requests);
  const auto others = bystanders.stop();
  const auto counted = count(answers);
  print("many addresses", counted, others);
  expect_served(others);
  auto statuses = counted.statuses;
  EXPECT_EQ(statuses[200] + statuses[303] + statuses[429], kAttempts);
  // Room for so many was there before anybody was refused.
  EXPECT_GE(statuses[200] + statuses[303], static_cast<int>(kPasswordsWaitingMax));
  EXPECT_EQ(counted.without_retry_after, 0);
  for (std::size_t at = 0; at < answers.size(); ++at) {
    const bool is_ada = at % kAdaEvery == 0;
    const auto& answer = answers[at];
    EXPECT_TRUE(answer.status == (is_ada ? 303 : 200) || answer.status == 429) << at;
    EXPECT_EQ(answer.head.find("tl_session=") != std::string::npos, answer.status == 303) << at;
  }
  // Whoever was refused for want of room has not used up a guess, nor has who was right.
  Browser browser{api};
  for (int guess = 1; guess < 5; ++guess)
    EXPECT_EQ(browser.sign_in(browser.get("/oauth/account"), "ada", "a wrong one").status, 200);
  EXPECT_EQ(browser.sign_in(browser.get("/oauth/account"), "ada", kTestPassword).status, 303);
}

}  // namespace
}  // namespace tokenledger::test

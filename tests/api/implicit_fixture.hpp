// Clients that opted in to implicit requests, and what their pages ask for.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "tests/api/browser_fixture.hpp"

namespace tokenledger::test {

class ImplicitFixture : public PeopleTest {
 protected:
  static ClientSettings implicit_client() {
    auto settings = usual_client();
    settings.grant_types = static_cast<std::uint8_t>(GrantType::implicit);
    return settings;
  }
  static Stage implicit_stage(const std::function<void(ClientSettings&)>& adjust = {}) {
    auto settings = implicit_client();
    if (adjust) adjust(settings);
    return make_stage(std::move(settings), true);
  }
  // As a single-page application of the time asks: no PKCE, which only a code could use.
  static Fields asking(const Stage& stage, std::string_view scope = "read",
                       std::string_view type = "token") {
    return {{"response_type", std::string{type}},
            {"client_id", stage.client},
            {"redirect_uri", kTestCallback},
            {"scope", std::string{scope}},
            {"state", "xyz"},
            {"audience", stage.audience},
            {"nonce", "n-0S6_WzA2Mj"}};
  }
  // Where the browser is sent when nothing more is asked of the user.
  static std::string answer_of(Browser& browser, const Fields& fields) {
    const auto reply = browser.get(address(fields));
    EXPECT_EQ(reply.status, 302) << reply.body;
    return location(reply);
  }
  // Nothing of an answer may reach a server: all of it stands behind the '#'.
  static bool is_in_fragment(std::string_view url) {
    return url.starts_with(kTestCallback + "#") && url.find('?') == std::string_view::npos;
  }
};

}  // namespace tokenledger::test

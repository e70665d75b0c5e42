// Any parameters: no crash. Whatever may be redirected goes to an address that is registered, but
// for the loopback port, and says the state that came; the composed address holds no byte that
// could end a header.
//
// A line of the input is one parameter, split at its first '='.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "core/authorization_request.hpp"
#include "core/byte_view.hpp"

namespace {

using namespace tokenledger;

const std::vector<std::string> kRegistered = {"https://app.example/cb?x=1", "http://127.0.0.1/cb",
                                              "com.example.app:/cb"};

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_registered(std::string_view address) {
  if (std::ranges::find(kRegistered, address) != kRegistered.end()) return true;
  constexpr std::string_view kStart = "http://127.0.0.1:";
  constexpr std::string_view kEnd = "/cb";
  if (!address.starts_with(kStart) || !address.ends_with(kEnd)) return false;
  const auto port = address.substr(kStart.size(), address.size() - kStart.size() - kEnd.size());
  return !port.empty() && port.find_first_not_of("0123456789") == std::string_view::npos;
}

void check_target(const AnswerTarget& target, std::span<const AuthorizationParameter> parameters) {
  require(is_registered(target.redirect_uri));
  const auto url = error_answer_url(target, AuthorizationError::access_denied, "", "https://as");
  require(url.starts_with(target.redirect_uri));
  require(std::ranges::all_of(url, [](char c) { return c > 0x20 && c < 0x7F; }));
  const auto is_state = [](const auto& parameter) { return parameter.name == "state"; };
  if (target.state.empty()) return;
  require(std::ranges::count_if(parameters, is_state) == 1);
  require(std::ranges::find_if(parameters, is_state)->value == target.state);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<AuthorizationParameter> parameters;
  for (std::string_view text = text_of(ByteView{data, size}); !text.empty();) {
    const auto line = text.substr(0, text.find('\n'));
    const auto name = line.substr(0, line.find('='));
    parameters.push_back({name, line.substr(std::min(name.size() + 1, line.size()))});
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  const AuthorizationClient client{
      .redirect_uris = kRegistered, .may_use_code = true, .may_use_implicit = true};
  const auto verdict = judge_authorization_request(parameters, &client);
  if (const auto* fault = std::get_if<RedirectFault>(&verdict)) {
    require(!fault->description.empty());
    check_target(fault->target, parameters);
  } else if (const auto* request = std::get_if<AuthorizationRequest>(&verdict)) {
    check_target(request->target, parameters);
    const bool is_code = request->response_type == ResponseType::code;
    require(request->target.part == (is_code ? AnswerPart::query : AnswerPart::fragment));
    require(!is_code || request->code_challenge.has_value());
  }
  return 0;
}

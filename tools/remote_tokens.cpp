#include "tools/remote_tokens.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "api/json_writer.hpp"
#include "tools/http_client.hpp"
#include "tools/offline_ledger.hpp"
#include "tools/token_record.hpp"

namespace tokenledger {
namespace {

namespace json = boost::json;

HttpClient client_of(const CommandLine& line) {
  if (line.token_file.empty())
    throw Failure{ExitCode::usage,
                  "--url needs --token-file, the file of an administrator's token"};
  return {line.url, read_secret(line.token_file)};
}

json::value parse(const HttpAnswer& answer) {
  json::error_code error;
  auto value = json::parse(answer.body, error);
  if (error || !value.is_object())
    throw Failure{ExitCode::cannot_open, "the server's answer is not JSON: is this tokenledger?"};
  return value;
}

std::string text_at(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

// The problem's own sentence (RFC 9457), made harmless for a terminal.
json::object expect_success(const HttpAnswer& answer) {
  auto value = parse(answer);
  if (answer.status < 300) return std::move(value.get_object());
  const auto& problem = value.get_object();
  auto code = ExitCode::refused;
  if (answer.status == 400 || answer.status == 422) code = ExitCode::usage;
  if (text_at(problem, "code") == errc_name(Errc::unknown_outcome))
    code = ExitCode::unknown_outcome;
  const auto sentence = text_at(problem, "detail");
  throw Failure{code, escape_control("the server refused (" + std::to_string(answer.status) + " " +
                                     text_at(problem, "code") + ")" +
                                     (sentence.empty() ? "" : ": " + sentence))};
}

Value value_of(const json::value& value) {
  if (value.is_null()) return std::monostate{};
  if (value.is_bool()) return value.get_bool();
  if (value.is_string()) return std::string{value.get_string()};
  if (value.is_int64() && value.get_int64() >= 0)
    return static_cast<std::uint64_t>(value.get_int64());
  if (value.is_uint64()) return value.get_uint64();
  return RawJson{json::serialize(value)};
}

Record record_of(const json::object& object) {
  Record record;
  for (const auto& member : object) {
    const std::string name{member.key()};
    if (name == "revocation" && member.value().is_object()) {
      for (const auto& inner : member.value().get_object())
        record.emplace_back(name + "." + std::string{inner.key()}, value_of(inner.value()));
    } else {
      record.emplace_back(name, value_of(member.value()));
    }
  }
  return record;
}

}  // namespace

ExitCode remote_list(const CommandLine& line, const std::string& client_id,
                     const std::string& status, std::uint32_t limit) {
  const auto client = client_of(line);
  Listing listing{token_list_columns(), token_columns(), {}, {}};
  std::string cursor;
  do {
    const auto left = std::min<std::size_t>(limit - listing.items.size(), kPageRowsMax);
    auto target = "/v1/tokens?limit=" + std::to_string(left);
    if (!client_id.empty()) target += "&client_id=" + percent_encoded(client_id);
    if (!status.empty()) target += "&status=" + percent_encoded(status);
    if (!cursor.empty()) target += "&cursor=" + percent_encoded(cursor);
    const auto page = expect_success(client.send("GET", target));
    if (const auto* items = page.if_contains("items"); items != nullptr && items->is_array()) {
      for (const auto& item : items->get_array()) {
        if (item.is_object()) listing.items.push_back(record_of(item.get_object()));
      }
    }
    cursor = text_at(page, "next_cursor");
    listing.summary.clear();
    for (const auto* name : {"as_of_seq", "as_of_time", "total", "total_is_lower_bound"}) {
      if (const auto* value = page.if_contains(name))
        listing.summary.emplace_back(name, value_of(*value));
    }
  } while (!cursor.empty() && listing.items.size() < limit);
  print(render(listing, line.format));
  return ExitCode::ok;
}

ExitCode remote_show(const CommandLine& line, const std::string& jti) {
  const auto answer = client_of(line).send("GET", "/v1/tokens/" + percent_encoded(jti));
  print(render(record_of(expect_success(answer)), line.format));
  return ExitCode::ok;
}

ExitCode remote_revoke(const CommandLine& line, const std::string& jti, const std::string& reason) {
  std::string body;
  JsonWriter writer{&body};
  writer.begin_object();
  if (!reason.empty()) writer.member("reason", std::string_view{reason});
  writer.end_object();
  const auto answer =
      client_of(line).send("POST", "/v1/tokens/" + percent_encoded(jti) + "/revoke", body);
  print(render(record_of(expect_success(answer)), line.format));
  return ExitCode::ok;
}

ExitCode remote_check(const CommandLine& line, const std::string& token_path,
                      const std::string& audience, const std::vector<std::string>& scopes) {
  if (token_path.empty())
    throw Failure{ExitCode::usage, "name the file of the token to check with --file (- is stdin)"};
  const auto client = client_of(line);
  std::string scope;
  for (const auto& name : scopes) scope += (scope.empty() ? "" : " ") + name;
  std::string body;
  JsonWriter writer{&body};
  writer.begin_object()
      .member("token", std::string_view{read_secret(token_path)})
      .member("audience", std::string_view{audience});
  if (!scope.empty()) writer.member("scope", std::string_view{scope});
  writer.end_object();
  const auto answer = expect_success(client.send("POST", "/v1/check", body));
  const auto* good = answer.if_contains("good");
  print(render(record_of(answer), line.format));
  return good != nullptr && good->is_bool() && good->get_bool() ? ExitCode::ok : ExitCode::refused;
}

}  // namespace tokenledger

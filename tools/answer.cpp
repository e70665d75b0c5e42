#include "tools/answer.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>

#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kPageItemsMax = 1'000;

std::string text_at(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

std::optional<json::object> parse(const HttpAnswer& answer) {
  json::error_code error;
  auto value = json::parse(answer.body, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

// The error whose name the ledger sent.
std::optional<Errc> errc_of(const std::string& name) {
  for (int value = 1; value <= static_cast<int>(Errc::signature_invalid); ++value) {
    const auto code = static_cast<Errc>(value);
    if (name == errc_name(code)) return code;
  }
  return std::nullopt;
}

// Refusals with a 5xx status that are given before anything is written.
bool says_nothing_was_done(const std::string& code) {
  constexpr std::string_view kCodes[] = {"queue_full", "storage_low", "stale_policy",
                                         "shutting_down", "busy"};
  return std::ranges::find(kCodes, code) != std::end(kCodes);
}

[[noreturn]] void fail_unknown(const HttpAnswer& answer) {
  throw Failure{ExitCode::unknown_outcome,
                "the server answered " + std::to_string(answer.status) +
                    " and not what this ledger says: it may or may not have done it; look before "
                    "you repeat it"};
}

// A problem (RFC 9457) or an OAuth error (RFC 6749 §5.2). Its words are made harmless for a
// terminal.
[[noreturn]] void fail_refused(const HttpAnswer& answer, const json::object& problem) {
  auto code = text_at(problem, "code");
  if (code.empty()) code = text_at(problem, "error");
  auto sentence = text_at(problem, "detail");
  if (sentence.empty()) sentence = text_at(problem, "error_description");
  const auto known = errc_of(code);
  auto exit_code = ExitCode::refused;
  if (known) {
    exit_code = exit_code_of(*known);
    sentence = explain(*known);
  } else if (answer.status == 400 || answer.status == 413 || answer.status == 422) {
    exit_code = ExitCode::usage;
  }
  throw Failure{exit_code, escape_control("refused (" + std::to_string(answer.status) +
                                          (code.empty() ? "" : " " + code) + ")" +
                                          (sentence.empty() ? "" : ": " + sentence))};
}

Value value_of(const json::value& value);

// Strings as they are; objects by their names, so that a table shows scopes as people call them.
Value value_of(const json::array& array) {
  const bool is_text =
      std::ranges::all_of(array, [](const auto& item) { return item.is_string(); });
  std::vector<std::string> texts;
  for (const auto& item : array) {
    if (item.is_string()) texts.emplace_back(item.get_string());
    if (item.is_object()) texts.push_back(text_at(item.get_object(), "name"));
  }
  if (is_text) return texts;
  std::string plain;
  if (texts.size() == array.size()) {
    for (const auto& text : texts) plain += (plain.empty() ? "" : " ") + text;
  }
  return RawJson{json::serialize(array), plain};
}

Value value_of(const json::value& value) {
  if (value.is_null()) return std::monostate{};
  if (value.is_bool()) return value.get_bool();
  if (value.is_string()) return std::string{value.get_string()};
  if (value.is_int64() && value.get_int64() >= 0)
    return static_cast<std::uint64_t>(value.get_int64());
  if (value.is_uint64()) return value.get_uint64();
  if (value.is_array()) return value_of(value.get_array());
  return RawJson{json::serialize(value), {}};
}

}  // namespace

HttpAnswer ask_for_text(CommandLine& line, Door& door, const HttpQuestion& question) {
  auto answer = door.send(question);
  const bool is_read = question.method == "GET";
  if (answer.status >= 200 && answer.status < 300) {
    line.was_changed = line.was_changed || (!is_read && question.changes);
    return answer;
  }
  const auto problem = parse(answer);
  const auto code = problem ? text_at(*problem, "code") : std::string{};
  const bool is_clear = answer.status < 500 || says_nothing_was_done(code);
  if (question.changes && !is_read && (!problem || !is_clear)) fail_unknown(answer);
  if (!problem) {
    throw Failure{ExitCode::cannot_open, "the server answered " + std::to_string(answer.status) +
                                             " without saying why: is this tokenledger?"};
  }
  fail_refused(answer, *problem);
}

json::object ask(CommandLine& line, Door& door, const HttpQuestion& question) {
  const auto answer = ask_for_text(line, door, question);
  if (answer.status == 204) return {};
  auto object = parse(answer);
  if (object) return std::move(*object);
  line.was_changed = false;  // nothing is known of it
  if (question.changes && question.method != "GET") fail_unknown(answer);
  throw Failure{ExitCode::cannot_open, "the server's answer is not JSON: is this tokenledger?"};
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

void show(const CommandLine& line, const json::object& object) {
  if (!object.empty()) print(render(record_of(object), line.format));
}

void show_pages(CommandLine& line, Door& door, const PageQuestion& question,
                const Columns& columns) {
  Listing listing{columns.table, columns.all, {}, {}};
  auto cursor = question.cursor;
  do {
    const auto left = std::min<std::uint64_t>(question.limit - listing.items.size(), kPageItemsMax);
    auto page = ask(line, door,
                    {.method = "GET",
                     .target = question.target + "limit=" + std::to_string(left) +
                               (cursor.empty() ? "" : "&cursor=" + percent_encoded(cursor))});
    const auto* items = page.if_contains("items");
    if (items == nullptr || !items->is_array())
      throw Failure{ExitCode::cannot_open, "the answer holds no items: is this tokenledger?"};
    for (const auto& item : items->get_array())
      if (item.is_object()) listing.items.push_back(record_of(item.get_object()));
    auto next = text_at(page, "next_cursor");
    if (!next.empty() && next == cursor)
      throw Failure{ExitCode::cannot_open, "the server's pages do not end"};
    cursor = std::move(next);
    page.erase("items");
    listing.summary = record_of(page);
  } while (!cursor.empty() && listing.items.size() < question.limit);
  print(render(listing, line.format));
}

ExitCode ask_and_show(CommandLine& line, Needs needs, const HttpQuestion& question) {
  const auto door = open_door(line, needs);
  show(line, ask(line, *door, question));
  return ExitCode::ok;
}

std::string query_part(std::string_view name, std::string_view value) {
  if (value.empty()) return {};
  return std::string{name} + "=" + percent_encoded(value) + "&";
}

void hand_over_secret(SecretFile& file, json::object& answer, const char* name) {
  const auto secret = text_at(answer, name);
  if (file.is_stdout() || secret.empty()) return;
  file.write(secret);
  json::object without;
  for (const auto& member : answer)
    if (member.key() != name) without.emplace(member.key(), member.value());
  answer = std::move(without);
}

}  // namespace tokenledger

#include "api/new_token_request.hpp"

#include "api/request_body.hpp"
#include "api/rfc3339.hpp"

namespace tokenledger {
namespace {

constexpr std::uint32_t kSecondsPerDay = 86'400;
constexpr std::size_t kTimeBytesMax = 64;

std::optional<HttpResponse> read_expiry(JsonFields& fields, IssueRequest& issue) {
  const auto days = fields.optional_integer("expires_in_days", 1, kExpiresInDaysMax);
  const auto text = fields.optional_string("expires_at", kTimeBytesMax);
  if (fields.fault()) return invalid_field(*fields.fault());
  if (days.has_value() == text.has_value())
    return invalid_field("send exactly one of expires_in_days and expires_at");
  if (days) {
    issue.lifetime_s = static_cast<std::uint32_t>(*days) * kSecondsPerDay;
    return std::nullopt;
  }
  const auto time = parse_rfc3339_or_date(*text);
  if (!time) return invalid_field("expires_at must be an RFC 3339 time or a date");
  issue.expires_at = *time;
  return std::nullopt;
}

std::optional<HttpResponse> read_extra_fields(const JsonFields& fields, IssueRequest& issue) {
  const auto* value = fields.optional_value("extra_fields");
  if (value == nullptr) return std::nullopt;
  if (value->get_if<JsonValue::Object>() == nullptr)
    return invalid_field("field 'extra_fields' must be an object");
  if (!append_json(issue.extra_fields, *value))
    return invalid_field("numbers in 'extra_fields' must be whole");
  if (issue.extra_fields.size() > kExtraFieldsBytesMax)
    return invalid_field("field 'extra_fields' is too long");
  return std::nullopt;
}

}  // namespace

NewTokenRequest read_new_token(const JsonValue& object) {
  NewTokenRequest read;
  auto& issue = read.issue;
  JsonFields fields{object};
  fields.allow_only({"name", "audience", "scopes", "expires_in_days", "expires_at", "owner",
                     "extra_fields", "client_id"});
  issue.name = fields.required_string("name", kLabelBytesMax);
  issue.audience = fields.required_string("audience", kIdentifierBytesMax);
  if (const auto scopes =
          fields.optional_strings("scopes", {.count = kScopesPerApiMax, .bytes = kLabelBytesMax})) {
    issue.scopes.assign(scopes->begin(), scopes->end());
  }
  issue.owner = fields.optional_string("owner", kLabelBytesMax).value_or("");
  issue.client_id = fields.optional_string("client_id", kLabelBytesMax).value_or("");
  issue.origin = Origin::api;
  read.problem = read_expiry(fields, issue);
  if (!read.problem) read.problem = read_extra_fields(fields, issue);
  if (!read.problem && fields.fault()) read.problem = invalid_field(*fields.fault());
  if (!read.problem && issue.name.empty()) read.problem = invalid_field("field 'name' is empty");
  return read;
}

}  // namespace tokenledger

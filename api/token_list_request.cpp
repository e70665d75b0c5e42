#include "api/token_list_request.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "api/endpoint.hpp"
#include "api/error_mapping.hpp"
#include "api/guard.hpp"
#include "api/problem.hpp"
#include "api/rfc3339.hpp"
#include "api/wire.hpp"
#include "core/people.hpp"

namespace tokenledger {
namespace {

constexpr std::uint64_t kLimitDefault = 100;
// The order is part of a cursor's query hash.
constexpr std::array<std::string_view, 18> kFilters = {
    "client_id",       "q",          "status",       "issued_from", "issued_to",
    "expires_from",    "expires_to", "expired_from", "expired_to",  "revoked_from",
    "revoked_to",      "owner",      "subject",      "api",         "origin",
    "include_deleted", "sort",       "consent"};
constexpr std::array<std::pair<std::string_view, ListSort>, 4> kSorts = {{
    {"-issued_at", ListSort::issued_descending},
    {"issued_at", ListSort::issued_ascending},
    {"-expires_at", ListSort::expires_descending},
    {"expires_at", ListSort::expires_ascending},
}};

// The first instant that is not before the text's time, in the precision of what is compared.
void assign_time(std::optional<LedgerTime>& to, LedgerTime time) { to = time; }
// False: beyond the last second that can be said.
bool assign_time(std::optional<UnixSeconds>& to, LedgerTime time) {
  const auto whole = to_seconds(time);
  if (to_time(whole) == time) {
    to = whole;
    return true;
  }
  to = whole.next();
  return *to > whole;
}

class QueryReader {
 public:
  QueryReader(const FormFields& query, Ledger::ListRequest& list) : query_{query}, list_{list} {}

  // A sentence for the caller; empty: all is well.
  [[nodiscard]] std::string_view read() {
    read_text("client_id", list_.client_id, "client_id is empty");
    read_text("q", list_.q, "q is empty");
    read_text("owner", list_.owner, "owner is empty");
    read_text("subject", list_.subject, "subject is empty");
    read_text("api", list_.api, "api is empty");
    read_consent();
    read_choices();
    read_range("issued_from", "issued_to", list_.issued, kIssuedFaults);
    read_range("expires_from", "expires_to", list_.expires, kExpiresFaults);
    read_range("expired_from", "expired_to", list_.expired, kExpiredFaults);
    read_range("revoked_from", "revoked_to", list_.revoked, kRevokedFaults);
    refuse_contradictions();
    return fault_;
  }

 private:
  struct RangeFaults {
    std::string_view malformed;
    std::string_view reversed;
  };
  static constexpr RangeFaults kIssuedFaults{"issued_from and issued_to are RFC 3339 times",
                                             "issued_from is after issued_to"};
  static constexpr RangeFaults kExpiresFaults{"expires_from and expires_to are RFC 3339 times",
                                              "expires_from is after expires_to"};
  static constexpr RangeFaults kExpiredFaults{"expired_from and expired_to are RFC 3339 times",
                                              "expired_from is after expired_to"};
  static constexpr RangeFaults kRevokedFaults{"revoked_from and revoked_to are RFC 3339 times",
                                              "revoked_from is after revoked_to"};

  // The first fault counts.
  void fail(std::string_view fault) {
    if (fault_.empty()) fault_ = fault;
  }
  void read_text(std::string_view name, std::string& to, std::string_view when_empty) {
    const auto text = query_.get(name);
    if (!text) return;
    if (text->empty()) return fail(when_empty);
    to = *text;
  }
  void read_consent() {
    const auto text = query_.get("consent");
    if (!text) return;
    const auto number = parse_number(*text);
    if (!number || *number == 0 || *number > kConsentsMax)
      return fail("consent must be the number of a consent");
    list_.consent = ConsentNumber{static_cast<std::uint32_t>(*number)};
  }
  void read_choices() {
    if (const auto name = query_.get("status")) {
      list_.status = token_status_from_name(*name);
      if (!list_.status) fail("status must be active, revoked or expired");
    }
    if (const auto name = query_.get("origin")) {
      list_.origin = origin_from_name(*name);
      if (!list_.origin) fail("origin must be console, api, oauth_flow, external or embedded");
    }
    if (const auto text = query_.get("include_deleted")) {
      list_.include_deleted = *text == "true";
      if (*text != "true" && *text != "false") fail("include_deleted must be true or false");
    }
    if (const auto text = query_.get("sort")) {
      const auto* const found =
          std::ranges::find(kSorts, *text, &std::pair<std::string_view, ListSort>::first);
      if (found == kSorts.end())
        return fail("sort must be issued_at, -issued_at, expires_at or -expires_at");
      list_.sort = found->second;
    }
  }
  template <class Time>
  void read_time(std::string_view name, std::optional<Time>& to, std::string_view malformed) {
    const auto text = query_.get(name);
    if (!text) return;
    const auto time = parse_rfc3339(*text);
    if (!time) return fail(malformed);
    if constexpr (std::is_same_v<Time, UnixSeconds>) {
      if (!assign_time(to, *time)) fail(malformed);
    } else {
      assign_time(to, *time);
    }
  }
  template <class Time>
  void read_range(std::string_view from, std::string_view to, TimeRange<Time>& range,
                  const RangeFaults& faults) {
    read_time(from, range.from, faults.malformed);
    read_time(to, range.to, faults.malformed);
    if (range.from && range.to && *range.from > *range.to) fail(faults.reversed);
  }
  void refuse_contradictions() {
    const bool wants_expired = !list_.expired.is_open();
    const bool wants_revoked = !list_.revoked.is_open();
    if (wants_expired && list_.status && list_.status != TokenStatus::expired)
      fail("expired_from and expired_to show expired tokens only");
    if (wants_revoked && list_.status && list_.status != TokenStatus::revoked)
      fail("revoked_from and revoked_to show revoked tokens only");
    if (wants_expired && wants_revoked)
      fail("no token is both expired and revoked: name one of the two ranges");
  }

  const FormFields& query_;
  Ledger::ListRequest& list_;
  std::string_view fault_;
};

HttpResponse invalid(std::string_view sentence) {
  return problem(400, "invalid_parameter", sentence);
}

}  // namespace

TokenListRequest read_token_list(const Ledger& ledger, const HttpRequest& request) {
  TokenListRequest read;
  FormFields query;
  std::vector<std::string_view> known{kFilters.begin(), kFilters.end()};
  known.insert(known.end(), {"limit", "cursor"});
  read.refused = read_query(ledger, request, known, &query);
  if (read.refused) return read;
  const auto limit = read_limit(query, kLimitDefault, kPageRowsMax);
  if (!limit) {
    read.refused = invalid("limit must be 1 to 1000");
    return read;
  }
  read.list.limit = static_cast<std::uint32_t>(*limit);
  if (const auto fault = QueryReader{query, read.list}.read(); !fault.empty()) {
    read.refused = invalid(fault);
    return read;
  }
  // Whose login it is, is told to those alone who may see users.
  if (!read.list.subject.empty()) {
    read.list.subject_may_be_login =
        !verify_management(ledger, request, ManagementScope::users_read).denied;
  }
  read.query_hash = hash_query(request.path(), query, kFilters);
  const auto text = query.get("cursor");
  if (!text) return read;
  const auto cursor = open_cursor(ledger, *text, read.query_hash);
  if (!cursor) {
    read.refused = problem_of(cursor.error());
    return read;
  }
  read.cursor = *cursor;
  read.list.as_of_seq = cursor->as_of_seq;
  read.list.as_of_time = cursor->as_of_time;
  read.list.after = cursor->after;
  read.list.count_total = false;
  return read;
}

}  // namespace tokenledger

// The groups of negative cases, row by row: which other programs run, and which nobody runs, and
// why. negative_cases_test.cpp counts that every row has one place.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

namespace tokenledger::test {

struct Skipped {
  const char* id;
  const char* why;
};
inline constexpr Skipped kSkipped[] = {
    {"authorization-endpoint-14", "no pushed authorization requests yet"},
    {"authorization-endpoint-15", "no pushed authorization requests yet"},
    {"refresh-token-08", "no sender-constrained tokens yet"},
    {"introspection-09", "no signed introspection answers"},
    {"bearer-rs-12", "no sender-constrained tokens yet"},
    {"bearer-rs-13", "no sender-constrained tokens yet"},
    {"metadata-01", "a client's rule; the issuer is served as configured"},
    {"private-key-jwt-08", "the grant of RFC 7523 is not offered: unsupported_grant_type"},
    {"admin-api-04", "answers have one type"},
    {"admin-api-09", "no If-Match yet"},
    {"admin-api-10", "no If-Match yet"},
    {"status-list-16", "no list of the past is kept: 501"},
};

// Rows that other programs run.
struct Elsewhere {
  const char* group;
  const char* numbers;
  const char* where;
};
inline constexpr Elsewhere kElsewhere[] = {
    {"token-endpoint", "14 15 16 17 18 20", "user_grant_cases_test"},
    {"authorization-endpoint", "01 02 03 04 05 06 07 08 09 10 11 13 16 18", "authorize_test"},
    {"authorization-endpoint", "12", "consent_test"},
    {"authorization-endpoint", "17", "sign_in_test"},
    {"pkce", "01 02 03 04 05", "user_grant_cases_test"},
    {"refresh-token", "01 02 03 05 06 07 09 10", "user_grant_cases_test"},
    {"refresh-token", "04", "one_winner_test"},
    {"revocation", "07", "revocation_test: Z05, R17"},
    {"revocation", "08", "oauth_introspection_test: INV6"},
    {"revocation", "09", "user_grant_cases_test"},
    {"bearer-rs", "10", "user_grant_cases_test"},
    {"bearer-rs", "14", "npm/status_list.test.js: a resource server's rule"},
    {"metadata", "04", "cli_http_test: what --issuer refuses"},
    {"resource-indicators", "02 03 04", "user_grant_cases_test"},
    {"private-key-jwt", "01 02 03 04 05 06 07 09", "client_authentication_test"},
    {"admin-api", "11", "management_test: AnIdempotencyKeyFindsTheFirstResult"},
    {"admin-api", "13", "rate_limiter_test"},
    {"status-list", "01 02 03 04 05 06 07 08 09 10", "npm/status_list.test.js: a verifier's rules"},
    {"status-list", "18", "status_list_test: StatusPlaces"},
};

// How many rows each group has.
inline constexpr std::pair<const char*, int> kGroups[] = {
    {"token-endpoint", 20},
    {"authorization-endpoint", 18},
    {"pkce", 5},
    {"refresh-token", 10},
    {"introspection", 11},
    {"revocation", 10},
    {"bearer-rs", 14},
    {"metadata", 5},
    {"resource-indicators", 6},
    {"private-key-jwt", 9},
    {"admin-api", 14},
    {"status-list", 19},
};

inline std::string id_of(std::string_view group, int number) {
  const auto text = std::to_string(number);
  return std::string{group} + (text.size() < 2 ? "-0" : "-") + text;
}

// "metadata-04" of "metadata-04b".
inline std::string without_letter(std::string id) {
  if (id.back() >= 'a' && id.back() <= 'z') id.pop_back();
  return id;
}

inline std::map<std::string, std::string> rows_elsewhere() {
  std::map<std::string, std::string> found;
  for (const auto& [group, numbers, where] : kElsewhere) {
    std::istringstream words{numbers};
    for (int number = 0; words >> number;) {
      EXPECT_TRUE(found.emplace(id_of(group, number), where).second) << group << number;
    }
  }
  return found;
}

}  // namespace tokenledger::test

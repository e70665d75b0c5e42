// /metrics: every line follows Prometheus' text format, and nothing that can fill up is missing.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "api/metrics_text.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

// What is wrong with an exposition (format 0.0.4 and the naming rules of its documentation); empty:
// nothing.
std::vector<std::string> faults_of(const std::string& text) {
  std::vector<std::string> faults;
  const std::regex name{"tokenledger_[a-z][a-z0-9_]*"};
  const std::regex sample{R"re((\w+)(\{(\w+)="([^"\\\n]*)"\})? ([0-9]+(\.[0-9]+)?))re"};
  std::map<std::string, std::string> types;
  std::set<std::string> helps, samples;
  std::string family;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    std::string hash, what, named, rest;
    words >> hash >> what >> named;
    std::getline(words, rest);
    if (hash == "#" && what == "HELP") {
      if (!helps.insert(named).second) faults.push_back("a second HELP: " + line);
      if (rest.size() < 2) faults.push_back("no help: " + line);
      family = named;
      continue;
    }
    if (hash == "#" && what == "TYPE") {
      if (named != family) faults.push_back("TYPE without its HELP: " + line);
      if (!types.emplace(named, rest.substr(1)).second) faults.push_back("two TYPEs: " + line);
      continue;
    }
    std::smatch parts;
    if (!std::regex_match(line, parts, sample)) {
      faults.push_back("no sample: " + line);
      continue;
    }
    if (parts[1] != family) faults.push_back("outside its family: " + line);
    if (!samples.insert(parts[1].str() + parts[2].str()).second) faults.push_back("twice: " + line);
  }
  if (!text.ends_with("\n")) faults.push_back("the last line has no end");
  for (const auto& [family_name, type] : types) {
    if (!std::regex_match(family_name, name)) faults.push_back("name: " + family_name);
    const bool is_total = family_name.ends_with("_total");
    if (type == "counter" && !is_total)
      faults.push_back("a counter without _total: " + family_name);
    if (type == "gauge" && is_total) faults.push_back("a gauge with _total: " + family_name);
    if (type != "counter" && type != "gauge") faults.push_back("type: " + family_name);
    for (const char* unit : {"_ms", "_us", "_ns", "_milliseconds", "_kb", "_mib", "_minutes"})
      if (family_name.find(unit) != std::string::npos && family_name.ends_with(unit))
        faults.push_back("not a base unit: " + family_name);
  }
  return faults;
}

TEST(MetricsFormat, TheCheckerFindsWhatItIsFor) {
  const std::string good =
      "# HELP tokenledger_a_total Help\n# TYPE tokenledger_a_total counter\n"
      "tokenledger_a_total 1\n";
  EXPECT_EQ(faults_of(good), std::vector<std::string>{});
  for (const std::string bad :
       {"tokenledger_b 1\n", "# HELP tokenledger_b Help\n# TYPE tokenledger_b counter\n",
        "# HELP tokenledger_b Help\n# TYPE tokenledger_b gauge\ntokenledger_b x\n",
        "# HELP tokenledger_b_ms Help\n# TYPE tokenledger_b_ms gauge\ntokenledger_b_ms 1\n"})
    EXPECT_NE(faults_of(good + bad), std::vector<std::string>{}) << bad;
  EXPECT_NE(faults_of(good + "tokenledger_a_total 1\n"), std::vector<std::string>{});
}

class MetricsTest : public ApiTest {};

TEST_F(MetricsTest, EveryLineFollowsTheFormat) {
  const auto reply = api().as_admin("GET", "/metrics");
  ASSERT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.has("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_EQ(faults_of(reply.body), std::vector<std::string>{});
}

TEST_F(MetricsTest, EveryQueueBatchFsyncLagChunkCountRefusalAndLimitIsThere) {
  const auto body = api().as_admin("GET", "/metrics").body;
  for (const std::string name : {"tokenledger_commit_queue_commands",
                                 "tokenledger_commit_batches_total",
                                 "tokenledger_commit_batch_events_max",
                                 "tokenledger_commit_seconds_total",
                                 "tokenledger_view_lag_events",
                                 "tokenledger_validity_index_chunks{lane=\"hour\"}",
                                 "tokenledger_tokens{status=\"active\"}",
                                 "tokenledger_tokens{status=\"revoked\"}",
                                 "tokenledger_tokens{status=\"expired\"}",
                                 "tokenledger_commands_rejected_total{reason=\"queue_full\"}",
                                 "tokenledger_commands_rejected_total{reason=\"storage_low\"}",
                                 "tokenledger_audit_durable_size",
                                 "tokenledger_audit_integrated_size",
                                 "tokenledger_audit_signed_size",
                                 "tokenledger_audit_stopped",
                                 "tokenledger_receipts_waiting",
                                 "tokenledger_receipts_missed_total{reason=\"late\"}",
                                 "tokenledger_forgery_skipped_total",
                                 "tokenledger_receipts_missed_total{reason=\"too_many\"}",
                                 "tokenledger_worker_queue_jobs",
                                 "tokenledger_worker_jobs_refused_total",
                                 "tokenledger_token_requests_limited_total{by=\"client\"}",
                                 "tokenledger_token_requests_limited_total{by=\"address\"}",
                                 "tokenledger_token_requests_limited_total"
                                 "{by=\"failed_authentication\"}",
                                 "tokenledger_token_requests_limited_total{by=\"grant\"}",
                                 "tokenledger_denials_total{reason=\"revoked\"}",
                                 "tokenledger_event_streams",
                                 "tokenledger_event_streams_refused_total",
                                 "tokenledger_http_connections",
                                 "tokenledger_http_timeouts_total{what=\"write\"}",
                                 "tokenledger_http_refused_total{reason=\"malformed\"}",
                                 "tokenledger_http_tls_handshake_failures_total"})
    EXPECT_NE(body.find("\n" + name + " "), std::string::npos) << name;
  EXPECT_EQ(body.find("reason=\"none\""), std::string::npos);
}

TEST_F(MetricsTest, ItNeedsItsScopeAndNamesNoClient) {
  EXPECT_EQ(api().get("/metrics", "").status, 401);
  EXPECT_EQ(api().get("/metrics", api().manager(R"(["tokens:read"])")).status, 403);
  const auto client = api().make_client("secretive");
  EXPECT_FALSE(api().as_admin("GET", "/metrics").has(client.id));
}

// The names of witnesses come from a file that people write.
TEST(MetricsText, EscapesWhatALabelValueMayNotHold) {
  std::string text;
  MetricsText{text}.sample("m", "witness", "a\"b\\c\nd", 7);
  EXPECT_EQ(text, "m{witness=\"a\\\"b\\\\c\\nd\"} 7\n");
}

TEST_F(MetricsTest, PromtoolAcceptsThem) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "SKIP: no promtool here (Debian's package prometheus has it and starts a "
                    "server, so tools/install-packages leaves it out)";
  FILE* promtool = ::popen("promtool check metrics", "w");
  ASSERT_NE(promtool, nullptr);
  const auto body = api().as_admin("GET", "/metrics").body;
  std::fwrite(body.data(), 1, body.size(), promtool);
  EXPECT_EQ(::pclose(promtool), 0);
}

}  // namespace
}  // namespace tokenledger::test

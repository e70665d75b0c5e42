// Status lists over HTTP: what a resource server fetches, how it is cached, what is refused
// (draft-ietf-oauth-status-list-21 §8, §9; RFC 9110).
#include <gtest/gtest.h>
#include <zlib.h>

#include <chrono>
#include <optional>
#include <thread>

#include "api/entity_tag.hpp"
#include "api/negotiation.hpp"
#include "core/base64url.hpp"
#include "core/jwt.hpp"
#include "core/status_list.hpp"
#include "core/zlib_text.hpp"
#include "storage/status_lists.hpp"
#include "tests/api/api_fixture.hpp"

namespace tokenledger::test {
namespace {

using namespace std::chrono_literals;

std::string header_of(const Reply& reply, std::string_view name) {
  const auto line = "\r\n" + std::string{name} + ": ";
  const auto at = reply.head.find(line);
  if (at == std::string::npos) return {};
  const auto begin = at + line.size();
  return reply.head.substr(begin, reply.head.find("\r\n", begin) - begin);
}

std::string gunzip(std::string_view body) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

// What a list token says.
struct ListClaims {
  std::string subject;
  std::int64_t issued_at = 0;
  std::int64_t expires_at = 0;
  std::int64_t ttl_s = 0;
  std::int64_t bits = 0;
  std::string array;
};
std::optional<ListClaims> read_list(std::string_view token) {
  const auto decoded = decode_unverified(token);
  if (!decoded) return std::nullopt;
  const auto parsed = parse_json_object(decoded->payload_json);
  if (!parsed) return std::nullopt;
  const auto text = [](const JsonValue& object, const char* name) {
    return *object.find(name)->get_if<std::string>();
  };
  const auto number = [](const JsonValue& object, const char* name) {
    return *object.find(name)->get_if<std::int64_t>();
  };
  const auto& list = *parsed->find("status_list");
  const auto stream = base64url_decode(text(list, "lst"));
  const auto array = zlib_inflate(bytes_of(stream.value()), kStatusListBytes);
  if (!array) return std::nullopt;
  return ListClaims{text(*parsed, "sub"),   number(*parsed, "iat"), number(*parsed, "exp"),
                    number(*parsed, "ttl"), number(list, "bits"),   *array};
}

class StatusListHttp : public ApiTest {
 protected:
  static StatusListReference reference_of(std::string_view token) {
    const auto decoded = decode_unverified(token);
    EXPECT_TRUE(decoded && decoded->claims.status);
    return decoded && decoded->claims.status ? *decoded->claims.status : StatusListReference{};
  }
  static std::string path_of(const StatusListReference& reference) {
    EXPECT_TRUE(reference.uri.starts_with(api().ledger().issuer() + "/statuslists/"));
    return reference.uri.substr(api().ledger().issuer().size());
  }
  static Reply fetch(const std::string& path, std::string headers = "") {
    return api().call("GET", path, {.headers = std::move(headers)});
  }
  // -1: none could be had.
  static int status_in(const Reply& reply, const StatusListReference& reference) {
    if (reply.status != 200) return -1;
    const auto list = read_list(reply.body);
    if (!list) return -1;
    EXPECT_EQ(list->subject, reference.uri);
    return status_at(bytes_of(list->array), 1, reference.index).value();
  }
  // What a verifier sees, at the latest when the published bound is over.
  static void expect_within_the_bound(std::string_view token, int wanted) {
    const auto reference = reference_of(token);
    const auto deadline = std::chrono::steady_clock::now() + kStatusListLagMax;
    for (;;) {
      const int seen = status_in(fetch(path_of(reference)), reference);
      if (seen == wanted) return;
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "last seen: " << seen;
      std::this_thread::sleep_for(20ms);
    }
  }
  static std::string token_of(const std::string& more = "") {
    const auto audience = fresh("urn:status-");
    api().make_api(audience, more);
    const auto client = api().make_client();
    api().grant(client, audience);
    return api().new_token(client, audience);
  }
  static void revoke(std::string_view token) {
    ASSERT_EQ(api().as_admin("POST", "/v1/tokens/" + api().jti_of(token) + "/revoke").status, 200);
  }
};

TEST_F(StatusListHttp, A32ARevokedTokenShowsWithinTheBoundAndItsNeighboursDoNot) {
  const auto before = token_of();
  const auto token = token_of(R"(,"signing_alg":"ES256")");
  const auto after = token_of(R"(,"signing_alg":"EdDSA")");
  for (const auto& each : {before, token, after}) expect_within_the_bound(each, kStatusValid);
  revoke(token);
  expect_within_the_bound(token, kStatusInvalid);
  for (const auto& each : {before, after}) expect_within_the_bound(each, kStatusValid);
}

TEST_F(StatusListHttp, ADisabledClientsTokensShowWithinTheBound) {
  const auto audience = fresh("urn:status-");
  api().make_api(audience);
  const auto client = api().make_client();
  api().grant(client, audience);
  const auto token = api().new_token(client, audience);
  const auto other = token_of();
  ASSERT_EQ(api().as_admin("POST", "/v1/clients/" + client.id + "/disable").status, 200);
  expect_within_the_bound(token, kStatusInvalid);
  expect_within_the_bound(other, kStatusValid);
}

TEST_F(StatusListHttp, StatusList11AnAnswerHasTheTypeAndWhatCachesNeed) {
  const auto path = path_of(reference_of(token_of()));
  const auto reply = fetch(path, "Accept: application/statuslist+jwt\r\n");
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(header_of(reply, "Content-Type"), "application/statuslist+jwt");
  EXPECT_EQ(header_of(reply, "Cache-Control"), "public, max-age=60");
  EXPECT_EQ(header_of(reply, "Vary"), "Accept, Accept-Encoding");
  EXPECT_EQ(header_of(reply, "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(header_of(reply, "Content-Encoding"), "");
  const auto decoded = decode_unverified(reply.body).value();
  EXPECT_EQ(decoded.type, "statuslist+jwt");
  EXPECT_EQ(decoded.algorithm, "ES256");
  EXPECT_TRUE(fetch("/.well-known/jwks.json").has(decoded.key_id));
  const auto list = read_list(reply.body);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->ttl_s, kStatusListTtlSeconds);
  EXPECT_EQ(list->expires_at - list->issued_at, kStatusListLifetimeSeconds);
  EXPECT_EQ(list->bits, 1);
}

TEST_F(StatusListHttp, GzipIsSentToWhoAsksForItUnderATagOfItsOwn) {
  const auto path = path_of(reference_of(token_of()));
  const auto plain = fetch(path);
  const auto zipped = fetch(path, "Accept-Encoding: br, gzip;q=0.8\r\n");
  ASSERT_EQ(zipped.status, 200);
  EXPECT_EQ(header_of(zipped, "Content-Encoding"), "gzip");
  EXPECT_EQ(gunzip(zipped.body), plain.body);
  EXPECT_LT(zipped.body.size(), plain.body.size());
  EXPECT_NE(header_of(zipped, "ETag"), header_of(plain, "ETag"));
  EXPECT_EQ(header_of(fetch(path, "Accept-Encoding: gzip;q=0\r\n"), "Content-Encoding"), "");
}

TEST_F(StatusListHttp, WhoHasItAlreadyIsToldSoUntilItIsAnother) {
  const auto token = token_of();
  const auto path = path_of(reference_of(token));
  for (const std::string encoding : {"", "Accept-Encoding: gzip\r\n"}) {
    const auto tag = header_of(fetch(path, encoding), "ETag");
    ASSERT_TRUE(tag.starts_with('"') && tag.ends_with('"')) << tag;  // strong
    const auto same = fetch(path, encoding + "If-None-Match: \"x\", " + tag + "\r\n");
    EXPECT_EQ(same.status, 304);
    EXPECT_EQ(same.body, "");
    EXPECT_EQ(header_of(same, "ETag"), tag);
    EXPECT_EQ(header_of(same, "Cache-Control"), "public, max-age=60");
    EXPECT_EQ(fetch(path, encoding + "If-None-Match: \"x\"\r\n").status, 200);
  }
  const auto tag = header_of(fetch(path), "ETag");
  revoke(token);
  expect_within_the_bound(token, kStatusInvalid);
  EXPECT_EQ(fetch(path, "If-None-Match: " + tag + "\r\n").status, 200);
}

TEST_F(StatusListHttp, HeadSaysWhatGetWouldSend) {
  const auto path = path_of(reference_of(token_of()));
  const auto get = fetch(path);
  HttpTestClient connection{api().port()};
  connection.send("HEAD " + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
  const Reply head{.status = 200, .head = connection.read_head().head, .body = {}};
  EXPECT_TRUE(head.head.starts_with("HTTP/1.1 200"));
  for (const auto* name : {"Content-Length", "ETag", "Content-Type"})
    EXPECT_EQ(header_of(head, name), header_of(get, name)) << name;
  // Behind it comes the next answer, no body.
  connection.send("HEAD /livez HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_TRUE(connection.read_head().head.starts_with("HTTP/1.1 200"));
}

TEST_F(StatusListHttp, RefusalsAreProblemsThatBrowsersMayRead) {
  const auto path = path_of(reference_of(token_of()));
  struct Case {
    std::string path;
    std::string headers;
    int status;
    const char* code;
  };
  const Case cases[] = {
      {path, "Accept: application/statuslist+cwt\r\n", 406, "not_acceptable"},
      {path, "Accept: */*;q=0\r\n", 406, "not_acceptable"},
      {path + "?time=0", "", 501, "time_not_supported"},
      {path + "?time=abc", "", 400, "invalid_parameter"},
      {path + "?time=-1", "", 400, "invalid_parameter"},
      {path + "?time=1&time=1", "", 400, "invalid_query"},
      {path + "?page=1", "", 400, "unknown_parameter"},
      {path + "A", "", 404, "not_found"},
      {"/statuslists/%41AAAAAAAAAAAAAAAAAAAAA", "", 404, "not_found"},
      {"/statuslists/..%2f..%2fkeyring", "", 404, "not_found"},
      {"/statuslists?x=1", "", 400, "invalid_query"},
  };
  for (const auto& each : cases) {
    const auto reply = fetch(each.path, each.headers);
    EXPECT_EQ(reply.status, each.status) << each.path << each.headers;
    EXPECT_EQ(reply.text("code"), each.code) << each.path << each.headers;
    EXPECT_EQ(header_of(reply, "Access-Control-Allow-Origin"), "*");
    EXPECT_EQ(header_of(reply, "Cache-Control"), "no-store");
  }
  EXPECT_EQ(api().call("POST", path, {}).status, 405);
}

TEST_F(StatusListHttp, StatusList19TheAggregationNamesTheListAndMetadataNamesTheAggregation) {
  const auto reference = reference_of(token_of());
  const auto metadata = fetch("/.well-known/oauth-authorization-server");
  EXPECT_EQ(metadata.text("status_list_aggregation_endpoint"),
            api().ledger().issuer() + "/statuslists");
  const auto reply = fetch("/statuslists");
  ASSERT_EQ(reply.status, 200);
  EXPECT_EQ(header_of(reply, "Content-Type"), "application/json");
  EXPECT_EQ(header_of(reply, "Access-Control-Allow-Origin"), "*");
  EXPECT_TRUE(reply.has("\"" + reference.uri + "\""));
}

TEST_F(StatusListHttp, A28MetricsSayHowTheListsAre) {
  const auto token = token_of();
  revoke(token);
  expect_within_the_bound(token, kStatusInvalid);
  const auto metrics = api().as_admin("GET", "/metrics");
  EXPECT_TRUE(metrics.has("tokenledger_status_lists_ready 1\n"));
  EXPECT_TRUE(metrics.has("\ntokenledger_status_list_lag_seconds "));
  EXPECT_FALSE(metrics.has("\ntokenledger_status_lists 0\n"));
  EXPECT_FALSE(metrics.has("\ntokenledger_status_list_invalid_tokens 0\n"));
}

TEST(StatusListRestart, KeepsWhatWasRevokedAndANewOpeningGivesOtherPlaces) {
  ApiUnderTest api;
  api.make_api("urn:api");
  const auto client = api.make_client();
  api.grant(client, "urn:api");
  const auto token = api.new_token(client, "urn:api");
  ASSERT_EQ(api.as_admin("POST", "/v1/tokens/" + api.jti_of(token) + "/revoke").status, 200);
  const auto reference = decode_unverified(token)->claims.status.value();
  const auto path = reference.uri.substr(api.ledger().issuer().size());
  api.close();
  api.open();
  const auto deadline = std::chrono::steady_clock::now() + kStatusListLagMax;
  auto reply = api.get(path, "");
  while (reply.status == 503) {
    EXPECT_TRUE(reply.has("Retry-After: 1\r\n"));
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::sleep_for(5ms);
    reply = api.get(path, "");
  }
  ASSERT_EQ(reply.status, 200);
  const auto list = read_list(reply.body);
  ASSERT_TRUE(list);
  EXPECT_EQ(status_at(bytes_of(list->array), 1, reference.index), kStatusInvalid);
  const auto later = decode_unverified(api.new_token(client, "urn:api"))->claims.status.value();
  EXPECT_NE(later.uri, reference.uri);
}

TEST(StatusListOff, NoListsNoMetadataNoClaim) {
  ApiUnderTest api{{}, {}, [](LedgerOptions& options) { options.status_lists = false; }};
  EXPECT_EQ(api.get("/statuslists", "").status, 404);
  EXPECT_EQ(api.get("/statuslists/AAAAAAAAAAAAAAAAAAAAAA", "").status, 404);
  EXPECT_FALSE(api.get("/.well-known/openid-configuration", "").has("status_list"));
  EXPECT_FALSE(decode_unverified(api.admin())->claims.status);
  EXPECT_FALSE(api.as_admin("GET", "/metrics").has("status_list"));
}

// --- what a request accepts ---

struct AcceptCase {
  const char* name;
  const char* field;
  bool is_accepted;
};
class AcceptField : public testing::TestWithParam<AcceptCase> {};
TEST_P(AcceptField, IsReadAsRfc9110Says) {
  EXPECT_EQ(accepts_type(GetParam().field, "application/statuslist+jwt"), GetParam().is_accepted);
}
INSTANTIATE_TEST_SUITE_P(
    Rfc9110, AcceptField,
    testing::Values(AcceptCase{"None", "", true}, AcceptCase{"Any", "*/*", true},
                    AcceptCase{"Group", "application/*", true},
                    AcceptCase{"Itself", "application/statuslist+jwt", true},
                    AcceptCase{"InAnyCase", "Application/StatusList+JWT", true},
                    AcceptCase{"InAList", "text/html, application/statuslist+jwt;q=0.1", true},
                    AcceptCase{"Other", "application/statuslist+cwt", false},
                    AcceptCase{"OtherGroup", "text/*", false},
                    AcceptCase{"LongerName", "application/statuslist+jwt2", false},
                    AcceptCase{"Refused", "application/statuslist+jwt;q=0", false},
                    AcceptCase{"RefusedButAny", "*/*, application/statuslist+jwt; q=0.000", false},
                    AcceptCase{"GroupRefused", "application/*;q=0, */*", false},
                    AcceptCase{"ItselfBesideRefused",
                               "application/*;q=0, application/statuslist+jwt", true},
                    AcceptCase{"SmallQuality", "*/*;q=0.001", true},
                    AcceptCase{"Empty", ",,", false}, AcceptCase{"Nonsense", ";;;q=0", false}),
    [](const auto& info) { return std::string{info.param.name}; });

TEST(AcceptEncoding, GzipMustBeAskedFor) {
  for (const auto* yes : {"gzip", "GZIP", "br, gzip", "*", "gzip;q=0.5", "x-gzip", "*;q=0, gzip"})
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  for (const auto* no : {"", "br", "gzip;q=0", "gzip;q=0.0, *", "*;q=0", "gzipped", "identity"})
    EXPECT_FALSE(accepts_gzip(no)) << no;
}

TEST(IfNoneMatch, NamesATagByWeakComparison) {
  for (const auto* yes : {"\"a\"", "W/\"a\"", "\"b\", \"a\"", "*", " \t\"a\"\t "})
    EXPECT_TRUE(has_tag(yes, "\"a\"")) << yes;
  for (const auto* no : {"", "a", "\"A\"", "\"b\"", ",", "\"a"})
    EXPECT_FALSE(has_tag(no, "\"a\"")) << no;
}

}  // namespace
}  // namespace tokenledger::test

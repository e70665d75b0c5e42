// /statuslists/{id}: Token Status Lists as signed JWTs; /statuslists: which there are
// (draft-ietf-oauth-status-list-21 §8 and §9). Open to everybody, in browsers too.
//
// A list that was signed a moment ago is answered on the I/O thread; else a worker signs it.
// Nothing is compressed for a request.
#include <algorithm>
#include <memory>
#include <optional>

#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/entity_tag.hpp"
#include "api/error_mapping.hpp"
#include "api/json_writer.hpp"
#include "api/negotiation.hpp"
#include "api/place.hpp"
#include "api/problem.hpp"
#include "storage/status_lists.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kContentTypeStatusList = "application/statuslist+jwt";
constexpr std::string_view kPrefix = "/statuslists/";
// As long as the ttl in the list.
constexpr std::string_view kCaching = "public, max-age=60";
static_assert(kStatusListTtlSeconds == 60);
// Waiting for a worker or at work there; beyond: 503. Few enough to leave workers to those who have
// a token.
constexpr std::size_t kOpenStatusReadsMax = 16;

HttpResponse open_to_browsers(HttpResponse response) {
  response.add_header("Access-Control-Allow-Origin", "*");
  return response;
}

// §8.4: `time` asks for a list of the past, which is not offered.
std::optional<HttpResponse> refuse_query(const HttpRequest& request) {
  if (request.query().empty()) return std::nullopt;
  FormFields fields;
  if (!fields.parse(request.query()) || fields.first_repeated())
    return problem(400, "invalid_query", "the query is malformed or repeats a parameter");
  for (std::size_t at = 0; at < fields.size(); ++at) {
    if (fields.name(at) != "time")
      return problem(400, "unknown_parameter", "a query parameter is not known here");
    if (!parse_number(fields.value(at)))
      return problem(400, "invalid_parameter", "time is a number of seconds");
  }
  return problem(501, "time_not_supported", "lists of the past are not kept");
}

std::optional<HttpResponse> refuse_request(const HttpRequest& request) {
  if (auto refused = refuse_query(request)) return refused;
  if (accepts_type(request.header(HttpHeader::accept), kContentTypeStatusList)) return std::nullopt;
  return problem(406, "not_acceptable", "status lists are application/statuslist+jwt here");
}

HttpResponse refuse_fetch(const boost::system::error_code& error) {
  if (error == Errc::file_not_found)
    return problem(404, "not_found", "there is no such status list");
  // Without a key to sign with there is none yet; it is there, all the same.
  if (error != Errc::view_behind && error != Errc::key_not_found) return problem_of(to_errc(error));
  auto response = problem(503, errc_name(Errc::view_behind), "the lists are being made");
  response.add_header("Retry-After", "1");
  return response;
}

HttpResponse list_response(const HttpRequest& request, const StatusListBody& body) {
  const bool is_gzip = accepts_gzip(request.header("accept-encoding"));
  const auto& tag = is_gzip ? body.gzip_tag : body.jwt_tag;
  HttpResponse response;
  if (has_tag(request.header(HttpHeader::if_none_match), tag)) {
    response.status = 304;
  } else {
    response.content_type = kContentTypeStatusList;
    response.body = is_gzip ? body.gzip : body.jwt;
    if (is_gzip) response.add_header("Content-Encoding", "gzip");
  }
  response.add_header("Cache-Control", kCaching);
  response.add_header("ETag", tag);
  response.add_header("Vary", "Accept, Accept-Encoding");
  return response;
}

HttpResponse answer(const HttpRequest& request, const Result<StatusLists::Body>& body) {
  return open_to_browsers(body ? list_response(request, **body) : refuse_fetch(body.error()));
}

// The id as sent: an escaped spelling of it is no list's name.
std::string_view id_of(const HttpRequest& request) { return request.path().substr(kPrefix.size()); }

std::optional<HttpResponse> attempt_list(const Ledger& ledger, const HttpRequest& request) {
  if (auto refused = refuse_request(request)) return open_to_browsers(std::move(*refused));
  const auto found = StatusLists{ledger}.fetch_in_memory(id_of(request));
  if (!found) return std::nullopt;
  return answer(request, *found);
}

HttpResponse aggregation(const Ledger& ledger) {
  const StatusLists lists{ledger};
  if (!lists.is_running()) return problem(404, "not_found", "there are no status lists here");
  HttpResponse response{.status = 200, .content_type = kContentTypeJson};
  response.add_header("Cache-Control", kCaching);
  JsonWriter json{&response.body};
  json.begin_object().name("status_lists").begin_array();
  for (const auto& uri : lists.uris()) json.value(uri);
  json.end_array();
  json.end_object();
  return response;
}

}  // namespace

void add_status_list_endpoints(HttpRouter& router, ApiContext& context) {
  const auto& ledger = context.ledger;
  const auto held = std::make_shared<Place::Held>(0);
  // On a worker, with a place among those who have no token.
  const auto on_worker = [workers = context.workers, held](ReadHandler handler) {
    return [workers, held, shared = std::make_shared<const ReadHandler>(std::move(handler))](
               OwnedHttpRequest request, Responder responder) {
      const auto place = Place::take(held, kOpenStatusReadsMax);
      if (!place) return responder.respond(open_to_browsers(busy()));
      const auto call = take_call(std::move(request), std::move(responder));
      answer_from_worker(*workers, call,
                         [call, shared, place] { return (*shared)(*call->request); });
    };
  };
  router.add_attempt(
      HttpMethod::get, "/statuslists/{id}",
      [&ledger](const HttpRequest& request) { return attempt_list(ledger, request); },
      on_worker([&ledger](const HttpRequest& request) {
        return answer(request, StatusLists{ledger}.fetch(id_of(request)));
      }));
  router.add_async(HttpMethod::get, "/statuslists",
                   on_worker([&ledger](const HttpRequest& request) {
                     if (!request.query().empty())
                       return open_to_browsers(
                           problem(400, "invalid_query", "this request takes no parameters"));
                     return open_to_browsers(aggregation(ledger));
                   }));
}

}  // namespace tokenledger

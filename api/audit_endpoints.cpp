// /v1/audit: the log as a transparency log (C2SP tlog-tiles below /v1/audit, tlog-proof), for
// people who do not take this server's word.
//
// Open to everybody is what says nothing but hashes and how many events there are: checkpoint, key,
// hash tiles, proofs between them. Who keeps a checkpoint need not be somebody whom this server
// trusts. The events themselves, and proofs that carry one, need audit:read. All of it reads the
// disk, so it runs on workers; requests without a token hold kOpenAuditReadsMax places at most.
#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>

#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/entity_tag.hpp"
#include "api/error_mapping.hpp"
#include "api/event_proof.hpp"
#include "api/guard.hpp"
#include "api/json_writer.hpp"
#include "api/place.hpp"
#include "api/problem.hpp"
#include "api/receipt_desk.hpp"
#include "api/witness_board.hpp"
#include "core/proof_text.hpp"
#include "storage/audit.hpp"

namespace tokenledger {
namespace {

// At work or waiting for a worker; beyond: 503. Few enough to leave the workers to those who have a
// token.
constexpr std::size_t kOpenAuditReadsMax = 32;

constexpr std::string_view kPrefix = "/v1/audit/";
constexpr std::string_view kContentTypeOctets = "application/octet-stream";
// The newest checkpoint: the next one may be there already.
constexpr std::string_view kASecond = "public, max-age=1";
// What is addressed by size and number never changes under one key, but `recover` may begin a log
// of another key at the same URL. So caches keep it and ask each time; the tag is the key's, and
// the answer that it still holds costs no read.
constexpr std::string_view kOpenWhileKey = "public, no-cache";
constexpr std::string_view kPrivateWhileKey = "private, no-cache";
// Being read, checked or written at once, up to 17 MiB each; beyond: 503. A slow reader keeps its
// place until the deadline for writing.
constexpr std::size_t kEntryBundlesHeldMax = 8;

// --- what the handlers share ---

// Decimal query parameters by position in `names`, and `witnessed`, which is true or false, where
// it is taken; absent ones are nullopt and false, unknown or repeated ones refuse the request. So
// does a min_seq that is not committed. Tiles and proofs are the same whenever they are asked for,
// so min_seq asks more of the newest checkpoint alone.
template <std::size_t Count>
struct Numbers {
  std::array<std::optional<std::uint64_t>, Count> value;
  std::uint64_t min_seq = 0;
  bool is_witnessed = false;
  std::optional<HttpResponse> refused;
};
enum class TakesWitnessed : bool { no, yes };
template <std::size_t Count>
Numbers<Count> read_numbers(const Ledger& ledger, const HttpRequest& request,
                            const std::array<std::string_view, Count>& names,
                            TakesWitnessed takes_witnessed = TakesWitnessed::no) {
  constexpr std::string_view kMinSeq = "min_seq";
  Numbers<Count> read;
  FormFields fields;
  if (!fields.parse(request.query()) || fields.first_repeated()) {
    read.refused = problem(400, "invalid_query", "the query is malformed or repeats a parameter");
    return read;
  }
  for (std::size_t at = 0; at < fields.size(); ++at) {
    if (takes_witnessed == TakesWitnessed::yes && fields.name(at) == "witnessed") {
      read.is_witnessed = fields.value(at) == "true";
      if (read.is_witnessed || fields.value(at) == "false") continue;
      read.refused = problem(400, "invalid_parameter", "witnessed is true or false");
      return read;
    }
    const auto known = std::ranges::find(names, fields.name(at));
    if (known == names.end() && fields.name(at) != kMinSeq) {
      read.refused = problem(400, "unknown_parameter", "a query parameter is not known here");
      return read;
    }
    const auto number = parse_decimal(fields.value(at), kTreeSizeMax);
    if (!number) {
      read.refused = problem(400, "invalid_parameter", "a parameter is not a decimal number");
      return read;
    }
    if (known == names.end()) {
      read.min_seq = *number;
    } else {
      read.value[static_cast<std::size_t>(known - names.begin())] = number;
    }
  }
  if (Sequence{read.min_seq} > ledger.committed())
    read.refused = problem_of(Errc::sequence_in_future);
  return read;
}
constexpr std::array<std::string_view, 0> kNoParameters{};

HttpResponse text_response(std::string text, std::string_view caching) {
  HttpResponse response{.status = 200, .content_type = kContentTypeText, .body = std::move(text)};
  response.add_header("Cache-Control", caching);
  return response;
}

HttpResponse octets_response(const std::vector<std::uint8_t>& bytes, std::string_view caching) {
  HttpResponse response{.status = 200, .content_type = kContentTypeOctets};
  response.body.assign(bytes.begin(), bytes.end());
  response.add_header("Cache-Control", caching);
  return response;
}

// `"0123456789abcdef"`: what the origin of this log's checkpoints ends with (RFC 9110 §8.8.3).
std::string key_tag(std::string_view vkey) {
  const auto name = vkey.substr(0, vkey.find('+'));
  return "\"" + std::string{name.substr(name.rfind('/') + 1)} + "\"";
}

HttpResponse come_again(std::string_view detail) {
  auto response = problem(503, errc_name(Errc::view_behind), detail);
  response.add_header("Retry-After", "1");
  return response;
}

// --- checkpoint and key ---

HttpResponse not_witnessed() {
  return problem(404, "not_witnessed", "no quorum of witnesses is configured here");
}

// The newest that a quorum of witnesses cosigned, which may be older than the newest signed one.
HttpResponse witnessed_checkpoint(const WitnessBoard* witnesses, std::uint64_t min_seq) {
  if (witnesses == nullptr || !witnesses->has_quorum()) return not_witnessed();
  auto witnessed = witnesses->witnessed();
  if (!witnessed) return come_again("no quorum of witnesses cosigned since the start");
  if (witnessed->size < min_seq) return come_again("no quorum of witnesses covers this event yet");
  return text_response(std::move(witnessed->note), kASecond);
}

HttpResponse checkpoint(const Ledger& ledger, const WitnessBoard* witnesses,
                        const HttpRequest& request) {
  auto query =
      read_numbers(ledger, request, std::array<std::string_view, 1>{"size"}, TakesWitnessed::yes);
  if (query.refused) return std::move(*query.refused);
  const Audit audit{ledger};
  const auto size = query.value[0];
  if (query.is_witnessed && size) {
    return problem(400, "invalid_query",
                   "witnessed asks for the newest one: name no size beside it");
  }
  if (query.is_witnessed) return witnessed_checkpoint(witnesses, query.min_seq);
  // Never an older one; and nobody without a token may have one signed at once.
  if (!size && audit.sizes().signed_size < query.min_seq) {
    return audit.is_running() ? come_again("no checkpoint covers this event yet")
                              : problem_of(Errc::audit_stopped);
  }
  auto note = size ? audit.checkpoint_of(*size) : audit.checkpoint();
  // Not with a size: that answer never changes, and cosignatures come later.
  if (note && !size && witnesses != nullptr) note = witnesses->with_cosignatures(*note);
  if (note && !size) return text_response(std::move(*note), kASecond);
  if (note) {
    const auto key = audit.vkey();
    if (!key) return problem_of(key.error());
    const auto tag = key_tag(*key);
    if (auto same = unchanged(request, tag, kOpenWhileKey)) return std::move(*same);
    auto response = text_response(std::move(*note), kOpenWhileKey);
    response.add_header("ETag", tag);
    return response;
  }
  if (note.error() == Errc::file_not_found)
    return problem(404, "checkpoint_not_found", "no checkpoint of this size was signed");
  if (note.error() == Errc::view_behind) return come_again("no checkpoint was signed yet");
  return problem_of(note.error());
}

HttpResponse vkey(const Ledger& ledger, const HttpRequest& request) {
  auto query = read_numbers(ledger, request, kNoParameters);
  if (query.refused) return std::move(*query.refused);
  auto key = Audit{ledger}.vkey();
  if (!key) return problem_of(key.error());
  return text_response(std::move(*key), "public, max-age=300");
}

// --- tiles ---

using ReadTile = Result<std::vector<std::uint8_t>> (Audit::*)(const TileId&) const;
using ParsePath = std::optional<TileId> (*)(std::string_view);

// The path as sent has one spelling (C2SP tlog-tiles): escapes, leading zeros and a width of 256
// are other paths, and there is nothing at them.
HttpResponse tile(const Ledger& ledger, const HttpRequest& request, ParsePath parse, ReadTile read,
                  std::string_view caching) {
  auto query = read_numbers(ledger, request, kNoParameters);
  if (query.refused) return std::move(*query.refused);
  const auto id = parse(request.path().substr(kPrefix.size()));
  if (!id) return problem(404, "not_found", "a tile's path is not written so");
  const Audit audit{ledger};
  const auto key = audit.vkey();
  if (!key) return problem_of(key.error());
  if (id->width > tile_width(id->level, id->index, audit.sizes().signed_size))
    return problem(404, "not_found", "the tile is not covered by a checkpoint yet");
  const auto tag = key_tag(*key);
  if (auto same = unchanged(request, tag, caching)) return std::move(*same);
  const auto bytes = (audit.*read)(*id);
  if (!bytes) return problem_of(bytes.error());
  auto response = octets_response(*bytes, caching);
  response.add_header("ETag", tag);
  response.body_bytes_max = kEntryBundleBytesMax;
  return response;
}

// --- proofs ---

// 400 is what the vectors of the issue want for a size that no checkpoint has reached.
HttpResponse refused_proof(const boost::system::error_code& error) {
  if (error == Errc::sequence_in_future) {
    return problem(400, errc_name(Errc::sequence_in_future),
                   "the size is beyond the newest checkpoint");
  }
  if (error == Errc::invalid_argument)
    return problem(400, errc_name(Errc::invalid_argument), "nothing can be proved between these");
  return problem_of(to_errc(error));
}

HttpResponse hashes_response(const Result<std::vector<Digest>>& hashes) {
  if (!hashes) return refused_proof(hashes.error());
  auto response = json_response(200);
  JsonWriter json{&response.body};
  json.begin_object().name("hashes").begin_array();
  for (const auto& hash : *hashes) json.value(digest_to_base64(hash));
  json.end_array().end_object();
  return response;
}

using Prove = Result<std::vector<Digest>> (Audit::*)(std::uint64_t, std::uint64_t) const;

HttpResponse prove(const Ledger& ledger, const HttpRequest& request,
                   const std::array<std::string_view, 2>& names, Prove prove_between) {
  auto query = read_numbers(ledger, request, names);
  if (query.refused) return std::move(*query.refused);
  if (!query.value[0] || !query.value[1])
    return problem(400, "missing_parameter", "a proof is between two numbers: name both");
  return hashes_response((Audit{ledger}.*prove_between)(*query.value[0], *query.value[1]));
}

HttpResponse proof_file(const Ledger& ledger, Sequence seq, const WitnessBoard* witnesses) {
  auto text = event_proof(ledger, seq, witnesses);
  if (!text) return problem_of(text.error());
  return text_response(std::move(*text), "no-store");
}

// What a proof of an event needs on its way: nothing of the routes, which may be gone meanwhile.
struct Prover {
  const Ledger& ledger;
  std::shared_ptr<WorkerPool> workers;
  std::shared_ptr<ReceiptDesk> desk;
  std::shared_ptr<const WitnessBoard> witnesses;  // null: none are asked

  // Without a thread until a checkpoint covers the event, cosigned by a quorum where that is asked
  // for, and then on a worker.
  void prove(const Call& call, Sequence seq, bool is_witnessed) const {
    auto ready = [prover = *this, call, seq, is_witnessed](const Result<void>& covered) {
      if (covered) {
        return answer_from_worker(
            *prover.workers, call,
            [&ledger = prover.ledger, seq, cosigned = is_witnessed ? prover.witnesses : nullptr] {
              return proof_file(ledger, seq, cosigned.get());
            });
      }
      const bool is_late = covered.error() == Errc::view_behind;
      const auto* what = is_witnessed ? "no quorum of witnesses covers the event yet"
                                      : "no checkpoint covers the event yet";
      call->responder.respond(is_late ? come_again(what) : problem_of(to_errc(covered.error())));
    };
    if (is_witnessed) return desk->when_witnessed(seq, std::move(ready));
    desk->when_covered(seq, std::move(ready));
  }

  // The query of a proof; nullopt: it was refused, and the call answered.
  [[nodiscard]] std::optional<bool> reads_witnessed(const Call& call) const {
    auto query = read_numbers(ledger, *call->request, kNoParameters, TakesWitnessed::yes);
    const bool has_quorum = witnesses != nullptr && witnesses->has_quorum();
    if (!query.refused && query.is_witnessed && !has_quorum) query.refused = not_witnessed();
    if (!query.refused) return query.is_witnessed;
    call->responder.respond(std::move(*query.refused));
    return std::nullopt;
  }

  // On a worker: finds the event that decides the token's status.
  void prove_token(const Call& call) const {
    const auto is_witnessed = reads_witnessed(call);
    if (!is_witnessed) return;
    const auto jti = call->request->path_parameter(0);
    const auto index = jti ? ledger.index_of(*jti) : std::nullopt;
    if (!index) return call->responder.respond(problem_of(Errc::token_not_found));
    const auto seq = Audit{ledger}.deciding_event(*index);
    if (!seq) return call->responder.respond(problem_of(seq.error()));
    prove(call, *seq, *is_witnessed);
  }

  void prove_event(const Call& call) const {
    const auto is_witnessed = reads_witnessed(call);
    if (!is_witnessed) return;
    const auto text = call->request->path_parameter(0);
    const auto number = text ? parse_decimal(*text, kTreeSizeMax) : std::nullopt;
    if (!number || *number == 0) {
      return call->responder.respond(
          problem(404, "event_not_found", "an event is named by its seq, a number from 1"));
    }
    if (Sequence{*number} > ledger.committed()) {
      return call->responder.respond(
          problem(404, "event_not_found", "the log holds no such event yet"));
    }
    prove(call, Sequence{*number}, *is_witnessed);
  }
};

// --- routes ---

void route_open(HttpRouter& router, ApiContext& context, std::string_view pattern,
                const std::shared_ptr<Place::Held>& held, ReadHandler handler) {
  router.add_async(HttpMethod::get, pattern,
                   [workers = context.workers, held,
                    shared = std::make_shared<const ReadHandler>(std::move(handler))](
                       OwnedHttpRequest request, Responder responder) {
                     const auto place = Place::take(held, kOpenAuditReadsMax);
                     if (!place) return responder.respond(busy());
                     const auto call = take_call(std::move(request), std::move(responder));
                     answer_from_worker(*workers, call, [call, shared, place] {
                       return (*shared)(*call->request);
                     });
                   });
}

}  // namespace

void add_audit_endpoints(HttpRouter& router, ApiContext& context) {
  const auto& ledger = context.ledger;
  const auto held = std::make_shared<Place::Held>(0);
  const auto open = [&](std::string_view pattern, ReadHandler handler) {
    route_open(router, context, pattern, held, std::move(handler));
  };
  open("/v1/audit/checkpoint",
       [&ledger, witnesses = context.witnesses](const HttpRequest& request) {
         return checkpoint(ledger, witnesses.get(), request);
       });
  open("/v1/audit/vkey", [&ledger](const HttpRequest& request) { return vkey(ledger, request); });
  // Before the hash tiles, whose pattern matches these paths too.
  route_view(router, context,
             {HttpMethod::get, "/v1/audit/tile/entries/{index...}", ManagementScope::audit_read},
             [&ledger, bundles = std::make_shared<Place::Held>(0)](const HttpRequest& request) {
               auto place = Place::take(bundles, kEntryBundlesHeldMax);
               if (!place) return busy();
               auto response = tile(ledger, request, parse_entry_bundle_path, &Audit::entries,
                                    kPrivateWhileKey);
               response.held = std::move(place);
               return response;
             });
  open("/v1/audit/tile/{level}/{index...}", [&ledger](const HttpRequest& request) {
    return tile(ledger, request, parse_tile_path, &Audit::tile, kOpenWhileKey);
  });
  open("/v1/audit/proofs/inclusion", [&ledger](const HttpRequest& request) {
    return prove(ledger, request, {"index", "size"}, &Audit::inclusion_proof);
  });
  open("/v1/audit/proofs/consistency", [&ledger](const HttpRequest& request) {
    return prove(ledger, request, {"from", "to"}, &Audit::consistency_proof);
  });
  const Prover prover{ledger, context.workers, context.receipts, context.witnesses};
  route_call(router, context,
             {HttpMethod::get, "/v1/audit/proofs/token/{jti}", ManagementScope::audit_read},
             [prover](const Call& call) { prover.prove_token(call); });
  route_call(router, context,
             {HttpMethod::get, "/v1/audit/proofs/event/{seq}", ManagementScope::audit_read},
             [prover](const Call& call) { prover.prove_event(call); });
}

}  // namespace tokenledger

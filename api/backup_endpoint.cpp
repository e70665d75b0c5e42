// POST /v1/backups: {"name"?}, for those with the scope ledger:backup: a verified backup below the
// directory that `serve --backup-directory` names.
//
// The name is one plain word, so nobody writes anywhere else; one that is there is never replaced.
// Nobody reads a backup over HTTP, because keyring and key store are in it.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <string>

#include "api/backup_desk.hpp"
#include "api/endpoint.hpp"
#include "api/endpoints.hpp"
#include "api/error_mapping.hpp"
#include "api/json_writer.hpp"
#include "api/problem.hpp"
#include "api/request_body.hpp"
#include "api/wire.hpp"
#include "replay/backup.hpp"
#include "storage/ledger_core.hpp"
#include "storage/partial_directory.hpp"

namespace tokenledger {
namespace {

constexpr std::size_t kBackupLabelBytesMax = 64;

bool is_backup_label(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// Sorts by seq only where both have as many digits; the time makes it new.
std::string default_name(const Ledger& ledger) {
  return "seq-" + std::to_string(ledger.committed().value()) + "-at-" +
         std::to_string(ledger.now().value() / kNanosecondsPerSecond);
}

HttpResponse refused(Errc code) {
  switch (code) {
    case Errc::directory_not_empty:
      return problem(409, "backup_exists", "a backup has this name, or something is in its way");
    case Errc::storage_low:
      return problem(507, "storage_low", "there is not enough space for a backup");
    case Errc::audit_corrupt:
    case Errc::root_mismatch:
      return problem(500, "backup_not_verified",
                     "the copy does not verify, so there is no backup: see the server's log");
    default: return problem_of(code);
  }
}

HttpResponse made(const std::string& name, const Backup& backup) {
  auto response = json_response(201);
  JsonWriter json{&response.body};
  json.begin_object()
      .member("name", name)
      .member("seq", backup.seq.value())
      .name("checkpoint_size");
  // Nothing was signed: then there is no size either, and 0 would be one.
  backup.checkpoint.empty() ? json.null() : json.value(backup.checkpoint_size);
  json.name("checkpoint");
  backup.checkpoint.empty() ? json.null() : json.value(backup.checkpoint);
  json.member("files", backup.files).member("bytes", backup.bytes).end_object();
  add_ledger_seq(&response, backup.seq);
  return response;
}

// A server that was killed while it made one leaves keys there under a name that nobody uses again.
void remove_left_behind(const ApiContext& context) {
  std::string why;
  const auto count = PartialDirectory::remove_left_behind(*context.ledger.core().files,
                                                          context.backups.directory(), why);
  if (count != 0) spdlog::warn("removed {} unfinished backups of a server that died", count);
  if (!why.empty()) spdlog::warn("{}", why);
}

HttpResponse back_up(ApiContext& context, const std::string& name, const Actor& actor) {
  std::string why;
  const BackupOptions options{
      .target = context.backups.directory() / name,
      .progress = [&](const BackupProgress&) { return !context.backups.is_stopping(); }};
  remove_left_behind(context);
  const auto backup = make_backup(context.ledger, options, why);
  if (backup) {
    spdlog::info("backup {} of seq {} was made for {}", name, backup->seq.value(),
                 actor_text(context.ledger, actor));
    return made(name, *backup);
  }
  spdlog::error("no backup was made: {}", why);
  return refused(to_errc(backup.error()));
}

void begin(ApiContext& context, const Call& call, const Actor& actor) {
  if (!context.backups.is_configured()) {
    return call->responder.respond(
        problem(409, "backups_not_configured",
                "this server has no directory for backups: start it with --backup-directory"));
  }
  auto body = read_json_body(*call->request, AbsentBody::is_empty_object);
  if (body.problem) return call->responder.respond(std::move(*body.problem));
  JsonFields fields{*body.object};
  fields.allow_only({"name"});
  const auto asked = fields.optional_string("name", kBackupLabelBytesMax);
  if (fields.fault()) return call->responder.respond(invalid_field(*fields.fault()));
  if (asked && !is_backup_label(*asked)) {
    return call->responder.respond(
        invalid_field("field 'name' must be 1 to 64 of a-z, 0-9 and '-'"));
  }
  auto name = asked ? std::string{*asked} : default_name(context.ledger);
  const auto response = std::make_shared<HttpResponse>();
  const bool is_begun =
      context.backups.begin([&context, response, actor,
                             name = std::move(name)] { *response = back_up(context, name, actor); },
                            [call, response] { call->responder.respond(std::move(*response)); });
  if (is_begun) return;
  if (context.backups.is_stopping())
    return call->responder.respond(problem_of(Errc::shutting_down));
  auto busy = problem(409, "backup_running", "one backup at a time: another one is being made");
  busy.add_header("Retry-After", "10");
  call->responder.respond(std::move(busy));
}

}  // namespace

void add_backup_endpoint(HttpRouter& router, ApiContext& context) {
  route_write(
      router, context, {HttpMethod::post, "/v1/backups", ManagementScope::ledger_backup},
      [&context](const Call& call, const Write& write) { begin(context, call, write.actor); });
}

}  // namespace tokenledger

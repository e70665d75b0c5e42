// `tokenledger replay`: what was true before, from the log alone. Nothing is written.
#include <algorithm>
#include <charconv>

#include "api/rfc3339.hpp"
#include "replay/as_of.hpp"
#include "replay/closed_ledger.hpp"
#include "tools/offline_ledger.hpp"

namespace tokenledger {
namespace {

struct ReplayCommandOptions {
  std::string point;
  std::string jti;
};

// What the person typed: digits are a seq, everything else is a time.
struct TypedPoint {
  std::optional<Sequence> seq;
  std::optional<LedgerTime> time;
};

TypedPoint parse_point(const std::string& text) {
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos) {
    std::uint64_t seq = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seq);
    if (parsed.ec == std::errc{} && seq > 0) return {Sequence{seq}, {}};
  } else if (const auto time = parse_rfc3339(text)) {
    return {{}, *time};
  } else if (const auto day_end = parse_rfc3339_or_date(text)) {
    // Up to the day's last nanosecond: what was recorded in its last second belongs to it.
    return {{}, LedgerTime{to_time(*day_end).value() + kNanosecondsPerSecond - 1}};
  }
  throw Failure{ExitCode::usage,
                "say when: a seq from 1, a time like 2026-02-03T04:05:06Z, or a date for its end "
                "in UTC"};
}

AsOfPoint find_point(const EventLog& log, const TypedPoint& typed) {
  const auto found = typed.seq ? point_at(log, *typed.seq) : point_at(log, *typed.time);
  if (found) return *found;
  if (found.error() != Errc::sequence_in_future) fail("read the log", found.error());
  const auto last = require("read the log", log.last_seq());
  throw Failure{ExitCode::refused, typed.seq ? "the log ends at seq " + std::to_string(last.value())
                                             : "the log begins after that time"};
}

SealedJti unseal(const ClosedLedger& ledger, const std::string& jti) {
  const auto sealed = ledger.keys().seal_key().unseal(jti);
  if (!sealed) fail("find the token", Errc::token_not_found);
  return *sealed;
}

void append_point(const AsOf& as_of, Record& record) {
  record.emplace_back("as_of_seq", as_of.point().seq.value());
  record.emplace_back("as_of_time", format_rfc3339(as_of.point().time));
}

Record totals_record(const AsOf& as_of) {
  Record record;
  append_point(as_of, record);
  const auto totals = as_of.totals();
  record.emplace_back("issued", totals.issued);
  record.emplace_back("active", totals.active);
  record.emplace_back("revoked", totals.revoked);
  record.emplace_back("expired", totals.expired);
  return record;
}

// "host", "system", "client <client_id>", "token <jti>".
std::string actor_text(const Actor& actor, const AsOf& as_of, const SealKey& key) {
  switch (actor.kind) {
    case ActorKind::system: return "system";
    case ActorKind::host: return "host";
    case ActorKind::client: {
      const auto* client = as_of.registries().client(actor.client);
      return client == nullptr ? "client" : "client:" + client->client_id;
    }
    case ActorKind::token:
      return "token:" + as_of.jti_of(key, actor.token).value_or("of an unknown index");
    case ActorKind::user: return "user:" + std::to_string(actor.user.value());
  }
  return {};
}

// The audience and scope of a class's first API.
std::pair<std::string, std::string> audience_and_scope(const TokenClass& token_class,
                                                       const Registries& registries) {
  const auto* api = registries.api(token_class.apis[0].api);
  if (api == nullptr) return {};
  return {api->identifier, api->scope_string(token_class.apis[0].scope_mask)};
}

Record token_record(const AsOf& as_of, const TokenHistory& token, const std::string& jti,
                    const SealKey& key) {
  const auto& issued = std::get<TokenIssued>(token.issued.payload);
  const auto& registries = as_of.registries();
  const auto actor = [&](const Actor& who) { return actor_text(who, as_of, key); };
  const auto* client = registries.client(token.token_class.client);
  const auto [audience, scope] = audience_and_scope(token.token_class, registries);
  Record record;
  append_point(as_of, record);
  record.insert(record.end(), {{"jti", jti},
                               {"name", issued.name},
                               {"client_id", client == nullptr ? "" : client->client_id},
                               {"audience", audience},
                               {"scope", scope},
                               {"status", std::string{status_name(token.answer.status)}},
                               {"issued_at", format_rfc3339(issued.issued_at)},
                               {"expires_at", format_rfc3339(issued.expires_at)},
                               {"issued_by", actor(token.issued.actor)},
                               {"seq", token.issued.seq.value()}});
  if (const auto& revocation = token.answer.revocation) {
    record.insert(record.end(), {{"revocation.cause", std::string{cause_name(revocation->cause)}},
                                 {"revocation.actor", actor(revocation->actor)},
                                 {"revocation.at", format_rfc3339(revocation->at)},
                                 {"revocation.seq", revocation->seq.value()}});
  }
  return record;
}

ExitCode replay_at(const CommandLine& line, const ReplayCommandOptions& options) {
  const auto typed = parse_point(options.point);
  std::string why;
  const auto ledger = ClosedLedger::open({line.data, line.keyring_key_file, {}}, why);
  if (!ledger) throw Failure{ExitCode::cannot_open, why};
  ProgressLine progress;
  AsOfQuestion question;
  question.point = find_point(ledger->log(), typed);
  question.progress = [&](Sequence seq) {
    progress.show("log", seq.value(), question.point.seq.value());
  };
  if (!options.jti.empty()) {
    const auto sealed = unseal(*ledger, options.jti);
    question.token = sealed.index;
    question.incarnation = sealed.incarnation;
  }
  const auto as_of = AsOf::replay(ledger->log(), question, why);
  if (!as_of) throw Failure{ExitCode::cannot_open, why};
  if (options.jti.empty()) {
    print(render(totals_record(**as_of), line.format));
    return ExitCode::ok;
  }
  const auto* token = (*as_of)->token();
  if (token == nullptr) {
    throw Failure{ExitCode::refused, "no such token was issued up to seq " +
                                         std::to_string(question.point.seq.value())};
  }
  print(render(token_record(**as_of, *token, options.jti, ledger->keys().seal_key()), line.format));
  return ExitCode::ok;
}

}  // namespace

void add_replay_commands(CommandLine& line) {
  static ReplayCommandOptions options;
  auto* group = line.add_group("replay", "What was true before, from the log alone",
                               "replay at 42 --data ./data");
  auto* at =
      line.add_offline(group, {"at", "Totals, or one token, as of a seq or a time; writes nothing",
                               "replay at 2026-02-03T04:05:06Z --data ./data\n"
                               "  tokenledger replay at 42 --data ./data --jti JTI",
                               [&line] { return replay_at(line, options); }});
  at->add_option("point", options.point, "SEQ, or TIME in RFC 3339, or a date for its end in UTC")
      ->required();
  at->add_option("--jti", options.jti, "Only this token");
  CommandLine::add_format_option(at, line.format);
}

}  // namespace tokenledger

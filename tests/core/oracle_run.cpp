#include "tests/core/oracle_run.hpp"

#include "core/decide.hpp"
#include "core/fold.hpp"

namespace oracle {

namespace tl = tokenledger;

std::string Run::next_batch() {
  clock_ += random.pause(clock_);
  batch.clear();
  const auto size = 1 + random.below(8);
  // Either each command knows what the one before it did, or all were made before the batch.
  const bool made_before = random.chance(50);
  std::vector<Command> waiting;
  const auto make = [&] {
    if (in_prologue_) {
      if (auto command = random.prologue(clock_)) return *command;
      in_prologue_ = false;
    }
    return random.next(clock_);
  };
  for (std::uint32_t i = 0; made_before && i < size; ++i) waiting.push_back(make());
  for (std::uint32_t i = 0; i < size; ++i) {
    const auto command = made_before ? waiting[i] : make();
    if (auto no = submit(command); !no.empty()) {
      return std::string{kRequestNames[command.request.index()]} + " (command " +
             std::to_string(commands) + ", after seq " + std::to_string(model.last_seq) +
             "): " + no;
    }
  }
  tl::publish(state, index);
  events.insert(events.end(), batch.begin(), batch.end());
  for (const auto& event : batch) facts.follow(event);
  ++tally.prefixes;
  return {};
}

std::string Run::submit(const Command& command) {
  ++commands;
  ++tally.commands;
  const auto now = std::max(clock_, state.last_recorded_at.value() + 1);
  count_conflicts(command);
  const auto want = model.submit(command, now);
  const auto first = batch.size();
  const auto got = tl::decide(state, index, translate(command), tl::LedgerTime{now}, batch);
  const std::string rejection = got ? "" : tl::errc_name(tl::to_errc(got.error()));
  if (rejection != want.rejection) {
    return "answered '" + rejection + "', the oracle says '" + want.rejection + "'";
  }
  if (!got) {
    ++tally.rejections[rejection];
    return batch.size() == first ? "" : "a rejection left events";
  }
  const auto earlier = got->earlier ? std::optional{got->earlier->value()} : std::nullopt;
  if (earlier != want.earlier) return "another earlier result";
  if (earlier) ++tally.conflicts["idempotency key repeated"];
  return compare_events(command, want, now, first);
}

std::string Run::compare_events(const Command& command, const Answer& want, std::uint64_t now,
                                std::size_t first) {
  if (batch.size() - first != want.events.size()) return "another number of events";
  const auto translated = translate(command);
  for (std::size_t i = first; i < batch.size(); ++i) {
    const auto& event = batch[i];
    const std::string kind = tl::event_kind_name(event.payload.index());
    if (kind != want.events[i - first]) return "made " + kind + ", not " + want.events[i - first];
    if (event.seq != state.last_seq.next()) return "a gap in the seqs";
    if (event.recorded_at.value() != now + (i - first)) return "another time than stamped";
    if (event.actor != translated.actor) return "another actor";
    if (event.request_id != translated.request_id) return "another request id";
    const auto idempotency = i == first ? translated.idempotency : std::nullopt;
    if (event.idempotency != idempotency) return "another idempotency";
    ++tally.events[kind];
    count_cascade(event);
    const auto* issued = std::get_if<tl::TokenIssued>(&event.payload);
    if (issued != nullptr && issued->new_class && !state.free_classes.empty())
      ++tally.conflicts["class number used again"];
    if (auto folded = tl::fold(state, index, event); !folded)
      return "decided but not folded: " + folded.error().message();
  }
  return {};
}

// The situations that the test must have seen, told from the model before the command.
void Run::count_conflicts(const Command& command) {
  const auto batch_start = events.empty() ? 0 : events.back().seq.value();
  const auto in_batch = [&](std::uint64_t seq) { return seq > batch_start; };
  const auto count = [&](const char* what) { ++tally.conflicts[what]; };
  if (const auto* revoke = std::get_if<Revoke>(&command.request)) {
    const auto* token = model.find(revoke->token);
    if (token == nullptr) return;
    if (in_batch(token->seq)) count("revoke of a token issued in the same batch");
    for (const auto& end : token->ends) {
      if (in_batch(end.seq))
        count(end.is_own ? "two revokes of a token in one batch"
                         : "revoke after a cascade in the same batch");
    }
    if (model.is_retired(revoke->token)) count("revoke of a retired token");
  }
  if (const auto* update = std::get_if<UpdateClient>(&command.request); update && update->read_at) {
    for (const auto& client : model.clients)
      if (client.id == update->client_id && client.updated_seq > update->read_at)
        count(in_batch(client.updated_seq) ? "client changed since it was read, in the same batch"
                                           : "client changed since it was read");
  }
  if (const auto* update = std::get_if<UpdateApi>(&command.request); update && update->read_at) {
    for (const auto& api : model.apis)
      if (api.identifier == update->identifier && !api.deleted && api.updated_seq > update->read_at)
        count("API changed since it was read");
  }
  if (const auto* issue = std::get_if<Issue>(&command.request)) {
    const auto* token = model.find(issue->token);
    if (token != nullptr && in_batch(token->seq)) count("index issued twice in one batch");
    if (token == nullptr && model.is_retired(issue->token)) count("issue into a retired chunk");
    const auto lane = static_cast<std::size_t>(issue->token.lane);
    if (token == nullptr && lane < kLanes && !model.is_retired(issue->token) &&
        issue->token.counter < model.next_counter(issue->token.lane))
      count("issue below an index committed earlier");
    if (issue->client >= 1 && issue->client <= model.clients.size()) {
      const auto& client = model.clients[issue->client - 1];
      if (client.status == "disabled" && in_batch(client.updated_seq))
        count("issue after disable in the same batch");
    }
    if (issue->grant >= 1 && issue->grant <= model.grants.size()) {
      const auto& grant = model.grants[issue->grant - 1];
      if (grant.removed && in_batch(grant.updated_seq))
        count("issue after its grant was removed in the same batch");
    }
  }
}

// After the model took the cascade: what it met.
void Run::count_cascade(const tl::Event& event) {
  if (!tl::cascade_of(event)) return;
  bool revoked_then_expired = false;
  bool twice = false;
  for (const auto& token : model.tokens) {
    if (token.ends.empty() || token.ends.back().seq != event.seq.value()) continue;
    const auto before = token.ends.size() > 1;
    const bool expired = token.issue.expires_at * kSecond <= event.recorded_at.value();
    if (before && token.ends.front().is_own && expired) revoked_then_expired = true;
    if (before && token.ends.front().cause == "client_disabled") twice = true;
  }
  const bool disables = std::holds_alternative<tl::ClientDisabled>(event.payload);
  if (revoked_then_expired)
    ++tally.conflicts["cascade over a revoked token that has expired since"];
  if (!disables || !twice) return;
  for (const auto& token : model.tokens) {
    if (token.ends.size() == 1 && token.ends.back().seq == event.seq.value()) {
      ++tally.conflicts["client disabled, enabled and disabled again with tokens of both times"];
      return;
    }
  }
}

std::string Run::compare() {
  auto no = compare_registries(model, state, index);
  if (no.empty()) no = compare_counts(model, state, index);
  if (no.empty()) no = compare_tokens(model, state, index, chooser);
  if (no.empty()) no = compare_statuses(model, facts, chooser);
  tally.token_checks += model.tokens.size();
  return no.empty() ? no : "after seq " + std::to_string(model.last_seq) + ": " + no;
}

}  // namespace oracle

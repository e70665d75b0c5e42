#include "api/event_wire.hpp"

#include "api/event_data_writer.hpp"
#include "api/rfc3339.hpp"
#include "core/hex.hpp"
#include "core/invariant.hpp"
#include "core/status.hpp"

namespace tokenledger {
namespace {

// Writes the members of `data`, one overload per kind.
class DataWriter : public PeopleDataWriter {
 public:
  using PeopleDataWriter::PeopleDataWriter;
  using PeopleDataWriter::operator();

  void operator()(const LedgerCreated& data) {
    json_.member("ledger_id", to_hex(data.ledger_id)).member("issuer", data.issuer);
  }
  void operator()(const LedgerOpened&) {}
  void operator()(const FormatActivated& data) { json_.member("version", data.version); }

  void operator()(const ClientRegistered& data) {
    json_.member("client_id", data.client_id).member("built_in", data.built_in);
    write_client_settings(json_, data.settings);
  }
  void operator()(const ClientUpdated& data) {
    client(data.client);
    write_client_settings(json_, data.settings);
  }
  void operator()(const ClientDisabled& data) { client(data.client); }
  void operator()(const ClientEnabled& data) { client(data.client); }
  void operator()(const ClientDeleted& data) { client(data.client); }
  void operator()(const ClientSecretRotated& data) {
    client(data.client);
    json_.member("generation", data.generation.value());
    if (data.previous_until != UnixSeconds{})
      json_.member("previous_until", format_rfc3339(data.previous_until));
  }

  void operator()(const ApiCreated& data) {
    json_.member("identifier", data.identifier).member("built_in", data.built_in);
    write_api_settings(json_, data.settings);
  }
  void operator()(const ApiUpdated& data) {
    api("identifier", data.api);
    write_api_settings(json_, data.settings);
  }
  void operator()(const ApiDeleted& data) { api("identifier", data.api); }

  void operator()(const ClientGrantAdded& data) {
    client(data.client);
    api("audience", data.api);
    scopes(data.api, data.scope_mask);
  }
  void operator()(const ClientGrantUpdated& data) { scopes(grant(data.grant), data.scope_mask); }
  void operator()(const ClientGrantRemoved& data) { grant(data.grant); }

  void operator()(const KeyAdded& data) {
    json_.member("kid", data.kid).member("algorithm", algorithm_name(data.algorithm));
    if (data.api != ApiNumber{}) api("audience", data.api);
    if (data.is_next) json_.member("next", true);
    if (data.imported) json_.member("imported", true);
  }
  void operator()(const KeyRetired& data) { key(data.key); }

  void operator()(const TokenIssued& data) {
    TokenWire wire;
    LEDGER_INVARIANT(read_.token_class.has_value());  // read_events found it
    ledger_.with_registries(
        [&](const Registries& registries) { name_class(wire, *read_.token_class, registries); });
    json_.member("jti", ledger_.jti_of(data.index))
        .member("name", data.name)
        .member("client_id", wire.client_id);
    write_audience(json_, wire.audiences);
    json_.member("scope", wire.scope)
        .member("issued_at", format_rfc3339(data.issued_at))
        .member("expires_at", format_rfc3339(data.expires_at))
        .member("origin", origin_name(data.origin))
        .member("format", token_kind_name(data.kind))
        .member("token_sha256", to_hex(data.token_sha256));
    sealed("owner", data.owner, visibility_.token_fields);
    json_.name("extra_fields");
    if (const auto extra = opened("extra_fields", data.extra_fields, visibility_.token_fields))
      json_.raw(*extra);  // checked when it was taken, and sealed since
    else
      json_.null();
    write_erased_fields(json_, erased_);
    if (!data.user) return;
    json_.member("user", data.subject.value())
        .member("consent", data.user->consent.value())
        .member("auth_time", format_rfc3339(data.user->auth_time));
    if (data.user->family != FamilyNumber{}) json_.member("family", data.user->family.value());
  }
  void operator()(const TokenRevoked& data) {
    json_.member("jti", ledger_.jti_of(data.index)).member("cause", cause_name(data.cause));
    sealed("reason", data.reason, visibility_.token_fields);
  }
  void operator()(const TokensRevoked& data) {
    json_.name("selector").begin_object();
    selector(data.selector);
    json_.end_object()
        .member("before_seq", data.before.value())
        .member("cause", cause_name(data.cause));
    sealed("reason", data.reason, visibility_.token_fields);
  }
  void operator()(const TokensExpired& data) {
    json_.member("expires_after", format_rfc3339(data.from))
        .member("expires_to", format_rfc3339(data.to))
        .member("count", data.count)
        .member("complete", data.complete);
  }
  void operator()(const NoteAppended& data) {
    json_.member("topic", data.topic);
    sealed("body", data.body, visibility_.notes);
  }
  void operator()(const OwnerErased& data) {
    json_.member("owner_id", to_hex(data.owner));
    sealed("reason", data.reason, visibility_.token_fields);
  }

 private:
  void selector(const Selector& chosen) {
    switch (chosen.kind) {
      case SelectorKind::client: return client(ClientNumber{chosen.id});
      case SelectorKind::api: return api("audience", ApiNumber{chosen.id});
      case SelectorKind::grant: grant(GrantNumber{chosen.id}); return;
      case SelectorKind::key: return key(KeyNumber{chosen.id});
      case SelectorKind::all: json_.member("all", true); return;
      case SelectorKind::consent:
      case SelectorKind::family:
      case SelectorKind::user: return;  // no event has these
    }
  }
};

}  // namespace

void write_event(JsonWriter& json, const Ledger& ledger, const ReadEvent& read,
                 EventVisibility visibility) {
  const auto& event = read.event;
  json.begin_object()
      .member("seq", event.seq.value())
      .member("recorded_at", format_rfc3339(event.recorded_at))
      .member("kind", event_kind_name(event.payload.index()))
      .member("actor", actor_text(ledger, event.actor))
      .name("request_id");
  if (event.request_id.empty())
    json.null();
  else
    json.value(event.request_id);
  json.name("data").begin_object();
  std::visit(DataWriter{json, ledger, read, visibility}, event.payload);
  json.end_object().end_object();
}

}  // namespace tokenledger

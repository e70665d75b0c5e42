// What the files that write `data` of an event share. Private to api/event_wire*.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/event_wire.hpp"
#include "api/wire.hpp"

namespace tokenledger {

// Members that events of several kinds have.
class EventDataWriter {
 public:
  EventDataWriter(JsonWriter& json, const Ledger& ledger, const ReadEvent& read,
                  EventVisibility visibility)
      : json_{json}, ledger_{ledger}, read_{read}, visibility_{visibility} {}

 protected:
  // Copies under the registries' lock, so that nothing else runs there.
  template <class Look>
  std::string name_of(Look look) {
    std::string name;
    ledger_.with_registries([&](const Registries& registries) { name = look(registries); });
    return name;
  }
  void client(ClientNumber number) {
    json_.member("client_id", name_of([&](const Registries& registries) {
                   const auto* record = registries.client(number);
                   return record != nullptr ? record->client_id : std::string{};
                 }));
  }
  void api(std::string_view member, ApiNumber number) {
    json_.member(member, name_of([&](const Registries& registries) {
                   const auto* record = registries.api(number);
                   return record != nullptr ? record->identifier : std::string{};
                 }));
  }
  void key(KeyNumber number) {
    json_.member("kid", name_of([&](const Registries& registries) {
                   const auto* record = registries.key(number);
                   return record != nullptr ? record->kid : std::string{};
                 }));
  }
  ApiNumber grant(GrantNumber number) {
    ClientNumber of_client;
    ApiNumber of_api;
    ledger_.with_registries([&](const Registries& registries) {
      const auto* record = registries.grant(number);
      if (record == nullptr) return;
      of_client = record->client;
      of_api = record->api;
    });
    client(of_client);
    api("audience", of_api);
    return of_api;
  }
  void scopes(ApiNumber number, std::uint64_t mask) {
    std::vector<std::string> names;
    ledger_.with_registries([&](const Registries& registries) {
      const auto* record = registries.api(number);
      if (record == nullptr) return;
      for (std::size_t bit = 0; bit < record->scope_names.size(); ++bit)
        if ((mask >> bit & 1) != 0) names.push_back(record->scope_names[bit]);
    });
    json_.name("scopes").begin_array();
    for (const auto& name : names) json_.value(name);
    json_.end_array();
  }
  // Remembers an erased one. Who may not see a field does not hear that it was erased either.
  std::optional<std::string> opened(std::string_view member, const Sealed& field, bool is_visible) {
    if (!is_visible) return std::nullopt;
    auto text = ledger_.open_sealed(field);
    if (!text && ledger_.is_erased(field)) erased_.push_back(member);
    return text;
  }
  void sealed(std::string_view member, const Sealed& field, bool is_visible) {
    write_text_or_null(json_, member, opened(member, field, is_visible));
  }

  JsonWriter& json_;
  const Ledger& ledger_;
  const ReadEvent& read_;
  EventVisibility visibility_;
  std::vector<std::string_view> erased_;
};

// The kinds of core/event_people.hpp. Users, consents, families and codes stand as their numbers,
// which UserRegistered and ConsentGranted bind to what they name; consents and families are used
// again, so a number means what the last such event before says. No SHA-256 of a code or of a
// refresh token is shown.
class PeopleDataWriter : public EventDataWriter {
 public:
  using EventDataWriter::EventDataWriter;

  void operator()(const UserRegistered& data);
  void operator()(const UserUpdated& data);
  void operator()(const UserPasswordSet& data);
  void operator()(const UserDisabled& data);
  void operator()(const UserEnabled& data);
  void operator()(const UserGroupsSet& data);
  void operator()(const GroupCreated& data);
  void operator()(const GroupDeleted& data);
  void operator()(const ConsentGranted& data);
  void operator()(const ConsentExtended& data);
  void operator()(const ConsentPreconfigured& data);
  void operator()(const ConsentWithdrawn& data);
  void operator()(const CodeIssued& data);
  void operator()(const CodeRedeemed& data);
  void operator()(const CodeReused& data);
  void operator()(const FamilyStarted& data);
  void operator()(const RefreshRotated& data);
  void operator()(const FamilyEnded& data);
  void operator()(const KeyActivated& data);
  void operator()(const KeyRevoked& data);
  void operator()(const ForgerySuspected& data);

 private:
  void profile(const Sealed& login, const Sealed& display_name);
  void identity_scopes(std::uint64_t mask);
  void scope_bits(std::uint64_t mask);
};

}  // namespace tokenledger

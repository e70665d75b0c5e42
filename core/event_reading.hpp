// What the files that read events from bytes share. Private to core/event_decode*.cpp: nothing else
// includes the generated schema.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>

#include "core/errc.hpp"
#include "core/event.hpp"
#include "event_generated.h"

namespace tokenledger {

// Collects what is wrong with an event's tables while their fields are read.
class FieldReader {
 public:
  [[nodiscard]] Result<void> result() const {
    if (unknown_field_) return Errc::unsupported_format;
    if (damaged_) return Errc::log_corrupt;
    return {};
  }

  void damaged() { damaged_ = true; }

  // Refuses a table that has fields beyond the last one that this program knows.
  template <class Table>
  void expect_fields(const Table& table, std::size_t last_field) {
    const auto vtable_bytes = flatbuffers::ReadScalar<flatbuffers::voffset_t>(
        reinterpret_cast<const flatbuffers::Table&>(table).GetVTable());
    if (vtable_bytes > last_field + sizeof(flatbuffers::voffset_t)) unknown_field_ = true;
  }

  static void text(const flatbuffers::String* from, std::string& to) {
    if (from == nullptr) return to.clear();
    to.assign(from->data(), from->size());
  }
  template <class Element, std::uint16_t from_size, std::size_t size>
  static void copy(const flatbuffers::Array<Element, from_size>* from,
                   std::array<Element, size>& to) {
    static_assert(from_size == size);
    static_assert(sizeof(Element) == 1 || FLATBUFFERS_LITTLEENDIAN);
    std::memcpy(to.data(), from->Data(), sizeof(to));
  }

 protected:
  template <class Part>
  const Part* present(const Part* part) {
    if (part == nullptr) damaged_ = true;
    return part;
  }
  static void bytes(const flatbuffers::Vector<std::uint8_t>* from, std::string& to) {
    if (from == nullptr) return to.clear();
    to.assign(reinterpret_cast<const char*>(from->data()), from->size());
  }
  static void digest(const wire::Bytes32* from, Digest& to) {
    if (from == nullptr) return to.fill(0);
    copy(from->bytes(), to);
  }

 private:
  bool damaged_ = false;
  bool unknown_field_ = false;
};

// The kinds of core/event_people.hpp. Every read function fills all members, for the payload may be
// one that was used before.
class PeopleReader : public FieldReader {
 public:
  void read(const wire::UserRegistered& from, UserRegistered& to);
  void read(const wire::UserUpdated& from, UserUpdated& to);
  void read(const wire::UserPasswordSet& from, UserPasswordSet& to);
  void read(const wire::UserDisabled& from, UserDisabled& to);
  void read(const wire::UserEnabled& from, UserEnabled& to);
  void read(const wire::UserGroupsSet& from, UserGroupsSet& to);
  void read(const wire::GroupCreated& from, GroupCreated& to);
  void read(const wire::GroupDeleted& from, GroupDeleted& to);
  void read(const wire::ConsentGranted& from, ConsentGranted& to);
  void read(const wire::ConsentExtended& from, ConsentExtended& to);
  void read(const wire::ConsentPreconfigured& from, ConsentPreconfigured& to);
  void read(const wire::ConsentWithdrawn& from, ConsentWithdrawn& to);
  void read(const wire::CodeIssued& from, CodeIssued& to);
  void read(const wire::CodeRedeemed& from, CodeRedeemed& to);
  void read(const wire::CodeReused& from, CodeReused& to);
  void read(const wire::FamilyStarted& from, FamilyStarted& to);
  void read(const wire::RefreshRotated& from, RefreshRotated& to);
  void read(const wire::FamilyEnded& from, FamilyEnded& to);
  void read(const wire::KeyActivated& from, KeyActivated& to);
  void read(const wire::KeyRevoked& from, KeyRevoked& to);
  void read(const wire::ForgerySuspected& from, ForgerySuspected& to);
};

}  // namespace tokenledger

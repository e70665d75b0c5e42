// What the files that write canonical bytes share. Private to core/event_encode*.cpp: nothing else
// includes the generated schema.
#pragma once

#include <string>

#include "core/event.hpp"
#include "event_generated.h"

namespace tokenledger {

using Builder = flatbuffers::FlatBufferBuilder;
using Position = flatbuffers::Offset<void>;
template <class Wire>
using Offset = flatbuffers::Offset<Wire>;

// Absent when empty.
inline Offset<flatbuffers::String> write_text(Builder& builder, const std::string& value) {
  if (value.empty()) return 0;
  return builder.CreateString(value);
}
inline Offset<flatbuffers::Vector<std::uint8_t>> write_bytes(Builder& builder,
                                                             const std::string& value) {
  if (value.empty()) return 0;
  return builder.CreateVector(reinterpret_cast<const std::uint8_t*>(value.data()), value.size());
}
inline bool is_zero(const Digest& digest) { return digest == Digest{}; }

// The kinds of core/event_people.hpp; check_event has accepted them.
Position write(Builder& builder, const UserRegistered& payload);
Position write(Builder& builder, const UserUpdated& payload);
Position write(Builder& builder, const UserPasswordSet& payload);
Position write(Builder& builder, const UserDisabled& payload);
Position write(Builder& builder, const UserEnabled& payload);
Position write(Builder& builder, const UserGroupsSet& payload);
Position write(Builder& builder, const GroupCreated& payload);
Position write(Builder& builder, const GroupDeleted& payload);
Position write(Builder& builder, const ConsentGranted& payload);
Position write(Builder& builder, const ConsentExtended& payload);
Position write(Builder& builder, const ConsentPreconfigured& payload);
Position write(Builder& builder, const ConsentWithdrawn& payload);
Position write(Builder& builder, const CodeIssued& payload);
Position write(Builder& builder, const CodeRedeemed& payload);
Position write(Builder& builder, const CodeReused& payload);
Position write(Builder& builder, const FamilyStarted& payload);
Position write(Builder& builder, const RefreshRotated& payload);
Position write(Builder& builder, const FamilyEnded& payload);
Position write(Builder& builder, const KeyActivated& payload);
Position write(Builder& builder, const KeyRevoked& payload);
Position write(Builder& builder, const ForgerySuspected& payload);

}  // namespace tokenledger

// PeopleFolder: what one event does to People; one overload per kind. Private to core/people*.
#pragma once

#include "core/people.hpp"

namespace tokenledger {

class PeopleFolder {
 public:
  PeopleFolder(People& people, const Event& event, std::vector<PublishOp>& ops)
      : people_{people}, parts_{people.parts_}, event_{event}, ops_{ops} {}

  Result<void> operator()(const UserRegistered&);
  Result<void> operator()(const UserUpdated&);
  Result<void> operator()(const UserPasswordSet&);
  Result<void> operator()(const UserDisabled&);
  Result<void> operator()(const UserEnabled&);
  Result<void> operator()(const UserGroupsSet&);
  Result<void> operator()(const OwnerErased&);
  Result<void> operator()(const GroupCreated&);
  Result<void> operator()(const GroupDeleted&);
  Result<void> operator()(const ConsentGranted&);
  Result<void> operator()(const ConsentExtended&);
  Result<void> operator()(const ConsentPreconfigured&);
  Result<void> operator()(const ConsentWithdrawn&);
  Result<void> operator()(const CodeIssued&);
  Result<void> operator()(const CodeRedeemed&);
  Result<void> operator()(const CodeReused&);
  Result<void> operator()(const FamilyStarted&);
  Result<void> operator()(const RefreshRotated&);
  Result<void> operator()(const FamilyEnded&);
  template <class Other>
  Result<void> operator()(const Other&) {
    return {};
  }

 private:
  // nullptr: unknown or erased.
  UserRecord* changeable(UserNumber number);
  UserRecord* enabled(UserNumber number);
  // nullptr: free or ended.
  ConsentRecord* granted(ConsentNumber number);
  FamilyRecord* live(FamilyNumber number);
  CodeRecord* code(CodeNumber number);
  void grant(ConsentNumber number, const ConsentRecord& record);

  People& people_;
  People::Parts& parts_;
  const Event& event_;
  std::vector<PublishOp>& ops_;
};

}  // namespace tokenledger

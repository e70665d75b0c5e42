// What the files behind check_event share. Private to core/event_bounds*.cpp.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "core/decider.hpp"  // is_label
#include "core/errc.hpp"
#include "core/event.hpp"

namespace tokenledger {

// The answers of one check; the first failure wins.
class Verdict {
 public:
  void require(bool holds) { fail_unless(holds, Errc::invalid_argument); }
  void require_size(std::size_t size, std::size_t size_max) {
    fail_unless(size <= size_max, Errc::too_large);
  }
  void require_version(std::uint32_t version) {
    require(version != 0);
    fail_unless(version <= kFormatVersion, Errc::unsupported_format);
  }
  template <class Number>
  void require_number(Number number) {
    require(number != Number{});
  }
  // Enum values start at 1.
  template <class Enum>
  void require_enum(Enum value, Enum last) {
    const auto number = static_cast<std::uint8_t>(value);
    require(number >= 1 && number <= static_cast<std::uint8_t>(last));
  }
  void require_text(std::string_view text, std::size_t bytes_max) {
    require_size(text.size(), bytes_max);
    if (ok_ && !text.empty()) require(is_label(text, bytes_max));
  }
  void require_name(std::string_view text, std::size_t bytes_max) {
    require(!text.empty());
    require_text(text, bytes_max);
  }
  template <class Number>
  void require_ascending(const std::vector<Number>& numbers, std::size_t count_max) {
    require_size(numbers.size(), count_max);
    Number before{};
    for (const auto number : numbers) {
      require(before < number);  // also: none is 0
      before = number;
    }
  }
  void require_identity_mask(std::uint64_t identity_mask) {
    require((identity_mask & ~kIdentityMaskAll) == 0);
  }
  void require_sealed(const Sealed& sealed) { require_size(sealed.bytes.size(), kSealedBytesMax); }
  void require_counters(const std::array<std::uint64_t, kLaneCount>& counters) {
    for (const auto counter : counters) require(counter <= TokenIndex::kCounterMax);
  }

  [[nodiscard]] Result<void> result() const {
    if (ok_) return {};
    return error_;
  }

 private:
  void fail_unless(bool holds, Errc error) {
    if (holds || !ok_) return;
    ok_ = false;
    error_ = error;
  }

  bool ok_ = true;
  Errc error_ = Errc::invalid_argument;
};

// The kinds of core/event_people.hpp, judged by themselves alone.
void check(Verdict& verdict, const UserRegistered& payload);
void check(Verdict& verdict, const UserUpdated& payload);
void check(Verdict& verdict, const UserPasswordSet& payload);
void check(Verdict& verdict, const UserDisabled& payload);
void check(Verdict& verdict, const UserEnabled& payload);
void check(Verdict& verdict, const UserGroupsSet& payload);
void check(Verdict& verdict, const GroupCreated& payload);
void check(Verdict& verdict, const GroupDeleted& payload);
void check(Verdict& verdict, const ConsentGranted& payload);
void check(Verdict& verdict, const ConsentExtended& payload);
void check(Verdict& verdict, const ConsentPreconfigured& payload);
void check(Verdict& verdict, const ConsentWithdrawn& payload);
void check(Verdict& verdict, const CodeIssued& payload);
void check(Verdict& verdict, const CodeRedeemed& payload);
void check(Verdict& verdict, const CodeReused& payload);
void check(Verdict& verdict, const FamilyStarted& payload);
void check(Verdict& verdict, const RefreshRotated& payload);
void check(Verdict& verdict, const FamilyEnded& payload);
void check(Verdict& verdict, const KeyActivated& payload);
void check(Verdict& verdict, const KeyRevoked& payload);
void check(Verdict& verdict, const ForgerySuspected& payload);

}  // namespace tokenledger

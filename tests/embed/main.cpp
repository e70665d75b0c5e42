// What a program sees that embeds the ledger from an installed package: headers found, libraries
// linked, one call that needs each. Prints a line and returns 0 when every answer is right.
#include <cstdio>
#include <string>

#include "core/errc.hpp"
#include "core/ids.hpp"

namespace {

int failures = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  ++failures;
  std::fprintf(stderr, "embed: not so: %s\n", what);
}

}  // namespace

int main() {
  using namespace tokenledger;
  expect(lane_for_lifetime(3600) == Lane::hour, "an hour-long token belongs to the hour lane");
  expect(to_seconds(to_time(UnixSeconds{1'700'000'000})) == UnixSeconds{1'700'000'000},
         "seconds survive the way through ledger time");

  const Result<int> refused = Errc::not_active;
  expect(refused.has_error() && refused.error() == Errc::not_active,
         "a failure compares equal to its Errc");
  expect(!refused.error().message().empty(), "a failure has a message (compiled into the library)");

  if (failures == 0) std::puts("embed: fine");
  return failures == 0 ? 0 : 1;
}

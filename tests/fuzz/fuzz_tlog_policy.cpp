// Any bytes: no crash. A refused policy says why; an accepted one stays within its bounds, names
// each witness once, and has a quorum that its own witnesses can reach.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "core/tlog_policy.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tokenledger;
  std::string why;
  const auto policy = parse_tlog_policy(text_of(ByteView{data, size}), why);
  if (!policy) {
    if (why.empty()) std::abort();
    return 0;
  }
  const auto& witnesses = policy->witnesses;
  const auto& unread = policy->unread_witnesses;
  const bool is_bounded = policy->logs.size() <= kTlogPolicyLogsMax &&
                          witnesses.size() + unread.size() <= kWitnessesMax;
  if (!is_bounded) std::abort();
  for (const auto& name : unread)
    if (std::ranges::find(witnesses, name, &NamedWitness::name) != witnesses.end()) std::abort();
  for (auto at = witnesses.begin(); at != witnesses.end(); ++at) {
    const bool is_twice = std::any_of(witnesses.begin(), at, [&](const NamedWitness& other) {
      return other.name == at->name || other.key.public_key() == at->key.public_key();
    });
    if (is_twice) std::abort();
  }
  if (!policy->quorum) return 0;
  const auto& quorum = *policy->quorum;
  if (quorum.quorum() == 0 || quorum.quorum() > quorum.witnesses().size()) std::abort();
  for (const auto& key : quorum.witnesses())
    if (std::ranges::find(witnesses, key, &NamedWitness::key) == witnesses.end()) std::abort();
  return 0;
}

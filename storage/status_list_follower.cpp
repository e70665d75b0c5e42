#include "storage/status_list_follower.hpp"

#include <algorithm>

#include "core/base64url.hpp"
#include "core/invariant.hpp"
#include "core/sha256.hpp"
#include "core/signing_key.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

using Steady = std::chrono::steady_clock;
using namespace std::chrono_literals;

// How long stop() may wait for a follower that has nothing to do.
constexpr std::chrono::milliseconds kIdleWaitMax{200};
constexpr int kPauseFactor = 19;  // a round, then a pause of so many times its length
constexpr std::size_t kTagBytes = 16;
static_assert(kStatusListPauseMax * 2 < kStatusListLagMax, "rounds get what is left of the bound");

// Up to here the highest effort takes 15 ms at most, beyond up to 220 ms instead of 30.
constexpr std::uint32_t kHighestEffortBitsMax = kStatusListEntries / 1'000;

std::shared_ptr<const EncodedStatusList> encode(ByteView array, std::uint32_t bit_count) {
  const auto effort = bit_count <= kHighestEffortBitsMax ? ZlibEffort::highest : ZlibEffort::usual;
  auto encoded = encode_status_list(array, 1, effort);
  LEDGER_INVARIANT(encoded.has_value());  // the array's length is a constant
  return std::make_shared<const EncodedStatusList>(std::move(*encoded));
}

}  // namespace

StatusListFollower::StatusListFollower(LedgerCore& core)
    : core_{core},
      range_{core.incarnations, core.index, core.reserved},
      uri_prefix_{status_list_uri_prefix(core.options.issuer)},
      bits_{core.index, core.keys->status_places(), range_} {
  thread_ = std::thread{[this] { run(); }};
}

StatusListFollower::~StatusListFollower() { stop(); }

void StatusListFollower::stop() {
  {
    const std::scoped_lock lock{mutex_};
    stops_.store(true);
  }
  wakes_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void StatusListFollower::run() {
  while (!stops_.load()) {
    const auto began = Steady::now();
    if (!round()) return;
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - began);
    const auto pause = std::clamp(took * kPauseFactor, kStatusListTick, kStatusListPauseMax);
    {
      std::unique_lock lock{mutex_};
      wakes_.wait_for(lock, pause, [this] { return stops_.load(); });
    }
    // Nothing was committed: the lists are as good as new, however long it lasts.
    for (auto now = Steady::now();; now = Steady::now()) {
      if (stops_.load()) return;
      if (core_.signal.committed() != covered_) break;
      {
        const std::scoped_lock lock{mutex_};
        covered_at_ = now;
      }
      core_.signal.wait_beyond(covered_, kIdleWaitMax);
    }
  }
}

// False: told to stop.
bool StatusListFollower::round() {
  const auto began = Steady::now();
  // In this order: what is published up to `committed` is seen by the scan, and a cascade that is
  // not counted yet makes the next round look again.
  const auto committed = core_.signal.committed();
  const auto cascades = core_.cascaded_seq.load(std::memory_order_acquire);
  const bool looks_at_all = is_first_round_ || cascades != cascades_seen_;
  bits_.forget_ended();
  const auto depth =
      looks_at_all ? StatusListBits::Depth::cascades : StatusListBits::Depth::revocations;
  if (!bits_.scan(depth, stops_)) return false;
  cascades_seen_ = cascades;
  is_first_round_ = false;

  std::vector<std::uint8_t> array(kStatusListBytes);
  std::vector<std::pair<StatusListName, Encoded>> changed;
  for (const auto& name : bits_.take_changed()) {
    if (stops_.load()) return false;
    bits_.write_array(name, std::span<std::uint8_t, kStatusListBytes>{array});
    changed.emplace_back(name, encode(array, bits_.count_of(name)));
  }
  if (all_valid_ == nullptr) {
    std::ranges::fill(array, std::uint8_t{0});
    auto encoded = encode(array, 0);
    const std::scoped_lock lock{mutex_};
    all_valid_ = std::move(encoded);
  }
  swap(std::move(changed), committed, began);
  return true;
}

void StatusListFollower::swap(std::vector<std::pair<StatusListName, Encoded>> changed,
                              Sequence committed, SteadyTime began) {
  auto key = current_key();
  const std::scoped_lock lock{mutex_};
  for (auto& [name, encoded] : changed) {
    encoded_[name] = std::move(encoded);
    signed_.erase(name);
  }
  const auto is_gone = [this](const auto& entry) { return !range_.holds(entry.first); };
  std::erase_if(encoded_, is_gone);
  std::erase_if(signed_, is_gone);
  if (key != key_) signed_.clear();
  key_ = std::move(key);
  counts_.lists = bits_.list_count();
  counts_.invalid_tokens = bits_.bit_count();
  covered_ = committed;
  covered_at_ = began;
  is_ready_ = true;
}

// nullptr: none may sign.
std::shared_ptr<const SigningKey> StatusListFollower::current_key() const {
  std::string kid;
  {
    const std::shared_lock lock{core_.registries_mutex};
    const auto* record = core_.registries.signing_key(SignatureAlgorithm::es256);
    if (record == nullptr) return nullptr;
    kid = record->kid;
  }
  return core_.keys->signing_key(kid);
}

bool StatusListFollower::is_late() const {
  return core_.signal.committed() != covered_ && Steady::now() - covered_at_ > kStatusListLagMax;
}

Result<StatusListFollower::Body> StatusListFollower::find(std::string_view id, Source& source) {
  if (auto readable = core_.check_readable(); !readable) return readable.error();
  const auto name = core_.keys->status_places().find(id);
  if (!name || !range_.holds(*name)) return Errc::file_not_found;
  const auto now = to_seconds(core_.now());
  const std::scoped_lock lock{mutex_};
  if (!is_ready_ || is_late()) return Errc::view_behind;
  if (key_ == nullptr) return Errc::key_not_found;
  if (const auto found = signed_.find(*name); found != signed_.end()) {
    const auto issued_at = found->second->issued_at;
    const bool is_fresh =
        issued_at <= now && now.value() - issued_at.value() <= kStatusListTtlSeconds / 2;
    if (is_fresh) return found->second;
  }
  const auto encoded = encoded_.find(*name);
  source = {*name, encoded == encoded_.end() ? all_valid_ : encoded->second, key_};
  return Body{};
}

// Outside the lock. Two who ask at the same time may both sign.
Result<StatusListFollower::Body> StatusListFollower::sign(const Source& source) {
  const auto now = to_seconds(core_.now());
  const auto uri = uri_prefix_ + core_.keys->status_places().id_of(source.name);
  auto token =
      sign_status_list(*source.key, *source.list, uri,
                       {.issued_at = now,
                        .expires_at = UnixSeconds{now.value() + kStatusListLifetimeSeconds},
                        .ttl_s = kStatusListTtlSeconds});
  if (!token) return token.error();
  auto made = std::make_shared<StatusListBody>();
  const auto digest = sha256(token->jwt);
  const auto tag = base64url_encode(ByteView{digest}.first(kTagBytes));
  made->jwt_tag = '"' + tag + '"';
  made->gzip_tag = '"' + tag + "-gzip\"";
  made->jwt = std::move(token->jwt);
  made->gzip = std::move(token->gzip);
  made->issued_at = now;

  const std::scoped_lock lock{mutex_};
  ++counts_.signatures;
  const auto encoded = encoded_.find(source.name);
  const auto& newest = encoded == encoded_.end() ? all_valid_ : encoded->second;
  // Overtaken: good for this answer, which began before, and for no other.
  if (newest != source.list || key_ != source.key) return Body{std::move(made)};
  if (signed_.size() >= kSignedListsMax) signed_.clear();
  return signed_[source.name] = std::move(made);
}

Result<StatusListFollower::Body> StatusListFollower::fetch(std::string_view id) {
  Source source;
  auto found = find(id, source);
  if (!found || *found != nullptr) return found;
  return sign(source);
}

std::optional<Result<StatusListFollower::Body>> StatusListFollower::fetch_in_memory(
    std::string_view id) {
  Source source;
  auto found = find(id, source);
  if (found && *found == nullptr) return std::nullopt;
  return found;
}

std::vector<std::string> StatusListFollower::uris() const {
  std::vector<std::string> all;
  for (const auto& name : range_.names(kStatusListsNamedMax))
    all.push_back(uri_prefix_ + core_.keys->status_places().id_of(name));
  return all;
}

StatusListStats StatusListFollower::stats() const {
  const std::scoped_lock lock{mutex_};
  auto stats = counts_;
  stats.is_ready = is_ready_;
  stats.signed_lists = signed_.size();
  if (is_ready_ && core_.signal.committed() != covered_) {
    // Rounded up, for 0 says that nothing is missing.
    stats.lag =
        std::max(1ms, std::chrono::ceil<std::chrono::milliseconds>(Steady::now() - covered_at_));
  }
  return stats;
}

}  // namespace tokenledger

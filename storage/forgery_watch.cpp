#include "storage/forgery_watch.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <shared_mutex>

#include "core/jwt_signature.hpp"
#include "core/sha256.hpp"
#include "storage/ledger_core.hpp"

namespace tokenledger {
namespace {

constexpr std::uint32_t kSecondsPerDay = 86'400;

// base64url of what begins with a brace begins with this letter; no opaque token does.
bool may_be_jwt(std::string_view token) noexcept {
  return token.size() <= kJwtLengthMax && token.starts_with('e') &&
         std::ranges::count(token, '.') == 2;
}

void wipe_text(char* begin, std::size_t length) noexcept {
  wipe({reinterpret_cast<std::uint8_t*>(begin), length});
}

// What the jti of a token with a good signature gives away; nullopt: nothing.
std::optional<ReportForgery> judge_jti(const LedgerCore& core, const DecodedJwt& jwt,
                                       std::string_view token, KeyNumber key) {
  const auto sealed = core.keys->seal_key().unseal(jwt.claims.jti);
  if (!sealed) return ReportForgery{key, {}, ForgerySign::jti_not_sealed};
  const auto* owner = owner_of(core.incarnations, sealed->index);
  if (owner == nullptr || owner->incarnation != sealed->incarnation) return std::nullopt;
  // Signed, and then refused by decide(), or given back by memory: nobody can tell it from ours.
  const auto entry = core.index.find(sealed->index);
  if (!entry || entry->fingerprint == Fingerprint::of(sha256(token))) return std::nullopt;
  return ReportForgery{key, sealed->index, ForgerySign::other_token};
}

}  // namespace

bool ForgeryLimits::take(KeyNumber key, UnixSeconds now) {
  const auto day = now.value() / kSecondsPerDay;
  if (day != day_) of_day_ = 0;
  day_ = day;
  if (of_day_ >= kForgeriesPerDayMax) return false;
  const auto [at, is_first] = of_key_.try_emplace(key);
  auto& mine = at->second;
  if (!is_first && now.value() - mine.last.value() < kForgeryQuietSeconds) return false;
  if (mine.last.value() / kSecondsPerDay != day) mine.of_day = 0;
  if (mine.of_day >= kForgeriesPerKeyAndDayMax) return false;
  mine = {.last = now, .of_day = mine.of_day + 1};
  ++of_day_;
  return true;
}

std::optional<ForgerySuspect> find_suspect(const LedgerCore& core, std::string_view token) {
  const auto jwt = decode_unverified(token);
  if (!jwt || jwt->key_id.empty()) return std::nullopt;
  if (jwt->claims.expires_at <= to_seconds(core.now())) return std::nullopt;
  KeyNumber number;
  {
    const std::shared_lock lock{core.registries_mutex};
    const auto* key = core.registries.find_key(jwt->key_id);
    if (key == nullptr || key->status == KeyStatus::revoked) return std::nullopt;
    // Whoever had the key before may have signed with it until then.
    if (key->imported && jwt->claims.issued_at <= to_seconds(key->created_at)) return std::nullopt;
    number = key->number;
  }
  const auto report = judge_jti(core, *jwt, token, number);
  if (!report) return std::nullopt;
  auto key = core.keys->signing_key(jwt->key_id);
  if (key == nullptr) return std::nullopt;
  return ForgerySuspect{*report, std::move(key)};
}

bool is_forged(const ForgerySuspect& suspect, std::string_view token) {
  // Canonical: an ES256 signature of ours that somebody wrote in its other form is no forgery.
  return verify_jwt(token, suspect.key->verify_key(), {.signature_form = SignatureForm::canonical})
      .has_value();
}

// A ring. Its memory is touched by the first tokens that are refused, not before.
struct ForgeryWatch::Slots {
  std::unique_ptr<char[]> bytes =
      std::make_unique_for_overwrite<char[]>(kRefusedTokensWaitingMax * kJwtLengthMax);
  std::array<std::size_t, kRefusedTokensWaitingMax> lengths{};
  std::size_t first = 0;
  std::size_t count = 0;

  void push(std::string_view token) noexcept {
    const auto slot = (first + count) % kRefusedTokensWaitingMax;
    std::memcpy(bytes.get() + slot * kJwtLengthMax, token.data(), token.size());
    lengths[slot] = token.size();
    ++count;
  }
  void pop(std::string& text) {
    text.assign(bytes.get() + first * kJwtLengthMax, lengths[first]);
    drop();
  }
  void drop() noexcept {
    wipe_text(bytes.get() + first * kJwtLengthMax, lengths[first]);
    first = (first + 1) % kRefusedTokensWaitingMax;
    --count;
  }
  ~Slots() {
    while (count > 0) drop();
  }
};

ForgeryWatch::ForgeryWatch(LedgerCore& core) : core_{core}, slots_{std::make_unique<Slots>()} {
  thread_ = std::thread{[this] { run(); }};
}

ForgeryWatch::~ForgeryWatch() { stop(); }

void ForgeryWatch::stop() {
  {
    const std::scoped_lock lock{mutex_};
    stops_ = true;
  }
  offered_.notify_all();
  stopped_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ForgeryWatch::offer(std::string_view token) noexcept {
  if (!may_be_jwt(token)) return;
  {
    const std::unique_lock lock{mutex_, std::try_to_lock};
    if (!lock || stops_ || slots_->count == kRefusedTokensWaitingMax) {
      skipped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    slots_->push(token);
    if (slots_->count > 1) return;
  }
  offered_.notify_one();
}

// False: told to stop.
bool ForgeryWatch::take(std::string& text) {
  std::unique_lock lock{mutex_};
  offered_.wait(lock, [this] { return stops_ || slots_->count > 0; });
  if (stops_) return false;
  slots_->pop(text);
  return true;
}

void ForgeryWatch::run() {
  // On Linux the niceness is a thread's own. A system that refuses is no reason not to look.
  static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kForgeryWatchNiceness));
  std::string text;
  text.reserve(kJwtLengthMax);  // never grows: a reallocation would leave a copy behind
  while (take(text)) {
    const bool has_verified = look_at(text);
    wipe_text(text.data(), text.size());
    std::unique_lock lock{mutex_};
    const std::chrono::milliseconds pause = has_verified ? kSignaturePause : kLookPause;
    stopped_.wait_for(lock, pause, [this] { return stops_; });
  }
}

bool ForgeryWatch::look_at(std::string_view token) {
  const auto suspect = find_suspect(core_, token);
  if (!suspect) return false;
  const bool forged = is_forged(*suspect, token);
  verified_.fetch_add(1, std::memory_order_relaxed);
  if (!forged) return true;
  forged_.fetch_add(1, std::memory_order_relaxed);
  if (limits_.take(suspect->report.key, to_seconds(core_.now()))) {
    core_.warn("a token with a good signature was never issued: somebody else has the key " +
               suspect->key->kid());
    report(suspect->report);
  }
  return true;
}

// A command that is refused (an overloaded ledger, one of format 1) is not repeated: the warning
// was given, and a thief comes again.
void ForgeryWatch::report(const ReportForgery& report) {
  const auto done = core_.submit({{.kind = ActorKind::system}, {}, std::nullopt, report});
  if (done) reported_.fetch_add(1, std::memory_order_relaxed);
}

ForgeryCounts ForgeryWatch::counts() const noexcept {
  return {.skipped = skipped_.load(std::memory_order_relaxed),
          .verified = verified_.load(std::memory_order_relaxed),
          .forged = forged_.load(std::memory_order_relaxed),
          .reported = reported_.load(std::memory_order_relaxed)};
}

ForgeryCounts forgery_counts(const Ledger& ledger) noexcept {
  const auto& watch = ledger.core().forgery_watch;
  return watch == nullptr ? ForgeryCounts{} : watch->counts();
}

}  // namespace tokenledger

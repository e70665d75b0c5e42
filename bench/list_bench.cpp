// P7: pages of 100 from the token list, first and deep, for every filter and some pairs.
//
// The ledger's clock moves with the tokens, so that issue, expiry and revocation spread over 60
// days as they would in life: a Zipf-like choice of clients, lifetimes of an hour, a day and 30
// days, one token in 50 revoked by itself, one in 100 named for an owner, one client disabled.
// Reported: p50 and p99 over single calls in microseconds, and p99 of the processor time they took,
// which a busy machine does not spoil; whether total is counted (the first page) or known (a later
// one).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <ctime>
#include <random>
#include <thread>

#include "bench/ledger_fixture.hpp"

namespace tokenledger::bench {
namespace {

constexpr std::uint32_t kClients = 200;
constexpr std::uint32_t kDays = 60;
constexpr std::uint32_t kPagesDeep = 1'000;
constexpr int kCalls = 300;

class MovedClock final : public Clock {
 public:
  MovedClock() : now_{system_clock()->now().value()} {}
  [[nodiscard]] LedgerTime now() const noexcept override { return LedgerTime{now_.load()}; }
  [[nodiscard]] std::uint64_t since_boot_ns() const noexcept override { return now_.load(); }
  void advance(std::uint64_t ns) { now_.fetch_add(ns); }

 private:
  std::atomic<std::uint64_t> now_;
};

class FilledLedger {
 public:
  FilledLedger() : clock_{std::make_shared<MovedClock>()}, fixture_{clock_} {
    for (std::uint32_t i = 1; i < kClients; ++i) fixture_.add_client("client-" + std::to_string(i));
    fill(token_count(10'000'000));
    must(ledger().core().views->wait_for(ledger().committed(), std::chrono::minutes{10}), "views");
  }
  Ledger& ledger() { return fixture_.ledger(); }
  LedgerTime start() const { return start_; }

 private:
  struct Fixture : LedgerFixture {
    explicit Fixture(const std::shared_ptr<MovedClock>& clock)
        : LedgerFixture{TokenKind::opaque, SignatureAlgorithm::es256, with(clock)} {}
    static LedgerOptions with(const std::shared_ptr<MovedClock>& clock) {
      LedgerOptions options;
      options.clock = clock;
      options.sweep_every = std::chrono::milliseconds{0};
      return options;
    }
  };

  Command next_issue(std::uint64_t number) {
    constexpr std::uint32_t kLifetimes[] = {3'600, 86'400, 86'400, 30 * 86'400};
    auto command = fixture_.issue_command(kLifetimes[random_() % 4]);
    auto& issue = std::get<IssueToken>(command.payload);
    // Half of the tokens to the first client, a quarter to the second, ..; the rest evenly.
    const auto half = static_cast<std::uint32_t>(std::countr_zero(random_() | 1ull << 20));
    const auto client = half < 6 ? half : static_cast<std::uint32_t>(random_() % kClients);
    issue.client = ClientNumber{2 + client};
    issue.grant = GrantNumber{1 + client};
    if (number % 100 == 0) {
      issue.name = "job " + std::to_string(number % 100'000);
      issue.owner.bytes = std::string(16, static_cast<char>('A' + number / 100 % 20)) + "sealed";
    }
    return command;
  }

  void fill(std::uint64_t count) {
    start_ = ledger().now();
    const auto step = std::uint64_t{kDays} * 86'400 * kNanosecondsPerSecond / count;
    std::atomic<std::uint64_t> done{0};
    std::atomic<std::uint64_t> failed{0};
    std::uint64_t sent = 0;
    const auto send = [&](Command command) {
      while (sent - done.load(std::memory_order_acquire) >= 512)
        std::this_thread::sleep_for(std::chrono::microseconds{50});
      ++sent;
      ledger().submit_async(std::move(command), [&](Result<Committed> result) {
        if (!result) failed.fetch_add(1);
        done.fetch_add(1, std::memory_order_release);
      });
    };
    constexpr std::uint64_t kGroup = 512;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i % kGroup == 0) {
        // What is under way would be stale after the clock moved.
        while (done.load(std::memory_order_acquire) < sent)
          std::this_thread::sleep_for(std::chrono::microseconds{50});
        clock_->advance(step * kGroup);
      }
      auto command = next_issue(i);
      const auto index = std::get<IssueToken>(command.payload).index;
      send(std::move(command));
      if (i % 50 == 0)
        send({Actor{.kind = ActorKind::host}, {}, {}, RevokeToken{index, Cause::admin_manual, {}}});
    }
    while (done.load() < sent) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    fixture_.submit(DisableClient{"client-5"});
    refused_ = failed.load();
    if (refused_ > count / 100) throw std::runtime_error{"fill: too many were refused"};
  }

  std::shared_ptr<MovedClock> clock_;
  Fixture fixture_;
  std::mt19937_64 random_{7};
  LedgerTime start_;
  std::uint64_t refused_ = 0;
};

FilledLedger& filled() {
  static FilledLedger ledger;
  return ledger;
}

// The part of the filled time from `from` to `to`, 0 to 1.
TimeRange<UnixSeconds> days(double from, double to) {
  const auto second = [&](double part) {
    return UnixSeconds{to_seconds(filled().start()).value() +
                       static_cast<std::uint32_t>(part * kDays * 86'400)};
  };
  return {second(from), second(to)};
}

ListQuery base() {
  return {.as_of_seq = filled().ledger().committed(), .as_of_time = filled().ledger().now()};
}

using Change = void (*)(ListQuery&);
struct Subject {
  const char* name;
  Change change;
};
TextMatch text(const std::string& prefix) {
  return {.clients = {ClientNumber{7}, ClientNumber{9}}, .name_prefix = prefix, .index = {}};
}
const Subject kSubjects[] = {
    {"none", [](ListQuery&) {}},
    {"client_large", [](ListQuery& q) { q.client = ClientNumber{2}; }},
    {"client_small", [](ListQuery& q) { q.client = ClientNumber{100}; }},
    {"active", [](ListQuery& q) { q.status = TokenStatus::active; }},
    {"expired", [](ListQuery& q) { q.status = TokenStatus::expired; }},
    {"revoked", [](ListQuery& q) { q.status = TokenStatus::revoked; }},
    {"issued_range", [](ListQuery& q) { q.issued = days(0.3, 0.5); }},
    {"expires_range", [](ListQuery& q) { q.expires = days(0.3, 0.5); }},
    {"expired_range", [](ListQuery& q) { q.expired = days(0.3, 0.5); }},
    {"revoked_range",
     [](ListQuery& q) {
       const auto range = days(0.3, 0.5);
       q.revoked = {to_time(*range.from), to_time(*range.to)};
     }},
    {"owner",
     [](ListQuery& q) {
       q.owner.emplace();
       q.owner->fill('C');
     }},
    {"api", [](ListQuery& q) { q.apis = {kOwnApi}; }},
    {"origin", [](ListQuery& q) { q.origin = Origin::oauth_flow; }},
    {"search", [](ListQuery& q) { q.text = text("job 7"); }},
    {"client_active",
     [](ListQuery& q) {
       q.client = ClientNumber{3};
       q.status = TokenStatus::active;
     }},
    {"client_revoked",
     [](ListQuery& q) {
       q.client = ClientNumber{3};
       q.status = TokenStatus::revoked;
     }},
    {"client_issued",
     [](ListQuery& q) {
       q.client = ClientNumber{3};
       q.issued = days(0.3, 0.5);
     }},
    {"active_issued",
     [](ListQuery& q) {
       q.status = TokenStatus::active;
       q.issued = days(0.6, 0.9);
     }},
    {"expired_issued",
     [](ListQuery& q) {
       q.status = TokenStatus::expired;
       q.issued = days(0.2, 0.4);
     }},
    {"revoked_issued",
     [](ListQuery& q) {
       q.status = TokenStatus::revoked;
       q.issued = days(0.2, 0.4);
     }},
    // Few of many rows fit: these end at their budget.
    {"client_search",
     [](ListQuery& q) {
       q.client = ClientNumber{3};
       q.text = text("job 7");
     }},
    {"search_by_expiry",
     [](ListQuery& q) {
       q.text = text("job");
       q.sort = ListSort::expires_descending;
     }},
};

// The position some pages on, or the last one before the end.
std::optional<ListPosition> walk(ListQuery query, std::uint32_t pages) {
  query.count_total = false;
  std::optional<ListPosition> before;
  for (std::uint32_t i = 0; i < pages; ++i) {
    const auto page = must(filled().ledger().core().views->list(query), "list");
    if (!page.next) return before;
    before = query.after;
    query.after = page.next;
  }
  return query.after;
}

// Of this thread.
double cpu_us() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

enum class Which { first_with_total, first, deep };

void measure(benchmark::State& state, Change change, Which which) {
  auto query = base();
  change(query);
  query.count_total = which == Which::first_with_total;
  if (which == Which::deep) query.after = walk(query, is_quick() ? 10 : kPagesDeep);
  const auto& views = *filled().ledger().core().views;
  std::vector<double> microseconds;
  std::vector<double> cpu_microseconds;
  std::size_t rows = 0;
  bool is_cut = false;
  static_cast<void>(must(views.list(query), "list"));
  for (auto _ : state) {
    for (int call = 0; call < (is_quick() ? 20 : kCalls); ++call) {
      const auto cpu_begin = cpu_us();
      const auto begin = std::chrono::steady_clock::now();
      const auto page = must(views.list(query), "list");
      microseconds.push_back(
          std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin)
              .count());
      cpu_microseconds.push_back(cpu_us() - cpu_begin);
      rows = page.tokens.size();
      is_cut = page.next && rows < query.limit;
    }
  }
  std::ranges::sort(microseconds);
  std::ranges::sort(cpu_microseconds);
  state.counters["p50_us"] = microseconds[microseconds.size() / 2];
  state.counters["p99_us"] = microseconds[microseconds.size() * 99 / 100];
  state.counters["cpu_p99_us"] = cpu_microseconds[cpu_microseconds.size() * 99 / 100];
  state.counters["rows"] = static_cast<double>(rows);
  state.counters["ended_at_budget"] = is_cut ? 1 : 0;
}

const bool kRegistered = [] {
  for (const auto& subject : kSubjects) {
    const auto add = [&](const char* page, Which which) {
      benchmark::RegisterBenchmark((std::string{"P7/"} + page + "_" + subject.name).c_str(),
                                   [change = subject.change, which](benchmark::State& state) {
                                     measure(state, change, which);
                                   })
          ->Unit(benchmark::kMillisecond)
          ->Iterations(1)
          ->Repetitions(1);
    };
    add("page", Which::first);
    add("deep", Which::deep);
    add("total", Which::first_with_total);
  }
  return true;
}();

}  // namespace
}  // namespace tokenledger::bench

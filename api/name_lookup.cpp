#include "api/name_lookup.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace tokenledger {
namespace {

namespace asio = boost::asio;

// Between two looks at a result. Nobody is woken: a thread that outlives its io_context must not
// know it.
constexpr std::chrono::milliseconds kLookEvery{20};

struct Lookup {
  std::mutex mutex;
  std::optional<Addresses> found;  // guarded by mutex
};

struct UnderWay {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<Lookup>> lookups;  // guarded by mutex
};

// Never destroyed: a thread may still be looking when the process ends.
UnderWay& under_way() {
  static auto* const all = new UnderWay;
  return *all;
}

void run(const std::shared_ptr<Lookup>& lookup, const std::string& host,
         const BlockingLookup& blocking) {
  Addresses found;
  try {
    found = blocking(host);
  } catch (const std::exception&) {
    found.clear();  // as good as not found
  }
  {
    const std::scoped_lock lock{under_way().mutex};
    under_way().lookups.erase(host);
  }
  const std::scoped_lock lock{lookup->mutex};
  lookup->found = std::move(found);
}

std::shared_ptr<Lookup> begin_or_join(const std::string& host, const BlockingLookup& blocking) {
  auto& all = under_way();
  const std::scoped_lock lock{all.mutex};
  if (const auto at = all.lookups.find(host); at != all.lookups.end()) return at->second;
  if (all.lookups.size() >= kNameLookupsMax)
    throw boost::system::system_error{asio::error::no_buffer_space};
  const auto lookup = std::make_shared<Lookup>();
  const auto [at, is_new] = all.lookups.emplace(host, lookup);
  try {
    std::thread{[lookup, host, blocking] { run(lookup, host, blocking); }}.detach();
  } catch (...) {
    all.lookups.erase(at);
    throw;
  }
  return lookup;
}

std::optional<Addresses> result_of(Lookup& lookup) {
  const std::scoped_lock lock{lookup.mutex};
  return lookup.found;
}

}  // namespace

Addresses look_up_blocking(const std::string& host) {
  asio::io_context unused;
  asio::ip::tcp::resolver resolver{unused};
  boost::system::error_code error;
  Addresses found;
  for (const auto& entry : resolver.resolve(host, "", error))
    found.push_back(entry.endpoint().address());
  return found;
}

asio::awaitable<Addresses> look_up(std::string host, std::chrono::steady_clock::time_point deadline,
                                   BlockingLookup lookup) {
  const auto running = begin_or_join(host, lookup);
  asio::steady_timer timer{co_await asio::this_coro::executor};
  for (;;) {
    if (auto found = result_of(*running)) {
      if (found->empty()) throw boost::system::system_error{asio::error::host_not_found};
      co_return std::move(*found);
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) throw boost::system::system_error{asio::error::timed_out};
    timer.expires_at(std::min(deadline, now + kLookEvery));
    co_await timer.async_wait(asio::use_awaitable);
  }
}

}  // namespace tokenledger

// Asio completion tokens over the ledger: callbacks, futures and coroutines.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

#include "storage/ledger_async.hpp"
#include "tests/storage/ledger_fixture.hpp"

namespace tokenledger {
namespace {

namespace asio = boost::asio;
using testing_support::LedgerTest;

TEST_F(LedgerTest, D07_ACoroutineIssuesAndRevokesOnItsOwnThread) {
  add_api();
  add_client("a");
  asio::io_context io;
  const auto here = std::this_thread::get_id();
  bool done = false;
  // Named before co_spawn: a temporary lambda's captures die too early with GCC 12 (bug 107288).
  auto story = [&]() -> asio::awaitable<void> {
    IssueRequest request;
    request.client_id = "a";
    request.audience = kApi;
    const auto token =
        co_await async_issue(*ledger_, io.get_executor(), std::move(request), asio::use_awaitable);
    EXPECT_TRUE(token);
    EXPECT_EQ(std::this_thread::get_id(), here) << "handlers never run on the commit thread";
    EXPECT_TRUE(check(*token));
    // Named: GCC 12 destroys aggregate temporaries inside a co_await expression twice.
    Ledger::RevokeRequest revoke{.reason = "done"};
    const auto revoked = co_await async_revoke(*ledger_, io.get_executor(), token->index,
                                               std::move(revoke), asio::use_awaitable);
    EXPECT_TRUE(revoked);
    EXPECT_FALSE(check(*token));
    done = true;
  };
  asio::co_spawn(io, story, [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  io.run();
  EXPECT_TRUE(done);
}

TEST_F(LedgerTest, D07_AFutureCarriesARefusal) {
  asio::io_context io;
  auto work = asio::make_work_guard(io);
  std::thread runner{[&] { io.run(); }};
  Command command{Actor{.kind = ActorKind::host}, {}, std::nullopt, DisableClient{"nobody"}};
  auto future = async_submit(*ledger_, io.get_executor(), std::move(command), asio::use_future);
  EXPECT_EQ(future.get().error(), Errc::client_not_found);
  work.reset();
  runner.join();
}

}  // namespace
}  // namespace tokenledger

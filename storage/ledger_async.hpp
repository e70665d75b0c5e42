// Asynchronous Ledger calls with Asio completion tokens (callbacks, futures, use_awaitable).
//
// The handler runs on its associated executor (or the given one), never on the ledger's commit
// thread. A header of its own, so that only those who want Asio pay for it. With GCC 12 give a
// request a name before co_await: it destroys aggregate temporaries inside a co_await expression
// twice.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

#include "storage/ledger.hpp"

namespace tokenledger {
namespace detail {

// Keeps the handler's executor busy until the ledger answers, then posts the handler there.
template <class Handler, class T>
auto post_back(Handler handler, boost::asio::any_io_executor fallback) {
  auto executor = boost::asio::get_associated_executor(handler, fallback);
  auto shared = std::make_shared<Handler>(std::move(handler));
  return [shared, work = boost::asio::make_work_guard(executor), executor](Result<T> result) {
    // Moved out whole: what stays behind on this thread is empty, so nothing of the handler is
    // destroyed here.
    boost::asio::post(executor,
                      [handler = std::move(*shared), result = std::move(result)]() mutable {
                        std::move(handler)(std::move(result));
                      });
  };
}

}  // namespace detail

// Completion signature: void(Result<IssuedToken>).
template <class CompletionToken>
auto async_issue(Ledger& ledger, boost::asio::any_io_executor executor, IssueRequest request,
                 CompletionToken&& token) {
  return boost::asio::async_initiate<CompletionToken, void(Result<IssuedToken>)>(
      [&ledger, executor](auto handler, IssueRequest what) {
        ledger.issue_async(std::move(what), detail::post_back<decltype(handler), IssuedToken>(
                                                std::move(handler), executor));
      },
      token, std::move(request));
}

// Completion signature: void(Result<Committed>).
template <class CompletionToken>
auto async_revoke(Ledger& ledger, boost::asio::any_io_executor executor, TokenIndex index,
                  Ledger::RevokeRequest request, CompletionToken&& token) {
  return boost::asio::async_initiate<CompletionToken, void(Result<Committed>)>(
      [&ledger, executor](auto handler, TokenIndex what, Ledger::RevokeRequest how) {
        ledger.revoke_async(
            what, std::move(how),
            detail::post_back<decltype(handler), Committed>(std::move(handler), executor));
      },
      token, index, std::move(request));
}

// Completion signature: void(Result<Committed>).
template <class CompletionToken>
auto async_submit(Ledger& ledger, boost::asio::any_io_executor executor, Command command,
                  CompletionToken&& token) {
  return boost::asio::async_initiate<CompletionToken, void(Result<Committed>)>(
      [&ledger, executor](auto handler, Command what) {
        ledger.submit_async(std::move(what), detail::post_back<decltype(handler), Committed>(
                                                 std::move(handler), executor));
      },
      token, std::move(command));
}

}  // namespace tokenledger

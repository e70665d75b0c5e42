// A dead name server holds up nobody: neither who asks, nor other names, nor the end.
#include "api/name_lookup.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <memory>
#include <semaphore>
#include <thread>

namespace tokenledger::test {
namespace {

using namespace std::chrono_literals;

struct Answer {
  Addresses found;
  boost::system::error_code error;
};

boost::asio::awaitable<void> ask(std::string host, std::chrono::milliseconds time,
                                 BlockingLookup lookup, std::shared_ptr<Answer> answer) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  try {
    answer->found = co_await look_up(std::move(host), deadline, std::move(lookup));
  } catch (const boost::system::system_error& error) {
    answer->error = error.code();
  }
}

Answer answer_of(const std::string& host, std::chrono::milliseconds time,
                 const BlockingLookup& lookup) {
  const auto answer = std::make_shared<Answer>();
  boost::asio::io_context io;
  boost::asio::co_spawn(io, ask(host, time, lookup, answer),
                        [](const std::exception_ptr& thrown) { EXPECT_FALSE(thrown); });
  io.run();
  return *answer;
}

const Addresses kSomewhere{boost::asio::ip::make_address("192.0.2.1")};

TEST(NameLookup, ADeadNameServerIsWaitedForNoLongerThanTheDeadlineAndByNobodyElse) {
  struct Gate {
    std::atomic<int> calls{0};
    std::counting_semaphore<> open{0};
  };
  const auto gate = std::make_shared<Gate>();
  const BlockingLookup dead = [gate](const std::string&) {
    ++gate->calls;
    gate->open.acquire();
    return kSomewhere;
  };
  EXPECT_EQ(answer_of("dead.example", 50ms, dead).error, boost::asio::error::timed_out);
  EXPECT_EQ(answer_of("dead.example", 50ms, dead).error, boost::asio::error::timed_out);
  EXPECT_EQ(gate->calls.load(), 1) << "one thread per name";
  const BlockingLookup alive = [](const std::string&) { return kSomewhere; };
  EXPECT_EQ(answer_of("alive.example", 20s, alive).found, kSomewhere);
  {
    boost::asio::io_context io;  // destroyed with the question under way, as at a stop
    boost::asio::co_spawn(io, ask("dead.example", 20s, dead, std::make_shared<Answer>()),
                          [](const std::exception_ptr&) {});
    io.poll();
  }
  gate->open.release();
  EXPECT_EQ(answer_of("dead.example", 20s, alive).found, kSomewhere) << "joined, or asked anew";
}

TEST(NameLookup, NoSuchHostAndTooManyNamesAreErrors) {
  const BlockingLookup nobody = [](const std::string&) { return Addresses{}; };
  EXPECT_EQ(answer_of("nobody.example", 20s, nobody).error, boost::asio::error::host_not_found);
  const BlockingLookup broken = [](const std::string&) -> Addresses {
    throw std::runtime_error{"broken"};
  };
  EXPECT_EQ(answer_of("broken.example", 20s, broken).error, boost::asio::error::host_not_found);
  EXPECT_FALSE(answer_of("localhost", 20s, look_up_blocking).found.empty());
  const auto open = std::make_shared<std::counting_semaphore<>>(0);
  const BlockingLookup dead = [open](const std::string&) {
    open->acquire();
    return Addresses{};
  };
  for (std::size_t at = 0; at < kNameLookupsMax; ++at) {
    EXPECT_EQ(answer_of("dead" + std::to_string(at) + ".example", 0ms, dead).error,
              boost::asio::error::timed_out);
  }
  EXPECT_EQ(answer_of("one-more.example", 20s, dead).error, boost::asio::error::no_buffer_space);
  open->release(kNameLookupsMax);
}

}  // namespace
}  // namespace tokenledger::test

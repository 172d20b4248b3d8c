#pragma once

#include "base/task.hpp"
#include "ports/account_store.hpp"
#include "ports/chat_log.hpp"
#include "ports/chat_state_store.hpp"
#include "ports/chat_store.hpp"
#include "ports/invite_store.hpp"
#include "ports/message_store.hpp"
#include "ports/people_store.hpp"
#include "ports/sync_store.hpp"

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace knotos::contract {

/// One adapter under test, and the thread that its callers run on: the test's own.
class World {
 public:
  virtual ~World() = default;

  virtual ports::ChatLog& log() = 0;
  virtual ports::MessageStore& messages() = 0;
  virtual ports::ChatStore& chats() = 0;
  virtual ports::AccountStore& accounts() = 0;
  virtual ports::InviteStore& invites() = 0;
  virtual ports::PeopleStore& people() = 0;
  virtual ports::ChatStateStore& states() = 0;
  virtual ports::SyncStore& syncs() = 0;
  /// As if the process had ended and begun again. Nothing where nothing outlives the process.
  virtual void restart() = 0;

  /// The loop of those callers, for services that need one.
  [[nodiscard]] boost::asio::io_context& io() { return io_; }

  template <class T>
  [[nodiscard]] T run(Task<T> task) {
    std::vector<Task<T>> tasks;
    tasks.push_back(std::move(task));
    auto results = run_all(std::move(tasks));
    return std::move(results.front());
  }

  /// Starts all before any has its answer; the results are in the order of the tasks.
  template <class T>
  [[nodiscard]] std::vector<T> run_all(std::vector<Task<T>> tasks) {
    std::vector<std::optional<T>> results(tasks.size());
    for (std::size_t at = 0; at < tasks.size(); ++at) {
      boost::asio::co_spawn(io_, std::move(tasks[at]),
                            [&result = results[at]](const std::exception_ptr& thrown, T value) {
                              if (thrown) std::rethrow_exception(thrown);
                              result = std::move(value);
                            });
    }
    io_.restart();
    io_.run();
    std::vector<T> values;
    for (auto& result : results) values.push_back(std::move(result.value()));
    return values;
  }

 private:
  boost::asio::io_context io_{1};
};

/// Makes a world of its own for each test.
struct Adapter {
  std::string name;
  std::function<std::unique_ptr<World>()> make;
};

[[nodiscard]] std::unique_ptr<World> make_memory_world();
[[nodiscard]] std::unique_ptr<World> make_sqlite_world();
/// None where no server can be had; then a test says so, and is skipped.
[[nodiscard]] std::vector<Adapter> mongo_adapters();

/// Every adapter that the suites run on.
[[nodiscard]] inline std::vector<Adapter> all_adapters() {
  std::vector<Adapter> adapters{{"Memory", make_memory_world}, {"Sqlite", make_sqlite_world}};
  for (auto& each : mongo_adapters()) adapters.push_back(std::move(each));
  return adapters;
}

[[nodiscard]] inline std::string name_of_adapter(const testing::TestParamInfo<Adapter>& info) {
  return info.param.name;
}

inline void PrintTo(const Adapter& adapter, std::ostream* out) { *out << adapter.name; }

}  // namespace knotos::contract

#include "base/task.hpp"

#include "base/metrics.hpp"

namespace knotos {
namespace {

metrics::Counter tasks_failed("tasks_failed_total",
                              "Tasks that ended by an exception: each is a bug.");

}  // namespace

void spawn(const boost::asio::any_io_executor& executor, std::string_view name, Task<void> task) {
  // `name` is a constant; it is only a view here because the log takes views.
  boost::asio::co_spawn(executor, std::move(task), [name](const std::exception_ptr& thrown) {
    if (!thrown) return;
    tasks_failed.add();
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& exception) {
      log::error("task failed", {{"task", name}, {"what", exception.what()}});
    } catch (...) {
      log::error("task failed", {{"task", name}});
    }
  });
}

}  // namespace knotos

#pragma once

#include "bench/crowd.hpp"
#include "bench/http_client.hpp"
#include "bench/loop.hpp"
#include "bench/options.hpp"
#include "bench/people.hpp"
#include "bench/plan.hpp"
#include "bench/process_watch.hpp"
#include "bench/progress.hpp"
#include "bench/report.hpp"
#include "bench/target.hpp"
#include "bench/trouble.hpp"

#include <optional>
#include <stdexcept>

namespace knotos::bench {

/// What keeps a run from measuring anything, in one line for the user.
class CannotRun : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// CPU of both sides over a stretch of time.
class CpuSpan {
 public:
  explicit CpuSpan(std::int64_t pid);
  /// Up to now: `serverCpuShare`, `ownCpuShare`. Returns the server's CPU time; nothing if it
  /// cannot be seen.
  std::optional<std::chrono::nanoseconds> report(Report& report) const;

 private:
  std::int64_t pid_;
  SteadyTime began_;
  std::chrono::nanoseconds own_;
  std::optional<ProcessFigures> server_;
};

/// What every scenario starts from: a server, users and chats on it, links ready to open.
class Run {
 public:
  /// Throws CannotRun where there is no server, or it lets nobody register.
  explicit Run(const Options& options);

  /// Opens all links of the plan, and those that will stall. Throws CannotRun where too few get in.
  void open_links();
  /// Turns the loop for so long.
  void pass(double seconds, std::string_view what);
  /// Turns it until `is_done`; false: not in that time.
  bool pass_until(double seconds_max, std::string_view what, const std::function<bool()>& is_done);
  [[nodiscard]] std::optional<std::int64_t> server_memory() const;

  const Options& options;
  Trouble trouble;
  Report report;
  Target target;
  std::int64_t server_pid = 0;
  Plan plan;
  Loop loop;
  HttpClient http;
  People people;
  Crowd crowd;

 private:
  void stall_readers();

  Progress progress_;
};

void run_messages(Run& run);  ///< fanout and rooms
void run_idle(Run& run);
void run_storm(Run& run);
void run_list(Run& run);

}  // namespace knotos::bench

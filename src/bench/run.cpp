#include "bench/run.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

namespace knotos::bench {
namespace {

/// Requests at once while users and chats are made.
constexpr std::size_t kSettlersMax = 16;
constexpr double kSettleSecondsMax = 900;
/// A link that needs longer than this to get in is one that does not.
constexpr double kOpenSecondsMax = 120;

SteadyTime now() { return std::chrono::steady_clock::now(); }

SteadyTime in(double seconds) {
  return now() +
         std::chrono::duration_cast<SteadyTime::duration>(std::chrono::duration<double>(seconds));
}

Target target_of(const Options& options) {
  auto target = parse_target(options.url);
  if (!target) throw CannotRun("--url takes http://host[:port] of a host that is known");
  return *std::move(target);
}

/// As many descriptors as this user may have: a link needs one.
void raise_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::string first_of(const Trouble& trouble) {
  return trouble.kinds().empty() ? "no answer" : trouble.kinds().begin()->first;
}

}  // namespace

CpuSpan::CpuSpan(std::int64_t pid)
    : pid_(pid), began_(now()), own_(own_cpu()), server_(figures_of(pid)) {}

std::optional<std::chrono::nanoseconds> CpuSpan::report(Report& report) const {
  const std::chrono::duration<double> wall = now() - began_;
  const auto share = [&](std::chrono::nanoseconds used) {
    return std::chrono::duration<double>(used) / wall;
  };
  report.add("ownCpuShare", share(own_cpu() - own_));
  const auto server = figures_of(pid_);
  if (!server || !server_) return std::nullopt;
  report.add("serverCpuShare", share(server->cpu - server_->cpu));
  report.add("serverMemoryBytes", server->memory_bytes);
  return server->cpu - server_->cpu;
}

Run::Run(const Options& given)
    : options(given),
      report(name_of(given.scenario)),
      target(target_of(given)),
      server_pid(given.pid != 0 ? given.pid : pid_listening_on(target.port)),
      plan(make_plan(given)),
      http(loop, target, kSettlersMax),
      people(plan, given.is_plain),
      crowd(loop, target, people, given.is_plain, trouble) {
  raise_descriptors();
  people.settle(http, trouble);
  const bool is_done = pass_until(kSettleSecondsMax, "making users and chats",
                                  [this] { return people.are_settled() || trouble.count() > 0; });
  if (trouble.count() > 0)
    throw CannotRun("the server at " + options.url + " cannot be used: " + first_of(trouble));
  if (!is_done) throw CannotRun("the server takes too long to make users and chats");
  report.add("users", plan.users);
  report.add("rooms", plan.room_users.size());
}

void Run::open_links() {
  for (const auto user : plan.link_users) crowd.add(user);
  for (const auto user : plan.stalled_users) crowd.add(user);
  crowd.open_all({.window = 64});
  pass_until(kOpenSecondsMax, "opening links", [this] { return crowd.is_open(); });
  if (crowd.joined() < crowd.size()) {
    throw CannotRun(fmt::format("only {} of {} links got in: {}", crowd.joined(), crowd.size(),
                                first_of(trouble)));
  }
  stall_readers();
  report.add("links", plan.link_users.size());
  if (!plan.stalled_users.empty()) report.add("stalledLinks", plan.stalled_users.size());
}

void Run::stall_readers() {
  for (auto number = plan.link_users.size(); number < crowd.size(); ++number)
    crowd.link(static_cast<std::uint32_t>(number)).stall();
}

void Run::pass(double seconds, std::string_view what) {
  pass_until(seconds, what, [] { return false; });
}

bool Run::pass_until(double seconds_max, std::string_view what,
                     const std::function<bool()>& is_done) {
  const auto end = in(seconds_max);
  while (!is_done()) {
    const auto present = now();
    if (present >= end) return false;
    if (progress_.is_due(present)) {
      const std::chrono::duration<double> left = end - present;
      progress_.show(present, fmt::format("{}: {}; {} of {} links, {:.0f} s left at most",
                                          name_of(options.scenario), what, crowd.joined(),
                                          plan.link_users.size(), left.count()));
    }
    loop.turn(std::min(end, present + std::chrono::milliseconds(100)));
  }
  return true;
}

std::optional<std::int64_t> Run::server_memory() const {
  const auto figures = figures_of(server_pid);
  if (!figures) return std::nullopt;
  return figures->memory_bytes;
}

}  // namespace knotos::bench

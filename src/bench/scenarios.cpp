#include "bench/run.hpp"
#include "bench/traffic.hpp"

#include <fmt/format.h>

#include <algorithm>

// What each scenario does, once users, chats and links are there.
namespace knotos::bench {
namespace {

/// How long what is under way at the end may take.
constexpr double kDrainSecondsMax = 5;
/// How long a server may take to settle after links came or went.
constexpr double kSettleSeconds = 1;
constexpr double kStormSecondsMax = 120;
constexpr int kOk = 200;
constexpr std::size_t kFirstPage = 50;

SteadyTime now() { return std::chrono::steady_clock::now(); }

double seconds_since(SteadyTime then) {
  return std::chrono::duration<double>(now() - then).count();
}

double ratio(double value, double of) { return of > 0 ? value / of : 0; }

double microseconds(std::chrono::nanoseconds value) {
  return std::chrono::duration<double, std::micro>(value).count();
}

void report_traffic(Run& run, const Traffic& traffic, double seconds,
                    std::optional<std::chrono::nanoseconds> cpu) {
  const auto& counts = traffic.counts();
  auto& report = run.report;
  report.add("seconds", seconds);
  report.add("messagesPerSecond", ratio(static_cast<double>(counts.completed), seconds));
  report.add("acksPerSecond", ratio(static_cast<double>(counts.acked), seconds));
  report.add("deliveriesPerSecond", ratio(static_cast<double>(counts.delivered), seconds));
  report.add("bytesPerDelivery", ratio(static_cast<double>(counts.delivered_bytes),
                                       static_cast<double>(counts.delivered)));
  report.add("delivery", traffic.delivery_times());
  report.add("ack", traffic.ack_times());
  if (!cpu) return;
  report.add("serverCpuPerMessageUs", ratio(microseconds(*cpu), static_cast<double>(counts.acked)));
  report.add("serverCpuPerDeliveryUs",
             ratio(microseconds(*cpu), static_cast<double>(counts.delivered)));
}

/// What opening the links did to the server's memory.
void report_link_memory(Run& run, std::optional<std::int64_t> before) {
  const auto after = run.server_memory();
  if (!before || !after) return;
  run.report.add("serverBytesPerLink", ratio(static_cast<double>(*after - *before),
                                             static_cast<double>(run.crowd.joined())));
}

/// Asks for chat lists: so many at once, or at a rate.
class ListReader {
 public:
  explicit ListReader(Run& run) : run_(run), http_(run.loop, run.target, kConnectionsMax) {}

  void start() {
    began_ = now();
    is_asking_ = true;
    if (run_.options.rate > 0) return;
    for (std::size_t i = 0; i < run_.options.window; ++i) ask(began_);
  }
  void stop() { is_asking_ = false; }
  void begin_measuring() {
    times_ = {};
    count_ = 0;
  }

  SteadyTime pace(SteadyTime present) {
    if (!is_asking_ || run_.options.rate <= 0) return SteadyTime::max();
    while (true) {
      const std::chrono::duration<double> after(static_cast<double>(asked_) / run_.options.rate);
      const auto due = began_ + std::chrono::duration_cast<SteadyTime::duration>(after);
      if (due > present) return due;
      ask(due);
    }
  }

  [[nodiscard]] bool is_quiet() const { return http_.under_way() == 0; }
  [[nodiscard]] const Histogram& times() const { return times_; }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  static constexpr std::size_t kConnectionsMax = 32;

  void ask(SteadyTime due) {
    const auto user = static_cast<std::uint32_t>(asked_++ % run_.plan.users);
    http_.send({.method = "GET",
                .path = fmt::format("/v1/chats?limit={}", kFirstPage),
                .token = run_.people.token(user),
                .body = {},
                .on_reply = [this, due](const HttpReply& reply) {
                  times_.record(now() - due);
                  ++count_;
                  if (reply.status != kOk)
                    run_.trouble.add(fmt::format("a list was refused: {}", reply.status));
                  if (is_asking_ && run_.options.rate <= 0) ask(now());
                }});
  }

  Run& run_;
  HttpClient http_;
  bool is_asking_ = false;
  SteadyTime began_;
  std::size_t asked_ = 0;
  std::size_t count_ = 0;
  Histogram times_;
};

}  // namespace

void run_messages(Run& run) {
  const auto memory_before = run.server_memory();
  run.open_links();
  run.pass(kSettleSeconds, "settling");
  report_link_memory(run, memory_before);

  Traffic traffic(run.options, run.plan, run.people, run.crowd, run.trouble);
  run.crowd.set_listener(&traffic);
  run.loop.set_pacer([&traffic] { return traffic.pace(now()); });
  traffic.start(now());
  run.pass(run.options.warmup_seconds, "warming up");

  const CpuSpan cpu(run.server_pid);
  const auto began = now();
  traffic.begin_measuring(began);
  run.pass(run.options.seconds, "measuring");
  traffic.end_measuring(now());
  const auto seconds = seconds_since(began);
  const auto server_cpu = cpu.report(run.report);
  traffic.stop();
  run.pass_until(kDrainSecondsMax, "draining", [&traffic] { return traffic.is_quiet(); });
  const auto missing = traffic.give_up(now());

  report_traffic(run, traffic, seconds, server_cpu);
  run.report.add("missingDeliveries", missing);
  run.report.add("unexpectedDeliveries", traffic.unexpected());
  run.loop.set_pacer({});
  run.crowd.set_listener(nullptr);
}

void run_idle(Run& run) {
  const auto memory_before = run.server_memory();
  const auto began = now();
  run.open_links();
  run.report.add("linksPerSecond",
                 ratio(static_cast<double>(run.crowd.joined()), seconds_since(began)));
  run.pass(kSettleSeconds, "settling");
  report_link_memory(run, memory_before);
  const CpuSpan cpu(run.server_pid);
  run.pass(run.options.seconds, "holding the links");
  cpu.report(run.report);
  run.report.add("linksLeft", run.crowd.joined());
}

void run_storm(Run& run) {
  for (const auto user : run.plan.link_users) run.crowd.add(user);
  run.loop.set_pacer([&run] { return run.crowd.pace(now()); });
  const Crowd::Opening opening{.window = run.options.window,
                               .rate = run.options.rate,
                               .keeps_cursors = !run.options.is_plain};
  const auto storm = [&](std::string_view what, const std::string& name) {
    const CpuSpan cpu(run.server_pid);
    const auto began = now();
    run.crowd.open_all(opening);
    run.pass_until(kStormSecondsMax, what, [&run] { return run.crowd.is_open(); });
    const auto joined = static_cast<double>(run.crowd.joined());
    run.report.add(name + "PerSecond", ratio(joined, seconds_since(began)));
    run.report.add(name, run.crowd.times());
    run.report.add(name + "Joined", joined);
    return cpu;
  };
  run.report.add("links", run.plan.link_users.size());
  const auto first = storm("opening links", "links");
  if (const auto cpu = first.report(run.report)) {
    run.report.add("serverCpuPerLinkUs",
                   ratio(microseconds(*cpu), static_cast<double>(run.crowd.joined())));
  }
  run.pass(kSettleSeconds, "settling");
  run.crowd.cut_all();
  storm("opening them again", "reconnects");
  run.loop.set_pacer({});
}

void run_list(Run& run) {
  ListReader reader(run);
  run.loop.set_pacer([&reader] { return reader.pace(now()); });
  reader.start();
  run.pass(run.options.warmup_seconds, "warming up");
  const CpuSpan cpu(run.server_pid);
  const auto began = now();
  reader.begin_measuring();
  run.pass(run.options.seconds, "measuring");
  const auto seconds = seconds_since(began);
  cpu.report(run.report);
  reader.stop();
  run.pass_until(kDrainSecondsMax, "draining", [&reader] { return reader.is_quiet(); });
  run.report.add("listsPerSecond", ratio(static_cast<double>(reader.count()), seconds));
  run.report.add("list", reader.times());
  run.loop.set_pacer({});
}

}  // namespace knotos::bench

#include "app/doctor_bus.hpp"

#include "adapters/redis/info.hpp"
#include "adapters/system/system_clock.hpp"
#include "adapters/system/system_random.hpp"
#include "app/carriers.hpp"
#include "app/value_text.hpp"
#include "ports/random_ids.hpp"
#include "runtime/shard_pool.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <exception>
#include <future>
#include <string>
#include <utility>
#include <variant>

namespace knotos::app {
namespace {

/// How long each answer may take.
constexpr auto kPatience = std::chrono::seconds(5);
/// The first with users and rules of access.
constexpr int kVersionMin = 6;
constexpr std::string_view kGuide = " (docs/guides/scale-out.md has the rule of access)";

/// Waits for the presence of one user.
class Listener final : public ports::BusListener {
 public:
  explicit Listener(domain::UserId user) : user_(user) {}
  void hear(ports::BusEvent event) override {
    const auto* changed = std::get_if<ports::PresenceChanged>(&event);
    if (changed == nullptr || changed->user_id != user_) return;
    if (!std::exchange(has_heard_, true)) heard_.set_value();
  }
  void bus_degraded() override {}
  void bus_restored() override {}
  [[nodiscard]] bool hears() {
    return heard_.get_future().wait_for(kPatience) == std::future_status::ready;
  }

 private:
  domain::UserId user_;
  bool has_heard_ = false;
  std::promise<void> heard_;
};

/// Two processes of a fleet that look whether they have each other.
class Rehearsal {
 public:
  explicit Rehearsal(const Config& config)
      : one_(config, {.shards = shards_, .clock = clock_, .random = random_}),
        other_(config, {.shards = shards_, .clock = clock_, .random = random_}) {
    shards_.start();
  }
  ~Rehearsal() {
    shards_.stop();
    other_.bus().listen(nullptr);
  }
  Rehearsal(const Rehearsal&) = delete;
  Rehearsal& operator=(const Rehearsal&) = delete;

  /// What does not work, or nothing.
  [[nodiscard]] std::string try_bus() {
    other_.bus().listen(&listener_);
    if (auto problem = ask(other_.bus().join_presences({user_})); !problem.empty()) return problem;
    one_.bus().publish(ports::PresenceChanged{.user_id = user_});
    if (listener_.hears()) return {};
    return "what one process publishes does not reach another one: +publish, +subscribe, "
           "+unsubscribe "
           "and &channel:* are needed";
  }
  [[nodiscard]] std::string try_presence() {
    const auto say = [this](ports::PresenceState state) {
      return ask(one_.presence_board().post({{.user_id = user_, .state = state}}, kPatience));
    };
    if (auto problem = say(ports::PresenceState::online); !problem.empty()) return problem;
    if (auto problem = ask(other_.presence_board().read({user_})); !problem.empty()) return problem;
    return say(ports::PresenceState::offline);
  }
  [[nodiscard]] std::string try_rates() {
    std::promise<Result<std::chrono::milliseconds>> owed;
    auto answer = owed.get_future();
    one_.rate_board()->spend("doctor", hash_of(user_.uuid()), std::chrono::milliseconds(1),
                             [&owed](auto result) { owed.set_value(std::move(result)); });
    const auto result = answer.get();
    return result ? std::string() : result.error().cause;
  }
  /// Empty: it is not told.
  [[nodiscard]] std::string version() {
    auto asked = boost::asio::co_spawn(shards_.executor(0),
                                       adapters::redis::version_of(one_.redis()->servers()),
                                       boost::asio::use_future);
    return asked.get();
  }

 private:
  template <class T>
  std::string ask(Task<Result<T>> task) {
    auto answer =
        boost::asio::co_spawn(shards_.executor(0), std::move(task), boost::asio::use_future);
    // Redis refuses a channel without saying so to the one who waits for it.
    if (answer.wait_for(kPatience) != std::future_status::ready) {
      return "no answer: +subscribe and &channel:* are needed";
    }
    const auto result = answer.get();
    return result ? std::string() : result.error().cause;
  }

  adapters::system::SystemClock clock_;
  adapters::system::SystemRandom random_;
  runtime::ShardPool shards_{1};
  domain::UserId user_ = ports::random_id<domain::UserId>(random_);
  Listener listener_{user_};
  Carriers one_;
  Carriers other_;
};

void examine_version(const std::string& version, std::vector<Finding>& out) {
  using enum Finding::Kind;
  if (version.empty()) {
    out.push_back({good, "The version of Redis is not told to this user (+info would)."});
  } else if (std::atoi(version.c_str()) < kVersionMin) {
    out.push_back({bad, "Redis is of version " + version + "; 6 or later is needed."});
  } else {
    out.push_back({good, "Redis is of version " + version + "."});
  }
}

}  // namespace

void examine_bus(const Config& config, std::vector<Finding>& out) {
  using enum Finding::Kind;
  if (config.bus == "local") {
    out.push_back({good, "There is no bus between processes: this one stands alone."});
    return;
  }
  try {
    Rehearsal rehearsal(config);
    out.push_back({good, "The bus " + without_secrets(config.bus) + " can be reached."});
    examine_version(rehearsal.version(), out);
    const auto tell = [&out](const std::string& problem, std::string works, std::string fails) {
      if (problem.empty()) return out.push_back({good, std::move(works)});
      out.push_back({bad, std::move(fails) + ": " + problem + std::string(kGuide) + "."});
    };
    tell(rehearsal.try_bus(), "What one process publishes on the bus reaches another one.",
         "The bus carries nothing");
    tell(rehearsal.try_presence(), "Presence can be kept in Redis.",
         "Presence cannot be kept in Redis");
    tell(rehearsal.try_rates(), "Rates of users can be counted in Redis.",
         "Rates of users cannot be counted in Redis");
  } catch (const std::exception& failure) {
    out.push_back({bad, std::string(failure.what()) + "."});
  }
}

}  // namespace knotos::app

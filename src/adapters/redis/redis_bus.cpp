#include "adapters/redis/redis_bus.hpp"

#include "adapters/redis/channel_names.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "runtime/thread_name.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <array>
#include <future>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

namespace knotos::adapters::redis {
namespace {

using ports::BusChannel;
using ports::ChannelKind;
using ports::EnvelopeFault;

metrics::Counter published("bus_events_published_total", "Events published on the bus.");
metrics::Counter publish_lost("bus_events_unpublished_total",
                              "Events that other processes were not told of.");
metrics::Counter heard("bus_events_heard_total", "Events of other processes.");
metrics::Counter outages("bus_outages_total", "Times that the bus was lost.");
metrics::Gauge channels("redis_channels", "Channels subscribed to, or about to be.");
metrics::Gauge degraded("bus_degraded", "1 while other processes cannot be heard.");

#define KN_DROPPED(WHY) {"bus_envelopes_dropped_total", "Envelopes not heard.", "why", WHY}
/// In the order of `EnvelopeFault`.
std::array<metrics::Counter, ports::kEnvelopeFaults> dropped{
    {KN_DROPPED("echo"), KN_DROPPED("too_large"), KN_DROPPED("malformed"),
     KN_DROPPED("not_allowed"), KN_DROPPED("unknown")}};
metrics::Counter dropped_full KN_DROPPED("overloaded");
#undef KN_DROPPED

template <class IdType>
std::vector<std::string> names_of(ChannelKind kind, const std::vector<IdType>& ids) {
  std::vector<std::string> names;
  names.reserve(ids.size());
  for (const auto& id : ids) names.push_back(name_of({.kind = kind, .id = id.uuid()}));
  return names;
}

}  // namespace

/// The thread and what it runs.
class RedisBus::Loop {
 public:
  Loop() : tls(boost::asio::ssl::context::tls_client), guard_(io.get_executor()) {
    tls.set_default_verify_paths();
    thread_ = std::thread([this] {
      runtime::name_this_thread("redis");
      io.run();
    });
  }
  ~Loop() { stop(); }

  /// What it still holds is called no more, and goes with it.
  void stop() {
    guard_.reset();
    io.stop();
    if (thread_.joinable()) thread_.join();
  }

  boost::asio::io_context io{1};
  boost::asio::ssl::context tls;

 private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  std::thread thread_;
};

RedisBus::RedisBus(const Url& url, Ports ports, Limits limits)
    : ports_(ports), limits_(limits), loop_(std::make_unique<Loop>()) {
  servers_ = std::make_unique<Servers>(
      loop_->io, loop_->tls, url, limits.servers,
      Servers::Handlers{
          .on_state = [this](bool is_whole,
                             const std::string& cause) { on_state(is_whole, cause); },
          .on_message = [this](std::string_view channel,
                               std::string text) { hear(channel, std::move(text)); }});
  if (!starts_within(limits.start_time)) {
    loop_->stop();
    throw std::runtime_error("the bus " + url.shown() + " cannot be used: " + start_problem_);
  }
}

RedisBus::~RedisBus() {
  std::promise<void> stopped;
  boost::asio::post(loop_->io, [this, &stopped] {
    servers_->stop();
    stopped.set_value();
  });
  stopped.get_future().wait();
  loop_->stop();
}

bool RedisBus::starts_within(std::chrono::milliseconds time) {
  std::promise<bool> started;
  boost::asio::post(loop_->io, [this, &started] {
    on_start_ = [&started](bool is_good) { started.set_value(is_good); };
    servers_->start();
  });
  auto outcome = started.get_future();
  if (outcome.wait_for(time) != std::future_status::timeout) return outcome.get();
  std::promise<bool> given_up;
  boost::asio::post(loop_->io, [this, &given_up] {
    on_start_ = nullptr;
    if (start_problem_.empty()) start_problem_ = "it does not answer";
    given_up.set_value(!is_degraded_);
  });
  return given_up.get_future().get();
}

void RedisBus::listen(ports::BusListener* listener) {
  listener_.store(listener, std::memory_order_release);
  if (listener != nullptr) return;
  // Whom the loop may just be talking to.
  std::promise<void> passed;
  boost::asio::post(loop_->io, [&passed] { passed.set_value(); });
  passed.get_future().wait();
}

void RedisBus::publish(ports::BusEvent event) {
  auto envelope = ports_.codec.encode(event);
  if (auto* listener = listener_.load(std::memory_order_acquire)) listener->hear(std::move(event));
  Commands::Command command{.text = {}, .is_kept = envelope.is_durable, .done = {}};
  const auto channel = name_of(envelope.channel);
  append_command(command.text, {servers_->publish_verb(), channel, envelope.text});
  command.done = [](const Result<Reply>& reply) { (reply ? published : publish_lost).add(); };
  servers_->submit(channel, std::move(command));
}

Task<Result<void>> RedisBus::join_chats(std::vector<domain::ChatId> chats) {
  return join(names_of(ChannelKind::chat, chats));
}
void RedisBus::leave_chat(domain::ChatId chat) {
  leave({.kind = ChannelKind::chat, .id = chat.uuid()});
}
Task<Result<void>> RedisBus::join_user(domain::UserId user) {
  return join({name_of({.kind = ChannelKind::user, .id = user.uuid()})});
}
void RedisBus::leave_user(domain::UserId user) {
  leave({.kind = ChannelKind::user, .id = user.uuid()});
}
Task<Result<void>> RedisBus::join_presences(std::vector<domain::UserId> users) {
  return join(names_of(ChannelKind::presence, users));
}
void RedisBus::leave_presence(domain::UserId user) {
  leave({.kind = ChannelKind::presence, .id = user.uuid()});
}

Task<Result<void>> RedisBus::join(std::vector<std::string> names) {
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&,
                                                 void(Result<void>)>(
      [this, &names](auto handler) {
        auto executor = boost::asio::get_associated_executor(handler);
        auto answer = [executor, handler = std::move(handler)]() mutable {
          boost::asio::post(executor, [handler = std::move(handler)]() mutable {
            std::move(handler)(Result<void>());
          });
        };
        boost::asio::post(loop_->io,
                          [this, names = std::move(names), answer = std::move(answer)]() mutable {
                            servers_->join(names, std::move(answer));
                            show_channels();
                          });
      },
      boost::asio::use_awaitable);
}

void RedisBus::leave(const BusChannel& channel) {
  boost::asio::post(loop_->io, [this, channel = name_of(channel)] {
    servers_->leave(channel);
    show_channels();
  });
}

void RedisBus::show_channels() {
  const auto now = servers_->channels();
  channels.add(static_cast<std::int64_t>(now) -
               static_cast<std::int64_t>(std::exchange(channels_shown_, now)));
}

/// `start_problem_` is of interest until the start is over.
void RedisBus::on_state(bool is_whole, const std::string& cause) {
  if (on_start_) {
    if (start_problem_.empty()) start_problem_ = cause;
    if (!is_whole && start_problem_.empty()) return;
    is_degraded_ = !is_whole;
    if (is_whole) start_problem_.clear();
    return std::exchange(on_start_, nullptr)(is_whole);
  }
  if (is_whole != is_degraded_) return;
  is_degraded_ = !is_whole;
  degraded.add(is_degraded_ ? 1 : -1);
  if (is_degraded_) outages.add();
  auto* listener = listener_.load(std::memory_order_acquire);
  if (listener == nullptr) return;
  if (is_degraded_) {
    listener->bus_degraded();
  } else {
    listener->bus_restored();
  }
}

void RedisBus::hear(std::string_view channel_name, std::string text) {
  const auto channel = parse_channel(channel_name);
  if (!channel) return;
  const auto bytes = text.size();
  // Whoever reads is slower than Redis writes; what is lost is found by the gaps it leaves.
  if (unheard_bytes_.fetch_add(bytes) + bytes > limits_.unheard_bytes_max) {
    unheard_bytes_.fetch_sub(bytes);
    return dropped_full.add();
  }
  const auto home = channel->kind == ChannelKind::chat
                        ? ports_.shards.home_of(domain::ChatId(channel->id))
                        : ports_.shards.home_of(domain::UserId(channel->id));
  ports_.shards.post(home, [this, channel = *channel, text = std::move(text)] {
    unheard_bytes_.fetch_sub(text.size());
    decode(channel, text);
  });
}

void RedisBus::decode(const BusChannel& channel, const std::string& text) {
  auto event = ports_.codec.decode(channel, text);
  if (!event) return dropped[static_cast<std::size_t>(event.error())].add();
  heard.add();
  if (auto* listener = listener_.load(std::memory_order_acquire)) listener->hear(std::move(*event));
}

}  // namespace knotos::adapters::redis

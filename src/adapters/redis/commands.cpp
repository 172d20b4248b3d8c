#include "adapters/redis/commands.hpp"

#include "base/log.hpp"
#include "base/metrics.hpp"

#include <utility>

namespace knotos::adapters::redis {
namespace {

metrics::Gauge bytes_waiting("redis_command_bytes", "Bytes of commands without an answer.");
metrics::Counter refused_full("redis_commands_failed_total", "Commands that were not done.", "why",
                              "overloaded");
metrics::Counter refused_away("redis_commands_failed_total", "Commands that were not done.", "why",
                              "unavailable");
metrics::Counter refused_error("redis_commands_failed_total", "Commands that were not done.", "why",
                               "refused");

}  // namespace

Commands::Commands(boost::asio::io_context& loop, boost::asio::ssl::context& tls, const Url& url,
                   ConnectionLimits connection, Limits limits, Handlers handlers)
    : loop_(loop),
      limits_(limits),
      handlers_(std::move(handlers)),
      line_(loop, tls, url, connection, "commands",
            {.on_open =
                 [this] {
                   send_waiting();
                   handlers_.on_open();
                 },
             .on_reply = [this](Reply reply) { on_reply(std::move(reply)); },
             .on_lost = [this](const std::string& cause) { on_lost(cause); }}) {}

void Commands::stop() {
  line_.stop();
  on_lost("the process ends");
}

void Commands::submit(Command command) {
  {
    const std::scoped_lock lock(mutex_);
    if (bytes_ + command.text.size() <= limits_.bytes_max) {
      bytes_ += command.text.size();
      bytes_waiting.add(static_cast<std::int64_t>(command.text.size()));
      submitted_.push_back(std::move(command));
      if (!std::exchange(is_awake_, true)) {
        boost::asio::post(loop_, [this] { take_submitted(); });
      }
      return;
    }
  }
  refused_full.add();
  if (!command.done) return;
  boost::asio::post(loop_, [done = std::move(command.done)]() mutable {
    done(fail_because(Errc::overloaded, "too many commands wait for Redis"));
  });
}

std::deque<Commands::Command> Commands::take_kept() {
  take_submitted();
  auto kept = std::exchange(waiting_, {});
  for (const auto& command : kept) forget_bytes(command);
  return kept;
}

void Commands::take_submitted() {
  std::vector<Command> taken;
  {
    const std::scoped_lock lock(mutex_);
    taken.swap(submitted_);
    is_awake_ = false;
  }
  for (auto& command : taken) {
    if (!line_.is_open() && !command.is_kept) {
      refused_away.add();
      finish(command, fail_because(Errc::store_unavailable, "Redis is away"));
    } else {
      waiting_.push_back(std::move(command));
    }
  }
  send_waiting();
}

void Commands::send_waiting() {
  if (!line_.is_open() || waiting_.empty()) return;
  std::string out;
  for (auto& command : waiting_) {
    out += command.text;
    in_flight_.push_back(std::move(command));
  }
  waiting_.clear();
  line_.send(out);
}

void Commands::on_reply(Reply reply) {
  if (in_flight_.empty()) return;
  auto command = std::move(in_flight_.front());
  in_flight_.pop_front();
  if (reply.is_error()) {
    refused_error.add();
    log::debug("Redis refused a command", {{"cause", reply.text}});
    finish(command, fail_because(Errc::store_unavailable, std::move(reply.text)));
  } else {
    finish(command, std::move(reply));
  }
}

void Commands::on_lost(const std::string& cause) {
  // Oldest first: what may have been done, then what was not sent. A kept command is done twice
  // rather than never.
  std::deque<Command> kept;
  for (auto* queue : {&in_flight_, &waiting_}) {
    for (auto& command : std::exchange(*queue, {})) {
      if (command.is_kept) {
        kept.push_back(std::move(command));
      } else {
        refused_away.add();
        finish(command, fail_because(Errc::store_unavailable, cause));
      }
    }
  }
  waiting_ = std::move(kept);
  handlers_.on_lost(cause);
}

void Commands::finish(Command& command, Result<Reply> reply) {
  forget_bytes(command);
  if (command.done) command.done(std::move(reply));
}

void Commands::forget_bytes(const Command& command) {
  {
    const std::scoped_lock lock(mutex_);
    bytes_ -= command.text.size();
  }
  bytes_waiting.add(-static_cast<std::int64_t>(command.text.size()));
}

}  // namespace knotos::adapters::redis

#include "adapters/redis/line.hpp"

#include "base/log.hpp"
#include "base/metrics.hpp"

#include <algorithm>
#include <utility>

namespace knotos::adapters::redis {
namespace {

metrics::Counter opened("redis_connections_opened_total", "Connections to Redis made.");
metrics::Counter lost("redis_connections_lost_total",
                      "Connections to Redis that ended, or could not be made.");

}  // namespace

Line::Line(boost::asio::io_context& loop, boost::asio::ssl::context& tls, Url url,
           ConnectionLimits limits, std::string name, Handlers handlers)
    : loop_(loop),
      tls_(tls),
      url_(std::move(url)),
      limits_(limits),
      name_(std::move(name)),
      handlers_(std::move(handlers)),
      pause_(loop),
      backoff_(limits.backoff_min),
      random_(std::random_device()()) {}

void Line::start() {
  is_stopped_ = false;
  connect();
}

void Line::stop() {
  is_stopped_ = true;
  is_open_ = false;
  pause_.cancel();
  if (connection_) std::exchange(connection_, nullptr)->abandon();
}

void Line::send(std::string_view commands) {
  if (is_open_) connection_->send(commands);
}

void Line::connect() {
  if (connection_) std::exchange(connection_, nullptr)->abandon();
  connection_ = std::make_shared<Connection>(
      loop_, tls_, url_, limits_,
      Connection::Handlers{
          .on_open =
              [this] {
                opened.add();
                is_open_ = true;
                was_open_ = true;
                backoff_ = limits_.backoff_min;
                if (std::exchange(has_complained_, false)) {
                  log::info("Redis is back", {{"connection", name_}});
                }
                handlers_.on_open();
              },
          .on_reply = [this](Reply reply) { handlers_.on_reply(std::move(reply)); },
          .on_end = [this](const std::string& cause) { on_end(cause); }});
  connection_->open();
}

void Line::on_end(const std::string& cause) {
  lost.add();
  is_open_ = false;
  // Who could not start is told why in another way.
  if (was_open_ && !std::exchange(has_complained_, true)) {
    log::warning("Redis is away",
                 {{"connection", name_}, {"server", url_.shown()}, {"cause", cause}});
  }
  handlers_.on_lost(cause);
  if (is_stopped_) return;
  auto most = std::uniform_int_distribution<std::int64_t>(backoff_.count() / 2, backoff_.count());
  pause_.expires_after(std::chrono::milliseconds(most(random_)));
  backoff_ = std::min(backoff_ * 2, limits_.backoff_max);
  pause_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec && !is_stopped_) connect();
  });
}

}  // namespace knotos::adapters::redis

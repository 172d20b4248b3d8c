#include "runtime/socketio_host.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <future>
#include <span>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

namespace knotos::runtime {
namespace {

/// How often `stop` looks whether the last link has gone.
constexpr std::chrono::milliseconds kStep{10};
/// How long connections that are closed may take to hear it.
constexpr std::chrono::milliseconds kCloseTime{1'000};

std::size_t shards_of(const SocketIoHost::Options& options) {
  if (options.shards > 0) return options.shards;
  return std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

void fill_random(std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const auto size = getrandom(bytes.data(), bytes.size(), 0);
    if (size > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(size));
    } else {
      // An id that can be guessed is worse than no server.
      KN_ASSERT(errno == EINTR);
    }
  }
}

}  // namespace

SocketIoHost::SocketIoHost(Options options)
    : options_(std::move(options)),
      shards_(shards_of(options_)),
      io_(shards_, shards_.all_timers(), options_.socketio, fill_random),
      http_(shards_, options_.http) {
  http_.mount(
      options_.socketio.path, [this](auto exchange) { io_.serve(std::move(exchange)); },
      options_.socketio.payload_bytes_max,
      [this](const http::Request& head, unsigned status, std::string_view /*text*/) {
        return io_.refuse_body(head, status);
      },
      [this](auto arrival) { io_.arrive(std::move(arrival)); });
}

SocketIoHost::~SocketIoHost() { stop(); }

std::uint16_t SocketIoHost::start() {
  shards_.start();
  is_running_ = true;
  const auto port = http_.listen(options_.host, options_.port);
  log::info("listening", {{"host", options_.host}, {"port", port}});
  return port;
}

void SocketIoHost::run() {
  boost::asio::io_context loop(1);
  // Before the first link: a signal that comes early must not be missed.
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([](const boost::system::error_code&, int) {});
  start();
  loop.run();
  stop();
}

void SocketIoHost::stop() {
  if (!std::exchange(is_running_, false)) return;
  io_.stop_accepting();
  for (std::size_t shard = 0; shard < shards_.count(); ++shard) {
    shards_.post(shard, [this] { io_.close_links(server::CloseReason::server_shutting_down); });
  }
  const auto wait_until = [](std::chrono::steady_clock::time_point deadline, auto&& is_done) {
    while (!is_done() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(kStep);
    }
  };
  const auto now = std::chrono::steady_clock::now();
  wait_until(now + options_.drain, [this] { return links() == 0; });
  // A connection that is closed with bytes unread is reset, and the reset may overtake the answer.
  http_.stop_accepting();
  wait_until(std::chrono::steady_clock::now() + kCloseTime,
             [this] { return http_.connections() == 0; });
  http_.close_all();
  shards_.stop();
}

std::size_t SocketIoHost::links() {
  std::size_t sum = 0;
  for (std::size_t shard = 0; shard < shards_.count(); ++shard) {
    std::promise<std::size_t> promise;
    auto count = promise.get_future();
    shards_.post(shard, [this, &promise] { promise.set_value(io_.links()); });
    sum += count.get();
  }
  return sum;
}

}  // namespace knotos::runtime

#include "runtime/http_server.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "runtime/http_acceptor.hpp"
#include "runtime/http_connection.hpp"
#include "runtime/log_gate.hpp"

#include <algorithm>
#include <latch>
#include <utility>

namespace knotos::runtime {
namespace {

metrics::Counter connections_refused("connections_refused_total",
                                     "Connections closed at once because there were too many.");

}  // namespace

struct HttpServer::State : std::enable_shared_from_this<HttpServer::State> {
  State(ShardPool& pool, HttpLimits limits, TrustedProxies proxies)
      : shards(pool), connections(pool.count()) {
    service->limits = limits;
    service->proxies = std::move(proxies);
  }

  void accept(Descriptor descriptor, std::string remote_address,
              const std::shared_ptr<const TlsCertificate>& certificate) {
    if (places->load() >= service->limits.connections_max) {
      connections_refused.add();
      static LogGate gate;
      if (gate.opens())
        log::warning("too many connections", {{"connectionsMax", service->limits.connections_max}});
      return;
    }
    const auto shard = next_shard++ % shards.count();
    auto open = [self = shared_from_this(), shard, descriptor = std::move(descriptor),
                 address = std::move(remote_address), certificate,
                 place = ConnectionPlace(places)]() mutable {
      auto channel = certificate ? Channel(certificate->make_session()) : Channel();
      std::make_shared<HttpConnection>(self->shards, self->service, self->connections[shard],
                                       std::move(descriptor), std::move(channel),
                                       std::move(address), std::move(place))
          ->start();
    };
    shards.post(shard, std::move(open));
  }

  void stop_acceptors() {
    for (auto& acceptor : std::exchange(acceptors, {})) {
      shards.post(0, [acceptor] { acceptor->stop(); });
    }
  }

  ShardPool& shards;
  std::shared_ptr<HttpService> service = std::make_shared<HttpService>();
  std::shared_ptr<ConnectionPlace::Count> places = std::make_shared<ConnectionPlace::Count>(0);
  std::vector<HttpConnections> connections;  ///< One a shard, touched there only.
  std::vector<std::shared_ptr<HttpAcceptor>> acceptors;
  std::size_t next_shard = 0;  ///< On shard 0.
};

HttpServer::HttpServer(ShardPool& shards, HttpLimits limits, TrustedProxies proxies)
    : state_(std::make_shared<State>(shards, limits, std::move(proxies))) {}

HttpServer::~HttpServer() { close_all(); }

void HttpServer::mount(std::string prefix, server::HttpHandler handler,
                       std::optional<std::size_t> body_bytes_max, HttpRefusal refuse,
                       server::HttpArrivalHandler on_arrival) {
  auto& mounts = state_->service->mounts;
  // Before the first that is shorter, so that the longest that fits is found first.
  const auto place = std::ranges::find_if(
      mounts, [&prefix](const auto& mount) { return mount.prefix.size() < prefix.size(); });
  mounts.insert(place,
                {.prefix = std::move(prefix),
                 .handler = std::move(handler),
                 .body_bytes_max = body_bytes_max.value_or(state_->service->limits.body_bytes_max),
                 .refuse = std::move(refuse),
                 .on_arrival = std::move(on_arrival)});
}

std::uint16_t HttpServer::listen(const std::string& host, std::uint16_t port,
                                 std::shared_ptr<const TlsCertificate> certificate) {
  auto& shards = state_->shards;
  auto acceptor = std::make_shared<HttpAcceptor>(
      shards.loop(0), host, port,
      [state = std::weak_ptr(state_), certificate = std::move(certificate)](
          Descriptor descriptor, std::string remote_address) {
        if (const auto self = state.lock())
          self->accept(std::move(descriptor), std::move(remote_address), certificate);
      });
  state_->acceptors.push_back(acceptor);
  shards.post(0, [acceptor] { acceptor->start(); });
  return acceptor->port();
}

void HttpServer::stop_accepting() {
  state_->stop_acceptors();
  for (std::size_t shard = 0; shard < state_->shards.count(); ++shard) {
    state_->shards.post(shard, [state = state_, shard] {
      auto& siblings = state->connections[shard];
      siblings.is_stopping = true;
      const std::vector<HttpConnection*> open(siblings.open.begin(), siblings.open.end());
      for (auto* connection : open) connection->stop();
    });
  }
}

void HttpServer::close_all() {
  auto& shards = state_->shards;
  KN_ASSERT(shards.current() == shards.count());
  state_->stop_acceptors();
  if (!shards.is_running()) return;
  std::latch closed(static_cast<std::ptrdiff_t>(shards.count()));
  for (std::size_t shard = 0; shard < shards.count(); ++shard) {
    shards.post(shard, [state = state_, shard, &closed] {
      auto& siblings = state->connections[shard];
      siblings.is_stopping = true;
      const std::vector<HttpConnection*> open(siblings.open.begin(), siblings.open.end());
      for (auto* connection : open) connection->cut();
      closed.count_down();
    });
  }
  closed.wait();
}

std::size_t HttpServer::connections() const { return state_->places->load(); }

}  // namespace knotos::runtime

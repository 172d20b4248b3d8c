#include "server/server.hpp"

#include "protocol/http/message.hpp"
#include "protocol/json_text/strings.hpp"
#include "server/event_body.hpp"
#include "server/link_id.hpp"
#include "server/server_shared.hpp"
#include "server/shard_server.hpp"

#include <utility>

namespace knotos::server {

Server::Server(Shards& shards, std::vector<Timers*> timers, Options options,
               std::function<void(std::span<std::uint8_t>)> random)
    : shared_(new ServerShared{.shards = shards,
                               .options = std::move(options),
                               .random = std::move(random),
                               .times = {},
                               .engine_handler = {},
                               .namespaces = {},
                               .matching = {},
                               .engines = {},
                               .servers = {}}) {
  KN_ASSERT(timers.size() == shards.count() && shards.count() < kLinkShardsMax);
  const auto& chosen = shared_->options;
  shared_->times.ping_interval = chosen.ping_interval;
  shared_->times.ping_timeout = chosen.ping_timeout;
  shared_->times.upgrade_timeout = chosen.upgrade_timeout;
  shared_->times.connect_timeout = chosen.connect_timeout;
  shared_->times.flush_timeout = chosen.flush_timeout;
  for (std::uint32_t index = 0; index < shards.count(); ++index) {
    shards_.push_back(std::make_unique<ShardServer>(*shared_, index, *timers[index]));
    shared_->engines.push_back(&shards_.back()->engine());
    shared_->servers.push_back(shards_.back().get());
  }
}

Server::~Server() = default;

Namespace& Server::of(std::string_view name) {
  auto& found = shared_->namespaces[std::string(name)];
  if (!found) found = std::make_unique<Namespace>(*shared_, std::string(name));
  return *found;
}

Namespace& Server::of_matching(std::function<bool(std::string_view)> matches) {
  shared_->matching.emplace_back(std::move(matches), std::make_unique<Namespace>(*shared_, ""));
  return *shared_->matching.back().second;
}

void Server::use_engine_only(EngineHandler handler) {
  shared_->engine_handler = std::move(handler);
  shared_->times.connect_timeout = std::chrono::hours(24 * 365);
}

void Server::serve(std::shared_ptr<HttpExchange> exchange) {
  here().engine().serve(std::move(exchange));
}

void Server::arrive(std::shared_ptr<HttpArrival> arrival) {
  here().engine().arrive(std::move(arrival));
}

http::Response Server::refuse_body(const http::Request& head, unsigned status) {
  return here().engine().refuse_body(head, status);
}

Broadcast Server::in(std::string_view name_space) { return Broadcast(*shared_, name_space); }

Socket* Server::find(SocketHandle handle) { return here().find(handle); }

void Server::with(SocketHandle handle, std::move_only_function<void(Socket&)> work) {
  KN_ASSERT(handle.shard < shards_.size());
  shared_->shards.post(handle.shard,
                       [shard = shards_[handle.shard].get(), handle,
                        work = std::move(work)]() mutable { shard->with(handle, work); });
}

void Server::send_to_room(std::string_view name_space, std::string_view room,
                          const Packet& packet) {
  here().send_to_room(name_space, room, packet);
}

std::size_t Server::room_size(std::string_view name_space, std::string_view room) const {
  return here().room_size(name_space, room);
}

void Server::stop_accepting() { shared_->is_accepting.store(false, std::memory_order_relaxed); }

void Server::close_links(CloseReason reason) { here().close_links(reason); }

std::size_t Server::links() const { return here().engine().links(); }

void Server::for_each(std::string_view name_space, const std::function<void(Socket&)>& visit) {
  here().for_each(name_space, visit);
}

ShardServer& Server::here() const {
  const auto current = shared_->shards.current();
  KN_ASSERT(current < shards_.size());
  return *shards_[current];
}

Packet make_event(std::string_view name_space, std::string_view event,
                  std::span<const std::string_view> arguments, PacketClass packet_class,
                  std::span<const std::string> attachments) {
  const auto body = make_body(event, arguments, packet_class, attachments);
  return body ? PacketBuffer::make_event(*body, name_space) : nullptr;
}

std::string json_string(std::string_view text) {
  std::string out;
  json_text::append_string(out, text);
  return out;
}

}  // namespace knotos::server

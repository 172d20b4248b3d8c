#include "gateway/gateway.hpp"

#include "base/assert.hpp"
#include "gateway/shard_part.hpp"
#include "json/text.hpp"

#include <array>
#include <utility>

namespace knotos::gateway {

Gateway::Gateway(Ports ports, Limits limits)
    : ports_(std::move(ports)),
      limits_(limits),
      rates_(limits.rate_events, {.board = ports_.rate_board, .name = "events"}) {
  for (std::size_t shard = 0; shard < ports_.shards.count(); ++shard) {
    auto part = std::make_unique<ShardPart>();
    part->orders = std::make_unique<RoomOrders>(
        RoomOrders::Ports{.shards = ports_.shards,
                          .timers = *ports_.timers[shard],
                          .messages = ports_.message_store},
        limits_.delivery,
        [this](const std::vector<std::size_t>& shards, domain::ChatId chat,
               const OrderedChange& change) { deliver(shards, chat, change); });
    make_live_parts(*part, shard);
    parts_.push_back(std::move(part));
  }
  sweeper_ = std::make_unique<Sweeper>(
      Sweeper::Ports{
          .shards = ports_.shards, .timers = *ports_.timers[0], .store = ports_.sync_store},
      limits_.sweep,
      [this](Time since, const ports::SyncStore::Sweep& sweep) { hear_sweep(since, sweep); });
  ports_.shards.post(0, [this] { sweeper_->begin(); });

  auto& chat_namespace = ports_.server.of(kNamespace);
  chat_namespace.admit(
      [this](server::SocketHandle handle, const server::Handshake& handshake, Admitted done) {
        spawn(executor(), "admission", admit(handle, handshake.auth, std::move(done)));
      });
  chat_namespace.on_connection([this](server::Socket& socket) { on_connection(socket); });
  chat_namespace.on_end([this](server::Socket& socket, server::CloseReason) { on_end(socket); });
  chat_namespace.on_overflow([](server::Socket& socket) {
    socket.emit("resync_required", R"({"reason":"slowConsumer"})", server::PacketClass::control);
  });
  listen_to_events();
  listen_to_log_events();
  listen_to_live_events();
  listen_to_recovery();
  ports_.bus.listen(this);
}

Gateway::~Gateway() { ports_.bus.listen(nullptr); }

void Gateway::hear(ports::BusEvent event) {
  if (auto* changed = std::get_if<ports::ChatChanged>(&event)) {
    note_gone(changed->moved);
    const auto home = ports_.shards.home_of(changed->chat_id);
    auto& orders = *parts_[home]->orders;
    if (home == ports_.shards.current()) {
      orders.hear(std::move(*changed));
    } else {
      ports_.shards.post(home, [&orders, change = std::move(*changed)]() mutable {
        orders.hear(std::move(change));
      });
    }
    return;
  }
  if (const auto* typing = std::get_if<ports::TypingChanged>(&event)) return hear_typing(*typing);
  if (const auto* receipt = std::get_if<ports::ReceiptMoved>(&event)) return hear_receipt(*receipt);
  if (const auto* foreign = std::get_if<ports::ForeignEvent>(&event)) return relay(*foreign);
  if (const auto* presence = std::get_if<ports::PresenceChanged>(&event)) {
    const auto home = ports_.shards.home_of(presence->user_id);
    return ports_.shards.post(
        home, [this, home, user = presence->user_id] { parts_[home]->presence_watch->hear(user); });
  }
  hear_view(event);
  if (hear_own(event)) return;
  // A user's sockets may be on any shard, and such events are rare: every shard looks for itself.
  for (std::size_t shard = 0; shard < parts_.size(); ++shard) {
    if (const auto* added = std::get_if<ports::ChatAdded>(&event)) {
      ports_.shards.post(shard, [this, copy = *added] { on_chat_added(copy); });
    } else if (const auto* revoked = std::get_if<ports::SessionRevoked>(&event)) {
      ports_.shards.post(shard, [this, copy = *revoked] { on_session_revoked(copy); });
    }
  }
}

void Gateway::announce_drain(std::chrono::milliseconds retry_after) {
  for (std::size_t shard = 0; shard < parts_.size(); ++shard) {
    ports_.shards.post(shard, [this, retry_after] {
      ports_.server.for_each(kNamespace, [this, retry_after](server::Socket& socket) {
        std::array<std::uint8_t, 2> random{};
        ports_.random.fill(random);
        const auto share = static_cast<std::int64_t>(random[0]) * 256 + random[1];
        const auto jitter = retry_after.count() / 2 * share / 65'536;
        std::string notice;
        json::ObjectWriter writer(notice);
        writer.text("reason", "draining");
        writer.duration("retryAfterMs", retry_after + std::chrono::milliseconds(jitter));
        writer.close();
        const auto& connection = connection_of(socket);
        if (connection.is_ready()) {
          socket.emit("server_draining", notice, server::PacketClass::control);
        } else {
          keep_for_later(*connection.arriving,
                         {.name = "server_draining",
                          .text = std::make_shared<const std::string>(std::move(notice))});
        }
      });
    });
  }
}

std::string Gateway::new_request_id() {
  std::array<std::uint8_t, 12> random{};
  ports_.random.fill(random);
  return base64url_encode(random);
}

Gateway::ShardPart& Gateway::here() {
  const auto shard = ports_.shards.current();
  KN_ASSERT(shard < parts_.size());
  return *parts_[shard];
}

Connection& Gateway::connection_of(const server::Socket& socket) {
  return *static_cast<Connection*>(socket.data().get());
}

}  // namespace knotos::gateway

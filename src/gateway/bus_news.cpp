#include "base/metrics.hpp"
#include "gateway/gateway.hpp"
#include "gateway/shard_part.hpp"
#include "json/write_live.hpp"

#include <utility>

// How the bus stands, and what strangers say on it.
namespace knotos::gateway {
namespace {

constexpr std::string_view kUnavailable = "busUnavailable";
constexpr std::string_view kRestored = "restored";

metrics::Counter events_relayed("gateway_foreign_events_total",
                                "Events of foreign publishers told to a room.");

}  // namespace

void Gateway::bus_degraded() {
  if (!is_bus_degraded_.exchange(true)) tell_bus_state(kUnavailable);
}

void Gateway::bus_restored() {
  if (is_bus_degraded_.exchange(false)) tell_bus_state(kRestored);
  compare();
}

void Gateway::tell_bus_state(std::string_view reason) {
  for (std::size_t shard = 0; shard < parts_.size(); ++shard) {
    ports_.shards.post(shard, [this, reason] {
      const auto notice = json::reason(reason);
      ports_.server.for_each(kNamespace, [&notice](server::Socket& socket) {
        // Others hear how it stands after their `session_ready`.
        if (!connection_of(socket).is_ready()) return;
        socket.emit("bus_degraded", notice, server::PacketClass::control);
      });
    });
  }
}

void Gateway::tell_if_degraded(server::Socket& socket) const {
  if (!is_bus_degraded_.load()) return;
  socket.emit("bus_degraded", json::reason(kUnavailable), server::PacketClass::control);
}

/// It has no place in any order and nobody can ask for it again, so it is dropped first for a slow
/// reader.
void Gateway::relay(const ports::ForeignEvent& event) {
  events_relayed.add();
  if (const auto* user = std::get_if<domain::UserId>(&event.to)) {
    (void)ports_.server.in(kNamespace)
        .to(user_room(*user))
        .in_class(server::PacketClass::ephemeral)
        .emit(event.name, event.text);
    return;
  }
  const auto chat = std::get<domain::ChatId>(event.to);
  const auto home = ports_.shards.home_of(chat);
  ports_.shards.post(home, [this, chat, name = event.name, text = event.text] {
    const auto& shards = here().orders->shards_of(chat);
    if (shards.empty()) return;
    (void)to_chat(chat, shards).in_class(server::PacketClass::ephemeral).emit(name, text);
  });
}

}  // namespace knotos::gateway

#include "adapters/memory/local_bus.hpp"

#include "base/metrics.hpp"

namespace knotos::adapters::memory {
namespace {

metrics::Gauge chats_joined("bus_channels", "Channels joined.", "kind", "chat");
metrics::Gauge users_joined("bus_channels", "Channels joined.", "kind", "user");
metrics::Gauge presences_joined("bus_channels", "Channels joined.", "kind", "presence");

}  // namespace

void LocalBus::publish(ports::BusEvent event) {
  if (auto* listener = listener_.load(std::memory_order_acquire)) listener->hear(std::move(event));
}

Task<Result<void>> LocalBus::join_chats(std::vector<domain::ChatId> chats) {
  chats_joined.add(static_cast<std::int64_t>(chats.size()));
  co_return Result<void>();
}

void LocalBus::leave_chat(domain::ChatId /*chat*/) { chats_joined.add(-1); }

Task<Result<void>> LocalBus::join_user(domain::UserId /*user*/) {
  users_joined.add(1);
  co_return Result<void>();
}

void LocalBus::leave_user(domain::UserId /*user*/) { users_joined.add(-1); }

Task<Result<void>> LocalBus::join_presences(std::vector<domain::UserId> users) {
  presences_joined.add(static_cast<std::int64_t>(users.size()));
  co_return Result<void>();
}

void LocalBus::leave_presence(domain::UserId /*user*/) { presences_joined.add(-1); }

void LocalBus::listen(ports::BusListener* listener) {
  listener_.store(listener, std::memory_order_release);
}

}  // namespace knotos::adapters::memory

#include "base/metrics.hpp"
#include "gateway/gateway.hpp"
#include "gateway/shard_part.hpp"
#include "json/write_live.hpp"

#include <optional>
#include <utility>
#include <variant>

// What concerns one user alone goes to all their sockets, the acting one included: to apply it
// twice is to apply it once.
namespace knotos::gateway {
namespace {

metrics::Counter own_events_told("gateway_own_events_total",
                                 "Private changes told to a user's sockets.");
metrics::Counter own_events_missed(
    "gateway_own_events_early_dropped_total",
    "Private changes too many for a socket that was not ready; it was told to resync.");

struct Addressed {
  domain::UserId user_id;
  OwnEvent event;
};

/// Writes each kind of event; nullopt: it is not private.
class OwnEventWriter {
 public:
  explicit OwnEventWriter(Time now) : now_(now) {}

  std::optional<Addressed> operator()(const ports::ChatStateChanged& event) const {
    return make(event.user_id, "chat_state_updated", json::chat_state_updated(event, now_),
                event.user_rev);
  }
  std::optional<Addressed> operator()(const ports::ReadStateChanged& event) const {
    return make(event.user_id, "read_state", json::read_state(event), event.user_rev);
  }
  std::optional<Addressed> operator()(const ports::SettingsChanged& event) const {
    return make(event.user_id, "settings_updated", json::settings_updated(event), event.user_rev);
  }
  std::optional<Addressed> operator()(const ports::MessageHidden& event) const {
    return make(event.user_id, "message_hidden", json::message_hidden(event), event.user_rev);
  }
  template <class Other>
  std::optional<Addressed> operator()(const Other& /*event*/) const {
    return std::nullopt;
  }

 private:
  static Addressed make(domain::UserId user, std::string_view name, std::string text,
                        domain::UserRev user_rev) {
    return {.user_id = user,
            .event = {.name = name,
                      .text = std::make_shared<const std::string>(std::move(text)),
                      .user_rev = user_rev}};
  }

  Time now_;
};

}  // namespace

bool Gateway::hear_own(const ports::BusEvent& event) {
  auto addressed = std::visit(OwnEventWriter(ports_.clock.now()), event);
  if (!addressed) return false;
  tell_user(addressed->user_id, addressed->event);
  if (const auto* settings = std::get_if<ports::SettingsChanged>(&event)) {
    on_settings_changed(*settings);
  }
  return true;
}

void Gateway::tell_user(domain::UserId user, OwnEvent event) {
  own_events_told.add();
  // First for those that are not ready: one that becomes so in between hears it twice, not never.
  for (std::size_t shard = 0; shard < parts_.size(); ++shard) {
    if (shard == ports_.shards.current()) {
      keep_for_unready(user, event);
    } else {
      ports_.shards.post(shard, [this, user, event] { keep_for_unready(user, event); });
    }
  }
  (void)ports_.server.in(kNamespace).to(user_room(user)).emit(event.name, *event.text);
}

void Gateway::keep_for_unready(domain::UserId user, OwnEvent event) {
  if (event.user_rev > 0) note_heard(user, event.user_rev);
  const auto at = here().sockets_of.find(user);
  if (at == here().sockets_of.end()) return;
  for (const auto& handle : at->second) {
    auto* socket = ports_.server.find(handle);
    if (socket == nullptr) continue;
    auto& connection = connection_of(*socket);
    if (!connection.is_ready()) keep_for_later(*connection.arriving, event);
  }
}

void Gateway::keep_for_later(Arriving& arriving, OwnEvent event) {
  if (arriving.own.size() < kOwnEventsEarlyMax) {
    arriving.own.push_back(std::move(event));
  } else if (!std::exchange(arriving.has_missed_own, true)) {
    own_events_missed.add();
  }
}

void Gateway::tell_own(server::Socket& socket, const OwnEvent& event) {
  socket.emit(event.name, *event.text, server::PacketClass::durable);
}

/// Who may see whom may have changed: those who watch the user look again, and so do the user's own
/// sockets at those whom they watch.
void Gateway::on_settings_changed(const ports::SettingsChanged& event) {
  if (event.kind == ports::SettingsKind::sessions) return note_sessions_moved(event.user_id);
  if (event.kind == ports::SettingsKind::profile) return;
  ports_.bus.publish(ports::PresenceChanged{.user_id = event.user_id});
  look_again_at(event.user_id);
}

void Gateway::look_again_at(domain::UserId user) {
  for (std::size_t shard = 0; shard < parts_.size(); ++shard) {
    ports_.shards.post(
        shard, [this, shard, user] { parts_[shard]->presence_subscribers->look_again(user); });
  }
}

}  // namespace knotos::gateway

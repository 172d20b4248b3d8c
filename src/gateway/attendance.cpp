#include "gateway/attendance.hpp"

#include "base/metrics.hpp"

#include <algorithm>
#include <span>

namespace knotos::gateway {
namespace {

using domain::UserId;
using ports::PresenceState;

metrics::Gauge users_present("gateway_users_present",
                             "Users connected to this process, or gone within the grace.");
metrics::Counter board_failures("gateway_presence_failures_total",
                                "Words to or from the presence board that failed.", "kind", "post");
metrics::Counter seen_stored("gateway_last_seen_stored_total", "Times of last activity stored.");

}  // namespace

Attendance::Attendance(Ports ports, Limits limits) : ports_(std::move(ports)), limits_(limits) {}

void Attendance::arrive(UserId user, domain::DeviceId device, server::SocketHandle link,
                        bool is_active) {
  const auto [at, is_new] = users_.try_emplace(user);
  if (is_new) {
    users_present.add(1);
    at->second.arrived_at = ports_.timers.now();
  }
  at->second.links.push_back({.handle = link, .device_id = device, .is_active = is_active});
  look(user);
  beat_later();
}

void Attendance::change(UserId user, server::SocketHandle link, bool is_active) {
  const auto at = users_.find(user);
  if (at == users_.end()) return;
  const auto known = std::ranges::find(at->second.links, link, &Link::handle);
  if (known == at->second.links.end()) return;
  known->is_active = is_active;
  look(user);
}

std::vector<domain::ChatId> Attendance::depart(UserId user, server::SocketHandle link) {
  const auto at = users_.find(user);
  if (at == users_.end()) return {};
  auto& present = at->second;
  const auto gone = std::ranges::find(present.links, link, &Link::handle);
  if (gone == present.links.end()) return {};
  const auto device = gone->device_id;
  present.links.erase(gone);

  std::vector<domain::ChatId> chats;
  if (std::ranges::find(present.links, device, &Link::device_id) == present.links.end()) {
    forget_ended_typing(present);
    for (const auto& typing : present.typing) {
      if (typing.device_id == device) chats.push_back(typing.chat_id);
    }
    std::erase_if(present.typing, [device](const auto& each) { return each.device_id == device; });
    std::erase_if(chats, [&present](domain::ChatId chat) {
      return std::ranges::find(present.typing, chat, &Typing::chat_id) != present.typing.end();
    });
  }
  look(user);
  return chats;
}

bool Attendance::type(UserId user, domain::DeviceId device, domain::ChatId chat) {
  const auto at = users_.find(user);
  if (at == users_.end()) return false;
  auto& present = at->second;
  if (std::ranges::find(present.links, device, &Link::device_id) == present.links.end()) {
    return false;
  }
  forget_ended_typing(present);
  const auto ends_at = ports_.timers.now() + ports::kTypingLife;
  const auto known = std::ranges::find_if(present.typing, [&](const auto& each) {
    return each.device_id == device && each.chat_id == chat;
  });
  if (known != present.typing.end()) {
    known->ends_at = ends_at;
    return true;
  }
  if (present.typing.size() >= limits_.typing_chats_max)
    present.typing.erase(present.typing.begin());
  present.typing.push_back({.device_id = device, .chat_id = chat, .ends_at = ends_at});
  return true;
}

void Attendance::forget_ended_typing(User& user) const {
  std::erase_if(user.typing,
                [now = ports_.timers.now()](const auto& each) { return each.ends_at <= now; });
}

/// Compares how the user's links stand with what is said of them.
void Attendance::look(UserId user) {
  auto& present = users_.at(user);
  if (std::ranges::any_of(present.links, &Link::is_active)) {
    ports_.timers.cancel(std::exchange(present.grace_timer, 0));
    return say(user, PresenceState::online);
  }
  if (present.state == PresenceState::online) {
    present.seen_at = ports_.clock.now();
    present.is_seen_stored = false;
  }
  if (!present.links.empty()) {
    ports_.timers.cancel(std::exchange(present.grace_timer, 0));
    return say(user, PresenceState::away);
  }
  if (present.state == PresenceState::offline || present.grace_timer != 0) return;
  present.grace_timer = ports_.timers.at(ports_.timers.now() + limits_.grace, [this, user] {
    const auto at = users_.find(user);
    if (at == users_.end()) return;
    at->second.grace_timer = 0;
    if (at->second.links.empty()) say(user, PresenceState::offline);
  });
}

void Attendance::say(UserId user, PresenceState state) {
  auto& present = users_.at(user);
  present.state = state;
  if (present.is_saying || present.said == state) return;
  present.is_saying = true;
  spawn(ports_.executor, "presence", announce(user));
}

/// One at a time for each user, so that the last word is the last.
Task<void> Attendance::announce(UserId user) {
  while (true) {
    auto at = users_.find(user);
    if (at == users_.end()) co_return;
    const auto state = at->second.state;
    // Before anybody is told that the user has gone, so that they are told since when.
    if (state == PresenceState::offline && may_store_seen(at->second)) co_await store_seen(user);
    const auto posted =
        co_await ports_.board.post({{.user_id = user, .state = state}}, limits_.lifetime);
    if (!posted) board_failures.add();
    ports_.bus.publish(ports::PresenceChanged{.user_id = user});
    at = users_.find(user);
    if (at == users_.end()) co_return;
    at->second.said = state;
    if (at->second.state != state) continue;
    at->second.is_saying = false;
    co_return;
  }
}

void Attendance::beat_later() {
  if (is_beating_ || users_.empty()) return;
  is_beating_ = true;
  (void)ports_.timers.at(ports_.timers.now() + limits_.heartbeat, [this] {
    is_beating_ = false;
    beat();
    beat_later();
  });
}

void Attendance::beat() {
  std::vector<ports::PresenceBoard::Entry> entries;
  std::vector<UserId> seen;
  for (auto& [user, present] : users_) {
    if (present.said != PresenceState::offline && !present.is_saying) {
      entries.push_back({.user_id = user, .state = present.said});
    }
    if (present.state == PresenceState::online && present.grace_timer == 0) {
      present.seen_at = ports_.clock.now();
      present.is_seen_stored = false;
    }
    // While somebody is there nobody is shown since when, so the first time may wait: one stored
    // now would keep that of a short visit's end from being stored.
    const bool is_early = ports_.timers.now() - present.arrived_at < limits_.seen_pause;
    if (may_store_seen(present) && (present.links.empty() || !is_early)) seen.push_back(user);
  }
  drop_idle();
  if (!entries.empty()) spawn(ports_.executor, "presence heartbeat", repeat(std::move(entries)));
  if (seen.empty() || is_storing_) return;
  is_storing_ = true;
  spawn(ports_.executor, "last seen", store_seen(std::move(seen)));
}

Task<void> Attendance::repeat(std::vector<ports::PresenceBoard::Entry> entries) {
  for (std::size_t begin = 0; begin < entries.size(); begin += limits_.post_users_max) {
    const auto part =
        std::span(entries).subspan(begin, std::min(limits_.post_users_max, entries.size() - begin));
    const auto posted = co_await ports_.board.post({part.begin(), part.end()}, limits_.lifetime);
    if (!posted) board_failures.add();
  }
}

Task<void> Attendance::store_seen(std::vector<UserId> users) {
  for (const auto& user : users) co_await store_seen(user);
  is_storing_ = false;
}

Task<void> Attendance::store_seen(UserId user) {
  auto at = users_.find(user);
  if (at == users_.end()) co_return;
  const auto seen_at = at->second.seen_at;
  const auto stored = co_await ports_.people.see(user, seen_at);
  // A store that is away hears of it with a later heartbeat; a user who is gone has no last time.
  if (!stored && stored.error().code != Errc::not_found) co_return;
  seen_stored.add();
  at = users_.find(user);
  if (at == users_.end()) co_return;
  at->second.stored_at = ports_.timers.now();
  if (at->second.seen_at == seen_at) at->second.is_seen_stored = true;
}

bool Attendance::may_store_seen(const User& user) const {
  return !user.is_seen_stored &&
         (!user.stored_at || ports_.timers.now() - *user.stored_at >= limits_.seen_pause);
}

/// A user who was stored lately is kept, or one who comes and goes would be stored each time.
bool Attendance::is_idle(const User& user) const {
  return user.links.empty() && !user.is_saying && user.is_seen_stored &&
         user.state == PresenceState::offline &&
         (!user.stored_at || ports_.timers.now() - *user.stored_at >= limits_.seen_pause);
}

void Attendance::drop_idle() {
  const auto dropped =
      std::erase_if(users_, [this](const auto& entry) { return is_idle(entry.second); });
  users_present.add(-static_cast<std::int64_t>(dropped));
}

}  // namespace knotos::gateway

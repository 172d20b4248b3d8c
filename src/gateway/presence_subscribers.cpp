#include "gateway/presence_subscribers.hpp"

#include "base/metrics.hpp"

#include <algorithm>
#include <set>
#include <span>
#include <utility>

namespace knotos::gateway {
namespace {

using domain::UserId;

metrics::Counter updates_told("gateway_presence_updates_total", "Presence told to sockets.");
metrics::Counter updates_put_off("gateway_presence_put_off_total",
                                 "Presence that waited because the socket was told just before.");

}  // namespace

PresenceSubscribers::PresenceSubscribers(Ports ports, Limits limits, Tell tell)
    : ports_(std::move(ports)), limits_(limits), tell_(std::move(tell)) {}

bool PresenceSubscribers::add(UserId subject, UserId viewer, server::SocketHandle socket) {
  const auto [at, is_new] = subjects_.try_emplace(subject);
  at->second.subscribers.push_back(
      {.viewer = viewer, .socket = socket, .told = {}, .told_at = {}, .timer = 0});
  return is_new;
}

void PresenceSubscribers::answered(UserId subject, server::SocketHandle socket,
                                   const Presence& read, const Presence& told) {
  auto* subscriber = find(subject, socket);
  if (subscriber == nullptr) return;
  subscriber->told = told;
  auto& latest = subjects_.at(subject).latest;
  if (!latest) {
    latest = read;
  } else if (*latest != read) {
    start(subject, {subscriber->viewer});  // It was heard before or after: the answer may be old.
  }
}

bool PresenceSubscribers::remove(UserId subject, server::SocketHandle socket) {
  const auto at = subjects_.find(subject);
  if (at == subjects_.end()) return false;
  std::erase_if(at->second.subscribers, [this, socket](const Subscriber& each) {
    if (each.socket != socket) return false;
    ports_.timers.cancel(each.timer);
    return true;
  });
  if (!at->second.subscribers.empty()) return false;
  ports_.timers.cancel(at->second.retry_timer);
  subjects_.erase(at);
  return true;
}

void PresenceSubscribers::hear(UserId subject, const Presence& presence) {
  const auto at = subjects_.find(subject);
  if (at == subjects_.end()) return;
  at->second.latest = presence;
  std::set<UserId> viewers;
  for (const auto& each : at->second.subscribers) viewers.insert(each.viewer);
  start(subject, {viewers.begin(), viewers.end()});
}

void PresenceSubscribers::look_again(UserId user) {
  for (const auto& [subject, known] : subjects_) {
    const auto is_users = [user](const Subscriber& each) { return each.viewer == user; };
    if (known.latest && std::ranges::any_of(known.subscribers, is_users)) start(subject, {user});
  }
}

PresenceSubscribers::Subscriber* PresenceSubscribers::find(UserId subject,
                                                           server::SocketHandle socket) {
  const auto at = subjects_.find(subject);
  if (at == subjects_.end()) return nullptr;
  const auto found = std::ranges::find(at->second.subscribers, socket, &Subscriber::socket);
  return found == at->second.subscribers.end() ? nullptr : &*found;
}

void PresenceSubscribers::start(UserId subject, std::vector<UserId> viewers) {
  spawn(ports_.executor, "showing presence", show(subject, std::move(viewers)));
}

/// Shows the subject's latest state to those of the viewers who may see it; to the others they are
/// offline.
Task<void> PresenceSubscribers::show(UserId subject, std::vector<UserId> viewers) {
  for (std::size_t begin = 0; begin < viewers.size(); begin += limits_.viewers_max) {
    const auto part =
        std::span(viewers).subspan(begin, std::min(limits_.viewers_max, viewers.size() - begin));
    const auto sees = co_await ports_.presence.see_each_other(subject, {part.begin(), part.end()});
    if (!sees) co_return show_later(subject);
    const auto at = subjects_.find(subject);
    if (at == subjects_.end() || !at->second.latest) co_return;
    for (auto& subscriber : at->second.subscribers) {
      const auto viewer = std::ranges::find(part, subscriber.viewer);
      if (viewer == part.end() || !subscriber.told) continue;
      const bool is_seen = (*sees)[static_cast<std::size_t>(viewer - part.begin())];
      offer(subject, subscriber, is_seen ? *at->second.latest : Presence{});
    }
  }
}

void PresenceSubscribers::show_later(UserId subject) {
  const auto at = subjects_.find(subject);
  if (at == subjects_.end() || at->second.retry_timer != 0) return;
  at->second.retry_timer =
      ports_.timers.at(ports_.timers.now() + limits_.retry_pause, [this, subject] {
        const auto waiting = subjects_.find(subject);
        if (waiting == subjects_.end()) return;
        waiting->second.retry_timer = 0;
        if (waiting->second.latest) hear(subject, Presence(*waiting->second.latest));
      });
}

void PresenceSubscribers::offer(UserId subject, Subscriber& subscriber, const Presence& shown) {
  if (*subscriber.told == shown || subscriber.timer != 0) return;
  const auto now = ports_.timers.now();
  if (!subscriber.told_at || now >= *subscriber.told_at + limits_.told_pause) {
    subscriber.told = shown;
    subscriber.told_at = now;
    updates_told.add();
    return tell_(subscriber.socket, subject, shown);
  }
  updates_put_off.add();
  subscriber.timer = ports_.timers.at(*subscriber.told_at + limits_.told_pause,
                                      [this, subject, socket = subscriber.socket] {
                                        auto* waiting = find(subject, socket);
                                        if (waiting == nullptr) return;
                                        waiting->timer = 0;
                                        start(subject, {waiting->viewer});
                                      });
}

}  // namespace knotos::gateway

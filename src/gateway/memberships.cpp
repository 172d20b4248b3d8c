#include "base/metrics.hpp"
#include "gateway/gateway.hpp"
#include "gateway/shard_part.hpp"
#include "json/text.hpp"
#include "json/write.hpp"
#include "json/write_log.hpp"

#include <algorithm>
#include <utility>

// Members who come and go while they are connected.
namespace knotos::gateway {
namespace {

metrics::Counter members_brought_in("gateway_members_brought_in_total",
                                    "Sockets that were brought into a chat after their CONNECT.");
metrics::Counter members_sent_out("gateway_members_sent_out_total",
                                  "Sockets whose user left a chat, or was removed.");

std::string chat_added(const ports::ChatAdded& event, const domain::ChatListItem& item, Time now) {
  std::string text;
  json::ObjectWriter writer(text);
  writer.number("userRev", event.user_rev);
  json::append_chat_list_item(writer.value("chat"), item, now);
  writer.close();
  return text;
}

}  // namespace

/// Brings the user's sockets of this shard into a chat: `chat_added`, what happened since the user
/// was added, then whatever follows, without a gap.
Task<void> Gateway::bring_in(ports::ChatAdded event) {
  const auto origin = ports_.shards.current();
  const auto interested = co_await add_interests({event.chat_id});
  auto item = interested ? co_await ports_.chats.get(event.user_id, event.chat_id)
                         : Result<domain::ChatListItem>(fail(interested.error()));
  // What they had hidden when they were here before stays so.
  auto visibility = item ? co_await ports_.state_store.visibility(event.user_id, event.chat_id)
                         : Result<domain::Visibility>(fail(item.error()));
  if (!visibility) {
    if (interested) drop_interests({event.chat_id});
    // Not there any more: then there is nothing to show.
    if (visibility.error().code != Errc::not_found) send_back(event.user_id);
    co_return;
  }
  Newcomer newcomer{.event = event,
                    .added = chat_added(event, *item, ports_.clock.now()),
                    .member_rev = item->state.member_rev,
                    .visibility = std::move(*visibility)};
  const auto home = ports_.shards.home_of(event.chat_id);
  ports_.shards.post(home, [this, origin, newcomer = std::move(newcomer)]() mutable {
    spawn(executor(), "catching up", catch_up(std::move(newcomer), origin));
  });
}

/// On the chat's home. Answers by the way that deliveries take, so that none can overtake it.
Task<void> Gateway::catch_up(Newcomer newcomer, std::size_t origin) {
  const auto& event = newcomer.event;
  auto missed = co_await here().orders->catch_up(event.chat_id, event.known_rev);
  // They have left again: the delivery that says so may have passed already.
  const bool has_left = missed && std::ranges::any_of(*missed, [&newcomer](const auto& change) {
                          return change.message->rev > newcomer.member_rev &&
                                 domain::ends_membership(*change.message, newcomer.event.user_id);
                        });
  auto show = [this, has_left, newcomer = std::move(newcomer), missed = std::move(missed)] {
    if (missed && !has_left) {
      show_added(newcomer, *missed);
    } else if (!missed && missed.error().code != Errc::not_found) {
      send_back(newcomer.event.user_id);
    }
    drop_interests({newcomer.event.chat_id});
  };
  // What is told to the own shard is told at once, to the others by the mailbox.
  if (origin == ports_.shards.current()) {
    show();
  } else {
    ports_.shards.post(origin, std::move(show));
  }
}

void Gateway::show_added(const Newcomer& newcomer, const std::vector<OrderedChange>& missed) {
  auto& part = here();
  const auto& event = newcomer.event;
  const auto at = part.sockets_of.find(event.user_id);
  if (at == part.sockets_of.end()) return;
  // A copy: a write may end a slow reader, which then leaves the list.
  const auto handles = at->second;
  for (const auto& handle : handles) {
    auto* socket = ports_.server.find(handle);
    if (socket == nullptr) continue;
    // One that is not ready has the event in `Arriving::added`.
    if (!connection_of(*socket).is_ready()) continue;
    if (!enter_chat(*socket, event.chat_id, newcomer.member_rev)) continue;
    members_brought_in.add();
    socket->emit("chat_added", newcomer.added);
    for (const auto& change : missed) {
      const auto message = domain::as_seen(*change.message, newcomer.visibility);
      socket->emit(event_of(change), json::message(message, change.prev_rev));
    }
  }
  learn_sight(event.user_id, event.chat_id, newcomer.visibility);
}

/// False: the socket knows of this membership already.
bool Gateway::enter_chat(server::Socket& socket, domain::ChatId chat, domain::Rev member_rev) {
  auto& connection = connection_of(socket);
  const auto place = std::ranges::lower_bound(connection.chats, chat);
  const auto index = place - connection.chats.begin();
  if (place != connection.chats.end() && *place == chat) {
    // A new membership whose forerunner's end has not come by here: it never will, for what comes
    // now is older than the membership.
    auto& known = connection.member_revs[static_cast<std::size_t>(index)];
    if (member_rev <= known) return false;
    known = member_rev;
    return true;
  }
  connection.chats.insert(place, chat);
  connection.member_revs.insert(connection.member_revs.begin() + index, member_rev);
  ++here().interests[chat];
  socket.join(room_of(chat));
  return true;
}

void Gateway::hear_view(const ports::BusEvent& event) {
  const auto* const hidden = std::get_if<ports::MessageHidden>(&event);
  const auto* const changed = std::get_if<ports::ChatStateChanged>(&event);
  if (hidden == nullptr && changed == nullptr) return;
  for (std::size_t shard = 0; shard < parts_.size(); ++shard) {
    if (hidden != nullptr) {
      ports_.shards.post(shard, [this, copy = *hidden] {
        if (!here().sockets_of.contains(copy.user_id)) return;
        here().visibility.hide(copy.chat_id, copy.user_id, copy.message_id);
        place_by_sight(copy.user_id, copy.chat_id);
      });
    } else {
      ports_.shards.post(shard, [this, user = changed->user_id, state = changed->state] {
        if (!here().sockets_of.contains(user)) return;
        here().visibility.set(state->chat_id, user, domain::first_visible_seq(*state));
        place_by_sight(user, state->chat_id);
      });
    }
  }
}

/// After the change itself: it is the last thing of the chat that they hear.
void Gateway::end_memberships(domain::ChatId chat, const OrderedChange& change) {
  const auto& event = *change.message->system_event;
  auto users = event.user_ids;
  if (event.event == domain::kGroupEnded) {
    users.clear();
    for (const auto& [user, sockets] : here().sockets_of) users.push_back(user);
  }
  for (const auto& user : users) {
    const auto told =
        std::ranges::find(change.removed, user, [](const auto& removed) { return removed.first; });
    const auto user_rev = told == change.removed.end() ? domain::UserRev{0} : told->second;
    send_out(user, chat, change.message->rev, user_rev);
  }
}

void Gateway::send_out(domain::UserId user, domain::ChatId chat, domain::Rev rev,
                       domain::UserRev user_rev) {
  const auto at = here().sockets_of.find(user);
  if (at == here().sockets_of.end()) return;
  const auto handles = at->second;
  for (const auto& handle : handles) {
    auto* socket = ports_.server.find(handle);
    if (socket == nullptr) continue;
    auto& connection = connection_of(*socket);
    if (!connection.is_ready()) {
      connection.arriving->removed.emplace_back(chat, rev);
      continue;
    }
    const auto place = std::ranges::lower_bound(connection.chats, chat);
    if (place == connection.chats.end() || *place != chat) continue;
    const auto member_rev = connection.member_revs.begin() + (place - connection.chats.begin());
    // From before they joined again.
    if (*member_rev >= rev) continue;
    connection.member_revs.erase(member_rev);
    connection.chats.erase(place);
    here().visibility.forget(chat, user);
    socket->leave(room_of(chat));
    socket->leave(cut_room(chat));
    members_sent_out.add();
    if (user_rev > 0) {
      socket->emit("chat_removed", json::chat_removed(chat, user_rev));
    } else {
      spawn(executor(), "chat removed", tell_removed(handle, user, chat));
    }
    drop_interests({chat});
  }
}

/// By a repair: the log says who went, and the store how their private changes stand by now.
Task<void> Gateway::tell_removed(server::SocketHandle handle, domain::UserId user,
                                 domain::ChatId chat) {
  const auto user_rev = co_await ports_.people.user_rev(user);
  auto* socket = ports_.server.find(handle);
  // Who came back meanwhile was told so.
  if (socket == nullptr || hears(connection_of(*socket), chat)) co_return;
  socket->emit("chat_removed", json::chat_removed(chat, user_rev.value_or(0)));
}

}  // namespace knotos::gateway

#include "base/metrics.hpp"
#include "gateway/gateway.hpp"
#include "gateway/shard_part.hpp"
#include "json/text.hpp"
#include "json/write.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace knotos::gateway {
namespace {

metrics::Counter changes_delivered("gateway_changes_delivered_total",
                                   "Durable changes handed to a shard's members, once a shard.");
metrics::Counter joins_failed(
    "gateway_joins_failed_total",
    "Users sent back because a chat they were added to could not be read.");

std::string_view event_of(const OrderedChange& change) {
  if (change.is_new) return "new_message";
  return change.message->is_deleted ? "message_deleted" : "message_updated";
}

/// Several answers make one: counts down, then delivers.
struct Barrier {
  std::size_t left = 0;
  OneShot<bool> done;
};

}  // namespace

Task<Result<void>> Gateway::add_interests(std::vector<domain::ChatId> chats) {
  std::map<std::size_t, std::vector<domain::ChatId>> by_home;
  std::vector<domain::ChatId> fresh;
  for (const auto& chat : chats) {
    // A home is asked even where it knows, so that its answer also covers what is still on its way
    // there.
    auto& wanted = by_home[ports_.shards.home_of(chat)];
    if (here().interests[chat]++ > 0) continue;
    wanted.push_back(chat);
    fresh.push_back(chat);
  }

  const auto origin = ports_.shards.current();
  if (!by_home.empty()) {
    auto barrier = std::make_shared<Barrier>();
    barrier->left = by_home.size();
    for (auto& [home_shard, wanted_there] : by_home) {
      ports_.shards.post(
          home_shard, [this, home = home_shard, origin, barrier, wanted = std::move(wanted_there)] {
            for (const auto& chat : wanted) parts_[home]->orders->add_interest(chat, origin);
            ports_.shards.post(origin, [barrier] {
              if (--barrier->left == 0) barrier->done.deliver(true);
            });
          });
    }
    co_await barrier->done.wait();
  }

  for (const auto& chat : fresh) {
    auto joined = co_await ports_.bus.join_chat(chat);
    if (joined) continue;
    drop_interests(chats);
    co_return fail(std::move(joined.error()));
  }
  co_return Result<void>();
}

void Gateway::drop_interests(const std::vector<domain::ChatId>& chats) {
  const auto origin = ports_.shards.current();
  for (const auto& chat : chats) {
    const auto at = here().interests.find(chat);
    KN_ASSERT(at != here().interests.end());
    if (--at->second > 0) continue;
    here().interests.erase(at);
    ports_.bus.leave_chat(chat);
    const auto home = ports_.shards.home_of(chat);
    ports_.shards.post(home, [this, home, origin, chat] {
      parts_[home]->orders->drop_interest(chat, origin);
      if (parts_[home]->orders->shards_of(chat).empty()) parts_[home]->typists->forget(chat);
    });
  }
}

void Gateway::settle(const std::vector<ports::ChatStanding>& standings) {
  std::map<std::size_t, std::vector<ports::ChatStanding>> by_home;
  for (const auto& standing : standings)
    by_home[ports_.shards.home_of(standing.chat_id)].push_back(standing);
  for (auto& [home_shard, there] : by_home) {
    ports_.shards.post(home_shard, [this, home = home_shard, part = std::move(there)] {
      parts_[home]->orders->settle(part);
    });
  }
}

void Gateway::on_chat_added(const ports::ChatAdded& event) {
  auto& part = here();
  const auto at = part.sockets_of.find(event.user_id);
  if (at == part.sockets_of.end()) return;
  bool has_ready = false;
  for (const auto& handle : at->second) {
    auto* socket = ports_.server.find(handle);
    if (socket == nullptr) continue;
    auto& connection = connection_of(*socket);
    if (connection.is_ready) {
      has_ready = true;
    } else {
      connection.added_early.push_back(event);
    }
  }
  if (has_ready) spawn(executor(), "chat added", bring_in(event));
}

/// Brings the user's sockets of this shard into a chat: `chat_added`, what happened since the user
/// was added, then whatever follows, without a gap.
Task<void> Gateway::bring_in(ports::ChatAdded event) {
  const auto origin = ports_.shards.current();
  const auto interested = co_await add_interests({event.chat_id});
  auto item = interested ? co_await ports_.chats.get(event.user_id, event.chat_id)
                         : Result<domain::ChatListItem>(fail(interested.error()));
  if (!item) {
    if (interested) drop_interests({event.chat_id});
    // Not there any more: then there is nothing to show.
    if (item.error().code != Errc::not_found) send_back(event.user_id);
    co_return;
  }
  std::string added;
  json::ObjectWriter writer(added);
  writer.number("userRev", event.user_rev);
  json::append_chat_list_item(writer.value("chat"), *item, ports_.clock.now());
  writer.close();

  const auto home = ports_.shards.home_of(event.chat_id);
  ports_.shards.post(home, [this, origin, event, added = std::move(added)]() mutable {
    spawn(executor(), "catching up", catch_up(event, std::move(added), origin));
  });
}

/// On the chat's home. Answers by the way that deliveries take, so that none can overtake it.
Task<void> Gateway::catch_up(ports::ChatAdded event, std::string added, std::size_t origin) {
  auto missed = co_await here().orders->catch_up(event.chat_id, event.known_rev);
  auto show = [this, event, added = std::move(added), missed = std::move(missed)] {
    if (missed) {
      show_added(event, added, *missed);
    } else if (missed.error().code != Errc::not_found) {
      send_back(event.user_id);
    }
    drop_interests({event.chat_id});
  };
  // What is told to the own shard is told at once, to the others by the mailbox.
  if (origin == ports_.shards.current()) {
    show();
  } else {
    ports_.shards.post(origin, std::move(show));
  }
}

void Gateway::show_added(const ports::ChatAdded& event, const std::string& added,
                         const std::vector<OrderedChange>& missed) {
  auto& part = here();
  const auto at = part.sockets_of.find(event.user_id);
  if (at == part.sockets_of.end()) return;
  // A copy: a write may end a slow reader, which then leaves the list.
  const auto handles = at->second;
  for (const auto& handle : handles) {
    auto* socket = ports_.server.find(handle);
    if (socket == nullptr) continue;
    auto& connection = connection_of(*socket);
    if (!connection.is_ready) continue;  // It has the event in `added_early`.
    const auto place = std::ranges::lower_bound(connection.chats, event.chat_id);
    if (place != connection.chats.end() && *place == event.chat_id) continue;
    connection.chats.insert(place, event.chat_id);
    ++part.interests[event.chat_id];
    socket->join(room_of(event.chat_id));
    socket->emit("chat_added", added);
    for (const auto& change : missed) {
      socket->emit(event_of(change), json::message(*change.message, change.prev_rev));
    }
  }
}

/// The user's sockets of this shard come back and read everything afresh: they could not be told
/// what they must know.
void Gateway::send_back(domain::UserId user) {
  const auto at = here().sockets_of.find(user);
  if (at == here().sockets_of.end()) return;
  joins_failed.add();
  const auto handles = at->second;
  for (const auto& handle : handles) {
    if (auto* socket = ports_.server.find(handle))
      socket->close_link(server::CloseReason::forced_close);
  }
}

void Gateway::on_session_revoked(const ports::SessionRevoked& event) {
  const auto at = here().sockets_of.find(event.user_id);
  if (at == here().sockets_of.end()) return;
  const auto handles = at->second;
  for (const auto& handle : handles) {
    auto* socket = ports_.server.find(handle);
    if (socket != nullptr && connection_of(*socket).claims.device_id == event.device_id) {
      revoke(*socket, event.reason);
    }
  }
}

server::Broadcast Gateway::to_chat(domain::ChatId chat, const std::vector<std::size_t>& shards) {
  auto everybody = ports_.server.in(kNamespace).to(room_of(chat));
  // Where sessions are recovered, one may be on its way from a shard to another just now.
  return limits_.recovers ? everybody : std::move(everybody).on_shards(shards);
}

void Gateway::deliver(const std::vector<std::size_t>& shards, domain::ChatId chat,
                      const OrderedChange& change) {
  // Whoever has sent types no more, and everybody hears so before the message.
  if (change.is_new && change.message->type != domain::MessageType::system) {
    here().typists->commit(chat, change.message->sender_id);
  }
  changes_delivered.add(static_cast<std::int64_t>(shards.size()));
  (void)to_chat(chat, shards)
      .emit(event_of(change), json::message(*change.message, change.prev_rev));
}

}  // namespace knotos::gateway

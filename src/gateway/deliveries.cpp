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

/// Says nothing of what became of the message.
constexpr std::string_view kStubEvent = "message_updated";

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

  if (fresh.empty()) co_return Result<void>();
  auto joined = co_await ports_.bus.join_chats(std::move(fresh));
  if (!joined) drop_interests(chats);
  co_return joined;
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
  note_heard(event.user_id, event.user_rev);
  const auto at = part.sockets_of.find(event.user_id);
  if (at == part.sockets_of.end()) return;
  bool has_ready = false;
  for (const auto& handle : at->second) {
    auto* socket = ports_.server.find(handle);
    if (socket == nullptr) continue;
    auto& connection = connection_of(*socket);
    if (connection.is_ready()) {
      has_ready = true;
    } else {
      connection.arriving->added.push_back(event);
    }
  }
  if (has_ready) spawn(executor(), "chat added", bring_in(event));
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
  auto everybody = to_chat(chat, shards);
  const auto text = json::message(*change.message, change.prev_rev);
  // What follows the last one and answers nobody is for everybody to see. Of all else some may see
  // less: the cut room's sockets are looked at one by one.
  const bool is_plain =
      change.is_new && !change.message->reply_to && change.prev_rev + 1 == change.message->rev;
  if (is_plain) {
    (void)everybody.emit(event_of(change), text);
  } else {
    (void)std::move(everybody).except(cut_room(chat)).emit(event_of(change), text);
  }
  const bool ends = domain::ends_memberships(*change.message);
  if (is_plain && !ends) return;
  for (const auto shard : shards) {
    const auto follow = [this, chat, change, is_plain, ends] {
      if (!is_plain) deliver_cut(chat, change);
      if (ends) end_memberships(chat, change);
    };
    // The own shard was told at once.
    if (shard == ports_.shards.current()) {
      follow();
    } else {
      ports_.shards.post(shard, follow);
    }
  }
}

/// To those who may see less than all of the chat: each as much of the message as is theirs.
void Gateway::deliver_cut(domain::ChatId chat, const OrderedChange& change) {
  const auto& visibility = here().visibility;
  const auto users = visibility.users(chat);
  if (users.empty()) return;
  const auto& message = *change.message;
  auto without_reply = message;
  if (without_reply.reply_to) without_reply.reply_to->preview.clear();
  const auto whole = json::message(message, change.prev_rev);
  const auto answer = json::message(without_reply, change.prev_rev);
  const auto stub = json::message(domain::stub_of(message), change.prev_rev);
  const auto cut = visibility.cut(message);
  for (const auto& user : users) {
    const auto at = std::ranges::find(cut, user, [](const auto& each) { return each.first; });
    const bool is_stub = at != cut.end() && at->second == View::stub;
    const auto& text = at == cut.end() ? whole : is_stub ? stub : answer;
    tell_in_chat(user, chat,
                 {.name = is_stub ? kStubEvent : event_of(change),
                  .text = std::make_shared<const std::string>(text)});
  }
}

void Gateway::tell_in_chat(domain::UserId user, domain::ChatId chat, const OwnEvent& event) {
  const auto at = here().sockets_of.find(user);
  if (at == here().sockets_of.end()) return;
  // A copy: a write may end a slow reader, which then leaves the list.
  const auto handles = at->second;
  for (const auto& handle : handles) {
    auto* socket = ports_.server.find(handle);
    if (socket != nullptr && hears(connection_of(*socket), chat)) tell_own(*socket, event);
  }
}

/// On one shard: what the user may see of the chat, as read for a socket that has just come to it.
/// What is hidden from then on is heard by the user's channel.
void Gateway::learn_sight(domain::UserId user, domain::ChatId chat,
                          const domain::Visibility& visibility) {
  auto& known = here().visibility;
  const bool saw_less = known.sees_less(chat, user);
  known.set(chat, user, visibility);
  // Who sees all of it is in its place already, with all other sockets.
  if (saw_less || known.sees_less(chat, user)) place_by_sight(user, chat);
}

/// On one shard: what the user may see of the chat has changed.
void Gateway::place_by_sight(domain::UserId user, domain::ChatId chat) {
  const auto at = here().sockets_of.find(user);
  if (at == here().sockets_of.end()) return;
  const bool sees_less = here().visibility.sees_less(chat, user);
  for (const auto& handle : at->second) {
    auto* socket = ports_.server.find(handle);
    if (socket == nullptr || !hears(connection_of(*socket), chat)) continue;
    if (sees_less) {
      connection_of(*socket).is_cut = true;
      socket->join(cut_room(chat));
    } else {
      socket->leave(cut_room(chat));
    }
  }
}

}  // namespace knotos::gateway

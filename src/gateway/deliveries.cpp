#include "base/metrics.hpp"
#include "gateway/gateway.hpp"
#include "gateway/shard_part.hpp"
#include "json/text.hpp"
#include "json/write.hpp"

#include <algorithm>
#include <array>
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

void Gateway::deliver(const std::vector<std::size_t>& shards, domain::ChatId chat,
                      const OrderedChange& change) {
  // Whoever has sent types no more, and everybody hears so before the message.
  if (change.is_new && change.message->type != domain::MessageType::system) {
    here().typists->commit(chat, change.message->sender_id);
  }
  const auto text =
      std::make_shared<const std::string>(json::message(*change.message, change.prev_rev));
  for (const auto shard : shards) {
    ports_.shards.post(shard, [this, chat, text, change] {
      changes_delivered.add();
      deliver_here(chat, change, *text);
      if (domain::ends_memberships(*change.message)) end_memberships(chat, change);
    });
  }
}

void Gateway::deliver_here(domain::ChatId chat, const OrderedChange& change,
                           const std::string& text) {
  const auto make = [](std::string_view event, std::string_view argument) {
    const std::array<std::string_view, 1> arguments{argument};
    return server::make_event(kNamespace, event, arguments, server::PacketClass::durable);
  };
  const auto& message = *change.message;
  const auto& visibility = here().visibility;
  if (!visibility.is_cut(chat, message)) {
    ports_.server.send_to_room(kNamespace, room_of(chat), make(event_of(change), text));
    return;
  }
  // Old messages only, and answers to them: each member's own view is looked up.
  const auto send_as = [&](View view, const server::Packet& packet) {
    ports_.server.send_to_room(
        kNamespace, room_of(chat), packet, [&](const server::Socket& socket) {
          return visibility.view(connection_of(socket).claims.user_id, message) == view;
        });
  };
  auto without_reply = message;
  if (without_reply.reply_to) without_reply.reply_to->preview.clear();
  send_as(View::whole, make(event_of(change), text));
  send_as(View::without_reply,
          make(event_of(change), json::message(without_reply, change.prev_rev)));
  send_as(View::stub, make(kStubEvent, json::message(domain::stub_of(message), change.prev_rev)));
}

}  // namespace knotos::gateway

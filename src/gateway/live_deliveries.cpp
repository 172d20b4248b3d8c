#include "gateway/gateway.hpp"
#include "gateway/shard_part.hpp"
#include "json/write_live.hpp"

#include <map>
#include <utility>

// What the bus brings and no store holds: typing, receipts, presence.
namespace knotos::gateway {
void Gateway::make_live_parts(ShardPart& part, std::size_t shard) {
  const auto executor = ports_.shards.executor(shard);
  auto& timers = *ports_.timers[shard];
  part.typists = std::make_unique<Typists>(
      timers, limits_.typing, [this](domain::ChatId chat, domain::UserId user, bool is_typing) {
        tell_chat(chat, user, is_typing ? "typing_start" : "typing_stop",
                  json::typing({.chat_id = chat, .user_id = user, .is_typing = is_typing}),
                  server::PacketClass::ephemeral);
      });
  part.receipts = std::make_unique<ReceiptMerger>(
      timers, limits_.receipts, [this](const ports::ReceiptMoved& receipt) {
        tell_chat(receipt.chat_id, receipt.user_id,
                  receipt.is_read ? "message_read" : "message_delivered",
                  json::receipt_moved(receipt), server::PacketClass::receipt);
      });
  part.attendance = std::make_unique<Attendance>(Attendance::Ports{.executor = executor,
                                                                   .timers = timers,
                                                                   .board = ports_.presence_board,
                                                                   .people = ports_.people,
                                                                   .bus = ports_.bus,
                                                                   .clock = ports_.clock},
                                                 limits_.attendance);
  part.presence_watch = std::make_unique<PresenceWatch>(
      PresenceWatch::Ports{.executor = executor,
                           .timers = timers,
                           .board = ports_.presence_board,
                           .people = ports_.people,
                           .bus = ports_.bus},
      limits_.presence_watch,
      [this](const std::vector<std::size_t>& shards, domain::UserId subject,
             const Presence& presence) {
        for (const auto to : shards) {
          ports_.shards.post(to, [this, to, subject, presence] {
            parts_[to]->presence_subscribers->hear(subject, presence);
          });
        }
      });
  part.presence_subscribers = std::make_unique<PresenceSubscribers>(
      PresenceSubscribers::Ports{
          .executor = executor, .timers = timers, .presence = ports_.presence},
      limits_.presence,
      [this](server::SocketHandle handle, domain::UserId subject, const Presence& presence) {
        tell_presence(handle, subject, presence);
      });
}

void Gateway::hear_typing(const ports::TypingChanged& event) {
  const auto home = ports_.shards.home_of(event.chat_id);
  const auto hear = [this, home, event] {
    auto& part = *parts_[home];
    if (!part.orders->shards_of(event.chat_id).empty()) part.typists->hear(event);
  };
  // At once where it is home, so that it comes before what its publisher does next.
  if (home == ports_.shards.current()) return hear();
  ports_.shards.post(home, hear);
}

void Gateway::hear_receipt(const ports::ReceiptMoved& event) {
  const auto home = ports_.shards.home_of(event.chat_id);
  ports_.shards.post(home, [this, home, event] {
    auto& part = *parts_[home];
    if (!part.orders->shards_of(event.chat_id).empty()) part.receipts->hear(event);
  });
}

/// On the chat's home, as all that is told to a chat.
void Gateway::tell_chat(domain::ChatId chat, domain::UserId except, std::string_view name,
                        std::string_view text, server::PacketClass packet_class) {
  const auto& shards = here().orders->shards_of(chat);
  if (shards.empty()) return;
  (void)to_chat(chat, shards).except(user_room(except)).in_class(packet_class).emit(name, text);
}

void Gateway::come(server::SocketHandle handle, const Connection& connection) {
  const auto home = ports_.shards.home_of(connection.claims.user_id);
  ports_.shards.post(
      home, [this, home, handle, claims = connection.claims, is_active = connection.is_active] {
        parts_[home]->attendance->arrive(claims.user_id, claims.device_id, handle, is_active);
      });
}

void Gateway::go(server::SocketHandle handle, const Connection& connection) {
  unwatch_presence(handle, connection.subjects);
  const auto home = ports_.shards.home_of(connection.claims.user_id);
  ports_.shards.post(home, [this, home, handle, user = connection.claims.user_id] {
    for (const auto& chat : parts_[home]->attendance->depart(user, handle)) {
      ports_.shards.post(ports_.shards.home_of(chat),
                         [this, chat, user] { end_typing(chat, user); });
    }
  });
}

Task<Typists::Ticket> Gateway::admit_typing(domain::ChatId chat, domain::UserId user) {
  co_return here().typists->admit(chat, user);
}

Task<bool> Gateway::note_typing(ports::AccessClaims claims, domain::ChatId chat) {
  co_return here().attendance->type(claims.user_id, claims.device_id, chat);
}

/// On the chat's home. While it was looked at whether the user may, they may have sent what they
/// typed, or their device may have gone: then nobody is told that they type.
void Gateway::begin_typing(domain::ChatId chat, domain::UserId user, std::uint64_t ticket) {
  if (!here().typists->is_good(chat, user, ticket)) return;
  ports_.bus.publish(ports::TypingChanged{.chat_id = chat, .user_id = user, .is_typing = true});
}

void Gateway::end_typing(domain::ChatId chat, domain::UserId user) {
  if (!here().typists->withdraw(chat, user)) return;
  ports_.bus.publish(ports::TypingChanged{.chat_id = chat, .user_id = user, .is_typing = false});
}

Task<Result<std::vector<Presence>>> Gateway::watch_presence(std::vector<domain::UserId> subjects) {
  std::map<std::size_t, std::vector<std::size_t>> by_home;
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    by_home[ports_.shards.home_of(subjects[i])].push_back(i);
  }
  std::vector<Presence> found(subjects.size());
  const auto origin = ports_.shards.current();
  for (const auto& [home_shard, places] : by_home) {
    std::vector<domain::UserId> there;
    there.reserve(places.size());
    for (const auto place : places) there.push_back(subjects[place]);
    auto answer = std::make_shared<PresenceAnswer>();
    // By the way that letting go takes, so that neither overtakes the other.
    ports_.shards.post(home_shard, [this, home = home_shard, origin, there, answer] {
      auto fresh = parts_[home]->presence_watch->want(there, origin);
      spawn(executor(), "presence watch", answer_watch(there, std::move(fresh), origin, answer));
    });
    auto part = co_await answer->wait();
    if (!part) co_return fail(std::move(part.error()));
    for (std::size_t i = 0; i < places.size(); ++i) found[places[i]] = (*part)[i];
  }
  co_return found;
}

Task<void> Gateway::answer_watch(std::vector<domain::UserId> subjects,
                                 std::vector<domain::UserId> fresh, std::size_t origin,
                                 std::shared_ptr<PresenceAnswer> answer) {
  auto found = co_await here().presence_watch->begin(std::move(subjects), std::move(fresh));
  ports_.shards.post(origin, [answer = std::move(answer), found = std::move(found)]() mutable {
    answer->deliver(std::move(found));
  });
}

void Gateway::unwatch_presence(server::SocketHandle handle,
                               const std::vector<domain::UserId>& subjects) {
  const auto origin = ports_.shards.current();
  for (const auto& subject : subjects) {
    if (!here().presence_subscribers->remove(subject, handle)) continue;
    const auto home = ports_.shards.home_of(subject);
    ports_.shards.post(home, [this, home, subject, origin] {
      parts_[home]->presence_watch->let_go(subject, origin);
    });
  }
}

void Gateway::tell_presence(server::SocketHandle handle, domain::UserId subject,
                            const Presence& presence) {
  auto* socket = ports_.server.find(handle);
  if (socket == nullptr) return;
  socket->emit(
      "presence_update",
      json::presence(
          {.user_id = subject, .state = presence.state, .last_seen_at = presence.last_seen_at}),
      server::PacketClass::ephemeral);
}

}  // namespace knotos::gateway

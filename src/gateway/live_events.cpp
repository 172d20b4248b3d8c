#include "gateway/gateway.hpp"
#include "gateway/shard_part.hpp"
#include "json/live_requests.hpp"
#include "json/write_live.hpp"

#include <algorithm>
#include <utility>

// Events that carry nothing durable: typing, presence, whether somebody looks.
namespace knotos::gateway {

void Gateway::listen_to_live_events() {
  handle("typing_start", &Gateway::typing_start, {.event = true});
  handle("typing_stop", &Gateway::typing_stop, {.event = true});
  handle("presence_subscribe", &Gateway::presence_subscribe, {.event = true});
  handle("presence_unsubscribe", &Gateway::presence_unsubscribe, {.event = true});
  handle("client_state", &Gateway::client_state, {.event = true});
}

Task<void> Gateway::typing_start(Request request) {
  const auto fields = fields_of(request.event);
  if (!fields) co_return refuse(request.event, fields.error());
  const auto chat = json::typing_request(*fields);
  if (!chat) co_return refuse(request.event, chat.error());
  const auto user = request.claims.user_id;
  const auto checked = co_await check_typist(request.handle, user, *chat);
  if (!checked) co_return refuse(request.event, checked.error());

  // The rate comes first, so that a flood costs the store nothing.
  const auto home = ports_.shards.home_of(*chat);
  const auto ticket = co_await run_on(ports_.shards, home, admit_typing(*chat, user));
  if (ticket.number == 0) {
    co_return refuse(request.event, Error{.code = Errc::rate_limited,
                                          .detail = "Typing is told once a second.",
                                          .fields = {},
                                          .retry_after = ticket.retry_after,
                                          .cause = {}});
  }
  const auto is_told = co_await ports_.presence.tells_typing(user, *chat);
  if (!is_told) co_return refuse(request.event, is_told.error());
  const bool is_here = *is_told && co_await run_on(ports_.shards, ports_.shards.home_of(user),
                                                   note_typing(request.claims, *chat));
  if (is_here) {
    ports_.shards.post(home, [this, chat = *chat, user, number = ticket.number] {
      begin_typing(chat, user, number);
    });
  }
  request.event.ack.reply(json::ok_ack());
}

Task<void> Gateway::typing_stop(Request request) {
  const auto fields = fields_of(request.event);
  if (!fields) co_return refuse(request.event, fields.error());
  const auto chat = json::typing_request(*fields);
  if (!chat) co_return refuse(request.event, chat.error());
  const auto user = request.claims.user_id;
  const auto checked = co_await check_typist(request.handle, user, *chat);
  if (!checked) co_return refuse(request.event, checked.error());
  ports_.shards.post(ports_.shards.home_of(*chat),
                     [this, chat = *chat, user] { end_typing(chat, user); });
  request.event.ack.reply(json::ok_ack());
}

/// By what the socket hears, and only where that does not know the chat, which may be as new as
/// that, by the store. Errors: not_found, store_unavailable.
Task<Result<void>> Gateway::check_typist(server::SocketHandle handle, domain::UserId user,
                                         domain::ChatId chat) {
  const auto* socket = ports_.server.find(handle);
  if (socket == nullptr) co_return fail_because(Errc::not_found, "the socket has gone");
  if (std::ranges::binary_search(connection_of(*socket).chats, chat)) co_return Result<void>();
  const auto is_member = co_await ports_.chat_store.is_member(chat, user);
  if (!is_member) co_return fail(is_member.error());
  if (!*is_member) co_return fail(Errc::not_found, "There is no such chat.");
  co_return Result<void>();
}

Task<void> Gateway::presence_subscribe(Request request) {
  const auto fields = fields_of(request.event);
  if (!fields) co_return refuse(request.event, fields.error());
  auto users = json::presence_request(*fields);
  if (!users) co_return refuse(request.event, users.error());
  const auto fresh = add_subjects(request.handle, *users);
  if (!fresh) co_return refuse(request.event, fresh.error());
  const auto states =
      co_await read_presence(request.handle, request.claims.user_id, std::move(*users));
  if (!states) {
    drop_subjects(request.handle, *fresh);
    co_return refuse(request.event, states.error());
  }
  request.event.ack.reply(json::presence_ack(*states));
}

/// Answers those that the socket did not watch before. Errors: validation_failed.
Result<std::vector<domain::UserId>> Gateway::add_subjects(
    server::SocketHandle handle, const std::vector<domain::UserId>& users) {
  auto* socket = ports_.server.find(handle);
  if (socket == nullptr) return fail_because(Errc::not_found, "the socket has gone");
  auto& connection = connection_of(*socket);
  std::vector<domain::UserId> fresh;
  std::ranges::set_difference(users, connection.subjects, std::back_inserter(fresh));
  if (connection.subjects.size() + fresh.size() > limits_.presence_subjects_max) {
    return fail_field(
        "/userIds", "too-long",
        "A socket watches at most " + std::to_string(limits_.presence_subjects_max) + " users.");
  }
  for (const auto& user : fresh) {
    const auto place = std::ranges::lower_bound(connection.subjects, user);
    connection.subjects.insert(place, user);
    // Whether anybody else here watches them does not matter: their home counts a shard once.
    (void)here().presence_subscribers->add(user, connection.claims.user_id, handle);
  }
  return fresh;
}

/// How the users stand, as the viewer may see it.
Task<Result<std::vector<json::PresenceOf>>> Gateway::read_presence(
    server::SocketHandle handle, domain::UserId viewer, std::vector<domain::UserId> users) {
  const auto found = co_await watch_presence(users);
  if (!found) co_return fail(found.error());
  const auto sees = co_await ports_.presence.see_each_other(viewer, users);
  if (!sees) co_return fail(sees.error());
  std::vector<json::PresenceOf> states;
  states.reserve(users.size());
  for (std::size_t i = 0; i < users.size(); ++i) {
    const auto shown = (*sees)[i] ? (*found)[i] : Presence{};
    here().presence_subscribers->answered(users[i], handle, (*found)[i], shown);
    states.push_back(
        {.user_id = users[i], .state = shown.state, .last_seen_at = shown.last_seen_at});
  }
  co_return states;
}

void Gateway::drop_subjects(server::SocketHandle handle, const std::vector<domain::UserId>& users) {
  auto* socket = ports_.server.find(handle);
  if (socket == nullptr) return;
  auto& subjects = connection_of(*socket).subjects;
  std::vector<domain::UserId> watched;
  std::ranges::set_intersection(users, subjects, std::back_inserter(watched));
  std::erase_if(subjects, [&watched](const domain::UserId& subject) {
    return std::ranges::binary_search(watched, subject);
  });
  unwatch_presence(handle, watched);
}

Task<void> Gateway::presence_unsubscribe(Request request) {
  const auto fields = fields_of(request.event);
  if (!fields) co_return refuse(request.event, fields.error());
  const auto users = json::presence_request(*fields);
  if (!users) co_return refuse(request.event, users.error());
  drop_subjects(request.handle, *users);
  request.event.ack.reply(json::presence_ack({}));
}

Task<void> Gateway::client_state(Request request) {
  const auto fields = fields_of(request.event);
  if (!fields) co_return refuse(request.event, fields.error());
  const auto is_active = json::client_state_request(*fields);
  if (!is_active) co_return refuse(request.event, is_active.error());
  auto* socket = ports_.server.find(request.handle);
  if (socket == nullptr) co_return;
  connection_of(*socket).is_active = *is_active;
  const auto user = request.claims.user_id;
  const auto home = ports_.shards.home_of(user);
  ports_.shards.post(home, [this, home, user, handle = request.handle, is_active = *is_active] {
    parts_[home]->attendance->change(user, handle, is_active);
  });
  request.event.ack.reply(json::ok_ack());
}

}  // namespace knotos::gateway

#include "bench/people.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <boost/json.hpp>

#include <chrono>
#include <utility>

namespace knotos::bench {
namespace {

constexpr int kCreated = 201;

/// Names of one run, unlike those of any other.
std::string name_of_user(std::uint32_t user) {
  static const auto run = static_cast<std::uint64_t>(
      std::chrono::system_clock::now().time_since_epoch().count() / 1000);
  return fmt::format("b_{:x}_{:x}_{}", run, ::getpid() & 0xFFF, user);
}

/// The string at `object.inner.key`, or at `object.key` if `inner` is empty; empty: there is none.
std::string text_at(const std::string& body, std::string_view inner, std::string_view key) {
  boost::system::error_code ec;
  const auto value = boost::json::parse(body, ec);
  if (ec || !value.is_object()) return {};
  const auto* object = &value.get_object();
  if (!inner.empty()) {
    const auto* const found = object->if_contains(inner);
    if (found == nullptr || !found->is_object()) return {};
    object = &found->get_object();
  }
  const auto* const text = object->if_contains(key);
  return text != nullptr && text->is_string() ? std::string(text->get_string()) : std::string();
}

std::string refusal_of(std::string_view deed, const HttpReply& reply) {
  if (reply.status == 0) return fmt::format("{}: the connection broke", deed);
  return fmt::format("{}: {} {}", deed, reply.status, text_at(reply.body, {}, "code"));
}

}  // namespace

People::People(const Plan& plan, bool is_plain)
    : plan_(plan),
      is_plain_(is_plain),
      user_rooms_(plan.user_rooms()),
      ids_(plan.users),
      tokens_(plan.users),
      chats_(plan.room_users.size()) {
  if (!is_plain) {
    left_ = plan.users + chats_.size();
    users_left_ = plan.users;
    return;
  }
  // As long as a Knotos chat's id.
  for (std::size_t room = 0; room < chats_.size(); ++room)
    chats_[room] = fmt::format("00000000-0000-4000-8000-{:012}", room);
}

void People::settle(HttpClient& http, Trouble& trouble) {
  if (is_plain_) return;
  for (std::uint32_t user = 0; user < plan_.users; ++user) register_user(http, trouble, user);
}

void People::register_user(HttpClient& http, Trouble& trouble, std::uint32_t user) {
  boost::json::object body{{"username", name_of_user(user)}, {"password", "correct horse battery"}};
  http.send({.method = "POST",
             .path = "/v1/auth/register",
             .token = {},
             .body = boost::json::serialize(body),
             .on_reply = [this, &http, &trouble, user](const HttpReply& reply) {
               if (reply.status != kCreated) return trouble.add(refusal_of("register", reply));
               ids_[user] = text_at(reply.body, "user", "id");
               tokens_[user] = text_at(reply.body, {}, "accessToken");
               --left_;
               if (--users_left_ == 0) make_chats(http, trouble);
             }});
}

void People::make_chats(HttpClient& http, Trouble& trouble) {
  for (std::uint32_t room = 0; room < chats_.size(); ++room) make_chat(http, trouble, room);
}

void People::make_chat(HttpClient& http, Trouble& trouble, std::uint32_t room) {
  const auto& users = plan_.room_users[room];
  boost::json::array members;
  for (std::size_t member = 1; member < users.size(); ++member)
    members.emplace_back(ids_[users[member]]);
  boost::json::object body{{"type", "group"},
                           {"title", fmt::format("bench {}", room)},
                           {"memberIds", std::move(members)}};
  http.send({.method = "POST",
             .path = "/v1/chats",
             .token = tokens_[users[0]],
             .body = boost::json::serialize(body),
             .on_reply = [this, &trouble, room](const HttpReply& reply) {
               if (reply.status != kCreated) return trouble.add(refusal_of("make a chat", reply));
               chats_[room] = text_at(reply.body, {}, "id");
               --left_;
             }});
}

std::string People::auth(std::uint32_t user, const std::string& cursor) const {
  if (!is_plain_) {
    boost::json::object body{{"token", tokens_[user]}};
    if (!cursor.empty()) body["cursor"] = cursor;
    return boost::json::serialize(body);
  }
  boost::json::array rooms;
  for (const auto room : user_rooms_[user]) rooms.emplace_back(chats_[room]);
  return boost::json::serialize(boost::json::object{{"rooms", std::move(rooms)}});
}

}  // namespace knotos::bench

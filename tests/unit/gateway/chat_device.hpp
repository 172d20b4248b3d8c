#pragma once

#include "node.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace knotos::test {

/// A device that follows the client's rule of SEMANTICS section 4 and nothing else. Its REST calls
/// go straight to the services of the node that it is connected to.
class ChatDevice {
 public:
  struct Held {
    domain::Rev rev = 0;
    std::string content;
    bool is_deleted = false;

    bool operator==(const Held&) const = default;
  };
  using Chat = std::map<domain::Seq, Held>;

  ChatDevice(domain::UserId user, std::string token) : user_(user), token_(std::move(token)) {}

  [[nodiscard]] domain::UserId user() const { return user_; }
  [[nodiscard]] bool is_connected() const { return client_.has_value(); }
  /// Connected to the namespace, `session_ready` or not.
  [[nodiscard]] bool is_admitted() const { return is_admitted_; }
  [[nodiscard]] const std::map<domain::ChatId, Chat>& chats() const { return chats_; }
  /// Changes that came for a chat after `chat_removed` and before the next `chat_added`.
  [[nodiscard]] int heard_outside() const { return heard_outside_; }
  /// How often it had to ask for what the gateway did not deliver.
  [[nodiscard]] int gaps() const { return gaps_; }
  /// Events by name, for tests that look at them one by one.
  [[nodiscard]] const std::vector<std::pair<std::string, boost::json::value>>& events() const {
    return events_;
  }
  [[nodiscard]] const std::map<std::uint64_t, boost::json::object>& acks() const { return acks_; }

  /// `auth`: what CONNECT says beside the token.
  void connect(Node& node, std::size_t shard, boost::json::object auth = {}) {
    node_ = &node;
    is_admitted_ = false;
    has_recovered_ = false;
    client_ = node.world.open_websocket(shard);
    auth["token"] = token_;
    client_->send("40" + boost::json::serialize(auth));
  }
  /// The same, and asks to take up the session that was lost, as stock clients do.
  void come_back(Node& node, std::size_t shard) {
    boost::json::object auth;
    if (!pid_.empty() && !offset_.empty()) {
      auth["pid"] = pid_;
      auth["offset"] = offset_;
    }
    connect(node, shard, std::move(auth));
  }
  /// It reads no list when it comes, for it has a cursor.
  void trust_cursor() { has_cursor_ = true; }
  /// Claims another's session as its own.
  void steal_session(const ChatDevice& other) {
    pid_ = other.pid_;
    offset_ = other.offset_;
  }
  [[nodiscard]] bool has_recovered() const { return has_recovered_; }
  void disconnect() {
    if (client_) client_->peer().end();
    client_.reset();
  }

  std::uint64_t emit(const std::string& event, const boost::json::object& fields) {
    const auto id = ++last_ack_;
    client_->send("42" + std::to_string(id) +
                  boost::json::serialize(boost::json::array{event, fields}));
    return id;
  }

  /// Takes in what has come since the last call.
  void hear() {
    if (!client_) return;
    for (const auto& text : client_->take_texts()) hear(text);
    if (client_ && client_->peer().is_closed()) client_.reset();
  }

  /// Compares with the chat list and asks for what differs, as a client does when it comes back.
  void look_at_list() {
    std::set<domain::ChatId> listed;
    for (const auto filter : {ports::ChatFilter::all, ports::ChatFilter::archived}) {
      const auto page = node_->run(node_->chats.list(user_, {.filter = filter, .limit = 100}));
      if (!page) return;
      for (const auto& item : page->items) {
        listed.insert(item.chat.id);
        chats_.try_emplace(item.chat.id);
        removed_.erase(item.chat.id);
        if (item.chat.last_rev > hi_[item.chat.id]) fetch(item.chat.id);
      }
    }
    // What it is no member of any more.
    std::erase_if(chats_, [&listed](const auto& chat) { return !listed.contains(chat.first); });
    std::erase_if(hi_, [&listed](const auto& chat) { return !listed.contains(chat.first); });
  }

 private:
  void hear(const std::string& text) {
    if (text == "2") return client_->send("3");
    if (text.starts_with("40{")) return on_admitted(boost::json::parse(text.substr(2)).as_object());
    if (text.starts_with("43")) {
      const auto array = text.find('[');
      acks_[std::stoull(text.substr(2, array - 2))] =
          boost::json::parse(text.substr(array)).as_array().at(0).as_object();
      return;
    }
    if (!text.starts_with("42")) return;
    const auto packet = boost::json::parse(text.substr(2)).as_array();
    const std::string name(packet.at(0).as_string());
    const auto& data = packet.at(1);
    events_.emplace_back(name, data);
    if (packet.size() > 2) offset_ = std::string(packet.at(2).as_string());
    // What a recovered session has missed it was sent.
    if (name == "session_ready" && !has_recovered_ && !has_cursor_) look_at_list();
    if (name == "chat_added") {
      const auto chat = *domain::ChatId::parse(std::string(data.at("chat").at("id").as_string()));
      removed_.erase(chat);
      chats_.try_emplace(chat);
      // As with the chat list: what it does not have of it is fetched.
      if (data.at("chat").at("lastRev").to_number<domain::Rev>() > hi_[chat]) fetch(chat);
    }
    if (name == "chat_removed") {
      const auto chat = *domain::ChatId::parse(std::string(data.at("chatId").as_string()));
      removed_.insert(chat);
      chats_.erase(chat);
      hi_.erase(chat);
    }
    if (name == "new_message" || name == "message_updated" || name == "message_deleted")
      on_change(data.as_object());
  }

  void on_admitted(const boost::json::object& answer) {
    is_admitted_ = true;
    const auto* pid = answer.if_contains("pid");
    if (pid == nullptr) return;
    has_recovered_ = pid_ == pid->as_string();
    pid_ = std::string(pid->as_string());
    if (!has_recovered_) offset_.clear();
  }

  void on_change(const boost::json::object& message) {
    const auto chat = *domain::ChatId::parse(std::string(message.at("chatId").as_string()));
    const auto rev = message.at("rev").to_number<domain::Rev>();
    const auto prev_rev = message.at("prevRev").to_number<domain::Rev>();
    if (removed_.contains(chat)) ++heard_outside_;
    auto& hi = hi_[chat];
    if (rev <= hi) return;
    if (prev_rev > hi) {
      // One in a chat that it is in no more, and that its list did not show, is none.
      if (fetch(chat)) ++gaps_;
      return;
    }
    const auto* deleted = message.if_contains("isDeleted");
    const auto* content = message.if_contains("content");  // A stub has none.
    chats_[chat][message.at("seq").to_number<domain::Seq>()] = {
        .rev = rev,
        .content = content == nullptr ? std::string() : std::string(content->as_string()),
        .is_deleted = deleted != nullptr && deleted->as_bool()};
    hi = rev;
  }

  /// False: there is no such chat for it.
  bool fetch(domain::ChatId chat) {
    while (true) {
      const auto changes = node_->run(node_->messages.changes(user_, chat, hi_[chat], 7));
      if (!changes) return false;
      for (const auto& message : changes->messages) {
        chats_[chat][message.seq] = {
            .rev = message.rev, .content = message.content, .is_deleted = message.is_deleted};
        hi_[chat] = message.rev;
      }
      if (changes->has_more) continue;
      hi_[chat] = changes->last_rev;
      return true;
    }
  }

  domain::UserId user_;
  std::string token_;
  Node* node_ = nullptr;
  std::optional<FakeWebSocket> client_;
  std::map<domain::ChatId, domain::Rev> hi_;
  std::map<domain::ChatId, Chat> chats_;
  std::vector<std::pair<std::string, boost::json::value>> events_;
  std::map<std::uint64_t, boost::json::object> acks_;
  bool is_admitted_ = false;
  bool has_recovered_ = false;
  bool has_cursor_ = false;
  std::string pid_;
  std::string offset_;
  std::uint64_t last_ack_ = 0;
  int gaps_ = 0;
  std::set<domain::ChatId> removed_;
  int heard_outside_ = 0;
};

/// What a device holds that has all of a chat.
[[nodiscard]] inline ChatDevice::Chat whole_chat(const std::vector<domain::Message>& messages) {
  ChatDevice::Chat chat;
  for (const auto& message : messages) {
    chat[message.seq] = {
        .rev = message.rev, .content = message.content, .is_deleted = message.is_deleted};
  }
  return chat;
}
[[nodiscard]] inline std::set<domain::Rev> revs_of(const ChatDevice::Chat& chat) {
  std::set<domain::Rev> revs;
  for (const auto& [seq, message] : chat) revs.insert(message.rev);
  return revs;
}

}  // namespace knotos::test

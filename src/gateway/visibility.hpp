#pragma once

#include "domain/message.hpp"
#include "domain/visibility.hpp"

#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

namespace knotos::gateway {

/// How much of a message one user gets to see.
enum class View : std::uint8_t {
  without_reply,  ///< All but the words that it answers.
  stub,           ///< Only that there is one.
};

/// Which of a shard's users may not see all of their chats: who joined where the past is kept from
/// newcomers, has cleared a chat, or has deleted messages for themselves. Everybody else costs
/// nothing here, and so does every new message. On its shard.
class Visibility {
 public:
  /// What the user sees of the chat. What was hidden before stays so.
  void set(domain::ChatId chat, domain::UserId user, const domain::Visibility& visibility);
  /// From which `seq` on the user sees the chat; 1: all of it.
  void set(domain::ChatId chat, domain::UserId user, domain::Seq first_visible);
  /// One message that the user has deleted for themselves.
  void hide(domain::ChatId chat, domain::UserId user, domain::MessageId message);
  void forget(domain::ChatId chat, domain::UserId user);

  /// Those who see less than all of the chat.
  [[nodiscard]] std::vector<domain::UserId> users(domain::ChatId chat) const;
  [[nodiscard]] bool sees_less(domain::ChatId chat, domain::UserId user) const;
  /// Who here sees less than all of this message, and how much.
  [[nodiscard]] std::vector<std::pair<domain::UserId, View>> cut(
      const domain::Message& message) const;

  /// Chats of which somebody sees less than all.
  [[nodiscard]] std::size_t chats() const { return chats_.size(); }

 private:
  struct Cut {
    std::map<domain::UserId, domain::Seq> first_visible;
    domain::Seq first_visible_max = 1;  ///< At least that of each; falls when the last one goes.
    std::map<domain::MessageId, std::vector<domain::UserId>> hidden_by;

    [[nodiscard]] bool is_hidden(domain::MessageId message, domain::UserId user) const;
  };

  std::unordered_map<domain::ChatId, Cut> chats_;
};

}  // namespace knotos::gateway

#pragma once

#include "domain/message.hpp"

#include <cstdint>
#include <map>
#include <unordered_map>

namespace knotos::gateway {

/// How much of a message one user gets to see.
enum class View : std::uint8_t {
  whole,
  without_reply,  ///< Without the words that it answers.
  stub,           ///< Only that there is one.
};

/// Which of a shard's users may not see all of their chats: who joined where the past is kept from
/// newcomers, or has cleared a chat. Everybody else costs nothing here, and so does every new
/// message. On its shard.
class Visibility {
 public:
  /// From which `seq` on the user sees the chat; 1: all of it.
  void set(domain::ChatId chat, domain::UserId user, domain::Seq first_visible);
  void forget(domain::ChatId chat, domain::UserId user);

  /// Whether anybody here sees less than all of this message.
  [[nodiscard]] bool is_cut(domain::ChatId chat, const domain::Message& message) const;
  [[nodiscard]] View view(domain::UserId user, const domain::Message& message) const;

  /// Chats of which somebody sees less than all.
  [[nodiscard]] std::size_t chats() const { return chats_.size(); }

 private:
  struct Cut {
    std::map<domain::UserId, domain::Seq> first_visible;
    domain::Seq first_visible_max = 1;  ///< At least that of each; falls when the last one goes.
  };

  std::unordered_map<domain::ChatId, Cut> chats_;
};

}  // namespace knotos::gateway
